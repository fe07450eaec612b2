"""One exchange with a provider: a request, its answer, and the two ways in which there is none.

Pure: no clock, no I/O. Never holds a credential: `Provider.headers` brings those.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import field, frozen
from attrs.validators import instance_of

__all__ = ["NoAnswerError", "NotSentError", "Request", "Response"]

_LONGEST_WAIT = 3600.0
"""Seconds: a provider that asks for a longer wait is asked again after this one all the same."""


@frozen
class Request:
    """One HTTP request, without credentials."""

    #: "GET", "POST", …; "POST" for what `Provider.create` returns.
    method: str
    #: Where it goes, below the provider's base URL, with its query; begins with a slash.
    path: str = field(validator=instance_of(str))
    #: The bytes that are sent; empty: none.
    body: bytes = field(default=b"", repr=False, validator=instance_of(bytes))
    #: Further headers, by names in lower case; those of `Provider.headers` are added and stand above them.
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Response:
    """One whole HTTP answer."""

    #: The status code.
    status: int
    #: The headers, by names in lower case.
    headers: Mapping[str, str]
    #: The bytes that came.
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether it says that what was asked for was done (RFC 9110, §15.3)."""
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """How many seconds to wait, by `Retry-After` (RFC 9110, §10.2.3) or `x-ratelimit-reset`; None: neither says.

        An hour at the most.
        """
        for name in ("retry-after", "x-ratelimit-reset"):
            text = self.headers.get(name, "")
            if text.replace(".", "", 1).isdecimal():
                return min(float(text), _LONGEST_WAIT)
            until, at = _http_date(text), self.answered_at
            if until is not None and at is not None:
                return min(max(0.0, (until - at).total_seconds()), _LONGEST_WAIT)
        return None

    @property
    def answered_at(self) -> datetime | None:
        """When the provider answered, UTC, by its own clock (`Date`, RFC 9110, §6.6.1); None: it does not say.

        It shows how far the provider's clock is from ours.
        """
        return _http_date(self.headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class NotSentError(Exception):
    """The request certainly never reached the provider: there was no connection. `IO.send` raises it."""


class NoAnswerError(Exception):
    """The request may have reached the provider, and no whole answer came back. `IO.send` raises it."""
