"""A place in the provider's rate is waited for before anything is decided: what time allows is asked after the wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.delivery.retry import Tries
from reminder_kit.errors import RateLimitedError, TransientError
from reminder_kit.ports import Response
from reminder_kit.providers.vonage.provider import Vonage

LATE = Rule("day-before", before="24 hours", text="See you {{ when }}.")
LEAST = timedelta(minutes=5)


@pytest.fixture
def waiting_kit(make_kit, sandbox):
    """Return a factory of kits whose waits, of whatever kind, move the sandbox's clock."""

    def make(*rules, **options):
        kit = make_kit(list(rules) or [LATE], **{"concurrency": 1, **options})
        kit._io._sleep = lambda delay: sandbox.clock.advance(seconds=delay)
        kit._io.pace._clock = lambda: sandbox.clock().timestamp()
        return kit

    return make


def visits(appointment, count, hours=3):
    """Return visits of today, each of another person: their reminders are late already."""
    return [appointment(f"A-{n}", days=0, hours=hours, phone=f"+120255501{n:02d}") for n in range(count)]


def posts(sandbox):
    """Return the statuses of all requests to park, in their order."""
    return [request.status for request in sandbox.requests if request.method == "POST"]


def test_whoever_waits_for_the_rate_is_placed_when_the_turn_comes(waiting_kit, sandbox, appointment):
    """Forty late reminders at twenty a minute take two minutes: each is five minutes ahead when its request leaves."""
    report = waiting_kit(rate="20/min").sync(visits(appointment, 40))
    assert report.ok
    assert posts(sandbox) == [200] * 40
    assert all(message.send_at - message.created_at >= LEAST for message in sandbox.messages())
    assert max(message.created_at for message in sandbox.messages()) - sandbox.messages()[0].created_at >= timedelta(
        seconds=115
    )


def test_a_message_takes_one_place_in_the_rate(make_kit, sandbox, appointment):
    """That of its request: who waited for it before the intent was written down waits for no other."""
    kit, turns = make_kit([LATE]), []
    io = kit._executor.route.io
    waits = io.turn

    async def turn():
        turns.append(len(sandbox.requests))
        await waits()

    io.turn = turn
    assert kit.sync(appointment(days=2)).ok
    assert turns == list(range(len(sandbox.requests)))


def test_a_refusal_for_the_rate_is_none_of_the_tries(waiting_kit, sandbox, appointment):
    """Five of them in a row, a second each, and the reminder is parked in the same run, placed for that moment."""
    sandbox.fault("429", times=5, method="POST", retry_after=1)
    assert waiting_kit().sync(visits(appointment, 1)).ok
    assert posts(sandbox) == [429] * 5 + [200]
    (parked,) = sandbox.parked()
    assert parked.send_at - parked.created_at >= LEAST


def test_one_that_waited_beyond_its_time_is_placed_anew_in_the_same_run(waiting_kit, sandbox, appointment):
    """Twice twenty seconds are more than the margin: what was never sent leaves no doubt, and one message is parked."""
    sandbox.fault("429", times=2, method="POST", retry_after=20)
    kit = waiting_kit()
    assert kit.sync(visits(appointment, 1)).ok
    assert posts(sandbox) == [429, 429, 200]
    assert len(sandbox.parked()) == 1
    assert kit.status()["messages"] == {"rejected": 1, "scheduled": 1}


def test_a_second_sync_places_anew_what_the_first_left_waiting(waiting_kit, sandbox, appointment):
    """The provider asks for 45 seconds, longer than a run waits in between; the host saves the visit once more."""
    sandbox.fault("429", times=1, method="POST", retry_after=45)
    kit = waiting_kit()
    assert [change.happened for change in kit.sync(visits(appointment, 1)).changes] == ["failed"]
    assert kit.sync(visits(appointment, 1)).ok
    assert posts(sandbox) == [429, 200]


@pytest.mark.parametrize("seconds", [20, 40], ids=["still fits", "fits no more"])
def test_a_request_that_leaves_late_is_asked_once_more_whether_it_fits(waiting_kit, sandbox, appointment, seconds):
    """Time passes between the decision and the request (a slow commit): never is one posted too near to its time."""
    kit = waiting_kit()
    create = kit.provider.create
    slow = iter([seconds])

    def slowly(*given, **named):
        sandbox.clock.advance(seconds=next(slow, 0))
        return create(*given, **named)

    kit.provider.create = slowly
    assert kit.sync(visits(appointment, 1)).ok
    assert posts(sandbox) == [200]
    (parked,) = sandbox.parked()
    assert parked.send_at - parked.created_at >= LEAST


@pytest.mark.parametrize(("hold", "sent"), [(20, 1), (40, 0)], ids=["before the start", "after the start"])
def test_what_is_sent_at_once_is_never_sent_after_the_start(waiting_kit, sandbox, appointment, hold, sent):
    """The provider holds everybody back, and the appointment starts in thirty seconds."""
    kit = waiting_kit(Rule("soon", before="1 minute", text="Now."), provider=Vonage("12025550100", "abcd1234", "KEY"))
    kit._io.pace.learn(Response(429, {"retry-after": str(hold)}, b""))
    report = kit.sync(appointment(days=0, hours=30 / 3600))
    assert len(sandbox.messages()) == sent
    assert report.ok
    assert [change.kind.value for change in report.changes] == ["schedule" if sent else "skip"]


@pytest.mark.parametrize(
    ("seconds", "posted"), [(0, [429, 202]), (28, [429])], ids=["before the start", "begun by then"]
)
def test_what_is_sent_at_once_is_repeated_as_long_as_it_may_go_out(waiting_kit, sandbox, appointment, seconds, posted):
    """Three seconds later is before the start, or else nobody waits for them."""
    kit = waiting_kit(Rule("soon", before="1 minute", text="Now."), provider=Vonage("12025550100", "abcd1234", "KEY"))
    visit = appointment(days=0, hours=30 / 3600)
    sandbox.clock.advance(seconds=seconds)
    sandbox.fault("429", times=1, method="POST", retry_after=3)
    begun = sandbox.clock()
    kit.sync(visit)
    assert posts(sandbox) == posted
    assert sandbox.clock() - begun == timedelta(seconds=3 * (len(posted) - 1))


def test_a_cancellation_whose_turn_comes_too_late_asks_for_nothing(waiting_kit, sandbox, appointment):
    """Within the cut-off nothing is asked for: the message goes out, and the report says so."""
    kit = waiting_kit()
    kit.sync(visits(appointment, 1, hours=24.2))
    (parked,) = sandbox.parked()
    sandbox.clock.set(parked.send_at - timedelta(seconds=110))
    kit._io.pace.learn(Response(429, {"retry-after": "30"}, b""))
    (change,) = kit.withdraw("A-0").changes
    assert (change.kind.value, change.reason.value, change.outcome) == ("keep", "too_late", "done")
    assert not [request for request in sandbox.requests if request.method == "DELETE"]


@pytest.mark.parametrize("what", ["suppress", "record"])
def test_what_happens_during_a_wait_is_obeyed_before_the_request_is_repeated(make_kit, sandbox, appointment, what):
    """The provider refuses for its rate; before the second try the number is barred, or the visit called off."""
    rule = Rule("now", before="1 hour", text="Now.")
    kit = make_kit([rule], provider=Vonage("12025550100", "abcd1234", "KEY"), concurrency=1)
    host = make_kit([rule], provider=kit.provider)
    visit = appointment(days=0, hours=1)
    waits = []

    def meanwhile(delay):
        waits.append(delay)
        if what == "suppress":
            host.suppress(visit.recipients[0].phone, reason="asked by telephone")
        else:
            host.record(evolve(visit, status="cancelled"))

    kit._io._sleep = meanwhile
    sandbox.fault("429", times=1, method="POST", retry_after=1)
    kit.sync(visit)
    assert waits
    assert posts(sandbox) == [429]
    assert sandbox.messages() == []


@pytest.mark.parametrize(
    ("errors", "delays"),
    [
        ([RateLimitedError("slow")] * 6, [1.0, 2.0, 4.0, 8.0, 16.0, None]),
        ([RateLimitedError("slow", retry_after=20)] * 4, [20, 20, 20, None]),
        ([RateLimitedError("slow", retry_after=30)] * 2 + [RateLimitedError("slow", retry_after=0.5)], [30, 30, None]),
        ([RateLimitedError("slow", retry_after=31)], [None]),
        ([RateLimitedError("slow", retry_after=0)] * 11, [0] * 10 + [None]),
        ([TransientError("down")] * 3, [0.25, 1.0, None]),
        ([TransientError("down"), RateLimitedError("slow"), TransientError("down")], [0.25, 1.0, 1.0]),
    ],
    ids=["no time named", "a time named", "a minute", "too long", "at once", "failures", "mixed"],
)
def test_refusals_for_the_rate_are_waited_for_a_minute_in_all(errors, delays):
    """They are none of the three tries, and yet nobody who waits for the run waits for ever."""
    tries = Tries()
    assert [tries.delay_after(error) for error in errors] == delays


def test_a_cancellation_refused_for_the_rate_is_asked_for_again_in_the_same_run(waiting_kit, sandbox, appointment):
    """Five refusals, a second each: the message is taken back all the same."""
    kit = waiting_kit()
    kit.sync(visits(appointment, 1, hours=30))
    sandbox.fault("429", times=5, method="DELETE", retry_after=1)
    assert kit.withdraw("A-0").ok
    assert sandbox.parked() == []
