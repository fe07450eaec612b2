"""`rules`: what is wrong with the rules, their texts as people would receive them, and the schema of the file.

Never opens a ledger, never speaks to the provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve

from reminder_kit.cli.options import chosen, common, now_option
from reminder_kit.cli.output import tell_problems, write_json, write_lines
from reminder_kit.cli.rendering import Line, shortened
from reminder_kit.cli.session import Setup, configured, present
from reminder_kit.model.instants import iso, zone
from reminder_kit.model.phones import masked
from reminder_kit.planning.preview import Preview, PreviewLine, blanks
from reminder_kit.rules.rule import Rule
from reminder_kit.text.sms import sms_parts

if TYPE_CHECKING:
    from reminder_kit.model.messages import Draft

__all__ = ["rules"]


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

    Without a sample, each rule speaks of a made-up appointment, in each of its locales, on
    time and late. Exit status 1 where a text cannot be written, 2 where a rule is wrong.
    """
    config = configured(warn=True)
    now = now or present(config)
    preview = Preview(config.rules, config.defaults, config.quiet_hours, config.calendar.alarms)
    broken = False
    if sample is None:
        notices = Preview(_notices(config), config.defaults, config.quiet_hours)
        lines = [*preview.made_up(now), *notices.made_up(now)]
    else:
        reading = _read_sample(sample, config, now)
        lines = list(preview.of((occurrence.appointment for occurrence in reading), now))
        broken = tell_problems(reading.problems, sample)
    shown = [line for line in lines if line.send_at is not None][:limit]
    if chosen().json:
        write_json(_document(config, lines, shown))
    else:
        write_lines(_preview_lines(config, lines, shown, sample))
    return 1 if broken or any(line.error for line in lines) else 0


def _notices(config: Setup) -> tuple[Rule, ...]:
    """Return what follows where something told is no longer true, as rules that say it a day before the start."""
    found = ((name, config.options.get(name)) for name in ("correction", "cancellation"))
    return tuple(Rule(name, before="1 day", text=notice.text) for name, notice in found if notice)


def _read_sample(file: str, config: Setup, now: datetime) -> Any:
    """Return the reading of a calendar's coming appointments, as far ahead as the horizon reaches."""
    from reminder_kit.calendars import read_calendar
    from reminder_kit.reconciler.calendar_import import source_name

    settings = evolve(
        config.calendar,
        timezone=config.calendar.timezone or config.defaults.timezone,
        region=config.calendar.region or config.defaults.region,
    )
    end = now + settings.horizon
    return read_calendar(file, settings, start=now, end=end, name=source_name(file), now=now)


# For programs


def _document(config: Setup, lines: Sequence[PreviewLine], shown: Sequence[PreviewLine]) -> dict[str, Any]:
    return {
        "rules": [rule.id for rule in config.rules],
        "warnings": [*config.warnings, *_midnight_warnings(lines)],
        "texts": [_text_values(line) for line in shown],
        "summary": [_rule_values(rule, lines) for rule in _rule_ids(config, lines)],
    }


def _midnight_warnings(lines: Sequence[PreviewLine]) -> list[str]:
    """Return in words which rules count hours from appointments that have no time."""
    counted = Counter(line.reminder.rule.id for line in lines if line.reminder.is_from_midnight)
    return [
        f"rule {rule!r}: {count} of its reminders are of all-day appointments, and so counted from midnight: write "
        'days_before = 1 and at = "18:00", or keep these apart (unless)'
        for rule, count in counted.items()
    ]


def _text_values(line: PreviewLine) -> dict[str, Any]:
    """Return one reminder of the preview as values of JSON."""
    reminder, draft = line.reminder, line.draft
    values: dict[str, Any] = {
        "rule": reminder.rule.id,
        "appointment": reminder.appointment.id,
        "error": line.error or None,
        "to": reminder.recipient.phone if reminder.recipient else None,
        "send_at": iso(line.send_at) if line.send_at else None,
        "zone": reminder.zone,
        "clock": reminder.clock,
        "locale": reminder.locale,
        "late": line.is_late,
        "condition": line.note or None,
    }
    if draft is None:
        return values
    values |= {"channel": draft.channel, "subject": draft.subject, "media_urls": list(draft.media_urls)}
    cost = sms_parts(draft.text)
    return {**values, "text": draft.text, "encoding": str(cost.encoding), "units": cost.units, "parts": cost.parts}


def _rule_values(rule: str, lines: Sequence[PreviewLine]) -> dict[str, Any]:
    """Return the sums of one rule as values of JSON."""
    own = [line for line in lines if line.reminder.rule.id == rule]
    drafts = [line.draft for line in own if line.draft is not None]
    sizes = [sms_parts(draft.text).parts for draft in drafts if draft.channel == "sms"]
    return {
        "rule": rule,
        "texts": len(drafts),
        "parts": sum(sizes),
        "most_parts": max(sizes, default=0),
        "mms": sum(draft.channel == "mms" for draft in drafts),
        "errors": sum(bool(line.error) for line in own),
        "not_sent": dict(Counter(_why(line) for line in own if line.reason)),
        "empty": dict(Counter(name for line in own for name in blanks(line))),
    }


def _why(line: PreviewLine) -> str:
    return f"{line.reason}: {_condition(line)}" if line.note else str(line.reason)


def _condition(line: PreviewLine) -> str:
    """Return a reminder's condition, without what it found in this one appointment."""
    return line.note.partition(":")[0]


def _rule_ids(config: Setup, lines: Sequence[PreviewLine]) -> list[str]:
    return list(dict.fromkeys([*(rule.id for rule in config.rules), *(line.reminder.rule.id for line in lines)]))


# For people


def _preview_lines(
    config: Setup, lines: Sequence[PreviewLine], shown: Sequence[PreviewLine], sample: str | None
) -> Iterator[Line]:
    home = config.defaults.timezone or "UTC"
    for line in shown:
        yield from _text_lines(line, home, with_title=sample is not None)
    left = sum(line.send_at is not None for line in lines) - len(shown)
    if left:
        yield Line(f"… and {left} more (--limit {left + len(shown)} shows all)", "dim")
        yield Line("")
    for error in dict.fromkeys(line.error for line in lines if line.error and line not in shown):
        yield Line(f"error: {error}", "red", 2)
    for warning in _midnight_warnings(lines):
        yield Line(f"warning: {warning}", "yellow", 2)
    for rule in _rule_ids(config, lines):
        found = _rule_values(rule, lines)
        if sample is not None or found["not_sent"]:
            yield Line(_sums(found), "", 2)
    count = len(config.rules)
    yield Line(f"{count} rule{'' if count == 1 else 's'} checked.", "bold")


def _text_lines(line: PreviewLine, home: str, *, with_title: bool) -> Iterator[Line]:
    reminder = line.reminder
    assert line.send_at is not None  # noqa: S101 - only texts that are sent are shown
    at = line.send_at.astimezone(zone(reminder.zone))
    where = "" if reminder.zone == home else f" in {reminder.zone}"
    name = reminder.rule.id if isinstance(reminder.rule.text, str) else f"{reminder.rule.id} ({reminder.locale})"
    head = f"{name}  {at:%a %d %b %Y %H:%M}{where}  to {masked(reminder.recipient.phone)}"  # type: ignore[union-attr]
    if with_title:
        head += f"  for {shortened(reminder.appointment.title or reminder.appointment.id, 40)}"
    notes = [f"if it meets {_condition(line)}"] if line.note else []
    notes += ["late"] if line.is_late else []
    notes += [f"by the clock of {reminder.clock}"] if reminder.clocks_differ else []
    if line.error or line.draft is None:
        yield Line(head, "bold")
        yield Line(f"  error: {line.error}", "red", 2)
    else:
        yield Line(f"{head}  ({', '.join([*_sms_size(line.draft), *notes])})", "bold")
        yield from _message(line.draft)
    yield Line("")


def _sms_size(draft: Draft) -> list[str]:
    if draft.channel == "mms":
        return ["MMS"]
    parts, units, encoding = sms_parts(draft.text).parts, sms_parts(draft.text).units, sms_parts(draft.text).encoding
    return [f"{parts} part{'' if parts == 1 else 's'}", f"{units} unit{'' if units == 1 else 's'} of {encoding}"]


def _message(draft: Draft) -> Iterator[Line]:
    if draft.subject:
        yield Line(f"  subject “{draft.subject}”", "", 3)
    yield Line(f"  “{draft.text}”", "", 3)
    for url in draft.media_urls:
        yield Line(f"  with {url}", "", 3)


def _sums(found: dict[str, Any]) -> str:
    texts, mms = found["texts"], found["mms"]
    words = [f"{texts} text{'' if texts == 1 else 's'}"]
    if texts > mms:
        words[0] += f" in {found['parts']} part{'' if found['parts'] == 1 else 's'}"
        words += [f"{found['most_parts']} at the most"] if found["most_parts"] > 1 else []
    words += [f"{mms} MMS"] if mms else []
    words += [f"{found['errors']} that cannot be written"] if found["errors"] else []
    words += [f"{count} not sent ({why})" for why, count in found["not_sent"].items()]
    words += [f"{name} is empty in {count}" for name, count in found["empty"].items()]
    return f"{found['rule']}: {', '.join(words)}"


@rules.command()
@common
def schema() -> int:
    """Print the JSON Schema of the configuration file, for editors that complete and check."""
    from reminder_kit.config.json_schema import file_schema

    write_json(file_schema())
    return 0
