"""Twilio's message endpoints, as its API reference and its error pages document them.

Never schedules without a Messaging Service: like Twilio it drops the schedule of such a request and sends at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso
from reminder_kit.sandbox.http_messages import Answer, Call, answer
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["reply", "report", "respond"]

NEAREST = timedelta(minutes=15)
FARTHEST = timedelta(days=35)
"""How far ahead `SendAt` may be ("Message Scheduling"; Error 35115 allows 5 minutes)."""

WORDS = {
    "scheduled": "scheduled",
    "queued": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "cancelled": "canceled",
    "delivery_failed": "undelivered",
    "sending_failed": "failed",
}
"""Twilio's word for each of Telnyx' statuses; any other word stays as it is."""

_PATH = re.compile(r"/2010-04-01/Accounts/(AC\w+)(?:/Messages(?:/(\w+))?)?\.json")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST = 1600


class _RefusalError(Exception):
    """An error as Twilio gives it: HTTP status, code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        more = f"https://www.twilio.com/docs/errors/{code}"
        self.answer = answer(status, {"code": code, "message": message, "more_info": more, "status": status})


def respond(sandbox: SandboxState, call: Call) -> Answer:
    """Answer one request."""
    try:
        return _route(sandbox, call)
    except _RefusalError as refusal:
        return refusal.answer


def _route(sandbox: SandboxState, call: Call) -> Answer:
    found = _PATH.fullmatch(call.path)
    account = found[1] if found else ""
    _authenticate(sandbox, call, account)
    if not found:
        raise _RefusalError(404, 20404, f"The requested resource {call.path} was not found")
    if call.path.endswith(f"/Accounts/{account}.json"):
        return answer(200, {"sid": account, "status": "active", "friendly_name": "Sandbox"})
    if found[2]:
        return _read_or_cancel(sandbox, call, account, found[2])
    if call.method == "GET":
        return _message_list(sandbox, call, account)
    return _create(sandbox, dict(_form(call)), [value for name, value in _form(call) if name == "MediaUrl"], account)


def _authenticate(sandbox: SandboxState, call: Call, account: str) -> None:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        user, password = "", ""
    right = user.startswith("SK") or user == account
    if scheme.lower() != "basic" or not password or not right or (sandbox.key not in {None, password}):
        raise _RefusalError(401, 20003, "Authenticate")


def _form(call: Call) -> list[tuple[str, str]]:
    """Return the fields of a form; a body of another content type has none."""
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return []
    return parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)


def _message_resource(message: Parked, account: str) -> dict[str, Any]:
    """Return a message as Twilio shows it: without the time it is scheduled for."""
    return {
        "sid": message.id,
        "account_sid": account,
        "messaging_service_sid": message.profile or None,
        "to": message.to,
        "from": message.from_ or None,
        "body": message.text,
        "status": WORDS.get(message.status, message.status),
        "direction": "outbound-api",
        "num_media": str(len(message.media_urls)),
        "num_segments": "0",
        "date_created": format_datetime(message.created_at),
        "date_updated": format_datetime(message.created_at),
        "date_sent": format_datetime(message.sent_at) if message.sent_at else None,
        "error_code": int(message.errors[0]["code"]) if message.errors else None,
        "error_message": message.errors[0]["title"] if message.errors else None,
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{message.id}.json",
        "subresource_uris": {},
    }


def _create(sandbox: SandboxState, fields: dict[str, str], media: list[str], account: str) -> Answer:
    service, sender = fields.get("MessagingServiceSid", ""), fields.get("From", "")
    _check(sandbox, fields, media, service or sender)
    send_at = _send_at(sandbox, fields) if service else None
    now = sandbox.now()
    message = Parked(
        id=f"{'MM' if media else 'SM'}{uuid4().hex}",
        kind="twilio",
        to=fields["To"],
        from_=sender or ("" if send_at else sandbox.pool_number),
        text=fields.get("Body", ""),
        send_at=send_at or now,
        created_at=now,
        scheduled=send_at is not None,
        status="scheduled" if send_at else "queued",
        type="MMS" if media else "SMS",
        profile=service,
        media_urls=tuple(media),
        webhook_url=fields.get("StatusCallback"),
    )
    sandbox.accept(message)
    return answer(201, _message_resource(message, account))


def _check(sandbox: SandboxState, fields: dict[str, str], media: list[str], sender: str) -> None:
    to, text = fields.get("To", ""), fields.get("Body", "")
    if not to:
        raise _RefusalError(400, 21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(to):
        raise _RefusalError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not sender:
        raise _RefusalError(400, 21603, "A 'From' phone number is required.")
    if not text and not media:
        raise _RefusalError(400, 21619, "A text message body or media urls must be specified.")
    if len(text) > _LONGEST:
        raise _RefusalError(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if sandbox.is_blocked(to, fields.get("MessagingServiceSid", "")):
        raise _RefusalError(400, 21610, "Attempt to send to unsubscribed recipient")


def _send_at(sandbox: SandboxState, fields: dict[str, str]) -> datetime | None:
    if "ScheduleType" not in fields and "SendAt" not in fields:
        return None
    if fields.get("ScheduleType") != "fixed":
        raise _RefusalError(400, 35126, "ScheduleType must be 'fixed'")
    if not fields.get("SendAt"):
        raise _RefusalError(400, 35111, "SendAt is missing")
    try:
        at = from_iso(fields["SendAt"])
    except (InvalidInputError, OverflowError):
        raise _RefusalError(400, 35114, "SendAt is not ISO 8601") from None
    if sandbox.sends_at_once(at, NEAREST):
        return None
    if not NEAREST <= at - sandbox.now() <= FARTHEST:
        raise _RefusalError(400, 35114, "SendAt must be between 15 minutes and 35 days in the future")
    if sandbox.parked_count() >= sandbox.cap:
        raise _RefusalError(400, 35125, "Too many scheduled messages")
    return at


def _read_or_cancel(sandbox: SandboxState, call: Call, account: str, sid: str) -> Answer:
    """Read a message, or cancel one that is still scheduled."""
    message = sandbox.by_id.get(sid)
    if message is None or message.kind != "twilio":
        raise _RefusalError(404, 20404, f"The requested resource {call.path} was not found")
    if call.method == "POST":
        if dict(_form(call)).get("Status") != "canceled":
            raise _RefusalError(400, 20001, "Status must be 'canceled'")
        if message.status != "scheduled":
            raise _RefusalError(400, 30409, "Message cannot be canceled")
        sandbox.cancel(message)
    return answer(200, _message_resource(message, account))


def _message_list(sandbox: SandboxState, call: Call, account: str) -> Answer:
    """Return the first page of messages, newest first, to and from the numbers that are named."""
    wanted = call.query
    found = [
        _message_resource(message, account)
        for message in reversed(sandbox.messages(wanted.get("To")))
        if message.kind == "twilio" and wanted.get("From") in {None, message.from_}
    ]
    size = int(wanted.get("PageSize", "50"))
    return answer(
        200, {"messages": found[:size], "page": 0, "page_size": size, "uri": call.path, "next_page_uri": None}
    )


# Webhooks


def _signed_form(sandbox: SandboxState, hook: Hook, url: str | None) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a webhook as Twilio writes it: a form, signed together with its address."""
    text = (url or "").partition("#")[0] + "".join(name + value for name, value in sorted(hook.payload.items()))
    signature = base64.b64encode(hmac.digest(sandbox.secret.encode(), text.encode(), hashlib.sha1)).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return headers, urlencode(hook.payload).encode()


def _hook(sandbox: SandboxState, kind: str, at: datetime, fields: dict[str, str], url: str | None) -> Hook:
    return Hook(kind, at, fields, lambda hook, _now, _attempt, to: _signed_form(sandbox, hook, to), url)


def report(sandbox: SandboxState, message: Parked, at: datetime) -> Hook:
    """Return the status callback of a message."""
    word = WORDS.get(message.status, message.status)
    fields = {
        "MessageSid": message.id,
        "SmsSid": message.id,
        "MessageStatus": word,
        "SmsStatus": word,
        "To": message.to,
        "From": message.from_ or sandbox.pool_number,
        "ApiVersion": "2010-04-01",
        **({"ErrorCode": message.errors[0]["code"]} if message.errors else {}),
    }
    return _hook(sandbox, word, at, fields, message.webhook_url or sandbox.webhook_url)


def reply(sandbox: SandboxState, number: str, text: str, to: str, automatic: str | None) -> Hook:
    """Return the webhook of a reply; `automatic` is what Twilio itself takes it for (None: nothing)."""
    sid = f"SM{uuid4().hex}"
    fields = {"MessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "From": number, "To": to, "Body": text}
    fields |= {"OptOutType": automatic} if automatic else {}
    return _hook(sandbox, "received", sandbox.now(), fields, sandbox.webhook_url)
