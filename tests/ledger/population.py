"""A ledger of many unlike rows, drawn by a seed, and the same rows at hand: what it answers can be found by looking."""

from __future__ import annotations

import json
import random
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import sqlalchemy as sa

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.builder import LONGEST_LEASE
from reminder_kit.ledger.sql.tables import tables_of
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import Identity, Incoming
from tests.postgres import fresh_database

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime(2026, 2, 10, 14, 0, tzinfo=UTC)
NUMBERS = [f"+120255501{last}" for last in ("23", "24", "25")]
NAMES = ["Ada Lovelace", "Ben Byron", "Cy Ada", "Dora Lane", ""]
SOURCES = ["desk", "web"]
RULES = ["day", "hour"]
REASONS = [
    *("on_time", "quiet_hours", "waiting_account", "waiting_provider", "restored_ledger", "quarantined", "past"),
    *("invalid_number", "template_error", "no_recipient", "suppressed", "opted_out", "unclear_reply", "not_confirmed"),
]
KINDS = ["sent", "delivered", "undelivered", "received", "opted_out", "opted_in"]
OCCURRENCES = ["", "", "2026-02-12T14:00:00Z", "2026-02-19T14:00:00Z"]


def hour(count):
    """Return the instant so many hours after the first one."""
    return FIRST + timedelta(hours=count)


def number_of(moment):
    """Return an instant as the ledger's columns have it."""
    return round((moment - EPOCH) / timedelta(microseconds=1))


def instant_of(number):
    """Return the instant that a column has; None for none."""
    return None if number is None else EPOCH + timedelta(microseconds=number)


class Population:
    """The rows, by table, as namespaces."""

    def __init__(self, seed):
        self._draw = random.Random(seed)
        self.appointments = self._appointments(60)
        self.of_row = {one.row_id: one for one in self.appointments}
        self.reminders = [self._reminder(place) for place in range(150)]
        self.messages = [self._message(place) for place in range(240)]
        self.events = [self._event(place) for place in range(150)]
        self.phones = self._phones()
        self.history = [self._line(place) for place in range(40)]
        self.looks = [self._look(place) for place in range(160)]

    def _hour(self, *others):
        return self._draw.choice([*others, *(number_of(hour(count)) for count in range(6))])

    def _flag(self):
        return self._draw.random() < 0.4

    def _appointments(self, count):
        found = {}
        while len(found) < count:
            space = self._draw.choice(["default", "default", "default", "other"])
            name = (space, self._draw.choice(SOURCES), f"A-{self._draw.randrange(25)}", self._draw.choice(OCCURRENCES))
            if name in found:
                continue
            starts_at, row = self._hour(), len(found) + 1
            people = [Recipient(number, name=self._draw.choice(NAMES)) for number in self._draw.sample(NUMBERS, 2)]
            booked = Appointment(
                name[2],
                instant_of(starts_at),
                source=name[1],
                recurrence_id=name[3] or None,
                title=f"Visit {row}",
                recipients=people[: self._draw.randrange(3)],
            )
            made = Incoming.of(booked)
            kind = self._draw.choice(["", "ii", "m", "o"])
            master = f"{self._draw.randrange(10):042}"
            found[name] = SimpleNamespace(
                **dict(zip(("namespace", "source", "id", "recurrence_id"), name, strict=True)),
                row_id=row,
                snapshot="" if self._draw.random() < 0.15 else made.snapshot,
                fingerprint=made.fingerprint,
                revision_kind=kind,
                revision={"": "", "m": master + "7", "ii": master}.get(kind, "5"),
                generation=row + 1,
                dirty=self._draw.random() < 0.25,
                removed=self._flag(),
                planned_with=self._draw.choice(["a", "b", "c"]),
                replied=self._draw.choice(["", "", "confirm"]),
                next_at=self._hour(None, None, None, 0),
                starts_at=starts_at,
                ends_at=self._hour(),
                recorded_at=self._hour(),
                lease_owner=self._draw.choice([None, "one", "two"]),
                lease_until=self._hour(None, *[number_of(hour(2)) + 60_000_000] * 4),
                unfollowed_at=None if row % 3 else starts_at - 86_400_000_000 * (row % 5),
                fence=row,
                people=booked.recipients,
            )
        return list(found.values())

    def _owner(self):
        owner = self._draw.choice(self.appointments)
        astray = self._draw.random() < 0.05
        return {"row_id": 999 if astray else owner.row_id, "namespace": owner.namespace}

    def _reminder(self, place):
        return SimpleNamespace(
            **self._owner(),
            key=f"k-{place:03}",
            rule=self._draw.choice(RULES),
            recipient=self._draw.choice(["p-1", *NUMBERS]),
            to_number=self._draw.choice(NUMBERS),
            stand=self._draw.choice(["parked", "held", "skipped"]),
            reason=self._draw.choice(REASONS),
            due_at=self._hour(None),
            send_at=self._hour(None),
            park_at=self._hour(None),
            replacing=self._flag(),
            error=self._draw.choice(["", "no name"]),
            blocker="" if place % 3 else f"b-{place % 2}",
        )

    def _message(self, place):
        told = [[f"k-{self._draw.randrange(150):03}", self._hour()] for _ in range(self._draw.choice([0, 0, 0, 1, 2]))]
        reminder = self._draw.choice(self.reminders)
        return SimpleNamespace(
            row_id=reminder.row_id,
            namespace=reminder.namespace,
            serial=place + 1,
            id=f"m-{self._draw.randrange(10)}{place:03}",
            key=reminder.key,
            rule=self._draw.choice(RULES),
            recipient=self._draw.choice(["p-1", *NUMBERS]),
            state=self._draw.choice(list(State)).value,
            to_number=self._draw.choice([*NUMBERS, ""]),
            text=f"See you {place}",
            subject="",
            media_urls="[]",
            channel="sms",
            send_at=self._hour(),
            due_at=self._hour(),
            start_at=self._hour(),
            sender="+12025550100",
            provider=self._draw.choice(["telnyx", "twilio"]),
            path="/messages",
            request=b"{}",
            idempotency_key="k",
            created_at=self._hour(),
            provider_id=self._draw.choice([None, f"P-{self._draw.randrange(60)}"]),
            uncertain=self._flag(),
            attempts=place,
            next_try_at=self._hour(None, None, None, 0),
            error=self._draw.choice(["", "busy"]),
            presumed=self._flag(),
            told=json.dumps(told) if told else "",
        )

    def _event(self, place):
        return SimpleNamespace(
            serial=place + 1,
            namespace=self._draw.choice(["default", "default", "other"]),
            id=f"E-{place:03}",
            type=self._draw.choice(KINDS),
            occurred_at=self._hour(),
            received_at=self._hour(),
            provider="telnyx",
            provider_id=self._draw.choice([None, f"P-{self._draw.randrange(20)}"]),
            token=self._draw.choice([None, "waiting", self._draw.choice(self.messages).id]),
            number=self._draw.choice([None, *NUMBERS]),
            text=self._draw.choice([None, f"Yes {place}"]),
            code=self._draw.choice(["", "40008"]),
            raw=self._draw.choice(["{}", '{"a": 1}']),
            matched=self._flag(),
            senders=('["+12025550100", "P-9"]', None)[place % 2],
        )

    def _phones(self):
        found = {
            (one.row_id, person.phone, starts_at): one.namespace
            for one in self.appointments
            for person in one.people
            for starts_at in {one.starts_at, self._hour()}
        }
        names = ("row_id", "number", "starts_at")
        return [SimpleNamespace(**dict(zip(names, key, strict=True)), namespace=space) for key, space in found.items()]

    def _line(self, place):
        owner = self._draw.choice(self.appointments)
        return SimpleNamespace(
            **{name: getattr(owner, name) for name in ("namespace", "source", "id", "recurrence_id")},
            serial=place + 1,
            at=self._hour(),
            actor="sync",
            event="schedule",
            key=self._draw.choice(self.reminders).key,
            rule="day",
            message_id="",
            reason="on_time",
            detail="{}",
        )

    def _look(self, place):
        return SimpleNamespace(
            serial=place + 1,
            namespace=self._draw.choice(["default", "default", "other"]),
            at=self._hour(),
            who=f"desk {place}",
            act="looked",
            number=self._draw.choice(NUMBERS[:2]),
            id="",
        )

    def fill(self, ledger):
        """Write all rows into an empty ledger."""
        tables = tables_of(ledger.schema)
        with ledger._database.writing() as connection:
            for name in ("appointments", "reminders", "messages", "events", "phones", "history", "looks"):
                table = getattr(tables, name)
                columns = [column.name for column in table.columns]
                rows = [{column: getattr(row, column) for column in columns} for row in getattr(self, name)]
                connection.execute(table.insert(), rows)

    def here(self, table):
        """Return the rows of a table in the namespace `default`."""
        return [row for row in getattr(self, table) if row.namespace == "default"]

    def owner(self, row):
        """Return the appointment that a row of another table is of; None: it is not there."""
        return self.of_row.get(row.row_id)


def identity_of(appointment):
    """Return the identity of an appointment's row."""
    return Identity(appointment.source, appointment.id, appointment.recurrence_id)


def contents(connection):
    """Return all rows of all tables, by table and primary key."""
    found = {}
    for table in tables_of(None).metadata.sorted_tables:
        name = table.name.removeprefix("reminder_kit_")
        for row in connection.execute(sa.select(table)).mappings():
            key = tuple(row[column.name] for column in table.primary_key)
            found[name, key] = {column: bytes(value) if column == "request" else value for column, value in row.items()}
    return found


@contextmanager
def populated(kind, seed, request, tmp_path_factory):
    """Yield a ledger on `sqlite` or `postgresql` with all rows of a population, and the population."""
    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('populated') / 'ledger.db'}"
        else:
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        ledger, population = Ledger(url), Population(seed)
        stack.callback(ledger.close)
        ledger.upgrade()
        population.fill(ledger)
        yield ledger, population


def is_leased(one, at):
    """Say whether a row of appointments is held at an instant (in microseconds), by a lease that can be of then."""
    return one.lease_until is not None and at < one.lease_until <= at + LONGEST_LEASE
