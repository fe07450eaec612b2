"""The sandbox as an HTTP/1.1 server on loopback, small and quick: one event loop in a thread of its own.

Never listens on anything but loopback unless told to, never speaks TLS.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from reminder_kit.http_bodies import announced
from reminder_kit.sandbox.core import Sandbox
from reminder_kit.sandbox.http_messages import Answer, Call, answer

__all__ = ["Server", "run", "serve"]

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 16 * 1024 * 1024
"""Bytes of a request's head and body."""
_TICK = 0.5
"""Seconds between looks at what has fallen due."""


def _rendered(found: Answer, *, close: bool) -> bytes:
    """Return an answer as the bytes of HTTP/1.1."""
    try:
        phrase = HTTPStatus(found.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {found.status} {phrase}", f"content-length: {len(found.body)}"]
    lines += [f"{name}: {value}" for name, value in found.headers.items()]
    lines += ["connection: close"] if close else []
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + found.body


def _head(data: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, target and headers of a request's head; raises `ValueError`."""
    start, *lines = data.decode("latin-1").split("\r\n")
    method, target, version = start.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    pairs = (line.partition(":") for line in lines)
    return method, target, {name.strip().lower(): value.strip() for name, _, value in pairs}


class _Connection(asyncio.Protocol):
    """One client: requests in, answers out, in order."""

    def __init__(self, sandbox: Sandbox, connections: set[_Connection]) -> None:
        self._sandbox = sandbox
        self._connections = connections
        self._data = b""
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server gives
        self._transport = transport
        self._connections.add(self)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, _error: Exception | None) -> None:
        self._connections.discard(self)

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._work()

    def _work(self) -> None:
        while not self._busy and not self._transport.is_closing():
            call = self._next()
            if call is None:
                return
            self._answer(call)

    def _next(self) -> Call | None:
        """Return the next request; None means that it is not all there, or was refused."""
        if self._head is None:
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return self._refuse(431) if len(head) > _LONGEST_HEAD else None
            try:
                self._head, self._data = _head(head), rest
            except ValueError:
                return self._refuse(400)
        method, target, headers = self._head
        length = announced(headers.get("content-length", "0"))
        if "transfer-encoding" in headers or length is None:
            return self._refuse(411)
        if length > _LONGEST_BODY:
            return self._refuse(413)
        if headers.pop("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._data) < length:
            return None
        body, self._data = self._data[:length], self._data[length:]
        self._head = None
        return Call.of(method, target, headers, body)

    def _refuse(self, status: int) -> Call | None:
        """Answer a request that can't be read, and close the connection."""
        self._transport.write(_rendered(answer(status, {"error": HTTPStatus(status).phrase}), close=True))
        self._transport.close()
        return None

    def _answer(self, call: Call) -> None:
        close = call.headers.get("connection", "").lower() == "close"
        found = self._sandbox.handle(call)
        if found.delay:
            self._busy = True
            asyncio.get_running_loop().call_later(found.delay, self._late, found, close)
        else:
            self._write(found, close)

    def _late(self, found: Answer, close: bool) -> None:  # noqa: FBT001 - call_later takes no keywords
        self._busy = False
        if not self._transport.is_closing():
            self._write(found, close)
            self._work()

    def _write(self, found: Answer, close: bool) -> None:  # noqa: FBT001 - as above
        if found.drop:
            self._transport.abort()
            return
        data = _rendered(found, close=close)
        self._transport.write(data[: len(data) - len(found.body) // 2 - 1] if found.cut else data)
        if close or found.cut:
            self._transport.close()


class Server:
    """A sandbox as a server: `url` is its root, `base_url` what `TELNYX_BASE_URL` is set to.

    It listens from the start; raises `OSError` where the address cannot be listened on.
    """

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        self.sandbox = sandbox
        self._socket = _listening(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{shown}:{self.port}"
        self.base_url = f"{self.url}/v2"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    async def work(self, started: Callable[[], None]) -> None:
        """Serve until `stop` is called."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections: set[_Connection] = set()
        server = await self._loop.create_server(lambda: _Connection(self.sandbox, connections), sock=self._socket)
        started()
        try:
            while not self._stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _TICK)
                self.sandbox.tick()
        finally:
            server.close()
            for connection in list(connections):
                connection.abort()
            await asyncio.sleep(0)

    def stop(self) -> None:
        """Stop serving; may be called from any thread."""
        if self._loop is not None and self._stop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


@contextmanager
def serve(sandbox: Sandbox, port: int = 0, *, host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve a sandbox in a thread while the context lasts; port 0 takes a free one.

    Raises `OSError` where the address cannot be listened on.
    """
    server = Server(sandbox, host, port)
    started = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(server.work(started.set)), name="sandbox", daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
        sandbox.close()


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    sandbox: Sandbox | None = None,
    ready: Callable[[Server], None] | None = None,
) -> None:
    """Serve a sandbox in this thread until interrupted or terminated; `ready` is called once it listens.

    `sandbox` None means one that shows the real time.

    Raises `OSError` where the address cannot be listened on.
    """
    server = Server(sandbox or Sandbox(), host, port)

    def started() -> None:
        with suppress(ValueError, NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, server.stop)
        if ready is not None:
            ready(server)

    try:
        asyncio.run(server.work(started))
    finally:
        server.sandbox.close()
