"""What the ledger's statements are built from: lists as one value, upserts that write only what differs.

Never runs anything. A list is handed over as one value (JSON for SQLite, arrays for PostgreSQL), so that a statement's
text never depends on how long the list is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.each_row import EachRow
from reminder_kit.ledger.sql.tables import Tables
from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason

__all__ = ["LONGEST_LEASE", "MESSAGE_COLUMNS", "OUTCOME_COLUMNS", "RECORD_COLUMNS", "Builder", "lease_is_over", "words"]

RECORD_COLUMNS = (
    "row_id", "source", "id", "recurrence_id", "snapshot", "fingerprint", "generation", "dirty", "removed",
    "planned_with", "next_at", "starts_at", "recorded_at", "revision_kind", "revision", "replied",
)  # fmt: skip
"""Columns of an appointment, in the order in which `record_from` reads them."""
OUTCOME_COLUMNS = (
    "row_id", "key", "rule", "recipient", "to_number", "stand", "reason", "due_at", "send_at", "park_at",
    "replacing", "error", "blocker",
)  # fmt: skip
"""Columns of a reminder, in the order in which `outcome_from` reads them."""
MESSAGE_COLUMNS = (
    "row_id", "id", "key", "state", "to_number", "text", "send_at", "subject", "media_urls", "channel", "due_at",
    "start_at", "sender", "provider", "path", "request", "idempotency_key", "created_at", "provider_id", "uncertain",
    "attempts", "next_try_at", "error", "presumed", "told",
)  # fmt: skip
"""Columns of a message, in the order in which `message_from` reads them."""


LONGEST_LEASE = 31 * 60_000_000
"""How much of a lease there may be left, in microseconds."""


def words(values: Iterable[State | Reason]) -> list[Any]:
    """Return states or reasons as SQL constants, sorted, so that a statement has the same text every time."""
    return [sa.literal_column(f"'{word}'") for word in sorted(value.value for value in values)]


def lease_is_over(appointments: sa.Table) -> Any:
    """Return the condition that a lease ran out by `now`, or ends later than any that a clock gives which is right.

    A lease is a minute long (`reconciler.leases`), and of two clocks one may be half an hour ahead (`AsOf`), or be set
    back while a worker is at work: whose lease is taken for over although he works would have a text doubled.
    """
    now, until = sa.bindparam("now", type_=sa.BigInteger), appointments.c.lease_until
    return sa.or_(until <= now, until > now + sa.literal_column(str(LONGEST_LEASE)))


class Builder:
    """The tables of one schema, and how statements on them are built for `kind`: `sqlite` or `postgresql`."""

    def __init__(self, tables: Tables, kind: str) -> None:
        self.tables = tables
        self.kind = kind

    def _insert(self, table: sa.Table) -> Any:
        # a process works on one kind of database, and either dialect takes megabytes
        if self.kind == "sqlite":
            from sqlalchemy.dialects.sqlite import insert as sqlite_insert

            return sqlite_insert(table).inline()
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table).inline()

    def _among(self, column: Any, name: str) -> Any:
        """Return the condition that a column is in the list `name`, which `Runner.pack` hands over."""
        listed = self._listing(name, [column.type])
        return column.in_(sa.select(listed[1][0]))

    def _listing(self, name: str, types: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return the list `name`, which `Runner.pack` hands over, as a source to select from, and its columns."""
        if self.kind == "sqlite":
            rows = sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued("value", name=name)
            paths: list[Any] = [sa.literal_column(f"'$[{index}]'") for index in range(len(types))]
            return rows, [sa.func.json_extract(rows.c.value, path) for path in paths]
        from sqlalchemy.dialects.postgresql import ARRAY

        arrays = [sa.bindparam(f"{name}{index}", type_=ARRAY(_array_type(kind))) for index, kind in enumerate(types)]
        names = [sa.column(f"c{index}", kind) for index, kind in enumerate(types)]
        rows = sa.func.unnest(*arrays).table_valued(*names, name=name).render_derived()
        return rows, list(rows.c)

    def _update(self, table: sa.Table, **values: Any) -> Any:
        return sa.update(table).values(**values)

    def _row(self, types: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return what a statement for many rows has in the place of one row's values, by name, and where they are from.

        SQLite runs the statement once for each row; PostgreSQL is handed all of them as one list. `_each` ends it.
        """
        if self.kind == "sqlite":
            return None, {name: sa.bindparam(name, type_=kind) for name, kind in types.items()}
        rows, columns = self._listing("rows", list(types.values()))
        return rows, dict(zip(types, columns, strict=True))

    def _each(self, statement: Any, names: Iterable[str], *, apart: Sequence[str] = ()) -> Any:
        """Return a statement that was made with `_row`, for `Runner.many`; `apart` as `EachRow` has it."""
        return statement if self.kind == "sqlite" else EachRow(statement, tuple(names), tuple(apart))

    def _insert_each(self, table: sa.Table, names: Sequence[str]) -> Any:
        """Return an insert of many rows, without its end."""
        source, values = self._row({name: table.c[name].type for name in names})
        if source is None:
            return self._insert(table).values(values)
        return self._insert(table).from_select(list(names), sa.select(*values.values()).select_from(source))

    def _upsert(self, table: sa.Table, columns: Sequence[str], keys: Sequence[str], *, insert: Any = None) -> Any:
        """Return an insert that overwrites the row of the same keys where it differs; an equal row is not written.

        `insert` is the one meant, None: one of a single row.
        """
        if insert is None:
            insert = self._insert(table).values(
                {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
            )
        fresh = {name: insert.excluded[name] for name in columns if name not in keys}
        differs = sa.or_(*(table.c[name].is_distinct_from(value) for name, value in fresh.items()))
        return insert.on_conflict_do_update(index_elements=list(keys), set_=fresh, where=differs)

    def _insert_all(self, table: sa.Table) -> Any:
        """Return an insert of a whole row, but for the number that the database gives out."""
        names = [column.name for column in table.columns if column.name != "serial"]
        return self._insert(table).values({name: sa.bindparam(name, type_=table.c[name].type) for name in names})


def _array_type(kind: Any) -> Any:
    """Return the type of a list's column for PostgreSQL, which knows no variants of other databases."""
    if isinstance(kind, sa.Boolean | sa.LargeBinary):
        return kind
    return sa.BigInteger if isinstance(kind, sa.Integer) or kind is sa.BigInteger else sa.Text
