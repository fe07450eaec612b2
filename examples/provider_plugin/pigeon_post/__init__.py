"""Pigeon Post: letters for later as requests, and its answers and webhooks in reminder_kit's words.

Pure: no clock, no I/O; only the constructor looks at the environment. An example: there is no such post.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta

from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
    PayloadError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SignatureError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.ports import (
    Capabilities,
    DeliveryEvent,
    Draft,
    Failure,
    Receipt,
    Request,
    Response,
    Window,
    from_iso,
    iso,
)
from reminder_kit.providers.answers import json_object, text_of
from reminder_kit.providers.replies import reply_type
from reminder_kit.providers.signatures import check_age, lowered, same_hmac

__all__ = ["Pigeon", "signature"]

STATUSES = {
    "waiting": "scheduled",
    "flying": "sent",
    "landed": "delivered",
    "lost": "undelivered",
    "recalled": "cancelled",
}
"""The post's words for a letter, in ours; any other word is `unknown`."""

CODES: dict[str, type[ProviderError]] = {
    "not_then": MistimedError,
    "no_stamps": AccountRefusedError,
    "no_such_loft": InvalidNumberError,
    "keep_away": OptedOutError,
    "already_flying": TooLateToCancelError,
}
"""What the post's codes ask for: of the moment, of the account, of the letter; any other goes by its HTTP status."""

_MINUTE = timedelta(minutes=1)


class Pigeon:
    """Send by Pigeon Post, 10 minutes to 30 days ahead; letters can be recalled until 2 minutes before.

    The key defaults to the environment's PIGEON_API_KEY, the webhooks' secret to PIGEON_SECRET.
    """

    name = "pigeon"
    capabilities = Capabilities(
        window=Window(10 * _MINUTE, timedelta(days=30), 2 * _MINUTE),
        key_life=timedelta(hours=24),
        lookup_age=timedelta(days=60),
        mms=False,
        echoes_token=True,
        signed_by="pigeon-seal",
        failures={"no_such_loft": Failure.INVALID_NUMBER, "hawk": Failure.CARRIER},
    )

    def __init__(
        self,
        from_: str = "",
        api_key: str | None = None,
        secret: str | None = None,
        base_url: str = "https://api.pigeon.example",
    ) -> None:
        if not from_:
            raise ConfigurationError("Pigeon Post needs a sender: set `from` (a loft's number) in [provider]")
        self._from = from_
        self._key = os.environ.get("PIGEON_API_KEY", "") if api_key is None else api_key
        self._secret = os.environ.get("PIGEON_SECRET", "") if secret is None else secret
        self.base_url = base_url

    @property
    def sender(self) -> str:
        """The loft letters leave from."""
        return self._from

    def headers(self) -> Mapping[str, str]:
        """Return the credentials; asked for with every request, and never stored."""
        if not self._key:
            raise ConfigurationError("Pigeon Post: no API key: set the environment variable PIGEON_API_KEY")
        return {"authorization": f"Bearer {self._key}"}

    # Requests

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:
        """Return the request that leaves a letter with the post; the same arguments give the same bytes."""
        if not draft.text.strip() or draft.media_urls:
            raise RejectedError("Pigeon Post takes letters with words and without pictures only", provider=self.name)
        fields = {"to": draft.to, "from": self._from, "words": draft.text, "leaves_at": iso(draft.send_at)}
        try:
            body = json.dumps({**fields, "reference": token}, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RejectedError("the text holds half a character: correct the template", provider=self.name) from None
        headers = {"content-type": "application/json", "idempotency-key": idempotency_key}
        return Request("POST", "/letters", body, headers)

    def read(self, provider_id: str) -> Request:
        """Return the request that asks for a letter."""
        return Request("GET", f"/letters/{provider_id}")

    def cancel(self, provider_id: str) -> Request:
        """Return the request that recalls a letter."""
        return Request("DELETE", f"/letters/{provider_id}")

    def ping(self) -> Request:
        """Return a harmless request."""
        return Request("GET", "/lofts")

    # Answers

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`: what can't be read, and every 5xx, leaves open what was done.

        A refusal is the letter's fault only where its code says so: a code that we don't know may be mended.
        """
        return self._receipt(response, "create", UnknownOutcomeError)

    def parse_read(self, response: Response) -> Receipt:
        """Read the answer to `read`: nothing can have been done, so that a failure is transient."""
        return self._receipt(response, "read", TransientError)

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`; the kit settles a failure by reading."""
        return self._receipt(response, "cancel", TransientError)

    def _receipt(self, response: Response, verb: str, unclear: type[ProviderError]) -> Receipt:
        letter = json_object(response) or {}
        if 200 <= response.status < 300 and (letter_id := text_of(letter.get("id"))):
            status = STATUSES.get(text_of(letter.get("status")), "unknown")
            return Receipt(letter_id, status, text_of(letter.get("why")), letter.get("replayed") is True)
        code = text_of(letter.get("code"))
        kind = CODES.get(code) or _by_status(response.status, verb, unclear)
        details = {"retry_after": response.retry_after} if kind is RateLimitedError else {}
        raise kind(
            f"Pigeon Post: {verb} was answered with {response.status} ({code or 'no reason given'})",
            provider=self.name,
            code=code,
            status=response.status,
            **details,
        )

    # Webhooks

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook over its raw bytes and its age, then return what it tells."""
        if not self._secret:
            raise ConfigurationError("Pigeon Post webhook: no secret to verify it with: set PIGEON_SECRET")
        names = lowered(headers)
        sealed_at, seal = names.get("pigeon-time", ""), names.get("pigeon-seal", "")
        if not same_hmac(self._secret, f"{sealed_at}|".encode() + body, seal, "sha256"):
            raise SignatureError("Pigeon Post webhook: the seal is not the post's; check PIGEON_SECRET")
        check_age(sealed_at, now, 5 * _MINUTE, "Pigeon Post webhook")
        return (_event(body),)


def signature(secret: str, sealed_at: str, body: bytes) -> str:
    """Return the seal of a webhook: what the post does, and tests of one's own endpoint need."""
    sealed = f"{sealed_at}|".encode() + body
    return base64.b64encode(hmac.digest(secret.encode(), sealed, hashlib.sha256)).decode()


def _event(body: bytes) -> DeliveryEvent:
    try:
        raw = json.loads(body)
        status, words = raw["status"], raw.get("words", "")
        return DeliveryEvent(
            id=raw["event"],
            type=reply_type(words) if status == "reply" else STATUSES.get(status, "unknown"),
            occurred_at=from_iso(raw["at"]),
            provider="pigeon",
            provider_id=raw["id"],
            token=raw.get("reference"),
            number=raw["person"],
            text=words if status == "reply" else None,
            code=raw.get("why", ""),
            raw=raw,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise PayloadError("Pigeon Post webhook: sealed, and yet no event") from None


def _by_status(status: int, verb: str, unclear: type[ProviderError]) -> type[ProviderError]:
    """Return the error for an answer whose code is in no table; only a new letter can be refused."""
    if status == 429:
        return RateLimitedError
    if status in {401, 403}:
        return AccountRefusedError if status == 403 and verb == "create" else RefusedCredentialError
    if not 400 <= status < 500 or status == 408:
        return unclear
    return UnknownRefusalError if verb == "create" else MessageNotFoundError
