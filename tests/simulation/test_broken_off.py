"""Runs that are broken off without dying: Ctrl-C, a cancelled task, an adapter or a callable that raises."""

from __future__ import annotations

import asyncio

import pytest

from reminder_kit import AsyncReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import HOUR
from tests.simulation.world import World

DAY = Rule("day-before", before="1 day", text="{{ when }}")


@pytest.mark.parametrize("step", range(1, 16))
def test_a_key_press_at_any_step_loses_nothing(appointment, step):
    """The intent may be written and the post not made, or made and not noted: the next run finds it."""
    world = World((HOUR, DAY))
    kit = world.kit()

    def interrupt():
        raise KeyboardInterrupt

    kit.steps.arm(step, interrupt)
    try:
        kit.sync([appointment("A-1"), appointment("A-2", hours=1)])
    except KeyboardInterrupt:
        taken_in = bool(world.records())
        world.advance(seconds=61)  # broken off between the claim and its answer, the lease must run out
        report = kit.resync()
        assert report.ok
        if taken_in:
            assert len(world.sandbox.parked()) == 4
            assert len(world.sandbox.messages()) == 4


@pytest.mark.few(5)
@pytest.mark.parametrize("step", range(1, 16))
def test_a_key_press_while_the_batch_job_withdraws_loses_nothing(appointment, step):
    """A rule was dropped: broken off at any step, its reminders are gone after the next run, the others stay."""
    world = World((HOUR, DAY))
    world.kit().sync([appointment("A-1"), appointment("A-2", hours=1)])
    world.rules = (HOUR,)
    kit = world.kit()

    def interrupt():
        raise KeyboardInterrupt

    kit.steps.arm(step, interrupt)
    try:
        kit.resync(force=True)
    except KeyboardInterrupt:
        world.advance(seconds=61)
        assert kit.resync(force=True).ok
    assert len(world.sandbox.parked()) == 2


@pytest.mark.parametrize("step", range(4, 16))
def test_what_failed_in_a_run_is_left_to_the_next(appointment, step):
    """A message that was never confirmed can't be taken back: it has no name yet at the provider."""
    world = World((HOUR, DAY))
    kit, other = world.kit(), world.kit()
    world.sandbox.fault("cut", 3, method="POST", containing="Soon")
    kit.steps.arm(step, lambda: other.record(appointment(days=4)))
    kit.sync(appointment())
    assert not [request for request in world.sandbox.requests if request.path.endswith("/")], (
        "asked for a message of no name"
    )
    world.advance(minutes=6)
    assert kit.resync().ok
    assert {message.send_at.day for message in world.sandbox.parked()} == (
        {13, 14} if kit.steps.count >= step else {12, 13}
    )
    assert len(world.sandbox.parked()) == 2


def test_a_cancelled_task_loses_nothing(sandbox, make_kit, appointment):
    """The answer to a cancelled task's post never came: the next run settles it and posts no second one."""
    reached = asyncio.Event()

    class Stuck(SandboxTransport):
        async def handle_async_request(self, request):
            await super().handle_async_request(request)
            reached.set()
            await asyncio.Event().wait()

    async def story():
        async with make_kit([HOUR], kind=AsyncReminderKit, transport=Stuck(sandbox)) as kit:
            task = asyncio.create_task(kit.sync(appointment()))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(story())
    assert make_kit([HOUR]).resync().ok
    assert len(sandbox.messages()) == 1


def test_an_adapter_that_raises_for_one_message_stops_no_other(make_kit, sandbox, appointment):
    """B35: whatever a provider's own code raises is that reminder's failure, reported and tried again."""

    class Odd(Telnyx):
        def create(self, draft, *, token, idempotency_key):
            if draft.to.endswith("23"):
                raise KeyError(draft.channel)
            return super().create(draft, token=token, idempotency_key=idempotency_key)

    kit = make_kit([HOUR], provider=Odd(api_key="KEY", from_="+12025550100"))
    report = kit.sync([appointment("A-1"), appointment("A-2", phone="+12025550177")])
    assert [item.identity.id for item in report.failed] == ["A-1"]
    assert len(sandbox.parked()) == 1
    assert [item.identity.id for item in kit.resync().failed] == ["A-1"]
    assert make_kit([HOUR]).resync().ok
    assert len(sandbox.parked()) == 2


def test_b35_a_rule_that_raises_is_listed_and_isolated(make_kit, sandbox, appointment):
    """A rule that raises for one appointment is listed and isolated."""

    def only_ada(appointment, recipient):
        return {"Ada": True}[recipient.name]

    kit = make_kit([Rule("hour-before", before="1 hour", text="{{ when }}", when=only_ada)])
    report = kit.sync([appointment("A-1"), appointment("A-2", name="Bob", phone="+12025550177")])
    assert [(item.identity.id, item.reason.value) for item in report.failed] == [("A-2", "quarantined")]
    assert "A-2" in report.failed[0].error
    assert len(sandbox.parked()) == 1
    requests = sandbox.request_count
    assert [item.identity.id for item in kit.resync().failed] == ["A-2"]
    assert sandbox.request_count == requests


def test_a_text_that_fails_for_one_is_listed_and_isolated(make_kit, sandbox, appointment):
    """The error names what the text of one appointment lacks, and the reminder of the other is parked."""
    kit = make_kit([Rule("hour-before", before="1 hour", text="{{ data.room }} {{ when }}")])
    report = kit.sync([appointment("A-1", data={"room": "4"}), appointment("A-2", phone="+12025550177")])
    assert {change.identity.id: change.reason.value for change in report.changes} == {
        "A-1": "on_time",
        "A-2": "template_error",
    }
    assert "room" in next(change.error for change in report.changes if change.error)
    assert len(sandbox.parked()) == 1


def test_a_poisoned_appointment_keeps_what_is_parked(make_kit, sandbox, appointment):
    """While a rule raises for them, parked reminders stay; once it is mended nothing is posted again."""
    make_kit([HOUR]).sync([appointment("A-1"), appointment("A-2", hours=1)])

    def fails(appointment, recipient):
        raise ValueError(appointment.id)

    poisoned = make_kit([Rule("hour-before", before="1 hour", text="Soon: {{ when }}", when=fails)])
    assert len(poisoned.resync().failed) == 2
    assert len(sandbox.parked()) == 2
    assert make_kit([HOUR]).resync().ok
    assert len(sandbox.messages()) == 2
