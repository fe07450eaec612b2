"""Lines of what stands as it was recorded, and what is observed of a record: field by field."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Status
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import AppointmentRecord, Identity, PriorMessage, ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.snapshots import encode
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.observed import Observed
from reminder_kit.planning.unchanged import changes_anything, marked_unconfirmed, recorded_changes
from tests.factories import DAY, NUMBER, START, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
MESSAGE = message_of(BOOKED, SETTINGS)
IDENTITY = Identity.of(BOOKED)
OUTCOME = ReminderRecord(
    MESSAGE.key, "day-before", "ada", NUMBER, ReminderStatus.PARKED, "on_time", MESSAGE.due_at, MESSAGE.send_at
)
LINE = Change(ChangeKind.SKIP, IDENTITY, MESSAGE.key, "day-before", "ada", NUMBER, MESSAGE.due_at, None, Reason.PAST)


def record_of(*messages, outcomes=(OUTCOME,), appointment=BOOKED, **changes):
    """Return the record of an appointment as it was handed in."""
    values = {
        "row": 7, "identity": IDENTITY, "snapshot": encode(appointment), "fingerprint": "f", "generation": 1,
        "dirty": False, "removed": False, "planned_with": "d", "next_at": None, "start_at": appointment.start_at,
        "recorded_at": START,
    }  # fmt: skip
    return AppointmentRecord(outcomes=tuple(outcomes), messages=messages, **(values | changes))


def line_of(*messages, now=START, **outcome):
    (found,) = recorded_changes(record_of(*messages, outcomes=[evolve(OUTCOME, **outcome)]), now)
    return found


def test_what_waits_or_was_skipped_is_told_as_it_was():
    """By its reason; an error and no number are told so, and a message is none of it."""
    held = evolve(LINE, kind=ChangeKind.HOLD, reason=Reason.BEYOND_WINDOW)
    assert line_of(MESSAGE, status=ReminderStatus.HELD, reason="beyond_window") == held
    assert line_of(MESSAGE, status=ReminderStatus.SKIPPED, reason="past") == LINE
    bare = line_of(status=ReminderStatus.SKIPPED, reason="no_recipient", to="", error="why")
    assert bare == evolve(LINE, reason=Reason.NO_RECIPIENT, to=None, error="why")


@pytest.mark.parametrize("state", list(State))
def test_what_is_parked_is_kept_until_it_went_out(state):
    """With its message, if that is open or went out."""
    found = line_of(evolve(MESSAGE, state=state))
    shown = {"send_at": MESSAGE.send_at, "text": MESSAGE.draft.text, "message_id": "P"}
    if state in SENT:
        expected = evolve(LINE, reason=Reason.ALREADY_SENT, **shown)
    elif state in OPEN:
        expected = evolve(LINE, kind=ChangeKind.KEEP, reason=Reason.UNCHANGED, **shown)
    else:
        expected = evolve(LINE, kind=ChangeKind.KEEP, reason=Reason.UNCHANGED)
    assert found == (marked_unconfirmed(expected) if state is State.UNKNOWN else expected)
    late = line_of(evolve(MESSAGE, state=state), reason="too_late")
    assert late.reason is (Reason.ALREADY_SENT if state in SENT else Reason.TOO_LATE)


def test_the_latest_message_is_shown():
    """Of each reminder its own, in the order of the records."""
    newer = evolve(MESSAGE, provider_id="Q")
    other = evolve(OUTCOME, key="other")
    found = recorded_changes(record_of(MESSAGE, newer, outcomes=[other, OUTCOME]), START)
    assert [(line.key, line.message_id) for line in found] == [("other", None), (MESSAGE.key, "Q")]


def test_what_was_never_confirmed_is_unknown_until_the_start():
    """Whatever else holds for its reminder; an error that it has is kept."""
    lost = evolve(MESSAGE, state=State.UNKNOWN)
    note = "an earlier message for this reminder was never confirmed: it may be sent as well"
    assert (line_of(lost).outcome, line_of(lost).error) == ("unknown", note)
    assert line_of(lost, error="why").error == "why"
    assert line_of(lost, now=BOOKED.start_at).outcome is None


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_a_decision_changes_something_where_it_writes_or_is_not_what_is_recorded(kind):
    """To the provider, or to the ledger."""
    (decision,) = decide(observed_of(BOOKED), SETTINGS, START)
    decision = evolve(decision, kind=kind)
    record = record_of(outcomes=[decision.record])
    works = kind in ("schedule", "replace", "cancel")
    assert changes_anything(decision, record) is works
    assert changes_anything(evolve(decision, adopt=True), record)
    assert changes_anything(evolve(decision, causes=("text", "settle")), record)
    assert changes_anything(evolve(decision, causes=("text",)), record) is works
    assert changes_anything(decision, None)
    assert changes_anything(decision, record_of())
    assert changes_anything(decision, record_of(outcomes=[OUTCOME, decision.record])) is works


# What is observed of a record

SUPPRESSED = {NUMBER: Suppression(NUMBER, "", START)}
PRIOR = {("day-before", "ada"): [PriorMessage("k", START, START)]}
BLOCKERS = ("blocker",)
GAP = Restoration(START, START + timedelta(hours=1))


def seen(record, appointment=BOOKED):
    return Observed.of(IDENTITY, appointment, record, SUPPRESSED, PRIOR, BLOCKERS)


def test_of_what_was_never_recorded_only_the_appointment_is_known():
    """And what is known of its numbers."""
    assert seen(None) == Observed(
        IDENTITY, BOOKED, suppressed=SUPPRESSED, sent_before=PRIOR, blockers=BLOCKERS, is_of_calendar=False
    )
    assert Observed.of(IDENTITY, BOOKED, None, {}) == Observed(IDENTITY, BOOKED)


def test_of_a_record_outcomes_and_messages_are_known_by_their_keys():
    """Messages of one reminder in their order."""
    second, other = evolve(MESSAGE, id="second"), evolve(MESSAGE, key="other")
    found = seen(record_of(MESSAGE, other, second, restoration=GAP))
    assert found == Observed(
        IDENTITY,
        BOOKED,
        {OUTCOME.key: OUTCOME},
        {MESSAGE.key: (MESSAGE, second), "other": (other,)},
        PRIOR,
        SUPPRESSED,
        blockers=BLOCKERS,
        gap=GAP,
        changed_at=START,
    )
    bare = Observed.of(IDENTITY, BOOKED, record_of(outcomes=()), {})
    assert bare == Observed(IDENTITY, BOOKED, changed_at=START)
    gone = seen(record_of(restoration=GAP), None)
    assert (gone.appointment, gone.gap, gone.changed_at) == (None, None, None)


def test_since_when_it_stands_as_it_does_is_known_where_that_is_recorded():
    """Its start, and, where it is off, that very status."""
    off, missed = (evolve(BOOKED, status=Status(status)) for status in ("cancelled", "no_show"))

    def changed_at(now, **record):
        return seen(record_of(**record), now).changed_at

    assert changed_at(visit("A", 10)) is None
    assert changed_at(off) is None
    assert changed_at(off, appointment=off) == START
    assert changed_at(missed, appointment=off) is None
    assert changed_at(off, appointment=off, removed=True) is None
    assert changed_at(BOOKED, appointment=off) == START
    assert changed_at(BOOKED, removed=True) == START


def test_a_reply_becomes_a_tag():
    """Beside those that it has; without a reply none is added."""
    tagged = evolve(BOOKED, tags={"vip"})
    assert seen(record_of(replied="confirm"), tagged).appointment.tags == {"vip", "replied:confirm"}
    assert seen(record_of(), tagged).appointment is tagged
    assert seen(record_of(replied="confirm"), None).appointment is None


@pytest.mark.parametrize(
    ("kind", "of_calendar"), [("ii", True), ("m", True), ("o", True), ("i", False), ("t", False), ("", False)]
)
def test_what_comes_from_a_calendar_is_known_by_its_revision(kind, of_calendar):
    """Of the record, where the appointment has none of its own."""
    assert seen(record_of(revision=(kind, "1"))).is_of_calendar is of_calendar
    assert seen(record_of(revision=(kind, "1")), None).is_of_calendar is of_calendar
    own = evolve(BOOKED, revision=(1, 2))
    assert seen(record_of(revision=(kind, "1")), own).is_of_calendar
    assert seen(None, own).is_of_calendar
    assert not seen(record_of(revision=("ii", "1")), evolve(BOOKED, revision=3)).is_of_calendar
    assert not Observed.of(IDENTITY, None, None, {}).is_of_calendar


def test_a_record_is_observed_as_it_is_wanted():
    """What did not come in again waits; what can't be read is known by its error, and by nothing else."""
    assert Observed.recorded(record_of(MESSAGE), SUPPRESSED, PRIOR, BLOCKERS) == seen(record_of(MESSAGE))
    awaited = record_of(restoration=GAP, fingerprint="")
    assert Observed.recorded(awaited, {}) == evolve(Observed.of(IDENTITY, BOOKED, awaited, {}), is_awaited=True)
    assert Observed.recorded(record_of(removed=True), {}).appointment is None
    broken = Observed.recorded(record_of(MESSAGE, snapshot="{"), SUPPRESSED, PRIOR, BLOCKERS)
    assert broken == Observed(IDENTITY, None, suppressed=SUPPRESSED, error=broken.error)
    assert "Error: " in broken.error


def test_what_is_printed_of_it_has_no_neighbours():
    """A log may have it."""
    assert "neighbours" not in repr(seen(None))
    for name in ("busy", "twins", "still_expected", "blockers", "assessments"):
        assert f"{name}=" not in repr(seen(None))
