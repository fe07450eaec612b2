"""A clock that is off the provider's costs a few minutes' lead, and no reminder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.delivery.retry import ClockSkew
from reminder_kit.ports import Response
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.rules.window import Window
from tests.factories import ACCOUNT, SERVICE

RULE = [Rule("day-before", before="24 hours", text="See you {{ when }}")]


def kit_off_by(make_kit, sandbox, seconds, **options):
    return make_kit(RULE, clock=lambda: sandbox.clock() + timedelta(seconds=seconds), **options)


@pytest.mark.parametrize("seconds", [-600, -120, -45, -20, 20, 45, 120, 600])
def test_a_late_reminder_is_parked_whichever_clock_is_ahead(make_kit, sandbox, appointment, seconds):
    kit = kit_off_by(make_kit, sandbox, seconds)
    report = kit.sync(appointment(days=0, hours=3))
    assert report.ok
    (held,) = sandbox.parked()
    assert timedelta(minutes=5) <= held.send_at - sandbox.now() <= timedelta(minutes=5, seconds=40 + 2 * abs(seconds))
    assert kit.sync(appointment(days=0, hours=3)).summary["keep"] == 1


@pytest.mark.parametrize("seconds", [-120, 120])
def test_what_is_due_at_the_far_edge_is_held_and_parked_in_time(make_kit, sandbox, appointment, seconds):
    kit = kit_off_by(make_kit, sandbox, seconds)
    visit = appointment(days=6)
    visit = evolve(visit, starts_at=visit.starts_at + timedelta(seconds=seconds - 40), ends_at=None)
    assert kit.sync(visit).ok
    sandbox.clock.advance(minutes=10)
    assert kit.resync().ok
    assert len(sandbox.parked()) == 1


def test_what_is_refused_for_another_reason_stays_refused(make_kit, sandbox, appointment):
    kit = kit_off_by(make_kit, sandbox, -120)
    sandbox.fault("error", times=None, method="POST", status=400, code="40302")
    assert [change.reason for change in kit.sync(appointment()).changes] == ["quarantined"]
    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(0, 0), (30, 0), (31, 31), (-31, 31), (900, 900), (901, 0), (-86400, 0)]
)
def test_half_a_minute_of_skew_is_allowed_for(seconds, allowed):
    """From half a minute on it is allowed for and another clock is none."""
    assert ClockSkew(timedelta(seconds=seconds)).allowance == timedelta(seconds=allowed)


@pytest.mark.parametrize("minutes", [3, 6, 14, 20, 60, -20], ids="{} min ahead".format)
@pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
def test_a_lost_message_is_found_whatever_the_clocks_say(make_kit, sandbox, appointment, minutes, policy):
    """Twilio's list names the hour of Twilio's clock: no second text is made of what is there."""
    kit = kit_off_by(make_kit, sandbox, 60 * minutes, provider=Twilio(ACCOUNT, "KEY", SERVICE), unknown_outcome=policy)
    sandbox.fault("drop_after", times=1, method="POST")
    kit.sync(appointment())
    for _ in range(4):
        sandbox.clock.advance(minutes=5)
        kit.resync()
    assert len(sandbox.parked()) == 1
    assert kit.status()["messages"] == {"scheduled": 1}


@pytest.mark.parametrize(
    ("ahead", "is_known", "is_close"),
    [(0, False, False), (0, True, True), (30, True, True), (-30, True, True), (31, True, False), (5000, True, False)],
)
def test_clocks_agree_only_where_that_was_measured(ahead, is_known, is_close):
    """Within half a minute."""
    assert ClockSkew(timedelta(seconds=ahead), is_known).is_close is is_close


def test_an_answer_without_a_date_leaves_it_as_it_was(sandbox):
    skew = ClockSkew(timedelta(minutes=1))
    skew.note(Response(200, {}, b""), sandbox.now())
    skew.note(Response(200, {"date": "yesterday"}, b""), sandbox.now())
    assert skew.ahead == timedelta(minutes=1)
    window = Window(timedelta(minutes=5), timedelta(days=5), timedelta(minutes=1))
    assert skew.explains(sandbox.now() + timedelta(minutes=5, seconds=30), window, sandbox.now())
    assert not skew.explains(sandbox.now() + timedelta(minutes=7), window, sandbox.now())
