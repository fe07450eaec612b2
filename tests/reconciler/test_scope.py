"""A scope: for whom a plan speaks, whose rules its run may have the ledger serve, and what is new after a restore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import Restoration
from reminder_kit.reconciler.restored import complete_sources, gap_of_new
from reminder_kit.reconciler.scope import Scope, require_one_source
from reminder_kit.reconciler.snapshots import Snapshots
from tests.factories import START, visit

RESTORED = Restoration(START - timedelta(days=2), START, complete={"whole": 7})
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("actor", "takes", "whole"),
    [
        ("sync", True, False),
        ("import", True, True),
        ("resync", True, True),
        ("withdraw", False, False),
        ("suppress", False, False),
    ],
)
def test_which_verbs_may_bring_rules(actor, takes, whole):
    """A withdrawal or a STOP is no reason to work by other rules; only what is over all of a list is judged by them."""
    scope = Scope(actor)
    assert (scope.takes, scope.whole) == (takes, whole)
    assert not evolve(scope, only_dirty=True).whole
    assert not evolve(scope, rows=()).whole
    assert not evolve(scope, rows=(1,)).whole
    assert evolve(scope, only_dirty=True, rows=(1,)).takes is takes


def test_a_scope_that_says_nothing_is_of_what_comes_in_alone():
    """Nothing is withdrawn, swept or refused, and the guard counts."""
    scope = Scope("sync")
    assert (scope.source, scope.complete, scope.covers, scope.spare, scope.gone) == (None, False, frozenset(), (), None)
    assert (scope.sweep, scope.only_dirty, scope.rows, scope.guarded, scope.horizon) == (False, False, None, True, None)
    assert (scope.as_of, scope.noted, scope.refusal, scope.withdraw, scope.number) == (None, (), None, (), None)
    assert (scope.forced, scope.covered) == (False, ())
    assert not scope.let_go(Identity("default", "A"))


def test_covers_is_one_id_or_several():
    """A text is one id, and not its letters; ids are as appointments have them."""
    assert Scope("sync", covers="A-1").covers == {"A-1"}
    assert Scope("sync", covers=["A-1", "A-2"]).covers == {"A-1", "A-2"}
    assert Scope("sync", covers="A\x00\ud800").covers == {visit("A\x00\ud800").id}
    assert Scope("sync", "s\ud800").source == visit("A", source="s\ud800").source


def test_one_id_is_of_one_source():
    """Two are named, each once and sorted; which is meant nobody can know."""
    one, other = Identity("desk", "A", "1"), Identity("books", "A")
    assert require_one_source([one, evolve_id(one, "2")]) == [one, evolve_id(one, "2")]
    assert require_one_source([]) == []
    with pytest.raises(InvalidInputError) as caught:
        require_one_source([one, other, evolve_id(one, "2")])
    assert str(caught.value) == "appointment 'A' is recorded for several sources (books, desk): name one"


def evolve_id(identity, recurrence_id):
    """Return another occurrence of an appointment."""
    return identity._replace(recurrence_id=recurrence_id)


@pytest.mark.parametrize(
    ("source", "booked_at", "in_doubt"),
    [
        ("desk", None, True),
        ("desk", START - TICK, True),
        ("desk", START, False),
        ("desk", START + TICK, False),
        ("whole", None, False),
        ("whole", START - TICK, False),
    ],
)
def test_what_is_new_after_a_restore_may_have_been_there_before(source, booked_at, in_doubt):
    """Unless it was booked after that, or all of its source came in since."""
    appointment = visit("A", source=source, booked_at=booked_at)
    found = gap_of_new(Identity.of(appointment), appointment, RESTORED)
    assert found is (RESTORED if in_doubt else None)
    assert gap_of_new(Identity.of(appointment), appointment, None) is None


def test_all_of_a_source_came_in_where_it_is_whole_and_read_since():
    """A calendar that is whole counts as well; what has no name does not, nor what was read before the restore."""
    desk = Scope("sync", "desk", complete=True)
    assert complete_sources(desk, RESTORED) == ("desk",)
    assert complete_sources(desk, None) == ()
    assert complete_sources(evolve(desk, complete=False), RESTORED) == ()
    assert complete_sources(evolve(desk, source=None), RESTORED) == ()
    for late, found in ((timedelta(0), ("desk",)), (TICK, ("desk",)), (-TICK, ())):
        at = START + late
        assert complete_sources(evolve(desk, as_of=AsOf(at, at)), RESTORED) == found
    job = Scope("resync", covered=(desk, evolve(desk, source="books"), evolve(desk, source="part", complete=False)))
    assert complete_sources(job, RESTORED) == ("desk", "books")


NEWEST = datetime(2026, 2, 10, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "seconds", "overtaken"),
    [
        ("desk", 0, False),
        ("desk", -10, False),
        ("desk", -11, True),
        ("desk", 60, False),
        ("books", -3600, False),
        (None, -60, True),
    ],
    ids=["at once", "ten seconds before", "eleven seconds before", "after", "another source", "of no name"],
)
def test_a_newer_whole_list_overtakes_an_older_one(source, seconds, overtaken):
    """Of two within ten seconds nobody can say which is newer; and what says nothing of its time is not old."""
    known = Snapshots({"desk": NEWEST, "default": NEWEST})
    assert known.overtake(source, AsOf.drawn(NEWEST + timedelta(seconds=seconds))) is overtaken
    assert not known.overtake(source, None)


@pytest.mark.parametrize(
    ("changes", "is_news"),
    [
        ({}, True),
        ({"complete": False}, False),
        ({"as_of": None}, False),
        ({"refusal": "it broke off"}, False),
        ({"as_of": AsOf.drawn(NEWEST + timedelta(seconds=5))}, False),
        ({"as_of": AsOf.drawn(NEWEST + timedelta(seconds=6))}, True),
        ({"as_of": AsOf.drawn(NEWEST - timedelta(hours=1))}, False),
    ],
    ids=["whole", "a part", "of no time", "refused", "five seconds later", "six seconds later", "older"],
)
def test_when_a_whole_list_was_read_is_noted(changes, is_news):
    """Not what is refused, nor what is as good as known."""
    scope = evolve(Scope("sync", "desk", complete=True, as_of=AsOf.drawn(START)), **changes)
    known = Snapshots({"desk": NEWEST})
    assert known.news(scope) == (("desk", scope.as_of.at) if is_news else None)
    if changes == {}:
        assert Snapshots().news(evolve(scope, source=None)) == ("default", START)
