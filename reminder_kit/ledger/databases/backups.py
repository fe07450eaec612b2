"""Copies of SQLite ledgers: made while others write, put back in one transaction; whole, or not at all.

Never says what a ledger that was put back may do. A copy is made under another name beside its place, checked, and only
then given its name; putting back is one transaction of SQLite's on the file that is there, so that whoever has it open
goes on with what is in it then. Whoever is killed in between leaves everything as it was, but for a file that ends in
`.part-` and eight digits, which the next copy to that place removes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.private_files import create_private
from reminder_kit.ledger.databases.sqlite_files import at_rest, is_untouched, open_still, open_to_read, open_to_write

__all__ = ["copied_whole", "in_the_making", "put_back"]

_PAGES = 2048
"""How many pages are put back at a time: enough to be quick, few enough for a key press to be heard."""

_PATIENCE = 30.0
"""Seconds for which a copy waits while others write."""

_STALE = 3600.0
"""Seconds after which a part of a copy, to which nobody wrote, is one that was never finished."""


@contextmanager
def in_the_making(target: Path) -> Iterator[Path]:
    """Yield the path of an empty private file beside a target, where a copy is made; it is gone in the end.

    Whoever is done moves it to its place. Raises `OSError`.
    """
    part = target.with_name(f"{target.name}.part-{token_hex(4)}")
    create_private(part)
    try:
        _remove_stale(target, part.stat().st_mtime)
        yield part
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + ending).unlink(missing_ok=True)


def _remove_stale(target: Path, now: float) -> None:
    """Remove what copies to this place have left that were killed; `now` is by the clock of its disk."""
    for other in target.parent.glob(f"{target.name}.part-*"):
        if now - other.stat().st_mtime > _STALE:
            other.unlink(missing_ok=True)


def copied_whole(source: Path, part: Path, name: str) -> None:
    """Fill an empty file with a ledger's file as it is at one moment, log included; `name` is what errors say.

    It needs no log of its own. Raises `LedgerError` where the copy is not whole, `sqlite3.Error` and `OSError`.
    """
    before = at_rest(source)
    if before is not None:
        _copy(open_still(source), part)
    if before is None or not is_untouched(source, before):  # somebody has it open
        _copy(open_to_read(source), part)
    with closing(open_to_write(part)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise LedgerError(f"ledger {name} is damaged ({found}): restore it from an earlier backup")
    with part.open("rb") as file:
        os.fsync(file.fileno())


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy all of a database at once, so that it is of one moment; the source is closed."""
    with closing(source), closing(open_to_write(target)) as copy:
        source.backup(copy, progress=_Patience())


def put_back(part: Path, target: Path) -> None:
    """Put the content of a file in the place of that of another one, in one transaction. Raises `sqlite3.Error`."""
    with closing(open_to_read(part)) as source, closing(open_to_write(target)) as ledger:
        source.backup(ledger, pages=_PAGES, progress=_Patience(), sleep=0.01)


class _Patience:
    """What `Connection.backup` calls after each step; raises where a lock was waited for too long."""

    def __init__(self) -> None:
        self._give_up = time.monotonic() + _PATIENCE

    def __call__(self, status: int, remaining: int, total: int) -> None:
        del remaining, total
        if status not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._give_up = time.monotonic() + _PATIENCE
        elif time.monotonic() > self._give_up:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
