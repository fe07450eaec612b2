"""Twilio's webhooks: verify address and fields, then read what happened to a message or what a person replied.

Pure: no clock, no I/O. Never takes the address of a webhook from the webhook: the signature covers it. Sources:
Twilio, "Webhooks Security" (signature, JSON bodies, shared keys) and "Outbound Message Status in Status Callbacks".
Callbacks come in any order and more than once; a message and its status together are an event's id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from attrs import field, frozen

from reminder_kit.errors import ConfigurationError, PayloadError, SignatureError
from reminder_kit.model.consent import sender_names
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.ports import Failure
from reminder_kit.providers.answers import text_of
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.signatures import lowered, same_hmac

__all__ = ["FAILURES", "STATUSES", "Secrets", "signed_text", "verified"]

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
_DIGEST = "bodySHA256"
"""The parameter of an address that carries the digest of a JSON body ("Webhooks Security")."""
_PORTS = {"https": 443, "http": 80}
_ALGORITHMS = {"": "sha1", "HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
"""By Twilio's names, the digests of hashlib that a signature is made with; "": the header names none."""


@frozen
class Secrets:
    """What webhooks may be signed with."""

    #: The account's token; "": there is none.
    auth_token: str = field(repr=False)
    #: Shared keys, of which Twilio uses one at a time: two while they change.
    shared_keys: tuple[str, ...] = field(default=(), repr=False)

    def of(self, algorithm: str) -> tuple[str, ...]:
        """Return the secrets that may stand behind an algorithm: shared keys sign by SHA-256 only."""
        keys = self.shared_keys if algorithm == "sha256" else ()
        return tuple(secret for secret in (*keys, self.auth_token) if secret)

    def names(self, algorithm: str) -> str:
        """Return the names of the variables that hold them."""
        return "TWILIO_WEBHOOK_KEY" if algorithm == "sha256" and self.shared_keys else "TWILIO_AUTH_TOKEN"


def signed_text(url: str, fields: list[tuple[str, str]]) -> bytes:
    """Return what Twilio signs, as bytes: the address, then each field's name and value, sorted, none twice."""
    return (url + "".join(name + value for name, value in sorted(set(fields)))).encode()


def _addresses(url: str) -> Iterator[str]:
    """Yield the address with and without its port, since proxies and Twilio disagree on naming one.

    A user and password in it stay, as Twilio's own SDKs have it. A fragment (`#rc=3`: how often Twilio tries again) is
    never sent, and so not signed. Raises `SignatureError` for what is no address.
    """
    url = url.partition("#")[0]
    try:
        parts = urlsplit(url)
        named = parts.port
    except ValueError:
        raise SignatureError(f"{_WHAT}: {shown_name(url)} is no address that a webhook can have come to") from None
    yield url
    place = parts.netloc
    other = f"{place}:{_PORTS.get(parts.scheme)}" if named is None else place[: place.rindex(":")]
    yield urlunsplit(parts._replace(netloc=other))


def _address(named: str | None, configured: str | None) -> str:
    """Return the address that a webhook came to: the configured one, or what the host names, on the same host.

    What the host names may be a path with its query, or a query alone; the rest is the configured address'. Raises
    `SignatureError` for another host's address, which a host that takes it from the request has from outside, and
    `ConfigurationError` where nothing is whole.
    """
    try:
        found = urljoin(configured or "", named or "")
        host, expected = urlsplit(found).hostname, urlsplit(configured or found).hostname
    except ValueError:
        raise SignatureError(f"{_WHAT}: {shown_name(named)} is no address that a webhook can have come to") from None
    if not host:
        raise ConfigurationError(f"{_WHAT}: its signature covers its address: set `webhook_url` in [provider]")
    if host != expected:
        raise SignatureError(f"{_WHAT}: it is said to have come to another host than webhook_url's: {host[:100]!r}")
    return found


def _is_json(body: bytes) -> bool:
    """Say whether a body is JSON rather than a form, in which no field's name begins with a brace."""
    return body.lstrip()[:1] == b"{"


def _with_digest(url: str, body: bytes) -> str:
    """Return the address that a JSON body was signed with, which carries the body's digest.

    Twilio puts that there itself, so that an address which does not have it gets it. Raises `SignatureError` where it
    is another body's.
    """
    digest = hashlib.sha256(body).hexdigest()
    url = url.partition("#")[0]
    named = [value for name, value in parse_qsl(urlsplit(url).query) if name == _DIGEST]
    if not named:
        return f"{url}{'&' if '?' in url else '?'}{_DIGEST}={digest}"
    if not hmac.compare_digest(named[0].lower().encode(), digest.encode()):
        raise SignatureError(f"{_WHAT}: the address is signed for another body ({_DIGEST})")
    return url


def _fields(body: bytes) -> list[tuple[str, str]]:
    """Return the fields of a form, or the scalars of a JSON object; raises `SignatureError` where it is neither."""
    try:
        if not _is_json(body):
            return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        return [(name, text_of(value)) for name, value in json.loads(body).items()]
    except (ValueError, RecursionError):
        raise SignatureError(f"{_WHAT}: the body is neither a form nor JSON") from None


def _algorithm(settings: str) -> str:
    """Return the name of the digest that a webhook is signed with, as hashlib has it.

    Webhooks that are signed with a shared key say so in a header: `key=…,algorithm=HMAC_SHA256` ("Webhooks Security").
    Raises `SignatureError` for another algorithm.
    """
    named = dict(part.strip().partition("=")[::2] for part in settings.split(",")).get("algorithm", "").strip()
    if (found := _ALGORITHMS.get(named.upper())) is None:
        raise SignatureError(f"{_WHAT}: it is signed by {shown_name(named)}, which we do not know")
    return found


def verified(
    secrets: Secrets, webhook_url: str | None, url: str | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> tuple[DeliveryEvent, ...]:
    """Return the event of a webhook whose signature is right; `now` is its time.

    `webhook_url` is the configured public address, `url` what the host says of the one it came to (see `_address`).
    Raises `ConfigurationError`, `SignatureError` or `PayloadError`.
    """
    names = lowered(headers)
    address = _address(url, webhook_url)
    if not (signature := names.get("x-twilio-signature")):
        raise SignatureError(f"{_WHAT}: it has no x-twilio-signature; it is not from Twilio")
    fields = _fields(body)
    signed_fields = [] if _is_json(body) else fields
    signed_address = _with_digest(address, body) if _is_json(body) else address
    algorithm = _algorithm(names.get("x-twilio-webhooks-signature-settings", ""))
    checks = [
        same_hmac(secret, signed_text(spelling, signed_fields), signature, algorithm)
        for spelling in _addresses(signed_address)
        for secret in secrets.of(algorithm)
    ]
    if not any(checks):
        raise SignatureError(
            f"{_WHAT}: the signature fits neither {secrets.names(algorithm)} nor the address "
            f"{urlsplit(address).hostname}; check both, and that webhook_url is exactly the public address"
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
        senders=sender_names(fields.get("To"), fields.get("MessagingServiceSid")) if inbound else (),
    )
