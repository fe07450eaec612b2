"""The table of what was said about writing to a number.

Never opens a connection.
"""

from __future__ import annotations

import sqlalchemy as sa

from reminder_kit.ledger.sql.columns import PREFIX, Serial, index, instant_column, table, text_column

__all__ = ["consents"]


def consents(metadata: sa.MetaData) -> sa.Table:
    """Return the table of events of consent: see `ConsentEvent`. Lines are appended; erasing empties `words`."""
    return table(
        metadata,
        "consents",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        text_column("namespace"),
        # The event's name, under which a repetition is known.
        text_column("id"),
        text_column("number"),
        # A `Party`, an `Act` and by which way.
        text_column("said_by"),
        text_column("act"),
        text_column("way"),
        # When it happened, and when it was recorded.
        instant_column("occurred_at", nullable=False),
        instant_column("recorded_at", nullable=False),
        # Up to when it lifts; NULL: it lifts nothing.
        instant_column("lifts_before"),
        # In which words ("": none, or they were erased).
        text_column("words"),
        # The sender that it was said to: its number or name, and the pool it belongs to ("": none).
        text_column("sender"),
        text_column("pool"),
        sa.UniqueConstraint("namespace", "id", name=f"uq_{PREFIX}consents"),
        index("consents_number", "number", "lifts_before"),
        index("consents_lifts", "lifts_before", "number"),
        index("consents_act", "namespace", "act", "number"),
        index("consents_sender", "sender", "act", "number"),
        index("consents_pool", "pool", "act", "number"),
        index("consents_erased", "namespace", "number", where="way = 'erased'"),
    )
