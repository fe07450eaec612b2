"""Events of one UID: which are versions of one appointment, and by what those are told apart that are none."""

from __future__ import annotations

import re
from datetime import UTC

import pytest

from reminder_kit.calendars.content_lines import Component
from reminder_kit.calendars.events import Event
from reminder_kit.calendars.shared_uids import digits_of, kept_apart, names_of, owners_of, passed_over
from reminder_kit.calendars.values import Span, as_when

HERE, THERE = object(), object()


def made(place, hour=9, *, people="", sequence=0, modified=0, zones=HERE, method="", replaces=None):
    """Return an event, and note for whom it is; `hour` None: it has no start."""
    start = None if hour is None else as_when(f"20260302T{hour:02}0000Z", "", lambda _tzid, _line: UTC, 1)
    component = Component(people, place)
    return Event(component, zones, method, start, Span(), sequence, modified, place, "", replaces)


def numbers_of(event):
    return frozenset(event.component.name.split())


def kept(*events, **options):
    return [event.position for event in kept_apart(events, numbers_of, **options)]


@pytest.mark.parametrize(
    ("versions", "places"),
    [
        ([], []),
        ([{}], [0]),
        ([{}, {}], [1]),
        ([{}, {"sequence": 1}], [1]),
        ([{}, {"modified": 1}], [1]),
        ([{}, {"hour": 10}], [0, 1]),
        ([{}, {"hour": 10, "sequence": 1}], [1]),
        ([{}, {"hour": 10, "modified": 1}], [0, 1]),
        ([{"zones": THERE}, {"hour": 10, "modified": 1}], [1]),
        ([{"zones": THERE}, {"hour": 10}], [0, 1]),
        ([{"zones": THERE, "modified": 1}, {"hour": 10, "modified": 1}], [0, 1]),
        ([{"zones": THERE}, {"hour": 10, "sequence": 1}], [1]),
        ([{"people": "a"}, {"people": "b"}], [0, 1]),
        ([{"people": "a"}, {"people": "a b"}], [0, 1]),
        ([{"people": "a b"}, {"people": "b a"}], [1]),
        ([{"people": "a"}, {}], [0]),
        ([{"people": "a"}, {"hour": 10}], [0, 1]),
        ([{}, {"people": "a"}], [1]),
        ([{"people": "a"}, {"people": "b"}, {"people": "a"}], [1, 2]),
        ([{"hour": None}, {}], [1]),
        ([{}, {"hour": None}], [0, 1]),
        ([{"hour": None}, {"hour": None}], [1]),
    ],
)
def test_another_start_or_other_people_make_another_appointment(versions, places):
    """But for a new SEQUENCE; one for nobody is none beside one for somebody at the same start."""
    assert kept(*(made(place, **keys) for place, keys in enumerate(versions))) == places


def test_instances_of_one_start_are_told_by_their_people_alone():
    """Their new start is no other appointment."""
    assert kept(made(0), made(1, 10), of_one_start=True) == [1]
    assert kept(made(0, people="a"), made(1, 10, people="b"), of_one_start=True) == [0, 1]
    assert kept(made(0, people="a"), made(1, 10), of_one_start=True) == [0]


def test_appointments_of_one_start_are_named_by_their_people():
    """By four digits; those for the same people are counted, and one with a start of its own has no name."""
    several = [made(0, people="b"), made(1, people="a"), made(2, people="a"), made(3, 10), made(4, people="a")]
    names = {event.position: name for event, name in names_of(several, numbers_of).items()}
    a, b = digits_of(["a"]), digits_of(["b"])
    assert names == {0: f"/{b}", 1: f"/{a}", 2: f"/{a}-1", 4: f"/{a}-2"}
    assert names_of(several[:1], numbers_of) == names_of([], numbers_of) == {}
    assert names_of([several[0], several[3]], numbers_of) == {}


def test_digits_are_few_and_those_of_all_numbers_in_any_order():
    """Nobody reads a number from them."""
    assert digits_of(["a", "b"]) == digits_of(["b", "a"]) != digits_of(["a"])
    assert re.fullmatch("[0-9a-f]{4}", digits_of(["+12025550101"]))


def test_an_override_is_of_the_appointment_for_the_same_people():
    """And of none where there is no such one."""
    masters = [made(0, people="a"), made(1, people="b")]
    overrides = [made(2, people="b"), made(3, people="c"), made(4, people="a")]
    found = owners_of(overrides, masters, numbers_of)
    assert {event.position: owner.position for event, owner in found.items()} == {2: 1, 4: 0}


@pytest.mark.parametrize(
    ("others", "mine", "shares", "pairs"),
    [
        ([{}], {}, False, [(0, 9)]),
        ([{"hour": 10}], {}, False, [(0, 9)]),
        ([{"hour": 10}], {}, True, []),
        ([{}], {}, True, [(0, 9)]),
        ([{"sequence": 1}], {}, False, []),
        ([{"modified": 1}], {}, False, []),
        ([{}, {}], {}, False, [(1, 9)]),
        ([{}], {"method": "CANCEL"}, False, []),
        ([{"replaces": 1}], {}, False, []),
        ([], {}, False, []),
    ],
)
def test_what_was_just_as_old_is_passed_over_for_the_last_one(others, mine, shares, pairs):
    """Of the same start where several share the UID; overrides and cancellations are no such ones."""
    kept_one = made(9, **mine)
    events = [made(place, **keys) for place, keys in enumerate(others)]
    found = passed_over([kept_one, *reversed(events)], [kept_one], shares=shares)
    assert [(other.position, event.position) for other, event in found] == pairs
