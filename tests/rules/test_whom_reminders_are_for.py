"""Whom reminders are for: their keys, the first of several refusals, zones and languages, and all-day appointments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminder_key, reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER

AT = datetime(2026, 3, 9, 14, 30, tzinfo=ZoneInfo("America/New_York"))
OTHER = "+12025550124"
BEFORE = Rule("before", before="1 day", text="Hi")
AFTER = Rule("after", after="1 hour", text="Hi")
MISSED = Rule("missed", after="1 hour", text="Hi", only={"status": ["no_show", "completed"]})
CHOOSY = Rule("choosy", before="1 day", text="Hi", only={"tags": "x"})


def of(rules, recipients, defaults=None, **changes):
    values = {"recipients": recipients, **changes}
    return reminders_of(Appointment("A-1", **{"starts_at": AT, **values}), rules, defaults or Defaults())


KEYS = {
    ("default", "default", "A-1", None, "r", NUMBER): "eae35aaef8ec65e9bb6ce8a2b1e81c5e",
    ("default", "default", "A-1", "", "r", NUMBER): "eae35aaef8ec65e9bb6ce8a2b1e81c5e",
    ("default", "default", "A-1", "2026-03-09", "r", NUMBER): "87a862900da40907bb5214aaf10cd9d1",
    ("clinic", "desk", "A-1", None, "r", "P-1"): "64494e3e7adc54a6fae6de56224ff7a6",
    ("d", "d", "ü\ud800", None, "r", ""): "09610b887f6cb6c7ef611398e8ee25e3",
}


@pytest.mark.parametrize(("parts", "key"), KEYS.items())
def test_a_reminder_has_the_same_key_in_every_release(parts, key):
    """Else every message would be sent once more."""
    assert reminder_key(*parts) == key


def test_a_reminder_is_of_its_namespace_source_rule_and_person():
    """In the order of the rules, then of the people."""
    found = of([BEFORE, AFTER], [Recipient(NUMBER, "P-1"), OTHER], Defaults(namespace="clinic"), source="desk")
    parts = [(rule, who) for rule in ("before", "after") for who in ("P-1", OTHER)]
    keys = [reminder_key("clinic", "desk", "A-1", None, *part) for part in parts]
    assert [reminder.key for reminder in found] == keys
    assert [reminder.recipient.phone for reminder in found] == [NUMBER, OTHER] * 2


def test_of_two_with_one_key_the_later_ones_has_its_place():
    """From 1; so that keys differ."""
    people = [Recipient(NUMBER, "P"), Recipient(OTHER, "P"), Recipient("+12025550125", "P")]
    keys = [reminder_key("default", "default", "A-1", None, "before", who) for who in ("P", "P#2", "P#3")]
    assert [reminder.key for reminder in of([BEFORE], people)] == keys


STATUSES = ("confirmed", "tentative", "cancelled", "completed", "no_show")
PEOPLE = {
    "nobody": ([], Reason.NO_RECIPIENT),
    "fine": ([Recipient(NUMBER)], None),
    "out": ([Recipient(NUMBER, opted_in=False)], Reason.OPTED_OUT),
    "no number": ([Recipient("12")], Reason.INVALID_NUMBER),
    "no number, out": ([Recipient("", opted_in=False)], Reason.INVALID_NUMBER),
    "not normal": ([Recipient("2025550123")], Reason.INVALID_NUMBER),
    "twice": ([Recipient(NUMBER, "a"), Recipient(NUMBER, "b", opted_in=False)], Reason.DUPLICATE_NUMBER),
}


@pytest.mark.parametrize(("status", "who"), list(product(STATUSES, PEOPLE)))
@pytest.mark.parametrize("rule", [BEFORE, AFTER, MISSED, CHOOSY], ids=lambda rule: rule.id)
def test_of_several_refusals_the_first_is_named(rule, status, who):
    """The status, then who is not there, then conditions, then what is wrong with the person."""
    people, wrong = PEOPLE[who]
    found = of([rule], people, status=status)[-1]
    if status == "cancelled" or (status == "no_show" and rule is not MISSED):
        expected = Reason.CANCELLED
    elif status == "completed" and rule in (BEFORE, CHOOSY):
        expected = Reason.CONDITION
    elif who == "nobody":
        expected = Reason.NO_RECIPIENT
    elif rule is CHOOSY or (rule is MISSED and status in ("confirmed", "tentative")):
        expected = Reason.CONDITION
    else:
        expected = wrong
    assert found.refusal is expected
    words = {"choosy": "only.tags", "missed": "only.status"}
    by_condition = expected is Reason.CONDITION and status != "completed"
    by_country = expected is Reason.INVALID_NUMBER and who == "not normal"
    more = words[rule.id] if by_condition else "no country code" if by_country else ""
    assert found.detail.partition(":")[0] == more


def test_a_day_off_skips_only_what_nothing_else_refuses():
    """And says so."""
    rule = Rule("r", days_before=1, at="18:00", text="Hi", if_holiday="skip")
    closed = Defaults(closed_days="2026-03-08")
    (fine, out) = of([rule], [NUMBER, Recipient(OTHER, opted_in=False)], closed)
    said = "if_holiday: Sun 2026-03-08 is a holiday or a closed day"
    assert (fine.refusal, fine.detail, fine.aside) == (Reason.CONDITION, said, said)
    assert (out.refusal, out.detail, out.aside) == (Reason.OPTED_OUT, "", said)


@pytest.mark.parametrize(
    ("starts_at", "timezone_", "default", "local", "source"),
    [
        (AT, None, None, "America/New_York", "starts_at"),
        (AT, "Europe/Berlin", "Asia/Tokyo", "Europe/Berlin", "appointment.timezone"),
        (AT, None, "Asia/Tokyo", "America/New_York", "starts_at"),
        (AT.astimezone(UTC), None, "Asia/Tokyo", "Asia/Tokyo", "defaults.timezone"),
        (AT.astimezone(timezone(timedelta(hours=1))), None, None, "UTC", "nowhere: UTC"),
    ],
)
def test_wall_clocks_are_the_appointments_and_else_the_default_ones(starts_at, timezone_, default, local, source):
    """A reader's own zone is for quiet hours, and where a text says when."""
    people = [Recipient(NUMBER), Recipient(OTHER, timezone="Europe/Paris", locale="fr")]
    defaults = Defaults(default, locale="de")
    plain, own = of([BEFORE], people, defaults, starts_at=starts_at, timezone=timezone_)
    assert (plain.local_zone, plain.local_source, plain.zone, plain.zone_source) == (local, source, local, source)
    assert (own.local_zone, own.zone, own.zone_source) == (local, "Europe/Paris", "recipient.timezone")
    assert (plain.locale, own.locale) == ("de", "fr")


@pytest.mark.parametrize(
    ("when", "midnight"),
    [
        ({"before": "24 hours"}, True),
        ({"before": "1 day"}, True),
        ({"after": "1 hour"}, True),
        ({"business_days_before": 1}, True),
        ({"business_days_before": 1, "at": "09:00"}, False),
        ({"days_before": 1, "at": "09:00"}, False),
        ({"weekday": "fri", "at": "09:00"}, False),
        ({"on": "2026-03-01T09:00:00Z"}, False),
        ({"after_booking": "1 hour"}, False),
        ({"after_change": "1 hour"}, False),
    ],
    ids=str,
)
def test_nobody_means_the_midnight_of_an_all_day_appointment(when, midnight):
    """It is told where a rule counts from it, for want of a time."""
    rule = Rule("r", text="Hi", **when)
    assert of([rule], [NUMBER], all_day=True)[0].is_from_midnight is midnight
    assert not of([rule], [NUMBER])[0].is_from_midnight


@pytest.mark.parametrize(
    ("bounds", "lead", "said"),
    [
        ({"min_booking_lead": "1 day"}, timedelta(days=1), ""),
        ({"min_booking_lead": "1 day"}, timedelta(hours=23), "min_booking_lead is 1 day: booked 23 hours ahead"),
        ({"max_booking_lead": "1 day"}, timedelta(days=1), "max_booking_lead is 1 day: booked 1 day ahead"),
        ({"max_booking_lead": "1 day"}, timedelta(hours=23), ""),
        ({"max_booking_lead": "1 day"}, timedelta(hours=-1), ""),
        ({"min_booking_lead": "1 hour"}, timedelta(hours=-1), "min_booking_lead is 1 hour: booked 0 minutes ahead"),
        ({"min_booking_lead": "1 hour"}, None, ""),
        ({"max_booking_lead": "1 hour"}, None, "max_booking_lead: when it was booked is not known"),
        ({"min_booking_lead": "1 hour", "max_booking_lead": "2 days"}, timedelta(days=1), ""),
    ],
    ids=str,
)
def test_how_long_ahead_it_was_booked_is_weighed_at_the_very_bound(bounds, lead, said):
    """What was booked after its start was booked no time ahead."""
    rule = Rule("r", before="1 hour", text="Hi", **bounds)
    (found,) = of([rule], [NUMBER], booked_at=None if lead is None else AT.astimezone(UTC) - lead)
    assert (found.refusal, found.detail) == (Reason.CONDITION if said else None, said)


def test_conditions_are_asked_in_their_order():
    """The first that is not met is named; a function is asked last, and only where all else is met."""
    asked = []

    def when(appointment, recipient):
        asked.append((appointment.id, recipient.phone))
        return False

    conditions = {"only": {"tags": "x"}, "unless": {"source": "desk"}, "min_booking_lead": "1 day", "when": when}
    rule = Rule("r", before="1 hour", text="Hi", **conditions)
    booked = AT - timedelta(hours=2)
    steps = [{}, {"tags": "x", "source": "desk"}, {"tags": "x", "booked_at": booked}, {"tags": "x"}]
    assert [of([rule], [NUMBER], **step)[0].detail for step in steps] == [
        "only.tags",
        "unless",
        "min_booking_lead is 1 day: booked 2 hours ahead",
        "when",
    ]
    assert asked == [("A-1", NUMBER)]


def test_a_function_that_fails_is_named_with_its_appointment_and_rule():
    """By the kind of its error, and never by what it says."""

    def when(_appointment, _recipient):
        raise KeyError("+12025550123")

    with pytest.raises(ConfigurationError) as caught:
        of([Rule("r", before="1 hour", text="Hi", when=when)], [NUMBER], recurrence_id="2026-03-09")
    assert str(caught.value) == "appointment 'A-1@2026-03-09', rule 'r': its `when` raised KeyError: mend that function"
