"""The life cycle of a message, as a table and the few lines that read it.

Pure: no clock, no I/O. A step of our own outside the table raises; what a provider
tells us out of turn never does: it is looked up, stored and reported (design, §8).
"""

from __future__ import annotations

from enum import StrEnum

from reminder_kit.errors import IllegalTransitionError

__all__ = ["LIVE", "OPEN", "OUR_STEPS", "OVER", "SENT", "THEIR_STEPS", "State", "after_provider_said", "step"]


class State(StrEnum):
    """Where one message at the provider stands."""

    CREATING = "creating"
    SCHEDULED = "scheduled"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"


OUR_STEPS: dict[State, frozenset[State]] = {
    State.CREATING: frozenset({State.SCHEDULED, State.REJECTED, State.UNKNOWN}),
    State.SCHEDULED: frozenset({State.CANCELLING, State.SENT}),
    State.CANCELLING: frozenset({State.CANCELLED, State.TOO_LATE}),
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
    State.UNKNOWN: frozenset({State.ABANDONED}),
}
"""What we may do to a message."""

_OUTCOMES = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})

THEIR_STEPS: dict[State, frozenset[State]] = {
    State.CREATING: _OUTCOMES | {State.SCHEDULED},
    State.UNKNOWN: _OUTCOMES | {State.SCHEDULED},
    State.SCHEDULED: _OUTCOMES | {State.CANCELLED},
    State.CANCELLING: _OUTCOMES | {State.SCHEDULED},
    State.CANCELLED: _OUTCOMES,
    State.TOO_LATE: _OUTCOMES,
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
}
"""What a provider may tell us of a message, in whatever order it likes."""

OPEN = frozenset({State.CREATING, State.SCHEDULED, State.CANCELLING})
"""States in which a message is, or may be, parked at the provider."""

LIVE = frozenset({State.CREATING, State.SCHEDULED})
"""States in which a message is meant to be sent."""

SENT = _OUTCOMES | {State.TOO_LATE}
"""States in which the person has, or will have, the message."""

OVER = frozenset(State) - OPEN - {State.UNKNOWN}
"""States in which we have nothing left to do."""


def step(now: State, then: State) -> State:
    """Return `then` if we may take a message there from `now`.

    Raises `IllegalTransitionError` otherwise: such a step is a fault of ours.
    """
    if then not in OUR_STEPS.get(now, ()):
        raise IllegalTransitionError(f"a message that is {now} cannot be made {then}: report this as a bug")
    return then


def after_provider_said(now: State, then: State) -> tuple[State, bool]:
    """Return the state after the provider says `then` of a message that is `now`, and whether that was in turn.

    Out of turn (and not merely a repetition) the state stays as it was, and the caller reports it.
    """
    if then in THEIR_STEPS.get(now, ()):
        return then, not (now is State.CANCELLED and then in _OUTCOMES)
    return now, then is now or (then is State.SENT and now in _OUTCOMES)
