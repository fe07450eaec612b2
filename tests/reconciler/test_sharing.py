"""Sharing: who has to do with whom for a number, over whole days, and nobody on a day that is busy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.model.records import Identity, Sharing
from reminder_kit.planning import busy_days
from reminder_kit.planning.busy_days import BusyDays
from reminder_kit.reconciler.sharing import Nearby, Sharers, groups_of
from tests.factories import DAY, EVENING, NUMBER, settings_of

MONDAY = datetime(2026, 2, 9, 15, tzinfo=UTC)
OTHER = "+12025550177"
TOGETHER = settings_of(EVENING)


class Shelf:
    """A reader that knows who shares a number, and counts how often it is asked."""

    def __init__(self, *sharing):
        self.sharing = sharing
        self.asked = []

    def sharing_number(self, ranges):
        self.asked.append(list(ranges))
        return [one for one in self.sharing if any(n == one.number and a <= one.start_at <= z for n, a, z in ranges)]


def of(row, start_at=MONDAY, number=NUMBER, *, stands=True, settled=True):
    return Sharing(row, Identity("default", f"A-{row}"), number, start_at, stands, settled)


def later(hours, start_at=MONDAY):
    return start_at + timedelta(hours=hours)


def visits_of(shelf):
    """Return, by row, the numbers and starts of appointments, as a ledger tells them."""
    found = {}
    for one in shelf.sharing:
        found.setdefault(one.row, []).append(one.visit)
    return found


def groups(shelf, *rows, settings=TOGETHER):
    visits = visits_of(shelf)
    found = groups_of(shelf, rows, {row: visits[row] for row in rows}, settings)
    return [sorted(group) for group in found]


@pytest.fixture
def busy_from_three(monkeypatch):
    monkeypatch.setattr(busy_days, "MOST", 2)


def test_near_is_within_what_one_day_may_be_apart():
    """Two starts of one date lie at most 51 hours apart, between zones and where clocks change."""
    near = Nearby([(NUMBER, MONDAY)])
    assert (NUMBER, later(51)) in near
    assert (NUMBER, later(-51)) in near
    assert (NUMBER, later(52)) not in near
    assert (OTHER, MONDAY) not in near


def test_a_group_is_all_that_share_a_number_in_reach():
    """Each has its own group, and those of the same number on other days, or of other numbers, are in none."""
    shelf = Shelf(of(1), of(2, later(3)), of(3, later(300)), of(4, later(3), OTHER))
    assert groups(shelf, 1, 3, 4) == [[1, 2], [3], [4]]


def test_who_has_two_numbers_is_with_both():
    """An appointment for two people is claimed with what either of them has."""
    shelf = Shelf(of(1), of(1, number=OTHER), of(2, later(3)), of(3, later(4), OTHER))
    assert groups(shelf, 1) == [[1, 2, 3]]


def test_an_earlier_start_counts_until_it_is_worked_on():
    """One that moved is with those of its old day too: what it was told with is to be told apart."""
    moved = [of(1, stands=False, settled=False), of(1, later(300), settled=False)]
    shelf = Shelf(*moved, of(2, later(3)), of(3, later(301)))
    assert groups(shelf, 1) == [[1, 2, 3]]


def test_without_rules_for_several_only_records_of_one_visit_are_together():
    """Then nothing but the words of another record of the very visit matters."""
    shelf = Shelf(of(1), of(2), of(3, later(1)))
    assert groups(shelf, 1, settings=settings_of(DAY)) == [[1, 2]]
    assert groups(shelf, 1, settings=settings_of(DAY, max_per_day=2)) == [[1, 2, 3]]


@pytest.mark.usefixtures("busy_from_three")
def test_on_a_day_that_stays_busy_nobody_is_with_another():
    """Without the one that is worked on there are too many as well; another record of its visit is with it still."""
    shelf = Shelf(of(1, settled=False), of(2, later(1)), of(3, later(2)), of(4, later(3)), of(5))
    assert groups(shelf, 1, 2) == [[1, 5], [2]]


@pytest.mark.usefixtures("busy_from_three")
def test_who_makes_a_day_busy_is_with_those_that_were_told_together():
    """They are told apart from now on; one that is to be worked on anyway comes to that by itself."""
    shelf = Shelf(of(1, settled=False), of(2, later(1)), of(3, later(2)), of(4, later(3), settled=False))
    assert groups(shelf, 1) == [[1, 2, 3]]


@pytest.mark.usefixtures("busy_from_three")
def test_who_leaves_a_busy_day_is_with_those_that_are_told_together_now():
    """Two are left of three: they are decided again."""
    left = of(1, stands=False, settled=False)
    assert groups(Shelf(left, of(2, later(1)), of(3, later(2))), 1) == [[1, 2, 3]]


def test_a_snapshot_is_asked_once():
    """What was found for a day, or that nothing was, is not asked for again; only what it will be called is told."""
    shelf = Shelf(of(1), of(2, later(3)))
    sharers = Sharers(shelf, TOGETHER, {Identity("default", "A-1"): Identity("default", "new")})
    around = sharers.around([(NUMBER, MONDAY)])
    assert sharers.around([(NUMBER, later(3))]).days.keys() == around.days.keys()
    assert len(shelf.asked) == 1
    assert around.identities({1}) == {Identity("default", "new")}
    assert not BusyDays(around.calendar, around.standing()).is_busy((NUMBER, MONDAY.date()))


def test_no_number_is_asked_about_that_can_not_be_one():
    """What is no number has nothing to do with anybody."""
    shelf = Shelf()
    assert not Sharers(shelf, TOGETHER).around([("nonsense", MONDAY)]).days
    assert shelf.asked == []
