"""The third version: why a provider refuses messages, which items were seen, whose rules a ledger serves, and where.

Besides, the history of consent in the place of numbers that were suppressed, and the words people are found by.
Never changed once released: what follows goes into a new version.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BATCH = 1000
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_CONSENT_INDEXES = {
    "number": ["number", "lifts_before"],
    "lifts": ["lifts_before", "number"],
    "act": ["namespace", "act", "number"],
    "sender": ["sender", "act", "number"],
    "pool": ["pool", "act", "number"],
}


def upgrade() -> None:
    """Add the tables, and carry over which numbers were suppressed."""
    schema = context.config.attributes["schema"]
    _consents(schema)
    _numbers_first(schema)
    names = ("provider", "account", "sender", "country", "channel", "code")
    texts = [sa.Column(name, sa.Text, nullable=False) for name in names]
    op.create_table(
        "reminder_kit_blockers",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        *texts,
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("elsewhere", sa.Boolean, nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("tried", sa.Text, nullable=False),
        schema=schema,
    )
    blocker = sa.Column("blocker", sa.Text, nullable=False, server_default="")
    op.add_column("reminder_kit_reminders", blocker, schema=schema)
    op.add_column("reminder_kit_appointments", sa.Column("unfollowed_at", sa.BigInteger), schema=schema)
    op.create_table(
        "reminder_kit_attention",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("item", sa.Text, primary_key=True),
        sa.Column("member", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.Boolean, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        schema=schema,
    )
    op.add_column("reminder_kit_events", sa.Column("senders", sa.Text), schema=schema)
    _add_indexes(schema)
    op.create_table(
        "reminder_kit_rule_sets",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("alarms", sa.Boolean, nullable=False),
        sa.Column("serves", sa.Boolean, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("worked_at", sa.BigInteger, nullable=False),
        sa.Column("yielded_at", sa.BigInteger),
        schema=schema,
    )
    op.create_table(
        "reminder_kit_places",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("known", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_table(
        "reminder_kit_rates",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("taken", sa.Text, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        schema=schema,
    )
    _looks(schema)


def _looks(schema: str | None) -> None:
    """Add what those go by who look: the words of names, filled from what is recorded, and who looked at whom."""
    word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    names = op.create_table(
        "reminder_kit_names",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("word", word, primary_key=True),
        sa.Column("namespace", sa.Text, nullable=False),
        schema=schema,
    )
    op.create_index("ix_reminder_kit_names_word", "reminder_kit_names", ["namespace", "word", "row_id"], schema=schema)
    op.create_table(
        "reminder_kit_looks",
        sa.Column("serial", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("who", "act", "number", "id")],
        schema=schema,
    )
    op.create_index("ix_reminder_kit_looks_number", "reminder_kit_looks", ["namespace", "number"], schema=schema)
    connection, after = op.get_bind(), 0
    while rows := _appointments(connection, schema, after):
        found = [
            {"row_id": row, "word": word, "namespace": namespace}
            for row, namespace, snapshot in rows
            for word in _words(snapshot)
        ]
        if found:
            connection.execute(sa.insert(names), found)
        after = rows[-1][0]


def _appointments(connection: sa.Connection, schema: str | None, after: int) -> list[Any]:
    columns: list[Any] = [sa.column(name) for name in ("row_id", "namespace", "snapshot")]
    table = sa.table("reminder_kit_appointments", *columns, schema=schema)
    chosen = sa.select(*columns).select_from(table).where(table.c.row_id > after, table.c.snapshot != "")
    return list(connection.execute(chosen.order_by(table.c.row_id).limit(_BATCH)))


def _words(snapshot: str) -> list[str]:
    names = " ".join(one.get("name", "") for one in json.loads(snapshot)["recipients"])
    folded = unicodedata.normalize("NFKD", names.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return list(dict.fromkeys(word[:40] for word in re.findall(r"[^\W_]+", plain)))[:12]


def _consents(schema: str | None) -> None:
    """Have what was suppressed be the first event of each number's history, and drop the table that held it."""
    names = ("namespace", "id", "number", "said_by", "act", "way")
    texts = [sa.Column(name, sa.Text, nullable=False) for name in names]
    consents = op.create_table(
        "reminder_kit_consents",
        sa.Column("serial", _SERIAL, primary_key=True, autoincrement=True),
        *texts,
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("lifts_before", sa.BigInteger),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.UniqueConstraint("namespace", "id", name="uq_reminder_kit_consents"),
        schema=schema,
    )
    for name, columns in _CONSENT_INDEXES.items():
        op.create_index(f"ix_reminder_kit_consents_{name}", "reminder_kit_consents", columns, schema=schema)
    held: list[Any] = [sa.column(name) for name in ("namespace", "number", "said_by", "at", "reason")]
    before = sa.table("reminder_kit_suppressions", *held, schema=schema)
    carried = {
        "namespace": before.c.namespace,
        "id": sa.literal("older:", sa.Text) + before.c.number,
        "number": before.c.number,
        "said_by": before.c.said_by,
        "act": sa.literal("bar", sa.Text),
        "way": sa.literal("older", sa.Text),
        "occurred_at": before.c.at,
        "recorded_at": before.c.at,
        "words": before.c.reason,
        "sender": sa.literal("", sa.Text),
        "pool": sa.literal("", sa.Text),
    }
    chosen = sa.select(*(value.label(name) for name, value in carried.items())).order_by(before.c.at, before.c.number)
    op.execute(sa.insert(consents).from_select(list(carried), chosen))
    op.drop_table("reminder_kit_suppressions", schema=schema)


def _numbers_first(schema: str | None) -> None:
    """Have reminders and messages found by number in every namespace: a STOP holds wherever its sender is used."""
    for table in ("reminders", "messages"):
        name = f"ix_reminder_kit_{table}_number"
        op.drop_index(name, f"reminder_kit_{table}", schema=schema)
        op.create_index(name, f"reminder_kit_{table}", ["to_number", "namespace"], schema=schema)


def _add_indexes(schema: str | None) -> None:
    """Add the indexes without which a run would walk over what is nothing to it, however old."""
    op.create_index(
        "ix_reminder_kit_reminders_reason", "reminder_kit_reminders", ["namespace", "reason"], schema=schema
    )
    op.create_index(
        "ix_reminder_kit_appointments_recorded_at",
        "reminder_kit_appointments",
        ["namespace", "recorded_at"],
        schema=schema,
    )
    for name, table, column in (
        ("appointments_starts_at", "appointments", "starts_at"),
        ("messages_send_at", "messages", "send_at"),
    ):
        op.create_index(f"ix_reminder_kit_{name}", f"reminder_kit_{table}", ["namespace", column], schema=schema)
    op.drop_index("ix_reminder_kit_messages_state", "reminder_kit_messages", schema=schema)
    op.create_index(
        "ix_reminder_kit_messages_state", "reminder_kit_messages", ["state", "namespace", "next_try_at"], schema=schema
    )
    for name, table, columns, condition in (
        ("appointments_unpurged", "appointments", ["ends_at"], "snapshot != ''"),
        ("appointments_unfollowed", "appointments", ["unfollowed_at"], "unfollowed_at IS NOT NULL"),
        ("appointments_coming", "appointments", ["planned_with"], "next_at IS NOT NULL"),
        ("appointments_at_rest", "appointments", ["ends_at", "planned_with"], "next_at IS NULL"),
        ("events_unpurged", "events", ["received_at"], "raw != '{}'"),
        ("events_number", "events", ["number"], "number IS NOT NULL"),
        ("consents_erased", "consents", ["number"], "way = 'erased'"),
    ):
        where = sa.text(condition)
        op.create_index(
            f"ix_reminder_kit_{name}",
            f"reminder_kit_{table}",
            ["namespace", *columns],
            schema=schema,
            sqlite_where=where,
            postgresql_where=where,
        )
