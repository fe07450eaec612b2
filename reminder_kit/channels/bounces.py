"""Reports on the delivery of e-mails, as mail servers send them to the sender (RFC 3464, RFC 6533), in our words.

Never takes one for genuine that does not return a token of ours, and never reads more of one than its headers: what a
server wrote for people, and what is returned of the message, stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from itertools import chain

from reminder_kit.errors import PayloadError
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports.declared import Failure

__all__ = ["FAILURES", "TOKEN", "reported"]

TOKEN = "X-Reminder-Token"  # noqa: S105 - the name of a header
"""The header with our name of a message, which mail servers return with their reports."""

FAILURES = {
    "5.1.1": Failure.INVALID_NUMBER,  # bad destination mailbox address
    "5.1.2": Failure.INVALID_NUMBER,  # bad destination system address
    "5.1.3": Failure.INVALID_NUMBER,  # bad destination mailbox address syntax
    "5.1.6": Failure.INVALID_NUMBER,  # the mailbox has moved, and nobody knows where to
    "5.1.10": Failure.INVALID_NUMBER,  # the recipient's domain takes no mail (RFC 7505)
    "5.2.1": Failure.INVALID_NUMBER,  # mailbox disabled
    "5.2.2": Failure.UNREACHABLE,  # mailbox full
    "4.2.2": Failure.UNREACHABLE,
    "4.4.7": Failure.EXPIRED,  # delivery time expired
    "5.4.7": Failure.EXPIRED,
    "5.7.1": Failure.BLOCKED,  # delivery not authorised
}
"""What enhanced status codes mean (RFC 3463; IANA's registry of SMTP Enhanced Status Codes)."""

_ACTIONS = {"failed": "undelivered", "delivered": "delivered"}
"""What a server did (RFC 3464, 2.3.3), in our words; "delayed", "relayed" and "expanded" decide nothing."""

_TOKEN = re.compile(r"[0-9a-f]{32}")
_ACTION = re.compile(r"[a-z]+")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_LARGEST = 1_000_000
"""Bytes of a report that are read: it returns the message at most, and ours are short."""

_PARTS = 20


def reported(body: bytes, provider: str, now: datetime) -> tuple[DeliveryEvent, ...]:
    """Return the events of a report; none where it is no report on a message of ours.

    Raises `PayloadError` where there are a million bytes or more.
    """
    if len(body) > _LARGEST:
        raise PayloadError(f"{provider}: a report of {len(body)} bytes is none: more than {_LARGEST} are not looked at")
    if body.count(b"boundary=") > _PARTS:  # a report has one, and what it returns may have some
        return ()
    report = message_from_bytes(body, policy=compat32)
    if report.get_content_type() != "multipart/report":
        return ()
    parts = [part for part, _ in zip(report.walk(), range(_PARTS), strict=False)]
    token = next((found for part in parts for found in _tokens(part)), None)
    status = next(_statuses(parts), None)
    if token is None or status is None:
        return ()
    action, code = status
    name = blake2b(f"{token}\x1f{action}\x1f{code}".encode(), digest_size=16, person=b"bounce").hexdigest()
    return (
        DeliveryEvent(
            id=f"{provider}:{name}",
            type=_ACTIONS.get(action, "unknown"),
            occurred_at=_when(report, now),
            provider=provider,
            token=token,
            code=code if action == "failed" else "",
            raw={"action": action, "status": code},
        ),
    )


def _tokens(part: Message) -> Iterator[str]:
    """Yield the token of a message that is returned, whole or by its headers alone (RFC 3462, 2)."""
    kind = part.get_content_type()
    if kind == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        part = message_from_bytes(payload if isinstance(payload, bytes) else b"", policy=compat32)
    found = str(part.get(TOKEN, "")).strip()
    if _TOKEN.fullmatch(found):
        yield found


def _statuses(parts: list[Message]) -> Iterator[tuple[str, str]]:
    """Yield what was done, and the status, of each recipient a report speaks of (RFC 3464, 2.3)."""
    for block in chain.from_iterable(map(_blocks, parts)):
        action = _ACTION.match(str(block.get("Action", "")).strip().casefold())
        status = _STATUS.match(str(block.get("Status", "")).strip())
        if action and status:
            yield action[0], status[0]


def _blocks(part: Message) -> Iterator[Message]:
    """Yield a part of a report; for one with addresses in Unicode, of which only the first block was read, all blocks.

    The others of its blocks, which are of the recipients, were taken for a text (RFC 6533, 4).
    """
    yield part
    if part.get_content_type() == "message/global-delivery-status" and part.is_multipart():
        for inner in part.get_payload():
            text = inner.get_payload() if isinstance(inner, Message) else ""
            for block in re.split(r"\r?\n\r?\n", text)[:_PARTS] if isinstance(text, str) else ():
                yield message_from_string(block.lstrip(), policy=compat32)


def _when(report: Message, now: datetime) -> datetime:
    """Return when a report was written, UTC; `now` where it does not say, or speaks of the future."""
    try:
        found = parsedate_to_datetime(str(report.get("Date", "")))
        return min(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC), now)
    except (ValueError, OverflowError):
        return now
