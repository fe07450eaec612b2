"""Telnyx: scheduled SMS and MMS as requests, and which answer is which receipt or error.

Pure: no clock, no I/O; only the constructor looks at the environment. Never trusts the provider to refuse what it
documents as impossible.

Sources: Telnyx' pages "Schedule SMS and MMS Messages", "Messaging Error Code Reference", "Idempotency", "Message
Encoding", "Receiving Webhooks for Messaging", and its API reference. They are silent on how a message that is too late
to be cancelled is refused, on whether a scheduled message is read back as `queued`, on what a second cancellation is
answered with, and on whether STOP reaches scheduled messages. There no answer is taken for proof, and the kit asks
again or withdraws by itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from reminder_kit.errors import (
    ConfigurationError,
    RejectedError,
    TooLateToCancelError,
)
from reminder_kit.model.instants import iso
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports import Capabilities, Listed, OptOuts, Question, Receipt, Remark, Request, Response
from reminder_kit.providers.addresses import http_address
from reminder_kit.providers.senders import barred_countries
from reminder_kit.providers.signatures import check_ed25519_key
from reminder_kit.providers.telnyx.lists import listed, opted_out, recorded
from reminder_kit.providers.telnyx.responses import FAILURES, TOKEN, receipt, refusal
from reminder_kit.providers.telnyx.settings import inspected
from reminder_kit.providers.telnyx.webhooks import verified
from reminder_kit.rules.window import Window
from reminder_kit.text.sms import sms_parts

__all__ = ["Telnyx"]

_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
"""A name that messages come from, with a letter at least (Telnyx, "Alphanumeric Sender ID")."""
_NUMBER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}")
"""A number in E.164, or a short code."""
_LEAD = timedelta(minutes=5)
_AHEAD = timedelta(days=5)
"""The shortest and the longest lead of `send_at` ("Schedule SMS and MMS Messages")."""
_MEDIA = 10
_PARTS = 10
"""Media of an MMS ("Messaging Error Code Reference", 40317) and parts of an SMS ("Message Encoding"), at most."""
_SKEW = timedelta(minutes=5)
"""How far Telnyx' clock and ours may be apart when a message is looked for."""


def _sender(text: str | None) -> str | None:
    """Return a sender as Telnyx takes it; None means none. Raises `ConfigurationError` for what can't be one."""
    if text is None or not text.strip():
        return None
    text = text.strip()
    number = re.sub(r"[\s().-]", "", text)
    if _NUMBER.fullmatch(number):
        return number
    if _ALPHANUMERIC.fullmatch(text):
        return text
    raise ConfigurationError(
        f"Telnyx: the sender (`from`) {text[:20]!r} is neither a number such as +12025550123, a short code, "
        "nor 1 to 11 letters, digits and spaces"
    )


def _keys(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return public keys from one text or several; None means those of the environment."""
    value = os.environ.get("TELNYX_PUBLIC_KEY", "") if value is None else value
    return tuple(re.split(r"[\s,]+", value.strip())) if isinstance(value, str) else tuple(value)


def _with_token(url: str, token: str) -> str:
    """Return a webhook's address with our token in its query."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=query + urlencode({TOKEN: token})))


class Telnyx:
    """Send through Telnyx (https://telnyx.com).

    `from_` is a number (+12025550123), a short code, or an alphanumeric sender, which needs
    `messaging_profile_id` too; the profile alone sends from its number pool. `api_key`, `base_url` and
    `public_key` default to the environment's TELNYX_API_KEY, TELNYX_BASE_URL and TELNYX_PUBLIC_KEY; the key is
    needed only when a request is sent. Several public keys (a tuple, or one text with commas) let a key be
    changed without losing an event.

    `webhook_url` is where Telnyx reports on each message; our token is added to its query. None means that the
    profile's own address is used: then no event carries our token, and a lost answer can't be looked for.
    `endpoint` is `messages` or `schedule`; the second takes no idempotency key and no `encoding`.
    `schedule_ahead` shortens the five days that messages are parked ahead; None means all five. `encoding` is
    `auto`, `gsm7` or `ucs2`; None means the profile's. `tolerance` is how far a webhook's timestamp may be from
    the kit's clock, either way.

    Raises `ConfigurationError` for settings that contradict each other, and for a public key that is none, or one under
    which anybody can sign.
    """

    name = "telnyx"

    def __init__(
        self,
        api_key: str | None = None,
        from_: str | None = None,
        messaging_profile_id: str | None = None,
        base_url: str | None = None,
        webhook_url: str | None = None,
        public_key: str | Iterable[str] | None = None,
        *,
        endpoint: str = "messages",
        schedule_ahead: timedelta | None = None,
        encoding: str | None = None,
        tolerance: timedelta = timedelta(minutes=5),
    ) -> None:
        self._api_key = (os.environ.get("TELNYX_API_KEY", "") if api_key is None else api_key).strip()
        self._from = _sender(from_)
        self._profile = messaging_profile_id or None
        self._alphanumeric = self._from is not None and not _NUMBER.fullmatch(self._from)
        base = base_url or os.environ.get("TELNYX_BASE_URL") or "https://api.telnyx.com/v2"
        self.base_url = http_address(base, "Telnyx", "base_url").rstrip("/")
        self._webhook_url = http_address(webhook_url, "Telnyx", "webhook_url") if webhook_url else None
        self._public_keys = tuple(key for key in _keys(public_key) if key)
        for key in self._public_keys:
            check_ed25519_key(key, "Telnyx: a public key (TELNYX_PUBLIC_KEY; Telnyx portal, Keys & Credentials)")
        self._endpoint = endpoint
        self._encoding = encoding
        self._tolerance = tolerance
        self._check()
        self.capabilities = Capabilities(
            window=Window(_LEAD, self._ahead(schedule_ahead), timedelta(minutes=1)),
            cap=1_000_000,
            key_life=timedelta(hours=24) if endpoint == "messages" else None,
            lookup_age=timedelta(days=10),
            mms=not self._alphanumeric,
            not_to=barred_countries(self._from) if self._alphanumeric else {},
            echoes_token=self._webhook_url is not None,
            max_parts=_PARTS,
            finds=self._webhook_url is not None,
            lists=True,
            lists_opt_outs=True,
            pool=(self._profile or "") if self._from else "",
            signed_by="telnyx-signature-ed25519",
            inspects=True,
            failures=FAILURES,
        )

    def __repr__(self) -> str:
        return f"Telnyx(from_={self._from!r}, messaging_profile_id={self._profile!r}, base_url={self.base_url!r})"

    def _check(self) -> None:
        """Raise `ConfigurationError` for settings that contradict each other."""
        if self._from is None and self._profile is None:
            raise ConfigurationError(
                "Telnyx needs a sender: set `from` (a number such as +12025550123) or `messaging_profile_id` "
                "(its number pool) in [provider]"
            )
        if self._alphanumeric and self._profile is None:
            raise ConfigurationError(
                f"Telnyx: the alphanumeric sender {self._from!r} needs `messaging_profile_id` in [provider] too"
            )
        if self._endpoint not in {"messages", "schedule"}:
            raise ConfigurationError(f"Telnyx: unknown endpoint {self._endpoint!r}: use 'messages' or 'schedule'")
        if self._encoding not in {None, "auto", "gsm7", "ucs2"}:
            raise ConfigurationError(f"Telnyx: unknown encoding {self._encoding!r}: use 'auto', 'gsm7' or 'ucs2'")
        if self._encoding and self._endpoint == "schedule":
            raise ConfigurationError("Telnyx: `encoding` is taken by endpoint = 'messages' only")

    @staticmethod
    def _ahead(wished: timedelta | None) -> timedelta:
        """Return how far ahead messages are parked; None means as far as Telnyx takes them."""
        if wished is None:
            return _AHEAD
        if wished <= _LEAD + timedelta(minutes=1):
            raise ConfigurationError(
                f"Telnyx: schedule_ahead = {wished} leaves no window: messages are parked 5 minutes ahead at least"
            )
        return min(wished, _AHEAD)

    @property
    def sender(self) -> str:
        """The number or name that messages are sent from, else the profile whose number pool sends them."""
        return self._from or self._profile or ""

    def headers(self) -> Mapping[str, str]:
        """Return the credentials; raises `ConfigurationError` where there is no key."""
        if not self._api_key:
            raise ConfigurationError(
                "Telnyx: no API key: set the environment variable TELNYX_API_KEY (https://portal.telnyx.com, API Keys)"
            )
        if not self._api_key.isascii() or not self._api_key.isprintable():
            raise ConfigurationError("Telnyx: TELNYX_API_KEY holds characters no key has: copy it anew")
        return {"authorization": f"Bearer {self._api_key}"}

    # Requests

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:
        """Return the request that parks the draft: the same bytes for the same arguments, as its key requires.

        Raises `RejectedError` for what Telnyx documents that it does not take: no text and no media, more than 10
        media or parts, MMS from an alphanumeric sender.
        """
        mms = draft.channel == "mms" or bool(draft.media_urls)
        self._refuse_impossible(draft, mms=mms)
        fields: dict[str, Any] = {
            "from": self._from,
            "messaging_profile_id": self._profile,
            "to": draft.to,
            "text": draft.text or None,
            "subject": (draft.subject or None) if mms else None,
            "media_urls": list(draft.media_urls) or None,
            "type": "MMS" if mms else "SMS",
            "encoding": self._encoding,
            "send_at": iso(draft.send_at),
            "webhook_url": self._webhook_url and _with_token(self._webhook_url, token),
        }
        present = {name: value for name, value in fields.items() if value is not None}
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._endpoint == "messages":
            headers["idempotency-key"] = idempotency_key
        path = "/messages" if self._endpoint == "messages" else "/messages/schedule"
        return Request("POST", path, self._encoded(present), headers)

    @staticmethod
    def _encoded(fields: dict[str, Any]) -> bytes:
        try:
            return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            raise _rejected(
                "the text holds half a character (a lone surrogate): correct the template or data"
            ) from None

    def _refuse_impossible(self, draft: Draft, *, mms: bool) -> None:
        """Raise `RejectedError` for a draft that Telnyx documents as impossible."""
        if mms and self._alphanumeric:
            raise _rejected(f"the alphanumeric sender {self._from!r} sends SMS only: use a number for MMS")
        if len(draft.media_urls) > _MEDIA:
            raise _rejected(f"{len(draft.media_urls)} media, of {_MEDIA} at most")
        if not draft.text.strip() and not (mms and draft.media_urls):
            raise _rejected("the text is empty: correct the template or data")
        if not mms:
            self._refuse_too_long(draft.text)

    def _refuse_too_long(self, text: str) -> None:
        """Raise `RejectedError` for more than ten parts: 1,530 GSM-7 or 670 UTF-16 units ("Message Encoding")."""
        encoding, units, parts = sms_parts(text)
        if self._encoding == "gsm7" and encoding != "gsm7":
            raise _rejected("encoding = 'gsm7', but the text holds other characters: use 'auto' or mend the template")
        if self._encoding == "ucs2" and encoding == "gsm7":
            units = len(text.encode("utf-16-le", "surrogatepass")) // 2
            parts = -(-units // 67)
        if parts > _PARTS:
            raise _rejected(f"the text takes {parts} parts, of {_PARTS} at most ({units} units): shorten the template")

    def read(self, provider_id: str) -> Request:
        """Return the request that asks for a message; Telnyx knows each for ten days after its creation."""
        return Request("GET", f"/messages/{quote(provider_id, safe='')}", headers={"accept": "application/json"})

    def cancel(self, provider_id: str) -> Request:
        """Return the request that cancels a message; Telnyx takes it until one minute before `send_at`."""
        return Request("DELETE", f"/messages/{quote(provider_id, safe='')}", headers={"accept": "application/json"})

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request | None:  # noqa: ARG002 - records are told apart when read
        """Return the request for the detail records of what was sent to the draft's number.

        None means that it is too early: Telnyx lists no messages, and a detail record appears only once a message was
        sent (Telnyx, "Message Detail Records").
        """
        return None if now < draft.send_at else self.messages_to(draft.to, created_at)

    def messages_to(self, number: str, since: datetime) -> Request:
        """Return the request for the detail records of what was sent to a number and made since; nothing else has one.

        What is parked is on no list of Telnyx'.
        """
        query = {
            "filter[record_type]": "messaging",
            "filter[cld]": number,
            "filter[created_at][gte]": iso(since - _SKEW),
            "sort": "-created_at",
            "page[size]": "50",
        }
        return Request("GET", f"/detail_records?{urlencode(query)}", headers={"accept": "application/json"})

    def opt_outs(self, page: int) -> Request:
        """Return the request for one page (from 1) of the opt-outs: the profile's, or all where no profile is set."""
        query = {"page[number]": str(page), "page[size]": "250"}
        if self._profile:
            query["filter[messaging_profile_id]"] = self._profile
        return Request("GET", f"/messaging_optouts?{urlencode(query)}", headers={"accept": "application/json"})

    def ping(self) -> Request:
        """Return a request that reads the messaging profiles, and changes nothing."""
        return Request("GET", "/messaging_profiles?page[size]=20", headers={"accept": "application/json"})

    def inspect(self, pinged: Response) -> Generator[Question, Response, tuple[Remark, ...]]:
        """Return remarks on the messaging profile that sends: countries, limits, webhooks, what changes texts."""
        return inspected(self._profile, self._webhook_url, pinged)

    # Answers

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`.

        Raises `UnknownOutcomeError` for a 5xx, a 408, a 409 (still in progress) and a 422 with code 10027, which says
        that this key stands for a message with another body: a fault of ours, and no word on this message. Any other
        error goes by its code: it is of the moment (`TransientError` and below), of the account (`AccountRefusedError`
        and below) or of the message (`RejectedError` and below). Where there is no code that we know, a 401 is the
        key's, a 402 and a 403 the account's, a 429 the rate's, and the rest an `UnknownRefusalError`.
        """
        if response.is_success:
            return receipt(response, "create")
        raise refusal(response, "create")

    def parse_read(self, response: Response) -> Receipt:
        """Read the answer to `read`; raises `MessageNotFoundError` for a 404, which may also mean a missing key."""
        if response.is_success:
            return receipt(response, "read")
        raise refusal(response, "read")

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`, which Telnyx does not wrap in `data`.

        Raises `TooLateToCancelError` for a 403, whatever its code: Telnyx declares that status for a message that
        cannot be cancelled and for a key without the right to. The answer to `read` shows which.
        """
        if response.is_success:
            return receipt(response, "cancel")
        if response.status == 403:
            raise refusal(response, "cancel", TooLateToCancelError, "ask for the message to learn more", force=True)
        raise refusal(response, "cancel")

    def parse_found(
        self,
        response: Response,
        draft: Draft,  # noqa: ARG002 - a record holds no text
        *,
        token: str,
        created_at: datetime,  # noqa: ARG002 - asked for already
    ) -> tuple[Receipt, ...]:
        """Read the detail records: those whose webhook address carries our token. Raises as the other verbs do."""
        if response.is_success:
            return recorded(response, token)
        raise refusal(response, "find")

    def parse_messages(
        self,
        response: Response,
        number: str,  # noqa: ARG002 - asked for already
        since: datetime,  # noqa: ARG002 - likewise
    ) -> tuple[Listed, ...]:
        """Read the detail records: those of the kit's own sender. Raises as the other verbs do."""
        if response.is_success:
            return listed(response, self._from)
        raise refusal(response, "find")

    def parse_opt_outs(self, response: Response) -> OptOuts:
        """Read a page of opt-outs; which address is the person's is not documented, so ours is passed over."""
        if response.is_success:
            return opted_out(response, self._from)
        raise refusal(response, "opt-outs")

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook (Ed25519 over `timestamp|body`) and return its event.

        Raises `SignatureError` where the signature fits none of the public keys or the timestamp is further than
        `tolerance` from `now`, either way; `PayloadError` where the webhook is signed and no event; and
        `ConfigurationError` where there is no public key.
        """
        return verified(self._public_keys, headers, body, now, self._tolerance)


def _rejected(why: str) -> RejectedError:
    return RejectedError(f"Telnyx would refuse this message: {why}", provider="telnyx")
