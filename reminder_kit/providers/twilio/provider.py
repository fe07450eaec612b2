"""Twilio: messages scheduled by a Messaging Service as requests, and which answer is which receipt or error.

Pure: no clock, no I/O; only the constructor looks at the environment. Never builds a request without a Messaging
Service: Twilio drops the schedule of such a request and sends the message at once (Twilio Support, article
4412165297947).

Sources: Twilio's API reference ("Message resource", the OpenAPI description), its pages "Message Scheduling" and "Error
and Warning Dictionary". They disagree on the shortest lead (5 or 15 minutes; 15 here, unless `min_lead` says otherwise)
and name no cut-off for cancelling other than "while still scheduled".
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from reminder_kit.errors import (
    ConfigurationError,
    InvalidInputError,
    InvalidNumberError,
    MessageNotFoundError,
    OptedOutError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
)
from reminder_kit.model.instants import iso, utc
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports import Capabilities, Receipt, Request, Response
from reminder_kit.providers.answers import json_object, short, text_of
from reminder_kit.providers.twilio.webhooks import FAILURES, STATUSES, verified
from reminder_kit.rules.window import Window

__all__ = ["Twilio"]

_CODES: dict[str, tuple[type[ProviderError], str]] = {
    # The account, the pace, and what is not there. A 20429 was never processed (Error 20429).
    "20003": (RefusedCredentialError, "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
    "20404": (MessageNotFoundError, "this settles nothing by itself"),
    "20429": (RateLimitedError, "nothing was done; it is tried again later"),
    # The person's number.
    "21211": (InvalidNumberError, "correct the phone number"),
    "21614": (InvalidNumberError, "the number cannot receive SMS"),
    # The sender, or what the account allows it.
    "21408": (SenderRefusedError, "allow the destination's country in the Twilio console"),
    "21606": (RefusedCredentialError, "the sender (`from`) is not one of the account's"),
    "21612": (SenderRefusedError, "the number cannot be reached from this sender"),
    # The person said STOP.
    "21610": (OptedOutError, "the person answered STOP; only START from that phone lifts it"),
    # The sender's queue, and the Messaging Service.
    "21611": (TransientError, "the sender's queue is full: it is tried again later"),
    "21703": (RefusedCredentialError, "the Messaging Service has no sender: add one in the Twilio console"),
    # Scheduling: no longer `scheduled`; no Messaging Service; more messages than are scheduled at once.
    "30409": (TooLateToCancelError, "ask for the message to learn more"),
    "35118": (RefusedCredentialError, "set `messaging_service_sid` in [provider]"),
    "35125": (QueueFullError, "too many messages are scheduled: it is tried again later"),
}
"""The error that a code of a refused request becomes, and its remedy; for any other code the HTTP status decides.

Each code has a page of its own in the "Error and Warning Dictionary" (https://www.twilio.com/docs/api/errors).
"""

_REMEDIES: dict[type[ProviderError], str] = {
    RefusedCredentialError: "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and base_url",
    RejectedError: "the same request would never be taken",
    UnknownOutcomeError: "it may have been done",
    MessageNotFoundError: "this settles nothing by itself",
}
"""The remedy of an error whose code is not in the table."""
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_LONGEST = 1600
"""Characters of a text ("Message resource", `Body`)."""
_PAGE = 200
"""Messages of one list: more than a number is sent while an answer may be lost."""
_SKEW = timedelta(minutes=5)
"""How far Twilio's clock and ours may be apart when a message is looked for."""
_MEDIA = 10
"""Media of an MMS ("Message resource", `MediaUrl`)."""


class Twilio:
    """Send through Twilio (https://www.twilio.com).

    `messaging_service_sid` (MG…, default: TWILIO_MESSAGING_SERVICE_SID) is needed; `from_` picks one of its
    senders, and None leaves the choice to the service. The account and its token default to the environment's
    TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, the base URL to TWILIO_BASE_URL. Twilio reports to `webhook_url`; its
    signature covers that address, so that it must be the public one; None means that the service's own is used.
    `min_lead` is the shortest lead (5 minutes at least), `schedule_ahead` shortens the 35 days that messages are
    parked ahead; None means all of them.

    Twilio knows no idempotency keys: a request without an answer can't be repeated safely, so that its message is
    looked for in the list of messages. Raises `ConfigurationError` for settings that contradict each other.
    """

    name = "twilio"

    def __init__(
        self,
        account_sid: str | None = None,
        auth_token: str | None = None,
        messaging_service_sid: str | None = None,
        from_: str | None = None,
        base_url: str | None = None,
        webhook_url: str | None = None,
        *,
        min_lead: timedelta = timedelta(minutes=15),
        schedule_ahead: timedelta | None = None,
    ) -> None:
        self._account = _given(account_sid, "TWILIO_ACCOUNT_SID")
        self._auth_token = _given(auth_token, "TWILIO_AUTH_TOKEN")
        self._service = _given(messaging_service_sid, "TWILIO_MESSAGING_SERVICE_SID")
        self._from = from_ or None
        self.base_url = (base_url or os.environ.get("TWILIO_BASE_URL") or "https://api.twilio.com").rstrip("/")
        self._webhook_url = webhook_url or None
        if not _SERVICE.fullmatch(self._service):
            raise ConfigurationError(
                "Twilio schedules by a Messaging Service only (without one it would send at once): set "
                "`messaging_service_sid` (MG and 32 hexadecimal digits) in [provider]"
            )
        if min_lead < timedelta(minutes=5):
            raise ConfigurationError(f"Twilio: min_lead = {min_lead} is shorter than the 5 minutes Twilio needs")
        ahead = min(schedule_ahead or timedelta(days=35), timedelta(days=35))
        if ahead <= min_lead + timedelta(minutes=1):
            raise ConfigurationError(f"Twilio: schedule_ahead = {ahead} leaves no window after min_lead = {min_lead}")
        self.capabilities = Capabilities(
            window=Window(min_lead, ahead, timedelta(0)),
            cap=500_000,
            lookup_age=timedelta(days=365),
            finds=True,
            signed_by="x-twilio-signature",
            failures=FAILURES,
        )

    def __repr__(self) -> str:
        return f"Twilio(messaging_service_sid={self._service!r}, from_={self._from!r}, base_url={self.base_url!r})"

    @property
    def sender(self) -> str:
        """The number that messages are sent from, else the Messaging Service that picks one."""
        return self._from or self._service

    def headers(self) -> Mapping[str, str]:
        """Return the credentials; raises `ConfigurationError` where they are missing."""
        if not self._account or not self._auth_token:
            raise ConfigurationError(
                "Twilio: no credentials: set the environment variables TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
            )
        credentials = b64encode(f"{self._account}:{self._auth_token}".encode()).decode()
        return {"authorization": f"Basic {credentials}", "content-type": "application/x-www-form-urlencoded"}

    # Requests

    def _messages(self, rest: str = "") -> str:
        """Return the path of the account's messages, or of one of them."""
        if not self._account:
            raise ConfigurationError("Twilio: no account: set the environment variable TWILIO_ACCOUNT_SID")
        return f"/2010-04-01/Accounts/{self._account}/Messages{rest}.json"

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:  # noqa: ARG002 - Twilio takes neither
        """Return the request that schedules the draft.

        Twilio takes no idempotency key, and our token can't stand in the webhook's address, which the signature
        covers. Raises `RejectedError` for what Twilio documents that it does not take.
        """
        if not draft.text.strip() and not draft.media_urls:
            raise _rejected("the text is empty: correct the template or data")
        if len(draft.text) > _LONGEST:
            raise _rejected(f"the text has {len(draft.text)} characters, of {_LONGEST} at most: shorten the template")
        if len(draft.media_urls) > _MEDIA:
            raise _rejected(f"{len(draft.media_urls)} media, of {_MEDIA} at most")
        fields = [
            ("To", draft.to),
            ("MessagingServiceSid", self._service),
            ("From", self._from),
            ("Body", draft.text),
            *(("MediaUrl", url) for url in draft.media_urls),
            ("ScheduleType", "fixed"),
            ("SendAt", iso(draft.send_at)),
            ("StatusCallback", self._webhook_url),
        ]
        try:
            body = urlencode([(name, value) for name, value in fields if value]).encode()
        except UnicodeEncodeError:
            raise _rejected(
                "the text holds half a character (a lone surrogate): correct the template or data"
            ) from None
        return Request("POST", self._messages(), body)

    def read(self, provider_id: str) -> Request:
        """Return the request that asks for a message."""
        return Request("GET", self._messages(f"/{provider_id}"))

    def cancel(self, provider_id: str) -> Request:
        """Return the request that cancels a message; Twilio takes it while the message is `scheduled`."""
        return Request("POST", self._messages(f"/{provider_id}"), b"Status=canceled")

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request:  # noqa: ARG002 - the list knows no token
        """Return the request that lists the messages to the draft's number, newest first.

        The request names no date: a scheduled message has no date of sending yet, and would not be listed.
        """
        return Request("GET", f"{self._messages()}?{urlencode({'To': draft.to, 'PageSize': _PAGE})}")

    def ping(self) -> Request:
        """Return a request that reads the account, and changes nothing."""
        return Request("GET", self._messages().replace("/Messages.json", ".json"))

    # Answers

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`.

        A status other than `scheduled` may mean that Twilio sends the message now; the receipt warns of it in `error`.
        Raises `UnknownOutcomeError` for a 5xx, a 408, a 409 and an unreadable 2xx; else the error of the code, or of
        the status.
        """
        if 200 <= response.status < 300:
            receipt = self._receipt(response, "create", UnknownOutcomeError)
            early = receipt.status != "scheduled" and not receipt.error
            warning = "Twilio did not say that it scheduled the message (is it sent now?): check the Messaging Service"
            return Receipt(receipt.provider_id, receipt.status, warning) if early else receipt
        if response.status >= 500 or response.status in {408, 409}:
            raise self._error(response, "create", UnknownOutcomeError)
        raise self._error(response, "create", _by_status(response.status, RefusedCredentialError))

    def parse_read(self, response: Response) -> Receipt:
        """Read the answer to `read`; raises `MessageNotFoundError` for a 404."""
        if 200 <= response.status < 300:
            return self._receipt(response, "read", TransientError)
        raise self._error(response, "read", _by_status(response.status, MessageNotFoundError))

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`; a refusal (`TooLateToCancelError`) is to be settled by `read`."""
        if 200 <= response.status < 300:
            return self._receipt(response, "cancel", TransientError)
        kind = (
            TooLateToCancelError if response.status in {400, 409} else _by_status(response.status, MessageNotFoundError)
        )
        raise self._error(response, "cancel", kind)

    def parse_found(
        self,
        response: Response,
        draft: Draft,
        *,
        token: str,  # noqa: ARG002 - the list knows no token
        created_at: datetime,
    ) -> tuple[Receipt, ...]:
        """Read the list: messages of this service with these words, created since, and not cancelled.

        Twilio has no field for our token, so that the words have to do. Raises as the other verbs do, and
        `TransientError` where the list can't be read.
        """
        if not 200 <= response.status < 300:
            raise self._error(response, "find", _by_status(response.status, MessageNotFoundError))
        listed = (json_object(response) or {}).get("messages")
        if not isinstance(listed, list):
            raise TransientError("Twilio: find was answered with nothing readable", provider=self.name)
        rows = [entry for entry in listed if isinstance(entry, dict) and self._may_be(entry, draft, created_at)]
        return tuple(
            receipt for receipt in map(_receipt_of, rows) if receipt.provider_id and receipt.status != "cancelled"
        )

    def _may_be(self, row: Mapping[str, Any], draft: Draft, created_at: datetime) -> bool:
        """Say whether a listed message may be the one whose answer was lost."""
        service = text_of(row.get("messaging_service_sid"))
        made_at = _rfc2822_instant(text_of(row.get("date_created")))
        return (
            text_of(row.get("to")) == draft.to
            and text_of(row.get("body")).strip() == draft.text.strip()
            and service in {"", self._service}
            and (text_of(row.get("num_media")) or "0") == str(len(draft.media_urls))
            and made_at is not None
            and made_at >= created_at - _SKEW
        )

    def _receipt(self, response: Response, verb: str, unreadable: type[ProviderError]) -> Receipt:
        """Return what a 2xx says of a message; raises `unreadable` where the answer can't be read."""
        message = json_object(response) or {}
        if not text_of(message.get("sid")):
            raise unreadable(
                f"Twilio: {verb} was answered with {response.status} and nothing readable; it may have been done",
                provider=self.name,
                status=response.status,
                raw=response.body[:2000],
            )
        return _receipt_of(message)

    def _error(self, response: Response, verb: str, otherwise: type[ProviderError]) -> ProviderError:
        """Return the error that an answer means: by its code unless it is a 5xx, else `otherwise`."""
        payload = json_object(response)
        code = text_of((payload or {}).get("code"))
        known, what = _CODES.get(code, (None, ""))
        kind = otherwise if known is None or response.status >= 500 else known
        if verb == "read" and issubclass(kind, RejectedError):
            kind = MessageNotFoundError
        details: dict[str, Any] = {"provider": self.name, "code": code, "status": response.status}
        details["raw"] = response.body[:2000] if payload is None else payload
        if issubclass(kind, RateLimitedError):
            details["retry_after"] = response.retry_after
        title = (
            short(text_of((payload or {}).get("message")))
            if kind in {RefusedCredentialError, RejectedError, SenderRefusedError}
            else ""
        )
        said = f"{code} {title}".strip() or "no reason given"
        advice = what or _REMEDIES.get(kind, "it is tried again later")
        return kind(f"Twilio: {verb} was answered with {response.status} ({said}): {advice}", **details)

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook (HMAC over its address and fields) and return its event.

        The address is `webhook_url`, or the one that the host puts into a header `x-reminder-kit-url`, which can't be
        forged since the signature covers it. Twilio signs no time: a repeated webhook is known by its event id alone,
        and `now` becomes the event's time. Raises `SignatureError` where the signature fits no address, `PayloadError`
        where the webhook names no message, and `ConfigurationError` where the token or the address is missing.
        """
        if not self._auth_token:
            raise ConfigurationError("Twilio webhook: no token to verify it with: set TWILIO_AUTH_TOKEN")
        return verified(self._auth_token, self._webhook_url, headers, body, now)


def _given(value: str | None, variable: str) -> str:
    """Return a setting; None means what the environment variable holds, or ""."""
    return (os.environ.get(variable, "") if value is None else value).strip()


def _receipt_of(message: Mapping[str, Any]) -> Receipt:
    """Return what a message of Twilio's says: of a read or cancelled message, and of each in a list."""
    status = STATUSES.get(text_of(message.get("status")).lower(), "unknown")
    return Receipt(text_of(message.get("sid")), status, text_of(message.get("error_code")))


def _rfc2822_instant(text: str) -> datetime | None:
    """Return the UTC instant that Twilio writes as RFC 2822 has it; None means that the text is anything else."""
    from email.utils import parsedate_to_datetime

    try:
        return utc(parsedate_to_datetime(text))
    except (ValueError, InvalidInputError):
        return None


def _rejected(why: str) -> RejectedError:
    return RejectedError(f"Twilio would refuse this message: {why}", provider="twilio")


def _by_status(status: int, missing: type[ProviderError]) -> type[ProviderError]:
    """Return the error that an HTTP status means where no code says more; `missing` is what a 404 means."""
    if status == 429:
        return RateLimitedError
    if status in {401, 403} or 300 <= status < 400:
        return RefusedCredentialError
    if status == 404:
        return missing
    return TransientError if status >= 500 or status in {408, 409} else RejectedError
