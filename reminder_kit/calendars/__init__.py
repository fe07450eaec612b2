"""Calendar files: from `.ics` sources to occurrences, exactly as a careful reader of RFC 5545 would have them.

Never raises for one broken event and never reads a clock.
"""

from __future__ import annotations

from reminder_kit.calendars.occurrences import Occurrence, Problem, occurrence_json
from reminder_kit.calendars.reader import Reading, read_calendar
from reminder_kit.calendars.settings import CalendarSettings, Limits

__all__ = [
    "CalendarSettings",
    "Limits",
    "Occurrence",
    "Problem",
    "Reading",
    "occurrence_json",
    "read_calendar",
]
