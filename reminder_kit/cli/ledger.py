"""`ledger`: the tables brought up to this version, checked, and rid of personal data; a moved one adopted.

Never speaks to the provider.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import write_json, write_lines
from reminder_kit.cli.rendering import Line
from reminder_kit.cli.session import configured
from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offsets import parse_length

__all__ = ["ledger"]


@click.group()
@common
def ledger() -> None:
    """Upgrade, check, purge or adopt the ledger."""


@ledger.command()
@common
def upgrade() -> int:
    """Create the ledger's tables, or bring them up to this version."""
    found = configured().ledger()
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

    found = configured().ledger()
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
    """Remove personal data of past appointments; counts, times and reasons stay."""
    now = datetime.now(UTC)
    before = now - _parse_age(older_than)
    found = configured().ledger()
    try:
        found.prepare()
        with found.writing() as tx:
            count = tx.purge(before, now)
    finally:
        found.close()
    _write_result({"purged": count}, f"{count} past appointment{'' if count == 1 else 's'} purged")
    return 0


@ledger.command()
@common
def adopt() -> int:
    """Have the ledger work where it is now: it was moved or restored, and the old one works no more.

    Until then a ledger that is not where it last worked writes to nobody. A copy to try things on needs a key of its
    own, and `[provider] only_to`, before it is adopted.
    """
    found = configured().ledger()
    try:
        found.adopt()
    finally:
        found.close()
    _write_result({"adopted": True}, f"the ledger works at {found.url} from now on")
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
