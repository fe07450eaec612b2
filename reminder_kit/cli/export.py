"""`export`: what will be sent, as a calendar one can open or as CSV.

Never writes to ledger or provider.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reminder_kit.cli.options import chosen, common, output_option
from reminder_kit.cli.output import write_json, write_text, writing
from reminder_kit.cli.session import Setup, configured, present
from reminder_kit.errors import ConfigurationError
from reminder_kit.ledger.databases.private_files import write_private
from reminder_kit.model.lifecycle import OPEN
from reminder_kit.model.names import Called
from reminder_kit.model.phones import masked
from reminder_kit.model.records import AppointmentRecord, ReminderRecord, ReminderStatus
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.text.composer import Composer

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["export"]


@click.command()
@click.option("--format", "kind", type=click.Choice(["ics", "csv"]), default="ics", show_default=True)
@output_option("File to write (default: stdout); a new one is for its owner alone.")
@click.option("--numbers", is_flag=True, help="Show whole phone numbers.")
@common
def export(kind: str, output: str | None, *, numbers: bool) -> int:
    """Write what is parked or held, with its send time and text, as a calendar (.ics) or as CSV.

    The text of what is held is the one of its due time, by the rules as they are now.
    """
    from reminder_kit.calendars.export import to_csv, to_ics

    setup = configured()
    now = present(setup)
    rows = sorted(_rows(setup, now, numbers=numbers), key=lambda row: (row["send_at"], row["appointment"], row["rule"]))
    if chosen().json:
        write_json(rows)
        return 0
    content = to_ics(rows, now) if kind == "ics" else to_csv(rows).encode()
    if output is None:
        write_text(content, nl=False)
    else:
        with writing(output):
            write_private(Path(output), content)
    return 0


def _rows(setup: Setup, now: datetime, *, numbers: bool) -> list[dict[str, Any]]:
    """Return a row for each parked or held reminder of an appointment that is not over."""
    ledger, composer = setup.ledger(), Composer(setup.defaults)

    def rows(reader: Reader) -> list[dict[str, Any]]:
        return [
            _row(record, outcome, _text(record, outcome, setup, composer), numbers=numbers)
            for record in reader.records(ended_after=now)
            for outcome in record.outcomes
            if outcome.status in (ReminderStatus.PARKED, ReminderStatus.HELD)
        ]

    try:
        found: list[dict[str, Any]] = ledger.read(rows)
    finally:
        ledger.close()
    return found


def _text(record: AppointmentRecord, outcome: ReminderRecord, setup: Setup, composer: Composer) -> str | None:
    """Return what is parked for a reminder, else what it would say as it is due; None: nothing that is known."""
    parked = [message for message in record.messages if message.key == outcome.key and message.state in OPEN]
    if parked:
        return parked[-1].draft.text
    send_at = outcome.send_at or outcome.due_at
    if send_at is None:
        return None
    for reminder in reminders_of(record.appointment, setup.rules, setup.defaults):
        if reminder.key == outcome.key:
            try:
                return composer.compose(reminder, send_at).text
            except ConfigurationError:
                return None  # `attention` lists it, with what is missing
    return None


def _row(record: AppointmentRecord, outcome: ReminderRecord, text: str | None, *, numbers: bool) -> dict[str, Any]:
    called = Called.of(record.appointment)
    return {
        "send_at": outcome.send_at or outcome.due_at,
        "appointment": record.identity.id,
        "recurrence_id": record.identity.recurrence_id or None,
        "title": called.title,
        "name": called.name(outcome.recipient, outcome.to) or None,
        "rule": outcome.rule,
        "to": outcome.to if numbers else masked(outcome.to),
        "state": outcome.status.value,
        "reason": outcome.reason,
        "text": text,
    }
