"""The example of a provider from another package keeps the contract, is found by its entry point, and sends."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from reminder_kit import ReminderKit
from reminder_kit.config.loading import load
from reminder_kit.providers import GROUP, provider_class
from reminder_kit.sandbox import SandboxTransport

PLUGIN = Path(__file__).parents[2] / "examples" / "provider_plugin"


def loaded(name):
    """Return a module of the plug-in, imported as if it were installed."""
    sys.path[:0] = [str(PLUGIN), str(PLUGIN / "tests")]
    try:
        return import_module(name)
    finally:
        del sys.path[:2]


class TestPigeon(loaded("test_contract").TestPigeon):
    """The plug-in's own tests."""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What an installation of the plug-in announces."""
    described = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = tmp_path / "reminder_kit_pigeon_post-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {described['name']}\nVersion: 0.1.0\n")
    points = "\n".join(f"{name} = {target}" for name, target in described["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(PLUGIN)


def test_it_is_configured_by_name_and_carries_a_reminder(installed, tmp_path, monkeypatch, appointment):
    """The plug-in is named in a TOML file, and a reminder parked with it ends as delivered."""
    monkeypatch.setenv("PIGEON_API_KEY", "KEY")
    monkeypatch.setenv("PIGEON_SECRET", "SEAL")
    file = tmp_path / "reminders.toml"
    rule = '[[rules]]\nid = "r"\nbefore = "24 hours"\ntext = "See you {{ when }}"\n'
    file.write_text(f'timezone = "UTC"\n[provider]\nname = "pigeon"\nfrom = "+12025550100"\n{rule}')
    assert provider_class("pigeon") is loaded("pigeon_post").Pigeon
    loft = loaded("pigeon_post.loft").Loft("2026-02-10T14:00:00Z")
    options = load(file).arguments() | {"ledger": f"sqlite:///{tmp_path}/r.db", "clock": loft.clock}
    with ReminderKit(**options, transport=SandboxTransport(loft)) as kit:
        loft.receiver = kit.receive
        loft.fault("drop_after", method="POST")
        assert kit.sync(appointment()).ok
        assert [item.text for item in loft.parked()] == ["See you tomorrow at 9:00 AM"]
        loft.clock.advance(days=2, hours=1)
        assert kit.status()["messages"] == {"delivered": 1}


def test_the_guide_names_only_what_there_is():
    """Every name of `reminder_kit` that the plug-in's README speaks of can be imported from there."""
    import re

    text = (PLUGIN / "README.md").read_text()
    for module, name in re.findall(r"`(reminder_kit(?:\.\w+)+)\.(\w+)`", text):
        assert hasattr(import_module(module), name), f"{module}.{name}"
