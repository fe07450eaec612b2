"""What a process knows of a provider that was left alone by another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.errors import TransientError
from tests.factories import START

MINUTE = timedelta(minutes=1)


@pytest.fixture
def route(make_kit):
    return make_kit()._executor.route


@pytest.mark.parametrize(
    ("until", "answered", "left_alone"),
    [(MINUTE, False, True), (MINUTE, True, True), (-MINUTE, False, True), (-MINUTE, True, False)],
    ids=["lasts", "lasts, answered before", "over", "over, answered since"],
)
def test_an_outage_that_is_over_says_nothing_to_who_was_answered(route, until, answered, left_alone):
    """Until then nobody asks; who was never answered lets one request go first; who was asks as ever."""
    if answered:
        route.breaker.answered()
    noted = {"until": (START + until).isoformat(), "cause": "503"}
    route.recall({route.outage: (START, noted)}, START)
    assert route.breaker.open_until == (START + until if left_alone else None)
    if until > timedelta(0):
        with pytest.raises(TransientError, match="it does not answer: 503"):
            route.check(START)
    else:
        route.check(START)


@pytest.mark.parametrize(("until", "asked"), [(MINUTE, timedelta(0)), (-MINUTE, -MINUTE)], ids=["lasts", "over"])
def test_a_person_has_it_asked_at_once(make_kit, until, asked):
    """`retry` waits for no minute to be over."""
    executor = make_kit()._executor
    executor.route.breaker.open(START + until, TransientError("503"))
    assert executor.start_asking(START) == [executor.route.outage]
    assert executor.route.breaker.open_until == START + asked
    executor.route.check(START)
