"""The port of a provider, and those of what only some providers can do.

Never asks a provider to touch the world: it turns values into requests and answers into values. The package says in
which order the methods are called, and what each may raise.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from reminder_kit.model.host_data import whole_text
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.ports.declared import Capabilities
from reminder_kit.ports.exchange import Request, Response
from reminder_kit.rules.reminders import Reminder

__all__ = [
    "AccountHolder",
    "AddressSigner",
    "Finder",
    "Inspectable",
    "LetterWriter",
    "Listed",
    "Lister",
    "OptOutLister",
    "OptOuts",
    "Paged",
    "Provider",
    "Question",
    "Reading",
    "Receipt",
    "Remark",
]


@frozen
class Receipt:
    """What a provider answers about one message."""

    #: The provider's name for the message; never empty, of 200 characters at most, and no other message's: where it is,
    #: nobody knows what became of this one.
    provider_id: str = field(converter=whole_text)
    #: Where the message is: `scheduled`, `sent`, `delivered`, `undelivered` or `cancelled`; `unknown` for a word that
    #: the adapter does not know or that decides nothing (`queued`), which changes nothing.
    status: str
    #: The provider's code for what went wrong; "": nothing.
    error: str = field(default="", converter=whole_text)
    #: Whether the provider says that it answered a repeated request with the first one's result.
    replayed: bool = False
    #: Whether it is the message that was asked about; False, of `parse_found` alone: it may be, and the list does not
    #: tell it from another one.
    certain: bool = True


Reading = Generator[Request, Response, Receipt]
"""A conversation about one message: it yields requests, is sent the answers, and returns what they say together."""


class Provider(Protocol):
    """One SMS/MMS provider: pure functions from values to requests, and from answers to values.

    The module says in which order they are called, and which errors they raise.
    """

    #: The name for files, plans and the ledger, in lower case: "telnyx".
    name: str
    #: The address that paths are appended to, without a slash at its end.
    base_url: str
    #: What the provider can do.
    capabilities: Capabilities

    @property
    def sender(self) -> str:
        """What messages are sent from: a number, a name or a pool. A parked message from another sender is replaced."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return the headers, by names in lower case, that every request needs and no ledger may keep.

        These are the credentials, and the content type of bodies that are not JSON. Asked for each request anew. Raises
        `ConfigurationError` where a credential is missing.
        """
        ...

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:
        """Return the POST that parks a draft; the same arguments give the same bytes.

        `token` is our id of the message, for webhooks to echo where they can. `idempotency_key` tells a repetition from
        a new request. Raises `RejectedError`, or a class below it, for a draft that the provider would never take.
        """
        ...

    def parse_created(self, response: Response) -> Receipt:
        """Return what the answer to `create` says. Raises from the `ProviderError` branch.

        A 5xx and an unreadable 2xx are an `UnknownOutcomeError`: the message may be parked.
        """
        ...

    def read(self, provider_id: str) -> Request | Reading:
        """Return the request that asks for a message, or a generator where it takes several (`Reading`).

        Raises `MessageNotFoundError` where it can't be asked for any.
        """
        ...

    def parse_read(self, response: Response) -> Receipt:
        """Return what the answer to `read` says. Raises from the `ProviderError` branch.

        A message that the provider does not know is a `MessageNotFoundError`; a 5xx is a `TransientError`. It is not
        called where `read` is a generator, which raises the same.
        """
        ...

    def cancel(self, provider_id: str) -> Request:
        """Return the request that withdraws a parked message.

        Raises `TooLateToCancelError` where the provider takes nothing back.
        """
        ...

    def parse_cancelled(self, response: Response) -> Receipt:
        """Return what the answer to `cancel` says; its status is `cancelled` where the message was withdrawn.

        Raises from the `ProviderError` branch: `TooLateToCancelError` where the provider would not withdraw it any
        more, `MessageNotFoundError` where it does not know the message, `TransientError` for a 5xx.
        """
        ...

    def ping(self) -> Request:
        """Return a harmless request: its answer shows whether the provider can be reached and knows us."""
        ...

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook over its raw bytes, and return the events that it reports.

        `headers` may have names in any case; `now` (UTC) is for checks of age. An event's id is the same each time it
        is delivered. Its `occurred_at` is when the thing happened, by the provider's clock: a STOP and a START count in
        that order; and its `senders` are to whom of ours a reply was sent, for a STOP holds there. What an event holds
        is made plain by the kit: numbers without a country code are read with the kit's region, a time of the future is
        `now`. Raises `SignatureError` where the webhook is not genuine or too old, `PayloadError` where it is genuine
        and can't be read, `ConfigurationError` where the key to verify with is missing.
        """
        ...


class AccountHolder(Provider, Protocol):
    """A provider whose credentials say something else every few minutes, and that names what they are made with."""

    @property
    def account(self) -> str:
        """What tells one account from another, by which the kit keeps to rates and knows what is refused.

        It may be secret, since only a digest is kept; "": the credentials tell.
        """
        ...


@runtime_checkable
class LetterWriter(Protocol):
    """A provider that is a channel: it is told of the reminder, not of its words alone."""

    def letter(self, reminder: Reminder, draft: Draft, *, token: str) -> Request:
        """Return the POST that hands in the letter of a reminder; otherwise as `Provider.create`."""
        ...


class AddressSigner(Provider, Protocol):
    """A provider whose signatures cover the address that a webhook came to."""

    def events(
        self, headers: Mapping[str, str], body: bytes, now: datetime, url: str | None = None
    ) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook as `Provider.events` does; `url` is what the host says of the address that was called.

        Whole ("https://clinic.example/sms?clinic=7"), or from the path or the query on; None: nothing.
        """
        ...


class Finder(Provider, Protocol):
    """A provider that can look for a message whose id we never learned, because the answer to `create` was lost.

    It is asked before a message is called unknown, and again later. What it does not find is not proved absent, unless
    `Capabilities.listed_within` says when it is. Where the list has pages, it is `Paged`, too.
    """

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request | None:
        """Return the request that looks for the message of a draft; None where asking at `now` could show nothing.

        `created_at` is when its request was first sent, UTC, by the provider's clock, as far as that is known (the
        `Date` of its answers). `parse_found` is told it by the clock that the list's own answer names.
        """
        ...

    def parse_found(self, response: Response, draft: Draft, *, token: str, created_at: datetime) -> tuple[Receipt, ...]:
        """Return every message in the answer to `find` that may be the one meant, without cancelled ones.

        The kit leaves out those it knows already, and takes what remains if exactly one of it is `certain`. While
        another one may be meant, nothing is proved absent: leave out only what is positively another message, never
        what can't be read. Raises from the `ProviderError` branch.
        """
        ...


@frozen
class Listed:
    """One message to a number, as the provider lists it."""

    #: The provider's name for the message; never empty.
    provider_id: str
    #: Where it is, in the words of `Receipt.status`.
    status: str
    #: What it says; None: the list does not tell.
    text: str | None = field(default=None, repr=False)
    #: When it was sent, UTC; None: not yet, or the list does not tell.
    sent_at: datetime | None = None
    #: Our token, where the list tells; "": none.
    token: str = ""


class Lister(Provider, Protocol):
    """A provider that lists what was made for one number.

    It is asked where a ledger was restored from a backup: for messages that another ledger has made since.
    """

    def messages_to(self, number: str, since: datetime) -> Request:
        """Return the request for the messages to a number (E.164) that were made at an instant (UTC) or later.

        The instant is by the provider's clock, as in `Finder.find`.
        """
        ...

    def parse_messages(self, response: Response, number: str, since: datetime) -> tuple[Listed, ...]:
        """Return the messages in the answer that are from the kit's sender, to that number, and as young.

        Raises from the `ProviderError` branch: a list that can't be read is a `TransientError`.
        """
        ...


@runtime_checkable
class Paged(Protocol):
    """A provider whose list of messages (`Finder.find`, `Lister.messages_to`) comes in pages."""

    def next_page(self, response: Response, since: datetime) -> Request | None:
        """Return the request for the page that follows on an answer; None: what was made at `since` or later is there.

        The instant is by the provider's clock, as in `Finder.find`. Raises `TransientError` where the list goes on and
        can't be asked for.
        """
        ...


@frozen
class OptOuts:
    """One page of a provider's list of numbers that opted out."""

    #: The numbers, E.164.
    numbers: tuple[str, ...] = field(repr=False)
    #: Whether another page follows.
    more: bool = False
    #: When each of them opted out, UTC, as far as the list says so: a START after that lifts it. By number; the others
    #: count as opted out when the list was read.
    since: Mapping[str, datetime] = field(factory=dict, repr=False)


class OptOutLister(Provider, Protocol):
    """A provider whose list of opt-outs can be read."""

    def opt_outs(self, page: int) -> Request:
        """Return the request for one page of the list; pages count from 1."""
        ...

    def parse_opt_outs(self, response: Response) -> OptOuts:
        """Return the page that the answer to `opt_outs` holds. Raises from the `ProviderError` branch."""
        ...


@frozen
class Question:
    """A request of `Inspectable.inspect`, which may go to another address of the provider's."""

    request: Request
    #: In place of `Provider.base_url`; "": that one.
    base_url: str = ""


@frozen
class Remark:
    """One line about what is set at the provider."""

    #: What it is about, in a word or two: "profile", "service".
    what: str
    #: How it is, and what to do about it; holds no number and no secret.
    message: str
    #: ok, warn or fail.
    state: str = "ok"


class Inspectable(Provider, Protocol):
    """A provider that can be asked what is set there."""

    def inspect(self, pinged: Response) -> Generator[Question, Response, tuple[Remark, ...]]:
        """Ask for settings, and return what of them matters for reminders; `pinged` is the answer to `ping`.

        Yields questions that change nothing and is sent the answers, whatever their status.
        """
        ...
