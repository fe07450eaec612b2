"""Memory."""

from __future__ import annotations

from reminder_kit.ledger.ledger import Ledger

__all__ = ["Ledger"]
