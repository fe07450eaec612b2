"""Who is told in whose message: each appointment decides for itself, and all come to the same result."""

from __future__ import annotations

from itertools import combinations

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.planning.assessment import assess
from reminder_kit.planning.combining import combine
from reminder_kit.rules.rule import Rule
from tests.factories import EVENING, START, TOGETHER, evening_rule, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(EVENING)


def combined(appointments, settings=SETTINGS, messages=None, now=START):
    """Return, by id, what each of them makes of itself in the light of the others."""
    observed = {item.id: observed_of(item, *(messages or {}).get(item.id, ())) for item in appointments}
    found = {}
    for name, mine in observed.items():
        others = tuple(other for other in observed.values() if other is not mine)
        (found[name],) = assessments = assess(mine, settings, now)
        combine(assessments, evolve(mine, neighbours=others), settings, now)
    return found


def company(found):
    """Return, by id, the ids of those a message includes, or the id of the one that includes it."""
    return {
        name: item.included_in or [reminder.appointment.id for reminder in item.includes]
        for name, item in found.items()
    }


def test_the_first_of_the_day_tells_the_others():
    """Its message includes them by their starts; they are superseded, and say in whose message they are."""
    found = combined([visit("C", 13), visit("A", 9), visit("B", 11)])
    assert company(found) == {"A": ["B", "C"], "B": "A", "C": "A"}
    assert [found[name].skip for name in "ABC"] == [None, "superseded", "superseded"]
    assert found["A"].notes == ("told in the same message: B, C",)
    assert found["B"].notes == ("told in the message for A, which starts 2026-02-12T14:00:00Z",)
    assert found["B"].placement is None


@pytest.mark.parametrize(
    "other",
    [visit("B", 11, day=3), visit("B", 11, phone="+12025550177"), visit("B", 11, status="cancelled")],
    ids=["another day", "another number", "cancelled"],
)
def test_only_what_is_told_one_number_on_one_day_is_combined(other):
    """Everybody else is told apart."""
    assert company(combined([visit("A"), other])) == {"A": [], "B": []}


def test_a_rule_without_a_text_for_all_combines_nothing():
    """`together` is what asks for it."""
    assert company(combined([visit("A"), visit("B", 11)], settings_of(evening_rule(together="")))) == {"A": [], "B": []}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_all_agree_on_who_tells(size):
    """Whichever of them share a day, exactly one tells, and it includes exactly those that say so."""
    for hours in combinations((9, 10, 11, 12, 13), size):
        found = company(combined([visit(f"V{hour}", hour) for hour in hours]))
        (leader,) = [name for name, others in found.items() if isinstance(others, list)]
        assert sorted(found[leader]) == sorted(name for name, others in found.items() if others == leader)


def test_of_follow_ups_the_last_tells():
    """It is due after all of them."""
    thanks = Rule("thanks", after="1 hour", text="Thanks", together=TOGETHER)
    assert company(combined([visit("A"), visit("B", 11)], settings_of(thanks))) == {"A": "B", "B": ["A"]}


@pytest.mark.parametrize(
    ("changes", "count"),
    [({"max_parts": 1}, 12), ({}, 12), ({}, 51), ({"together": "{{ data.room }}"}, 2)],
    ids=["too long by its rule", "too long for the provider", "too many", "fails"],
)
def test_where_there_is_no_text_for_all_each_is_told_by_itself(changes, count):
    """A text too long, more than fifty of a day, and a template that fails: nobody is left out."""
    settings = settings_of(evening_rule(**changes), max_parts=1 if count == 12 and not changes else 99)
    found = combined([visit(f"V{n:02}", 9 + n // 12, minute=n % 12 * 5) for n in range(count)], settings)
    assert {str(others) for others in company(found).values()} == {"[]"}


def test_one_that_was_refused_for_good_is_told_apart():
    """Nobody waits for a message that will never speak of them."""
    refused = message_of(visit("A"), SETTINGS, State.REJECTED, error="40302")
    found = combined([visit("A"), visit("B", 11), visit("C", 13)], messages={"A": [refused]})
    assert company(found) == {"A": [], "B": ["C"], "C": "B"}


def test_a_parked_message_without_the_others_is_replaced():
    """A parked message that does not include the others has new words: it is replaced for the cause `text`."""
    found = combined([visit("A"), visit("B", 11)], messages={"A": [message_of(visit("A"), SETTINGS)]})
    assert (found["A"].causes, found["A"].keep, found["A"].replaces) == (("text",), False, True)
    assert found["A"].placement.send_at == message_of(visit("A"), SETTINGS).send_at


def test_what_can_not_be_changed_any_more_tells_whom_it_includes():
    """A message that is about to go out stays as it is: whom it includes waits, the others are told apart."""
    first = visit("A")
    included = Included(message_of(visit("B", 11), SETTINGS).key, visit("B", 11).start_at)
    parked = message_of(first, SETTINGS, includes=(included,))
    composed = SETTINGS.composer.compose(
        assess(observed_of(first), SETTINGS, START)[0].reminder,
        parked.send_at,
        [assess(observed_of(visit("B", 11)), SETTINGS, START)[0].reminder],
    )
    parked = evolve(parked, draft=evolve(parked.draft, text=composed.text))
    just_before = parked.send_at - SETTINGS.window.min_lead
    found = combined([first, visit("B", 11), visit("C", 13)], messages={"A": [parked]}, now=just_before)
    assert company(found) == {"A": ["B"], "B": "A", "C": []}
    assert found["A"].keep


def test_whom_a_message_includes_is_told_in_the_order_of_the_day():
    """Also of one that can't be changed any more, in whatever order the others come in."""
    visits = [visit("A"), visit("D", 15), visit("C", 13), visit("B", 11)]
    told = [(assess(observed_of(one), SETTINGS, START)[0].reminder, one) for one in visits[1:]]
    parked = message_of(visits[0], SETTINGS, includes=[Included(one.key, visit.start_at) for one, visit in told])
    composed = SETTINGS.composer.compose(
        assess(observed_of(visits[0]), SETTINGS, START)[0].reminder, parked.send_at, [one for one, _ in told[::-1]]
    )
    parked = evolve(parked, draft=evolve(parked.draft, text=composed.text))
    now = parked.send_at - SETTINGS.window.min_lead
    assert company(combined(visits, messages={"A": [parked]}, now=now))["A"] == ["B", "C", "D"]
