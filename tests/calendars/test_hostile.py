"""Files made to hurt: bounded by what is looked at, not by what is found. Work is counted, seconds are not."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder_kit.calendars import CalendarSettings, Limits, read_calendar
from reminder_kit.calendars.splitting import Index, scan
from reminder_kit.calendars.text_numbers import _matches
from tests.calendars.survival import END, SMALL, START, survives

NUMBERS = {
    name: ",".join(map(str, range(first, last))) for name, first, last in (("H", 0, 24), ("M", 0, 60), ("D", 1, 32))
}


@pytest.fixture
def spent(read):
    """Read with small limits; return the reading and how much work it was."""

    def spent(source, limits=SMALL):
        found = read(source, limits=limits)
        return found, limits.work - found.reading.budget.source

    return spent


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=SECONDLY;COUNT=9999999",
        "FREQ=DAILY;BYHOUR={H};BYMINUTE={M};BYSECOND={M}",
        "FREQ=YEARLY;BYMONTHDAY={D};BYHOUR={H};BYMINUTE={M};BYSECOND={M};BYSETPOS=-1",
        "FREQ=HOURLY;BYMINUTE={M};BYSECOND={M}",
    ],
)
def test_b34_an_endless_rule_is_refused_and_the_rest_is_read(spent, event, calendar, rule):
    """An event with an endless rule is an error, and the next event is read within the work allowed."""
    bad = event(f"RRULE:{rule.format(**NUMBERS)}", uid="bad")
    found, work = spent(calendar(*[bad.replace("UID:bad", f"UID:bad-{number}") for number in range(8)], event()))
    assert [item.appointment.id for item in found.found] == ["visit-1"]
    assert len(found.errors) == 8
    assert all("candidates" in error.message or "occurrences" in error.message for error in found.errors)
    assert work <= SMALL.work


def test_what_others_used_up_costs_an_ordinary_series_nothing(spent, event, calendar):
    """A series is read although hostile events have used up the source's budget."""
    bad = [event("RRULE:FREQ=SECONDLY", uid=f"bad-{number}") for number in range(50)]
    found, _ = spent(calendar(*bad, event("RRULE:FREQ=WEEKLY;COUNT=20")))
    assert len(found.found) == 18
    assert found.reading.budget.source < 0


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "DTSTART:00010101T090000Z"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "DTSTART:16010101T090000Z"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "DTSTART:19700101T090000Z"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4,6", "DTSTART:19700131T090000Z"),
        ("FREQ=WEEKLY;BYDAY=MO;BYMONTH=1;BYSETPOS=7", "DTSTART:19700101T090000Z"),
    ],
)
def test_a_rule_that_never_matches_costs_no_work(spent, event, calendar, rule, start):
    """A rule without any match uses up none of the source's work, however long ago it began."""
    found, work = spent(calendar(*[event(f"RRULE:{rule}", uid=str(number), start=start) for number in range(50)]))
    assert (found.found, found.errors) == ([], [])
    assert work == 0


def test_a_series_from_the_year_1_costs_no_more_than_another(spent, event, calendar):
    """A series from the year 1 is leapt over to its horizon."""
    found, work = spent(calendar(event("RRULE:FREQ=DAILY", start="DTSTART:00010101T090000Z")))
    assert len(found.found) == 181
    assert work == 0


@pytest.mark.parametrize("year", ["0001", "9999"])
@pytest.mark.parametrize("zone", ["", ";TZID=Pacific/Auckland", ";TZID=Pacific/Honolulu"])
def test_the_ends_of_time_raise_nothing(read, event, calendar, year, zone):
    """Dates of the years 1 and 9999 are errors of their event, in any zone, and none of Python's."""
    lines = ("RRULE:FREQ=DAILY", "DURATION:P3650D", "EXDATE:99991231T235959Z", "RDATE:00010101T000000Z")
    one = event(*lines, start=f"DTSTART{zone}:{year}1231T235959")
    low, high = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert read(calendar(one), start=low, end=high).errors
    assert len(read(calendar(one, event(uid="b"))).found) >= 1


def test_many_long_series_are_refused_as_a_whole(spent, event, calendar):
    """Series that are each within bounds are refused once together they use up the source's `work`."""
    series = [event("RRULE:FREQ=MINUTELY;COUNT=2000", uid=str(number)) for number in range(20)]
    found, _ = spent(calendar(*series, event()))
    assert len(found.found) < 10_000
    assert "`work` is used up" in found.errors[0].message
    assert found.found[-1].appointment.id == "visit-1"


def test_reading_ends_after_very_many_broken_events(spent, event, calendar):
    """Beyond `errors` broken events the rest is passed over, and the source is unsound."""
    found, _ = spent(calendar(*[event(uid=None, start=None) for _ in range(50)], event()), Limits(errors=10))
    assert len(found.errors) == 11
    assert found.reading.unsound_because == "more than 10 events cannot be read: the rest is passed over"


def test_reading_ends_beyond_the_occurrences_of_a_whole_source(spent, event, calendar):
    """Many ordinary series are read up to `all_occurrences`; the rest is passed over, named, and not taken for gone."""
    series = [event("RRULE:FREQ=DAILY", uid=str(number)) for number in range(10)]
    found, _ = spent(calendar(*series), Limits(all_occurrences=400))
    assert len(found.found) == 3 * 121
    assert "raise the calendar's limit `all_occurrences`" in found.errors[0].message
    assert len(found.errors) == 1
    assert not found.reading.sound


@pytest.mark.parametrize("freq", ["SECONDLY", "MINUTELY", "HOURLY;BYMINUTE=0,10,20,30,40,50"])
def test_thousands_of_rules_within_days_cost_little_once_the_work_is_used_up(spent, event, calendar, freq):
    """What is used up by rules that repeat within a day is not lent to more of them; an ordinary one is read."""
    bad = [event(f"RRULE:FREQ={freq}", uid=f"bad-{number}", start="DTSTART:20200101T090000Z") for number in range(200)]
    found, _ = spent(calendar(*bad, event("RRULE:FREQ=WEEKLY;COUNT=3")))
    assert [item.appointment.id for item in found.found][-3:] == ["visit-1"] * 3
    assert found.reading.budget.source > -200_000


def test_very_many_rules_of_one_series_pay_from_the_first_candidate(spent, event, calendar):
    """Fifty EXRULEs each below their free share are paid for all the same."""
    rules = [f"EXRULE:FREQ=HOURLY;INTERVAL=12;BYMINUTE={minute}" for minute in range(50)]
    _, work = spent(calendar(event("RRULE:FREQ=DAILY", *rules)))
    assert work > 40 * 300


def test_a_product_of_times_is_paid_for_before_it_is_made(spent, event, calendar):
    """Each second of a day, in a month that never comes, is refused before a list of them is made."""
    rule = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR={H};BYMINUTE={M};BYSECOND={M}".format(**NUMBERS)
    found, work = spent(calendar(event(rule)))
    assert "candidates" in found.errors[0].message
    assert work == 0


def test_alarms_are_computed_for_who_asks(spent, event, calendar, alarm):
    """Fifty alarms that repeat are a bounded number of instants, and none is computed while nobody asks."""
    alarms = [alarm(f"TRIGGER:-PT{n + 1}M", "REPEAT:90", "DURATION:PT7M") for n in range(50)]
    found, _ = spent(calendar(event("RRULE:FREQ=DAILY", *alarms)))
    assert len(found.found[0].alarms) <= 50 + Limits().all_repeats
    assert any("none is read, since its event's alarms repeat so often" in warning for warning in found.warnings)


def test_categories_are_bounded(spent, event, calendar):
    """An event of thousands of categories keeps the first ones, with a warning."""
    found, _ = spent(calendar(event("CATEGORIES:" + ",".join(f"c{n}" for n in range(900)))))
    assert len(found.only.appointment.tags) == 500
    assert found.warnings == ["has more than 500 CATEGORIES: only the first are read"]


def test_warnings_are_bounded(spent, event, calendar):
    """Beyond 2,000 different warnings one says that there are more."""
    found, _ = spent(calendar(*[event(f"SEQUENCE:1.{n}", uid=str(n)) for n in range(2100)]))
    assert len(found.warnings) == 2001
    assert found.warnings[-1] == "further warnings than these 2000 are left out"


def test_of_a_long_value_its_length_is_shown(spent, event, calendar):
    """With its line and UID that is enough to find it."""
    found, _ = spent(calendar(event(f"SEQUENCE:{'n' * 50}")))
    assert found.warnings == ["SEQUENCE (50 characters) is no number: read as 0"]


def test_the_same_warning_of_many_events_is_counted(spent, event, calendar):
    """What is wrong with many events in the same way is said of the first three, with the number of the others."""
    found, _ = spent(calendar(*[event("SEQUENCE:no", uid=str(n)) for n in range(30)]))
    assert [problem.uid for problem in found.reading.problems] == ["0", "1", "2"]
    assert [problem.more for problem in found.reading.problems] == [0, 0, 27]
    assert str(found.reading.problems[2]).endswith("read as 0 (and so of 27 more)")


def test_very_many_vtimezones_are_bounded(spent, event, calendar, zone_of):
    """Beyond `zones` different VTIMEZONEs a further one is not built, which a warning says."""
    zones = [zone_of("Z" * (number + 1), standard="+0200") for number in range(5)]
    events = [event(uid=str(number), start=f"DTSTART;TZID={'Z' * (number + 1)}:20260302T090000") for number in range(5)]
    found, _ = spent(calendar(*zones, *events), Limits(zones=3))
    assert found.starts == ["2026-03-02T07:00:00Z"] * 3 + ["2026-03-02T14:00:00Z"] * 2
    assert sum("more than 3 different ones" in warning for warning in found.warnings) == 2


def test_a_vtimezone_of_very_many_parts_is_refused(spent, event, calendar):
    """A VTIMEZONE of more parts than any zone has is a warning, and its event is read."""
    part = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
    zone_text = f"BEGIN:VTIMEZONE\r\nTZID:Z\r\n{part * 401}END:VTIMEZONE"
    found, _ = spent(calendar(zone_text, event(start="DTSTART;TZID=Z:20260302T090000")))
    assert any("more than 400 parts" in warning for warning in found.warnings)


def test_a_text_is_searched_up_to_its_second_number(spent, event, calendar):
    """A text of hundreds of numbers says no more than that there are several."""
    numbers = " ".join(f"+1 202 555 {n:04}" for n in range(100, 199))
    found, _ = spent(calendar(event(f"DESCRIPTION:{numbers}", phone=None)))
    assert found.phones == ["+12025550100"]
    assert (
        "holds several phone numbers in its text: the first is used, a mobile phone's before others" in found.warnings
    )


@pytest.mark.parametrize("name", ["DESCRIPTION", "CONTACT"])
def test_all_texts_of_a_source_have_one_share_of_search(spent, event, calendar, name):
    """Beyond it the events are unreadable by name, and keep what is recorded; a text known costs nothing."""
    lines = [f"{name}:{n} {'12 34567 ' * 400}" for n in range(9)]
    known = [event(lines[0], phone=None, uid=f"known-{n}") for n in range(50)]
    found, _ = spent(
        calendar(*(event(line, phone=None, uid=f"e-{n}") for n, line in enumerate(lines)), *known, event(uid="late")),
        limits=Limits(numbers=27_000),
    )
    assert len(found.found) == 5 + 50 + 1
    assert found.reading.unreadable == {f"e-{n}" for n in range(5, 9)}
    assert all("limit `numbers`, which is used up" in problem.message for problem in found.errors)


def test_numbers_that_are_given_are_paid_for_too(spent, event, calendar):
    """An event of hundreds of numbers of its own costs what reading them does."""
    many = [f"X-PHONE:+1202555{n:04}" for n in range(1000)]
    found, _ = spent(
        calendar(*(event(*many, phone=None, uid=f"e-{n}") for n in range(4))), limits=Limits(numbers=100_000)
    )
    assert found.reading.unreadable == {"e-3"}


def test_unended_events_by_the_thousand_are_not_all_kept(spent):
    """Of events that never end no more are kept than are reported."""
    found, _ = spent(b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 3000, Limits(errors=100))
    assert len(found.reading.index.faults) <= 101


def test_very_many_dates_are_refused(spent, event, calendar):
    """An event with thousands of RDATEs or EXDATEs is unreadable, on one line or on many."""
    dates = ",".join(["20260302T090000Z"] * 5000)
    folded = "\r\n ".join(dates[at : at + 70] for at in range(0, len(dates), 70))
    many = [f"RDATE:202603{day:02}T{hour:02}0000Z" for day in range(1, 31) for hour in range(24)] * 2
    for lines in ([f"RDATE:{dates}"], [f"EXDATE:{dates}"], [f"RDATE:{folded}"], [f"EXDATE:{folded}"], many):
        found, _ = spent(calendar(event(*lines, uid="bad"), event()))
        assert [item.appointment.id for item in found.found] == ["visit-1"]
        assert found.reading.unreadable == {"bad"}


def test_very_many_versions_of_one_event_are_refused(spent, event, calendar):
    """An event with more versions than `overrides` is an error, and the next one is read."""
    versions = [
        event(f"RECURRENCE-ID:2026{1 + n % 12:02}{1 + n % 28:02}T{n % 24:02}0000Z", uid="bad") for n in range(300)
    ]
    found, _ = spent(calendar(*versions, event()), Limits(overrides=200))
    assert [item.appointment.id for item in found.found] == ["visit-1"]
    assert found.errors[0].message == "has more than 200 versions"


def test_a_series_with_thousands_of_overrides_is_read(read, event, calendar):
    """A daily series is read in full although each of its instances has ten versions of an override."""
    days = [datetime(2026, 1, 1, tzinfo=UTC).replace(month=1 + n // 28 % 6, day=1 + n % 28) for n in range(168)]
    overrides = [event(f"RECURRENCE-ID:{day:%Y%m%d}T120000Z", f"SEQUENCE:{turn}") for day in days for turn in range(10)]
    master = event("RRULE:FREQ=DAILY", start="DTSTART:20260101T120000Z")
    assert len(read(calendar(master, *overrides)).found) == 181


@pytest.mark.parametrize("line", ["DESCRIPTION:", "ATTACH;ENCODING=BASE64:", "X-JUNK:"])
def test_a_gigantic_line_that_decides_nothing_is_passed_over(spent, event, calendar, line):
    """An overlong line that no start depends on costs its event nothing."""
    assert spent(calendar(event(line + "A" * 500_000)))[0].starts == ["2026-03-02T14:00:00Z"]


@pytest.mark.parametrize("line", ["RDATE:", "EXDATE:", "RRULE:FREQ=DAILY;X-A=", "UID:"])
def test_a_gigantic_line_that_decides_refuses_the_event(spent, event, calendar, line):
    """An overlong line of dates, rules or the UID makes its event an error, and only that."""
    found, _ = spent(calendar(event(line + "A" * 500_000, uid="bad"), event()))
    assert [item.appointment.id for item in found.found] == ["visit-1"]
    assert "longer than 10000 bytes" in found.errors[0].message


def test_a_gigantic_folded_line_is_cut_or_refused(spent, event, calendar):
    """A gigantic folded line is cut if it is a text and refused if it decides."""
    folds = "a" + "\r\n b" * 20_000
    text, _ = spent(calendar(event(f"DESCRIPTION:{folds}")))
    assert len(text.only.appointment.data["description"]) <= 10_000
    assert any("was cut" in warning for warning in text.warnings)
    found, _ = spent(calendar(event(f"RRULE:FREQ=DAILY;X-A={folds}", uid="bad"), event()))
    assert found.reading.unreadable == {"bad"}
    assert "longer than 10000 bytes" in found.errors[0].message


def test_nesting_is_bounded(spent, event, calendar):
    """Components nested too deep make their event an error without recursion."""
    deep = "\r\n".join(["BEGIN:VALARM"] * 20_000 + ["END:VALARM"] * 20_000)
    found, _ = spent(
        calendar(event(deep, uid="bad"), "\r\n".join(["BEGIN:X-BOX"] * 9000 + ["END:X-BOX"] * 9000), event())
    )
    assert [item.appointment.id for item in found.found] == ["visit-1"]
    assert "nests deeper" in found.errors[0].message


def test_thousands_of_zones_are_built_only_where_they_are_used(spent, event, calendar, zone_of):
    """A VTIMEZONE that no event names is never built."""
    zones = [zone_of(f"Zone {number}", standard="+0100", daylight="+0200") for number in range(1000)]
    found, _ = spent(calendar(*zones, event(start="DTSTART;TZID=Zone 7:20260302T090000")))
    assert found.starts == ["2026-03-02T08:00:00Z"]
    assert len(found.reading.definitions._read) == 1


def test_events_passed_over_are_never_parsed(read, event, calendar):
    """The text of ten thousand past events is looked at, not one of them is read."""
    past = event(uid="X", start="DTSTART:20200101T090000Z")
    text = calendar(*(past.replace("UID:X", f"UID:{number}") for number in range(10_000)), event())
    found = read(text)
    assert found.reading.covers == {"visit-1"}
    assert len(found.reading.index.wanted) == 1


def test_only_one_series_is_held_at_a_time(event, calendar):
    """Reading is lazy: the first occurrence comes before the second event is parsed."""
    text = calendar(event(uid="a"), event("RRULE:broken", uid="b"))
    reading = read_calendar(text, CalendarSettings(timezone="UTC", region="US"), start=START, end=END)
    assert next(iter(reading)).appointment.id == "a"
    assert reading.problems == []


CORPUS = Path(__file__).parent / "corpus"
FUZZ = int(os.environ.get("REMINDER_KIT_FUZZ", "20000"))
"""How many files a fuzz run tries; `.ci/run` tries a few hundred."""

PIECES = [*(CORPUS / "pieces.txt").read_text().splitlines(), " folded", "\tfolded", "", "\x00", "é"]


@st.composite
def files(draw):
    """Lines of calendars in any order, some of them bitten."""
    lines = draw(st.lists(st.sampled_from(PIECES), max_size=40))
    if draw(st.booleans()):
        lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT", "END:VCALENDAR"]
    data = (
        draw(st.sampled_from(["\r\n", "\n", "\r"]))
        .join(lines)
        .encode(draw(st.sampled_from(["utf-8", "latin-1", "utf-16"])))
    )
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data


@settings(max_examples=200, deadline=None)
@given(files())
def test_whatever_the_bytes_only_a_calendar_error_is_raised(data):
    """Random files of calendar pieces are read, or refused by a CalendarError."""
    survives(data)


@pytest.mark.fuzz
@settings(max_examples=FUZZ, deadline=None)
@given(files() | st.binary(max_size=2000))
def test_fuzz_whatever_the_bytes(data):
    """The same over very many files and raw bytes, where the fuzz mark asks for them."""
    survives(data)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.ics")), ids=lambda path: path.stem)
def test_the_corpus_survives_every_cut(path):
    """Real calendars cut off anywhere are read, or refused by a CalendarError."""
    data = path.read_bytes()
    dice = random.Random(path.stem)
    for at in [len(data), *(dice.randrange(len(data)) for _ in range(25))]:
        survives(data[:at])


@pytest.mark.fuzz
@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.ics")), ids=lambda path: path.stem)
def test_fuzz_the_corpus_with_random_bites(path):
    """Real calendars with bytes replaced at random are read, or refused by a CalendarError."""
    data, dice = path.read_bytes(), random.Random(path.stem)
    for _ in range(FUZZ // 6):
        bitten = bytearray(data)
        for _ in range(dice.randrange(1, 8)):
            at = dice.randrange(len(bitten))
            bitten[at : at + dice.randrange(3)] = dice.choice(PIECES).encode()[: dice.randrange(9)]
        survives(bytes(bitten))


@given(st.binary(max_size=500))
def test_the_splitter_takes_any_bytes(data):
    """Splitting a file into events raises nothing, whatever its bytes are."""
    from io import BytesIO

    scan(BytesIO(data), 0, Index.between(START, END, SMALL))


@pytest.mark.parametrize(("junk", "found"), [(99, True), (100, False)])
def test_of_a_text_a_hundred_candidates_are_tried(junk, found):
    """What looks like a number and is none costs as much as one that is."""
    assert bool(_matches("+123456; " * junk + "call +1 202 555 0123", "US")) is found
