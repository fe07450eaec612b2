"""Values of one event: each property that is read, what is said of one that is odd, and what makes it unusable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.calendars.content_lines import parse
from reminder_kit.calendars.events import created, read_event, readable_original, uid_of_content
from reminder_kit.calendars.rrule import read_rule
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import Span, TimeKind, When
from reminder_kit.errors import CalendarError

NEW_YORK = ZoneInfo("America/New_York")
START = When(datetime(2026, 3, 2, 9), UTC, TimeKind.UTC)


def zones(tzid, line):
    if tzid == "Nowhere":
        raise CalendarError("is nowhere", line=line)
    return ZoneInfo(tzid) if tzid else NEW_YORK


def component_of(*lines, start="DTSTART:20260302T090000Z"):
    """Return a VEVENT whose BEGIN is line 10, and whose DTSTART is line 11."""
    text = "\n".join(["BEGIN:VEVENT", *([start] if start else []), *lines, "END:VEVENT"])
    return parse(text.encode(), 10, Limits())


def read(*lines, start="DTSTART:20260302T090000Z", method="", limits=None):
    """Return an event and what is said of it."""
    said = []
    component = component_of(*lines, start=start)
    event = read_event(component, method, 3, zones, limits or Limits(), lambda text, line: said.append((text, line)))
    return event, said


def refused(*lines, **changes):
    with pytest.raises(CalendarError) as told:
        read(*lines, **changes)
    return str(told.value), told.value.line


def test_a_bare_event_has_a_start_and_nothing_else():
    """Every other value is what RFC 5545 takes for it."""
    event, said = read()
    assert said == []
    assert (event.start, event.span, event.sequence, event.modified, event.position) == (START, Span(), 0, 0, 3)
    assert (event.status, event.replaces, event.onwards, event.method, event.line) == ("", None, False, "", 10)
    assert (event.rules, event.exceptions, event.extra, event.without) == ((), (), (), ())
    assert (event.order, event.recurs, event.is_cancellation, event.zones) == ((0, 0, 3), False, False, zones)


def test_each_value_of_an_event_is_read():
    """From its own property."""
    event, said = read(
        *("SEQUENCE: 4 ", "STATUS: tentative ", "LAST-MODIFIED:20260105T000000Z", "DTSTAMP:20260101T000000Z"),
        *("RRULE:FREQ=DAILY;COUNT=3", "EXRULE:FREQ=DAILY;COUNT=2", "RDATE:20260401T090000Z", "RDATE:20260402T090000Z"),
        *("EXDATE:20260303T090000Z,20260304T090000Z", "EXDATE;VALUE=DATE:20260305"),
        method="CANCEL",
    )
    assert said == []
    assert (event.sequence, event.status, event.modified) == (4, "TENTATIVE", 1767571200)
    assert (event.rules, event.exceptions) == (
        (read_rule("FREQ=DAILY;COUNT=3", 1)[0],),
        (read_rule("FREQ=DAILY;COUNT=2", 1)[0],),
    )
    assert [(when.wall.day, length) for when, length in event.extra] == [(1, None), (2, None)]
    assert [when.wall.day for when in event.without] == [3, 4, 5]
    assert (event.order, event.recurs, event.is_cancellation) == ((4, 1767571200, 3), True, True)
    assert read("RDATE:20260401T090000Z")[0].recurs
    assert not read("EXDATE:20260401T090000Z")[0].recurs


def test_a_stamp_is_when_it_was_modified_else_when_it_was_written():
    """One that cannot be read is as if it were not there."""
    assert read("DTSTAMP:20260101T000000Z")[0].modified == 1767225600
    assert read("LAST-MODIFIED:never", "DTSTAMP:20260101T000000Z")[0].modified == 1767225600
    assert read("LAST-MODIFIED:20260105T000000Z")[0].modified == 1767571200
    assert read("DTSTAMP:never")[0].modified == 0


def test_an_override_has_no_rules_of_its_own():
    """They are not even read; what it replaces is, with whether all that follow are meant."""
    lines = ("RRULE:nonsense", "EXRULE:nonsense", "RDATE:nonsense", "EXDATE:nonsense")
    event, said = read("RECURRENCE-ID:20260303T090000Z", *lines)
    assert (event.rules, event.exceptions, event.extra, event.without, said) == ((), (), (), (), [])
    assert event.replaces == When(datetime(2026, 3, 3, 9), UTC, TimeKind.UTC)
    assert not event.onwards
    assert read("RECURRENCE-ID;RANGE=thisandfuture:20260303T090000Z")[0].onwards
    assert not read("RECURRENCE-ID;RANGE=THISANDPRIOR:20260303T090000Z")[0].onwards


def test_what_names_an_appointment_may_have_no_start():
    """A cancellation, an answer or a question says what it is about by UID, or by an occurrence."""
    assert refused(start=None) == ("has no DTSTART", 10)
    assert refused(start=None, method="REQUEST") == ("has no DTSTART", 10)
    for method in ("CANCEL", "REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"):
        event, _ = read("DURATION:PT1H", start=None, method=method)
        assert (event.start, event.span) == (None, Span())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["DTSTART:20260303T090000Z"], ("has several DTSTART", 12)),
        (["DTSTART;VALUE=DATE-TIME:20260302T090000Z"], ("has several DTSTART", 12)),
        (["UID:a", "UID:b"], ("has several UID", 13)),
        (["UID:a", "UID:a", "UID:b"], ("has several UID", 13)),
        (["RECURRENCE-ID:20260303T090000Z", "RECURRENCE-ID:20260304T090000Z"], ("has several RECURRENCE-ID", 13)),
        (["RECURRENCE-ID:20260303T090000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z"],
         ("has several RECURRENCE-ID", 13)),
        (["RECURRENCE-ID:never"], ("RECURRENCE-ID (5 characters) is no date or time", 12)),
        (["RRULE:FREQ=OFTEN"], ("recurrence rule: FREQ is missing or unknown", 12)),
        (["X-PHONE:1", "EXRULE:FREQ=OFTEN"], ("recurrence rule: FREQ is missing or unknown", 13)),
    ],
)  # fmt: skip
def test_what_makes_an_event_unusable_is_named_with_its_line(lines, told):
    """Nobody knows which of several starts is meant, nor when it recurs."""
    assert refused(*lines) == told


@pytest.mark.parametrize(
    "lines",
    [["DTSTART: 20260302T090000Z "], ["UID:a", "UID:a "], ["RECURRENCE-ID:20260303T090000Z"] * 2, ["UID:a"]],
)
def test_the_same_said_twice_is_said_once(lines):
    """But for blanks around it."""
    assert read(*lines)[1] == []


def test_a_start_that_cannot_be_read_is_refused_by_its_name():
    """With its own line."""
    assert refused(start="DTSTART:never") == ("DTSTART (5 characters) is no date or time", 11)
    assert refused(start="DTSTART;TZID=Nowhere:20260302T090000") == ("DTSTART is nowhere", 11)


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        ("0", 0, None),
        ("7", 7, None),
        ("-1", 0, "'-1'"),
        ("many", 0, "(4 characters)"),
        ("n" * 30, 0, "(30 characters)"),
        ("1234567890", 0, "(10 characters)"),
    ],
)
def test_a_sequence_is_a_number_or_0(text, number, said):
    """Of what is none only a few digits are shown, else how long it is."""
    event, warnings = read("X-PHONE:1", f"SEQUENCE:{text}")
    assert event.sequence == number
    assert warnings == ([] if said is None else [(f"SEQUENCE {said} is no number: read as 0", 13)])


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (" Cancelled ", "CANCELLED", None),
        ("CANCELED", "CANCELLED", None),
        (" canceled", "CANCELLED", None),
        ("Cancel", "CANCELLED", None),
        (" ", "", None),
        ("Confirmed", "CONFIRMED", None),
        ("needs-action", "NEEDS-ACTION", "NEEDS-ACTION"),
        ("n" * 30, "N" * 30, "N" * 20),
    ],
)
def test_a_status_is_read_as_it_is_meant(text, status, said):
    """American spelling is plain; of what no event has twenty characters are shown."""
    event, warnings = read("X-PHONE:1", f"STATUS:{text}")
    assert event.status == status
    told = f"STATUS {said!r} is none that an event has: it is read as one that takes place"
    assert warnings == ([] if said is None else [(told, 13)])


def hours(number):
    return Span(0, timedelta(hours=number))


BEFORE = "DTEND lies before DTSTART: its end is left out"
MIXED = "DTSTART and DTEND are not both dates or both times"


@pytest.mark.parametrize(
    ("lines", "span", "said"),
    [
        ([], Span(), []),
        (["DTEND:20260302T103000Z"], hours(1.5), []),
        (["DTEND:20260302T090000Z"], Span(), []),
        (["DTEND:20260302T085959Z"], Span(), [(BEFORE, 12)]),
        (["DTEND;TZID=America/New_York:20260302T050000"], hours(1), []),
        (["DTEND;VALUE=DATE:20260303"], hours(20), [(MIXED, 12)]),
        (["DURATION:PT45M"], hours(0.75), []),
        (["DURATION:P1DT1H"], Span(1, timedelta(hours=1)), []),
        (["DURATION:-PT45M"], Span(), [("DURATION is negative: its end is left out", 12)]),
        (["DURATION:PT0S"], Span(), []),
        (["DURATION:PT45M", "DTEND:20260302T100000Z"], hours(1), []),
        (["DTEND:never", "DURATION:PT45M"], Span(), [("its end is left out: (5 characters) is no date or time", 12)]),
        (["DURATION:never"], Span(), [("its end is left out: (5 characters) is no duration", 12)]),
    ],
)
def test_how_long_an_event_of_times_is(lines, span, said):
    """By its end, else by its length, else not at all; an odd one is said and left out."""
    event, warnings = read(*lines)
    assert (event.span, warnings) == (span, said)


@pytest.mark.parametrize(
    ("lines", "span", "said"),
    [
        ([], Span(1), []),
        (["DTEND;VALUE=DATE:20260305"], Span(3), []),
        (["DTEND;VALUE=DATE:20260303"], Span(1), []),
        (["DTEND;VALUE=DATE:20260302"], Span(1), []),
        (["DTEND;VALUE=DATE:20260301"], Span(1), [(BEFORE, 12)]),
        (["DTEND:20260304T000000"], Span(2), [(MIXED, 12)]),
        (["DTEND:20260304T000001"], Span(3), [(MIXED, 12)]),
        (["DTEND:20260304T235959"], Span(3), [(MIXED, 12)]),
        (["DTEND:20260301T235959"], Span(1), [(MIXED, 12), (BEFORE, 12)]),
        (["DTEND:20260304T050000Z"], Span(2), [(MIXED, 12)]),
        (["DTEND:20260304T000000Z"], Span(2), [(MIXED, 12)]),
        (["DTEND;TZID=Asia/Tokyo:20260304T000000"], Span(2), [(MIXED, 12)]),
        (["DURATION:P3D"], Span(3), []),
        (["DURATION:P1W"], Span(7), []),
        (["DURATION:PT24H"], Span(1), []),
        (["DURATION:PT24H1S"], Span(2), []),
        (["DURATION:P1DT1S"], Span(2), []),
        (["DURATION:PT1S"], Span(1), []),
        (["DURATION:P0D"], Span(1), []),
        (["DURATION:-P1D"], Span(1), [("DURATION is negative: its end is left out", 12)]),
        (["DURATION:never"], Span(1), [("its end is left out: (5 characters) is no duration", 12)]),
    ],
)
def test_how_many_days_an_event_of_days_is(lines, span, said):
    """One where nothing is said; a day that is begun counts as a whole one."""
    event, warnings = read(*lines, start="DTSTART;VALUE=DATE:20260302")
    assert (event.span, warnings) == (span, said)


def test_an_empty_rule_and_an_unknown_part_are_said():
    """The other rules count; the same rule twice is one, and of fifty more none is read."""
    event, said = read(
        "RRULE: ; ", "EXRULE:", f"RRULE:FREQ=DAILY;{'X' * 30}=1;Y=2", "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY;Y=1"
    )
    assert said == [
        ("RRULE is empty: it repeats nothing", 12),
        ("RRULE: an unknown part is passed over", 14),
        ("EXRULE is empty: it repeats nothing", 13),
        ("EXRULE: an unknown part is passed over", 16),
    ]
    assert (event.rules, event.exceptions) == ((read_rule("FREQ=DAILY", 1)[0],),) * 2
    many = [f"RRULE:FREQ=DAILY;COUNT={count}" for count in range(1, 60)]
    assert [rule.count for rule in read(*many)[0].rules] == list(range(1, 51))


@pytest.mark.parametrize("name", ["RDATE", "EXDATE"])
def test_a_date_that_cannot_be_read_is_said_and_passed_over(name):
    """By the name of its list and its line."""
    event, said = read("X-PHONE:1", f"{name}:20260401T090000Z,never,20260402T090000Z")
    assert said == [(f"{name} (5 characters) is no date or time: it is passed over", 13)]
    assert len(event.extra or event.without) == 2


@pytest.mark.parametrize("name", ["RDATE", "EXDATE"])
def test_dates_are_as_many_as_allowed(name):
    """On one line, or on several; one more is refused by name, limit and line."""
    dates = [f"202604{day:02}T090000Z" for day in range(1, 5)]
    event, _ = read(f"{name}:{','.join(dates)}", limits=Limits(dates=4))
    assert len(event.extra or event.without) == 4
    message, line = refused(f"{name}:{','.join(dates)}", limits=Limits(dates=3))
    assert (message, line) == (f"{name} holds more than 3 dates", 12)
    event, _ = read(*[f"{name}:{one}" for one in dates], limits=Limits(dates=4))
    assert len(event.extra or event.without) == 4
    told = refused(*[f"{name}:{one}" for one in dates], limits=Limits(dates=3))
    assert told == (f"has more than 3 dates in {name}", 15)


def test_when_an_event_was_booked_is_when_it_was_created():
    """Not before 1971: that is what programs write that do not know it; nor when the file was written."""
    assert created(component_of("CREATED:20251224T080000Z")) == datetime(2025, 12, 24, 8, tzinfo=UTC)
    assert created(component_of("CREATED:19710101T000000Z")) == datetime(1971, 1, 1, tzinfo=UTC)
    assert created(component_of("CREATED:19701231T235959Z")) is None
    assert created(component_of("CREATED:never")) is None
    assert created(component_of("DTSTAMP:20251224T080000Z", "LAST-MODIFIED:20251224T080000Z")) is None


def test_the_original_start_of_an_event_that_cannot_be_read():
    """Where it can be read itself."""
    assert readable_original(component_of("RECURRENCE-ID:20260302T090000Z"), zones) == START
    assert readable_original(component_of("RECURRENCE-ID:never"), zones) is None
    assert readable_original(component_of(), zones) is None


def test_an_event_without_a_uid_is_known_by_what_it_says():
    """By its start, rule, original start, title and place, each in its own; by nothing else."""

    def uid(*lines, **changes):
        return uid_of_content(read(*lines, **changes)[0])

    base = ("SUMMARY:Visit", "LOCATION:Here", "RRULE:FREQ=DAILY")
    assert uid(*base) == uid(*reversed(base), "DESCRIPTION:x", "SEQUENCE:4", "DTEND:20260302T100000Z")
    others = [
        uid(*base, start="DTSTART:20260302T090001Z"), uid(*base[:2]), uid(*base, "RECURRENCE-ID:20260303T090000Z"),
        uid(*base[1:]), uid(base[0], base[2]), uid("SUMMARY:Here", "LOCATION:Visit", base[2]), uid(*base),
    ]  # fmt: skip
    assert len(set(others)) == 7
    for one in others:
        assert one.startswith("no-uid-")
        assert len(bytes.fromhex(one.removeprefix("no-uid-"))) == 8
    assert uid("SUMMARY:Visit") == "no-uid-" + KNOWN


KNOWN = "c51322428f69cadf"
"""What the ledgers of hosts hold for such an event: it must stay the same from version to version."""
