"""The tables as they are declared are those that migrations make: columns, keys and indexes, on either database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from reminder_kit.ledger.sql.tables import tables_of


@pytest.fixture
def inspector(ledger, url):
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    yield sa.inspect(engine)
    engine.dispose()


def test_keys_and_columns_are_those_that_were_made(inspector):
    """Names, order of keys, and what may be missing."""
    for name, table in tables_of(None).metadata.tables.items():
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(name)}
        assert made == {column.name: bool(column.nullable) for column in table.columns}, name
        assert inspector.get_pk_constraint(name)["constrained_columns"] == [one.name for one in table.primary_key], name


def test_indexes_and_unique_names_are_those_that_were_made(inspector):
    """Each over the same columns, in the same order."""
    for name, table in tables_of(None).metadata.tables.items():
        made = {one["name"]: one["column_names"] for one in inspector.get_indexes(name) if not one["unique"]}
        assert made == {index.name: [column.name for column in index.columns] for index in table.indexes}, name
        unique = {tuple(one["column_names"]) for one in inspector.get_unique_constraints(name)}
        declared = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
        assert unique == {tuple(column.name for column in one.columns) for one in declared}, name
