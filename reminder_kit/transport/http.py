"""HTTP to a provider: one request out, one whole answer back, for both faces of the kit.

Never follows a redirect, never repeats a request, never keeps a cookie: what is done with an answer, or without one, is
decided where the intent is known.

Everything speaks through transports of httpx, one for each request under way: connections of ours, httpx's own by a
proxy, or what the user gave. The pool of a single client breaks down at some sixty requests at once, and a client costs
half as much again as its transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from reminder_kit.http_bodies import Body, BodyError
from reminder_kit.ports import NoAnswerError, NotSentError, Provider, Request, Response
from reminder_kit.transport.certificates import Certificates
from reminder_kit.transport.pace import Pace
from reminder_kit.transport.tally import Tally

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["TIMEOUT", "HttpChannel", "Place"]

TIMEOUT = 30.0
"""Seconds that each step of an exchange may take."""

_LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer: no provider's is as long."""

_IDLE = 4.0
"""Seconds after which an idle connection is not used again, before the server closes it (after five or more)."""

T = TypeVar("T")

Place = tuple[str, str, int | None]
"""Scheme, host and port of an address."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host; None means none, as always for this machine itself."""
    if host in _LOOPBACK:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    named = None if proxy_bypass(host) else proxies.get(scheme) or proxies.get("all")
    return f"http://{named}" if named and "://" not in named else named


@lru_cache(maxsize=1024)
def _place(base_url: str) -> Place:
    """Return where an address leads; asked for each request, and to take an address apart costs 40 µs."""
    from reminder_kit.transport.lean_httpx import httpx

    address = httpx.URL(base_url)
    return address.scheme, address.host, address.port


class HttpChannel:
    """What both faces of `IO` need to speak HTTP to one provider: addresses, headers, limits, errors and its pace.

    `timeout` is in seconds, for each step of an exchange. `pace` and `certificates` None mean some of its own.
    """

    def __init__(
        self, provider: Provider, timeout: float, pace: Pace | None, certificates: Certificates | None = None
    ) -> None:
        self._provider = provider
        self.name = provider.name
        self.timeout = timeout
        self._addresses: dict[str, httpx.URL] = {}
        self._trusted = certificates or Certificates()
        self.pace = pace or Pace()
        self.tally = Tally()

    def built(self, request: Request) -> httpx.Request:
        """Return a request of httpx with the provider's address, credentials and time limits.

        Raises `NotSentError` where the address is none, and what `Provider.headers` raises.
        """
        from reminder_kit.transport.lean_httpx import httpx

        try:
            url = self._addresses.get(request.path) or httpx.URL(self._provider.base_url + request.path)
        except httpx.InvalidURL as error:
            raise NotSentError(f"{self._where}: no valid address: {error}; check base_url") from error
        if request.method == "POST":
            self._addresses[request.path] = url
        headers = {"user-agent": "reminder-kit", **request.headers, **self._provider.headers()}
        found = httpx.Request(request.method, url, headers=headers, content=request.body or None)
        limits = {"connect": min(10.0, self.timeout), "read": self.timeout, "write": self.timeout, "pool": 10.0}
        found.extensions["timeout"] = limits
        return found

    @property
    def _where(self) -> str:
        from urllib.parse import urlsplit

        try:
            host = urlsplit(self._provider.base_url).netloc.rpartition("@")[2]
        except ValueError:  # an adapter's own address may be none
            host = "an address that is none"
        return f"{self._provider.name} at {host}"

    def failure(self, error: Exception) -> Exception:
        """Return the error that one of httpx means: `NotSentError` without a connection, else `NoAnswerError`."""
        from reminder_kit.transport.lean_httpx import httpx

        if isinstance(error, BodyError):
            return NoAnswerError(f"{self._where}: the answer {error}; it may have been done")
        name = type(error).__name__
        unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
        if isinstance(error, (*unsent, httpx.UnsupportedProtocol)):
            return NotSentError(
                f"{self._where}: no connection ({name}): {str(error) or 'timed out'}; check base_url and the network"
            )
        return NoAnswerError(
            f"{self._where}: no whole answer within {self.timeout:g} s ({name}); it may have been done"
        )

    def load(self) -> None:
        """Load what a first request needs: httpx and the certificates, 40 ms where they are read."""
        import reminder_kit.transport.connections  # noqa: F401 - that is all

        self._certificates()

    def opened(self) -> httpx.BaseTransport:
        """Return a transport for one request at a time, of the blocking face; nothing is connected yet."""
        from reminder_kit.transport.connections import Connection
        from reminder_kit.transport.lean_httpx import httpx

        proxy = self.proxy()
        return self._by(httpx.HTTPTransport, proxy) if proxy else Connection(self._certificates(), _IDLE)

    def opened_async(self) -> httpx.AsyncBaseTransport:
        """Return a transport for one request at a time, of the async face; nothing is connected yet."""
        from reminder_kit.transport.connections import AsyncConnection
        from reminder_kit.transport.lean_httpx import httpx

        proxy = self.proxy()
        return self._by(httpx.AsyncHTTPTransport, proxy) if proxy else AsyncConnection(self._certificates(), _IDLE)

    def proxy(self) -> str | None:
        """Return the proxy by which the provider is spoken to, as the environment names it; None: none."""
        from reminder_kit.transport.lean_httpx import httpx

        address = httpx.URL(self._provider.base_url)
        return _proxy(address.scheme, address.host)

    def _certificates(self) -> ssl.SSLContext:
        """Return the context for the provider's address."""
        from reminder_kit.transport.lean_httpx import httpx

        return self._trusted.context(httpx.URL(self._provider.base_url).scheme)

    @property
    def place(self) -> Place:
        """Where the provider is: whoever speaks to the same place can use the same connections."""
        return _place(self._provider.base_url)

    def _by(self, kind: Callable[..., T], proxy: str) -> T:
        """Return a transport of httpx that goes by a proxy; raises `NotSentError` for one that it can't go by."""
        from reminder_kit.transport.lean_httpx import httpx

        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE)
        try:
            return kind(verify=self._certificates(), proxy=proxy, limits=limits)
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            why = "is no address" if isinstance(error, httpx.InvalidURL) else "is of a kind that is not spoken here"
            raise NotSentError(
                f"{self._where}: the proxy that the environment names {why}: write http://host:port into HTTPS_PROXY "
                "(HTTP_PROXY, ALL_PROXY); socks5:// needs `pip install httpx[socks]`"
            ) from error

    @staticmethod
    def headers(response: httpx.Response) -> dict[str, str]:
        """Return the headers of an answer, by names in lower case."""
        return {name.lower(): value for name, value in response.headers.items()}

    @staticmethod
    def body(headers: Mapping[str, str], *, is_unpacked: bool) -> Body:
        """Return an answer's body, to be filled with what comes; raises `BodyError` where it would be too much.

        `is_unpacked` says that it was read and unpacked already.
        """
        return Body(headers, _LARGEST_ANSWER, is_unpacked=is_unpacked)

    def answer(self, status: int, headers: Mapping[str, str], parts: Sequence[bytes]) -> Response:
        """Return a whole answer in our form, after the pace has learned from it."""
        found = Response(status, headers, b"".join(parts))
        self.pace.learn(found)
        return found

    def too_much(self) -> NoAnswerError:
        """Return the error of an answer that is too long or too slow; what it answers may have been done."""
        return NoAnswerError(f"{self._where}: the answer is too long or too slow; it may have been done")
