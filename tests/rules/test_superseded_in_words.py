"""Of reminders that would arrive together the one that stays: at each distance, for each occasion, in which words."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve

from reminder_kit.model.reasons import Reason
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.reminders import Detour, reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.superseding import is_moved, supersede
from tests.factories import visit

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
VISIT = visit("A-1", 9)
AT = VISIT.start_at - timedelta(hours=5)
DAY, HOUR = Rule("day", before="1 day", text="Hi"), Rule("hour", before="1 hour", text="Hi")


def one(rule, **changes):
    (found,) = reminders_of(VISIT, [rule], Defaults())
    return evolve(found, **changes)


def sent(rule, at, reason=Reason.CLAMPED_LATE, **changes):
    return one(rule, **changes), Placement(PlacementDecision.SEND, reason, at, steps=(("first",),))


def reasons(pairs, parked=None):
    return [placement.reason.value for _, placement in supersede(pairs, parked or {})]


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_what_is_late_or_beside_quiet_hours_is_moved(reason):
    """Nothing else is."""
    found = is_moved(Placement(PlacementDecision.SEND, reason, AT))
    assert found is (reason in ("clamped_late", "shifted_quiet_hours"))


GAPS = [timedelta(0), 14 * MINUTE, 15 * MINUTE - SECOND, 15 * MINUTE, 16 * MINUTE]


@pytest.mark.parametrize(
    ("gap", "moved", "first"), list(product(GAPS, ("clamped_late", "shifted_quiet_hours"), (True, False)))
)
def test_near_to_one_at_its_own_time_a_moved_one_says_nothing_new(gap, moved, first):
    """Nearer than a quarter of an hour; also after one of a rule nearer to the start, however long."""
    far, near = sent(DAY, AT, Reason(moved)), sent(HOUR, AT + (-gap if first else gap), Reason.ON_TIME)
    superseded = gap < 15 * MINUTE or first
    assert reasons([far, near]) == ["superseded" if superseded else moved, "on_time"]
    away = sent(HOUR, AT, Reason(moved)), sent(DAY, AT + (-gap if first else gap), Reason.ON_TIME)
    assert reasons(away) == ["superseded" if gap < 15 * MINUTE else moved, "on_time"]


def test_the_way_to_it_is_told_to_its_end():
    """At what time the other goes out; or which rule still comes."""
    (_, skipped), _ = supersede([sent(DAY, AT), sent(HOUR, AT + MINUTE, Reason.ON_TIME)])
    assert (skipped.decision, skipped.send_at, skipped.park_at) == ("skip", None, None)
    assert skipped.trail == ("first", "another reminder of this appointment goes out at 2026-02-12T09:01:00Z")
    patient = DAY.derived("day", if_late="next rule")
    for decision, given_way in (("send_at", True), ("hold", True), ("skip", False)):
        follower = one(HOUR), Placement(PlacementDecision(decision), Reason.BEYOND_WINDOW)
        (_, found), _ = supersede([sent(patient, AT), follower])
        assert found.reason == ("superseded" if given_way else "clamped_late")
        assert not given_way or found.trail[-1] == "if_late is next rule: rule hour still comes"


def test_a_rule_gives_way_only_when_it_is_late_and_says_so_and_a_nearer_one_comes():
    """Beside quiet hours it is not late; a rule further away, or of somebody else, is none."""
    patient = DAY.derived("day", if_late="next rule")
    later = AT + 60 * MINUTE
    assert reasons([sent(patient, AT), sent(HOUR, later, Reason.ON_TIME)]) == ["superseded", "on_time"]
    assert reasons([sent(DAY, AT), sent(HOUR, later, Reason.ON_TIME)]) == ["clamped_late", "on_time"]
    shifted = Reason.SHIFTED_QUIET_HOURS
    assert reasons([sent(patient, AT, shifted), sent(HOUR, later, Reason.ON_TIME)]) == [shifted, "on_time"]
    nearer = HOUR.derived("hour", if_late="next rule")
    assert reasons([sent(nearer, AT), sent(DAY, later, Reason.ON_TIME)]) == ["clamped_late", "on_time"]
    stranger = sent(HOUR, later, Reason.ON_TIME, detour=Detour("email", "eve@x.example"))
    assert reasons([sent(patient, AT), stranger]) == ["clamped_late", "on_time"]


OCCASIONS = [
    HOUR,
    Rule("hour", after="1 hour", text="Hi"),
    Rule("hour", after_booking="1 hour", text="Hi"),
    Rule("hour", after_change="1 hour", text="Hi"),
    Rule("hour", on="2026-02-12T09:00:00Z", text="Hi"),
]


@pytest.mark.parametrize("other", OCCASIONS, ids=["before", "after", "booking", "change", "on"])
def test_only_what_speaks_of_one_occasion_supersedes(other):
    """What comes after, and what is said of a booking or a change, says something else."""
    same = other.goes_back
    assert reasons([sent(DAY, AT), sent(other, AT, Reason.ON_TIME)])[0] == ("superseded" if same else "clamped_late")
    own = other.derived("other")
    found = reasons([sent(own, AT), sent(other, AT, Reason.ON_TIME)])
    assert found[0] == "superseded"


def test_what_is_parked_always_wins():
    """By its send time, whatever its own placement says."""
    far, near = sent(DAY, AT), sent(HOUR, AT + 60 * MINUTE)
    assert reasons([far, near]) == ["clamped_late", "clamped_late"]
    assert reasons([far, near], {far[0].key: AT + 50 * MINUTE}) == ["clamped_late", "superseded"]
    assert reasons([far, near], {near[0].key: AT + 5 * MINUTE}) == ["superseded", "clamped_late"]
    held = one(HOUR), Placement(PlacementDecision.HOLD, Reason.BEYOND_WINDOW, None, AT)
    assert reasons([far, held]) == ["clamped_late", "beyond_window"]
    assert reasons([far, held], {held[0].key: AT}) == ["superseded", "beyond_window"]


def test_of_several_moved_ones_the_nearest_to_the_start_stays():
    """Of rules at one distance the first by name; what is superseded supersedes nothing."""
    pairs = [sent(DAY, AT), sent(HOUR, AT + MINUTE), sent(Rule("b", before="1 hour", text="Hi"), AT)]
    assert reasons(pairs) == ["superseded", "superseded", "clamped_late"]
    assert reasons(pairs[::-1]) == ["clamped_late", "superseded", "superseded"]
    untouched = [sent(DAY, AT, Reason.ON_TIME), sent(HOUR, AT, Reason.ON_TIME)]
    assert supersede(untouched) == untouched
