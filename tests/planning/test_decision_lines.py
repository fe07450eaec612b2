"""A decision as the plan's line and as the ledger's: each field of both, and what becomes of one that goes unsent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import asdict, evolve

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.messages import Included
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, ReminderRecord, ReminderStatus
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.decision import Decision
from tests.factories import DAY, NUMBER, START, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
MESSAGE = message_of(BOOKED, SETTINGS)
(NEW,) = decide(observed_of(BOOKED), SETTINGS, START)
HOUR = timedelta(hours=1)
OTHER = evolve(NEW.draft, to="+12025550177", text="other words", send_at=NEW.draft.send_at + HOUR)
BARE = Decision(
    Identity("desk", "A-1", "x"), "key", "rule", "ada", NUMBER, START, ChangeKind.SCHEDULE, Reason.ON_TIME,
    ReminderStatus.PARKED,
)  # fmt: skip
FULL = evolve(
    BARE,
    recorded_reason="clamped_late",
    causes=("text", "settle"),
    reworded=True,
    park_at=START + HOUR,
    replacing=True,
    error="an error",
    zone="Asia/Tokyo",
    draft=OTHER,
    message=MESSAGE,
)


def test_a_bare_decision_is_a_bare_line():
    """Nothing is said where there is nothing to say: no error is none, and no number is none."""
    line = Change(
        ChangeKind.SCHEDULE, BARE.identity, "key", "rule", "ada", NUMBER, START, None, Reason.ON_TIME
    )  # fmt: skip
    assert BARE.line() == BARE.change == line
    assert evolve(BARE, number="").line().to is None
    assert BARE.record == ReminderRecord(
        "key", "rule", "ada", NUMBER, ReminderStatus.PARKED, "on_time", START, None, None
    )


def test_a_full_decision_has_a_full_line_and_record():
    """What goes out is the new message; what is parked is told beside it, by its time and id."""
    assert FULL.change == Change(
        ChangeKind.SCHEDULE,
        FULL.identity,
        "key",
        "rule",
        "ada",
        "+12025550177",
        START,
        OTHER.send_at,
        Reason.ON_TIME,
        "other words",
        causes=("text", "settle"),
        reworded=True,
        was_at=MESSAGE.send_at,
        message_id="P",
        error="an error",
        zone="Asia/Tokyo",
    )
    assert FULL.record == ReminderRecord(
        "key",
        "rule",
        "ada",
        NUMBER,
        ReminderStatus.PARKED,
        "clamped_late",
        START,
        OTHER.send_at,
        START + HOUR,
        replacing=True,
        error="an error",
    )


@pytest.mark.parametrize("kind", list(ChangeKind))
@pytest.mark.parametrize(("draft", "message"), [(OTHER, MESSAGE), (None, MESSAGE), (OTHER, None), (None, None)])
def test_a_line_shows_the_message_that_goes_out(kind, draft, message):
    """The new one before the parked one; of what is held or skipped neither, whatever there is."""
    line = evolve(FULL, kind=kind, draft=draft, message=message).line()
    shown = None if kind in ("hold", "skip") else draft or (message and message.draft)
    told = (shown.to, shown.send_at, shown.text) if shown else (NUMBER, None, None)
    assert (line.to, line.send_at, line.text) == told
    assert (line.was_at, line.message_id) == ((message.send_at, "P") if message else (None, None))


@pytest.mark.parametrize("status", list(ReminderStatus))
@pytest.mark.parametrize(("draft", "message"), [(OTHER, MESSAGE), (None, MESSAGE), (OTHER, None), (None, None)])
def test_a_record_has_the_time_of_what_is_parked_then(status, draft, message):
    """Of a message that is taken back it has none."""
    record = evolve(FULL, status=status, draft=draft, message=message).record
    parked = draft or (message.draft if message and status is ReminderStatus.PARKED else None)
    assert record.send_at == (parked.send_at if parked else None)
    assert record.status is status


def test_the_reason_for_which_it_was_parked_is_recorded_else_that_of_now():
    """A kept message keeps why it is where it is."""
    assert evolve(FULL, recorded_reason="").record.reason == "on_time"


def test_those_included_are_kept_with_their_starts():
    """In their order."""
    two = [decide(observed_of(visit(name, hour)), SETTINGS, START)[0].reminder for name, hour in (("B", 11), ("C", 13))]
    assert evolve(NEW, includes=tuple(two)).included == tuple(
        Included(one.key, one.appointment.start_at) for one in two
    )
    assert NEW.included == ()
    assert NEW.start_at == BOOKED.start_at


@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("error", ["", "new"])
def test_what_goes_unsent_is_held_until_then_or_skipped(error, replacing):
    """Its message is dropped, all else stays; an error that is none leaves the one it has."""
    for park_at, kind, status in ((START, "hold", "held"), (None, "skip", "skipped")):
        found = FULL.unsent(Reason.AT_CAPACITY, park_at, error=error, replacing=replacing)
        assert found == evolve(
            FULL,
            kind=ChangeKind(kind),
            status=ReminderStatus(status),
            reason=Reason.AT_CAPACITY,
            park_at=park_at,
            draft=None,
            error=error or "an error",
            replacing=replacing,
        )
    assert FULL.unsent(Reason.PAST) == FULL.unsent(Reason.PAST, None, error="", replacing=False)


@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize("replacing", [False, True])
def test_what_waits_for_a_blocker_is_held_until_its_next_try(replaces, replacing):
    """In its words; that an old message was taken back for it is not forgotten."""
    blocker = Blocker(
        "telnyx", "a", "", "", "", "40333", known=True, elsewhere=False, keys=("k",), since=START, attempts=1,
        next_try_at=START + HOUR, error="refused", tried="",
    )  # fmt: skip
    found = evolve(FULL, replaces=replaces, replacing=replacing).waiting_for(blocker)
    expected = {"reason": blocker.reason, "park_at": START + HOUR, "error": "refused"}
    assert (found.kind, found.status, found.draft) == (ChangeKind.HOLD, ReminderStatus.HELD, None)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.replacing is (replaces or replacing)


def test_what_is_printed_of_a_decision_has_no_number_and_no_words():
    """Nor what identifies a person by it; a log may have it."""
    shown = repr(evolve(FULL, recipient=NUMBER, includes=(NEW.reminder,), siblings=frozenset({"sibling"})))
    for secret in (NUMBER, "+12025550177", "other words", "sibling"):
        assert secret not in shown
    assert "…23" in shown


# Lines of a plan


def change(kind=ChangeKind.SCHEDULE, **changes):
    values = {"to": NUMBER, "due_at": START, "send_at": START, "reason": Reason.ON_TIME}
    return Change(kind, Identity("s", "A"), "k", "r", NUMBER, **(values | changes))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("schedule", "parked"), ("replace", "replaced"), ("cancel", "cancelled"), ("hold", "held"), ("keep", "kept"),
        ("skip", "skipped"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("outcome", [None, "done", "failed", "unknown"])
def test_what_happened_is_one_word(kind, word, outcome):
    """Of what did not work, that; of a new message refused for good, rejected; of what was not carried out, left."""
    kind = ChangeKind(kind)
    is_left = outcome is None and kind in ("schedule", "replace", "cancel")
    expected = outcome if outcome in ("failed", "unknown") else "left" if is_left else word
    for reason in Reason:
        refused = reason in (Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.QUARANTINED)
        rejected = refused and outcome == "failed" and kind in ("schedule", "replace")
        assert change(kind, outcome=outcome, reason=reason).happened == ("rejected" if rejected else expected)
    assert change(kind).is_work is (kind in ("schedule", "replace", "cancel"))
    assert change(kind, outcome=outcome).is_left is is_left


def test_a_line_for_programs_has_each_field_by_its_name():
    """Instants as text; empty ones as null."""
    line = evolve(FULL.change, outcome="done")
    assert line.as_json() == {
        "change": "schedule",
        "appointment": "A-1",
        "source": "desk",
        "recurrence_id": "x",
        "rule": "rule",
        "to": "+12025550177",
        "due_at": "2026-02-10T14:00:00Z",
        "send_at": "2026-02-11T15:00:00Z",
        "was_at": "2026-02-11T14:00:00Z",
        "timezone": "Asia/Tokyo",
        "text": "other words",
        "reason": "on_time",
        "cause": ["text", "settle"],
        "outcome": "done",
        "message_id": "P",
        "error": "an error",
    }
    bare = Change(ChangeKind.SKIP, Identity("s", "A", ""), "", "", "", None, None, None, Reason.PAST).as_json()
    named = {"change": "skip", "appointment": "A", "source": "s", "reason": "past", "cause": []}
    assert bare == dict.fromkeys(bare) | named


def test_a_line_in_print_has_no_whole_number_and_no_words():
    """Only the ends of a number are shown."""
    shown = repr(evolve(FULL.change, recipient=NUMBER, text="secret"))
    for secret in (NUMBER, "+12025550177", "secret"):
        assert secret not in shown
    assert "…23" in shown
    assert "…77" in shown
    assert asdict(change())["reworded"] is False
