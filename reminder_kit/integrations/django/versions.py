"""The ledger's versions as operations of Django's migrations: its own migrations, on Django's connection.

Never does anything on another database than the one that REMINDER_KIT names, nor where the tables are there already.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

from reminder_kit.integrations.django.configuration import configuration
from reminder_kit.integrations.django.databases import lent
from reminder_kit.ledger import versions

__all__ = ["LedgerVersion"]


class LedgerVersion(migrations.RunPython):
    """Brings the ledger's tables to a version; undoing it leaves them as they are, with all that is in them."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(self._bring, migrations.RunPython.noop)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how it is written in a migration."""
        return (type(self).__qualname__, [self.version], {})

    def describe(self) -> str:
        """Return what it does, in words."""
        return f"Bring the ledger's tables to version {self.version}"

    def _bring(self, _apps: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if connection.alias != configuration().database:
            return
        with lent(connection) as borrowed:
            versions.upgrade(borrowed, None, f"in database {connection.alias!r}", self.version)
