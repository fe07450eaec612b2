"""What a calendar moves: whoever was told the old start hears of the new one, wherever that is."""

from __future__ import annotations

import pytest

from reminder_kit import Rule
from tests.factories import EVENING, NUMBER, received_texts

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
DAILY = "RRULE:FREQ=DAILY;COUNT=3"
THURSDAY = "20260212T090000"


def event(*lines, start=THURSDAY, sequence=0, phone=NUMBER, uid="A"):
    head = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{sequence}", f"DTSTART;TZID=America/New_York:{start}"]
    return "\r\n".join(["BEGIN:VEVENT", *head, f"ATTENDEE;CN=Ada:tel:{phone}", *lines, "END:VEVENT", ""])


def feed(*events):
    return f"BEGIN:VCALENDAR\r\nPRODID:-//desk//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


def of(day):
    return f"RECURRENCE-ID;TZID=America/New_York:202602{day}T090000"


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY], correction="Moved to {{ when }}", cancellation="Cancelled: {{ when }}")


@pytest.fixture
def told(kit, sandbox):
    """Return a function that imports a calendar, and a day later (Ada was told of Thursday) others; what is told then.

    Within the hour after each of them, by text; what waits for a person, too.
    """

    def tell(first, *others):
        kit.import_calendar(first, source="desk")
        sandbox.clock.advance(days=1, hours=1)
        kit.resync()
        assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
        for text in others:
            kit.import_calendar(text, source="desk")
            sandbox.clock.advance(hours=1)
            kit.resync()
        return received_texts(sandbox)[1:], list(kit.attention())

    return tell


SOMETIME = "20260901T100000"
MOVED = "Moved to Tuesday 1 September at 10:00 AM"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (feed(event()), feed(event(start=SOMETIME, sequence=1))),
        (feed(event(DAILY)), feed(event(DAILY), event(of(12), start=SOMETIME, sequence=1))),
        (feed(event(DAILY)), feed(event(of(12), start=SOMETIME, sequence=1))),
    ],
    ids=["a visit", "an occurrence", "an occurrence that comes alone"],
)
def test_who_was_told_hears_of_a_start_beyond_the_horizon(told, first, then):
    """Once; nobody has to look at an event that is followed there."""
    assert told(first, then, then) == ([MOVED], [])


def test_what_was_put_off_comes_back(told, sandbox):
    """It is the appointment that it was; what is parked for it follows."""
    far, back = feed(event(start=SOMETIME, sequence=1)), feed(event(start="20260216T090000", sequence=2))
    assert told(feed(event()), far, back) == ([MOVED, "Moved to Monday 16 February at 9:00 AM"], [])
    assert [message.send_at.day for message in sandbox.parked()] == [15]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (feed(event()), event("STATUS:CANCELLED", start=SOMETIME, sequence=1)),
        (feed(event(DAILY)), event(of(12), "STATUS:CANCELLED", start=SOMETIME, sequence=1)),
    ],
    ids=["a visit", "an occurrence"],
)
def test_what_was_put_off_and_cancelled_is_cancelled(told, first, then):
    """Of the start that was told."""
    assert told(first, feed(then)) == (["Cancelled: tomorrow at 9:00 AM"], [])


def test_a_polled_calendar_follows_what_it_puts_off(make_kit, sandbox, tmp_path):
    """Of one that is complete, too."""
    desk = tmp_path / "desk.ics"
    kit = make_kit([DAY], correction="Moved to {{ when }}", sources=[{"path": str(desk), "complete": True}])
    desk.write_text(feed(event()), newline="")
    kit.resync()
    sandbox.clock.advance(days=1, hours=1)
    desk.write_text(feed(event(start=SOMETIME, sequence=1)), newline="")
    assert kit.resync().problems == ()
    sandbox.clock.advance(minutes=11)
    assert received_texts(sandbox)[1:] == [MOVED]
    desk.write_text(feed(event(start="20260216T090000", sequence=2)), newline="")
    kit.resync()
    assert [message.send_at.day for message in sandbox.parked() if message.text.startswith("See")] == [15]


# A series that is edited as a whole: all its occurrences are others


WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4"
TWICE = "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY="
SATURDAY = "Moved to Saturday 14 February at 9:00 AM"


def edited(*lines, start="20260214T090000", **changes):
    return feed(event(*lines, start=start, sequence=1, **changes))


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        (feed(event(WEEKLY)), edited(WEEKLY), SATURDAY),
        (feed(event(WEEKLY, start="20260205T090000")), edited(WEEKLY, start="20260207T090000"), SATURDAY),
        (feed(event(TWICE + "TH,MO")), edited(TWICE + "SA,MO"), SATURDAY),
        (feed(event(DAILY)), edited(DAILY, start="20260212T160000"), "Moved to tomorrow at 4:00 PM"),
        (feed(event("RDATE:20260219T150000Z")), edited("RDATE:20260219T150000Z"), SATURDAY),
        (feed(event(WEEKLY)), edited(), SATURDAY),
        (feed(event()), edited(WEEKLY), SATURDAY),
        (feed(event(WEEKLY)), edited("RRULE:FREQ=MONTHLY", start="20260214T090000"), SATURDAY),
    ],
    ids=[
        "another day",
        "begun before",
        "one of two days",
        "another hour",
        "dates",
        "the series is a visit now",
        "the visit is a series now",
        "another rule",
    ],
)
def test_who_was_told_of_an_occurrence_hears_where_its_series_put_it(told, kit, first, then, words):
    """Once, and nobody else: those that nobody was told of are reminded of as they are now."""
    assert told(first, then, then) == ([words], [])
    assert kit.ledger.read(lambda reader: reader.last_run("fresh ids desk")) is None


def test_what_is_reminded_of_at_once_needs_no_correction(told):
    """As of a single visit: the reminder tells the new hour."""
    assert told(feed(event(WEEKLY)), edited(WEEKLY, start="20260212T093000")) == (["See you tomorrow at 9:30 AM"], [])


def test_nobody_is_moved_to_what_has_begun(make_kit, sandbox):
    """A calendar with follow-ups is read back, too: an occurrence of this morning is none that Thursday's became."""
    kit = make_kit([DAY, Rule("thanks", after="2 hours", text="Thanks")], correction="Moved to {{ when }}")
    kit.import_calendar(feed(event(WEEKLY)), source="desk")
    sandbox.clock.advance(days=1, hours=1)
    kit.resync()
    for _ in range(2):
        kit.import_calendar(edited(WEEKLY, start="20260211T080000"), source="desk")
        sandbox.clock.advance(hours=1)
        kit.resync()
    assert sorted(received_texts(sandbox)[1:]) == ["Moved to Wednesday 18 February at 8:00 AM", "Thanks"]


@pytest.mark.parametrize("complete", [False, True], ids=["not complete", "complete"])
def test_a_polled_calendar_whose_series_is_edited_follows_it(make_kit, sandbox, tmp_path, complete):
    """Whether absence counts there or not; a plan foresees it."""
    desk = tmp_path / "desk.ics"
    sources = [{"path": str(desk), "complete": complete}]
    kit = make_kit([DAY], correction="Moved to {{ when }}", sources=sources)
    desk.write_text(feed(event(WEEKLY)), newline="")
    kit.resync()
    sandbox.clock.advance(days=1, hours=1)
    desk.write_text(edited(WEEKLY), newline="")
    plan = kit.plan_resync()
    report = kit.resync()
    works = [sorted((one.key, one.send_at) for one in run.changes if one.is_work) for run in (plan, report)]
    assert len(works[0]) == 2
    assert works[0] == works[1]
    sandbox.clock.advance(minutes=11)
    assert received_texts(sandbox)[1:] == [SATURDAY]


@pytest.mark.parametrize("moved", ["A", "B"], ids=["the first", "the second"])
def test_who_was_told_of_two_series_at_once_hears_of_the_one_that_moved(make_kit, sandbox, moved):
    """Also of one without a message of its own."""
    kit = make_kit([EVENING], correction="Moved to {{ when }}")
    starts = {"A": "T090000", "B": "T110000"}

    def import_with(days):
        series = [
            event(WEEKLY, "SUMMARY:Check-up", start=f"202602{days.get(uid, 12)}{hour}", uid=uid)
            for uid, hour in starts.items()
        ]
        kit.import_calendar(feed(*series), source="desk")

    import_with({})
    sandbox.clock.advance(days=1, hours=12)
    kit.resync()
    assert len(received_texts(sandbox)) == 1
    import_with({moved: 14})
    sandbox.clock.advance(minutes=11)
    hour = int(starts[moved][1:3])
    assert received_texts(sandbox)[1:] == [f"Moved to Saturday 14 February at {hour}:00 AM"]


def test_a_series_that_is_put_back_is_told_again(told):
    """Each new start once."""
    back = feed(event(WEEKLY, sequence=2))
    texts, _ = told(feed(event(WEEKLY)), edited(WEEKLY), back)
    assert texts == [SATURDAY, "Moved to tomorrow at 9:00 AM"]


@pytest.mark.parametrize(
    "then",
    [
        edited("RRULE:FREQ=WEEKLY;COUNT=3", start="20260219T090000"),
        edited("RRULE:FREQ=WEEKLY;COUNT=3", start="20260220T090000"),
        edited(WEEKLY, "EXDATE;TZID=America/New_York:20260212T090000", start=THURSDAY),
        edited(WEEKLY, phone="+12025550177"),
        edited(WEEKLY, "STATUS:CANCELLED"),
        feed(event(WEEKLY, start="20260214T090000", sequence=-1)).replace("20260101T", "20251231T"),
        feed(event(start="20260214T090000"), event(start="20260221T090000")),
    ],
    ids=[
        "it begins later",
        "beyond the next",
        "taken out",
        "for somebody else",
        "cancelled",
        "an older file",
        "several visits of one UID",
    ],
)
def test_what_is_only_gone_is_told_to_nobody(told, sandbox, then):
    """Another visit is none that moved: the next one, one for other people, one that may be anything."""
    texts, _ = told(feed(event(WEEKLY)), then)
    assert [text for text in texts if "Moved" in text] == []


def test_an_occurrence_that_comes_into_the_horizon_is_none_that_moved(told, sandbox):
    """It was there before, too far off: every 59 days, and the first one is taken out."""
    rule = "RRULE:FREQ=DAILY;INTERVAL=59"
    then = edited(rule, "EXDATE;TZID=America/New_York:20260212T090000", start=THURSDAY)
    texts, _ = told(feed(event(rule)), then)
    assert texts == []


OUT = "EXDATE;TZID=America/New_York:20260212T090000"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("RRULE:FREQ=WEEKLY;COUNT=1", ("RRULE:FREQ=WEEKLY;COUNT=3", OUT)),
        ("RRULE:FREQ=WEEKLY;UNTIL=20260213T000000Z", ("RRULE:FREQ=WEEKLY;UNTIL=20260301T000000Z", OUT)),
        (WEEKLY, (TWICE + "TU,TH", OUT)),
        (WEEKLY, (TWICE + "TU,TH", "EXDATE:20260212T140000Z")),
        (WEEKLY, (TWICE + "TU,TH", "EXDATE;VALUE=DATE:20260212")),
        ("SUMMARY:Physio", ("RRULE:FREQ=WEEKLY;COUNT=3", OUT)),
    ],
    ids=["one more", "longer", "twice a week", "in UTC", "the whole day", "a visit"],
)
def test_what_the_calendar_takes_out_is_none_that_moved(told, first, then):
    """Whatever comes to the series besides: those are visits of their own."""
    texts, _ = told(feed(event(first)), edited(*then, start=THURSDAY))
    assert [text for text in texts if "Moved" in text] == []


def test_an_occurrence_at_a_start_of_its_own_is_taken_out_by_that_of_its_series(told):
    """Its recurrence id names it, not the day that it was moved to."""
    at_its_own = event("RECURRENCE-ID;TZID=America/New_York:20260211T090000", start=THURSDAY)
    first = feed(event(WEEKLY, start="20260211T090000"), at_its_own)
    then = edited(TWICE + "WE,FR", "EXDATE;TZID=America/New_York:20260211T090000", start="20260211T090000")
    texts, _ = told(first, then)
    assert [text for text in texts if "Moved" in text] == []


def test_a_day_is_taken_out_at_whatever_hour(told):
    """Also where that is not the hour at which the series begins."""
    first = feed(event("RRULE:FREQ=WEEKLY;BYHOUR=9;COUNT=4", start="20260205T150000"))
    then = edited(TWICE + "TU,TH;BYHOUR=9", "EXDATE;VALUE=DATE:20260212", start="20260205T150000")
    texts, _ = told(first, then)
    assert [text for text in texts if "Moved" in text] == []


@pytest.fixture
def told_late(kit, sandbox):
    """Return a function that imports a series of 1 April once, in February, and another file as Ada was told of it."""

    def tell(rule, then):
        kit.import_calendar(feed(event(rule, start="20260401T090000")), source="desk")
        for days in (47, 2):
            sandbox.clock.advance(days=days, hours=1)
            kit.resync()
        assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
        kit.import_calendar(then, source="desk")
        sandbox.clock.advance(hours=1)
        return received_texts(sandbox)[1:]

    return tell


@pytest.mark.parametrize(
    ("rule", "second"),
    [("RRULE:FREQ=WEEKLY;INTERVAL=4", "20260429T090000"), ("RRULE:FREQ=WEEKLY;INTERVAL=3", "20260422T090000")],
    ids=["every four weeks", "every three"],
)
@pytest.mark.parametrize("by", ["EXDATE", "DTSTART"])
def test_an_occurrence_that_nobody_has_read_so_far_is_none_that_moved(told_late, rule, second, by):
    """It was there all the time, beyond the horizon of the only file that was read: the first one is gone."""
    taken_out = edited(rule, "EXDATE;TZID=America/New_York:20260401T090000", start="20260401T090000")
    assert told_late(rule, taken_out if by == "EXDATE" else edited(rule, start=second)) == []


def test_a_series_that_was_read_long_ago_is_followed_within_that_horizon(told_late):
    """There the new day is certainly none that the series had."""
    rule = "RRULE:FREQ=WEEKLY;INTERVAL=4"
    assert told_late(rule, edited(rule, start="20260403T090000")) == ["Moved to Friday 3 April at 9:00 AM"]


def test_a_polled_series_is_followed_as_far_as_it_was_read_last(make_kit, sandbox, tmp_path):
    """However long ago its last occurrence was written: each reading since has reached further."""
    desk = tmp_path / "desk.ics"
    kit = make_kit([DAY], correction="Moved to {{ when }}", sources=[str(desk)])
    once = "RRULE:FREQ=MONTHLY;COUNT=1"
    desk.write_text(feed(event(once, start="20260401T090000")), newline="")
    kit.resync()
    for days in (47, 2):
        sandbox.clock.advance(days=days, hours=1)
        kit.resync()
    assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
    desk.write_text(edited(once, start="20260415T090000"), newline="")
    kit.resync()
    sandbox.clock.advance(hours=1)
    assert received_texts(sandbox)[1:] == ["Moved to Wednesday 15 April at 9:00 AM"]


def test_each_that_was_told_is_followed_to_its_day(told):
    """Also to an hour that is farther from it than another one's, on the day before, which nobody was told of."""
    then = edited("RRULE:FREQ=DAILY;COUNT=4", start="20260211T220000")
    texts, _ = told(feed(event(DAILY)), then)
    assert sorted(texts) == ["Moved to tomorrow at 10:00 PM", "See you today at 10:00 PM"]
