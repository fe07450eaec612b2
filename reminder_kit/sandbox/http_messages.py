"""One HTTP call as the sandbox sees it, and its answers.

Pure: no sockets here. Never holds a whole credential: the log shows that there was one.
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
    """One request. Header names are in lower case; `path` has no query and begins with a slash."""

    method: str
    path: str
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    query_string: str = ""

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
        """Return the call a request line, its headers and body make."""
        path, _, query = target.partition("?")
        return cls(method.upper(), unquote(path) if "%" in path else path, headers, body, query)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def json(self) -> Any:
        """Return the body as JSON; raises `ValueError`."""
        return json.loads(self.body)


@frozen
class Answer:
    """One answer. `delay` is in seconds; `drop` says that the connection is closed instead, `cut` half-way."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)
    delay: float = 0.0
    drop: bool = False
    cut: bool = False


def answer(status: int, value: Any, **headers: str) -> Answer:
    """Return an answer in JSON; a header's underscores become dashes."""
    body = json.dumps(value, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, body, {"content-type": "application/json", **named})


@frozen
class Logged:
    """One line of the sandbox's log."""

    at: datetime
    method: str
    path: str
    status: int
    idempotency_key: str
    body: bytes = field(repr=False)
    fault: str = ""
    replayed: bool = False
