"""Shared UIDs: which events of one UID are versions of one appointment, and by what the others are told apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reminder_kit.calendars.content_lines import Component
from reminder_kit.calendars.events import Event
from reminder_kit.calendars.shared_uids import digits_of, kept_apart, names_of, owners_of, passed_over
from reminder_kit.calendars.values import Span, TimeKind, When

HERE, THERE = object(), object()
"""The zones of two calendars."""


class Made:
    """Events by name, each with the people it is for."""

    def __init__(self):
        self.named, self.people = {}, {}

    def __call__(self, name, people="", *, hour=9, calendar=HERE, sequence=0, modified=0, method="", replaces=None):
        start = None if hour is None else When(datetime(2026, 3, 2, hour), UTC, TimeKind.UTC)
        position = len(self.named)
        event = Event(
            Component("VEVENT", position), calendar, method, start, Span(), sequence, modified, position, "", replaces
        )
        self.named[name], self.people[event] = event, frozenset(people)
        return event

    def numbers_of(self, event):
        return self.people[event]

    def names(self, events):
        return [next(name for name, one in self.named.items() if one is event) for event in events]

    def kept(self, **options):
        return self.names(kept_apart(list(self.named.values()), self.numbers_of, **options))


@pytest.fixture
def made():
    return Made()


def test_one_event_or_none_is_what_it_is(made):
    """There is nothing to tell apart."""
    assert made.kept() == []
    made("a")
    assert made.kept() == ["a"]


def test_events_of_one_start_and_the_same_people_are_versions(made):
    """The last of them counts."""
    made("a", "1")
    made("b", "1")
    made("c", "2")
    assert made.kept() == ["b", "c"]


def test_another_start_or_other_people_are_another_appointment(made):
    """In the order of their versions."""
    made("a", "1")
    made("b", "12")
    made("c", "1", hour=10)
    made("d", "2")
    assert made.kept() == ["a", "b", "c", "d"]
    assert made.kept(of_one_start=True) == ["b", "c", "d"]


def test_a_new_sequence_is_a_new_version(made):
    """Whatever it says; of those as new as the newest each is kept."""
    made("a", "1")
    made("b", "2", sequence=1)
    assert made.kept() == ["b"]
    made("c", "3", sequence=1)
    assert made.kept() == ["b", "c"]


def test_within_a_calendar_only_the_sequence_tells_versions(made):
    """In another calendar, the stamp too."""
    made("a", "1", modified=1)
    made("b", "2", modified=2)
    assert made.kept() == ["a", "b"]
    made("c", "3", modified=2, calendar=THERE)
    assert made.kept() == ["b", "c"]
    made("d", "4", modified=2, calendar=THERE, sequence=1)
    assert made.kept() == ["d"]


def test_an_event_without_a_start_is_kept_only_as_the_newest(made):
    """What has none beside others says nothing of when."""
    made("a", "1", hour=None)
    made("b", "2")
    assert made.kept() == ["b"]
    made("c", "3", hour=None)
    assert made.kept() == ["b", "c"]


def test_an_event_for_nobody_is_none_beside_one_of_its_start_for_somebody(made):
    """Beside one of another start, or another one for nobody, it is."""
    made("a", "")
    made("b", "1")
    assert made.kept() == ["b"]
    made("c", "", hour=10)
    assert made.kept() == ["b", "c"]
    assert made.kept(of_one_start=True) == ["b"]
    nobody = Made()
    nobody("a")
    nobody("b", hour=10)
    assert nobody.kept() == ["a", "b"]


def test_what_shares_a_start_is_told_apart_by_a_few_digits(made):
    """Of its people's numbers, the same in every order; one with a start of its own needs none."""
    one, two, apart = made("a", "1"), made("b", "2"), made("c", "1", hour=10)
    names = names_of([one, two, apart], made.numbers_of)
    assert names == {one: f"/{digits_of('1')}", two: f"/{digits_of('2')}"}
    assert names_of([apart, two, one], made.numbers_of) == names
    assert names_of([one], made.numbers_of) == names_of([one, apart], made.numbers_of) == {}
    assert names_of([], made.numbers_of) == {}


def test_several_for_the_same_people_are_counted(made):
    """The first has the plain name."""
    events = [made(name, "1") for name in "abc"]
    digits = digits_of("1")
    assert list(names_of(events, made.numbers_of).values()) == [f"/{digits}", f"/{digits}-1", f"/{digits}-2"]
    nowhere = [made(name, "1", hour=None) for name in "de"]
    assert list(names_of(nowhere, made.numbers_of).values()) == [f"/{digits}", f"/{digits}-1"]


def test_digits_are_few_and_the_same_in_every_order():
    """Four of them, that stay what ledgers hold."""
    assert digits_of(["+12025550101", "+12025550102"]) == digits_of(["+12025550102", "+12025550101"])
    assert digits_of(["+12025550101"]) == KNOWN
    assert digits_of(["1", "2"]) != digits_of(["12"])


KNOWN = "a9d9"
"""What the ledgers of hosts hold for that number: it must stay the same from version to version."""


def test_an_override_is_of_the_appointment_for_the_same_people(made):
    """Of none, where nobody else is for them; of several the last."""
    first, second, third = made("a", "1"), made("b", "2"), made("c", "2")
    mine, theirs, nobody = made("d", "1"), made("e", "2"), made("f", "3")
    assert owners_of([mine, theirs, nobody], [first, second, third], made.numbers_of) == {mine: first, theirs: third}
    assert owners_of([], [first], made.numbers_of) == {}


def test_what_was_passed_over_is_named_beside_what_was_kept(made):
    """The last one as old as that, where there is any; a cancellation took nobody's place."""
    old, first, second, kept = (
        made("a", sequence=0),
        made("b", sequence=1),
        made("c", sequence=1),
        made("d", sequence=1),
    )
    other_start = made("e", sequence=1, hour=10)
    events = [old, first, second, kept]
    assert passed_over(events, [kept], shares=False) == [(second, kept)]
    assert passed_over([old, kept], [kept], shares=False) == []
    assert passed_over([other_start, kept], [kept], shares=False) == [(other_start, kept)]
    assert passed_over([other_start, kept], [kept], shares=True) == []
    assert passed_over(events, [first, kept], shares=True) == [(second, first), (second, kept)]
    override = made("f", sequence=1, replaces=When(datetime(2026, 3, 2), UTC, TimeKind.UTC))
    assert passed_over([override, kept], [kept], shares=False) == []
    cancel = made("g", sequence=1, method="CANCEL")
    assert passed_over([first, cancel], [cancel], shares=False) == []
    assert passed_over([first, cancel], [first], shares=False) == []
    assert passed_over([first, second, cancel], [second], shares=False) == [(first, second)]
    stamped = made("h", sequence=1, modified=5)
    assert passed_over([first, stamped], [stamped], shares=False) == []
    assert passed_over([made("i", sequence=1, modified=5), stamped], [stamped], shares=False) != []
