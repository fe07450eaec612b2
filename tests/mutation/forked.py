"""Where most mutants are tried: a process that has collected the quick tests once, and forks for each mutant.

A program of its own, run in a copy of the project: `python -m tests.mutation.forked DESCRIPTOR MARKERS SECONDS`. A fork
has nothing to start, import or collect: it puts the changed code into the functions that are there, has caches forget
what they remember, and runs the tests it is told; the next one knows nothing of it. Never tries a mutant of anything
but functions (a table, a default): those are for a run of their own.
"""

from __future__ import annotations

import functools
import gc
import importlib
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair
from types import CodeType, FunctionType

import pytest

from tests.mutation.points import modules

UNASKED = ("mutation", "cli", "outside", "benchmarks", "page")
"""Folders of tests that are not collected: those of whole processes, and what is asked of no mutant."""
GRACE = 5
"""Seconds beyond those of one test, after which a fork that says nothing is taken to run forever."""
RUNS_FOREVER = "a test that never ended"
DIED = "a run that broke off"

BEGINS, PASSED = "a test begins\n", "all have passed\n"
"""Lines that a fork tells; any other one names the test that failed."""

_OF_FUNCTIONS = 0x2
"""The flag of code with local names of its own (CO_NEWLOCALS): of functions, not of modules and classes."""


# In the process that asks


class Forked:
    """A server of forks in a folder, a copy of the project, that asks one mutant at a time."""

    def __init__(self, folder, markers, seconds):
        """Start the server for the tests that `markers` name, each of at most `seconds`; see `close`."""
        ours, theirs = socketpair()
        own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.forked", str(theirs.fileno()), markers, str(seconds)],
            cwd=folder, env=own | {"PYTHONPATH": str(folder)}, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._connection = Connection(ours.detach())

    def noticed_by(self, mutant, tests, not_asked):
        """Return the first of these tests that fails with a mutant, and not without it; None if there is none.

        `not_asked` are tests that fail without a mutant; what is found to be one is added. Raises `NotImplementedError`
        for a mutant of more than functions.
        """
        while True:
            asked = [test for test in tests if test not in not_asked]
            failed = self._ask(mutant.point.path, mutant.source, asked)
            if failed is None or failed in (RUNS_FOREVER, DIED) or self._ask("", "", [failed]) is None:
                return failed
            not_asked.add(failed)

    def _ask(self, path, source, tests):
        self._connection.send((path, source, tests))
        can_be_tried, failed = self._connection.recv()
        if not can_be_tried:
            raise NotImplementedError
        return failed

    def close(self):
        """End the server."""
        self._connection.close()
        self._process.wait()


# In the server


def exchanged(path, source, functions):
    """Return the live functions that a changed source changes, each with its new code; None if it changes more."""
    file = Path(path).absolute()
    old, new = (compile(text, file, "exec", dont_inherit=True) for text in (file.read_text(encoding="utf-8"), source))
    if _without_functions(old) != _without_functions(new):
        return None
    pairs = [(was, becomes) for was, becomes in zip(_functions(old), _functions(new), strict=True) if was != becomes]
    live = [[function for function in functions if function.__code__ == was] for was, _ in pairs]
    if not all(live) or any(was.co_freevars != becomes.co_freevars for was, becomes in pairs):
        return None
    return [(function, becomes) for found, (_, becomes) in zip(live, pairs, strict=True) for function in found]


def _functions(code):
    """Return the code of the functions of a module and its classes; what is within a function belongs to it."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [found for one in inner for found in ([one] if one.co_flags & _OF_FUNCTIONS else _functions(one))]


def _without_functions(code):
    """Return all that a module or class does itself, with nothing of its functions but which they are."""
    kept = [
        (const.co_qualname, _without_functions(const) if not const.co_flags & _OF_FUNCTIONS else const.co_firstlineno)
        if isinstance(const, CodeType) else (type(const), repr(const)) for const in code.co_consts
    ]  # fmt: skip
    return code.co_code, kept, code.co_names


class Server:
    """A plugin of pytest that answers on a connection instead of running what was collected."""

    def __init__(self, connection, seconds):
        """Answer on this connection; a test may take so many seconds."""
        self.connection = connection
        self.seconds = seconds
        self.failed = []
        #: Where a fork tells which test it begins; None in the server.
        self.told = None

    def pytest_runtestloop(self, session):
        """Answer until the connection is closed."""
        for path in modules():
            importlib.import_module(path.removesuffix(".py").replace("/", "."))
        self.tests = {item.nodeid: item for item in session.items}
        first, last = session.items[0], session.items[-1]
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=last)  # what a session needs is made once
        with suppress(EOFError):
            self._serve()
        return True

    def pytest_runtest_logreport(self, report):
        """Note what fails."""
        self.failed += [report.nodeid] if report.failed else []

    def _serve(self):
        package = str(Path("reminder_kit").absolute())
        found = [one for one in gc.get_objects() if type(one) is FunctionType]
        functions = [one for one in found if one.__code__.co_filename.startswith(package)]
        self.caches = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
        gc.freeze()
        while True:
            path, source, tests = self.connection.recv()
            changes = exchanged(path, source, functions) if path else []
            collected = [name for name in tests if name in self.tests]
            failed = self._forked(changes, collected) if changes is not None and collected else None
            self.connection.send((changes is not None, failed))

    def _forked(self, changes, tests):
        """Run tests in a fork; returns the first that failed, or None."""
        ours, theirs = socketpair()
        with tempfile.TemporaryDirectory() as folder:
            child = os.fork()
            if child == 0:
                self.told = theirs
                try:
                    self._run(changes, [self.tests[name] for name in tests], Path(folder))
                finally:
                    os._exit(0)
            theirs.close()
            try:
                ours.settimeout(self.seconds + GRACE)
                return _outcome(ours)
            finally:
                ours.close()
                for kill in (os.killpg, os.kill):
                    with suppress(ProcessLookupError):
                        kill(child, signal.SIGKILL)
                os.waitpid(child, 0)

    def _run(self, changes, tests, folder):
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        for function, code in changes:
            function.__code__ = code
        for cache in self.caches:
            cache.cache_clear()
        self.failed = []
        for test, after in zip(tests, [*tests[1:], None], strict=True):
            test.config._tmp_path_factory._basetemp = folder
            self.told.sendall(BEGINS.encode())
            test.config.hook.pytest_runtest_protocol(item=test, nextitem=after)
            if self.failed:
                self.told.sendall(f"{self.failed[0]}\n".encode())
                return
        self.told.sendall(PASSED.encode())


def _outcome(told):
    """Return what a fork says in the end: the test that failed, or None."""
    with told.makefile("r", encoding="utf-8") as lines:
        while True:
            try:
                line = lines.readline()
            except TimeoutError:
                return RUNS_FOREVER
            if not line:
                return DIED
            if line != BEGINS:
                return None if line == PASSED else line.rstrip("\n")


def main(descriptor, markers, seconds):
    """Collect tests, and serve on a descriptor."""
    folders = [f"--ignore=tests/{name}" for name in UNASKED]
    options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", f"--timeout={seconds}", "-m", markers, *folders]
    pytest.main([*options, "tests"], plugins=[Server(Connection(int(descriptor)), int(seconds))])


if __name__ == "__main__":
    main(*sys.argv[1:])
