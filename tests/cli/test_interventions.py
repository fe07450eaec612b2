"""`cancel`, `suppress`, `allow`, `ledger`: one appointment, one person, and the ledger itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.factories import NOW


@pytest.fixture
def imported(run, telnyx, calendar, event):
    """Two parked appointments of two people."""
    file = calendar(event("A-1"), event("A-2", 13, name="Bob", phone="+12025550177"))
    assert run("import", file, "--now", NOW).status == 0
    return file


def numbers(telnyx):
    return [item.to for item in telnyx.parked()]


def test_cancel_withdraws_one_appointment(run, telnyx, imported):
    """`cancel` withdraws the appointment named, also with its source and as JSON."""
    ran = run("cancel", "A-1", "--now", NOW)
    assert ran.status == 0
    assert "1 cancelled" in ran.out
    assert numbers(telnyx) == ["+12025550177"]
    assert run("cancel", "A-2", "--now", NOW, "--json", "--force", "--source", "clinic").json["summary"]["cancel"] == 1
    assert numbers(telnyx) == []


def test_cancel_can_take_one_occurrence_of_a_series(run, telnyx, calendar, event):
    """`cancel --recurrence-id` leaves the other occurrences parked."""
    run("import", calendar(event("S", 11, "RRULE:FREQ=DAILY;COUNT=3", hour=15)), "--now", NOW)
    assert len(numbers(telnyx)) == 3
    assert run("cancel", "S", "--recurrence-id", "2026-02-12T20:00:00Z", "--now", NOW).status == 0
    assert [item.send_at.day for item in telnyx.parked()] == [10, 12]


def test_cancel_of_more_than_the_guard_lets_go_can_be_forced(run, telnyx, folder, calendar, event):
    """`max_changes` holds for a cancellation too; `--force` passes over it."""
    config = folder / "reminders.toml"
    config.write_text(config.read_text().replace("[[rules]]", "[guard]\nmax_changes = 1\n\n[[rules]]"))
    file = calendar(event("A-1", 12, "ATTENDEE;CN=Bob:tel:+12025550177"))
    assert run("import", file, "--now", NOW, "--force").status == 0
    assert run("cancel", "A-1", "--now", NOW).status == 3
    assert len(numbers(telnyx)) == 2
    assert run("cancel", "A-1", "--now", NOW, "--force").status == 0
    assert numbers(telnyx) == []


def test_cancel_of_something_unknown_is_status_1(run, telnyx, imported):
    """`cancel` of an id that isn't recorded is told on stderr and asks the provider for nothing."""
    requests = telnyx.request_count
    ran = run("cancel", "A-9", "--now", NOW)
    assert (ran.status, ran.out) == (1, "")
    assert "nothing is recorded for appointment 'A-9'" in ran.err
    assert telnyx.request_count == requests


def test_suppress_withdraws_and_allow_lifts(run, telnyx, imported):
    """`suppress` keeps a number out through imports, until `allow` lifts it."""
    ran = run("suppress", "(202) 555-0123", "--reason", "asked at the desk", "--now", NOW)
    assert ran.status == 0
    assert numbers(telnyx) == ["+12025550177"]
    assert run("import", imported, "--now", NOW).status == 0
    assert numbers(telnyx) == ["+12025550177"]
    assert "lifted" in run("allow", "+12025550123").out
    assert run("allow", "+12025550123", "--json").json == {"lifted": False}
    run("resync", "--now", NOW)
    assert sorted(numbers(telnyx)) == ["+12025550123", "+12025550177"]


def test_ledger_upgrade_creates_it_and_is_repeatable(run, folder):
    """`ledger upgrade` makes the tables, and a second time changes nothing."""
    for _ in range(2):
        ran = run("ledger", "upgrade")
        assert (ran.status, ran.out, ran.err) == (0, "the ledger is up to date\n", "")
    with closing(sqlite3.connect(folder / "reminders.db")) as connection:
        assert connection.execute("SELECT count(*) FROM reminder_kit_messages").fetchone() == (0,)


def test_ledger_check_finds_nothing_wrong_after_a_run(run, imported):
    """`ledger check` finds no fault in what an import wrote."""
    ran = run("ledger", "check")
    assert (ran.status, ran.out) == (0, "nothing is wrong\n")
    assert run("ledger", "check", "--json").json == {"faults": []}


def test_ledger_purge_takes_the_personal_data_of_the_past(run, telnyx, imported, folder):
    """`ledger purge` leaves no phone number of past appointments in the ledger's file."""
    telnyx.clock.set("2026-02-20T00:00:00Z")
    assert run("resync", "--now", "2026-02-20T00:00:00Z").status == 0
    ran = run("ledger", "purge", "--older-than", "1d", "--json")
    assert ran.json == {"purged": 2, "gone": True}
    assert b"5550123" not in b"".join(path.read_bytes() for path in folder.glob("reminders.db*"))
    assert run("ledger", "purge", "--older-than", "yesterday").status == 2
