"""What a ledger has open: apart from the ledger itself, so that it can be given back when nobody holds that any more.

Never opens anything, and never waits where it may be called from anywhere, in the middle of anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from attrs import define

if TYPE_CHECKING:
    from reminder_kit.ledger.databases.connections import Database
    from reminder_kit.ledger.group_commit import Group

__all__ = ["Done", "Openings", "give_back"]


class Done:
    """What is done already; an async host may await it all the same."""

    def __repr__(self) -> str:
        return "done"

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


@define
class Openings:
    """The database of a ledger, and the thread that commits to it; None: not open."""

    database: Database | None = None
    group: Group | None = None

    def close(self) -> None:
        """Commit what was submitted, end the thread and close the connections."""
        if self.group is not None:
            self.group.close()
        if self.database is not None:
            self.database.close()


def give_back(left: Openings, name: str) -> None:
    """End the thread and close the connections of a ledger that nobody holds any more, and warn that it was not closed.

    Nothing is waiting to be committed: whatever waits holds its ledger.
    """
    group, database = left.group, left.database
    is_left = group is not None and group.end()
    if database is not None and database.is_open:
        database.close()
        is_left = True
    if is_left:
        where = "" if database is None else f" {database.name}"
        warnings.warn(f"unclosed {name}{where}: close the kit, or use it in a `with`", ResourceWarning, stacklevel=2)
