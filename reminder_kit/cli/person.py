"""`person`: what is kept of one person, handed over or erased.

Never decides what is kept: the kit does. What it hands over is meant for the person, whole numbers and texts included.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from reminder_kit.cli.options import chosen, common, now_option, output_option
from reminder_kit.cli.output import require_somebody, say, write_json, write_text, writing
from reminder_kit.cli.session import opened
from reminder_kit.ledger.databases.private_files import write_private

__all__ = ["person"]


@click.command()
@click.argument("phone")
@click.option("--export", "exports", is_flag=True, help="Write all that is kept of PHONE as JSON.")
@click.option(
    "--erase", "erases", is_flag=True, help="Take back what is parked for PHONE, bar it, and erase what is kept."
)
@output_option("With --export: the file to write, for its owner alone.")
@click.option("--yes", is_flag=True, help="With --erase: don't ask.")
@now_option
@common
def person(phone: str, output: str | None, now: datetime | None, *, exports: bool, erases: bool, yes: bool) -> int:
    """Hand over or erase what is kept of the person with number PHONE."""
    if not exports and not erases:
        raise click.UsageError("say what to do: --export or --erase")
    if exports and erases:
        raise click.UsageError("--export and --erase are two commands: export first, look at it, then erase")
    if output is not None and not exports:
        raise click.UsageError("--output goes with --export")
    return _export(phone, output, now) if exports else _erase(phone, now, yes=yes)


def _export(phone: str, output: str | None, now: datetime | None) -> int:
    with opened(now) as kit:
        kept = kit.person(phone)
    if output is None:
        write_json(kept)
        return 0
    with writing(output):
        write_private(Path(output), json.dumps(kept, indent=2, ensure_ascii=True).encode() + b"\n")
    counts = ", ".join(f"{len(kept[name])} {name}" for name in ("appointments", "messages", "events", "consent"))
    say(f"written to {output}: {counts}")
    return 0


def _erase(phone: str, now: datetime | None, *, yes: bool) -> int:
    if not yes and not chosen().json:
        require_somebody("--yes")
        click.confirm("Erase all that is kept of this number? It can't be brought back", abort=True)
    with opened(now, writing=True) as kit:
        erased = kit.erase(phone)
    count = erased.appointments
    if chosen().json:
        more = {"coming": list(erased.coming), "parked": list(erased.parked)}
        write_json({"erased": count is not None, "appointments": count, **more})
    elif count is None:
        say(
            f"error: nothing was erased: a message may still be parked ({', '.join(erased.parked)}); "
            "the number is barred: erase once it went out, or was taken back"
        )
    if count is None or chosen().json:
        return 0 if count is not None else 1
    write_text(f"erased from {count} appointment{'' if count == 1 else 's'}; the number is barred: `allow` lifts that")
    if erased.coming:
        say(
            f"still to come, and perhaps still in your calendar or app: {', '.join(erased.coming)}; "
            "remove the person there, too"
        )
    return 0
