"""Real processes killed with SIGKILL, and answers that never came: whatever happened, each reminder is parked once."""

from __future__ import annotations

import random
import threading

import pytest

from tests.factories import NOW

LATER = ("2026-02-10T14:00:00Z", "2026-02-10T14:03:00Z", "2026-02-10T17:00:00Z")


@pytest.fixture
def day(event):
    """Return a calendar of four visits on a day of February, whose eight messages `parked` writes out by hand."""

    def make(number):
        return [
            event(f"V-{i}", f"202602{number}T{hour}0000", people=(f"P{i}:+1202555010{i}",))
            for i, hour in enumerate(("10", "11", "12", "13"))
        ]

    return make


def parked(number):
    """Return what a calendar of that day leaves parked: New York is 5 hours behind, rules say 24 and 2 hours."""
    reminders = []
    for i, (hour, words) in enumerate(((15, "10:00 AM"), (16, "11:00 AM"), (17, "12:00 PM"), (18, "1:00 PM"))):
        phone = f"+1202555010{i}"
        reminders.append((phone, f"2026-02-{number - 1}T{hour}:00:00Z", f"Hi P{i}, Check-up tomorrow at {words}."))
        reminders.append((phone, f"2026-02-{number}T{hour - 2}:00:00Z", f"See you today at {words}."))
    return sorted(reminders)


def kill_at(desk, telnyx, count, *command):
    """Run `command` and kill it as its request number `count` arrives."""
    process = desk.start(*command)
    seen, lock = [], threading.Lock()

    def arrived(request):
        with lock:
            seen.append(request)
            if len(seen) == count:
                process.kill()

    telnyx.on_request = arrived
    process.communicate(timeout=60)
    telnyx.on_request = None
    assert process.returncode in {0, -9}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "later"), [(1, LATER[0]), (3, LATER[1]), (6, LATER[2]), (8, LATER[0])], ids=["1st", "3rd", "6th", "last"]
)
def test_an_import_killed_at_a_request_is_ended_by_a_resync(desk, telnyx, day, count, later):
    """An import killed at a request is ended by a resync at the same or a later instant."""
    clinic = desk.write(*day(12))
    kill_at(desk, telnyx, count, "import", clinic, "--now", NOW)
    telnyx.at(later)
    desk.at("resync", now=later)
    assert telnyx.parked() == parked(12)
    asked = len(telnyx.requests)
    desk.at("resync", now=later)
    assert len(telnyx.requests) == asked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "later"), [(2, LATER[0]), (9, LATER[1]), (13, LATER[2])], ids=["early", "mid", "end"]
)
def test_a_move_killed_at_a_request_is_ended_by_a_resync(desk, telnyx, day, count, later):
    """An import killed between its requests is ended by the next resync, with no message doubled."""
    desk.at("import", desk.write(*day(12)))
    clinic = desk.write(*day(13))
    kill_at(desk, telnyx, count, "import", clinic, "--now", NOW)
    telnyx.at(later)
    desk.at("resync", now=later)
    assert telnyx.parked() == parked(13)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_state(desk, telnyx, day):
    """An import killed at random moments again and again ends in the same state."""
    chance = random.Random(20260210)
    clinic = desk.write(*day(12))
    for _ in range(5):
        process = desk.start("import", clinic, "--now", NOW)
        threading.Timer(chance.uniform(0.3, 1.6), process.kill).start()
        process.communicate(timeout=60)
    desk.at("import", clinic)
    assert telnyx.parked() == parked(12)
    assert desk.run("ledger", "check", "--json").json == {"faults": []}


@pytest.mark.slow
def test_answers_that_never_come_double_nothing(desk, telnyx, day):
    """Lost answers and refusals are asked for again, and end with one message a reminder."""
    telnyx.fail("POST", "drop_after", 2)
    telnyx.fail("POST", "drop_before", 1)
    telnyx.fail("POST", "429", 1)
    telnyx.fail("POST", "503", 1)
    desk.at("import", desk.write(*day(12)))
    assert telnyx.parked() == parked(12)
    assert telnyx.count("POST") == 8 + 5
    telnyx.fail("DELETE", "drop_after", 2)
    telnyx.fail("DELETE", "drop_before", 1)
    telnyx.fail("DELETE", "500", 1)
    desk.at("import", desk.write(*day(13)))
    assert telnyx.parked() == parked(13)
    assert telnyx.with_status("cancelled") == parked(12)


@pytest.mark.slow
def test_a_provider_that_never_answers_is_asked_again_in_time(desk, telnyx, day):
    """A provider that never answers is reported and asked again when it is time."""
    telnyx.fail("POST", "drop_after", 1000)
    ran = desk.at("import", desk.write(*day(12)), status=1)
    assert ran.json["summary"]["failed"] == 8
    assert {change["outcome"] for change in ran.changes} == {"failed"}
    assert all(change["error"].count("not asked") <= 1 for change in ran.changes)
    telnyx.faults.clear()
    asked = telnyx.count("POST")
    again = desk.at("resync", status=1)  # the same instant: they are left alone for half a minute
    assert (telnyx.count("POST"), again.json["summary"]["failed"]) == (asked, 8)
    telnyx.at(LATER[1])
    desk.at("resync", now=LATER[1])
    assert telnyx.parked() == parked(12)


def test_a_refused_key_leaves_everything_as_it_was_and_is_told(desk, telnyx, day):
    """A refused key names its variable, keeps what is parked, and the next run does the work."""
    desk.at("import", desk.write(*day(12)))
    ran = desk.at("import", desk.write(*day(13)), status=1, TELNYX_API_KEY="another")
    assert telnyx.parked() == parked(12)
    assert all("TELNYX_API_KEY" in change["error"] for change in ran.changes)
    desk.at("import", "clinic.ics")
    assert telnyx.parked() == parked(13)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 6, 12], ids=["first", "sixth", "twelfth"])
def test_a_forced_import_that_is_killed_is_ended_unforced(desk, telnyx, event, count):
    """A forced import that is killed is ended by a resync that nobody forces."""
    people = [(f"V-{i}", f"P{i}:+1202555010{i}") for i in range(6)]
    desk.at("import", desk.write(*(event(uid, "20260212T100000", people=(who,)) for uid, who in people)))
    clinic = desk.write(*(event(uid, "20260213T100000", people=(who,)) for uid, who in people))
    desk.at("import", clinic, status=3)
    kill_at(desk, telnyx, count, "import", clinic, "--force", "--now", NOW)
    telnyx.at(LATER[1])
    desk.at("resync", "--dry-run", now=LATER[1])
    desk.at("resync", now=LATER[1])
    assert telnyx.parked() == sorted(
        message
        for i in range(6)
        for message in (
            (f"+1202555010{i}", "2026-02-12T15:00:00Z", f"Hi P{i}, Check-up tomorrow at 10:00 AM."),
            (f"+1202555010{i}", "2026-02-13T13:00:00Z", "See you today at 10:00 AM."),
        )
    )
    desk.at("import", desk.write(event("V-0", "20260213T100000")), "--complete", now=LATER[1], status=3)


@pytest.mark.slow
def test_a_forced_import_that_failed_is_repeated_unforced(desk, telnyx, event):
    """A forced import that failed is repeated by a resync that nobody forces."""
    people = [(f"V-{i}", f"P{i}:+1202555010{i}") for i in range(6)]
    desk.at("import", desk.write(*(event(uid, "20260212T100000", people=(who,)) for uid, who in people)))
    clinic = desk.write(*(event(uid, "20260213T100000", people=(who,)) for uid, who in people))
    desk.at("import", clinic, "--force", status=1, TELNYX_API_KEY="another")
    telnyx.at(LATER[1])
    desk.at("resync", now=LATER[1])
    assert {send_at[:10] for _, send_at, _ in telnyx.parked()} == {"2026-02-12", "2026-02-13"}
    assert desk.run("status", "--json").json["runs"]["forced"]["open"] is False
