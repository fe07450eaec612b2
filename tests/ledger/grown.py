"""A ledger grown by SQL: the rows of what was really recorded, over and over under other ids, numbers and times."""

from __future__ import annotations

import sqlalchemy as sa

from reminder_kit.ledger.sql.tables import tables_of

_IDS = {"id", "key", "message_id", "provider_id", "idempotency_key"}
_NUMBERS = {"number", "to_number"}
_INSTANTS = {"starts_at", "ends_at", "start_at", "send_at", "due_at", "next_at", "park_at"}
QUARTER_HOURS = 900_000_000
"""A quarter of an hour in microseconds: the copies start at so many of them later, of 6,000 at the most."""


def _of_copy(name):
    """Return what stands in a column of the i-th copy of a row."""
    column = f'"{name}"'
    if name == "row_id":
        return f"{column} + i * 10"
    if name in _IDS:
        return f"CASE WHEN {column} IS NULL OR {column} = '' THEN {column} ELSE {column} || '-' || i END"
    if name in _NUMBERS:
        return f"substr({column}, 1, 5) || CAST(1000000 + i AS TEXT)"
    return f"{column} + CAST(i - i / 6000 * 6000 AS BIGINT) * {QUARTER_HOURS}" if name in _INSTANTS else column


def grow(engine, copies):
    """Copy every appointment of a ledger, with all that belongs to it, so many times."""
    tables = tables_of(None)
    with engine.begin() as connection:
        for table in (
            tables.appointments,
            tables.reminders,
            tables.messages,
            tables.history,
            tables.phones,
            tables.names,
        ):
            names = [column.name for column in table.columns if column.name != "serial"]
            into, chosen = ", ".join(f'"{name}"' for name in names), ", ".join(map(_of_copy, names))
            connection.exec_driver_sql(
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies}) "
                f"INSERT INTO {table.name} ({into}) SELECT {chosen} FROM {table.name}, n"
            )
        if engine.dialect.name == "postgresql":
            serial = "pg_get_serial_sequence('reminder_kit_appointments', 'row_id')"
            connection.exec_driver_sql(f"SELECT setval({serial}, (SELECT max(row_id) FROM reminder_kit_appointments))")
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
