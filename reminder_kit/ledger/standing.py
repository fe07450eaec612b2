"""What the ledger remembers of itself: by which rules it is worked, and where it is.

Never writes; `Transaction` does.
"""

from __future__ import annotations

import json

from reminder_kit.ledger.databases.runner import Asker
from reminder_kit.ledger.sql.row_mapping import rule_set_from
from reminder_kit.ledger.sql.standing_statements import StandingStatements
from reminder_kit.model.places import Place
from reminder_kit.model.rule_sets import RuleSetRecord

__all__ = ["StandingReader"]


class StandingReader:
    """The questions about rule sets and places, asked on one connection, within one namespace."""

    def __init__(self, runner: Asker, namespace: str, statements: StandingStatements) -> None:
        self._runner = runner
        self._namespace = namespace
        self._statements = statements

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
