"""The statements about the ledger itself: by which rules it is worked, and where it is.

Never runs anything.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, words
from reminder_kit.model.lifecycle import OPEN

__all__ = ["StandingStatements"]


class StandingStatements(Builder):
    """The questions and writes about rule sets and places."""

    @cached_property
    def rule_sets(self) -> Any:
        """Every set that was ever recorded, without its namespace, the oldest first."""
        table = self.tables.rule_sets
        chosen = sa.select(*(column for column in table.columns if column.name != "namespace"))
        return chosen.where(table.c.namespace == sa.bindparam("namespace")).order_by(table.c.since, table.c.digest)

    @cached_property
    def keep_rule_set(self) -> Any:
        """Write a set in the place of what is recorded of it."""
        names = tuple(column.name for column in self.tables.rule_sets.columns)
        return self._upsert(self.tables.rule_sets, names, ("namespace", "digest"))

    @cached_property
    def forget_rule_sets(self) -> Any:
        """Forget sets that nobody has worked with, or tried to, since an instant."""
        table = self.tables.rule_sets
        last = sa.func.coalesce(table.c.yielded_at, table.c.worked_at)
        return sa.delete(table).where(
            table.c.namespace == sa.bindparam("namespace"),
            table.c.serves == sa.false(),
            table.c.worked_at < sa.bindparam("before"),
            last < sa.bindparam("before"),
        )

    @cached_property
    def known_places(self) -> Any:
        """The places at which the ledger may be found."""
        table = self.tables.places
        return sa.select(table.c.known).where(table.c.namespace == sa.bindparam("namespace"))

    @cached_property
    def keep_places(self) -> Any:
        """Write the places at which the ledger may be found."""
        return self._upsert(self.tables.places, ("namespace", "known"), ("namespace",))

    @cached_property
    def adopt(self) -> Any:
        """Write them for every namespace that has any: a ledger is moved as a whole."""
        return self._update(self.tables.places, known=sa.bindparam("places"))

    @cached_property
    def anything_parked(self) -> Any:
        """One message that is, or may be, parked."""
        table = self.tables.messages
        parked = sa.and_(table.c.namespace == sa.bindparam("namespace"), table.c.state.in_(words(OPEN)))
        return sa.select(table.c.id).where(parked).limit(1)
