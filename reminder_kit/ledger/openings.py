"""What a ledger has open: apart from the ledger itself, so that it can be given back when nobody holds that any more.

Never opens anything, and never waits where it may be called from anywhere, in the middle of anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from attrs import define, evolve

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
    """The database of a ledger, and the threads that commit to it; None: not open."""

    database: Database | None = None
    group: Group | None = None
    #: Commits what holds a lock that other processes wait for.
    apart: Group | None = None

    @property
    def groups(self) -> list[Group]:
        """Those that are at work."""
        return [group for group in (self.group, self.apart) if group is not None]

    def committing(self, *, apart: bool) -> Group:
        """Return the thread that commits to it, begun when it is first needed; `apart`: what others wait for.

        That is one operation after another: two processes which each held several locks of others would wait for
        each other.
        """
        from reminder_kit.ledger.group_commit import Group

        if apart:
            self.apart = self.apart or Group(most=1)
            return self.apart
        self.group = self.group or Group()
        return self.group

    def taken(self) -> Openings:
        """Return what is open, to be closed, and have nothing open any more."""
        taken = evolve(self)
        self.database = self.group = self.apart = None
        return taken

    def close(self) -> None:
        """Commit what was submitted, end the threads and close the connections."""
        for group in self.groups:
            group.close()
        if self.database is not None:
            self.database.close()


def give_back(left: Openings, name: str) -> None:
    """End the threads and close the connections of a ledger that nobody holds any more; warn that it was not closed.

    Nothing is waiting to be committed: whatever waits holds its ledger.
    """
    database, is_left = left.database, False
    for group in left.groups:
        is_left |= group.end()
    if database is not None and database.is_open:
        database.close()
        is_left = True
    if is_left:
        where = "" if database is None else f" {database.name}"
        warnings.warn(f"unclosed {name}{where}: close the kit, or use it in a `with`", ResourceWarning, stacklevel=2)
