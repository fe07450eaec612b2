"""Revision: a decision to park, placed again just before it is carried out, since time has passed.

Pure: `now` is an argument. Never changes anything but a decision's time, text and reason, or that nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import zone
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.assessment import is_for_start_and_number, wanted_reminders
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.placement import PlacementDecision, place, still_allowed
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.window import Window

__all__ = ["held", "leaving_from", "may_still_send", "placed_again", "without_room"]

_ROOM_IS_ASKED_FOR = timedelta(days=30)
"""How long before its send time a reminder that is held for want of room asks for room again: always at once."""


def may_still_send(decision: Decision, quiet: QuietHours | None) -> Callable[[datetime], bool]:
    """Return the function that says of an instant (UTC) whether a decision to park may still go out then.

    The window is not asked. `quiet` None: nothing is quiet.
    """
    reminder = decision.reminder
    return lambda at: reminder is None or still_allowed(at, reminder, quiet) is None


def leaving_from(message: Message, observed: Observed, settings: Settings) -> Callable[[datetime], datetime | None]:
    """Return the function that says from when on a message, leaving, would be wanted, allowed and true; None: never.

    From an instant (UTC): that is the instant itself, or the end of the quiet hours that cover it. Only a message in
    doubt is asked about; one that speaks of several appointments never would leave: they may have parted.
    """
    asks = message.state is State.CREATING and message.uncertain and not message.includes
    wanted = wanted_reminders(observed, settings) if asks and not observed.error else []
    reminder = next((reminder for reminder in wanted if reminder.key == message.key), None)
    if reminder is None or reminder.refusal is not None or not is_for_start_and_number(message, reminder):
        return lambda _at: None
    if message.draft.to in observed.suppressed:  # nobody has seen yet what its number replied
        return lambda _at: None

    def leaves_at(at: datetime) -> datetime | None:
        over = at if settings.quiet is None else settings.quiet.over(at, zone(reminder.zone))
        if over is None or still_allowed(over, reminder, settings.quiet) is not None:
            return None
        try:
            return over if settings.composer.compose(reminder, over).text == message.draft.text else None
        except ConfigurationError:
            return None

    return leaves_at


def held(decision: Decision) -> Decision:
    """Return a decision to park as one to hold, for want of room at the provider; any other as it is."""
    return without_room(decision) if decision.kind is ChangeKind.SCHEDULE else decision


def without_room(decision: Decision) -> Decision:
    """Return a decision to park, or to replace what was taken back, as one to hold until there is room."""
    park_at = decision.due_at
    if decision.placement is not None and decision.placement.send_at is not None:
        park_at = decision.placement.send_at - _ROOM_IS_ASKED_FOR
    replacing = decision.replaces or decision.replacing
    return decision.unsent(Reason.AT_CAPACITY, park_at, replacing=replacing)


def placed_again(
    decision: Decision, settings: Settings, window: Window, allowance: timedelta, now: datetime
) -> Decision:
    """Return a decision to park as it is at `now`.

    As it was while its send time is still in `window`; else placed anew, with a new text, or unsent with the reason.
    `allowance` is how far (elapsed time) the provider's clock may be from ours.
    """
    reminder, before, quiet = decision.reminder, decision.placement, settings.quiet
    assert reminder is not None  # noqa: S101 - what is to be parked belongs to a wanted reminder
    assert before is not None  # noqa: S101 - and was placed
    after = place(reminder, now=now, window=window, quiet=quiet, replaces=decision.replaces)
    lowest = now + window.min_lead + allowance
    if before.send_at is not None and before.send_at >= lowest and after.decision is PlacementDecision.SEND:
        return decision
    if after.decision is not PlacementDecision.SEND or after.send_at is None:
        waits = after.decision is PlacementDecision.HOLD
        unsent = decision.unsent(after.reason, after.park_at, replacing=decision.replaces and waits)
        return evolve(unsent, placement=after)
    try:
        draft = settings.composer.compose(reminder, after.send_at, decision.includes)
    except ConfigurationError as error:
        return decision.unsent(Reason.TEMPLATE_ERROR, error=str(error))
    return evolve(decision, reason=after.reason, placement=after, draft=draft)
