"""How the tests lie: folders mirror the packages, and what several files need stands in no test."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
PACKAGES = {path.parent.name for path in (TESTS.parent / "reminder_kit").glob("*/__init__.py")}
OF_THEIR_OWN = {"benchmarks", "crash", "mutation", "outside", "simulation", "stories", "typing"}
"""Folders of tests that go through many packages."""


def imported(path):
    """Yield the modules a file imports, and the names it imports from them as if they were modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def is_test_or_conftest(module):
    """Say whether it is, or is in, a test file or a conftest of ours."""
    first, *others = module.split(".")
    return first == "tests" and any(name == "conftest" or name.startswith("test_") for name in others)


def test_no_file_imports_from_a_test_file_or_a_conftest():
    """What several files need is in `tests/factories.py`, or in a helper module beside them."""
    found = {str(path.relative_to(TESTS)): list(filter(is_test_or_conftest, imported(path))) for path in FILES}
    assert {path: modules for path, modules in found.items() if modules} == {}


def test_folders_are_named_for_the_packages_they_test():
    """A folder of tests has the name of a package of reminder_kit, or is one of the few that go through many."""
    folders = {path.name for path in TESTS.iterdir() if any(path.glob("*.py"))}
    assert folders <= PACKAGES | OF_THEIR_OWN
    assert folders >= OF_THEIR_OWN
