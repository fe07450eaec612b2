"""Who is in whose message, at the edges: days and clocks, what is fixed, what is alone, and what is said of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.consent import Suppression
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus, Traffic
from reminder_kit.model.restorations import Restoration
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.busy_days import MOST
from reminder_kit.planning.combining import SAME_DAY, Group, combine, combined_for_preview, group_of
from reminder_kit.planning.decide import decide
from reminder_kit.planning.message_times import NEVER_SENT
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.senders import SenderCondition
from reminder_kit.rules.window import Window
from tests.factories import (
    BOTH,
    DEFAULTS,
    EVENING,
    NUMBER,
    SENDER,
    START,
    WINDOW,
    evening_rule,
    message_of,
    observed_of,
    settings_of,
    visit,
)

SETTINGS = settings_of(EVENING)
FIRST, SECOND = visit("A"), visit("B", 11)
OTHER = "+12025550177"
LOS_ANGELES = "America/Los_Angeles"


def reminder_of(appointment, rule=EVENING):
    (found,) = reminders_of(appointment, [rule], DEFAULTS)
    return found


def key_of(appointment):
    return reminder_of(appointment).key


DUE = reminder_of(FIRST).due_at
CUT_OFF = DUE - WINDOW.cancel_cutoff - WINDOW.margin
TEXT = SETTINGS.composer.compose(reminder_of(FIRST), DUE, [reminder_of(SECOND)]).text


def parked(*included, appointment=FIRST, text=None, **changes):
    """Return the message of an appointment that includes others, in the words for them."""
    message = message_of(appointment, SETTINGS, includes=tuple(Included(key_of(one), one.start_at) for one in included))
    words = (
        text or SETTINGS.composer.compose(reminder_of(appointment), DUE, [reminder_of(one) for one in included]).text
    )
    return evolve(message, draft=evolve(message.draft, text=words), **changes)


def combined(*appointments, messages=None, settings=SETTINGS, now=START, known=None):
    """Return, by id, what each of them makes of itself in the light of the others."""
    all_observed = {
        one.id: observed_of(one, *(messages or {}).get(one.id, ()), **(known or {}).get(one.id, {}))
        for one in appointments
    }
    found = {}
    for name, mine in all_observed.items():
        others = tuple(one for one in all_observed.values() if one is not mine)
        (found[name],) = assessments = assess(mine, settings, now)
        combine(assessments, evolve(mine, neighbours=others), settings, now)
    return found


def company(found):
    """Return, by id, the ids that a message includes, or the id of the one that includes it."""
    return {
        name: item.included_in or "".join(reminder.appointment.id for reminder in item.includes) or "-"
        for name, item in found.items()
    }


# Which group


def test_a_group_is_of_a_rule_a_number_and_a_day():
    """Of the start, by the clock that the text goes by; of no rule that tells each by itself."""
    assert group_of(reminder_of(FIRST)) == Group("evening", NUMBER, date(2026, 2, 12), None)
    assert group_of(reminder_of(FIRST, evening_rule(together=""))) is None
    assert group_of(evolve(reminder_of(FIRST), recipient=None)) is None
    late = visit("A", 23)
    abroad = evolve(late, recipients=[Recipient(NUMBER, timezone="Europe/London")])
    assert group_of(reminder_of(late)).day == date(2026, 2, 12)
    assert group_of(reminder_of(abroad)).day == date(2026, 2, 13)
    assert group_of(reminder_of(evolve(abroad, location="1 Main St"))).day == date(2026, 2, 12)


def test_an_all_day_appointment_is_of_its_own_date():
    """Whatever the reader's clock says of its midnight."""
    day = datetime(2026, 2, 12, tzinfo=ZoneInfo("America/New_York"))
    appointment = evolve(FIRST, starts_at=day, ends_at=day + timedelta(days=1), all_day=True)
    abroad = evolve(appointment, recipients=[Recipient(NUMBER, timezone=LOS_ANGELES)])
    assert group_of(reminder_of(abroad)).day == date(2026, 2, 12)


def test_two_starts_of_one_date_are_at_most_so_far_apart():
    """From the first minute of a date in the east to the last one in the west, and an hour for clocks."""
    first = datetime(2026, 11, 1, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    last = datetime(2026, 11, 1, 23, 59, tzinfo=ZoneInfo("Etc/GMT+12"))
    assert last - first < SAME_DAY
    assert SAME_DAY - (last - first) <= timedelta(hours=1, minutes=1)


# Who tells


def test_the_words_of_a_new_message_are_for_all_of_its_company():
    """In the order of their starts; of one start by their keys."""
    found = combined(SECOND, FIRST)
    assert company(found) == {"B": "A", "A": "B"}
    text = SETTINGS.composer.compose(found["A"].reminder, DUE, found["A"].includes).text
    assert text == BOTH == TEXT
    same = [visit(name) for name in "CDE"]
    keys = sorted((key_of(one), one.id) for one in same)
    (first, *others) = (name for _, name in keys)
    assert company(combined(*same)) == {first: "".join(others)} | dict.fromkeys(others, first)


def test_what_is_included_says_in_whose_message():
    """It has none of its own, kept or new."""
    alone = parked(appointment=SECOND)
    for messages in ({}, {"B": [alone]}):
        member = combined(FIRST, SECOND, messages=messages)["B"]
        assert (member.included_in, member.skip, member.keep, member.placement) == ("A", Reason.SUPERSEDED, False, None)
        assert member.notes == ("told in the message for A, which starts 2026-02-12T14:00:00Z",)
        assert member.includes == ()


def test_a_message_that_includes_all_is_kept():
    """In its words, with whom it includes noted."""
    found = combined(FIRST, SECOND, messages={"A": [parked(SECOND)]})["A"]
    assert (found.keep, found.causes, found.placement, found.skip) == (True, (), None, None)
    assert [one.appointment.id for one in found.includes] == ["B"]
    assert found.notes == ("told in the same message: B",)


@pytest.mark.parametrize("step", [-1, 0])
def test_other_words_are_placed_anew_until_it_is_too_late(step):
    """Up to the last instant at which a new one would not come late; then it is kept, and who joined is told apart."""
    edge = DUE - WINDOW.min_lead - WINDOW.margin
    found = combined(FIRST, SECOND, messages={"A": [parked()]}, now=edge + timedelta(seconds=step + 1))
    first = found["A"]
    if step == -1:
        assert company(found) == {"A": "B", "B": "A"}
        assert (first.causes, first.keep, first.replaces, first.skip) == (("text",), False, True, None)
        assert (first.placement.send_at, first.placement.reason) == (DUE, Reason.ON_TIME)
    else:
        assert company(found) == {"A": "-", "B": "-"}
        assert (first.causes, first.keep, first.replaces, first.placement) == ((), True, False, None)


def test_a_fixed_message_whose_words_are_others_by_now_is_too_late():
    """It is kept with that cause."""
    now = DUE - WINDOW.min_lead
    found = combined(FIRST, SECOND, messages={"A": [parked(SECOND, text="old words")]}, now=now)["A"]
    assert (found.keep, found.skip, found.causes) == (True, Reason.TOO_LATE, ("text",))
    assert (found.placement, found.replaces) == (None, False)


def test_words_that_were_by_the_readers_clock_are_known_as_such():
    """Of all that it includes."""
    west = [Recipient(NUMBER, name="Ada", timezone=LOS_ANGELES)]
    there = [evolve(one, recipients=west, location="1 Main St") for one in (FIRST, SECOND)]
    reminders = [evolve(reminder_of(one), local_zone=LOS_ANGELES) for one in there]
    old = SETTINGS.composer.compose(reminders[0], DUE, reminders[1:]).text
    message = parked(there[1], appointment=there[0], text=old)
    found = combined(*there, messages={"A": [message]})["A"]
    assert (found.causes, found.reworded) == (("text",), True)
    other = parked(there[1], appointment=there[0], text="other words")
    assert not combined(*there, messages={"A": [other]})["A"].reworded


@pytest.mark.parametrize("away", [15, 16])
def test_a_fixed_message_includes_who_has_nearly_the_start_that_it_names(away):
    """A quarter of an hour either way; others are told apart, and so is who joined since."""
    for sign in (-1, 1):
        moved = visit("B", 11, minute=30)
        was = evolve(moved, starts_at=moved.starts_at + sign * timedelta(minutes=away))
        message = parked(was)
        found = combined(FIRST, moved, visit("C", 13), messages={"A": [message]}, now=CUT_OFF)
        assert company(found) == ({"A": "B", "B": "A", "C": "-"} if away == 15 else {"A": "-", "B": "C", "C": "B"})


def test_what_went_out_already_is_part_of_a_fixed_message():
    """It is skipped as included; with a message of its own it is not."""
    message = parked(SECOND)
    sent = message_of(SECOND, SETTINGS, State.SENT)
    found = combined(FIRST, SECOND, messages={"A": [message], "B": [sent]}, now=CUT_OFF)
    assert company(found) == {"A": "B", "B": "A"}
    assert found["B"].skip is Reason.SUPERSEDED
    apart = {"A": "-", "B": "-"}
    assert company(combined(FIRST, SECOND, messages={"A": [parked()], "B": [sent]}, now=CUT_OFF)) == apart
    again = combined(FIRST, SECOND, messages={"A": [message], "B": [sent]})
    assert company(again) == apart
    assert again["B"].skip is Reason.ALREADY_SENT


def test_one_that_is_being_taken_back_fixes_nothing():
    """Nor does one that is replaced."""
    cancelling = parked(SECOND, state=State.CANCELLING)
    found = combined(FIRST, SECOND, visit("C", 13), messages={"A": [cancelling]}, now=DUE - timedelta(minutes=10))
    assert company(found) == {"A": "BC", "B": "A", "C": "A"}


def test_the_order_of_one_start_is_that_in_which_they_are_told_already():
    """Who joins at the same start comes after them, whatever its key."""
    same = [visit(name) for name in "CDEF"]
    by_key = sorted(same, key=key_of)
    leader, joined, told = by_key[3], by_key[0], by_key[1]
    message = parked(told, appointment=leader)
    found = combined(*by_key[:2], leader, messages={leader.id: [message]})
    assert company(found)[leader.id] == told.id + joined.id
    assert company(found)[joined.id] == leader.id


def test_of_follow_ups_the_latest_start_tells():
    """And includes the others from the latest to the earliest."""
    thanks = Rule("evening", after="1 hour", text="Thanks", together="All")
    found = combined(FIRST, SECOND, visit("C", 13), settings=settings_of(thanks))
    assert company(found) == {"A": "C", "B": "C", "C": "BA"}


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_as_many_as_one_message_may_speak_of_are_told_in_one(count):
    """One more, and each is told by itself."""
    visits = [visit(f"V{n:02}", 9 + n // 12, minute=n % 12 * 5) for n in range(count)]
    settings = settings_of(evening_rule(together="{{ appointments | length }}"), max_parts=99)
    first = combined(*visits, settings=settings)["V00"]
    assert len(first.includes) == (count - 1 if count == MOST else 0)


@pytest.mark.parametrize(("length", "fits"), [(306, True), (307, False)])
def test_as_many_parts_as_the_provider_takes_are_one_message(length, fits):
    """Two of 153 characters; of a picture message nobody counts any."""
    text = "x" * length
    found = combined(FIRST, SECOND, settings=settings_of(evening_rule(together=text), max_parts=2))
    assert company(found) == ({"A": "B", "B": "A"} if fits else {"A": "-", "B": "-"})
    mms = Rule("evening", days_before=1, at="18:00", text="x", together=text, channel="mms")
    assert company(combined(FIRST, SECOND, settings=settings_of(mms, max_parts=2)))["A"] == "B"


# Who is alone


@pytest.mark.parametrize(
    ("messages", "known", "alone"),
    [
        ([message_of(SECOND, SETTINGS, State.REJECTED, error="40310")], {}, True),
        ([message_of(SECOND, SETTINGS, State.REJECTED, error=NEVER_SENT)], {}, False),
        ([message_of(SECOND, SETTINGS, State.CANCELLED, error="40310")], {}, False),
        ([message_of(visit("B", 11, phone=OTHER), SETTINGS, State.REJECTED, key=key_of(SECOND))], {}, False),
        ([], {"busy": frozenset({NUMBER})}, True),
        ([], {"busy": frozenset({OTHER})}, False),
        ([], {"is_awaited": True}, True),
        ([], {"gap": Restoration(START - timedelta(hours=1), START)}, True),
        ([], {"suppressed": {NUMBER: Suppression(NUMBER, "", START, holds=True)}}, True),
    ],
    ids=[
        "refused",
        "never sent",
        "cancelled",
        "refused there",
        "busy",
        "busy elsewhere",
        "awaited",
        "doubted",
        "unclear",
    ],
)
def test_who_has_a_message_of_its_own_in_any_case(messages, known, alone):
    """Nobody waits for it, and it waits for nobody."""
    found = combined(FIRST, SECOND, messages={"B": messages}, known={"B": known})
    assert company(found) == ({"A": "-", "B": "-"} if alone else {"A": "B", "B": "A"})


def test_a_neighbour_that_can_not_be_assessed_is_left_out():
    """Its own decision reports that, and the others are told without it."""

    def picky(appointment, *_):
        if appointment.id == "B":
            raise LookupError
        return True

    settings = settings_of(evening_rule(when=picky))
    neighbours = [observed_of(SECOND), observed_of(visit("C", 13))]
    (found,) = assessments = assess(observed_of(FIRST), settings, START)
    combine(assessments, observed_of(FIRST, neighbours=neighbours), settings, START)
    assert [one.appointment.id for one in found.includes] == ["C"]


SILENT = settings_of(Rule("evening", days_before=1, at="18:00", text="x", together="All", min_silence="2 hours"))
SKIPPED = ReminderRecord(key_of(SECOND), "evening", NUMBER, NUMBER, ReminderStatus.SKIPPED, "condition")


@pytest.mark.parametrize(
    ("record", "message", "settings", "heard"),
    [
        (SKIPPED, False, SILENT, False),
        (SKIPPED, True, SILENT, True),
        (SKIPPED, False, SETTINGS, True),
        (evolve(SKIPPED, reason="past"), False, SILENT, True),
        (evolve(SKIPPED, status=ReminderStatus.HELD), False, SILENT, True),
        (evolve(SKIPPED, key="other"), False, SILENT, True),
    ],
    ids=["silent", "parked", "a rule without silence", "skipped otherwise", "held", "another"],
)
def test_a_neighbour_that_was_silent_last_is_not_counted_on(record, message, settings, heard):
    """It is found out whether it still is when it is decided itself."""
    messages = [message_of(SECOND, settings)] if message else []
    found = combined(FIRST, SECOND, settings=settings, messages={"B": messages}, known={"B": {"outcomes": [record]}})
    assert company(found)["A"] == ("B" if heard else "-")


def test_the_message_of_those_told_with_it_silences_nothing():
    """One that can't be changed any more, and any other, does."""
    own = {NUMBER: [Traffic(key_of(SECOND), DUE)]}
    found = combined(FIRST, SECOND, settings=SILENT, known={"A": {"traffic": own}})
    assert company(found)["A"] == "B"
    stranger = {NUMBER: [Traffic("x", DUE)]}
    first = combined(FIRST, SECOND, settings=SILENT, known={"A": {"traffic": stranger}})["A"]
    assert (first.placement.reason, first.includes) == (Reason.CONDITION, ())


def test_a_preview_tells_together_whoever_is_of_one_group():
    """By the order of their starts; those apart have none, and each keeps its time."""
    third, alone = visit("C", 13), visit("D", day=3)
    apart = reminder_of(visit("E"), evening_rule(together=""))
    sent = [(reminder_of(one), START + timedelta(hours=n)) for n, one in enumerate((third, FIRST, alone, SECOND))]
    found = combined_for_preview([*sent, (apart, START)])
    assert [(one.appointment.id, at, [other.appointment.id for other in others]) for one, at, others in found] == [
        ("A", START + timedelta(hours=1), ["B", "C"]),
        ("D", START + timedelta(hours=2), []),
        ("E", START, []),
    ]


# What is decided of it


def decided(appointment, *neighbours, messages=(), settings=SETTINGS, now=START, **known):
    others = [observed_of(one) for one in neighbours]
    (found,) = decide(observed_of(appointment, *messages, neighbours=others, **known), settings, now)
    return found


def test_a_kept_message_that_speaks_of_others_than_it_says_is_adopted():
    """Its words are right; unless its step is open, or it can't be changed any more."""
    right = parked(text=TEXT)
    found = decided(FIRST, SECOND, messages=[right])
    assert (found.kind, found.adopt, found.reason) == ("keep", True, Reason.UNCHANGED)
    assert [one.appointment.id for one in found.includes] == ["B"]
    assert not decided(FIRST, SECOND, messages=[parked(SECOND)]).adopt
    assert not decided(FIRST, SECOND, messages=[evolve(right, state=State.CREATING)]).adopt
    old = parked(SECOND, visit("C", 13), text="old words")
    late = decided(FIRST, SECOND, messages=[old], now=CUT_OFF)
    assert (late.kind, late.reason, late.adopt) == ("keep", Reason.TOO_LATE, False)


def test_a_message_that_another_includes_is_taken_back_for_that_one():
    """That is noted, until the other is made; without one of its own it is only skipped."""
    own = parked(appointment=SECOND)
    taken = decided(SECOND, FIRST, messages=[own])
    assert (taken.kind, taken.reason, taken.replacing, taken.message) == ("cancel", Reason.SUPERSEDED, True, own)
    skipped = decided(SECOND, FIRST)
    assert (skipped.kind, skipped.replacing, skipped.status) == ("skip", True, "skipped")
    elsewhere = evolve(own, draft=evolve(own.draft, to=OTHER))
    fenced = decided(SECOND, FIRST, messages=[elsewhere], settings=evolve(SETTINGS, only_to=(NUMBER,)))
    assert (fenced.kind, fenced.reason, fenced.replacing) == ("keep", Reason.OUTSIDE_ONLY_TO, False)


def test_which_sender_is_told_after_who_is_in_the_message():
    """Both are notes of the decision."""
    several = evolve(SETTINGS, others=((SenderCondition(rules=("other",)), evolve(SETTINGS, sender=OTHER)),))
    assert decided(FIRST, SECOND, settings=several).notes == ("told in the same message: B", f"sent from {SENDER}")


@pytest.mark.parametrize("at_once", [False, True])
def test_how_far_a_message_is_kept_from_others_is_decided_with_it(at_once):
    """Of one that is held until then, too."""
    gap, none = timedelta(minutes=30), timedelta(0)
    traffic = {NUMBER: [Traffic("x", DUE - timedelta(minutes=10))]}
    window = Window(none, none, none) if at_once else WINDOW
    settings = settings_of(EVENING, min_gap=gap, window=window)
    found = decided(FIRST, settings=settings, now=DUE if at_once else START, traffic=traffic)
    assert (found.kind, found.clearance) == ("hold" if at_once else "schedule", (gap, gap))


# What a message that leads comes to


def test_one_alone_has_its_words_compared_as_well():
    """Though nobody is told with it."""
    found = combined(FIRST, messages={"A": [parked(text="old words")]})["A"]
    assert (found.causes, found.keep, found.placement.send_at) == (("text",), False, DUE)
    assert combined(FIRST, messages={"A": [parked()]})["A"].keep


def test_who_was_told_already_and_has_a_message_besides_is_no_part_of_a_fixed_one():
    """Its own message is taken back for that."""
    sent, own = message_of(SECOND, SETTINGS, State.SENT), parked(appointment=SECOND)
    now = CUT_OFF - timedelta(minutes=1)
    found = combined(FIRST, SECOND, messages={"A": [parked(SECOND)], "B": [sent, own]}, now=now)
    assert found["B"].skip is Reason.ALREADY_SENT
    assert found["B"].message is own


def test_a_message_that_must_go_fixes_nothing():
    """It is for another start: the new one leads the others, however late."""
    untrue = parked(start_at=START)
    found = combined(FIRST, SECOND, messages={"A": [untrue]}, now=CUT_OFF)
    assert company(found) == {"A": "B", "B": "A"}


def test_a_fixed_message_whose_words_can_not_be_written_is_kept():
    """With the error, in words."""
    broken = settings_of(evening_rule(together="{{ data.room }}"))
    found = combined(FIRST, SECOND, messages={"A": [parked(SECOND)]}, settings=broken, now=CUT_OFF)["A"]
    assert (found.skip, found.keep) == (Reason.TEMPLATE_ERROR, True)
    assert "room" in found.error


LONG_ON_THE_DAY = settings_of(
    evening_rule(together="{% if 'tomorrow' in when %}short{% else %}" + "long " * 50 + "{% endif %}"), max_parts=1
)


@pytest.mark.parametrize(
    ("day", "now", "at", "fits"),
    [
        (2, START, None, True),
        (18, START, None, True),
        (2, DUE + timedelta(hours=10), None, False),
        (2, START, DUE + timedelta(hours=10), False),
    ],
    ids=["on time", "held", "late", "parked for later"],
)
def test_whether_there_is_room_for_all_is_asked_of_the_words_of_its_time(day, now, at, fits):
    """That of its new message, of the kept one, or, where it is held, of its due time."""
    first, second = visit("A", day=day), visit("B", 11, day=day)
    message = parked(appointment=first)
    messages = {"A": [evolve(message, draft=evolve(message.draft, send_at=at))]} if at else {}
    found = combined(first, second, messages=messages, settings=LONG_ON_THE_DAY, now=now)
    assert company(found) == ({"A": "B", "B": "A"} if fits else {"A": "-", "B": "-"})


def test_a_fixed_message_includes_only_whom_it_names():
    """Another one of the same start is told apart."""
    found = combined(FIRST, SECOND, visit("D", 11), messages={"A": [parked(SECOND)]}, now=CUT_OFF)
    assert company(found) == {"A": "B", "B": "A", "D": "-"}


def test_a_message_that_can_not_be_written_anew_is_fixed_at_any_time():
    """It keeps whom it includes, and nobody joins it."""
    needs = settings_of(evening_rule(text="{{ data.room }}"))
    others = [visit(name, hour, data={"room": "1"}) for name, hour in (("B", 11), ("C", 13))]
    found = combined(FIRST, *others, messages={"A": [parked(SECOND)]}, settings=needs)
    assert company(found) == {"A": "B", "B": "A", "C": "-"}
    assert (found["A"].keep, found["A"].skip) == (True, Reason.TEMPLATE_ERROR)


def test_of_one_start_a_message_for_one_alone_leads_nobody():
    """Only a message that includes others says in which order they are told."""
    by_key = sorted((visit(name) for name in "CDE"), key=key_of)
    found = combined(*by_key, messages={by_key[1].id: [parked(appointment=by_key[1])]})
    assert company(found)[by_key[0].id] == by_key[1].id + by_key[2].id


def test_a_message_that_must_go_is_not_compared_word_by_word():
    """Its causes are what they were."""
    untrue = parked(start_at=START)
    assert combined(FIRST, SECOND, messages={"A": [untrue]})["A"].causes == ("moved",)


def test_a_message_keeps_no_gap_from_those_it_speaks_of():
    """What goes out for them goes out with it."""
    settings = settings_of(EVENING, min_gap=timedelta(minutes=30))
    traffic = {NUMBER: [Traffic(key_of(SECOND), DUE)]}
    assert decided(FIRST, SECOND, settings=settings, traffic=traffic).draft.send_at == DUE
