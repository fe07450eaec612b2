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
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from reminder_kit.errors import (
    ConfigurationError,
    RejectedError,
    TooLateToCancelError,
)
from reminder_kit.model.instants import iso
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports import Capabilities, Listed, Question, Receipt, Remark, Request, Response
from reminder_kit.providers.addresses import http_address
from reminder_kit.providers.senders import barred_countries, is_name
from reminder_kit.providers.twilio.lists import following, found, listed
from reminder_kit.providers.twilio.responses import receipt, refusal
from reminder_kit.providers.twilio.settings import inspected
from reminder_kit.providers.twilio.webhooks import FAILURES, Secrets, verified
from reminder_kit.rules.window import Window

__all__ = ["Twilio"]

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_LONGEST = 1600
"""Characters of a text ("Message resource", `Body`)."""
_PAGE = 200
"""Messages of one list: more than a number is sent while an answer may be lost."""
_LISTED = timedelta(minutes=10)
"""Until then every message is on the list of messages. Twilio names no delay: a message is listed, with its status
`accepted` or `scheduled`, as soon as it was taken (Message resource, "Read multiple Message resources")."""
_MEDIA = 10
"""Media of an MMS ("Message resource", `MediaUrl`)."""


class Twilio:
    """Send through Twilio (https://www.twilio.com).

    `messaging_service_sid` (MG…, default: TWILIO_MESSAGING_SERVICE_SID) is needed; `from_` picks one of its
    senders, and None leaves the choice to the service. The account and its token default to the environment's
    TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, the base URL to TWILIO_BASE_URL. Twilio reports to `webhook_url`; its
    signature covers that address, so that it must be the public one; None means that the service's own is used.
    `webhook_key` is the shared key that webhooks are signed with where the account uses one (default: the environment's
    TWILIO_WEBHOOK_KEY; a tuple, or one text with commas, while it changes); without one the token signs them.
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
        webhook_key: str | Iterable[str] | None = None,
        *,
        min_lead: timedelta = timedelta(minutes=15),
        schedule_ahead: timedelta | None = None,
    ) -> None:
        self._account = _given(account_sid, "TWILIO_ACCOUNT_SID")
        self._auth_token = _given(auth_token, "TWILIO_AUTH_TOKEN")
        self._service = _given(messaging_service_sid, "TWILIO_MESSAGING_SERVICE_SID")
        self._from = from_ or None
        base = base_url or os.environ.get("TWILIO_BASE_URL") or "https://api.twilio.com"
        self.base_url = http_address(base, "Twilio", "base_url").rstrip("/")
        self._secrets = Secrets(self._auth_token, _keys(webhook_key))
        self._webhook_url = http_address(webhook_url, "Twilio", "webhook_url") if webhook_url else None
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
            mms=not is_name(self._from),
            not_to=barred_countries(self._from),
            lookup_age=timedelta(days=365),
            finds=True,
            pool=self._service if self._from else "",
            listed_within=_LISTED,
            lists=True,
            signed_by="x-twilio-signature",
            signs_address=True,
            inspects=True,
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
        return Request("GET", self._messages(f"/{quote(provider_id, safe='')}"))

    def cancel(self, provider_id: str) -> Request:
        """Return the request that cancels a message; Twilio takes it while the message is `scheduled`."""
        return Request("POST", self._messages(f"/{quote(provider_id, safe='')}"), b"Status=canceled")

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request:  # noqa: ARG002 - the list knows no token
        """Return the request that lists the messages to the draft's number, newest first."""
        return self.messages_to(draft.to, created_at)

    def messages_to(self, number: str, since: datetime) -> Request:  # noqa: ARG002 - the list is asked for no date
        """Return the request that lists the messages to a number, newest first.

        The request names no date: a scheduled message has no date of sending yet, and would not be listed.
        """
        return Request("GET", f"{self._messages()}?{urlencode({'To': number, 'PageSize': _PAGE})}")

    def ping(self) -> Request:
        """Return a request that reads the account, and changes nothing."""
        return Request("GET", self._messages().replace("/Messages.json", ".json"))

    def inspect(self, pinged: Response) -> Generator[Question, Response, tuple[Remark, ...]]:  # noqa: ARG002 - the account says nothing of it
        """Return remarks on the Messaging Service: where reports and replies go, and what changes texts."""
        return inspected(self._service, self.base_url, self._webhook_url)

    # Answers

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`.

        A status other than `scheduled` may mean that Twilio sends the message now; the receipt warns of it in `error`.
        Raises `UnknownOutcomeError` for a 5xx, a 408, a 409 and an unreadable 2xx. Any other error goes by its code: it
        is of the moment (`TransientError` and below), of the account (`AccountRefusedError` and below) or of the
        message (`RejectedError` and below). Where there is no code that we know, a 401 is the credentials', a 402 and a
        403 the account's, a 429 the rate's, and the rest an `UnknownRefusalError`.
        """
        if not response.is_success:
            raise refusal(response, "create")
        taken = receipt(response, "create")
        early = taken.status != "scheduled" and not taken.error
        warning = "Twilio did not say that it scheduled the message (is it sent now?): check the Messaging Service"
        return Receipt(taken.provider_id, taken.status, warning) if early else taken

    def parse_read(self, response: Response) -> Receipt:
        """Read the answer to `read`; raises `MessageNotFoundError` for a 404."""
        if response.is_success:
            return receipt(response, "read")
        raise refusal(response, "read")

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`; a refusal (`TooLateToCancelError`) is to be settled by `read`.

        It comes with 30409 and status 400, or as a 409; no other 400 means that the message was withdrawn, either.
        """
        if response.is_success:
            return receipt(response, "cancel")
        raise refusal(response, "cancel", TooLateToCancelError if response.status in {400, 409} else None)

    def parse_found(
        self,
        response: Response,
        draft: Draft,
        *,
        token: str,  # noqa: ARG002 - the list knows no token
        created_at: datetime,
    ) -> tuple[Receipt, ...]:
        """Read the list: messages of this service with these words, created since, and not cancelled.

        Twilio has no field for our token, so that the words have to do, although they may be listed otherwise than they
        were written: one that may be the draft's is not `certain`. Raises as the other verbs do, and `TransientError`
        where the list can't be read.
        """
        return found(response, draft, self._service, created_at)

    def parse_messages(self, response: Response, number: str, since: datetime) -> tuple[Listed, ...]:
        """Read the list: messages of this service to a number, made since; those that were withdrawn, too."""
        return listed(response, number, self._service, since)

    def next_page(self, response: Response, since: datetime) -> Request | None:
        """Return the request for the page that follows on one of a list, newest first, that names another.

        None where that is older than `since`. Raises as `parse_found` does.
        """
        return following(response, self._messages(), since)

    def events(
        self, headers: Mapping[str, str], body: bytes, now: datetime, url: str | None = None
    ) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook (HMAC over its address and its fields, or the digest of JSON) and return its event.

        The address is `webhook_url`, or `url`: what the host knows of the address that was called, whole or from the
        path or query on, on the same host as `webhook_url`; any where that is not set. Twilio signs no time: a repeated
        webhook is known by its event id alone, and `now` becomes the event's time. Raises `SignatureError` where the
        signature fits no address, `PayloadError` where the webhook names no message, and `ConfigurationError` where the
        token or the address is missing.
        """
        if not self._secrets.of("sha256"):
            raise ConfigurationError("Twilio webhook: no token to verify it with: set TWILIO_AUTH_TOKEN")
        return verified(self._secrets, self._webhook_url, url, headers, body, now)


def _given(value: str | None, variable: str) -> str:
    """Return a setting; None means what the environment variable holds, or ""."""
    return (os.environ.get(variable, "") if value is None else value).strip()


def _keys(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return shared keys from one text or several; None means those of the environment."""
    value = _given(value, "TWILIO_WEBHOOK_KEY") if value is None or isinstance(value, str) else value
    found = re.split(r"[\s,]+", value) if isinstance(value, str) else value
    return tuple(key for key in found if key)


def _rejected(why: str) -> RejectedError:
    return RejectedError(f"Twilio would refuse this message: {why}", provider="twilio")
