"""What the refusals of all providers have in common: a table of codes, and the error that an answer becomes.

Pure: no clock, no I/O. Never takes a code that is in no table for a word on the message: what is remembered as refused
is never tried again, and a stranger may mean an account that somebody is about to mend.

A refusal of `create` is of the moment, of the account or of the message (`reminder_kit.errors`), and each provider has
a table that says which; where no code decides, the HTTP status does, and where that says nothing either, the refusal is
an `UnknownRefusalError`. An answer to any other verb goes by its status: there is no new message that could be refused,
and asking again is harmless.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import frozen

from reminder_kit.errors import (
    AccountRefusedError,
    MessageNotFoundError,
    MistimedError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.ports import Response
from reminder_kit.ports.reading import by_status

__all__ = ["Refusal", "Refusals", "refusals_by_code"]

_REMEDIES: dict[type[ProviderError], str] = {
    AccountRefusedError: "mend the account: nothing like it is taken until then",
    MessageNotFoundError: "this settles nothing by itself",
    MistimedError: "the send time does not fit any more: it is placed anew",
    QueueFullError: "nothing was done; it is tried again when there is room",
    RateLimitedError: "nothing was done; it is tried again later",
    RejectedError: "the same request would never be taken",
    TooLateToCancelError: "ask for the message to learn more",
    TransientError: "it is tried again later",
    UnknownOutcomeError: "it may have been done",
    UnknownRefusalError: "nothing was done, and we do not know why; it is tried again later",
}
"""The remedy of an error whose code is in no table."""


@frozen
class Refusal:
    """What a provider's code for a refused request asks for."""

    #: The error that it becomes for `create`.
    kind: type[ProviderError]
    #: What it means and what to do, for the error's text.
    remedy: str
    #: The channel that an `AccountRefusedError` is about ("mms"); "": any.
    channel: str = ""


def refusals_by_code(
    kinds: Mapping[type[ProviderError], Mapping[str, str]], mms: Collection[str] = ()
) -> dict[str, Refusal]:
    """Return a table by code from one by error, then by code, with remedies; the codes in `mms` are about MMS only."""
    return {
        code: Refusal(kind, remedy, "mms" if code in mms else "")
        for kind, remedies in kinds.items()
        for code, remedy in remedies.items()
    }


def _kind(known: Refusal | None, verb: str, status: int, otherwise: type[ProviderError]) -> type[ProviderError]:
    """Return the error for an answer with a code of the table (None: it has none), else `otherwise`.

    A 5xx and a 409 are believed before any code: these name faults, not refusals.
    """
    if known is None or status >= 500 or status == 409:
        return otherwise
    if verb == "create" or issubclass(known.kind, RefusedCredentialError | RateLimitedError):
        return known.kind
    if issubclass(known.kind, TransientError | UnknownOutcomeError):
        return TransientError
    if issubclass(known.kind, AccountRefusedError) and otherwise is MessageNotFoundError and status != 404:
        return TransientError
    return otherwise


@frozen
class Refusals:
    """How one provider's answers become errors."""

    #: The name in files and in the ledger, and the one in texts.
    provider: str
    label: str
    #: The remedies that are the provider's own, by error.
    remedies: Mapping[type[ProviderError], str]

    def error(
        self,
        response: Response,
        verb: str,
        known: Refusal | None,
        *,
        code: str = "",
        title: str = "",
        raw: object = None,
        otherwise: type[ProviderError] | None = None,
        remedy: str = "",
    ) -> ProviderError:
        """Return the error that an answer to `verb` means: by its code, else `otherwise`, else by its status.

        `known` is what the provider's table says of the code, None: nothing. `title` holds no phone number and no text.
        `remedy` takes the place of the tables'.
        """
        kind = _kind(known, verb, response.status, otherwise or by_status(response.status, verb))
        details: dict[str, Any] = {"provider": self.provider, "code": code, "status": response.status, "raw": raw}
        if issubclass(kind, RateLimitedError):
            details["retry_after"] = response.retry_after
        told = known if known is not None and known.kind is kind else Refusal(kind, "")
        if issubclass(kind, AccountRefusedError):
            details["channel"] = told.channel
        advice = remedy or told.remedy or self.remedies.get(kind) or _REMEDIES.get(kind, _REMEDIES[RejectedError])
        said = f"{code} {title}".strip() or "no reason given"
        return kind(f"{self.label}: {verb} was answered with {response.status} ({said}): {advice}", **details)
