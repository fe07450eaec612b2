"""One person in the ledger: all that is kept of a number, and the erasure of it.

Never commits, and never decides whether somebody may be written to: that a number is barred, and since when, stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from reminder_kit.ledger.databases.runner import Asker, Runner
from reminder_kit.ledger.looks import list_names
from reminder_kit.ledger.sql.person_statements import PersonStatements
from reminder_kit.ledger.sql.row_mapping import instant
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import iso, utc
from reminder_kit.model.records import Identity
from reminder_kit.model.snapshots import decode, encode

if TYPE_CHECKING:
    from reminder_kit.ledger.sql.statements import Statements

__all__ = ["PersonEraser", "PersonReader"]

_INSTANTS = frozenset({"send_at", "created_at", "occurred_at", "received_at", "at"})
_JSON = frozenset({"media_urls", "detail"})


class PersonReader:
    """The questions about one person, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: PersonStatements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements

    def rows(self, number: str) -> list[int]:
        """Return the rows of appointments that a number is, or was, a recipient of."""
        return sorted(row for (row,) in self._asked(self._statements.rows, number))

    def parked(self, number: str) -> list[Identity]:
        """Return the appointments of which a message to the number is, or may be, parked."""
        return [Identity(*found) for found in self._asked(self._statements.parked, number)]

    def appointments(self, rows: Sequence[int]) -> dict[int, Appointment]:
        """Return the appointments of rows that were not purged, as they were recorded."""
        packed = self._runner.pack("rows", [(row,) for row in rows])
        return {row: decode(snapshot) for row, snapshot in self._runner.rows(self._statements.snapshots, **packed)}

    def names(self, number: str) -> tuple[str, ...]:
        """Return a number or e-mail address, and what else its person is written to by, and nobody else.

        An address that a family shares is no name of one of them: what was written there stays with it.
        """
        people = self._people_of(number)
        others = dict.fromkeys(name for one in people for name in one.addresses if name != number)
        own = (name for name in others if all({*one.addresses} <= {number, name} for one in self._people_of(name)))
        return (number, *own)

    def _people_of(self, name: str) -> list[Recipient]:
        """Return all recipients in the ledger with a number or address."""
        found = self.appointments(self.rows(name)).values()
        return [one for appointment in found for one in appointment.recipients if name in one.addresses]

    def kept(self, number: str) -> dict[str, Any]:
        """Return all that is kept of a number or address but for its consent, as plain JSON values.

        Of an appointment with several people only this one is told of.
        """
        of_message = ("appointment", "recurrence_id", *self._statements.message_columns)
        return {
            "appointments": [
                _appointment(appointment, number) for appointment in self.appointments(self.rows(number)).values()
            ],
            "messages": self._listed(self._statements.messages, number, of_message),
            "events": self._listed(self._statements.events, number, self._statements.event_columns),
            "history": self._listed(self._statements.history, number, self._statements.history_columns),
            "looks": self._listed(self._statements.looks, number, self._statements.look_columns),
        }

    def _asked(self, statement: Any, number: str) -> Sequence[Sequence[Any]]:
        return self._runner.rows(statement, namespace=self._namespace, which_number=number)

    def _listed(self, statement: Any, number: str, names: Sequence[str]) -> list[dict[str, Any]]:
        rows = self._asked(statement, number)
        return [{name: _plain(name, value) for name, value in zip(names, row, strict=True)} for row in rows]


def _plain(name: str, value: Any) -> Any:
    """Return what stands in a column as a plain JSON value."""
    if name in _INSTANTS:
        return iso(instant(value))
    return json.loads(value) if name in _JSON else value


def _appointment(appointment: Appointment, number: str) -> dict[str, Any]:
    own = [recipient for recipient in appointment.recipients if number in recipient.addresses]
    others = len(appointment.recipients) - len(own)
    fields: dict[str, Any] = json.loads(encode(evolve(appointment, recipients=own)))
    moments = {name: getattr(appointment, name) for name in ("starts_at", "ends_at", "booked_at")}
    told = {name: iso(utc(moment)) for name, moment in moments.items() if moment is not None}
    return {**fields, **told, "timezone": appointment.timezone, "other_recipients": others}


class PersonEraser:
    """The erasure of one person, inside one transaction."""

    def __init__(self, runner: Runner, reader: PersonReader, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._reader = reader
        self._namespace = namespace
        self._statements = statements.person
        self._looks = statements.looks
        self._purges = statements.updates.purges

    def erase(self, number: str) -> int | None:
        """Take all that is kept of a number out of the ledger; returns in how many appointments it was.

        An appointment with other people stays theirs. Of consent all events stay, without their words. None: a message
        to the number is, or may be, parked, and nothing was erased: what is to be taken back must be known.
        """
        if self._reader.parked(number):
            return None
        rows = self._reader.rows(number)
        alone = []
        for row, appointment in self._reader.appointments(rows).items():
            left = [recipient for recipient in appointment.recipients if number not in recipient.addresses]
            if not left:
                alone.append(row)
            elif len(left) < len(appointment.recipients):
                snapshot = encode(evolve(appointment, recipients=left))
                self._runner.run(self._statements.keep_snapshot, which=row, left=snapshot)
                list_names({row: evolve(appointment, recipients=left)}, self._runner, self._looks, self._namespace)
        for statement in self._statements.erasures:
            self._runner.run(statement, namespace=self._namespace, which_number=number)
        packed = self._runner.pack("rows", [(row,) for row in alone])
        for statement in self._purges if alone else ():
            self._runner.run(statement, **packed)
        return len(rows)
