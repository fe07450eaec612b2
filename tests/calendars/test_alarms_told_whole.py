"""Alarms of an event, each with all its instants: which are valid, which are due, and what is said of the others."""

from __future__ import annotations

import pytest

from reminder_kit.calendars import Limits
from reminder_kit.model.instants import iso

NEVER = "TRIGGER;VALUE=DATE-TIME:19760401T005545Z"


def told(found):
    """Return the clocks of valid alarms, of those due, by the day where that is another one."""

    def clock(at):
        return iso(at)[11:16] if iso(at).startswith("2026-03-02") else iso(at)[5:16]

    return [clock(at) for at in found.only.alarms], [clock(at) for at in found.only.due_alarms]


@pytest.mark.parametrize(
    ("lines", "valid"),
    [
        (["TRIGGER:20260302T120000Z"], ["12:00"]),
        (["TRIGGER: 20260302T150000Z "], ["15:00"]),
        (["TRIGGER;VALUE=date-time;TZID=Europe/Berlin:20260302T120000"], ["11:00"]),
        (["TRIGGER;TZID=Europe/Berlin:20260302T120000"], ["11:00"]),
        (["TRIGGER:p"], ["14:00"]),
        (["TRIGGER:-p"], ["14:00"]),
        (["TRIGGER: -pt15m"], ["13:45"]),
        (["TRIGGER;RELATED=end:-PT15M"], ["14:45"]),
        (["TRIGGER;RELATED=START:-PT15M"], ["13:45"]),
        (["TRIGGER;RELATED=end:PT15M", "REPEAT:1", "DURATION:PT5M"], ["15:15", "15:20"]),
        (["TRIGGER:PT0S", "REPEAT:0", "DURATION:PT5M"], ["14:00"]),
        (["TRIGGER:PT0S", "REPEAT:-2", "DURATION:PT5M"], ["14:00"]),
        (["TRIGGER:PT0S", "REPEAT:x", "DURATION:PT5M"], ["14:00"]),
        (["TRIGGER:PT0S", "REPEAT:3"], ["14:00"]),
        (["TRIGGER:PT0S", "DURATION:PT5M"], ["14:00"]),
        (["TRIGGER:PT0S", "REPEAT:3", "DURATION:PT0S"], ["14:00"]),
        (["TRIGGER:PT0S", "REPEAT:1", "DURATION:-PT5M"], ["13:55", "14:00"]),
        (["ACTION: none ", "TRIGGER:PT0S"], []),
        ([NEVER, "X-APPLE-LOCAL-DEFAULT-ALARM:TRUE"], []),
        (["TRIGGER:PT0S", "X-APPLE-DEFAULT-ALARM:TRUE"], ["14:00"]),
        (["TRIGGER;VALUE=DATE-TIME:20260302T120000Z", "X-APPLE-DEFAULT-ALARM:TRUE"], ["12:00"]),
    ],
    ids=str,
)
def test_an_alarm_is_at_its_trigger_and_comes_again(read_events, event, lines, valid):
    """Also after the start of an event that is one only."""
    alarm = "\r\n".join(["BEGIN:VALARM", *lines, "END:VALARM"])
    found = read_events(event("DURATION:PT1H", alarm))
    assert (told(found), found.warnings) == ((valid, valid), [])


@pytest.mark.parametrize(
    ("own", "last", "due"),
    [
        (None, None, ["13:00", "13:10", "13:20"]),
        ("125959", None, ["13:00", "13:10", "13:20"]),
        ("130000", None, ["13:10", "13:20"]),
        (None, "131500", ["13:20"]),
        ("131000", "130000", ["13:20"]),
        ("130000", "131000", ["13:20"]),
        ("132000", None, []),
    ],
)
def test_what_was_dismissed_is_over_up_to_that_instant(read_events, event, alarm, own, last, due):
    """The later of the alarm's own and of the event's counts; all stay valid."""
    lines = [f"ACKNOWLEDGED:20260302T{own}Z"] if own else []
    found = read_events(
        event(
            *([f"X-MOZ-LASTACK:20260302T{last}Z"] if last else []),
            alarm("TRIGGER:-PT1H", "REPEAT:2", "DURATION:PT10M", *lines),
        )
    )
    assert told(found) == (["13:00", "13:10", "13:20"], due)


@pytest.mark.parametrize(
    ("related", "is_due"), [("RELTYPE=snooze", False), ("RELTYPE=PARENT", True), ("X-A=SNOOZE", True)]
)
def test_only_a_snooze_repeats_another_alarm(read_events, event, alarm, related, is_due):
    """What is related otherwise is due."""
    found = read_events(event(alarm("TRIGGER:PT0S", f"RELATED-TO;{related}:a")))
    assert told(found) == (["14:00"], ["14:00"] if is_due else [])


@pytest.mark.parametrize(
    ("at", "valid", "due"),
    [
        ("20260302T135959Z", "123", "1"),
        ("20260302T140000Z", "123", "1"),
        ("20260302T140001Z", "23", "2"),
        ("20260303T140000Z", "23", "2"),
        ("20260303T140001Z", "3", "3"),
        ("20260304T140001Z", "", ""),
    ],
)
def test_an_absolute_alarm_of_a_series_is_for_those_after_it_and_due_for_the_first(
    read_events, event, alarm, at, valid, due
):
    """Also at the very second in which one of them begins."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=3", alarm(f"TRIGGER:{at}"))).found
    assert "".join(str(number) for number, item in enumerate(found, 1) if item.alarms) == valid
    assert "".join(str(number) for number, item in enumerate(found, 1) if item.due_alarms) == due


def test_alarms_are_in_order_each_once(read_events, event, alarm):
    """Whatever order they are written in."""
    found = read_events(event(alarm("TRIGGER:PT0S"), alarm("TRIGGER:-PT1H"), alarm("TRIGGER:-PT60M"), alarm(NEVER)))
    assert told(found) == (["04-01T00:55", "13:00", "14:00"], ["13:00", "14:00"])


def test_repetitions_are_counted_over_all_alarms_of_an_event(read_events, event, alarm):
    """Up to a limit for one, and one for all; what is left out is said with its line."""
    again = [alarm(f"TRIGGER:-PT{hours}H", "REPEAT:3", "DURATION:PT1M") for hours in (5, 4, 3, 2)]
    absent = alarm(NEVER, "X-APPLE-DEFAULT-ALARM:TRUE", "REPEAT:3", "DURATION:PT1M")
    found = read_events(event(absent, *again), limits=Limits(repeats=3, all_repeats=7))
    assert len(found.only.alarms) == 4 + 4 + 2 + 1
    assert [(problem.message, problem.line, problem.uid) for problem in found.reading.problems] == [
        ("alarm repeats 3 times: only the first 1 are read", 31, "visit-1"),
        ("alarm repeats 3 times: none is read, since its event's alarms repeat so often", 37, "visit-1"),
    ]
    whole = read_events(event(*again), limits=Limits(repeats=3, all_repeats=12))
    assert (len(whole.only.alarms), whole.warnings) == (16, [])


def test_as_many_alarms_are_read_as_may_be(read_events, event, alarm):
    """And of one more the line is told."""
    alarms = [alarm(f"TRIGGER:-PT{number}M") for number in range(3)]
    assert read_events(event(*alarms), limits=Limits(alarms=3)).warnings == []
    found = read_events(event(*alarms), limits=Limits(alarms=2))
    assert told(found)[0] == ["13:59", "14:00"]
    (problem,) = found.reading.problems
    assert (problem.message, problem.line) == ("has 3 alarms: only the first 2 are read", 17)


@pytest.mark.parametrize(
    ("lines", "said", "line"),
    [
        ([], "alarm left out: it has no TRIGGER", 9),
        (["TRIGGER:soon"], "alarm left out: ", 11),
        (["TRIGGER:PT0S", "REPEAT:1", "DURATION:x"], "alarm left out: ", 13),
    ],
)
def test_an_alarm_that_can_not_be_read_is_told_with_its_line(read_events, event, alarm, lines, said, line):
    """That of what is wrong with it."""
    (problem,) = read_events(event(alarm(*lines))).reading.problems
    assert problem.message.startswith(said)
    assert (problem.severity, problem.line, problem.uid) == ("warning", line, "visit-1")


def test_what_does_not_come_again_uses_nothing_up(read_events, event, alarm):
    """Neither an alarm without REPEAT or DURATION, nor one that would come again at once."""
    once = [
        alarm("TRIGGER:-PT5H"),
        alarm("TRIGGER:-PT4H", "REPEAT:2"),
        alarm("TRIGGER:-PT3H", "REPEAT:2", "DURATION:PT0S"),
        alarm("TRIGGER:-PT3H", "REPEAT:x", "DURATION:PT1M"),
    ]
    again = alarm("TRIGGER:-PT1H", "REPEAT:2", "DURATION:PT1M")
    found = read_events(event(*once, again), limits=Limits(all_repeats=2))
    assert told(found)[0] == ["09:00", "10:00", "11:00", "13:00", "13:01", "13:02"]
    assert found.warnings == []


def test_each_occurrence_of_a_series_has_its_own_relative_alarms(read_events, event, alarm):
    """Each of them due."""
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=3", alarm("TRIGGER:-PT1H"))).found
    assert [[iso(at) for at in item.due_alarms] for item in found] == [
        [f"2026-03-0{day}T13:00:00Z"] for day in (2, 3, 4)
    ]


def test_the_absolute_alarm_of_one_changed_occurrence_is_its_own(read_events, event, alarm):
    """However long before, and although another occurrence lies between."""
    override = event(
        "RECURRENCE-ID;TZID=America/New_York:20260303T090000",
        alarm("TRIGGER:20260301T120000Z"),
        start="DTSTART;TZID=America/New_York:20260303T100000",
    )
    found = read_events(event("RRULE:FREQ=DAILY;COUNT=3"), override).found
    assert [[iso(at) for at in item.due_alarms] for item in found] == [[], ["2026-03-01T12:00:00Z"], []]
