"""`export`: what will be sent, as a calendar one can open or as CSV.

Never writes to ledger or provider.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import write_json, write_text
from reminder_kit.cli.session import Setup, configured, present
from reminder_kit.ledger.databases.private_files import write_private
from reminder_kit.model.lifecycle import OPEN
from reminder_kit.model.phones import masked
from reminder_kit.model.records import AppointmentRecord, ReminderRecord, ReminderStatus

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["export"]


@click.command()
@click.option("--format", "kind", type=click.Choice(["ics", "csv"]), default="ics", show_default=True)
@click.option("--output", metavar="FILE", help="File to write (default: stdout); a new one is for its owner alone.")
@click.option("--numbers", is_flag=True, help="Show whole phone numbers.")
@common
def export(kind: str, output: str | None, *, numbers: bool) -> int:
    """Write what is parked or held, with its send time and text, as a calendar (.ics) or as CSV."""
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
        write_private(Path(output), content)
    return 0


def _rows(setup: Setup, now: datetime, *, numbers: bool) -> list[dict[str, Any]]:
    """Return a row for each parked or held reminder of an appointment that is not over."""
    ledger = setup.ledger()

    def rows(reader: Reader) -> list[dict[str, Any]]:
        return [
            _row(record, outcome, numbers=numbers)
            for record in reader.records(ended_after=now)
            for outcome in record.outcomes
            if outcome.status in (ReminderStatus.PARKED, ReminderStatus.HELD)
        ]

    try:
        found: list[dict[str, Any]] = ledger.read(rows)
    finally:
        ledger.close()
    return found


def _row(record: AppointmentRecord, outcome: ReminderRecord, *, numbers: bool) -> dict[str, Any]:
    parked = [message for message in record.messages if message.key == outcome.key and message.state in OPEN]
    return {
        "send_at": outcome.send_at or outcome.due_at,
        "appointment": record.identity.id,
        "recurrence_id": record.identity.recurrence_id or None,
        "title": record.appointment.title,
        "rule": outcome.rule,
        "to": outcome.to if numbers else masked(outcome.to),
        "text": parked[-1].draft.text if parked else None,
    }
