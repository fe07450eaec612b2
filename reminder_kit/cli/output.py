"""Output: data to stdout, everything else to stderr; colours and progress bars only on terminals.

Never decides what is written.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from reminder_kit.cli.rendering import Line
from reminder_kit.model.instants import iso, zone
from reminder_kit.text.printable import json_text, printable

if TYPE_CHECKING:
    from rich.console import Console

    from reminder_kit.cli.session import Counting
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["progress", "say", "tell_problems", "warn", "write_json", "write_lines", "zone_of"]


_SHORT = 20
"""Answers of the provider below which no bar is shown: they come before it could be read."""


def zone_of(kit: ReminderKit) -> ZoneInfo:
    """Return the zone in which a practice's times are shown: the configured one, else UTC."""
    return zone(kit.settings.defaults.timezone or "UTC")


def write_json(value: Any, *, one_line: bool = False) -> None:
    """Write one JSON document; instants as `YYYY-MM-DDTHH:MM:SSZ`. A terminal without UTF-8 gets escapes.

    So do all: of what a terminal would not show but obey. The values stay what they are.
    """
    layout: dict[str, Any] = {"separators": (",", ":")} if one_line else {"indent": 2}
    try:
        click.echo(json_text(json.dumps(value, ensure_ascii=False, default=_json_value, **layout)))
    except UnicodeEncodeError:
        click.echo(json.dumps(value, default=_json_value, **layout))


def _json_value(value: Any) -> Any:
    """Return a value that JSON has no form for as text."""
    return iso(value) if isinstance(value, datetime) else str(value)


def write_lines(lines: Iterable[Line], width: int | None = None) -> None:
    """Write lines to stdout: coloured and wrapped on a terminal; into a pipe wrapped only where `width` is given."""
    coloured = _takes_colours(sys.stdout)
    if coloured:
        columns = max(40, shutil.get_terminal_size().columns)
        width = min(width or columns, columns)
    for line in lines:
        for part in _wrapped(line, width):
            if coloured:
                _console().print(part, style=line.style or None, markup=False, highlight=False, soft_wrap=True)
            else:
                _echo(part)


def _echo(text: str) -> None:
    try:
        click.echo(text)
    except UnicodeEncodeError:
        click.echo(text.encode("ascii", "replace").decode())


def _wrapped(line: Line, width: int | None) -> list[str]:
    if width is None or len(line.text) <= width:
        return [line.text]
    return textwrap.wrap(line.text, width, subsequent_indent=" " * line.hang) or [""]


def _takes_colours(stream: IO[str]) -> bool:
    """Say whether a stream is a terminal whose user wants colours (NO_COLOR, TERM=dumb: no)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@cache
def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def say(text: str) -> None:
    """Write one line about the run to stderr."""
    click.echo(printable(text), err=True)


def warn(text: str) -> None:
    """Write one warning to stderr."""
    say(f"warning: {text}")


def tell_problems(problems: Iterable[Any], name: str) -> bool:
    """Write a calendar's problems to stderr, and say whether an event could not be read at all."""
    broken = False
    for problem in problems:
        severity = getattr(problem, "severity", "error")
        broken = broken or severity == "error"
        say(f"{'warning' if severity == 'warning' else 'warning: not read'}: {name}: {problem}")
    return broken


@contextmanager
def progress(kit: ReminderKit, total: int | None, what: str) -> Iterator[None]:
    """Show a bar on stderr, if that is a terminal, that grows with each answer of the provider.

    `total` None means that the number of answers is not known.
    """
    counting: Counting = kit.provider  # type: ignore[assignment]
    if (total is not None and total < _SHORT) or not _takes_colours(sys.stderr):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        counting.on_answer = lambda: bar.advance(task)
        yield
