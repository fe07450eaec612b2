"""What a VTIMEZONE becomes: its changes of the clock within a window, and the place whose clock it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.calendars.content_lines import parse
from reminder_kit.calendars.recurrence import Budget
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.vtimezones import Definitions, TableZone, table_zone
from reminder_kit.errors import CalendarError

HOUR = timedelta(hours=1)
LOW, UNTIL = datetime(2025, 1, 1), datetime(2027, 6, 1)
BERLIN = (
    ("DAYLIGHT", "19700329T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"),
    ("STANDARD", "19701025T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"),
)


def definition(*parts, tzid="Office", extra=()):
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *extra]
    for name, start, before, after, *rules in parts:
        lines += [f"BEGIN:{name}", f"DTSTART:{start}"]
        lines += [f"TZOFFSETFROM:{before}"] if before else []
        lines += [f"TZOFFSETTO:{after}", *filter(None, rules), f"END:{name}"]
    return "\r\n".join([*lines, "END:VTIMEZONE", ""]).encode()


def component(*parts, **changes):
    return parse(definition(*parts, **changes), 1, Limits())


def table(*parts, low=LOW, until=UNTIL, candidates=30_000, **changes):
    return table_zone(component(*parts, **changes), low, until, Budget(2_000_000), candidates)


def changes_of(zone, start=datetime(1960, 1, 1, tzinfo=UTC), end=datetime(2030, 1, 1, tzinfo=UTC)):
    """Return the instants at which the offset is another one than a second before, with the new one in hours."""
    shape = zone.shape(start, end)
    return [
        (after.strftime("%Y-%m-%d %H"), offset / HOUR)
        for (before, old), (after, offset) in pairwise(shape)
        if old != offset and after - before == timedelta(seconds=1)
    ]


def test_changes_are_those_of_the_window_and_the_first_of_each_part():
    """Three years before it besides; up to its last instant."""
    found = changes_of(table(*BERLIN))
    years = [("1970-03-29 01", 2.0), ("1970-10-25 01", 1.0)]
    for year, spring, autumn in ((2025, 30, 26), (2026, 29, 25)):
        years += [(f"{year}-03-{spring} 01", 2.0), (f"{year}-10-{autumn} 01", 1.0)]
    assert found == [*years, ("2027-03-28 01", 2.0)]
    assert changes_of(table(*BERLIN, until=datetime(2025, 3, 30, 1)))[-1] == ("2024-10-27 01", 1.0)
    assert changes_of(table(*BERLIN, until=datetime(2025, 3, 30, 2)))[-1] == ("2025-03-30 01", 2.0)


def test_of_a_rule_that_ended_the_last_changes_are_listed():
    """Those of its last three years."""
    old = (*BERLIN[0][:4], f"{BERLIN[0][4]};UNTIL=20000326T010000Z"), (*BERLIN[1][:4], f"{BERLIN[1][4]};COUNT=30")
    spring = [year for year, hours in ((at[:4], hours) for at, hours in changes_of(table(*old))) if hours == 2]
    assert spring == ["1970", "1997", "1998", "1999", "2000"]
    days = changes_of(table((*BERLIN[0][:4], f"{BERLIN[0][4]};UNTIL=20000326"), old[1]))
    assert ("2000-03-26 01", 2.0) in days
    days = changes_of(table((*BERLIN[0][:4], f"{BERLIN[0][4]};UNTIL=20000325"), old[1]))
    assert ("2000-03-26 01", 2.0) not in days


def test_changes_may_be_listed_one_by_one():
    """In several lines."""
    part = ("STANDARD", "20260101T000000", "+0100", "+0300", "RDATE:20260201T000000\r\nRDATE:20260301T000000")
    other = ("DAYLIGHT", "20260115T000000", "+0300", "+0100", "RDATE:20260215T000000,20260315T000000")
    assert changes_of(table(part, other)) == [
        ("2025-12-31 23", 3.0), ("2026-01-14 21", 1.0), ("2026-01-31 23", 3.0), ("2026-02-14 21", 1.0),
        ("2026-02-28 23", 3.0), ("2026-03-14 21", 1.0),
    ]  # fmt: skip


def test_a_zone_is_called_by_its_tzid_and_begins_with_its_first_change():
    """Before it the offset is the one that this change leaves."""
    zone = table(("STANDARD", "20260101T000000", "+0100", "+0300"), tzid=" Office ")
    assert (zone.tzid, zone.begins) == ("Office", datetime(2025, 12, 31, 23, tzinfo=UTC))
    assert datetime(2020, 1, 1, tzinfo=zone).utcoffset() == HOUR
    without = table(("STANDARD", "20260101T000000", "", "+0300"))
    assert datetime(2020, 1, 1, tzinfo=without).utcoffset() == 3 * HOUR


@pytest.mark.parametrize(
    ("parts", "said", "line"),
    [
        ((), "its VTIMEZONE has neither STANDARD nor DAYLIGHT", 1),
        ((("X", "20260101T000000", "+0100", "+0300"),), "its VTIMEZONE has neither STANDARD nor DAYLIGHT", 1),
        ((BERLIN[0],) * 401, "its VTIMEZONE has more than 400 parts", 1),
    ],
)
def test_what_is_no_zone_is_told_with_its_line(parts, said, line):
    """That of its beginning."""
    with pytest.raises(CalendarError) as caught:
        table(*parts)
    assert (str(caught.value).removeprefix(f"line {line}: "), caught.value.line) == (said, line)


def definitions(**changes):
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    values = {"start": start, "end": end, "until": end, "budget": Budget(2_000_000), "candidates": 30_000, "most": 2}
    return Definitions(**{**values, **changes})


def read(made, *parts, asked=None, **changes):
    data = definition(*parts, **changes)

    def parsed():
        if asked is not None:
            asked.append(data)
        return parse(data, 1, Limits())

    return made.read(data, parsed)


def test_a_definition_is_read_once_and_as_many_as_may_be():
    """The same bytes are the same zone; what can't be read counts, too."""
    made, asked = definitions(), []
    first = read(made, *BERLIN, asked=asked, extra=["X-LIC-LOCATION: Europe/Berlin "])
    assert read(made, *BERLIN, asked=asked, extra=["X-LIC-LOCATION: Europe/Berlin "]) is first
    assert (len(asked), first.fault, first.location) == (1, "", "Europe/Berlin")
    broken = read(made, asked=asked)
    assert (broken.zone, broken.location) == (None, "")
    assert broken.fault.endswith("its VTIMEZONE has neither STANDARD nor DAYLIGHT")
    more = read(made, BERLIN[0], asked=asked)
    assert (more.zone, more.fault, len(asked)) == (None, "there are more than 2 different ones", 2)


def test_the_past_of_a_zone_is_built_when_it_is_asked_for():
    """Once; three years before the horizon it is as then."""
    made, asked = definitions(), []
    zone = read(made, *BERLIN, asked=asked).zone
    assert datetime(2023, 7, 1, tzinfo=zone).utcoffset() == 2 * HOUR
    assert len(asked) == 1
    for year in (1980, 1990, 2020):
        assert datetime(year, 7, 1, tzinfo=zone).utcoffset() == 2 * HOUR
        assert datetime(year, 1, 1, tzinfo=zone).utcoffset() == HOUR
    assert len(asked) == 2


def test_three_years_before_the_horizon_are_listed_and_what_lies_before_is_built():
    """Of 366 days each, to the very minute."""
    made, asked = definitions(), []
    zone = read(made, *BERLIN, asked=asked).zone
    begin = datetime(2026, 1, 1) - timedelta(days=3 * 366)
    assert begin.replace(tzinfo=zone).utcoffset() == HOUR
    assert len(asked) == 1
    assert (begin - timedelta(minutes=1)).replace(tzinfo=zone).utcoffset() == HOUR
    assert len(asked) == 2


def test_the_past_of_two_hundred_zones_is_built():
    """And that of no further one: it is as its first parts say."""
    made = definitions(most=300)
    summers = []
    for number in range(201):
        zone = read(made, *BERLIN, tzid=f"Office {number}").zone
        summers.append(datetime(1980, 7, 1, tzinfo=zone).utcoffset())
    assert summers == [2 * HOUR] * 200 + [HOUR]


@pytest.mark.parametrize(("time", "is_read"), [("235800", True), ("235900", True), ("235901", False)])
def test_a_rule_until_a_day_has_that_day_to_its_last_minute(time, is_read):
    """Whatever the time of its onsets."""
    part = ("DAYLIGHT", f"20200301T{time}", "+0100", "+0200", "RRULE:FREQ=YEARLY;UNTIL=20260301")
    back = ("STANDARD", "20201001T000000", "+0200", "+0100", "RRULE:FREQ=YEARLY")
    found = [at for at, _ in changes_of(table(part, back))]
    assert ("2026-03-01 22" in found) is is_read


def test_an_hour_that_comes_twice_is_told_also_at_the_first_change():
    """The second time is the later one."""
    zone = TableZone("Office", 2 * HOUR, [(datetime(2026, 10, 25, 1), HOUR)])
    folds = [
        (datetime(2026, 10, 25, 0, tzinfo=UTC) + minutes * timedelta(minutes=1)).astimezone(zone).fold
        for minutes in (0, 59, 60, 119, 120)
    ]
    assert folds == [0, 0, 1, 1, 0]


def named(info):
    return getattr(info, "key", None)


def test_a_zone_is_the_first_guess_that_shows_its_clock():
    """Else a place that does; guesses that are no places are none."""
    made = definitions()
    zone = read(made, *BERLIN).zone
    vienna, madrid, tokyo = (ZoneInfo(name) for name in ("Europe/Vienna", "Europe/Madrid", "Asia/Tokyo"))
    assert named(made.place(zone, [None, tokyo, timezone(HOUR), vienna, madrid])) == "Europe/Vienna"
    assert named(made.place(zone, [madrid, vienna])) == "Europe/Madrid"
    any_place = made.place(zone, [tokyo])
    assert named(any_place).startswith("Europe/")
    assert made.place(zone, []) is any_place
    assert (made.agrees(zone, vienna), made.agrees(zone, tokyo)) == (True, False)


@pytest.mark.parametrize(
    ("minutes", "names"),
    [
        (0, {"Etc/GMT"}),
        (60, {"Etc/GMT-1"}),
        (-300, {"Etc/GMT+5"}),
        (330, {"Asia/Kolkata", "Asia/Calcutta"}),
        (345, {"Asia/Kathmandu", "Asia/Katmandu"}),
        (187, {None}),
    ],
)
def test_a_zone_of_one_offset_is_that_of_ianas_or_a_place(minutes, names):
    """And none where neither is."""
    sign, rest = ("-" if minutes < 0 else "+"), abs(minutes)
    offset = f"{sign}{rest // 60:02}{rest % 60:02}"
    made = definitions()
    zone = read(made, ("STANDARD", "19700101T000000", offset, offset)).zone
    assert named(made.place(zone, [])) in names
    assert named(made.place_of(timedelta(minutes=minutes), datetime(2026, 1, 15, tzinfo=UTC))) in names


def test_an_offset_is_that_of_a_place_at_an_instant():
    """Newfoundland's in winter is another one than in summer."""
    made, half = definitions(), timedelta(minutes=30)
    winter, summer = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)
    assert named(made.place_of(-3 * HOUR - half, winter)) == "America/St_Johns"
    assert made.place_of(-3 * HOUR - half, summer) is None
    assert named(made.place_of(-2 * HOUR - half, summer)) == "America/St_Johns"
    assert made.place_of(-2 * HOUR - half, winter) is None


def test_a_table_that_only_begins_like_a_constant_one_is_none():
    """It changes within the horizon: no zone of one offset shows it."""
    made = definitions()
    zone = TableZone("Office", HOUR, [(datetime(2026, 6, 1), 187 * timedelta(minutes=1))])
    assert made.place(zone, []) is None
