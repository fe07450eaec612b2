"""What a dispatcher is handed and what it gives back: one message under a claim, and how its dispatch ended.

Never does anything: values only.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import evolve, frozen

from reminder_kit.errors import InvalidNumberError, OptedOutError, ProviderError, RejectedError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.messages import Message
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Claim, Identity

__all__ = ["ClaimedMessage", "DispatchResult", "DispatchStatus"]


class DispatchStatus(StrEnum):
    """How one dispatch ended.

    `done`: as asked. `failed`: tried again by a later run. `rejected`: the provider will never take this message.
    `unknown`: it may be parked, and nobody can be asked. `too_late`: it goes out, or went. `waiting`: left alone
    until its back-off is over. `stale`: the appointment, a suppression or a neighbour changed before anything was
    sent. `mistimed`: not sent, or refused, because its time did not fit any more (a wait for the
    provider's rate, a provider whose clock differs from ours): to be placed anew. `no_room`: the provider holds as
    many messages as it takes; this one certainly not. `blocked`: refused, or not even asked, for what is not the
    message's own fault; it waits. `found`: there is a message already, which a ledger that is lost had made.
    """

    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    TOO_LATE = "too_late"
    WAITING = "waiting"
    STALE = "stale"
    MISTIMED = "mistimed"
    NO_ROOM = "no_room"
    BLOCKED = "blocked"
    FOUND = "found"


@frozen
class DispatchResult:
    """What became of one message.

    `message` is as the ledger knows it now, None where none was created. `error` and `reason` say why the dispatch
    is not simply done; `reason` only where the provider rejected the message for good. `blocker` is what a blocked
    message waits for.
    """

    status: DispatchStatus
    message: Message | None = None
    error: ProviderError | None = None
    reason: Reason | None = None
    blocker: Blocker | None = None

    @classmethod
    def rejected(cls, error: RejectedError, message: Message | None = None) -> DispatchResult:
        """Return the result of a message that the provider refused for good, with the reason code its error means."""
        reason = Reason.INVALID_NUMBER if isinstance(error, InvalidNumberError) else Reason.QUARANTINED
        return cls(
            DispatchStatus.REJECTED, message, error, Reason.OPTED_OUT if isinstance(error, OptedOutError) else reason
        )


@frozen
class ClaimedMessage:
    """One message, and the claim under which this worker may write about it.

    `identity` is its appointment, `rule` the rule its reminder was recorded for: the history names both.
    """

    claim: Claim
    identity: Identity
    rule: str
    message: Message

    def having(self, message: Message) -> ClaimedMessage:
        """Return the same claim on the message as it is now."""
        return evolve(self, message=message)
