"""Commands for one appointment or one person: `cancel`, `suppress`, `allow`.

Never plans anything itself: the kit does.
"""

from __future__ import annotations

from datetime import datetime

import click

from reminder_kit.cli.options import chosen, common, forced, now_option, source_option
from reminder_kit.cli.output import say, write_json, write_text
from reminder_kit.cli.recorded import identities, occurrence_option, say_not_recorded
from reminder_kit.cli.runs import finished
from reminder_kit.cli.session import opened
from reminder_kit.planning.report import Report

__all__ = ["allow", "cancel", "suppress"]


@click.command()
@click.argument("id")
@occurrence_option
@click.option("--keep", is_flag=True, help="Keep it out while its calendar still has it, until it changes there.")
@source_option
@forced
@now_option
@common
def cancel(
    id: str,  # noqa: A002 - the contract's name
    recurrence_id: str | None,
    source: str | None,
    now: datetime | None,
    *,
    keep: bool,
    force: bool,
) -> int:
    """Withdraw all reminders of appointment ID (the UID of a calendar's event)."""
    with opened(now, writing=True) as kit:
        if found := identities(kit, id, source, recurrence_id):
            status = finished(kit, kit.withdraw(id, source, recurrence_id, keep=keep, force=force))
            if not keep and any(identity.source != "default" for identity in found):
                say(
                    "if its calendar still has it, the next import brings it back: --keep keeps it out until it changes"
                )
            return status
        status = say_not_recorded(kit, id, source, recurrence_id)
        if chosen().json:
            write_json(Report(now=kit.now(), changes=()).as_json())
        return status


@click.command()
@click.argument("phone")
@click.option("--reason", default="", help="Why; kept with the suppression.")
@now_option
@common
def suppress(phone: str, reason: str, now: datetime | None) -> int:
    """Send nothing to PHONE any more, and withdraw what is parked for it."""
    with opened(now, writing=True) as kit:
        return finished(kit, kit.suppress(phone, reason))


@click.command()
@click.argument("phone")
@common
def allow(phone: str) -> int:
    """Lift the suppression of PHONE; the next resync parks what is due again."""
    with opened() as kit:
        lifted = kit.allow(phone)
    if chosen().json:
        write_json({"lifted": lifted})
    else:
        write_text("lifted: the next resync parks what is due" if lifted else "this number was not suppressed")
    return 0
