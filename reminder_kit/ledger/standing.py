"""What the ledger remembers of itself: by which rules it is worked, where it is, and whether it was put back.

Never writes; `Transaction` does.
"""

from __future__ import annotations

import json
from datetime import datetime

from reminder_kit.ledger.databases.runner import Asker
from reminder_kit.ledger.sql.restoration_statements import EVERYWHERE
from reminder_kit.ledger.sql.row_mapping import instant, instant_or_none, rule_set_from
from reminder_kit.ledger.sql.statements import Statements
from reminder_kit.model.places import Place
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.rule_sets import RuleSetRecord

__all__ = ["StandingReader"]


class StandingReader:
    """The questions about rule sets, places and restorations, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: Statements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements.standing
        self._restorations = statements.restoration

    def rule_sets(self) -> list[RuleSetRecord]:
        """Return every rule set that the ledger was ever worked by, the oldest first."""
        found = self._runner.rows(self._statements.rule_sets, namespace=self._namespace)
        return [rule_set_from(row) for row in found]

    def places(self) -> list[Place]:
        """Return the places at which the ledger may be found; empty: it was never worked on."""
        found = self._runner.rows(self._statements.known_places, namespace=self._namespace)
        return [Place(*place) for place in json.loads(found[0][0])] if found else []

    def is_anything_parked(self) -> bool:
        """Say whether any message is, or may be, parked."""
        return bool(self._runner.rows(self._statements.anything_parked, namespace=self._namespace))

    def restoration(self) -> Restoration | None:
        """Return that the ledger was put back to an older state; None: it never was."""
        found = self._runner.rows(self._restorations.kept, namespace=self._namespace)
        kept = {namespace: (instant(at), json.loads(detail)) for namespace, at, detail in found}
        if EVERYWHERE not in kept:
            return None
        at, of_ledger = kept[EVERYWHERE]
        own_at, own = kept.get(self._namespace, (at, {}))
        return Restoration.kept(at, of_ledger, own if own_at == at else {})

    def last_known_at(self) -> datetime | None:
        """Return the latest instant, UTC, of which the ledger knows anything, in any namespace; None: it is empty."""
        found = self._runner.rows(self._restorations.last_known_at)
        return instant_or_none(found[0][0]) if found else None

    def last_line(self) -> int:
        """Return the number of the last line of history, of any namespace; 0: there is none."""
        found = self._runner.rows(self._restorations.last_line)
        return int(found[0][0] or 0) if found else 0
