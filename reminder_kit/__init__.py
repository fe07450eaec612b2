"""reminder_kit: appointment reminders by SMS and MMS, at the right minute, in the right words, exactly once."""

from __future__ import annotations

__all__: list[str] = []
