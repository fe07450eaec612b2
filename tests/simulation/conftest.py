"""Fixtures of the histories: a ledger on PostgreSQL that is emptied between them."""

from __future__ import annotations

import pytest

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.tables import tables_of


@pytest.fixture
def shared(postgres_url):
    """An empty ledger on PostgreSQL, and what empties it again."""
    ledger = Ledger(postgres_url)
    ledger.upgrade()
    tables = ", ".join(tables_of(None).metadata.tables)

    def empty():
        with ledger._database.writing() as connection:
            connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")

    yield ledger, empty
    ledger.close()
