"""Configuration."""

from __future__ import annotations

from reminder_kit.config.loading import DEFAULT_LEDGER, DEFAULT_PATH, LEDGER_VARIABLE, Config, load

__all__ = ["DEFAULT_LEDGER", "DEFAULT_PATH", "LEDGER_VARIABLE", "Config", "load"]
