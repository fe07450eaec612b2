"""Refusals of recurrence rules: what is wrong is said in words, and no name or number is quoted."""

from __future__ import annotations

from datetime import datetime

import pytest

from reminder_kit.calendars.rrule import Rule, read_rule
from reminder_kit.errors import CalendarError

LONG = "X" * 100


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("COUNT=3", "FREQ is missing or unknown"),
        ("FREQ=OFTEN", "FREQ is missing or unknown"),
        ("nonsense", "its part 1 is none, or comes twice"),
        (f"FREQ=DAILY;{LONG}", "its part 2 is none, or comes twice"),
        ("FREQ=DAILY;freq=WEEKLY", "its part 2 is none, or comes twice"),
        (f"FREQ=DAILY;RSCALE={LONG}", "RSCALE or SKIP is not supported"),
        ("FREQ=DAILY;SKIP=FORWARD", "RSCALE or SKIP is not supported"),
        (f"FREQ=DAILY;INTERVAL={LONG}", "INTERVAL (100 characters) is not between 1 and 100000"),
        ("FREQ=DAILY;COUNT=0", "COUNT '0' is not between 1 and 10000000"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR '24' is not between 0 and 23"),
        (f"FREQ=MONTHLY;BYMONTHDAY=0,{'1,' * 20}2", "BYMONTHDAY (43 characters) holds no number, or 0"),
        ("FREQ=DAILY;BYHOUR=,", "BYHOUR ',' holds no number, or 0"),
        (f"FREQ=DAILY;BYDAY={LONG}", "BYDAY (100 characters) is no weekday"),
        (f"FREQ=DAILY;UNTIL={LONG}", "UNTIL (100 characters) is no date or time"),
        ("FREQ=DAILY;WKST=XX", "WKST is no weekday"),
        ("FREQ=DAILY;UNTIL=20261301", "month must be in 1..12"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs another BY part"),
    ],
    ids=[
        "no FREQ", "an unknown FREQ", "no part", "a long one", "twice", "RSCALE", "SKIP", "a long INTERVAL", "COUNT",
        "BYHOUR", "a long list", "an empty list", "a long BYDAY", "a long UNTIL", "WKST", "no date", "BYSETPOS",
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong_and_where(text, told):
    """The part, its bounds, and the line; of what was written only a few digits."""
    with pytest.raises(CalendarError) as caught:
        read_rule(text, 17)
    assert str(caught.value).partition(", not")[0] == f"recurrence rule: {told}"
    assert caught.value.line == 17


def test_every_unknown_part_is_named_in_its_order():
    """And none of those that are known."""
    parts = "FREQ=YEARLY;X-B=1;INTERVAL=2;COUNT=3;WKST=SU;BYDAY=MO;RSCALE=GREGORIAN;SKIP=OMIT;BYEASTER=0;X-A="
    numbers = "BYSECOND=1;BYMINUTE=2;BYHOUR=3;BYMONTHDAY=4;BYYEARDAY=5;BYWEEKNO=6;BYMONTH=7;BYSETPOS=8"
    rule, unknown = read_rule(f"{parts};{numbers}", 17)
    assert unknown == ["X-B", "BYEASTER", "X-A"]
    assert rule == Rule(
        "YEARLY",
        interval=2,
        count=3,
        wkst=6,
        days=((0, 0),),
        by={
            "BYSECOND": (1,), "BYMINUTE": (2,), "BYHOUR": (3,), "BYMONTHDAY": (4,),
            "BYYEARDAY": (5,), "BYWEEKNO": (6,), "BYMONTH": (7,), "BYSETPOS": (8,),
        },
    )  # fmt: skip
    assert read_rule("FREQ=DAILY;UNTIL=20260302", 17)[1] == []


def test_lists_may_hold_blanks_and_empty_places():
    """Numbers with a sign or without, weekdays in any case, each once."""
    rule, _ = read_rule("FREQ=MONTHLY;BYMONTHDAY= +1, ,-1 ,01;BYDAY=mo, 1tu ,,-1fr", 17)
    assert rule.values("BYMONTHDAY") == (-1, 1)
    assert rule.days == ((0, 0), (1, 1), (-1, 4))
    assert rule.values("BYHOUR") == ()


def test_weekdays_are_counted_only_in_years_and_months():
    """A number before one means nothing in a week, a day, or weeks of a year."""
    counted = ((2, 0), (-1, 4))
    for freq in ("YEARLY", "MONTHLY"):
        assert read_rule(f"FREQ={freq};BYDAY=2MO,-1FR", 17)[0].days == counted
        assert read_rule(f"FREQ={freq};BYDAY=2MO,-1FR;BYWEEKNO=20", 17)[0].days == ((0, 0), (0, 4))
    for freq in ("WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"):
        assert read_rule(f"FREQ={freq};BYDAY=2MO,-1FR", 17)[0].days == ((0, 0), (0, 4))


def test_the_same_rule_is_known_again():
    """Rules that differ in their numbers only are not the same, though both may be looked up."""
    one, same, other = (read_rule(f"FREQ=DAILY;BYHOUR={hour}", 17)[0] for hour in ("9", "9", "10"))
    assert len({one, same, other}) == 2


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        ("20260302T102059", datetime(2026, 3, 2, 10, 20, 59)),
        ("20260302T102060", datetime(2026, 3, 2, 10, 20, 59)),
        ("20260302T000000", datetime(2026, 3, 2)),
    ],
)
def test_the_last_second_of_a_minute_is_its_59th(until, moment):
    """A leap second is none of ours."""
    rule, _ = read_rule(f"FREQ=DAILY;UNTIL={until}", 17)
    assert (rule.until, rule.until_kind) == (moment, "local")


def test_an_iso_date_is_the_whole_day():
    """From its midnight, by its kind."""
    rule, _ = read_rule("FREQ=DAILY;UNTIL=2026-03-02", 17)
    assert (rule.until, rule.until_kind) == (datetime(2026, 3, 2), "date")
    rule, _ = read_rule("FREQ=DAILY;UNTIL=2026-03-02T10:20:30.25Z", 17)
    assert (rule.until, rule.until_kind) == (datetime(2026, 3, 2, 10, 20, 30), "utc")
