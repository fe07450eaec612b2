"""Addresses: a calendar fetched over HTTP(S) or webcal, with bounds on size, redirects and time.

Never follows a redirect to anything but HTTP(S), to a network that the configured address is not in (`redirects`), or
from HTTPS to HTTP; never gives credentials to another host; never puts a user, password, query or long piece of a path
into an error; and never remembers an answer for longer than the process: its `ETag` and `Last-Modified` are sent with
the next request, and a 304 gives the same calendar again.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from attrs import field, frozen

from reminder_kit.calendars.charsets import in_utf8
from reminder_kit.calendars.redirects import (
    Addresses,
    IPAddress,
    addresses_of,
    is_this_machine,
    networks_of,
    spelled_address,
)
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.spool import spool
from reminder_kit.errors import CalendarError
from reminder_kit.http_bodies import Body, BodyError, TooLargeError

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Question", "answered", "fetched", "fetched_if_changed", "shown"]

_REMEMBERED = 8
"""Addresses whose answers are remembered."""
_STEPS = 10
"""How many times the limit `timeout`, which is for one step, a whole answer may take."""
_SCHEMES = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
_PORTS = {"http": 80, "https": 443, "webcal": 443, "webcals": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LARGEST_REMEMBERED = 16 * 1024 * 1024
"""Bytes of an answer that is remembered, at most."""
_OPEN_PART = 20
"""Characters of a part of a path that are shown: what is longer may be the secret by which a feed is private."""
_LONGEST = 100
"""Characters of a host, and of a path, that are shown."""
_last_answers: dict[str, tuple[dict[str, str], bytes]] = {}
"""By address: the headers that make the next request conditional, and the calendar."""


def shown(address: str) -> str:
    """Return an address without what may be secret in it: user, password, query, and long parts of its path.

    Its port is shown where it is not that of its scheme.
    """
    try:
        parts = urlsplit(address)
        host, path = (parts.hostname or "")[:_LONGEST], parts.path
    except ValueError:
        return f"{address.partition('://')[0][:10]}://…"
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}{_port(parts)}{'/'.join(map(_open_part, path.split('/')))[:_LONGEST]}"


def _port(parts: SplitResult) -> str:
    """Return the port of an address, with its colon; "": there is none that can be one, or it is the scheme's own."""
    try:
        port = parts.port
    except ValueError:
        return ""
    return "" if port is None or port == _PORTS.get(parts.scheme) else f":{port}"


def _open_part(part: str) -> str:
    return part if len(part) <= _OPEN_PART else f"{part[:4]}…"


def fetched(address: str, limits: Limits, transport: Any = None, addresses: Addresses = addresses_of) -> BinaryIO:
    """Return the body that an address answers with, as a stream that can be read again.

    `webcal:` means HTTPS. `transport` (one of httpx; None: its own) is for tests and proxies, `addresses` resolves
    names. Raises `CalendarError` for anything but a 200, or a 304 to a calendar that is remembered.
    """
    target = _target(address)
    conditions, remembered = _last_answers.get(target, ({}, b""))
    body, given = _asked(address, target, conditions, limits, transport, addresses)
    return BytesIO(remembered) if body is None else _remembered(target, given, body)


def fetched_if_changed(
    address: str,
    limits: Limits,
    conditions: Mapping[str, str],
    transport: Any = None,
    addresses: Addresses = addresses_of,
) -> tuple[BinaryIO | None, Mapping[str, str]]:
    """Return an address' body, None where it is what it was, and the headers by which that is asked the next time.

    `conditions` are such headers of the last answer; none: the body is wanted in any case. Else as `fetched`.
    """
    body, given = _asked(address, _target(address), conditions, limits, transport, addresses)
    return body, conditions if body is None else given


@frozen
class Question:
    """A request that reads, and changes nothing: any method but GET is WebDAV's (PROPFIND, REPORT)."""

    method: str
    #: The address that is asked.
    address: str = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=dict)
    #: Who asks: a user and its password, for the configured host alone; None: nobody in particular.
    login: tuple[str, str] | None = field(default=None, repr=False)
    #: The statuses of answers that are read; any other raises.
    taken: frozenset[int] = frozenset({200})


@frozen
class Answer:
    """A whole answer: its status, and its body as a stream that can be read again."""

    status: int
    body: BinaryIO = field(repr=False)


def answered(question: Question, limits: Limits, transport: Any = None, addresses: Addresses = addresses_of) -> Answer:
    """Ask a question, with the same bounds on redirects, size and time as `fetched`; raises `CalendarError` likewise.

    Where it is a login, the connection must be encrypted, but for this machine itself.
    """
    import httpx

    try:
        target = httpx.URL(_target(question.address))
        if question.login is not None:
            target = _with_login(target, question.login, shown(question.address))
        headers = {"Accept-Encoding": "gzip, deflate", **question.headers}
        with (
            httpx.Client(transport=transport, timeout=limits.timeout, headers=headers) as client,
            _Journey(
                client, target, shown(question.address), limits, addresses, question.method, question.content
            ).arrived() as response,
        ):
            return Answer(response.status_code, _body(response, question.address, limits, question.taken))
    except CalendarError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        raise _unfetched(question.address, error) from None


def _with_login(target: httpx.URL, login: tuple[str, str], label: str) -> httpx.URL:
    """Return an address with a user and password; raises `CalendarError` where anybody could read them on the way."""
    if target.scheme != "https" and not is_this_machine(target.host):
        raise CalendarError(f"{label} is not encrypted, and would show the password to anybody: write https://")
    return target.copy_with(username=login[0], password=login[1])


def _unfetched(address: str, error: Exception) -> CalendarError:
    return CalendarError(
        f"{shown(address)} cannot be fetched: {type(error).__name__}; check the address, and try again later"
    )


def _target(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{_SCHEMES[scheme.lower()]}://{rest}"


def _asked(
    address: str,
    target: str,
    conditions: Mapping[str, str],
    limits: Limits,
    transport: Any,
    addresses: Addresses,
) -> tuple[BinaryIO | None, dict[str, str]]:
    """Return the body of an answer, None for a 304, and the headers that make the next request conditional."""
    import httpx

    headers = {
        "Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1",
        "Accept-Encoding": "gzip, deflate",
    }
    try:
        with (
            httpx.Client(transport=transport, timeout=limits.timeout, headers={**headers, **conditions}) as client,
            _Journey(client, httpx.URL(target), shown(address), limits, addresses).arrived() as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED and conditions:
                return None, {}
            named = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
            given = {name: value for name, key in named.items() if (value := response.headers.get(key))}
            return in_utf8(_body(response, address, limits), response.charset_encoding), given
    except CalendarError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        raise _unfetched(address, error) from None


@frozen
class _Journey:
    """The way from an address to where its redirects lead."""

    client: httpx.Client = field(repr=False)
    #: The configured address.
    start: httpx.URL = field(repr=False)
    #: How errors name it.
    label: str
    limits: Limits
    addresses: Addresses
    method: str = "GET"
    content: bytes = field(default=b"", repr=False)

    @contextmanager
    def arrived(self) -> Iterator[httpx.Response]:
        """Yield the first answer that is no redirect, its body unread; raises `CalendarError` where one is refused."""
        url, hosts = self.start, list[IPAddress]()
        for _ in range(self.limits.redirects + 1):
            with self._asked(url, hosts) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    yield response
                    return
                url = self._next(url, response.headers["location"])
            hosts = self._allowed(url)
        raise CalendarError(f"{self.label} redirects more than {self.limits.redirects} times")

    @contextmanager
    def _asked(self, url: httpx.URL, hosts: list[IPAddress]) -> Iterator[httpx.Response]:
        """Send a request to one of the addresses that were found for its host, the first that takes connections.

        No addresses: the name is resolved as usual.
        """
        import httpx

        url, login = _bare(url)
        if not hosts:
            with self.client.stream(self.method, url, headers=login, content=self.content or None) as response:
                yield response
            return
        named = {"Host": url.netloc.decode("ascii"), **login}
        for left, host in zip(reversed(range(len(hosts))), hosts, strict=True):
            try:
                place, content = url.copy_with(host=str(host)), self.content or None
                request = self.client.build_request(self.method, place, headers=named, content=content)
                request.extensions["sni_hostname"] = url.host
                response = self.client.send(request, stream=True)
            except httpx.ConnectError:
                if not left:
                    raise
                continue
            try:
                yield response
            finally:
                response.close()
            return

    def _next(self, url: httpx.URL, location: str) -> httpx.URL:
        """Return where a redirect leads; credentials go along where that is the host that they are for."""
        import httpx

        found = url.join(httpx.URL(location)).copy_with(fragment=None)
        if found.scheme not in ("http", "https"):
            raise CalendarError(f"{self.label} redirects to {found.scheme[:10]}:, which is no http(s) address")
        if (url.scheme, found.scheme) == ("https", "http"):
            raise CalendarError(f"{self.label} redirects from https to http, where anybody may change it: refused")
        own = _place(found) in (_place(self.start), _place(self.start.copy_with(scheme="https")))
        return found.copy_with(userinfo=self.start.userinfo if own else b"")

    def _allowed(self, url: httpx.URL) -> list[IPAddress]:
        """Return the addresses to connect to for a redirect's host; none where a proxy connects, or the name has none.

        Raises `CalendarError` for one in a network that the configured address is not in.
        """
        proxied = _goes_by_proxy(url)
        found = self._found(url.host, proxied=proxied)
        if not found and not proxied:
            raise CalendarError(f"{self.label} redirects to {url.host[:60]}, which has no address: try again later")
        closed = networks_of(found) - networks_of(self._found(self.start.host, proxied=_goes_by_proxy(self.start)))
        if closed:
            raise CalendarError(
                f"{self.label} redirects to {url.host[:60]}, which is {' and '.join(sorted(closed))}: refused, since "
                "whoever serves it could read there in your name; if the calendar is there, give its own address"
            )
        return [] if proxied or spelled_address(url.host) is not None else found

    def _found(self, host: str, *, proxied: bool) -> list[IPAddress]:
        spelled = spelled_address(host)
        return [spelled] if spelled is not None else [] if proxied else self.addresses(host)


def _bare(url: httpx.URL) -> tuple[httpx.URL, dict[str, str]]:
    """Return an address without user and password, and the header that says them: httpx logs addresses as they are."""
    if not url.userinfo:
        return url, {}
    said = b64encode(f"{url.username}:{url.password}".encode()).decode("ascii")
    return url.copy_with(userinfo=b""), {"Authorization": f"Basic {said}"}


def _place(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _goes_by_proxy(url: httpx.URL) -> bool:
    """Say whether the environment names a proxy for a host; httpx goes by the same variables."""
    proxies = getproxies()
    return bool(proxies.get(url.scheme) or proxies.get("all")) and not proxy_bypass(url.host)


def _body(response: httpx.Response, address: str, limits: Limits, taken: frozenset[int] = frozenset({200})) -> BinaryIO:
    """Return the whole body of an answer; raises `CalendarError` where it is refused, slow, too large or cut off.

    `taken` are the statuses that are no refusal.
    """
    if response.status_code not in taken:
        raise CalendarError(f"{shown(address)} answers {response.status_code}: check the address and who may read it")
    copy, deadline = spool(), time.monotonic() + _STEPS * limits.timeout
    try:
        body = Body(response.headers, limits.file_bytes, is_unpacked=response.is_stream_consumed)
        for data in response.iter_bytes() if body.is_unpacked else response.iter_raw():
            if time.monotonic() > deadline:
                raise CalendarError(f"{shown(address)} is too slow: {body.came} bytes so far; try again later")
            for piece in body.add(data):
                copy.write(piece)
        body.end()
    except TooLargeError as error:
        raise CalendarError(f"{shown(address)} {error}; raise the calendar's limit `file_bytes`") from None
    except BodyError as error:
        raise CalendarError(f"{shown(address)} {error}: try again later, or ask whoever serves it") from None
    return copy


def _remembered(target: str, given: dict[str, str], body: BinaryIO) -> BinaryIO:
    """Remember an answer that can be asked for conditionally, in place of the oldest one, and return its body."""
    _last_answers.pop(target, None)
    if given and body.tell() <= _LARGEST_REMEMBERED:
        while len(_last_answers) >= _REMEMBERED:
            _last_answers.pop(next(iter(_last_answers)), None)
        body.seek(0)
        _last_answers[target] = (given, body.read())
    return body
