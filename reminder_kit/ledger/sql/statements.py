"""Every statement of the ledger, for one schema and one kind of database; built once and kept.

Never runs anything.
"""

from __future__ import annotations

from functools import cache

from reminder_kit.ledger.sql.phone_statements import PhoneStatements
from reminder_kit.ledger.sql.queries import Queries
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.ledger.sql.updates import Updates

__all__ = ["Statements", "statements_for"]


class Statements(Queries, Updates, PhoneStatements):
    """The statements."""


@cache
def statements_for(schema: str | None, kind: str) -> Statements:
    """Return the statements for a schema on `sqlite` or `postgresql`."""
    return Statements(tables_of(schema), kind)
