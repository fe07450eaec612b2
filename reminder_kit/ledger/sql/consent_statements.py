"""The statements about consent: what was said about numbers, and what is written of it.

Never runs anything, and never decides what bars a number: `model.consent` derives that from the events.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder
from reminder_kit.model.consent import Act, Party

__all__ = ["CONSENT_COLUMNS", "ConsentStatements"]

CONSENT_COLUMNS = (
    "id", "number", "said_by", "act", "occurred_at", "recorded_at", "way", "words", "sender", "pool", "namespace",
    "lifts_before",
)  # fmt: skip
"""Columns of an event of consent, in the order in which `consent_from` reads them."""


class ConsentStatements(Builder):
    """The questions and writes about consent."""

    @property
    def _events(self) -> Any:
        table = self.tables.consents
        return sa.select(*(table.c[name] for name in CONSENT_COLUMNS))

    @cached_property
    def about(self) -> Any:
        """Every event about a list of numbers, heard anywhere, number by number as they happened."""
        table = self.tables.consents
        chosen = self._events.where(self._among(table.c.number, "numbers"))
        return chosen.order_by(table.c.number, table.c.occurred_at, table.c.serial)

    @cached_property
    def barred_here(self) -> Any:
        """The numbers that were ever barred in a namespace."""
        return self._numbers(Act.BAR)

    @cached_property
    def unclear_here(self) -> Any:
        """The numbers from which anything unclear ever came to a namespace."""
        return self._numbers(Act.UNCLEAR)

    def _numbers(self, act: Act) -> Any:
        table = self.tables.consents
        said = table.c.act == sa.literal_column(f"'{act.value}'")
        chosen = sa.select(table.c.number).where(table.c.namespace == sa.bindparam("namespace"), said)
        return chosen.distinct().order_by(table.c.number)

    @cached_property
    def barred_at(self) -> Any:
        """The numbers that were ever barred at one of a list of senders, in any namespace."""
        table = self.tables.consents
        said = table.c.act == sa.literal_column(f"'{Act.BAR.value}'")
        by_name = [
            sa.select(table.c.number).where(self._among(column, "senders"), said)
            for column in (table.c.sender, table.c.pool)
        ]
        return sa.union(*by_name)

    @cached_property
    def count_by_party(self) -> Any:
        """How many numbers each party bars, and "" how many are barred, of those of which nothing was ever lifted."""
        table = self.tables.consents
        of_number = table.alias("of_number")
        lifted = sa.exists().where(of_number.c.number == table.c.number, of_number.c.lifts_before.is_not(None))
        heard_elsewhere = sa.and_(
            table.c.said_by == sa.literal_column(f"'{Party.RECIPIENT.value}'"),
            sa.or_(self._among(table.c.sender, "senders"), self._among(table.c.pool, "senders")),
        )
        barred = sa.and_(
            table.c.act == sa.literal_column(f"'{Act.BAR.value}'"),
            sa.or_(table.c.namespace == sa.bindparam("namespace"), heard_elsewhere),
            sa.not_(lifted),
        )
        numbers = sa.func.count(table.c.number.distinct())
        by_party = sa.select(table.c.said_by, numbers).where(barred).group_by(table.c.said_by)
        return by_party.union_all(sa.select(sa.literal_column("''"), numbers).where(barred))

    @cached_property
    def lifted(self) -> Any:
        """The numbers of which anything was ever lifted, in any namespace."""
        table = self.tables.consents
        return sa.select(table.c.number).where(table.c.lifts_before.is_not(None)).distinct().order_by(table.c.number)

    @cached_property
    def record(self) -> Any:
        """Insert an event, once: a repetition has the same id."""
        return self._insert_all(self.tables.consents).on_conflict_do_nothing(index_elements=["namespace", "id"])
