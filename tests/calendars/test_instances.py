"""Instances: what the events of one UID make of each other, seen without a file around them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.calendars.content_lines import parse
from reminder_kit.calendars.events import read_event
from reminder_kit.calendars.recurrence import Budget
from reminder_kit.calendars.series import answers, instances, series_of
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.values import as_when, recurrence_text
from reminder_kit.errors import CalendarError

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LOW, HIGH = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def zones(tzid, line):
    return ZoneInfo(tzid) if tzid else NEW_YORK


def event_of(title, *lines, start="DTSTART:20260302T090000Z", method="", position=0, calendar=zones):
    """Return a VEVENT of that title; each later one of a UID has a further position."""
    text = "\n".join(["BEGIN:VEVENT", f"SUMMARY:{title}", *([start] if start else []), *lines, "END:VEVENT"])
    return read_event(parse(text.encode(), 1, Limits()), method, position, calendar, Limits(), lambda *_: None)


def series_with(*events, hidden=()):
    return series_of([*_placed(events)], hidden, people)


def _placed(events):
    for position, event in enumerate(events):
        event.position = position
        yield event


def people(event):
    return frozenset(one.value for one in event.component.all("X-PHONE"))


def made(series, low=LOW, high=HIGH, limits=None, budget=None):
    return instances(series, low, high, limits or Limits(), budget or Budget(10**6))


def told(series, **options):
    """Return each instance in a line: when, by which event, how long, for which original start, whether it is off."""
    lines = []
    for one in made(series, **options):
        words = [f"{one.at:%m-%d %H:%M}", one.event.component.value("SUMMARY")]
        words += [] if one.ends_at == one.at else [f"+{(one.ends_at - one.at).total_seconds() / 60:g}m"]
        words += [] if one.original is None else [f"of {recurrence_text(one.original)[5:16]}"]
        words += (["once"] if one.is_one else []) + (["off"] if one.cancelled else [])
        lines.append(" ".join(words))
    return lines


WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4"
DAYS = ["02", "09", "16", "23"]


def weekly(*lines, **changes):
    return event_of("week", WEEKLY, *lines, **changes)


def override(title, day, *lines, start=None, range_="", **changes):
    """Return an override of the instance of a day of March at nine, by default without moving it."""
    line = f"RECURRENCE-ID{range_}:202603{day}T090000Z"
    return event_of(title, line, *lines, start=start or f"DTSTART:202603{day}T090000Z", **changes)


def onwards(title, day, *lines, **changes):
    return override(title, day, *lines, range_=";RANGE=THISANDFUTURE", **changes)


def test_an_event_that_happens_once_has_no_original_start():
    """And describes one occurrence only."""
    assert told(series_with(event_of("one", "DURATION:PT30M"))) == ["03-02 09:00 one +30m once"]


def test_each_instance_of_a_series_has_the_start_it_was_given():
    """Its length is that of the first."""
    assert told(series_with(weekly("DTEND:20260302T101500Z"))) == [
        f"03-{day} 09:00 week +75m of 03-{day}T09:00" for day in DAYS
    ]
    assert told(series_with()) == []


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"])
def test_what_answers_or_asks_describes_nothing(method):
    """Only replies are kept, for what they say of people."""
    series = series_with(weekly(), weekly("SEQUENCE:5", method=method))
    assert len(told(series)) == 4
    assert series.master.method == ""
    assert len(series.replies) == (method == "REPLY")
    assert told(series_with(weekly(method=method))) == []


@pytest.mark.parametrize("method", ["", "REQUEST", "PUBLISH", "X-OTHER"])
def test_every_other_method_describes_an_appointment(method):
    """Whatever it is called."""
    assert len(told(series_with(weekly(method=method)))) == 4


def test_the_greatest_sequence_then_stamp_then_place_counts():
    """Of the whole, and of each override."""
    stamps = ("LAST-MODIFIED:20260101T000000Z", "LAST-MODIFIED:20260102T000000Z")
    for old, new in ((["SEQUENCE:1", stamps[1]], ["SEQUENCE:2", stamps[0]]), ([stamps[0]], [stamps[1]])):
        for turned in (False, True):
            versions = [event_of("old", *old), event_of("new", *new)]
            assert told(series_with(*(versions[::-1] if turned else versions))) == ["03-02 09:00 new once"]
            versions = [override("old", "09", *old), override("new", "09", *new)]
            found = told(series_with(weekly(), *(versions[::-1] if turned else versions)))
            assert found[1] == "03-09 09:00 new of 03-09T09:00 once"
    assert told(series_with(override("old", "09"), override("new", "09"), weekly()))[1].startswith("03-09 09:00 new")


def test_a_cancellation_of_the_whole_counts_where_it_is_the_last_word():
    """Then all that is no newer is off; what was said after it takes place."""
    cancel = event_of("cancel", "SEQUENCE:1", method="CANCEL", start=None)
    series = series_with(weekly(), cancel)
    assert told(series) == [f"03-{day} 09:00 week of 03-{day}T09:00 off" for day in DAYS]
    assert (series.master.method, series.cancelled, series.revision) == ("", cancel, (1, 0))
    series = series_with(weekly("SEQUENCE:2"), cancel)
    assert (len(told(series)), series.cancelled, series.revision) == (4, None, (2, 0))
    assert not [line for line in told(series) if line.endswith("off")]
    newer = override("moved", "09", "SEQUENCE:2")
    assert told(series_with(weekly(), cancel, newer)) == [
        "03-02 09:00 week of 03-02T09:00 off",
        "03-09 09:00 moved of 03-09T09:00 once",
        "03-16 09:00 week of 03-16T09:00 off",
        "03-23 09:00 week of 03-23T09:00 off",
    ]
    assert series_with().revision is None
    for older in (override("one", "09"), onwards("rest", "09"), event_of("other", start="DTSTART:20260309T100000Z")):
        assert all(line.endswith("off") for line in told(series_with(weekly(), older, cancel)))


def test_a_cancellation_alone_is_its_own_master():
    """Off, where it says when; where it does not, there is nothing to tell."""
    alone = event_of("cancel", WEEKLY, method="CANCEL")
    series = series_with(alone)
    assert (series.master, series.cancelled) == (alone, alone)
    assert told(series) == [f"03-{day} 09:00 cancel of 03-{day}T09:00 off" for day in DAYS]
    assert told(series_with(event_of("cancel", method="CANCEL", start=None))) == []


def test_a_status_of_cancelled_concerns_the_event_that_has_it():
    """The series, one instance, or one and all that follow."""
    assert all(line.endswith("off") for line in told(series_with(weekly("STATUS:CANCELLED"))))
    assert told(series_with(weekly(), override("off", "09", "STATUS:cancelled")))[:2] == [
        "03-02 09:00 week of 03-02T09:00",
        "03-09 09:00 off of 03-09T09:00 once off",
    ]
    assert told(series_with(weekly(), onwards("rest", "16", "STATUS:CANCELLED")))[1:3] == [
        "03-09 09:00 week of 03-09T09:00",
        "03-16 09:00 rest of 03-16T09:00 off",
    ]


def test_the_cancellation_of_an_instance_leaves_the_words_of_its_last_description():
    """One that was described before it; without one it speaks for itself, at the original start."""
    cancel = override("cancel", "09", "SEQUENCE:2", method="CANCEL")
    cancel.start = None
    moved = override("moved", "09", "SEQUENCE:1", start="DTSTART:20260310T100000Z")
    assert told(series_with(weekly(), moved, cancel))[1] == "03-10 10:00 moved of 03-09T09:00 once off"
    assert told(series_with(weekly(), cancel))[1] == "03-09 09:00 cancel of 03-09T09:00 once off"
    later = override("later", "09", "SEQUENCE:3")
    assert told(series_with(weekly(), moved, cancel, later))[1] == "03-09 09:00 later of 03-09T09:00 once"
    bare = event_of("bare", "RECURRENCE-ID:20260309T090000Z", start=None, method="CANCEL")
    assert told(series_with(bare)) == ["03-09 09:00 bare of 03-09T09:00 once off"]


def test_this_and_future_holds_from_its_instant_until_the_next():
    """The last that began counts; each moves the clock by as much as it was itself moved, and brings its length."""
    series = series_with(
        weekly("DURATION:PT1H"),
        onwards("second", "09", "DURATION:PT5M", start="DTSTART:20260310T100000Z"),
        onwards("third", "16", start="DTSTART:20260315T080000Z"),
    )
    assert told(series) == [
        "03-02 09:00 week +60m of 03-02T09:00",
        "03-10 10:00 second +5m of 03-09T09:00",
        "03-15 08:00 third of 03-16T09:00",
        "03-22 08:00 third of 03-23T09:00",
    ]
    assert told(series_with(weekly(), onwards("all", "02"))) == [
        f"03-{day} 09:00 all of 03-{day}T09:00" for day in DAYS
    ]


def test_this_and_future_that_is_off_moves_nothing():
    """Whether by its status, by a cancellation, or by one that says no start."""
    later = "DTSTART:20260317T100000Z"
    assert told(series_with(weekly(), onwards("rest", "16", "STATUS:CANCELLED", start=later)))[2:] == [
        "03-16 09:00 rest of 03-16T09:00 off",
        "03-23 09:00 rest of 03-23T09:00 off",
    ]
    cancel = onwards("rest", "16", "SEQUENCE:1", method="CANCEL", start=later)
    assert told(series_with(weekly(), cancel))[2:] == [
        "03-16 09:00 rest of 03-16T09:00 off",
        "03-23 09:00 rest of 03-23T09:00 off",
    ]
    cancel.start = None
    assert told(series_with(weekly(), onwards("said", "16", "DURATION:PT5M"), cancel))[1:] == [
        "03-09 09:00 week of 03-09T09:00",
        "03-16 09:00 said +5m of 03-16T09:00 off",
        "03-23 09:00 said +5m of 03-23T09:00 off",
    ]


@pytest.mark.parametrize(("moved", "day"), [(12, "14"), (-12, "18")])
def test_this_and_future_is_found_where_it_leads(moved, day):
    """By twelve days, later or sooner, in a window of the one day that it leads to."""
    to = datetime(2026, 3, 9, 9) + timedelta(days=moved)
    daily = event_of("day", "RRULE:FREQ=DAILY;COUNT=90", start="DTSTART:20260220T090000Z")
    series = series_with(daily, onwards("rest", "09", start=f"DTSTART:{to:%Y%m%dT%H%M%S}Z"))
    at = datetime(2026, 4, 10, tzinfo=UTC)
    original = datetime(2026, 4, 10) - timedelta(days=moved)
    assert told(series, low=at, high=at + timedelta(days=1)) == [f"04-10 09:00 rest of {original:%m-%d}T09:00"]
    back = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(days=moved)
    assert told(series, low=back, high=back + timedelta(days=1)) == (
        [f"{back:%m-%d} 09:00 rest of 03-09T09:00"]
        if moved > 0
        else ["02-25 09:00 day of 02-25T09:00", "02-25 09:00 rest of 03-09T09:00"]
    )


def test_this_and_future_keeps_its_own_wall_clock():
    """It is moved by its zone's clock, whatever the series' own clock does."""
    rest = onwards("rest", "09", start="DTSTART;TZID=America/New_York:20260309T060000")
    series = series_with(weekly(), rest)
    assert told(series, high=HIGH)[1:] == [f"03-{day} 10:00 rest of 03-{day}T09:00" for day in DAYS[1:]]
    berlin = weekly(start="DTSTART;TZID=Europe/Berlin:20260302T100000")
    series = series_with(berlin, event_of("rest", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260316T090000Z",
                                          start="DTSTART;TZID=Europe/Berlin:20260317T110000"))  # fmt: skip
    assert told(series)[2:] == ["03-17 10:00 rest of 03-16T09:00", "03-24 10:00 rest of 03-23T09:00"]


def test_without_a_master_an_instance_is_told_once():
    """By what is said of it alone, where it begins what is said of all that follow as well."""
    one = override("one", "09", start="DTSTART:20260309T110000Z")
    rest = onwards("rest", "09", start="DTSTART:20260309T100000Z")
    for events in ((one, rest), (rest, one)):
        assert told(series_with(*events)) == ["03-09 11:00 one of 03-09T09:00 once"]
    assert len(told(series_with(rest, override("other", "16")))) == 2


def test_overrides_without_a_master_speak_for_themselves():
    """Those of one instance, and those of all that follow, each once."""
    series = series_with(onwards("rest", "16"), override("one", "09", start="DTSTART:20260310T090000Z"))
    assert told(series) == ["03-10 09:00 one of 03-09T09:00 once", "03-16 09:00 rest of 03-16T09:00 once"]
    master = event_of("cancel", method="CANCEL", start=None)
    assert told(series_with(master, onwards("rest", "16", "SEQUENCE:1"))) == ["03-16 09:00 rest of 03-16T09:00 once"]


@pytest.mark.parametrize(("start", "found"), [("20260308T235959Z", 0), ("20260309T000000Z", 1), ("20260309T235959Z", 1),
                                              ("20260310T000000Z", 0)])  # fmt: skip
def test_the_window_is_half_open_for_all_that_is_found(start, found):
    """A single event, an instance, an override, one beside another, one of several appointments of its UID."""
    window = {"low": datetime(2026, 3, 9, tzinfo=UTC), "high": datetime(2026, 3, 10, tzinfo=UTC)}
    dtstart = f"DTSTART:{start}"
    assert len(told(series_with(event_of("one", start=dtstart)), **window)) == found
    assert len(told(series_with(event_of("one", "RDATE:20270101T000000Z", start=dtstart)), **window)) == found
    far = event_of("far", WEEKLY, start="DTSTART:20260401T090000Z")
    original = "RECURRENCE-ID:20260401T090000Z"
    moved = [event_of("moved", original, f"X-PHONE:{number}", start=dtstart) for number in (1, 2)]
    assert len(told(series_with(far, moved[0]), **window)) == found
    assert len(told(series_with(far, *moved), **window)) == 2 * found
    assert len(told(series_with(far, event_of("beside", start=dtstart)), **window)) == found


def test_other_appointments_of_a_uid_are_told_beside_the_newest():
    """Each by its own start, although it happens once; a range of one concerns no other."""
    first, second = event_of("one", start="DTSTART:20260303T090000Z"), weekly("DURATION:PT5M")
    series = series_with(first, second, onwards("rest", "16", "DURATION:PT10M"))
    assert series.shares
    assert told(series) == [
        "03-02 09:00 week +5m of 03-02T09:00",
        "03-03 09:00 one of 03-03T09:00 once",
        "03-09 09:00 week +5m of 03-09T09:00",
        "03-16 09:00 rest +10m of 03-16T09:00",
        "03-23 09:00 rest +10m of 03-23T09:00",
    ]
    series = series_with(second, first, onwards("rest", "16", "DURATION:PT10M"))
    assert told(series)[3] == "03-16 09:00 week +5m of 03-16T09:00"


def test_an_override_for_other_people_stands_beside_another():
    """Each of its people is told; a newer one replaces both."""
    one, two = (override(f"for {number}", "09", f"X-PHONE:{number}") for number in (1, 2))
    series = series_with(weekly(), one, two)
    both = ["03-09 09:00 for 1 of 03-09T09:00 once", "03-09 09:00 for 2 of 03-09T09:00 once"]
    assert sorted(told(series)[1:3]) == both
    assert len(told(series)) == 5
    assert set(series.whose) == {one, two}
    newer = override("for all", "09", "X-PHONE:1", "SEQUENCE:1")
    assert told(series_with(weekly(), one, two, newer))[1:3] == [
        "03-09 09:00 for all of 03-09T09:00 once",
        "03-16 09:00 week of 03-16T09:00",
    ]
    cancel = override("cancel", "09", method="CANCEL")
    assert told(series_with(weekly(), one, two, cancel))[1:3] == [f"{both[1]} off", "03-16 09:00 week of 03-16T09:00"]
    between = series_with(weekly(), one, override("cancel", "09", method="CANCEL"), two)
    assert sorted(told(between)[1:3]) == both
    off = series_with(weekly(), override("off", "09", "X-PHONE:1", "STATUS:CANCELLED"), two)
    assert sorted(told(off)[1:3]) == [both[1], "03-09 09:00 off of 03-09T09:00 once off"]


def test_an_instance_that_is_moved_twice_is_where_it_was_moved_last():
    """Another start of an override is no other appointment for the same people, whatever its SEQUENCE."""
    first, second = (
        override(f"at {hour}", "09", "X-PHONE:1", start=f"DTSTART:20260309T{hour}0000Z") for hour in (10, 11)
    )
    assert told(series_with(weekly(), first, second))[1:3] == [
        "03-09 11:00 at 11 of 03-09T09:00 once",
        "03-16 09:00 week of 03-16T09:00",
    ]


def test_of_appointments_of_one_start_an_override_is_of_that_for_the_same_people():
    """The others keep their instance; where nobody's is meant, it is of all of them."""
    one, two = weekly("X-PHONE:1"), event_of("other", WEEKLY, "X-PHONE:2")
    moved = override("moved", "09", "X-PHONE:2", start="DTSTART:20260310T090000Z")
    series = series_with(one, two, moved)
    assert [line for line in told(series) if line.startswith(("03-09", "03-10"))] == [
        "03-09 09:00 week of 03-09T09:00",
        "03-10 09:00 moved of 03-09T09:00 once",
    ]
    assert (series.owners, series.whose[moved]) == ({moved: two}, series.whose[two])
    assert len({series.whose[one], series.whose[two]}) == 2
    nobody = override("moved", "09", start="DTSTART:20260310T090000Z")
    series = series_with(one, two, nobody)
    assert [line for line in told(series) if line.startswith(("03-09", "03-10"))] == [
        "03-10 09:00 moved of 03-09T09:00 once"
    ]
    assert series.owners == {}
    apart = series_with(one, event_of("other", WEEKLY, "X-PHONE:2", start="DTSTART:20260303T090000Z"), moved)
    assert (apart.owners, apart.whose) == ({}, {})


def test_an_instance_whose_override_cannot_be_read_is_hidden():
    """By its original start, in whatever way that is written."""
    for text, tzid in (("20260309T090000Z", ""), ("20260309T100000", "Europe/Berlin"), ("20260309", "")):
        series = series_with(weekly(), hidden=[as_when(text, tzid, zones, 1)])
        assert [line[:5] for line in told(series)] == ["03-02", "03-16", "03-23"]
    assert len(told(series_with(weekly(), hidden=[as_when("20260309T090000", "", zones, 1)]))) == 3


KINDS = {
    "date": ("DTSTART;VALUE=DATE:20260302", "2026-03-09"),
    "floating": ("DTSTART:20260302T090000", "2026-03-09T09:00:00"),
    "zoned": ("DTSTART;TZID=Europe/Berlin:20260302T140000", "2026-03-09T13:00:00Z"),
    "UTC": ("DTSTART:20260302T130000Z", "2026-03-09T13:00:00Z"),
}
NAMED = {
    "the day": ";VALUE=DATE:20260309",
    "its digits": ":20260309T{digits}",
    "Berlin": ";TZID=Europe/Berlin:20260309T{berlin}",
    "UTC": ":20260309T{utc}Z",
}
CLOCKS = {
    "date": {"digits": "000000", "berlin": "000000", "utc": "040000"},
    "floating": {"digits": "090000", "berlin": "140000", "utc": "130000"},
    "zoned": {"digits": "140000", "berlin": "140000", "utc": "130000"},
    "UTC": {"digits": "130000", "berlin": "140000", "utc": "130000"},
}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_may_be_named_in_every_form(kind, named):
    """To be taken out, to be replaced, or to be added once more, which changes nothing."""
    start, expected = KINDS[kind]
    text = NAMED[named].format(**CLOCKS[kind])
    usual = [recurrence_text(one.original) for one in made(series_with(weekly(start=start)))]
    assert (len(usual), usual[1]) == (4, expected)
    out = made(series_with(weekly(f"EXDATE{text}", start=start)))
    assert [recurrence_text(one.original) for one in out] == [*usual[:1], *usual[2:]]
    moved = event_of("moved", f"RECURRENCE-ID{text}", start="DTSTART:20260310T090000Z")
    found = made(series_with(weekly(start=start), moved))
    assert [recurrence_text(one.original) for one in found if one.event is moved] == [expected]
    assert len(found) == 4
    added = made(series_with(weekly(f"RDATE{text}", start=start)))
    assert [recurrence_text(one.original) for one in added] == usual
    assert {one.start.kind for one in added} == {usual_one.start.kind for usual_one in out}


@pytest.mark.parametrize(
    ("start", "line", "left"),
    [
        ("DTSTART:20260302T130000Z", "EXDATE:20260309T130001Z", 4),
        ("DTSTART:20260302T130000Z", "EXDATE;VALUE=DATE:20260310", 4),
        ("DTSTART:20260302T130000Z", "EXDATE;VALUE=DATE:20260302,20260323", 2),
        ("DTSTART;TZID=Europe/Berlin:20260302T003000", "EXDATE;VALUE=DATE:20260309", 3),
        ("DTSTART;TZID=Europe/Berlin:20260302T003000", "EXDATE;VALUE=DATE:20260308", 4),
        ("DTSTART;VALUE=DATE:20260302", "EXDATE;VALUE=DATE:20260302,20260316", 2),
        ("DTSTART:20260302T130000Z", "EXRULE:FREQ=WEEKLY;INTERVAL=2", 2),
        ("DTSTART:20260302T130000Z", "EXRULE:FREQ=WEEKLY;COUNT=1", 3),
        ("DTSTART:20260302T130000Z", "EXRULE:FREQ=WEEKLY;UNTIL=20260309T130000Z", 2),
        ("DTSTART:20260302T130000Z", "EXRULE:FREQ=WEEKLY;BYHOUR=12", 4),
    ],
)
def test_what_is_taken_out_is_what_is_named(start, line, left):
    """An instant, a day by the series' own clock, or what a rule makes."""
    assert len(told(series_with(weekly(line, start=start)))) == left


def test_dates_are_added_with_their_own_ends():
    """An end, a length, or the usual one; an end before its start is none, and a negative length is the usual."""
    periods = [
        *("20260303T090000Z/20260303T094500Z", "20260304T090000Z/PT20M", "20260305T090000Z/20260305T080000Z"),
        *("20260306T090000Z/-PT20M", "20260302T090000Z/PT1M"),
    ]
    added = f"RDATE;VALUE=PERIOD:{','.join(periods)}"
    series = series_with(event_of("one", "DURATION:PT10M", added, "RDATE:20260307T090000Z,20260308T090000Z"))
    assert told(series) == [
        "03-02 09:00 one +1m of 03-02T09:00",
        "03-03 09:00 one +45m of 03-03T09:00",
        "03-04 09:00 one +20m of 03-04T09:00",
        "03-05 09:00 one of 03-05T09:00",
        "03-06 09:00 one +10m of 03-06T09:00",
        "03-07 09:00 one +10m of 03-07T09:00",
        "03-08 09:00 one +10m of 03-08T09:00",
    ]
    two = event_of("two", "RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=DAILY;COUNT=2")
    assert [line[:5] for line in told(series_with(two))] == ["03-02", "03-03", "03-09"]


UNTIL = [
    ("20260316", "date", 3), ("20260315", "date", 2), ("20260316T000000", "date", 3), ("20260315T235959", "date", 2),
    ("20260316T000000Z", "date", 3), ("20260316T010000Z", "date", 2), ("20260316T040000Z", "date", 3),
    ("20260315T235900Z", "date", 2), ("20260315T235959Z", "date", 2), ("20260315T235958Z", "date", 2),
    ("20260317T000000Z", "date", 3), ("20260316T235900Z", "date", 3),
    ("20260316", "zoned", 3), ("20260316T140000", "zoned", 3), ("20260316T135959", "zoned", 2),
    ("20260316T130000Z", "zoned", 3), ("20260316T125959Z", "zoned", 2), ("20260315", "zoned", 2),
    ("20260316", "floating", 3), ("20260316T090000", "floating", 3), ("20260316T085959", "floating", 2),
    ("20260316T090000Z", "floating", 3), ("20260316T085959Z", "floating", 2),
    ("20260316", "UTC", 3), ("20260316T130000", "UTC", 3), ("20260316T125959", "UTC", 2),
    ("20260316T130000Z", "UTC", 3), ("20260316T125959Z", "UTC", 2),
]  # fmt: skip


@pytest.mark.parametrize(("until", "kind", "count"), UNTIL)
def test_a_series_ends_with_its_until(until, kind, count):
    """Each form of an end with each form of a series."""
    series = series_with(event_of("week", f"RRULE:FREQ=WEEKLY;UNTIL={until}", start=KINDS[kind][0]))
    assert len(told(series)) == count


def test_an_override_that_names_no_instance_stands_for_that_of_its_day():
    """Where there is one, that no other is for, that was not taken out and is not hidden."""
    stray = event_of("stray", "RECURRENCE-ID:20260309T150000Z", start="DTSTART:20260309T160000Z")
    series = series_with(weekly(), stray)
    assert told(series)[1] == "03-09 16:00 stray of 03-09T09:00 once"
    assert (len(told(series_with(weekly(), stray))), series.stray) == (4, [stray])
    beside = [
        series_with(weekly("RDATE:20260309T110000Z"), stray),
        series_with(weekly(), stray, override("own", "09")),
        series_with(weekly(), stray, hidden=[as_when("20260309T090000Z", "", zones, 1)]),
        series_with(weekly("EXDATE:20260309T090000Z"), stray),
    ]
    for one, count in zip(beside, (6, 5, 4, 4), strict=True):
        assert len(told(one)) == count
        assert "03-09 16:00 stray of 03-09T15:00 once" in told(one)
        assert one.stray[0] is stray
    for line in ("EXDATE:20260309T150000Z", "EXDATE;VALUE=DATE:20260309"):
        taken = series_with(weekly(line), stray)
        assert "03-09 16:00 stray of 03-09T15:00 once" in told(taken)
        assert taken.stray == []
    two = event_of("again", "RECURRENCE-ID:20260309T170000Z", start="DTSTART:20260309T170000Z")
    several = series_with(weekly(), stray, two)
    assert told(several)[1:3] == ["03-09 16:00 stray of 03-09T09:00 once", "03-09 17:00 again of 03-09T17:00 once"]
    assert several.stray == [stray, two]
    shared = series_with(event_of("other", start="DTSTART:20260303T090000Z"), weekly(), stray)
    assert "03-09 09:00 week of 03-09T09:00" in told(shared)
    assert shared.stray == []


def test_an_instance_that_is_added_stands_for_no_other_one():
    """It has the start that it names, also on a day of the series'."""
    added = event_of("more", "SEQUENCE:1", start="DTSTART:20260309T150000Z", method="ADD")
    series = series_with(weekly(), added)
    assert (len(told(series)), series.stray) == (5, [])
    assert "03-09 15:00 more of 03-09T15:00 once" in told(series)


def test_only_within_what_was_expanded_an_override_is_known_to_be_stray():
    """Two days around the window, and no farther."""
    daily = event_of("day", "RRULE:FREQ=DAILY", start="DTSTART:20260201T090000Z")
    edges = {"20260226T235959Z": False, "20260227T000000Z": True, "20260403T000000Z": True, "20260403T000001Z": False}
    for text, is_stray in edges.items():
        series = series_with(daily, event_of("stray", f"RECURRENCE-ID:{text}", start=f"DTSTART:{text}"))
        made(series)
        assert bool(series.stray) is is_stray
        named = f"RECURRENCE-ID:{text}"
        for known in (
            event_of("added", f"RDATE:{text}", start="DTSTART:20260101T000000Z"),
            event_of("first", "RDATE:20260301T000000Z", start=f"DTSTART:{text}"),
        ):
            series = series_with(known, event_of("moved", named, start="DTSTART:20260305T000000Z"))
            made(series)
            assert series.stray == []


def test_an_answer_is_known_by_its_address():
    """Written in any case, with blanks; the newest counts, for the series or for one instance."""
    first = event_of("r", "ATTENDEE;PARTSTAT=accepted: mailto:Ann @clinic.example", "ATTENDEE:tel:+1", method="REPLY")
    newer = event_of("r", "SEQUENCE:1", "ATTENDEE;PARTSTAT=DECLINED:MAILTO:ann@clinic.example", method="REPLY")
    one = event_of("r", "RECURRENCE-ID:20260309T090000Z", "ATTENDEE;PARTSTAT=TENTATIVE:tel:+1", method="REPLY")
    series = series_with(weekly(), newer, first, one)
    assert answers(series) == {
        None: {"mailto:ann@clinic.example": "DECLINED", "tel:+1": ""},
        datetime(2026, 3, 9, 9, tzinfo=UTC): {"tel:+1": "TENTATIVE"},
    }
    day = event_of("r", "RECURRENCE-ID;VALUE=DATE:20260309", "ATTENDEE:tel:+1", method="REPLY")
    assert list(answers(series_with(weekly(), day))) == [datetime(2026, 3, 9, 9, tzinfo=UTC)]
    assert answers(series_with(weekly())) == {}


def test_as_many_occurrences_as_allowed_are_made():
    """One more is an error, and costs the source ten candidates for each."""
    daily = event_of("day", "RRULE:FREQ=DAILY", start="DTSTART:20260301T090000Z")
    assert len(made(series_with(daily), high=datetime(2026, 3, 5, tzinfo=UTC), limits=Limits(occurrences=6))) == 4
    budget = Budget(1000)
    with pytest.raises(CalendarError) as caught:
        made(series_with(daily), high=datetime(2026, 3, 5, tzinfo=UTC), limits=Limits(occurrences=5), budget=budget)
    assert str(caught.value) == "has more than 5 occurrences in the time asked for"
    assert budget.source == 1000 - 10 * 6


def charged_for_a_fifth_rule(*lines):
    """Return what a series costs that has a rule more than those with a share of their own."""
    budget = Budget(10**6)
    made(series_with(event_of("a", WEEKLY, *lines)), budget=budget)
    return 10**6 - budget.source


def test_a_series_pays_for_its_candidates_and_its_occurrences():
    """Each of several appointments of one UID has a share of its own; beyond five hundred occurrences ten each."""
    half_hours = event_of("often", "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,30")
    budget = Budget(10**6)
    found = made(series_with(half_hours), high=datetime(2026, 3, 31, tzinfo=UTC), budget=budget)
    assert len(found) == 8 + 28 * 24
    walked = 31 * (1 + 24) + 1 + 1  # from 2 March to the first instant beyond two days after the window
    assert 10**6 - budget.source == walked - 500 + 10 * (len(found) - 500)
    rules = ["EXRULE:FREQ=YEARLY;BYMONTH=12"] * 4
    shared = [event_of("a", WEEKLY, *rules[:1], f"X-PHONE:{number}") for number in range(9)]
    budget = Budget(10**6)
    for _ in range(3):
        assert len(made(series_with(*shared), budget=budget)) == 36
        assert len(made(series_with(event_of("a", WEEKLY, *rules)), budget=budget)) == 4
    assert budget.source == 10**6 - 3 * charged_for_a_fifth_rule(*rules)


def test_instances_come_in_the_order_of_their_starts():
    """Whatever describes them."""
    series = series_with(
        event_of("late", start="DTSTART:20260330T090000Z"),
        weekly(),
        override("early", "23", start="DTSTART:20260301T000000Z"),
    )
    assert [line[:11] for line in told(series)] == [
        "03-01 00:00", "03-02 09:00", "03-09 09:00", "03-16 09:00", "03-30 09:00",
    ]  # fmt: skip


def test_a_day_that_is_taken_out_is_taken_out_whole():
    """All of a series' instances of it, by the series' own clock; of another series of days, that day."""
    twice = "RRULE:FREQ=DAILY;BYHOUR=9,15;COUNT=6"
    assert [line[:8] for line in told(series_with(event_of("e", twice, "EXDATE;VALUE=DATE:20260303")))] == [
        "03-02 09", "03-02 15", "03-04 09", "03-04 15",
    ]  # fmt: skip
    late = event_of("e", twice, "EXDATE;VALUE=DATE:20260303", start="DTSTART;TZID=America/New_York:20260302T090000")
    assert [line[:5] for line in told(series_with(late))] == ["03-02", "03-02", "03-04", "03-04"]
    instant = event_of("e", twice, "EXDATE:20260303T090000Z")
    assert [line[:8] for line in told(series_with(instant))][1:4] == ["03-02 15", "03-03 15", "03-04 09"]


NIGHT = "DTSTART;TZID=America/New_York:20261030T013000"


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    """By a series, an override, a date that is added, and all that follow an instance."""
    window = {"low": datetime(2026, 10, 30, tzinfo=UTC), "high": datetime(2026, 11, 3, tzinfo=UTC)}
    instants = ["10-30 05:30", "10-31 05:30", "11-01 05:30", "11-02 06:30"]
    night = event_of("night", "RRULE:FREQ=DAILY;COUNT=4", start=NIGHT)
    assert [line[:11] for line in told(series_with(night), **window)] == instants
    first = event_of("moved", "RECURRENCE-ID:20261101T053000Z", start="DTSTART:20261101T080000Z")
    assert told(series_with(night, first), **window)[2] == "11-01 08:00 moved of 11-01T05:30 once"
    added = event_of("added", "RDATE:20261101T053000Z", "RDATE:20261102T063000Z", start=NIGHT)
    assert [line[:11] for line in told(series_with(added), **window)] == [instants[0], *instants[2:]]
    rest = event_of("rest", "RECURRENCE-ID;RANGE=THISANDFUTURE:20261031T053000Z", start=NIGHT.replace("1030", "1031"))
    assert [line[:11] for line in told(series_with(night, rest), **window)] == instants


@pytest.mark.parametrize("freq", ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
def test_once_all_is_used_up_only_rules_within_a_day_are_refused(freq):
    """Others have their share."""
    series = series_with(event_of("e", f"RRULE:FREQ={freq};COUNT=2"))
    if freq in ("HOURLY", "MINUTELY", "SECONDLY"):
        with pytest.raises(CalendarError, match="limit `work` is used up"):
            made(series, budget=Budget(-1))
    else:
        assert made(series, budget=Budget(-1))


def test_an_override_finds_its_appointment_where_only_some_share_a_start():
    """That of its people; one of another start has its own."""
    one, two = event_of("one", WEEKLY, "X-PHONE:1"), event_of("two", WEEKLY, "X-PHONE:2")
    apart = event_of("apart", WEEKLY, "X-PHONE:3", start="DTSTART:20260303T090000Z")
    moved = override("moved", "09", "X-PHONE:2", start="DTSTART:20260310T100000Z")
    series = series_with(one, two, apart, moved)
    assert series.owners == {moved: two}
    assert [line for line in told(series) if line[:5] in ("03-09", "03-10")] == [
        "03-09 09:00 one of 03-09T09:00",
        "03-10 09:00 apart of 03-10T09:00",
        "03-10 10:00 moved of 03-09T09:00 once",
    ]
