"""The standard streams of a command: one that is closed, full or without a reader never stops what the command does.

Never decides what is written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

__all__ = ["ended", "open_missing", "unstopped", "with_what_was_lost"]

_LOST: set[str] = set()
"""The streams that could not be written since `with_what_was_lost` was last called."""


def open_missing() -> None:
    """Put the null device in the place of each stream that the process was started without (`>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - the process ends with it


@contextmanager
def unstopped(stream: IO[str]) -> Iterator[None]:
    """Write to stdout or stderr, and go on where it can't be written.

    That is told once on stderr; of a reader that left (`reminder-kit plan … | head`) nothing is said.
    """
    try:
        yield
    except BrokenPipeError:
        _void(stream)
    except OSError as error:
        name = "stderr" if stream is sys.stderr else "stdout"
        if name in _LOST:
            return
        _LOST.add(name)
        if name == "stdout":
            with unstopped(sys.stderr):
                click.echo(f"error: stdout can't be written ({error.strerror}): the work goes on unseen", err=True)


def with_what_was_lost(status: int) -> int:
    """Return the exit status of what was done: 1 for all done, where output was lost since this was last called."""
    lost = bool(_LOST)
    _LOST.clear()
    return 1 if lost and status in (0, 4) else status


def ended(status: int) -> int:
    """Return the exit status of a command that is over; what can't be written even now is dropped."""
    for stream in (sys.stdout, sys.stderr):
        with unstopped(stream):
            try:
                stream.flush()
            except OSError:
                _void(stream)
                raise
    return with_what_was_lost(status)


def _void(stream: IO[str]) -> None:
    """Have a stream write to the null device from now on, so that Python's own flush at the end does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
