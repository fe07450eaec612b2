"""Options that several commands take, and where a running command finds them.

Never opens or reads a file: the session does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from attrs import define

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso, spelled, utc

__all__ = [
    "APP_VARIABLE",
    "EVERY",
    "INSTANT",
    "MOMENT",
    "Chosen",
    "begin_of",
    "chosen",
    "common",
    "file_argument",
    "forced",
    "now_option",
    "output_option",
    "source_option",
]

_EXAMPLE = "2026-02-15T14:30:00Z"

F = TypeVar("F", bound=Callable[..., Any])

APP_VARIABLE = "REMINDER_KIT_APP"
"""The environment variable that names the app's own kit where neither --config nor --app is given."""


@define
class Chosen:
    """The common options, given before or after the subcommand."""

    #: The file that --config names; None: none was named.
    config: str | None = None
    #: The app's own kit that --app names, as module and attribute; None: none was named.
    app: str | None = None
    #: Which of several tenants is meant; None: there is one alone, or none was named.
    tenant: str | None = None
    #: Whether stdout is JSON.
    json: bool = False


def chosen() -> Chosen:
    """Return the common options of the command line that is being carried out."""
    found = click.get_current_context().find_root().ensure_object(Chosen)
    assert isinstance(found, Chosen)  # noqa: S101 - it is made here
    return found


def _store_common(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Store a common option with the root, wherever on the command line it was given.

    Raises `click.UsageError` for one that names nothing (a variable of the shell that is not set), and for both a file
    and a kit.
    """
    if value is None or value is False or ctx.resilient_parsing:
        return
    if not value:
        raise click.BadParameter("it names nothing: leave it out, or say what is meant")
    stored = ctx.find_root().ensure_object(Chosen)
    setattr(stored, str(parameter.name), value)
    if stored.config is not None and stored.app is not None:
        raise click.UsageError("--config and --app can't be combined: an app's own kit is configured in its code")


def common(command: F) -> F:
    """Add --config, --app, --tenant, --json and --debug, which are taken before and after the subcommand."""
    options = [
        click.option("--config", metavar="FILE", help="Configuration (default: reminders.toml).", **_STORED),
        click.option("--app", metavar="MODULE:KIT", help=f"The app's own kit instead (or {APP_VARIABLE}).", **_STORED),
        click.option("--tenant", metavar="NAME", help="Which of several tenants is meant.", **_STORED),
        click.option("--json", is_flag=True, help="Write JSON to stdout.", **_STORED),
        click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_STORED: dict[str, Any] = {"expose_value": False, "callback": _store_common}


def _named(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return an argument, or an option that may be left out (None).

    Raises `click.BadParameter` for one that names nothing (a variable of the shell that is not set).
    """
    if value is not None and not value:
        raise click.BadParameter("it names nothing: say what is meant")
    return value


def output_option(words: str, **more: Any) -> Callable[[F], F]:
    """Return the option that names a file to write; `words` are its help."""
    return click.option("--output", "-o", metavar="FILE", help=words, callback=_named, **more)


def _parse_instant(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """Return an option's instant, UTC; None means that it was not given. Raises `click.BadParameter`."""
    if value is None:
        return None
    try:
        return from_iso(value)
    except InvalidInputError:
        raise click.BadParameter(
            f"{value!r} is no instant with a zone: write 2026-02-15T14:30:00Z or 2026-02-15T09:30:00-05:00"
        ) from None


def _parse_moment(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | date | None:
    """Return an option's instant, UTC, or its day; None means that it was not given. Raises `click.BadParameter`."""
    found = None if value is None else spelled(value)
    if value is None or (isinstance(found, date) and not isinstance(found, datetime)):
        return found
    if found is None or found.tzinfo is None:
        raise click.BadParameter(f"{value!r} is no day and no instant with a zone: write 2026-03-02 or {_EXAMPLE}")
    return utc(found)


def begin_of(moment: datetime | date, zone: ZoneInfo) -> datetime:
    """Return an instant as it is, UTC, and of a day the instant at which it begins in a zone."""
    if isinstance(moment, datetime):
        return moment
    return utc(datetime.combine(moment, time(), zone))


def _parse_pause(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    """Return an option's length of time; None means that it was not given. Raises `click.BadParameter`."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,6})\s*(s|sec|seconds?|m|min|minutes?|h|hours?)?", value.strip())
    if not found or not int(found[1]):
        raise click.BadParameter(f"{value!r} is no length of time: write 60s, 5m or 1h")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600}[(found[2] or "s")[0]])


INSTANT: dict[str, Any] = {"metavar": "ISO", "callback": _parse_instant}
"""Settings of an option that takes an instant with a zone, and gives it in UTC."""

MOMENT: dict[str, Any] = {"metavar": "ISO", "callback": _parse_moment}
"""Settings of an option that takes a day, or an instant with a zone, which it gives in UTC."""

EVERY: dict[str, Any] = {"metavar": "DURATION", "callback": _parse_pause}
"""Settings of an option that takes a length of time such as 60s."""

file_argument = click.argument("file", callback=_named)
now_option = click.option("--now", help="The instant that stands for the clock of this run.", **INSTANT)
source_option = click.option("--source", metavar="NAME", help="The source the appointments belong to.")
forced = click.option("--force", is_flag=True, help="Carry the plan out although it withdraws or changes much.")
