"""`reminder-kit init` writes a reminders.toml to begin with; nothing is ever written over."""

from __future__ import annotations

import tomllib

import pytest


@pytest.fixture
def empty(folder):
    """A working directory without a configuration."""
    (folder / "reminders.toml").unlink()
    return folder


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="as usual"),
        pytest.param(["--timezone", "Europe/Warsaw", "--region", "pl", "--from", "+48 512 345 678"], id="elsewhere"),
        pytest.param(["--provider", "vonage"], id="another provider"),
        pytest.param(["--provider", "twilio", "--service", "MG" + "a1" * 16], id="a provider with services"),
    ],
)
def test_what_it_writes_passes_rules_check(run, empty, options, monkeypatch):
    """The file is commented, says what was asked for, and its rules can be checked without a warning."""
    ran = run("init", "--yes", *options)
    assert (ran.status, ran.out) == (0, "written: reminders.toml\n")
    text = (empty / "reminders.toml").read_text()
    written = tomllib.loads(text)
    assert text.count("#") > 10
    assert all(value.replace(" ", "") in text.replace(" ", "") for value in options[1::2] if value != "pl")
    assert written["default_region"] == ("PL" if "pl" in options else "US")
    checked = run("rules", "check")
    assert (checked.status, checked.err, "“" in checked.out) == (0, "", True)


def test_a_file_that_is_there_stays(run, folder):
    """A configuration is never written over: the error says to edit it, or to name another file."""
    before = (folder / "reminders.toml").read_bytes()
    ran = run("init", "--yes")
    assert (ran.status, "is there already" in ran.err) == (2, True)
    assert (folder / "reminders.toml").read_bytes() == before
    assert run("init", "--yes", "--config", "second.toml", "--json").json == {"written": "second.toml"}
    assert run("rules", "check", "--config", "second.toml").status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--timezone", "Atlantis"], "--timezone", id="a zone that is none"),
        pytest.param(["--region", "Utopia"], "--region", id="a country that is none"),
        pytest.param(["--from", "the desk"], "--from is no phone number", id="a number that is none"),
        pytest.param(["--provider", "pigeon"], "pigeon", id="a provider we can't begin with"),
        pytest.param(["--provider", "twilio", "--from", "+12025550100"], "--service MG", id="a number, at Twilio"),
        pytest.param(["--service", "MG" + "1" * 32], "--from +1", id="a service, elsewhere"),
        pytest.param(["--provider", "twilio", "--service", "MG12"], "32 hexadecimal", id="a service that is none"),
        pytest.param(["--app", "clinic:kit"], "leave --app out", id="an app's kit"),
        pytest.param(["--config", "no/such/folder.toml"], "no/such/folder.toml", id="no folder"),
    ],
)
def test_what_can_t_be_meant_writes_nothing(run, empty, options, said):
    """A wrong option ends with 2, names itself, and leaves no file."""
    ran = run("init", "--yes", *options)
    assert ran.status == 2
    assert said in ran.err
    assert list(empty.iterdir()) == []


def test_where_nobody_can_be_asked_it_says_so(run, empty):
    """Without a terminal and without --yes nothing hangs and nothing is written."""
    ran = run("init")
    assert (ran.status, "--yes" in ran.err) == (2, True)
    assert list(empty.iterdir()) == []


def test_it_asks_and_asks_again(run, empty, monkeypatch):
    """On a terminal each answer is checked; a wrong one is asked for again, and no answer is what is usual."""

    class Terminal:
        def isatty(self):
            return True

    answers = iter(["Mars", "Europe/Paris", "FR", ""])
    monkeypatch.setattr("reminder_kit.cli.output.sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: next(answers))
    ran = run("init")
    assert ran.status == 0, ran.err
    written = tomllib.loads((empty / "reminders.toml").read_text())
    assert (written["timezone"], written["default_region"]) == ("Europe/Paris", "FR")
    assert written["provider"]["from"] == "+12025550100"
    assert "Mars" in ran.err
