"""Rules."""

from __future__ import annotations

from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.offsets import Offset
from reminder_kit.rules.placement import Placement, place
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import Reminder
from reminder_kit.rules.rule import KEYS, Rule
from reminder_kit.rules.window import Window

__all__ = [
    "KEYS",
    "Condition",
    "Defaults",
    "LatePolicy",
    "Offset",
    "Placement",
    "QuietHours",
    "Reminder",
    "Rule",
    "Window",
    "place",
]
