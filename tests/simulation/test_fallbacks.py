"""Random histories in which messages fail: whatever happens, a fallback stands in once, and only where it must."""

from __future__ import annotations

import os
from itertools import count

import pytest

from reminder_kit import Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox.signer import Signer
from reminder_kit.sandbox.state import SECRET
from tests.simulation.histories import History
from tests.simulation.replay import SEED
from tests.simulation.world import Died, World

COUNT = int(os.environ.get("REMINDER_KIT_HISTORIES", "2000"))
ADA, SECOND = "+12025550123", "+12025550101"
HOOKS = {"webhook_url": "https://clinic.example/hooks", "public_key": Signer().public_key}
FALLBACK, KEYLESS = Telnyx("KEY", SECOND, **HOOKS), Telnyx("KEY", SECOND, endpoint="schedule", **HOOKS)


class Falling(History):
    """A history in which phones are out of reach for a while, and kits have a second sender."""

    KINDS = (
        *[{"options": {"fallback": FALLBACK}}] * 3,
        {"options": {"fallback": FALLBACK, "correction": "Moved to {{ when }}"}},
        {"options": {"fallback": KEYLESS}},
        {"options": {"fallback": FALLBACK}, "endpoint": "schedule"},
    )
    EVENTS = (*History.EVENTS, ("fade", 6), ("refuse", 2), ("deliver", 3), ("jump", 3))

    def fade(self):
        """Have messages to some numbers fail from now on, or arrive again."""
        for number in sorted({recipient.phone for visit in self.host.values() for recipient in visit.recipients}):
            code = self.random.choice(["", "40008", "40008", "40005", "40001"])
            self.log("messages to", number, "fail" if code else "arrive", code)
            self.world.sandbox.outcome(number, "delivery_failed" if code else "delivered", code)

    def refuse(self):
        """Have the first sender refused while something changes.

        Not while a replay is due: a provider that knows the key answers that from memory, and refuses nothing.
        """
        if self.world.is_open():
            return
        times = self.random.choice([1, 2, 8])
        self.log("the first sender is refused", times, "times")
        fault = {"method": "POST", "status": 400, "code": "40320", "containing": '"+12025550100"'}
        self.world.sandbox.faults.clear()
        self.world.sandbox.fault("error", times, **fault)
        try:
            self.edit()
        finally:
            self.world.sandbox.faults.clear()


def play(seed):
    history = Falling(seed)
    try:
        history.play()
    except BaseException as error:
        error.add_note("\n" + "\n".join(history.story))
        raise
    return history


def stood_in(history):
    return sum(message.from_ == SECOND for message in history.world.sandbox.messages())


def failed(fallback, appointment):
    """Return a world in which Ada's reminder was not delivered, and the ledger knows."""
    world = World((Rule("day-before", before="24 hours", text="See you {{ when }}"),), options={"fallback": fallback})
    kit = world.kit()
    kit.sync(appointment())
    world.sandbox.outcome(ADA, "delivery_failed", "40008")
    world.advance(days=2, minutes=1)
    world.collect()
    for hook in world.webhooks:
        world.deliver(kit, hook)
    world.sandbox.outcome(ADA, "delivered")
    return world


def killed_at(point, world):
    """Have a run of the batch job die at a step; says whether it came to that."""
    victim = world.kit()
    victim.rename()
    victim.steps.arm(point)
    try:
        victim.resync()
    except Died:
        return True
    return False


FALLBACKS = {
    "with keys": (FALLBACK, {1}),
    "without keys": (KEYLESS, {0, 1}),
    "looked for": (Twilio("AC" + "1" * 32, SECRET, "MG" + "2" * 32), {0, 1}),
    "sent at once": (Vonage("+12025550102", "k", SECRET), {0, 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FALLBACKS)
def test_killed_at_any_step_it_is_sent_once(appointment, name):
    """Without keys, what was written down and may never have left is not sent: never twice comes before once."""
    fallback, allowed = FALLBACKS[name]
    for point in count(1):
        world = failed(fallback, appointment)
        died = killed_at(point, world)
        for _ in range(3):
            world.kit().resync()
            world.advance(minutes=20)
        assert len(world.sandbox.messages()) - 1 in allowed, f"killed at step {point}"
        assert len(world.sandbox.inbox(ADA)) in allowed, f"killed at step {point}"
        if not died:
            assert len(world.sandbox.inbox(ADA)) == 1
            assert point > 8, "there were fewer steps than there must be"
            break


@pytest.mark.few(4)
@pytest.mark.parametrize("point", range(1, 14))
def test_another_worker_at_any_step_sends_no_second_one(appointment, point):
    """Two workers find one failure: whichever step the other comes in at, one fallback is sent."""
    world = failed(FALLBACK, appointment)
    first = world.kit()
    first.steps.arm(point, lambda: world.kit().resync())
    first.resync()
    world.advance(minutes=20)
    world.kit().resync()
    assert len(world.sandbox.inbox(ADA)) == 1
    assert len(world.sandbox.messages()) == 2


@pytest.mark.slow
def test_at_rest_the_laws_hold_whatever_failed():
    """In twelve random histories the laws hold, and fallbacks stood in for what failed."""
    assert sum(stood_in(play(seed)) for seed in range(12)) > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_at_rest_the_laws_hold_in_many_histories_of_failures():
    """The laws hold in two thousand histories too, or in as many as `REMINDER_KIT_HISTORIES` says."""
    for seed in range(SEED, SEED + COUNT):
        play(seed)
