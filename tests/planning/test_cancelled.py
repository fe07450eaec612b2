"""Who is told that an appointment is cancelled, of which start, and in what kind of reminder; and what that undoes."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient, Status
from reminder_kit.model.lifecycle import SENT, State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity, ReminderRecord, ReminderStatus, Twin
from reminder_kit.planning.cancellation import CANCELLATION, cancellation_key, cancellations, still_told
from reminder_kit.planning.correction import correction_key
from reminder_kit.rules.notices import Notice
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from tests.factories import DAY, NUMBER, START, WINDOW, message_of, observed_of, settings_of, visit

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
THANKS = Rule("thanks", after="1 hour", text="Thank you")
SETTINGS = settings_of(DAY, THANKS, cancellation=Notice("Off: {{ when }}", 10 * MINUTE))
OTHER = "+12025550177"
BOOKED = visit("A")
OFF = evolve(BOOKED, status=Status.CANCELLED)
BEGINS = BOOKED.start_at
NOW = BEGINS - 20 * HOUR  # the reminder of the day before is out
REMINDERS = reminders_of(OFF, SETTINGS.rules, SETTINGS.defaults)
TOLD = message_of(REMINDERS[0], SETTINGS, State.SENT)
AT = TOLD.send_at
KEY = cancellation_key(Identity.of(OFF), NUMBER)


def found(*messages, appointment=OFF, reminders=None, now=NOW, settings=SETTINGS, **known):
    """Return the cancellations of an appointment, for whom these messages told."""
    observed = observed_of(appointment, *messages, **known)
    if reminders is None:
        reminders = reminders_of(appointment, settings.rules, settings.defaults) if appointment else REMINDERS
    return cancellations(reminders, observed.messages, observed, settings, now)


def test_it_is_a_reminder_of_a_rule_of_its_own():
    """Of the same person and appointment: due ten minutes after the change, as soon as may be, by no later than it."""
    (made,) = found(TOLD)
    assert made.rule == Rule(CANCELLATION, before="1 minute", text="Off: {{ when }}", if_late="clamp", shift="later")
    assert made == evolve(
        REMINDERS[0],
        key=KEY,
        rule=made.rule,
        due_at=NOW + 10 * MINUTE,
        anchor_at=BEGINS,
        refusal=None,
        detail="",
        is_notice=True,
    )
    own = {"empty": "blank", "clock": "place"}
    (made,) = found(TOLD, settings=evolve(SETTINGS, rules=(Rule("day-before", before="24 hours", text="x", **own),)))
    assert (made.rule.empty, made.rule.clock) == ("blank", "place")


def test_it_is_due_after_the_change_and_once_it_is_said_it_stays_so():
    """As the change is recorded; what is recorded of it as skipped is counted anew."""
    assert found(TOLD, changed_at=NOW - HOUR)[0].due_at == NOW - HOUR + 10 * MINUTE
    record = ReminderRecord(KEY, CANCELLATION, NUMBER, NUMBER, ReminderStatus.PARKED, "on_time", NOW - 2 * HOUR)
    assert found(TOLD, outcomes=[record])[0].due_at == NOW - 2 * HOUR
    assert found(TOLD, outcomes=[evolve(record, status=ReminderStatus.SKIPPED)])[0].due_at == NOW + 10 * MINUTE


@pytest.mark.parametrize("state", list(State))
def test_only_who_was_told_or_can_not_be_kept_from_it_is_told(state):
    """What went out told them, and what is unknown may have; what did not arrive told nobody."""
    told = state in SENT - {State.UNDELIVERED} or state is State.UNKNOWN
    assert bool(found(evolve(TOLD, state=state), now=AT)) is told or state is State.SCHEDULED
    assert bool(found(evolve(TOLD, state=state), now=AT - HOUR)) is (told and state is not State.UNKNOWN)


def test_the_edges_of_who_was_told():
    """From the provider's cut-off on a parked message goes out; from its time on an unknown one may have."""
    cut_off = AT - WINDOW.cancel_cutoff - WINDOW.margin
    for state, edge in ((State.SCHEDULED, cut_off), (State.UNKNOWN, AT)):
        message = evolve(TOLD, state=state)
        assert [len(found(message, now=now)) for now in (edge - SECOND, edge, edge + SECOND)] == [0, 1, 1]
    assert [len(found(TOLD, now=now)) for now in (BEGINS - SECOND, BEGINS, BEGINS + SECOND)] == [1, 0, 0]


def test_a_message_to_another_number_told_somebody_else():
    """Nor does one for a start that is over count, though the visit is later now."""
    assert found(evolve(TOLD, draft=evolve(TOLD.draft, to=OTHER))) == []
    assert found(evolve(TOLD, start_at=NOW)) == []
    assert len(found(evolve(TOLD, start_at=NOW + SECOND))) == 1


def test_the_cut_off_is_that_of_the_messages_own_provider():
    """Whoever is the first now."""
    spare = evolve(SETTINGS, provider="twilio", sender=OTHER, window=evolve(WINDOW, cancel_cutoff=2 * HOUR))
    both = evolve(SETTINGS, fallback=spare)
    parked = evolve(TOLD, state=State.SCHEDULED)
    assert found(parked, settings=both, now=AT - HOUR) == []
    assert len(found(evolve(parked, provider="twilio", sender=OTHER), settings=both, now=AT - HOUR)) == 1


def test_what_a_correction_told_counts_and_the_last_that_was_told_is_spoken_of():
    """The message that went out last, of one second the one made last: whatever the order they are known in."""
    later = BEGINS + 3 * HOUR
    corrected = evolve(TOLD, id="c", key=correction_key(TOLD.key), start_at=later)
    assert found(corrected)[0].anchor_at == later
    sooner = evolve(TOLD, draft=evolve(TOLD.draft, send_at=AT - SECOND), created_at=NOW)
    made_first = evolve(TOLD, created_at=START - SECOND)
    for first in (sooner, made_first):
        assert found(first, corrected)[0].anchor_at == later
        assert found(evolve(first, key=corrected.key), evolve(corrected, key=TOLD.key))[0].anchor_at == later


def test_it_speaks_of_the_start_that_was_told():
    """And of an end as long after it as it was; by the clock that the appointment has."""
    later = BEGINS + 3 * HOUR
    (made,) = found(evolve(TOLD, start_at=later))
    assert made.appointment == evolve(OFF, starts_at=OFF.starts_at + 3 * HOUR, ends_at=OFF.ends_at + 3 * HOUR)
    assert made.appointment.starts_at.tzinfo == made.appointment.ends_at.tzinfo == OFF.starts_at.tzinfo
    endless = evolve(OFF, ends_at=None)
    (made,) = found(evolve(TOLD, start_at=later), appointment=endless)
    assert made.appointment == evolve(endless, starts_at=OFF.starts_at + 3 * HOUR)
    assert found(TOLD)[0].appointment == OFF


def test_an_end_keeps_its_own_zone():
    """A flight ends by another clock than it begins by."""
    ends_at = datetime(2026, 2, 12, 15, tzinfo=ZoneInfo("Europe/London"))
    (made,) = found(evolve(TOLD, start_at=BEGINS + HOUR), appointment=evolve(OFF, ends_at=ends_at))
    assert made.appointment.ends_at == ends_at + HOUR
    assert made.appointment.ends_at.tzinfo == ends_at.tzinfo


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CANCELLED])
def test_only_what_says_itself_that_it_is_cancelled_is(status):
    """Any other status, and an appointment that is only gone, tells nobody anything."""
    assert found(TOLD, appointment=evolve(BOOKED, status=status), reminders=REMINDERS) == []
    assert found(TOLD, appointment=None) == []


def test_each_number_is_told_once():
    """Of all its reminders, and whoever has it; each by the key of the person whose reminder comes first."""
    people = [Recipient(NUMBER, name="Ada"), Recipient(OTHER), Recipient(NUMBER, name="Bea", id="bea")]
    appointment = evolve(OFF, recipients=people)
    reminders = reminders_of(appointment, SETTINGS.rules, SETTINGS.defaults)
    messages = [message_of(reminder, SETTINGS, State.SENT, id=reminder.key) for reminder in reminders]
    assert [one.recipient.phone for one in found(*messages, appointment=appointment)] == [NUMBER, OTHER]


@pytest.mark.parametrize("turn", [1, -1])
def test_a_cancellation_speaks_of_the_start_that_was_told_last(turn):
    """By whichever rule."""
    reminders = reminders_of(OFF, (DAY, Rule("two-hours", before="2 hours", text="x")), SETTINGS.defaults)[::turn]
    first, last = (
        message_of(reminder, SETTINGS, State.SENT, id=f"{number}", start_at=BEGINS + number * HOUR)
        for number, reminder in enumerate(reminders, 1)
    )
    last = evolve(last, draft=evolve(last.draft, send_at=first.draft.send_at + SECOND))
    assert [one.anchor_at for one in found(first, last, reminders=reminders)] == [BEGINS + 2 * HOUR]
    assert [one.anchor_at for one in found(last, first, reminders=reminders[::-1])] == [BEGINS + 2 * HOUR]


def test_who_has_no_number_who_is_expected_all_the_same_and_who_was_refused_otherwise_is_not_told():
    """Another record of the visit stands for a number; a reminder is refused for the cancellation, or not at all."""
    nobody = evolve(REMINDERS[0], recipient=None)
    assert len(found(TOLD, reminders=[nobody, REMINDERS[0]])) == 1
    assert found(TOLD, reminders=[nobody]) == []
    assert found(TOLD, still_expected=frozenset({NUMBER})) == []
    assert len(found(TOLD, still_expected=frozenset({OTHER}))) == 1
    for refusal in (None, Reason.SUPPRESSED):
        assert len(found(TOLD, reminders=[evolve(REMINDERS[0], refusal=refusal), REMINDERS[0]])) == 1
        assert found(TOLD, reminders=[evolve(REMINDERS[0], refusal=refusal)]) == []


def test_who_opted_out_has_a_cancellation_that_is_refused():
    """It is listed, and nothing is sent."""
    away = evolve(OFF, recipients=[Recipient(NUMBER, opted_in=False)])
    reminders = [
        evolve(reminder, refusal=Reason.CANCELLED) for reminder in reminders_of(away, (DAY,), SETTINGS.defaults)
    ]
    assert [one.refusal for one in found(TOLD, reminders=reminders)] == [Reason.OPTED_OUT]


SILENT = ReminderRecord(TOLD.key, "day-before", NUMBER, NUMBER, ReminderStatus.SKIPPED, "same_text", AT)


def twins(send_at=AT, number=NUMBER, start=BEGINS):
    return {(number, start): [Twin("other", send_at, AT, "x")]}


@pytest.mark.parametrize("reason", list(Reason))
def test_who_was_told_by_another_record_of_the_visit_is_told_of_its_end(reason):
    """Where this one was silent since that one said it."""
    told = found(outcomes=[evolve(SILENT, reason=reason)], twins=twins())
    assert [one.anchor_at for one in told] == ([BEGINS] if reason in ("same_text", "told_elsewhere") else [])


def test_the_edges_of_what_another_record_told():
    """From the very time of its message to the start; of this number and start; and once told it stays told."""
    assert [len(found(outcomes=[SILENT], twins=twins(), now=now)) for now in (AT - SECOND, AT)] == [0, 1]
    assert [len(found(outcomes=[SILENT], twins=twins(), now=now)) for now in (BEGINS - SECOND, BEGINS)] == [1, 0]
    assert found(outcomes=[SILENT], twins=twins(number=OTHER)) == []
    assert found(outcomes=[SILENT], twins=twins(start=BEGINS + HOUR)) == []
    assert found(outcomes=[SILENT]) == []
    assert found(twins=twins()) == []
    said = ReminderRecord(KEY, CANCELLATION, NUMBER, NUMBER, ReminderStatus.PARKED, "on_time", AT)
    assert len(found(outcomes=[said], twins=twins())) == 1
    assert len(found(outcomes=[said, evolve(SILENT, reason="on_time")], twins=twins())) == 1
    both = {(NUMBER, BEGINS): [Twin("a", NOW + HOUR, AT, "x"), Twin("b", AT, AT, "x")]}
    assert len(found(outcomes=[SILENT], twins=both)) == 1


def test_the_key_is_of_the_appointment_and_the_person():
    """Any part of it makes another one, even letters that no text has."""
    base = Identity("s", "A", "")
    keys = [
        cancellation_key(identity, who)
        for identity in (base, base._replace(source="t"), base._replace(id="B"), base._replace(recurrence_id="x"))
        for who in ("p", "q", "\ud800")
    ]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}


# What a cancellation undoes

WANTED = reminders_of(BOOKED, (DAY, THANKS, Rule("hello", after_booking="1 hour", text="x")), SETTINGS.defaults)
CANCELLED = evolve(TOLD, id="off", key=KEY, draft=evolve(TOLD.draft, send_at=AT + HOUR))


def still(*messages, contrary=(), reminder=WANTED[0], now=NOW):
    kept = still_told(reminder, messages, observed_of(BOOKED, *contrary), now)
    return [message.id for message in kept]


@pytest.mark.parametrize("state", list(State))
def test_what_went_out_before_a_cancellation_told_nothing(state):
    """It is reminded of anew; what is parked, or came to nothing, is what it was."""
    before, after = (
        evolve(TOLD, id="before", state=state),
        evolve(TOLD, id="after", draft=evolve(TOLD.draft, send_at=NOW)),
    )
    assert still(before, after, contrary=[CANCELLED]) == (["after"] if state in SENT else ["before", "after"])


@pytest.mark.parametrize("state", list(State))
def test_only_a_cancellation_that_went_out_undoes_anything(state):
    """Or one that is parked, and must be taken to be out since its time is over; undelivered it told nobody."""
    undoes = state in SENT - {State.UNDELIVERED}
    contrary = [evolve(CANCELLED, state=state)]
    assert still(TOLD, contrary=contrary, now=AT + HOUR) == ([] if undoes else [TOLD.id])
    late = AT + HOUR + MINUTE
    assert still(TOLD, contrary=contrary, now=late) == ([] if undoes or state is State.SCHEDULED else [TOLD.id])
    assert still(TOLD, contrary=contrary, now=late - SECOND) == ([] if undoes else [TOLD.id])


def test_what_went_out_with_the_cancellation_or_before_it_is_undone():
    """A second later it is told anew; a cancellation to another number, and none at all, undo nothing."""
    for step, kept in ((-SECOND, []), (timedelta(0), []), (SECOND, [TOLD.id])):
        message = evolve(TOLD, draft=evolve(TOLD.draft, send_at=AT + HOUR + step))
        assert still(message, contrary=[CANCELLED]) == kept
    stranger = evolve(CANCELLED, draft=evolve(CANCELLED.draft, to=OTHER))
    assert still(TOLD, contrary=[stranger]) == [TOLD.id]
    assert still(TOLD) == [TOLD.id]
    older = evolve(CANCELLED, id="older", draft=evolve(CANCELLED.draft, send_at=AT - HOUR))
    assert still(TOLD, contrary=[older]) == [TOLD.id]
    assert still(TOLD, contrary=[CANCELLED, older]) == still(TOLD, contrary=[older, CANCELLED]) == []


def test_what_is_told_once_is_not_undone():
    """Follow-ups, and what is told of a booking."""
    for reminder in (*WANTED[1:], evolve(WANTED[0], recipient=None)):
        assert still(TOLD, contrary=[CANCELLED], reminder=reminder) == [TOLD.id]
    assert still(TOLD, contrary=[CANCELLED]) == []


@pytest.mark.parametrize("state", list(State))
def test_a_correction_before_another_message_is_undone(state):
    """It is due only where that named another start; what did not arrive, or came before it, undoes nothing."""
    moved = evolve(TOLD, id="moved", key=correction_key(TOLD.key))
    reminder = evolve(WANTED[0], key=moved.key, is_notice=True)
    since = evolve(TOLD, state=state, draft=evolve(TOLD.draft, send_at=AT + SECOND))
    undoes = state in SENT - {State.UNDELIVERED}
    assert still(moved, contrary=[since], reminder=reminder, now=AT) == ([] if undoes else ["moved"])
    before = evolve(since, draft=evolve(TOLD.draft, send_at=AT - SECOND))
    assert still(moved, contrary=[before], reminder=reminder) == ["moved"]


def test_a_reminder_undoes_the_cancellation_before_it():
    """Any of the appointment's other messages does, and never one of its own."""
    own = evolve(WANTED[0], key=KEY, is_notice=True)
    after = evolve(TOLD, id="after", key="any", draft=evolve(TOLD.draft, send_at=NOW))
    assert still(CANCELLED, contrary=[TOLD, after], reminder=own) == []
    assert still(CANCELLED, contrary=[TOLD], reminder=own) == ["off"]
    assert still(CANCELLED, contrary=[evolve(CANCELLED, draft=after.draft)], reminder=own) == ["off"]
