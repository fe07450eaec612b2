"""One HTTP request as the sandbox sees it, its answer, and the log of both.

Pure: no sockets here. Never holds a whole credential: the log shows requests without their headers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

__all__ = ["Answer", "Call", "Logged", "answer"]


@frozen
class Call:
    """One request."""

    #: In upper case.
    method: str
    #: Begins with a slash, and has no query.
    path: str
    #: By names in lower case.
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    #: What follows the question mark.
    query_string: str = ""

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Return the request that a request line, its headers and its body make.

        A target may be an absolute address, as proxies are sent it (RFC 9112, 3.2.2): its path counts.
        """
        if not target.startswith("/") and "://" in target:
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("?")
        return cls(method.upper(), unquote(path) if "%" in path else path, headers, body, query)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON; raises `ValueError` where it is none."""
        return json.loads(self.body)


@frozen
class Answer:
    """One answer, or what a fault has made of it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)
    #: Seconds before it is given.
    delay: float = 0.0
    #: The connection is closed instead of answering.
    drop: bool = False
    #: The connection is closed in the middle of the body.
    cut: bool = False


def answer(status: int, value: Any, **headers: str) -> Answer:
    """Return an answer in JSON; a header's underscores become dashes."""
    body = json.dumps(value, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, body, {"content-type": "application/json", **named})


@frozen
class Logged:
    """One line of the sandbox's log: a request, and how it was answered."""

    #: By the sandbox's clock, UTC.
    at: datetime
    method: str
    path: str
    #: Of the answer; 0: the connection was closed without one.
    status: int
    #: The header of that name; "": none was sent.
    idempotency_key: str
    #: Of the request.
    body: bytes = field(repr=False)
    #: The kind of fault that befell it, or "limit"; "": none did.
    fault: str = ""
    #: The answer came from memory, for its idempotency key.
    replayed: bool = False
