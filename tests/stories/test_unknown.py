"""What can't be known: a lost answer that can't be repeated follows the policy, and is named until the start."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import NUMBER, START, visit


@pytest.fixture
def keyless():
    """Telnyx' other endpoint, which takes no idempotency key."""
    return Telnyx(api_key="KEY", from_="+12025550100", endpoint="schedule")


@pytest.mark.parametrize(("policy", "messages"), [("prefer_duplicate", 2), ("prefer_missing", 1)])
def test_an_answer_lost_without_a_key_follows_the_policy(make_kit, sandbox, appointment, keyless, policy, messages):
    """A lost answer without a key is unknown: the policy decides whether it is sent once more."""
    kit = make_kit(provider=keyless, unknown_outcome=policy)
    sandbox.fault("drop_after", method="POST")
    report = kit.sync(appointment())
    assert not report.ok
    assert [item.outcome for item in report.unknown] == ["unknown"]
    again = kit.resync()
    assert [change.outcome for change in again.changes] == ["unknown"]
    assert len(sandbox.messages()) == messages
    third = kit.resync()
    assert [change.outcome for change in third.changes] == ["unknown"]
    assert len(sandbox.messages()) == messages
    sandbox.clock.advance(days=2, minutes=5)
    assert [change.outcome for change in kit.resync().changes] == ["unknown"]
    sandbox.clock.advance(days=1)
    assert kit.resync().ok


def test_a_provider_that_never_answers_is_sent_no_third_text(make_kit, sandbox, appointment, keyless):
    """`prefer_duplicate` repeats an unknown message once, whatever becomes of the second."""
    kit = make_kit(provider=keyless)
    sandbox.fault("drop_after", times=None, method="POST", containing=NUMBER)
    for _ in range(4):
        kit.sync(appointment())
        kit.resync()
    assert len(sandbox.messages()) == 2


def test_with_a_key_a_lost_answer_is_asked_for_again(make_kit, sandbox, appointment):
    """With a key a lost answer is asked for again and nothing is unknown."""
    kit = make_kit()
    sandbox.fault("drop_after", times=2, method="POST")
    report = kit.sync(appointment())
    assert report.ok
    assert len(sandbox.messages()) == 1


def test_a_key_that_died_makes_it_unknown(make_kit, sandbox, appointment):
    """A lost answer that is asked for again after the key's life is over is unknown."""
    kit = make_kit()
    sandbox.fault("drop_after", times=3, method="POST")
    assert [change.outcome for change in kit.sync(appointment(days=5)).changes] == ["failed"]
    sandbox.clock.advance(hours=25)
    report = kit.resync()
    assert [change.outcome for change in report.changes] == ["unknown"]
    assert len(sandbox.messages()) == 2


def test_what_never_left_is_not_unknown(make_kit, sandbox, appointment, keyless):
    """A message the provider refused for its rate has failed, and is made once in a later run."""
    kit = make_kit(provider=keyless)
    sandbox.fault("429", times=11, method="POST", retry_after=0.01)
    report = kit.sync(appointment())
    assert (report.summary["failed"], report.summary["unknown"]) == (1, 0)
    sandbox.clock.advance(timedelta(minutes=6))
    assert kit.resync().ok
    assert len(sandbox.messages()) == 1


def test_what_is_unknown_is_asked_for_now_where_a_person_wants_to_know(clinic):
    """Without an id the list is asked, and nothing is made anew; the item says when it is asked next."""
    here = clinic("twilio", policy="prefer_missing")
    here.sandbox.fault("drop_after", method="POST")
    here.sandbox.fault("503", times=None, method="GET")
    here.kit.sync(visit("A-1", day=3))
    (item,) = here.run_until(START + timedelta(hours=2), timedelta(minutes=5))[-1].attention
    assert item.kind == "unknown"
    assert START + timedelta(hours=2) < item.next_try_at <= START + timedelta(hours=2, minutes=5)
    here.recover()
    here.sandbox.requests.clear()
    assert here.kit.retry().attention == ()
    assert [request.method for request in here.sandbox.requests] == ["GET"]
    assert len(here.sandbox.parked()) == 1


def test_what_was_answered_with_another_word_is_looked_up_now(clinic):
    """It is parked after all: nobody waits for the next look-up."""
    here = clinic()
    here.sandbox.fault("word", word="queued", method="POST")
    here.sandbox.fault("503", times=None, method="GET")
    (item,) = here.kit.sync(visit("A-1", day=3)).attention
    assert (item.kind, item.next_try_at > here.sandbox.now()) == ("answer", True)
    here.recover()
    here.sandbox.requests.clear()
    assert here.kit.retry().attention == ()
    assert [request.method for request in here.sandbox.requests] == ["GET"]
