"""The statements of those who look: a day's appointments, people by name, the messages of a time, who looked.

Never runs anything. Each finds what it is asked for by an index, and stops after a number of rows: what is shown on a
page costs the same in a ledger of ten appointments and of a hundred thousand.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import MESSAGE_COLUMNS, Builder, words
from reminder_kit.model.lifecycle import State

__all__ = ["LookStatements"]

_NOT_BY_TIME: Any = sa.literal_column("0")
"""A zero to be added to a send time: it keeps databases from the index of times where that of numbers finds few."""


class LookStatements(Builder):
    """What is asked, and written, for people who look at the ledger."""

    @cached_property
    def drop_names(self) -> Any:
        """Forget by which words the people of a list of rows are found."""
        table = self.tables.names
        return sa.delete(table).where(self._among(table.c.row_id, "rows"))

    @cached_property
    def add_names(self) -> Any:
        """Note by which words the people of rows are found."""
        table = self.tables.names
        rows, (row, word) = self._listing("words", [sa.BigInteger, sa.Text])
        chosen = sa.select(row, word, sa.bindparam("namespace", type_=sa.Text)).select_from(rows).where(row > 0)
        return self._insert(table).from_select(["row_id", "word", "namespace"], chosen).on_conflict_do_nothing()

    @cached_property
    def day(self) -> Any:
        """The rows of appointments that start between two instants, in the order of their starts; from one on."""
        table = self.tables.appointments
        place = sa.or_(
            table.c.starts_at > sa.bindparam("after", type_=sa.BigInteger),
            sa.and_(table.c.starts_at == sa.bindparam("after"), table.c.row_id > sa.bindparam("after_row")),
        )
        return (
            sa.select(table.c.row_id, table.c.starts_at)
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.starts_at >= sa.bindparam("after"),
                table.c.starts_at < sa.bindparam("until"),
                table.c.snapshot != "",
                place,
            )
            .order_by(table.c.starts_at, table.c.row_id)
            .limit(sa.bindparam("most", type_=sa.Integer))
        )

    @cache  # noqa: B019 - statements live as long as the process
    def named(self, count: int) -> Any:
        """Return the question for rows of whose people's names that many words begin so (`low`, `high`, and so on)."""
        table = self.tables.names
        chosen = sa.select(table.c.row_id).where(
            table.c.namespace == sa.bindparam("namespace"), *self._begins(table, 0)
        )
        for place in range(1, count):
            other = table.alias(f"word{place}")
            chosen = chosen.where(sa.exists().where(other.c.row_id == table.c.row_id, *self._begins(other, place)))
        return chosen.distinct().limit(sa.bindparam("most", type_=sa.Integer))

    @staticmethod
    def _begins(table: Any, place: int) -> tuple[Any, Any]:
        return table.c.word >= sa.bindparam(f"low{place}"), table.c.word < sa.bindparam(f"high{place}")

    @cache  # noqa: B019 - statements live as long as the process
    def messages(self, by: str) -> Any:
        """Return the question for messages, the latest first: `by` a "number", by "rows", by "time", by "page".

        With source, id and recurrence id of the appointment, rule and recipient behind their columns. A "page" goes on
        behind the message with the id `before` and the send time `until`.
        """
        table, owner = self.tables.messages, self.tables.appointments
        names = (owner.c.source, owner.c.id, owner.c.recurrence_id, table.c.rule, table.c.recipient)
        chosen = sa.select(*(table.c[name] for name in MESSAGE_COLUMNS), *names)
        until = sa.bindparam("until", type_=sa.BigInteger)
        at: Any = table.c.send_at + _NOT_BY_TIME if by in ("number", "rows") else table.c.send_at
        ends: Any = at < until
        if by == "page":
            tied = sa.and_(at == until, table.c.id < sa.bindparam("before", type_=sa.Text))
            ends = sa.and_(at <= until, sa.or_(ends, tied))
        chosen = chosen.select_from(table.join(owner, owner.c.row_id == table.c.row_id)).where(
            table.c.namespace == sa.bindparam("namespace"),
            at >= sa.bindparam("since", type_=sa.BigInteger),
            ends,
            table.c.to_number != "",
        )
        if by == "number":
            chosen = chosen.where(table.c.to_number == sa.bindparam("number"))
        if by == "rows":
            chosen = chosen.where(self._among(table.c.row_id, "rows"))
        tie = table.c.id if by == "page" else table.c.serial
        return chosen.order_by(at.desc(), tie.desc()).limit(sa.bindparam("most", type_=sa.Integer))

    @cached_property
    def reports(self) -> Any:
        """What providers reported of messages, by our token: token, type, when and code, in the order it happened."""
        table = self.tables.events
        chosen = sa.select(table.c.token, table.c.type, table.c.occurred_at, table.c.code)
        return chosen.where(self._among(table.c.token, "tokens")).order_by(table.c.occurred_at, table.c.serial)

    @cached_property
    def replies(self) -> Any:
        """What a list of numbers wrote between two instants, the latest first: number, when, the type, the words."""
        table = self.tables.events
        return (
            sa.select(table.c.number, table.c.occurred_at, table.c.type, table.c.text)
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                self._among(table.c.number, "numbers"),
                table.c.number.is_not(None),
                table.c.text.is_not(None),
                table.c.occurred_at >= sa.bindparam("since", type_=sa.BigInteger),
                table.c.occurred_at < sa.bindparam("until", type_=sa.BigInteger),
            )
            .order_by(table.c.occurred_at.desc(), table.c.serial.desc())
            .limit(sa.bindparam("most", type_=sa.Integer))
        )

    @cached_property
    def counted_replies(self) -> Any:
        """How many replies of each type came in between two instants."""
        table = self.tables.events
        replies: list[Any] = [sa.literal_column(f"'{kind}'") for kind in ("opted_in", "opted_out", "received")]
        return (
            sa.select(table.c.type, sa.func.count())
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.received_at >= sa.bindparam("since", type_=sa.BigInteger),
                table.c.received_at < sa.bindparam("until", type_=sa.BigInteger),
                table.c.raw != sa.literal_column("'{}'"),
                table.c.type.in_(replies),
            )
            .group_by(table.c.type)
            .order_by(table.c.type)
        )

    @cached_property
    def counted(self) -> Any:
        """How many messages of each state and rule have their send time between two instants."""
        table = self.tables.messages
        gone = words({State.CANCELLED, State.ABANDONED})
        return (
            sa.select(table.c.rule, table.c.state, sa.func.count())
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.send_at >= sa.bindparam("since", type_=sa.BigInteger),
                table.c.send_at < sa.bindparam("until", type_=sa.BigInteger),
                table.c.state.not_in(gone),
            )
            .group_by(table.c.rule, table.c.state)
            .order_by(table.c.rule, table.c.state)
        )

    @cached_property
    def counted_keywords(self) -> Any:
        """How many appointments whose message of a rule was due in a time were replied to with a keyword, by rule."""
        table, owner = self.tables.messages, self.tables.appointments
        return (
            sa.select(table.c.rule, sa.func.count(table.c.row_id.distinct()))
            .select_from(table.join(owner, owner.c.row_id == table.c.row_id))
            .where(
                table.c.namespace == sa.bindparam("namespace"),
                table.c.send_at >= sa.bindparam("since", type_=sa.BigInteger),
                table.c.send_at < sa.bindparam("until", type_=sa.BigInteger),
                owner.c.replied != "",
            )
            .group_by(table.c.rule)
            .order_by(table.c.rule)
        )

    @cached_property
    def add_look(self) -> Any:
        """Note who looked at whom, or did what."""
        return self._insert_all(self.tables.looks)

    @cached_property
    def looks(self) -> Any:
        """Who looked at a number, or did something for it, the latest first."""
        table = self.tables.looks
        return (
            sa.select(table.c.at, table.c.who, table.c.act, table.c.id)
            .where(table.c.namespace == sa.bindparam("namespace"), table.c.number == sa.bindparam("number"))
            .order_by(table.c.serial.desc())
            .limit(50)
        )
