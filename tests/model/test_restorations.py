"""A ledger that was put back to an older state: where its gap begins and ends, and what is remembered of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from reminder_kit.model.restorations import Restoration

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE = Restoration(AT - timedelta(hours=3), AT)


@pytest.mark.parametrize(
    ("last", "since"),
    [(None, AT), (AT - SECOND, AT - SECOND), (AT, AT), (AT + SECOND, AT), (AT - SECOND / 2, AT - SECOND)],
    ids=["nothing is known", "before", "just then", "later than it was put back", "between two seconds"],
)
@pytest.mark.parametrize("adopted", [True, False])
def test_the_gap_begins_with_the_last_thing_that_is_known(last, since, adopted):
    """In whole seconds, and never after it ends."""
    assert Restoration.begun(last, AT, adopted=adopted) == Restoration(since, AT, adopted=adopted)


@pytest.mark.parametrize(
    ("adopted", "known", "read", "lets"),
    [
        (True, False, False, False),
        (True, True, False, True),
        (True, False, True, True),
        (False, True, True, False),
        (False, False, False, False),
    ],
)
def test_it_writes_once_a_person_said_so_and_opt_outs_are_known(adopted, known, read, lets):
    """By a person's word, or by the providers' lists."""
    assert Restoration(AT, AT, adopted=adopted, opt_outs_known=known, opt_outs_read=read).lets_work is lets


@pytest.mark.parametrize(
    ("source", "row", "booked_at", "over"),
    [
        ("desk", 8, None, True),
        ("desk", 7, None, False),
        ("desk", 6, None, False),
        ("web", 8, None, False),
        ("web", 1, AT, True),
        ("web", 1, AT - SECOND, False),
        ("desk", 8, AT - SECOND, True),
        ("desk", 7, AT + SECOND, True),
    ],
)
def test_what_was_booked_or_first_recorded_after_the_gap_is_none_of_its(source, row, booked_at, over):
    """Of a source that was handed in whole since, rows beyond the highest one by then."""
    assert evolve(ONE, complete={"desk": 7}).is_over_for(source, row, booked_at) is over


def test_what_is_kept_is_read_as_it_was():
    """Part for all namespaces, part for each."""
    one = Restoration(AT - SECOND, AT, False, True, True, AT + timedelta(days=5), {"desk": 7})
    shared = {"since": "2026-02-10T13:59:59Z", "adopted": False, "opt_outs_known": True}
    own = {"opt_outs_read": True, "until": "2026-02-15T14:00:00Z", "complete": {"desk": 7}}
    assert (one.of_ledger(), one.of_namespace()) == (shared, own)
    assert Restoration.kept(AT, shared, own) == one
    plain = {"since": "2026-02-10T11:00:00Z", "adopted": True, "opt_outs_known": False}
    assert (ONE.of_ledger(), ONE.of_namespace()["until"]) == (plain, None)
    assert Restoration.kept(AT, plain, {}) == ONE
    assert Restoration.kept(AT, plain, ONE.of_namespace()) == ONE
