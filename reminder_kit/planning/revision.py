"""A decision to park, looked at once more just before it is carried out.

Pure: takes `now`; never decides anything else anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.placement import PlacementDecision as Placed
from reminder_kit.rules.placement import QuietHours, place, still_allowed
from reminder_kit.rules.window import Window

__all__ = ["held", "may_still_send", "placed_again", "start_of", "unwritable"]


def start_of(decision: Decision) -> datetime:
    """Return the start a decision to park is made for."""
    assert decision.reminder is not None  # noqa: S101 - only wanted reminders are parked or adopted
    return decision.reminder.appointment.start_at


def may_still_send(decision: Decision, quiet: QuietHours | None) -> Callable[[datetime], bool]:
    """Return what says whether a decision to park may still go out at an instant, whatever the window."""
    reminder = decision.reminder
    return lambda at: reminder is None or still_allowed(at, reminder, quiet) is None


def held(decision: Decision) -> Decision:
    """Return a decision to park as one to hold, for want of room at the provider."""
    if decision.change.kind is not ChangeKind.SCHEDULE:
        return decision
    change = evolve(decision.change, kind=ChangeKind.HOLD, reason=Reason.AT_CAPACITY, send_at=None, text=None)
    due_at = decision.outcome.due_at
    outcome = evolve(
        decision.outcome, status=ReminderStatus.HELD, reason=Reason.AT_CAPACITY.value, send_at=None, park_at=due_at
    )
    if decision.placement is not None and decision.placement.send_at is not None:
        outcome = evolve(outcome, park_at=decision.placement.send_at - timedelta(days=30))
    return evolve(decision, change=change, outcome=outcome, draft=None)


def placed_again(
    decision: Decision, settings: Settings, window: Window, allowance: timedelta, now: datetime
) -> Decision:
    """Return a decision to park as it is at `now`: placed anew if time has passed, else skipped with its reason.

    `allowance` is how far the provider's clock may be from ours.
    """
    reminder, before, quiet = decision.reminder, decision.placement, settings.quiet
    assert reminder is not None  # noqa: S101 - what is to be parked belongs to a wanted reminder
    assert before is not None  # noqa: S101 - and was placed
    after = place(reminder, now=now, window=window, quiet=quiet, replaces=decision.replaces)
    lowest = now + window.min_lead + allowance
    if before.send_at is not None and before.send_at >= lowest and after.decision is Placed.SEND:
        return decision
    change, outcome = decision.change, decision.outcome
    if after.decision is not Placed.SEND or after.send_at is None:
        kind, stand = (
            (ChangeKind.HOLD, ReminderStatus.HELD)
            if after.decision is Placed.HOLD
            else (ChangeKind.SKIP, ReminderStatus.SKIPPED)
        )
        change = evolve(change, kind=kind, reason=after.reason, send_at=None, text=None)
        outcome = evolve(outcome, status=stand, reason=after.reason.value, send_at=None, park_at=after.park_at)
        outcome = evolve(outcome, replacing=decision.replaces and stand is ReminderStatus.HELD)
        return evolve(decision, change=change, outcome=outcome, placement=after, draft=None)
    try:
        draft = settings.composer.compose(reminder, after.send_at, decision.includes)
    except ConfigurationError as error:
        return unwritable(decision, error)
    change = evolve(change, reason=after.reason, send_at=draft.send_at, text=draft.text)
    outcome = evolve(outcome, reason=after.reason.value, send_at=draft.send_at)
    return evolve(decision, change=change, outcome=outcome, placement=after, draft=draft)


def unwritable(decision: Decision, error: Exception) -> Decision:
    """Return a decision to park as one to skip, since its text can't be written for the time it would go out now."""
    why_not, reason = str(error), Reason.TEMPLATE_ERROR
    change = evolve(decision.change, kind=ChangeKind.SKIP, reason=reason, send_at=None, text=None, error=why_not)
    outcome = evolve(decision.outcome, status=ReminderStatus.SKIPPED, reason=reason.value, send_at=None, error=why_not)
    return evolve(decision, change=change, outcome=outcome, draft=None)
