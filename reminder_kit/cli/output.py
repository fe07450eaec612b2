"""Output: data to stdout, everything else to stderr; colours and progress bars only on terminals.

Never decides what is written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from reminder_kit.cli.rendering import Line
from reminder_kit.cli.streams import unstopped
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import iso, zone
from reminder_kit.text.printable import json_text, printable

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = [
    "ours_alone",
    "require_somebody",
    "say",
    "takes_colours",
    "tell_problems",
    "warn",
    "write_json",
    "write_json_list",
    "write_lines",
    "write_text",
    "writing",
    "zone_of",
]

_OURS: ContextVar[IO[str] | None] = ContextVar("the stdout that is ours alone", default=None)


@contextmanager
def ours_alone() -> Iterator[None]:
    """Keep stdout to what commands write meanwhile: whatever else is printed, by the app's code, goes to stderr."""
    token = _OURS.set(_stdout())
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _OURS.reset(token)


def _stdout() -> IO[str]:
    return _OURS.get() or sys.stdout


def zone_of(kit: ReminderKit) -> ZoneInfo:
    """Return the zone in which a practice's times are shown: the configured one, else UTC."""
    return zone(kit.settings.defaults.timezone or "UTC")


def write_text(text: str | bytes, *, nl: bool = True) -> None:
    """Write to stdout, with the end of a line unless `nl` says otherwise; a `?` stands for what its encoding lacks."""
    try:
        _write(text, nl=nl)
    except UnicodeEncodeError:
        _write(_encodable(str(text)), nl=nl)


def _write(text: str | bytes, *, nl: bool = True) -> None:
    """Write to stdout; raises `UnicodeEncodeError`."""
    with unstopped(_stdout()):
        click.echo(text, file=_stdout(), nl=nl)


def _encodable(text: str) -> str:
    encoding = getattr(_stdout(), "encoding", None) or "ascii"
    return text.encode(encoding, "replace").decode(encoding)


def write_json(value: Any, *, one_line: bool = False) -> None:
    """Write one JSON document; instants as `YYYY-MM-DDTHH:MM:SSZ`. A terminal without UTF-8 gets escapes.

    So do all: of what a terminal would not show but obey. The values stay what they are.
    """
    layout: dict[str, Any] = {"separators": (",", ":")} if one_line else {"indent": 2}
    try:
        _write(json_text(json.dumps(value, ensure_ascii=False, default=_json_value, **layout)))
    except UnicodeEncodeError:
        write_text(json.dumps(value, default=_json_value, **layout))


def write_json_list(head: Mapping[str, Any], name: str, items: Iterable[Any], *, one_line: bool = False) -> None:
    """Write one JSON document as its parts come: `head`, and under `name` a list, however long, an item on each line.

    `one_line`: all of it on one.
    """
    end = "" if one_line else "\n"
    write_text(f"{_compact(head)[:-1]},{_compact(name)}:[", nl=False)
    between = end
    for item in items:
        write_text(f"{between}{_compact(item)}", nl=False)
        between = f",{end}"
    write_text(f"{end}]}}")


def _compact(value: Any) -> str:
    return json.dumps(value, default=_json_value, separators=(",", ":"))


def _json_value(value: Any) -> Any:
    """Return a value that JSON has no form for as text."""
    return iso(value) if isinstance(value, datetime) else str(value)


def write_lines(lines: Iterable[Line], width: int | None = None) -> None:
    """Write lines to stdout: coloured and wrapped on a terminal; into a pipe wrapped only where `width` is given."""
    console = _console() if takes_colours(_stdout()) else None
    if console is not None:
        columns = max(40, shutil.get_terminal_size().columns)
        width = min(width or columns, columns)
    for line in lines:
        for part in _wrapped(line, width):
            if console is None:
                write_text(part)
                continue
            with unstopped(_stdout()):
                text = _encodable(part)
                console.print(text, style=line.style or None, markup=False, highlight=False, soft_wrap=True)


def _wrapped(line: Line, width: int | None) -> list[str]:
    if width is None or len(line.text) <= width:
        return [line.text]
    options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(line.text, width, subsequent_indent=" " * line.hang, **options) or [""]


def takes_colours(stream: IO[str]) -> bool:
    """Say whether a stream is a terminal whose user wants colours (NO_COLOR, TERM=dumb: no)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _console() -> Any:
    from rich.console import Console

    return Console(file=_stdout(), highlight=False)


def say(text: str) -> None:
    """Write one line about the run to stderr."""
    with unstopped(sys.stderr):
        click.echo(printable(text), err=True)


def warn(text: str) -> None:
    """Write one warning to stderr."""
    say(f"warning: {text}")


def require_somebody(remedy: str) -> None:
    """Raise `click.UsageError` where stdin is no terminal, so that nobody answers; `remedy`: the options to add."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked here: add {remedy}")


@contextmanager
def writing(file: str) -> Iterator[None]:
    """Write a file; raises `ConfigurationError` where it can't be written, naming it and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = "name a file in a folder that is there and may be written"
        raise ConfigurationError(f"{file} can't be written ({error.strerror}): {remedy}") from error


def tell_problems(problems: Iterable[Any], name: str, *, only_errors: bool = False) -> bool:
    """Write a calendar's problems to stderr, and say whether an event could not be read at all.

    Warnings in the same words are one line with their number and the first of them; `only_errors` leaves warnings out.
    """
    alike: dict[str, list[Any]] = {}
    broken = False
    for problem in problems:
        if getattr(problem, "severity", "error") == "error":
            broken = True
            say(f"warning: not read: {name}: {problem}")
        else:
            alike.setdefault(_kind_of(problem), []).append(problem)
    for kind, group in () if only_errors else alike.items():
        warn(f"{name}: {group[0]}" if len(group) == 1 else f"{name}: {len(group)} times: {kind}; first: {group[0]}")
    return broken


_PARTICULAR = re.compile(r"^.*(?= has no phone number)|'[^']*'|\"[^\"]*\"|“[^”]*”|\b\S*\d\S*")
"""Who has no number, what is quoted, and what has a digit: in it, warnings of the same kind differ."""


def _kind_of(problem: Any) -> str:
    """Return what a warning is about, without what is particular to one event."""
    return printable(_PARTICULAR.sub("…", getattr(problem, "message", str(problem))))
