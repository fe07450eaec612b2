"""Vonage's answers in our words: what each code of a refused request asks for, and what a named parameter does.

Pure: no clock, no I/O. Never raises for a word that is not in its tables, never lets a phone number or a text into an
error. An error is a problem of RFC 7807: its code is the fragment of its `type`, or, in webhooks, its title.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    OptedOutError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
)
from reminder_kit.ports import Failure, Response
from reminder_kit.providers.answers import json_object, short, text_of
from reminder_kit.providers.refusals import Refusal, Refusals, refusals_by_code

__all__ = ["FAILURES", "STATUSES", "refusal"]

STATUSES = {
    "submitted": "sent",
    "accepted": "sent",  # by the carrier, which has not delivered it yet
    "delivered": "delivered",
    "read": "delivered",
    "rejected": "undelivered",
    "undeliverable": "undelivered",
    "failed": "undelivered",
    "expired": "undelivered",
}
"""Vonage's words for a message, in ours; any other word is `unknown` (Messages API, "Message Status")."""

FAILURES = {
    "1000": Failure.CARRIER,  # more than is taken at a time
    # The account's, or the sender's: invalid parameters, a barred account, used-up quota, a facility that is not
    # enabled, a sender that is not accepted or not valid.
    "1020": Failure.SENDER,
    "1060": Failure.SENDER,
    "1070": Failure.SENDER,
    "1120": Failure.SENDER,
    "1140": Failure.SENDER,
    "1420": Failure.SENDER,
    # The person's number: barred, no number at all, absent for a while or for good, moved, busy, filtered.
    "1050": Failure.BLOCKED,
    "1170": Failure.INVALID_NUMBER,
    "1180": Failure.UNREACHABLE,
    "1190": Failure.UNREACHABLE,
    "1200": Failure.UNREACHABLE,
    "1210": Failure.BLOCKED,
    "1220": Failure.UNREACHABLE,
    "1240": Failure.OPTED_OUT,  # "illegal number": what Vonage calls a number that said STOP
    "1260": Failure.UNREACHABLE,
    "1270": Failure.BLOCKED,  # for the person's age
    "1280": Failure.BLOCKED,  # by the carrier
    "1360": Failure.EXPIRED,
    "1430": Failure.INVALID_NUMBER,  # not valid for the channel
    # The network failed.
    "1230": Failure.CARRIER,
}
"""What the codes in Vonage's status webhooks (`error.title`) mean (Messages API, "Errors").

A code that is not here means nothing to us.
"""

_TOP_UP = "top up the balance in the Vonage dashboard"

_CODES: dict[str, Refusal] = refusals_by_code(
    {
        # Of the moment.
        RateLimitedError: {
            "1000": "more than the account may send at a time: nothing was done; it is tried again later",
            "1241": "too many requests: nothing was done; it is tried again later",
        },
        TransientError: {
            "1100": "a communication failed and nothing was submitted: it is tried again later",
        },
        # Of the account: its credentials,
        RefusedCredentialError: {
            "unauthorized": "check VONAGE_API_KEY and VONAGE_API_SECRET (or the application)",
        },
        # the account and what it may do,
        AccountRefusedError: {
            "1060": "the account is barred from sending: ask Vonage's support",
            "1070": f"the account has not enough credit: {_TOP_UP}",
            "1080": "the account is not enabled for this API: ask Vonage's support",
            "1140": "this is not enabled for the account: ask Vonage's support",
            "1160": "the account writes to approved numbers only: add the number in the Vonage dashboard",
            "forbidden": "the account may not do this: check the credentials and what is enabled",
            "low-balance": _TOP_UP,
        },
        # and its sender: another one may be taken.
        SenderRefusedError: {
            "1120": "local regulations do not allow the sender (`from`)",
            "1420": "the sender (`from`) is not valid for the channel",
        },
        # Of the message: the person's wish and number, the text, the media.
        OptedOutError: {
            "1240": "the person answered STOP",
        },
        InvalidNumberError: {
            "1050": "the number is barred and receives no messages",
            "1170": "correct the phone number",
            "1430": "the number is not valid for the channel: correct it",
        },
        RejectedError: {
            "1090": "the text is too long: shorten the template",
            "1380": "the media cannot be had at their address",
            "1381": "the media are too large",
            "1382": "the media are of a kind that is not taken",
        },
    }
)
"""What a code of a refused request asks for (Vonage, "API Errors": the generic ones, and those of the Messages API).

The Messages API gives most of its numbers in webhooks, when a message was tried; here are those that say what is wrong
with account, sender, number or media. A code that is not here is not known.
"""

_PARAMETERS = {
    "to": Refusal(InvalidNumberError, "correct the phone number"),
    "from": Refusal(SenderRefusedError, "check the sender (`from`)"),
    "text": Refusal(RejectedError, "the text is not taken: correct the template or data"),
    **dict.fromkeys(
        ("image", "vcard", "audio", "video", "file", "content"),
        Refusal(RejectedError, "the media are not taken: check their address"),
    ),
}
"""What is wrong where an error names a parameter (`invalid_parameters`, Messages API) and its code says no more."""

_BY_STATUS = {401, 402, 429}
"""Statuses that are believed before any code: the API reference's own example of a 429 bears the code 1010, which
stands for missing parameters."""

_REFUSALS = Refusals(
    "vonage",
    "Vonage",
    {
        AccountRefusedError: f"check the account and what it may do, or {_TOP_UP}",
        RefusedCredentialError: "check VONAGE_API_KEY and VONAGE_API_SECRET (or the application) and base_url",
    },
)


def refusal(response: Response, otherwise: type[ProviderError] | None = None) -> ProviderError:
    """Return the error that an answer to `create` means: `otherwise`, else by its code, parameter or HTTP status."""
    payload = json_object(response)
    problem = payload or {}
    code = text_of(problem.get("type")).rpartition("#")[2]
    known = None if response.status in _BY_STATUS or otherwise else _CODES.get(code) or _parameter(problem)
    return _REFUSALS.error(
        response,
        "create",
        known,
        code=code,
        title=short(text_of(problem.get("title"))),
        raw=payload,
        otherwise=otherwise,
    )


def _parameter(problem: Mapping[str, Any]) -> Refusal | None:
    """Return what the first known of the parameters named as invalid asks for; None: there is none."""
    named = problem.get("invalid_parameters")
    entries = [entry for entry in named if isinstance(entry, dict)] if isinstance(named, list) else []
    names = [text_of(entry.get("name")).partition(".")[0] for entry in entries]
    return next((refused for name, refused in _PARAMETERS.items() if name in names), None)
