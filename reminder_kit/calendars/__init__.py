"""Calendars: from `.ics` sources to appointments, as a careful reader of RFC 5545 would have them; and exports.

Never raises for one broken event, never reads a clock or the machine's zone. May import `model` and `errors`, and
nothing else of ours; icalendar, phonenumbers and httpx are loaded where they are used. In reading order:

- `settings`: zones, phones, alarms, horizon, and the limits that keep hostile files harmless.
- `sources`, `http_source`, `spool`: a path, folder, stream, text or address as files that can be read twice.
- `caldav`, `dav_xml`: a calendar on a CalDAV server, of which only what changed is read; its answers' XML.
- `splitting`: one pass that notes where each event lies; `content_lines`: the bytes of one event as properties.
- `values`, `rrule`, `events`, `alarms`: those properties as values.
- `zone_names`, `outlook_zones`: what zones are called; `vtimezones`: what files say of them; `zones`: TZIDs as zones.
- `recurrence`: rules expanded over wall clocks; `recurrence_sets`: with the dates that are added and taken out;
  `series`: all events of one UID as the instances of a horizon; `shared_uids`: which of them are no versions of one;
  `reservations`: what is said of those that are passed over; `beyond`: what comes after the horizon.
- `recipients`, `directory`: who is reminded, and under which number; `text_numbers`: the numbers in texts,
  `text_masks`: what only looks like one, `contact_names`: whose one is; `wordings`: what the events of a source say.
- `appointments`, `occurrences`: what comes out.
- `problems`, `quoting`: what is wrong, and what is shown of it; `reader`: all of it together; `export`: what will be
  sent, as a calendar or as CSV.

To know:

- A UID's components belong together: they are put together before any instance is made, and what is wrong with one UID
  is a `Problem` that hurts no other.
- Absence means something only where `Reading.sound` says so: a file that was cut off withdraws nothing.
- Work is bounded, not only size: every date a recurrence rule looks at is paid for from a budget.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reminder_kit.calendars.occurrences import Occurrence, Problem, occurrence_json
    from reminder_kit.calendars.reader import Reading, read_calendar
    from reminder_kit.calendars.settings import CalendarSettings, CalendarSource, Limits

__all__ = [
    "CalendarSettings",
    "CalendarSource",
    "Limits",
    "Occurrence",
    "Problem",
    "Reading",
    "occurrence_json",
    "read_calendar",
]

_HOMES = {
    "occurrences": ("Occurrence", "Problem", "occurrence_json"),
    "reader": ("Reading", "read_calendar"),
    "settings": ("CalendarSettings", "CalendarSource", "Limits"),
}
"""Loaded when asked for: a kit that reads no calendar needs its settings alone."""
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reminder_kit.calendars' has no attribute {name!r}")
    value = getattr(import_module(f"reminder_kit.calendars.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
