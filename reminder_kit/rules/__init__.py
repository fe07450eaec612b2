"""Rules: what is due, when, and where it may lie.

Pure: no clock, no I/O; `now` is an argument. Imports `model` and `errors`. In reading order:

    offsets      how far from the anchor: elapsed time or wall clock
    conditions   which appointments and recipients a rule is for
    late_policy  `if_late`: what becomes of a reminder that comes late
    rule         `Rule`: all of these together, read and checked
    alarms       a calendar's own alarms as rules
    defaults     what holds where the host says nothing; business days
    due_times    when the rules are due for one start, worked out once for all appointments of it
    reminders    appointment × rule × recipient → reminders with their due times and keys
    quiet_hours  local times at which nobody is written to
    window       when a provider takes messages, and until when it gives them back
    placement    one reminder at `now`: sent, held or skipped, with the reason
    superseding  of reminders that would arrive together, the one that stays

What to know:

- Hours, minutes and seconds are *exact* (elapsed time); days and weeks are *nominal* (the same wall clock). Where the
  clocks change in between, "24 hours" and "1 day" before are an hour apart (RFC 5545 §3.3.6).
- `due_at` is what the rule means, whatever the provider can do. A *placement* is what becomes of it at one `now`.
- Nothing vanishes: each reminder ends as a placement with its `Reason`. Its key says who and what, never when.
"""

from __future__ import annotations

from reminder_kit.rules.conditions import Condition
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.late_policy import LatePolicy
from reminder_kit.rules.offsets import Offset
from reminder_kit.rules.placement import Placement, place
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import Reminder, reminder_key
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
    "reminder_key",
]
