"""Telnyx' answers in our words: statuses, errors of both shapes, and what each code asks for.

Pure: no clock, no I/O. Never raises for a word that is not in its tables, never lets a phone number or a text into an
error. Its tables follow Telnyx' pages "Messaging Error Code Reference", "API Error Codes" and "Schedule SMS and MMS
Messages", and the API reference (the OpenAPI description); codes are branched on before the HTTP status, which the
pages seldom name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    MistimedError,
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
from reminder_kit.providers.answers import instant_of, json_object, short, text_of
from reminder_kit.providers.refusals import Refusal, Refusals, refusals_by_code

__all__ = [
    "FAILURES",
    "STATUSES",
    "TOKEN",
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
    "40009": Failure.BLOCKED,  # the text is not what the carrier takes
    "40010": Failure.SENDER,  # not registered for 10DLC (United States)
    "40011": Failure.CARRIER,  # more than the carrier takes at a time
    "40012": Failure.INVALID_NUMBER,
    "40013": Failure.SENDER,  # the carrier rejects the sender's number
    "40014": Failure.EXPIRED,  # in Telnyx' own queue
    "40015": Failure.BLOCKED,  # Telnyx' own filter takes the message for spam
    # Single American carriers.
    "40016": Failure.CARRIER,  # T-Mobile's limit for the campaign
    "40017": Failure.CARRIER,  # AT&T takes the message for spam
    "40018": Failure.CARRIER,  # AT&T's limit for the campaign
    "40019": Failure.SENDER,  # AT&T: number and campaign do not belong together
    "40020": Failure.BLOCKED,  # taken for inflated traffic, for 24 hours
    # Codes of refused requests, which a scheduled message may meet when its time comes.
    "40300": Failure.OPTED_OUT,
    "40310": Failure.INVALID_NUMBER,
    "40322": Failure.BLOCKED,  # the text holds what is not allowed
    "40329": Failure.SENDER,  # a toll-free number that is not verified
    "40330": Failure.SENDER,  # a toll-free number that is not fully provisioned
}
"""What Telnyx' codes for undelivered messages mean (Telnyx, "Messaging Error Code Reference").

Telnyx' pages disagree on 40300: "Receiving Webhooks" calls it an unreachable destination, "Message Detail Records" an
invalid one. The error reference and the page on opt-outs both say STOP, and are followed. A code of the page that is
not here means nothing to us.
"""

_MEND = "mend it in the Telnyx portal"

_CODES: dict[str, Refusal] = refusals_by_code(
    {
        # Of the moment. No page names the code for a `send_at` outside the window; 10033 is the one for values out of
        # their range, and our requests hold no other.
        MistimedError: {
            "10033": "the send time is outside the range that Telnyx takes: it is placed anew",
        },
        RateLimitedError: {
            "10011": "too many requests: nothing was done; it is tried again later",
        },
        QueueFullError: {
            "40318": "the queue is full: nothing was done; it is tried again later",
        },
        # The outcome stays open: faults there, and idempotency keys (Telnyx, "Idempotency").
        UnknownOutcomeError: {
            "10007": "an unexpected error: it may have been done",
            "10008": "a timeout there: it may have been done",
            "10037": "the service is unavailable: it may have been done",
            "10027": "the idempotency key already stands for a message with another body",
            "10036": "the same request is still being worked on",
        },
        # Of the account: its key,
        RefusedCredentialError: {
            "10009": "the API key is missing or wrong: check TELNYX_API_KEY",
            "10010": "the API key may not do this: check its rights",
            "20001": "the API key's secret is not valid: check TELNYX_API_KEY",
            "20002": "the API key was revoked: check TELNYX_API_KEY",
            "20003": "the API key is forbidden: check TELNYX_API_KEY",
            "20006": "the access token has expired: check TELNYX_API_KEY",
            "20008": "the API key is not valid: check TELNYX_API_KEY",
        },
        # the account and its messaging profile,
        AccountRefusedError: {
            # Also what a request without a key is answered with, which ours never is.
            "10005": "no such resource: check TELNYX_API_KEY, base_url and messaging_profile_id",
            "10006": "an id is not valid, or not the key's to use: check messaging_profile_id",
            "10013": "something that the request refers to does not exist: check messaging_profile_id",
            "10017": "something that the request refers to does not exist: check messaging_profile_id",
            "10035": "the account's resource is locked: ask Telnyx' support",
            "10038": f"the account's level does not permit this: {_MEND}",
            "10039": f"the limit of the account's level is reached: {_MEND}",
            "20012": f"the account is inactive, perhaps out of funds: {_MEND}",
            "20013": "the account is blocked: ask Telnyx' support",
            "20014": f"the account is not verified: {_MEND}",
            "20015": f"the account is not enabled for this: {_MEND}",
            "20016": f"the account lacks level 1 verification: {_MEND}",
            "20017": f"the account lacks level 2 verification: {_MEND}",
            "20100": f"the account has not enough funds: {_MEND}",
            "40002": "messages like it are taken for spam, for a while: write less at a time",
            "40010": f"the sender is not registered for 10DLC (United States): {_MEND}",
            "40309": "allow the destination's country in the messaging profile",
            "40311": f"the messaging profile's secret (X-Profile-Secret) is wrong: {_MEND}",
            "40312": f"the messaging profile is disabled: {_MEND}",
            "40313": f"the messaging profile wants a secret (X-Profile-Secret), which is not sent: {_MEND}",
            "40314": "messaging is disabled for the account: ask Telnyx' support",
            "40321": f"the number pool is empty, off, or has no usable number: {_MEND}",
            "40331": f"no destinations are allowed in the messaging profile: {_MEND}",
            "40333": f"the messaging profile's spending limit is reached: {_MEND}",
        },
        # and its sender: another one may be taken.
        SenderRefusedError: {
            "40003": "the sender is blocked for spam, for good: use another sender",
            "40013": "the carrier does not take the sender's number: check `from`",
            "40100": f"the sender is not enabled for messaging: {_MEND}",
            "40150": "the toll-free sender is in no registry: ask Telnyx' support",
            "40151": "the sender is being enabled by another provider: wait, or use another sender",
            "40155": "the sender needs a letter of authorization: ask Telnyx' support",
            "40301": "this kind of sender cannot write to this kind of number yet: use another sender",
            "40305": "the sender does not belong to the messaging profile: check `from`",
            "40306": "enable the alphanumeric sender in the messaging profile",
            "40307": "the alphanumeric sender is not the messaging profile's: check `from`",
            "40308": "the sender cannot send MMS: use another sender or SMS",
            "40315": "the sender's success or spam rate is too bad: use another sender",
            "40319": "this kind of sender cannot write to this kind of number: use another sender",
            "40320": "the sender is not active yet: wait, or use another sender",
            "40323": "the sender could not be enabled for messaging: ask Telnyx' support",
            "40325": "an alphanumeric sender has 1 to 11 letters, digits or spaces",
            "40329": f"the toll-free sender is not verified: {_MEND}",
            "40330": "the toll-free sender is not fully provisioned: wait, or use another sender",
        },
        # Of the message: the person's number and wish, the text, the media.
        OptedOutError: {
            "40300": "the person answered STOP; only START from that phone lifts it",
        },
        InvalidNumberError: {
            "40001": "the number is a landline, or cannot be reached by SMS",
            "40012": "the carrier does not know the number: correct the phone number",
            "40310": "correct the phone number",
        },
        RejectedError: {
            "40009": "the text is not taken: check it for strange characters",
            "40015": "Telnyx takes the text for spam: change the template",
            "40302": "the text takes too many parts: shorten the template",
            "40304": "text, subject and media do not go together",
            "40316": "there is neither text nor media: correct the template or data",
            "40317": "more than 10 media, or more than 1 MB of them",
            "40322": "the text holds what is not allowed: change the template",
            "40328": "the text takes more parts than the profile recommends: shorten the template",
        },
    },
    mms={"40308"},
)
"""What a code of a refused request asks for.

From Telnyx' pages "API Error Codes" (10xxx, 20xxx) and "Messaging Error Code Reference" (its rows for requests,
profiles and provisioning, and of those for delivery the ones that say what is wrong with number, sender or text), and
from the help centre's "Telnyx Messaging Error Codes". A code that is not here is not known: 10015, for one, is given to
anything that is not well-formed.
"""

_NUMBER = {
    "to": Refusal(InvalidNumberError, "correct the phone number"),
    "from": Refusal(SenderRefusedError, "the sender's number is not valid: check `from`"),
}
_FIELDS: dict[str, dict[str, Refusal]] = {
    "10001": _NUMBER,  # an inactive phone number
    "10002": _NUMBER,  # an invalid phone number
    "10016": _NUMBER,  # a phone number that is not in the form +E.164
    # An address that is malformed, or longer than 2000 characters.
    "10003": {
        "media_urls": Refusal(RejectedError, "an address of the media is malformed, or too long"),
        "webhook_url": Refusal(AccountRefusedError, "webhook_url is malformed, or too long"),
    },
    "10025": {"text": Refusal(RejectedError, "the text is too short or too long")},
}
"""What a code asks for that concerns the field named with it, and nothing where none is (Telnyx, "API Error Codes").

The field stands in the error's `source` (API reference, "Errors").
"""

_REFUSALS = Refusals(
    "telnyx",
    "Telnyx",
    {
        AccountRefusedError: "check account, balance and sender in the Telnyx portal",
        RefusedCredentialError: "check TELNYX_API_KEY and base_url",
    },
)


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

    The page on opt-outs does not say which of `from` and `to` is the person's, so both are read. `created_at` is taken
    for the instant of the opt-out; of several rows about a number the latest counts. Raises
    `TransientError` where the answer can't be read.
    """
    payload = json_object(response) or {}
    rows, meta = payload.get("data"), first(payload.get("meta"))
    if not isinstance(rows, list):
        raise TransientError("Telnyx: opt-outs were answered with nothing readable", provider="telnyx")
    found = [(text_of(row.get(name)), row) for row in rows if isinstance(row, dict) for name in ("from", "to")]
    by_number = [(number, row) for number, row in found if number.startswith("+") and number != sender]
    numbers, since = tuple(dict.fromkeys(number for number, _ in by_number)), dict[str, datetime]()
    for number, row in by_number:
        if (at := instant_of(row.get("created_at"))) is not None:
            since[number] = max(at, since.get(number, at))
    page, pages = text_of(meta.get("page_number")), text_of(meta.get("total_pages"))
    return OptOuts(numbers, page.isdecimal() and pages.isdecimal() and int(page) < int(pages), since)


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
    the place of the tables'. An answer to any verb but `create` never leaves an outcome open and never refuses a
    message: asking again is harmless, and there is no new message.
    """
    problem, payload = _problem(response)
    return _REFUSALS.error(
        response,
        verb,
        None if force else _known(problem),
        code=text_of(problem.get("code")),
        title=short(text_of(problem.get("title"))),
        raw=payload,
        otherwise=otherwise,
        remedy=remedy,
    )


def _problem(response: Response) -> tuple[Mapping[str, Any], object]:
    """Return an error in either of Telnyx' two shapes, a list or one bare object, and the whole of what came.

    Of several errors the first with a code of the tables counts.
    """
    payload = json_object(response)
    if payload is None:
        return {}, response.body[:2000]
    listed = payload.get("errors")
    problems = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else [payload]
    return next((entry for entry in problems if _known(entry)), problems[0] if problems else {}), payload


def _known(problem: Mapping[str, Any]) -> Refusal | None:
    """Return what the tables say of an error: by its code, or by its code and the field that it concerns."""
    code = text_of(problem.get("code"))
    return _CODES.get(code) or _FIELDS.get(code, {}).get(_field(problem))


def _field(problem: Mapping[str, Any]) -> str:
    """Return the field of the request that an error concerns ("/media_urls/0" is of `media_urls`); "": none."""
    source = first(problem.get("source"))
    named = text_of(source.get("pointer")) or text_of(source.get("parameter"))
    return named.strip("/").partition("/")[0]


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
