"""A preview: the texts of each rule, to whom and when they would go; of made-up or of real appointments.

Pure: `now` is an argument. Never asks what is parked or how far ahead the provider takes messages, so that it also
shows texts due in a year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.appointments import Appointment, normalise
from reminder_kit.model.instants import zone
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.combining import combined_for_preview
from reminder_kit.rules.alarms import rules_for
from reminder_kit.rules.bookings import refused_as_old, unchanged
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.due_times import due_time
from reminder_kit.rules.placement import Placement, place, spread_share
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import BOOKING, CHANGE, Reminder, reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.superseding import supersede
from reminder_kit.rules.window import Window
from reminder_kit.text.composer import Composer
from reminder_kit.text.printable import is_blank
from reminder_kit.text.samples import made_up, read_fields

__all__ = ["Preview", "PreviewLine", "blanks"]

_ANY_TIME = Window(timedelta(0), timedelta(days=3660), timedelta(0), timedelta(0))
"""The window of a provider that takes any message up to ten years ahead."""

_AHEAD = timedelta(days=9)
"""How many days ahead a made-up appointment starts: most rules are due before it."""

_SHOWN = ("title", "location", "url")
"""The fields of an appointment whose absence leaves a blank in a text."""

_ASKS = re.compile(r"\{%|\bif\b|\bor\b|\bdefault\b")


@frozen
class PreviewLine:
    """One reminder of a preview: its message, or why there is none."""

    #: The reminder.
    reminder: Reminder
    #: Its message; None: there is none, or its text can't be written.
    draft: Draft | None = None
    #: Why there is no message, as a code; "": there is one, or `error` says why not.
    reason: str = ""
    #: In words, the condition it depends on, or what else is to be known of it; "": nothing.
    note: str = ""
    #: Why its text can't be written; "": it can.
    error: str = ""
    #: When its message would go out, UTC; None: none would.
    send_at: datetime | None = None
    #: Whether this is the text for a message that goes out after the due time (`late_text`).
    is_late: bool = False


@frozen
class Preview:
    """Shows texts, from what decides about them."""

    #: The rules, in the host's order.
    rules: tuple[Rule, ...]
    #: What holds where an appointment, a recipient or a rule says nothing.
    defaults: Defaults
    #: When nobody is written to; None: at no time.
    quiet: QuietHours | None = None
    #: What becomes of calendars' own alarms: "ignore", "rules" or "only" (see `rules.alarms`).
    alarms: str = "ignore"

    def of(self, appointments: Iterable[Appointment], now: datetime) -> Iterator[PreviewLine]:
        """Yield a line for each reminder of these appointments, in their order, as of `now` (UTC)."""
        placed = (pair for appointment in appointments for pair in self._placed(appointment, now))
        if any(rule.together for rule in self.rules):
            yield from self._combined(list(placed))
        else:
            yield from (self._line(reminder, placement) for reminder, placement in placed)

    def _placed(self, appointment: Appointment, now: datetime) -> list[tuple[Reminder, Placement]]:
        normal = normalise(appointment, self.defaults.region)
        found = reminders_of(normal, rules_for(normal, self.rules, self.alarms), self.defaults)
        reminders = [unchanged(reminder) for reminder in found]
        return supersede(
            [
                (
                    reminder,
                    refused_as_old(reminder, now) or place(reminder, now=now, window=_ANY_TIME, quiet=self.quiet),
                )
                for reminder in reminders
            ]
        )

    def _line(self, reminder: Reminder, placement: Placement, includes: Sequence[Reminder] = ()) -> PreviewLine:
        if placement.send_at is None:
            return PreviewLine(reminder, reason=placement.reason, note=reminder.detail)
        return self._composed(reminder, placement.send_at, includes)

    def _combined(self, placed: Sequence[tuple[Reminder, Placement]]) -> Iterator[PreviewLine]:
        """Yield the lines where a rule may put several appointments into one message."""
        sent = [(reminder, placement.send_at) for reminder, placement in placed if placement.send_at is not None]
        combined = {reminder.key: others for reminder, _, others in combined_for_preview(sent)}
        for reminder, placement in placed:
            if placement.send_at is None or reminder.key in combined:
                yield self._line(reminder, placement, combined.get(reminder.key, ()))
            else:
                yield PreviewLine(reminder, reason=Reason.SUPERSEDED, note="told together with another of that day")

    def made_up(self, now: datetime) -> Iterator[PreviewLine]:
        """Yield lines of a made-up appointment for each rule, in each of its locales: on time, combined, and late.

        `now` is aware. Conditions are taken as met, and named in the note.
        """
        local = zone(self.defaults.timezone or "UTC")
        starts_at = (now + _AHEAD).astimezone(local).replace(hour=14, minute=30, second=0, microsecond=0)
        for rule in self.rules:
            for locale in _locales(rule):
                appointment = made_up(starts_at, _templates(rule), locale)
                if rule.anchor == BOOKING:
                    appointment = evolve(appointment, booked_at=now)
                yield from self._made_up(appointment, rule, now)

    def _made_up(self, appointment: Appointment, rule: Rule, now: datetime) -> Iterator[PreviewLine]:
        (wanted,) = reminders_of(normalise(appointment, self.defaults.region), [rule], self.defaults)
        if rule.anchor == CHANGE:
            wanted = evolve(
                wanted, due_at=due_time(rule, now, wanted.local_zone, self.defaults.is_open), changed_at=now
            )
        note = wanted.detail if wanted.refusal is Reason.CONDITION else ""
        reminder = evolve(wanted, refusal=None) if note else wanted
        placement = place(reminder, now=now, window=_ANY_TIME, quiet=self.quiet)
        if placement.send_at is None:
            yield PreviewLine(reminder, reason=placement.reason, note=note)
            return
        yield evolve(self._composed(reminder, placement.send_at), note=note)
        if rule.together:
            combined = self._composed(reminder, placement.send_at, [_another(reminder)])
            yield evolve(combined, note=", ".join(filter(None, (note, "several on one day"))))
        if rule.late_text and reminder.due_at is not None:
            late = place(reminder, now=_an_hour_after(reminder), window=_ANY_TIME, quiet=self.quiet, replaces=True)
            if late.send_at is not None:
                yield evolve(self._composed(reminder, late.send_at), note=note, is_late=True)

    def _composed(self, reminder: Reminder, send_at: datetime, includes: Sequence[Reminder] = ()) -> PreviewLine:
        """Return the line of a reminder whose message goes out at `send_at` (UTC) and includes others."""
        try:
            return PreviewLine(reminder, Composer(self.defaults).compose(reminder, send_at, includes), send_at=send_at)
        except ConfigurationError as error:
            return PreviewLine(reminder, error=str(error), send_at=send_at)


def _another(reminder: Reminder) -> Reminder:
    """Return a second reminder of the same day, for an appointment an hour later."""
    first, hour = reminder.appointment, timedelta(hours=1)
    second = evolve(first, id=f"{first.id}-2", starts_at=first.starts_at + hour, ends_at=first.starts_at + 2 * hour)
    return evolve(reminder, key=f"{reminder.key}-2", appointment=second)


def _an_hour_after(reminder: Reminder) -> datetime:
    """Return an instant (UTC) at which the reminder is late but still before the start; for a follow-up, just late."""
    assert reminder.due_at is not None  # noqa: S101 - asked by the caller
    due_at, start_at = reminder.due_at + spread_share(reminder), reminder.appointment.start_at
    later = due_at + timedelta(hours=1)
    half_way = due_at + (start_at - due_at) / 2
    return later if reminder.rule.is_follow_up or later < start_at else half_way


def _locales(rule: Rule) -> Sequence[str | None]:
    """Return the locales in which a rule has texts of its own; None stands for whoever has no locale."""
    named = [name for texts in (rule.text, rule.late_text, rule.together) for name in _by_locale(texts)]
    return list(dict.fromkeys(named)) or [None]


def _by_locale(texts: str | Mapping[str, str]) -> tuple[str, ...]:
    return tuple(texts) if isinstance(texts, Mapping) else ()


def _templates(rule: Rule) -> list[str]:
    """Return every template of a rule."""
    return [source for texts in (rule.text, rule.late_text, rule.together) for source in _sources(texts)]


def _sources(texts: str | Mapping[str, str]) -> tuple[str, ...]:
    return tuple(texts.values()) if isinstance(texts, Mapping) else (texts,)


def blanks(line: PreviewLine) -> tuple[str, ...]:
    """Return the fields, such as "appointment.location", that a line's text shows although the appointment has none.

    Texts that ask for a field before they show it are not counted.
    """
    if line.draft is None:
        return ()
    rule, appointment = line.reminder.rule, line.reminder.appointment
    texts = [source for source in _templates(rule) if not _ASKS.search(source)]
    shown = {path for source in texts for path in read_fields(source)}
    empty = [f"appointment.{name}" for name in _SHOWN if is_blank(getattr(appointment, name) or "")]
    if line.reminder.recipient is not None and is_blank(line.reminder.recipient.name):
        empty.append("recipient.name")
    return tuple(name for name in empty if tuple(name.split(".")) in shown)
