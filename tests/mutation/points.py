"""The places of the package where a mutant can be made, a seeded sample of them, and the mutants known to be equal.

Never writes anything.
"""

from __future__ import annotations

import ast
import difflib
import random
import tomllib
from pathlib import Path

import parso
from attrs import frozen
from cosmic_ray.mutating import mutate_code

from tests.mutation.operators import OPERATORS, changeable

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("model", "rules", "text", "planning", "calendars", "delivery", "reconciler", "providers"),
    *("webhooks", "transport", "ledger", "channels"),
)
NEVER = ("reminder_kit/ledger/migrations/",)
"""What has been released runs once in the life of a ledger, and is never edited."""


@frozen
class Point:
    """One change of one place: the module's path, the operator's name, and which of its places it is."""

    path: str
    operator: str
    occurrence: int
    line: int


@frozen
class Mutant:
    """A changed source, and the lines that differ, with their blanks made one."""

    point: Point
    source: str
    before: str
    after: str

    def __str__(self):
        return f"{self.point.path}:{self.point.line} {self.point.operator}\n    - {self.before}\n    + {self.after}"


def modules():
    """Return the paths of all modules that are mutated, sorted."""
    found = (path for package in PACKAGES for path in (ROOT / "reminder_kit" / package).rglob("*.py"))
    paths = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [path for path in paths if not path.startswith(NEVER) and not path.endswith("/__init__.py")]


def points_of(path, source):
    """Return all points of a module, left out those that nothing runs."""
    counted = dict.fromkeys(OPERATORS, 0)
    points = []
    for node, may_be_changed in changeable(parso.parse(source)):
        for name, operator in OPERATORS.items():
            for _ in operator.mutation_positions(node):
                if may_be_changed:
                    points.append(Point(path, name, counted[name], node.start_pos[0]))
                counted[name] += 1
    return points


def all_points():
    """Return the points of all modules."""
    return [point for path in modules() for point in points_of(path, (ROOT / path).read_text(encoding="utf-8"))]


def squeezed(lines):
    """Return lines as one, with one blank wherever there were some."""
    return " ".join(" ".join(lines).split())


def mutant_of(point):
    """Return the mutant of a point, or None if it is no Python, or the same Python, or none can be made."""
    source = (ROOT / point.path).read_text(encoding="utf-8")
    try:
        changed = mutate_code(source, OPERATORS[point.operator], point.occurrence)
    except AttributeError:  # of one of several exceptions, if it has a dot in its name, cosmic-ray has none
        return None
    try:
        if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source)):
            return None
    except SyntaxError:
        return None
    lines = list(difflib.unified_diff(source.split("\n"), changed.split("\n"), n=0, lineterm=""))[3:]
    before = squeezed(line[1:] for line in lines if line.startswith("-"))
    return Mutant(point, changed, before, squeezed(line[1:] for line in lines if line.startswith("+")))


def sample(points, seed, number):
    """Yield so many mutants, drawn by the seed."""
    drawn = random.Random(seed).sample(points, len(points))
    found = (mutant for mutant in map(mutant_of, drawn) if mutant)
    for _, mutant in zip(range(number), found, strict=False):
        yield mutant


def known_equivalents():
    """Return why a mutant can't be told from the original, by path, operator, and the lines that differ."""
    told = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text(encoding="utf-8"))
    return {(one["module"], one["operator"], one["before"], one["after"]): one["why"] for one in told["mutant"]}


def named(mutant):
    """Return the name by which an equivalent mutant is listed: no number of a line, as those move."""
    return (mutant.point.path, mutant.point.operator, mutant.before, mutant.after)
