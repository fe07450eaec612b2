"""`ledger`: its tables upgraded and checked, rid of personal data, copied and put back; a moved one adopted.

Never speaks to the provider.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from reminder_kit.cli.options import chosen, common, now_option
from reminder_kit.cli.output import say, write_json, write_lines
from reminder_kit.cli.rendering import Line
from reminder_kit.cli.session import configured, present, whole_ledger
from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.instants import iso
from reminder_kit.rules.offsets import parse_length

__all__ = ["ledger"]


@click.group()
@common
def ledger() -> None:
    """Upgrade, check, purge, back up, restore or adopt the ledger."""


@ledger.command()
@common
def upgrade() -> int:
    """Create the ledger's tables, or bring them up to this version."""
    found, _ = whole_ledger()
    try:
        found.upgrade()
    finally:
        found.close()
    _write_result({"upgraded": True}, "the ledger is up to date")
    return 0


@ledger.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended safely.")
@common
def check(*, repair: bool) -> int:
    """Check what must always be so; exit status 1 where something is not."""
    from reminder_kit.ledger.integrity import check as checked

    found, _ = whole_ledger()
    try:
        faults = checked(found, repair=repair)
    finally:
        found.close()
    _write_result({"faults": faults}, "\n".join(faults) or "nothing is wrong")
    return 1 if faults else 0


@ledger.command()
@click.option(
    "--older-than", metavar="LENGTH", default="90 days", show_default=True, help="Age of an appointment's end."
)
@common
def purge(older_than: str) -> int:
    """Remove personal data of past appointments; counts, times and reasons stay.

    It is gone from the ledger's file and log then, too: the file is written anew, and the log cut to nothing. While
    another process reads, the log can't be: exit status 1, and the next purge finishes it. A host's own file is
    rid of free space by the host (VACUUM), PostgreSQL by its server.
    """
    age, setup = _parse_age(older_than), configured()
    found, now = setup.ledger(), present(setup)
    try:
        purged = found.purge(now - age, now)
    finally:
        found.close()
    words = f"{purged.count} past appointment{'' if purged.count == 1 else 's'} purged"
    _write_result({"purged": purged.count, "gone": purged.is_gone}, words)
    if purged.is_gone:
        return 0
    say("error: another process reads the ledger, so that its log may still hold them: purge again once it is done")
    return 1


@ledger.command()
@click.option("--restored", is_flag=True, help="It is an older state, put back by other means than `ledger restore`.")
@click.option("--opt-outs-known", is_flag=True, help="Whoever opted out since the backup is barred again.")
@now_option
@common
def adopt(now: datetime | None, *, restored: bool, opt_outs_known: bool) -> int:
    """Have the ledger work where it is now: it was moved or restored, and the old one works no more.

    Until then a ledger that is not where it last worked, or was restored, writes to nobody. A copy to try things on
    needs a key of its own, and `[provider] only_to`, before it is adopted.
    """
    found, present_at = whole_ledger()
    at = now or present_at
    try:
        found.adopt(restored=at if restored else None, opt_outs_known=opt_outs_known)
        known = found.read(lambda reader: reader.standing.restoration())
    finally:
        found.close()
    _write_result({"adopted": True}, f"the ledger works at {found.url} from now on")
    if known is not None and not known.lets_work:
        say("who opted out meanwhile is asked by the next `resync`, where the provider keeps a list; see `attention`")
    return 0


@ledger.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@common
def backup(file: Path) -> int:
    """Copy an SQLite ledger into FILE, whole and of one moment, while others work with it.

    A new FILE is its owner's alone; a copy that stands there is replaced once the new one is whole. PostgreSQL has
    means of its own (pg_dump).
    """
    found, _ = whole_ledger()
    try:
        found.backup(file)
    finally:
        found.close()
    _write_result({"backup": str(file)}, f"the ledger is copied into {file}")
    return 0


@ledger.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also where the present ledger knows more than the backup.")
@now_option
@common
def restore(file: Path, now: datetime | None, *, force: bool) -> int:
    """Put the backup FILE in the place of the ledger, which writes to nobody until it is adopted.

    Nobody knows what was done after the backup. Once adopted, parked messages are looked up, appointments wait until
    they come in again, and what may have been parked meanwhile is asked from the provider; what it can't tell is
    unknown, and is listed (`attention`), never sent without a person.
    """
    found, present_at = whole_ledger()
    at = now or present_at
    try:
        restored = found.restore(file, at, force=force)
    finally:
        found.close()
    _write_result(
        {"restored": str(file), "since": iso(restored.since)},
        f"the ledger is as it was at {iso(restored.since)}, and writes to nobody",
    )
    say("bar again whom you barred since (`suppress`), then `reminder-kit ledger adopt`, and hand all appointments in")
    return 0


def _parse_age(text: str) -> timedelta:
    """Return the length of time that an option names; raises `click.BadParameter`."""
    try:
        return parse_length(text, "--older-than")
    except InvalidRuleError as error:
        raise click.BadParameter(str(error)) from None


def _write_result(document: dict[str, object], words: str) -> None:
    """Write a result as JSON, or as lines for people."""
    if chosen().json:
        write_json(document)
    else:
        write_lines(Line(line) for line in words.splitlines())
