"""Splitting: where each event lies in a file, which of them can matter, and what is said of those that never end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.splitting import NAMELESS, Index, Object, Place, scan, uid_text
from reminder_kit.errors import CalendarError

LOW, HIGH = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)


def index_of(*lines, file=0, index=None, limits=None, end="\r\n"):
    """Return the index of a file of these lines, for ten days of March 2026."""
    index = index or Index.between(LOW, HIGH, limits or Limits())
    scan(BytesIO(end.join([*lines, ""]).encode()), file, index)
    return index


def calendar(*lines):
    return ["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]


def event(*lines, uid="a"):
    return ["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"]


def uids_of(index):
    return [uid for uid, _ in index.groups()]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_each_event_is_known_by_its_bytes_and_its_line(end):
    """What is cut out of the file at its place is the event, from its BEGIN to its END."""
    lines = calendar("X-A:1", *event("SUMMARY:one", " folded"), "X-B:2", *event("SUMMARY:two", uid="b"))
    data = end.join([*lines, ""]).encode()
    index = index_of(*lines, file=3, end=end)
    cut = {
        uid: [(place.file, place.calendar, place.line, data[place.offset : place.offset + place.length].decode())]
        for uid, (place,) in index.groups()
    }
    one, two = (end.join([*lines[at : at + length], ""]) for at, length in ((2, 5), (8, 4)))
    assert cut == {b"a": [(3, 0, 3, one)], b"b": [(3, 0, 9, two)]}
    assert (index.events, index.nameless, index.objects) == (2, 0, [Object(3, 1)])


def test_a_mark_of_its_encoding_is_no_part_of_a_file_s_first_line():
    """In that line only: what begins with it elsewhere is no property."""
    data = b"\xef\xbb\xbfBEGIN:VEVENT\nUID:a\nEND:VEVENT\n"
    index = Index.between(LOW, HIGH, Limits())
    assert scan(BytesIO(data), 0, index)
    assert index.places == {b"a": Place(0, 0, 3, len(data) - 3, 1)}
    assert uids_of(index_of("\ufeffBEGIN:VEVENT", "\ufeffUID:a", "END:VEVENT")) == [NAMELESS + b"1"]
    assert uids_of(index_of("X:1", "\ufeffBEGIN:VEVENT", "UID:a", "END:VEVENT")) == []
    assert uids_of(index_of("\ufeffX:1", "BEGIN:VEVENT", "UID:a", "END:VEVENT")) == [b"a"]


def test_all_components_of_one_uid_are_listed_under_it():
    """One, two or more of them, in the order of the file; a UID matters where one of them does."""
    far, near = "DTSTART:20200101T000000Z", "DTSTART:20260315T000000Z"
    lines = calendar(*event(far), *event(far, uid="b"), *event(near), *event(far), *event(near, uid="c"))
    index = index_of(*lines)
    assert [(uid, [place.line for place in places]) for uid, places in index.groups()] == [
        (b"a", [2, 10, 14]),
        (b"b", [6]),
        (b"c", [18]),
    ]
    assert index.wanted == {b"a", b"c"}
    assert isinstance(index.places[b"b"], Place)


def test_an_event_without_a_uid_has_a_key_of_its_own():
    """Each is counted; an empty UID is none, and of several the first counts."""
    index = index_of("BEGIN:VEVENT", "END:VEVENT", *event(uid=""), *event("UID:b", uid="a"), *event("UID:c", uid=" "))
    assert uids_of(index) == [NAMELESS + b"1", NAMELESS + b"2", b"a", b"c"]
    assert (index.events, index.nameless) == (4, 2)


@pytest.mark.parametrize("line", ["UID: a ", "UID;X=1:a", "uid:a", "UID :a", "\x00UID:a", "UID:\x00a", "UID:a\t"])
def test_a_uid_is_read_however_it_is_written(line):
    """With parameters, blanks, in small letters."""
    known = line[:3].upper() == "UID"
    assert uids_of(index_of("BEGIN:VEVENT", line, "END:VEVENT")) == [b"a" if known else NAMELESS + b"1"]


def test_a_value_stands_behind_quoted_colons_and_keeps_its_bytes():
    """But BEGIN and END have no parameters (RFC 5545, 3.4): what they name stands behind the first colon."""
    assert uids_of(index_of("BEGIN:VEVENT", 'UID;X="a:b":c', "END:VEVENT")) == [b"c"]
    data = b"BEGIN:VEVENT\nUID:Zo\xeb\nEND:VEVENT\n"
    index = Index.between(LOW, HIGH, Limits())
    scan(BytesIO(data), 0, index)
    assert uids_of(index) == [b"Zo\xeb"]
    assert uids_of(index_of('BEGIN;X="a:b":VEVENT', "UID:c", "END:VEVENT")) == []
    assert index_of("BEGIN:VEVENT", "UID:c", 'END;X="a:b":VEVENT').faults != []


def test_the_text_of_a_uid_is_what_its_bytes_mean():
    """Unescaped, without blanks around it; bytes that are not UTF-8 as Windows has them."""
    assert uid_text(b" a\\,b ") == "a,b"
    assert uid_text(b"Zo\xeb") == uid_text("Zoë".encode()) == "Zoë"


NEAR = "DTSTART:20260315T090000Z"
PAST = "DTSTART:20200101T090000Z"


@pytest.mark.parametrize(
    ("lines", "matters"),
    [
        ([NEAR], True),
        (["DTSTART:20260307T235959Z"], False),
        (["DTSTART:20260308T000000Z"], True),
        (["DTSTART:20260322T235959Z"], True),
        (["DTSTART:20260323T000000Z"], False),
        (["DTSTART;VALUE=DATE:20260308"], True),
        (["DTSTART;TZID=Europe/Berlin:20200101T090000"], False),
        (["DTSTART;TZID=Europe/Berlin:20260315T090000"], True),
        (["DTSTART: 20200101T090000Z"], False),
        ([], True),
        (["DTSTART:2020-01-01"], True),
        (["DTSTART:2020"], True),
        (["DTSTART:2020010"], True),
        ([PAST, "RRULE:FREQ=DAILY"], True),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=20260307T000000Z"], False),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=20260308T000000Z"], True),
        ([PAST, "RRULE:FREQ=DAILY;until=20260307"], False),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=2026-03-07"], True),
        ([PAST, "RRULE;X=1:FREQ=DAILY;UNTIL=20260307"], False),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=20260307", "RRULE:FREQ=DAILY;UNTIL=20260307"], True),
        (["DTSTART:20260308T000000Z", "RRULE:FREQ=DAILY"], True),
        (["DTSTART:20260323T000000Z", "RRULE:FREQ=DAILY"], False),
        (["DTSTART:20260322T000000Z", "RRULE:FREQ=DAILY"], True),
        ([PAST, "RDATE:20200102T090000Z"], True),
        ([PAST, "EXRULE:FREQ=DAILY"], True),
        ([PAST, "EXDATE:20200102T090000Z"], False),
        ([PAST, "RECURRENCE-ID:20200102T090000Z"], False),
        ([PAST, "RECURRENCE-ID;RANGE=THISANDFUTURE:20200102T090000Z"], True),
        ([PAST, "recurrence-id;range=thisandfuture:20200102T090000Z"], True),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=20200105", "RECURRENCE-ID;RANGE=THISANDFUTURE:20200102T090000Z"], True),
        ([PAST, "SUMMARY:RANGE"], False),
        ([PAST, "BEGIN:VALARM", NEAR, "RDATE:20260315", "END:VALARM"], False),
        ([PAST, NEAR], True),
        ([NEAR, PAST], True),
        ([PAST, "DTSTART:20200102T090000Z"], True),
        ([NEAR, "DTSTART:20290101T090000Z"], True),
        ([PAST, PAST], False),
        ([PAST, "DTSTART;X=1:20200101T100000Z"], False),
        ([PAST, "RRULE:FREQ=DAILY", "DESCRIPTION:x", "RRULE:FREQ=DAILY;UNTIL=20200105"], True),
        ([PAST, "RDATE:20200102T090000Z", "RRULE:FREQ=DAILY;UNTIL=20200105"], True),
        ([PAST, "DTSTAMP;X=RANGE:20200102T090000Z"], False),
        (["DTSTART:20260308T000000Z", "RRULE:FREQ=DAILY;UNTIL=20260307"], True),
        (["DTSTART;TZID=tzone://Microsoft/Custom:20200101T090000"], False),
        (['DTSTART;X="a:b":20260315T090000'], True),
    ],
)  # fmt: skip
def test_an_event_can_matter_unless_its_bytes_show_otherwise(lines, matters):
    """Within two days of the horizon, or where it recurs in a way that may lead there, or where nobody knows."""
    index = index_of(*calendar(*event(*lines)))
    assert index.wanted == ({b"a"} if matters else set())
    assert uids_of(index) == [b"a"]


@pytest.mark.parametrize(
    ("lines", "beyond"),
    [
        (["DTSTART:20260322T235959Z"], False),
        (["DTSTART:20260323T000000Z"], True),
        (["DTSTART:20260307T000000Z"], False),
        (["DTSTART:20260323T000000Z", "RDATE:20260315"], False),
        ([PAST, "RRULE:FREQ=DAILY;UNTIL=20200105"], False),
        (["DTSTART:20260323T000000Z", "RRULE:FREQ=DAILY"], True),
        (["DTSTART:20260323T000000Z", "STATUS;X=1: Cancelled "], False),
        (["DTSTART:20260323T000000Z", "STATUS: canceled"], False),
        (["DTSTART:20260323T000000Z", "STATUS:CONFIRMED", "STATUS:CANCELLED"], True),
        (["DTSTART:20260323T000000Z", "BEGIN:VALARM", "STATUS:CANCELLED", "END:VALARM"], True),
        ([], False),
    ],
)
@pytest.mark.parametrize(
    ("method", "defines"),
    [("PUBLISH", True), ("request", True), ("CANCEL", False), ("REPLY", False), ("COUNTER", False)],
)
def test_what_begins_after_the_horizon_and_takes_place_is_noted(lines, beyond, method, defines):
    """Of what cannot matter for that reason only."""
    index = index_of(*calendar(f"METHOD:{method}", *event(*lines), *event(*lines, uid="b")))
    assert index.later == ({b"a", b"b"} if beyond and defines else set())


def test_the_horizon_has_a_margin_of_two_days_up_to_the_ends_of_time():
    """As dates of eight digits, that sort as bytes."""
    index = Index.between(LOW, HIGH, Limits(events=7))
    assert (index.low, index.high, index.limits) == (b"20260308", b"20260322", Limits(events=7))
    first, last = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
    ends = Index.between(first, last, Limits())
    assert (ends.low, ends.high) == (b"00000000", b"99999999")
    ends = Index.between(first + timedelta(days=1), last - timedelta(days=1), Limits())
    assert (ends.low, ends.high) == (b"00010101", b"99991231")


def test_a_calendar_object_says_what_holds_for_its_events():
    """METHOD and X-WR-TIMEZONE, of it and of no component within it; the last of several counts."""
    lines = [
        *calendar("METHOD: request ", "X-WR-TIMEZONE: Europe/Berlin ", *event("METHOD:CANCEL")),
        *calendar("method;X=1:Cancel", "METHOD:reply", *event(uid="b"), "X-WR-TIMEZONE:Asia/Tokyo"),
        *calendar(*event("X-WR-TIMEZONE:Asia/Tokyo", "METHOD:CANCEL", uid="c"), "METHODS:CANCEL", "X-WR-TIMEZONES:x"),
    ]
    index = index_of(*lines, file=2)
    assert index.objects == [
        Object(2, 1, "REQUEST", "Europe/Berlin"),
        Object(2, 9, "REPLY", "Asia/Tokyo"),
        Object(2, 17),
    ]
    assert [places[0].calendar for _, places in index.groups()] == [0, 1, 2]


def test_vtimezones_are_found_by_their_names():
    """In small letters, without quotes; the first of a name counts, and each calendar object has its own."""
    zone = ["BEGIN:VTIMEZONE", 'TZID: "Europe/Berlin" ', "BEGIN:STANDARD", "TZID:no", "END:STANDARD", "END:VTIMEZONE"]
    lines = [*calendar(*zone, *zone, "BEGIN:VTIMEZONE", "TZID;X=1:Other", "END:VTIMEZONE"), *calendar(*event())]
    data = "\r\n".join([*lines, ""]).encode()
    index = index_of(*lines, file=4)
    first, second = index.objects
    assert list(first.zones) == ["europe/berlin", "other"]
    named = ["BEGIN:VTIMEZONE", "TZID:z", "TZIDS:no", "UID:no", "DTSTAMP:1", "END:VTIMEZONE"]
    assert list(index_of(*calendar(*named)).objects[0].zones) == ["z"]
    within = index_of(*calendar("BEGIN:X", *named, "END:X", *event()))
    assert (within.objects[0].zones, uids_of(within)) == ({}, [b"a"])
    place = first.zones["europe/berlin"]
    assert (place.file, place.calendar, place.line) == (4, 0, 2)
    assert data[place.offset : place.offset + place.length].decode() == "\r\n".join([*zone, ""])
    assert first.zones["other"].line == 14
    assert second.zones == {}


def test_a_vtimezone_may_be_as_large_as_an_event():
    """One that is larger is as if it were not there."""
    zone = ["BEGIN:VTIMEZONE", "TZID:z", "X:" + "x" * 100, "END:VTIMEZONE"]
    size = sum(len(line) + 2 for line in zone)
    assert list(index_of(*calendar(*zone), limits=Limits(event_bytes=size)).objects[0].zones) == ["z"]
    assert list(index_of(*calendar(*zone), limits=Limits(event_bytes=size - 1)).objects[0].zones) == []


def test_an_event_that_is_too_large_is_a_fault():
    """By a byte; one of the most bytes is none."""
    lines = event("X:" + "x" * 100)
    size = sum(len(line) + 2 for line in lines)
    assert index_of(*calendar(*lines), limits=Limits(event_bytes=size)).faults == []
    index = index_of(*calendar(*lines), file=1, limits=Limits(event_bytes=size - 1))
    assert index.faults == [(f"is larger than {size - 1} bytes", "a", 2, 1)]
    assert (uids_of(index), index.events) == ([], 1)


def test_events_without_a_calendar_are_in_one_of_their_own():
    """Each, with its own line."""
    index = index_of(*event(), *event(uid="b"), file=1)
    assert index.objects == [Object(1, 1), Object(1, 4)]
    assert [places[0].calendar for _, places in index.groups()] == [0, 1]


@pytest.mark.parametrize("outer", ["X-BOX", "VTIMEZONE", "VALARM", "VEVENT"])
def test_an_event_within_another_component_is_none(outer):
    """Whether that stands in a calendar or alone."""
    lines = [f"BEGIN:{outer}", "BEGIN:X-IN", *event(uid="no"), "END:X-IN", f"END:{outer}"]
    if outer != "VEVENT":
        assert uids_of(index_of(f"BEGIN:{outer}", *event(uid="no"), f"END:{outer}", *event())) == [b"a"]
        assert uids_of(index_of(*lines, *event())) == [b"a"]
        assert uids_of(index_of(*calendar(*lines, *event()))) == [b"a"]
    assert index_of("BEGIN:X-BOX", *calendar(*event(uid="b")), "END:X-BOX").places.keys() == {b"b"}


NEVER_ENDS = "never ends: its END:VEVENT is missing"


def test_an_event_that_never_ends_is_a_fault_and_the_next_one_is_read():
    """Another event, a calendar, or the end of its own calendar tells that it did not end; so does the file's."""
    open_ = ["BEGIN:VEVENT", "UID:open"]
    for follows, wanted in (
        (event(), [b"a"]),
        (["END:VCALENDAR", *calendar(*event())], [b"a"]),
        (calendar(*event()), [b"a"]),
        (["BEGIN:VALARM", *event()], [b"a"]),
        (["BEGIN:VALARM", "BEGIN:X", *event()], [b"a"]),
    ):
        index = index_of("BEGIN:VCALENDAR", *open_, *follows, "END:VCALENDAR", file=5)
        assert index.faults == [(NEVER_ENDS, "open", 2, 5)]
        assert (uids_of(index), index.events) == (wanted, 2)
    assert index_of("BEGIN:VCALENDAR", *open_, "END:VCALENDAR", file=5).faults == [(NEVER_ENDS, "open", 2, 5)]
    index = index_of(*open_, "BEGIN:VCALENDAR", "END:VCALENDAR", file=5)
    assert (index.faults, index.ended_early) == ([(NEVER_ENDS, "open", 1, 5)], "")
    index = index_of("BEGIN:VCALENDAR", *open_, *event(), "METHOD:CANCEL", "END:VCALENDAR", *event(uid="b"))
    assert [one.method for one in index.objects] == ["CANCEL", ""]
    index = index_of("BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:x", file=5)
    assert index.faults == [("is cut off: the input ends within it", None, 2, 5)]
    assert index.events == 1


def test_a_calendar_that_never_ends_is_said_once():
    """Where the next one begins, or where the file ends; the first of several is told."""
    assert index_of(*calendar(*event())).ended_early == ""
    index = index_of("BEGIN:VCALENDAR", *event(), *calendar(*event(uid="b")))
    assert index.ended_early == "the calendar before line 5 never ended"
    assert [places[0].calendar for _, places in index.groups()] == [0, 1]
    assert index_of("BEGIN:VCALENDAR", *event()).ended_early == "the input ends within VCALENDAR at line 4"
    cut = index_of("BEGIN:VCALENDAR", "BEGIN:VEVENT", "BEGIN:VALARM")
    assert cut.ended_early == "the input ends within VCALENDAR at line 3"
    index = index_of("BEGIN:VCALENDAR", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR")
    assert index.ended_early == "the calendar before line 2 never ended"
    assert index_of(*event()[:-1]).ended_early == "the input ends within VEVENT at line 2"
    assert index_of(f"BEGIN:{'X' * 30}").ended_early == f"the input ends within {'X' * 20} at line 1"
    assert index_of("BEGIN:VCALENDAR", index=index_of("BEGIN:X")).ended_early == "the input ends within X at line 1"


def test_what_was_open_before_a_calendar_is_closed_by_it():
    """Its events are read as those of any other."""
    index = index_of("BEGIN:X-BOX", "BEGIN:X-BOX", *calendar("METHOD:CANCEL", *event()))
    assert (uids_of(index), index.objects) == ([b"a"], [Object(0, 3, "CANCEL")])
    assert index.ended_early == "the calendar before line 3 never ended"


@pytest.mark.parametrize("stray", ["END:VEVENT", "END:VCALENDAR", "END:X", "END:", "END"])
def test_a_stray_end_closes_nothing(stray):
    """Before a calendar and before an event."""
    lines = ["BEGIN:VCALENDAR", *event(), "END:VCALENDAR"]
    assert uids_of(index_of(stray, *lines)) == [b"a"]
    if stray != "END:VCALENDAR":
        assert index_of(lines[0], stray, *lines[1:]).objects == [Object(0, 1)]
        assert uids_of(index_of(lines[0], stray, *lines[1:])) == [b"a"]


def test_an_end_closes_what_was_left_open_within_it():
    """An alarm or a zone without an end costs neither its event nor what follows."""
    index = index_of(*calendar(*event("BEGIN:VALARM", "BEGIN:X"), "METHOD:CANCEL", *event(uid="b")))
    assert (uids_of(index), index.objects[0].method) == ([b"a", b"b"], "CANCEL")
    index = index_of(*calendar("BEGIN:VTIMEZONE", "TZID:z", "BEGIN:STANDARD"), *calendar(*event()))
    assert list(index.objects[0].zones) == ["z"]
    assert uids_of(index) == [b"a"]


@pytest.mark.parametrize(("depth", "is_fault"), [(2, True), (3, False)])
def test_components_nest_so_deep_and_no_deeper(depth, is_fault):
    """What is within too many others is a fault of its event, and concerns no other."""
    lines = calendar(*event("BEGIN:VALARM", "UID:no", "END:VALARM", PAST), *event(uid="b"))
    index = index_of(*lines, limits=Limits(depth=depth))
    assert index.faults == ([("nests deeper than 2 components", "a", 2, 0)] if is_fault else [])
    assert uids_of(index) == ([b"b"] if is_fault else [b"a", b"b"])
    deep = ["BEGIN:VEVENT", *["BEGIN:X"] * 2, "UID:no", "END:X", "UID:no", "END:X", "UID:a", "END:VEVENT"]
    assert index_of(*calendar(*deep), limits=Limits(depth=2)).faults == [("nests deeper than 2 components", "a", 2, 0)]


def test_of_two_faults_the_first_is_told():
    """A line that was too long before anything lay too deep."""
    lines = event(f"DTSTAMP:{'1' * 50}", "BEGIN:X", "BEGIN:X", "END:X", "END:X")
    index = index_of(*lines, limits=Limits(depth=2, line_bytes=50))
    assert [message for message, *_ in index.faults] == ["has a line longer than 50 bytes at line 3"]


def test_what_is_too_deep_outside_of_events_is_no_fault():
    """Nor does it hide what follows, or what breaks in."""
    limits = Limits(depth=1)
    assert index_of("BEGIN:X", "BEGIN:X", "BEGIN:X", "END:X", "END:X", "END:X", *event(), limits=limits).faults == []
    index = index_of("BEGIN:VEVENT", "UID:a", "BEGIN:X", "BEGIN:X", *event(uid="b"), limits=limits)
    assert index.faults == [(NEVER_ENDS, "a", 1, 0)]
    assert uids_of(index) == [b"b"]
    assert uids_of(index_of("BEGIN:X", "BEGIN:X", *calendar(), *event(uid="b"), limits=limits)) == [b"b"]


@pytest.mark.parametrize(
    "name",
    ["BEGIN", "END", "UID", "DTSTART", "RRULE", "RDATE", "RECURRENCE-ID", "EXRULE", "EXDATE", "METHOD",
     "X-WR-TIMEZONE", "TZID", "DTSTAMP"],
)  # fmt: skip
def test_a_line_too_long_that_decides_makes_its_event_a_fault(name):
    """By a byte, its end counted, with its own line; as it would mean something else if it were cut."""
    fits, over = (f"{name};X={'x' * (size - 7 - len(name))}:1" for size in (52, 53))
    limits = Limits(line_bytes=52)
    if name not in ("BEGIN", "END"):
        assert index_of(*calendar(*event(fits)), limits=limits).faults == []
    index = index_of(*calendar(*event(over, "END:1" if name == "BEGIN" else "X:1")), limits=limits)
    assert index.faults[:1] == [("has a line longer than 52 bytes at line 4", "a", 2, 0)]
    assert index_of(over.replace("BEGIN", "X").replace("END", "X"), *event(), limits=limits).faults == []


@pytest.mark.parametrize("length", [47, 48, 49, 50, 51, 99, 100, 101, 102, 500])
@pytest.mark.parametrize("name", ["SUMMARY", "DESCRIPTION", "ATTENDEE", "X-A", "ATTACH", "DUE"])
def test_a_line_too_long_that_decides_nothing_is_none(name, length):
    """However long it is; the next lines are read, and are where they are."""
    lines = calendar(*event(f"{name}:{'x' * (length - len(name) - 1)}", PAST), *event(uid="b"))
    index = index_of(*lines, limits=Limits(line_bytes=50))
    assert index.faults == []
    data = "\r\n".join([*lines, ""]).encode()
    place = index.places[b"b"]
    assert data[place.offset : place.offset + place.length] == b"BEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\n"
    assert place.line == 7


def test_events_and_lines_are_as_many_as_allowed():
    """One more is an error that names the limit."""
    assert index_of(*event(), *event(), limits=Limits(events=2)).events == 2
    with pytest.raises(CalendarError) as caught:
        index_of(*event(), *event(), *event(), limits=Limits(events=2))
    assert str(caught.value) == "the calendar holds more than 2 events; raise its limit `events`"
    assert index_of(*event(), limits=Limits(lines=3)).events == 1
    with pytest.raises(CalendarError) as caught:
        index_of(*event(), limits=Limits(lines=2))
    assert str(caught.value) == "the calendar has more than 2 lines; raise its limit `lines`"


def test_of_very_many_faults_one_more_is_kept_than_are_told():
    """All of them are counted as events."""
    index = index_of(*["BEGIN:VEVENT"] * 9, "END:VEVENT", limits=Limits(errors=3))
    assert (len(index.faults), index.events) == (4, 9)


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ([], False),
        (["X:1"], False),
        (["BEGIN:X", "END:X"], False),
        (["BEGIN:VCALENDAR"], True),
        (["begin: vevent "], True),
        (["BEGIN;X=1:VEVENT"], True),
        (["BEGIN:VTIMEZONE"], True),
    ],
)
def test_a_file_without_a_calendar_or_an_event_says_so(lines, seen):
    """What is in it besides does not matter."""
    index = Index.between(LOW, HIGH, Limits())
    assert scan(BytesIO("\n".join(lines).encode()), 0, index) is seen


def test_of_a_folded_line_some_thousands_of_bytes_are_looked_at():
    """Enough for any UID and rule."""
    uid = "u" * 5000
    folded = ["BEGIN:VEVENT", "UID:" + uid[:4000], " " + uid[:500], " " + uid[:500], "END:VEVENT"]
    assert [len(found) for found in uids_of(index_of(*folded))] == [4500]
    folded[1] = "UID:" + uid[:4091]
    assert [len(found) for found in uids_of(index_of(*folded))] == [4591]
    folded[1] = "UID:" + uid[:4092]
    assert [len(found) for found in uids_of(index_of(*folded))] == [4092]


def test_a_fold_belongs_to_what_stands_before_it():
    """By a blank or a tab; one behind a line that is not looked at belongs to nothing."""
    assert uids_of(index_of("BEGIN:VEVENT", "UID:a", " b", "\tc ", "END:VEVENT")) == [b"abc"]
    assert uids_of(index_of("BEGIN:VEVENT", "UID:a", "SUMMARY:x", " b", "END:VEVENT")) == [b"a"]
    assert uids_of(index_of("BEGIN:VEVENT", "SUMMARY:x", " UID:b", "END:VEVENT")) == [NAMELESS + b"1"]
    long = index_of("BEGIN:VEVENT", "UID:a", " " + "b" * 50, "END:VEVENT", limits=Limits(line_bytes=20))
    assert uids_of(long) == [b"a" + b"b" * 20]
    assert uids_of(index_of(" UID:x", "BEGIN:VEVENT", " ", "UID:a", "END:VEVENT")) == [b"a"]
    assert uids_of(index_of("BEGIN:VEVENT", "UID:a", "END:VEV", " ENT")) == [b"a"]
