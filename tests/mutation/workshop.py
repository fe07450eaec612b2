"""Where mutants are tried: copies of the project, one for each worker, that end with the run.

Never writes into the work tree. A mutant counts as noticed if a test fails that passes without it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

from attrs import frozen

from tests.mutation.forked import Forked
from tests.mutation.naming import NAMED
from tests.mutation.points import ROOT

OWN_STEP = ["nightly", "benchmark", "fuzz", "live", "zones", "mutation", "hosts", "browser"]
"""The markers of tests that are never asked."""
ALL = " and ".join(f"not {marker}" for marker in OWN_STEP)
QUICK = f"not slow and {ALL}"
SLOW = f"slow and {ALL}"
COPIED = ("reminder_kit", "tests", "examples", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
QUICK_ONE, SLOW_ONE = 30, 200
"""Seconds for one test: what takes longer runs forever, and is noticed."""
SELECTION = 1200
"""Seconds for a whole selection."""

NONE_FOUND = 5
"""What the test runner ends with where a selection has no test."""

STORIES = ("stories", "simulation")
CONCERNED = {
    "reminder_kit/model/": (("model", "rules", "planning"), ("text", "config", *STORIES, "ledger", "delivery")),
    "reminder_kit/rules/": (("rules",), ("planning", "text", "config", "calendars", *STORIES)),
    "reminder_kit/text/": (("text",), ("planning", "rules", "config", "stories")),
    "reminder_kit/planning/": (("planning", "reconciler"), ("stories", "kit", "config", "simulation", "delivery")),
    "reminder_kit/channels/": (("channels",), ("providers", "delivery", "reconciler", "kit", "page", *STORIES)),
    "reminder_kit/calendars/": (("calendars",), ("reconciler", "config", "stories")),
    "reminder_kit/delivery/": (("delivery",), ("providers", *STORIES, "webhooks", "kit")),
    "reminder_kit/reconciler/": (("reconciler", "stories"), ("kit", "simulation", "delivery", "webhooks")),
    "reminder_kit/providers/": (("providers",), ("webhooks", "testing", "sandbox", *STORIES, "delivery")),
    "reminder_kit/webhooks/": (("webhooks",), ("providers", "kit", "testing", *STORIES, "delivery")),
    "reminder_kit/transport/": (("transport",), ("calendars", "kit", "stories", "delivery")),
    "reminder_kit/ledger/": (("ledger",), (*STORIES, "kit", "webhooks", "delivery")),
}
"""For the modules below a path: the folders of tests nearest to them, and those asked if they noticed nothing."""
LAST = ("model/test_hidden_fields.py", "cli", "outside")
"""Tests of all modules, and of whole processes: asked last, and only where no time is set."""


class TimeIsOverError(Exception):
    """The time in which mutants are tried has come to its end, and nothing had noticed this one till then."""


@frozen
class Selection:
    """Some tests: those of `tests` (folders, or names of tests) that `markers` name, each of at most `seconds`."""

    called: str
    markers: str
    tests: list[str]
    seconds: int = QUICK_ONE
    #: Whether they are quick ones that are named one by one, so that a process which has them ready can be asked.
    by_name: bool = False
    #: Whether no other process is asked: they are many, and a mutant of more than functions is shown to whole folders.
    by_fork: bool = False


def selections(path):
    """Return the tests that concern a module: near ones, further ones, slow ones of both, and of whole processes."""
    near, further = next(found for below, found in CONCERNED.items() if path.startswith(below))
    return [
        Selection("nearest tests", QUICK, _folders(near)),
        Selection("further tests", QUICK, _folders(further)),
        Selection("slow tests", SLOW, _folders([*near, *further]), SLOW_ONE),
        Selection("tests of whole processes", ALL, _folders(LAST), SLOW_ONE),
    ]


def _folders(names):
    return [f"tests/{name}" for name in names]


def _is_test(failed):
    """Say whether what failed is a test, and no file of them or words."""
    return failed.startswith("tests/") and "::" in failed


def copied(folder):
    """Copy the project into a folder."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)


class Workshop:
    """A copy of the project in which one mutant at a time is tried."""

    def __init__(self, folder, not_asked, until=float("inf")):
        """Copy the project into a folder; `not_asked` are the tests, of all workers, that fail without a mutant.

        At `until`, an instant of the monotonic clock, a run of tests is broken off.
        """
        self.folder = folder
        self.not_asked = not_asked
        self._until = until
        self._forked = None
        folder.mkdir(parents=True)
        copied(folder)

    def noticed_by(self, mutant, selection):
        """Return the test of a selection that fails with the mutant, and passes without it; None if there is none.

        Raises `TimeIsOverError` where a run was broken off.
        """
        if selection.by_name:
            self._forked = self._forked or Forked(self.folder, selection.markers, selection.seconds)
            try:
                return self._forked.noticed_by(mutant, selection.tests, self.not_asked)
            except NotImplementedError:
                if selection.by_fork:
                    return None
        original = (self.folder / mutant.point.path).read_text(encoding="utf-8")
        while True:
            self._write(mutant.point.path, mutant.source)
            try:
                failed = self._run(selection, selection.tests)
            finally:
                self._write(mutant.point.path, original)
            if failed is None or not _is_test(failed) or self._run(selection, [failed]) is None:
                return failed
            self.not_asked.add(failed)

    def close(self):
        """End what was started."""
        if self._forked is not None:
            self._forked.close()

    def _write(self, path, source):
        """Write a module of the copy, of which no compiled code is kept: a mutant may have its size and second."""
        file = self.folder / path
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()
        file.write_text(source, encoding="utf-8")

    def _run(self, selection, tests):
        """Run tests in the copy; returns the first that failed (or, of a run that never ended, words), or None.

        A test that is not there is none that fails: those of a table's elements go with their element.
        """
        asked = [test for test in tests if test not in self.not_asked]
        if not asked:
            return None
        own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        own |= {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "1000"}
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "tests.mutation.naming", "-rfE"]
        options += ["-m", selection.markers, f"--timeout={selection.seconds}"]
        names = self.folder / "asked.txt"  # thousands of them are too many for a command
        names.write_text("\n".join(asked), encoding="utf-8")
        left_out = [option for test in sorted(self.not_asked) for option in ("--deselect", test)]
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, *left_out, *sorted({test.partition("::")[0] for test in asked})],
            cwd=self.folder, env=own | {NAMED: str(names)}, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                told, _ = process.communicate(timeout=max(0, min(SELECTION, self._until - time.monotonic())))
            except subprocess.TimeoutExpired:
                if time.monotonic() >= self._until:
                    raise TimeIsOverError from None
                return "a run that never ended"
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode in (0, NONE_FOUND):
            return None
        failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", told, flags=re.MULTILINE)
        return failed[1] if failed else f"a run that broke off: {told[-300:]}"
