"""The sandbox's webhooks: signed events, kept and delivered with retries, twice or out of order if wanted.

Never sends one to any other machine: addresses that aren't plain HTTP on loopback are kept only.
"""

from __future__ import annotations

import http.client
import queue
import random
import threading
import time
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
Letter = Callable[["Hook", datetime, int, str | None], tuple[dict[str, str], bytes]]

_ATTEMPTS = 3
_PATIENCE = 2.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@define
class Hook:
    """One event on its way: where to, what, and how each attempt was answered (0: not at all).

    `letter` writes it as its provider does: headers and body for one attempt at a time.
    """

    type: str
    occurred_at: datetime
    payload: dict[str, Any]
    letter: Letter
    url: str | None = None
    failover_url: str | None = None
    id: str = field(factory=lambda: str(uuid4()))
    answers: list[int] = field(factory=list)

    def as_sent(self, now: datetime, attempt: int = 1, url: str | None = None) -> tuple[dict[str, str], bytes]:
        """Return headers and body of one attempt."""
        return self.letter(self, now, attempt, url or self.url)


class Hooks:
    """Every event there was, and the thread that delivers them.

    `disorder` delivers what falls due together in a random order, `duplicates` each
    event twice, `receiver` to a function in this process instead of over HTTP.
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

    def add(self, hook: Hook) -> None:
        """Keep an event, to be delivered by the next `flush`."""
        self.sent.append(hook)
        self._waiting.append(hook)

    def flush(self) -> None:
        """Send off what waits: to the receiver at once, over HTTP in a thread."""
        while batch := self._taken():
            if self.duplicates:
                batch = [hook for hook in batch for _ in range(2)]
            if self.disorder:
                self._random.shuffle(batch)
            for hook in batch:
                self._send(hook)

    def _taken(self) -> list[Hook]:
        """Take out what waits, each event for one thread only."""
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
        """Wait until everything sent off over HTTP has been answered, or given up."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        """Stop the delivering thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(timeout=10)

    def _start(self) -> None:
        if self._thread is None:
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
                time.sleep(self.retry_wait * attempt)


def _is_loopback(url: str | None) -> bool:
    parts = urlsplit(url or "")
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE)
    try:
        connection.request("POST", f"{parts.path or '/'}?{parts.query}".rstrip("?"), body, dict(headers))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
