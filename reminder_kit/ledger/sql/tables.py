"""The ledger's tables, as SQLAlchemy Core describes them, with a word on each column.

Never opens a connection. Instants are microseconds since 1970 (UTC). Migrations hold descriptions of their own, which
are never changed once released.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from attrs import frozen

__all__ = ["PREFIX", "VERSION_TABLE", "WAITING", "Tables", "tables_of"]

PREFIX = "reminder_kit_"
"""What the names of all tables begin with, so that they can live among a host's."""

VERSION_TABLE = f"{PREFIX}alembic_version"
"""The table that holds the version of the others."""

WAITING = "waiting"
"""What stands in the place of a token in replies that wait until it is known which message they answer."""

Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A number that the database gives out; SQLite does so for the type INTEGER only."""

Instant = sa.BigInteger
"""Microseconds since 1970 (UTC)."""


def _text_column(name: str, default: str | None = None) -> sa.Column[str]:
    """Return a column of text that is never NULL; `default` is what rows of an older version have."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _instant_column(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, Instant, nullable=nullable)


def _flag_column(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


@frozen
class Tables:
    """The twelve tables of one schema, and the MetaData they belong to."""

    metadata: sa.MetaData
    #: Every appointment that was recorded, with its lease.
    appointments: sa.Table
    #: What became of each reminder (appointment × rule × recipient).
    reminders: sa.Table
    #: Every message that was, or may have been, created at a provider.
    messages: sa.Table
    #: What was decided and done; lines are only appended.
    history: sa.Table
    #: Numbers that nothing is sent to.
    suppressions: sa.Table
    #: What providers' webhooks brought.
    events: sa.Table
    #: When each job last ran.
    runs: sa.Table
    #: Which numbers each appointment is for, and from which start on.
    phones: sa.Table
    #: For which causes a provider refuses messages until somebody mends them.
    blockers: sa.Table
    #: Which items that wait for a person are known since when, and which were seen.
    attention: sa.Table
    #: By which rules it is, and was, worked.
    rule_sets: sa.Table
    #: Where it was when it was last worked on.
    places: sa.Table


@lru_cache(maxsize=32)
def tables_of(schema: str | None) -> Tables:
    """Return the tables of a database schema; None means the connection's default schema."""
    metadata = sa.MetaData(schema=schema)
    return Tables(
        metadata,
        _appointments(metadata),
        _reminders(metadata),
        _messages(metadata),
        _history(metadata),
        _suppressions(metadata),
        _events(metadata),
        _runs(metadata),
        _phones(metadata),
        _blockers(metadata),
        _attention(metadata),
        _rule_sets(metadata),
        _places(metadata),
    )


def _table(metadata: sa.MetaData, name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(PREFIX + name, metadata, *parts, implicit_returning=False)


def _index(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Return an index; `where` is the condition, in SQL, of the only rows that are in it."""
    condition = None if where is None else sa.text(where)
    return sa.Index(f"ix_{PREFIX}{name}", *columns, sqlite_where=condition, postgresql_where=condition)


def _appointments(metadata: sa.MetaData) -> sa.Table:
    """Return the table of appointments: see `AppointmentRecord`, and `Claim` for the lease."""
    return _table(
        metadata,
        "appointments",
        # What claims, locks and pages go by; a row is never deleted.
        sa.Column("row_id", Serial, primary_key=True, autoincrement=True),
        # Which appointment: within the ledger of one host, by source, id and occurrence ("": it does not recur).
        _text_column("namespace"),
        _text_column("source"),
        _text_column("id"),
        _text_column("recurrence_id"),
        # The appointment as JSON ("" once it was purged), and the digest by which an unchanged one is known.
        _text_column("snapshot"),
        _text_column("fingerprint"),
        # The host's revision as text that sorts; kinds "" (none), or one in which revisions can be compared.
        _text_column("revision_kind"),
        _text_column("revision"),
        # How often it was written; `dirty` says that the latest of these writes has not been worked on.
        sa.Column("generation", sa.BigInteger, nullable=False),
        _flag_column("dirty"),
        # The host, or its calendar, no longer has it.
        _flag_column("removed"),
        # The digest of the settings its reminders were decided with ("": not yet).
        _text_column("planned_with"),
        # The host's keyword that was replied last, since the start last moved ("": none).
        _text_column("replied", ""),
        # When something is to be done although nothing changed; NULL: never.
        _instant_column("next_at"),
        _instant_column("starts_at", nullable=False),
        # Its start where the host names no end.
        _instant_column("ends_at", nullable=False),
        # When it was last written.
        _instant_column("recorded_at", nullable=False),
        # Who works on it and until when; NULL: nobody. `fence` is the number of the latest claim, and only grows.
        sa.Column("lease_owner", sa.Text),
        _instant_column("lease_until"),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("namespace", "source", "id", "recurrence_id", name=f"uq_{PREFIX}appointments"),
        _index("appointments_id", "namespace", "id"),
        _index("appointments_row", "namespace", "row_id"),
        _index("appointments_dirty", "namespace", "dirty", "row_id"),
        _index("appointments_next_at", "namespace", "next_at"),
        _index("appointments_recorded_at", "namespace", "recorded_at"),
        _index("appointments_unpurged", "namespace", "ends_at", where="snapshot != ''"),
    )


def _reminders(metadata: sa.MetaData) -> sa.Table:
    """Return the table of reminders: see `ReminderRecord`."""
    return _table(
        metadata,
        "reminders",
        sa.Column("namespace", sa.Text, primary_key=True),
        # Which reminder, whatever its time: a digest of appointment, rule and recipient.
        sa.Column("key", sa.Text, primary_key=True),
        # Its appointment's row.
        sa.Column("row_id", sa.BigInteger, nullable=False),
        _text_column("rule"),
        # The recipient's key and number, both "" once they were purged.
        _text_column("recipient"),
        _text_column("to_number"),
        # A `ReminderStatus` and a `Reason`.
        _text_column("stand"),
        _text_column("reason"),
        # When it is due, when its message goes out, when a held one can be parked; NULL: never, or not known.
        _instant_column("due_at"),
        _instant_column("send_at"),
        _instant_column("park_at"),
        # Its old message was cancelled for a new one, which is not created yet.
        _flag_column("replacing"),
        # What went wrong, in words ("": nothing).
        _text_column("error"),
        _index("reminders_row", "row_id"),
        _index("reminders_number", "namespace", "to_number"),
        _index("reminders_reason", "namespace", "reason"),
    )


def _messages(metadata: sa.MetaData) -> sa.Table:
    """Return the table of messages: see `Message` and `Draft`."""
    return _table(
        metadata,
        "messages",
        # The order of creation, also among messages of one instant.
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text_column("namespace"),
        # Our own name for it, which is the token that a provider repeats.
        _text_column("id"),
        # Its appointment's row, its reminder's key, rule and recipient.
        sa.Column("row_id", sa.BigInteger, nullable=False),
        _text_column("key"),
        _text_column("rule"),
        _text_column("recipient"),
        # A `State` of the life cycle.
        _text_column("state"),
        *_draft_columns(),
        # What it was decided for: when its reminder was due, and the start that its text speaks of.
        _instant_column("due_at", nullable=False),
        _instant_column("start_at", nullable=False),
        *_request_columns(),
        # When the intent was written, before the first request.
        _instant_column("created_at", nullable=False),
        # The provider's name for it; NULL until it is learned.
        sa.Column("provider_id", sa.Text),
        # A request may have been carried out without our learning of it.
        _flag_column("uncertain"),
        # How often the open step was tried, and until when it is left alone; NULL: it may be tried at once.
        sa.Column("attempts", sa.Integer, nullable=False),
        _instant_column("next_try_at"),
        _text_column("error"),
        # Its state was concluded from the time alone, since nobody could say what became of it.
        _flag_column("presumed"),
        # Further reminders that its text includes: JSON, a list of [key, start in microseconds]; "": none.
        _text_column("told", ""),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}messages"),
        _index("messages_row", "row_id"),
        _index("messages_state", "state", "namespace", "next_try_at"),
        _index("messages_provider_id", "provider_id"),
        _index("messages_number", "namespace", "to_number"),
    )


def _draft_columns() -> list[sa.Column[Any]]:
    """Return the columns of what a message says, to whom and when; `media_urls` is a JSON list."""
    return [
        _text_column("to_number"),
        _text_column("text"),
        _text_column("subject"),
        _text_column("media_urls"),
        _text_column("channel"),
        _instant_column("send_at", nullable=False),
    ]


def _request_columns() -> list[sa.Column[Any]]:
    """Return the columns of what was, or will be, posted: the same bytes and key whenever it is repeated.

    Never a credential.
    """
    return [
        _text_column("sender"),
        _text_column("provider"),
        _text_column("path"),
        sa.Column("request", sa.LargeBinary, nullable=False),
        _text_column("idempotency_key"),
    ]


def _history(metadata: sa.MetaData) -> sa.Table:
    """Return the table of history: see `HistoryEntry`."""
    return _table(
        metadata,
        "history",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text_column("namespace"),
        _instant_column("at", nullable=False),
        # The verb at work (sync, import, resync, webhook, …), and the change or state that came of it.
        _text_column("actor"),
        _text_column("event"),
        # The appointment; then the reminder and the message, "" where the entry is about none.
        _text_column("source"),
        _text_column("id"),
        _text_column("recurrence_id"),
        _text_column("key"),
        _text_column("rule"),
        _text_column("message_id"),
        _text_column("reason"),
        # More, as a JSON object ("{}" once it was purged).
        _text_column("detail"),
        _index("history_id", "namespace", "id"),
    )


def _suppressions(metadata: sa.MetaData) -> sa.Table:
    """Return the table of suppressions: see `Suppression`."""
    return _table(
        metadata,
        "suppressions",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("number", sa.Text, primary_key=True),
        _text_column("reason"),
        _instant_column("at", nullable=False),
        # Who barred it: host, recipient (whose word stands above the host's) or provider.
        _text_column("said_by"),
    )


def _events(metadata: sa.MetaData) -> sa.Table:
    """Return the table of delivery events and replies: see `DeliveryEvent`."""
    return _table(
        metadata,
        "events",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        _text_column("namespace"),
        # The provider's id of the event, under which a repetition is known.
        _text_column("id"),
        _text_column("type"),
        # By the provider's clock, and by the kit's.
        _instant_column("occurred_at", nullable=False),
        _instant_column("received_at", nullable=False),
        # Which message it is about: the provider's id, and our token; NULL where the event names none. A reply has no
        # token: it is WAITING while it is to be matched again, and found by the token's index.
        _text_column("provider"),
        sa.Column("provider_id", sa.Text),
        sa.Column("token", sa.Text),
        # The person's number and words, NULL once they were purged.
        sa.Column("number", sa.Text),
        sa.Column("text", sa.Text),
        _text_column("code"),
        # The event as it came, as JSON ("{}" once it was purged).
        _text_column("raw"),
        # Its message is known, and has followed it.
        _flag_column("matched"),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}events"),
        _index("events_provider_id", "provider_id"),
        _index("events_token", "token"),
        _index("events_unpurged", "namespace", "received_at", where="raw != '{}'"),
    )


def _runs(metadata: sa.MetaData) -> sa.Table:
    """Return the table of jobs: when each last ran, and what it said of that, as JSON."""
    return _table(
        metadata,
        "runs",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        _instant_column("at", nullable=False),
        _text_column("detail"),
    )


def _phones(metadata: sa.MetaData) -> sa.Table:
    """Return the table of numbers by appointment, by which appointments that share a number are found.

    An earlier start or number of an appointment stays until the appointment was worked on.
    """
    return _table(
        metadata,
        "phones",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("starts_at", Instant, primary_key=True, autoincrement=False),
        _text_column("namespace"),
        _index("phones_number", "namespace", "number", "starts_at"),
    )


def _blockers(metadata: sa.MetaData) -> sa.Table:
    """Return the table of blockers: see `Blocker`."""
    return _table(
        metadata,
        "blockers",
        sa.Column("namespace", sa.Text, primary_key=True),
        # The digest of the six columns that follow.
        sa.Column("name", sa.Text, primary_key=True),
        _text_column("provider"),
        # A digest of its credentials.
        _text_column("account"),
        _text_column("sender"),
        _text_column("country"),
        _text_column("channel"),
        _text_column("code"),
        _flag_column("known"),
        _flag_column("elsewhere"),
        # The keys of reminders that met it, as a JSON list.
        _text_column("keys"),
        _instant_column("since", nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        _instant_column("next_try_at", nullable=False),
        _text_column("error"),
        _text_column("tried"),
    )


def _attention(metadata: sa.MetaData) -> sa.Table:
    """Return the table of what waits for a person: see `Mark`."""
    return _table(
        metadata,
        "attention",
        sa.Column("namespace", sa.Text, primary_key=True),
        # What waits, and who or what of it.
        sa.Column("item", sa.Text, primary_key=True),
        sa.Column("member", sa.Text, primary_key=True),
        _instant_column("since", nullable=False),
        _flag_column("seen"),
        # What a run found, in words; "": what the item is about is recorded elsewhere.
        _text_column("detail"),
    )


def _rule_sets(metadata: sa.MetaData) -> sa.Table:
    """Return the table of rule sets: see `RuleSetRecord`."""
    return _table(
        metadata,
        "rule_sets",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        # A JSON list of [id, version]; whether calendars' alarms are reminders as well.
        _text_column("rules"),
        _flag_column("alarms"),
        _flag_column("serves"),
        _instant_column("since", nullable=False),
        _instant_column("worked_at", nullable=False),
        _instant_column("yielded_at"),
    )


def _places(metadata: sa.MetaData) -> sa.Table:
    """Return the table of places: see `Place`."""
    return _table(
        metadata,
        "places",
        sa.Column("namespace", sa.Text, primary_key=True),
        # The places at which the ledger may be found: a JSON list of [identity, address].
        _text_column("known"),
    )
