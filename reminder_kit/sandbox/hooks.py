"""The sandbox's webhooks: signed events, kept and delivered with retries, twice or out of order if wanted.

Never sends one to any other machine: addresses that aren't plain HTTP on loopback are kept only.
"""

from __future__ import annotations

import base64
import http.client
import json
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from attrs import define, field

from reminder_kit.errors import ConfigurationError
from reminder_kit.instants import seconds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Hook", "Hooks", "Receiver", "Signer"]

Receiver = Callable[[Mapping[str, str], bytes], object]

_ATTEMPTS = 3
_PATIENCE = 2.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Signer:
    """An Ed25519 key that stays the same for the same seed."""

    def __init__(self, seed: str = "reminder_kit sandbox") -> None:
        self._seed = sha256(seed.encode()).digest()

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:
            raise ConfigurationError(
                "the sandbox cannot sign webhooks without the package cryptography: "
                "pip install 'reminder-kit[webhooks]'"
            ) from None
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @property
    def public_key(self) -> str:
        """The public key, in base64, as `Telnyx(public_key=…)` takes it."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers with which Telnyx would send this body at that time."""
        timestamp = str(seconds(at))
        signature = base64.b64encode(self._key.sign(timestamp.encode() + b"|" + body)).decode()
        return {
            "content-type": "application/json",
            "telnyx-timestamp": timestamp,
            "telnyx-signature-ed25519": signature,
        }


@define
class Hook:
    """One event on its way: where to, what, and how each attempt was answered (0: not at all)."""

    type: str
    occurred_at: datetime
    payload: dict[str, Any]
    url: str | None = None
    failover_url: str | None = None
    id: str = field(factory=lambda: str(uuid4()))
    answers: list[int] = field(factory=list)

    def body(self, attempt: int = 1, url: str | None = None) -> bytes:
        """Return the body of one attempt."""
        data = {
            "event_type": self.type,
            "id": self.id,
            "occurred_at": self.occurred_at.isoformat(timespec="microseconds"),
            "payload": self.payload,
            "record_type": "event",
        }
        meta = {"attempt": attempt, "delivered_to": url or self.url}
        return json.dumps({"data": data, "meta": meta}, ensure_ascii=False).encode()


class Hooks:
    """Every event there was, and the thread that delivers them.

    `disorder` delivers what falls due together in a random order, `duplicates` each
    event twice, `receiver` to a function in this process instead of over HTTP.
    """

    def __init__(self, now: Callable[[], datetime], signer: Signer, receiver: Receiver | None = None) -> None:
        self.sent: list[Hook] = []
        self.disorder = False
        self.duplicates = False
        self.receiver = receiver
        self.retry_wait = 0.05
        self._now = now
        self._signer = signer
        self._random = random.Random(7)  # noqa: S311 - a shuffle, repeatable
        self._waiting: list[Hook] = []
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
        while self._waiting:
            batch, self._waiting = self._waiting, []
            if self.duplicates:
                batch = [each for each in batch for _ in range(2)]
            if self.disorder:
                self._random.shuffle(batch)
            for hook in batch:
                self._send(hook)

    def _send(self, hook: Hook) -> None:
        if self.receiver is not None:
            body = hook.body(len(hook.answers) + 1)
            self.receiver(self._signer.headers(body, self._now()), body)
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
                body = hook.body(attempt, url)
                status = _post(str(url), self._signer.headers(body, self._now()), body)
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
