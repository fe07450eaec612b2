"""Twilio's message endpoints, as its API reference and its error pages document them.

Never schedules without a Messaging Service: like Twilio it drops the schedule of such a request and sends at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso
from reminder_kit.sandbox.http_messages import Answer, Call, answer
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.twilio_lists import WORDS, RefusalError, message_list, resource, service
from reminder_kit.sandbox.webhooks import Hook

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["reply", "report", "respond"]

FARTHEST = timedelta(days=35)
"""How far ahead `SendAt` may be ("Message Scheduling"); how far at least is the account's (`Sandbox.min_lead`)."""

_PATH = re.compile(r"/2010-04-01/Accounts/(AC\w+)(?:/Messages(?:/(\w+))?)?\.json")
_SERVICE = re.compile(r"/v1/Services/(MG\w+)")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST = 1600


def respond(sandbox: SandboxState, call: Call) -> Answer:
    """Answer one request."""
    try:
        return _route(sandbox, call)
    except RefusalError as refusal:
        return refusal.answer


def _route(sandbox: SandboxState, call: Call) -> Answer:
    found, service_found = _PATH.fullmatch(call.path), _SERVICE.fullmatch(call.path)
    account = _account(sandbox, call, found[1] if found else "")
    if service_found:
        _allow(call, "GET")
        return service(sandbox, service_found[1], account)
    if not found:
        raise RefusalError(404, 20404, f"The requested resource {call.path} was not found")
    if call.path.endswith(f"/Accounts/{account}.json"):
        _allow(call, "GET")
        return answer(200, {"sid": account, "status": "active", "type": "Full", "friendly_name": "Sandbox"})
    if found[2]:
        return _one(sandbox, call, account, found[2])
    _allow(call, "GET", "POST")
    if call.method == "GET":
        return message_list(sandbox, call.path, call.query, account)
    form = _form(call)
    return _create(sandbox, dict(form), [value for name, value in form if name == "MediaUrl"], account)


def _allow(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise RefusalError(405, 20004, f"Method {call.method} is not allowed for {call.path}")


def _account(sandbox: SandboxState, call: Call, account: str) -> str:
    """Return the account that a request is made for; one without right credentials for it is refused.

    An API key (SK…) stands for an account that the path names, and for one of the sandbox's own elsewhere.
    """
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        user, password = "", ""
    right = user.startswith(("AC", "SK")) and (user.startswith("SK") or account in {"", user})
    if scheme.lower() != "basic" or not password or not right or (sandbox.key not in {None, password}):
        raise RefusalError(401, 20003, "Authenticate")
    return account or (user if user.startswith("AC") else f"AC{'0' * 32}")


def _form(call: Call) -> list[tuple[str, str]]:
    """Return the fields of a form; a body of another content type has none."""
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return []
    return parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)


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
    return answer(201, resource(message, account))


def _check(sandbox: SandboxState, fields: dict[str, str], media: list[str], sender: str) -> None:
    to, text = fields.get("To", ""), fields.get("Body", "")
    if not to:
        raise RefusalError(400, 21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(to):
        raise RefusalError(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if not sender:
        raise RefusalError(400, 21603, "A 'From' phone number is required.")
    if not text and not media:
        raise RefusalError(400, 21619, "A text message body or media urls must be specified.")
    if len(media) > 10:
        raise RefusalError(400, 21623, "Number of media files exceeds allowed limit")
    if len(text) > _LONGEST:
        raise RefusalError(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if sandbox.is_blocked(to, fields.get("MessagingServiceSid", "")):
        raise RefusalError(400, 21610, "Attempt to send to unsubscribed recipient")


def _send_at(sandbox: SandboxState, fields: dict[str, str]) -> datetime | None:
    if "ScheduleType" not in fields and "SendAt" not in fields:
        return None
    if fields.get("ScheduleType") != "fixed":
        raise RefusalError(400, 35126, "ScheduleType must be 'fixed'")
    if not fields.get("SendAt"):
        raise RefusalError(400, 35111, "SendAt is missing")
    try:
        at = from_iso(fields["SendAt"])
    except (InvalidInputError, OverflowError):
        raise RefusalError(400, 35114, "SendAt is not ISO 8601") from None
    if sandbox.sends_at_once(at, sandbox.min_lead):
        return None
    if not sandbox.min_lead <= at - sandbox.now() <= FARTHEST:
        raise RefusalError(400, 35114, f"SendAt must be between {sandbox.min_lead} and 35 days in the future")
    if sandbox.parked_count() >= sandbox.cap:
        raise RefusalError(400, 35125, "Too many scheduled messages")
    return at


def _one(sandbox: SandboxState, call: Call, account: str, sid: str) -> Answer:
    """Read, change or delete one message."""
    _allow(call, "GET", "POST", "DELETE")
    message = sandbox.by_id.get(sid)
    if message is None or message.kind != "twilio":
        raise RefusalError(404, 20404, f"The requested resource {call.path} was not found")
    if call.method == "DELETE":
        _require_complete(message)
        del sandbox.by_id[sid]
        return Answer(204)
    if call.method == "POST":
        _change(sandbox, message, dict(_form(call)))
    return answer(200, resource(message, account))


def _change(sandbox: SandboxState, message: Parked, fields: dict[str, str]) -> None:
    """Cancel a message that is still scheduled, or forget the words of one that is over; nothing else changes."""
    if fields.get("Status") == "canceled":
        if message.status != "scheduled":
            raise RefusalError(400, 30409, "Message cannot be canceled")
        sandbox.cancel(message)
    elif fields.get("Status") is None and fields.get("Body") == "":
        _require_complete(message)
        message.text = ""
    else:
        raise RefusalError(400, 20001, "Status must be 'canceled', or Body empty")


def _require_complete(message: Parked) -> None:
    if message.status in {"scheduled", "queued"}:
        raise RefusalError(409, 20009, "Cannot change this resource before its delivery is complete")


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
