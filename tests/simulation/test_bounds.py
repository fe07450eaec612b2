"""What is never crossed: suppressions that race with parking, hold-and-send, the cap, the breaker, back-off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Rule
from reminder_kit.ports import Capabilities
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import HOUR, NUMBER
from tests.simulation.world import World, parked

DAY = Rule("day-before", before="24 hours", text="{{ when }}")
NEAR = Rule("minute-before", before="1 minute", text="Now!")


# Suppression


@pytest.mark.few(4)
@pytest.mark.parametrize("step", range(1, 14))
def test_a_number_suppressed_during_parking_gets_nothing(appointment, step):
    """Another process bars the number between any two steps: right after, nothing stays parked for it."""
    world = World((HOUR,))
    kit, other = world.kit(), world.kit()
    kit.steps.arm(step, lambda: other.suppress(NUMBER))
    kit.sync(appointment())
    if kit.steps.point:
        pytest.skip("the run was over before")
    other.resync(only_dirty=True)
    assert parked(world) == []


def test_a_number_suppressed_before_the_intent_gets_no_post(appointment):
    """A number that another process bars before the intent is written is never posted to."""
    world = World((HOUR,))
    kit, other = world.kit(), world.kit()
    kit.steps.arm(5, lambda: other.suppress(NUMBER))
    kit.sync(appointment())
    assert world.sandbox.messages() == []


# Hold and send


@pytest.fixture
def held(make_kit, vonage):
    return make_kit([HOUR], provider=vonage)


@pytest.fixture
def vonage():
    return Vonage(api_key="abcd1234", api_secret="s3cret", from_="12025550100")


@pytest.fixture
def due(held, sandbox, appointment):
    """A reminder that is due now, and whose first post was refused for the moment."""
    held.sync(appointment())
    sandbox.clock.advance(days=2, hours=23)
    sandbox.fault("429", 11, method="POST", retry_after=0.01)
    report = held.resync()
    assert len(report.failed) == 1
    assert sandbox.messages() == []
    return held


@pytest.mark.parametrize(
    "change",
    [
        lambda kit, appointment: kit.sync(appointment(status="cancelled")),
        lambda kit, appointment: kit.withdraw("A-1"),
        lambda kit, appointment: kit.suppress(NUMBER),
        lambda kit, appointment: kit.sync(appointment(phone="+12025550177")),
        lambda kit, appointment: kit.sync(appointment(days=5)),
    ],
    ids=["cancelled", "withdrawn", "suppressed", "reassigned", "moved"],
)
def test_where_nothing_can_be_taken_back_nothing_is_reposted(due, sandbox, appointment, change):
    """Where nothing can be taken back nothing unwanted is posted again."""
    sandbox.clock.advance(minutes=1)
    change(due, appointment)
    due.resync()
    assert [message.to for message in sandbox.messages() if message.to == NUMBER] == []


def test_held_and_still_wanted_it_is_posted_once(due, sandbox):
    """A due reminder that was refused for a moment goes out with the next run, and never again."""
    sandbox.clock.advance(minutes=1)
    assert due.resync().ok
    assert [message.to.removeprefix("+") for message in sandbox.messages()] == [NUMBER.removeprefix("+")]
    sandbox.clock.advance(hours=2)
    due.resync()
    assert len(sandbox.messages()) == 1


def test_b50_quiet_hours_are_asked_again_at_a_late_send(make_kit, sandbox, appointment, vonage):
    """B50: a send that its provider delayed waits for the end of quiet hours, or is not made at all."""
    kit = make_kit([HOUR], provider=vonage, quiet_hours=QuietHours("08:02", "08:30"))
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=23)
    sandbox.fault("429", 11, method="POST", retry_after=0.01)
    assert kit.resync().failed
    sandbox.clock.advance(minutes=3)
    kit.resync()
    assert sandbox.messages() == []
    sandbox.clock.advance(minutes=28)
    kit.resync()
    assert len(sandbox.messages()) <= 1


@pytest.mark.parametrize(
    ("rule", "quiet", "late"),
    [(HOUR, QuietHours("08:01", "08:30"), {"hours": 23}), (NEAR, None, {"hours": 23, "minutes": 59})],
    ids=["quiet hours", "the start"],
)
def test_what_is_sent_at_once_is_not_repeated_too_late(appointment, rule, quiet, late):
    """The provider asks for 25 seconds of patience, at whose end the time of the send would be over."""
    world = World((rule,), quiet, kind="vonage")
    kit = world.kit()
    kit.sync(appointment())
    world.advance(days=2, **late, seconds=40)
    world.sandbox.fault("429", 1, method="POST", retry_after=25)
    assert kit.resync().failed
    assert world.sandbox.messages() == []
    world.advance(minutes=5)
    kit.resync()
    assert world.sandbox.messages() == []


# The cap


class Small(Telnyx):
    """A Telnyx that keeps three messages."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        known = self.capabilities
        self.capabilities = Capabilities(
            window=known.window, cap=3, key_life=known.key_life, lookup_age=known.lookup_age, echoes_token=True
        )


@pytest.fixture
def small(make_kit):
    return make_kit([HOUR], provider=Small(api_key="KEY", from_="+12025550100"))


def test_at_the_cap_the_soonest_are_parked_and_the_rest_follow(small, sandbox, appointment):
    """Of what does not fit the soonest are parked, whatever the order given; the rest follow as room is made."""
    visits = [appointment(f"A-{n}", days=1, hours=n) for n in range(6)]
    report = small.sync(visits[::-1])
    assert report.ok
    assert sorted(change.reason.value for change in report.changes) == ["at_capacity"] * 3 + ["on_time"] * 3
    assert [item.send_at.hour for item in sandbox.parked()] == [13, 14, 15]
    sandbox.clock.advance(days=1, hours=0.1)
    small.resync()
    assert [item.send_at.hour for item in sandbox.parked()] == [15, 16, 17]
    for _ in range(8):
        sandbox.clock.advance(minutes=50)
        small.resync()
    assert len(sandbox.inbox(NUMBER)) == 6


def test_at_capacity_a_second_run_does_nothing(appointment):
    """At capacity a second run asks nothing and leaves the ledger as it was."""
    world = World((HOUR,))
    kit = world.kit()
    known = kit.provider.capabilities
    kit.provider.capabilities = Capabilities(
        window=known.window, cap=3, key_life=known.key_life, lookup_age=known.lookup_age
    )
    visits = [appointment(f"A-{n}", days=1, hours=n) for n in range(6)]
    kit.sync(visits)
    before, requests = world.dump(), world.sandbox.request_count
    report = kit.resync()
    assert [change.reason.value for change in report.changes].count("at_capacity") == 3
    assert world.sandbox.request_count == requests
    assert world.dump() == before


def test_a_full_queue_at_the_provider_is_tried_again_later(make_kit, tmp_path, appointment):
    """The provider counts others' messages too: its own refusal (40318) holds a reminder back, and loses none."""
    world = World((HOUR,), cap=2)
    kit = world.kit()
    report = kit.sync([appointment(f"A-{n}", days=1, hours=n) for n in range(4)])
    assert report.ok
    assert [change.reason.value for change in report.changes].count("at_capacity") == 2
    for _ in range(40):
        world.advance(minutes=60)
        kit.resync()
    assert len(world.sandbox.inbox(NUMBER)) == 4


# Breaker and back-off


def test_a_provider_that_is_away_is_left_alone_for_a_minute(appointment):
    """A provider that is away is left alone after ten failures and asked again a minute later."""
    world = World((HOUR,))
    kit = world.kit()
    visits = [appointment(f"A-{n}", hours=n / 10) for n in range(30)]
    world.sandbox.fault("503", None)
    report = kit.sync(visits)
    assert len(report.failed) == 30
    assert world.sandbox.request_count <= 12
    world.sandbox.faults.clear()
    kit.resync()
    assert world.sandbox.request_count <= 12
    world.advance(seconds=360)
    assert kit.resync().ok
    assert len(parked(world)) == 30


def test_the_batch_job_honours_the_back_off_and_sync_ignores_it(appointment):
    """After a failure `resync` leaves a reminder alone until its pause ends; `sync` tries at once."""
    world = World((HOUR,))
    kit = world.kit()
    world.sandbox.fault("503", 3, method="POST")
    visit = appointment()
    assert kit.sync(visit).failed
    requests = world.sandbox.request_count
    report = kit.resync()
    assert [change.outcome for change in report.changes] == ["failed"]
    assert "left alone until" in report.failed[0].error
    assert world.sandbox.request_count == requests
    assert kit.sync(visit).ok
    assert len(parked(world)) == 1


@pytest.mark.slow
def test_each_failure_makes_the_pause_longer_up_to_five_minutes(appointment):
    """The first pause is about half a minute; they grow up to five minutes, and no further."""
    world = World((HOUR,))
    kit = world.kit()
    world.sandbox.fault("503", None, method="POST")
    kit.sync(appointment())
    pauses = []
    for _ in range(5):
        start, requests = world.now, world.sandbox.request_count
        while world.sandbox.request_count == requests:
            world.advance(seconds=5)
            kit.resync()
        pauses.append((world.now - start).total_seconds())
    assert pauses == sorted(pauses)
    assert 24 <= pauses[0] <= 40
    assert 240 <= pauses[-1] <= 310


# DELETE settled by GET


@pytest.mark.parametrize("code", [403, 404, 500, 503, 429])
def test_a_delete_refused_once_is_asked_about_and_tried_again(appointment, code):
    """Whatever refuses a cancellation once, minutes later one message is parked, at its new time."""
    world = World((HOUR,))
    kit = world.kit()
    kit.sync(appointment())
    world.sandbox.fault("error", 1, method="DELETE", status=code, code="10015")
    report = kit.sync(appointment(days=4))
    world.advance(minutes=6)
    kit.resync()
    assert len(parked(world)) == 1
    assert parked(world)[0].send_at == appointment(days=4).start_at - timedelta(hours=1)
    assert report.ok or report.failed


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500_after", "slow", "cut", "garbage", "word"])
def test_a_delete_without_a_plain_answer_is_settled_by_looking(appointment, fault):
    """When a cancellation's answer is lost or unreadable, a GET settles it within the same run."""
    world = World((HOUR,))
    kit = world.kit()
    kit.sync(appointment())
    world.sandbox.fault(fault, 1, method="DELETE", delay=60)
    assert kit.sync(appointment(days=4)).ok
    assert len(parked(world)) == 1
    assert len(world.sandbox.messages()) == 2


@pytest.mark.parametrize("status", [403, 404, 503])
def test_b02_a_delete_that_keeps_failing_recreates_nothing(appointment, status):
    """A delete that keeps failing is reported retried and never recreated meanwhile."""
    world = World((HOUR,))
    kit = world.kit()
    kit.sync(appointment())
    world.sandbox.fault("error", None, method="DELETE", status=status, code="10015")
    world.sandbox.fault("error", None, method="GET", status=404, code="10005")
    for _ in range(4):
        report = kit.sync(appointment(days=4))
        assert [change.outcome for change in report.changes] == ["failed"]
        world.advance(minutes=6)
    assert len(world.sandbox.messages()) == 1
    assert kit.status()["messages"] == {"cancelling": 1}
    world.sandbox.faults.clear()
    kit.resync()
    assert [message.status for message in world.sandbox.messages()] == ["cancelled", "scheduled"]
