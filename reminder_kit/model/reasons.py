"""Why a reminder is where it is: the reason codes.

Pure. The words are a contract: plans, reports, the ledger and the command line speak them.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """Why a reminder is where it is. The words are a contract (design, §6)."""

    ON_TIME = "on_time"
    SHIFTED_QUIET_HOURS = "shifted_quiet_hours"
    CLAMPED_LATE = "clamped_late"
    CLAMPED_FAR = "clamped_far"
    BEYOND_WINDOW = "beyond_window"
    AT_CAPACITY = "at_capacity"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"
    SUPERSEDED = "superseded"
    PAST = "past"
    QUIET_HOURS = "quiet_hours"
    CONDITION = "condition"
    CANCELLED = "cancelled"
    REMOVED = "removed"
    SUPPRESSED = "suppressed"
    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    NO_RECIPIENT = "no_recipient"
    DUPLICATE_NUMBER = "duplicate_number"
    ALREADY_SENT = "already_sent"
    NOT_CONFIRMED = "not_confirmed"
    QUARANTINED = "quarantined"
    STALE_REVISION = "stale_revision"
    TEMPLATE_ERROR = "template_error"
    UNCHANGED = "unchanged"
