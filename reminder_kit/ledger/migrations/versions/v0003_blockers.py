"""The third version: why a provider refuses messages, which items were seen, whose rules a ledger serves, and where.

Never changed once released: what follows goes into a new version.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    schema = context.config.attributes["schema"]
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
    op.drop_index("ix_reminder_kit_messages_state", "reminder_kit_messages", schema=schema)
    op.create_index(
        "ix_reminder_kit_messages_state", "reminder_kit_messages", ["state", "namespace", "next_try_at"], schema=schema
    )
    for name, table, column, condition in (
        ("appointments_unpurged", "appointments", "ends_at", "snapshot != ''"),
        ("events_unpurged", "events", "received_at", "raw != '{}'"),
    ):
        where = sa.text(condition)
        op.create_index(
            f"ix_reminder_kit_{name}",
            f"reminder_kit_{table}",
            ["namespace", column],
            schema=schema,
            sqlite_where=where,
            postgresql_where=where,
        )
