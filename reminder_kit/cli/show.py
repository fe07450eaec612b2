"""Commands that only show: `appointments`, `explain`, `status`.

Never writes to ledger or provider.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from attrs import asdict, evolve

from reminder_kit.cli.options import MOMENT, begin_of, chosen, common, file_argument, now_option, source_option
from reminder_kit.cli.output import tell_problems, warn, write_json, write_lines, zone_of
from reminder_kit.cli.recorded import occurrence_option, say_not_recorded
from reminder_kit.cli.rendering import Line, aligned, count_lines, shortened
from reminder_kit.cli.session import Setup, configured, naming_file, opened, present
from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.instants import in_zone, zone
from reminder_kit.model.phones import masked
from reminder_kit.model.status import KitStatus
from reminder_kit.reconciler.calendar_import import source_name

__all__ = ["appointments", "explain", "status"]


_END = datetime.max.replace(tzinfo=UTC)
"""The last instant there is."""


@click.command()
@file_argument
@click.option(
    "--from", "start", required=True, help="Occurrences that start at or after this day or instant,", **MOMENT
)
@click.option("--to", "end", help="and before this (default: as far as an import reads, 60 days).", **MOMENT)
@click.option("--default-timezone", metavar="TZ", help="IANA zone of floating and all-day times.")
@source_option
@now_option
@common
def appointments(
    file: str,
    start: datetime | date,
    end: datetime | date | None,
    default_timezone: str | None,
    source: str | None,
    now: datetime | None,
) -> int:
    """List the appointments of FILE, with or without phones; with --json, one object a line.

    A day begins at midnight of the default zone. Needs no configuration; how calendars are
    read is taken from one, or from --app, if it is there. Exit status 1 where events could not be read.
    """
    from reminder_kit.calendars import occurrence_json, read_calendar

    setup = configured(needed=False)
    settings = _settings(setup, default_timezone)
    home = zone(settings.timezone or "UTC")
    now = now or present(setup)
    begin = begin_of(start, home)
    until = begin + min(settings.horizon, _END - begin) if end is None else begin_of(end, home)
    if until <= begin:
        raise click.UsageError("--to must be later than --from")
    with naming_file(setup):
        reading = read_calendar(
            file,
            settings,
            start=begin,
            end=until,
            name=source or source_name(file),
            now=now,
        )
    as_json, rows = chosen().json, []
    for occurrence in reading:
        if as_json:
            write_json(occurrence_json(occurrence), one_line=True)
        else:
            rows.append(_row(occurrence, home))
    write_lines(Line(text) for text in aligned(sorted(rows), indent=0))
    return 1 if tell_problems(reading.problems, file) else 0


def _settings(config: Setup, default_timezone: str | None) -> Any:
    try:
        name = zone(default_timezone).key if default_timezone else config.calendar.timezone or config.defaults.timezone
    except InvalidInputError as error:
        raise ConfigurationError(f"--default-timezone: {error}") from None
    return evolve(config.calendar, timezone=name, region=config.calendar.region or config.defaults.region)


def _row(occurrence: Any, home: ZoneInfo) -> list[str]:
    """Return an occurrence as a row, by the clock of its zone; UTC and offsets are no named ones: by the default's."""
    appointment = occurrence.appointment
    where = zone(appointment.timezone) if appointment.timezone else home
    start = occurrence.start
    is_time = isinstance(start, datetime)
    when = f"{in_zone(start, where):%Y-%m-%d %H:%M}" if is_time else f"{start.isoformat()} all day"
    people = (
        ", ".join(f"{recipient.name} {masked(recipient.phone)}".strip() for recipient in appointment.recipients) or "–"
    )
    return [
        when,
        where.key,
        appointment.status,
        appointment.title or shortened(appointment.id),
        people,
    ]


@click.command()
@click.argument("id")
@occurrence_option
@source_option
@now_option
@common
def explain(id: str, recurrence_id: str | None, source: str | None, now: datetime | None) -> int:  # noqa: A002
    """Say for every rule and recipient of appointment ID what is decided, step by step, and what happened so far."""
    with opened(now) as kit:
        why = kit.explain(id, source, recurrence_id)
        found = bool(why.reminders or why.history)
        status = 0 if found else say_not_recorded(kit, id, source, recurrence_id)
        if chosen().json:
            write_json(why.as_json())
        elif found:
            write_lines(Line(line, "" if line.startswith(" ") else "bold", 4) for line in why.lines)
        return status


@click.command()
@common
def status() -> int:
    """Show what is parked, held, due next and failed, what went out today, and when the batch job last ran."""
    with opened() as kit:
        found = kit.status()
        if chosen().json:
            runs = {name: {"at": at, **detail} for name, (at, detail) in found.runs.items()}
            write_json({**found, "runs": runs, "today": asdict(found.today)})
        else:
            write_lines(count_lines(_for_people(found), zone_of(kit)))
        if kit.ledger.check_schema() == "absent":
            warn("there is no ledger yet: the first import, sync or resync creates it")
    return 0


_NAMES = {
    "appointments": "appointments",
    "removed": "of these withdrawn",
    "dirty": "not worked on yet",
    "claimed": "being worked on now",
    "reminders": "reminders",
    "messages": "messages",
    "next_at": "next to be done",
    "oldest_unsettled_at": "left open since",
    "suppressions": "barred numbers",
    "barred_by": "of these barred by",
    "unmatched_events": "reports on unknown messages",
    "attention": "waiting for a person",
}
"""How the counts are called for people, in order."""


def _for_people(found: KitStatus) -> dict[str, Any]:
    """Return the counts under the names of `_NAMES`, with what was today, and when the batch job last ran."""
    today = found.today
    shown = {name: found[key] for key, name in _NAMES.items()}
    went = {"sent": today.sent, "of these delivered": today.delivered, "undelivered": today.undelivered}
    shown["today"] = {**went, "to come": today.to_come, **({"replies": today.replies} if today.replies else {})}
    return {**shown, "last resync": found.runs["resync"][0] if "resync" in found.runs else "never"}
