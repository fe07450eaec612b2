"""The life cycle of a message: every step of ours is in the table, and a provider's never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.errors import IllegalTransitionError
from reminder_kit.model.lifecycle import OUR_STEPS, OVER, SENT, State, after_provider_said, step

states = st.sampled_from(list(State))


@given(states, states)
def test_a_step_of_ours_outside_the_table_raises(now, then):
    """`step` allows what `OUR_STEPS` lists, and names both states of all else."""
    if then in OUR_STEPS.get(now, ()):
        assert step(now, then) is then
    else:
        with pytest.raises(IllegalTransitionError, match=f"{now} cannot be made {then}"):
            step(now, then)


@given(states, states)
def test_what_a_provider_says_never_leads_back(now, then):
    """What a provider says never raises and never leads back from an end."""
    after, _ = after_provider_said(now, then)
    assert after in {now, then}
    if now in {State.DELIVERED, State.UNDELIVERED}:
        assert after is now


@pytest.mark.parametrize("now", [State.CREATING, State.UNKNOWN], ids=str)
def test_a_webhook_can_settle_what_was_never_confirmed(now):
    """News of a message whose answer was lost is taken, and is no anomaly."""
    assert after_provider_said(now, State.SENT) == (State.SENT, True)


def test_b54_sent_after_cancelled_is_stored_and_is_an_anomaly():
    """A cancelled message that went out all the same counts as sent, and the host is to hear of it."""
    assert after_provider_said(State.CANCELLED, State.SENT) == (State.SENT, False)


def test_a_repetition_is_no_anomaly():
    """News that comes twice or late changes no state and is in turn."""
    assert after_provider_said(State.DELIVERED, State.SENT) == (State.DELIVERED, True)
    assert after_provider_said(State.SENT, State.SENT) == (State.SENT, True)


def test_whatever_is_over_needs_nothing_of_us():
    """Ends are among `OVER`, and a message too late to cancel counts as sent."""
    assert {State.CANCELLED, State.DELIVERED, State.REJECTED, State.ABANDONED} <= OVER
    assert State.TOO_LATE in SENT


def test_that_it_was_withdrawn_may_be_said_before_our_request_is_answered():
    """Another process may be told while the one that withdraws waits: that is in turn, and left to the answer."""
    assert after_provider_said(State.CANCELLING, State.CANCELLED) == (State.CANCELLING, True)
    assert after_provider_said(State.CREATING, State.CANCELLED) == (State.CREATING, False)
