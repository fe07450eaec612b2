"""A message of unknown outcome, or whose answer was lost, on a list of the provider: found, absent, or in doubt."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from attrs import evolve

from reminder_kit.errors import TransientError
from reminder_kit.model.lifecycle import State
from reminder_kit.ports import Receipt
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.transport.blocking import run_blocking
from tests.delivery.desk import Desk
from tests.factories import ACCOUNT, DAY, SERVICE, START, visit

SENT_AT = visit("A-1", day=3).start_at - timedelta(hours=24)
FORGOTTEN = visit("A-1", day=3).start_at + timedelta(hours=24)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
UNKNOWN = {"state": State.UNKNOWN, "provider_id": None, "uncertain": True, "error": "no answer", "attempts": 2}
LOST = {"state": State.CREATING, "provider_id": None, "uncertain": True, "error": "no answer"}


class TwilioDesk(Desk):
    """A desk at Twilio, which lists every message."""

    def told(self, result):
        found = self.kit.ledger.read(lambda reader: reader.find_message(provider="twilio", token=self.before.id))
        self.after, self.result = found.message, result
        return result.status.value, self.after.state.value


@pytest.fixture
def twilio(make_kit, sandbox, monkeypatch):
    """Return a function that makes a desk at Twilio whose list holds these messages, each as name and status."""

    def made(*found, at=START, age=timedelta(hours=1), silent=False, skew=timedelta(0), transport=None, **changes):
        ours = {"clock": lambda: sandbox.clock() - skew, "transport": transport or SandboxTransport(sandbox)}
        here = TwilioDesk(make_kit([DAY], provider=Twilio(ACCOUNT, "KEY", SERVICE), concurrency=1, **ours), sandbox)
        here.asked_for = []

        def parsed(_self, _response, draft, *, token, created_at):
            if silent:
                raise TransientError("the list can't be read")
            here.asked_for.append((draft, token, created_at))
            return tuple(
                Receipt(name, status, certain=certain[0] if certain else True) for name, status, *certain in found
            )

        monkeypatch.setattr(Twilio, "parse_found", parsed)
        here.put(at, **(changes or UNKNOWN))
        here.before = evolve(here.before, **(changes or UNKNOWN), created_at=at - skew - age)
        sandbox.requests.clear()
        return here

    return made


@pytest.mark.parametrize(
    ("status", "state"), [("scheduled", "scheduled"), ("delivered", "delivered"), ("unknown", "sent")]
)
def test_the_one_that_turns_up_is_it(twilio, status, state):
    """By whatever name it has; a word that says nothing says at least that it is there."""
    here = twilio(("SM1", status))
    assert here.settle() == ("done", state)
    assert (here.after.provider_id, here.after.next_try_at, here.after.attempts) == ("SM1", None, 2)
    assert here.asked_for == [(here.before.draft, here.before.id, here.before.created_at)]


@pytest.mark.parametrize(
    ("at", "state"), [(FORGOTTEN - SECOND, "unknown"), (FORGOTTEN, "abandoned")], ids=["a day", "forgotten"]
)
def test_two_that_may_be_it_settle_nothing(twilio, at, state):
    """A day after the start it matters no more."""
    here = twilio(("SM1", "sent"), ("SM2", "sent"), at=at)
    assert here.settle() == ("done", state)
    if state == "unknown":
        assert (here.after.next_try_at, here.after.attempts, here.after.provider_id) == (None, 2, None)


@pytest.mark.parametrize(
    ("age", "skew", "state"),
    [
        (10 * MINUTE, timedelta(0), "rejected"),
        (10 * MINUTE - SECOND, timedelta(0), "unknown"),
        (10 * MINUTE, 31 * SECOND, "unknown"),
        (10 * MINUTE, 30 * SECOND, "rejected"),
    ],
    ids=["listed by now", "not listed yet", "clocks differ", "clocks differ a little"],
)
def test_what_is_not_listed_once_it_must_be_does_not_exist(twilio, age, skew, state):
    """Ten minutes after it was made, where no clock makes it seem older."""
    here = twilio(age=age, skew=skew)
    assert here.settle() == ("done", state)
    if state == "rejected":
        assert (here.after.error, here.after.uncertain, here.after.next_try_at) == ("never sent", False, None)
    else:
        assert (here.after.error, here.after.next_try_at) == ("no answer", None)


@pytest.mark.parametrize("others", [1, 2])
def test_what_may_be_it_is_not_taken_for_it_and_proves_nothing(twilio, others):
    """However long ago it was made."""
    here = twilio(*[(f"SM{number}", "scheduled", False) for number in range(others)])
    assert here.settle() == ("done", "unknown")
    assert (here.after.provider_id, here.after.next_try_at) == (None, None)


def test_the_one_that_is_certain_is_it(twilio):
    """Whatever else may be."""
    here = twilio(("SM1", "scheduled", False), ("SM2", "scheduled"), ("SM3", "scheduled", False))
    assert here.settle() == ("done", "scheduled")
    assert here.after.provider_id == "SM2"


class WithoutDate(SandboxTransport):
    """A provider whose answers do not say when they were given."""

    def handle_request(self, request):
        answer = super().handle_request(request)
        return httpx.Response(answer.status_code, content=answer.read(), headers={"content-type": "application/json"})


def test_while_the_providers_clock_is_not_known_nothing_is_proved_absent(twilio, sandbox):
    """No answer names its time: the message may only seem older than its request."""
    assert twilio(transport=WithoutDate(sandbox)).settle() == ("done", "unknown")


@pytest.mark.parametrize("skew", [20 * MINUTE, -20 * MINUTE, -6 * MINUTE], ids=str)
def test_it_is_looked_for_by_the_providers_clock(twilio, skew):
    """The list's own answer tells how far that is from ours."""
    here = twilio(skew=skew)
    here.settle()
    assert here.asked_for == [(here.before.draft, here.before.id, here.before.created_at + skew)]


@pytest.mark.parametrize(
    ("at", "state"), [(FORGOTTEN - SECOND, "unknown"), (FORGOTTEN, "abandoned")], ids=["before", "forgotten"]
)
def test_while_the_list_can_not_be_read_it_is_looked_for_later(twilio, at, state):
    """Each time a little later, until it is forgotten."""
    here = twilio(silent=True, at=at)
    assert here.settle() == ("done", state)
    if state == "unknown":
        assert here.after.attempts == 3
        assert timedelta(seconds=48) <= here.after.next_try_at - at <= timedelta(seconds=60)


# Right after its answer was lost


def look_for(here):
    return here.told(run_blocking(here.dispatchers().first.posting.look_for(here.claimed(), TransientError("lost"))))


def test_a_lost_one_that_is_found_is_taken(twilio):
    """As if its answer had come."""
    here = twilio(("SM1", "scheduled"), **LOST)
    assert look_for(here) == ("done", "scheduled")
    assert (here.after.provider_id, here.after.uncertain, here.after.error) == ("SM1", False, "")


def test_a_lost_one_that_went_out_is_sent(twilio):
    """The list is believed."""
    here = twilio(("SM1", "sent"), **LOST)
    assert look_for(here) == ("done", "sent")


@pytest.mark.parametrize(
    ("age", "state"), [(10 * MINUTE, "rejected"), (MINUTE, "unknown")], ids=["absent", "not listed"]
)
def test_a_lost_one_that_is_not_found(twilio, age, state):
    """It does not exist, or is unknown, and looked for again once it must be listed."""
    here = twilio(age=age, **LOST)
    assert look_for(here) == ("done" if state == "rejected" else "unknown", state)
    if state == "unknown":
        assert (here.after.next_try_at, here.after.error) == (START + 9 * MINUTE, "lost")
        assert str(here.result.error) == "lost"


@pytest.mark.parametrize(("attempts", "state"), [(6, "creating"), (7, "unknown")])
def test_a_list_that_stays_silent_is_asked_six_times(twilio, attempts, state):
    """After that, whether posts are answered decides."""
    here = twilio(silent=True, **{**LOST, "attempts": attempts})
    assert look_for(here) == ("failed" if state == "creating" else "unknown", state)
    if state == "creating":
        assert (here.after.error, here.after.uncertain, here.after.attempts) == ("the list can't be read", True, 7)
    else:
        assert here.after.error == "lost"


@pytest.mark.parametrize("silent", [True, False], ids=["silent list", "not listed"])
def test_where_posts_are_not_answered_it_waits(twilio, silent):
    """No second one is made meanwhile; why the list tells nothing comes first."""
    here = twilio(silent=silent, age=MINUTE, **{**LOST, "attempts": 9}).fault("503", method="POST", times=None)
    assert look_for(here) == ("failed", "creating")
    assert here.after.error == ("the list can't be read" if silent else "lost")
