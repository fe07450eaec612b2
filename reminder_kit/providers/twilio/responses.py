"""Twilio's answers in our words: what a message's resource says, and what each code of a refused request asks for.

Pure: no clock, no I/O. Never raises for a word that is not in its tables, never lets a phone number or a text into an
error. Each code has a page of its own in Twilio's "Error and Warning Dictionary"
(https://www.twilio.com/docs/api/errors); codes are branched on before the HTTP status, which the pages seldom name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from reminder_kit.ports import Receipt, Response
from reminder_kit.providers.answers import json_object, short, text_of
from reminder_kit.providers.refusals import Refusal, Refusals, refusals_by_code
from reminder_kit.providers.twilio.webhooks import STATUSES

__all__ = ["receipt", "receipt_of", "refusal"]

_MEND = "mend it in the Twilio console"
_MISTIMED = "the send time is outside the range that Twilio takes: it is placed anew"

_CODES: dict[str, Refusal] = refusals_by_code(
    {
        # Of the moment.
        MistimedError: {"35114": _MISTIMED, "35115": _MISTIMED, "35117": _MISTIMED},
        RateLimitedError: {
            "14107": "too much was sent to one number within half a minute: it is tried again later",
            "20429": "too many requests at a time: nothing was done; it is tried again later",
            "63017": "more messages a second than the account may send: it is tried again later",
        },
        QueueFullError: {
            "35125": "too many messages are scheduled: it is tried again later",
        },
        TransientError: {
            "21611": "the sender's queue is full: it is tried again later",
            "21702": "the Messaging Service is not available: it is tried again later",
        },
        # Of the account: its credentials,
        RefusedCredentialError: {
            "20003": "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
            "20008": "these are test credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        },
        # the account and its Messaging Service; a daily limit comes with status 429, and is no matter of the pace,
        AccountRefusedError: {
            "10001": f"the account is not active, perhaps out of funds: {_MEND}",
            "20005": f"the account is not active, perhaps out of funds: {_MEND}",
            "20006": "the account may not do this: check what TWILIO_AUTH_TOKEN is allowed",
            "20010": "this is disabled for the account: ask Twilio's support",
            "20403": "the account is suspended or closed: ask Twilio's support",
            "20404": "no such resource: check TWILIO_ACCOUNT_SID and base_url",
            "21408": "allow the destination's country in the Twilio console",
            "21603": "a sender is missing: check `messaging_service_sid`",
            "21608": "a trial account writes to verified numbers only: verify the number, or upgrade the account",
            "21609": "the status callback is no address: check webhook_url",
            "21622": "MMS is not enabled for the account: ask Twilio's support",
            "21701": "there is no such Messaging Service: check `messaging_service_sid`",
            "21704": "the Messaging Service has no sender: add one in the Twilio console",
            "21705": "the Messaging Service is not valid: check `messaging_service_sid`",
            "30023": "the brand's daily limit is reached (10DLC, United States): wait until tomorrow",
            "30027": "T-Mobile's daily limit for the brand is reached: wait until tomorrow",
            "30033": "the 10DLC campaign is suspended (United States): ask Twilio's support",
            "30034": f"the sender is not registered for 10DLC (United States): {_MEND}",
            "35118": "set `messaging_service_sid` in [provider]",
            "63038": "the account's limit of messages in 24 hours is reached: wait, or ask Twilio's support",
            "90010": f"the account is not active: {_MEND}",
            "572005": "a trial account writes to verified numbers only: verify the number, or upgrade the account",
        },
        # and its sender: another one may be taken.
        SenderRefusedError: {
            "21210": "the sender (`from`) is not verified",
            "21212": "the sender (`from`) is neither a valid number nor a valid name",
            "21601": "the sender (`from`) is not a number of the account's",
            "21606": "the sender (`from`) is not one of the account's that can write to this number",
            "21607": "a trial account sends from its trial number only: check `from`, or upgrade the account",
            "21612": "the number cannot be reached from this sender",
            "21616": "the sender (`from`) fits several numbers: write it in E.164",
            "21621": "the sender (`from`) is not enabled for MMS: use another sender or SMS",
            "21657": "the sender (`from`) is not supported in the destination's country",
            "21659": "the sender (`from`) is no number of Twilio's, or a short code of another country",
            "21660": "the sender (`from`) belongs to another account",
            "21703": "no sender of the Messaging Service can write to this number: add one in the Twilio console",
            "21709": "the sender's name is not valid, or not enabled in the Messaging Service",
            "21711": "the sender (`from`) does not belong to the Messaging Service",
            "21712": "the sender (`from`) belongs to another Messaging Service",
            "30032": f"the toll-free sender is not verified: {_MEND}",
            "30035": "the sender is still being registered for 10DLC (United States): wait, or use another sender",
        },
        # Of the message: the person's wish and number, the text, the media.
        OptedOutError: {
            "21610": "the person answered STOP; only START from that phone lifts it",
        },
        InvalidNumberError: {
            "21211": "correct the phone number",
            "21266": "the number is the sender's own: correct the phone number",
            "21604": "the number is missing: correct the phone number",
            "21614": "the number cannot receive SMS",
            "21635": "the number is a landline",
        },
        RejectedError: {
            "21602": "there is neither text nor media: correct the template or data",
            "21617": "the text has more than 1600 characters: shorten the template",
            "21618": "every carrier filters this text: change the template",
            "21619": "there is neither text nor media: correct the template or data",
            "21620": "an address of the media is malformed",
            "21623": "more than 10 media",
        },
    },
    mms={"21621", "21622"},
)
"""What a code of a refused request asks for, from its page in the "Error and Warning Dictionary".

Codes that only a request of another form than ours could meet (35111, 35126, content templates) are left out. Those of
10DLC, toll-free senders and T-Mobile are codes of delivery in the first place. A code that is not here is not known.
"""

_REFUSALS = Refusals(
    "twilio",
    "Twilio",
    {
        AccountRefusedError: "check account, balance and sender in the Twilio console",
        RefusedCredentialError: "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and base_url",
    },
)


def receipt(response: Response, verb: str) -> Receipt:
    """Return what a 2xx says of a message; `verb` is "create", "read" or "cancel".

    Raises where the answer can't be read: `UnknownOutcomeError` for `create`, which may have scheduled the message, and
    `TransientError` for the others, which can be asked again.
    """
    message = json_object(response) or {}
    if not text_of(message.get("sid")):
        kind = UnknownOutcomeError if verb == "create" else TransientError
        raise kind(
            f"Twilio: {verb} was answered with {response.status} and nothing readable; it may have been done",
            provider="twilio",
            status=response.status,
            raw=response.body[:2000],
        )
    return receipt_of(message)


def receipt_of(message: Mapping[str, Any]) -> Receipt:
    """Return what a message of Twilio's says: of a read or cancelled message, and of each in a list."""
    status = STATUSES.get(text_of(message.get("status")).lower(), "unknown")
    return Receipt(text_of(message.get("sid")), status, text_of(message.get("error_code")))


def refusal(response: Response, verb: str, otherwise: type[ProviderError] | None = None) -> ProviderError:
    """Return the error that an answer means: by its code, else `otherwise`, else by its HTTP status.

    `otherwise` comes first for a 5xx and a 409. An answer to any verb but `create` never leaves an outcome open and
    never refuses a message. Twilio's words are told where they are not about the person's number.
    """
    payload = json_object(response)
    code, title = text_of((payload or {}).get("code")), short(text_of((payload or {}).get("message")))
    known = _CODES.get(code)
    personal = known is not None and issubclass(known.kind, InvalidNumberError | OptedOutError)
    return _REFUSALS.error(
        response,
        verb,
        known,
        code=code,
        title="" if personal else title,
        raw=response.body[:2000] if payload is None else payload,
        otherwise=otherwise,
    )
