"""Settling: which messages are asked about before anything is decided, and what whoever asks is told of the others."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import AppointmentRecord, Claim, Identity
from reminder_kit.model.snapshots import encode
from reminder_kit.reconciler.settling import Settling
from reminder_kit.reconciler.work_item import WorkItem
from tests.factories import DAY, HOUR, START, message_of, visit

HERE = visit("A", day=3)
LATE = START + timedelta(hours=1)


class Asked:
    """Dispatchers that note what they are asked to settle, and whether it is said to be alone."""

    def __init__(self):
        self.alone = {}

    async def settle(self, claimed, leaves_at, *, alone):
        self.alone[claimed.message.id] = alone
        return DispatchResult(DispatchStatus.WAITING, claimed.message)


class Here:
    """An IO of one loop."""

    async def call(self, do, *given):
        return do(*given)


def work_of(*messages):
    record = AppointmentRecord(
        7, Identity("default", "A"), encode(HERE), "f", 4, False, False, "digest", None, HERE.start_at, START,
        messages=messages,
    )  # fmt: skip
    return WorkItem(Claim(7, "w", 3), record, {one.id: one for one in messages})


def asked_of(kit, *messages, now=LATE):
    """Return, by the id of each message that is asked about, whether it is the only text that may exist."""
    settling, found = Settling(kit.ledger, kit.settings, Here(), lambda: now), Asked()

    async def settle():
        for job in await settling.open_steps([work_of(*messages)], found):
            await job()

    asyncio.run(settle())
    return found.alone


@pytest.fixture
def kit(make_kit):
    made = make_kit([DAY, HOUR])
    made.ledger.upgrade()
    return made


@pytest.mark.parametrize(
    ("other", "alone"),
    [(("k", State.UNKNOWN), False), (("l", State.UNKNOWN), True), (("k", State.CANCELLED), True), (None, True)],
    ids=["in doubt", "another reminder's in doubt", "taken back", "none"],
)
def test_a_message_is_alone_where_no_other_of_its_reminder_is_in_doubt(kit, other, alone):
    """A second text of one reminder may be the third that exists; what is in doubt of another one says nothing."""
    lost = message_of(HERE, kit.settings, State.CREATING, key="k", id="lost", uncertain=True)
    messages = [lost]
    if other is not None:
        key, state = other
        messages.append(evolve(message_of(HERE, kit.settings, state, key=key, id="other"), next_try_at=None))
    assert asked_of(kit, *messages)["lost"] is alone


def test_only_open_steps_are_settled(kit):
    """What is parked, and not over, is left alone."""
    parked = message_of(HERE, kit.settings, State.SCHEDULED, key="k", id="parked")
    going = message_of(HERE, kit.settings, State.CANCELLING, key="l", id="going")
    assert asked_of(kit, parked, going) == {"going": True}
