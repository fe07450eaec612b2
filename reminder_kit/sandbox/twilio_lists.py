"""What Twilio shows: a message, pages of messages by its filters, and the settings of a Messaging Service.

Never shows the time that a message is scheduled for: Twilio's API reference has no such field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso
from reminder_kit.sandbox.http_messages import Answer, answer
from reminder_kit.sandbox.messages import NOWHERE, Parked
from reminder_kit.sandbox.problems import TWILIO

if TYPE_CHECKING:
    from reminder_kit.sandbox.state import SandboxState

__all__ = ["WORDS", "RefusalError", "message_list", "resource", "service"]

WORDS = {
    "scheduled": "scheduled",
    "queued": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "delivery_unconfirmed": "sent",
    "cancelled": "canceled",
    "delivery_failed": "undelivered",
    "sending_failed": "failed",
    "expired": "failed",
}
"""Twilio's word for each of Telnyx' statuses; any other word stays as it is."""

_LARGEST = 1000
"""Messages of one page, at most (API reference, `PageSize`)."""
_DAYS = (("DateSent", 0), ("DateSent<", -1), ("DateSent>", 1))
"""The filters by day of sending (GMT): on it, until it, and from it on."""


class RefusalError(Exception):
    """An error as Twilio gives it: HTTP status, code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = TWILIO.answer(status, str(code), message)


def resource(message: Parked, account: str) -> dict[str, Any]:
    """Return a message as Twilio's Message resource."""
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.id}"
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
        "num_segments": str(message.parts if message.sent_at else 0),
        "date_created": format_datetime(message.created_at),
        "date_updated": format_datetime(message.completed_at or message.sent_at or message.created_at),
        "date_sent": format_datetime(message.sent_at) if message.sent_at else None,
        "error_code": int(message.errors[0]["code"]) if message.errors else None,
        "error_message": message.errors[0]["title"] if message.errors else None,
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def message_list(sandbox: SandboxState, path: str, query: Mapping[str, str], account: str) -> Answer:
    """Return one page of messages, newest first, by number, sender and day of sending."""
    days = [(*_stretch(query[name], name), fits) for name, fits in _DAYS if name in query]
    found = [
        resource(message, account)
        for message in reversed(sandbox.messages(query.get("To")))
        if message.kind == "twilio"
        and query.get("From") in {None, message.from_}
        and all(_is_in(message.sent_at, since, until, fits) for since, until, fits in days)
    ]
    size, page = min(_whole(query, "PageSize", 50, least=1), _LARGEST), _whole(query, "Page", 0, least=0)
    rows = found[page * size : (page + 1) * size]

    def uri(number: int) -> str:
        kept = {name: value for name, value in query.items() if name not in {"Page", "PageSize", "PageToken"}}
        token = {} if number == 0 else {"PageToken": f"PA{rows[-1]['sid'] if rows else ''}"}
        return f"{path}?{urlencode({**kept, 'PageSize': size, 'Page': number, **token})}"

    answered = {
        "messages": rows,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(rows) - 1, 0),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if (page + 1) * size < len(found) else None,
    }
    return answer(200, answered)


def _whole(query: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise RefusalError(400, 20001, f"{name} is not valid")
    return int(text)


def _is_in(at: datetime | None, since: datetime, until: datetime, fits: int) -> bool:
    """Say whether a message was sent in a stretch, until its end (-1) or from its beginning on (1)."""
    return at is not None and (fits < 0 or at >= since) and (fits > 0 or at < until)


def _stretch(text: str, name: str) -> tuple[datetime, datetime]:
    """Return the day (GMT) that a date names, or the second that an instant is."""
    try:
        since = from_iso(text if "T" in text else f"{text}T00:00:00Z")
        return since, since + (timedelta(seconds=1) if "T" in text else timedelta(days=1))
    except (InvalidInputError, OverflowError):
        raise RefusalError(400, 20001, f"{name} is no date") from None


def service(sandbox: SandboxState, sid: str, account: str) -> Answer:
    """Return a Messaging Service, with what a test has set of it (API reference, Service resource)."""
    found = {
        "sid": sid,
        "account_sid": account,
        "friendly_name": "Sandbox",
        "inbound_request_url": sandbox.webhook_url or NOWHERE,
        "inbound_method": "POST",
        "fallback_url": None,
        "fallback_method": "POST",
        "status_callback": sandbox.webhook_url or NOWHERE,
        "sticky_sender": True,
        "smart_encoding": False,
        "mms_converter": True,
        "validity_period": 36000,
        "use_inbound_webhook_on_number": False,
        "usecase": "notifications",
    }
    return answer(200, {**found, **sandbox.settings.get("twilio", {})})
