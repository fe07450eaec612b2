"""`manage.py reminders …`: the command `reminder-kit` with the project's kit; `resync` reads what is tracked first.

Never decides anything: the kit does. Exit status: that of `reminder-kit`; 1 also where a row can't be read.
"""

from __future__ import annotations

import re
import sys
import time
from argparse import REMAINDER
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reminder_kit.cli import main
from reminder_kit.cli.outcomes import worse
from reminder_kit.errors import UnsafePlanError
from reminder_kit.integrations.django.registry import reminders

__all__ = ["Command"]

KIT = "reminder_kit.integrations.django:kit"
_PAUSE = re.compile(r"(\d{1,6})(s|m|h)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, None: 1}


class Command(BaseCommand):
    """The command line of reminder_kit, with this project's kit."""

    help = "reminder-kit with this project's kit: resync, explain ID, attention, status, import FILE, rules check, …"
    requires_system_checks: Sequence[str] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whatever `reminder-kit` takes."""
        parser.add_argument("args", nargs=REMAINDER, help="As for reminder-kit; `reminders --help` there lists all.")

    def handle(self, *arguments: str, **_options: Any) -> None:
        """Carry the command line out; raises `SystemExit` where its status is not 0."""
        given = list(arguments) or ["--help"]
        with redirect_stdout(self.stdout._out), redirect_stderr(self.stderr._out):
            status = _resync(given) if given[0] == "resync" and "--help" not in given else _run(given)
        if status:
            sys.exit(status)


def _run(given: Sequence[str]) -> int:
    return main([*given, "--app", KIT])


def _resync(given: list[str]) -> int:
    """Do the batch job: what is live is read first; with --every again and again, each time."""
    rest, pause = _without_pause(given)
    while True:
        status = _resync_once(rest)
        if pause is None:
            return status
        time.sleep(pause)


def _without_pause(given: list[str]) -> tuple[list[str], float | None]:
    """Return a command line without --every, and its seconds; None: it has none, or the command judges it."""
    for index, word in enumerate(given):
        name, _, value = word.partition("=")
        if name == "--every" and "--now" not in given:
            value = value or "".join(given[index + 1 : index + 2])
            if (found := _PAUSE.fullmatch(value)) and int(found[1]):
                rest = given[:index] + given[index + (1 if "=" in word else 2) :]
                return rest, int(found[1]) * _SECONDS[found[2]]
    return given, None


def _resync_once(given: list[str]) -> int:
    refused = failed = False
    if "--dry-run" not in given and "--now" not in given:
        for source, report in reminders.feed(force="--force" in given):
            refused |= isinstance(report, UnsafePlanError)
            failed |= not isinstance(report, UnsafePlanError) and not report.ok
            sys.stderr.write(f"{source}: {report}\n")
        failed |= any(tracked.failed for tracked in reminders.tracked)
    status = _run(given)
    return 3 if refused else worse(int(failed), status)
