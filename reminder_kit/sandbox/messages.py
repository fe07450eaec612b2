"""The messages that the sandbox holds, from parked to delivered, as values and as Telnyx shows them.

Pure: no clock, no I/O. Never sends anything to anyone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import define, field

from reminder_kit.model.instants import iso

__all__ = ["GSM7", "NOWHERE", "Parked", "extent"]

NOWHERE = "https://webhooks.example/sandbox"
"""The address that an account shows whose webhooks are only kept."""

_GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("^{}\\[~]|€\f")
GSM7 = _GSM7_BASIC | _GSM7_TWICE
"""The characters of GSM 03.38's default alphabet and its extension."""


def extent(text: str, encoding: str | None = None) -> tuple[str, int, int]:
    """Return encoding, units and parts of a text (3GPP TS 23.038 and 23.040); `encoding` "ucs2" leaves no choice.

    A unit is a septet of GSM-7 (two for a character of the extension), or 16 bits of UTF-16.
    """
    if encoding != "ucs2" and GSM7.issuperset(text):
        units = len(text) + sum(letter in _GSM7_TWICE for letter in text)
        return "GSM-7", units, 1 if units <= 160 else -(-units // 153)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return "UTF-16", units, 1 if units <= 70 else -(-units // 67)


@define
class Parked:
    """One message that a provider took, whatever became of it. Instants are UTC, by the sandbox's clock."""

    #: The provider's name for it.
    id: str
    #: The person's number.
    to: str
    #: The sender; "" while a Messaging Service of Twilio's has not picked one.
    from_: str
    text: str
    #: When it goes out; `created_at` for a message that is not scheduled.
    send_at: datetime
    created_at: datetime
    #: Whether it was created with a send time.
    scheduled: bool
    #: Telnyx' word for what it is now, whichever provider took it.
    status: str
    #: The provider that took it: telnyx, twilio or vonage.
    kind: str = "telnyx"
    #: SMS or MMS.
    type: str = "SMS"
    #: Telnyx' messaging profile, or Twilio's Messaging Service: what an opt-out applies to.
    profile: str = ""
    #: Of an MMS; None: none.
    subject: str | None = None
    media_urls: tuple[str, ...] = ()
    #: Where its webhooks go, and where to if that fails; None: where the sandbox's go, or nowhere.
    webhook_url: str | None = None
    webhook_failover_url: str | None = None
    #: The encoding that was asked for; None: whichever fits.
    encoding: str | None = None
    #: The key of the request that created it; for Vonage, its `client_ref`.
    idempotency_key: str = ""
    #: When it went out, was over (delivered or failed), or was cancelled; None: that has not happened.
    sent_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    #: What went wrong, as Telnyx writes it: code, title, detail, source.
    errors: list[dict[str, Any]] = field(factory=list)

    @property
    def parts(self) -> int:
        """How many parts its text has, ten at the most; an MMS is one."""
        return 1 if self.type == "MMS" else min(extent(self.text, self.encoding)[2], 10)

    def payload(self) -> dict[str, Any]:
        """Return the message as Telnyx' API reference has it, and `send_at` as its guide shows it."""
        return {
            "record_type": "message",
            "direction": "outbound",
            "id": self.id,
            "type": self.type,
            "messaging_profile_id": self.profile,
            "organization_id": "00000000-0000-4000-8000-00000000000a",
            "from": {"phone_number": self.from_, "carrier": "", "line_type": ""},
            "to": [{"phone_number": self.to, "status": self.status, "carrier": "", "line_type": ""}],
            "cc": [],
            "text": self.text,
            "subject": self.subject,
            "num_chars": len(self.text),
            "media": [{"url": url, "content_type": None, "sha256": None, "size": None} for url in self.media_urls],
            "webhook_url": self.webhook_url,
            "webhook_failover_url": self.webhook_failover_url,
            "encoding": extent(self.text, self.encoding)[0],
            "parts": self.parts,
            "smart_encoding_applied": False,
            "tags": [],
            "cost": None,
            "cost_breakdown": None,
            "tcr_campaign_id": None,
            "tcr_campaign_billable": False,
            "tcr_campaign_registered": None,
            "wait_seconds": 0.0,
            "received_at": _iso_millis(self.created_at),
            "sent_at": _iso_millis(self.sent_at),
            "completed_at": _iso_millis(self.completed_at),
            "valid_until": None,
            "send_at": iso(self.send_at) if self.scheduled else None,
            "errors": self.errors,
        }

    def summary(self) -> dict[str, Any]:
        """Return the message as `GET /_sandbox/messages` shows it."""
        return {
            "id": self.id,
            "to": self.to,
            "from": self.from_,
            "text": self.text,
            "status": self.status,
            "send_at": iso(self.send_at),
            "created_at": _iso_millis(self.created_at),
            "sent_at": _iso_millis(self.sent_at),
            "cancelled_at": _iso_millis(self.cancelled_at),
            "provider": self.kind,
            "scheduled": self.scheduled,
            "type": self.type,
            "media_urls": list(self.media_urls),
            "subject": self.subject,
            "messaging_profile_id": self.profile,
            "webhook_url": self.webhook_url,
            "idempotency_key": self.idempotency_key,
        }


def _iso_millis(moment: datetime | None) -> str | None:
    """Return an instant as ISO text with milliseconds, None as None."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
