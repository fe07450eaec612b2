"""Addresses: a calendar fetched over HTTP(S) or webcal, with bounds on size, redirects and time.

Never follows a redirect to anything but HTTP(S), never puts a user, password or query into an error, and never
remembers an answer for longer than the process: its `ETag` and `Last-Modified` are sent with the next request, and a
304 gives the same calendar again.
"""

from __future__ import annotations

import time
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.spool import spool
from reminder_kit.errors import CalendarError

if TYPE_CHECKING:
    import httpx

__all__ = ["fetched", "shown"]

_REMEMBERED = 8
"""Addresses whose answers are remembered."""
_STEPS = 10
"""How many times the limit `timeout`, which is for one step, a whole answer may take."""
_SCHEMES = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
_LARGEST_REMEMBERED = 16 * 1024 * 1024
"""Bytes of an answer that is remembered, at most."""
_last_answers: dict[str, tuple[dict[str, str], bytes]] = {}
"""By address: the headers that make the next request conditional, and the calendar."""


def shown(address: str) -> str:
    """Return an address without what may be secret in it: its user, password and query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def fetched(address: str, limits: Limits, transport: Any = None) -> BinaryIO:
    """Return the body that an address answers with, as a stream that can be read again.

    `webcal:` means HTTPS. `transport` (one of httpx; None: its own) is for tests and proxies. Raises `CalendarError`
    for anything but a 200, or a 304 to a calendar that is remembered.
    """
    import httpx

    scheme, _, rest = address.partition("://")
    target = f"{_SCHEMES[scheme.lower()]}://{rest}"
    conditions, remembered = _last_answers.get(target, ({}, b""))
    try:
        with (
            httpx.Client(
                transport=transport,
                timeout=limits.timeout,
                follow_redirects=True,
                max_redirects=limits.redirects,
                event_hooks={"request": [_only_http]},
                headers={"Accept": "text/calendar, text/plain;q=0.5, */*;q=0.1"} | conditions,
            ) as client,
            client.stream("GET", target) as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED and conditions:
                return BytesIO(remembered)
            return _remembered(target, response, _body(response, address, limits))
    except httpx.TooManyRedirects:
        raise CalendarError(f"{shown(address)} redirects more than {limits.redirects} times") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CalendarError(f"{shown(address)} cannot be fetched: {type(error).__name__}; try again later") from None


def _only_http(request: httpx.Request) -> None:
    import httpx

    if request.url.scheme not in ("http", "https"):
        raise httpx.UnsupportedProtocol(f"a redirect to {request.url.scheme}:")


def _body(response: httpx.Response, address: str, limits: Limits) -> BinaryIO:
    """Return the whole body of an answer; raises `CalendarError` where it is refused, slow, too large or cut off."""
    if response.status_code != 200:
        raise CalendarError(f"{shown(address)} answers {response.status_code}: check the address and who may read it")
    body = spool()
    total, deadline = 0, time.monotonic() + _STEPS * limits.timeout
    for chunk in response.iter_bytes(64 * 1024):
        total += len(chunk)
        if time.monotonic() > deadline:
            raise CalendarError(f"{shown(address)} is too slow: {total} bytes so far; try again later")
        if total > limits.file_bytes:
            raise CalendarError(
                f"{shown(address)} is larger than {limits.file_bytes} bytes; raise the calendar's limit `file_bytes`"
            )
        body.write(chunk)
    if not _is_whole(response, total):
        raise CalendarError(f"{shown(address)} ended early, after {total} bytes; try again later")
    return body


def _is_whole(response: httpx.Response, total: int) -> bool:
    """Say whether a body has the length that was announced; that of a compressed one is not comparable."""
    length = response.headers.get("content-length", "")
    return "content-encoding" in response.headers or not length.isdigit() or int(length) == total


def _remembered(target: str, response: httpx.Response, body: BinaryIO) -> BinaryIO:
    """Remember an answer that can be asked for conditionally, in place of the oldest one, and return its body."""
    headers = response.headers
    conditions = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    given = {name: value for name, value in conditions.items() if value}
    _last_answers.pop(target, None)
    if given and body.tell() <= _LARGEST_REMEMBERED:
        while len(_last_answers) >= _REMEMBERED:
            _last_answers.pop(next(iter(_last_answers)), None)
        body.seek(0)
        _last_answers[target] = (given, body.read())
    return body
