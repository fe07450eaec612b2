"""Every way to fail, on the second request of an errand: the cancellation is through, or in doubt, and then it happens.

Waits are recorded, must be seconds, and take their time on the clock of the kit.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from tests.factories import ACCOUNT, SERVICE

PROVIDERS = {
    "telnyx": lambda: Telnyx(api_key="KEY", from_="+12025550100"),
    "twilio": lambda: Twilio(ACCOUNT, "KEY", SERVICE),
}
RULE = Rule("day-before", before="24 hours", text="See you {{ when }}.")
NOTHING_DONE = ("drop_before", "slow_before", "500", "503", "429", "unauthorized")
DONE_IN_DOUBT = ("drop_after", "cut", "500_after", "garbage", "no_id")
KINDS = (*NOTHING_DONE, *DONE_IN_DOUBT, "word")
WAITED_FOR = {"telnyx": {*KINDS} - {"unauthorized", "word"}, "twilio": {"429"}}
"""After which failures a request to park is repeated in the same run.

With Telnyx' keys it is after any that may pass; without keys, only where certainly nothing was done.
"""


@pytest.fixture
def waits():
    """The seconds that were waited, in their order."""
    return []


@pytest.fixture(params=PROVIDERS)
def kit(request, make_kit, sandbox, waits):
    """Return a kit of each provider that parks messages, whose waits are noted, and move the clock."""
    made = make_kit([RULE], provider=PROVIDERS[request.param](), concurrency=1)

    def wait(delay):
        assert type(delay) in {int, float}
        assert delay >= 0
        waits.append(delay)
        sandbox.clock.advance(seconds=delay)

    made._io._sleep, made._io.pace._clock = wait, lambda: sandbox.clock().timestamp()
    return made


def settle(kit, sandbox, visit):
    """Sync and resync for an hour without faults, until nothing is left open."""
    sandbox.faults.clear()
    for _ in range(6):
        sandbox.clock.advance(minutes=10)
        kit.sync(visit)
    assert not {"creating", "cancelling"} & set(kit.status()["messages"])


def send_times(sandbox):
    return [message.send_at for message in sandbox.parked()]


def later(visit, by=timedelta(hours=3)):
    return evolve(visit, starts_at=visit.starts_at + by, ends_at=visit.ends_at + by)


@pytest.mark.few(8)
@pytest.mark.parametrize("kind", KINDS)
def test_a_moved_reminder_is_parked_for_its_new_time_whatever_befell_the_second_request(
    kit, sandbox, appointment, waits, kind
):
    """The old message is gone and never comes back; of the new one there is one, or two where nobody could know."""
    visit = appointment()
    kit.sync(visit)
    moved = later(visit)
    sandbox.fault(kind, method="POST", **({"containing": "Body="} if kit.provider.name == "twilio" else {}))
    kit.sync(moved)
    assert bool(waits) == (kind in WAITED_FOR[kit.provider.name])
    settle(kit, sandbox, moved)
    new = moved.starts_at - timedelta(hours=24)
    at_most = 2 if kind in DONE_IN_DOUBT else 1
    assert set(send_times(sandbox)) == {new}
    assert 1 <= len(send_times(sandbox)) <= at_most


@pytest.mark.few(12)
@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", ["garbage", "500_after", "drop_after", "404"])
def test_a_cancellation_in_doubt_is_settled_whatever_befell_the_question(make_kit, sandbox, appointment, first, second):
    """The message was taken back, or was not: in the end nothing of it is parked, and the report never raises."""
    kit = make_kit([RULE], concurrency=1)
    kit.sync(appointment())
    if first == "404":
        sandbox.fault("error", times=1, method="DELETE", status=404, code="10005")
    else:
        sandbox.fault(first, times=1, method="DELETE")
    sandbox.fault(second, times=3, method="GET")
    (change,) = kit.withdraw("A-1").changes
    assert change.kind.value == "cancel"
    sandbox.faults.clear()
    for _ in range(3):
        sandbox.clock.advance(minutes=10)
        kit.resync()
    assert send_times(sandbox) == []
    assert set(kit.status()["messages"]) == {"cancelled"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "429", "retry_after": 7}, [7.0] * 3),
        ({"kind": "429"}, [1.0, 2.0, 4.0]),
        ({"kind": "429", "retry_after": 31}, []),
        ({"kind": "drop_before"}, [0.25, 1.0]),
        ({"kind": "503"}, [0.25, 1.0]),
        ({"kind": "unauthorized"}, []),
    ],
    ids=str,
)
def test_between_tries_to_take_a_message_back_is_waited_as_long_as_was_asked(
    make_kit, sandbox, appointment, waits, fault, expected
):
    """For the rate as long as the provider names, else ever longer; what can't get better is not waited for."""
    kit = make_kit([RULE], concurrency=1)
    kit.sync(appointment())
    kit._io._sleep = waits.append
    kit._io.pace._clock = lambda: sandbox.clock().timestamp() + sum(waits)
    sandbox.fault(times=3, method="DELETE", **fault)
    kit.withdraw("A-1")
    assert waits == expected


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_of_the_provider_stays_one_whatever_a_look_shows(make_kit, sandbox, appointment, waits, status):
    """The message is parked still, as it can't be taken back for now: why not is told, not that nothing was said."""
    kit = make_kit([RULE], concurrency=1)
    kit.sync(appointment())
    kit._io._sleep = waits.append
    sandbox.fault(str(status), times=None, method="DELETE")
    (change,) = kit.withdraw("A-1").changes
    assert f"answered with {status}" in change.error


@pytest.mark.parametrize(
    ("said", "told"), [("30007 Filtered", "30007 Filtered; "), ("", "{} did not say that it scheduled the message; ")]
)
def test_what_the_provider_says_is_wrong_is_told_and_else_that_it_did_not_say(kit, appointment, waits, said, told):
    """A message that is taken without being scheduled is warned of: in the provider's words where it has some."""
    create = kit.provider.parse_created
    kit.provider.parse_created = lambda answer: evolve(create(answer), status="unknown", error=said)
    (change,) = kit.sync(appointment()).changes
    assert change.error == told.format(kit.provider.name) + "looked up, it is scheduled"
