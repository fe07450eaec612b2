"""Which tests run the lines of a mutant: the quick ones are run once under `coverage`, in copies of the project.

Never asks a test again whose lines have nothing to do with the mutant: what is left over is asked in a minute, and by
every test that could notice it, in whatever folder that is.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from attrs import frozen
from coverage import CoverageData

from tests.mutation.points import ROOT, modules
from tests.mutation.workshop import QUICK, Selection, copied, selections

OWN = "mutation"
"""The folder of these tests, which run no line of the package."""
MOST = 300
"""How many tests are asked at once of a mutant whose statement many run."""

SETTINGS = """\
[run]
source = reminder_kit
concurrency = thread
disable_warnings = module-not-measured,no-data-collected
"""


class Covering:
    """Which tests ran which lines, as data files of `coverage` tell it."""

    def __init__(self, files):
        """Read data files whose contexts are the names of tests."""
        self._lines, self._breadths = {}, {}
        for file in files:
            data = CoverageData(str(file))
            data.read()
            for measured in data.measured_files():
                path = "reminder_kit" + measured.rpartition("/reminder_kit")[2]
                known = self._lines.setdefault(path, {})
                for line, tests in data.contexts_by_lineno(measured).items():
                    known.setdefault(line, set()).update(filter(None, tests))

    def selection_of(self, mutant):
        """Return the tests that run the statement of a mutant, or that use what was made of it once for all of them.

        Those near the module come first, those on a server last, and of these the ones that run the fewest of its
        lines; no more than `MOST`: see `rest_of`.
        """
        return Selection("tests that run it", QUICK, self._nearest(mutant)[:MOST], by_name=True)

    def rest_of(self, mutant):
        """Return the tests that run the statement of a mutant beyond those that are asked first."""
        rest = self._nearest(mutant)[MOST:]
        return Selection("other tests that run it", QUICK, rest, by_name=True, by_fork=True)

    def _nearest(self, mutant):
        path = mutant.point.path
        lines, near = self._lines.get(path, {}), tuple(f"{folder}/" for folder in selections(path)[0].tests)
        statement = statement_of(path, mutant.point.line)
        found = self._tests_of(statement) | self._tests_of_users(statement)
        found = found or set().union(*lines.values())
        breadth = self._breadth(path)
        return sorted(found, key=lambda test: ("[postgres" in test, not test.startswith(near), breadth[test], test))

    def _breadth(self, path):
        """Return how many lines of a module each test runs."""
        if path not in self._breadths:
            lines = self._lines.get(path, {})
            self._breadths[path] = Counter(test for tests in lines.values() for test in tests)
        return self._breadths[path]

    def _tests_of(self, statement):
        lines = self._lines.get(statement.path, {})
        return set().union(*(lines.get(line, ()) for line in statement.lines))

    def _tests_of_users(self, statement):
        """Return the tests that run any statement which mentions what is kept, or what was made of it in turn."""
        names, asked, found = set(statement.kept), set(), set()
        while names - asked:
            name = (names - asked).pop()
            asked.add(name)
            for user in _users().get(name, ()):
                found |= self._tests_of(user)
                names |= user.kept
        return found


@frozen
class Statement:
    """A statement of a module: its lines (of one that holds others, those of its head) and by which names it is kept.

    What runs but once in a process is kept: outside of functions the names that a statement makes, within a function
    that remembers its results that of the function. Whichever test comes first runs it, and all others live on it.
    """

    path: str
    lines: range
    kept: frozenset[str] = frozenset()


@cache
def _statements(path):
    """Return the statements of a module, each with the names that it mentions."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    around = {inner: function for function in functions for inner in ast.walk(function) if inner is not function}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            inner = [one.lineno for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)]
            lines = range(node.lineno, max(min(inner, default=node.end_lineno + 1), node.lineno + 1))
            own = [one for one in ast.walk(node) if getattr(one, "lineno", 0) in lines] if inner else ast.walk(node)
            named = [one for one in own if isinstance(one, ast.Name | ast.Attribute)]
            makes = {one.id for one in named if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
            makes |= {node.name} if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else set()
            mentions = {one.id if isinstance(one, ast.Name) else one.attr for one in named}
            function = around.get(node)
            kept = makes if function is None else {function.name} if _remembers(function) else ()
            found.append((Statement(path, lines, frozenset(kept)), mentions - makes))
    return found


def _remembers(function):
    """Say whether a function has its results remembered by a decorator."""
    inside = (one for decorator in function.decorator_list for one in ast.walk(decorator))
    return any(isinstance(one, ast.Name) and one.id in {"cache", "lru_cache", "cached_property"} for one in inside)


@cache
def _users():
    """Return, by name, the statements of all modules that mention it."""
    users = {}
    for path in modules():
        for statement, mentions in _statements(path):
            for name in mentions:
                users.setdefault(name, []).append(statement)
    return users


def statement_of(path, line):
    """Return the smallest statement that holds a line."""
    holding = [statement for statement, _ in _statements(path) if line in statement.lines]
    return min(holding, key=lambda statement: len(statement.lines), default=Statement(path, range(line, line + 1)))


def covered(folder, workers):
    """Run the quick tests under `coverage`, so many folders of tests at a time, and return what they ran."""
    folders = sorted(path for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py")))
    shares = [path.name for path in sorted(folders, key=_size, reverse=True) if path.name != OWN]
    with ThreadPoolExecutor(workers) as pool:
        return Covering([file for file in pool.map(lambda name: _run(folder / name, name), shares) if file.exists()])


def _size(path):
    return sum(file.stat().st_size for file in path.rglob("*.py"))


def _run(folder, name):
    """Run the quick tests of a folder of tests in a copy of the project of their own; returns the data file."""
    folder.mkdir(parents=True)
    copied(folder)
    (folder / ".coveragerc").write_text(SETTINGS, encoding="utf-8")
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    plugins = ["-p", "tests.mutation.contexts", "-p", "no:cacheprovider", "-p", "no:xdist"]
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", *plugins, "-m", QUICK, f"tests/{name}"],
        cwd=folder, env=own | {"PYTHONPATH": str(folder)}, check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder / ".coverage"
