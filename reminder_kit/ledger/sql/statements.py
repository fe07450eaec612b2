"""Every statement of the ledger, for one schema and one kind of database, built once for the life of the process.

Never runs anything.
"""

from __future__ import annotations

from functools import cache

from attrs import frozen

from reminder_kit.ledger.sql.attention_statements import AttentionStatements
from reminder_kit.ledger.sql.phone_statements import PhoneStatements
from reminder_kit.ledger.sql.queries import Queries
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.ledger.sql.updates import Updates

__all__ = ["Statements", "statements_for"]


@frozen
class Statements:
    """The statements: what is asked, what is written, and both for numbers and for what waits for a person."""

    queries: Queries
    updates: Updates
    phones: PhoneStatements
    attention: AttentionStatements


@cache
def statements_for(schema: str | None, kind: str) -> Statements:
    """Return the statements for a schema (None: the connection's default one) on `sqlite` or `postgresql`."""
    tables = tables_of(schema)
    return Statements(
        Queries(tables, kind), Updates(tables, kind), PhoneStatements(tables, kind), AttentionStatements(tables, kind)
    )
