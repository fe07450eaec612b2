"""Ports: what the kit asks of a provider and of the world. This is the one door of adapters.

Pure: no clock, no I/O. Never asks a provider to touch the world: a provider turns values into requests and answers into
values, and `IO` alone sends them.

Whoever writes a provider needs this module and `reminder_kit.errors`, and makes a class with the members of `Provider`;
these docstrings are the specification, `reminder_kit.testing.ProviderContract` checks it. A package names its class in
the entry points `reminder_kit.providers`.

In which order a provider is called
===================================

- *To park*: `headers` (a missing credential shows before anything is written), then `create`. The kit commits the
  request with its intent to the ledger, and only then sends it and calls `parse_created`. What that returns or raises
  is committed too.
- *Where certainly nothing was done* (`NotSentError`, `TransientError`): the same bytes are sent again, in this run or a
  later one, as long as the send time still fits the window.
- *Where the answer is lost* (`NoAnswerError`, `UnknownOutcomeError`): with `key_life`, the same bytes are sent again,
  in this run or a later one, as long as the key lives and the send time still fits the window. Without `key_life`
  nothing is repeated: `find` and `parse_found` look for the message where the provider is a `Finder`; what they don't
  find is `unknown`.
- *To withdraw*: the wish is committed, then `cancel` and `parse_cancelled`. A `TransientError` is tried again; all else
  but a plain `cancelled` is settled by `read` and `parse_read`. Nothing is asked for within `window.cancel_cutoff` and
  its margin before the send time.
- *To settle*: `read` and `parse_read` ask what became of a message whose time is over. One that is older than
  `lookup_age`, or of which nothing is learned, is presumed to be sent. They also ask, at once, for a message whose
  `parse_created` said anything but `scheduled`, or named an `error`: that is a warning, which the report repeats.
- *Webhooks*: `events`, at any time, in any order, more than once for one event, also before `parse_created` has named
  the message. The webhook application calls it once with no headers and no body, to see whether it can verify at all.
- *After a restore* of the ledger from a backup, where the provider is a `Lister`: `messages_to` and `parse_messages`,
  for what another ledger has made of a reminder since; and `opt_outs`, before anybody is written to.
- *On request*: `ping` by the command `doctor`, then `inspect` where the provider is `Inspectable`; `opt_outs` and
  `parse_opt_outs`, page by page.

One object serves all threads and tasks of a process: it keeps nothing of a message.

What may be raised where
========================

- The constructor: `ConfigurationError` for arguments that can't be meant. It asks for no secret: a kit that only plans
  has none.
- `headers`: `ConfigurationError` where the credential is missing.
- `create`: `RejectedError`, or a class below it, for a draft that the provider would never take (a blank text, half a
  character).
- `read`, `cancel`: nothing; but a provider that cannot be asked raises `MessageNotFoundError`, and one that cannot take
  a message back `TooLateToCancelError`.
- Every `parse_*`: an error of the `ProviderError` branch, by what is to be done next:

      of the moment: certainly nothing was done, and the same request may succeed later
          `RateLimitedError`, `TransientError`
          `QueueFullError`              and no other message is taken either: reminders are held
          `MistimedError`               (`create`) its send time is too near or too far: it is placed anew
      of the account: certainly nothing was done, and nothing like it will be until a person mends that
          `AccountRefusedError`         (`create`) balance, limits, registration, profile, country, what is not enabled;
                                        with `channel="mms"` where it is about MMS only
          `SenderRefusedError`          (`create`) not from this sender, perhaps from another one
          `RefusedCredentialError`      the key itself is not accepted: nothing at all is asked for a while, of any verb
      of the message: it will never be taken as it is, and that is remembered
          `RejectedError`               (`create`) its text or media
          `InvalidNumberError`, `OptedOutError`     (`create`) its number
      `UnknownRefusalError`             (`create`) a code, or a 4xx, that the adapter does not know: certainly not done,
                                        tried again, and taken for the account's where other messages meet it too
      `UnknownOutcomeError`             (`create`) it may have been done: a 5xx, an unreadable 2xx
      `MessageNotFoundError`, `TooLateToCancelError`    (`read`, `cancel`)

  An adapter that can't tell raises `UnknownRefusalError`, never `RejectedError`: what is remembered as refused is not
  tried again. What is said of `create` is raised for no other verb: there, a refusal that is not the key's is a
  `MessageNotFoundError`, a `TooLateToCancelError` or, where nothing is learned, a `TransientError`.

- `events`: `SignatureError` for what is not verified, `PayloadError` for what is and yet can't be read,
  `ConfigurationError` where the key to verify with is missing.

Anything else is taken for a fault of the adapter, and fails that one message. No error text holds a full number, a
message text or a secret.

What the ledger stores and repeats byte for byte
================================================

Of the request that `create` returns: `path` and `body`; and beside it the idempotency key that `create` was given. Not
its headers. So a request that is sent again is a POST of the same body to the same path, with `content-type:
application/json`, with `idempotency-key` where the provider has a `key_life`, and with whatever `headers` returns by
then, which stands above both. Hence:

- `create` makes a POST, and the same arguments give the same bytes: no clock, no chance, no counter.
- Neither path nor body holds a credential.
- A body that is not JSON has its `content-type` named by `headers`; a key that travels otherwise stands in the body.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from attrs import field, frozen
from attrs.validators import instance_of

from reminder_kit.model.host_data import whole_text
from reminder_kit.model.instants import from_iso, iso
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.rules.window import Window

__all__ = [
    "IO",
    "PERMANENT",
    "AddressSigner",
    "Capabilities",
    "DeliveryEvent",
    "Draft",
    "Failure",
    "Finder",
    "Inspectable",
    "Listed",
    "Lister",
    "NoAnswerError",
    "NotSentError",
    "OptOutLister",
    "OptOuts",
    "Provider",
    "Question",
    "Reading",
    "Receipt",
    "Remark",
    "Request",
    "Response",
    "Window",
    "from_iso",
    "iso",
]

T = TypeVar("T")

_LONGEST_WAIT = 3600.0
"""Seconds: a provider that asks for a longer wait is asked again after this one all the same."""


@frozen
class Request:
    """One HTTP request, without credentials."""

    #: "GET", "POST", …; "POST" for what `Provider.create` returns.
    method: str
    #: Where it goes, below the provider's base URL, with its query; begins with a slash.
    path: str = field(validator=instance_of(str))
    #: The bytes that are sent; empty: none.
    body: bytes = field(default=b"", repr=False, validator=instance_of(bytes))
    #: Further headers, by names in lower case; those of `Provider.headers` are added and stand above them.
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Response:
    """One whole HTTP answer."""

    #: The status code.
    status: int
    #: The headers, by names in lower case.
    headers: Mapping[str, str]
    #: The bytes that came.
    body: bytes = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        """How many seconds to wait, by `Retry-After` (RFC 9110, §10.2.3) or `x-ratelimit-reset`; None: neither says.

        An hour at the most.
        """
        for name in ("retry-after", "x-ratelimit-reset"):
            text = self.headers.get(name, "")
            if text.replace(".", "", 1).isdecimal():
                return min(float(text), _LONGEST_WAIT)
            until, at = _http_date(text), self.answered_at
            if until is not None and at is not None:
                return min(max(0.0, (until - at).total_seconds()), _LONGEST_WAIT)
        return None

    @property
    def answered_at(self) -> datetime | None:
        """When the provider answered, UTC, by its own clock (`Date`, RFC 9110, §6.6.1); None: it does not say.

        It shows how far the provider's clock is from ours.
        """
        return _http_date(self.headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class NotSentError(Exception):
    """The request certainly never reached the provider: there was no connection. `IO.send` raises it."""


class NoAnswerError(Exception):
    """The request may have reached the provider, and no whole answer came back. `IO.send` raises it."""


class Failure(StrEnum):
    """Why a message could not be delivered, in words that all providers share."""

    #: There is no such number.
    INVALID_NUMBER = "invalid_number"
    #: The number cannot receive texts.
    LANDLINE = "landline"
    #: The person asked not to be written to.
    OPTED_OUT = "opted_out"
    #: The phone cannot be reached for now.
    UNREACHABLE = "unreachable"
    #: The message was filtered out, by the carrier or the person.
    BLOCKED = "blocked"
    #: The carrier failed, or gives no reason.
    CARRIER = "carrier"
    #: It could not be delivered in time.
    EXPIRED = "expired"
    #: The sender may not do this: it is not registered, not enabled, not paid for.
    SENDER = "sender"


PERMANENT = frozenset({Failure.INVALID_NUMBER, Failure.LANDLINE, Failure.OPTED_OUT})
"""Failures after which no other message to that number would fare better."""


@frozen
class Capabilities:
    """What a provider can do, as declared data. Declare what is documented, not what seems to work."""

    #: How far ahead it takes messages, and until when it gives them back. All lengths zero: it cannot schedule, and the
    #: kit holds each message and sends it when it is due.
    window: Window
    #: How many messages it keeps parked; None: no limit.
    cap: int | None = None
    #: How long a repeated request with the same idempotency key is answered with the first one's result; None: it knows
    #: no keys, and no request is repeated that may have been carried out.
    key_life: timedelta | None = None
    #: How old a message may be, since its creation, to be read; None: it cannot be asked.
    lookup_age: timedelta | None = None
    #: Whether a parked message can be withdrawn.
    cancels: bool = True
    #: Whether it takes MMS.
    mms: bool = True
    #: The countries (two letters) that its sender can't write to, each with why and what helps.
    not_to: Mapping[str, str] = field(factory=dict, repr=False)
    #: Whether its webhooks carry the token that `create` was given.
    echoes_token: bool = False
    #: How many parts an SMS may have.
    max_parts: int = 10
    #: Whether it is a `Finder`.
    finds: bool = False
    #: How long after its creation a message is on the list that `Finder.find` asks for, whatever became of it, so that
    #: one that is not on it does not exist; None: it may exist all the same.
    listed_within: timedelta | None = None
    #: Whether it is a `Lister`: of every message, from `listed_within` on; without that, of those that were sent.
    lists: bool = False
    #: Whether it is an `OptOutLister`.
    lists_opt_outs: bool = False
    #: The pool that the sender belongs to, where a STOP to any of its numbers holds for all of it (a messaging profile,
    #: a messaging service); "": none, or the sender is the pool itself.
    pool: str = ""
    #: The header, in lower case, with the signature of its webhooks, by which a kit with two providers knows whose a
    #: webhook is; "": any webhook may be its.
    signed_by: str = ""
    #: Whether that signature covers the address that a webhook came to, so that it is an `AddressSigner`.
    signs_address: bool = False
    #: Whether it is an `Inspectable`.
    inspects: bool = False
    #: What its codes for undelivered messages mean; a code that is not in it means nothing to the kit.
    failures: Mapping[str, Failure] = field(factory=dict, repr=False)


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
    `Capabilities.listed_within` says when it is.
    """

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request | None:
        """Return the request that looks for the message of a draft; None where asking at `now` could show nothing.

        `created_at` is when its request was first sent, UTC, by our clock.
        """
        ...

    def parse_found(self, response: Response, draft: Draft, *, token: str, created_at: datetime) -> tuple[Receipt, ...]:
        """Return every message in the answer to `find` that may be the one meant, without cancelled ones.

        The kit leaves out those it knows already, and takes what remains if it is exactly one. Raises from the
        `ProviderError` branch.
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
        """Return the request for the messages to a number (E.164) that were made at an instant (UTC) or later."""
        ...

    def parse_messages(self, response: Response, number: str, since: datetime) -> tuple[Listed, ...]:
        """Return the messages in the answer that are from the kit's sender, to that number, and as young.

        Raises from the `ProviderError` branch: a list that can't be read is a `TransientError`.
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


class IO(Protocol):
    """The ways in which a coroutine of the kit touches the world. Adapters don't need it.

    Its blocking form never suspends, so that the same coroutines serve both faces of the kit.
    """

    async def turn(self) -> None:
        """Wait for a place in the provider's rate, which the next `send` takes up.

        That may take a minute: who waited checks again what time allows before a request leaves.
        """
        ...

    async def send(self, request: Request) -> Response:
        """Send one request, with the provider's address and headers, and return the whole answer.

        Raises `NotSentError` where it certainly did not reach the provider, `NoAnswerError` where it may have.
        """
        ...

    def load(self) -> None:
        """Load what a first request needs, connected to nobody."""
        ...

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function and return its result, in a thread where the face is asynchronous."""
        ...

    async def result(self, future: Future[T]) -> T:
        """Wait for a future (a group commit of the ledger) and return its result."""
        ...

    async def sleep(self, delay: float) -> None:
        """Wait `delay` seconds of the machine's clock."""
        ...

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs that don't depend on each other, as many at once as the kit allows; results in their order."""
        ...
