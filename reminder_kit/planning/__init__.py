"""Planning."""

from __future__ import annotations

from reminder_kit.planning.changes import Change
from reminder_kit.planning.plan import Guard, Plan
from reminder_kit.planning.report import Report

__all__ = ["Change", "Guard", "Plan", "Report"]
