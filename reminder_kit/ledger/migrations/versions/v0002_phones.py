"""The second version: which numbers an appointment is for, and which further reminders a message includes.

Never changed once released: what follows goes into a new version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BATCH = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Add the table and the column, and fill the table from what is recorded."""
    schema = context.config.attributes["schema"]
    phones = op.create_table(
        "reminder_kit_phones",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("starts_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("namespace", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_index(
        "ix_reminder_kit_phones_number", "reminder_kit_phones", ["namespace", "number", "starts_at"], schema=schema
    )
    connection, after = op.get_bind(), 0
    while rows := _appointments(connection, schema, after):
        found = [phone for row in rows for phone in _phones_of(*row)]
        if found:
            connection.execute(sa.insert(phones), found)
        after = rows[-1][0]
    told = sa.Column("told", sa.Text, nullable=False, server_default="")
    op.add_column("reminder_kit_messages", told, schema=schema)  # last: it keeps everybody else out until the end


def _appointments(connection: sa.Connection, schema: str | None, after: int) -> list[Any]:
    columns: list[Any] = [sa.column(name) for name in ("row_id", "namespace", "snapshot")]
    table = sa.table("reminder_kit_appointments", *columns, schema=schema)
    chosen = sa.select(*columns).select_from(table).where(table.c.row_id > after, table.c.snapshot != "")
    return list(connection.execute(chosen.order_by(table.c.row_id).limit(_BATCH)))


def _phones_of(row_id: int, namespace: str, snapshot: str) -> Iterator[dict[str, Any]]:
    fields = json.loads(snapshot)
    starts_at = (datetime.fromisoformat(fields["starts_at"][0]) - _EPOCH) // timedelta(microseconds=1)
    for number in dict.fromkeys(field["phone"] for field in fields["recipients"]):
        yield {"row_id": row_id, "number": number, "namespace": namespace, "starts_at": starts_at}
