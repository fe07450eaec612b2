"""Telnyx' answers in our words: statuses, errors of both shapes, and what each code asks for.

Pure: no clock, no I/O. Never raises for a word that is not in its tables, never lets a phone number or a text into an
error. Its tables follow Telnyx' pages "Messaging Error Code Reference", "API Error Codes" and "Schedule SMS and MMS
Messages", and the API reference (the OpenAPI description); codes are branched on before the HTTP status, which the
pages seldom name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reminder_kit.errors import (
    InvalidNumberError,
    MessageNotFoundError,
    OptedOutError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.ports import Failure, OptOuts, Receipt, Response
from reminder_kit.providers.answers import json_object, short, text_of

__all__ = [
    "FAILURES",
    "STATUSES",
    "TOKEN",
    "by_status",
    "first",
    "opted_out",
    "receipt",
    "recorded",
    "refusal",
    "token_in",
]

TOKEN = "reminder_kit"  # noqa: S105 - the name of a query parameter
"""The query parameter that carries our token in a webhook's address.

A message has no field for a reference of ours (API reference, "Send a message"), but Telnyx repeats `webhook_url` in
each of its events and detail records.
"""

STATUSES = {
    # Not sent yet. The guide answers a message with `send_at` by `scheduled`; the API reference knows only `queued`.
    "scheduled": "scheduled",
    "queued": "scheduled",
    # Handed over. Where the carrier gives no receipt the person has, or may have, the message.
    "sending": "sent",
    "sent": "sent",
    "delivery_unconfirmed": "sent",
    "dlr_unconfirmed": "sent",
    "dlr_timeout": "sent",
    "delivered": "delivered",
    "read": "delivered",
    # Two l in the guide and the API reference; the other spelling costs nothing.
    "cancelled": "cancelled",
    "canceled": "cancelled",
    # Over without delivery. `failed` and `gw_…` are words of detail records, as `dlr_…` above.
    "delivery_failed": "undelivered",
    "sending_failed": "undelivered",
    "expired": "undelivered",
    "failed": "undelivered",
    "gw_timeout": "undelivered",
    "gw_reject": "undelivered",
}
"""Telnyx' words for a message, in ours; any other word is `unknown`.

From the guide "Schedule SMS and MMS Messages", the API reference (`to[].status` of "Retrieve a message", `status` of a
messaging detail record) and, for `read`, the official SDK.
"""

FAILURES = {
    "40001": Failure.LANDLINE,  # or another number that no SMS is routed to
    "40002": Failure.BLOCKED,  # spam, for a while
    "40003": Failure.BLOCKED,  # spam, for good
    "40004": Failure.UNREACHABLE,  # rejected by the recipient's carrier, which does not say why
    "40005": Failure.EXPIRED,
    "40006": Failure.CARRIER,  # the recipient's carrier is down
    "40008": Failure.UNREACHABLE,
    "40010": Failure.SENDER,  # not registered for 10DLC (United States)
    "40011": Failure.CARRIER,  # more than the carrier takes at a time
    "40012": Failure.INVALID_NUMBER,
    "40013": Failure.SENDER,  # the carrier rejects the sender's number
    "40014": Failure.EXPIRED,  # in Telnyx' own queue
    # Single American carriers.
    "40016": Failure.CARRIER,  # T-Mobile's limit for the campaign
    "40017": Failure.CARRIER,  # AT&T takes the message for spam
    "40018": Failure.CARRIER,  # AT&T's limit for the campaign
    "40020": Failure.BLOCKED,  # taken for inflated traffic, for 24 hours
    # Codes of refused requests, which a scheduled message may meet when its time comes.
    "40300": Failure.OPTED_OUT,
    "40310": Failure.INVALID_NUMBER,
    "40329": Failure.SENDER,  # a toll-free number that is not verified
}
"""What Telnyx' codes for undelivered messages mean (Telnyx, "Messaging Error Code Reference").

Telnyx' pages disagree on 40300: "Receiving Webhooks" calls it an unreachable destination, "Message Detail Records" an
invalid one. The error reference and the page on opt-outs both say STOP, and are followed. A code of the page that is
not here means nothing to us.
"""

_RETRY_LATER = "nothing was done; it is tried again later"
_MEND = "mend it in the Telnyx portal"

_CODES: dict[str, tuple[type[ProviderError], str]] = {
    # The whole API's (Telnyx, "API Error Codes"): a fault there, which leaves open what was done.
    "10007": (UnknownOutcomeError, "it may have been done"),
    "10008": (UnknownOutcomeError, "it may have been done"),
    "10037": (UnknownOutcomeError, "it may have been done"),
    # The key and the pace: nothing was done.
    "10009": (RefusedCredentialError, "check TELNYX_API_KEY"),
    "10010": (RefusedCredentialError, "check that the API key may do this"),
    "10011": (RateLimitedError, _RETRY_LATER),
    # Idempotency keys (Telnyx, "Idempotency").
    "10027": (UnknownOutcomeError, "the idempotency key already stands for a message with another body"),
    "10036": (UnknownOutcomeError, "the same request is still being worked on"),
    # The message, the person or the sender (Telnyx, "Messaging Error Code Reference").
    "40300": (OptedOutError, "the person answered STOP; only START from that phone lifts it"),
    "40303": (MessageNotFoundError, "this settles nothing by itself"),
    "40305": (RefusedCredentialError, "check the sender (`from`)"),
    "40306": (RefusedCredentialError, "enable the alphanumeric sender in the messaging profile"),
    "40307": (RefusedCredentialError, "the sender does not belong to the messaging profile"),
    "40308": (SenderRefusedError, "the sender cannot send MMS: use another sender or SMS"),
    "40309": (SenderRefusedError, "allow the destination's country in the messaging profile"),
    "40310": (InvalidNumberError, "correct the phone number"),
    "40012": (InvalidNumberError, "correct the phone number"),
    "40001": (InvalidNumberError, "the number is a landline"),
    "40312": (RefusedCredentialError, f"the messaging profile is disabled: {_MEND}"),
    "40013": (RefusedCredentialError, "check the sender (`from`)"),
    "40314": (RefusedCredentialError, f"messaging is disabled for the account: {_MEND}"),
    "40318": (QueueFullError, f"the queue is full: {_RETRY_LATER}"),
    "40320": (RefusedCredentialError, f"the sender is not active yet: {_MEND}"),
    "40321": (RefusedCredentialError, f"the number pool is empty: {_MEND}"),
    "40325": (RefusedCredentialError, "an alphanumeric sender has 1 to 11 letters, digits or spaces"),
    "40331": (RefusedCredentialError, f"no destinations are allowed in the messaging profile: {_MEND}"),
    "40333": (RefusedCredentialError, f"the messaging profile's spending limit is reached: {_MEND}"),
}
"""The error that a code of a refused request becomes, and its remedy.

A code 20xxx is about the account (Telnyx, "API Error Codes"); for any other code the HTTP status decides.
"""

_REJECTED = "the same request would never be taken"
"""The remedy of an error that has none in the tables: there is none."""

_REMEDIES: dict[type[ProviderError], str] = {
    RefusedCredentialError: "check TELNYX_API_KEY, the sender and base_url",
    RateLimitedError: _RETRY_LATER,
    TransientError: "it is tried again later",
    UnknownOutcomeError: "it may have been done",
    MessageNotFoundError: "this settles nothing by itself",
}
"""The remedy of an error whose code is not in the table."""


def receipt(response: Response, verb: str) -> Receipt:
    """Return what a 2xx says of a message; `verb` is "create", "read" or "cancel".

    Raises where the answer can't be read: `UnknownOutcomeError` for `create`, which may have parked the message, and
    `TransientError` for the others, which can be asked again.
    """
    payload = json_object(response) or {}
    message = payload.get("data", payload)
    if not isinstance(message, dict) or not (provider_id := text_of(message.get("id"))):
        kind = UnknownOutcomeError if verb == "create" else TransientError
        raise kind(
            f"Telnyx: {verb} was answered with {response.status} and nothing readable; it may have been done",
            provider="telnyx",
            status=response.status,
            raw=response.body[:2000],
        )
    replayed = response.headers.get("idempotent-replayed", "").lower() == "true"
    error = _failure(message)
    if verb == "create" and not error and _word(message) != "scheduled":
        error = "Telnyx did not say that it scheduled the message (is it sent now?): check the messaging profile"
    return Receipt(provider_id, _status(message), error, replayed)


def recorded(response: Response, token: str) -> tuple[Receipt, ...]:
    """Return what the detail records say of the message whose webhook address carries our token.

    Raises `TransientError` where the answer can't be read.
    """
    rows = (json_object(response) or {}).get("data")
    if not isinstance(rows, list):
        raise TransientError("Telnyx: find was answered with nothing readable", provider="telnyx")
    mine = [
        row
        for row in rows
        if isinstance(row, dict) and token_in(text_of(row.get("delivery_status_webhook_url"))) == token
    ]
    return tuple(
        Receipt(text_of(entry.get("uuid")), _status(entry), _failure(entry)) for entry in mine if entry.get("uuid")
    )


def opted_out(response: Response, sender: str | None) -> OptOuts:
    """Return the numbers on a page of opt-outs, without `sender`, our own; None means that a pool sends.

    The page on opt-outs does not say which of `from` and `to` is the person's, so both are read. Raises
    `TransientError` where the answer can't be read.
    """
    payload = json_object(response) or {}
    rows, meta = payload.get("data"), first(payload.get("meta"))
    if not isinstance(rows, list):
        raise TransientError("Telnyx: opt-outs were answered with nothing readable", provider="telnyx")
    found = [text_of(row.get(name)) for row in rows if isinstance(row, dict) for name in ("from", "to")]
    numbers = tuple(dict.fromkeys(match for match in found if match.startswith("+") and match != sender))
    page, pages = text_of(meta.get("page_number")), text_of(meta.get("total_pages"))
    return OptOuts(numbers, more=page.isdecimal() and pages.isdecimal() and int(page) < int(pages))


def refusal(
    response: Response,
    verb: str,
    otherwise: type[ProviderError] | None = None,
    remedy: str = "",
    *,
    force: bool = False,
) -> ProviderError:
    """Return the error that an answer means: by its code, else `otherwise`, else by its HTTP status.

    `otherwise` comes first where the code can't be trusted (a 5xx, a 409), and everywhere with `force`. `remedy` takes
    the place of the table's. An answer to any verb but `create` never leaves an outcome open and never rejects a
    message: asking again is harmless, and there is no new message that could be refused.
    """
    code, title, payload = _problem(response)
    known, what = _CODES.get(code, (None, ""))
    if known is None and code.startswith("20") and len(code) == 5:
        known, what = RefusedCredentialError, f"the account or key is not accepted: {_MEND}"
    kind = known or otherwise or by_status(response.status)
    if otherwise and (force or response.status >= 500 or response.status == 409):
        kind = otherwise
    if verb != "create" and issubclass(kind, UnknownOutcomeError | RejectedError):
        kind = TransientError if issubclass(kind, UnknownOutcomeError) else MessageNotFoundError
    details: dict[str, Any] = {"provider": "telnyx", "code": code, "status": response.status, "raw": payload}
    if issubclass(kind, RateLimitedError):
        details["retry_after"] = response.retry_after
    said = f"{code} {title}".strip() or "no reason given"
    advice = remedy or what or _REMEDIES.get(kind, _REJECTED)
    return kind(f"Telnyx: {verb} was answered with {response.status} ({said}): {advice}", **details)


def by_status(status: int) -> type[ProviderError]:
    """Return the error that an HTTP status means where no code says more."""
    if status == 429:
        return RateLimitedError
    if status in {401, 402, 403} or 300 <= status < 400:
        return RefusedCredentialError
    if status == 404:
        return MessageNotFoundError
    return TransientError if status >= 500 or status in {408, 409, 425} else RejectedError


def _problem(response: Response) -> tuple[str, str, object]:
    """Return code, title and payload of an error in either of Telnyx' two shapes: a list, or one bare object.

    Of several errors the first with a code of the table counts.
    """
    payload = json_object(response)
    if payload is None:
        return "", "", response.body[:2000]
    listed = payload.get("errors")
    problems = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else [payload]
    if not problems:
        return "", "", payload
    chosen = next((problem for problem in problems if text_of(problem.get("code")) in _CODES), problems[0])
    return text_of(chosen.get("code")), short(text_of(chosen.get("title"))), payload


def first(value: object) -> dict[str, Any]:
    """Return the first object of a list, or the object itself; an empty one for anything else."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, dict) else {}


def _status(message: Mapping[str, Any]) -> str:
    """Return a message's status in our words: Telnyx names it with the addressee, a detail record by itself."""
    return STATUSES.get(_word(message), "unknown")


def _word(message: Mapping[str, Any]) -> str:
    return (text_of(first(message.get("to")).get("status")) or text_of(message.get("status"))).lower()


def _failure(message: Mapping[str, Any]) -> str:
    """Return code and title of what went wrong; "" where nothing did."""
    problem = first(message.get("errors"))
    return f"{text_of(problem.get('code'))} {short(text_of(problem.get('title')))}".strip()


def token_in(url: str) -> str | None:
    """Return our token from a webhook's address; None means that there is none."""
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(TOKEN)
    except ValueError:
        return None
