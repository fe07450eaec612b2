"""From a calendar to what a plan needs: its appointments, and what it may speak for.

Never writes; the calendar reader knows nothing of ledgers, and the plan nothing of files.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE
from reminder_kit.rules.reminders import due_time

__all__ = ["Imported", "read_for_import", "source_name"]


@frozen
class Imported:
    """What was read: the occurrences as appointments, the scope to plan them in, and what could not be read."""

    appointments: tuple[Appointment, ...]
    scope: Scope
    problems: tuple[Any, ...]


def source_name(file: Any) -> str:
    """Return the source a calendar belongs to unless told otherwise: the stem of its file or address."""
    if isinstance(file, str | Path) and str(file) != "-":
        text = str(file)
        if "://" in text:
            text = text.split("?", 1)[0].split("#", 1)[0].rstrip("/")
        return Path(text).stem or "calendar"
    return "calendar"


def read_for_import(
    file: Any,
    calendar: Any,
    settings: Settings,
    *,
    source: str | None,
    complete: bool,
    now: datetime,
    ledger: Ledger,
) -> Imported:
    """Read a calendar from `now` to its horizon; earlier by as much as a follow-up may still be due.

    Raises `CalendarError` where it is no calendar at all.
    """
    from reminder_kit.calendars import CalendarSettings, read_calendar

    options = calendar or CalendarSettings()
    if options.timezone is None:
        options = evolve(options, timezone=settings.defaults.timezone)
    if options.region is None:
        options = evolve(options, region=settings.defaults.region)
    name = source or source_name(file)
    known = {identity.id for identity in ledger.read(lambda reader: reader.of_source(name))}
    start, end = now - _reach(settings, now), now + options.horizon
    reading = read_calendar(file, options, start=start, end=end, name=name, known=known.__contains__, now=now)
    appointments = tuple(occurrence.appointment for occurrence in reading)
    refusal = None
    if complete and not reading.sound:
        refusal = f"calendar {name!r} can't be trusted to be complete: {reading.unsound_because}"
    elif complete and not appointments and ledger.read(lambda reader: reader.parked(source=name)):
        refusal = f"calendar {name!r} has no coming events while reminders are parked for it"
    scope = Scope(
        "import",
        source=name,
        complete=complete and refusal is None,
        covers=frozenset(reading.covers) if reading.sound else frozenset(),
        spare=frozenset(reading.unreadable),
        horizon=end,
        refusal=refusal,
    )
    return Imported(appointments, scope, tuple(reading.problems))


def _reach(settings: Settings, now: datetime) -> timedelta:
    """Return how long after an appointment a rule may still have something to say."""
    follow_ups = [rule for rule in settings.rules if rule.is_follow_up]
    dues = [due_time(rule, now, "UTC", settings.defaults.is_open) for rule in follow_ups]
    return max((due - now + FOLLOW_UP_PATIENCE for due in dues if due is not None), default=timedelta(0))
