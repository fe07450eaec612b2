"""The way to a reminder's due time, word by word: anchor, offset, clocks, days off, zones, and why it is not sent."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import Detour, reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER

NY = ZoneInfo("America/New_York")
U = datetime(2026, 3, 9, 18, 30, tzinfo=UTC)
ABROAD = Recipient(NUMBER, timezone="Europe/Paris")

START = "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 14:30 in America/New_York (from starts_at)"
HOUR = [
    "1 hour (exact: elapsed time) before the start",
    "due 2026-03-09T17:30:00Z, which is Mon 2026-03-09 13:30 in America/New_York",
]
ZONE = "text and quiet hours in America/New_York (from starts_at)"
CHANGED = "the clocks in America/New_York change by 1 hour in between"


def of(rule, defaults=None, who=None, change=None, **changes):
    """Return the reminder of a rule for an appointment the day after the clocks went forward in New York."""
    values = {"starts_at": U.astimezone(NY), "recipients": [who or Recipient(NUMBER)], **changes}
    (one,) = reminders_of(Appointment("A-1", **values), [Rule("r", text="Hi", **rule)], defaults or Defaults())
    return evolve(one, **(change or {}))


NO_COUNTRY = "no country code: write it with it, +1 …, or set default_region, and hand it in again"

CASES = [
    (
        "exact over a change",
        {"rule": {"before": "48 hours"}},
        [
            START,
            "48 hours (exact: elapsed time) before the start",
            "due 2026-03-07T18:30:00Z, which is Sat 2026-03-07 13:30 in America/New_York",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "nominal",
        {"rule": {"before": "2 days"}},
        [
            START,
            "2 days (nominal: same wall clock) before the start",
            "due 2026-03-07T19:30:00Z, which is Sat 2026-03-07 14:30 in America/New_York",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "after end",
        {"rule": {"after": "1 hour"}, "ends_at": datetime(2026, 3, 9, 15, 0, tzinfo=NY)},
        [
            "end 2026-03-09T19:00:00Z, which is Mon 2026-03-09 15:00 in America/New_York (from starts_at)",
            "1 hour (exact: elapsed time) after the end",
            "due 2026-03-09T20:00:00Z, which is Mon 2026-03-09 16:00 in America/New_York",
            ZONE,
        ],
    ),
    (
        "after start",
        {"rule": {"after": "1 hour", "anchor": "start"}},
        [
            START,
            "1 hour (exact: elapsed time) after the start",
            "due 2026-03-09T19:30:00Z, which is Mon 2026-03-09 15:30 in America/New_York",
            ZONE,
        ],
    ),
    (
        "before end",
        {"rule": {"before": "1 hour", "anchor": "end"}, "ends_at": datetime(2026, 3, 9, 15, 0, tzinfo=NY)},
        [
            "end 2026-03-09T19:00:00Z, which is Mon 2026-03-09 15:00 in America/New_York (from starts_at)",
            "1 hour (exact: elapsed time) before the end",
            "due 2026-03-09T18:00:00Z, which is Mon 2026-03-09 14:00 in America/New_York",
            ZONE,
        ],
    ),
    (
        "on",
        {"rule": {"on": "2026-03-01T12:00:00Z"}},
        [
            START,
            "at 2026-03-01T12:00:00Z (absolute)",
            "due 2026-03-01T12:00:00Z, which is Sun 2026-03-01 07:00 in America/New_York",
            ZONE,
        ],
    ),
    (
        "leap",
        {"rule": {"days_before": 1, "at": "02:30"}},
        [
            START,
            "1 day (local: at 02:30 local time) before the start",
            "due 2026-03-08T07:30:00Z, which is Sun 2026-03-08 03:30 in America/New_York",
            "02:30 does not occur that day in America/New_York: the clock leaps by 1 hour, and 03:30 is meant",
            ZONE,
        ],
    ),
    (
        "twice",
        {"rule": {"days_before": 1, "at": "01:30"}, "starts_at": datetime(2026, 11, 2, 9, tzinfo=NY)},
        [
            "start 2026-11-02T14:00:00Z, which is Mon 2026-11-02 09:00 in America/New_York (from starts_at)",
            "1 day (local: at 01:30 local time) before the start",
            "due 2026-11-01T05:30:00Z, which is Sun 2026-11-01 01:30 in America/New_York",
            CHANGED,
            "01:30 occurs twice that day in America/New_York: the first is meant",
            ZONE,
        ],
    ),
    (
        "booking",
        {"rule": {"after_booking": "5 minutes"}, "booked_at": datetime(2026, 3, 1, 12, tzinfo=UTC)},
        [
            "booking 2026-03-01T12:00:00Z, which is Sun 2026-03-01 07:00 in America/New_York (from starts_at)",
            "5 minutes (exact: elapsed time) after the booking",
            "due 2026-03-01T12:05:00Z, which is Sun 2026-03-01 07:05 in America/New_York",
            ZONE,
        ],
    ),
    (
        "booking unknown",
        {"rule": {"after_booking": "5 minutes"}},
        [
            "booking 2026-03-09T18:30:00Z, which is Mon 2026-03-09 14:30 in America/New_York (from starts_at)",
            "5 minutes (exact: elapsed time) after the booking",
            ZONE,
            "not sent: condition (after_booking: when it was booked is not known)",
        ],
    ),
    (
        "booking series",
        {
            "rule": {"after_booking": "5 minutes"},
            "booked_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "recurrence_id": "x",
        },
        [
            "booking 2026-03-01T12:00:00Z, which is Sun 2026-03-01 07:00 in America/New_York (from starts_at)",
            "5 minutes (exact: elapsed time) after the booking",
            "due 2026-03-01T12:05:00Z, which is Sun 2026-03-01 07:05 in America/New_York",
            ZONE,
            "not sent: condition (after_booking: an occurrence of a series was not booked by itself)",
        ],
    ),
    (
        "change",
        {
            "rule": {"after_change": "5 minutes"},
            "change": {
                "changed_at": datetime(2026, 3, 2, 12, tzinfo=UTC),
                "due_at": datetime(2026, 3, 2, 12, 5, tzinfo=UTC),
            },
        },
        [
            "change 2026-03-02T12:00:00Z, which is Mon 2026-03-02 07:00 in America/New_York (from starts_at)",
            "5 minutes (exact: elapsed time) after the change",
            "due 2026-03-02T12:05:00Z, which is Mon 2026-03-02 07:05 in America/New_York",
            ZONE,
        ],
    ),
    (
        "change none",
        {"rule": {"after_change": "5 minutes"}},
        [
            "change 2026-03-09T18:30:00Z, which is Mon 2026-03-09 14:30 in America/New_York (from starts_at)",
            "5 minutes (exact: elapsed time) after the change",
            ZONE,
        ],
    ),
    (
        "all day",
        {"rule": {"before": "1 day"}, "all_day": True, "starts_at": datetime(2026, 3, 9, tzinfo=NY)},
        [
            "start 2026-03-09T04:00:00Z, which is Mon 2026-03-09 00:00 in America/New_York (from starts_at)",
            "1 day (nominal: same wall clock) before the start",
            "due 2026-03-08T05:00:00Z, which is Sun 2026-03-08 00:00 in America/New_York",
            "the appointment is all day: counted from its midnight, for want of a time",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "all day at",
        {"rule": {"days_before": 1, "at": "18:00"}, "all_day": True, "starts_at": datetime(2026, 3, 9, tzinfo=NY)},
        [
            "start 2026-03-09T04:00:00Z, which is Mon 2026-03-09 00:00 in America/New_York (from starts_at)",
            "1 day (local: at 18:00 local time) before the start",
            "due 2026-03-08T22:00:00Z, which is Sun 2026-03-08 18:00 in America/New_York",
            ZONE,
        ],
    ),
    (
        "holiday before",
        {
            "rule": {"days_before": 1, "at": "18:00", "if_holiday": "before"},
            "defaults": Defaults(closed_days="2026-03-08"),
        },
        [
            START,
            "1 day (local: at 18:00 local time) before the start",
            "due 2026-03-06T23:00:00Z, which is Fri 2026-03-06 18:00 in America/New_York",
            "Sun 2026-03-08 is a holiday or a closed day: moved to the business day before",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "holiday skip",
        {
            "rule": {"days_before": 1, "at": "18:00", "if_holiday": "skip"},
            "defaults": Defaults(closed_days="2026-03-08"),
        },
        [
            START,
            "1 day (local: at 18:00 local time) before the start",
            "due 2026-03-08T22:00:00Z, which is Sun 2026-03-08 18:00 in America/New_York",
            ZONE,
            "not sent: condition (if_holiday: Sun 2026-03-08 is a holiday or a closed day)",
        ],
    ),
    (
        "weekday",
        {"rule": {"weekday": "friday", "at": "18:00"}},
        [
            START,
            "the nearest Friday on another day, at 18:00 local time before the start",
            "due 2026-03-06T23:00:00Z, which is Fri 2026-03-06 18:00 in America/New_York",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "business",
        {"rule": {"business_days_before": 2}},
        [
            START,
            "2 business days (business: same wall clock) before the start",
            "due 2026-03-05T19:30:00Z, which is Thu 2026-03-05 14:30 in America/New_York",
            CHANGED,
            ZONE,
        ],
    ),
    (
        "business after",
        {"rule": {"business_days_after": 1, "at": "09:15"}},
        [
            "end 2026-03-09T18:30:00Z, which is Mon 2026-03-09 14:30 in America/New_York (from starts_at)",
            "1 business day (business: at 09:15 local time) after the end",
            "due 2026-03-10T13:15:00Z, which is Tue 2026-03-10 09:15 in America/New_York",
            ZONE,
        ],
    ),
    (
        "mix",
        {"rule": {"before": "1 day 2 hours"}},
        [
            START,
            "1 day and 2 hours of elapsed time (nominal: same wall clock) before the start",
            "due 2026-03-08T16:30:00Z, which is Sun 2026-03-08 12:30 in America/New_York",
            ZONE,
        ],
    ),
    (
        "no zone",
        {"rule": {"before": "1 hour"}, "starts_at": U},
        [
            "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 18:30 in UTC (from nowhere: UTC)",
            "1 hour (exact: elapsed time) before the start",
            "due 2026-03-09T17:30:00Z, which is Mon 2026-03-09 17:30 in UTC",
            "text and quiet hours in UTC (from nowhere: UTC)",
        ],
    ),
    (
        "default zone",
        {"rule": {"before": "1 hour"}, "defaults": Defaults("America/New_York"), "starts_at": U},
        [
            "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 14:30 in America/New_York (from defaults.timezone)",
            *HOUR,
            "text and quiet hours in America/New_York (from defaults.timezone)",
        ],
    ),
    (
        "own zone",
        {"rule": {"before": "1 hour"}, "timezone": "Europe/Berlin", "starts_at": U},
        [
            "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 19:30 in Europe/Berlin (from appointment.timezone)",
            "1 hour (exact: elapsed time) before the start",
            "due 2026-03-09T17:30:00Z, which is Mon 2026-03-09 18:30 in Europe/Berlin",
            "text and quiet hours in Europe/Berlin (from appointment.timezone)",
        ],
    ),
    (
        "reader abroad",
        {"rule": {"before": "1 hour"}, "who": ABROAD},
        [
            START,
            *HOUR,
            "quiet hours in Europe/Paris (from recipient.timezone)",
            "times in its text by the reader's clock, Europe/Paris, since it has no location to go to",
        ],
    ),
    (
        "reader abroad, place",
        {"rule": {"before": "1 hour"}, "who": ABROAD, "location": "12 High Street"},
        [
            START,
            *HOUR,
            "quiet hours in Europe/Paris (from recipient.timezone)",
            "times in its text by the place's clock, America/New_York, since it has a location",
        ],
    ),
    (
        "reader abroad, web",
        {"rule": {"before": "1 hour"}, "who": ABROAD, "location": "https://meet.example/x"},
        [
            START,
            *HOUR,
            "quiet hours in Europe/Paris (from recipient.timezone)",
            "times in its text by the reader's clock, Europe/Paris, since it has no location to go to",
        ],
    ),
    (
        "reader abroad, said reader",
        {"rule": {"before": "1 hour", "clock": "reader"}, "who": ABROAD, "location": "12 High Street"},
        [
            START,
            *HOUR,
            "quiet hours in Europe/Paris (from recipient.timezone)",
            'times in its text by the reader\'s clock, Europe/Paris, as clock = "reader" says',
        ],
    ),
    (
        "reader abroad, said place",
        {"rule": {"before": "1 hour", "clock": "place"}, "who": ABROAD},
        [
            START,
            *HOUR,
            "quiet hours in Europe/Paris (from recipient.timezone)",
            'times in its text by the place\'s clock, America/New_York, as clock = "place" says',
        ],
    ),
    (
        "nowhere, said place",
        {"rule": {"before": "1 hour", "clock": "place"}, "who": ABROAD, "starts_at": U},
        [
            "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 18:30 in UTC (from nowhere: UTC)",
            "1 hour (exact: elapsed time) before the start",
            "due 2026-03-09T17:30:00Z, which is Mon 2026-03-09 17:30 in UTC",
            "quiet hours in Europe/Paris (from recipient.timezone)",
            'times in its text by the place\'s clock, UTC, as clock = "place" says',
        ],
    ),
    (
        "nowhere, abroad",
        {"rule": {"before": "1 hour"}, "who": ABROAD, "starts_at": U, "location": "12 High Street"},
        [
            "start 2026-03-09T18:30:00Z, which is Mon 2026-03-09 18:30 in UTC (from nowhere: UTC)",
            "1 hour (exact: elapsed time) before the start",
            "due 2026-03-09T17:30:00Z, which is Mon 2026-03-09 17:30 in UTC",
            "text and quiet hours in Europe/Paris (from recipient.timezone)",
        ],
    ),
    (
        "reader abroad, all day",
        {"rule": {"before": "1 hour"}, "who": ABROAD, "all_day": True},
        [
            START,
            *HOUR,
            "the appointment is all day: counted from its midnight, for want of a time",
            "text and quiet hours in Europe/Paris (from recipient.timezone)",
        ],
    ),
    (
        "other zone of the same clock",
        {"rule": {"before": "1 hour"}, "who": Recipient(NUMBER, timezone="America/Toronto")},
        [START, *HOUR, "text and quiet hours in America/Toronto (from recipient.timezone)"],
    ),
    (
        "instead",
        {"rule": {"before": "1 hour"}, "change": {"instead": "it stands in"}},
        [START, *HOUR, "it stands in", ZONE],
    ),
    (
        "detour",
        {"rule": {"before": "1 hour"}, "change": {"detour": Detour("email", "ada@clinic.example", "x")}},
        [START, *HOUR, ZONE, "it goes by email to a…@…le"],
    ),
    ("nobody", {"rule": {"before": "1 hour"}, "recipients": []}, [START, *HOUR, ZONE, "not sent: no_recipient"]),
    (
        "opted out",
        {"rule": {"before": "1 hour"}, "who": Recipient(NUMBER, opted_in=False)},
        [START, *HOUR, ZONE, "not sent: opted_out"],
    ),
    (
        "bad number",
        {"rule": {"before": "1 hour"}, "who": Recipient("12")},
        [START, *HOUR, ZONE, "not sent: invalid_number"],
    ),
    (
        "number without a country",
        {"rule": {"before": "1 hour"}, "who": Recipient("(202) 555-0123")},
        [START, *HOUR, ZONE, f"not sent: invalid_number ({NO_COUNTRY})"],
    ),
    (
        "bad number, and a condition that is met",
        {"rule": {"before": "1 hour", "only": {"source": "default"}}, "who": Recipient("555-012")},
        [START, *HOUR, ZONE, "not sent: invalid_number"],
    ),
    ("good number", {"rule": {"before": "1 hour"}, "who": Recipient("+14155552671")}, [START, *HOUR, ZONE]),
    (
        "condition",
        {"rule": {"before": "1 hour", "only": {"tags": "x"}}},
        [START, *HOUR, ZONE, "not sent: condition (only.tags)"],
    ),
    (
        "unless",
        {"rule": {"before": "1 hour", "unless": {"source": "default"}}},
        [START, *HOUR, ZONE, "not sent: condition (unless)"],
    ),
    (
        "when",
        {"rule": {"before": "1 hour", "when": lambda *_: False}},
        [START, *HOUR, ZONE, "not sent: condition (when)"],
    ),
    (
        "condition and holiday",
        {
            "rule": {"days_before": 1, "at": "18:00", "if_holiday": "before", "only": {"tags": "x"}},
            "defaults": Defaults(closed_days="2026-03-08"),
        },
        [
            START,
            "1 day (local: at 18:00 local time) before the start",
            "due 2026-03-06T23:00:00Z, which is Fri 2026-03-06 18:00 in America/New_York",
            CHANGED,
            ZONE,
            "not sent: condition (only.tags)",
        ],
    ),
    ("cancelled", {"rule": {"before": "1 hour"}, "status": "cancelled"}, [START, *HOUR, ZONE, "not sent: cancelled"]),
    ("completed", {"rule": {"before": "1 hour"}, "status": "completed"}, [START, *HOUR, ZONE, "not sent: condition"]),
    (
        "seconds",
        {"rule": {"days_before": 1, "at": "18:00:30"}},
        [
            START,
            "1 day (local: at 18:00 local time) before the start",
            "due 2026-03-08T22:00:30Z, which is Sun 2026-03-08 18:00 in America/New_York",
            ZONE,
        ],
    ),
]


@pytest.mark.parametrize(("values", "trail"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_way_to_a_due_time_is_told_whole(values, trail):
    """From what it is counted, how, when that is on whose clock, what moved it, and what speaks against it."""
    assert list(of(**values).trail) == trail


CLOCKS = {
    "no zone": ("UTC", False),
    "own zone": ("Europe/Berlin", False),
    "reader abroad": ("Europe/Paris", True),
    "reader abroad, place": ("America/New_York", True),
    "reader abroad, web": ("Europe/Paris", True),
    "reader abroad, said reader": ("Europe/Paris", True),
    "reader abroad, said place": ("America/New_York", True),
    "nowhere, said place": ("UTC", True),
    "nowhere, abroad": ("Europe/Paris", False),
    "reader abroad, all day": ("Europe/Paris", False),
    "other zone of the same clock": ("America/Toronto", False),
}


@pytest.mark.parametrize(("name", "values"), [case[:2] for case in CASES], ids=[case[0] for case in CASES])
def test_by_whose_clock_a_text_says_when(name, values):
    """The place's where people go somewhere, else the reader's; named where the two differ at the start."""
    one = of(**values)
    assert (one.clock, one.clocks_differ) == CLOCKS.get(name, ("America/New_York", False))
    assert one.is_from_midnight is (name in {"all day", "reader abroad, all day"})


def test_a_reminder_goes_to_the_number_or_where_its_channel_goes():
    """Without a recipient it goes nowhere."""
    change = {"detour": Detour("email", "ada@clinic.example")}
    rule = {"before": "1 hour"}
    assert [of(rule).to, of(rule, change=change).to, of(rule, recipients=[]).to] == [NUMBER, "ada@clinic.example", ""]
