"""A withdrawal that a run did not come to the end of: whoever withdraws again ends it, not the batch job alone."""

from __future__ import annotations

import pytest

from tests.factories import NUMBER


@pytest.fixture
def broken_off(make_kit, sandbox, appointment):
    """A kit whose host took back a booking while the provider was away: the message is still parked."""
    kit = make_kit()
    kit.sync(appointment("A-1"))
    sandbox.fault("drop_before", None, method="DELETE")
    return kit, sandbox


def mended(sandbox):
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)


def test_a_complete_list_without_it_ends_it(broken_off, appointment):
    """Importing night after night, with no batch job, leaves nothing parked of what is gone."""
    kit, sandbox = broken_off
    later = appointment("B-1", phone="+12025550124")
    assert not kit.sync(later, complete=True, force=True).ok
    assert [message.to for message in sandbox.parked(NUMBER)] == [NUMBER]
    mended(sandbox)
    report = kit.sync(later, complete=True)
    assert report.ok
    assert ("A-1", "removed") in [(change.identity.id, change.reason) for change in report.changes]
    assert sandbox.parked(NUMBER) == []
    assert [change.identity.id for change in kit.sync(later, complete=True).changes] == ["B-1"]


def test_withdrawing_it_by_name_again_ends_it(broken_off):
    kit, sandbox = broken_off
    assert not kit.withdraw("A-1").ok
    mended(sandbox)
    assert kit.withdraw("A-1").ok
    assert sandbox.parked() == []


def test_a_list_that_may_not_have_it_yet_leaves_it(broken_off, appointment):
    """Without `complete` a list speaks for nobody else; the batch job ends it."""
    kit, sandbox = broken_off
    kit.withdraw("A-1")
    mended(sandbox)
    kit.sync(appointment("B-1", phone="+12025550124"))
    assert len(sandbox.parked(NUMBER)) == 1
    kit.resync()
    assert sandbox.parked(NUMBER) == []
