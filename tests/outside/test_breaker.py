"""What the breaker refuses by itself must not keep it open, nor hide why it opened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.delivery.retry import CircuitBreaker
from reminder_kit.errors import RefusedCredentialError, TransientError
from tests.factories import START


def refused(breaker, now):
    with pytest.raises(TransientError) as caught:
        breaker.check(now)
    return caught.value


def test_its_own_refusals_count_as_no_failures():
    """A refusal by the open circuit breaker neither prolongs it nor becomes the cause it names."""
    breaker = CircuitBreaker()
    for _ in range(10):
        breaker.failed(TransientError("no connection"), START)
    for second in range(60):
        breaker.failed(refused(breaker, START + timedelta(seconds=second)), START + timedelta(seconds=second))
    assert str(refused(breaker, START + timedelta(seconds=59))) == "not asked, since it does not answer: no connection"
    breaker.check(START + timedelta(seconds=60))


def test_a_refused_credential_is_tried_again_after_a_minute():
    """A refused credential is tried again after a minute however often it was asked for."""
    breaker = CircuitBreaker()
    breaker.failed(RefusedCredentialError("the key"), START)
    for second in range(60):
        with pytest.raises(RefusedCredentialError) as caught:
            breaker.check(START + timedelta(seconds=second))
        breaker.failed(caught.value, START + timedelta(seconds=second))
    breaker.check(START + timedelta(seconds=60))
