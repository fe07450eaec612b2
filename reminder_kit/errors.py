"""Errors: one tree; the class says what to do next, the text names the thing and the remedy.

Pure: values only. Never holds a full phone number, a message text or a secret.

    ReminderKitError
    ├─ InvalidInputError (ValueError)   you did it: fix the call
    │  ├─ NaiveDatetimeError
    │  ├─ InvalidRuleError
    │  └─ CalendarError                 (.uid .line)
    ├─ ConfigurationError               missing credential, unknown provider, template error
    ├─ UnsafePlanError · PlanChangedError
    ├─ LedgerError
    │  ├─ IllegalTransitionError · ClaimLostError · SchemaError
    ├─ ProviderError                    they did it   (.provider .code .status .raw)
    │  ├─ TransientError                of the moment: tried again
    │  │  └─ RateLimitedError(.retry_after) · QueueFullError · MistimedError
    │  ├─ AccountRefusedError(.channel) of the account: waits until it is mended, asked for one message at a time
    │  │  ├─ SenderRefusedError         another sender, or account, may be taken
    │  │  └─ RefusedCredentialError     also a ConfigurationError: nothing at all is taken
    │  ├─ RejectedError → OptedOutError · InvalidNumberError   of the message: final until that changes
    │  ├─ UnknownRefusalError           a code we don't know: tried again, and the account's if others meet it too
    │  ├─ TooLateToCancelError · MessageNotFoundError
    │  └─ UnknownOutcomeError           may have happened: settle, never resend blindly
    └─ WebhookError
       └─ SignatureError · PayloadError
"""

from __future__ import annotations

import traceback
from pathlib import PurePath

__all__ = [
    "AccountRefusedError",
    "CalendarError",
    "ClaimLostError",
    "ConfigurationError",
    "IllegalTransitionError",
    "InvalidInputError",
    "InvalidNumberError",
    "InvalidRuleError",
    "LedgerError",
    "MessageNotFoundError",
    "MistimedError",
    "NaiveDatetimeError",
    "OptedOutError",
    "PayloadError",
    "PlanChangedError",
    "ProviderError",
    "QueueFullError",
    "RateLimitedError",
    "RefusedCredentialError",
    "RejectedError",
    "ReminderKitError",
    "SchemaError",
    "SenderRefusedError",
    "SignatureError",
    "TooLateToCancelError",
    "TransientError",
    "UnknownOutcomeError",
    "UnknownRefusalError",
    "UnsafePlanError",
    "WebhookError",
    "unforeseen",
]


class ReminderKitError(Exception):
    """Any error this library raises on purpose."""


class InvalidInputError(ReminderKitError, ValueError):
    """The call or the data handed in is wrong: fix it and call again."""


class NaiveDatetimeError(InvalidInputError):
    """A datetime without a zone: nobody can know which instant it means."""


class InvalidRuleError(InvalidInputError):
    """A rule contradicts itself or cannot be read."""


class CalendarError(InvalidInputError):
    """A calendar, or one event of it, cannot be read.

    `uid` names the event, `line` (from 1) the place in the file; None: it concerns no single one.
    """

    def __init__(self, message: str, *, uid: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.uid = uid
        self.line = line


class ConfigurationError(ReminderKitError):
    """Something must be set or mended before any work can be done."""


class UnsafePlanError(ReminderKitError):
    """The plan would withdraw or change too much at once; review it, then force it."""


class PlanChangedError(ReminderKitError):
    """The plan at hand is not the one that was reviewed."""


class LedgerError(ReminderKitError):
    """The ledger cannot be read or written."""


class IllegalTransitionError(LedgerError):
    """The library was about to take a step that the life cycle of a message does not have: report it as a bug."""


class ClaimLostError(LedgerError):
    """Another worker has taken over the appointment: nothing was written, and that worker finishes the work."""


class SchemaError(LedgerError):
    """The ledger's tables are absent, older or newer than this library needs: upgrade one of the two."""


class ProviderError(ReminderKitError):
    """The provider said no, or said nothing.

    `provider` is its name, `code` its own word for what is wrong ("": none), `status` the HTTP status (None: there was
    no answer), `raw` what came, for whoever debugs (None: nothing is kept).
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        code: str = "",
        status: int | None = None,
        raw: object = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.code = code
        self.status = status
        self.raw = raw


class TransientError(ProviderError):
    """The request was not accepted this time, and certainly not carried out: try again later."""


class RateLimitedError(TransientError):
    """Too many requests; `retry_after` is how many seconds to wait, None: the provider does not say."""

    def __init__(self, message: str, *, retry_after: float | None = None, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.retry_after = retry_after


class QueueFullError(TransientError):
    """The provider holds as many messages as it takes: there is room again once some of them went out."""


class MistimedError(TransientError):
    """The send time does not fit what the provider takes at this moment: place the message anew."""


class RejectedError(ProviderError):
    """Refused for the message itself (its text, number or media): the same request will never be taken."""


class OptedOutError(RejectedError):
    """The person asked not to be written to."""


class InvalidNumberError(RejectedError):
    """The number cannot receive messages."""


class AccountRefusedError(ProviderError):
    """Refused for the account, its sender or what these may do: any message like it is, until a person mends that.

    `channel` is the channel that it is about ("mms"); "": any.
    """

    def __init__(self, message: str, *, channel: str = "", **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]
        self.channel = channel


class SenderRefusedError(AccountRefusedError):
    """Refused for what this sender may not do: another one may; neither number nor text is at fault."""


class RefusedCredentialError(AccountRefusedError, ConfigurationError):
    """The account or its key is not accepted: nothing was done, and nothing will be until that is mended."""


class UnknownRefusalError(ProviderError):
    """Refused with a code, or a status, that we don't know: certainly not done; it may be taken another time."""


class TooLateToCancelError(ProviderError):
    """The message cannot be withdrawn any more: it is being sent, or was."""


class MessageNotFoundError(ProviderError):
    """The provider knows no such message, or does not know us: this alone says nothing of what became of it."""


class UnknownOutcomeError(ProviderError):
    """The request may have been carried out: settle it, never send it anew blindly."""


class WebhookError(ReminderKitError):
    """An incoming webhook cannot be taken."""


class SignatureError(WebhookError):
    """The signature does not fit the bytes, the key or the time."""


class PayloadError(WebhookError):
    """Signed, but not a payload we understand."""


def unforeseen(error: BaseException) -> str:
    """Return what may be told of an error nobody foresaw: kind and place, never its words, which may be personal."""
    places = traceback.extract_tb(error.__traceback__)
    place = f" in {places[-1].name}, {PurePath(places[-1].filename).name} line {places[-1].lineno}" if places else ""
    return f"{type(error).__name__}{place}"
