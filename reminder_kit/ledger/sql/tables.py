"""The ledger's tables, as SQLAlchemy Core describes them.

Never opens a connection. Instants are microseconds since 1970 (UTC); migrations hold their own, frozen descriptions.
"""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa
from attrs import frozen

__all__ = ["PREFIX", "VERSION_TABLE", "Tables", "tables_of"]

PREFIX = "reminder_kit_"
VERSION_TABLE = f"{PREFIX}alembic_version"

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Instant = sa.BigInteger


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, Instant, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


@frozen
class Tables:
    """The eight tables of one schema, and the MetaData they belong to."""

    metadata: sa.MetaData
    appointments: sa.Table
    reminders: sa.Table
    messages: sa.Table
    history: sa.Table
    suppressions: sa.Table
    events: sa.Table
    runs: sa.Table
    phones: sa.Table


@lru_cache(maxsize=32)
def tables_of(schema: str | None) -> Tables:
    """Return the tables as they stand in a database schema (None: the connection's default one)."""
    metadata = sa.MetaData(schema=schema)
    return Tables(
        metadata,
        _appointments(metadata),
        _reminders(metadata),
        _messages(metadata),
        _history(metadata),
        _suppressions(metadata),
        _events(metadata),
        _runs(metadata),
        _phones(metadata),
    )


def _table(metadata: sa.MetaData, name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(PREFIX + name, metadata, *parts, implicit_returning=False)


def _index(name: str, *columns: str) -> sa.Index:
    return sa.Index(f"ix_{PREFIX}{name}", *columns)


def _appointments(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "appointments",
        sa.Column("row_id", Serial, primary_key=True, autoincrement=True),
        _text("namespace"),
        _text("source"),
        _text("id"),
        _text("recurrence_id"),
        _text("snapshot"),
        _text("fingerprint"),
        _text("revision_kind"),
        _text("revision"),
        sa.Column("generation", sa.BigInteger, nullable=False),
        _flag("dirty"),
        _flag("removed"),
        _text("planned_with"),
        _text("replied", ""),
        _instant("next_at"),
        _instant("starts_at", nullable=False),
        _instant("ends_at", nullable=False),
        _instant("recorded_at", nullable=False),
        sa.Column("lease_owner", sa.Text),
        _instant("lease_until"),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("namespace", "source", "id", "recurrence_id", name=f"uq_{PREFIX}appointments"),
        _index("appointments_id", "namespace", "id"),
        _index("appointments_row", "namespace", "row_id"),
        _index("appointments_dirty", "namespace", "dirty", "row_id"),
        _index("appointments_next_at", "namespace", "next_at"),
    )


def _reminders(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "reminders",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        _text("rule"),
        _text("recipient"),
        _text("to_number"),
        _text("stand"),
        _text("reason"),
        _instant("due_at"),
        _instant("send_at"),
        _instant("park_at"),
        _flag("replacing"),
        _text("error"),
        _index("reminders_row", "row_id"),
        _index("reminders_number", "namespace", "to_number"),
    )


def _messages(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "messages",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text("namespace"),
        _text("id"),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        _text("key"),
        _text("rule"),
        _text("recipient"),
        _text("state"),
        _text("to_number"),
        _text("text"),
        _text("subject"),
        _text("media_urls"),
        _text("channel"),
        _instant("send_at", nullable=False),
        _instant("due_at", nullable=False),
        _instant("start_at", nullable=False),
        _text("sender"),
        _text("provider"),
        _text("path"),
        sa.Column("request", sa.LargeBinary, nullable=False),
        _text("idempotency_key"),
        _instant("created_at", nullable=False),
        sa.Column("provider_id", sa.Text),
        _flag("uncertain"),
        sa.Column("attempts", sa.Integer, nullable=False),
        _instant("next_try_at"),
        _text("error"),
        _flag("presumed"),
        _text("told", ""),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}messages"),
        _index("messages_row", "row_id"),
        _index("messages_state", "state"),
        _index("messages_provider_id", "provider_id"),
        _index("messages_number", "namespace", "to_number"),
    )


def _history(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "history",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text("namespace"),
        _instant("at", nullable=False),
        _text("actor"),
        _text("event"),
        _text("source"),
        _text("id"),
        _text("recurrence_id"),
        _text("key"),
        _text("rule"),
        _text("message_id"),
        _text("reason"),
        _text("detail"),
        _index("history_id", "namespace", "id"),
    )


def _suppressions(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "suppressions",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, primary_key=True),
        _text("reason"),
        _instant("at", nullable=False),
        _text("said_by"),
    )


def _events(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "events",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text("namespace"),
        _text("id"),
        _text("type"),
        _instant("occurred_at", nullable=False),
        _instant("received_at", nullable=False),
        _text("provider"),
        sa.Column("provider_id", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("number", sa.Text),
        sa.Column("text", sa.Text),
        _text("code"),
        _text("raw"),
        _flag("matched"),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}events"),
        _index("events_provider_id", "provider_id"),
        _index("events_token", "token"),
    )


def _runs(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "runs",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        _instant("at", nullable=False),
        _text("detail"),
    )


def _phones(metadata: sa.MetaData) -> sa.Table:
    return _table(
        metadata,
        "phones",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("starts_at", Instant, primary_key=True, autoincrement=False),
        _text("namespace"),
        _index("phones_number", "namespace", "number", "starts_at"),
    )
