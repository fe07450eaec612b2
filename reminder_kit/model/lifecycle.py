"""The life cycle of a message: its states, and two tables of the steps between them.

Pure: no clock, no I/O. Never raises for what a provider says, only for a step of our own.

Rules of this file
==================

1. Whatever decides which state may follow which stands here, in the two tables. Who takes a step, and why, stands
   elsewhere (`delivery`, for messages we act on and for what webhooks say of them).
2. A message has one state, and the ledger writes it with the state it had before: of two writers one is told that the
   message has moved, and looks again.
3. Every request to the provider is a step written down *before* it is made (`creating`, `cancelling`), and another
   one after its answer. A process that dies in between leaves a state that says what is to be settled.

Theory of operation
===================

Two parties move a message. *We* act on it, by `OUR_STEPS`:

    creating ──┬──> scheduled ──┬──> cancelling ──┬──> cancelled
               │                │                 └──> too_late
               │                └──> sent ──┬──> delivered
               │                            └──> undelivered
               ├──> rejected <──┐
               └──> unknown ────┴──> abandoned

The *provider* moves it too, and says so in an answer or a webhook, whenever it likes; by `THEIR_STEPS`:

    creating, unknown ───> scheduled       the answer to our request was lost, or a webhook came before it
    scheduled ───────────> cancelled       somebody withdrew it at the provider
    cancelling ──────────> scheduled       our withdrawal was not carried out
    creating, unknown, scheduled, cancelling, cancelled, too_late ───> sent, delivered, undelivered
    sent ────────────────> delivered, undelivered

`delivered`, `undelivered`, `rejected` and `abandoned` are ends: nothing follows, whoever says what.

Out of turn
===========

- A step of ours that `OUR_STEPS` lacks is a fault of this library: `step` raises `IllegalTransitionError`.
- What the provider says that `THEIR_STEPS` lacks changes nothing: `after_provider_said` gives the state back as it was,
  "not in turn", and the caller keeps the event and reports it as an anomaly.
- A repetition is in turn, and so is `sent` after `delivered` or `undelivered`: webhooks overtake each other.
- That a message was withdrawn which we are withdrawing is what our own request will be answered, and changes nothing.
- A message that was cancelled and goes out all the same has reached the person. So its state follows what is said, and
  yet this counts as out of turn, so that it is reported.
"""

from __future__ import annotations

from enum import StrEnum

from reminder_kit.errors import IllegalTransitionError

__all__ = ["LIVE", "OPEN", "OUR_STEPS", "OVER", "SENT", "THEIR_STEPS", "State", "after_provider_said", "step"]


class State(StrEnum):
    """The state of one message at the provider."""

    #: Our intent is written down; the request may have been made, and its answer is not known.
    CREATING = "creating"
    #: The provider has accepted the message, and sends it at its time.
    SCHEDULED = "scheduled"
    #: Our wish to withdraw it is written down; the answer is not known.
    CANCELLING = "cancelling"
    #: The provider has withdrawn it.
    CANCELLED = "cancelled"
    #: The provider would not withdraw it any more: it goes out, or went.
    TOO_LATE = "too_late"
    #: It went out; or its time is over and nobody says otherwise (`Message.presumed`).
    SENT = "sent"
    #: It arrived.
    DELIVERED = "delivered"
    #: It went out and did not arrive.
    UNDELIVERED = "undelivered"
    #: The provider refused it for good; or it certainly never reached the provider and is given up.
    REJECTED = "rejected"
    #: It may be parked, and nobody can be asked.
    UNKNOWN = "unknown"
    #: It was unknown until its time and the start were over: it matters no more.
    ABANDONED = "abandoned"


OUR_STEPS: dict[State, frozenset[State]] = {
    State.CREATING: frozenset({State.SCHEDULED, State.REJECTED, State.UNKNOWN}),
    State.SCHEDULED: frozenset({State.CANCELLING, State.SENT}),
    State.CANCELLING: frozenset({State.CANCELLED, State.TOO_LATE}),
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
    State.UNKNOWN: frozenset({State.REJECTED, State.ABANDONED}),
}
"""From each state, the states to which we may take a message; from those not named, none."""

_WENT_OUT = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})

THEIR_STEPS: dict[State, frozenset[State]] = {
    State.CREATING: _WENT_OUT | {State.SCHEDULED},
    State.UNKNOWN: _WENT_OUT | {State.SCHEDULED},
    State.SCHEDULED: _WENT_OUT | {State.CANCELLED},
    State.CANCELLING: _WENT_OUT | {State.SCHEDULED},
    State.CANCELLED: _WENT_OUT,
    State.TOO_LATE: _WENT_OUT,
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
}
"""From each state, the states in which a provider may say a message is; from those not named, none."""

OPEN = frozenset({State.CREATING, State.SCHEDULED, State.CANCELLING})
"""States in which a message is, or may be, parked at the provider."""

LIVE = frozenset({State.CREATING, State.SCHEDULED})
"""States in which a message is meant to be sent."""

SENT = _WENT_OUT | {State.TOO_LATE}
"""States in which the person has, or will have, the message."""

OVER = frozenset(State) - OPEN - {State.UNKNOWN}
"""States in which we have nothing left to do."""


def step(now: State, then: State) -> State:
    """Return the state `then`, if we may take a message there from the state `now`.

    Raises `IllegalTransitionError` where `OUR_STEPS` has no such step: that is a fault of this library.
    """
    if then not in OUR_STEPS.get(now, ()):
        raise IllegalTransitionError(f"a message that is {now} cannot be made {then}: report this as a bug")
    return then


def after_provider_said(now: State, then: State) -> tuple[State, bool]:
    """Return the state after the provider says `then` of a message in the state `now`, and whether that was in turn.

    Never raises: what comes out of turn leaves the state as it was, and the caller reports it. The one exception is a
    cancelled message that goes out all the same: its state follows, and it is reported too.
    """
    if then in THEIR_STEPS.get(now, ()):
        return then, not (now is State.CANCELLED and then in _WENT_OUT)
    overtakes = (then is State.SENT and now in _WENT_OUT) or (then is State.CANCELLED and now is State.CANCELLING)
    return now, then is now or overtakes
