"""Twilio's webhooks: verify address and fields, then read what happened to a message or what a person replied.

Pure: no clock, no I/O. Never takes the address of a webhook on trust: the signature covers it. Sources: Twilio,
"Webhooks Security" (signature) and "Outbound Message Status in Status Callbacks". Callbacks come in any order and more
than once; a message and its status together are an event's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from reminder_kit.errors import ConfigurationError, PayloadError, SignatureError
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import Failure
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.signatures import lowered, same_hmac

__all__ = ["FAILURES", "STATUSES", "signed_text", "verified"]

STATUSES = {
    "scheduled": "scheduled",
    # Taken by the Messaging Service, which picks a sender, then at that sender. Said of what is sent at once, and in
    # the API reference's own examples of what is scheduled, it decides nothing; where it goes out, `sending` follows.
    "accepted": "unknown",
    "queued": "unknown",
    "sending": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "cancelled",  # one l
}
"""Twilio's words for a message, in ours; any other word is `unknown` too (API reference, "Message resource", Status).

The words of received messages (`receiving`, `received`) have no place here: a reply is known by its `Body`.
"""

FAILURES = {
    # Codes of refused requests, which a scheduled message may meet when its time comes.
    "21211": Failure.INVALID_NUMBER,
    "21610": Failure.OPTED_OUT,
    "21614": Failure.LANDLINE,  # no mobile number
    "21635": Failure.LANDLINE,
    # Codes of delivery.
    "30002": Failure.SENDER,  # the account was suspended meanwhile
    "30003": Failure.UNREACHABLE,  # switched off, or out of reach
    "30004": Failure.BLOCKED,
    "30005": Failure.UNREACHABLE,  # a number nobody knows, perhaps only for now
    "30006": Failure.LANDLINE,  # or a carrier that can't be reached
    "30007": Failure.BLOCKED,  # filtered by a carrier or by Twilio
    "30017": Failure.CARRIER,  # congested
    "30022": Failure.CARRIER,  # more than the carrier takes from the 10DLC campaign (United States)
    "30023": Failure.CARRIER,  # the brand's daily limit with the carrier
    "30024": Failure.SENDER,  # not provisioned at the carrier
    "30027": Failure.CARRIER,  # T-Mobile's daily limit for the brand
    "30032": Failure.SENDER,  # a toll-free number that is not verified
    "30033": Failure.SENDER,  # the 10DLC campaign is suspended
    "30034": Failure.SENDER,  # not registered for 10DLC (United States)
    "30035": Failure.SENDER,  # still being registered for it
    "30450": Failure.BLOCKED,  # taken for fraud, for half an hour
    "30610": Failure.BLOCKED,  # quiet hours of Twilio's own
}
"""What Twilio's codes for undelivered messages mean.

Each code has a page of its own in the "Error and Warning Dictionary" (https://www.twilio.com/docs/api/errors). A code
that is not here means nothing to us.
"""

_WHAT = "Twilio webhook"
_MOST_FIELDS = 1000
"""Fields of a webhook: Twilio sends some twenty, and three for each picture."""
_REPLIES = {"STOP": "opted_out", "START": "opted_in", "HELP": "received"}
"""What Twilio itself took a reply for (`OptOutType`, Twilio, "Advanced Opt-Out")."""


def signed_text(url: str, fields: list[tuple[str, str]]) -> bytes:
    """Return what Twilio signs, as bytes: the address, then each field's name and value, sorted, none twice."""
    return (url + "".join(name + value for name, value in sorted(set(fields)))).encode()


def _addresses(url: str) -> Iterator[str]:
    """Yield the address with and without its port, since proxies and Twilio disagree on naming one.

    A fragment (`#rc=3`: how often Twilio tries again) is never sent, and so not signed. Raises `SignatureError` for
    what is no address.
    """
    url = url.partition("#")[0]
    try:
        parts = urlsplit(url)
        host, named = parts.hostname or "", parts.port
    except ValueError:
        raise SignatureError(f"{_WHAT}: {shown_name(url)} is no address that a webhook can have come to") from None
    yield url
    port = {"https": 443, "http": 80}.get(parts.scheme)
    yield urlunsplit(parts._replace(netloc=host if named else f"{host}:{port}"))


def _address(named: str, configured: str | None) -> str | None:
    """Return the address that a webhook came to: the one that the host names, on the configured one's host, else that.

    Raises `SignatureError` for another host's: a header may have come from anywhere.
    """
    if not named:
        return configured
    if configured and _host(named) != _host(configured):
        raise SignatureError(f"{_WHAT}: it is said to have come to another host than webhook_url's: {_host(named)!r}")
    return named


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "")[:100]
    except ValueError:
        return ""


def verified(
    auth_token: str, webhook_url: str | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[DeliveryEvent, ...]:
    """Return the event of a webhook whose signature is right; `now` is its time.

    `webhook_url` is the public address. The host may name another one of the same host in a header, or any where there
    is no `webhook_url`. Raises `ConfigurationError`, `SignatureError` or `PayloadError`.
    """
    names = lowered(headers)
    url = _address(names.get("x-reminder-kit-url", ""), webhook_url)
    if not url:
        raise ConfigurationError(f"{_WHAT}: its signature covers its address: set `webhook_url` in [provider]")
    if not (signature := names.get("x-twilio-signature")):
        raise SignatureError(f"{_WHAT}: it has no x-twilio-signature; it is not from Twilio")
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise SignatureError(f"{_WHAT}: the body is no form") from None
    checks = [same_hmac(auth_token, signed_text(address, fields), signature, "sha1") for address in _addresses(url)]
    if not any(checks):
        raise SignatureError(
            f"{_WHAT}: the signature fits neither the token nor the address {urlsplit(url).hostname}; "
            "check TWILIO_AUTH_TOKEN and that webhook_url is exactly the public address"
        )
    return (_event(dict(fields), utc(now)),)


def _event(fields: dict[str, str], now: datetime) -> DeliveryEvent:
    """Return the event of a verified webhook's fields: a reply where it has a `Body`, else a status."""
    sid = fields.get("MessageSid") or fields.get("SmsSid")
    if not sid:
        raise PayloadError(f"{_WHAT}: it names no message")
    status = fields.get("MessageStatus") or fields.get("SmsStatus", "")
    inbound = "Body" in fields and status in {"", "received", "receiving"}
    text = fields.get("Body", "") if inbound else None
    kind = STATUSES.get(status, "unknown")
    if inbound:
        kind = _REPLIES.get(fields.get("OptOutType", "").upper()) or reply_type(fields.get("Body", ""))
    return DeliveryEvent(
        id=f"{sid}:{status or 'received'}",
        type=kind,
        occurred_at=now,
        provider="twilio",
        provider_id=sid,
        number=fields.get("From" if inbound else "To"),
        text=text,
        code=fields.get("OptOutType" if inbound else "ErrorCode", ""),
        raw=fields,
    )
