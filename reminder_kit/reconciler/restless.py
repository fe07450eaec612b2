"""Restless sources: calendars that deal all their ids anew at each request, as the ledger learns of them.

An id that is absent there says nothing, and one that is new is nobody new. A source is known for it once its visits
were known again under other ids in several readings; whoever asks makes sure besides that no id came in again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["is_restless", "note_restless"]

_JOB = "fresh ids "
"""What the name begins with under which the ledger keeps in how many readings of a source ids were dealt anew."""
_SEVERAL = 2
"""Readings after which that is no move of house any more."""


def is_restless(reader: Reader, source: str) -> bool:
    """Say whether a source is known to deal its ids anew."""
    return _readings(reader, source) >= _SEVERAL


def note_restless(sources: Iterable[str], now: datetime, tx: Transaction) -> None:
    """Note that visits of these sources came in under other ids; nothing is written of what is known."""
    for source in dict.fromkeys(sources):
        if (known := _readings(tx.reader, source)) < _SEVERAL:
            tx.mark_run(f"{_JOB}{source}", now, {"readings": known + 1})


def _readings(reader: Reader, source: str) -> int:
    noted = reader.last_run(f"{_JOB}{source}")
    return int(noted[1].get("readings", 0)) if noted else 0
