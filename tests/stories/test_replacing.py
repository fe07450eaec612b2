"""A reminder that was withdrawn to be replaced comes, late or not, whatever the rule says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Rule
from tests.factories import START

STRICT = [Rule("day-before", before="24 hours", text="See you {{ when }}.", if_late="skip")]
DUE = START + timedelta(days=2, hours=1)
LATE = DUE + timedelta(minutes=30)
SOONEST = LATE + timedelta(minutes=5, seconds=30)


@pytest.mark.parametrize("fault", ["drop_before", "503", "429", "unauthorized"])
def test_one_that_could_not_be_made_anew_in_time_is_sent_late(make_kit, sandbox, appointment, fault):
    """Its message is gone: to skip it now would be to forget the person."""
    kit = make_kit(STRICT)
    kit.sync(appointment())
    sandbox.fault(fault, times=None, method="POST", retry_after=0)
    assert not kit.sync(appointment(hours=1)).ok
    sandbox.faults.clear()
    sandbox.clock.set(LATE)
    kit.resync()
    assert [item.send_at for item in sandbox.parked()] == [SOONEST]


def test_what_is_for_another_time_is_withdrawn_in_any_case(make_kit, sandbox, appointment):
    """Better none than one with yesterday's time; one that is still true stays."""
    kit = make_kit([Rule("day-before", before="24 hours", text="{{ data.room }} {{ when }}")])
    kit.sync(appointment(data={"room": "5"}))
    (kept,) = kit.sync(appointment(data={})).changes
    assert (kept.kind, kept.reason) == ("keep", "template_error")
    assert len(sandbox.parked()) == 1
    (gone,) = kit.sync(appointment(data={}, hours=1)).changes
    assert (gone.kind, gone.reason) == ("cancel", "template_error")
    assert "room" in gone.error
    assert sandbox.parked() == []
    kit.sync(appointment(data={"room": "6"}, hours=1))
    (parked,) = sandbox.parked()
    assert parked.text.startswith("6 tomorrow")


ROOM = Rule("day-before", before="24 hours", text="{{ data.room }} {{ when }}")


def test_who_keeps_yesterdays_words_since_none_can_be_written_waits_for_a_person(make_kit, sandbox, appointment):
    """By name, in every run, until the rule is mended; nobody else learns that the new words are not said."""
    make_kit(STRICT).sync([appointment("A-1"), appointment("A-2", phone="+12025550124")])
    (item,) = make_kit([ROOM]).resync().attention
    assert (item.kind, item.fails, {one.identity.id for one in item.affected}) == ("text", False, {"A-1", "A-2"})
    assert "data has no attribute 'room'" in item.what
    assert [each.kind for each in make_kit([ROOM]).resync().attention] == ["text"]
    mended = make_kit([Rule("day-before", before="24 hours", text="Room 5 {{ when }}")])
    assert mended.resync().attention == ()
    assert [message.text[:6] for message in sandbox.parked()] == ["Room 5", "Room 5"]


def test_it_waits_no_more_once_the_old_words_went_out(make_kit, sandbox, appointment):
    """They can't be mended any more."""
    make_kit(STRICT).sync(appointment())
    kit = make_kit([ROOM], expected_every=timedelta(days=9))
    assert len(kit.resync().attention) == 1
    sandbox.clock.set(DUE + timedelta(minutes=1))
    assert kit.attention() == ()
    assert kit.resync().attention == ()


def test_one_whose_process_died_in_between_is_sent_late(make_kit, sandbox, appointment):
    """A process that dies between cancelling and creating leaves a replacement to be sent late."""
    kit = make_kit(STRICT)
    kit.sync(appointment())

    def dies(*_args, **_more):
        raise KeyboardInterrupt

    kit.provider.create = dies
    with pytest.raises(KeyboardInterrupt):
        kit.sync(appointment(hours=1))
    assert sandbox.parked() == []
    sandbox.clock.set(LATE)
    assert make_kit(STRICT).resync().ok
    assert [item.send_at for item in sandbox.parked()] == [SOONEST]


def test_one_that_was_never_parked_keeps_to_its_rule(make_kit, sandbox, appointment):
    """A reminder that never had a message is no replacement: `if_late = "skip"` holds for it."""
    kit = make_kit(STRICT)
    sandbox.fault("429", times=None, method="POST", retry_after=0)
    assert not kit.sync(appointment(hours=1)).ok
    sandbox.faults.clear()
    sandbox.clock.set(LATE)
    (change,) = kit.resync().changes
    assert (change.kind, change.reason) == ("skip", "too_late")


def test_once_made_anew_it_is_no_exception_any_more(make_kit, sandbox, appointment):
    """A replacement that was parked is recorded as replacing nothing any more."""
    kit = make_kit(STRICT)
    kit.sync(appointment())
    kit.sync(appointment(hours=1))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert [outcome.replacing for outcome in record.outcomes] == [False]
    assert kit.sync(appointment(hours=1)).summary["keep"] == 1
