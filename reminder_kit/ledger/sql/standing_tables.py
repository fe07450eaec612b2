"""The tables in which the ledger knows of itself: by which rules it is worked, where it is, at which pace.

Never opens a connection.
"""

from __future__ import annotations

import sqlalchemy as sa

from reminder_kit.ledger.sql.columns import flag_column, instant_column, table, text_column

__all__ = ["places", "rates", "rule_sets"]


def rule_sets(metadata: sa.MetaData) -> sa.Table:
    """Return the table of rule sets: see `RuleSetRecord`."""
    return table(
        metadata,
        "rule_sets",
        sa.Column("namespace", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        # A JSON list of [id, version]; whether calendars' alarms are reminders as well.
        text_column("rules"),
        flag_column("alarms"),
        flag_column("serves"),
        instant_column("since", nullable=False),
        instant_column("worked_at", nullable=False),
        instant_column("yielded_at"),
    )


def places(metadata: sa.MetaData) -> sa.Table:
    """Return the table of places: see `Place`."""
    return table(
        metadata,
        "places",
        sa.Column("namespace", sa.Text, primary_key=True),
        # The places at which the ledger may be found: a JSON list of [identity, address].
        text_column("known"),
    )


def rates(metadata: sa.MetaData) -> sa.Table:
    """Return the table of rates: see `RateBook`. An account's is that of all namespaces."""
    return table(
        metadata,
        "rates",
        # The provider, and a digest of its credentials.
        sa.Column("name", sa.Text, primary_key=True),
        # Instants of whichever clock the processes share: the first place taken and the steps to each further one, as a
        # JSON list, the next one by an even spacing, and until when the provider is left alone.
        text_column("taken"),
        instant_column("due", nullable=False),
        instant_column("until", nullable=False),
    )
