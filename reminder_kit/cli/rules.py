"""`rules check` and `rules schema`: what is wrong with the rules, and their texts as people would receive them.

Never opens a ledger, never speaks to the provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from reminder_kit.cli.layout import Line
from reminder_kit.cli.options import chosen, common, now_option
from reminder_kit.cli.output import tell_problems, write_json, write_lines
from reminder_kit.cli.session import configured
from reminder_kit.config import Config
from reminder_kit.errors import ConfigurationError
from reminder_kit.instants import iso, zone
from reminder_kit.model import Appointment, Recipient, masked, normalise
from reminder_kit.placement import Window, place
from reminder_kit.sms import sms_parts

if TYPE_CHECKING:
    from reminder_kit.rules import Reminder
    from reminder_kit.text import Composer

__all__ = ["rules"]

_ANY_TIME = Window(timedelta(0), timedelta(days=3660), timedelta(0), timedelta(0))
"""No provider's window: texts are shown for what is due in a year, too."""


@click.group()
@common
def rules() -> None:
    """Check the rules and read their texts."""


@rules.command()
@click.option("--sample", metavar="FILE", help="Calendar whose coming appointments are taken; else a made-up one.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Texts shown.")
@now_option
@common
def check(sample: str | None, limit: int, now: datetime | None) -> int:
    """Check every rule and print texts as people would receive them, with their SMS parts.

    Exit status 1 where a text cannot be written, 2 where a rule is wrong.
    """
    config, now = configured(warn=True), now or datetime.now(UTC)
    broken, found = False, _made_up(config, now)
    if sample is not None:
        reading = _read(sample, config, now)
        found = [occurrence.appointment for occurrence in reading]
        broken = tell_problems(reading.problems, sample)
    shown = list(islice(_texts(config, found, now), limit))
    if chosen().json:
        write_json({"rules": [rule.id for rule in config.rules], "warnings": list(config.warnings), "texts": shown})
    else:
        write_lines(line for each in shown for line in _lines(each, config))
        count = len(config.rules)
        write_lines([Line(f"{count} rule{'' if count == 1 else 's'} checked.", "bold")])
    return 1 if broken or any(each["error"] for each in shown) else 0


def _made_up(config: Config, now: datetime) -> list[Appointment]:
    place = zone(config.defaults.timezone or "UTC")
    starts_at = (now + timedelta(days=9)).astimezone(place).replace(hour=14, minute=30, second=0, microsecond=0)
    return [
        Appointment(
            "sample",
            starts_at,
            starts_at + timedelta(minutes=45),
            recipients=(Recipient("+12025550123", name="Alexandra Winter"),),
            title="Dental check-up",
            location="12 Harbour Street",
            url="https://example.com/a/10042",
        )
    ]


def _read(file: str, config: Config, now: datetime) -> Any:
    from reminder_kit.calendars import read_calendar
    from reminder_kit.imports import source_name

    settings = evolve(
        config.calendar,
        timezone=config.calendar.timezone or config.defaults.timezone,
        region=config.calendar.region or config.defaults.region,
    )
    end = now + settings.horizon
    return read_calendar(file, settings, start=now, end=end, name=source_name(file), now=now)


def _texts(config: Config, found: Iterable[Appointment], now: datetime) -> Iterator[dict[str, Any]]:
    """Yield what each reminder would say when it goes out: clear of quiet hours, or late if it is."""
    from reminder_kit.text import Composer
    from reminder_kit.together import joined

    composer = Composer(config.defaults)
    if any(rule.together for rule in config.rules):
        sent = [each for appointment in found for each in _sent(appointment, config, now)]
        yield from (_told(composer, *each) for each in joined(sent))
        return
    for appointment in found:
        for reminder, send_at in _sent(appointment, config, now):
            yield _told(composer, reminder, send_at)


def _sent(appointment: Appointment, config: Config, now: datetime) -> Iterator[tuple[Reminder, datetime]]:
    """Yield the reminders of an appointment that would go out, with their instants."""
    from reminder_kit.rules import reminders
    from reminder_kit.superseding import supersede

    wanted = reminders(normalise(appointment, config.defaults.region), config.rules, config.defaults)
    placed = [(each, place(each, now=now, window=_ANY_TIME, quiet=config.quiet_hours)) for each in wanted]
    for reminder, placement in supersede(placed):
        if placement.send_at is not None:
            yield reminder, placement.send_at


def _told(composer: Composer, reminder: Reminder, send_at: datetime, others: Sequence[Reminder] = ()) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": reminder.rule.id, "appointment": reminder.appointment.id, "error": None}
    told["to"] = reminder.recipient.phone if reminder.recipient else None
    told["send_at"] = iso(send_at)
    try:
        text = composer.compose(reminder, send_at, others).text
    except ConfigurationError as error:
        return {**told, "error": str(error)}
    cost = sms_parts(text)
    return {**told, "text": text, "encoding": str(cost.encoding), "units": cost.units, "parts": cost.parts}


def _lines(each: dict[str, Any], config: Config) -> list[Line]:
    at = datetime.fromisoformat(each["send_at"]).astimezone(zone(config.defaults.timezone or "UTC"))
    head = f"{each['rule']}  {at:%a %d %b %Y %H:%M}  to {masked(each['to'] or '')}"
    if each["error"]:
        return [Line(head, "bold"), Line(f"  error: {each['error']}", "red", 2), Line("")]
    cost = f"{each['parts']} part{'' if each['parts'] == 1 else 's'}, {each['units']} units of {each['encoding']}"
    return [Line(f"{head}  ({cost})", "bold"), Line(f"  “{each['text']}”", "", 3), Line("")]


@rules.command()
@common
def schema() -> int:
    """Print the JSON Schema of the configuration file, for editors that complete and check."""
    from reminder_kit.schema import file_schema

    write_json(file_schema())
    return 0
