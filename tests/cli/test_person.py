"""`person`: what is kept of one person is handed over, or erased."""

from __future__ import annotations

import json
import stat

import pytest

from tests.factories import NOW

PHONE = "+12025550123"


@pytest.fixture
def imported(run, calendar, event, telnyx):
    """Two appointments, imported and parked."""
    calendar(event("A-1"), event("A-2", day=13))
    assert run("import", "clinic.ics", "--now", NOW).status == 0


def test_what_is_kept_is_written_as_json(run, telnyx, imported):
    """On stdout: appointments, messages with their texts, what was said about writing to the number."""
    kept = run("person", PHONE, "--export").json
    assert kept["number"] == PHONE
    assert kept["appointments"]
    assert all(message["text"] for message in kept["messages"])


def test_a_file_is_for_its_owner_alone(run, telnyx, imported, folder):
    """It holds numbers, names and texts; the line about it holds none."""
    ran = run("person", PHONE, "--export", "-o", "ada.json")
    assert (ran.status, ran.out) == (0, "")
    assert "written to ada.json: " in ran.err
    assert PHONE not in ran.err
    assert stat.S_IMODE((folder / "ada.json").stat().st_mode) == 0o600
    assert json.loads((folder / "ada.json").read_text())["number"] == PHONE


def test_erasing_says_what_is_left_to_do(run, telnyx, imported):
    """What is still in the calendar comes back with the next import: barred, but there."""
    ran = run("person", PHONE, "--erase", "--yes", "--now", NOW)
    assert ran.status == 0
    assert ran.out.startswith("erased from ")
    assert "perhaps still in your calendar or app" in ran.err
    assert run("person", PHONE, "--export").json["messages"] == []
    assert not [message for message in telnyx.parked() if message.to == PHONE]


def test_what_may_still_be_parked_is_named(run, telnyx, imported):
    """Nothing was erased, which is no success."""
    telnyx.fault("503", times=None)
    ran = run("person", PHONE, "--erase", "--yes", "--now", NOW)
    assert ran.status == 1
    assert "nothing was erased: a message may still be parked (" in ran.err


def test_what_to_do_must_be_said(run, folder):
    """Neither is the default."""
    for wrong in ((), ("--erase", "--output", "x.json")):
        ran = run("person", PHONE, *wrong)
        assert ran.status == 2
        assert "--export" in ran.err or "--output" in ran.err
    assert run("person", "12", "--export").status == 2


@pytest.mark.parametrize("both", [("--export", "--erase"), ("--erase", "--export")], ids=" ".join)
def test_handing_over_and_erasing_are_two_commands(run, telnyx, imported, folder, both):
    """Whoever gives both gets neither: nothing is erased that was not handed over first."""
    for more in ((), ("--output", "ada.json")):
        ran = run("person", PHONE, *both, *more, "--yes", "--now", NOW)
        assert (ran.status, ran.out) == (2, "")
        assert "--export and --erase are two commands" in ran.err
    assert not (folder / "ada.json").exists()
    assert run("person", PHONE, "--export").json["messages"]
    assert [message for message in telnyx.parked() if message.to == PHONE]


def test_where_the_file_is_named_is_up_to_whoever_types(run, telnyx, imported, folder):
    """--output goes before --export as well as behind it."""
    assert run("person", "--output", "ada.json", PHONE, "--export").status == 0
    assert json.loads((folder / "ada.json").read_text())["number"] == PHONE


def test_where_nobody_can_be_asked_the_answer_is_an_option(run, telnyx, imported):
    """A job without a terminal is told of --yes, as `init` tells it, and nothing is erased."""
    ran = run("person", PHONE, "--erase", "--now", NOW)
    assert (ran.status, ran.out) == (2, "")
    assert "nobody can be asked here: add --yes" in ran.err
    assert [message for message in telnyx.parked() if message.to == PHONE]


def test_the_retention_of_a_file_is_checked(run, folder):
    """A length of time, and nothing else in its table."""
    config = folder / "reminders.toml"
    text = config.read_text()
    for wrong, said in (('after = "soon"', "[retention] after"), ('afer = "90 days"', "after")):
        config.write_text(f"{text}\n[retention]\n{wrong}\n")
        ran = run("rules", "check")
        assert ran.status == 2
        assert said in ran.err
    config.write_text(f'{text}\n[retention]\nafter = "90 days"\n')
    assert run("rules", "check").status == 0
