"""The first version: appointments, reminders, messages, history, suppressions, events, runs.

Never changed once released: what follows goes into a new version.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    schema = context.config.attributes["schema"]
    _appointments(schema)
    _reminders(schema)
    _messages(schema)
    _history(schema)
    _suppressions(schema)
    _events(schema)
    _runs(schema)


def _appointments(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_appointments",
        sa.Column("row_id", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("recurrence_id", sa.Text, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("revision_kind", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("dirty", sa.Boolean, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.Column("planned_with", sa.Text, nullable=False),
        sa.Column("replied", sa.Text, nullable=False, server_default=""),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("namespace", "source", "id", "recurrence_id", name="uq_reminder_kit_appointments"),
        schema=schema,
    )
    op.create_index(
        "ix_reminder_kit_appointments_dirty",
        "reminder_kit_appointments",
        ["namespace", "dirty", "row_id"],
        schema=schema,
    )
    op.create_index(
        "ix_reminder_kit_appointments_row", "reminder_kit_appointments", ["namespace", "row_id"], schema=schema
    )
    op.create_index("ix_reminder_kit_appointments_id", "reminder_kit_appointments", ["namespace", "id"], schema=schema)
    op.create_index(
        "ix_reminder_kit_appointments_next_at", "reminder_kit_appointments", ["namespace", "next_at"], schema=schema
    )


def _reminders(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_reminders",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("to_number", sa.Text, nullable=False),
        sa.Column("stand", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("send_at", sa.BigInteger),
        sa.Column("park_at", sa.BigInteger),
        sa.Column("replacing", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_index(
        "ix_reminder_kit_reminders_number", "reminder_kit_reminders", ["namespace", "to_number"], schema=schema
    )
    op.create_index("ix_reminder_kit_reminders_row", "reminder_kit_reminders", ["row_id"], schema=schema)


def _messages(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_messages",
        sa.Column("serial", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("to_number", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("media_urls", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("send_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("start_at", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("presumed", sa.Boolean, nullable=False),
        sa.UniqueConstraint("namespace", "id", name="uq_reminder_kit_messages"),
        schema=schema,
    )
    op.create_index(
        "ix_reminder_kit_messages_number", "reminder_kit_messages", ["namespace", "to_number"], schema=schema
    )
    op.create_index("ix_reminder_kit_messages_provider_id", "reminder_kit_messages", ["provider_id"], schema=schema)
    op.create_index("ix_reminder_kit_messages_row", "reminder_kit_messages", ["row_id"], schema=schema)
    op.create_index("ix_reminder_kit_messages_state", "reminder_kit_messages", ["state"], schema=schema)


def _history(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_history",
        sa.Column("serial", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("recurrence_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_index("ix_reminder_kit_history_id", "reminder_kit_history", ["namespace", "id"], schema=schema)


def _suppressions(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_suppressions",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("said_by", sa.Text, nullable=False),
        schema=schema,
    )


def _events(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_events",
        sa.Column("serial", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("number", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("matched", sa.Boolean, nullable=False),
        sa.UniqueConstraint("namespace", "id", name="uq_reminder_kit_events"),
        schema=schema,
    )
    op.create_index("ix_reminder_kit_events_provider_id", "reminder_kit_events", ["provider_id"], schema=schema)
    op.create_index("ix_reminder_kit_events_token", "reminder_kit_events", ["token"], schema=schema)


def _runs(schema: str | None) -> None:
    op.create_table(
        "reminder_kit_runs",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        schema=schema,
    )
