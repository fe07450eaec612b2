"""Alarms as rules: a calendar's own alarms (VALARM), when they are switched on, become rules for one instant each.

Pure: no clock, no I/O. Never looks into a calendar; the reader hands on each event's valid
alarm instants in `appointment.data["alarms"]`.
"""

from __future__ import annotations

from collections.abc import Sequence

from reminder_kit.model.appointments import Appointment
from reminder_kit.rules.rule import Rule

__all__ = ["ALARM", "rules_for"]

ALARM = "alarm"
"""The id of the rule that alarms are modelled on, in all but when they are due; without one, the first rule."""


def rules_for(appointment: Appointment, rules: Sequence[Rule], mode: str) -> Sequence[Rule]:
    """Return the rules of an appointment: "ignore" alarms, add them to the "rules", or remind "only" by them.

    The n-th alarm is the rule `alarm-n`, so that it stays the same reminder when the event
    moves. Appointments that come from no calendar keep the rules.
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
