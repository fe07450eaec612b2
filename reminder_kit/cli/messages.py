"""`messages`: what people were, and will be, told: text, state, delivery, reply.

Never writes to ledger or provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from reminder_kit.cli.options import MOMENT, begin_of, chosen, common, now_option
from reminder_kit.cli.output import say, write_json, write_lines, zone_of
from reminder_kit.cli.rendering import Line, day, moment, shortened
from reminder_kit.cli.session import opened
from reminder_kit.model.instants import in_zone
from reminder_kit.model.looks import Told
from reminder_kit.model.phones import masked
from reminder_kit.rules.rule_texts import CHANNELS

__all__ = ["messages"]


@click.command()
@click.option("--to", metavar="PHONE", help="What this number was told.")
@click.option("--name", metavar="NAME", help="What people were told whose names begin so.")
@click.option("--today", is_flag=True, help="Only what goes or went out today.")
@click.option("--since", help="Only what goes or went out on this day or instant, or later.", **MOMENT)
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1), help="Messages shown.")
@click.option("--full", is_flag=True, help="Show whole phone numbers.")
@now_option
@common
def messages(
    to: str | None,
    name: str | None,
    since: datetime | date | None,
    limit: int,
    now: datetime | None,
    *,
    today: bool,
    full: bool,
) -> int:
    """Show what people were, and will be, told: each message in full, when and why, and what came back.

    Without --to, --name, --today and --since: the last day, and what is to come. Exit status 1 where nothing is found.
    """
    if today and since is not None:
        raise click.UsageError("--today and --since can't be combined")
    with opened(now) as kit:
        home = zone_of(kit)
        begin, end = (None if since is None else begin_of(since, home)), None
        if today:
            first = in_zone(kit.now(), home).date()
            begin, end = begin_of(first, home), begin_of(first + timedelta(days=1), home)
        found = kit.messages(to, name, begin, end, limit=limit)
        if chosen().json:
            write_json({"messages": [told.as_json(full=full) for told in found]})
        else:
            write_lines(_lines(reversed(found), home, full=full))
        if not found:
            say("nothing is recorded that fits")
        if len(found) == limit:
            say(f"only the latest {limit} are shown: --limit shows more")
    return 0 if found else 1


def _lines(found: Iterable[Told], home: ZoneInfo, *, full: bool) -> Iterator[Line]:
    """Yield messages by day, oldest first."""
    shown = ""
    for told in found:
        title = f"{day(told.message.send_at, home)} ({home.key})"
        if title != shown:
            yield from (Line(""),) if shown else ()
            yield Line(title, "bold")
            shown = title
        yield from _message_lines(told, home, full=full)


def _message_lines(told: Told, home: ZoneInfo, *, full: bool) -> Iterator[Line]:
    message = told.message
    number = message.draft.to if full else masked(message.draft.to)
    who = " ".join(filter(None, (told.name, number)))
    what = ", ".join(filter(None, (told.called.title, shortened(told.identity.id))))
    by = "" if message.draft.channel in CHANNELS else f"by {message.draft.channel}"
    parts = (f"{in_zone(message.send_at, home):%H:%M}", who, what, told.rule, by, _stand(told, home))
    yield Line(f"  {'  '.join(filter(None, parts))}", "dim" if told.is_off else "", 9)
    if message.draft.text:
        yield Line(f"         “{message.draft.text}”", "", 10)
    for reply in told.replies:
        yield Line(f"         replied {moment(reply.at, home)}: “{reply.text}” ({reply.kind})", "cyan", 10)


def _stand(told: Told, home: ZoneInfo) -> str:
    """Return what became of a message in words."""
    at = told.delivered_at or told.undelivered_at or told.sent_at
    when = f" {in_zone(at, home):%H:%M:%S}" if at else ""
    presumed = " (presumed)" if told.message.presumed else ""
    why = told.code or told.message.error
    return f"{told.message.state}{when}{presumed}{f': {why}' if why else ''}"
