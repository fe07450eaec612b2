"""What time allows with a message, state by state, at the very instants where it changes and just beside them."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderRecord, ReminderStatus
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.message_times import (
    ASKED,
    NEVER_SENT,
    OPTED_OUT,
    REFUSED_SENDER,
    forgotten_at,
    is_doubtful,
    is_past,
    key_lives,
    may_be_settled,
    may_be_taken,
    needs_settling,
    next_look,
    refusals_in_a_row,
    refused_for,
    replayable,
    resting_until,
    stale_duplicates,
    still_fits,
    texts_in_doubt,
    why_refused,
)
from reminder_kit.rules.window import Window
from tests.factories import DAY, NUMBER, START, message_of, settings_of, visit

SECOND, MINUTE, HOUR, A_DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTINGS = settings_of(DAY)
MESSAGE = message_of(visit("A"), SETTINGS)
AT = MESSAGE.send_at  # a day before the start
AFTERWARDS = evolve(MESSAGE, start_at=AT - HOUR)
OPEN = (State.CREATING, State.SCHEDULED, State.CANCELLING)
OVER = [state for state in State if state not in (*OPEN, State.UNKNOWN)]


def around(edge, holds_from):
    """Return instants a second before, at and after an edge, each with whether something that begins there holds."""
    return [(edge - SECOND, not holds_from), (edge, holds_from), (edge + SECOND, holds_from)]


@pytest.mark.parametrize("state", list(State))
def test_which_state_is_settled_from_when_on(state):
    """Open steps at once, what is parked a minute after its time, what is unknown a day after it and the start."""
    message = evolve(MESSAGE, state=state)
    if state is State.SCHEDULED:
        edges = around(AT + MINUTE, holds_from=True)
    elif state is State.UNKNOWN:
        edges = around(MESSAGE.start_at + A_DAY, holds_from=True)
    else:
        edges = [(START, state in OPEN), (AT + 9 * A_DAY, state in OPEN)]
    assert [(now, needs_settling(message, now)) for now, _ in edges] == edges


@pytest.mark.parametrize(
    ("state", "ahead", "past", "rests"),
    [
        (State.CREATING, HOUR, False, True),
        (State.CREATING, HOUR + SECOND, False, False),
        (State.CREATING, 10 * HOUR, True, True),
        (State.CANCELLING, HOUR, True, True),
        (State.CANCELLING, HOUR + SECOND, True, False),
        (State.UNKNOWN, 5 * A_DAY, False, True),
        (State.CREATING, timedelta(0), False, False),
    ],
    ids=["the longest back-off", "longer than any", "a question after quiet hours", "taken back", "taken back, longer",
         "looked for when it is listed", "over"],
)  # fmt: skip
def test_a_step_rests_no_longer_than_any_back_off_lasts(state, ahead, past, rests):
    """What is further ahead was written by a clock that was ahead; but questions and look-ups have an own instant."""
    now = AT if past else AT - SECOND
    message = evolve(MESSAGE, state=state, next_try_at=now + ahead)
    assert resting_until(message, now) == (message.next_try_at if rests else None)


@pytest.mark.parametrize("state", [State.SCHEDULED, State.UNKNOWN])
def test_what_waits_for_a_look_up_is_settled_from_that_instant_on(state):
    """Before its time it waits for that; once its time is over, it waits no longer."""
    soon = evolve(MESSAGE, state=state, next_try_at=AT - HOUR)
    assert [needs_settling(soon, now) for now, _ in around(AT - HOUR, holds_from=True)] == [False, True, True]
    late = evolve(soon, next_try_at=AT + 9 * A_DAY)
    edge = AT + MINUTE if state is State.SCHEDULED else MESSAGE.start_at + A_DAY
    assert [needs_settling(late, now) for now, _ in around(edge, holds_from=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({}, AT + MINUTE),
        ({"next_try_at": AT - HOUR}, AT - HOUR),
        ({"next_try_at": AT + HOUR}, AT + MINUTE),
        ({"state": State.CREATING}, START),
        ({"state": State.CANCELLING, "next_try_at": AT}, AT),
        ({"state": State.UNKNOWN}, AT + 2 * A_DAY),
        ({"state": State.UNKNOWN, "next_try_at": AT}, AT),
        ({"state": State.UNKNOWN, "next_try_at": AT + 3 * A_DAY}, AT + 2 * A_DAY),
        *(({"state": state, "next_try_at": AT}, None) for state in OVER),
    ],
    ids=[
        *("parked", "looked up sooner", "looked up later", "begun", "begun, tried again"),
        *("unknown", "unknown, looked up", "unknown, looked up too late"),
        *map(str, OVER),
    ],
)
def test_when_a_message_is_looked_at_next(changes, at):
    """As it may be past, or is to be looked up, or is forgotten; what is over is not looked at again."""
    assert next_look([], [evolve(MESSAGE, **changes)]) == at


def test_the_earliest_of_all_looks_is_the_next():
    """Of reminders that are held and of messages; nothing to wait for is no look at all."""

    def record(park_at):
        return ReminderRecord("k", "r", "p", NUMBER, ReminderStatus.HELD, "beyond_window", park_at=park_at)

    assert next_look([record(AT), record(None), record(AT - HOUR)], [MESSAGE]) == AT - HOUR
    assert next_look([record(AT + A_DAY)], [evolve(MESSAGE, state=State.SENT), MESSAGE]) == AT + MINUTE
    assert next_look([record(None)], []) is None


def test_a_message_is_past_a_minute_after_its_time():
    """Providers send to the minute."""
    assert [is_past(MESSAGE, now) for now in (AT, AT + MINUTE - SECOND, AT + MINUTE)] == [False, False, True]


def test_what_was_never_confirmed_is_forgotten_a_day_after_the_later_of_its_time_and_the_start():
    """A follow-up goes out after the start, any other before it."""
    assert forgotten_at(MESSAGE) == MESSAGE.start_at + A_DAY == AT + 2 * A_DAY
    assert forgotten_at(AFTERWARDS) == AT + A_DAY


@pytest.mark.parametrize(
    ("message", "edge"), [(MESSAGE, AT + A_DAY), (AFTERWARDS, AT)], ids=["before the start", "after it"]
)
def test_what_is_unknown_is_doubtful_until_the_later_of_its_time_and_the_start(message, edge):
    """And no other state is."""
    unknown = evolve(message, state=State.UNKNOWN)
    assert [is_doubtful(unknown, now) for now in (START, edge - SECOND, edge)] == [True, True, False]
    assert not any(is_doubtful(evolve(message, state=state), START) for state in State if state is not State.UNKNOWN)


@pytest.mark.parametrize(
    ("window", "least"),
    [
        (Window(timedelta(minutes=5), 5 * A_DAY, MINUTE, timedelta(0)), timedelta(minutes=5)),
        (Window(timedelta(minutes=5), 5 * A_DAY, HOUR, timedelta(0)), HOUR + SECOND),
        (Window(timedelta(minutes=5), 5 * A_DAY, HOUR, MINUTE), HOUR + MINUTE + SECOND),
        (Window(timedelta(minutes=5), 5 * A_DAY, timedelta(0), HOUR), HOUR + SECOND),
        (Window(2 * HOUR, 5 * A_DAY, HOUR, MINUTE), 2 * HOUR),
    ],
    ids=["least lead", "cut-off", "cut-off and margin", "margin", "least lead beyond the cut-off"],
)
def test_a_request_fits_that_leaves_room_for_the_window_and_for_taking_the_message_back(window, least):
    """The last instant at which it fits, to the second: so long before its time."""
    assert [still_fits(MESSAGE, window, AT - least + step * SECOND) for step in (-1, 0, 1)] == [True, True, False]


def test_a_key_lives_for_so_long_after_the_message_was_made():
    """At that very instant it is forgotten; where a provider knows none, none ever lives."""
    edge = MESSAGE.created_at + timedelta(hours=24)
    assert [key_lives(MESSAGE, SETTINGS, edge + step * SECOND) for step in (-1, 0)] == [True, False]
    assert not key_lives(MESSAGE, evolve(SETTINGS, key_life=None), MESSAGE.created_at)


@pytest.mark.parametrize(("holds", "fits", "uncertain", "lives"), list(product([False, True], repeat=4)))
def test_a_request_is_posted_again_where_it_fits_and_can_not_be_a_second_one(holds, fits, uncertain, lives):
    """Never through a provider that sends at once."""
    nothing = timedelta(0)
    window = Window(nothing, nothing, nothing, nothing) if holds else SETTINGS.window
    settings = evolve(SETTINGS, window=window, key_life=9 * A_DAY if lives else MINUTE)
    message = evolve(MESSAGE, state=State.CREATING, uncertain=uncertain)
    now = AT - HOUR if fits else AT - MINUTE
    assert replayable(message, settings, now) is (not holds and fits and (lives or not uncertain))


def test_a_request_is_posted_again_by_the_settings_of_its_own_provider():
    """Those of the provider it was made for, whoever is the first one now."""
    spare = evolve(SETTINGS, provider="twilio", sender="+12025550177", key_life=9 * A_DAY)
    both = evolve(SETTINGS, key_life=None, fallback=spare)
    message = evolve(MESSAGE, state=State.CREATING, uncertain=True)
    assert not replayable(message, both, START)
    assert replayable(evolve(message, provider="twilio", sender=spare.sender), both, START)


@pytest.mark.parametrize(
    ("error", "taken"),
    [
        ("", False),
        (NEVER_SENT, True),
        (f"{NEVER_SENT} (timeout)", True),
        (f"{REFUSED_SENDER}40305", True),
        (f"{OPTED_OUT}40300", True),
        ("40300: opted out: STOP", False),
        (ASKED, False),
    ],
)
def test_what_may_be_taken_another_time_is_told_by_how_its_error_begins(error, taken):
    """What never left, was refused for its sender, or for a STOP."""
    assert may_be_taken(evolve(MESSAGE, error=error)) is taken


@pytest.mark.parametrize("reason", [Reason.INVALID_NUMBER, Reason.OPTED_OUT, Reason.QUARANTINED])
def test_why_a_message_was_refused_for_good_is_told_by_its_error(reason):
    """With the provider's words as they were; the same is not tried another time."""
    refused = evolve(MESSAGE, state=State.REJECTED, error=refused_for(reason, "Telnyx: 40310"))
    assert why_refused(refused) == (reason, "Telnyx: 40310")
    assert refused.error.endswith("Telnyx: 40310")
    assert not may_be_taken(refused)
    assert why_refused(evolve(refused, error="Telnyx: 40310")) == (Reason.QUARANTINED, "Telnyx: 40310")


def test_refusals_are_counted_from_the_latest_back():
    """Up to the first that was anything else: what was refused for good, what went out, what is parked."""
    never = evolve(MESSAGE, state=State.REJECTED, error=NEVER_SENT)
    others = [
        evolve(never, error=f"{NEVER_SENT} since"),
        evolve(never, error="40310"),
        evolve(never, state=State.SENT),
        evolve(never, state=State.CREATING),
    ]
    assert refusals_in_a_row([]) == 0
    for other in others:
        assert refusals_in_a_row([never, never, other]) == 0
        assert refusals_in_a_row([never, other, never, never]) == 2
    assert refusals_in_a_row([never] * 3) == 3


@pytest.mark.parametrize("state", list(State))
def test_an_open_step_is_finished_only_for_who_may_be_written_to(state):
    """To look up what is parked, or unknown, writes to nobody."""
    message = evolve(MESSAGE, state=state)
    assert may_be_settled(message, evolve(SETTINGS, only_to=(NUMBER,)))
    assert may_be_settled(message, evolve(SETTINGS, only_to=())) is (state in (State.SCHEDULED, State.UNKNOWN))


def test_an_older_parked_message_of_a_reminder_is_a_duplicate_of_the_newest_open_one():
    """Whatever the newest is about to become; what is not parked is none, and other reminders have their own."""

    def made(name, state=State.SCHEDULED, key="k"):
        return evolve(MESSAGE, id=name, key=key, state=state)

    def stale(*messages):
        return [message.id for message in stale_duplicates(messages)]

    assert stale(made("a"), made("b"), made("c"), made("x", key="other")) == ["a", "b"]
    assert stale(made("a"), made("b", State.CREATING)) == ["a"]
    assert stale(made("a"), made("b", State.CANCELLING)) == ["a"]
    assert stale(made("a"), *(made(f"o{index}", state) for index, state in enumerate(OVER))) == []
    assert stale(made("a", State.CREATING), made("b", State.CANCELLING), made("c")) == []
    assert stale(*(made(f"o{index}", state, f"k{index}") for index, state in enumerate(OVER))) == []
    assert stale() == []


@pytest.mark.parametrize(
    ("error", "texts"), [("", 1), (NEVER_SENT, 1), (f"{ASKED}x", 2), (f"{IN_GAP}x", 2), (f"x {ASKED}", 1)]
)
def test_a_request_that_was_its_own_question_may_be_two_texts(error, texts):
    """And so may one of which a lost ledger may have made another."""
    assert texts_in_doubt(evolve(MESSAGE, error=error)) == texts
