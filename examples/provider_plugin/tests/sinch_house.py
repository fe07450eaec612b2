"""A house for Sinch: batches, their delivery reports, and callbacks as Sinch's pages have them."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from reminder_kit.ports import from_iso, iso
from reminder_kit.sandbox import Answer, Call, answer
from reminder_kit.testing import Guest, House

WORDS = {"scheduled": "Queued", "delivered": "Delivered", "cancelled": "Cancelled"}


class SinchHouse(House):
    """Takes batches of one; a past send time is sent at once."""

    secret = "SECRET"  # noqa: S105 - of a house

    def respond(self, call: Call) -> Answer:
        """Answer one request below `/xms/v1/{plan}`."""
        path = call.path.partition("/batches")[2].strip("/")
        if call.method == "POST":
            fields = call.json()
            to, text, send_at = *fields["to"], fields["body"], from_iso(fields["send_at"])
            return answer(
                201, _batch(self.take(to=to, text=text, send_at=send_at, reference=fields["client_reference"]))
            )
        if not path:
            wanted = unquote(call.query.get("client_reference", ""))
            return answer(
                200, {"batches": [_batch(guest) for guest in self.guests.values() if guest.reference == wanted]}
            )
        guest = self.guests.get(path.partition("/")[0])
        if guest is None:
            return Answer(404)
        if path.endswith("/delivery_report"):
            return answer(200, {"batch_id": guest.id, "statuses": [{"status": WORDS[guest.status], "count": 1}]})
        if call.method == "DELETE" and guest.status != "cancelled":
            if guest.status == "delivered":
                return answer(409, {"code": "batch_sent"})
            guest.status = "cancelled"
        return answer(200, _batch(guest))

    def report(self, guest: Guest) -> tuple[Mapping[str, str], bytes]:
        """Return the callback of a message that was delivered."""
        told = {"type": "recipient_delivery_report_sms", "batch_id": guest.id, "status": "Delivered", "code": 0}
        person = {"recipient": guest.to.lstrip("+"), "client_reference": guest.reference}
        return self._signed({**told, **person, "at": iso(guest.send_at)})

    def reply(self, number: str, text: str) -> tuple[Mapping[str, str], bytes]:
        """Return the callback of a reply."""
        told = {"type": "mo_text", "id": f"mo-{text}", "from": number.lstrip("+"), "to": "12025550100", "body": text}
        return self._signed({**told, "received_at": iso(self.now())})

    def _signed(self, fields: dict[str, Any]) -> tuple[Mapping[str, str], bytes]:
        return signed(json.dumps(fields).encode(), self.now(), self.secret)


def signed(body: bytes, at: datetime, secret: str) -> tuple[Mapping[str, str], bytes]:
    """Return the headers with which Sinch sends a body at an instant, and the body."""
    stamp, name = str(int(at.timestamp())), "x-sinch-webhook-signature"
    made = base64.b64encode(hmac.digest(secret.encode(), body + f".n-1.{stamp}".encode(), "sha256")).decode()
    return {name: made, f"{name}-nonce": "n-1", f"{name}-timestamp": stamp, f"{name}-algorithm": "HmacSHA256"}, body


def _batch(guest: Guest) -> dict[str, Any]:
    return {"id": guest.id, "to": [guest.to.lstrip("+")], "canceled": guest.status == "cancelled", "body": guest.text}
