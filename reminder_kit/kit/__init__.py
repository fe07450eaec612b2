"""Faces."""

from __future__ import annotations

from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit

__all__ = ["AsyncReminderKit", "ReminderKit"]
