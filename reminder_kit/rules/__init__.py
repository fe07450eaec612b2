"""Rules."""

from __future__ import annotations

from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.reminders import Defaults, Reminder
from reminder_kit.rules.rule import KEYS, Late, Rule

__all__ = ["KEYS", "Condition", "Defaults", "Late", "Reminder", "Rule"]
