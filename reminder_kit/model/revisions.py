"""Revisions: which of two states of an appointment is the older one, as text that the ledger stores and compares.

Pure: no clock, no I/O. Never compares what can't be: then the last write wins.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from reminder_kit.model.appointments import Revision
from reminder_kit.model.instants import utc

__all__ = ["ALONE", "OF_CALENDARS", "OF_SERIES", "PART", "SeriesRevision", "is_older", "revision_order"]

OF_SERIES, ALONE = "m", "o"
"""The kinds of occurrences that came with the master of their series, and of those that came without it."""
OF_CALENDARS = ("ii", OF_SERIES, ALONE)
"""The kinds of all that calendars hand in; what has no series has a pair, as a host's own pair of numbers would be."""
PART = 42
"""Characters that one pair (SEQUENCE, stamp) takes; of an occurrence with its master that of the master comes first."""


class SeriesRevision(NamedTuple):
    """The revision of one occurrence of a calendar's series.

    Pairs of SEQUENCE and LAST-MODIFIED (else DTSTAMP). An occurrence that comes with its master is as old as that: the
    file that has it speaks for all of the series. One that comes alone is compared with what was last said of itself.
    """

    #: Of the master; None: the occurrence came alone.
    master: tuple[int, int] | None
    #: Of what describes the occurrence: the same, or its override.
    own: tuple[int, int]


def is_older(order: tuple[str, str], than: tuple[str, str]) -> bool | None:
    """Say whether a revision (`revision_order`) is older than another one; None: they are equal, or of kinds apart."""
    pair = _comparable(order, than)
    return None if pair is None or pair[0] == pair[1] else pair[0] < pair[1]


def _comparable(order: tuple[str, str], than: tuple[str, str]) -> tuple[str, str] | None:
    (kind, text), (other_kind, other) = order, than
    if kind == other_kind == OF_SERIES:
        return text[:PART], other[:PART]
    if kind == ALONE and other_kind == OF_SERIES:
        return text, other[PART:]
    return (text, other) if kind and kind == other_kind else None


def revision_order(revision: Revision | None) -> tuple[str, str]:
    """Return a revision as its kind and a text of digits; within one kind, the texts sort as the revisions do.

    The kind is one letter for each part: "i" for a whole number, "t" for an instant, "n" for what is neither. It is ""
    where there is no revision, or none that can be compared. Nor can revisions of different kinds be compared: then the
    last write wins. What `is_older` says of a `SeriesRevision` is told by the kinds "m" and "o".
    """
    if isinstance(revision, SeriesRevision):
        own = _digits_of(revision.own)
        return ("o", own) if revision.master is None else ("m", _digits_of(revision.master) + own)
    if revision is None:
        return "", ""
    if isinstance(revision, tuple):
        pairs = [revision_order(part) for part in revision]
        return "".join(kind or "n" for kind, _ in pairs), "".join(order for _, order in pairs)
    if isinstance(revision, datetime) and revision.utcoffset() is not None:
        since = utc(revision, "revision") - datetime(1970, 1, 1, tzinfo=UTC)
        return "t", _sortable_digits(since // timedelta(microseconds=1))
    if isinstance(revision, int):
        return "i", _sortable_digits(int(revision))
    return "", ""


def _sortable_digits(number: int) -> str:
    bound = 10**20
    return f"{min(max(number + bound, 0), 2 * bound):021d}"


def _digits_of(pair: tuple[int, int]) -> str:
    return "".join(map(_sortable_digits, pair))
