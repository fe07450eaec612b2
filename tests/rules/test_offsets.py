"""Offsets: exact, nominal, local, weekday and business days, through every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.instants import from_seconds
from reminder_kit.rules.offsets import (
    Offset,
    OffsetKind,
    apply_offset,
    dst_note,
    from_local,
    in_words,
    local_time,
    parse_length,
    weekday_number,
)
from tests.factories import NEW_YORK

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
CASABLANCA = ZoneInfo("Africa/Casablanca")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
ANCHORS = st.integers(1_104_537_600, 2_082_758_400).map(from_seconds)  # 2005 to 2035
ZONES = (NEW_YORK, BERLIN, LORD_HOWE, APIA, CASABLANCA, KATHMANDU)


def at(text, zone):
    return from_local(datetime.fromisoformat(text), zone)


def local(instant, zone):
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "kind", "days", "exact"),
    [
        ("24 hours", OffsetKind.EXACT, 0, timedelta(hours=24)),
        ("90 minutes", OffsetKind.EXACT, 0, timedelta(minutes=90)),
        ("1 hour 30 minutes", OffsetKind.EXACT, 0, timedelta(minutes=90)),
        ("1 hour, 30 minutes", OffsetKind.EXACT, 0, timedelta(minutes=90)),
        ("1 hour and 30 minutes", OffsetKind.EXACT, 0, timedelta(minutes=90)),
        ("1.5 hours", OffsetKind.EXACT, 0, timedelta(minutes=90)),
        ("2h", OffsetKind.EXACT, 0, timedelta(hours=2)),
        (" 30  Min ", OffsetKind.EXACT, 0, timedelta(minutes=30)),
        ("1 day", OffsetKind.NOMINAL, 1, timedelta(0)),
        ("2 weeks", OffsetKind.NOMINAL, 14, timedelta(0)),
        ("1 day 2 hours", OffsetKind.NOMINAL, 1, timedelta(hours=2)),
        ("PT24H", OffsetKind.EXACT, 0, timedelta(hours=24)),
        ("P1D", OffsetKind.NOMINAL, 1, timedelta(0)),
        ("P1W", OffsetKind.NOMINAL, 7, timedelta(0)),
        ("P1DT12H", OffsetKind.NOMINAL, 1, timedelta(hours=12)),
        (timedelta(days=1), OffsetKind.EXACT, 0, timedelta(hours=24)),
        (timedelta(minutes=45), OffsetKind.EXACT, 0, timedelta(minutes=45)),
    ],
    ids=str,
)
def test_hours_are_elapsed_time_and_days_are_calendar_days(text, kind, days, exact):
    """Text and ISO 8601 durations with days or weeks are nominal, all others exact; a `timedelta` is exact."""
    assert Offset.parse(text) == Offset(kind, days, exact)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("soon", "cannot be read"),
        ("", "cannot be read"),
        ("24", "cannot be read"),
        ("24 fortnights", "cannot be read"),
        ("1 month", "cannot be read"),
        ("24 hours before", "cannot be read"),
        ("P", "cannot be read"),
        ("PT", "cannot be read"),
        ("-1 hour", "negative"),
        ("0 hours", "zero"),
        (timedelta(0), "zero"),
        (timedelta(hours=-1), "negative"),
        (24, "unit"),
        (True, "unit"),
        (None, "unit"),
        (["1 day"], "unit"),
        ("1.5 days", "part of a day"),
        ("99999 days", "ten years"),
        ("9999999999999999999999 days", "ten years"),
        ("9999999999999999999999 hours", "ten years"),
        (f"{'9' * 400} hours", "ten years"),
        (pendulum.duration(hours=24), "pendulum"),
        (pendulum.datetime(2026, 1, 2) - pendulum.datetime(2026, 1, 1), "pendulum"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_an_offset_is_refused_by_name(value, said):
    """An offset without a unit, negative, zero, too long or unreadable names its rule and key."""
    with pytest.raises(InvalidRuleError, match=said) as caught:
        Offset.parse(value, "rule 'x': before")
    assert str(caught.value).startswith("rule 'x': before")


def test_zero_is_an_offset_where_it_makes_sense():
    """A follow-up may be due right at its anchor: there zero is allowed."""
    assert Offset.parse("0 minutes", zero=True) == Offset(OffsetKind.EXACT)


def test_an_offset_is_its_own_parse():
    """Parsing an `Offset` gives the very same object back."""
    offset = Offset.parse("1 day")
    assert Offset.parse(offset) is offset


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (Offset.parse("24 hours"), "24 hours (exact: elapsed time)"),
        (Offset.parse("1 day"), "1 day (nominal: same wall clock)"),
        (Offset.parse("1 day 2 hours"), "1 day and 2 hours of elapsed time (nominal: same wall clock)"),
        (Offset(OffsetKind.LOCAL, 2, at=time(18)), "2 days (local: at 18:00 local time)"),
        (Offset(OffsetKind.BUSINESS, 3), "3 business days (business: same wall clock)"),
        (Offset(OffsetKind.WEEKDAY, at=time(9), weekday=4), "the nearest Friday on another day, at 09:00 local time"),
        (Offset(OffsetKind.ABSOLUTE, instant=datetime(2026, 2, 1, tzinfo=UTC)), "at 2026-02-01T00:00:00Z (absolute)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_offset_says_how_it_is_counted(offset, words):
    """Its description has the length in words and the kind of counting, as explanations show them."""
    assert offset.describe() == words


def test_b53_24_hours_and_1_day_differ_on_the_spring_day():
    """24 hours are 24 hours on the spring day, and 1 day is the same wall clock."""
    start = at("2026-03-08 10:00", NEW_YORK)
    exact = apply_offset(start, NEW_YORK, Offset.parse("24 hours"), back=True)
    nominal = apply_offset(start, NEW_YORK, Offset.parse("1 day"), back=True)
    assert local(exact, NEW_YORK) == "2026-03-07 09:00"
    assert start - exact == timedelta(hours=24)
    assert local(nominal, NEW_YORK) == "2026-03-07 10:00"
    assert start - nominal == timedelta(hours=23)


@pytest.mark.parametrize(
    ("zone", "start", "day_before"),
    [
        (NEW_YORK, "2026-03-08 10:00", timedelta(hours=23)),
        (NEW_YORK, "2026-11-01 10:00", timedelta(hours=25)),
        (BERLIN, "2026-03-29 10:00", timedelta(hours=23)),
        (BERLIN, "2026-10-25 10:00", timedelta(hours=25)),
        (LORD_HOWE, "2026-10-04 10:00", timedelta(hours=23, minutes=30)),
        (LORD_HOWE, "2026-04-05 10:00", timedelta(hours=24, minutes=30)),
        (CASABLANCA, "2026-02-15 10:00", timedelta(hours=25)),
        (CASABLANCA, "2026-03-22 10:00", timedelta(hours=23)),
        (KATHMANDU, "2026-03-08 10:00", timedelta(hours=24)),
        (APIA, "2011-12-31 10:00", timedelta(hours=24)),
    ],
    ids=str,
)
def test_a_nominal_day_is_as_long_as_that_day_is(zone, start, day_before):
    """ "1 day" has 23, 25 or other hours where the clocks change; "24 hours" always has 24."""
    anchor = at(start, zone)
    assert anchor - apply_offset(anchor, zone, Offset.parse("1 day"), back=True) == day_before
    assert anchor - apply_offset(anchor, zone, Offset.parse("24 hours"), back=True) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("zone", "wall", "instant", "said"),
    [
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30", "occurs twice"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:30", "New_York: the clock leaps by 1 hour, and 03:30 is meant"),
        (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:45", "leaps by 30 minutes"),
        (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45", "occurs twice"),
        (APIA, "2011-12-30 18:00", "2011-12-31 04:00", "leaps by 24 hours"),
        (KATHMANDU, "2026-03-08 02:30", "2026-03-07 20:45", ""),
    ],
    ids=str,
)
def test_of_two_the_first_and_of_none_the_time_moved_by_the_leap(zone, wall, instant, said):
    """RFC 5545 §3.3.5."""
    moment = datetime.fromisoformat(wall)
    assert from_local(moment, zone) == datetime.fromisoformat(f"{instant}+00:00")
    assert said in dst_note(moment, zone)
    assert bool(dst_note(moment, zone)) == bool(said)


def test_a_local_time_that_is_leapt_over_is_moved_forward():
    """A local time that the spring day leaves out is read an hour later, by the length of the leap."""
    start = at("2026-03-09 09:00", NEW_YORK)
    due = apply_offset(start, NEW_YORK, Offset(OffsetKind.LOCAL, 1, at=time(2, 30)), back=True)
    assert local(due, NEW_YORK) == "2026-03-08 03:30"


def test_a_day_that_was_left_out_never_puts_before_at_its_anchor():
    """Apia had no 30 December 2011: moved forward by the leap, "1 day before" would be the start itself."""
    start = at("2011-12-31 10:00", APIA)
    due = apply_offset(start, APIA, Offset.parse("1 day"), back=True)
    assert local(due, APIA) == "2011-12-29 10:00"


@pytest.mark.parametrize(
    ("start", "weekday", "due"),
    [
        ("2026-02-16 10:00", 4, "2026-02-13 18:00"),
        ("2026-02-13 10:00", 4, "2026-02-06 18:00"),
        ("2026-02-14 23:59", 4, "2026-02-13 18:00"),
        ("2026-02-16 10:00", 6, "2026-02-15 18:00"),
    ],
    ids=["monday", "that friday itself", "saturday", "sunday"],
)
def test_weekday_before_is_the_last_one_before_the_anchors_day(start, weekday, due):
    """On that weekday itself it is the one a week before: never the anchor's own day."""
    offset = Offset(OffsetKind.WEEKDAY, at=time(18), weekday=weekday)
    assert local(apply_offset(at(start, BERLIN), BERLIN, offset, back=True), BERLIN) == due


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-02-16 10:00", 1, "2026-02-13 10:00"),
        ("2026-02-18 10:00", 2, "2026-02-16 10:00"),
        ("2026-02-15 10:00", 1, "2026-02-13 10:00"),
        ("2026-02-16 10:00", 6, "2026-02-06 10:00"),
    ],
    ids=["over a weekend", "within a week", "from a sunday", "a week and a day"],
)
def test_business_days_jump_weekends(start, days, due):
    """Saturdays and Sundays are not counted, and the wall clock stays that of the anchor."""
    offset = Offset(OffsetKind.BUSINESS, days)
    assert local(apply_offset(at(start, BERLIN), BERLIN, offset, back=True), BERLIN) == due


def test_business_days_jump_closed_days_and_take_a_local_time():
    """A day that `is_open` denies is not counted; `at` sets the time on the day that was found."""
    closed = {date(2026, 2, 13), date(2026, 2, 12)}
    offset = Offset(OffsetKind.BUSINESS, 1, at=time(9))
    due = apply_offset(
        at("2026-02-16 10:00", BERLIN),
        BERLIN,
        offset,
        back=True,
        is_open=lambda day: day.weekday() < 5 and day not in closed,
    )
    assert local(due, BERLIN) == "2026-02-11 09:00"


def test_a_place_that_never_opens_is_an_error_not_a_loop():
    """Where no day is open, counting business days ends with an error."""
    with pytest.raises(InvalidRuleError, match="no business day"):
        apply_offset(
            at("2026-02-16 10:00", BERLIN), BERLIN, Offset(OffsetKind.BUSINESS, 1), back=True, is_open=lambda _: False
        )


def test_after_goes_the_other_way():
    """Without `back` the offset is added: by the wall clock for days, by elapsed time for hours."""
    end = at("2026-03-07 10:00", NEW_YORK)
    assert local(apply_offset(end, NEW_YORK, Offset.parse("1 day"), back=False), NEW_YORK) == "2026-03-08 10:00"
    assert local(apply_offset(end, NEW_YORK, Offset.parse("24 hours"), back=False), NEW_YORK) == "2026-03-08 11:00"


def test_days_come_first_and_elapsed_time_is_taken_from_there():
    """Of "1 day 2 hours" the day is taken on the wall clock, then the hours as elapsed time."""
    start = at("2026-03-09 01:00", NEW_YORK)
    due = apply_offset(start, NEW_YORK, Offset.parse("1 day 2 hours"), back=True)
    assert local(due, NEW_YORK) == "2026-03-07 23:00"


@given(
    zone=st.sampled_from(ZONES),
    anchor=ANCHORS,
    days=st.integers(1, 40),
)
def test_before_lies_before_and_after_after_in_every_zone(zone, anchor, days):
    """On any day a nominal offset keeps its side of the anchor, and the wall clock where that exists."""
    offset = Offset.parse(f"{days} days")
    before = apply_offset(anchor, zone, offset, back=True)
    after = apply_offset(anchor, zone, offset, back=False)
    assert before < anchor < after
    assert abs((anchor - before) - timedelta(days=days)) <= timedelta(hours=26)
    wall = anchor.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    if not dst_note(wall, zone):
        assert before.astimezone(zone).replace(tzinfo=None) == wall


@given(
    anchor=ANCHORS,
    minutes=st.integers(1, 60 * 24 * 30),
    zone=st.sampled_from(ZONES),
)
def test_exact_offsets_are_exact_in_every_zone(anchor, minutes, zone):
    """Minutes before an anchor are elapsed minutes, whatever the clocks of the zone do."""
    assert anchor - apply_offset(anchor, zone, Offset.parse(f"{minutes} minutes"), back=True) == timedelta(
        minutes=minutes
    )


@given(st.text(max_size=30))
def test_any_text_is_an_offset_or_an_error_that_names_it(text):
    """No text raises anything but `InvalidRuleError`, which names the rule."""
    try:
        offset = Offset.parse(text, "rule 'x': before")
    except InvalidRuleError as error:
        assert "rule 'x'" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert offset.days or offset.elapsed


@given(st.integers(1, 60 * 60 * 24 * 9))
def test_a_length_in_words_reads_back_as_itself(total):
    """`parse_length` understands each length that `in_words` writes."""
    length = timedelta(seconds=total)
    assert parse_length(in_words(length), "it") == length


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0, timedelta(0)), ("1 day", timedelta(hours=24)), (timedelta(hours=2), timedelta(hours=2))],
    ids=str,
)
def test_a_mere_length_of_time_takes_a_day_for_24_hours(value, wanted):
    """A length has no anchor to count days from: "1 day" is 24 hours, and 0 is no time."""
    assert parse_length(value, "min_notice") == wanted


@pytest.mark.parametrize("value", [5, 1.5, True, False, None, "soon"], ids=str)
def test_a_mere_length_of_time_needs_a_unit(value):
    """Numbers, booleans and None name no unit: the error names the key."""
    with pytest.raises(InvalidRuleError, match="min_notice"):
        parse_length(value, "min_notice")


@pytest.mark.parametrize("value", ["18:00", time(18), "18:00:00", " 18:00 "], ids=str)
def test_local_times_are_read(value):
    """A local time is a naive `time` or text such as "18:00", with or without seconds."""
    assert local_time(value, "at") == time(18)


def test_a_local_time_is_that_of_every_day():
    """Not the second of two of them, as in the night in which clocks go back: what a host's value says of that."""
    assert local_time(time(1, 30, 12, 5, fold=1), "at").fold == 0
    assert local_time(time(1, 30, 12, 5), "at") == time(1, 30, 12)


@pytest.mark.parametrize("value", ["6 pm", "25:00", 18, time(18, tzinfo=UTC), "18:00Z"], ids=str)
def test_what_is_no_local_time_is_refused(value):
    """A wrong local time, or one with a zone, is refused with a right example."""
    with pytest.raises(InvalidRuleError, match="18:00"):
        local_time(value, "rule 'x': at")


def test_weekdays_are_read_by_name_and_by_their_first_letters():
    """Three letters are enough for a weekday; anything else is refused with a right example."""
    assert [weekday_number(name, "weekday") for name in ("monday", "Friday", "sun")] == [0, 4, 6]
    for wrong in ("", "fr", "someday", 3):
        with pytest.raises(InvalidRuleError, match="friday"):
            weekday_number(wrong, "weekday")


UNITS = {
    "w week weeks": 7 * 86_400,
    "d day days": 86_400,
    "h hr hrs hour hours": 3600,
    "min mins minute minutes": 60,
    "sec secs second seconds": 1,
}


@pytest.mark.parametrize(
    ("unit", "seconds"), [(unit, seconds) for units, seconds in UNITS.items() for unit in units.split()]
)
def test_every_unit_is_read(unit, seconds):
    """Days and weeks are days of the calendar, all else is elapsed time."""
    found = Offset.parse(f"3 {unit}")
    assert (found.days * 86_400 + found.elapsed.total_seconds()) == 3 * seconds
    assert found.kind == (OffsetKind.NOMINAL if seconds >= 86_400 else OffsetKind.EXACT)
    assert parse_length(f"3{unit}", "x") == timedelta(seconds=3 * seconds)


@pytest.mark.parametrize(
    ("text", "days", "elapsed"),
    [
        ("PT5M", 0, timedelta(minutes=5)),
        ("PT7S", 0, timedelta(seconds=7)),
        ("P2W3DT4H5M6S", 17, timedelta(hours=4, minutes=5, seconds=6)),
        ("1.4 seconds", 0, timedelta(seconds=1)),
        ("1.6 seconds", 0, timedelta(seconds=2)),
        ("1 week, 2 days and 3h 4min 5sec", 9, timedelta(hours=3, minutes=4, seconds=5)),
        ("1 hour 1 hour", 0, timedelta(hours=2)),
        (timedelta(hours=1, microseconds=7), 0, timedelta(hours=1)),
    ],
    ids=str,
)
def test_amounts_are_added_up_in_whole_seconds(text, days, elapsed):
    """However many there are, of each form."""
    assert (Offset.parse(text).days, Offset.parse(text).elapsed) == (days, elapsed)


@pytest.mark.parametrize("longest", ["3660 days", "3659 days 24 hours", timedelta(days=3660)])
def test_ten_years_are_the_longest_offset(longest):
    """Which has two leap days or three, and some room."""
    assert Offset.parse(longest)
    for more in ("3661 days", "3660 days 1 second", timedelta(days=3660, seconds=1)):
        with pytest.raises(InvalidRuleError, match="ten years"):
            Offset.parse(more)


def test_how_far_it_is_at_the_least_is_known_but_by_wall_clocks_of_its_own():
    """A day that is counted by the anchor's clock may be an hour shorter; one at a time of its own may be minutes."""
    assert Offset.parse("90 minutes").least() == timedelta(minutes=90)
    assert Offset.parse("2 days 1 hour").least() == timedelta(days=2, hours=1)
    for kind in (OffsetKind.LOCAL, OffsetKind.BUSINESS, OffsetKind.WEEKDAY, OffsetKind.ABSOLUTE):
        assert Offset(kind, 2, at=time(9)).least() is None


@pytest.mark.parametrize(("days", "back"), [(3659, True), (3659, False), (3660, True), (3660, False)])
def test_a_business_day_is_looked_for_through_ten_years(days, back):
    """And not for ever."""
    start = at("2026-02-15 10:00", BERLIN)
    only = start.date() + timedelta(days=-days if back else days)
    offset = Offset(OffsetKind.BUSINESS, 1)
    if days == 3660:
        with pytest.raises(InvalidRuleError, match="no business day within ten years"):
            apply_offset(start, BERLIN, offset, back=back, is_open=lambda day: day == only)
    else:
        assert apply_offset(start, BERLIN, offset, back=back, is_open=lambda day: day == only).date() == only


@pytest.mark.parametrize(
    ("seconds", "days", "words"),
    [
        (0, False, "0 minutes"),
        (1, False, "1 second"),
        (61, False, "1 minute 1 second"),
        (3600, False, "1 hour"),
        (90_061, False, "25 hours 1 minute 1 second"),
        (90_061, True, "1 day 1 hour 1 minute 1 second"),
        (180_122, True, "2 days 2 hours 2 minutes 2 seconds"),
    ],
)
def test_a_length_in_words(seconds, days, words):
    """One of a unit is told in the singular, none of it not at all."""
    assert in_words(timedelta(seconds=seconds), days=days) == words


@pytest.mark.parametrize(
    ("value", "longest"),
    [("999999999 days", True), ("999999999 days 23 hours", True), ("999999999 days 24 hours", False)],
    ids=["days", "days and hours", "a day too many"],
)
def test_a_length_is_as_long_as_time_is(value, longest):
    """A length has no bounds but those of time; beyond them it is refused, and names its key."""
    if longest:
        assert parse_length(value, "min_notice").days == 999999999
    else:
        with pytest.raises(InvalidRuleError, match="min_notice is longer than time itself"):
            parse_length(value, "min_notice")


def test_a_length_that_is_refused_is_shown_cut():
    """Forty characters of it, so that a line stays one."""
    with pytest.raises(InvalidRuleError) as told:
        parse_length("999999999 days and 9999999 hours and 1 second", "min_notice")
    assert "'999999999 days and 9999999 hours and 1 s')" in str(told.value)
