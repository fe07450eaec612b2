"""Sent again on a person's word: once for each wish, whatever runs afterwards; never to who must not be written to."""

from __future__ import annotations

import pytest
from attrs import evolve

from reminder_kit import ReminderKit
from reminder_kit.errors import InvalidInputError
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import DAY, EVENING, NUMBER, SENDER, at_rest, received_texts, visit

WORDS = "Check-up tomorrow at 9:00 AM"


@pytest.fixture
def kit(sandbox):
    """A kit whose one reminder went out."""
    options = {"timezone": "America/New_York", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
    with ReminderKit(Telnyx("KEY", SENDER, public_key=sandbox.public_key), [DAY], "sqlite://", **options) as made:
        made.sync(visit("A-1"))
        sandbox.clock.advance(days=1, hours=2)
        made.resync()
        yield made


def test_a_reminder_is_sent_once_more(kit, sandbox):
    """One new message, recorded and told as such; further runs leave it alone, and a second wish is another one."""
    report = kit.send_again("A-1", "day-before")
    assert [(change.rule, change.happened) for change in report.changes if change.is_work] == [
        ("day-before-again", "parked")
    ]
    for _ in range(3):
        kit.resync()
    assert len(sandbox.parked()) == 1
    sandbox.clock.advance(minutes=20)
    kit.resync()
    kit.resync()
    assert received_texts(sandbox) == [WORDS, WORDS]
    assert at_rest(kit)
    kit.send_again("A-1", "day-before", NUMBER)
    sandbox.clock.advance(minutes=20)
    kit.resync()
    assert received_texts(sandbox) == [WORDS] * 3
    assert [told.rule for told in kit.messages(to=NUMBER)] == ["day-before-again-2", "day-before-again", "day-before"]


def test_while_one_is_parked_another_is_refused(kit, sandbox):
    """The error says why; nothing is parked twice."""
    kit.send_again("A-1", "day-before")
    with pytest.raises(InvalidInputError, match="is parked"):
        kit.send_again("A-1", "day-before")
    assert len(sandbox.parked()) == 1


def test_who_wants_no_messages_gets_none(kit, sandbox):
    """A STOP is obeyed by a wish, and by a wish that waits."""
    kit.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(sandbox.now()))
    with pytest.raises(InvalidInputError, match="the number is barred"):
        kit.send_again("A-1", "day-before")
    kit.receive(*sandbox.inbound(NUMBER, "START").as_sent(sandbox.now()))
    kit.send_again("A-1", "day-before")
    kit.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(sandbox.now()))
    kit.resync(only_dirty=True)
    assert sandbox.parked() == []


def test_an_appointment_for_nobody_is_told_to_nobody_again(kit):
    """The error says why."""
    kit.sync(evolve(visit("B-1", day=5), recipients=[]))
    with pytest.raises(InvalidInputError, match="has 0 such reminders"):
        kit.send_again("B-1", "day-before")


def test_what_is_sent_again_follows_its_appointment(kit, sandbox):
    """Moved, it is told with the new time; withdrawn, it is taken back."""
    kit.send_again("A-1", "day-before")
    kit.sync(visit("A-1", 10))
    assert "10:00 AM" in " ".join(message.text for message in sandbox.parked())
    kit.withdraw("A-1")
    assert sandbox.parked() == []


@pytest.mark.parametrize(
    ("id", "rule", "who"), [("A-2", "day-before", None), ("A-1", "other", None), ("A-1", "day-before", "P-9")]
)
def test_what_is_not_there_is_named(kit, id, rule, who):
    """An appointment, a rule, a person that there is none of."""
    with pytest.raises(InvalidInputError, match="A-"):
        kit.send_again(id, rule, who)


def test_a_visit_that_was_told_in_another_ones_message_can_be_sent_again(make_kit, sandbox):
    """In its own words: `explain` says that the person has it, and so does this."""
    kit = make_kit([EVENING])
    kit.sync([visit("A", 9), visit("B", 11, name="Ben", title="Filling")])
    sandbox.clock.advance(hours=35)
    kit.resync()
    kit.send_again("B", "evening")
    sandbox.clock.advance(minutes=20)
    kit.resync()
    assert received_texts(sandbox)[1:] == ["Filling tomorrow at 11:00 AM"]
