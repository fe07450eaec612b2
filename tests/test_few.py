"""Of a test's many cases a few are quick ones."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.few import pytest_collection_modifyitems, rest_of


def case(name, *marks):
    """Return what pytest collects, as far as it is asked."""
    found = SimpleNamespace(nodeid=name, marks=list(marks))
    found.add_marker = found.marks.append
    found.get_closest_marker = lambda wanted: next((mark for mark in found.marks if mark.name == wanted), None)
    return found


def split(cases):
    """Return the names of the quick ones and of the others."""
    pytest_collection_modifyitems(cases)
    others = {each.nodeid for each in cases if each.get_closest_marker("nightly")}
    return {each.nodeid for each in cases} - others, others


def test_a_few_cases_are_quick_and_the_others_of_the_long_runs():
    """Of each test that says so; one without the mark is as it was."""
    many = [case(f"test_a.py::test_many[{n}]", pytest.mark.few(3).mark) for n in range(20)]
    other = [case(f"test_a.py::test_other[{n}]", pytest.mark.few(5).mark) for n in range(6)]
    plain = [case(f"test_a.py::test_plain[{n}]") for n in range(9)]
    quick, others = split([*many, *other, *plain])
    assert [sum(word in name for name in quick) for word in ("many", "other", "plain")] == [3, 5, 9]
    assert len(others) == 18


def test_a_case_that_is_asked_for_alone_is_run():
    """Whether or not it is one of the few."""
    many = [case(f"test_a.py::test_many[{n}]", pytest.mark.few(3).mark) for n in range(20)]
    name = min(split(many)[1])
    assert split([case(name, pytest.mark.few(3).mark)]) == ({name}, set())


def test_which_they_are_follows_from_their_names():
    """In whatever order they come, and not simply the first ones, which would be of one kind."""
    names = [f"case-{first}-{second}" for first in "abcd" for second in range(8)]
    assert rest_of(names, 5) == rest_of(names[::-1], 5)
    assert len({name[:6] for name in {*names} - {*rest_of(names, 5)}}) > 1
    assert rest_of(names, 40) == []
