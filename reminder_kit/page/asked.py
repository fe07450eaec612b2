"""One request to the page and one answer, whatever server they came by.

Pure: no sockets. Never reads more of a body than a form of ours has.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from attrs import field, frozen

__all__ = ["LARGEST", "Answer", "Asked", "redirect"]

LARGEST = 16 * 1024
"""Bytes of the largest form that is taken."""

_MOST = 20
"""Fields of a form, or parameters of an address."""


@frozen(slots=False)
class Asked:
    """One request."""

    #: In upper case.
    method: str
    #: Below where the page is mounted; begins with a slash.
    path: str
    #: Where the page is mounted; "": at the root.
    root: str = ""
    #: What follows the question mark.
    query_string: str = ""
    #: By names in lower case.
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    #: What the server, or the host, knows of the request besides: an ASGI scope or a WSGI environment.
    host: object = field(default=None, repr=False)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name; empty where there are more than any of ours has."""
        return _fields(self.query_string)

    @cached_property
    def form(self) -> dict[str, str]:
        """What was posted, the last of each name; empty where it is no form."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self.method != "POST" or kind != "application/x-www-form-urlencoded":
            return {}
        return _fields(self.body)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies by name; empty where they can't be read."""
        try:
            return {name: one.value for name, one in SimpleCookie(self.headers.get("cookie", "")).items()}
        except CookieError:
            return {}


def _fields(text: str | bytes) -> dict[str, str]:
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        return dict(parse_qsl(decoded, keep_blank_values=True, max_num_fields=_MOST))
    except ValueError:
        return {}


@frozen
class Answer:
    """One answer."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(("content-type", "text/html; charset=utf-8"),), repr=False)


def redirect(place: str, *headers: tuple[str, str]) -> Answer:
    """Return the answer that leads a browser elsewhere, with GET, whatever it asked with."""
    return Answer(303, headers=(("location", place), *headers))
