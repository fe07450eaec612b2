"""What the sandbox holds, and what time does to it.

Never answers a request: the endpoints do, and `core` leads to them. Safe between threads: one step at a time.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar, Protocol
from uuid import uuid4

from attrs import evolve, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import utc
from reminder_kit.sandbox.clock import Clock
from reminder_kit.sandbox.faults import Fault, Faults
from reminder_kit.sandbox.http_messages import Answer, Logged
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.rate_limit import Limit
from reminder_kit.sandbox.signer import Signer
from reminder_kit.sandbox.webhooks import Hook, Hooks, Receiver

__all__ = ["ANY", "SECRET", "Dialect", "OptOut", "Remembered", "SandboxState"]


_DELIVERY = timedelta(seconds=2)
"""How long after a message was sent its delivery is reported."""
_STOP = frozenset({"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "UNSTOP"})
"""Replies that opt out and in by themselves (Telnyx, "Advanced Opt-In/Out")."""
_SECOND = timedelta(seconds=1)
_MOMENT = timedelta(microseconds=1)
_LOG = 50_000
"""Requests that the log keeps."""

_PAST_SEND_AT = ("refuse", "send")
"""What may be answered to a send time that is past or too near."""

SECRET = "reminder-kit-sandbox-webhook-secret"  # noqa: S105 - of a sandbox
"""The secret by which webhooks of Twilio and Vonage are signed where no key is given."""

ANY = "*"
"""The profile in the opt-out of a person who was never written to: it applies to every profile."""


class Dialect(Protocol):
    """How one provider reports on messages and replies."""

    def report(self, sandbox: SandboxState, message: Parked, at: datetime) -> Hook:
        """Return the webhook that says that a message was sent, or is over."""
        ...

    def reply(self, sandbox: SandboxState, number: str, text: str, to: str, automatic: str | None) -> Hook:
        """Return the webhook of a reply; `automatic` is STOP, START or HELP, None where it is none of them."""
        ...


@frozen
class OptOut:
    """A number that opted out, by a reply to a number of ours."""

    #: The person's number.
    number: str
    #: Our number, to which the reply went.
    to: str
    #: What the opt-out applies to: a profile or Messaging Service, or `ANY`.
    profile: str
    #: The reply, in upper case.
    keyword: str
    #: By the sandbox's clock, UTC.
    at: datetime


@frozen
class Remembered:
    """The request and answer that an idempotency key stands for."""

    #: When the request came, UTC.
    at: datetime
    #: Its body, byte for byte: another body under the same key is refused.
    body: bytes
    #: The answer that a repetition is given.
    answer: Answer

    def replay(self) -> Answer:
        """Return the answer with the header that says it comes from memory."""
        return evolve(self.answer, headers={**self.answer.headers, "idempotent-replayed": "true"})


class SandboxState:
    """Messages, keys, opt-outs, faults and requests, and a clock that makes messages fall due.

    `dialects` says, by provider, how messages and replies are reported; `Sandbox` fills it in, and says what the
    arguments mean.
    """

    dialects: ClassVar[Mapping[str, Dialect]]

    def __init__(
        self,
        clock: Clock | datetime | str | None = None,
        *,
        key: str | None = None,
        cap: int = 1_000_000,
        idempotency: bool = True,
        strict: bool = False,
        repeat_cancel: int = 403,
        past_send_at: str = "refuse",
        min_lead: timedelta = timedelta(minutes=15),
        limit: Limit | None = None,
        provider: str = "telnyx",
        webhook_url: str | None = None,
        receiver: Receiver | None = None,
    ) -> None:
        if past_send_at not in _PAST_SEND_AT:
            raise InvalidInputError(f"past_send_at is {past_send_at!r}: give one of {', '.join(_PAST_SEND_AT)}")
        self.clock = clock if isinstance(clock, Clock) else Clock(clock)
        self.key = key
        self.cap = cap
        self.idempotency = idempotency
        self.strict = strict
        self.repeat_cancel = repeat_cancel
        self.past_send_at = past_send_at
        self.min_lead = min_lead
        self.limit = limit
        self.provider = provider
        self.webhook_url = webhook_url
        self.secret = key or SECRET
        self.profile = "16fd2706-8baf-433b-82eb-8c7fada847da"
        self.pool_number = "+12025550100"
        #: What a test sets of the account's settings, by provider: of Telnyx' messaging profile, of Twilio's service.
        self.settings: dict[str, dict[str, Any]] = {}
        self.signer = Signer()
        self.hooks = Hooks(self.now, receiver)
        self.faults = Faults()
        #: Every message there was, by id, in the order of creation.
        self.by_id: dict[str, Parked] = {}
        #: What idempotency keys stand for, by key, method and path.
        self.keys: dict[tuple[str, str, str], Remembered] = {}
        #: By number and profile.
        self.opted_out: dict[tuple[str, str], OptOut] = {}
        #: The latest requests, the oldest first.
        self.requests: deque[Logged] = deque(maxlen=_LOG)
        #: How many requests there were, and how many of them no GET.
        self.request_count = 0
        self.write_count = 0
        #: What the sandbox itself failed at, each with its place; nothing is meant to be there.
        self.crashes: list[str] = []
        #: By number: status, code and title that its messages end with.
        self._outcomes: dict[str, tuple[str, str, str]] = {}
        #: A heap of what time does next: send a message, then end it.
        self._due: list[tuple[datetime, int, Parked]] = []
        self._order = count()
        self._replied_at: datetime | None = None
        self._scheduled = 0
        self._lock = threading.RLock()
        self.clock.when_moved(self.tick)

    # What tests and demos ask

    def now(self) -> datetime:
        """Return the sandbox's time, UTC."""
        return utc(self.clock())

    @property
    def public_key(self) -> str:
        """The key that Telnyx' webhooks are verified with, as `Telnyx(public_key=…)` takes it."""
        return self.signer.public_key

    def messages(self, to: str | None = None) -> list[Parked]:
        """Return every message there was, in the order of creation; `to` None means to any number."""
        with self._lock:
            return [message for message in self.by_id.values() if to in {None, message.to}]

    def parked(self, to: str | None = None) -> list[Parked]:
        """Return the messages that are scheduled now, by send time; `to` None means for any number."""
        self.tick()
        return sorted(
            (message for message in self.messages(to) if message.status == "scheduled"),
            key=lambda message: message.send_at,
        )

    def inbox(self, number: str) -> list[Parked]:
        """Return the messages that reached a number, in the order in which they came."""
        self.tick()
        reached = [
            message for message in self.messages(number) if message.sent_at and message.status in {"sent", "delivered"}
        ]
        return sorted(reached, key=lambda message: message.sent_at or message.send_at)

    def fault(self, kind: str, times: int | None = 1, **details: Any) -> None:
        """Have the next `times` requests go wrong (None: all); see `reminder_kit.sandbox.faults.KINDS` and `Fault`.

        Raises `InvalidInputError` for a kind there is not.
        """
        with self._lock:
            self.faults.add(Fault(kind, times, **details))

    def outcome(self, number: str, status: str, code: str = "", title: str = "") -> None:
        """Have messages to a number end in a status of Telnyx'; "sent" means that no receipt ever comes."""
        self._outcomes[number] = (status, code, title)

    def inbound(self, number: str, text: str, to: str | None = None) -> Hook:
        """Have a person reply, and return the webhook; STOP and its like opt the number out, START lifts that.

        `to` is our number; None means the one that wrote to the person last.
        """
        with self._lock:
            hook = self._inbound(number, text, to)
            self.hooks.add(hook)
        self.hooks.flush()
        return hook

    def reset(self) -> None:
        """Forget every message, key, opt-out, fault and request; the clock stays."""
        with self._lock:
            for held in (self.by_id, self.keys, self.opted_out, self.requests, self._outcomes, self._due):
                held.clear()
            self.hooks.sent.clear()
            self.crashes.clear()
            self.faults.clear()
            self._scheduled = self.request_count = self.write_count = 0

    def close(self) -> None:
        """Stop delivering webhooks."""
        self.hooks.close()

    # What the endpoints do to it

    def sends_at_once(self, send_at: datetime, nearest: timedelta) -> bool:
        """Say whether a message for this time is sent at once: nearer than `nearest`, and that is not refused."""
        return self.past_send_at == "send" and send_at - self.now() < nearest

    def new_id(self) -> str:
        """Return a new message id."""
        return str(uuid4())

    def accept(self, message: Parked) -> None:
        """Take a message in, to be sent when it falls due."""
        self.by_id[message.id] = message
        self._scheduled += message.scheduled
        heapq.heappush(self._due, (message.send_at, next(self._order), message))

    def cancel(self, message: Parked) -> None:
        """Cancel a message that is scheduled."""
        message.status = "cancelled"
        message.cancelled_at = self.now()
        self._scheduled -= 1

    def remember(self, key: tuple[str, str, str], body: bytes, found: Answer) -> None:
        """Remember the answer to a request with an idempotency key, if it succeeded."""
        if 200 <= found.status < 300:
            self.keys[key] = Remembered(self.now(), body, found)

    def parked_count(self) -> int:
        """Return how many messages are scheduled."""
        return self._scheduled

    def is_blocked(self, number: str, profile: str) -> bool:
        """Say whether a number opted out of a profile, or of every profile."""
        return (number, profile) in self.opted_out or (number, ANY) in self.opted_out

    # What time does to it

    def tick(self) -> None:
        """Send what has fallen due by now, report it, and deliver the webhooks."""
        with self._lock:
            self._fall_due()
        self.hooks.flush()

    def _fall_due(self) -> None:
        now = self.now()
        while self._due and self._due[0][0] <= now:
            at, _, message = heapq.heappop(self._due)
            if message.status in {"scheduled", "queued"}:
                self._send(message, at)
            elif message.status == "sent":
                self._finish(message, at)

    def _send(self, message: Parked, at: datetime) -> None:
        self._scheduled -= message.status == "scheduled"
        if self.is_blocked(message.to, message.profile):
            self._finish(message, at, "sending_failed", "40300", "Blocked due to STOP message")
            return
        message.status, message.sent_at = "sent", at
        self._report(message, at)
        heapq.heappush(self._due, (at + _DELIVERY, next(self._order), message))

    def _finish(self, message: Parked, at: datetime, *outcome: str) -> None:
        """End a message with a status, code and title, by default those set for its number, else `delivered`."""
        status, code, title = outcome or self._outcomes.get(message.to, ("delivered", "", ""))
        if status == "sent":
            return
        message.status, message.completed_at = status, at
        if code:
            source = {"pointer": "/to/0/phone_number"}
            message.errors = [{"code": code, "title": title or "Undeliverable", "detail": title, "source": source}]
        self._report(message, at)

    def _report(self, message: Parked, at: datetime) -> None:
        self.hooks.add(self.dialects[message.kind].report(self, message, at))

    def _inbound(self, number: str, text: str, to: str | None) -> Hook:
        last = next((message for message in reversed(self.by_id.values()) if message.to == number), None)
        to = to or (last.from_ if last else self.pool_number)
        profile = last.profile if last else ANY
        word = " ".join(text.upper().split())
        automatic = "STOP" if word in _STOP else "START" if word in _START else "HELP" if word == "HELP" else None
        if automatic == "STOP":
            self.opted_out[number, profile] = OptOut(number, to, profile, word, self.now())
        elif automatic == "START":
            for item in (profile, ANY):
                self.opted_out.pop((number, item), None)
        hook = self.dialects[last.kind if last else self.provider].reply(self, number, text, to, automatic)
        hook.occurred_at = self._replied_at = self._after_last_reply(hook.occurred_at)
        return hook

    def _after_last_reply(self, at: datetime) -> datetime:
        """Return an instant after the last reply's, also while the clock stands still: no two replies come at once."""
        last = self._replied_at
        return last + _MOMENT if last is not None and timedelta(0) <= last - at < _SECOND else at
