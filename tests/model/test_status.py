"""What there is in a ledger, and what of it was today, by the state of each message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import asdict

from reminder_kit.model.status import KitStatus, Today, today_of

SINCE = datetime(2026, 2, 10, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
STATES = {
    "creating": 1,
    "scheduled": 2,
    "cancelling": 4,
    "cancelled": 8,
    "too_late": 16,
    "sent": 32,
    "delivered": 64,
    "undelivered": 128,
    "rejected": 256,
    "unknown": 512,
    "abandoned": 1024,
}


def test_of_a_day_it_is_counted_what_went_out_arrived_and_is_to_come():
    """Of all rules together; a power of two for each state shows which ones are in."""
    found = today_of(SINCE, UNTIL, {"a": STATES, "b": {"sent": 2048}, "c": {}}, {"received": 3})
    assert found == Today(SINCE, UNTIL, 16 + 32 + 64 + 128 + 2048, 64, 128, 1 + 2 + 4, {"received": 3})


@pytest.mark.parametrize("state", STATES)
def test_one_message_is_counted_where_its_state_belongs_and_nowhere_else(state):
    """A state of which there is none counts nothing."""
    sent, to_come = {"sent", "delivered", "undelivered", "too_late"}, {"creating", "scheduled", "cancelling"}
    expected = (state in sent, state == "delivered", state == "undelivered", state in to_come)
    found = today_of(SINCE, UNTIL, {"a": {state: 1}}, {})
    assert (found.sent, found.delivered, found.undelivered, found.to_come) == tuple(map(int, expected))


def test_an_empty_day_has_nothing():
    """And what a day has is 0 where nobody says otherwise."""
    assert today_of(SINCE, UNTIL, {}, {}) == Today(SINCE, UNTIL) == Today(SINCE, UNTIL, 0, 0, 0, 0, {})


def test_a_status_is_a_mapping_of_its_fields():
    """In their order, and of nothing else it has."""
    values = {
        "appointments": 1,
        "dirty": 2,
        "removed": 3,
        "claimed": 4,
        "messages": {"sent": 5},
        "reminders": {},
        "next_at": SINCE,
        "oldest_unsettled_at": UNTIL,
        "suppressions": 6,
        "barred_by": {},
        "unmatched_events": 7,
        "runs": {},
        "attention": {"items": 8},
        "today": Today(SINCE, UNTIL),
    }
    status = KitStatus(**values)
    assert list(status.items()) == list(values.items())
    assert len(status) == len(asdict(status, recurse=False)) == 14
    for other in ("__len__", "keys"):
        with pytest.raises(KeyError, match=other):
            status[other]
