"""The statements about rates: which places of an account are taken, by every process that shares the ledger.

Never runs anything.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder

__all__ = ["RateStatements"]


class RateStatements(Builder):
    """The questions and writes about rates, which belong to no namespace."""

    @cached_property
    def begin(self) -> Any:
        """Write an account's row where there is none."""
        table = self.tables.rates
        fresh = {"name": sa.bindparam("name", type_=sa.Text), "taken": "[]", "due": 0, "until": 0}
        return self._insert(table).values(fresh).on_conflict_do_nothing(index_elements=["name"])

    @cached_property
    def taken(self) -> Any:
        """What is taken of an account; nobody else reads it so until this transaction ends."""
        table = self.tables.rates
        chosen = sa.select(table.c.taken, table.c.due, table.c.until).where(table.c.name == sa.bindparam("name"))
        return chosen.with_for_update()  # SQLite has one writer, and knows no such words

    @cached_property
    def now(self) -> Any:
        """The instant by PostgreSQL's clock, which all machines share; not that of the transaction, which waited."""
        return sa.select(sa.cast(sa.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger))

    @cached_property
    def take(self) -> Any:
        """Write what is taken by now."""
        table = self.tables.rates
        values = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in ("taken", "due", "until")}
        return self._update(table, **values).where(table.c.name == sa.bindparam("which"))
