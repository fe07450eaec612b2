"""Errors as each provider writes them: what a fault, a limit or an unknown path is answered with.

Pure: no clock, no I/O. Never decides that something goes wrong: faults, limits and endpoints do.

Which provider a request is meant for shows in its path, else in its credentials. The codes stand in the providers'
tables (Telnyx, "API Error Codes"; Twilio, "Error and Warning Dictionary"; Vonage, "API Errors"); with which HTTP status
one comes is documented for few of them, and for the others taken to be the provider's usual one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from reminder_kit.sandbox.http_messages import Answer, Call, answer

__all__ = ["Problems", "problems_of"]


@frozen
class Problems:
    """How one provider writes errors."""

    #: Writes a body: from HTTP status, code and title.
    write: Callable[[int, str, str], Any]
    #: HTTP status, code and title of what a fault is answered with, by its kind.
    faults: Mapping[str, tuple[int, str, str]] = field(repr=False)
    #: The HTTP status of a code, where it is not the usual one.
    statuses: Mapping[str, int] = field(repr=False)
    #: The usual status of a refused request, and the code of one that is malformed.
    usual: int = 400
    malformed: str = ""

    def answer(self, status: int, code: str, title: str, **headers: str) -> Answer:
        """Return an error as an answer; a header's underscores become dashes."""
        return answer(status, self.write(status, code, title), **headers)

    def of_fault(self, kind: str, **headers: str) -> Answer:
        """Return the answer of a kind of fault: 500, 503, 429, in_progress, unauthorized, unknown_path."""
        status, code, title = self.faults[kind]
        return self.answer(status, code, title, **headers)

    def of_code(self, code: str, status: int | None = None, title: str = "") -> Answer:
        """Return the answer that bears a code; "": that of a malformed request. `status` None means the code's own."""
        code = code or self.malformed
        found = self.statuses.get(code, self.usual) if status is None else status
        return self.answer(found, code, title or "Error on demand")


def _telnyx(_status: int, code: str, title: str) -> dict[str, Any]:
    url = f"https://developers.telnyx.com/docs/overview/errors/{code}"
    return {"errors": [{"code": code, "title": title, "detail": title, "meta": {"url": url}}]}


def _twilio(status: int, code: str, title: str) -> dict[str, Any]:
    number = int(code) if code.isdecimal() else code
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": number, "message": title, "more_info": more, "status": status}


def _vonage(_status: int, code: str, title: str) -> dict[str, Any]:
    kind = f"https://developer.vonage.com/api-errors{'/messages' if code.isdecimal() else ''}#{code}"
    return {"type": kind, "title": title, "detail": title, "instance": "00000000-0000-4000-8000-00000000000b"}


TELNYX = Problems(
    _telnyx,
    {
        "500": (500, "10007", "Unexpected error"),
        "503": (503, "10037", "Service unavailable"),
        "429": (429, "10011", "Too many requests"),
        "in_progress": (409, "10036", "Request in progress"),
        "unauthorized": (401, "10009", "Authentication failed"),
        "unknown_path": (404, "10005", "Resource not found"),
    },
    {
        "10005": 404,
        "10007": 500,
        "10008": 504,
        "10009": 401,
        "10010": 403,
        "10011": 429,
        "10027": 422,
        "10036": 409,
        "10037": 503,
        **dict.fromkeys(("20001", "20002", "20003", "20006", "20008"), 401),
    },
    malformed="10015",
)
TWILIO = Problems(
    _twilio,
    {
        "500": (500, "20500", "Internal Server Error"),
        "503": (503, "20503", "Service unavailable"),
        "429": (429, "20429", "Too Many Requests"),
        "in_progress": (409, "20409", "Conflict"),
        "unauthorized": (401, "20003", "Authenticate"),
        "unknown_path": (404, "20404", "The requested resource was not found"),
    },
    {"20003": 401, "20403": 403, "20404": 404, "20429": 429, "20500": 500, "20503": 503},
    malformed="20001",
)
VONAGE = Problems(
    _vonage,
    {
        "500": (500, "internal-error", "Internal error"),
        "503": (503, "service-unavailable", "Service unavailable"),
        "429": (429, "1010", "Rate Limit Hit"),  # the API reference's own example bears the code of missing parameters
        "in_progress": (409, "conflict", "Conflict"),
        "unauthorized": (401, "unauthorized", "Unauthorized"),
        "unknown_path": (404, "not-found", "Not Found"),
    },
    {
        "unauthorized": 401,
        "low-balance": 402,
        "forbidden": 403,
        "not-found": 404,
        "1000": 429,
        "1241": 429,
        "1060": 403,
    },
    usual=422,
    malformed="1150",
)


def problems_of(call: Call) -> Problems:
    """Return how the provider writes errors that a request is meant for: by its path, else by its credentials."""
    path = call.path
    if path.startswith("/v2/") and not path.startswith("/v2/applications"):
        return TELNYX
    if path.startswith(("/2010-04-01", "/v1/Services")):
        return TWILIO
    if path.startswith(("/v1/", "/v2/applications")):
        return VONAGE
    return TWILIO if _is_an_accounts(call.headers.get("authorization", "")) else TELNYX


def _is_an_accounts(authorization: str) -> bool:
    """Say whether credentials are of Twilio: an account (AC…) or an API key (SK…) and its secret."""
    scheme, _, given = authorization.partition(" ")
    try:
        return scheme.lower() == "basic" and base64.b64decode(given, validate=True)[:2] in {b"AC", b"SK"}
    except ValueError:
        return False
