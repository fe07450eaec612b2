"""The main job from outside: a calendar goes in by the command line, a strict Telnyx says what it was left with.

Every expectation is written out by hand; none is computed with the product.
"""

from __future__ import annotations

import pytest

HOUR = "2026-02-10T15:00:00Z"

OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Practice Time
BEGIN:STANDARD
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE"""

ALL_DAY = """BEGIN:VEVENT
UID:all-day
DTSTAMP:20260201T000000Z
DTSTART;VALUE=DATE:20260213
SUMMARY:Blood test
ATTENDEE;CN=Fay:tel:+12025550106
END:VEVENT"""

EXPECTED = [
    ("+12025550101", "2026-02-11T15:00:00Z", "Hi Ada, Check-up tomorrow at 10:00 AM."),
    ("+12025550101", "2026-02-12T13:00:00Z", "See you today at 10:00 AM."),  # 08:00: quiet hours are over
    ("+12025550102", "2026-02-11T15:00:00Z", "Hi Bob, Check-up tomorrow at 10:00 AM."),
    ("+12025550102", "2026-02-12T13:00:00Z", "See you today at 10:00 AM."),
    ("+12025550104", "2026-02-10T19:00:00Z", "Hi Dee, Physio tomorrow at 2:00 PM."),
    ("+12025550104", "2026-02-11T17:00:00Z", "See you today at 2:00 PM."),
    ("+12025550104", "2026-02-13T21:00:00Z", "Hi Dee, Physio, later tomorrow at 4:00 PM."),
    ("+12025550104", "2026-02-14T19:00:00Z", "See you today at 4:00 PM."),
    ("+12025550106", "2026-02-12T01:59:00Z", "Hi Fay, Blood test Friday 13 February."),  # due at midnight: quiet
    ("+12025550106", "2026-02-13T01:59:00Z", "See you tomorrow."),
    ("+12025550107", "2026-02-12T01:00:00Z", "Hi Gus, Check-up tomorrow at 8:00 PM."),
    ("+12025550107", "2026-02-12T23:00:00Z", "See you today at 8:00 PM."),
    ("+12025550108", "2026-02-10T14:05:30Z", "Hi Hal, Check-up today at 10:30 AM."),  # the earliest Telnyx takes
    ("+12025550109", "2026-02-11T18:30:00Z", "Hi Ida, Check-up tomorrow at 1:30 PM."),
    ("+12025550109", "2026-02-12T16:30:00Z", "See you today at 1:30 PM."),
    ("+447700900123", "2026-02-12T08:00:00Z", "Hi Uwe, Check-up tomorrow at 9:00 AM."),
    ("+447700900123", "2026-02-12T19:59:00Z", "See you tomorrow at 9:00 AM."),  # 06:00Z is 07:00 there: quiet
]

LATER = [  # held at first; parked as the days pass
    ("+12025550104", "2026-02-17T19:00:00Z", "Hi Dee, Physio tomorrow at 2:00 PM."),
    ("+12025550104", "2026-02-18T17:00:00Z", "See you today at 2:00 PM."),
    ("+12025550110", "2026-02-19T15:00:00Z", "Hi Jon, Check-up tomorrow at 10:00 AM."),
    ("+12025550110", "2026-02-20T13:00:00Z", "See you today at 10:00 AM."),
]


@pytest.fixture
def clinic(desk, event):
    """Write a calendar with one of everything; return its name."""
    weekly = "RRULE:FREQ=WEEKLY;BYDAY=WE,TH,SA;UNTIL=20260218T235959Z"
    return desk.write(
        OWN_ZONE,
        event("two-people", "20260212T100000", people=("Ada:+12025550101", "Bob:+12025550102")),
        event("abroad", "20260213T090000", zone="Europe/Berlin", people=("Uwe:+447700900123",)),
        event(
            "series",
            "20260204T140000",
            weekly,
            "EXDATE;TZID=America/New_York:20260212T140000",
            title="Physio",
            people=("Dee:+12025550104",),
        ),
        event(
            "series",
            "20260214T160000",
            "RECURRENCE-ID;TZID=America/New_York:20260214T140000",
            title="Physio\\, later",
            people=("Dee:+12025550104",),
        ),
        event("cancelled", "20260212T110000", "STATUS:CANCELLED", people=("Eve:+12025550105",)),
        ALL_DAY,
        event("in-utc", "20260213T010000Z", people=("Gus:+12025550107",)),
        event("late", "20260210T103000", people=("Hal:+12025550108",)),
        event("national-number", "20260212T133000", zone="Practice Time", people=("Ida:(202) 555-0109",)),
        event("far", "20260220T100000", people=("Jon:+12025550110",)),
        event("nobody", "20260212T120000", people=()),
        event("no-number", "20260212T120000", people=("Kim:+1202",)),
        event("over", "20260209T120000", people=("Lou:+12025550112",)),
    )


def test_an_import_leaves_exactly_the_expected_messages(desk, telnyx, clinic):
    """An import leaves exactly the expected messages and a second one asks for nothing."""
    ran = desk.at("import", clinic, status=4)  # somebody must correct a number
    assert telnyx.parked() == EXPECTED
    assert telnyx.count("POST") == len(telnyx.requests) == len(EXPECTED)
    summary = ran.json["summary"]
    assert (summary["schedule"], summary["hold"], summary["failed"], summary["unknown"]) == (17, 4, 0, 0)
    done = [change for change in ran.changes if change["change"] == "schedule"]
    assert {item["message_id"] for item in done} == set(telnyx.messages)
    assert {item["outcome"] for item in done} == {"done"}
    skipped = sorted((c["appointment"], c["rule"], c["reason"]) for c in ran.changes if c["change"] == "skip")
    assert skipped == [
        ("cancelled", "day-before", "cancelled"),
        ("cancelled", "two-hours", "cancelled"),
        ("late", "two-hours", "too_late"),
        ("no-number", "day-before", "invalid_number"),
        ("no-number", "two-hours", "invalid_number"),
        ("nobody", "day-before", "no_recipient"),
        ("nobody", "two-hours", "no_recipient"),
    ]
    content, files, asked = desk.content(), desk.files(), len(telnyx.requests)
    again = desk.at("import", clinic, status=4)
    assert {change["change"] for change in again.changes} == {"keep", "hold", "skip"}
    assert (desk.content(), desk.files(), len(telnyx.requests)) == (content, files, asked)
    desk.at("resync", status=4)
    assert len(telnyx.requests) == asked
    assert desk.content(runs=False) == {name: rows for name, rows in content.items() if name != "reminder_kit_runs"}


@pytest.mark.slow
def test_as_days_pass_everybody_is_told_once(desk, telnyx, clinic):
    """As days pass the batch job parks the rest and everybody is told once."""
    desk.at("import", clinic, status=4)
    (item,) = desk.at("attention", status=4).json["items"]
    assert desk.at("attention", "--seen", item["item"]).json["items"][0]["seen"]
    for now in ("2026-02-11T14:00:00Z", "2026-02-13T14:00:00Z", "2026-02-16T08:00:00Z", "2026-02-19T14:30:00Z"):
        telnyx.at(now)
        ran = desk.at("resync", now=now)
        assert {change["outcome"] for change in ran.changes} <= {None, "done"}
    telnyx.at("2026-02-21T00:00:00Z")
    desk.at("resync", now="2026-02-21T00:00:00Z")
    assert telnyx.with_status("delivered") == sorted(EXPECTED + LATER)
    assert telnyx.parked() == []
    assert telnyx.count("DELETE") == 0
    assert telnyx.count("POST") == len(EXPECTED + LATER)
    assert desk.run("ledger", "check", "--json").json == {"faults": []}


@pytest.fixture
def before_and_after(event):
    """Return two versions of a calendar: in the second something happened to most of its events."""
    daily = ("20260211T150000", "RRULE:FREQ=DAILY;COUNT=4")
    before = {
        "moved": event("moved", "20260212T100000", people=("Ada:+12025550101",)),
        "edited": event("edited", "20260212T110000", people=("Bob:+12025550102",)),
        "reassigned": event("reassigned", "20260212T120000", people=("Cal:+12025550103",)),
        "cancelled": event("cancelled", "20260212T130000", people=("Dee:+12025550104",)),
        "vanished": event("vanished", "20260212T140000", people=("Eve:+12025550105",)),
        "series": event("series", *daily, people=("Fay:+12025550106",)),
        "same": event("same", "20260213T150000", people=("Gus:+12025550107",)),
        "held": event("held", "20260220T150000", people=("Hal:+12025550108",)),
    }
    after = {
        **before,
        "moved": event("moved", "20260213T113000", people=("Ada:+12025550101",)),
        "edited": event("edited", "20260212T110000", people=("Bob:+12025550102",), title="Cleaning"),
        "reassigned": event("reassigned", "20260212T120000", people=("Cyd:+12025550113",)),
        "cancelled": event("cancelled", "20260212T130000", "STATUS:CANCELLED", people=("Dee:+12025550104",)),
        "series": event("series", *daily, "EXDATE;TZID=America/New_York:20260212T150000", people=("Fay:+12025550106",)),
    }
    del after["vanished"], after["held"]
    return list(before.values()), list(after.values())


VANISHED = [
    ("+12025550105", "2026-02-11T19:00:00Z", "Hi Eve, Check-up tomorrow at 2:00 PM."),
    ("+12025550105", "2026-02-12T17:00:00Z", "See you today at 2:00 PM."),
]
AFTER = [
    ("+12025550101", "2026-02-12T16:30:00Z", "Hi Ada, Check-up tomorrow at 11:30 AM."),
    ("+12025550101", "2026-02-13T14:30:00Z", "See you today at 11:30 AM."),
    ("+12025550102", "2026-02-11T16:00:00Z", "Hi Bob, Cleaning tomorrow at 11:00 AM."),
    ("+12025550102", "2026-02-12T14:00:00Z", "See you today at 11:00 AM."),
    ("+12025550106", "2026-02-10T20:00:00Z", "Hi Fay, Check-up tomorrow at 3:00 PM."),
    ("+12025550106", "2026-02-11T18:00:00Z", "See you today at 3:00 PM."),
    ("+12025550106", "2026-02-12T20:00:00Z", "Hi Fay, Check-up tomorrow at 3:00 PM."),
    ("+12025550106", "2026-02-13T18:00:00Z", "See you today at 3:00 PM."),
    ("+12025550106", "2026-02-13T20:00:00Z", "Hi Fay, Check-up tomorrow at 3:00 PM."),
    ("+12025550106", "2026-02-14T18:00:00Z", "See you today at 3:00 PM."),
    ("+12025550107", "2026-02-12T20:00:00Z", "Hi Gus, Check-up tomorrow at 3:00 PM."),
    ("+12025550107", "2026-02-13T18:00:00Z", "See you today at 3:00 PM."),
    ("+12025550113", "2026-02-11T17:00:00Z", "Hi Cyd, Check-up tomorrow at 12:00 PM."),
    ("+12025550113", "2026-02-12T15:00:00Z", "See you today at 12:00 PM."),
]


@pytest.mark.slow
def test_whatever_changed_leaves_exactly_the_right_messages(desk, telnyx, before_and_after):
    """What moved, was edited, reassigned, cancelled or vanished leaves exactly the right messages."""
    before, after = before_and_after
    desk.at("import", desk.write(*before))
    first = {message["id"] for message in telnyx.messages.values()}
    telnyx.at(HOUR)
    clinic, files = desk.write(*after), desk.files()
    previews = [desk.at("plan", clinic, "--complete", now=HOUR), desk.at("import", clinic, "--dry-run", now=HOUR)]
    assert (desk.files(), len(telnyx.requests)) == (files, len(first))  # a preview is a preview

    ran = desk.at("import", clinic, now=HOUR)
    assert telnyx.parked() == sorted(AFTER + VANISHED)  # absence alone withdraws nothing
    assert previews[1].picked("change", "appointment", "recurrence_id", "rule", "send_at", "text") == ran.picked(
        "change", "appointment", "recurrence_id", "rule", "send_at", "text"
    )
    causes = {(c["appointment"], c["change"]): set(c["cause"]) for c in ran.changes if c["change"] == "replace"}
    assert causes == {("moved", "replace"): {"moved", "text"}, ("edited", "replace"): {"text"}}
    assert (telnyx.count("DELETE"), telnyx.count("POST")) == (9, len(first) + 5)

    desk.at("import", clinic, "--complete", now=HOUR)
    assert telnyx.parked() == AFTER
    kept = {item for item in first if telnyx.messages[item]["status"] == "scheduled"}
    assert len(kept) == 9  # what did not change was not touched
    asked, content = len(telnyx.requests), desk.content()
    assert {c["change"] for c in desk.at("import", clinic, "--complete", now=HOUR).changes} == {"keep", "skip"}
    assert (len(telnyx.requests), desk.content()) == (asked, content)
    assert desk.run("ledger", "check", "--json").json == {"faults": []}


@pytest.mark.slow
def test_what_is_cancelled_and_comes_back_is_parked_again(desk, telnyx, event):
    """An event is revived by a newer SEQUENCE only: the old file, imported again, is stale."""
    there = desk.write(event("back", "20260212T100000"))
    desk.at("import", there)
    both = telnyx.parked()
    desk.at("import", desk.write(event("back", "20260212T100000", "SEQUENCE:1", "STATUS:CANCELLED")))
    assert telnyx.parked() == []
    stale = desk.at("import", desk.write(event("back", "20260212T100000")))
    assert telnyx.parked() == []
    assert {change["reason"] for change in stale.changes} == {"stale_revision"}
    desk.at("import", desk.write(event("back", "20260212T100000", "SEQUENCE:2")))
    assert telnyx.parked() == both


@pytest.mark.slow
def test_a_move_back_and_forth_ends_where_it_began(desk, telnyx, event):
    """A move and the move back end with what was parked at first, at no request too many."""
    desk.at("import", desk.write(event("to-and-fro", "20260212T100000")))
    there = telnyx.parked()
    for start in ("20260213T100000", "20260212T100000"):
        desk.at("import", desk.write(event("to-and-fro", start)))
    assert telnyx.parked() == there
    assert [telnyx.count("POST"), telnyx.count("DELETE")] == [6, 4]
