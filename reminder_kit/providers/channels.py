"""A channel as a provider: letters instead of requests, so that intent, claims and outcomes are those of any message.

Never performs I/O: what it makes is carried by `transport.letters`. A channel schedules nothing, takes nothing back
and can't be asked; so the kit holds each letter and hands it in when it is due.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from reminder_kit.errors import (
    ConfigurationError,
    MessageNotFoundError,
    RejectedError,
    TooLateToCancelError,
    UnknownOutcomeError,
)
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports import Capabilities, Failure, Receipt, Request, Response
from reminder_kit.ports.channel import REACHES, Channel, Letter
from reminder_kit.ports.reading import json_object, text_of
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.window import Window

__all__ = ["LETTERS", "PING", "ChannelProvider", "posted"]

LETTERS, PING = "/letters", "/ping"
"""The paths to which letters, and questions whether anybody is there, are posted."""

_NONE = timedelta(0)
_MEMBERS = ("check", "deliver", "ping", "events")


class ChannelProvider:
    """A channel behind the port of a provider. Raises `ConfigurationError` for what is no channel."""

    base_url = "http://channel.invalid"

    def __init__(self, channel: Channel) -> None:
        _check(channel)
        self.channel = channel
        self.name = channel.name
        failures: Mapping[str, Failure] = getattr(channel, "failures", {})
        self.capabilities = Capabilities(
            window=Window(_NONE, _NONE, _NONE, _NONE),
            cancels=False,
            mms=False,
            echoes_token=True,
            signed_by=f"{channel.name}-report",
            failures=failures,
            reaches=channel.reaches,
        )

    def __repr__(self) -> str:
        return f"ChannelProvider({self.channel!r})"

    @property
    def sender(self) -> str:
        """What the channel delivers from."""
        return self.channel.sender

    @property
    def account(self) -> str:
        """By what one account of the channel is told from another, as `delivery.accounts` digests it."""
        return f"{self.name} {self.sender} {self.channel.account}"

    def headers(self) -> Mapping[str, str]:
        """Return nothing: credentials are the channel's. Raises `ConfigurationError` where it has none."""
        self.channel.check()
        return {}

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:
        """Return the request that hands a draft in of which nothing else is known."""
        return posted(Letter(idempotency_key, token, draft.to, draft.text, draft.send_at, draft.subject))

    def letter(self, reminder: Reminder, draft: Draft, *, token: str) -> Request:
        """Return the request that hands in the letter of a reminder; the same arguments give the same bytes.

        The letter's id is a digest of the reminder, its start and where it goes: one that is made anew, since nobody
        knows what became of the first, has the same.
        """
        appointment, who, start_at = reminder.appointment, reminder.recipient, reminder.appointment.start_at
        same = f"{reminder.key}\x1f{start_at.isoformat()}\x1f{draft.to}"
        letter = Letter(
            id=blake2b(same.encode("utf-8", "surrogatepass"), digest_size=16, person=b"letter").hexdigest(),
            token=token,
            to=draft.to,
            text=draft.text,
            send_at=draft.send_at,
            subject=draft.subject,
            appointment=appointment.id,
            source=appointment.source,
            recurrence_id=appointment.recurrence_id or "",
            starts_at=start_at,
            timezone=reminder.local_zone,
            title=appointment.title,
            location=appointment.location,
            rule=reminder.rule.id,
            recipient=(who.id or "") if who else "",
            name=who.name if who else "",
            phone=who.phone if who else "",
            email=who.email if who else "",
            locale=reminder.locale,
            why=reminder.instead,
        )
        return posted(letter)

    def parse_created(self, response: Response) -> Receipt:
        """Return the channel's receipt."""
        found = json_object(response) if response.status == 200 else None
        if found is None:
            raise UnknownOutcomeError(f"{self.name}: its receipt can't be read; it may have been done")
        return Receipt(text_of(found.get("id")), text_of(found.get("status")), text_of(found.get("error")))

    def read(self, provider_id: str) -> Request:
        """Raise `MessageNotFoundError`: a channel can't be asked what became of a letter."""
        raise MessageNotFoundError(f"{self.name} can't be asked for {provider_id}", provider=self.name)

    def parse_read(self, response: Response) -> Receipt:  # noqa: ARG002 - there is none
        """Never called."""
        raise MessageNotFoundError(f"{self.name} can't be asked", provider=self.name)

    def cancel(self, provider_id: str) -> Request:
        """Raise `TooLateToCancelError`: a channel takes nothing back."""
        raise TooLateToCancelError(f"{self.name} takes nothing back ({provider_id})", provider=self.name)

    def parse_cancelled(self, response: Response) -> Receipt:  # noqa: ARG002 - there is none
        """Never called."""
        raise TooLateToCancelError(f"{self.name} takes nothing back", provider=self.name)

    def ping(self) -> Request:
        """Return the request that asks whether anybody is there."""
        return Request("GET", PING)

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Return what a report of the channel's says."""
        return self.channel.events(headers, body, now)


def posted(letter: Letter) -> Request:
    """Return the request that hands a letter in. Raises `RejectedError` for one without words, or half a character."""
    if not letter.text.strip():
        raise RejectedError("a letter without words is not sent: mend the text")
    try:
        body = json.dumps(letter.as_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise RejectedError("the text holds half a character, which can't be sent: mend the text") from None
    return Request("POST", LETTERS, body, {"content-type": "application/json"})


def _check(channel: Channel) -> None:
    """Raise `ConfigurationError` where something is no channel."""
    name = getattr(channel, "name", "")
    if not isinstance(name, str) or not name or name != name.lower() or not name.replace("-", "").isalnum():
        raise ConfigurationError(f"a channel needs a name in lower case, such as 'email', not {name!r}")
    if missing := [member for member in _MEMBERS if not callable(getattr(channel, member, None))]:
        raise ConfigurationError(
            f"the channel {name!r} has no {', '.join(missing)}: subclass reminder_kit.ports.Channel"
        )
    if getattr(channel, "reaches", "") not in REACHES:
        raise ConfigurationError(f"the channel {name!r}: reaches must be one of {', '.join(REACHES)}")
    if not channel.sender:
        raise ConfigurationError(f"the channel {name!r} has no sender: say what it delivers from")
