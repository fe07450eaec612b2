"""The ledger's tables, as SQLAlchemy Core describes them, with a word on each column.

Never opens a connection. Instants are microseconds since 1970 (UTC). Migrations hold descriptions of their own, which
are never changed once released.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from reminder_kit.ledger.sql.columns import (
    PREFIX,
    Instant,
    Serial,
    flag_column,
    index,
    instant_column,
    table,
    text_column,
)
from reminder_kit.ledger.sql.consent_tables import consents
from reminder_kit.ledger.sql.look_tables import looks, names
from reminder_kit.ledger.sql.standing_tables import places, rates, rule_sets

__all__ = ["PREFIX", "VERSION_TABLE", "WAITING", "Tables", "tables_of"]

VERSION_TABLE = f"{PREFIX}alembic_version"
"""The table that holds the version of the others."""

WAITING = "waiting"
"""What stands in the place of a token in replies that wait until it is known which message they answer."""


@frozen
class Tables:
    """The fifteen tables of one schema, and the MetaData they belong to."""

    metadata: sa.MetaData
    #: Every appointment that was recorded, with its lease.
    appointments: sa.Table
    #: What became of each reminder (appointment × rule × recipient).
    reminders: sa.Table
    #: Every message that was, or may have been, created at a provider.
    messages: sa.Table
    #: What was decided and done; lines are only appended.
    history: sa.Table
    #: What was said about writing to a number; lines are only appended.
    consents: sa.Table
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
    #: By which words of their names people are found.
    names: sa.Table
    #: Who looked at whom.
    looks: sa.Table
    #: Which places in the rates of accounts are taken.
    rates: sa.Table


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
        consents(metadata),
        _events(metadata),
        _runs(metadata),
        _phones(metadata),
        _blockers(metadata),
        _attention(metadata),
        rule_sets(metadata),
        places(metadata),
        names(metadata),
        looks(metadata),
        rates(metadata),
    )


def _appointments(metadata: sa.MetaData) -> sa.Table:
    """Return the table of appointments: see `AppointmentRecord`, and `Claim` for the lease."""
    return table(
        metadata,
        "appointments",
        # What claims, locks and pages go by; a row is never deleted.
        sa.Column("row_id", Serial, primary_key=True, autoincrement=True),
        # Which appointment: within the ledger of one host, by source, id and occurrence ("": it does not recur).
        text_column("namespace"),
        text_column("source"),
        text_column("id"),
        text_column("recurrence_id"),
        # The appointment as JSON ("" once it was purged), and the digest by which an unchanged one is known.
        text_column("snapshot"),
        text_column("fingerprint"),
        # The host's revision as text that sorts; kinds "" (none), or one in which revisions can be compared.
        text_column("revision_kind"),
        text_column("revision"),
        # How often it was written; `dirty` says that the latest of these writes has not been worked on.
        sa.Column("generation", sa.BigInteger, nullable=False),
        flag_column("dirty"),
        # The host, or its calendar, no longer has it.
        flag_column("removed"),
        # The digest of the settings its reminders were decided with ("": not yet).
        text_column("planned_with"),
        # The host's keyword that was replied last, since the start last moved ("": none).
        text_column("replied", ""),
        # When something is to be done although nothing changed; NULL: never.
        instant_column("next_at"),
        instant_column("starts_at", nullable=False),
        # Its start where the host names no end.
        instant_column("ends_at", nullable=False),
        # When it was last written.
        instant_column("recorded_at", nullable=False),
        # When the host first wrote what was not looked at since; NULL: all was.
        instant_column("unfollowed_at"),
        # Who works on it and until when; NULL: nobody. `fence` is the number of the latest claim, and only grows.
        sa.Column("lease_owner", sa.Text),
        instant_column("lease_until"),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("namespace", "source", "id", "recurrence_id", name=f"uq_{PREFIX}appointments"),
        index("appointments_id", "namespace", "id"),
        index("appointments_row", "namespace", "row_id"),
        index("appointments_dirty", "namespace", "dirty", "row_id"),
        index("appointments_next_at", "namespace", "next_at"),
        index("appointments_coming", "namespace", "planned_with", where="next_at IS NOT NULL"),
        index("appointments_at_rest", "namespace", "ends_at", "planned_with", where="next_at IS NULL"),
        index("appointments_recorded_at", "namespace", "recorded_at"),
        index("appointments_starts_at", "namespace", "starts_at"),
        index("appointments_unpurged", "namespace", "ends_at", where="snapshot != ''"),
        index("appointments_unfollowed", "namespace", "unfollowed_at", where="unfollowed_at IS NOT NULL"),
    )


def _reminders(metadata: sa.MetaData) -> sa.Table:
    """Return the table of reminders: see `ReminderRecord`."""
    return table(
        metadata,
        "reminders",
        sa.Column("namespace", sa.Text, primary_key=True),
        # Which reminder, whatever its time: a digest of appointment, rule and recipient.
        sa.Column("key", sa.Text, primary_key=True),
        # Its appointment's row.
        sa.Column("row_id", sa.BigInteger, nullable=False),
        text_column("rule"),
        # The recipient's key and number, both "" once they were purged.
        text_column("recipient"),
        text_column("to_number"),
        # A `ReminderStatus` and a `Reason`.
        text_column("stand"),
        text_column("reason"),
        # When it is due, when its message goes out, when a held one can be parked; NULL: never, or not known.
        instant_column("due_at"),
        instant_column("send_at"),
        instant_column("park_at"),
        # Its old message was cancelled for a new one, which is not created yet.
        flag_column("replacing"),
        # What went wrong, in words ("": nothing).
        text_column("error"),
        # Which of the blockers it waits for ("": none).
        text_column("blocker", ""),
        index("reminders_row", "row_id"),
        index("reminders_number", "to_number", "namespace"),
        index("reminders_reason", "namespace", "reason"),
    )


def _messages(metadata: sa.MetaData) -> sa.Table:
    """Return the table of messages: see `Message` and `Draft`."""
    return table(
        metadata,
        "messages",
        # The order of creation, also among messages of one instant.
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        text_column("namespace"),
        # Our own name for it, which is the token that a provider repeats.
        text_column("id"),
        # Its appointment's row, its reminder's key, rule and recipient.
        sa.Column("row_id", sa.BigInteger, nullable=False),
        text_column("key"),
        text_column("rule"),
        text_column("recipient"),
        # A `State` of the life cycle.
        text_column("state"),
        *_draft_columns(),
        # What it was decided for: when its reminder was due, and the start that its text speaks of.
        instant_column("due_at", nullable=False),
        instant_column("start_at", nullable=False),
        *_request_columns(),
        # When the intent was written, before the first request.
        instant_column("created_at", nullable=False),
        # The provider's name for it; NULL until it is learned.
        sa.Column("provider_id", sa.Text),
        # A request may have been carried out without our learning of it.
        flag_column("uncertain"),
        # How often the open step was tried, and until when it is left alone; NULL: it may be tried at once.
        sa.Column("attempts", sa.Integer, nullable=False),
        instant_column("next_try_at"),
        text_column("error"),
        # Its state was concluded from the time alone, since nobody could say what became of it.
        flag_column("presumed"),
        # Further reminders that its text includes: JSON, a list of [key, start in microseconds]; "": none.
        text_column("told", ""),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}messages"),
        index("messages_row", "row_id"),
        index("messages_state", "state", "namespace", "next_try_at"),
        index("messages_provider_id", "provider_id"),
        index("messages_number", "to_number", "namespace"),
        index("messages_send_at", "namespace", "send_at"),
    )


def _draft_columns() -> list[sa.Column[Any]]:
    """Return the columns of what a message says, to whom and when; `media_urls` is a JSON list."""
    return [
        text_column("to_number"),
        text_column("text"),
        text_column("subject"),
        text_column("media_urls"),
        text_column("channel"),
        instant_column("send_at", nullable=False),
    ]


def _request_columns() -> list[sa.Column[Any]]:
    """Return the columns of what was, or will be, posted: the same bytes and key whenever it is repeated.

    Never a credential.
    """
    return [
        text_column("sender"),
        text_column("provider"),
        text_column("path"),
        sa.Column("request", sa.LargeBinary, nullable=False),
        text_column("idempotency_key"),
    ]


def _history(metadata: sa.MetaData) -> sa.Table:
    """Return the table of history: see `HistoryEntry`."""
    return table(
        metadata,
        "history",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        text_column("namespace"),
        instant_column("at", nullable=False),
        # The verb at work (sync, import, resync, webhook, …), and the change or state that came of it.
        text_column("actor"),
        text_column("event"),
        # The appointment; then the reminder and the message, "" where the entry is about none.
        text_column("source"),
        text_column("id"),
        text_column("recurrence_id"),
        text_column("key"),
        text_column("rule"),
        text_column("message_id"),
        text_column("reason"),
        # More, as a JSON object ("{}" once it was purged).
        text_column("detail"),
        index("history_id", "namespace", "id"),
    )


def _events(metadata: sa.MetaData) -> sa.Table:
    """Return the table of delivery events and replies: see `DeliveryEvent`."""
    return table(
        metadata,
        "events",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        text_column("namespace"),
        # The provider's id of the event, under which a repetition is known.
        text_column("id"),
        text_column("type"),
        # By the provider's clock, and by the kit's.
        instant_column("occurred_at", nullable=False),
        instant_column("received_at", nullable=False),
        # Which message it is about: the provider's id, and our token; NULL where the event names none. A reply has no
        # token: it is WAITING while it is to be matched again, and found by the token's index.
        text_column("provider"),
        sa.Column("provider_id", sa.Text),
        sa.Column("token", sa.Text),
        # To whom of ours a reply was sent, as JSON; NULL where that is not known.
        sa.Column("senders", sa.Text),
        # The person's number and words, NULL once they were purged.
        sa.Column("number", sa.Text),
        sa.Column("text", sa.Text),
        text_column("code"),
        # The event as it came, as JSON ("{}" once it was purged).
        text_column("raw"),
        # Its message is known, and has followed it.
        flag_column("matched"),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}events"),
        index("events_provider_id", "provider_id"),
        index("events_token", "token"),
        index("events_number", "namespace", "number", where="number IS NOT NULL"),
        index("events_unpurged", "namespace", "received_at", where="raw != '{}'"),
    )


def _runs(metadata: sa.MetaData) -> sa.Table:
    """Return the table of jobs: when each last ran, and what it said of that, as JSON."""
    return table(
        metadata,
        "runs",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        instant_column("at", nullable=False),
        text_column("detail"),
    )


def _phones(metadata: sa.MetaData) -> sa.Table:
    """Return the table of numbers by appointment, by which appointments that share a number are found.

    An earlier start or number of an appointment stays until the appointment was worked on.
    """
    return table(
        metadata,
        "phones",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("starts_at", Instant, primary_key=True, autoincrement=False),
        text_column("namespace"),
        index("phones_number", "namespace", "number", "starts_at"),
    )


def _blockers(metadata: sa.MetaData) -> sa.Table:
    """Return the table of blockers: see `Blocker`."""
    return table(
        metadata,
        "blockers",
        sa.Column("namespace", sa.Text, primary_key=True),
        # The digest of the six columns that follow.
        sa.Column("name", sa.Text, primary_key=True),
        text_column("provider"),
        # A digest of its credentials.
        text_column("account"),
        text_column("sender"),
        text_column("country"),
        text_column("channel"),
        text_column("code"),
        flag_column("known"),
        flag_column("elsewhere"),
        # The keys of reminders that met it, as a JSON list.
        text_column("keys"),
        instant_column("since", nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        instant_column("next_try_at", nullable=False),
        text_column("error"),
        text_column("tried"),
    )


def _attention(metadata: sa.MetaData) -> sa.Table:
    """Return the table of what waits for a person: see `Mark`."""
    return table(
        metadata,
        "attention",
        sa.Column("namespace", sa.Text, primary_key=True),
        # What waits, and who or what of it.
        sa.Column("item", sa.Text, primary_key=True),
        sa.Column("member", sa.Text, primary_key=True),
        instant_column("since", nullable=False),
        flag_column("seen"),
        # What a run found, in words; "": what the item is about is recorded elsewhere.
        text_column("detail"),
    )
