"""Days without texts: quiet hours of holidays and closed days, and rules that step aside from them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit import Appointment, QuietHours, Rule
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError, InvalidInputError, InvalidRuleError
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.text.linter import lint
from tests.factories import NEW_YORK, NUMBER, in_new_york
from tests.sampling import examples

CLOSED = ("2026-12-24", "2026-12-26", "2026-12-27", "2026-11-03")
DEFAULTS = Defaults(timezone="America/New_York", holidays=["US"], closed_days=CLOSED)
ALL_DAY = {"start": "00:00", "end": "24:00", "on": "holidays"}
NIGHT = QuietHours("21:00", "08:00", also=[ALL_DAY]).with_days_off(DEFAULTS)
LATE = QuietHours("18:00", "03:00", on="holidays", days="weekdays", also=[QuietHours("12:00", "13:00")]).with_days_off(
    DEFAULTS
)


@pytest.mark.parametrize(
    ("at", "begin", "end"),
    [
        ("2026-11-26 12:00", "2026-11-25 21:00", "2026-11-27 08:00"),
        ("2026-12-25 12:00", "2026-12-23 21:00", "2026-12-28 08:00"),
        ("2026-12-29 02:00", "2026-12-28 21:00", "2026-12-29 08:00"),
        ("2026-12-29 09:00", "2026-12-29 09:00", "2026-12-29 09:00"),
    ],
    ids=["a holiday between two nights", "four days in a row", "a night", "a day"],
)
def test_holidays_and_closed_days_are_quiet(at, begin, end):
    """They join with nights, and with each other, into one time without texts."""
    moment = in_new_york(at)
    assert NIGHT.covers(moment, NEW_YORK) is (begin != end)
    assert NIGHT.began(moment, NEW_YORK) == in_new_york(begin)
    assert NIGHT.over(moment, NEW_YORK) == in_new_york(end)
    assert NIGHT.describe() == "21:00–08:00; 00:00–24:00 on holidays"


def is_quiet(quiet, wall):
    """Say whether a wall-clock minute is quiet, reckoned from the days alone."""
    off = {date.fromisoformat(day) for day in CLOSED} | {date(2026, 11, 26), date(2026, 12, 25), date(2026, 11, 11)}
    if quiet is NIGHT:
        return wall.hour >= 21 or wall.hour < 8 or wall.date() in off
    evening = wall.date() in off and wall.hour >= 18 and wall.weekday() < 5
    before = wall.date() - timedelta(days=1)
    return wall.hour == 12 or evening or (before in off and wall.hour < 3 and before.weekday() < 5)


@examples(300)
@given(st.integers(0, 61 * 24 * 60 - 1), st.sampled_from([NIGHT, LATE]))
def test_each_minute_of_two_months_is_quiet_or_not_as_its_day_says(minutes, quiet):
    """Also where the clocks change; what is quiet ends at the first minute that is not."""
    moment = datetime(2026, 11, 1, 4, tzinfo=UTC) + timedelta(minutes=minutes)
    wall = moment.astimezone(NEW_YORK).replace(tzinfo=None)
    assert quiet.covers(moment, NEW_YORK) is is_quiet(quiet, wall)
    over, began = quiet.over(moment, NEW_YORK), quiet.began(moment, NEW_YORK)
    assert not quiet.covers(over, NEW_YORK)
    if quiet.covers(moment, NEW_YORK):
        assert began <= moment < over
        assert quiet.covers(over - timedelta(minutes=1), NEW_YORK)
        assert quiet.covers(began, NEW_YORK)
        assert not quiet.covers(began - timedelta(minutes=1), NEW_YORK)


def test_what_is_closed_for_good_is_quiet_all_along():
    """Closed days for years are quiet to their end, and not before they begin."""
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(1500)]
    quiet = QuietHours("00:00", "24:00", on="holidays").with_days_off(Defaults(closed_days=days))
    assert quiet.covers(in_new_york("2027-06-01 12:00"), NEW_YORK)
    assert quiet.over(in_new_york("2027-06-01 12:00"), NEW_YORK) == in_new_york("2030-02-09 00:00")
    assert not quiet.covers(in_new_york("2025-12-31 12:00"), NEW_YORK)


def test_a_country_s_hours_may_know_holidays_too():
    """They are those of the kit; without any, nothing is meant and that is said."""
    own = QuietHours("22:00", "07:00", countries={"CA": {"start": "21:00", "end": "09:00", "also": [ALL_DAY]}})
    toronto = ZoneInfo("America/Toronto")
    known = own.with_days_off(DEFAULTS)
    assert known.covers(in_new_york("2026-12-24 12:00"), toronto)
    assert not known.covers(in_new_york("2026-12-24 12:00"), NEW_YORK)
    with pytest.raises(ConfigurationError, match='on = "holidays" means no day: name calendars'):
        own.with_days_off(Defaults())
    with pytest.raises(InvalidInputError, match=r"quiet_hours.on cannot be 'sundays'"):
        QuietHours("21:00", "08:00", on="sundays")


def test_a_kit_and_a_file_know_their_holidays(make_kit, sandbox, tmp_path):
    """A text that is due on Christmas Day goes out on the evening before the closed days."""
    sandbox.clock.set("2026-12-23T14:00:00Z")
    quiet = {"start": "21:00", "end": "08:00", "also": [ALL_DAY]}
    kit = make_kit([Rule("r", before="3 hours", text="x")], holidays=["US"], closed_days=CLOSED, quiet_hours=quiet)
    starts_at = datetime(2026, 12, 25, 15, tzinfo=NEW_YORK)
    kit.sync(Appointment("A", starts_at, recipients=[NUMBER]))
    assert [message.send_at for message in sandbox.parked()] == [in_new_york("2026-12-23 20:59")]
    file = tmp_path / "reminders.toml"
    also = 'also = [{start = "00:00", end = "24:00", on = "holidays"}]'
    table = f'[quiet_hours]\nstart = "21:00"\nend = "08:00"\n{also}\n'
    file.write_text(f'holidays = ["US"]\n{table}')
    assert load(file).quiet_hours.covers(in_new_york("2026-12-25 12:00"), NEW_YORK)
    file.write_text(table)
    with pytest.raises(ConfigurationError, match='on = "holidays" means no day'):
        load(file)


def due(starts_at, **changes):
    """Return the reminder of a rule that counts days, for an appointment at that time in New York."""
    visit = Appointment("A", datetime.fromisoformat(starts_at).replace(tzinfo=NEW_YORK), recipients=[NUMBER])
    return reminders_of(visit, [Rule("r", text="x", at="18:00", **changes)], DEFAULTS)[0]


@pytest.mark.parametrize(
    ("changes", "starts_at", "due_at"),
    [
        ({"weekday": "friday"}, "2026-12-30 10:00", "2026-12-25 18:00"),
        ({"weekday": "friday", "if_holiday": "before"}, "2026-12-30 10:00", "2026-12-23 18:00"),
        ({"weekday": "friday", "if_holiday": "before"}, "2026-12-23 10:00", "2026-12-18 18:00"),
        ({"days_before": 1, "if_holiday": "before"}, "2026-11-04 10:00", "2026-11-02 18:00"),
        ({"days_before": 1, "if_holiday": "before"}, "2026-12-28 10:00", "2026-12-23 18:00"),
        ({"weekday": "friday", "if_holiday": "skip"}, "2026-12-23 10:00", "2026-12-18 18:00"),
    ],
    ids=str,
)
def test_a_rule_steps_aside_to_the_business_day_before(changes, starts_at, due_at):
    """Over closed days and weekends; a day that is none stays."""
    one = due(starts_at, **changes)
    assert (one.due_at, one.refusal) == (in_new_york(due_at), None)
    moved = "moved to the business day before" in " ".join(one.trail)
    assert moved is (changes.get("if_holiday") == "before" and "12-18" not in due_at)


def test_or_is_not_sent():
    """The reason is its condition, and the trail names the day."""
    one = due("2026-12-30 10:00", weekday="friday", if_holiday="skip")
    assert one.refusal == "condition"
    assert one.trail[-1] == "not sent: condition (if_holiday: Fri 2026-12-25 is a holiday or a closed day)"


def test_it_goes_with_days_only_and_needs_some():
    """Hours before have no day to step aside from; without holidays and closed days the linter says so."""
    with pytest.raises(InvalidRuleError, match=r"if_holiday .* goes with weekday or days_before only"):
        Rule("r", before="24 hours", text="x", if_holiday="skip")
    with pytest.raises(InvalidRuleError, match="if_holiday cannot be 'after'"):
        Rule("r", weekday="friday", at="18:00", text="x", if_holiday="after")
    rule = Rule("r", weekday="friday", at="18:00", text="x", if_holiday="before")
    assert "if_holiday means no day" in str(lint(rule, Defaults())[0])
    assert lint(rule, DEFAULTS) == []
    assert rule.derived("once", before="1 day").if_holiday is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"before": "24 hours"}, True),
        ({"before": "1 day"}, True),
        ({"business_days_before": 1}, True),
        ({"business_days_before": 1, "at": "18:00"}, False),
        ({"days_before": 1, "at": "18:00"}, False),
        ({"on": "2026-12-20T15:00:00Z"}, False),
        ({"after_booking": "1 hour"}, False),
    ],
    ids=str,
)
def test_hours_before_an_all_day_appointment_are_counted_from_midnight(changes, found):
    """Nobody means that: the trail says so, and `rules check` of a calendar."""
    midnight = datetime(2026, 12, 30, tzinfo=NEW_YORK)
    booked = midnight - timedelta(days=9)
    visit = Appointment("A", midnight, recipients=[NUMBER], all_day=True, booked_at=booked)
    (one,) = reminders_of(visit, [Rule("r", text="x", **changes)], DEFAULTS)
    assert one.is_from_midnight is found
    assert ("counted from its midnight" in " ".join(one.trail)) is found
