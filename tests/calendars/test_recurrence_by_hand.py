"""Recurrence beside a slow expansion that weighs every day of a calendar, and what each expansion costs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import product

import pytest

from reminder_kit.calendars.recurrence import Budget, expand
from reminder_kit.calendars.rrule import read_rule
from reminder_kit.errors import CalendarError

NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = timedelta(days=1)


def purse(candidates=10**9, source=10**9):
    found = Budget(source)
    found.begin(candidates)
    return found


def expanded(text, start, low, high, *, dates=False):
    return list(expand(read_rule(text, 1)[0], start, low, high, purse(), dates=dates))


def week_of(day, first):
    """Return the year and number of a day's week, of weeks that begin with a weekday: four of its days decide."""
    fourth = day - timedelta(days=(day.weekday() - first) % 7) + 3 * DAY
    return fourth.year, (fourth - date(fourth.year, 1, 1)).days // 7 + 1


def both_ways(number, last):
    """Return a number as it counts from the front and from the back."""
    return {number, number - last - 1}


@cache
def facts(day, wkst):
    """Return what the parts of a rule say of a day: each by its name, from the front and from the back."""
    month_end = (date(day.year + day.month // 12, day.month % 12 + 1, 1) - DAY).day
    year_end = date(day.year, 12, 31)
    week_year, week = week_of(day, wkst)
    return {
        "BYMONTH": {day.month},
        "BYMONTHDAY": both_ways(day.day, month_end),
        "BYYEARDAY": both_ways(int(f"{day:%j}"), int(f"{year_end:%j}")),
        "BYWEEKNO": both_ways(week, week_of(date(week_year, 12, 28), wkst)[1]),
        "of the month": {0, (day.day + 6) // 7, -((month_end - day.day) // 7 + 1)},
        "of the year": {0, (int(f"{day:%j}") + 6) // 7, -((year_end - day).days // 7 + 1)},
    }


def numbers_of(parts, start):
    """Return the numbers of each part of a rule of days, with those that DTSTART fills in, and its weekdays."""
    names = [name for name in parts if name.startswith("BY") and name != "BYDAY"]
    numbers = {name: {int(number) for number in parts[name].split(",")} for name in names}
    for name, usual in (("BYHOUR", start.hour), ("BYMINUTE", start.minute), ("BYSECOND", start.second)):
        numbers.setdefault(name, {usual})
    weekdays = [(int(name[:-2] or 0), NAMES.index(name[-2:])) for name in parts.get("BYDAY", "").split(",") if name]
    if not (weekdays or "BYMONTHDAY" in numbers or "BYYEARDAY" in numbers):
        if parts["FREQ"] == "WEEKLY" or "BYWEEKNO" in numbers:
            weekdays = [(0, start.weekday())]
        elif parts["FREQ"] in ("YEARLY", "MONTHLY"):
            numbers["BYMONTHDAY"] = {start.day}
            if parts["FREQ"] == "YEARLY":
                numbers.setdefault("BYMONTH", {start.month})
    return numbers, weekdays


def by_hand(text, start, high):
    """Return what a rule of days makes up to an instant, by weighing every day since its first period began."""
    parts = dict(part.split("=") for part in text.split(";"))
    freq, interval, wkst = parts["FREQ"], int(parts.get("INTERVAL", 1)), NAMES.index(parts.get("WKST", "MO"))
    numbers, weekdays = numbers_of(parts, start)
    positions = numbers.pop("BYSETPOS", None)
    clocks = product(*(sorted(numbers.pop(name)) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")))
    times = [time(*clock) for clock in clocks if clock[2] < 60]
    counted_in = "of the month" if freq == "MONTHLY" or "BYMONTH" in numbers else "of the year"
    begin = start.toordinal() - (start.weekday() - wkst) % 7
    period = {
        "YEARLY": lambda day: day.year - start.year,
        "MONTHLY": lambda day: (day.year - start.year) * 12 + day.month - start.month,
        "WEEKLY": lambda day: (day.toordinal() - begin) // 7,
        "DAILY": lambda day: (day - start.date()).days,
    }[freq]
    by_period = {}
    for ordinal in range(start.toordinal() - 366, high.toordinal() + 367):
        day = date.fromordinal(ordinal)
        number, said = period(day), facts(day, wkst)
        if number < 0 or number % interval or not all(said[name] & chosen for name, chosen in numbers.items()):
            continue
        if not weekdays or any(on == day.weekday() and nth in said[counted_in] for nth, on in weekdays):
            by_period.setdefault(number, []).extend(datetime.combine(day, moment) for moment in times)
    made = sorted(one for several in by_period.values() for one in placed(several, positions) if one >= start)
    if "COUNT" in parts:
        counted = made if made[:1] == [start] else [start, *made]
        made = [moment for moment in counted[: int(parts["COUNT"])] if moment in made]
    return [moment for moment in made if moment <= high]


def placed(several, positions):
    """Return those of a period that stand at the positions given; all, where none are."""
    if not positions:
        return several
    chosen = {at - 1 if at > 0 else len(several) + at for at in positions}
    return [one for at, one in enumerate(several) if at in chosen]


RULES = [
    "FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=3", "FREQ=YEARLY;BYMONTH=2,12", "FREQ=YEARLY;BYMONTHDAY=29,-1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29,-1;INTERVAL=2", "FREQ=YEARLY;BYDAY=MO,5TH,-5FR",
    "FREQ=YEARLY;BYDAY=53WE,-53WE", "FREQ=YEARLY;BYDAY=2TU,-2TU;BYMONTH=3,11",
    "FREQ=YEARLY;BYYEARDAY=1,60,366,-1,-366,-60", "FREQ=YEARLY;BYYEARDAY=60,-306;BYMONTH=2,3",
    "FREQ=YEARLY;BYWEEKNO=1,53,-1,-53", "FREQ=YEARLY;BYWEEKNO=20;INTERVAL=2",
    "FREQ=YEARLY;BYWEEKNO=1,2,-1;BYDAY=MO,SA;WKST=SU", "FREQ=YEARLY;BYWEEKNO=10;BYMONTHDAY=5,6,7",
    "FREQ=YEARLY;BYDAY=SA,SU;BYSETPOS=1,2,-1,-3,200", "FREQ=YEARLY;BYHOUR=8,20;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR", "FREQ=YEARLY;BYMONTH=1;BYDAY=MO", "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO,TU",
    "FREQ=YEARLY;COUNT=3;BYMONTH=5", "FREQ=YEARLY;COUNT=4;BYDAY=20MO", "FREQ=MONTHLY", "FREQ=MONTHLY;INTERVAL=5",
    "FREQ=MONTHLY;BYMONTHDAY=1,-1,30", "FREQ=MONTHLY;BYDAY=1MO,-1SU,5WE,-5TH", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2,-1",
    "FREQ=MONTHLY;BYMONTH=2,7;BYMONTHDAY=28,31", "FREQ=MONTHLY;BYMONTH=2,7;BYDAY=3MO",
    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=1,2,3,4,5,6,7", "FREQ=MONTHLY;COUNT=7;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTH=3",
    "FREQ=MONTHLY;BYHOUR=0,23;BYMINUTE=5,50;BYSECOND=0,59;BYMONTHDAY=10;BYSETPOS=1,8,9,-8,-9", "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=MO,WE,SU", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU;WKST=WE",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "FREQ=WEEKLY;BYMONTH=1,6;BYDAY=TH,FR",
    "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=-1", "FREQ=WEEKLY;INTERVAL=2;COUNT=5;BYDAY=MO,TU;WKST=TU",
    "FREQ=WEEKLY;COUNT=40", "FREQ=WEEKLY;COUNT=41;BYDAY=MO,TH", "FREQ=DAILY", "FREQ=DAILY;INTERVAL=11",
    "FREQ=DAILY;BYDAY=MO,SU", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=1,-1", "FREQ=DAILY;COUNT=300",
    "FREQ=DAILY;INTERVAL=2;COUNT=200", "FREQ=DAILY;COUNT=90;BYDAY=MO,TH", "FREQ=DAILY;COUNT=90;BYHOUR=8,9",
    "FREQ=DAILY;BYHOUR=8,9;BYMINUTE=0,30;BYSETPOS=2,-1", "FREQ=DAILY;BYSECOND=0,60", "FREQ=DAILY;BYYEARDAY=100,-100",
    "FREQ=DAILY;COUNT=150;BYMONTH=1,3,5,7,12", "FREQ=WEEKLY;COUNT=30;BYMONTH=2,4,6,9,12",
    "FREQ=MONTHLY;BYMONTH=1,6;BYDAY=1SU,1MO,1TH",
]  # fmt: skip
STARTS = [
    datetime(2023, 12, 31, 9, 30),  # a Sunday
    datetime(2024, 2, 29, 23, 59, 59),  # a Thursday
    datetime(2026, 1, 5),  # a Monday
]


@pytest.mark.few(60)
@pytest.mark.parametrize("start", STARTS, ids=str)
@pytest.mark.parametrize("text", RULES)
def test_a_rule_makes_what_weighing_each_day_makes(text, start):
    """From its beginning, from within its second year, and from an instant to the same one."""
    end = start + timedelta(days=771)
    every = by_hand(text, start, end)
    assert expanded(text, start, start - 400 * DAY, end) == every
    low = start + timedelta(days=371, hours=5)
    assert expanded(text, start, low, end) == [moment for moment in every if low <= moment]
    for one in every[-2:]:
        assert expanded(text, start, one, one) == [one]


@pytest.mark.few(3)
@pytest.mark.parametrize("first", range(7), ids=NAMES)
def test_weeks_of_a_year_are_counted_from_both_ends(first):
    """In years of 52 and of 53 weeks, with weeks that begin on each weekday."""
    low, high = datetime(2019, 1, 1), datetime(2027, 12, 31, 23)
    days = [low.date() + at * DAY for at in range((high - low).days + 1)]
    for number in (1, 2, 52, 53, -1, -52, -53):
        text = f"FREQ=YEARLY;WKST={NAMES[first]};BYWEEKNO={number};BYDAY={','.join(NAMES)}"
        wanted = []
        for day in days:
            year, week = week_of(day, first)
            if number in both_ways(week, week_of(date(year, 12, 28), first)[1]):
                wanted.append(day)
        assert [moment.date() for moment in expanded(text, low, low, high)] == wanted


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("FREQ=DAILY", datetime(9999, 12, 30, 9), ["1230", "1231"]),
        ("FREQ=DAILY;INTERVAL=2", datetime(9999, 12, 27, 9), ["1227", "1229", "1231"]),
        ("FREQ=WEEKLY;BYDAY=MO,FR,SU", datetime(9999, 12, 20, 9), ["1220", "1224", "1226", "1227", "1231"]),
        ("FREQ=WEEKLY;BYDAY=SA,FR;BYMONTH=12", datetime(9999, 12, 24, 9), ["1224", "1225", "1231"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", datetime(9999, 11, 1, 9), ["1130", "1231"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", datetime(9999, 11, 1, 9), ["1126", "1231"]),
        ("FREQ=YEARLY;BYWEEKNO=52;BYDAY=MO,TU,WE,TH", datetime(9999, 12, 1, 9), ["1227", "1228", "1229", "1230"]),
        ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO,TU,WE,TH", datetime(9999, 12, 1, 9), ["1227", "1228", "1229", "1230"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", datetime(9999, 12, 1, 9), ["1231"]),
        ("FREQ=HOURLY;INTERVAL=12;BYMONTHDAY=31", datetime(9999, 12, 30, 9), ["1231", "1231"]),
        ("FREQ=DAILY;COUNT=9", datetime(9999, 12, 30, 9), ["1230", "1231"]),
    ],
)  # fmt: skip
def test_a_rule_ends_with_the_last_day_there_is(text, start, expected):
    """Without an error."""
    found = expanded(text, start, start, datetime(9999, 12, 31, 23, 59, 59))
    assert [f"{moment:%m%d}" for moment in found] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,SU;WKST=MO", ["0101", "0107", "0108"]),
        ("FREQ=WEEKLY;BYDAY=MO,SU;WKST=SU", ["0107", "0108"]),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,SU", ["0101", "0107"]),
        ("FREQ=DAILY;BYDAY=SU", ["0107"]),
    ],
)
def test_a_rule_begins_with_the_first_day_there_is(text, expected):
    """A Monday; a week that would begin before it is left out, and the next one is whole."""
    start = datetime(1, 1, 1, 9)
    found = expanded(text, start, start, datetime(1, 1, 9))
    assert [f"{moment:%m%d}" for moment in found] == expected


def test_whole_days_know_no_time_of_day():
    """Parts of a time are passed over; a rule that repeats within a day is refused by its name."""
    start, high = datetime(2026, 3, 1), datetime(2026, 3, 3)
    text = "FREQ=DAILY;BYHOUR=9;BYMINUTE=10;BYSECOND=11"
    assert expanded(text, start, start, high, dates=True) == [start, start + DAY, high]
    assert expanded(text, start, start, high) == [
        start.replace(day=day, hour=9, minute=10, second=11) for day in (1, 2)
    ]
    for freq in ("HOURLY", "MINUTELY", "SECONDLY"):
        with pytest.raises(CalendarError) as caught:
            expanded(f"FREQ={freq}", start, start, high, dates=True)
        assert str(caught.value) == f"FREQ={freq} cannot repeat a whole day"


def each_second(text, start, low, high):
    """Return what a rule below a day makes, by weighing every second of the hours of a window."""
    parts = dict(part.split("=") for part in text.split(";"))
    unit, interval = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}[parts["FREQ"]], int(parts.get("INTERVAL", 1))
    numbers = {name: {int(one) for one in value.split(",")} for name, value in parts.items() if name.startswith("BY")}
    positions = numbers.pop("BYSETPOS", None)
    if unit > 1:
        numbers.setdefault("BYSECOND", {start.second})
    if unit > 60:
        numbers.setdefault("BYMINUTE", {start.minute})
    origin = start.replace(minute=start.minute if unit < 3600 else 0, second=start.second if unit < 60 else 0)
    since = low.replace(minute=0, second=0)
    by_period = {}
    for second in range(int((high - since).total_seconds()) + 3600):
        step = (int((since - origin).total_seconds()) + second) // unit
        if step % interval:
            continue
        at = since + timedelta(seconds=second)
        got = {"BYHOUR": at.hour, "BYMINUTE": at.minute, "BYSECOND": at.second, "BYMONTHDAY": at.day}
        if all(got[name] in chosen for name, chosen in numbers.items()):
            by_period.setdefault(step, []).append(at)
    made = [one for several in by_period.values() for one in placed(several, positions)]
    return [moment for moment in made if max(low, start) <= moment <= high]


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=HOURLY", "FREQ=HOURLY;INTERVAL=5", "FREQ=HOURLY;BYMINUTE=0,15,59;BYSECOND=0,7",
        "FREQ=HOURLY;BYMINUTE=0,15,59;BYSETPOS=1,-1", "FREQ=HOURLY;BYHOUR=0,9,23;INTERVAL=1",
        "FREQ=HOURLY;BYMONTHDAY=2", "FREQ=MINUTELY;INTERVAL=7", "FREQ=MINUTELY;BYMINUTE=0,59;BYHOUR=8,23",
        "FREQ=MINUTELY;INTERVAL=3;BYHOUR=10", "FREQ=MINUTELY;BYHOUR=9;BYSECOND=1,2,59;BYSETPOS=-1,2",
        "FREQ=MINUTELY;INTERVAL=100", "FREQ=SECONDLY;INTERVAL=97", "FREQ=SECONDLY;BYHOUR=9;BYMINUTE=4,5;BYSECOND=0,30",
        "FREQ=SECONDLY;INTERVAL=13;BYMINUTE=30;BYHOUR=9,22", "FREQ=SECONDLY;BYMINUTE=31;BYHOUR=10;BYSETPOS=1",
        "FREQ=MINUTELY;BYSECOND=30,60;BYHOUR=9", "FREQ=HOURLY;BYSECOND=60,1", "FREQ=SECONDLY;BYSECOND=59,60;BYHOUR=9",
    ],
)  # fmt: skip
def test_a_rule_within_days_makes_what_weighing_each_second_makes(text):
    """From its beginning, from the middle of the next day, and over midnight."""
    start = datetime(2026, 3, 1, 9, 30, 11)
    for low, high in (
        (start, datetime(2026, 3, 1, 10, 10)),
        (datetime(2026, 3, 2, 8, 59, 59), datetime(2026, 3, 2, 9, 31)),
        (datetime(2026, 3, 1, 23, 30, 12), datetime(2026, 3, 2, 0, 5, 30)),
    ):
        assert expanded(text, start, low, high) == each_second(text, start, low, high)


def cost(text, start, low, high, *, dates=False):
    """Return what an expansion took from a rule's share."""
    budget = purse()
    for _ in expand(read_rule(text, 1)[0], start, low, high, budget, dates=dates):
        pass
    return 10**9 - budget.rule


MONDAY = datetime(2026, 1, 5, 9)


@pytest.mark.parametrize(
    ("text", "low", "days", "candidates"),
    [
        ("FREQ=DAILY", MONDAY, 10, 10 + 10),
        ("FREQ=DAILY", datetime(2026, 3, 2), 10, 10 + 10),
        ("FREQ=DAILY;INTERVAL=3", MONDAY, 10, 4 + 4),
        ("FREQ=DAILY;INTERVAL=3", datetime(2026, 1, 6, 9), 9, 3 + 3),
        ("FREQ=DAILY;INTERVAL=3", datetime(2026, 1, 8, 9), 7, 3 + 3),
        ("FREQ=DAILY;BYHOUR=9,10", MONDAY, 10, 10 + 20),
        ("FREQ=DAILY;BYMONTH=2", datetime(2026, 1, 25), 12, 12 + 5),
        ("FREQ=DAILY;BYDAY=MO", MONDAY, 14, 14 + 2),
        ("FREQ=WEEKLY", MONDAY, 28, 4 + 4),
        ("FREQ=WEEKLY;BYDAY=MO,WE", MONDAY, 28, 4 + 8),
        ("FREQ=WEEKLY;BYDAY=MO,WE", datetime(2026, 1, 18), 1, 1 + 0),
        ("FREQ=WEEKLY;BYDAY=MO,WE", datetime(2026, 1, 13), 1, 1 + 1),
        ("FREQ=WEEKLY;INTERVAL=2", datetime(2026, 1, 12), 7, 0),
        ("FREQ=WEEKLY;INTERVAL=2", datetime(2026, 1, 12), 8, 1 + 1),
        ("FREQ=WEEKLY;BYMONTH=2;BYDAY=MO", datetime(2026, 1, 26), 14, 2 + 2 * (7 // 4) + 1),
        ("FREQ=MONTHLY", datetime(2026, 1, 5), 90, 4 + 4),
        ("FREQ=MONTHLY;INTERVAL=2", datetime(2026, 2, 1), 59, 1 + 1),
        ("FREQ=MONTHLY;BYMONTH=3", datetime(2026, 2, 1), 59, 2 + 1),
        ("FREQ=MONTHLY;BYDAY=MO", datetime(2026, 2, 1), 28, 1 + 28 // 4 + 4),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", datetime(2026, 3, 1), 31, 1 + 31 // 4 + 5),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;BYHOUR=9,10", datetime(2026, 3, 1), 31, 1 + 31 // 4 + 10),
        ("FREQ=YEARLY", datetime(2027, 1, 1), 365 * 3, 3 + 3),
        ("FREQ=YEARLY;INTERVAL=2", datetime(2027, 1, 1), 365, 0),
        ("FREQ=YEARLY;INTERVAL=2", datetime(2027, 1, 1), 366, 1 + 1),
        ("FREQ=YEARLY;BYYEARDAY=1", datetime(2027, 1, 1), 365, 1 + 365 // 4 + 1),
        ("FREQ=YEARLY;BYYEARDAY=1", datetime(2028, 1, 1), 366, 1 + 366 // 4 + 1),
        ("FREQ=YEARLY;BYMONTH=2,4;BYDAY=MO", datetime(2027, 1, 1), 365, 1 + 58 // 4 + 8),
        ("FREQ=HOURLY", datetime(2026, 2, 1), 1, 1 + 24 * 2),
        ("FREQ=HOURLY;BYMINUTE=0,15;BYSECOND=0,30,45", datetime(2026, 2, 1), 1, 1 + 24 * (1 + 6)),
        ("FREQ=HOURLY;BYHOUR=9,10", datetime(2026, 2, 1), 1, 1 + 22 + 2 * 2),
        ("FREQ=HOURLY;BYMONTHDAY=9", datetime(2026, 2, 1), 5, 5),
        ("FREQ=MINUTELY", datetime(2026, 2, 1, 9, 30), 1, 1 + 870 * 2),
        ("FREQ=MINUTELY", datetime(2026, 2, 1, 9, 30, 59), 1, 1 + 870 * 2),
        ("FREQ=HOURLY", datetime(2026, 2, 1, 9, 30), 1, 1 + 15 * 2),
        ("FREQ=SECONDLY", datetime(2026, 2, 1, 23, 58, 30), 1, 1 + 90 * 2),
        ("FREQ=MINUTELY;BYHOUR=9", datetime(2026, 2, 1), 1, 1 + 23 + 60 * 2),
        ("FREQ=MINUTELY;BYMINUTE=0,30", datetime(2026, 2, 1), 1, 1 + 1440 + 48),
        ("FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0,30", datetime(2026, 2, 1), 1, 1 + 23 + 59 + 60 * 3),
        ("FREQ=DAILY;COUNT=100", datetime(2026, 2, 4, 9), 1, 1 + 1),
        ("FREQ=DAILY;COUNT=100;BYHOUR=9", datetime(2026, 2, 4, 9), 1, 1 + 1),
        ("FREQ=DAILY;COUNT=100;BYHOUR=8", datetime(2026, 2, 4, 9), 1, 31 + 31),
        ("FREQ=DAILY;COUNT=100;BYDAY=MO,TU", datetime(2026, 2, 4, 9), 1, 31 + 10),
        ("FREQ=WEEKLY;COUNT=100", datetime(2026, 2, 4, 9), 6, 2 + 2),
        ("FREQ=WEEKLY;COUNT=100;BYDAY=TU", datetime(2026, 2, 4, 9), 6, 6 + 6),
        ("FREQ=MONTHLY;COUNT=100", datetime(2027, 1, 5), 1, 13 + 13),
        ("FREQ=DAILY;COUNT=2", datetime(2026, 2, 4, 9), 1, 1 + 1),
    ],
)  # fmt: skip
def test_a_rule_pays_for_each_period_and_each_instant_that_is_looked_at(text, low, days, candidates):
    """One each, and one for four days that have to be weighed; what lies before the window as far as it is walked."""
    high = datetime.combine(low, time()) + timedelta(days=days, seconds=-1)
    assert cost(text, MONDAY, low, high) == candidates


@pytest.mark.parametrize(("minutes", "ahead"), [(25, 0), (26, 520)])
def test_very_many_times_of_a_day_are_paid_for_before_they_are_made(minutes, ahead):
    """More than five hundred of them, beside what each costs."""
    text = f"FREQ=DAILY;BYHOUR={','.join(map(str, range(20)))};BYMINUTE={','.join(map(str, range(minutes)))}"
    midnight = datetime(2026, 2, 1)
    assert cost(text, MONDAY, midnight, midnight + DAY - timedelta(seconds=1)) == ahead + 1 + 20 * minutes


def charged(source, *steps, within_days=False, limit=10_000):
    """Return what is left of a source's share after rules of so many candidates each."""
    budget = Budget(source)
    budget.series()
    for count in steps:
        budget.begin(limit, within_days=within_days)
        budget.spend(count)
    return budget.source


def test_the_first_five_hundred_candidates_of_a_rule_cost_the_source_nothing():
    """Those beyond are paid for, whether they are spent at once or one after the other."""
    assert charged(1000, 500) == 1000
    assert charged(1000, 501) == 999
    assert charged(1000, 700) == 800
    budget = Budget(1000)
    budget.begin(10_000)
    for _ in range(3):
        budget.spend(200)
    assert (budget.source, budget.rule, budget.limit, budget.free, budget.rules) == (900, 9400, 10_000, -100, 1)
    budget.spend(50)
    assert budget.source == 850


def test_the_first_four_rules_of_a_series_have_a_share_of_their_own():
    """The fifth pays from its first candidate; with the next series it begins anew."""
    assert charged(1000, *[100] * 4) == 1000
    assert charged(1000, *[100] * 5) == 900
    budget = Budget(1000)
    for _ in range(2):
        budget.series()
        for _ in range(4):
            budget.begin(10_000)
            budget.spend(500)
    assert budget.source == 1000
    assert Budget(7) == Budget(7, 0, 0, 0, 0)


def test_once_all_is_used_up_a_rule_within_days_has_no_share_either():
    """Rules of days still do."""
    assert charged(-1, 100) == -1
    assert charged(0, 100, within_days=True) == 0
    with pytest.raises(CalendarError) as caught:
        charged(-1, 1, within_days=True)
    assert str(caught.value) == "the calendar's recurrences make too many candidates; its limit `work` is used up"


def test_what_is_used_up_is_named():
    """The rule's own share, or that of the source; the last candidate of each may be spent."""
    assert charged(0, 300, limit=300) == 0
    with pytest.raises(CalendarError) as caught:
        charged(1000, 301, limit=300)
    assert str(caught.value) == "its recurrence makes more than 300 candidates; shorten or simplify the rule"
    assert charged(100, 600) == 0
    with pytest.raises(CalendarError, match="limit `work` is used up"):
        charged(100, 601)
    budget = Budget(-5)
    budget.begin(100)
    budget.spend(0)
    assert budget.source == -5


def test_occurrences_beyond_five_hundred_cost_ten_candidates_each():
    """Of one series."""
    budget = Budget(1000)
    budget.made(0)
    budget.made(500)
    assert budget.source == 1000
    budget.made(501)
    assert budget.source == 990
    with pytest.raises(CalendarError, match="limit `work` is used up"):
        budget.made(600)
