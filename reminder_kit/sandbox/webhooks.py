"""The sandbox's webhooks: signed events, kept and delivered with retries; twice or out of order if wanted.

Never sends one to another machine: an event for an address that isn't plain HTTP on loopback is only kept.
"""

from __future__ import annotations

import http.client
import queue
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from attrs import define, field

__all__ = ["Hook", "Hooks", "Letter", "Receiver"]

Receiver = Callable[[Mapping[str, str], bytes], object]
"""Takes the headers and body of a webhook, in this process."""
Letter = Callable[["Hook", datetime, int, str | None], tuple[dict[str, str], bytes]]
"""Writes a webhook as its provider does: from the event, the time of signing, the attempt and the address."""

_ATTEMPTS = 3
"""At each address (Telnyx, "Receiving Webhooks for Messaging")."""
_PATIENCE = 2.0
"""Seconds within which an attempt must be answered (the same page)."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@define
class Hook:
    """One event on its way to the host."""

    #: The provider's word for what happened.
    type: str
    #: By the sandbox's clock, UTC.
    occurred_at: datetime
    #: What it says, as the provider writes it.
    payload: dict[str, Any]
    #: Writes headers and body as its provider does, for one attempt at a time.
    letter: Letter
    #: Where it goes, and where to if that fails; None: nowhere.
    url: str | None = None
    failover_url: str | None = None
    #: The event's id, the same in every attempt.
    id: str = field(factory=lambda: str(uuid4()))
    #: The status that answered each attempt; 0: none came.
    answers: list[int] = field(factory=list)

    def as_sent(self, now: datetime, attempt: int = 1, url: str | None = None) -> tuple[dict[str, str], bytes]:
        """Return headers and body of one attempt, signed at `now`; `url` None means the event's own address."""
        return self.letter(self, now, attempt, url or self.url)


class Hooks:
    """Every event there was, and the thread that delivers them.

    `disorder` delivers events that fall due together in a random order, `duplicates` each event twice. `receiver` takes
    them in this process instead of over HTTP. `retry_wait` is the pause before a second attempt, in seconds; it grows.
    """

    def __init__(self, now: Callable[[], datetime], receiver: Receiver | None = None) -> None:
        self.sent: list[Hook] = []
        self.disorder = False
        self.duplicates = False
        self.receiver = receiver
        self.retry_wait = 0.05
        self._now = now
        self._random = random.Random(7)  # noqa: S311 - a shuffle, repeatable
        self._waiting: deque[Hook] = deque()
        self._queue: queue.SimpleQueue[Hook | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._open = 0
        self._idle = threading.Condition()
        self._closing = threading.Event()

    def add(self, hook: Hook) -> None:
        """Keep an event, which the next `flush` delivers."""
        self.sent.append(hook)
        self._waiting.append(hook)

    def flush(self) -> None:
        """Deliver what waits: to the receiver at once, over HTTP in a thread."""
        while batch := self._taken():
            if self.duplicates:
                batch = [hook for hook in batch for _ in range(2)]
            if self.disorder:
                self._random.shuffle(batch)
            for hook in batch:
                self._send(hook)

    def _taken(self) -> list[Hook]:
        """Return what waits and take it out, so that each event goes to one thread only."""
        batch: list[Hook] = []
        with suppress(IndexError):
            while True:
                batch.append(self._waiting.popleft())
        return batch

    def _send(self, hook: Hook) -> None:
        if self.receiver is not None:
            self.receiver(*hook.as_sent(self._now(), len(hook.answers) + 1))
            hook.answers.append(200)
        elif _is_loopback(hook.url):
            self._start()
            with self._idle:
                self._open += 1
            self._queue.put(hook)

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait until every event sent over HTTP was answered or given up; say whether it was within the seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        """Stop the thread that delivers: what was not answered yet is tried once more, and no further."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            self._queue.put(None)
            thread.join(timeout=10)

    def _start(self) -> None:
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._deliver_all, name="sandbox-webhooks", daemon=True)
            self._thread.start()

    def _deliver_all(self) -> None:
        while (hook := self._queue.get()) is not None:
            try:
                self._deliver(hook)
            finally:
                with self._idle:
                    self._open -= 1
                    self._idle.notify_all()

    def _deliver(self, hook: Hook) -> None:
        """Try three times, then three times at the failover address, as Telnyx does; only 2xx counts."""
        attempt = 0
        for url in (hook.url, hook.failover_url):
            if not _is_loopback(url):
                continue
            for _ in range(_ATTEMPTS):
                attempt += 1
                status = _post(str(url), *hook.as_sent(self._now(), attempt, url))
                hook.answers.append(status)
                if 200 <= status < 300:
                    return
                if self._closing.wait(self.retry_wait * attempt):
                    return


def _is_loopback(url: str | None) -> bool:
    with suppress(ValueError):  # what is no address leads nowhere
        parts = urlsplit(url or "")
        return parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port != 0
    return False


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Return the status that answers a webhook; 0 means that no answer came."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE)
    try:
        connection.request("POST", f"{parts.path or '/'}?{parts.query}".rstrip("?"), body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
