"""Ledgers to test on: SQLite files, and databases of a PostgreSQL server (`tests/postgres.py`).

Quick ones are told on SQLite, and on a server the contract of all ledgers; on a server all of them are slow ones.
"""

from __future__ import annotations

import pytest

from reminder_kit.ledger.ledger import Ledger


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request):
    """The URL of a database of either kind: an empty one, but on a server with tables for who has them made anyway."""
    on_server = "postgres_url" if {"ledger", "others"}.isdisjoint(request.fixturenames) else "postgres_ledger_url"
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else on_server)


@pytest.fixture
def ledgers():
    """Return a function that makes ledgers, all closed in the end."""
    made = []

    def make(where, **options):
        made.append(Ledger(where, **options))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def ledger(url, ledgers):
    """An empty ledger with its tables."""
    made = ledgers(url)
    made.upgrade()
    return made


@pytest.fixture
def sqlite_ledger(sqlite_url, ledgers):
    """An empty SQLite ledger with its tables."""
    made = ledgers(sqlite_url)
    made.upgrade()
    return made
