"""The port of a channel: how a reminder reaches a person where no text does. An e-mail, a call, a person at a desk.

Never decides whether anything is sent, nor when: whoever hands a letter in has its intent committed, and knows that it
is neither in quiet hours nor past the start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

from attrs import asdict, field, fields, frozen

from reminder_kit.errors import SignatureError
from reminder_kit.model.instants import from_iso, iso
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.phones import masked
from reminder_kit.ports.provider import Receipt

__all__ = ["REACHES", "Channel", "Letter"]

REACHES = ("anyone", "email", "phone")
"""What a channel needs of a person: an e-mail address, a number, or any of both, or else the host's own name."""

_INSTANTS = ("send_at", "starts_at")


@frozen
class Letter:
    """A reminder as a channel is handed it. All instants are UTC."""

    #: Its name, the same where it is handed in once more since the first answer was lost: by it a repetition is known.
    id: str
    #: Our name of this attempt, for reports on delivery (`DeliveryEvent.token`).
    token: str
    #: Where it goes: the e-mail address, the number (E.164) or the host's own name of the person, as the channel
    #: reaches people.
    to: str = field(repr=lambda to: repr(masked(to)))
    #: What it says, ready to be sent.
    text: str = field(repr=False)
    #: When it was to go out.
    send_at: datetime
    #: What stands above it: the rule's `subject`; "": none.
    subject: str = field(default="", repr=False)
    #: Which appointment it is about, by the host's names; "" for a recurrence id: it does not recur.
    appointment: str = ""
    source: str = ""
    recurrence_id: str = ""
    #: When that starts, in which IANA zone its place reads times, and what and where it is.
    starts_at: datetime | None = None
    timezone: str = ""
    title: str = field(default="", repr=False)
    location: str = field(default="", repr=False)
    #: The id of the rule.
    rule: str = ""
    #: Who is reminded: the host's own name, the name, number, address and language tag, as far as they are known.
    recipient: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    locale: str = ""
    #: Why no text reached the person, in words.
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the letter as plain JSON values; what is empty is left out."""
        found = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {name: iso(value) if name in _INSTANTS else value for name, value in found.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Letter:
        """Return the letter that `as_json` described; what a later library added is passed over."""
        known = {one.name for one in fields(cls)}
        given: dict[str, Any] = {name: value for name, value in values.items() if name in known}
        return cls(**given | {name: from_iso(given[name]) for name in _INSTANTS if name in given})


class Channel:
    """How a reminder reaches a person where no text does: subclass it, give it a `name`, and write `deliver`.

    One object serves all threads of a process. What is delivered is asked for within a run, so `deliver` should return
    in seconds: a queue of calls takes a letter in and says so.
    """

    #: The name for plans, the ledger and reports, in lower case: "email".
    name: str = ""
    #: What it needs of a person, one of `REACHES`.
    reaches: str = "anyone"

    @property
    def sender(self) -> str:
        """What it delivers from, as people know it: an address, a desk. Not empty; by default its name."""
        return self.name

    @property
    def account(self) -> str:
        """What tells one account from another (server, user, password), of which a digest alone is kept; "": nothing.

        Where it changes, what the account was refused for is tried again at once.
        """
        return ""

    def check(self) -> None:
        """Raise `ConfigurationError` where a credential is missing. Asked before each letter, and by `doctor`."""

    def deliver(self, letter: Letter) -> Receipt | str | Awaitable[Receipt | str | None] | None:
        """Deliver a letter, or take it in for delivery. Returns what became of it.

        A `Receipt`, whose `provider_id` names it in reports and is no other letter's; or just a status ("sent",
        "delivered", "undelivered", "scheduled" for what is taken in and still to be done); None means "sent". On the
        async face it may be a coroutine function; one that is not runs in a thread there.

        Raises `NotSentError` or `TransientError` where certainly nothing was done and it may be tried again (the former
        where the other side was not reached), `RejectedError` or a class below it where this letter will never be
        taken, `AccountRefusedError` or a class below it where none is until a person mends that, and `NoAnswerError`
        where it may have been done. Any other error counts as that, too: nobody knows how far it got.
        """
        raise NotImplementedError(f"the channel {self.name!r} has no `deliver`: write it")

    def ping(self) -> str:
        """Find out, changing nothing, whether it can be reached; returns where that is, in words for `doctor`.

        Raises as `deliver` does. By default there is nothing to find out.
        """
        return self.sender

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:  # noqa: ARG002 - for who reads them
        """Return what a report on delivery says, handed in by `kit.receive(headers, body, provider=name)`.

        As `Provider.events`; by default no report is genuine.
        """
        raise SignatureError(f"the channel {self.name!r} takes no reports")
