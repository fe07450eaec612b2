"""Vonage: messages that leave at their minute (Vonage parks none), and its webhooks in our words.

Never reads the clock but for the life of its credential, and performs no I/O but for the file of its private key; a
reminder that is not due yet stays in the ledger, held by the kit.

Sources: Vonage's API reference "Messages API" (the OpenAPI description and its errors), and the pages "Authentication"
and "Signed webhooks". A message can be neither cancelled nor read: the API reference has no endpoint for either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from reminder_kit.errors import (
    ConfigurationError,
    MessageNotFoundError,
    RejectedError,
    SignatureError,
    TooLateToCancelError,
    UnknownOutcomeError,
)
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports import Capabilities, Receipt, Request, Response
from reminder_kit.providers.addresses import http_address
from reminder_kit.providers.answers import json_object, text_of
from reminder_kit.providers.jwt import made_rs256, numeric_date, verified_hs256
from reminder_kit.providers.senders import barred_countries
from reminder_kit.providers.signatures import check_near, lowered
from reminder_kit.providers.vonage.content import content
from reminder_kit.providers.vonage.responses import FAILURES, refusal
from reminder_kit.providers.vonage.sms_api import check_signature, fields_of, is_sms_api
from reminder_kit.providers.vonage.webhooks import read_event, sms_api_event
from reminder_kit.rules.window import Window

__all__ = ["Vonage"]

_WHAT = "Vonage webhook"
_LONGEST, _LONGEST_CAPTION = 3200, 3000
"""Characters of a text, and of the text beside media (Messages API, `text` and `caption`; older copies: 1,000)."""
_NONE = timedelta(0)
"""No lead, no cut-off, no margin: the window of a provider that parks nothing."""
_TOKEN_LIFE = 900
"""Seconds for which an application's token holds."""


class Vonage:
    """Send through Vonage's Messages API (https://developer.vonage.com), each message when it is due.

    Due messages leave with `resync --every 60s` or any other run of the batch job. The credentials default to the
    environment: VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY (PEM text or a file's path), else VONAGE_API_KEY and
    VONAGE_API_SECRET; webhooks are verified with VONAGE_SIGNATURE_SECRET. `from_` is a number or a name.
    `webhook_url` is where Vonage reports on each message; None means the application's or the account's own address.
    `tolerance` is how far a webhook's `iat` may be from the kit's clock, either way. `clock` returns Unix seconds, for
    the life of a token only. Raises `ConfigurationError` where there is no sender.
    """

    name = "vonage"

    def __init__(
        self,
        from_: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        application_id: str | None = None,
        private_key: str | None = None,
        signature_secret: str | None = None,
        base_url: str | None = None,
        webhook_url: str | None = None,
        *,
        tolerance: timedelta = timedelta(minutes=5),
        clock: Callable[[], float] = time.time,  # noqa: TID251 - for the life of a credential only
    ) -> None:
        if not from_:
            raise ConfigurationError("Vonage needs a sender: set `from` (a number or a name) in [provider]")
        self._from = from_
        self._api_key = _given(api_key, "VONAGE_API_KEY")
        self._api_secret = _given(api_secret, "VONAGE_API_SECRET")
        self._application = _given(application_id, "VONAGE_APPLICATION_ID")
        self._private_key = _given(private_key, "VONAGE_PRIVATE_KEY")
        self._signature_secret = _given(signature_secret, "VONAGE_SIGNATURE_SECRET")
        base = base_url or os.environ.get("VONAGE_BASE_URL") or "https://api.nexmo.com"
        self.base_url = http_address(base, "Vonage", "base_url").rstrip("/")
        self._webhook_url = http_address(webhook_url, "Vonage", "webhook_url") if webhook_url else None
        self._tolerance = tolerance
        self._clock = clock
        self._bearer: tuple[str, float] = ("", 0.0)
        self.capabilities = Capabilities(
            window=Window(_NONE, _NONE, _NONE, _NONE),
            cancels=False,
            not_to=barred_countries(self._from),
            echoes_token=True,
            signed_by="authorization",
            failures=FAILURES,
        )

    def __repr__(self) -> str:
        return f"Vonage(from_={self._from!r}, base_url={self.base_url!r})"

    @property
    def sender(self) -> str:
        """The number or name that messages are sent from."""
        return self._from

    @property
    def account(self) -> str:
        """What its tokens are made of, which are others each time; "": the headers tell the account themselves."""
        return f"{self._application}:{self._private_key}" if self._application and self._private_key else ""

    def headers(self) -> Mapping[str, str]:
        """Return the credentials; raises `ConfigurationError` where they are missing."""
        if self._application and self._private_key:
            return {"authorization": f"Bearer {self._application_token()}"}
        if not self._api_key or not self._api_secret:
            raise ConfigurationError(
                "Vonage: no credentials: set VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY, or VONAGE_API_KEY and "
                "VONAGE_API_SECRET, in the environment"
            )
        return {"authorization": "Basic " + b64encode(f"{self._api_key}:{self._api_secret}".encode()).decode()}

    def _application_token(self) -> str:
        """Return the application's token, which holds for 15 minutes and is made anew when 5 are left."""
        now = self._clock()
        token, until = self._bearer
        if now > until - 300:
            until = now + _TOKEN_LIFE
            claims = {"application_id": self._application, "iat": int(now), "exp": int(until), "jti": str(uuid4())}
            token = made_rs256(claims, _pem(self._private_key))
            self._bearer = (token, until)
        return token

    # Requests

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:  # noqa: ARG002 - Vonage takes no key
        """Return the request that sends the draft now; our token is its `client_ref`.

        Vonage takes no idempotency key. Raises `RejectedError` for what Vonage documents that it does not take: neither
        text nor media, or too many characters.
        """
        mms = draft.channel == "mms" or bool(draft.media_urls)
        if not draft.media_urls and not draft.text.strip():
            raise _rejected("the text is empty: correct the template or data")
        longest = _LONGEST_CAPTION if draft.media_urls else _LONGEST
        if len(draft.text) > longest:
            raise _rejected(f"the text has {len(draft.text)} characters, of {longest} at most: shorten the template")
        fields: dict[str, Any] = {
            "channel": "mms" if mms else "sms",
            "to": draft.to.lstrip("+"),
            "from": self._from.lstrip("+"),
            "client_ref": token,
            **content(draft),
        }
        fields |= {"webhook_url": self._webhook_url} if self._webhook_url else {}
        try:
            body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            raise _rejected(
                "the text holds half a character (a lone surrogate): correct the template or data"
            ) from None
        return Request("POST", "/v1/messages", body, {"content-type": "application/json", "accept": "application/json"})

    def read(self, provider_id: str) -> Request:
        """Raise `MessageNotFoundError`: Vonage can't be asked for a message."""
        raise MessageNotFoundError(f"Vonage cannot be asked for a message ({provider_id})", provider=self.name)

    def cancel(self, provider_id: str) -> Request:
        """Raise `TooLateToCancelError`: what Vonage has taken is being sent."""
        raise TooLateToCancelError(f"Vonage cannot withdraw a message ({provider_id})", provider=self.name)

    def ping(self) -> Request:
        """Return a request that lists one application (Application API; it takes the API key, not a token)."""
        return Request("GET", "/v2/applications?page_size=1", headers={"accept": "application/json"})

    # Answers

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`: a 2xx with an id is a message on its way.

        Raises `UnknownOutcomeError` for a 5xx, a 408, a 409 and an unreadable 2xx. A 401 is the credentials', a 402 the
        balance's, a 429 the rate's. Any other error goes by its code, else by the parameter that is named as invalid:
        it is of the moment (`TransientError` and below), of the account (`AccountRefusedError` and below) or of the
        message (`RejectedError` and below); where neither is known a 403 is the account's, and the rest an
        `UnknownRefusalError`.
        """
        if not response.is_success:
            raise refusal(response)
        if provider_id := text_of((json_object(response) or {}).get("message_uuid")):
            return Receipt(provider_id, "sent")
        raise refusal(response, UnknownOutcomeError)

    def parse_read(self, response: Response) -> Receipt:
        """Raise `MessageNotFoundError`: there is nothing to read."""
        raise MessageNotFoundError("Vonage cannot be asked for a message", provider=self.name, status=response.status)

    def parse_cancelled(self, response: Response) -> Receipt:
        """Raise `TooLateToCancelError`: there is nothing to withdraw."""
        raise TooLateToCancelError("Vonage cannot withdraw a message", provider=self.name, status=response.status)

    # Webhooks

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook (a token that carries the body's digest and its age) and return its event.

        Raises `SignatureError` where the token, the digest, the account or the age (beyond `tolerance`) is wrong,
        `PayloadError` where the webhook names no message, and `ConfigurationError` where there is no secret or no
        PyJWT.
        """
        if not self._signature_secret:
            raise ConfigurationError(f"{_WHAT}: no secret to verify it with: set VONAGE_SIGNATURE_SECRET")
        scheme, _, token = lowered(headers).get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            return (self._of_sms_api(fields_of(body), utc(now)),)
        claims = verified_hs256(token.strip(), self._signature_secret, now, self._tolerance, _WHAT)
        self._check_claims(claims, body, now)
        return (read_event(body, utc(now)),)

    def _of_sms_api(self, fields: Mapping[str, Any], now: datetime) -> DeliveryEvent:
        """Verify what came without a token: the SMS API signs by a parameter. Raises as `events` does."""
        if not is_sms_api(fields):
            raise SignatureError(f"{_WHAT}: it has no bearer token; it is not from Vonage, or signing is off there")
        check_signature(fields, self._signature_secret, now, self._tolerance, _WHAT)
        self._check_account(text_of(fields.get("api-key")))
        return sms_api_event(fields, now)

    def _check_account(self, account: str) -> None:
        """Raise `SignatureError` for another account's webhook: one secret may stand in several of them."""
        if self._api_key and account and account != self._api_key:
            raise SignatureError(f"{_WHAT}: it is another account's (api_key): check VONAGE_API_KEY")

    def _check_claims(self, claims: Mapping[str, Any], body: bytes, now: datetime) -> None:
        """Raise `SignatureError` for a token of another body, account or time ("Signed webhooks")."""
        digest = hashlib.sha256(body).hexdigest()
        if not hmac.compare_digest(text_of(claims.get("payload_hash")).lower().encode(), digest.encode()):
            raise SignatureError(f"{_WHAT}: the token was made for another body")
        self._check_account(text_of(claims.get("api_key")))
        if (signed_at := numeric_date(claims.get("iat"), _WHAT)) is None:
            raise SignatureError(f"{_WHAT}: the token does not say when it was made")
        check_near(signed_at, now, self._tolerance, _WHAT)


def _given(value: str | None, variable: str) -> str:
    """Return a setting; None means what the environment variable holds, or ""."""
    return (os.environ.get(variable, "") if value is None else value).strip()


def _pem(text: str) -> str:
    """Return the private key itself, or what the file of that name holds; raises `ConfigurationError` for neither."""
    if "-----BEGIN" in text:
        return text.replace("\\n", "\n")
    try:
        return Path(text).read_text(encoding="ascii")
    except (OSError, ValueError):
        raise ConfigurationError(
            "Vonage: VONAGE_PRIVATE_KEY is neither a key in PEM form nor a readable file"
        ) from None


def _rejected(why: str) -> RejectedError:
    return RejectedError(f"Vonage would refuse this message: {why}", provider="vonage")
