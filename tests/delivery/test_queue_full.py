"""A provider that holds as many messages as it takes: reminders are held, soonest first, until there is room again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.sandbox import Sandbox
from tests.factories import SERVICE


@pytest.fixture
def sandbox():
    """Return a provider with room for one message, of whomever."""
    return Sandbox(clock="2026-02-10T14:00:00Z", cap=1)


@pytest.fixture(params=["telnyx", "twilio"])
def kit(request, make_kit):
    """Return a kit at each provider that parks messages."""
    provider = Telnyx(api_key="KEY", from_="+12025550100")
    if request.param == "twilio":
        provider = Twilio("AC" + "1" * 32, "KEY", SERVICE)
    return make_kit(provider=provider, concurrency=1)


def visits(appointment, count):
    """Return visits an hour apart, the last one first, each of another person."""
    return [appointment(f"A-{n}", days=2, hours=n, phone=f"+120255501{n:02d}") for n in reversed(range(count))]


def posts(sandbox):
    """Return the statuses of all requests to park, in their order."""
    return [request.status // 100 for request in sandbox.requests if request.method == "POST"]


def test_one_refusal_holds_all_that_follow(kit, sandbox, appointment):
    """The soonest is parked, the next one is refused, and for the others nobody asks."""
    report = kit.sync(visits(appointment, 6))
    assert report.ok
    assert {change.identity.id: change.reason.value for change in report.changes} == {
        "A-0": "on_time",
        **{f"A-{n}": "at_capacity" for n in range(1, 6)},
    }
    assert posts(sandbox) == [2, 4]
    assert kit.status()["reminders"]["held"] == {"at_capacity": 5}


def test_as_room_comes_each_is_parked_soonest_first(kit, sandbox, appointment):
    """Each message that goes out leaves room for the next: everybody is reminded once, and in time."""
    appointments = visits(appointment, 4)
    kit.sync(appointments)
    for _ in range(60):
        sandbox.clock.advance(minutes=60)
        assert kit.resync().ok
    received = {visit.id: sandbox.messages(visit.recipients[0].phone) for visit in appointments}
    assert {name: [message.status for message in messages] for name, messages in received.items()} == {
        f"A-{n}": ["delivered"] for n in range(4)
    }


def test_what_is_taken_back_leaves_room_at_once(kit, sandbox, appointment):
    """No minute is waited for after a cancellation of our own."""
    kit.sync(visits(appointment, 3))
    kit.withdraw("A-0")
    assert kit.resync().ok
    assert [message.to for message in sandbox.parked()] == ["+12025550101"]


def test_a_moved_one_takes_the_room_that_it_leaves(kit, sandbox, appointment):
    """The parked message is taken back first, and the provider takes the one that replaces it."""
    kit.sync(visits(appointment, 2))
    (first,) = visits(appointment, 1)
    later = evolve(first, starts_at=first.starts_at + timedelta(hours=3), ends_at=None)
    assert [change.happened for change in kit.sync(later).changes] == ["replaced"]
    assert [message.to for message in sandbox.parked()] == ["+12025550100"]


def test_a_moved_one_whose_room_was_taken_is_held(make_kit, sandbox, appointment):
    """Its old message is gone and its new one refused: it waits, and is parked by the next run that may."""
    kit = make_kit(concurrency=1)
    visit = visits(appointment, 1)[0]
    kit.sync(visit)
    sandbox.fault("error", times=1, method="POST", status=400, code="40318")
    (change,) = kit.sync(evolve(visit, starts_at=visit.starts_at + timedelta(hours=3), ends_at=None)).changes
    assert (change.kind.value, change.reason.value, change.outcome) == ("hold", "at_capacity", "done")
    assert sandbox.parked() == []
    assert [change.reason.value for change in kit.resync().changes] == ["at_capacity"]
    sandbox.clock.advance(minutes=1)
    assert kit.resync().ok
    assert [message.send_at for message in sandbox.parked()] == [visit.starts_at + timedelta(hours=3 - 24)]


def test_a_full_queue_is_no_word_on_a_request_whose_answer_was_lost(make_kit, sandbox, appointment):
    """The first request may have been carried out: what is said of the second does not make it undone."""
    kit = make_kit(concurrency=1)
    sandbox.fault("drop_after", times=1, method="POST")
    sandbox.fault("error", times=1, method="POST", status=400, code="40318")
    kit.sync(visits(appointment, 1)[0])
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert len(sandbox.messages()) == 1
    assert kit.status()["messages"] == {"scheduled": 1}
