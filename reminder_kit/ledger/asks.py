"""What an operation says that it is going to ask of the ledger, so that a group commit can ask it for many at once.

Never asks anything, and loads no SQL: operations are made where there may be no ledger yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import field, frozen

from reminder_kit.model.records import Claim

__all__ = ["Asks", "asks_of"]


@frozen
class Asks:
    """What one operation is about: whatever it asks besides, it asks by itself."""

    #: The claim that it writes under.
    claim: Claim | None = None
    #: The number that it would write to; "": none.
    number: str = field(default="", repr=False)
    #: The start, UTC, that it would write about to that number; None: it writes nothing.
    start_at: datetime | None = None
    #: Our name for a message of which events may be waiting; "": none.
    token: str = ""
    #: The provider's name for that message; "": none.
    provider_id: str = ""


_NOTHING = Asks()


def asks_of(operation: Callable[..., Any]) -> Asks:
    """Return what an operation says that it asks (`asks`); nothing where it does not say."""
    found = getattr(operation, "asks", _NOTHING)
    return found if isinstance(found, Asks) else _NOTHING
