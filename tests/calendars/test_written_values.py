"""Values of properties: each form of a date, a time, a length and an offset, at the edges of what is taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.calendars.content_lines import Property
from reminder_kit.calendars.values import (
    Span,
    TimeKind,
    When,
    as_span,
    as_when,
    day_of,
    integer,
    is_day,
    offset_of,
    periods,
    recurrence_text,
    stamp,
    whens,
)
from reminder_kit.errors import CalendarError, InvalidInputError

BERLIN, NEW_YORK, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


class Zones:
    """The zones of a calendar whose floating times are New York's, and what was asked of them."""

    def __init__(self):
        self.asked = []

    def __call__(self, tzid, line):
        self.asked.append((tzid, line))
        return ZoneInfo(tzid) if tzid else NEW_YORK


def property_of(value, name="RDATE", line=12, **parameters):
    return Property(name, value, parameters, line)


@pytest.mark.parametrize(
    ("text", "tzid", "wall", "zone", "kind"),
    [
        ("20260302", "", datetime(2026, 3, 2), NEW_YORK, "date"),
        ("20260302", "Asia/Tokyo", datetime(2026, 3, 2), NEW_YORK, "date"),
        ("20260302T0910", "", datetime(2026, 3, 2, 9, 10), NEW_YORK, "floating"),
        ("20260302T091059", "", datetime(2026, 3, 2, 9, 10, 59), NEW_YORK, "floating"),
        ("20260302T091060", "", datetime(2026, 3, 2, 9, 10, 59), NEW_YORK, "floating"),
        ("20260302t091020z", "", datetime(2026, 3, 2, 9, 10, 20), UTC, "utc"),
        (" 20260302T091020Z ", "Asia/Tokyo", datetime(2026, 3, 2, 9, 10, 20), UTC, "utc"),
        ("20260302T0910Z", "", datetime(2026, 3, 2, 9, 10), UTC, "utc"),
        ("20260302T091020", "Asia/Tokyo", datetime(2026, 3, 2, 9, 10, 20), TOKYO, "zoned"),
        ("20260302T091020", "  ", datetime(2026, 3, 2, 9, 10, 20), NEW_YORK, "floating"),
        ("2026-03-02", "Asia/Tokyo", datetime(2026, 3, 2), NEW_YORK, "date"),
        ("2026-03-02T09:10:20.75", "Asia/Tokyo", datetime(2026, 3, 2, 9, 10, 20), TOKYO, "zoned"),
        ("2026-03-02T09:10:20.75", "", datetime(2026, 3, 2, 9, 10, 20), NEW_YORK, "floating"),
        ("2026-03-02T09:10:20.75+02:00", "Asia/Tokyo", datetime(2026, 3, 2, 7, 10, 20), UTC, "utc"),
    ],
    ids=[
        "a date", "a date with a TZID", "without seconds", "floating", "a leap second", "small letters",
        "UTC with a TZID, and blanks", "UTC without seconds", "zoned", "an empty TZID", "a date in ISO 8601",
        "a fraction in a zone", "a floating fraction", "an offset",
    ],
)  # fmt: skip
def test_a_time_is_kept_as_it_was_written(text, tzid, wall, zone, kind):
    """The wall clock, the zone it is read in, and how that was said."""
    zones = Zones()
    assert as_when(text, tzid, zones, 12) == When(wall, zone, TimeKind(kind))
    assert zones.asked == ([] if zone is UTC else [(tzid if kind == "zoned" else "", 12)])


@pytest.mark.parametrize(
    ("text", "tzid", "day"),
    [
        ("20260302", "", 2),
        ("20260302T235959", "", 2),
        ("20260302T235959", "Asia/Tokyo", 2),
        ("20260302T050000Z", "", 2),
        ("20260302T000000Z", "", 2),
        ("20260302T160000Z", "", 2),
        ("20260302T170000Z", "", 3),
    ],
    ids=["a date", "floating", "zoned", "local midnight", "UTC midnight", "before noon", "from noon on"],
)
def test_a_value_that_is_called_a_day_is_one(text, tzid, day):
    """Whatever time stands with it: midnight by the calendar's own clock, read in its zone."""
    found = as_when(text, tzid, Zones(), 12, is_day=True)
    assert found == When(datetime(2026, 3, day), NEW_YORK, TimeKind.DATE)


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "20260230",
        "20261301T090000",
        "20260302T240000",
        "20260302T096000",
        "2026-02-30",
        "x" * 60,
        f"20260230{' ' * 60}",
        "",
    ],
)
def test_what_is_no_time_is_named_with_its_line(text):
    """What looks like a time is shown, of anything else only how long it is."""
    with pytest.raises(CalendarError) as told:
        as_when(text, "", Zones(), 12)
    shown = {"tomorrow": "(8 characters)", "x" * 60: "(60 characters)"}.get(text, repr(text.strip()))
    assert str(told.value) == f"{shown} is no date or time"
    assert told.value.line == 12


@pytest.mark.parametrize(
    ("when", "zone", "day"),
    [
        (When(datetime(2026, 3, 2, 23), BERLIN, TimeKind.ZONED), TOKYO, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2, 23), BERLIN, TimeKind.FLOATING), TOKYO, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2), NEW_YORK, TimeKind.DATE), TOKYO, date(2026, 3, 2)),
        (When(datetime(2026, 3, 1, 23), UTC, TimeKind.UTC), BERLIN, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2, 0), UTC, TimeKind.UTC), NEW_YORK, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2, 0), UTC, TimeKind.UTC), TOKYO, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2, 10, 59, 59), UTC, TimeKind.UTC), BERLIN, date(2026, 3, 2)),
        (When(datetime(2026, 3, 2, 11), UTC, TimeKind.UTC), BERLIN, date(2026, 3, 3)),
        (When(datetime(2026, 3, 2, 22), UTC, TimeKind.UTC), BERLIN, date(2026, 3, 3)),
        (When(datetime(9999, 12, 31, 20), UTC, TimeKind.UTC), UTC, date(9999, 12, 31)),
        (When(datetime(9999, 12, 31, 11), UTC, TimeKind.UTC), UTC, date(9999, 12, 31)),
    ],
    ids=[
        "zoned", "floating", "a date", "a midnight of the zone", "UTC's, west", "UTC's, east", "before noon", "noon",
        "an hour before midnight", "the evening of the last day", "the morning of the last day",
    ],
)  # fmt: skip
def test_a_time_means_the_day_whose_midnight_is_nearest(when, zone, day):
    """Of a time in UTC; every other time is on its own day."""
    assert day_of(when, zone) == day


@pytest.mark.parametrize(("value", "is_one"), [("DATE", True), ("date", True), ("DATE-TIME", False), ("", False)])
def test_only_value_date_says_that_days_are_meant(value, is_one):
    """In either case of its letters."""
    assert is_day(property_of("20260302", VALUE=value)) is is_one
    assert is_day(property_of("20260302")) is False


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("PT1S", 0, 1),
        ("PT1M", 0, 60),
        ("PT1H", 0, 3600),
        ("P1D", 1, 0),
        ("P1W", 7, 0),
        ("+P2W3DT4H5M6S", 17, 4 * 3600 + 5 * 60 + 6),
        ("-P2W3DT4H5M6S", -17, -(4 * 3600 + 5 * 60 + 6)),
        (" pt15m ", 0, 900),
        ("P0D", 0, 0),
        ("P1DT", 1, 0),
        ("P3660D", 3660, 0),
        ("-P522W6D", -3660, 0),
        ("PT87840H", 0, 3660 * 86400),
    ],
)
def test_a_length_keeps_its_days_apart_from_its_seconds(text, days, seconds):
    """Weeks are days; hours, minutes and seconds are exact; a minus turns both; ten years are the most."""
    assert as_span(text, 12) == Span(days, timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no duration"),
        ("P", "is no duration"),
        ("PT", "is no duration"),
        ("+P", "is no duration"),
        ("-PT", "is no duration"),
        ("15M", "is no duration"),
        ("PT1.5H", "is no duration"),
        ("P1M", "is no duration"),
        ("x" * 60, "is no duration"),
        ("P3661D", "is longer than ten years"),
        ("-P523W", "is longer than ten years"),
        ("PT87840H1S", "is longer than ten years"),
        ("P000000099W000000999DT000099999H000000001M000000001S", "is longer than ten years"),
    ],
)
def test_what_is_no_length_is_named_with_its_line(text, what):
    """What looks like a length is shown, of anything longer only how long it is."""
    with pytest.raises(CalendarError) as told:
        as_span(text, 12)
    shown = repr(text) if len(text) < 20 else f"({len(text)} characters)"
    assert (str(told.value), told.value.line) == (f"{shown} {what}", 12)


def test_a_span_leads_on_over_the_clock_or_over_seconds():
    """Days are days of a zone's clock, which may last 23 or 25 hours, and the rest follows them to the second."""
    before = datetime(2026, 3, 7, 17, tzinfo=UTC)  # noon in New York, whose clocks change the next night
    assert Span(1).after(before, NEW_YORK) == datetime(2026, 3, 8, 16, tzinfo=UTC)
    assert Span(1, timedelta(minutes=5)).after(before, NEW_YORK) == datetime(2026, 3, 8, 16, 5, tzinfo=UTC)
    assert Span(0, timedelta(hours=24)).after(before, NEW_YORK) == datetime(2026, 3, 8, 17, tzinfo=UTC)
    assert (-Span(1, timedelta(minutes=5))).after(datetime(2026, 3, 8, 16, tzinfo=UTC), NEW_YORK) == datetime(
        2026, 3, 7, 16, 55, tzinfo=UTC
    )
    assert Span().after(before, NEW_YORK) == before


def test_a_day_after_the_second_of_two_same_times_is_the_plain_next_day():
    """The hour that comes twice is left behind with its mark."""
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 for the second time
    assert Span(1).after(second, NEW_YORK) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
    assert Span(364).after(second, NEW_YORK) == datetime(2027, 10, 31, 5, 30, tzinfo=UTC)
    assert Span(371).after(second, NEW_YORK) == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "negative"),
    [
        (Span(), False),
        (Span(1), False),
        (Span(-1), True),
        (Span(0, timedelta(seconds=1)), False),
        (Span(0, timedelta(seconds=-1)), True),
    ],
)
def test_a_span_is_negative_where_either_part_is(span, negative):
    """Nothing at all is not."""
    assert span.is_negative is negative


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260302T091020Z", datetime(2026, 3, 2, 9, 10, 20, tzinfo=UTC)),
        (" 20260302T091020 ", datetime(2026, 3, 2, 9, 10, 20, tzinfo=UTC)),
        ("20260302", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T09:10:20+02:00", datetime(2026, 3, 2, 7, 10, 20, tzinfo=UTC)),
        ("20260230T000000Z", None),
        ("now", None),
    ],
)
def test_a_stamp_is_in_utc_or_none(text, moment):
    """With or without its Z; what cannot be read is as if it were not there."""
    assert stamp(property_of(text, "CREATED")) == moment
    assert stamp(None) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        (" +7 ", 7),
        ("-7", -7),
        ("9" * 9, 999_999_999),
        ("9" * 10, None),
        ("7.0", None),
        ("", None),
        ("x", None),
    ],
)
def test_a_whole_number_has_at_most_nine_digits(text, number):
    """Anything else is none."""
    assert integer(text) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+0100", 3600),
        ("-0130", -5400),
        ("+01:30", 5400),
        ("+013015", 5415),
        ("-01:30:15", -5415),
        (" +2359 ", 86340),
        ("+235959", 86399),
        ("-235959", -86399),
        ("+0000", 0),
    ],
)
def test_an_offset_from_utc_is_read_with_and_without_colons(text, seconds):
    """To the second."""
    assert offset_of(text, 12) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0100", "is no offset from UTC"),
        ("+1", "is no offset from UTC"),
        ("x" * 60, "is no offset from UTC"),
        ("+2400", "is an offset of a day or more"),
        ("-2400", "is an offset of a day or more"),
        ("+2360", "is an offset of a day or more"),
        (f"+2400{' ' * 60}", "is an offset of a day or more"),
    ],
)
def test_what_is_no_offset_is_named_with_its_line(text, what):
    """What looks like an offset is shown; a day is too far from UTC."""
    with pytest.raises(CalendarError) as told:
        offset_of(text, 12)
    shown = "(60 characters)" if text.startswith("x") else repr(text.strip())
    assert (str(told.value), told.value.line) == (f"{shown} {what}", 12)


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (When(datetime(2026, 3, 2), NEW_YORK, TimeKind.DATE), "2026-03-02"),
        (When(datetime(2026, 3, 2, 9), NEW_YORK, TimeKind.FLOATING), "2026-03-02T09:00:00"),
        (When(datetime(2026, 3, 2, 9), NEW_YORK, TimeKind.ZONED), "2026-03-02T14:00:00Z"),
        (When(datetime(2026, 3, 2, 9), UTC, TimeKind.UTC), "2026-03-02T09:00:00Z"),
    ],
    ids=["date", "floating", "zoned", "UTC"],
)
def test_an_original_start_is_told_by_the_kind_it_was_written_in(when, text):
    """A day, a wall clock, or an instant."""
    assert recurrence_text(when) == text


def test_an_instant_beyond_the_ends_of_time_is_refused():
    """The first hour of the year 1 east of Greenwich lies before it in UTC."""
    early = When(datetime(1, 1, 1), timezone(timedelta(hours=1)), TimeKind.ZONED)
    with pytest.raises(InvalidInputError, match="not within the years 1 to 9999"):
        early.instant  # noqa: B018
    assert When(datetime(1, 1, 1, 1), early.zone, TimeKind.ZONED).instant == datetime(1, 1, 1, tzinfo=UTC)


FIRST, SECOND, THIRD = (When(datetime(2026, 3, day, 9), UTC, TimeKind.UTC) for day in (2, 3, 4))


def test_the_times_of_a_list_are_read_in_their_order():
    """Each in the zone of the line, which is asked for with its number; empty places are none."""
    zones = Zones()
    found = whens(property_of("20260303T090000,,20260302T090000, ", TZID="Asia/Tokyo"), zones, 9)
    assert found == [When(datetime(2026, 3, day, 9), TOKYO, TimeKind.ZONED) for day in (3, 2)]
    assert zones.asked == [("Asia/Tokyo", 12)] * 2
    assert whens(property_of("20260303T090000", VALUE="DATE"), Zones(), 9) == [
        When(datetime(2026, 3, 3), NEW_YORK, TimeKind.DATE)
    ]
    assert whens(property_of(""), Zones(), 9) == []


@pytest.mark.parametrize("name", ["EXDATE", "RDATE"])
def test_a_list_of_more_times_than_allowed_is_refused(name):
    """As many as allowed are read; what is too many stands in the error."""
    texts = ["20260302T090000Z", "20260303T090000Z", "20260304T090000Z"]
    assert whens(property_of(",".join(texts), name), Zones(), 3) == [FIRST, SECOND, THIRD]
    for limit in (2, 1):
        with pytest.raises(CalendarError) as told:
            whens(property_of(",".join(texts), name), Zones(), limit)
        assert (str(told.value), told.value.line) == (f"holds more than {limit} dates", 12)


@pytest.mark.parametrize("commas", [",", ", , ", ",,,,,,"])
def test_empty_places_are_no_times_of_a_list(commas):
    """Before, between and behind as many times as allowed."""
    texts = ["", "20260302T090000Z", "20260303T090000Z", ""]
    assert whens(property_of(commas.join(texts)), Zones(), 2) == [FIRST, SECOND]


def test_what_cannot_be_read_of_a_list_is_handed_over_or_raised():
    """The others of the list are read where somebody takes the error."""
    listed, unread = property_of("20260302T090000Z,never,20260304T090000Z"), []
    assert whens(listed, Zones(), 9, unread.append) == [FIRST, THIRD]
    assert [(str(error), error.line) for error in unread] == [("(5 characters) is no date or time", 12)]
    with pytest.raises(CalendarError, match=r"\(5 characters\) is no date or time"):
        whens(listed, Zones(), 9)
    spans, unread = property_of("20260302T090000Z/PT1H,never/PT1H,20260304T090000Z/never"), []
    assert periods(spans, Zones(), 9, unread.append) == [(FIRST, Span(0, timedelta(hours=1)))]
    assert [str(error) for error in unread] == ["(5 characters) is no date or time"] * 2
    with pytest.raises(CalendarError, match=r"\(5 characters\) is no date or time"):
        periods(spans, Zones(), 9)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("20260302T090000Z/PT1H", Span(0, timedelta(hours=1))),
        ("20260302T090000Z/+PT1H", Span(0, timedelta(hours=1))),
        ("20260302T090000Z/-PT1H", Span(0, timedelta(hours=-1))),
        ("20260302T090000Z/pt1h", Span(0, timedelta(hours=1))),
        ("20260302T090000Z/20260304T090000Z", THIRD),
        (" 20260302T090000Z/20260304T180000 ", When(datetime(2026, 3, 4, 18), TOKYO, TimeKind.ZONED)),
    ],
    ids=["a length", "with a plus", "with a minus", "in small letters", "an end", "an end in the line's zone"],
)
def test_a_period_has_a_length_or_an_end(text, end):
    """Behind a slash; a time of the same list without one has neither."""
    found = periods(property_of(f"{text},20260303T090000Z", TZID="Asia/Tokyo"), Zones(), 9)
    assert found == [(FIRST, end), (SECOND, None)]


def test_a_period_without_an_end_is_no_period():
    """A slash asks for one; beyond the limit none is read."""
    with pytest.raises(CalendarError, match="'' is no date or time"):
        periods(property_of("20260302T090000Z/"), Zones(), 9)
    listed = property_of("20260302T090000Z/PT1H,20260303T090000Z/PT1H,20260304T090000Z/PT1H")
    assert [start for start, _ in periods(listed, Zones(), 3)] == [FIRST, SECOND, THIRD]
    assert periods(property_of("20260303T090000Z"), Zones(), 1) == [(SECOND, None)]
