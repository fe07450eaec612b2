"""Connections to a provider, each a transport of httpx: one for each request under way, kept for the next one.

Never repeats a request, never follows a redirect, and never goes by a proxy: httpx's own transports do that.

Measured in one run, in microseconds of CPU for a POST and its answer, 64 at once, from a local server: httpx's own
transports 320 (async) and 200 (blocking), these 130 and 125, aiohttp behind httpx's interface (`httpx-aiohttp`) 123,
pyreqwest 50. What keeps those away is not speed: `httpx-aiohttp` lists a connection that broke, also after its request
had left, as `ConnectTimeout`, so that nobody could tell whether a message was made; for the answer to the next request
httpx takes a second answer to the last one, and aiohttp what comes on a connection at rest, such as a 408; pyreqwest
has certificates of its own. h11, which reads and writes here, comes with httpx.

Which error means that nothing was sent: `ConnectError`, `ConnectTimeout` and `UnsupportedProtocol` are raised before
the first byte of a request is written, and by nothing that comes after it.
"""

from __future__ import annotations

import asyncio
import math
import select
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast

from reminder_kit.transport.conversation import Conversation
from reminder_kit.transport.lean_httpx import httpx

__all__ = ["AsyncConnection", "Connection"]

_AT_ONCE = 64 * 1024
"""Bytes read at a time."""

_HAPPY_EYEBALLS = 0.25
"""Seconds after which another address of a host is tried as well (RFC 8305)."""


def _address(request: httpx.Request) -> tuple[str, int]:
    """Return host and port of a request; raises `httpx.UnsupportedProtocol` where there are none."""
    url = request.url
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise httpx.UnsupportedProtocol("the address begins with neither http:// nor https://, or names no host")
    return url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)


def _limit(request: httpx.Request, step: str) -> float | None:
    """Return how many seconds a step of an exchange may take; None: as long as it likes."""
    return cast("float | None", request.extensions.get("timeout", {}).get(step))


@contextmanager
def _connecting() -> Iterator[None]:
    """Raise what opening a connection meets as httpx does; `UnicodeError` is of a host's name that can't be written."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(str(error)) from error


@contextmanager
def _reading() -> Iterator[None]:
    """Raise what reading an answer meets as httpx does."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error


class _Rest:
    """Whether a connection at rest may be used again: not when the server may close it at any moment."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._begun = 0.0

    def begin(self) -> None:
        self._begun = time.monotonic()

    def is_over(self) -> bool:
        return time.monotonic() - self._begun > self._longest


# The blocking face


class Connection(httpx.BaseTransport):
    """One connection of the blocking face, opened when needed; all its requests go to the same host.

    `context` has the certificates; `idle` is for how many seconds it may rest between two requests.
    """

    def __init__(self, context: ssl.SSLContext, idle: float) -> None:
        self._context = context
        self._rest = _Rest(idle)
        self._http = Conversation()
        self._socket: socket.socket | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer, its body still to be read; raises errors of httpx."""
        opened = self._ready(request)
        try:
            self._send(opened, self._http.request(request))
            until = time.monotonic() + (_limit(request, "read") or math.inf)
            while (head := self._http.head()) is None:
                self._receive(opened, until)
        except BaseException:
            self.close()
            raise
        return httpx.Response(head.status_code, headers=list(head.headers), stream=_Answer(self, until))

    def _ready(self, request: httpx.Request) -> socket.socket:
        """Return a connection on which nothing waits to be read."""
        if self._socket is not None and (self._rest.is_over() or _is_readable(self._socket)):
            self.close()
        if self._socket is None:
            with _connecting():
                self._socket = self._opened(request)
            self._http = Conversation()
        return self._socket

    def _opened(self, request: httpx.Request) -> socket.socket:
        host, port = _address(request)
        opened = socket.create_connection((host, port), _limit(request, "connect"))
        try:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if request.url.scheme == "https":
                opened = self._context.wrap_socket(opened, server_hostname=host)
            opened.settimeout(_limit(request, "read"))
        except BaseException:
            opened.close()
            raise
        return opened

    @staticmethod
    def _send(opened: socket.socket, data: bytes) -> None:
        try:
            opened.sendall(data)
        except TimeoutError as error:
            raise httpx.WriteTimeout(str(error)) from error
        except OSError:  # who closes a connection may have answered before
            return

    def _receive(self, opened: socket.socket, until: float) -> None:
        """Take in what comes next, unless it is later than `until` by now, however soon one byte follows another."""
        with _reading():
            if time.monotonic() > until:
                raise TimeoutError
            self._http.receive(opened.recv(_AT_ONCE))

    def pieces(self, until: float) -> Iterator[bytes]:
        """Yield the pieces of the answer's body as they come, none of them later than `until`."""
        while self._socket is not None and (piece := self._http.piece()) is not None:
            if piece:
                yield piece
            else:
                self._receive(self._socket, until)

    def rest(self) -> None:
        """End an answer: close the connection, unless it may be used again."""
        self._rest.begin()
        if not self._http.begin_again():
            self.close()

    def close(self) -> None:
        """Close the connection; a later request opens another one."""
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()


class _Answer(httpx.SyncByteStream):
    """The body of an answer, while it is read."""

    def __init__(self, connection: Connection, until: float) -> None:
        self._connection = connection
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        return self._connection.pieces(self._until)

    def close(self) -> None:
        self._connection.rest()


def _is_readable(opened: socket.socket) -> bool:
    """Say whether anything came, or the end: a connection at rest is of no more use then."""
    if isinstance(opened, ssl.SSLSocket) and opened.pending():
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([opened], [], [], 0)[0])
    watch = select.poll()
    watch.register(opened, select.POLLIN)
    return bool(watch.poll(0))


# The async face


class AsyncConnection(httpx.AsyncBaseTransport):
    """One connection of the async face, which belongs to the event loop that opened it; the arguments are the same."""

    def __init__(self, context: ssl.SSLContext, idle: float) -> None:
        self._context = context
        self._rest = _Rest(idle)
        self._http = Conversation()
        self._line: _Line | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer, its body still to be read; raises errors of httpx."""
        line, limit = await self._ready(request), _limit(request, "read")
        try:
            line.transport.write(self._http.request(request))
            while (head := self._http.head()) is None:
                await self._receive(line, limit)
        except BaseException:
            self._drop()
            raise
        return httpx.Response(head.status_code, headers=list(head.headers), stream=_AsyncAnswer(self, limit))

    async def _ready(self, request: httpx.Request) -> _Line:
        """Return a connection on which nothing waits to be read."""
        if self._line is not None and (self._rest.is_over() or self._line.is_readable):
            self._drop()
        if self._line is None:
            with _connecting():
                self._line = await self._opened(request)
            self._http = Conversation()
        return self._line

    async def _opened(self, request: httpx.Request) -> _Line:
        host, port = _address(request)
        context = self._context if request.url.scheme == "https" else None
        loop, options = asyncio.get_running_loop(), dict[str, Any]()
        if isinstance(loop, asyncio.BaseEventLoop):  # others (uvloop) try one address after another
            options["happy_eyeballs_delay"] = _HAPPY_EYEBALLS
        async with asyncio.timeout(_limit(request, "connect")):
            _, line = await loop.create_connection(_Line, host, port, ssl=context, **options)
        return line

    async def _receive(self, line: _Line, limit: float | None) -> None:
        with _reading():
            async with asyncio.timeout(limit):
                data = await line.read()
        self._http.receive(data)

    async def pieces(self, limit: float | None) -> AsyncIterator[bytes]:
        """Yield the pieces of the answer's body as they come; `limit` is in seconds, for each."""
        while self._line is not None and (piece := self._http.piece()) is not None:
            if piece:
                yield piece
            else:
                await self._receive(self._line, limit)

    def rest(self) -> None:
        """End an answer: close the connection, unless it may be used again."""
        self._rest.begin()
        if not self._http.begin_again():
            self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.transport.abort()

    async def aclose(self) -> None:
        """Close the connection, and let the event loop do so; a later request opens another one."""
        self._drop()
        await asyncio.sleep(0)


class _AsyncAnswer(httpx.AsyncByteStream):
    """The body of an answer, while it is read."""

    def __init__(self, connection: AsyncConnection, limit: float | None) -> None:
        self._connection = connection
        self._limit = limit

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._connection.pieces(self._limit)

    async def aclose(self) -> None:
        self._connection.rest()


class _Line(asyncio.Protocol):
    """What comes in on a connection, for one reader: no more is taken in before that was read."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._came = bytearray()
        self._is_over = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    @property
    def is_readable(self) -> bool:
        """Whether anything came, or the end: a connection at rest is of no more use then."""
        return bool(self._came) or self._is_over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) >= _AT_ONCE:
            self.transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        self._is_over = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over, self._error = True, exc
        self._tell()

    def _tell(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def read(self) -> bytes:
        """Return what came, b"" after the end; raises `OSError` where the connection broke."""
        if not self.is_readable:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._came and self._error is not None:
            raise OSError(str(self._error)) from self._error
        data = bytes(self._came)
        self._came.clear()
        if len(data) >= _AT_ONCE:
            self.transport.resume_reading()
        return data
