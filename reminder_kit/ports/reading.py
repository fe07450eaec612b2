"""What adapters need to read answers: JSON that may be broken, and the error that an answer means by its status.

Pure: no clock, no I/O. Never takes a status for a word on the message: what is remembered as refused is never tried
again, and a stranger may mean an account that somebody is about to mend.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reminder_kit.errors import (
    AccountRefusedError,
    MessageNotFoundError,
    ProviderError,
    RateLimitedError,
    RefusedCredentialError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.model.host_data import whole_text
from reminder_kit.ports.exchange import Response

__all__ = ["by_status", "json_object", "refusal", "text_of"]


def json_object(response: Response) -> dict[str, Any] | None:
    """Return the answer's body as a JSON object; None means that it is anything else."""
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(value: object) -> str:
    """Return a JSON scalar as whole text, without half characters and NUL; "" for null, lists and objects."""
    return whole_text(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def by_status(status: int, verb: str) -> type[ProviderError]:
    """Return the error that an HTTP status means, where no code says more, for the answer to a verb ("create", …).

    A redirection means that `base_url` is not the provider's, so that nothing at all is taken there. A 2xx comes here
    where nothing in it could be read.
    """
    if status == 429:
        return RateLimitedError
    if status == 401 or 300 <= status < 400:
        return RefusedCredentialError
    if status in {402, 403}:
        return AccountRefusedError if verb == "create" else RefusedCredentialError
    if status >= 500 or status in {408, 409} or status < 300:
        return UnknownOutcomeError if verb == "create" else TransientError
    if status == 425:
        return TransientError
    return UnknownRefusalError if verb == "create" else MessageNotFoundError


def refusal(
    provider: str, response: Response, verb: str, code: str = "", kinds: Mapping[str, type[ProviderError]] | None = None
) -> ProviderError:
    """Return the error that an answer to a verb ("create", "read", "cancel") means, for adapters of few codes.

    `kinds` says what the provider's codes mean. A 5xx is believed before any code, and so is a 409 of `create`: these
    name faults, not refusals. The text holds provider, verb, status and code, and nothing of what the provider wrote.
    """
    known = (kinds or {}).get(code)
    is_fault = response.status >= 500 or (response.status == 409 and verb == "create")
    kind = known if known is not None and not is_fault else by_status(response.status, verb)
    details: dict[str, Any] = {"provider": provider, "code": code, "status": response.status}
    if issubclass(kind, RateLimitedError):
        details["retry_after"] = response.retry_after
    return kind(f"{provider}: {verb} was answered with {response.status} ({code or 'no reason given'})", **details)
