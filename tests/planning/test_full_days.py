"""Which message of too full a day is left unsent: the rank of each, at its edges, and what can't be withheld."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import ReminderStatus, Traffic
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.day_limit import all_within_day_limit, planned_traffic, too_many, within_day_limit
from reminder_kit.planning.decide import decide
from reminder_kit.planning.spacing import EACH_RUN
from tests.factories import DAY, NUMBER, START, WINDOW, in_new_york, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY, max_per_day=1)
BOOKED = visit("A", 15)
(PLANNED,) = decide(observed_of(BOOKED), SETTINGS, START)  # due a day before its start, at 15:00 in New York
AT, BEGINS = PLANNED.draft.send_at, PLANNED.start_at
NONE, SECOND, HOUR, A_DAY = timedelta(0), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
JUST_NOW = AT - 2 * HOUR
OTHER = "+12025550177"
PARKED = message_of(BOOKED, SETTINGS)
(KEPT,) = decide(observed_of(BOOKED, PARKED), SETTINGS, START)


def other(send_at=AT, due_at=AT, start_at=BEGINS, key="\0"):
    """Return what else goes to the number: alike but for its key, by which it comes first."""
    return Traffic(key, send_at, due_at, start_at)


def left(*traffic, decision=PLANNED, settings=SETTINGS, now=START):
    """Return a decision as it is beside what else goes to its number."""
    (found,) = within_day_limit([decision], {NUMBER: traffic}, settings, now)
    return found


def is_unsent(*traffic, **given):
    return left(*traffic, **given).reason is Reason.DAY_LIMIT


@pytest.mark.parametrize(
    ("beside", "unsent"),
    [
        (other(start_at=BEGINS - SECOND), True),
        (other(start_at=BEGINS + SECOND), False),
        (other(due_at=AT + SECOND), True),
        (other(due_at=AT - SECOND), False),
        (other(due_at=BEGINS + A_DAY - SECOND), True),
        (other(due_at=BEGINS + A_DAY + SECOND), False),
        (other(due_at=AT - SECOND, start_at=BEGINS - SECOND, key="~"), True),
        (other(due_at=AT + SECOND, start_at=BEGINS + SECOND), False),
        (other(send_at=AT - SECOND, key="~"), False),
        (other(send_at=AT + SECOND), True),
        (other(), True),
        (other(key="~"), False),
        (other(JUST_NOW, AT - 9 * A_DAY), True),
        (other(JUST_NOW + 90 * SECOND, AT - 9 * A_DAY), True),
        (other(JUST_NOW + 91 * SECOND, AT - 9 * A_DAY), False),
        (other(due_at=None, start_at=AT + A_DAY - SECOND), True),
        (other(due_at=None, start_at=AT + A_DAY + SECOND), False),
        (other(due_at=AT - A_DAY - SECOND, start_at=None), False),
        (other(due_at=AT - A_DAY + SECOND, start_at=None), True),
        (other(due_at=None, start_at=None), False),
    ],
    ids=[
        *("nearer to its start", "farther from it", "due nearer", "due farther", "a follow-up, nearer", "farther"),
        *(
            "due sooner",
            "due later",
            "only moved before it",
            "only moved behind it",
            "the lesser key",
            "the greater key",
            "out already",
        ),
        *("too late to be taken back", "not yet out"),
        *("never due, near", "never due, far", "of no start, far", "of no start, near", "planned only"),
    ],
)
def test_the_nearest_to_its_start_stays_then_the_soonest_then_the_least_key(beside, unsent):
    """A message that went out by now, or can't be taken back (a minute and a margin before), comes before all of them.

    What is not known is taken for its send time.

    Wherever it was moved, for what it keeps apart from, makes no difference. What is only planned for others is counted
    with all that is decided, and not here.
    """
    assert is_unsent(beside, now=JUST_NOW) is unsent
    assert not is_unsent(beside, settings=evolve(SETTINGS, max_per_day=2))


@pytest.mark.parametrize(
    ("at", "shares"),
    [
        ("2026-02-11T00:00:00", True),
        ("2026-02-10T23:59:59", False),
        ("2026-02-11T23:59:59", True),
        ("2026-02-12T00:00:00", False),
    ],
)
def test_a_day_is_one_of_the_readers_clock(at, shares):
    """From midnight to midnight in New York."""
    assert is_unsent(other(in_new_york(at), start_at=BEGINS - SECOND)) is shares
    abroad = evolve(PLANNED, zone="Asia/Tokyo")  # there it goes out on the 12th, at 05:00
    assert is_unsent(other(in_new_york(at), start_at=BEGINS - SECOND), decision=abroad) is (at > "2026-02-11T10")


def test_exactly_so_many_go_out():
    """As many others that come first as the limit allows are enough to leave one unsent."""
    first = [other(key=f"\0{index}") for index in range(3)]
    for limit in (1, 2, 3, 4):
        assert is_unsent(*first, settings=evolve(SETTINGS, max_per_day=limit)) is (limit <= 3)
    assert not is_unsent(*first, settings=evolve(SETTINGS, max_per_day=None))


def test_messages_to_other_numbers_and_what_was_decided_of_it_before_do_not_count():
    """Nor does what the ledger has of its appointment's other reminders: those are decided with it."""
    decision = evolve(PLANNED, siblings=frozenset({"sibling"}))
    (found,) = within_day_limit([decision], {OTHER: [other()]}, SETTINGS, START)
    assert found is decision
    nearer = other(key="sibling", start_at=BEGINS - SECOND)
    assert not is_unsent(other(key=PLANNED.key), nearer, decision=decision)
    assert is_unsent(nearer)


@pytest.mark.parametrize("key", ["its own", "sibling"])
@pytest.mark.parametrize("away", [NONE, SECOND], ids=["out", "about to go out"])
def test_what_went_out_of_its_own_appointment_counts(key, away):
    """Whatever is decided now, it stays so; also beside several appointments that are decided at once."""
    decision = evolve(PLANNED, siblings=frozenset({"sibling"}))
    out = other(JUST_NOW + away, AT - 9 * A_DAY, key=decision.key if key == "its own" else "sibling")
    assert is_unsent(out, decision=decision, now=JUST_NOW) is (away == NONE)
    ((found,), _) = all_within_day_limit([[decision], []], [{NUMBER: [out]}, {}], SETTINGS, JUST_NOW)
    assert (found.reason is Reason.DAY_LIMIT) is (away == NONE)
    assert not is_unsent(out, decision=decision, now=JUST_NOW, settings=evolve(SETTINGS, max_per_day=2))


def test_a_message_in_doubt_does_not_count_for_the_one_that_stands_in_for_it():
    """Nobody knows whether it went out."""
    lost = other(JUST_NOW, key=PLANNED.key)
    assert not is_unsent(lost, decision=evolve(PLANNED, causes=("settle",)), now=JUST_NOW)
    assert is_unsent(lost, other(JUST_NOW, key="x"), decision=evolve(PLANNED, causes=("settle",)), now=JUST_NOW)


def test_a_message_whose_time_has_come_and_that_is_kept_counts_once():
    """The ledger has it, and so does its decision."""
    settings, now = evolve(SETTINGS, max_per_day=2), AT + SECOND
    second = evolve(PLANNED, key="second", due_at=AT + HOUR, draft=evolve(PLANNED.draft, send_at=AT + HOUR))
    line = {NUMBER: [other(key=KEPT.key)]}
    (_, found) = within_day_limit([KEPT, second], line, settings, now)
    assert found is second
    (_, (found,)) = all_within_day_limit([[KEPT], [second]], [line, line], settings, now)
    assert found is second


def test_of_one_appointments_own_the_nearest_stays():
    """Each is counted for the other, by the number it goes to."""
    second = evolve(PLANNED, key="second", due_at=AT + HOUR)
    assert [one.kind for one in within_day_limit([PLANNED, second], {}, SETTINGS, START)] == ["skip", "schedule"]
    away = evolve(second, number=OTHER, draft=evolve(second.draft, to=OTHER))
    assert within_day_limit([PLANNED, away], {}, SETTINGS, START) == [PLANNED, away]


def test_of_several_appointments_each_is_decided_beside_all():
    """What the ledger has of any of them is what was decided before, and what it has of others counts."""
    second = evolve(PLANNED, key="second", due_at=AT + HOUR, siblings=frozenset({"old"}))
    known = {NUMBER: [other(key="second"), other(key=PLANNED.key), other(key="old")]}

    def kinds(all_traffic, settings=SETTINGS):
        found = all_within_day_limit([[PLANNED], [second]], all_traffic, settings, START)
        return [decision.kind for decisions in found for decision in decisions]

    assert kinds([known, known]) == ["skip", "schedule"]
    assert kinds([known, known], evolve(SETTINGS, max_per_day=2)) == ["schedule", "schedule"]
    out = {NUMBER: [other(START, key="x")]}
    late = {NUMBER: [other(AT, key="\0", start_at=BEGINS - SECOND)]}
    assert kinds([{}, late]) == ["skip", "schedule"]
    assert kinds([late, {}], evolve(SETTINGS, max_per_day=2)) == ["skip", "schedule"]
    assert kinds([out, out], evolve(SETTINGS, max_per_day=None)) == ["schedule", "schedule"]


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_goes_out_is_counted(kind):
    """What is parked, replaced or kept is; what is held, skipped or taken back is not."""
    found = planned_traffic([[evolve(PLANNED, kind=kind)]])
    line = Traffic(PLANNED.key, AT, AT, BEGINS, is_new=kind is not ChangeKind.KEEP)
    assert found == ({NUMBER: [line]} if kind in ("schedule", "replace", "keep") else {})


def test_of_a_replaced_message_the_new_one_is_counted_and_of_a_kept_one_its_own():
    """All of one number in their order."""
    new = evolve(PLANNED.draft, send_at=AT + HOUR)
    replaced = evolve(KEPT, kind=ChangeKind.REPLACE, key="replaced", draft=new, due_at=AT - HOUR)
    assert planned_traffic([[KEPT], [replaced]]) == {
        NUMBER: [Traffic(KEPT.key, AT, AT, BEGINS), Traffic("replaced", AT + HOUR, AT - HOUR, BEGINS, is_new=True)]
    }


@pytest.mark.parametrize("key", ["\0", "~"], ids=["the lesser key", "the greater key"])
@pytest.mark.parametrize("beside", [SECOND, -SECOND, A_DAY], ids=["nearer", "farther", "much nearer"])
def test_what_is_to_go_out_at_once_has_not_gone_out_for_that(key, beside):
    """Of several that leave in one instant the nearest stays; what left in that instant counts before all of them."""
    leaves = other(AT, AT + beside, key=key)._replace(is_new=True)
    assert is_unsent(leaves, now=AT) is (beside > NONE)
    assert is_unsent(leaves._replace(is_new=False), now=AT)


@pytest.mark.parametrize(("notice", "counts"), [(False, False), (True, True)], ids=["a reminder", "a notice"])
def test_a_notice_that_leaves_at_once_counts_before_all_others(notice, counts):
    """It is never left unsaid, so that something else is."""
    reminder = evolve(PLANNED.reminder, is_notice=notice)
    farther = evolve(PLANNED, key="~", due_at=AT - A_DAY, reminder=reminder)
    first, _ = all_within_day_limit([[PLANNED], [farther]], [{}, {}], SETTINGS, AT)
    assert (first[0].reason is Reason.DAY_LIMIT) is counts


@pytest.mark.parametrize(
    "changes", [{"reminder": None}, {"draft": None}, {"number": OTHER}], ids=["not wanted", "no text", "elsewhere"]
)
def test_what_is_not_wanted_or_goes_elsewhere_is_not_counted(changes):
    """A kept message to a number that is none of the person's any more is no message to them."""
    odd = evolve(PLANNED, **changes)
    assert planned_traffic([[odd]]) == {}
    traffic = [other()]
    assert within_day_limit([odd], {NUMBER: traffic, OTHER: traffic}, SETTINGS, START) == [odd]


def test_what_says_that_something_is_no_longer_true_is_never_withheld():
    """It counts for others all the same."""
    notice = evolve(PLANNED, key="\0", reminder=evolve(PLANNED.reminder, is_notice=True))
    assert left(other(key="\0\0"), decision=notice) is notice
    assert [one.kind for one in within_day_limit([notice, PLANNED], {}, SETTINGS, START)] == ["schedule", "skip"]


CUT_OFF = AT - WINDOW.cancel_cutoff - WINDOW.margin


@pytest.mark.parametrize(
    ("state", "now", "unsent"),
    [
        (State.SCHEDULED, START, True),
        (State.SCHEDULED, CUT_OFF - SECOND, True),
        (State.SCHEDULED, CUT_OFF, False),
        (State.CREATING, START, False),
        (State.CANCELLING, START, False),
    ],
    ids=["parked", "just before the cut-off", "at the cut-off", "in doubt", "being taken back"],
)
@pytest.mark.parametrize("kind", [ChangeKind.KEEP, ChangeKind.REPLACE])
def test_what_the_provider_does_not_give_back_any_more_goes_out(kind, state, now, unsent):
    """A parked message is taken back until the cut-off; one whose step is open is not touched."""
    decision = evolve(KEPT, kind=kind, message=evolve(PARKED, state=state), draft=PARKED.draft)
    assert is_unsent(other(), decision=decision, now=now) is unsent


def test_a_parked_message_is_given_back_by_the_window_of_its_own_provider():
    """Not of the one that is the first now."""
    spare = evolve(SETTINGS, provider="twilio", sender=OTHER, window=evolve(WINDOW, cancel_cutoff=2 * HOUR))
    message = evolve(PARKED, provider="twilio", sender=OTHER)
    given = {"settings": evolve(SETTINGS, fallback=spare), "now": AT - HOUR}
    assert not is_unsent(other(), decision=evolve(KEPT, message=message), **given)
    assert is_unsent(other(), decision=KEPT, **given)


def test_what_is_left_unsent_is_looked_at_by_each_run():
    """A new one is skipped, a parked one taken back; nothing of the old decision is left but who it is for."""
    old = {"adopt": True, "causes": ("text",), "recorded_reason": "on_time", "notes": ("a note",)}
    for decision, kind in ((evolve(PLANNED, **old), ChangeKind.SKIP), (evolve(KEPT, **old), ChangeKind.CANCEL)):
        assert left(other(), decision=decision) == evolve(
            decision,
            kind=kind,
            reason=Reason.DAY_LIMIT,
            status=ReminderStatus.SKIPPED,
            recorded_reason="",
            causes=(),
            adopt=False,
            park_at=EACH_RUN,
            draft=None,
            notes=("a note", "1 other messages go to that number that day (max_per_day)"),
        )


def test_a_day_is_too_full_with_one_more_than_it_may_have():
    """By the day of the zone; two days that have just so many are not."""
    traffic = [Traffic(name, in_new_york(f"2026-02-{day}T12:00")) for name, day in (("a", 10), ("b", 10), ("c", 11))]
    before = START - A_DAY
    assert too_many(traffic, "America/New_York", 2, before) == set()
    assert too_many(traffic, "America/New_York", 1, before) == {"a", "b"}
    assert too_many(traffic, "America/New_York", 0, before) == {"a", "b", "c"}


def test_what_went_out_fills_a_day_and_is_not_asked_about_again():
    """At its very second it is out; who is still to go is named."""
    traffic = [Traffic(name, AT + away) for name, away in (("a", -HOUR), ("b", NONE), ("c", SECOND))]
    assert too_many(traffic, "America/New_York", 2, AT) == {"c"}
    assert too_many(traffic, "America/New_York", 2, AT - SECOND) == {"b", "c"}
    assert too_many(traffic, "America/New_York", 2, AT + SECOND) == set()
