"""A statement for a list of rows, in the place of one that is run for each of them.

Never runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

__all__ = ["EachRow"]


@frozen(eq=False)
class EachRow:
    """A statement that does for a whole list of rows, `rows`, what `Runner.many` is to do for each of them."""

    statement: Any
    #: The names of a row's values, in the order of the list's columns.
    columns: tuple[str, ...]
    #: Columns in which no two rows may have the same value: those that have are not for one statement.
    apart: tuple[str, ...] = ()

    def takes(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Say whether these rows may be in one list."""
        return all(len({row[name] for row in rows}) == len(rows) for name in self.apart)
