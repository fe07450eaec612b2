"""What waits for a person: `attention` and `retry`.

Never plans anything itself: the kit does.
"""

from __future__ import annotations

from datetime import datetime

import click

from reminder_kit.cli.called import called_in
from reminder_kit.cli.options import chosen, common, now_option, source_option
from reminder_kit.cli.outcomes import finished
from reminder_kit.cli.output import warn, write_json, write_lines, zone_of
from reminder_kit.cli.recorded import identities, say_not_recorded
from reminder_kit.cli.rendering import LISTED, Line, item_lines
from reminder_kit.cli.session import opened
from reminder_kit.model.instants import iso
from reminder_kit.model.reasons import WAITS

__all__ = ["attention", "retry"]


@click.command()
@click.option("--seen", metavar="ITEM", help="Mark an item as seen: it counts again once somebody new is concerned.")
@now_option
@common
def attention(seen: str | None, now: datetime | None) -> int:
    """List what waits for a person: who, why, what to do, since when, and when it is tried again by itself.

    Exit status 4 while something is open that nobody has marked as seen, else 0.
    """
    with opened(now) as kit:
        items = kit.attention(seen)
        if chosen().json:
            write_json({"now": iso(kit.now()), "items": [item.as_json() for item in items]})
        else:
            members = (member.identity for item in items for member in item.affected[:LISTED])
            called = called_in(kit, filter(None, members))
            write_lines(line for item in items for line in item_lines(item, zone_of(kit), called))
            if not items:
                write_lines([Line("nothing waits for a person")])
    return 4 if any(not item.seen for item in items) else 0


@click.command()
@click.argument("id", required=False)
@click.option("--reason", type=click.Choice([reason.value for reason in WAITS]), help="Only what waits for this.")
@source_option
@now_option
@common
def retry(id: str | None, reason: str | None, source: str | None, now: datetime | None) -> int:  # noqa: A002
    """Try now what waits; without an ID nothing is made anew that may exist.

    With an ID (the UID of a calendar's event) also what was refused for good, or is in doubt, is made
    anew: where a second text may come of that, a warning says so.
    """
    if id is not None and reason is not None:
        raise click.UsageError("ID and --reason can't be combined: an appointment is tried whatever it waits for")
    with opened(now, writing=True) as kit:
        if id is None:
            return finished(kit, kit.retry(reason=reason))
        if identities(kit, id, source):
            unknown = [member for item in kit.attention() if item.kind == "unknown" for member in item.affected]
            if any(member.identity is not None and member.identity.id == id for member in unknown):
                warn("a message of it was never confirmed: a second text may come of this")
            return finished(kit, kit.retry(id, source=source))
        return say_not_recorded(kit, id, source)
