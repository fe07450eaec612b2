"""The tables for those who look: the words by which people are found, and who looked at whom.

Never opens a connection.
"""

from __future__ import annotations

import sqlalchemy as sa

from reminder_kit.ledger.sql.columns import Serial, index, instant_column, table, text_column

__all__ = ["looks", "names"]

Word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""A word whose beginnings an index finds, whatever the collation of the database."""


def names(metadata: sa.MetaData) -> sa.Table:
    """Return the table of words, each by the appointment whose people have it in their names (`names.words_of`).

    Erased and purged with the person.
    """
    return table(
        metadata,
        "names",
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("word", Word, primary_key=True),
        text_column("namespace"),
        index("names_word", "namespace", "word", "row_id"),
    )


def looks(metadata: sa.MetaData) -> sa.Table:
    """Return the table of looks: who looked at a person, or did something for one, by hand; lines are only appended."""
    return table(
        metadata,
        "looks",
        sa.Column("serial", Serial, primary_key=True, autoincrement=True),
        text_column("namespace"),
        instant_column("at", nullable=False),
        # Whom the host, or the server, knows it was.
        text_column("who"),
        # "looked", or what was done.
        text_column("act"),
        # The person's number ("" once it was erased), and the appointment's id, where it was about one.
        text_column("number"),
        text_column("id"),
        index("looks_number", "namespace", "number"),
    )
