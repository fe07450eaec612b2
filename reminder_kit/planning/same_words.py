"""Same words: whether two states of an appointment are told alike, whatever in them differs.

Pure: no clock, no I/O. Never asks what is parked: texts are compared as they would be at the times they are due.
"""

from __future__ import annotations

from reminder_kit.errors import ReminderKitError
from reminder_kit.model.appointments import Appointment
from reminder_kit.planning.settings import Settings
from reminder_kit.rules.alarms import rules_for
from reminder_kit.rules.reminders import Reminder, reminders_of

__all__ = ["says_the_same"]


def says_the_same(one: Appointment, other: Appointment, settings: Settings) -> bool:
    """Say whether all that is said of two appointments is the same: by which rule, to whom, when, in which words.

    It is not where a text can't be written, or a host's condition fails.
    """
    try:
        return _told(one, settings) == _told(other, settings)
    except (ReminderKitError, ValueError):
        return False


def _told(appointment: Appointment, settings: Settings) -> list[tuple[object, ...]]:
    rules = rules_for(appointment, settings.rules, settings.alarms)
    return [_said(reminder, settings) for reminder in reminders_of(appointment, rules, settings.defaults)]


def _said(reminder: Reminder, settings: Settings) -> tuple[object, ...]:
    """Return what is said of a reminder alone, and, where its rule combines several, beside another one."""
    number = reminder.recipient.phone if reminder.recipient else ""
    what = (reminder.rule.id, number, reminder.due_at, reminder.refusal)
    if reminder.refusal is not None or reminder.recipient is None:
        return what
    at = reminder.due_at or reminder.anchor_at
    composer = settings.composer
    several = (composer.beside_itself(reminder, at),) if reminder.rule.together else ()
    return (*what, composer.compose(reminder, at), *several)
