"""What a dispatch comes to, by how it ended: the line of the report and the line of the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.delivery.dispatch import DispatchResult, DispatchStatus
from reminder_kit.errors import OptedOutError, ProviderError
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.reconciler.conclusions import CONCLUSIONS, concluded
from tests.factories import NUMBER, START

AT = START + timedelta(hours=2)
LATER = START + timedelta(seconds=30)


@pytest.fixture
def decision():
    """Return a decision to park."""
    return Decision(
        Identity("default", "A-1"),
        "k-1",
        "day-before",
        "p-1",
        NUMBER,
        AT,
        ChangeKind.SCHEDULE,
        Reason.ON_TIME,
        ReminderStatus.PARKED,
        draft=Draft(NUMBER, "See you.", AT),
    )


def test_every_ending_has_its_row():
    """A status without a row would be found in the middle of a run."""
    assert set(CONCLUSIONS) == set(DispatchStatus)


def test_what_is_done_is_recorded_as_decided(decision):
    """The report says so, the ledger has the reminder as parked at its time."""
    change, record = concluded(decision, DispatchResult(DispatchStatus.DONE), LATER)
    assert (change.outcome, change.kind, change.send_at) == ("done", "schedule", AT)
    assert (record.status, record.reason, record.send_at) == ("parked", "on_time", AT)


@pytest.mark.parametrize(
    ("status", "outcome", "kind", "reason", "recorded", "recorded_reason"),
    [
        (DispatchStatus.REJECTED, "failed", "schedule", "opted_out", "skipped", "opted_out"),
        (DispatchStatus.UNKNOWN, "unknown", "schedule", "not_confirmed", "skipped", "not_confirmed"),
        (DispatchStatus.STALE, "done", "skip", "stale_revision", "held", "on_time"),
        (DispatchStatus.FAILED, "failed", "schedule", "on_time", "held", "waiting_provider"),
        (DispatchStatus.MISTIMED, "failed", "schedule", "on_time", "held", "waiting_provider"),
    ],
)
def test_what_is_not_done_is_reported_and_recorded(decision, status, outcome, kind, reason, recorded, recorded_reason):
    """Final endings are skipped with their reason; all others are held until the next look."""
    refusal = OptedOutError("they said STOP") if status is DispatchStatus.REJECTED else ProviderError("no")
    result = (
        DispatchResult.rejected(refusal) if status is DispatchStatus.REJECTED else DispatchResult(status, None, refusal)
    )
    change, record = concluded(decision, result, LATER)
    assert (change.outcome, change.kind, change.reason, change.error) == (outcome, kind, reason, str(refusal))
    assert (record.status, record.reason) == (recorded, recorded_reason)
    assert record.send_at == (None if recorded == "held" else AT)  # what was tried stays on record
    assert record.park_at == (LATER if recorded == "held" else None)


@pytest.mark.parametrize("replaces", [False, True], ids=["new", "replaces another"])
def test_without_room_a_reminder_waits_and_nothing_failed(decision, replaces):
    """It is held for every next run to ask again, and still replaces what was taken back for it."""
    from attrs import evolve

    full = DispatchResult(DispatchStatus.NO_ROOM, None, ProviderError("full"))
    change, record = concluded(evolve(decision, replaces=replaces), full, LATER)
    row = CONCLUSIONS[DispatchStatus.NO_ROOM]
    assert (change.outcome, change.kind, change.reason, change.error) == (row.outcome, row.kind, row.reason, None)
    assert (record.status, record.reason, record.send_at) == (row.status, row.reason.value, None)
    assert record.replacing is replaces
    assert record.park_at is not None


def test_a_cancellation_that_failed_is_not_held(decision):
    """Its message is still parked: the reminder stands as decided, for the next run to finish."""
    from attrs import evolve

    cancel = evolve(
        decision, kind=ChangeKind.CANCEL, status=ReminderStatus.SKIPPED, reason=Reason.CANCELLED, draft=None
    )
    change, record = concluded(cancel, DispatchResult(DispatchStatus.FAILED, None, ProviderError("busy")), LATER)
    assert (change.kind, change.outcome) == ("cancel", "failed")
    assert (record.status, record.reason, record.park_at) == ("skipped", "cancelled", None)
