"""Read for a sweep: at which appointments a batch job must look, and how many of what it passes over.

Never writes. What needs no look is neither read nor made an object of, however much of it there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from reminder_kit.ledger.databases.runner import Asker
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.ledger.sql.sweep_statements import SweepStatements
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import ChangeKind, PassedOver

__all__ = ["SweepReader"]

_ROWS_AT_ONCE = 5_000


class SweepReader:
    """The questions of a sweep, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: SweepStatements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements

    def needing_a_look(self, now: datetime, settings: str, *, waiting: bool) -> list[int]:
        """Return the rows of appointments at which something is to be done or said at `now` (UTC), in their order.

        `settings` is the digest of what decides now, `waiting` says that what waits for its account may go on.
        """
        statement = self._statements.needing_a_look(waiting=waiting)
        found = self._runner.rows(statement, namespace=self._namespace, now=micros(now), settings=settings)
        return [int(row) for (row,) in found]

    def dirty(self) -> frozenset[int]:
        """Return the rows of appointments that were written and not worked on since."""
        found = self._runner.rows(self._statements.dirty, namespace=self._namespace)
        return frozenset(int(row) for (row,) in found)

    def with_messages(self, rows: Sequence[int], now: datetime) -> dict[int, int]:
        """Return those of the rows that have any message, each with how many of them go out later than `now` (UTC)."""
        found: dict[int, int] = {}
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            packed = self._runner.pack("rows", [(row,) for row in rows[start : start + _ROWS_AT_ONCE]])
            counted = self._runner.rows(self._statements.with_messages, now=micros(now), **packed)
            found |= {int(row): int(count) for row, count in counted}
        return found

    def of_source(self, source: str, now: datetime) -> Iterator[tuple[int, Identity]]:
        """Yield the appointments of a source that are not over at `now` (UTC), each with its row, in their order."""
        after, given = 0, {"namespace": self._namespace, "source": whole_text(source), "now": micros(now)}
        while found := self._runner.rows(self._statements.of_source, after=after, page=_ROWS_AT_ONCE, **given):
            for row, id_, recurrence_id in found:
                yield int(row), Identity(source, id_, recurrence_id)
            after = found[-1][0]

    def passed_over(self, looked_at: Sequence[int], now: datetime) -> PassedOver:
        """Return how much there is, that is not over at `now` (UTC), besides the rows that were looked at."""
        counts = self._counts(None, now)
        for start in range(0, len(looked_at), _ROWS_AT_ONCE):
            counts.subtract(self._counts(looked_at[start : start + _ROWS_AT_ONCE], now))
        by_kind = {kind: counts[kind] for kind in ChangeKind if counts[kind]}
        return PassedOver(counts["appointments"], by_kind, counts["without_phone"])

    def _counts(self, rows: Sequence[int] | None, now: datetime) -> Counter[str]:
        """Return how many appointments are not over, have no number, and how many of their reminders stand how.

        `rows` None: of all of them.
        """
        listed = rows is not None
        given: dict[str, Any] = {"namespace": self._namespace, "now": micros(now)}
        given |= self._runner.pack("rows", [(row,) for row in rows]) if rows is not None else {}
        counts: Counter[str] = Counter()
        for name, statement in (
            ("appointments", self._statements.count_appointments(listed=listed)),
            ("without_phone", self._statements.count_without_phone(listed=listed)),
        ):
            counts[name] = sum(int(count) for (count,) in self._runner.rows(statement, **given))
        for stand, is_parked, count in self._runner.rows(self._statements.count_reminders(listed=listed), **given):
            kind = ChangeKind.KEEP if is_parked else ChangeKind.HOLD if stand == "held" else ChangeKind.SKIP
            counts[kind] += int(count)
        return counts
