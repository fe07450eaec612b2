"""Suppressing and the guard: who is not to be written to is left alone at once; nothing else slips through with it."""

from __future__ import annotations

import pytest

from reminder_kit.errors import UnsafePlanError
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import NUMBER, START


def crowd(appointment, count, **changes):
    return [appointment(f"A-{n}", phone=f"+120255501{n:02}", **changes) for n in range(count)]


def test_suppressing_one_number_carries_out_nothing_else(kit, sandbox, appointment):
    """What a host recorded by mistake is still the batch job's to refuse."""
    kit.sync(crowd(appointment, 12))
    kit.record(crowd(appointment, 12, status="cancelled"))
    report = kit.suppress("+12025550100")
    assert [(change.kind, change.to) for change in report.changes] == [("cancel", "+12025550100")]
    assert len(sandbox.parked()) == 11
    with pytest.raises(UnsafePlanError, match="withdraw or move 11 of 11"):
        kit.resync()


def test_a_stop_is_obeyed_however_much_of_the_ledger_it_takes(make_kit, sandbox, appointment):
    """A STOP isn't counted by the guard, though it cancels all that is parked."""
    provider = Telnyx(api_key="KEY", from_="+12025550100", public_key=sandbox.public_key)
    kit = make_kit(provider=provider)
    kit.sync([appointment(f"A-{n}", hours=n) for n in range(12)])
    kit.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(START))
    report = kit.resync(only_dirty=True)
    assert report.ok
    assert report.summary["cancel"] == 12
    assert sandbox.parked() == []


def test_a_stop_is_obeyed_although_its_run_is_refused(make_kit, sandbox, appointment):
    """A host that recorded too much must not keep a person from being left alone."""
    provider = Telnyx(api_key="KEY", from_="+12025550100", public_key=sandbox.public_key)
    kit = make_kit(provider=provider)
    kit.sync([*crowd(appointment, 12), appointment("B-1"), appointment("B-2", hours=1)])
    kit.record(crowd(appointment, 12, status="cancelled"))
    kit.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(START))
    with pytest.raises(UnsafePlanError, match="withdraw or move 12 of 14"):
        kit.resync(only_dirty=True)
    assert NUMBER not in {item.to for item in sandbox.parked()}
    assert len(sandbox.parked()) == 12


def test_what_goes_for_other_reasons_is_counted_all_the_same(kit, sandbox, appointment):
    """Withdrawals that no suppression asked for are counted by the guard beside those of one."""
    kit.sync([appointment(f"B-{n}", hours=n) for n in range(8)])
    kit.sync(crowd(appointment, 12))
    kit.record(crowd(appointment, 11, status="cancelled"))
    kit.ledger.submit(lambda tx: tx.mark_dirty(number=NUMBER)).result()
    with pytest.raises(UnsafePlanError, match="withdraw or move 11 of 20"):
        kit.resync()
    assert kit.suppress(NUMBER).summary["cancel"] == 8


def test_a_refused_batch_job_still_ends_what_was_begun(kit, sandbox, appointment):
    """Committed intents are always finished, whatever the guard refuses: a lost answer must not outlive its key."""
    everyone = crowd(appointment, 12)
    kit.sync(everyone)
    sandbox.fault("503", times=6, method="DELETE")
    for item in everyone[:2]:
        kit.withdraw(item.id)
    kit.record(crowd(appointment, 12, status="cancelled")[2:])
    sandbox.clock.advance(minutes=5)
    with pytest.raises(UnsafePlanError, match="withdraw or move 10 of 12"):
        kit.resync()
    assert len(sandbox.parked()) == 10
    assert kit.status()["messages"] == {"scheduled": 10, "cancelled": 2}
    requests = sandbox.request_count
    with pytest.raises(UnsafePlanError, match="withdraw or move 10 of 10"):
        kit.resync()
    assert sandbox.request_count == requests


def test_suppressing_does_not_wait_for_a_back_off(kit, sandbox, appointment):
    """A cancellation that failed is tried again at once by the next suppression."""
    kit.sync(appointment())
    sandbox.fault("503", times=3, method="DELETE")
    assert len(kit.suppress(NUMBER).failed) == 1
    assert kit.suppress(NUMBER).ok
    assert sandbox.parked() == []


def test_no_value_shows_a_phone_number_that_stands_for_a_person(kit, appointment):
    """Without an id of the host's a recipient is known by the number: that is no word for logs."""
    report = kit.sync(appointment())
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    shown = repr((report, report.changes, record, record.outcomes, kit.plan(appointment()), kit.explain("A-1")))
    assert NUMBER not in shown
    assert "+12…23" in shown
