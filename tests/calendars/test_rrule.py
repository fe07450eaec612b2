"""Recurrence rules as values: what each part takes, and how it is read."""

from __future__ import annotations

from datetime import datetime

import pytest

from reminder_kit.calendars.rrule import Rule, read_rule
from reminder_kit.errors import CalendarError

EDGES = {
    "BYSECOND": (0, 60),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (-366, 366),
}
"""The least and the greatest number of each part (RFC 5545, 3.3.10); no 0 where it counts from the back as well."""


def rule_of(text):
    rule, unknown = read_rule(text, 7)
    assert unknown == []
    return rule


@pytest.mark.parametrize(("name", "low", "high"), [(name, *edges) for name, edges in EDGES.items()])
def test_each_part_takes_its_numbers_and_no_others(name, low, high):
    """Sorted, each once; one that is out of its range is refused by its name."""
    beside = "BYDAY=MO;" if name == "BYSETPOS" else ""
    found = rule_of(f"FREQ=YEARLY;{beside}{name}={high},{low},{high}")
    assert found.values(name) == (low, high)
    for number in (low - 1, high + 1, *([0] if low < 0 else []), "x", ""):
        with pytest.raises(CalendarError, match=name):
            read_rule(f"FREQ=YEARLY;{beside}{name}={number}", 7)


@pytest.mark.parametrize(("name", "low", "high"), [("INTERVAL", 1, 100_000), ("COUNT", 1, 10_000_000)])
def test_how_often_and_how_many_have_their_bounds(name, low, high):
    for number in (low, high):
        assert getattr(rule_of(f"FREQ=DAILY;{name}={number}"), name.lower()) == number
    for number in (low - 1, high + 1, "1.5", "9" * 13):
        with pytest.raises(CalendarError, match=name):
            read_rule(f"FREQ=DAILY;{name}={number}", 7)


@pytest.mark.parametrize("freq", ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
def test_what_a_rule_does_not_say_is_as_rfc_5545_has_it(freq):
    """Every one, for ever, in weeks that begin on Monday; small letters, blanks and a last semicolon change nothing."""
    assert rule_of(f"FREQ={freq}") == rule_of(f" freq = {freq.lower()} ; ") == Rule(freq)
    assert Rule(freq) == Rule(freq, 1, None, None, "", 0, (), {})


@pytest.mark.parametrize(("number", "name"), list(enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))), ids=str)
def test_each_weekday_has_its_number(number, name):
    """Where weeks begin, and BYDAY, with the how-manieth before it where a year or a month is counted."""
    assert rule_of(f"FREQ=WEEKLY;WKST={name}").wkst == number
    for text, nth in ((name, 0), (f"1{name}", 1), (f"+53{name}", 53), (f"-53{name}", -53)):
        for freq in ("YEARLY", "MONTHLY"):
            assert rule_of(f"FREQ={freq};BYDAY={text}").days == ((nth, number),)
        for rest in ("FREQ=WEEKLY", "FREQ=DAILY", "FREQ=YEARLY;BYWEEKNO=3"):
            assert rule_of(f"{rest};BYDAY={text}").days == ((0, number),)
    for text in (f"0{name}", f"54{name}", f"-54{name}", f"{name}1", f"{name}{name}"):
        with pytest.raises(CalendarError, match="BYDAY"):
            read_rule(f"FREQ=MONTHLY;BYDAY={text}", 7)


@pytest.mark.parametrize(
    ("text", "until", "kind"),
    [
        ("20260302", datetime(2026, 3, 2), "date"),
        ("20260302T102030", datetime(2026, 3, 2, 10, 20, 30), "local"),
        ("20260302T102030Z", datetime(2026, 3, 2, 10, 20, 30), "utc"),
        ("20260302T102060Z", datetime(2026, 3, 2, 10, 20, 59), "utc"),  # a leap second
        ("2026-03-02", datetime(2026, 3, 2), "date"),
        ("2026-03-02T10:20:30", datetime(2026, 3, 2, 10, 20, 30), "local"),
        ("2026-03-02T10:20:30.5", datetime(2026, 3, 2, 10, 20, 30), "local"),
        ("2026-03-02T10:20:30+01:00", datetime(2026, 3, 2, 9, 20, 30), "utc"),
    ],
)
def test_an_end_is_read_however_it_is_written(text, until, kind):
    """As RFC 5545 has it, or as ISO 8601: as the wall clock that it says, and how that was said."""
    found = rule_of(f"FREQ=DAILY;UNTIL={text}")
    assert (found.until, found.until_kind) == (until, kind)
    assert rule_of("FREQ=DAILY;UNTIL=").until is None


def test_what_is_not_supported_says_so():
    """Other calendars, and what is to become of days that are not there; the usual ones may be named."""
    assert rule_of("FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=OMIT") == Rule("YEARLY")
    for text in ("RSCALE=CHINESE", "RSCALE=GREGORIAN;SKIP=FORWARD"):
        with pytest.raises(CalendarError, match="not supported"):
            read_rule(f"FREQ=YEARLY;{text}", 7)


def test_a_position_needs_something_to_be_counted_in():
    """Another BY part, whichever."""
    for part in ("BYDAY=MO", "BYMONTH=3", "BYHOUR=9"):
        assert rule_of(f"FREQ=MONTHLY;{part};BYSETPOS=-1").values("BYSETPOS") == (-1,)
    with pytest.raises(CalendarError, match="BYSETPOS needs another BY part"):
        read_rule("FREQ=MONTHLY;BYSETPOS=1", 7)


@pytest.mark.parametrize("text", ["FREQ=DAILY;FREQ=DAILY", "FREQ", "FREQ=DAILY;;COUNT=2", "INTERVAL=2", "FREQ=OFTEN"])
def test_a_part_that_is_none_or_comes_twice_is_refused(text):
    """With the line."""
    with pytest.raises(CalendarError) as told:
        read_rule(text, 7)
    assert told.value.line == 7


def test_of_an_endless_list_the_first_are_read():
    """Five hundred and twelve of it."""
    many = ",".join(["9"] * 512)
    assert rule_of(f"FREQ=DAILY;BYHOUR={many},10").values("BYHOUR") == (9,)
    assert rule_of(f"FREQ=DAILY;BYHOUR={many[2:]},10").values("BYHOUR") == (9, 10)
