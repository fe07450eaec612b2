from __future__ import annotations

import os
from calendar import monthrange
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reminder_kit.calendars.recurrence import Budget, expand
from reminder_kit.calendars.rrule import read_rule
from reminder_kit.errors import CalendarError


def wall(*parts):
    return datetime(*parts)


FOREVER = wall(2100, 1, 1)


def budget(candidates=200_000):
    found = Budget(10_000_000)
    found.begin(candidates)
    return found


def expanded(text, start, low=None, high=FOREVER, *, most=60, dates=False):
    rule, _ = read_rule(text, 1)
    return list(islice(expand(rule, start, low or start, high, budget(), dates=dates), most))


def days(text, start, *, most=6, **changes):
    return [f"{moment:%Y-%m-%d}" for moment in expanded(text, start, most=most, **changes)]


MONDAY = wall(1997, 9, 1, 9)
TUESDAY = wall(1997, 9, 2, 9)


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        pytest.param(
            "FREQ=DAILY;COUNT=3", TUESDAY, ["1997-09-02", "1997-09-03", "1997-09-04"], id="daily for some occurrences"
        ),
        pytest.param(
            "FREQ=DAILY;INTERVAL=10;COUNT=3", TUESDAY, ["1997-09-02", "1997-09-12", "1997-09-22"], id="tenth day"
        ),
        pytest.param(
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            wall(1997, 8, 5, 9),
            ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"],
            id="weeks that begin on Monday",
        ),
        pytest.param(
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            wall(1997, 8, 5, 9),
            ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"],
            id="weeks that begin on Sunday",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=4;BYDAY=1FR",
            wall(1997, 9, 5, 9),
            ["1997-09-05", "1997-10-03", "1997-11-07", "1997-12-05"],
            id="first Friday",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=3;BYDAY=-2MO",
            wall(1997, 9, 22, 9),
            ["1997-09-22", "1997-10-20", "1997-11-17"],
            id="second to last Monday",
        ),
        pytest.param(
            "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3",
            wall(1997, 9, 28, 9),
            ["1997-09-28", "1997-10-29", "1997-11-28"],
            id="third to last day",
        ),
        pytest.param(
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            wall(1998, 2, 13, 9),
            ["1998-02-13", "1998-03-13", "1998-11-13", "1999-08-13", "2000-10-13", "2001-04-13"],
            id="every Friday the 13th",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            wall(1997, 9, 29, 9),
            ["1997-09-29", "1997-10-30", "1997-11-27"],
            id="last weekday but one",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=3;BYDAY=MO,1TU",
            MONDAY,
            ["1997-09-01", "1997-09-02", "1997-09-08"],
            id="plain and numbered weekdays add up",
        ),
        pytest.param(
            "FREQ=YEARLY;BYDAY=20MO;COUNT=2",
            wall(1997, 5, 19, 9),
            ["1997-05-19", "1998-05-18"],
            id="20th Monday of the year",
        ),
        pytest.param(
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3",
            wall(1997, 5, 12, 9),
            ["1997-05-12", "1998-05-11", "1999-05-17"],
            id="Monday of week 20",
        ),
        pytest.param(
            "FREQ=YEARLY;BYWEEKNO=20;COUNT=3",
            wall(1997, 5, 12, 9),
            ["1997-05-12", "1998-05-11", "1999-05-17"],
            id="a bare BYWEEKNO means DTSTART's weekday (dateutil gives all seven)",
        ),
        pytest.param(
            "FREQ=YEARLY;BYYEARDAY=1,100,200;INTERVAL=3;COUNT=4",
            wall(1997, 1, 1, 9),
            ["1997-01-01", "1997-04-10", "1997-07-19", "2000-01-01"],
            id="days of the year",
        ),
        pytest.param(
            "FREQ=YEARLY;COUNT=3", wall(2024, 2, 29, 9), ["2024-02-29", "2028-02-29", "2032-02-29"], id="leap day"
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=3", wall(2026, 1, 31, 9), ["2026-01-31", "2026-03-31", "2026-05-31"], id="the 31st"
        ),
        pytest.param(
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            wall(1996, 11, 5, 9),
            ["1996-11-05", "2000-11-07", "2004-11-02"],
            id="election day",
        ),
        pytest.param(
            "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1",
            wall(2026, 1, 7, 9),
            ["2026-01-12", "2026-01-19"],
            id="BYSETPOS counts in the first week from WKST, not from DTSTART (dateutil counts from DTSTART)",
        ),
    ],
)
def test_rules_mean_what_the_rfc_says(text, start, expected):
    """Rules expand to the dates that RFC 5545 §3.3.10 says, also where dateutil doesn't."""
    assert days(text, start, most=len(expected)) == expected


def test_a_count_counts_a_dtstart_the_rule_does_not_match():
    """COUNT includes DTSTART although the rule doesn't match it: two more dates follow for 3."""
    found = expanded("FREQ=WEEKLY;BYDAY=TU;COUNT=3", MONDAY)
    assert [moment.day for moment in found] == [2, 9]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=HOURLY;INTERVAL=3;COUNT=3", ["09:00:00", "12:00:00", "15:00:00"]),
        ("FREQ=MINUTELY;INTERVAL=90;COUNT=3", ["09:00:00", "10:30:00", "12:00:00"]),
        ("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20;COUNT=3", ["09:00:00", "09:20:00", "10:00:00"]),
        ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10;COUNT=4", ["09:00:00", "09:20:00", "09:40:00", "10:00:00"]),
        ("FREQ=SECONDLY;INTERVAL=45;COUNT=3", ["09:00:00", "09:00:45", "09:01:30"]),
        ("FREQ=HOURLY;BYMINUTE=0,15,30;BYSETPOS=-1;COUNT=2", ["09:30:00"]),
    ],
)
def test_rules_below_a_day(text, expected):
    """Rules by hour, minute and second step and combine like those by day."""
    assert [f"{moment:%H:%M:%S}" for moment in expanded(text, TUESDAY, most=len(expected))] == expected


def test_dates_ignore_hours_and_cannot_repeat_within_a_day():
    """A rule of whole days ignores BYHOUR, and can't repeat by the hour."""
    assert days("FREQ=DAILY;BYHOUR=9,10;COUNT=2", wall(2026, 1, 1), dates=True) == ["2026-01-01", "2026-01-02"]
    with pytest.raises(CalendarError, match="cannot repeat a whole day"):
        expanded("FREQ=HOURLY", wall(2026, 1, 1), dates=True)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=FORTNIGHTLY",
        "COUNT=3",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1000000000000000000000000000000",
        "FREQ=DAILY;COUNT=100000000000000000000",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20261345",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=MONTHLY;RSCALE=HEBREW",
        "FREQ=MONTHLY;SKIP=BACKWARD",
        "nonsense",
        "",
    ],
)
def test_what_has_no_meaning_is_refused_with_its_line(text):
    """A rule that RFC 5545 gives no meaning is an error with its line."""
    with pytest.raises(CalendarError) as caught:
        read_rule(text, 17)
    assert caught.value.line == 17


def test_unknown_parts_are_named_and_passed_over():
    """A part of a rule that we don't know is returned by name, and the rest counts."""
    rule, unknown = read_rule("FREQ=DAILY;X-COLOUR=red", 1)
    assert rule.freq == "DAILY"
    assert unknown == ["X-COLOUR"]


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=7",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_a_rule_that_never_matches_costs_next_to_nothing(text):
    """A rule without any match yields none within a small budget."""
    rule, _ = read_rule(text, 1)
    purse = budget(2_000)
    low = wall(2026, 1, 1)
    assert list(expand(rule, wall(1970, 1, 1, 9), low, low + timedelta(days=60), purse)) == []


@pytest.mark.parametrize("text", ["FREQ=MINUTELY", "FREQ=SECONDLY", "FREQ=DAILY", "FREQ=SECONDLY;INTERVAL=7"])
def test_an_old_series_costs_what_the_window_costs(text):
    """A fine rule begun decades ago is expanded within the budget of its window."""
    rule, _ = read_rule(text, 1)
    purse = budget(20_000)
    low = wall(2026, 1, 1, 10)
    found = list(expand(rule, wall(1970, 1, 1), low, low + timedelta(minutes=1), purse))
    assert all(low <= moment <= low + timedelta(minutes=1) for moment in found)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=5000000",
        "FREQ=YEARLY;BYHOUR="
        + ",".join(map(str, range(24)))
        + ";BYMINUTE="
        + ",".join(map(str, range(60)))
        + ";BYSECOND="
        + ",".join(map(str, range(60)))
        + ";BYMONTHDAY="
        + ",".join(map(str, range(1, 32)))
        + ";BYSETPOS=1",
    ],
)
def test_an_endless_rule_is_refused_by_count_not_by_time(text):
    """A rule of too many candidates is refused by their number, so it fails alike on any machine."""
    rule, _ = read_rule(text, 1)
    with pytest.raises(CalendarError, match="candidates"):
        for _ in expand(rule, wall(2020, 1, 1), wall(2026, 1, 1), wall(2026, 12, 1), budget()):
            pass


YEARS = [date(2027, 1, 1) + timedelta(days=number) for number in range(731)]  # 2028 has a leap day
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def days_of(text):
    """Return the days of two years on which a rule falls that began before."""
    rule, _ = read_rule(text, 1)
    low, high = wall(2027, 1, 1), wall(2028, 12, 31, 23)
    return [moment.date() for moment in expand(rule, wall(2026, 12, 31), low, high, budget())]


def nth_of_its_weekday(day):
    """Return which of its weekday a day is in its month, counted from the front and from the back."""
    return (day.day + 6) // 7, -((monthrange(day.year, day.month)[1] - day.day) // 7 + 1)


@pytest.mark.parametrize("nth", [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("freq", ["YEARLY", "MONTHLY"])
def test_each_nth_weekday_of_some_months(freq, nth):
    """As the calendar on the wall has it, in months that have five of a weekday and in those that don't."""
    for number, name in enumerate(WEEKDAYS):
        wanted = [day for day in YEARS if day.month in (2, 3, 8) and day.weekday() == number]
        found = days_of(f"FREQ={freq};BYMONTH=2,3,8;BYDAY={nth}{name}")
        assert found == [day for day in wanted if nth in nth_of_its_weekday(day)]


@pytest.mark.parametrize("number", [*range(-31, 0), *range(1, 32)])
@pytest.mark.parametrize("freq", ["YEARLY", "MONTHLY"])
def test_each_day_of_some_months(freq, number):
    """From the front or from the back, where the month has it."""
    wanted = [
        day
        for day in YEARS
        if day.month in (1, 2, 4) and number in (day.day, day.day - monthrange(day.year, day.month)[1] - 1)
    ]
    assert days_of(f"FREQ={freq};BYMONTH=1,2,4;BYMONTHDAY={number}") == wanted


@pytest.mark.parametrize("number", [1, 58, 59, 60, 61, 200, 364, 365, 366, -1, -2, -200, -306, -307, -308, -365, -366])
def test_each_day_of_the_year(number):
    """From the front or from the back, in a leap year and in another one."""
    wanted = [
        day for day in YEARS if number in (int(f"{day:%j}"), int(f"{day:%j}") - int(f"{date(day.year, 12, 31):%j}") - 1)
    ]
    assert days_of(f"FREQ=YEARLY;BYYEARDAY={number}") == wanted


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY;INTERVAL=1;BYMINUTE=30,59;BYHOUR=9,21;BYSECOND=0,59",
        "FREQ=SECONDLY;INTERVAL=7;BYMINUTE=0,31;BYHOUR=9,21",
        "FREQ=SECONDLY;INTERVAL=61;BYHOUR=10,23",
        "FREQ=SECONDLY;INTERVAL=45;BYSECOND=11,26",
        "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9,23",
        "FREQ=MINUTELY;INTERVAL=1;BYMINUTE=5,58;BYSECOND=1,2",
        "FREQ=MINUTELY;INTERVAL=90",
        "FREQ=HOURLY;INTERVAL=5;BYMINUTE=0,45",
        "FREQ=HOURLY;INTERVAL=1;BYHOUR=0,12,23;BYMINUTE=10;BYSECOND=20,40",
    ],
)
def test_within_days_every_second_is_weighed(text):
    """Where hours and minutes that can't match are passed over, none that does is lost: as dateutil steps through."""
    start, low = wall(2026, 3, 1, 9, 5, 11), wall(2026, 3, 2)
    wanted = list(islice(rrulestr(f"RRULE:{text}", dtstart=start).xafter(low, inc=True), 500))
    assert list(islice(expand(read_rule(text, 1)[0], start, low, FOREVER, budget(3_000_000)), 500)) == wanted


weekdays = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
DAYS = st.lists(weekdays, min_size=1, max_size=3, unique=True).map(lambda item: "BYDAY=" + ",".join(item))
NTH = st.tuples(st.sampled_from([-2, -1, 1, 2, 4]), weekdays).map(lambda item: f"BYDAY={item[0]}{item[1]}")
MONTHS = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True).map(
    lambda item: f"BYMONTH={','.join(map(str, item))}"
)
MONTHDAYS = st.lists(st.sampled_from([1, 13, 29, 30, 31, -1, -5]), min_size=1, max_size=2, unique=True).map(
    lambda item: f"BYMONTHDAY={','.join(map(str, item))}"
)
YEARDAYS = st.sampled_from([1, 60, 200, 366, -1, -100]).map(lambda number: f"BYYEARDAY={number}")
HOURS = st.lists(st.integers(0, 23), min_size=1, max_size=2, unique=True).map(
    lambda item: f"BYHOUR={','.join(map(str, item))}"
)
PARTS = {
    "YEARLY": [MONTHS, MONTHDAYS, DAYS, NTH, YEARDAYS, HOURS],
    "MONTHLY": [MONTHS, MONTHDAYS, DAYS, NTH, HOURS],
    "WEEKLY": [MONTHS, DAYS, HOURS],
    "DAILY": [MONTHS, MONTHDAYS, DAYS, HOURS],
    "HOURLY": [MONTHS, DAYS, HOURS],
    "MINUTELY": [DAYS, HOURS],
}


@st.composite
def rules(draw):
    freq = draw(st.sampled_from(sorted(PARTS)))
    parts = [
        f"FREQ={freq}",
        f"INTERVAL={draw(st.sampled_from([1, 1, 2, 3, 7]))}",
        f"WKST={draw(st.sampled_from(['MO', 'SU']))}",
    ]
    chosen = {}
    for strategy in draw(st.lists(st.sampled_from(PARTS[freq]), max_size=3)):
        part = draw(strategy)
        chosen.setdefault(part.partition("=")[0], part)
    parts += chosen.values()
    if chosen and freq in ("YEARLY", "MONTHLY") and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, 2, -1]))}")
    return ";".join(parts)


@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=WEEKLY;BYDAY=WE,SU;WKST=SU"]),
    st.sampled_from([1, 2, 5]),
    st.integers(1, 90),
    st.integers(0, 300),
    st.integers(0, 6),
)
def test_leaping_over_the_past_counts_what_walking_counts(text, interval, count, later, weekday):
    """An expansion that leaps to its window ends a COUNT where a walk from DTSTART ends it."""
    start = wall(2026, 1, 5 + weekday, 9)
    text = f"{text};INTERVAL={interval};COUNT={count}"
    low = start + timedelta(days=later, hours=later % 24)
    assert expanded(text, start, low, most=500) == [
        moment for moment in expanded(text, start, most=500) if moment >= low
    ]


def test_an_old_daily_series_with_a_count_costs_nothing():
    """A COUNT by the day is leapt over arithmetically, however old the series is."""
    rule, _ = read_rule("FREQ=DAILY;COUNT=100000", 1)
    assert len(list(expand(rule, wall(1900, 1, 1, 9), wall(2026, 1, 1), wall(2026, 2, 1), budget(100)))) == 31


GRID = {
    "YEARLY": [
        "", "BYMONTH=2,11", "BYMONTH=2,12;BYMONTHDAY=1,29,31,-1", "BYMONTHDAY=13,-2", "BYDAY=MO,FR;BYMONTH=3",
        "BYDAY=20MO,-1SU", "BYDAY=2TU,-3TH;BYMONTH=1,6", "BYYEARDAY=1,60,366,-1,-200", "BYYEARDAY=1,100;BYDAY=MO,TU,WE",
        "BYWEEKNO=1,20,52,53,-1;BYDAY=MO,SU", "BYWEEKNO=1,53;BYDAY=TH;BYMONTH=1", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
        "BYMONTH=4,9;BYDAY=SA;BYSETPOS=2,-2", "BYMONTH=5;BYMONTHDAY=5;BYHOUR=9,17;BYMINUTE=0,30;BYSECOND=15",
        "BYMONTHDAY=13;BYDAY=FR", "BYYEARDAY=32,60;BYMONTH=2", "COUNT=4;BYMONTH=1;BYMONTHDAY=31",
    ],
    "MONTHLY": [
        "", "BYMONTHDAY=1,15,31,-1", "BYDAY=MO", "BYDAY=1FR,-1FR,5WE", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "BYDAY=SU,SA;BYSETPOS=1,3,-2", "BYMONTH=1,7;BYDAY=2TH", "BYMONTHDAY=7,8,9,10,11,12,13;BYDAY=SA",
        "BYMONTH=2;BYMONTHDAY=28,29,30", "BYMONTHDAY=-31,-30", "BYHOUR=8,20;BYMINUTE=15;BYMONTHDAY=2",
        "BYDAY=MO;BYHOUR=8,20;BYSETPOS=1,-1", "COUNT=9;BYDAY=2MO",
    ],
    "WEEKLY": [
        "", "BYDAY=MO,WE,SU", "BYDAY=SU,MO;WKST=SU", "BYDAY=TU,TH,SA;BYMONTH=1,12",
        "BYDAY=FR;BYHOUR=7,19;BYSECOND=0,30", "BYMONTH=6;WKST=WE", "COUNT=11;BYDAY=MO,SU;WKST=SU",
        "COUNT=11;BYDAY=MO,SU;WKST=MO",
    ],
    "DAILY": [
        "", "BYMONTH=1,8", "BYMONTHDAY=1,-1,15", "BYDAY=SA,SU", "BYMONTH=12;BYMONTHDAY=24,25,26;BYHOUR=6,18",
        "BYHOUR=0,23;BYMINUTE=0,59;BYSECOND=59", "COUNT=13;BYDAY=MO,TU,WE,TH,FR",
    ],
}  # fmt: skip
"""Rules of every kind, where dateutil is as right as we are."""


@pytest.mark.few(24)
@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize(("freq", "parts"), [(freq, parts) for freq, several in GRID.items() for parts in several])
def test_rules_of_every_kind_expand_as_dateutil_has_them(freq, parts, interval):
    """From their beginning, the last day of a year or of a February, and from years later on."""
    text = ";".join(filter(None, (f"FREQ={freq}", f"INTERVAL={interval}", parts)))
    for first in (wall(2019, 12, 31, 9, 20, 10), wall(2020, 2, 29, 18)):
        # a COUNT counts the start, whether or not the rule falls on it: for dateutil only if it does
        start = rrulestr(f"RRULE:{text}", dtstart=first)[0] if "COUNT" in text else first
        for years in (0, 4):
            low, high = start + timedelta(days=365 * years), start + timedelta(days=365 * (years + 2))
            until = "" if "COUNT" in text else f";UNTIL={high:%Y%m%dT%H%M%S}"  # else dateutil may walk on for ever
            theirs = rrulestr(f"RRULE:{text}{until}", dtstart=start).xafter(low, inc=True)
            assert expanded(text, start, low, high, most=50) == [
                moment for moment in islice(theirs, 50) if moment <= high
            ]


STARTS = st.datetimes(wall(2019, 1, 1), wall(2026, 1, 1)).map(lambda moment: moment.replace(microsecond=0))


def agrees_with_dateutil(text, start, later):
    low = start + timedelta(days=later)
    interval = int(text.partition("INTERVAL=")[2].partition(";")[0])
    assume(interval == 1 or not ("BYHOUR" in text and text.startswith(("FREQ=MIN", "FREQ=HOU"))))  # it may refuse these
    high = low + timedelta(days=1 if text.startswith(("FREQ=MIN", "FREQ=HOU")) else 400)
    assume(expanded(text, high, high, high + timedelta(days=9000), most=1))  # dateutil walks on to the year 9999
    theirs = list(rrulestr(f"RRULE:{text};UNTIL={high:%Y%m%dT%H%M%S}", dtstart=start).between(low, high, inc=True))
    assert expanded(text, start, low, high, most=10_000) == theirs


@settings(max_examples=40, deadline=None)
@given(rules(), STARTS, st.integers(0, 800))
def test_where_dateutil_is_right_we_agree_with_it(text, start, later):
    """Random rules expand as dateutil expands them, but where it differs from the RFC."""
    agrees_with_dateutil(text, start, later)


@pytest.mark.fuzz
@settings(max_examples=int(os.environ.get("REMINDER_KIT_FUZZ", "20000")) // 6, deadline=None)
@given(rules(), STARTS, st.integers(0, 800))
def test_fuzz_against_dateutil(text, start, later):
    """The same agreement with dateutil over very many rules, where the fuzz mark asks for them."""
    agrees_with_dateutil(text, start, later)
