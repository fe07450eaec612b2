"""The command line as a user meets it: documents, exit statuses, places of options, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

from tests.factories import NOW

pytestmark = pytest.mark.slow

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SUMMARY = ["schedule", "replace", "cancel", "hold", "keep", "skip", "appointments", "failed", "unknown"]
CHANGE = {
    "change": str,
    "appointment": str,
    "recurrence_id": (str, type(None)),
    "rule": str,
    "to": (str, type(None)),
    "due_at": str,
    "send_at": (str, type(None)),
    "text": (str, type(None)),
    "reason": str,
    "cause": list,
    "outcome": (str, type(None)),
    "message_id": (str, type(None)),
    "error": (str, type(None)),
}


def visits(event, count, first=0):
    return [
        event(f"V-{i}", f"20260212T{10 + i // 4}{(i % 4) * 15:02}00", people=(f"P{i}:+120255501{i:02}",))
        for i in range(first, first + count)
    ]


def assert_document(document):
    """Hold a document of plan, import, resync, cancel or suppress to its keys and types."""
    assert list(document)[:3] == ["now", "summary", "changes"]
    assert set(document) <= {"now", "summary", "changes", "forecast", "source", "digest", "problems"}
    assert document["now"] == NOW
    assert sorted(document["summary"]) == sorted(SUMMARY)
    assert {type(value) for value in document["summary"].values()} == {int}
    for item in document["changes"]:
        assert set(CHANGE) <= set(item)
        assert all(isinstance(item[name], kind) for name, kind in CHANGE.items())
        assert INSTANT.fullmatch(item["due_at"])
        assert item["send_at"] is None or INSTANT.fullmatch(item["send_at"])
        assert item["outcome"] in {"done", "failed", "unknown", None}
        assert set(item["cause"]) <= {"moved", "text", "recipient", "sender", "media", "rule", "settle"}
    kinds = [value["change"] for value in document["changes"]]
    assert {name: kinds.count(name) for name in SUMMARY[:6]} == {
        name: document["summary"][name] for name in SUMMARY[:6]
    }


def test_documents_have_the_keys_and_types_they_promise(desk, telnyx, event):
    """The JSON of plan, import, resync and cancel has the documented keys and types."""
    clinic = desk.write(
        event("V-1", "20260212T100000", "RRULE:FREQ=WEEKLY;COUNT=2"), event("V-2", "20260212T120000", people=())
    )
    for command in (("plan", clinic), ("import", clinic), ("resync", "--all"), ("cancel", "V-1")):
        ran = desk.at(*command)
        assert_document(ran.json)
    assert [change["change"] for change in ran.changes].count("cancel") == 2
    assert telnyx.parked() == []


def test_options_stand_before_or_after_the_subcommand(desk, telnyx, event):
    """`--config` and `--json` mean the same on either side of the subcommand."""
    desk.write(*visits(event, 1))
    (desk.folder / "reminders.toml").rename(desk.folder / "other.toml")
    first = desk.run("--config", "other.toml", "--json", "plan", "clinic.ics", "--now", NOW)
    last = desk.run("plan", "clinic.ics", "--now", "2026-02-10T09:00:00-05:00", "--json", "--config", "other.toml")
    assert first.json == last.json
    assert desk.run("plan", "clinic.ics", "--now", NOW, status=2).err.count("\n") == 1
    assert not desk.files()


def test_an_unsafe_plan_changes_nothing_unless_forced(desk, telnyx, event):
    """An unsafe plan is refused with its numbers and changes nothing unless forced."""
    desk.at("import", desk.write(*visits(event, 6)))
    parked, content = telnyx.parked(), desk.content()
    desk.write(*visits(event, 1, first=5))
    for command in (("plan",), ("import", "--dry-run"), ("import",)):
        ran = desk.at(command[0], "clinic.ics", "--complete", *command[1:], status=3)
        assert "10 of 12" in ran.err
        assert_document(ran.json)
        assert {change["outcome"] for change in ran.changes} == {None}
    assert (telnyx.parked(), desk.content()) == (parked, content)
    desk.at("import", "clinic.ics", "--complete", "--force")
    assert telnyx.parked() == [
        ("+12025550105", "2026-02-11T16:15:00Z", "Hi P5, Check-up tomorrow at 11:15 AM."),
        ("+12025550105", "2026-02-12T14:15:00Z", "See you today at 11:15 AM."),
    ]


@pytest.mark.slow
def test_an_input_that_ended_early_or_is_empty_withdraws_nothing(desk, telnyx, event):
    """A complete import of a cut, an eventless or an empty file is refused and changes nothing."""
    whole = (desk.folder / desk.write(*visits(event, 2))).read_bytes()
    desk.at("import", "clinic.ics", "--complete")
    parked, content = telnyx.parked(), desk.content()
    (desk.folder / "clinic.ics").write_bytes(whole[: len(whole) // 2 + 40])
    desk.at("import", "clinic.ics", "--complete", status=3)
    desk.write()
    desk.at("import", "clinic.ics", "--complete", status=3)
    (desk.folder / "clinic.ics").write_bytes(b"")
    desk.at("import", "clinic.ics", "--complete", status=2)
    assert (telnyx.parked(), desk.content()) == (parked, content)


def test_a_now_far_from_the_clock_is_refused_off_loopback(desk, telnyx, event):
    """A `--now` far from the clock is for previews and for a provider on loopback only."""
    desk.write(*visits(event, 1))
    away = {"TELNYX_BASE_URL": "https://telnyx.invalid/v2"}
    for command in (("import", "clinic.ics"), ("resync",)):
        ran = desk.at(*command, status=2, **away)
        assert ran.out == ""
        assert "--now" in ran.err
    desk.at("plan", "clinic.ics", **away)
    assert desk.run("resync", "--every", "60s", "--now", NOW, status=2).out == ""
    assert not desk.files()


def test_previews_leave_an_absent_ledger_absent(desk, telnyx, event):
    """Plans, dry runs, explain and status neither create a ledger nor ask the provider."""
    desk.write(*visits(event, 1))
    for command in (("plan", "clinic.ics"), ("import", "clinic.ics", "--dry-run"), ("resync", "--dry-run")):
        desk.at(*command)
    desk.at("explain", "V-0", status=1)
    desk.run("status", "--json")
    assert not desk.files()
    assert telnyx.requests == []


def test_a_number_asked_to_be_left_alone_is(desk, telnyx, event):
    """A suppressed number loses its messages, gets no new ones, and its explanation says why."""
    desk.at("import", desk.write(*visits(event, 2)))
    assert_document(desk.at("suppress", "(202) 555-0100", "--reason", "asked at the desk").json)
    assert {to for to, _, _ in telnyx.parked()} == {"+12025550101"}
    ran = desk.at("import", "clinic.ics")
    assert {c["reason"] for c in ran.changes if c["to"] == "+12025550100"} == {"suppressed"}
    status = desk.run("status", "--json").json
    assert status["suppressions"] == 1
    assert status["runs"] == {}  # cron never ran, and nobody is told it did
    ran = desk.at("explain", "V-0")
    assert "+00:00" not in ran.out  # instants are written in one way
    why = ran.json
    assert {item["reason"] for item in why["reminders"]} == {"suppressed"}
    assert [item["event"] for item in why["reminders"][0]["history"]].count("cancelled") == 1


def test_cancel_withdraws_a_series_or_one_occurrence_of_it(desk, telnyx, event):
    """`cancel` takes one occurrence or the series, and nothing recorded is status 1."""
    desk.at("import", desk.write(event("daily", "20260212T100000", "RRULE:FREQ=DAILY;COUNT=2"), *visits(event, 1)))
    desk.at("cancel", "daily", "--recurrence-id", "2026-02-13T15:00:00Z")
    assert [sent for to, sent, _ in telnyx.parked() if to == "+12025550123"] == [
        "2026-02-11T15:00:00Z",
        "2026-02-12T13:00:00Z",
    ]
    desk.at("cancel", "daily", "--source", "clinic")
    assert {to for to, _, _ in telnyx.parked()} == {"+12025550100"}
    ran = desk.at("cancel", "nobody", status=1)
    assert "nobody" in ran.err
    assert ran.changes == []


APPOINTMENTS = [
    {
        "id": "all-day",
        "recurrence_id": None,
        "start_at": "2026-02-13",
        "end_at": "2026-02-14",
        "all_day": True,
        "timezone": None,
        "status": "confirmed",
        "title": "Blood test",
        "location": "Room 1, left",
        "recipients": [],
        "alarms": [],
        "sequence": 0,
    },
    {
        "id": "series",
        "recurrence_id": "2026-02-12T15:00:00Z",
        "start_at": "2026-02-12T15:00:00Z",
        "end_at": "2026-02-12T15:30:00Z",
        "all_day": False,
        "timezone": "America/New_York",
        "status": "tentative",
        "title": "Check-up",
        "location": "",
        "recipients": [{"phone": "+12025550123", "name": "Ada"}],
        "alarms": ["2026-02-12T14:30:00Z"],
        "sequence": 3,
    },
]


def test_appointments_are_one_object_a_line(desk, event):
    """`appointments --json` prints one object a line for starts from `--from` to before `--to`."""
    alarm = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT30M\nDESCRIPTION:x\nEND:VALARM"
    place = "SUMMARY:Blood test\nLOCATION:Room 1\\, left"
    all_day = f"BEGIN:VEVENT\nUID:all-day\nDTSTART;VALUE=DATE:20260213\n{place}\nEND:VEVENT"
    weekly = event("series", "20260205T100000", "RRULE:FREQ=WEEKLY;COUNT=3", "STATUS:TENTATIVE", "SEQUENCE:3", alarm)
    clinic = desk.write(weekly, all_day)
    window = ("--from", "2026-02-12T15:00:00Z", "--to", "2026-02-19T15:00:00Z")  # from ≤ start < to
    ran = desk.run("appointments", clinic, *window, "--json", "--default-timezone", "America/New_York")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    listed = sorted(lines, key=lambda line: line["id"])
    listed[0]["timezone"] = None  # which zone an all-day appointment names is open
    assert listed == APPOINTMENTS
    broken = desk.write(weekly, "BEGIN:VEVENT\nUID:broken-1\nSUMMARY:no start\nEND:VEVENT")
    ran = desk.run("appointments", broken, *window, "--json", status=1)
    assert (len(ran.out.splitlines()), "broken-1" in ran.err, "line" in ran.err) == (1, True, True)


def test_it_runs_as_a_module_in_a_process_that_imported_nothing(desk, telnyx, event):
    """`python -m reminder_kit` imports a calendar and prints nothing on stderr."""
    process = desk.start("import", desk.write(*visits(event, 1)), "--now", NOW, "--json")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert_document(json.loads(out))
    assert len(telnyx.parked()) == 2


@pytest.mark.slow
def test_imports_that_race_park_each_reminder_once(desk, telnyx, event):
    """Imports that race on a ledger that is not there yet park each reminder once."""
    clinic = desk.write(*visits(event, 8))
    racing = [desk.start("import", clinic, "--now", NOW, "--json") for _ in range(3)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in racing]
    assert [status for _, status in ended] == [0, 0, 0]
    assert len(telnyx.parked()) == len(set(telnyx.parked())) == telnyx.count("POST") == 16
    assert desk.run("ledger", "check", "--json").json == {"faults": []}


@pytest.mark.slow
def test_the_loop_says_a_line_a_run_and_ends_well(desk, telnyx):
    """`resync --every` prints one JSON line a run, and ends with status 0 on SIGTERM."""
    process = desk.start("resync", "--every", "1s", "--json")
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    rest, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "there is no ledger at sqlite:///reminders.db yet" in err
    assert len(err.splitlines()) == 1
    assert all(set(json.loads(line)) >= {"now", "summary", "changes"} for line in [*lines, *rest.splitlines()])
