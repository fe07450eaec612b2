"""The example of a provider from another package keeps the contract, is found by its entry point, and sends."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from reminder_kit import ReminderKit, Rule
from reminder_kit.config.loading import load
from reminder_kit.providers import GROUP, provider_class

PLUGIN = Path(__file__).parents[2] / "examples" / "provider_plugin"


def loaded(name):
    """Return a module of the plug-in, imported as if it were installed."""
    sys.path[:0] = [str(PLUGIN), str(PLUGIN / "tests")]
    try:
        return import_module(name)
    finally:
        del sys.path[:2]


class TestSinch(loaded("test_contract").TestSinch):
    """The plug-in's own tests."""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What an installation of the plug-in announces."""
    described = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    info = tmp_path / "reminder_kit_sinch-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {described['name']}\nVersion: 0.1.0\n")
    points = "\n".join(f"{name} = {target}" for name, target in described["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(PLUGIN)


def test_it_is_configured_by_name_and_carries_a_reminder(installed, tmp_path, monkeypatch, appointment):
    """Named in a TOML file it parks a reminder, finds it although the answer was lost, and tells of its delivery."""
    for name in ("SINCH_API_TOKEN", "SINCH_SECRET"):
        monkeypatch.setenv(name, "SECRET")
    file = tmp_path / "reminders.toml"
    rule = '[[rules]]\nid = "r"\nbefore = "24 hours"\ntext = "See you {{ when }}"\n'
    file.write_text(f'timezone = "UTC"\n[provider]\nname = "sinch"\nfrom = "+12025550100"\n{rule}')
    assert provider_class("sinch") is loaded("sinch_sms").Sinch
    house = loaded("sinch_house").SinchHouse("2026-02-10T14:00:00Z")
    options = load(file).arguments() | {"ledger": f"sqlite:///{tmp_path}/r.db", "clock": house.clock}
    with ReminderKit(**options, transport=house.transport()) as kit:
        house.receiver = kit.receive
        house.fault("drop_after", method="POST")
        assert kit.sync(appointment()).ok
        assert [item.text for item in house.parked()] == ["See you tomorrow at 9:00 AM"]
        house.clock.advance(days=2, hours=1)
        assert kit.status()["messages"] == {"delivered": 1}


@pytest.mark.parametrize(
    ("fault", "messages"),
    [(None, {"delivered": 1}), ("503", {"sent": 1})],
    ids=["both are answered", "the second is not"],
)
def test_what_became_of_a_message_takes_two_requests(installed, tmp_path, monkeypatch, appointment, fault, messages):
    """Without webhooks a batch's delivery report is asked for as well; where that fails, it is presumed sent."""
    monkeypatch.setenv("SINCH_API_TOKEN", "KEY")
    house = loaded("sinch_house").SinchHouse("2026-02-10T14:00:00Z")
    provider = loaded("sinch_sms").Sinch("+12025550100")
    rules = [Rule("r", before="24 hours", text="See you {{ when }}")]
    with ReminderKit(
        provider, rules, f"sqlite:///{tmp_path}/r.db", timezone="UTC", clock=house.clock, transport=house.transport()
    ) as kit:
        assert kit.sync(appointment()).ok
        house.clock.advance(days=2, hours=1)
        if fault:
            house.fault(fault, times=None, path="*/delivery_report")
        kit.resync()
        assert kit.status()["messages"] == messages


def test_it_needs_the_port_alone_and_is_short():
    """The adapter imports nothing of ours but `ports`, and has 120 lines at the most."""
    code = (PLUGIN / "sinch_sms" / "__init__.py").read_text(encoding="utf-8")
    imported = [line for line in code.splitlines() if "import" in line and "reminder_kit" in line]
    assert imported == ["from reminder_kit import ports"]
    assert len(code.splitlines()) <= 120


def test_the_guide_names_only_what_there_is():
    """Every name of `reminder_kit` that the plug-in's README speaks of can be imported from there."""
    import re

    text = (PLUGIN / "README.md").read_text()
    for module, name in re.findall(r"`(reminder_kit(?:\.\w+)+)\.(\w+)`", text):
        assert hasattr(import_module(module), name), f"{module}.{name}"
