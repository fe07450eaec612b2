"""A runner that puts writes off until they can be made together, and that answers nothing before it made them.

Never begins, commits or rolls back; whoever commits calls `flush` before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from reminder_kit.ledger.databases.runner import Runner

__all__ = ["NotAsMeantError", "WriteBehind"]


class NotAsMeantError(Exception):
    """A write that was put off found no row to touch: whoever meant it is to be told when it is made."""


@define
class _Deferred:
    statement: Any
    #: Whether every row of values is to touch one.
    each: bool
    rows: list[Mapping[str, Any]] = field(factory=list)


class WriteBehind:
    """Runs statements as the runner it wraps does; `defer` alone is new."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._deferred: dict[int, _Deferred] = {}
        #: How many statements wrote something that was not put off.
        self.writes = 0
        self.dialect = runner.dialect

    @property
    def kind(self) -> str:
        """Which database it is: `sqlite` or `postgresql`."""
        return self._runner.kind

    def defer(self, statement: Any, rows: Iterable[Mapping[str, Any]], *, each: bool = False) -> None:
        """Run a statement for each row of values later: before the next question, write or `flush`.

        With `each`, one that touches nothing is a `NotAsMeantError` then.
        """
        if rows := list(rows):
            self._deferred.setdefault(id(statement), _Deferred(statement, each)).rows.extend(rows)

    def flush(self) -> None:
        """Make the writes that were put off, those of one statement together, in the order of their first ones."""
        while self._deferred:
            put_off = self._deferred.pop(next(iter(self._deferred)))
            touched = self._runner.many(put_off.statement, put_off.rows)
            if put_off.each and touched != len(put_off.rows):
                raise NotAsMeantError

    def statement(self, sql: str) -> None:
        """Run a statement without values, as it is written."""
        self.flush()
        self._runner.statement(sql)

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
        self.writes += 1
        return self._runner.run(statement, **values)

    def many(self, statement: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values; returns how many rows were touched."""
        self.flush()
        self.writes += 1
        return self._runner.many(statement, rows)
