"""Webhooks of any content, signed as each provider signs: what is in them is wrong, not who they are from."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl

from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.twilio.webhooks import signed_text
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox.signer import Signer
from reminder_kit.testing import WEBHOOK_SECRET
from tests.factories import ACCOUNT, HOOK, SENDER, SERVICE, START

SIGNER = Signer()


def provider_of(name):
    """Return a provider that takes these letters."""
    if name == "telnyx":
        return Telnyx("KEY", SENDER, public_key=SIGNER.public_key)
    if name == "twilio":
        return Twilio(ACCOUNT, WEBHOOK_SECRET, SERVICE, webhook_url=HOOK)
    return Vonage(SENDER, "key", "secret", signature_secret=WEBHOOK_SECRET)


def signed(name, body):
    """Return the headers with which a provider would send this body."""
    if name == "telnyx":
        return SIGNER.headers(body, START)
    if name == "twilio":
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        digest = hmac.digest(WEBHOOK_SECRET.encode(), signed_text(HOOK, fields), "sha1")
        return {"x-twilio-signature": base64.b64encode(digest).decode()}
    claims = {"iat": int(START.timestamp()), "payload_hash": hashlib.sha256(body).hexdigest()}
    parts = [_packed(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = _packed(hmac.digest(WEBHOOK_SECRET.encode(), ".".join(parts).encode(), "sha256"))
    return {"authorization": f"Bearer {'.'.join(parts)}.{signature}"}


def _packed(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
