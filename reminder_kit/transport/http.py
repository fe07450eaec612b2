"""HTTP to a provider: one request out, one whole answer back, for both faces of the kit.

Never follows a redirect, never repeats a request, never keeps a cookie: what is done with
an answer, or the lack of one, is decided where the intent is known.

Sockets and certificates are httpx's, through its transports: a blocking `IO` has one a
thread, an async one has one a slot. The pool of a single client collapses at some sixty
requests at once, and a client costs half as much again as its transport.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from reminder_kit.errors import InvalidInputError
from reminder_kit.ports import NoAnswerError, NotSentError, Provider, Request, Response

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["AsyncIO", "BlockingIO", "Pace", "run_blocking"]

T = TypeVar("T")

_TIMEOUT = 30.0
_LARGEST = 4 * 1024 * 1024
_IDLE = 4.0
"""Seconds after which an idle connection is not used again: servers close theirs after five and more."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never suspends to its end, also inside a running loop.

    Raises `RuntimeError` where it does suspend: then it was given an `IO` that isn't blocking.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    coroutine.close()
    raise RuntimeError("the coroutine waits for an event loop: give it a blocking IO, or await it")


def _per_second(rate: str | float | None) -> float:
    if rate is None:
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(s|sec|second|m|min|minute|h|hour))?\s*", str(rate))
    count = float(found[1]) if found else 0.0
    if not found or count <= 0:
        raise InvalidInputError(f"rate = {rate!r} is no rate: write '50/s', '600/min' or a number a second")
    return count / {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]]


class Pace:
    """The slow-down that all workers of a process share; safe between threads.

    `rate` ("50/s", "600/min") spaces requests evenly. A 429, a `Retry-After` or
    `x-ratelimit-remaining: 0` holds everyone back until the time the provider named, but no
    longer than `longest` seconds; where it names none, 1 s, doubling up to 16.
    """

    def __init__(
        self,
        rate: str | float | None = None,
        *,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        per_second = _per_second(rate)
        self._gap = 1 / per_second if per_second else 0.0
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self._until = 0.0
        self._refused = 0

    def reserve(self) -> float:
        """Return how many seconds to wait before the next request, which this takes a place for."""
        with self._lock:
            now = self._clock()
            at = max(now, self._next, self._until)
            self._next = at + self._gap
            return at - now

    def held(self) -> float:
        """Return how many seconds everyone is still held back."""
        return max(0.0, self._until - self._clock())

    def learn(self, response: Response) -> None:
        """Take note of what an answer says about the provider's limits."""
        exhausted = response.headers.get("x-ratelimit-remaining", "").strip() == "0"
        slow = response.status == 429 or (response.status == 503 and response.retry_after is not None)
        if not slow and not exhausted:
            self._refused = 0
            return
        with self._lock:
            self._refused = min(self._refused + slow, 5)
            wait = response.retry_after
            if wait is None:
                wait = 2.0 ** (self._refused - 1) if slow else 0.0
            self._until = max(self._until, self._clock() + min(wait, self._longest))


def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names; what listens on this machine is never asked for through one."""
    if host in _LOOPBACK:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    return None if proxy_bypass(host) else proxies.get(scheme) or proxies.get("all")


class _Line:
    """What both faces have in common: addresses, headers, and errors in our words."""

    def __init__(self, provider: Provider, timeout: float, pace: Pace | None) -> None:
        self._provider = provider
        self._timeout = timeout
        self._addresses: dict[str, httpx.URL] = {}
        self._context: ssl.SSLContext | None = None
        self.pace = pace or Pace()

    def _request(self, request: Request) -> httpx.Request:
        import httpx

        try:
            url = self._addresses.get(request.path) or httpx.URL(self._provider.base_url + request.path)
        except httpx.InvalidURL as error:
            raise NotSentError(f"{self._where}: no valid address: {error}; check base_url") from error
        if request.method == "POST":
            self._addresses[request.path] = url
        headers = {"user-agent": "reminder-kit", **request.headers, **self._provider.headers()}
        built = httpx.Request(request.method, url, headers=headers, content=request.body or None)
        limits = {"connect": min(10.0, self._timeout), "read": self._timeout, "write": self._timeout, "pool": 10.0}
        built.extensions["timeout"] = limits
        return built

    @property
    def _where(self) -> str:
        from urllib.parse import urlsplit

        return f"{self._provider.name} at {urlsplit(self._provider.base_url).netloc.rpartition('@')[2]}"

    def _failed(self, error: Exception) -> Exception:
        """Return what an error of httpx means: certainly not sent, or no one knows."""
        import httpx

        name = type(error).__name__
        unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
        if isinstance(error, (*unsent, httpx.UnsupportedProtocol)):
            return NotSentError(
                f"{self._where}: no connection ({name}): {error or 'timed out'}; check base_url and the network"
            )
        return NoAnswerError(
            f"{self._where}: no whole answer within {self._timeout:g} s ({name}); it may have been done"
        )

    def _settings(self) -> dict[str, Any]:
        """Return the settings of each transport; certificates are loaded once and only for https: it costs 40 ms."""
        import httpx

        address = httpx.URL(self._provider.base_url)
        if self._context is None:
            self._context = httpx.create_ssl_context(verify=address.scheme != "http")
        return {
            "verify": self._context,
            "proxy": _proxy(address.scheme, address.host),
            "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE),
        }

    def _answer(self, response: httpx.Response, body: bytes) -> Response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = Response(response.status_code, headers, body)
        self.pace.learn(answer)
        return answer

    def _too_much(self) -> NoAnswerError:
        return NoAnswerError(f"{self._where}: the answer is too long or too slow; it may have been done")


class BlockingIO(_Line):
    """The world for the blocking face: its coroutines never suspend, so `run_blocking` can drive them.

    `timeout` is in seconds, for each step of an exchange and for the whole of the answer.
    `transport` (one of httpx) replaces the network, `sleep` the waiting.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        timeout: float = _TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(provider, timeout, pace)
        self._given = transport
        self._sleep = sleep
        self._local = threading.local()
        self._opened: list[httpx.HTTPTransport] = []
        self._lock = threading.Lock()

    def _transport(self) -> httpx.BaseTransport:
        """Return this thread's transport; a forked process opens its own."""
        import httpx

        if self._given is not None:
            return self._given
        process = os.getpid()
        found: httpx.HTTPTransport | None = getattr(self._local, "transport", None)
        if found is None or found not in self._opened or self._local.process != process:
            with self._lock:
                found = httpx.HTTPTransport(**self._settings())
                self._opened.append(found)
            self._local.transport, self._local.process = found, process
        return found

    async def send(self, request: Request) -> Response:
        """Send one request and return the whole answer; raises `NotSentError` or `NoAnswerError`."""
        import httpx

        built = self._request(request)
        wait = self.pace.reserve()
        while wait > 0:
            self._sleep(wait)
            wait = self.pace.held()
        deadline = time.monotonic() + self._timeout
        try:
            response = self._transport().handle_request(built)
            try:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST or time.monotonic() > deadline:
                        raise self._too_much()
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._failed(error) from error
        return self._answer(response, body)

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function, here and now."""
        return func(*args)

    async def sleep(self, delay: float) -> None:
        """Wait so many seconds of the machine's clock."""
        self._sleep(delay)

    def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        with self._lock:
            opened, self._opened = self._opened, []
        for transport in opened:
            transport.close()


class AsyncIO(_Line):
    """The world for the async face, with at most `concurrency` requests at once; see `BlockingIO`."""

    def __init__(
        self,
        provider: Provider,
        concurrency: int = 16,
        *,
        timeout: float = _TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(provider, timeout, pace)
        self._given = transport
        self._sleep = sleep
        self._concurrency = concurrency
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(concurrency)
        self._idle: list[httpx.AsyncHTTPTransport] = []

    def _enter_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._slots, self._idle = loop, asyncio.Semaphore(self._concurrency), []

    async def send(self, request: Request) -> Response:
        """Send one request and return the whole answer; raises `NotSentError` or `NoAnswerError`."""
        built = self._request(request)
        self._enter_loop()
        async with self._slots:
            wait = self.pace.reserve()
            while wait > 0:
                await self._sleep(wait)
                wait = self.pace.held()
            if self._given is not None:
                return await self._exchange(self._given, built)
            transport = self._idle.pop() if self._idle else self._opened()
            try:
                return await self._exchange(transport, built)
            finally:
                self._idle.append(transport)

    def _opened(self) -> httpx.AsyncHTTPTransport:
        import httpx

        return httpx.AsyncHTTPTransport(**self._settings())

    async def _exchange(self, transport: httpx.AsyncBaseTransport, built: httpx.Request) -> Response:
        import httpx

        try:
            async with asyncio.timeout(2 * self._timeout):
                response = await transport.handle_async_request(built)
                try:
                    body = b""
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > _LARGEST:
                            raise self._too_much()
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise self._too_much() from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._failed(error) from error
        return self._answer(response, body)

    async def call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function in a thread."""
        return await asyncio.to_thread(func, *args)

    async def sleep(self, delay: float) -> None:
        """Wait so many seconds of the machine's clock."""
        await self._sleep(delay)

    async def aclose(self) -> None:
        """Close all connections; call it in the loop that used them."""
        idle, self._idle = self._idle, []
        for transport in idle:
            await transport.aclose()
