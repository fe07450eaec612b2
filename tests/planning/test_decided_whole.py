"""Decisions as whole values, one for each way through: what is known goes in, every field decided comes out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Status
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import OPEN, SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import Restoration
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decide, decisions_for, is_same, quarantined, rejected_before
from reminder_kit.planning.decision import Decision, Doubt
from reminder_kit.planning.message_times import NEVER_SENT, REFUSED_SENDER, refused_for
from reminder_kit.rules.placement import Placement, PlacementDecision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from tests.factories import DAY, NUMBER, SENDER, START, WINDOW, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
BOOKED = visit("A")
OTHER = "+12025550177"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
(REMINDER,) = reminders_of(BOOKED, SETTINGS.rules, SETTINGS.defaults)
DUE, KEY = REMINDER.due_at, REMINDER.key
PARKED = message_of(BOOKED, SETTINGS)
CUT_OFF = DUE - WINDOW.cancel_cutoff - WINDOW.margin
RECORD = ReminderRecord(KEY, "day-before", NUMBER, NUMBER, ReminderStatus.PARKED, "shifted_quiet_hours", DUE)
BLOCKER = Blocker(
    "telnyx", "", SENDER, "US", "", "40333", known=True, elsewhere=False, keys=("k",), since=START, attempts=1,
    next_try_at=DUE, error="refused", tried="",
)  # fmt: skip
NEW = Decision(
    observed_of(BOOKED).identity,
    KEY,
    "day-before",
    NUMBER,
    NUMBER,
    DUE,
    ChangeKind.SCHEDULE,
    Reason.ON_TIME,
    ReminderStatus.PARKED,
    zone="America/New_York",
    reminder=REMINDER,
    placement=Placement(PlacementDecision.SEND, Reason.ON_TIME, DUE),
    draft=PARKED.draft,
    siblings=frozenset({KEY}),
)
KEPT = evolve(
    NEW, kind=ChangeKind.KEEP, reason=Reason.UNCHANGED, recorded_reason="unchanged", placement=None, draft=None,
    message=PARKED,
)  # fmt: skip


def decided(*messages, appointment=BOOKED, settings=SETTINGS, now=START, outcomes=(), **known):
    (found,) = decide(observed_of(appointment, *messages, outcomes=outcomes, **known), settings, now)
    return found


def unsent(reason, base=NEW, **changes):
    """Return a decision after which nothing goes out and nothing is waited for."""
    values = {"kind": ChangeKind.SKIP, "status": ReminderStatus.SKIPPED, "draft": None, "placement": None}
    return evolve(base, reason=reason, recorded_reason="", **(values | changes))


def test_what_is_new_is_parked():
    """For its due time, by all that the reminder says."""
    assert decided() == NEW


def test_what_is_right_is_kept_with_the_reason_for_which_it_was_parked():
    """As it is recorded; what was recorded as anything but parked, or not at all, says that it is unchanged."""
    assert decided(PARKED) == KEPT
    assert decided(PARKED, outcomes=[RECORD]) == evolve(KEPT, recorded_reason="shifted_quiet_hours")
    for status in (ReminderStatus.HELD, ReminderStatus.SKIPPED):
        assert decided(PARKED, outcomes=[evolve(RECORD, status=status)]) == KEPT
    assert decided(PARKED, outcomes=[evolve(RECORD, reason="too_late")]) == KEPT


def test_what_is_beyond_the_window_is_held_until_it_enters():
    """That an old message was taken back for it is noted; one that is parked for another start is taken back."""
    appointment = visit("A", day=18)
    (reminder,) = reminders_of(appointment, SETTINGS.rules, SETTINGS.defaults)
    park_at = reminder.due_at - WINDOW.max_lead + WINDOW.margin
    held = Placement(PlacementDecision.HOLD, Reason.BEYOND_WINDOW, None, park_at)
    expected = evolve(
        unsent(Reason.BEYOND_WINDOW, kind=ChangeKind.HOLD, status=ReminderStatus.HELD),
        placement=held, park_at=park_at, reminder=reminder, due_at=reminder.due_at,
    )  # fmt: skip
    assert decided(appointment=appointment) == expected
    waiting = evolve(RECORD, status=ReminderStatus.HELD)
    assert decided(appointment=appointment, outcomes=[waiting]) == expected
    taken_back = evolve(waiting, replacing=True)
    replaces = {"replaces": True, "replacing": True}
    assert decided(appointment=appointment, outcomes=[taken_back]) == evolve(expected, **replaces)
    moved = decided(PARKED, appointment=appointment)
    causes = {"kind": ChangeKind.CANCEL, "causes": ("moved", "text"), "message": PARKED}
    assert moved == evolve(expected, **replaces, **causes)


def test_what_is_refused_is_skipped_or_taken_back():
    """With the reason; a message from the cut-off on is kept, since it can't be."""
    off = evolve(BOOKED, status=Status.CANCELLED)
    gone = evolve(REMINDER, appointment=off, refusal=Reason.CANCELLED)
    expected = unsent(Reason.CANCELLED, reminder=gone)
    assert decided(appointment=off) == expected
    taken = evolve(expected, kind=ChangeKind.CANCEL, message=PARKED)
    assert decided(PARKED, appointment=off) == taken
    assert decided(PARKED, appointment=off, now=CUT_OFF - SECOND).kind is ChangeKind.CANCEL
    assert decided(PARKED, appointment=off, now=CUT_OFF) == evolve(
        KEPT, reason=Reason.TOO_LATE, recorded_reason="too_late", reminder=gone
    )
    cancelling = evolve(PARKED, state=State.CANCELLING)
    assert decided(cancelling, appointment=off, now=CUT_OFF) == evolve(taken, message=cancelling, causes=("settle",))


def test_what_changed_is_replaced_and_kept_where_that_is_too_late():
    """With its causes, in the new words."""
    renamed = visit("A", title="Cleaning")
    found = decided(PARKED, appointment=renamed)
    assert found == evolve(
        NEW,
        kind=ChangeKind.REPLACE,
        causes=("text",),
        message=PARKED,
        replaces=True,
        reminder=evolve(REMINDER, appointment=found.reminder.appointment),
        draft=evolve(PARKED.draft, text="Cleaning tomorrow at 9:00 AM"),
    )
    moved = visit("A", 12)
    assert decided(PARKED, appointment=moved, now=CUT_OFF - SECOND).kind is ChangeKind.REPLACE
    kept = decided(PARKED, appointment=moved, now=CUT_OFF)
    assert (kept.kind, kept.reason, kept.record.reason, kept.draft) == ("keep", "too_late", "too_late", None)
    assert kept.causes == ("moved", "text")
    cancelling = evolve(PARKED, state=State.CANCELLING)
    again = decided(cancelling, now=CUT_OFF - HOUR)
    assert (again.kind, again.causes, again.message) == ("replace", ("settle",), cancelling)
    late = decided(evolve(cancelling, start_at=START), appointment=moved, now=CUT_OFF)
    assert late.kind is ChangeKind.REPLACE


def test_what_would_say_just_the_same_at_another_due_time_is_adopted():
    """Nothing is written to the provider; the ledger notes it."""
    at_night = settings_of(Rule("day-before", before="25 hours", text=DAY.text), quiet=QuietHours("07:30", "09:00"))
    message = evolve(PARKED, due_at=DUE - 2 * HOUR)
    shifted = settings_of(Rule("day-before", before="25 hours", text=DAY.text, shift="later"), quiet=at_night.quiet)
    found = decided(message, settings=shifted)
    assert (found.kind, found.adopt, found.causes, found.draft) == ("keep", True, ("rule",), None)
    assert (found.due_at, found.reason) == (DUE - HOUR, Reason.UNCHANGED)
    assert decided(message, settings=at_night).kind is ChangeKind.REPLACE


@pytest.mark.parametrize("state", list(State))
def test_of_each_state_what_is_decided(state):
    """Open: it is kept, and settled first if its step is open. Out: nothing more. Else a new one is made."""
    message = evolve(PARKED, state=state)
    found = decided(message)
    if state is State.CANCELLING:
        expected = evolve(NEW, kind=ChangeKind.REPLACE, causes=("settle",), message=message, replaces=True)
    elif state in OPEN:
        expected = evolve(KEPT, message=message, causes=("settle",) if state is State.CREATING else ())
    elif state in SENT:
        expected = unsent(Reason.ALREADY_SENT)
    elif state is State.UNKNOWN:
        expected = evolve(NEW, causes=("settle",), replaces=True)
    elif state is State.REJECTED:
        expected = unsent(Reason.QUARANTINED, placement=NEW.placement)
    else:
        expected = NEW
    assert found == expected


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("recorded", [None, *ReminderStatus], ids=str)
def test_of_each_state_what_becomes_of_a_reminder_that_nobody_wants_any_more(state, recorded):
    """What is open is taken back until the cut-off; what went out is told so, unless it was held for another."""
    message = evolve(PARKED, state=state)
    outcomes = [evolve(RECORD, status=recorded)] if recorded else []
    observed = observed_of(None, message, outcomes=outcomes)
    for now in (START, CUT_OFF):
        found = decide(observed, SETTINGS, now)
        lost = state is State.CREATING and now == CUT_OFF  # nobody can be asked any more
        parked = state in OPEN and not lost
        if not recorded and not parked:
            assert found == []
            continue
        (one,) = found
        stuck = parked and state is not State.CANCELLING and now == CUT_OFF
        out = state in SENT and recorded is not ReminderStatus.HELD
        assert one == Decision(
            identity=observed.identity,
            key=KEY,
            rule="day-before" if recorded else "",
            recipient=NUMBER if recorded else "",
            number=NUMBER,
            due_at=DUE if recorded else None,
            kind=ChangeKind.KEEP if stuck else ChangeKind.CANCEL if parked else ChangeKind.SKIP,
            reason=Reason.TOO_LATE if stuck else Reason.ALREADY_SENT if out else Reason.REMOVED,
            status=ReminderStatus.PARKED if stuck else ReminderStatus.SKIPPED,
            causes=("settle",) if parked and state is not State.SCHEDULED else (),
            message=message if parked else None,
        )


def test_of_several_messages_that_nobody_wants_the_newest_open_one_is_taken_back():
    """By the window of its own provider; each reminder that is only known has a decision."""
    two = [evolve(PARKED, id=name) for name in "ab"]
    assert decided(*two, appointment=None).message.id == "b"
    spare = evolve(SETTINGS, provider="twilio", sender=OTHER, window=evolve(WINDOW, cancel_cutoff=9 * HOUR))
    both = evolve(SETTINGS, fallback=spare)
    message = evolve(PARKED, provider="twilio", sender=OTHER)
    assert decided(message, appointment=None, settings=both, now=DUE - HOUR).kind is ChangeKind.KEEP
    assert decided(PARKED, appointment=None, settings=both, now=DUE - HOUR).kind is ChangeKind.CANCEL
    found = decide(observed_of(BOOKED, evolve(PARKED, key="m"), outcomes=[evolve(RECORD, key="r")]), SETTINGS, START)
    assert [(one.key, one.kind) for one in found] == [(KEY, "schedule"), ("r", "skip"), ("m", "cancel")]
    assert found[0].siblings == {KEY, "m"}


# What stands against it


def test_a_text_that_can_not_be_written_is_told():
    """Held against nobody else: the error is in words."""
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    found = decided(settings=broken)
    assert (found.kind, found.reason, found.status, found.draft) == ("skip", "template_error", "skipped", None)
    assert "room" in found.error
    assert found.placement == NEW.placement


def test_a_country_that_the_sender_can_not_write_to_is_told():
    """With why; other countries are none of it."""
    closed = evolve(SETTINGS, not_to={"US": "not to the States"})
    expected = unsent(Reason.QUARANTINED, placement=NEW.placement, error="not to the States")
    assert decided(settings=closed) == expected
    assert decided(settings=evolve(SETTINGS, not_to={"GB": "no"})) == NEW


@pytest.mark.parametrize("next_try_at", [START - SECOND, START, START + SECOND, DUE])
def test_what_the_provider_refuses_now_waits_for_the_next_try(next_try_at):
    """Once that is due it is tried; what is stopped for another sender, or none, is not stopped."""
    blocker = evolve(BLOCKER, next_try_at=next_try_at)
    found = decided(blockers=[blocker])
    if next_try_at <= START:
        assert found == NEW
    else:
        waits = {"kind": ChangeKind.HOLD, "status": ReminderStatus.HELD, "park_at": next_try_at, "error": "refused"}
        assert found == unsent(blocker.reason, **waits, placement=NEW.placement, blocker=blocker.name)
        assert found.record.blocker == blocker.name
    assert decided(blockers=[evolve(blocker, sender=OTHER)]) == NEW


def test_a_true_message_stays_while_nothing_would_be_taken_in_its_stead():
    """Until the next try; one that is untrue is replaced, or taken back, all the same."""
    renamed = visit("A", title="Cleaning")
    found = decided(PARKED, appointment=renamed, blockers=[BLOCKER], outcomes=[RECORD])
    assert (found.kind, found.reason, found.causes) == ("keep", BLOCKER.reason, ("text",))
    assert (found.park_at, found.error, found.draft, found.status) == (DUE, "refused", None, "parked")
    assert (found.record.reason, found.record.blocker) == (BLOCKER.reason, BLOCKER.name)
    assert decided(PARKED, appointment=visit("A", 12), blockers=[BLOCKER]).kind is ChangeKind.REPLACE
    creating = evolve(PARKED, state=State.CREATING)
    assert decided(creating, appointment=renamed, blockers=[BLOCKER]).kind is ChangeKind.REPLACE


@pytest.mark.parametrize("before", ["shifted_quiet_hours", "too_late", "template_error", "waiting_account"])
def test_why_a_kept_message_is_no_other_one_is_recorded_as_long_as_that_lasts(before):
    """So that who waits for other words can be named; it is unchanged once they are as it has them."""
    broken = settings_of(Rule("day-before", before="24 hours", text="{{ data.room }}"))
    found = decided(PARKED, settings=broken, outcomes=[evolve(RECORD, reason=before)])
    assert (found.kind, found.reason, found.record.reason) == ("keep", "template_error", "template_error")
    assert "room" in found.record.error
    mended = decided(PARKED, outcomes=[evolve(RECORD, reason=before, error="why")])
    assert (mended.kind, mended.reason, mended.record.error) == ("keep", "unchanged", "")
    assert mended.record.reason == ("shifted_quiet_hours" if before == "shifted_quiet_hours" else "unchanged")


@pytest.mark.parametrize("told", [Reason.QUARANTINED, Reason.INVALID_NUMBER, Reason.OPTED_OUT])
def test_what_was_refused_for_good_is_not_asked_for_again(told):
    """With the reason and the words of that refusal, whatever is recorded of the reminder meanwhile."""
    refused = evolve(PARKED, state=State.REJECTED, error=refused_for(told, "40310 why"))
    given = unsent(told, placement=NEW.placement, error="40310 why")
    assert decided(refused) == given
    for reason in set(Reason) - {Reason.NOT_CONFIRMED}:
        for error in ("", "40310 why"):
            record = evolve(RECORD, status=ReminderStatus.SKIPPED, reason=reason, error=error, due_at=START)
            if told is not Reason.QUARANTINED or not error:
                assert decided(refused, outcomes=[record]) == given


def test_of_an_older_release_s_refusal_the_reason_is_recorded():
    """It stands with the reminder, beside the same words; other words are of something else."""
    refused = evolve(PARKED, state=State.REJECTED, error="40310 why")
    for reason in (Reason.INVALID_NUMBER, Reason.OPTED_OUT):
        record = evolve(RECORD, status=ReminderStatus.SKIPPED, reason=reason, error="40310 why", due_at=START)
        assert decided(refused, outcomes=[record]).reason is reason
        assert decided(refused, outcomes=[evolve(record, error="other")]).reason is Reason.QUARANTINED


def test_of_several_refusals_of_the_same_the_last_one_tells_why():
    """In its words."""
    first, last = (evolve(PARKED, id=said, state=State.REJECTED, error=said) for said in ("first", "last"))
    assert decided(first, last).error == "last"


@pytest.mark.parametrize(
    ("changes", "rejected"),
    [
        ({}, True),
        ({"state": State.CANCELLED}, False),
        ({"error": NEVER_SENT}, False),
        ({"error": f"{REFUSED_SENDER}x"}, False),
        ({"provider": "twilio"}, False),
        ({"sender": OTHER}, False),
        ({"draft": evolve(PARKED.draft, to=OTHER)}, False),
        ({"draft": evolve(PARKED.draft, text="other")}, False),
        ({"draft": evolve(PARKED.draft, send_at=START)}, True),
    ],
)
def test_the_very_same_is_refused_again(changes, rejected):
    """Of this provider and sender, to this number, in these words; whenever it was to go out."""
    message = evolve(evolve(PARKED, state=State.REJECTED, error="40310"), **changes)
    for messages in ([message], [PARKED, message, PARKED]):
        assert rejected_before(PARKED.draft, messages, SETTINGS) == (message if rejected else None)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"sender": OTHER}, False),
        ({"provider": "twilio"}, False),
        ({"draft": evolve(PARKED.draft, send_at=START)}, False),
        ({"state": State.CANCELLING}, True),
    ],
)
def test_a_message_is_the_same_by_what_it_says_to_whom_when_and_from_where(changes, same):
    """Whatever its state."""
    assert is_same(evolve(PARKED, **changes), PARKED.draft, SETTINGS) is same


# Who may not be written to


def test_outside_of_those_that_may_be_written_to_nothing_is_touched():
    """What is parked stays, as it was recorded, and to its own number; what is not parked is skipped."""
    nobody = evolve(SETTINGS, only_to=())
    refused = evolve(REMINDER, refusal=Reason.OUTSIDE_ONLY_TO)
    assert decided(settings=nobody) == unsent(Reason.OUTSIDE_ONLY_TO, reminder=refused)
    message = evolve(PARKED, state=State.CANCELLING, draft=evolve(PARKED.draft, to=OTHER))
    kept = evolve(
        KEPT, reason=Reason.OUTSIDE_ONLY_TO, recorded_reason="", number=OTHER, reminder=refused, message=message
    )
    assert decided(message, settings=nobody) == kept
    assert decided(message, settings=nobody, outcomes=[RECORD]) == evolve(kept, recorded_reason="shifted_quiet_hours")
    only = evolve(SETTINGS, only_to=(NUMBER,))
    assert decided(settings=only) == NEW
    assert decided(PARKED, settings=only) == KEPT
    found = decided(evolve(message, state=State.SCHEDULED), settings=only)
    assert (found.kind, found.reason, found.number, found.causes, found.draft) == (
        "keep", Reason.OUTSIDE_ONLY_TO, OTHER, (), None,
    )  # fmt: skip
    assert (found.placement, found.replacing, found.adopt, found.error, found.park_at) == (None, False, False, "", None)


@pytest.mark.parametrize(
    ("by", "reason"), [("host", "suppressed"), ("recipient", "opted_out"), ("provider", "suppressed")]
)
def test_who_is_barred_is_told_with_who_says_so(by, reason):
    """The reminder says in words who bars the number, since when."""
    barred = Suppression(NUMBER, "said so", START, by)
    found = decided(suppressed={NUMBER: barred})
    assert (found.kind, found.reason, found.reminder.detail) == ("skip", reason, barred.said)
    assert decided(suppressed={OTHER: barred}) == NEW
    off = evolve(BOOKED, status=Status.CANCELLED)
    assert decided(appointment=off, suppressed={NUMBER: barred}).reason is Reason.CANCELLED


def test_each_is_told_from_which_sender_it_goes_where_there_are_several():
    """By the settings of the first that fits."""
    british = evolve(SETTINGS, sender=OTHER)
    several = evolve(SETTINGS, others=((SenderCondition(countries=("GB",)), british),))
    assert decided(settings=several) == evolve(NEW, notes=(f"sent from {SENDER}",))
    american = evolve(SETTINGS, others=((SenderCondition(countries=("US",)), british),))
    assert decided(settings=american) == evolve(NEW, notes=(f"sent from {OTHER}",))
    assert decided(PARKED, settings=american).causes == ("sender",)


# A ledger that was put back

GAP = Restoration(START - 9 * HOUR, START - HOUR, until=START + timedelta(days=9))


def test_what_did_not_come_in_again_waits():
    """Until it does, with the reason in words; what is not to be sent now is what it was."""
    waits = Placement(PlacementDecision.HOLD, Reason.RESTORED_LEDGER)
    words = "the ledger was restored from a backup, and the appointment did not come in again since"
    held = {"kind": ChangeKind.HOLD, "status": ReminderStatus.HELD, "placement": waits, "error": words}
    assert decided(is_awaited=True) == unsent(Reason.RESTORED_LEDGER, **held)
    assert decided(is_awaited=True, gap=GAP) == unsent(Reason.RESTORED_LEDGER, **held)
    assert decided(PARKED, is_awaited=True) == KEPT
    far = visit("A", day=18)
    assert decided(appointment=far, is_awaited=True) == decided(appointment=far)
    strict = settings_of(Rule("day-before", before="24 hours", text=DAY.text, if_late="skip"))
    late = DUE + HOUR
    assert decided(settings=strict, now=late, is_awaited=True).reason is Reason.TOO_LATE


def test_what_may_exist_already_is_asked_for():
    """The message that a ledger which is lost would have parked: since when, and in which words."""
    assert decided(gap=GAP) == evolve(NEW, doubt=Doubt(GAP.since, PARKED.draft))
    later = evolve(GAP, since=DUE - HOUR, at=DUE + 2 * HOUR)
    now = DUE + 3 * HOUR
    found = decided(gap=later, now=now)
    assert found.draft.send_at > now
    assert found.doubt == Doubt(later.since, PARKED.draft)
    assert decided(gap=GAP, blockers=[BLOCKER]).kind is ChangeKind.SCHEDULE
    assert decided(PARKED, gap=GAP) == KEPT


def test_whatever_a_host_raises_is_an_error_of_that_appointment():
    """By its kind and words; what could not be read is not decided at all."""
    assert decisions_for(observed_of(BOOKED), SETTINGS, START) == ([NEW], "")
    assert decisions_for(observed_of(BOOKED, error="unreadable"), SETTINGS, START) == ([], "unreadable")

    def broken(*_):
        raise LookupError("no such doctor")

    picky = settings_of(Rule("day-before", before="24 hours", text="x", when=broken))
    found, error = decisions_for(observed_of(BOOKED), picky, START)
    assert found == []
    assert error.startswith("ConfigurationError: appointment 'A', rule 'day-before': its `when` raised LookupError")
    line = quarantined(NEW.identity, "an error")
    assert line == Change(
        ChangeKind.SKIP, NEW.identity, "", "", "", None, None, None, Reason.QUARANTINED, outcome="failed",
        error="an error",
    )  # fmt: skip
