"""Revisions as text that sorts, the steps between states, and what two messages have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from attrs import evolve

from reminder_kit.errors import IllegalTransitionError
from reminder_kit.model.lifecycle import LIVE, OPEN, OVER, SENT, State, after_provider_said, step
from reminder_kit.model.messages import Answered, Draft
from reminder_kit.model.places import Place, adopted
from reminder_kit.model.reasons import SAID_BY_OTHERS, WAITS
from reminder_kit.model.revisions import SeriesRevision, is_older, revision_order
from tests.factories import NUMBER

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
LARGE = 10**20


@pytest.mark.parametrize(
    ("revision", "order"),
    [
        (None, ("", "")),
        (0, ("i", "100000000000000000000")),
        (7, ("i", "100000000000000000007")),
        (-1, ("i", "099999999999999999999")),
        (True, ("i", "100000000000000000001")),
        (LARGE, ("i", "200000000000000000000")),
        (LARGE + 5, ("i", "200000000000000000000")),
        (-LARGE, ("i", "000000000000000000000")),
        (-LARGE - 5, ("i", "000000000000000000000")),
        (datetime(1970, 1, 1, tzinfo=UTC), ("t", "100000000000000000000")),
        (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), ("t", "100000000000001000005")),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), ("t", "100000000000000000000")),
        (datetime(1970, 1, 1), ("", "")),
        ((1, AT.replace(year=1970, month=1, day=1, hour=0)), ("it", "100000000000000000001100000000000000000000")),
        ((1, "x", None, 2), ("inni", "100000000000000000001100000000000000000002")),
        ((), ("", "")),
        ("x", ("", "")),
        (SeriesRevision(None, (1, 2)), ("o", "100000000000000000001100000000000000000002")),
        (
            SeriesRevision((3, 4), (1, 2)),
            ("m", "100000000000000000003100000000000000000004100000000000000000001100000000000000000002"),
        ),
    ],
    ids=str,
)
def test_a_revision_is_its_kind_and_digits_that_sort(revision, order):
    """Numbers beyond all measure are as large as can be."""
    assert revision_order(revision) == order


REVISIONS = [None, "x", 1, 2, (1, 1), (1, 2), (2, 0), AT, AT + timedelta(microseconds=1), datetime(2026, 2, 10)]


@pytest.mark.parametrize(("one", "other"), list(product(range(len(REVISIONS)), repeat=2)))
def test_only_revisions_of_one_kind_are_older_or_newer(one, other):
    """Of equal ones nobody knows."""
    first, second = REVISIONS[one], REVISIONS[other]
    kinds = [str(type(value)) + str(isinstance(value, tuple) and len(value)) for value in (first, second)]
    comparable = kinds[0] == kinds[1] and isinstance(first, int | tuple | datetime) and first != second
    if isinstance(first, datetime) and isinstance(second, datetime) and first != second:
        comparable = first.tzinfo is not None and second.tzinfo is not None
    assert is_older(revision_order(first), revision_order(second)) is ((first < second) if comparable else None)


OURS = """
creating scheduled; creating rejected; creating unknown; scheduled cancelling; scheduled sent; cancelling cancelled;
cancelling too_late; sent delivered; sent undelivered; unknown rejected; unknown abandoned
"""
THEIRS = """
creating scheduled; unknown scheduled; scheduled cancelled; cancelling scheduled; sent delivered; sent undelivered
"""
WENT_OUT = {"sent", "delivered", "undelivered"}
ANY_TIME = {"creating", "unknown", "scheduled", "cancelling", "cancelled", "too_late"}


def pairs(text):
    return {tuple(pair.split()) for pair in text.split(";")}


@pytest.mark.parametrize(("now", "then"), list(product(State, State)), ids=str)
def test_from_each_state_we_go_where_the_drawing_of_the_module_says(now, then):
    """Any other step is a fault of ours."""
    if (now, then) in pairs(OURS):
        assert step(now, then) is then
    else:
        with pytest.raises(IllegalTransitionError) as caught:
            step(now, then)
        assert str(caught.value) == f"a message that is {now} cannot be made {then}: report this as a bug"


@pytest.mark.parametrize(("now", "then"), list(product(State, State)), ids=str)
def test_what_a_provider_says_leads_where_the_drawing_says(now, then):
    """All else leaves the state as it was, out of turn, but for what is said twice or comes late."""
    allowed = (now, then) in pairs(THEIRS) or (now in ANY_TIME and then in WENT_OUT)
    in_turn = allowed and not (now == "cancelled" and then in WENT_OUT)
    overtakes = (then == "sent" and now in WENT_OUT) or (then == "cancelled" and now == "cancelling")
    repeated = not allowed and (now is then or overtakes)
    assert after_provider_said(now, then) == (then if allowed else now, in_turn or repeated)


def test_states_are_told_apart_by_what_is_left_to_do():
    """And reasons by what they wait for, and who said it."""
    assert {"creating", "scheduled", "cancelling"} == OPEN
    assert {"creating", "scheduled"} == LIVE
    assert WENT_OUT | {"too_late"} == SENT
    assert WENT_OUT | {"too_late", "cancelled", "rejected", "abandoned"} == OVER
    assert WAITS == ("waiting_account", "waiting_provider")
    assert SAID_BY_OTHERS == ("same_text", "told_elsewhere")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"to": "+12025550124"}, True),
        ({"send_at": AT + timedelta(hours=1)}, True),
        ({"text": "x"}, False),
        ({"subject": "x"}, False),
        ({"media_urls": ("x",)}, False),
        ({"channel": "mms"}, False),
    ],
    ids=str,
)
def test_two_drafts_read_the_same_whoever_gets_them_and_when(changes, same):
    """Text, subject, pictures and channel are what is read."""
    draft = Draft(NUMBER, "Hi", AT)
    assert draft.same_content(evolve(draft, **changes)) is same


@pytest.mark.parametrize("status", ["confirmed", "tentative", "completed", "", "cancelled", "no_show", "removed"])
@pytest.mark.parametrize("moved", [True, False])
def test_what_was_replied_holds_while_the_appointment_is_on_at_its_time(status, moved):
    """What can't be read here is taken to be on."""
    answered = Answered("desk", "A-1", "", status, AT, moved)
    assert answered.stands is (not moved and status not in ("cancelled", "no_show", "removed"))


def test_the_same_file_under_other_paths_stays_known():
    """A place that is adopted comes first, and once; other files are forgotten."""
    here = Place("1", "/a", "a")
    known = [Place("1", "/b", "b"), Place("2", "/a", "x"), Place("1", "/a", "old"), Place("1", "", "c")]
    assert adopted(here, known) == [here, known[0], known[3]]
    assert adopted(here, []) == [here]
