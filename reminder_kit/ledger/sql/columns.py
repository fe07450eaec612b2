"""What the descriptions of tables are made of: names, and columns of the kinds that come again and again.

Never opens a connection. Instants are microseconds since 1970 (UTC).
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["PREFIX", "Instant", "Serial", "flag_column", "index", "instant_column", "table", "text_column"]

PREFIX = "reminder_kit_"
"""What the names of all tables begin with, so that they can live among a host's."""

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A number that the database gives out; SQLite does so for the type INTEGER only."""

Instant = sa.BigInteger
"""Microseconds since 1970 (UTC)."""


def text_column(name: str, default: str | None = None) -> sa.Column[str]:
    """Return a column of text that is never NULL; `default` is what rows of an older version have."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def instant_column(name: str, *, nullable: bool = True) -> sa.Column[int]:
    """Return a column of instants."""
    return sa.Column(name, Instant, nullable=nullable)


def flag_column(name: str) -> sa.Column[bool]:
    """Return a column that is true or false."""
    return sa.Column(name, sa.Boolean, nullable=False)


def table(metadata: sa.MetaData, name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    """Return a table of columns, constraints and indexes."""
    return sa.Table(PREFIX + name, metadata, *parts, implicit_returning=False)


def index(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Return an index over columns, in their order; `where` is the condition, in SQL, of the only rows in it.

    The condition is only told: migrations make indexes, and to name it for a kind of database would load that kind.
    """
    return sa.Index(f"ix_{PREFIX}{name}", *columns, info={} if where is None else {"where": where})
