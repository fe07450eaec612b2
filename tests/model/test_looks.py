"""What people see who look: each message with its reports and replies, as JSON whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.looks import Look, Reply, Told
from reminder_kit.model.messages import Draft, Message
from reminder_kit.model.names import Called
from reminder_kit.model.records import Identity
from tests.factories import NUMBER, SENDER

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
MESSAGE = Message(
    id="m1",
    key="k1",
    state=State.DELIVERED,
    draft=Draft(NUMBER, "See you.", AT, channel="mms"),
    due_at=AT,
    start_at=AT + HOUR,
    sender=SENDER,
    provider="telnyx",
    path="/messages",
    request=b"{}",
    idempotency_key="i",
    created_at=AT - HOUR,
    provider_id="P-1",
    error="late",
    presumed=True,
)
TOLD = Told(
    MESSAGE,
    Identity("desk", "A-1", "2026-02-10"),
    "day-before",
    "P-7",
    Called("Check-up", {"P-7": "Ada", NUMBER: "Eve"}),
    AT,
    AT + HOUR,
    AT + 2 * HOUR,
    "30007",
    (Reply(NUMBER, AT + HOUR, "received", "Thanks"),),
)
WHOLE = {
    "to": NUMBER,
    "name": "Ada",
    "appointment": "A-1",
    "source": "desk",
    "recurrence_id": "2026-02-10",
    "title": "Check-up",
    "rule": "day-before",
    "state": "delivered",
    "presumed": True,
    "send_at": "2026-02-10T14:00:00Z",
    "sent_at": "2026-02-10T14:00:00Z",
    "delivered_at": "2026-02-10T15:00:00Z",
    "undelivered_at": "2026-02-10T16:00:00Z",
    "code": "30007",
    "error": "late",
    "text": "See you.",
    "channel": "mms",
    "provider": "telnyx",
    "message_id": "P-1",
    "replies": [{"at": "2026-02-10T15:00:00Z", "type": "received", "text": "Thanks"}],
}


def test_all_that_is_known_of_a_message_is_told():
    """In this order, with its number whole or masked."""
    assert TOLD.as_json() == WHOLE
    assert list(TOLD.as_json()) == list(WHOLE)
    assert TOLD.as_json(full=False) == {**WHOLE, "to": "+12…23"}


def test_what_is_not_known_is_none():
    """Never an empty text."""
    bare = Told(
        evolve(MESSAGE, error="", presumed=False, provider_id=None, draft=Draft(NUMBER, "", AT)),
        Identity("desk", "A-1"),
        "",
        "",
    )
    nothing = [name for name, value in WHOLE.items() if name.endswith("_at") and name != "send_at"]
    nothing += ["name", "recurrence_id", "title", "rule", "code", "error", "message_id"]
    expected = {**WHOLE, **dict.fromkeys(nothing), "presumed": False, "text": "", "channel": "sms", "replies": []}
    assert bare.as_json() == expected


def test_a_person_is_named_by_the_key_and_else_by_the_number():
    """Which knows nobody: no name."""
    assert TOLD.name == "Ada"
    assert evolve(TOLD, recipient="P-8").name == "Eve"
    assert evolve(TOLD, recipient="P-8", called=Called()).name == ""


@pytest.mark.parametrize("state", list(State), ids=str)
def test_what_was_cancelled_rejected_or_abandoned_reached_nobody(state):
    """All else may have."""
    off = state in ("cancelled", "rejected", "abandoned")
    assert evolve(TOLD, message=evolve(MESSAGE, state=state)).is_off is off


def test_the_first_report_of_each_kind_says_when_and_the_last_failure_its_code():
    """Other reports say nothing of that."""
    bare = Told(MESSAGE, TOLD.identity, "r", "P")
    reports = [
        ("sent", AT, "x"),
        ("delivered", AT + HOUR, "y"),
        ("sent", AT + 2 * HOUR, "z"),
        ("undelivered", AT + 3 * HOUR, "1"),
        ("undelivered", AT + 4 * HOUR, "2"),
        ("scheduled", AT + 5 * HOUR, "3"),
    ]
    found = evolve(bare, sent_at=AT, delivered_at=AT + HOUR, undelivered_at=AT + 3 * HOUR, code="2")
    assert bare.with_reports(reports) == found
    assert bare.with_reports(reports[:1]) == evolve(bare, sent_at=AT)
    assert bare.with_reports([]) is bare
    assert bare.with_reports(reports[5:]) is bare


def test_a_look_and_a_reply_show_a_masked_number():
    """Whoever prints them."""
    look = Look(AT, "desk", "looked", NUMBER)
    assert (look.id, "+12…23" in repr(look), NUMBER in repr(look)) == ("", True, False)
    assert "+12…23" in repr(TOLD.replies[0])
    assert "Thanks" not in repr(TOLD)
