"""Each limit of the rules at its exact edge, each default, and each documented word of a setting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.reasons import Reason
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE, Placement, PlacementDecision, place, still_allowed
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.superseding import COLLAPSE_WITHIN, supersede
from reminder_kit.rules.window import Window
from tests.factories import DEFAULTS, NEW_YORK, START, WINDOW, visit

SECOND = timedelta(seconds=1)


def one(rule, appointment=None):
    """Return the one reminder of a rule for an appointment."""
    (found,) = reminders_of(appointment or visit("A"), [rule], DEFAULTS)
    return found


def placed(reminder, now, window=WINDOW, quiet=None):
    found = place(reminder, now=now, window=window, quiet=quiet)
    return found.decision.value, found.reason.value


# The change of the clock, to the second

LEAP = datetime(2026, 3, 8, 7, tzinfo=UTC)  # 02:00 becomes 03:00 in New York


@pytest.mark.few(25)
@pytest.mark.parametrize("before", [*range(1, 70), 3599, 3600, 3601, 7199, 12_345])
def test_quiet_hours_that_end_in_a_leap_of_the_clock_end_at_that_second(before):
    """Asked at whatever second before it."""
    quiet = QuietHours("21:00", "02:30")
    assert quiet.over(LEAP - timedelta(seconds=before), NEW_YORK) == LEAP


@pytest.mark.few(25)
@pytest.mark.parametrize("after", [*range(70), 3599, 3601, 5003])
def test_quiet_hours_that_begin_in_a_leap_of_the_clock_begin_at_that_second(after):
    """Asked at whatever second after it."""
    quiet = QuietHours("02:30", "06:00")
    assert quiet.began(LEAP + timedelta(seconds=after), NEW_YORK) == LEAP


@pytest.mark.parametrize(("start", "end"), [("00:00", "24:00"), ("00:01", "24:00"), ("12:00", "11:59")])
def test_only_a_week_without_a_free_minute_is_always_quiet(start, end):
    """One free minute a day, or in the week, is enough."""
    assert QuietHours(start, end).always is ((start, end) == ("00:00", "24:00"))
    last = QuietHours("00:00", "23:59", days="sunday")
    rest = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    assert not QuietHours("00:00", "24:00", days=rest, also=last).always


# The way to a placement

FAR = timedelta(days=6)
NIGHT = QuietHours("08:30", "09:30")


@pytest.mark.parametrize(
    ("changes", "before_due", "quiet", "expected"),
    [
        ({}, timedelta(hours=1), None, "on_time"),
        ({}, timedelta(hours=1), NIGHT, "shifted_quiet_hours"),
        ({}, FAR, None, "beyond_window"),
        ({}, FAR, NIGHT, "beyond_window"),
        ({"if_far": "skip"}, FAR, None, "too_far"),
        ({"if_far": "clamp"}, FAR, None, "clamped_far"),
        ({}, -timedelta(hours=1), None, "clamped_late"),
        ({}, timedelta(hours=1), QuietHours("00:00", "24:00"), "quiet_hours"),
    ],
    ids=str,
)
def test_the_way_to_every_placement_names_the_window(changes, before_due, quiet, expected):
    """Whatever comes of a reminder, why is told with the edges of the window, and with quiet hours that cover it."""
    reminder = one(Rule("r", before="24 hours", text="x", **changes))
    found = place(reminder, now=reminder.due_at - before_due, window=WINDOW, quiet=quiet)
    assert found.reason.value == expected
    assert sum("may be asked for from" in step for step in found.trail) == 1
    if quiet is NIGHT:
        assert any("quiet hours (08:30–09:30) cover the due time" in step for step in found.trail)


# Lateness


@pytest.mark.parametrize("late", [timedelta(0), SECOND])
def test_a_follow_up_is_patient_for_a_day(late):
    """Exactly a day late it still goes out, where its rule says nothing of lateness; a second later it is past."""
    reminder = one(Rule("r", after="1 hour", text="How was it?"))
    now = reminder.due_at + FOLLOW_UP_PATIENCE + late
    assert placed(reminder, now) == (("skip", "past") if late else ("send_at", "clamped_late"))


def test_a_rules_own_lateness_is_kept_to_the_second():
    """`skip_after` counts from the due time, and takes in its own length."""
    policy = LatePolicy.read({"skip_after": "2 hours"}, "r")
    assert policy.still_useful(timedelta(hours=2))
    assert not policy.still_useful(timedelta(hours=2, seconds=1))
    reminder = one(Rule("r", after="1 hour", text="How was it?", if_late={"skip_after": "2 hours"}))
    assert placed(reminder, reminder.due_at + timedelta(hours=2)) == ("send_at", "clamped_late")
    assert placed(reminder, reminder.due_at + timedelta(hours=2, seconds=1)) == ("skip", "past")


def test_an_appointment_is_over_at_its_end():
    """Until a second before it a late reminder is too late, and from then on past."""
    appointment = visit("A")
    reminder = one(Rule("r", before="1 hour", text="Soon"), appointment)
    assert placed(reminder, appointment.end_at - SECOND) == ("skip", "too_late")
    assert placed(reminder, appointment.end_at) == ("skip", "past")
    assert still_allowed(appointment.end_at - SECOND, reminder, None) is Reason.TOO_LATE
    assert still_allowed(appointment.end_at, reminder, None) is Reason.PAST


@pytest.mark.parametrize("notice", ["0 minutes", "10 minutes"])
def test_the_last_instant_is_before_the_start_or_just_at_the_notice(notice):
    """Without notice that is a second before the start; with some, exactly so long before it."""
    reminder = one(Rule("r", before="1 hour", text="Soon", min_notice=notice))
    start = reminder.appointment.start_at
    last = start - SECOND if notice == "0 minutes" else start - timedelta(minutes=10)
    assert still_allowed(last, reminder, None) is None
    assert still_allowed(last + SECOND, reminder, None) is Reason.TOO_LATE


@pytest.mark.parametrize(
    ("apart", "reason"), [(COLLAPSE_WITHIN, "clamped_late"), (COLLAPSE_WITHIN - SECOND, "superseded")]
)
@pytest.mark.parametrize("direction", [1, -1], ids=["after", "before"])
def test_a_late_one_collapses_only_below_fifteen_minutes(apart, reason, direction):
    """Exactly fifteen minutes from one of a farther rule, on either side, it still says something new."""
    near, far = one(Rule("near", before="1 hour", text="x")), one(Rule("far", before="24 hours", text="y"))
    late = Placement(PlacementDecision.SEND, Reason.CLAMPED_LATE, START)
    other = Placement(PlacementDecision.SEND, Reason.ON_TIME, START + direction * apart)
    (_, found), (_, kept) = supersede([(near, late), (far, other)])
    assert (found.reason.value, kept.reason.value) == (reason, "on_time")


def test_a_window_needs_room_between_its_margins():
    """Exactly none is enough: one second is left; a second less is refused, and so is any negative length."""
    margin = timedelta(seconds=30)
    least = timedelta(minutes=5)
    assert Window(least, least + 2 * margin, timedelta(0), margin).closes(START) == START + least + margin
    for lengths in (
        (least, least + 2 * margin - SECOND, timedelta(0), margin),
        (-SECOND, least, timedelta(0), margin),
        (least, -SECOND, timedelta(0), margin),
        (least, timedelta(days=1), -SECOND, margin),
        (least, timedelta(days=1), timedelta(0), -SECOND),
    ):
        with pytest.raises(ReminderKitError, match="window"):
            Window(*lengths)


# What holds where nothing is said


def test_what_is_not_said_is_as_documented():
    """Each default, of what holds for all and of a rule."""
    assert Defaults() == Defaults(
        timezone=None,
        locale="en",
        region=None,
        namespace="default",
        holidays=(),
        closed_days=(),
        weekend=("saturday", "sunday"),
        transliterate=False,
    )
    assert Defaults().transliterate is False
    rule = Rule("r", before="1 hour", text="x")
    said = Rule(
        "r",
        before="1 hour",
        text="x",
        if_far="hold",
        shift="earlier",
        min_notice="0 minutes",
        min_silence="0 minutes",
        spread="0 minutes",
        channel="sms",
        media_urls=(),
        subject="",
        max_parts=None,
        min_booking_lead=None,
        max_booking_lead=None,
    )
    assert rule == said
    assert rule != Rule("r", before="1 hour", text="x", if_late="clamp")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("if_late", ["clamp", "skip", "next rule", {"skip_after": "6 hours"}]),
        ("if_far", ["hold", "skip", "clamp"]),
        ("shift", ["earlier", "later"]),
        ("channel", ["sms", "mms"]),
    ],
)
def test_each_documented_word_is_taken_and_no_other(setting, words):
    """And two of them never mean the same."""
    rules = [Rule("r", before="1 hour", text="x", **{setting: word}) for word in words]
    assert len({repr(getattr(rule, setting)) for rule in rules}) == len(words)
    for wrong in ("Skip", "", "never", 1):
        with pytest.raises(ReminderKitError, match=setting):
            Rule("r", before="1 hour", text="x", **{setting: wrong})


@pytest.mark.parametrize(
    ("day", "is_open"), [(9, True), (13, True), (14, False), (15, False), (16, False), (17, True), (18, False)]
)
def test_weekends_holidays_and_closed_days_are_each_no_business_day(day, is_open):
    """Monday to Friday are, but for a holiday (Presidents' Day) and a day of one's own."""
    closed = Defaults(holidays="US", closed_days=["2026-02-18"])
    assert closed.is_open(date(2026, 2, day)) is is_open
