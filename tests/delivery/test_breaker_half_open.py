"""The circuit breaker: open for all who share the ledger, half-open for one request, closed by any answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.delivery.retry import CircuitBreaker, is_left_alone
from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from tests.factories import START, visit

LATER = START + timedelta(seconds=60)


def broken():
    """Return a breaker that has just opened, at START."""
    breaker = CircuitBreaker()
    for _ in range(10):
        breaker.failed(UnknownOutcomeError("no answer"), START)
    return breaker


def people(count):
    return [visit(f"A-{n:02}", day=3, minute=n, phone=f"+120255501{n + 1:02}") for n in range(count)]


def posts(sandbox):
    made = sum(request.method == "POST" for request in sandbox.requests)
    sandbox.requests.clear()
    return made


@pytest.mark.parametrize("ahead", [timedelta(minutes=2), timedelta(minutes=2, seconds=1)], ids=["2 min", "longer"])
def test_what_a_clock_opened_that_was_ahead_is_over(ahead):
    """The next request finds out whether the provider answers."""
    breaker = CircuitBreaker()
    breaker.open(START + ahead, TransientError("down"))
    if ahead <= timedelta(minutes=2):
        with pytest.raises(TransientError):
            breaker.admit(START)
    else:
        breaker.admit(START)
        assert breaker.open_until == START + timedelta(minutes=1)


def test_while_it_is_open_nothing_is_admitted():
    """The error says that nobody was asked, and why."""
    with pytest.raises(TransientError, match="not asked, since it does not answer: no answer") as caught:
        broken().admit(LATER - timedelta(seconds=1))
    assert is_left_alone(caught.value)


def test_after_a_minute_one_request_is_let_through():
    """And no other one before its answer, or before another minute is over."""
    breaker = broken()
    breaker.admit(LATER)
    with pytest.raises(TransientError):
        breaker.admit(LATER)
    breaker.admit(LATER + timedelta(seconds=60))


def test_a_probe_without_an_answer_opens_it_for_another_minute():
    """One failure is enough: the ten were counted already."""
    breaker = broken()
    breaker.admit(LATER)
    breaker.failed(UnknownOutcomeError("still no answer"), LATER)
    with pytest.raises(TransientError, match="still no answer"):
        breaker.admit(LATER + timedelta(seconds=59))


@pytest.mark.parametrize(
    "error",
    [
        AccountRefusedError,
        InvalidNumberError,
        MessageNotFoundError,
        MistimedError,
        QueueFullError,
        RateLimitedError,
        TooLateToCancelError,
        UnknownRefusalError,
    ],
)
def test_a_refusal_is_an_answer(error):
    """Whoever says no works: the breaker is closed, and failures count from none."""
    breaker = broken()
    breaker.failed(error("no"), LATER)
    breaker.admit(LATER)
    assert (breaker.failures, breaker.open_until) == (0, None)


def test_a_refused_credential_opens_it_at_once():
    """It is an answer that nothing else will be taken either."""
    breaker = CircuitBreaker()
    breaker.failed(RefusedCredentialError("no"), START)
    with pytest.raises(RefusedCredentialError):
        breaker.admit(START)


def test_in_an_outage_one_request_goes_in_a_run(make_kit, sandbox):
    """Of sixty reminders ten failures open it; each later run asks once, and the first answer lets all through."""
    kit = make_kit(concurrency=1)
    sandbox.fault("503", times=None)
    kit.sync(people(60))
    assert posts(sandbox) <= 12
    for _ in range(5):
        sandbox.clock.advance(minutes=6)
        kit.resync()
        assert posts(sandbox) == 1
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert len(sandbox.parked()) == 60


def test_another_process_is_told_that_it_is_down(make_kit, sandbox, tmp_path):
    """A second kit on the same ledger posts nothing while the first one found the provider silent a moment ago."""
    first, second = make_kit(concurrency=1), make_kit(concurrency=1)
    sandbox.fault("503", times=None)
    first.sync(people(30))
    posts(sandbox)
    report = second.sync(visit("B-1", day=3, phone="+12025550190"))
    assert (posts(sandbox), report.ok) == (0, False)
    assert "not asked" in report.changes[0].error
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert second.resync().ok
    assert first.resync().ok
    assert len(sandbox.parked()) == 31


def test_messages_in_doubt_ask_for_a_sign_of_life_by_one_request(make_kit, sandbox):
    """Where nothing can be repeated, not every message asks: after ten silences the provider is left alone."""
    from reminder_kit.providers.telnyx.provider import Telnyx

    kit = make_kit(concurrency=1, provider=Telnyx("KEY", "+12025550100", endpoint="schedule"))
    appointments = people(30)
    for number in range(3):  # nine failures each, with an answer between
        sandbox.fault("503", times=9, method="POST")
        sandbox.fault("503", times=None, method="GET")
        kit.sync(appointments[number * 10 : number * 10 + 9])
        sandbox.faults.clear()
        kit.sync(appointments[number * 10 + 9])
    sandbox.fault("503", times=None)
    sandbox.clock.advance(minutes=6)
    sandbox.requests.clear()
    kit.resync()
    assert len(sandbox.requests) <= 11
    sandbox.requests.clear()
    sandbox.clock.advance(minutes=6)
    kit.resync()
    assert len(sandbox.requests) == 1
