"""Sinch's SMS REST API for reminder_kit: a batch of one message, scheduled, read, cancelled, found by our token.

Pure. From Sinch's "Batches", "Delivery reports" and "Callbacks"; these bound no `send_at`: the window is our own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partialmethod

from reminder_kit import ports

STATUSES = {"Queued": "scheduled", "Dispatched": "sent", "Delivered": "delivered", "Cancelled": "cancelled"}
STATUSES |= dict.fromkeys(("Aborted", "Rejected", "Deleted", "Failed", "Expired"), "undelivered")
KINDS = {"invalid_recipient": ports.InvalidNumberError, "batch_sent": ports.TooLateToCancelError}
SIGNED_BY = "x-sinch-webhook-signature"


class Sinch:
    """Send through Sinch; the plan and its secrets are in SINCH_SERVICE_PLAN, SINCH_API_TOKEN, SINCH_SECRET."""

    name = "sinch"
    capabilities = ports.Capabilities(
        window=ports.Window(timedelta(minutes=1), timedelta(days=30), timedelta(minutes=1)),
        lookup_age=timedelta(days=14),
        mms=False,
        echoes_token=True,
        finds=True,
        signed_by=SIGNED_BY,
    )

    def __init__(self, from_: str = "", base_url: str = "https://us.sms.api.sinch.com") -> None:
        if not from_:
            raise ports.ConfigurationError("Sinch needs a sender: set `from` in [provider]")
        self.sender = from_
        self.base_url = f"{base_url}/xms/v1/{os.environ.get('SINCH_SERVICE_PLAN', '')}"

    def headers(self) -> Mapping[str, str]:
        """Return the credentials, which no stored request holds."""
        if not (token := os.environ.get("SINCH_API_TOKEN")):
            raise ports.ConfigurationError("Sinch: no token: set the environment variable SINCH_API_TOKEN")
        return {"authorization": f"Bearer {token}"}

    def create(self, draft: ports.Draft, *, token: str, idempotency_key: str) -> ports.Request:  # noqa: ARG002
        """Return the request for a batch of one; Sinch knows no idempotency key, our token is its reference."""
        if not draft.text.strip() or any("\ud800" <= letter <= "\udfff" for letter in draft.text):
            raise ports.RejectedError("Sinch takes neither an empty text nor half a character", provider=self.name)
        batch = {"from": self.sender, "to": [draft.to], "body": draft.text, "send_at": ports.iso(draft.send_at)}
        body = json.dumps({**batch, "client_reference": token, "delivery_report": "per_recipient"}).encode()
        return ports.Request("POST", "/batches", body, {"content-type": "application/json"})

    def read(self, provider_id: str) -> ports.Reading:
        """Ask for the batch and, where it was not cancelled, for its delivery report: it takes both to tell."""
        batch = self.parse_read((yield ports.Request("GET", f"/batches/{provider_id}")))
        if batch.status == "cancelled":
            return batch
        found = self._list((yield ports.Request("GET", f"/batches/{provider_id}/delivery_report")), "statuses", "read")
        return ports.Receipt(provider_id, STATUSES.get(found[0], "unknown") if found else "unknown")

    def cancel(self, provider_id: str) -> ports.Request:
        """Return the request that cancels a batch."""
        return ports.Request("DELETE", f"/batches/{provider_id}")

    def find(self, draft: ports.Draft, *, token: str, **_times: datetime) -> ports.Request:  # noqa: ARG002
        """Return the request for the batches of our token."""
        return ports.Request("GET", f"/batches?client_reference={token}")

    def parse_found(self, response: ports.Response, draft: ports.Draft, **_asked: object) -> tuple[ports.Receipt, ...]:  # noqa: ARG002
        """Return the batches that were not cancelled; what became of them is for `read` to say."""
        return tuple(ports.Receipt(batch_id, "scheduled") for batch_id in self._list(response, "batches", "find"))

    def ping(self) -> ports.Request:
        """Return a harmless request."""
        return ports.Request("GET", "/batches?page_size=1")

    def _batch(self, verb: str, response: ports.Response) -> ports.Receipt:
        batch = ports.json_object(response) or {}
        if response.status not in {200, 201} or not (batch_id := ports.text_of(batch.get("id"))):
            raise ports.refusal(self.name, response, verb, ports.text_of(batch.get("code")), KINDS)
        return ports.Receipt(batch_id, "cancelled" if batch.get("canceled") is True else "scheduled")

    parse_created, parse_read = partialmethod(_batch, "create"), partialmethod(_batch, "read")
    parse_cancelled = partialmethod(_batch, "cancel")

    def _list(self, response: ports.Response, name: str, verb: str) -> list[str]:
        listed = (ports.json_object(response) or {}).get(name) if response.status == 200 else None
        if not isinstance(listed, list):
            raise ports.refusal(self.name, response, verb)
        rows = [row for row in listed if isinstance(row, dict) and not row.get("canceled")]
        return [ports.text_of(row.get("id") or row.get("status")) for row in rows]

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[ports.DeliveryEvent, ...]:
        """Verify a callback over its raw bytes, its nonce and its age, and return what it tells."""
        names = ports.lowered(headers)
        nonce, timestamp = names.get(f"{SIGNED_BY}-nonce", ""), names.get(f"{SIGNED_BY}-timestamp", "")
        if not (secret := os.environ.get("SINCH_SECRET")):
            raise ports.ConfigurationError("Sinch: no secret to verify callbacks with: set SINCH_SECRET")
        if not ports.same_hmac(secret, body + f".{nonce}.{timestamp}".encode(), names.get(SIGNED_BY, ""), "sha256"):
            raise ports.SignatureError("Sinch callback: it is not signed with SINCH_SECRET")
        ports.check_age(timestamp, now, timedelta(minutes=5), "Sinch callback")
        return (_event(body),)


def _event(body: bytes) -> ports.DeliveryEvent:
    """Return what became of a message, or a reply, of which the kit tells by its words what it asks for."""
    try:
        raw = json.loads(body)
        told = {"provider_id": raw.get("batch_id"), "token": raw.get("client_reference"), "raw": raw}
        if raw["type"] == "mo_text":
            told |= {"id": raw["id"], "type": "received", "text": raw["body"], "senders": (raw["to"],)}
        else:
            told |= {"id": f"{raw['batch_id']}:{raw['status']}", "type": STATUSES.get(raw["status"], "unknown")}
            told["code"] = str(raw.get("code") or "")
        number, at = raw.get("from") or raw["recipient"], ports.from_iso(raw.get("received_at") or raw["at"])
        return ports.DeliveryEvent(provider="sinch", number=f"+{number}", occurred_at=at, **told)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ports.PayloadError("Sinch callback: it is signed, and no event") from None
