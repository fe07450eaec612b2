"""Cancellations, whenever they come: to whom was told, once, before the start they knew, and in no quiet hour."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.appointments import Recipient, Status
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.planning.cancellation import CANCELLATION
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import START, WINDOW, message_of, observed_of, settings_of, visit
from tests.sampling import examples

RULES = (
    Rule("day", before="24 hours", text="See you {{ when }}"),
    Rule("hours", before="3 hours", text="Soon {{ when }}"),
    Rule("thanks", after="1 hour", text="Thank you"),
)
QUIETS = (None, QuietHours("21:00", "08:00"), QuietHours("08:00", "20:00"))
AHEAD = (None, State.SCHEDULED)
OVER = (None, State.SCHEDULED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN)
ZONES = (None, "America/Los_Angeles", "Asia/Tokyo")


@st.composite
def cases(draw):
    """Return a cancelled appointment of up to three people, what each of its reminders came to, and a `now`."""
    quiet = draw(st.sampled_from(QUIETS))
    notice = Notice("Cancelled: {{ when }}", draw(st.sampled_from([timedelta(0), timedelta(minutes=10)])))
    settings = settings_of(*RULES, quiet=quiet, cancellation=notice)
    people = [
        Recipient(f"+1202555012{number}", timezone=draw(st.sampled_from(ZONES)))
        for number in range(draw(st.integers(1, 3)))
    ]
    booked = evolve(visit("A", draw(st.integers(8, 20)), day=3), recipients=people)
    now = START + timedelta(minutes=draw(st.integers(0, 4 * 24 * 60)))
    messages = [
        message_of(reminder, settings, state, id=f"{index:032}")
        for index, reminder in enumerate(reminders_of(booked, RULES, settings.defaults))
        if (state := draw(st.sampled_from(OVER if reminder.due_at <= now else AHEAD))) is not None
    ]
    return evolve(booked, status=Status.CANCELLED), messages, settings, now


@examples(80)
@given(cases())
def test_a_cancellation_goes_to_who_was_told_and_in_time(case):
    """At most one for a number, within window and quiet hours, before the start; and to nobody who was told nothing."""
    appointment, messages, settings, now = case
    found = decide(observed_of(appointment, *messages), settings, now)
    told = {
        message.draft.to
        for message in messages
        if message.send_at <= now + WINDOW.cancel_cutoff + WINDOW.margin
        and message.state in SENT | {State.SCHEDULED, State.UNKNOWN}
        and message.state is not State.UNDELIVERED
    }
    notices = [decision for decision in found if decision.rule == CANCELLATION]
    assert len(notices) == len({decision.number for decision in notices})
    assert {decision.number for decision in notices} <= told or appointment.start_at <= now
    for decision in found:
        if decision.kind in (ChangeKind.SCHEDULE, ChangeKind.REPLACE):
            assert decision.rule == CANCELLATION
            at = decision.draft.send_at
            assert now + WINDOW.min_lead <= at < appointment.start_at
            assert settings.quiet is None or not settings.quiet.covers(at, ZoneInfo(decision.reminder.zone))
    if now < appointment.start_at:
        sent = {m.draft.to for m in messages if m.state in (State.SENT, State.DELIVERED)}
        assert sent <= {decision.number for decision in notices}
    else:
        assert notices == []
