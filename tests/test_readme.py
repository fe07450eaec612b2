"""README is true: its Python is run against a local Telnyx, its TOML is loaded, its commands exist."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from reminder_kit.sandbox import Sandbox, serve

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder with the examples in it, and a local Telnyx at the real time."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    sandbox = Sandbox(key="KEY", strict=True)
    with serve(sandbox) as server:
        monkeypatch.setenv("TELNYX_API_KEY", "KEY")
        monkeypatch.setenv("TELNYX_BASE_URL", server.base_url)
        yield sandbox


def test_the_python_blocks_run_one_after_another_and_park_what_they_say(place, capsys):
    names = {}
    for index, block in enumerate(blocks("python")):
        exec(compile(block, f"README.md block {index + 1}", "exec"), names)
    names["kit"].close()
    assert "1 parked, True" in capsys.readouterr().out
    assert place.parked("+12025550123")[0].text == "Hi Ada, see you tomorrow at 10:00 AM."


def test_the_tests_of_a_host_pass(pytester):
    pytest.importorskip("cryptography")
    (block,) = re.findall(r"<!-- host tests -->\n```python\n(.*?)```", README, re.DOTALL)
    pytester.makepyfile(block)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_configuration_is_one_the_library_takes(tmp_path):
    from reminder_kit.config.loading import load

    block, *more = blocks("toml")
    assert tomllib.loads(block)["guard"]["max_cancel_ratio"] == 0.5
    (tmp_path / "reminders.toml").write_text(block, encoding="utf-8")
    arguments = load(tmp_path / "reminders.toml").arguments()
    assert [rule.id for rule in arguments["rules"]] == ["day-before", "two-hours"]
    for number, addition in enumerate(more):
        path = tmp_path / f"{number}.toml"
        path.write_text(f"{block}\n{addition}", encoding="utf-8")
        assert not load(path).warnings
        assert load(path).rules != arguments["rules"]


def test_a_runnable_example_stands_before_line_thirty():
    assert "```python" in README.splitlines()[:30]


def test_every_command_it_names_exists(capsys):
    from reminder_kit.cli import main

    for name in sorted(set(re.findall(r"reminder-kit ([a-z]+)\b", README))):
        if name in {"is", "and"}:
            continue
        assert main([name, "--help"]) == 0, (name, capsys.readouterr().err)


def test_the_filters_and_conditions_it_lists_are_those_there_are():
    from reminder_kit.rules.conditions import KEYS
    from reminder_kit.text.templates import _filters

    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == set(_filters())
    (sentence,) = re.findall(r"`only` and `unless` say whom.*?;", README)
    assert set(KEYS) <= set(re.findall(r"`(\w+)`", sentence))
