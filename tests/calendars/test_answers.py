"""What invited people answer: whatever an answer leaves out, the invitation stands; the newest word of both counts."""

from __future__ import annotations

import pytest

SERIES = "RRULE:FREQ=WEEKLY;COUNT=3"
SECOND = "RECURRENCE-ID:20260309T130000Z"
NEEDED = "ATTENDEE;CN=Ann;PARTSTAT=NEEDS-ACTION:tel:+12025550101"
ACCEPTED = "ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED:tel:+12025550101"
DECLINED = "ATTENDEE;PARTSTAT=DECLINED:tel:+12025550101"
NOBODY = "ATTENDEE;CN=Cy:mailto:cy@x.example"


@pytest.fixture
def invited(read, calendar):
    """Return how many are reminded of each occurrence of an invitation, which `answer` came beside."""

    def invited(invitation, answer, method="REPLY"):
        found = read(calendar("METHOD:REQUEST", *invitation) + calendar(f"METHOD:{method}", *answer))
        assert (found.errors, found.reading.covers) == ([], {"visit-1"})
        return [len(item.appointment.recipients) for item in found.found]

    return invited


@pytest.mark.parametrize("method", ["REPLY", "REFRESH", "COUNTER", "DECLINECOUNTER"])
@pytest.mark.parametrize("broken", [(), ("RECURRENCE-ID:first",), ("RECURRENCE-ID:20260230T090000Z",)])
def test_an_answer_breaks_no_invitation(invited, event, method, broken):
    """Without a DTSTART (RFC 5546, 3.2.3 and 3.2.6), or unreadable: it describes no appointment."""
    assert invited([event(SERIES)], [event(*broken, start=None, phone=NOBODY)], method) == [1, 1, 1]


def test_an_unreadable_answer_is_named(read, event, calendar):
    """It is passed over, and everything recorded stays readable."""
    found = read(calendar(event()) + calendar("METHOD:REPLY", event("RECURRENCE-ID:first", start=None)))
    assert found.warnings == ["METHOD:REPLY RECURRENCE-ID 'first' is no date or time: it is passed over"]
    assert found.reading.unreadable == set()


@pytest.mark.parametrize(("lines", "left"), [((), [0, 0, 0]), ((SECOND,), [1, 0, 1])], ids=["all", "one of them"])
def test_an_answer_without_a_start_counts(invited, event, lines, left):
    """It names what it answers by UID and RECURRENCE-ID; an override that it answers stays."""
    override = event(SECOND, start="DTSTART:20260310T130000Z")
    reply = event(*lines, start=None, phone=DECLINED)
    assert invited([event(SERIES), override], [reply]) == left
    assert invited([event(SERIES)], [reply]) == left
