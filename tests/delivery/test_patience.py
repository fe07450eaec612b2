"""Patience with a provider: how often one request is sent in a run, when the provider is left alone, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.delivery.retry import CircuitBreaker, ClockSkew, Tries, is_left_alone
from reminder_kit.errors import (
    AccountRefusedError,
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    OptedOutError,
    ProviderError,
    QueueFullError,
    RateLimitedError,
    RefusedCredentialError,
    RejectedError,
    SenderRefusedError,
    TooLateToCancelError,
    TransientError,
    UnknownOutcomeError,
    UnknownRefusalError,
)
from reminder_kit.ports import Response
from tests.factories import START, WINDOW

FAILURES = [TransientError, QueueFullError, MistimedError, UnknownOutcomeError, ProviderError, MessageNotFoundError]
FOR_GOOD = [
    RejectedError,
    OptedOutError,
    InvalidNumberError,
    AccountRefusedError,
    SenderRefusedError,
    RefusedCredentialError,
    UnknownRefusalError,
]
ANSWERS = [
    AccountRefusedError,
    SenderRefusedError,
    MessageNotFoundError,
    MistimedError,
    QueueFullError,
    RateLimitedError,
    RejectedError,
    OptedOutError,
    TooLateToCancelError,
    UnknownRefusalError,
]
SILENCE = [TransientError, UnknownOutcomeError, ProviderError]
MINUTE = timedelta(minutes=1)


def named(kind):
    return kind.__name__


def waits(tries, error, most=30):
    """Return the waits after one and the same error, until it is given up."""
    found = []
    while (delay := tries.delay_after(error)) is not None and len(found) < most:
        found.append(delay)
    return found


def failed(times, error=None, now=START):
    """Return a breaker after so many failures."""
    breaker = CircuitBreaker()
    for number in range(times):
        breaker.failed(error or TransientError(f"failure {number}"), now)
    return breaker


@pytest.mark.parametrize("kind", FAILURES, ids=named)
def test_a_failed_request_is_sent_three_times(kind):
    """A quarter of a second and a second lie between; whatever it was."""
    tries = Tries()
    assert waits(tries, kind("no")) == [0.25, 1.0]
    assert (tries.failures, tries.refusals, tries.waited) == (3, 0, 0.0)


@pytest.mark.parametrize("kind", FOR_GOOD, ids=named)
def test_a_refusal_is_not_repeated(kind):
    """The same request would be refused again."""
    tries = Tries()
    assert waits(tries, kind("no")) == []
    assert tries.failures == 1


def test_a_refusal_for_the_rate_waits_a_second_and_doubles():
    """Five waits of 31 seconds in all; the sixth would be longer than half a minute."""
    tries = Tries()
    assert waits(tries, RateLimitedError("slow down")) == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert (tries.failures, tries.refusals) == (0, 6)


@pytest.mark.parametrize(
    ("seconds", "times"),
    [(0.0, 10), (0.5, 10), (6.0, 10), (6.5, 9), (20.0, 3), (30.0, 2), (30.1, 0), (61.0, 0)],
    ids=str,
)
def test_the_time_that_a_provider_names_is_kept_to(seconds, times):
    """Ten times, half a minute at a time, and a minute in all, at the most: who waits for the run is not held up."""
    assert waits(Tries(), RateLimitedError("slow down", retry_after=seconds)) == [seconds] * times


@pytest.mark.parametrize(
    ("error", "looks"),
    [
        (UnknownOutcomeError("no answer"), [True, True, True]),
        (TooLateToCancelError("no"), [True, True, True]),
        (TransientError("unreadable", status=204), [True, True, True]),
        (TransientError("down", status=503), [False, False, True]),
        (TransientError("not sent"), [False, False, False]),
        (RateLimitedError("slow down", status=429), [False, False, False]),
    ],
    ids=["no answer", "refused", "success", "failure", "not sent", "rate"],
)
def test_what_may_have_been_done_is_looked_at(error, looks):
    """At once, or after the last of three tries; what certainly did nothing is not."""
    tries, found = Tries(), []
    for _ in range(3):
        found.append(tries.calls_for_a_look(error))
        tries.delay_after(error)
    assert found == looks


def test_refusals_for_the_rate_are_no_tries():
    """Between them a request still has its three."""
    tries, limited, error = Tries(), RateLimitedError("slow down", retry_after=1.0), TransientError("no")
    found = [tries.delay_after(one) for one in (limited, error, limited, error, limited, error)]
    assert found == [1.0, 0.25, 1.0, 1.0, 1.0, None]


def test_ten_failures_in_a_row_leave_a_provider_alone():
    """For a minute from the tenth on, and the last of them is named."""
    breaker = failed(9)
    breaker.check(START)
    assert (breaker.open_until, breaker.cause) == (None, None)
    breaker.failed(TransientError("the tenth"), START)
    assert breaker.open_until == START + MINUTE
    with pytest.raises(TransientError) as caught:
        breaker.check(START + MINUTE - timedelta(seconds=1))
    assert str(caught.value) == "not asked, since it does not answer: the tenth"
    assert is_left_alone(caught.value)
    breaker.check(START + MINUTE)


@pytest.mark.parametrize("kind", ANSWERS, ids=named)
def test_who_answers_works(kind):
    """Whatever the answer is, it is none of the ten, and ends them."""
    breaker = failed(9)
    breaker.failed(kind("an answer"), START)
    assert (breaker.failures, breaker.was_answered) == (0, True)
    assert failed(20, kind("an answer")).open_until is None


@pytest.mark.parametrize("kind", SILENCE, ids=named)
def test_silence_counts(kind):
    """An answer nobody could read is one too few as well."""
    breaker = failed(0)
    for number in range(10):
        breaker.failed(kind(f"{number}"), START)
    assert (breaker.failures, breaker.open_until) == (10, START + MINUTE)


def test_a_refused_credential_leaves_it_alone_at_once():
    """The refusal itself is raised, until the minute is over."""
    refusal = RefusedCredentialError("the key is not accepted", code="10009")
    breaker = failed(1, refusal)
    assert (breaker.failures, breaker.open_until) == (1, START + MINUTE)
    with pytest.raises(RefusedCredentialError) as caught:
        breaker.check(START)
    assert caught.value is refusal
    assert not is_left_alone(refusal)
    breaker.failed(refusal, START + timedelta(seconds=30))
    assert (breaker.failures, breaker.open_until) == (1, START + MINUTE)


def test_what_was_not_asked_is_no_failure():
    """It neither prolongs the minute, nor takes the place of its cause."""
    breaker = failed(10)
    with pytest.raises(TransientError) as caught:
        breaker.check(START)
    breaker.failed(caught.value, START + timedelta(seconds=30))
    assert (breaker.failures, breaker.open_until, str(breaker.cause)) == (10, START + MINUTE, "failure 9")


def test_one_request_goes_first_after_the_minute():
    """The others wait for its answer, a minute at the most."""
    breaker, over = failed(10), START + MINUTE
    with pytest.raises(TransientError):
        breaker.admit(over - timedelta(seconds=1))
    breaker.admit(over)
    assert breaker.open_until == over + MINUTE
    with pytest.raises(TransientError):
        breaker.admit(over + timedelta(seconds=59))
    breaker.admit(over + MINUTE)
    breaker.answered()
    assert (breaker.failures, breaker.open_until, breaker.cause, breaker.was_answered) == (0, None, None, True)
    breaker.admit(over)
    assert breaker.open_until is None


def test_one_failure_after_the_minute_begins_another():
    """What was ten failures in a row is eleven now."""
    breaker = failed(10)
    breaker.admit(START + MINUTE)
    breaker.failed(TransientError("still"), START + MINUTE + timedelta(seconds=5))
    assert (breaker.failures, breaker.open_until) == (11, START + timedelta(seconds=125))
    assert str(breaker.cause) == "still"


def test_what_another_process_found_out_counts_as_found_out_here():
    """It is left alone until then, and one failure after that is enough."""
    breaker, cause = CircuitBreaker(), TransientError("503")
    breaker.answered()
    breaker.open(START + MINUTE, cause)
    assert (breaker.failures, breaker.open_until, breaker.cause) == (10, START + MINUTE, cause)
    assert not breaker.was_answered
    breaker.failed(TransientError("504"), START + 2 * MINUTE)
    assert breaker.open_until == START + 3 * MINUTE
    assert not breaker.was_answered


@pytest.mark.parametrize("seconds", [-40, 0, 75])
def test_the_date_of_an_answer_tells_how_far_ahead_its_clock_is(seconds):
    """Behind counts as less than nothing."""
    skew, there = ClockSkew(), START + timedelta(seconds=seconds)
    skew.note(Response(200, {"date": f"{there:%a, %d %b %Y %H:%M:%S} GMT"}, b""), START)
    assert skew.ahead == timedelta(seconds=seconds)


@pytest.mark.parametrize("ahead", [-120, -31, -30, 0, 30, 31, 120], ids=str)
@pytest.mark.parametrize(
    "lead", [240, 299, 300, 301, 330, 419, 420, 421, 5 * 86400 - 121, 5 * 86400 - 120, 5 * 86400, 5 * 86400 + 119,
             5 * 86400 + 120, 5 * 86400 + 121], ids=str,
)  # fmt: skip
def test_a_clock_explains_what_its_window_would_not_take(ahead, lead):
    """A time is five minutes to five days ahead of the provider's clock, edges included, or it is not taken."""
    there = datetime.fromtimestamp(START.timestamp() + ahead, UTC)
    taken = 300 <= (START + timedelta(seconds=lead) - there).total_seconds() <= 432000
    explained = ClockSkew(timedelta(seconds=ahead)).explains(START + timedelta(seconds=lead), WINDOW, START)
    assert explained is (abs(ahead) > 30 and not taken)
