"""What waits for a person, from the command line: `attention`, `retry`, the exit status, and what is kept out."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.factories import NOW, NUMBER

pytestmark = pytest.mark.usefixtures("telnyx")
DISABLED = {"kind": "error", "times": None, "method": "POST", "status": 400, "code": "40312"}


def test_an_account_fault_is_listed_seen_mended_and_tried_again(run, telnyx, calendar, event):
    """Status 4 until somebody has seen it, 0 after that; mended, `retry` parks all at once."""
    telnyx.fault(**DISABLED)
    ran = run("import", calendar(event("A-1"), event("A-2", hour=11)), "--now", NOW)
    assert ran.status == 4
    assert "waits for a person" in ran.err
    assert "40312" in ran.err
    listed = run("attention", "--now", NOW, "--json")
    (item,) = listed.json["items"]
    assert (listed.status, item["kind"], len(item["affected"]), item["seen"]) == (4, "account", 2, False)
    assert {"item", "kind", "what", "remedy", "since", "next_try_at", "seen", "affected"} == set(item)
    shown = run("attention", "--now", NOW)
    assert item["item"] in shown.out
    assert "A-1" in shown.out
    assert NUMBER not in shown.out
    assert run("attention", "--seen", item["item"], "--now", NOW).status == 0
    assert run("resync", "--now", NOW).status == 0
    telnyx.faults.clear()
    assert run("retry", "--now", NOW).status == 0
    assert len(telnyx.parked()) == 2
    assert "nothing waits" in run("attention", "--now", NOW).out


def test_failures_outrank_what_waits(run, telnyx, calendar, event):
    """A run in which something failed ends with 1, whatever else waits."""
    telnyx.fault("503", times=None, method="POST", containing="+12025550199")
    ran = run("import", calendar(event("A-1", phone="12"), event("A-2", phone="+12025550199")), "--now", NOW)
    assert ran.status == 1
    assert "waits for a person" in ran.err


def test_a_rule_that_can_be_written_for_nobody_ends_with_1(run, folder, calendar, event):
    """A wrong name in a text concerns everybody: that is a failure, not somebody's data."""
    config = folder / "reminders.toml"
    config.write_text(config.read_text().replace("{{ when }}", "{{ data.room }}"))
    ran = run("import", calendar(event("A-1")), "--now", NOW)
    assert ran.status == 1
    assert "data has no attribute 'room'" in ran.err


def test_events_without_a_number_are_counted_in_one_line(run, folder, calendar, event):
    """They are no fault, unless the configuration says that somebody must look at them."""
    clinic = calendar(event("A-1", phone=""), event("A-2", hour=11, phone=""), event("A-3", hour=12))
    ran = run("import", clinic, "--now", NOW)
    assert ran.status == 0
    assert [line for line in ran.err.splitlines() if "phone" in line] == [
        "2 appointments have no phone number: nobody is reminded of them; first: A-1"
    ]
    config = folder / "reminders.toml"
    config.write_text(config.read_text() + '\n[calendar]\nwithout_phone = "attention"\n')
    ran = run("import", clinic, "--now", NOW)
    assert (ran.status, "without_phone (2)" in ran.err) == (4, True)


def test_an_event_that_can_be_read_again_waits_no_more(run, calendar, event):
    """The item is of its calendar: each reading replaces what the last one found."""
    broken = event("A-2").replace("DTSTART;TZID=America/New_York:20260212T100000", "DTSTART:soon")
    assert run("import", calendar(event("A-1"), broken), "--now", NOW).status == 4
    (item,) = run("attention", "--now", NOW, "--json").json["items"]
    assert (item["kind"], len(item["affected"])) == ("calendar", 1)
    assert run("import", calendar(event("A-1"), event("A-2")), "--now", NOW).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("attention", "--seen", "zzz"), 2, "zzz"),
        (("retry", "A-9"), 1, "A-9"),
        (("retry", "--reason", "on_time"), 2, "waiting_account"),
        (("retry", "A-1", "--reason", "waiting_account"), 2, "--reason"),
    ],
)
def test_what_is_not_there_is_said(run, telnyx, calendar, event, arguments, status, words):
    """A wrong name, id or reason is one line, and nothing is asked of the provider."""
    run("import", calendar(event("A-1")), "--now", NOW)
    asked = telnyx.request_count
    ran = run(*arguments, "--now", NOW)
    assert (ran.status, words in ran.err, ran.out) == (status, True, "")
    assert telnyx.request_count == asked


def test_a_withdrawn_event_comes_back_unless_it_is_kept_out(run, telnyx, calendar, event):
    """`cancel` says so; with `--keep` the event stays out until its calendar changes it."""
    clinic = calendar(event("A-1"))
    run("import", clinic, "--now", NOW)
    assert "--keep" in run("cancel", "A-1", "--now", NOW).err
    run("import", clinic, "--now", NOW)
    assert len(telnyx.parked()) == 1
    ran = run("cancel", "A-1", "--keep", "--now", NOW)
    assert (ran.status, "brings it back" in ran.err) == (0, False)
    for more in ([], ["--notify"], []):  # it is kept out already
        assert "brings it back" not in run("cancel", "A-1", *more, "--now", NOW).err
    for _ in range(2):
        assert run("import", clinic, "--complete", "--now", NOW).status == 0
        assert telnyx.parked() == []
    assert run("import", calendar(event("A-1", hour=11)), "--now", NOW).status == 0
    assert len(telnyx.parked()) == 1
    assert "brings it back" in run("cancel", "A-1", "--now", NOW).err


def test_of_a_series_that_is_kept_out_no_visit_comes_back(run, telnyx, calendar, event):
    """Nothing else is said of one of them; of a series of which one visit is kept out, the others would come."""
    series = calendar(event("S", 11, "RRULE:FREQ=DAILY;COUNT=3", hour=15))
    run("import", series, "--now", NOW)
    run("cancel", "S", "--recurrence-id", "2026-02-12T20:00:00Z", "--keep", "--now", NOW)
    assert "brings it back" in run("cancel", "S", "--now", NOW).err
    run("cancel", "S", "--keep", "--now", NOW)
    assert "brings it back" not in run("cancel", "S", "--recurrence-id", "2026-02-11T20:00:00Z", "--now", NOW).err


@pytest.mark.parametrize(
    "words",
    [
        [["--notify"], ["--keep"]],
        [["--notify"], ["--notify"], ["--keep"]],
        [["--notify"], ["--keep", "--notify"]],
        [["--keep", "--notify"], ["--keep"]],
        [["--notify"], [], ["--keep"]],
        [[], ["--keep"]],
    ],
    ids=lambda words: ", ".join(" ".join(given) or "cancel" for given in words),
)
def test_what_was_cancelled_already_is_kept_out_too(run, telnyx, calendar, event, words):
    """In whatever steps a person said so: it stays out until its calendar changes it."""
    clinic = calendar(event("A-1"), event("A-2", hour=12, phone="+12025550124"))
    run("import", clinic, "--now", NOW)
    for given in words:
        assert run("cancel", "A-1", *given, "--now", NOW).status == 0
    for more in ([], ["--complete"]):
        assert run("import", clinic, *more, "--now", NOW).status == 0
        assert [message.to for message in telnyx.parked()] == ["+12025550124"]
    run("import", calendar(event("A-1", hour=11), event("A-2", hour=12, phone="+12025550124")), "--now", NOW)
    assert len(telnyx.parked()) == 2


def test_what_its_calendar_cancels_and_takes_back_comes_in(run, telnyx, calendar, event):
    """That is a change there; kept out is what the calendar says, not what a person says of it."""
    run("import", calendar(event("A-1")), "--now", NOW)
    run("cancel", "A-1", "--notify", "--now", NOW)
    run("import", calendar(event("A-1")), "--now", NOW)
    assert len(telnyx.parked()) == 1
    run("import", calendar(event("A-1", 12, "STATUS:CANCELLED", title="Off")), "--now", NOW)
    run("cancel", "A-1", "--keep", "--now", NOW)
    run("import", calendar(event("A-1", title="Off")), "--now", NOW)
    assert len(telnyx.parked()) == 1


@pytest.mark.parametrize("words", [[["--keep"]], [["--notify"], ["--keep"]], [["--keep", "--notify"]]], ids=str)
def test_one_occurrence_is_kept_out_and_the_others_come_in(run, telnyx, calendar, event, words):
    """Those that are known, and those that come within reach later; kept out whole, all stay out."""
    series = calendar(event("A-1", 12, "RRULE:FREQ=DAILY;COUNT=60"))
    run("import", series, "--now", NOW)
    for given in words:
        assert run("cancel", "A-1", "--recurrence-id", "2026-02-13T15:00:00Z", *given, "--now", NOW).status == 0
    assert run("import", series, "--now", NOW).status == 0
    days = [message.send_at.day for message in telnyx.parked()]
    assert days == [11, 13, 14]
    assert run("cancel", "A-1", "--keep", "--force", "--now", NOW).status == 0
    assert run("import", series, "--now", NOW).status == 0
    assert telnyx.parked() == []


def test_what_was_cancelled_by_an_older_release_stays_kept_out(run, folder, telnyx, calendar, event):
    """It noted nothing of what the calendar said: what was kept out before is not taken for another event's."""
    clinic = calendar(event("A-1"))
    run("import", clinic, "--now", NOW)
    run("cancel", "A-1", "--keep", "--notify", "--now", NOW)
    with closing(sqlite3.connect(next(folder.glob("*.db")))) as ledger, ledger:
        assert ledger.execute("DELETE FROM reminder_kit_runs WHERE name = 'cancelled by a person'").rowcount == 1
    run("cancel", "A-1", "--keep", "--now", NOW)
    run("import", clinic, "--now", NOW)
    assert telnyx.parked() == []
