"""Snapshots: of which source all came in last, and when that was read; an older list says nothing any more.

Reads one snapshot of the ledger. Never writes: that all came in is noted once a plan was carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import field, frozen

from reminder_kit.model.as_of import AsOf
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Snapshots"]

_UNNAMED = "default"


@frozen
class Snapshots:
    """The newest complete snapshots that were carried out."""

    #: When each was taken, UTC, by its source.
    newest: Mapping[str, datetime] = field(factory=dict)

    @classmethod
    def known(cls, reader: Reader, scope: Scope, now: datetime) -> Snapshots:
        """Return those that the ledger knows at `now`, UTC, where anything in a scope says when it was read."""
        says_when = any(part.as_of is not None for part in (scope, *scope.covered))
        return cls(AsOf.believed(reader.snapshots(), now)) if says_when else cls()

    def overtake(self, source: str | None, as_of: AsOf | None) -> bool:
        """Say whether what was read of a source `as_of` is older than all that came in since; None: nobody knows."""
        return as_of is not None and AsOf.is_overtaken(as_of.at, self.newest.get(source or _UNNAMED))

    def news(self, scope: Scope) -> tuple[str, datetime] | None:
        """Return the source of which all comes in, and when that was read; None: that is nothing to be noted.

        It says of each recorded appointment that it was there, without a write for each that is unchanged.
        """
        if not scope.complete or scope.as_of is None or scope.refusal:
            return None
        source, at = scope.source or _UNNAMED, scope.as_of.at
        newest = self.newest.get(source)
        return (source, at) if newest is None or AsOf.is_news(newest, at) else None
