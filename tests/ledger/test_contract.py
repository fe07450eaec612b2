"""Every database keeps the contract."""

from __future__ import annotations

import os

import pytest

from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.testing.ledger_contract import LedgerContract


class TestSQLite(LedgerContract):
    @pytest.fixture
    def url(self, sqlite_url):
        return sqlite_url


class TestSQLiteMemory(LedgerContract):
    @pytest.fixture
    def ledger(self, ledgers):
        import sqlalchemy as sa
        from sqlalchemy.pool import StaticPool

        engine = sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        made = ledgers(engine)
        made.upgrade()
        yield made
        engine.dispose()


@pytest.fixture(scope="session")
def shared_url(postgres_server):
    """The URL of one database for all these tests: their tables are emptied in between."""
    import psycopg

    name = f"rk_contract_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgres_server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def emptied(ledger):
    ledger.upgrade()
    with ledger.writing() as transaction:
        tables = tables_of(ledger.schema).metadata.sorted_tables
        names = ", ".join(f'"{ledger.schema or "public"}".{table.name}' for table in tables)
        transaction._runner._runner.statement(f"TRUNCATE {names}")
    return ledger


class TestPostgreSQL(LedgerContract):
    @pytest.fixture
    def ledger(self, shared_url, ledgers):
        return emptied(ledgers(shared_url))


class TestPostgreSQLSchema(LedgerContract):
    """In a schema of its own, whose name must be quoted."""

    @pytest.fixture
    def ledger(self, shared_url, ledgers):
        import psycopg

        with psycopg.connect(shared_url, autocommit=True) as connection:
            connection.execute('CREATE SCHEMA IF NOT EXISTS "Reminders"')
        return emptied(ledgers(shared_url, schema="Reminders"))
