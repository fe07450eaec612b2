"""Where reminders go, beside a walk through all minutes: windows, quiet hours, deadlines, lateness and patience."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from reminder_kit.rules.placement import feasible_range, over_at, place, still_allowed
from tests.rules.minute_walk import (
    DAY,
    END,
    FAR,
    HOUR,
    MINUTE,
    NONE,
    NOWS,
    QUIET,
    RULES,
    START,
    WINDOWS,
    Walk,
    edges,
    is_quiet,
    reminder_of,
    told,
    walked,
)


@pytest.mark.few(40)
@pytest.mark.parametrize(
    ("rule", "window", "quiet"),
    list(product(RULES, WINDOWS, QUIET)),
)
def test_a_reminder_goes_where_the_steps_of_the_module_lead(rule, window, quiet):
    """At every instant that makes a difference, also where it replaces one that was withdrawn."""
    one = reminder_of(RULES[rule])
    for now, replaces in product((START + step for step in NOWS), (False, True)):
        found = place(one, now=now, window=WINDOWS[window], quiet=QUIET[quiet], replaces=replaces)
        wanted = Walk(one.rule, one.due_at, WINDOWS[window], QUIET[quiet], now, replaces).found()
        assert told(found) == wanted, (now, replaces)


@pytest.mark.parametrize(("booked", "late"), [(-HOUR, False), (timedelta(0), False), (MINUTE, True)], ids=str)
@pytest.mark.parametrize("name", ["a day before", "before the end", "after"])
def test_what_was_due_before_it_was_booked_is_not_sent_unless_the_rule_says_so(booked, late, name):
    """At the very instant of booking it is; what replaces another is, too."""
    due = reminder_of(RULES[name]).due_at
    one = reminder_of(RULES[name], booked_at=due + booked)
    skipped = late and not one.rule.says_late
    assert place(one, now=due, window=NONE, quiet=None).reason == ("too_late" if skipped else "on_time")
    assert place(one, now=due, window=NONE, quiet=None, replaces=True).reason == "on_time"


@pytest.mark.parametrize("quiet", QUIET)
@pytest.mark.parametrize("rule", RULES)
def test_what_is_parked_may_be_sent_until_its_deadline_and_outside_quiet_hours(rule, quiet):
    """Then it is too late, and past once the appointment is over."""
    one = reminder_of(RULES[rule])
    anchor = END if one.rule.anchor == "end" else START
    last = anchor - (one.rule.min_notice or MINUTE / 60)
    for step in NOWS:
        at = START + step
        if not one.rule.is_follow_up and at > last:
            reason = "past" if at >= END else "too_late"
        else:
            reason = "quiet_hours" if is_quiet(QUIET[quiet], at) else None
        assert still_allowed(at, one, QUIET[quiet]) == reason
    gone = one.due_at + DAY if one.rule.is_follow_up else last + MINUTE / 60
    assert over_at(one) == gone


@pytest.mark.parametrize("quiet", QUIET)
@pytest.mark.parametrize("window", WINDOWS)
def test_the_range_of_a_reminder_has_the_edges_of_its_window(window, quiet):
    """And its deadline, its zone, and whether its due time is quiet."""
    one = reminder_of(RULES["the evening before"])
    found = feasible_range(one, now=START - DAY, window=WINDOWS[window], quiet=QUIET[quiet])
    assert (found.earliest, found.latest) == edges(WINDOWS[window], START - DAY)
    assert (found.deadline, found.zone.key, found.quiet) == (START - MINUTE / 60, "UTC", QUIET[quiet])
    assert found.was_quiet is (quiet in {"night", "always"})
    assert found.notes == ()
    for step in NOWS:
        at = START + step
        free = walked(at, at + FAR, QUIET[quiet], found.deadline)
        assert found.from_then_on(at) == free
        back = walked(at, found.earliest, QUIET[quiet], None) if at >= found.earliest else None
        assert found.up_to(at) == back
