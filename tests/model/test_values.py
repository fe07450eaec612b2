"""Values made by the hundred thousand: alike in everything to frozen ones, but quick to make."""

from __future__ import annotations

from attrs import evolve, field

from reminder_kit.model.values import value


@value
class Pair:
    """Two numbers, of which only the first counts."""

    first: int
    second: int = field(default=0, eq=False)


def test_a_value_is_equal_and_hashed_by_its_fields():
    """What is equal is found in a set under either of its copies, as it is of frozen classes."""
    assert Pair(1, 2) == Pair(1, 3)
    assert len({Pair(1, 2), Pair(1, 3), Pair(2)}) == 2


def test_a_changed_value_is_another_one():
    """`evolve` makes a new value, and leaves the old one as it is."""
    before = Pair(1, 2)
    assert (evolve(before, first=5), before) == (Pair(5), Pair(1))
    assert not hasattr(before, "__dict__")


def test_it_is_frozen_for_the_type_checker_alone():
    """At run time a field can be set: that is what makes it quick to make."""
    pair = Pair(1)
    pair.first = 2  # type: ignore[misc]
    assert pair == Pair(2)
