"""Commands for one appointment or one person: `cancel`, `suppress`, `allow`.

Never plans anything itself: the kit does.
"""

from __future__ import annotations

from datetime import datetime

import click

from reminder_kit.cli.options import chosen, common, forced, now_option, source_option
from reminder_kit.cli.outcomes import finished
from reminder_kit.cli.output import say, write_json, write_text
from reminder_kit.cli.recorded import identities, occurrence_option, say_not_recorded
from reminder_kit.cli.session import opened
from reminder_kit.model.consent import Way
from reminder_kit.planning.report import Report
from reminder_kit.reconciler.kept_out import not_kept_out

__all__ = ["allow", "cancel", "suppress"]


@click.command()
@click.argument("id")
@occurrence_option
@click.option("--keep", is_flag=True, help="Keep it out while its calendar still has it, until it changes there.")
@click.option("--notify", is_flag=True, help="Tell whom a reminder reached, where the rules have a `cancellation`.")
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
    notify: bool,
    force: bool,
) -> int:
    """Withdraw all reminders of appointment ID (the UID of a calendar's event)."""
    with opened(now, writing=True) as kit:
        if found := identities(kit, id, source, recurrence_id):
            coming = [] if keep else kit.ledger.read(lambda reader: not_kept_out(reader, found))
            status = finished(kit, kit.withdraw(id, source, recurrence_id, keep=keep, notify=notify, force=force))
            if any(identity.source != "default" for identity in coming):
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
        return finished(kit, kit.suppress(phone, reason, way=Way.CLI))


@click.command()
@click.argument("phone")
@click.option(
    "--consent",
    default="",
    metavar="TEXT",
    help='On whose word a STOP of the person\'s own is lifted: "signed form, 12 May"; kept with it.',
)
@now_option
@common
def allow(phone: str, consent: str, now: datetime | None) -> int:
    """Lift what bars PHONE; the next resync parks what is due again.

    What the person said (a STOP) is lifted by the person's START, or with --consent.
    """
    with opened(now) as kit:
        lifted = kit.allow(phone, consent=consent, way=Way.CLI)
    if chosen().json:
        more = {"barred_by": [bar.as_json() for bar in lifted.bars], "note": lifted.note or None} if lifted else {}
        write_json({"lifted": bool(lifted), **more})
        return 0
    for bar in lifted.bars:
        write_text(f"lifted: {bar.said}")
    write_text("the next resync parks what is due" if lifted else "this number was not barred")
    if lifted.note:
        say(f"note: {lifted.note}")
    return 0
