"""Days and turns at their edges: how many appointments a number has, which days are near, and who is tried next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from reminder_kit.model.blockers import Blocker, turn_of
from reminder_kit.planning.busy_days import MOST, BusyDays, Calendar
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.probing import Candidate, Turns, candidate, probes
from tests.factories import DAY, NUMBER, SENDER, START, in_new_york, observed_of, settings_of, visit

OTHER = "+12025550177"
HERE = Calendar("America/New_York")
MIDNIGHT = in_new_york("2026-02-12T00:00")
SECOND, A_DAY = timedelta(seconds=1), timedelta(days=1)


def day(number, who=NUMBER):
    return who, date(2026, 2, number)


def test_a_day_is_from_midnight_to_midnight_of_the_zone():
    """A second before midnight is the day before."""
    assert [HERE.day_of((NUMBER, MIDNIGHT + step * SECOND)) for step in (-1, 0)] == [day(11), day(12)]
    assert Calendar("UTC").day_of((NUMBER, MIDNIGHT - SECOND)) == day(12)


def test_the_days_around_are_those_that_a_reach_touches():
    """From the first to the last, each once; just at midnight that day is touched."""
    assert list(HERE.days_around((NUMBER, MIDNIGHT), timedelta(0))) == [day(12)]
    assert list(HERE.days_around((NUMBER, MIDNIGHT), SECOND)) == [day(11), day(12)]
    assert list(HERE.days_around((NUMBER, MIDNIGHT), A_DAY)) == [day(11), day(12), day(13)]
    assert list(HERE.days_around((NUMBER, MIDNIGHT + SECOND), A_DAY - SECOND)) == [day(11), day(12), day(13)]


def test_ranges_are_of_days_that_follow_each_other_for_one_number():
    """Sorted, from the first instant to the last."""
    tick = timedelta.resolution
    found = HERE.ranges([day(14), day(13), day(11), day(12, OTHER), day(10), day(15, OTHER)])
    assert found == [
        (NUMBER, in_new_york("2026-02-10"), in_new_york("2026-02-12") - tick),
        (NUMBER, in_new_york("2026-02-13"), in_new_york("2026-02-15") - tick),
        (OTHER, in_new_york("2026-02-12"), in_new_york("2026-02-13") - tick),
        (OTHER, in_new_york("2026-02-15"), in_new_york("2026-02-16") - tick),
    ]
    assert HERE.ranges([]) == []
    assert HERE.ranges([day(14, OTHER), day(13)]) == [
        (NUMBER, in_new_york("2026-02-13"), in_new_york("2026-02-14") - tick),
        (OTHER, in_new_york("2026-02-14"), in_new_york("2026-02-15") - tick),
    ]


def test_more_than_so_many_are_busy_and_counting_is_by_number_and_day():
    """What is counted in the place of others takes their place; more that come are counted with them, elsewhere."""
    days = BusyDays(HERE)
    days.count([(NUMBER, MIDNIGHT)] * MOST)
    assert MOST == 50
    assert (NUMBER, MIDNIGHT) not in days
    more = days.having({day(12): 1, day(13): MOST + 1})
    assert [more.is_busy(one) for one in (day(11), day(12), day(13), day(12, OTHER))] == [False, True, True, False]
    assert not days.is_busy(day(12))
    assert (NUMBER, MIDNIGHT + A_DAY) in more
    days.count([(NUMBER, MIDNIGHT)])
    assert (NUMBER, MIDNIGHT) in days
    days.count([(NUMBER, MIDNIGHT + A_DAY)], instead_of=[(NUMBER, MIDNIGHT)])
    assert not days.is_busy(day(12))
    assert not days.having({day(12): 0}).is_busy(day(12))
    assert days.having({day(12): 1}).is_busy(day(12))
    assert datetime(2026, 2, 12, 5, tzinfo=UTC) == MIDNIGHT


# Turns

SETTINGS = settings_of(DAY)
(NEW,) = decide(observed_of(visit("A")), SETTINGS, START)
BLOCKER = Blocker(
    "telnyx", "", SENDER, "US", "", "40333", known=True, elsewhere=False, keys=("x",), since=START, attempts=1,
    next_try_at=START, error="refused", tried="",
)  # fmt: skip


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_only_a_new_message_is_tried(kind):
    """That the blocker stops, from its next try on; and with a text."""
    decision = evolve(NEW, kind=kind)
    found = candidate(decision, [BLOCKER], SETTINGS, START)
    assert found == (Candidate(BLOCKER, turn_of(NEW.start_at, NEW.key)) if kind is ChangeKind.SCHEDULE else None)
    for other in (evolve(decision, reminder=None), evolve(decision, draft=None)):
        assert candidate(other, [BLOCKER], SETTINGS, START) is None
    assert candidate(decision, [], SETTINGS, START) is None
    assert candidate(decision, [BLOCKER], SETTINGS, START - SECOND) is None
    assert candidate(decision, [evolve(BLOCKER, sender=OTHER)], SETTINGS, START) is None
    assert candidate(decision, [evolve(BLOCKER, known=False, keys=(NEW.key,))], SETTINGS, START) is None


@pytest.mark.parametrize(("tried", "chosen"), [("", "a"), ("1", "b"), ("2", "c"), ("3", "a"), ("0", "a"), ("9", "a")])
def test_the_next_turn_after_the_one_tried_last_is_tried(tried, chosen):
    """After the last the first again; for each blocker one."""
    blocker, second = evolve(BLOCKER, tried=tried), evolve(BLOCKER, code="other")
    turns = {"c": Candidate(blocker, "3"), "b": Candidate(blocker, "2"), "a": Candidate(blocker, "1")}
    assert probes(turns) == {blocker.name: chosen}
    both = probes({**turns, "z": Candidate(second, "5"), "y": Candidate(second, "6")})
    assert both == {blocker.name: chosen, second.name: "z"}
    assert probes({}) == {}


def test_who_is_not_chosen_waits():
    """What nothing stops goes on."""
    waits = evolve(NEW, key="waits")
    kept = evolve(NEW, key="kept", kind=ChangeKind.KEEP)
    turns = Turns({BLOCKER.name: NEW.key})
    found = turns.take([[NEW, waits, kept]], [BLOCKER], SETTINGS, START)
    assert found == ([[NEW, waits.waiting_for(BLOCKER), kept]], {BLOCKER.name})
    assert Turns().take([[NEW]], [BLOCKER], SETTINGS, START - SECOND) == ([[NEW]], frozenset())
