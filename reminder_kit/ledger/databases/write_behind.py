"""A runner that puts writes off until they can be made together, and that answers nothing before it made them.

Never begins, commits or rolls back; whoever commits calls `flush` before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reminder_kit.ledger.databases.runner import Runner

__all__ = ["WriteBehind"]


class WriteBehind:
    """Runs statements as the runner it wraps does; `defer` alone is new."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._deferred: dict[int, tuple[Any, list[Mapping[str, Any]]]] = {}
        self.dialect = runner.dialect

    @property
    def kind(self) -> str:
        """Which database it is: `sqlite` or `postgresql`."""
        return self._runner.kind

    def defer(self, statement: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement for each row of values later: before the next question, write or `flush`."""
        if rows := list(rows):
            self._deferred.setdefault(id(statement), (statement, []))[1].extend(rows)

    def flush(self) -> None:
        """Make the writes that were put off, those of one statement together, in the order of their first ones."""
        while self._deferred:
            statement, rows = self._deferred.pop(next(iter(self._deferred)))
            self._runner.many(statement, rows)

    def pack(self, name: str, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return the values of a listing of rows."""
        return self._runner.pack(name, rows)

    def rows(self, statement: Any, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a statement finds."""
        self.flush()
        return self._runner.rows(statement, **values)

    def run(self, statement: Any, **values: Any) -> int:
        """Run a statement; returns how many rows it touched."""
        self.flush()
        return self._runner.run(statement, **values)

    def many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values; returns how many rows were touched."""
        self.flush()
        return self._runner.many(statement, rows)
