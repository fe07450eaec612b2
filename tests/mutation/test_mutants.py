"""Faults put in on purpose are noticed: a sample of mutants, drawn by a seed, is tried in copies of the project.

    REMINDER_KIT_SEED=1 REMINDER_KIT_MUTANTS=200 python -m pytest -q -m mutation tests/mutation

Without a seed it is that of the day. REMINDER_KIT_WORKERS (all cores otherwise) is how many are tried at once. First
all quick tests are run under `coverage`, and each mutant is shown to those that run its statement, or use what it made
once for all (of many, to the 300 that are nearest, and then to the others); what they leave, to the nearest folders, to
slow ones, to whole processes and to further ones. With REMINDER_KIT_MUTATION_SECONDS only the quick ones of the folders
that concern a module are asked, the nearest first, and after that time no more: what nothing has noticed till then is
undecided. What survives is listed, with its line and what it became; if it can't be told from the original by anything,
it belongs into `equivalent.toml`, with the reason, and otherwise a test of its kind is missing.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue

import pytest

from tests.mutation.covering import covered, statement_of
from tests.mutation.forked import exchanged
from tests.mutation.operators import OWN
from tests.mutation.points import (
    Mutant,
    Point,
    all_points,
    known_equivalents,
    modules,
    mutant_of,
    named,
    points_of,
    sample,
    squeezed,
)
from tests.mutation.workshop import QUICK, ROOT, Selection, TimeIsOverError, Workshop, selections
from tests.postgres import binaries, running_server

SEED = int(os.environ.get("REMINDER_KIT_SEED", f"{datetime.now(UTC):%Y%m%d}"))
NUMBER = int(os.environ.get("REMINDER_KIT_MUTANTS", "200"))
SECONDS = float(given) if (given := os.environ.get("REMINDER_KIT_MUTATION_SECONDS")) else None
WORKERS = int(os.environ.get("REMINDER_KIT_WORKERS", str(os.cpu_count() or 1)))


def allowed(tried):
    """Return how many of so many mutants may survive: 5 %, and three of a sample so small that luck decides."""
    return max(3, tried * 5 // 100)


def stages(folder):
    """Return which tests are asked, one after the other, for a mutant; where a time is set, the quick ones near it."""

    def of_folders(which):
        return lambda mutant: selections(mutant.point.path)[which]

    if SECONDS is not None:
        return [of_folders(0), of_folders(1)]
    # what a process remembers is run in one test alone, and all others live on it: so the nearest are asked too
    # and what a test runs in a process of its own is seen by nobody: so all further ones are asked in the end
    covering = covered(folder, WORKERS)
    return [covering.selection_of, covering.rest_of, *map(of_folders, (0, 2, 3, 1))]


@pytest.fixture
def at_the_end(monkeypatch):
    """What ends with the run: whoever tries mutants, and one PostgreSQL server for all of them, if there is any."""
    with ExitStack() as stack:
        if folder := binaries():
            monkeypatch.setenv("REMINDER_KIT_TEST_POSTGRES", stack.enter_context(running_server(folder)))
        yield stack


@pytest.mark.mutation
@pytest.mark.timeout(0)
def test_a_sample_of_mutants_is_noticed(tmp_path, capsys, at_the_end):
    """Of a sample of mutants that differ from the original, no more than 5 % (of a small one: no more than three) live.

    Those known as equivalent are drawn, counted and named, but not tried.
    """
    equal = known_equivalents()
    drawn = list(sample(all_points(), SEED, NUMBER))
    known = [mutant for mutant in drawn if named(mutant) in equal]
    alive = [mutant for mutant in drawn if named(mutant) not in equal]
    tried, undecided = len(alive), []
    until = time.monotonic() + (SECONDS or float("inf"))
    not_asked, workshops = set(), SimpleQueue()
    for number in range(WORKERS):
        shop = Workshop(tmp_path / f"copy{number}", not_asked, until)
        at_the_end.callback(shop.close)
        workshops.put(shop)

    def tell(line):
        with capsys.disabled():
            print(line, flush=True)

    def noticed(mutant, selected):
        """Return whether a test that is selected notices a mutant, or None if there is no time left to ask."""
        if time.monotonic() > until:
            return None
        selection = selected(mutant)
        workshop = workshops.get()
        try:
            noticed_by = workshop.noticed_by(mutant, selection)
        except TimeIsOverError:
            return None
        finally:
            workshops.put(workshop)
        tell(f"{'noticed by ' + noticed_by if noticed_by else 'not noticed by the ' + selection.called}: {mutant}")
        return bool(noticed_by)

    for selected in stages(tmp_path / "covered"):
        with ThreadPoolExecutor(WORKERS) as pool:
            results = list(zip(alive, pool.map(partial(noticed, selected=selected), alive), strict=True))
        alive = [mutant for mutant, found in results if found is False]
        undecided += [mutant for mutant, found in results if found is None]
    for word, mutants in {"SURVIVED": alive, "undecided": undecided, "known as equivalent": known}.items():
        for mutant in mutants:
            tell(f"{word}: {mutant} {equal.get(named(mutant), '')}")
    for test in sorted(not_asked):
        tell(f"not asked, as it fails without a mutant: {test}")
    decided = tried - len(undecided)
    tell(
        f"seed {SEED}: {tried} tried, {decided - len(alive)} killed, {len(alive)} survived, "
        f"{len(undecided)} undecided; {len(known)} more known as equivalent"
    )
    assert decided
    assert len(alive) <= allowed(decided), "\n".join(map(str, alive))


def test_the_operators_do_as_their_examples_show():
    """Each operator of our own makes of a source what its examples tell."""
    from cosmic_ray.mutating import mutate_code

    for kind in OWN:
        for example in kind.examples():
            changed = mutate_code(example.pre_mutation_code, kind(), example.occurrence)
            assert changed == example.post_mutation_code


SOURCE = """\
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from a import b
    LIMIT = 3 + 4
__all__ = ["one", "two"]
_LOG.info("%s", 5 + 6)

@frozen(slots=False)
class Some:
    age: int | None = 7
    def older(self, years: Literal[8, 9] = 10) -> int | None:
        return self.age + years
"""


def test_what_nothing_runs_and_what_is_only_logged_is_left_alone():
    """Annotations, imports for them, `__all__`, decorators and log lines have no points; all else has."""
    found = {(point.line, point.operator) for point in points_of("some.py", SOURCE)}
    assert found == {
        (10, "NumberReplacer"),
        (11, "NumberReplacer"),
        (12, "ReplaceBinaryOperator_Add_Sub"),
    }


@pytest.mark.slow
def test_a_point_is_where_its_mutant_differs():
    """The line a point names is one of the lines its mutant changes, wherever points before it were left out."""
    path = "reminder_kit/rules/superseding.py"
    lines = (ROOT / path).read_text(encoding="utf-8").split("\n")
    mutants = list(filter(None, map(mutant_of, points_of(path, "\n".join(lines)))))
    one_line = [mutant for mutant in mutants if mutant.before == " ".join(lines[mutant.point.line - 1].split())]
    assert len(one_line) > len(mutants) * 0.8
    assert all(mutant.before != mutant.after for mutant in mutants)


@pytest.mark.slow
def test_a_sample_is_that_of_its_seed():
    """The same seed draws the same mutants, another seed others."""
    points = all_points()
    first = [list(map(named, sample(points, seed, 5))) for seed in (1, 1, 2)]
    assert first[0] == first[1] != first[2]


def test_every_module_has_tests_that_concern_it():
    """Each mutated module has folders of tests, near and further ones, all of them are there, and none is twice."""
    for path in modules():
        near, further, slow, last = (selection.tests for selection in selections(path))
        assert all((ROOT / folder).exists() for folder in [*near, *further, *last])
        assert len({*near, *further, *last}) == len([*near, *further, *last])
        assert slow == [*near, *further]


def test_a_line_belongs_to_the_smallest_statement_around_it():
    """The head of a loop is one, each statement in it another, over all of its lines."""
    source = (ROOT / "tests/mutation/covering.py").read_text(encoding="utf-8").split("\n")
    begin = next(number for number, line in enumerate(source, 1) if "subprocess.run(" in line)
    end = next(number for number, line in enumerate(source, 1) if "# fmt: skip" in line)
    lines = statement_of("tests/mutation/covering.py", begin + 2).lines
    assert (lines[0], lines[-1]) == (begin, end)
    head = next(number for number, line in enumerate(source, 1) if "for file in files" in line)
    assert list(statement_of("tests/mutation/covering.py", head).lines) == [head]


@pytest.mark.parametrize(
    ("line", "names"),
    [("MOST = 300", {"MOST"}), ("tree = ast.parse(", {"_statements"}), ("lines, near = ", set())],
    ids=["at import", "in a function that remembers", "elsewhere"],
)
def test_what_runs_but_once_is_known_by_the_name_others_use(line, names):
    """Whichever test runs it first, the others live on what it made."""
    source = (ROOT / "tests/mutation/covering.py").read_text(encoding="utf-8").split("\n")
    (number,) = [number for number, text in enumerate(source, 1) if text.strip().startswith(line)]
    assert statement_of("tests/mutation/covering.py", number).kept == names


LIVE = """\
LIMIT = 3
class Some:
    def of(self, ages, least=4):
        return [age for age in ages if age > least]
def other():
    return LIMIT
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("age > least", "age >= least", [4, 5]),
        ("if age", "if not age", [3, 4]),
        ("LIMIT = 3", "LIMIT = 4", None),
        ("least=4", "least=5", None),
        ("return LIMIT", "return -LIMIT", [5]),
        ("class Some", "class Other", None),
    ],
)
def test_what_differs_in_functions_alone_is_put_into_those_that_live(tmp_path, old, new, found):
    """Whoever holds a function runs its new code; a table, a default or a class is made once, and is not exchanged."""
    file = tmp_path / "some.py"
    file.write_text(LIVE, encoding="utf-8")
    made = {}
    exec(compile(LIVE, file, "exec", dont_inherit=True), made)
    functions, some = [made["Some"].of, made["other"]], made["Some"]()
    changes = exchanged(file, LIVE.replace(old, new), functions)
    assert (changes is None) is (found is None)
    for function, code in changes or ():
        function.__code__ = code
    assert some.of([3, 4, 5]) == (found or [5])


CASES = [("waits", "held"), ("was_not_told", "day_limit")]
GONE = ["waits_keeps_its_time[gone]", *(f"{what}_keeps_its_time[{which}]" for what, which in CASES)]


@pytest.mark.slow
def test_what_a_fork_was_told_is_forgotten_by_the_next(tmp_path):
    """A mutant is noticed by its test, again and again; a table's is, too; and nothing is noticed of no mutant."""
    path = "reminder_kit/planning/moves.py"
    source = (ROOT / path).read_text(encoding="utf-8")
    changed = [source.replace("anchor == CHANGE", "anchor != CHANGE"), source, source.replace("Reason.DAY_LIMIT, ", "")]
    function, same, table = (Mutant(Point(path, "", 0, 1), text, "", "") for text in changed)
    folder = "tests/planning/test_moves.py::"
    waits, told = (f"{folder}test_a_move_that_{what}_keeps_its_time[{which}]" for what, which in CASES)
    shop = Workshop(tmp_path / "copy", set())
    try:
        asked = Selection("those that run it", QUICK, [waits, told], by_name=True)
        found = [shop.noticed_by(mutant, asked) for mutant in (function, same, table, function)]
        assert found == [waits, None, told, waits]
        for nobody in ([], ["tests/cli/test_main.py::test_that_is_not_collected"]):
            assert shop.noticed_by(function, Selection("those that run it", QUICK, nobody, by_name=True)) is None
    finally:
        shop.close()


@pytest.mark.slow
def test_a_test_that_is_gone_notices_nothing(tmp_path):
    """Those of a table's element go with it: the others are asked, and one of them that fails is found."""
    path = "reminder_kit/planning/moves.py"
    source = (ROOT / path).read_text(encoding="utf-8")
    same, table = (
        Mutant(Point(path, "", 0, 1), text, "", "") for text in (source, source.replace("Reason.DAY_LIMIT, ", ""))
    )
    gone, waits, told = (f"tests/planning/test_moves.py::test_a_move_that_{name}" for name in GONE)
    shop = Workshop(tmp_path / "copy", set())
    assert shop.noticed_by(same, Selection("those named", QUICK, [gone, waits, told])) is None
    assert shop.noticed_by(table, Selection("those named", QUICK, [gone, waits])) is None
    assert shop.noticed_by(table, Selection("those named", QUICK, [gone, waits, told])) == told


@pytest.mark.slow
def test_when_time_is_over_a_run_is_broken_off(tmp_path):
    """What is left of a sample is undecided then, however many tests were still to be asked."""
    path = "reminder_kit/planning/moves.py"
    same = Mutant(Point(path, "", 0, 1), (ROOT / path).read_text(encoding="utf-8"), "", "")
    shop = Workshop(tmp_path / "copy", set(), time.monotonic() + 1)
    with pytest.raises(TimeIsOverError):
        shop.noticed_by(same, selections(path)[1])


@pytest.mark.slow
def test_what_is_listed_as_equivalent_are_mutants_that_can_be_made():
    """What `equivalent.toml` lists are mutants of the source as it is; once its line is another, an entry goes."""
    for known in known_equivalents():
        path, operator, before, _ = known
        source = (ROOT / path).read_text(encoding="utf-8")
        lines = source.split("\n")
        points = [point for point in points_of(path, source) if squeezed([lines[point.line - 1]]) in before]
        made = (mutant_of(point) for point in points if point.operator == operator)
        assert known in {named(mutant) for mutant in made if mutant}


def test_of_several_exceptions_with_dots_in_their_names_no_mutant_is_made():
    """Whichever the seed draws, a sample does not end with it."""
    path = "reminder_kit/calendars/directory.py"
    source = (ROOT / path).read_text(encoding="utf-8")
    (line,) = [number for number, text in enumerate(source.split("\n"), 1) if "except (" in text and "csv." in text]
    found = [point for point in points_of(path, source) if (point.operator, point.line) == ("ExceptionReplacer", line)]
    assert None in list(map(mutant_of, found))
