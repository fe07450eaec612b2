"""The statements about one person: all that the ledger holds of a number, and what erases it.

Never runs anything. A number is looked for wherever it is kept, whether or not an index leads to it: this is asked for
by people, a few times a year.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sqlalchemy as sa

from reminder_kit.ledger.sql.builder import Builder, words
from reminder_kit.model.lifecycle import OPEN

__all__ = ["PersonStatements"]

_MESSAGE = (
    "rule", "state", "to_number", "text", "subject", "media_urls", "channel", "sender", "provider", "provider_id",
    "send_at", "created_at", "error",
)  # fmt: skip
_EVENT = ("type", "occurred_at", "received_at", "provider", "provider_id", "text", "code")
_LOOK = ("at", "who", "act", "id")
_HISTORY = ("at", "actor", "event", "source", "id", "recurrence_id", "rule", "message_id", "reason", "detail")


class PersonStatements(Builder):
    """What is kept of a number, and the writes that take it away."""

    #: The columns of a message, an event, a line of history and a look, in the order in which they are read.
    message_columns, event_columns, history_columns, look_columns = _MESSAGE, _EVENT, _HISTORY, _LOOK

    def _of_number(self, table: Any, name: str = "to_number") -> Any:
        return sa.and_(
            table.c.namespace == sa.bindparam("namespace", type_=sa.Text),
            table.c[name] == sa.bindparam("which_number", type_=sa.Text),
        )

    def _of_person(self, table: Any) -> Any:
        """As `_of_number`, and by the key of a recipient that is the number, or address, itself."""
        mine = table.c.namespace == sa.bindparam("namespace", type_=sa.Text)
        who = sa.bindparam("which_number", type_=sa.Text)
        return sa.and_(mine, sa.or_(table.c.to_number == who, table.c.recipient == who))

    @cached_property
    def rows(self) -> Any:
        """The rows of appointments that the number is, or was, a recipient of."""
        tables = (
            (self.tables.phones, "number"),
            (self.tables.reminders, "to_number"),
            (self.tables.messages, "to_number"),
        )
        return sa.union(*(sa.select(table.c.row_id).where(self._of_number(table, name)) for table, name in tables))

    @cached_property
    def parked(self) -> Any:
        """The appointments of messages to the number that are, or may be, parked."""
        table, owner = self.tables.messages, self.tables.appointments
        joined = table.join(owner, owner.c.row_id == table.c.row_id)
        chosen = sa.select(owner.c.source, owner.c.id, owner.c.recurrence_id).select_from(joined)
        return chosen.where(self._of_number(table), table.c.state.in_(words(OPEN))).distinct()

    @cached_property
    def messages(self) -> Any:
        """Every message to the number, oldest first, each with its appointment."""
        table, owner = self.tables.messages, self.tables.appointments
        chosen = sa.select(owner.c.id, owner.c.recurrence_id, *(table.c[name] for name in _MESSAGE))
        joined = table.join(owner, owner.c.row_id == table.c.row_id)
        return chosen.select_from(joined).where(self._of_number(table)).order_by(table.c.serial)

    @cached_property
    def events(self) -> Any:
        """What came about the number: replies, and reports on delivery."""
        table = self.tables.events
        chosen = sa.select(*(table.c[name] for name in _EVENT))
        return chosen.where(self._of_number(table, "number")).order_by(table.c.occurred_at, table.c.serial)

    @cached_property
    def history(self) -> Any:
        """The history of the number's reminders."""
        table, reminders = self.tables.history, self.tables.reminders
        theirs = sa.select(reminders.c.key).where(self._of_number(reminders))
        chosen = sa.select(*(table.c[name] for name in _HISTORY))
        mine = table.c.namespace == sa.bindparam("namespace")
        return chosen.where(mine, table.c.key.in_(theirs)).order_by(table.c.serial)

    @cached_property
    def looks(self) -> Any:
        """Who looked at the person, or did something for the person by hand."""
        table = self.tables.looks
        chosen = sa.select(*(table.c[name] for name in _LOOK))
        return chosen.where(self._of_number(table, "number")).order_by(table.c.serial)

    @cached_property
    def snapshots(self) -> Any:
        """The snapshots of a list of rows that were not purged."""
        table = self.tables.appointments
        chosen = sa.select(table.c.row_id, table.c.snapshot)
        return chosen.where(self._among(table.c.row_id, "rows"), table.c.snapshot != "").order_by(table.c.row_id)

    @cached_property
    def keep_snapshot(self) -> Any:
        """Write a snapshot without a person who was erased; its digest stays, so that the same one is no news."""
        table = self.tables.appointments
        return self._update(table, snapshot=sa.bindparam("left", type_=sa.Text)).where(
            table.c.row_id == sa.bindparam("which")
        )

    @cached_property
    def erasures(self) -> tuple[Any, ...]:
        """What takes a number, and all that was written to it and by it, out of the ledger: history first."""
        history, messages, reminders = self.tables.history, self.tables.messages, self.tables.reminders
        phones, events, consents = self.tables.phones, self.tables.events, self.tables.consents
        looks = self.tables.looks
        theirs = sa.select(reminders.c.key).where(self._of_person(reminders))
        silent = {"to_number": "", "recipient": "", "text": "", "subject": "", "media_urls": "[]", "request": b""}
        mine = history.c.namespace == sa.bindparam("namespace", type_=sa.Text)
        return (
            self._update(history, detail="{}").where(mine, history.c.key.in_(theirs)),
            self._update(messages, error="", **silent).where(self._of_person(messages)),
            self._update(reminders, to_number="", recipient="", error="").where(self._of_person(reminders)),
            sa.delete(phones).where(self._of_number(phones, "number")),
            self._update(events, number=None, text=None, raw="{}").where(self._of_number(events, "number")),
            self._update(consents, words="").where(self._of_number(consents, "number")),
            self._update(looks, number="").where(self._of_number(looks, "number")),
        )
