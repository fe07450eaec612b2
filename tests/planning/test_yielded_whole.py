"""What a rule set that yields makes of each decision: every field of it, for each way through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.yielding import yielding
from tests.factories import DAY, NUMBER, START, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
PARKED = message_of(BOOKED, SETTINGS)
KEY = PARKED.key
HOUR = timedelta(hours=1)
OTHER = "+12025550177"
(NEW,) = decide(observed_of(BOOKED), SETTINGS, START)
(KEPT,) = decide(observed_of(BOOKED, PARKED), SETTINGS, START)
TOUCHED = evolve(
    KEPT,
    kind=ChangeKind.REPLACE,
    reason=Reason.ON_TIME,
    causes=("text", "settle", "rule"),
    draft=PARKED.draft,
    placement=NEW.placement,
    park_at=START,
    replacing=True,
    adopt=True,
    error="an error",
)
RECORD = ReminderRecord(
    KEY, "their-rule", "ada", OTHER, ReminderStatus.PARKED, "shifted_quiet_hours", START, park_at=START + HOUR,
    replacing=True, error="theirs",
)  # fmt: skip


def yielded(decision, *, fresh=False, record=None, appointment=BOOKED, **known):
    observed = observed_of(appointment, outcomes=[record] if record else [], **known)
    found = yielding([decision], observed, fresh=fresh)
    return found[0] if found else None


@pytest.mark.parametrize("kind", list(ChangeKind))
@pytest.mark.parametrize("adopt", [False, True])
def test_what_is_parked_is_kept_where_it_would_be_touched(kind, adopt):
    """For the cause alone that a step is open; all that would have been done is dropped."""
    decision = evolve(TOUCHED, kind=kind, adopt=adopt)
    kept = evolve(
        KEPT,
        reason=Reason.OTHER_RULES,
        recorded_reason="other_rules",
        causes=("settle",),
        status=ReminderStatus.PARKED,
    )
    touches = adopt or kind in ("replace", "cancel")
    assert yielded(decision) == (kept if touches else decision)
    if touches:
        theirs = {"rule": "their-rule", "recipient": "ada", "number": OTHER, "due_at": START}
        assert yielded(decision, record=RECORD) == evolve(kept, **theirs, recorded_reason="shifted_quiet_hours")


@pytest.mark.parametrize(
    ("message", "changes", "appointment", "suppressed"),
    [
        ({"state": State.CANCELLING}, {}, BOOKED, {}),
        ({}, {"reason": Reason.ALREADY_SENT}, BOOKED, {}),
        ({"includes": (Included("k", START),)}, {}, BOOKED, {}),
        ({}, {"includes": (NEW.reminder,)}, BOOKED, {}),
        ({"start_at": START}, {}, BOOKED, {}),
        ({}, {}, None, {}),
        ({}, {}, evolve(BOOKED, status="cancelled"), {}),
        ({}, {}, evolve(BOOKED, status="no_show"), {}),
        ({}, {}, BOOKED, {NUMBER: Suppression(NUMBER, "", START)}),
        ({"draft": evolve(PARKED.draft, to=OTHER)}, {}, BOOKED, {}),
        ({}, {}, evolve(BOOKED, recipients=[Recipient(NUMBER, opted_in=False)]), {}),
    ],
    ids=[
        *("being taken back", "said already", "includes others", "is to include others", "another start", "withdrawn"),
        *("cancelled", "missed", "barred", "nobody's number", "opted out"),
    ],
)
def test_what_is_untrue_or_owed_is_decided_by_its_own_rules(message, changes, appointment, suppressed):
    """As ever."""
    decision = evolve(TOUCHED, message=evolve(PARKED, **message), **changes)
    assert yielded(decision, appointment=appointment, suppressed=suppressed) is decision


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("fresh", [False, True])
def test_what_was_just_written_is_decided_by_its_own_rules(fresh, wanted):
    """But for reminders of rules that it does not know."""
    decision = evolve(TOUCHED, reminder=NEW.reminder if wanted else None)
    assert (yielded(decision, fresh=fresh) is decision) is (fresh and wanted)


def test_any_of_several_people_may_have_the_message():
    """Whoever has that number, and agreed."""
    people = [Recipient(OTHER), Recipient(NUMBER)]
    several = evolve(BOOKED, recipients=people)
    assert yielded(TOUCHED, appointment=several).kind is ChangeKind.KEEP
    assert yielded(TOUCHED, appointment=several, suppressed={OTHER: Suppression(OTHER, "", START)}).kind == "keep"


@pytest.mark.parametrize("status", [None, *ReminderStatus], ids=str)
@pytest.mark.parametrize("wanted", [False, True])
def test_what_has_no_message_is_left_to_the_other_set(status, wanted):
    """As it is recorded; what it waits for itself it decides, and what nobody recorded, or is parked, it leaves out."""
    decision = evolve(NEW, reminder=NEW.reminder if wanted else None)
    record = evolve(RECORD, status=status) if status else None
    found = yielded(decision, record=record)
    if wanted and status and status is not ReminderStatus.SKIPPED:
        assert found is decision
    elif status in (None, ReminderStatus.PARKED):
        assert found is None
    else:
        held = status is ReminderStatus.HELD
        assert found == evolve(
            decision,
            kind=ChangeKind.HOLD if held else ChangeKind.SKIP,
            reason=Reason.SHIFTED_QUIET_HOURS,
            recorded_reason="shifted_quiet_hours",
            status=status,
            rule="their-rule",
            recipient="ada",
            number=OTHER,
            due_at=START,
            park_at=START + HOUR,
            replacing=True,
            error="theirs",
            draft=None,
            placement=None,
        )


def test_what_stands_whatever_the_rules_say_is_decided():
    """Nothing follows what went out, or may have; and what is off is off."""
    gone = evolve(NEW, reminder=None)
    for reason in (Reason.ALREADY_SENT, Reason.NOT_CONFIRMED):
        settled = evolve(gone, reason=reason)
        assert yielded(settled) is settled
    assert yielded(gone, appointment=None) is gone
    assert yielded(gone, appointment=evolve(BOOKED, status="cancelled")) is gone
    assert yielded(NEW, fresh=True) is NEW
    assert yielded(gone, fresh=True) is None
    assert yielding([gone, NEW, evolve(gone, reason=Reason.ALREADY_SENT)], observed_of(BOOKED), fresh=True) == [
        NEW,
        evolve(gone, reason=Reason.ALREADY_SENT),
    ]
