"""Telnyx' messaging endpoints, as its pages and its API reference document them.

Never does what the documents don't say without a switch for it: where they are silent the sandbox can be told to answer
either way (`repeat_cancel`, `idempotency`, `past_send_at`, `strict`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import frozen

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.instants import from_iso
from reminder_kit.sandbox.http_messages import Answer, Call, answer
from reminder_kit.sandbox.messages import GSM7, Parked, extent
from reminder_kit.sandbox.telnyx_lists import listed
from reminder_kit.sandbox.telnyx_refusals import Refusal

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import Remembered, SandboxState

__all__ = ["repeats", "respond"]

NEAREST = timedelta(minutes=5)
FARTHEST = timedelta(days=5)
"""How far ahead `send_at` may be ("Schedule SMS and MMS Messages")."""
CUT_OFF = timedelta(minutes=1)
"""How long before `send_at` a message can no longer be cancelled (the same page)."""
READABLE = timedelta(days=10)
"""How long after its creation a message can be read (API reference, "Retrieve a message")."""
KEY_LIFE = timedelta(hours=24)
"""How long an idempotency key is remembered ("Idempotency")."""

_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SHORT = re.compile(r"\d{3,8}")
_ALPHA = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_FIELDS = {
    "from": str,
    "messaging_profile_id": str,
    "to": str,
    "text": str,
    "subject": str,
    "media_urls": list,
    "webhook_url": str,
    "webhook_failover_url": str,
    "use_profile_webhooks": bool,
    "type": str,
    "auto_detect": bool,
    "send_at": str,
    "encoding": str,
}
"""The fields of a message and their types (API reference, "Send a message")."""


@frozen
class _Endpoint:
    """What one of the endpoints that create a message takes."""

    #: The fields that it needs, besides those of every message.
    needed: tuple[str, ...] = ()
    #: The fields that it does not have.
    lacking: frozenset[str] = frozenset()
    #: What `from` must be; None: anything that a message can be from.
    sender: re.Pattern[str] | None = None
    #: The code that any other sender is refused with.
    refusal: str = "40305"


_AT_ONCE = frozenset({"send_at"})
_CREATE = {
    "/messages": _Endpoint(),
    "/messages/schedule": _Endpoint(lacking=frozenset({"encoding"})),
    "/messages/long_code": _Endpoint(("from", "to"), _AT_ONCE, _E164),
    "/messages/short_code": _Endpoint(("from", "to"), _AT_ONCE, _SHORT),
    "/messages/number_pool": _Endpoint(("messaging_profile_id", "to"), _AT_ONCE | {"from"}),
    "/messages/alphanumeric_sender_id": _Endpoint(
        ("from", "messaging_profile_id", "text", "to"),
        _AT_ONCE | {"media_urls", "subject", "type", "encoding", "auto_detect"},
        _ALPHA,
        "40325",
    ),
}
"""The endpoints that create messages (API reference); those for one kind of sender have no send time."""


def respond(sandbox: SandboxState, call: Call, path: str) -> Answer:
    """Answer one request; `path` is what follows `/v2`."""
    try:
        _authenticate(sandbox, call)
        return _route(sandbox, call, path)
    except Refusal as refusal:
        return refusal.answer()


def _authenticate(sandbox: SandboxState, call: Call) -> None:
    """Refuse a request without a key by a 404, as Telnyx does, and one with another key by a 401."""
    given = call.headers.get("authorization", "")
    if not given:
        raise Refusal(404, "10005", "Resource not found")
    scheme, _, key = given.partition(" ")
    if scheme.lower() != "bearer" or not key.strip() or (sandbox.key is not None and key.strip() != sandbox.key):
        raise Refusal(401, "10009", "Authentication failed")


def _route(sandbox: SandboxState, call: Call, path: str) -> Answer:
    if call.method == "POST" and path in _CREATE:
        return _create(sandbox, call, path)
    start, _, name = path.rpartition("/")
    if start == "/messages" and call.method in {"GET", "DELETE"}:
        return _retrieve(sandbox, name) if call.method == "GET" else _cancel(sandbox, name)
    found = listed(sandbox, path, call.query) if call.method == "GET" else None
    if found is None:
        raise Refusal(404, "10005", "Resource not found")
    return found


# Create


def repeats(sandbox: SandboxState, call: Call, path: str) -> bool:
    """Say whether a request is one that is answered from memory; `path` is what follows `/v2`."""
    key = _key_of(sandbox, call, path)
    before = None if key is None else _remembered(sandbox, (key, call.method, path))
    return before is not None and before.body == call.body


def _key_of(sandbox: SandboxState, call: Call, path: str) -> str | None:
    """Return the key of a request to an endpoint that honours it."""
    keyed = call.method == "POST" and path in _CREATE and path != "/messages/schedule" and sandbox.idempotency
    return call.headers.get("idempotency-key") if keyed else None


def _remembered(sandbox: SandboxState, name: tuple[str, str, str]) -> Remembered | None:
    """Return what a key, a method and a path stand for, as long as the key lives."""
    before = sandbox.keys.get(name)
    return before if before is not None and sandbox.now() - before.at < KEY_LIFE else None


def _create(sandbox: SandboxState, call: Call, path: str) -> Answer:
    """Create a message, or replay the answer that the same key and bytes were given before."""
    key = _key_of(sandbox, call, path)
    if key is None:
        return _created(sandbox, call, path, "")
    if not _KEY.fullmatch(key):
        raise Refusal(400, "10015", "Bad Request: invalid idempotency key", "/header/Idempotency-Key")
    before = _remembered(sandbox, (key, call.method, path))
    if before is not None:
        if before.body != call.body:
            raise Refusal(422, "10027", "Idempotency key was used with another body", "/header/Idempotency-Key")
        return before.replay()
    found = _created(sandbox, call, path, key)
    sandbox.remember((key, call.method, path), call.body, found)
    return found


def _created(sandbox: SandboxState, call: Call, path: str, key: str) -> Answer:
    fields = _fields(sandbox, call, path)
    sender = fields.get("from")
    profile = fields.get("messaging_profile_id")
    _check_endpoint(fields, path)
    _check_addresses(sandbox, fields)
    kind = _check_content(fields)
    send_at = _send_at(sandbox, fields.get("send_at"))
    now = sandbox.now()
    message = Parked(
        id=sandbox.new_id(),
        to=fields["to"],
        from_=sender or sandbox.pool_number,
        text=fields.get("text") or "",
        send_at=send_at or now,
        created_at=now,
        scheduled=send_at is not None,
        status="queued" if send_at is None else "scheduled",
        type=kind,
        profile=profile or sandbox.profile,
        subject=fields.get("subject"),
        media_urls=tuple(fields.get("media_urls") or ()),
        webhook_url=fields.get("webhook_url"),
        webhook_failover_url=fields.get("webhook_failover_url"),
        encoding=fields.get("encoding"),
        idempotency_key=key or call.headers.get("idempotency-key", ""),
    )
    sandbox.accept(message)
    return answer(200, {"data": message.payload()})


def _fields(sandbox: SandboxState, call: Call, path: str) -> dict[str, Any]:
    """Return the body's fields, of the right types; null counts as absent."""
    if sandbox.strict and "json" not in call.headers.get("content-type", ""):
        raise Refusal(415, "10015", "Unsupported media type: send application/json", "/header/Content-Type")
    try:
        fields = call.json()
    except (ValueError, RecursionError):
        raise Refusal(400, "10015", "Bad Request: the body is not valid JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "10015", "Bad Request: the body is not an object")
    present = {name: value for name, value in fields.items() if value is not None}
    for name, value in present.items():
        wanted = None if name in _CREATE[path].lacking else _FIELDS.get(name)
        if wanted is None and sandbox.strict:
            raise Refusal(400, "10015", f"Bad Request: unexpected field {name}", f"/{name}")
        if wanted is not None and not isinstance(value, wanted):
            raise Refusal(400, "10015", f"Bad Request: {name} has the wrong type", f"/{name}")
    if not all(isinstance(url, str) for url in present.get("media_urls", ())):
        raise Refusal(400, "10015", "Bad Request: media_urls has the wrong type", "/media_urls/0")
    return {name: value for name, value in present.items() if name not in _CREATE[path].lacking}


def _check_endpoint(fields: Mapping[str, Any], path: str) -> None:
    """Refuse what an endpoint for one kind of sender does not take: a field is missing, or the sender is another."""
    endpoint = _CREATE[path]
    for name in endpoint.needed:
        if not fields.get(name):
            raise Refusal(400, "10004", "Missing required parameter", f"/{name}")
    if endpoint.sender is not None and not endpoint.sender.fullmatch(str(fields["from"])):
        raise Refusal(400, endpoint.refusal, "Invalid 'from' address", "/from")


def _check_addresses(sandbox: SandboxState, fields: Mapping[str, Any]) -> None:
    to, sender, profile = fields.get("to"), fields.get("from"), fields.get("messaging_profile_id")
    if not to:
        raise Refusal(400, "10004", "Missing required parameter", "/to")
    if not (_E164.fullmatch(to) or _SHORT.fullmatch(to)):
        raise Refusal(400, "40310", "Invalid 'to' address", "/to")
    if not sender and not profile:
        raise Refusal(400, "40305", "Invalid 'from' address", "/from")
    if sender and not (_E164.fullmatch(sender) or _SHORT.fullmatch(sender)):
        if not _ALPHA.fullmatch(sender):
            raise Refusal(400, "40325" if re.search("[A-Za-z]", sender) else "40305", "Invalid 'from' address", "/from")
        if not profile:
            raise Refusal(400, "40306", "Alphanumeric sender ID not configured", "/from")
    if sandbox.is_blocked(to, profile or sandbox.profile):
        raise Refusal(400, "40300", "Blocked due to STOP message", "/to")


def _check_content(fields: Mapping[str, Any]) -> str:
    """Return SMS or MMS; refuse a content that Telnyx' limits forbid."""
    text, media = fields.get("text") or "", fields.get("media_urls") or []
    kind = str(fields.get("type") or ("MMS" if media else "SMS"))
    sender = str(fields.get("from") or "+")
    if kind not in {"SMS", "MMS"} or (kind == "SMS" and media):
        raise Refusal(400, "40304", "Invalid combination of message content", "/type")
    if not text and not media:
        raise Refusal(400, "40316", "No content provided", "/text")
    if len(media) > 10:
        raise Refusal(400, "40317", "Invalid MMS content: more than 10 media", "/media_urls")
    if kind == "MMS" and not (_E164.fullmatch(sender) or _SHORT.fullmatch(sender) or sender == "+"):
        raise Refusal(400, "40308", "Messaging not enabled for MMS on this sender", "/from")
    encoding = fields.get("encoding")
    if encoding not in {None, "auto", "gsm7", "ucs2"}:
        raise Refusal(400, "10015", "Bad Request: unknown encoding", "/encoding")
    if encoding == "gsm7" and not all(letter in GSM7 for letter in text):
        raise Refusal(400, "10015", "Bad Request: the text can't be encoded in GSM-7", "/encoding")
    if kind == "SMS" and extent(text, encoding)[2] > 10:
        raise Refusal(400, "40302", "Message too large", "/text")
    return kind


def _send_at(sandbox: SandboxState, text: str | None) -> datetime | None:
    """Return when to send (UTC), between 5 minutes and 5 days ahead; None means at once, as `past_send_at` may say."""
    if text is None:
        return None
    try:
        at = from_iso(text)
    except NaiveDatetimeError:
        raise Refusal(400, "10015", "Bad Request: send_at has no UTC offset", "/send_at") from None
    except (InvalidInputError, OverflowError):
        raise Refusal(400, "10015", "Bad Request: send_at is no ISO 8601 datetime", "/send_at") from None
    if sandbox.sends_at_once(at, NEAREST):
        return None
    if not NEAREST <= at - sandbox.now() <= FARTHEST:
        raise Refusal(400, "10033", "send_at must be between 5 minutes and 5 days ahead", "/send_at")
    if sandbox.parked_count() >= sandbox.cap:
        raise Refusal(400, "40318", "Queue full: too many scheduled messages")
    return at


# Read and cancel


def _readable(sandbox: SandboxState, name: str) -> Parked | None:
    """Return a message by its id; None means that there is none, or none young enough to be read."""
    try:
        message = sandbox.by_id.get(str(UUID(name)))
    except ValueError:
        return None
    if message is None or sandbox.now() - message.created_at > READABLE:
        return None
    return message


def _retrieve(sandbox: SandboxState, name: str) -> Answer:
    message = _readable(sandbox, name)
    if message is None:
        raise Refusal(404, "10005", "Resource not found")
    return answer(200, {"data": message.payload()})


def _cancel(sandbox: SandboxState, name: str) -> Answer:
    """Cancel a message that is `scheduled` and more than a minute from being sent."""
    message = _readable(sandbox, name)
    if message is None or (message.status == "cancelled" and sandbox.repeat_cancel == 404):
        raise Refusal(404, "40303", "Message not found", bare=True)
    if message.status == "cancelled" and sandbox.repeat_cancel == 200:
        return _cancelled(message)
    if message.status != "scheduled" or message.send_at - sandbox.now() <= CUT_OFF:
        raise Refusal(403, "10010", "Message cannot be cancelled", bare=True)
    sandbox.cancel(message)
    return _cancelled(message)


def _cancelled(message: Parked) -> Answer:
    """Return a cancelled message, not wrapped in `data`, and without the wait that it has no more."""
    return answer(200, {name: value for name, value in message.payload().items() if name != "wait_seconds"})
