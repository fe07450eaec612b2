"""Alarms as rules: a calendar's own alarms (VALARM), where they are switched on, become rules for one instant each.

Pure: no clock, no I/O. Never looks into a calendar: its reader puts the valid alarms of each event into
`appointment.data["alarms"]`, as instants (UTC, ISO 8601).
"""

from __future__ import annotations

from collections.abc import Sequence

from reminder_kit.model.appointments import Appointment
from reminder_kit.rules.rule import Rule

__all__ = ["ALARM", "rules_for"]

ALARM = "alarm"
"""The id of the rule that alarms are modelled on, in all but when they are due. Without one, the first rule is."""


def rules_for(appointment: Appointment, rules: Sequence[Rule], mode: str) -> Sequence[Rule]:
    """Return the rules of an appointment. `mode`: "ignore" alarms, add them to the "rules", or remind "only" by them.

    The n-th alarm is the rule `alarm-n`, so that its reminder stays the same one when the event moves. An appointment
    without alarms from a calendar keeps the rules, but for the one that alarms are modelled on.
    """
    if mode == "ignore" or not rules:
        return rules
    usual = [rule for rule in rules if rule.id != ALARM]
    alarms = appointment.data.get("alarms")
    if not isinstance(alarms, list):
        return usual
    model = next((rule for rule in rules if rule.id == ALARM), rules[0])
    derived = [model.derived(f"{ALARM}-{number}", on=str(instant)) for number, instant in enumerate(alarms, 1)]
    return derived if mode == "only" else [*usual, *derived]
