"""Places: where a ledger is, so that one that was copied, moved or restored is known for it.

Pure: values only. Never says whether anything may be written: that is the reconciler's.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

__all__ = ["Place", "adopted"]


@frozen
class Place:
    """Where one ledger is."""

    #: Which file (its number) or which database (cluster and number) it is.
    identity: str
    #: The path of the file, links resolved; "": it is found by its identity alone.
    path: str
    #: How people are told of it.
    name: str


def adopted(place: Place, known: Sequence[Place]) -> list[Place]:
    """Return the places at which a ledger may be found once `place` is adopted.

    The same file under other paths stays known: several containers may see one file each under a path of its own.
    """
    return [place, *(other for other in known if other.identity == place.identity and other.path != place.path)]
