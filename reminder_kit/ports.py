"""Ports: what the kit asks of a provider and of the world.

These docstrings are the specification. Nothing here performs I/O or reads a clock: a
provider turns values into requests and answers into values; `IO` alone touches the world.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from reminder_kit.model.instants import from_iso, iso
from reminder_kit.model.messages import DeliveryEvent, Draft
from reminder_kit.rules.window import Window

__all__ = [
    "IO",
    "PERMANENT",
    "Capabilities",
    "DeliveryEvent",
    "Draft",
    "Failure",
    "Finder",
    "NoAnswerError",
    "NotSentError",
    "OptOutLister",
    "OptOuts",
    "Provider",
    "Receipt",
    "Request",
    "Response",
    "Window",
    "from_iso",
    "iso",
]

T = TypeVar("T")

_LONGEST_WAIT = 3600.0
"""Seconds: whoever names more (or an instant instead) is asked again after an hour all the same."""


@frozen
class Request:
    """One HTTP request, without credentials: what is stored in the ledger and replayed byte for byte.

    `path` is relative to the provider's base URL and begins with a slash.
    """

    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Response:
    """One HTTP answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        """How many seconds to wait, by `Retry-After` (RFC 9110, §10.2.3) or `x-ratelimit-reset`: an hour at most."""
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
        """When the provider answered, by its own clock (`Date`, RFC 9110, §6.6.1): shows how far ours is off."""
        return _http_date(self.headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class NotSentError(Exception):
    """The request certainly never reached the provider (no connection)."""


class NoAnswerError(Exception):
    """The request may have reached the provider, and no whole answer came back."""


class Failure(StrEnum):
    """Why a message could not be delivered, in words that all providers share."""

    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    CARRIER = "carrier"
    EXPIRED = "expired"
    SENDER = "sender"


PERMANENT = frozenset({Failure.INVALID_NUMBER, Failure.LANDLINE, Failure.OPTED_OUT})
"""Failures after which no other message to that number would fare better."""


@frozen
class Capabilities:
    """What a provider can do, as declared data.

    `window` bounds `send_at`; `cap` is the number of messages it keeps parked (None: no
    limit); `key_life` is how long a repeated request with the same key is answered with
    the first one's result (None: it knows no keys); `lookup_age` is how old a message
    may be, since its creation, to be read (None: it cannot be asked); `cancels` says
    whether a parked message can be withdrawn; `echoes_token` whether its webhooks carry
    our token; `finds` whether it is a `Finder`, `lists_opt_outs` whether it is an
    `OptOutLister`. `signed_by` is the header, in lower case, that carries the signature of
    its webhooks, by which a kit with two providers knows whose they are ("": any may be
    its). `failures` says what its codes for undelivered messages mean; a code that is not
    in it means nothing to us.
    """

    window: Window
    cap: int | None = None
    key_life: timedelta | None = None
    lookup_age: timedelta | None = None
    cancels: bool = True
    mms: bool = True
    echoes_token: bool = False
    max_parts: int = 10
    finds: bool = False
    lists_opt_outs: bool = False
    signed_by: str = ""
    failures: Mapping[str, Failure] = field(factory=dict, repr=False)


@frozen
class Receipt:
    """A provider's answer about one message: its name for it, and its status in our words.

    `status` is a value of `reminder_kit.model.lifecycle.State` (`scheduled`, `sent`,
    `delivered`, `undelivered`, `cancelled`) or `unknown` for a word we don't know.
    `replayed` is true where the provider says that it answered from memory.
    """

    provider_id: str
    status: str
    error: str = ""
    replayed: bool = False


class Provider(Protocol):
    """One SMS/MMS provider: pure functions from values to requests and from answers to values.

    Every `parse_*` either returns a `Receipt` or raises from the `ProviderError` branch:
    `RateLimitedError`/`TransientError` where nothing was done and a repetition may
    succeed, `RejectedError` and below where the message will never be taken
    (`SenderRefusedError`: not from this sender or account),
    `RefusedCredentialError` where the account or sender must be mended first,
    `UnknownOutcomeError` where it may have been done (a 5xx, an unreadable 2xx),
    `MessageNotFoundError` and `TooLateToCancelError` for messages already parked. No error
    text holds a full number, a message text or a secret.
    """

    name: str
    base_url: str
    capabilities: Capabilities

    @property
    def sender(self) -> str:
        """What messages are sent from; a parked message from another sender is replaced."""
        ...

    def headers(self) -> Mapping[str, str]:
        """Return what every request needs and no ledger may keep: the credentials."""
        ...

    def create(self, draft: Draft, *, token: str, idempotency_key: str) -> Request:
        """Return the request that parks the draft. Raises `RejectedError` for what the provider would never take."""
        ...

    def parse_created(self, response: Response) -> Receipt:
        """Read the answer to `create`."""
        ...

    def read(self, provider_id: str) -> Request:
        """Return the request that asks for a message."""
        ...

    def parse_read(self, response: Response) -> Receipt:
        """Read the answer to `read`."""
        ...

    def cancel(self, provider_id: str) -> Request:
        """Return the request that withdraws a parked message."""
        ...

    def parse_cancelled(self, response: Response) -> Receipt:
        """Read the answer to `cancel`; `status` is `cancelled` where it worked."""
        ...

    def ping(self) -> Request:
        """Return a harmless request that shows whether the provider can be reached and knows us."""
        ...

    def events(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[DeliveryEvent, ...]:
        """Verify a webhook over its raw bytes and return what it tells.

        Raises `SignatureError` or `PayloadError`.
        """
        ...


class Finder(Provider, Protocol):
    """A provider that can be asked for a message whose id we never learned, because the answer was lost.

    Asked before a message is called unknown. What it does not find is not proved absent.
    """

    def find(self, draft: Draft, *, token: str, created_at: datetime, now: datetime) -> Request | None:
        """Return the request that looks for it; None where asking now could show nothing."""
        ...

    def parse_found(self, response: Response, draft: Draft, *, token: str, created_at: datetime) -> tuple[Receipt, ...]:
        """Read the answer to `find`: every message that may be the one meant, without cancelled ones.

        `created_at` is when its request was first posted, by our clock. Raises as every `parse_*`.
        """
        ...


@frozen
class OptOuts:
    """One page of a provider's list of numbers that opted out; `more` says that another one follows."""

    numbers: tuple[str, ...] = field(repr=False)
    more: bool = False


class OptOutLister(Provider, Protocol):
    """A provider whose list of opt-outs can be read."""

    def opt_outs(self, page: int) -> Request:
        """Return the request for one page of the list, from 1."""
        ...

    def parse_opt_outs(self, response: Response) -> OptOuts:
        """Read the answer to `opt_outs`. Raises as every `parse_*`."""
        ...


class IO(Protocol):
    """The ways in which a coroutine of the kit touches the world.

    The blocking form never suspends, so that the same coroutines serve both faces.
    """

    async def send(self, request: Request) -> Response:
        """Send one request and return the whole answer; raises `NotSentError` or `NoAnswerError`."""
        ...

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function."""
        ...

    async def result(self, future: Future[T]) -> T:
        """Return what a future (a group commit of the ledger) brings."""
        ...

    async def sleep(self, delay: float) -> None:
        """Wait so many seconds of the machine's clock."""
        ...

    async def gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs that don't depend on each other, so many at once as the kit allows; results in their order."""
        ...
