"""A tally: what was exchanged with a provider, how it took that, and how long it was."""

from __future__ import annotations

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.model.records import RECENT
from reminder_kit.ports import Response
from reminder_kit.transport.tally import Tally
from tests.factories import DAY, visit


def test_each_exchange_is_counted_by_how_it_ended():
    """Answered, refused, without an answer; taken once, it begins anew."""
    tally = Tally()
    for status in (200, 503):
        with tally.timed() as answers:
            answers.append(Response(status, {}, b""))
    with pytest.raises(ConfigurationError), tally.timed():
        raise ConfigurationError("no answer")
    found = tally.take()
    assert (found["requests"], found["refused"], found["unanswered"]) == (3, 1, 1)
    assert 0 <= found["mean"] <= found["slowest"]
    assert tally.take() == {}


def test_a_run_notes_what_it_exchanged(make_kit, sandbox):
    """The page shows it beside the run; a run that asks for nothing notes nothing."""
    kit: ReminderKit = make_kit([DAY])
    kit.record(visit("A-1"))
    sandbox.fault("error", times=1, status=503)
    kit.resync()
    kit.resync()
    first, *_, last = kit.ledger.read(lambda reader: reader.last_run(RECENT))[1]["runs"]
    assert first["providers"]["telnyx"]["requests"] >= 1
    assert first["providers"]["telnyx"]["refused"] == 1
    kit.resync()
    *_, last = kit.ledger.read(lambda reader: reader.last_run(RECENT))[1]["runs"]
    assert last["providers"] == {}
