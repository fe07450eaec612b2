"""Why a reminder is where it is: the reason codes.

Pure: values only. Never renamed: plans, reports, the ledger and the command line speak these words to hosts.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["KEPT_DESPITE", "SAID_BY_OTHERS", "WAITS", "Reason"]


class Reason(StrEnum):
    """Why a reminder is where it is. Hosts match on these words, so that none is ever renamed."""

    # Sent, or to be sent

    #: At its due time.
    ON_TIME = "on_time"
    #: Beside the quiet hours that cover its due time.
    SHIFTED_QUIET_HOURS = "shifted_quiet_hours"
    #: As soon as the window allows, since the due time is nearer than that or over.
    CLAMPED_LATE = "clamped_late"
    #: At the far end of the window, since the due time lies beyond it and `if_far` is "clamp".
    CLAMPED_FAR = "clamped_far"
    #: Nothing to be done: the message is what it should be.
    UNCHANGED = "unchanged"

    # Held

    #: Until its time enters the provider's window.
    BEYOND_WINDOW = "beyond_window"
    #: Until the provider, which keeps only so many messages parked, has room for it.
    AT_CAPACITY = "at_capacity"
    #: Until a person mends what the account, or its sender, may not do; one message is tried now and then.
    WAITING_ACCOUNT = "waiting_account"
    #: Until the provider, which did not answer or refused it for a reason we don't know, is asked again.
    WAITING_PROVIDER = "waiting_provider"
    #: Until somebody has seen a reply that may ask for no more messages (`unclear = "hold"`). Skipped for it: its time
    #: was over by then.
    UNCLEAR_REPLY = "unclear_reply"
    #: Until somebody adopts the ledger, which is not where it last worked: it may be a copy (`ledger adopt`).
    FOREIGN_LEDGER = "foreign_ledger"

    #: Until its appointment comes in again, or a person says that it is on: the ledger was restored from a backup.
    RESTORED_LEDGER = "restored_ledger"

    # Kept

    #: The ledger serves another rule set just now: what that one parked stays as it is.
    OTHER_RULES = "other_rules"

    # Skipped for its time

    #: The rule would rather not send it so late; or a parked message can no longer be withdrawn.
    TOO_LATE = "too_late"
    #: Beyond the window, and `if_far` is "skip".
    TOO_FAR = "too_far"
    #: Another reminder of the appointment says the same, and is nearer to the start.
    SUPERSEDED = "superseded"
    #: Another record of the same visit (same number, same start) tells the same in the same words.
    SAME_TEXT = "same_text"
    #: Another appointment of the same calendar has told it, or will: the same rule, number, start and words.
    TOLD_ELSEWHERE = "told_elsewhere"
    #: As many messages as a number gets in one day (`max_per_day`) are nearer to what they speak of.
    DAY_LIMIT = "day_limit"
    #: The appointment, or the time of a follow-up, is over.
    PAST = "past"
    #: Quiet hours leave no instant for it.
    QUIET_HOURS = "quiet_hours"

    # Skipped for what the host, the recipient or the provider says

    #: A condition of its rule is not met.
    CONDITION = "condition"
    #: The appointment is cancelled, or the person did not show up.
    CANCELLED = "cancelled"
    #: The appointment, its rule or its recipient is gone.
    REMOVED = "removed"
    #: The number must not be written to.
    SUPPRESSED = "suppressed"
    #: The person does not want reminders.
    OPTED_OUT = "opted_out"
    #: The number cannot receive messages.
    INVALID_NUMBER = "invalid_number"
    #: The appointment has nobody to remind.
    NO_RECIPIENT = "no_recipient"
    #: No number is known, and a channel (an e-mail, a call) takes care of it: its fallback.
    BY_CHANNEL = "by_channel"
    #: The number is none of those that may be written to (`only_to`).
    OUTSIDE_ONLY_TO = "outside_only_to"
    #: Another recipient of the appointment has the same number.
    DUPLICATE_NUMBER = "duplicate_number"
    #: The person has it, for this start or nearly this one.
    ALREADY_SENT = "already_sent"
    #: An earlier message of it was never accounted for, and is not doubled.
    NOT_CONFIRMED = "not_confirmed"
    #: The provider refused it for good (another text, number or sender is tried), or its appointment can't be read.
    QUARANTINED = "quarantined"
    #: What came in, or was decided, is older than what is recorded by now.
    STALE_REVISION = "stale_revision"
    #: Its text cannot be rendered.
    TEMPLATE_ERROR = "template_error"


WAITS = (Reason.WAITING_ACCOUNT, Reason.WAITING_PROVIDER)
"""Why a reminder is held that waits for what may be mended, not for its time."""

KEPT_DESPITE = (Reason.TOO_LATE, Reason.TEMPLATE_ERROR, *WAITS)
"""Why a parked message is kept that should be another one by now; recorded in place of why it was parked."""

SAID_BY_OTHERS = (Reason.SAME_TEXT, Reason.TOLD_ELSEWHERE)
"""Why a reminder is not sent that another record of its visit says."""
