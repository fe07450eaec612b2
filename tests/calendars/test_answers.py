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
    assert found.warnings == ["METHOD:REPLY RECURRENCE-ID (5 characters) is no date or time: it is passed over"]
    assert found.reading.unreadable == set()


@pytest.mark.parametrize(("lines", "left"), [((), [0, 0, 0]), ((SECOND,), [1, 0, 1])], ids=["all", "one of them"])
def test_an_answer_without_a_start_counts(invited, event, lines, left):
    """It names what it answers by UID and RECURRENCE-ID; an override that it answers stays."""
    override = event(SECOND, start="DTSTART:20260310T130000Z")
    reply = event(*lines, start=None, phone=DECLINED)
    assert invited([event(SERIES), override], [reply]) == left
    assert invited([event(SERIES)], [reply]) == left


@pytest.mark.parametrize(
    ("invitation", "reply", "left"),
    [
        (("SEQUENCE:3", NEEDED), ("SEQUENCE:0",), 1),
        (("SEQUENCE:3", ACCEPTED), ("SEQUENCE:2", "DTSTAMP:20260301T000000Z"), 1),
        (("SEQUENCE:3", NEEDED), ("DTSTAMP:20260301T000000Z",), 0),
        (("SEQUENCE:3", ACCEPTED), ("DTSTAMP:20260101T000000Z",), 0),
        (("SEQUENCE:3", NEEDED), ("DTSTAMP:20251231T000000Z",), 1),
        (("SEQUENCE:3", NEEDED), (), 1),
        (("SEQUENCE:3", NEEDED), ("SEQUENCE:3",), 0),
        (("SEQUENCE:3", ACCEPTED), ("SEQUENCE:4", "DTSTAMP:20260101T000000Z"), 0),
        (("DTSTAMP:20260202T000000Z", ACCEPTED), ("DTSTAMP:20260201T000000Z",), 1),
        (("DTSTAMP:20260202T000000Z", ACCEPTED), ("DTSTAMP:20260202T000000Z",), 0),
        (("DTSTAMP:20260202T000000Z", ACCEPTED), ("DTSTAMP:20260203T000000Z",), 0),
        (("DTSTAMP:20260202T000000Z", NEEDED), ("DTSTAMP:20260201T000000Z",), 0),
        (("DTSTAMP:20260202T000000Z", ACCEPTED.replace("ACCEPTED", "")), ("DTSTAMP:20260201T000000Z",), 0),
    ],
    ids=[
        "to an older invitation",
        "to an older one, written later",
        "to none by number, written later",
        "just then, by the stamp",
        "to none by number, written before",
        "to none by number, never written",
        "to this one",
        "to a newer one",
        "before another answer",
        "just then",
        "after another answer",
        "the invitation written out again",
        "again, without a state",
    ],
)
def test_an_answer_to_an_older_invitation_counts_no_more(invited, event, invitation, reply, left):
    """By SEQUENCE, then by the stamp (RFC 5546, 2.1.5): a visit at another time is asked about anew."""
    asked = event(*invitation, phone=None, stamp=not invitation[0].startswith("DTSTAMP"))
    answer = event(*reply, phone=DECLINED, start="DTSTART:20260301T140000Z", stamp=False)
    assert invited([asked], [answer]) == [left]


@pytest.mark.parametrize("numbered", ["SEQUENCE:1", None], ids=["by number", "without one"])
def test_of_several_answers_to_one_invitation_the_latest_counts(read, event, calendar, numbered):
    """Also where one of them leaves out to which it is: whoever accepted and declines later is not reminded."""
    accepted = event("SEQUENCE:1", "DTSTAMP:20260103T000000Z", start=None, phone=ACCEPTED, stamp=False)
    lines = ("DTSTAMP:20260105T000000Z", *([numbered] if numbered else []))
    declined = event(*lines, start=None, phone=DECLINED, stamp=False)
    for replies in ((accepted, declined), (declined, accepted)):
        found = read(calendar(event("SEQUENCE:1", phone=NEEDED)) + calendar("METHOD:REPLY", *replies))
        assert [len(item.appointment.recipients) for item in found.found] == [0]


@pytest.mark.parametrize(
    ("reply", "left"),
    [
        (("SEQUENCE:0",), [0, 1, 0]),
        (("SEQUENCE:1",), [0, 0, 0]),
        ((SECOND, "SEQUENCE:0"), [1, 1, 1]),
        ((SECOND, "SEQUENCE:1"), [1, 0, 1]),
        (("LAST-MODIFIED:20260105T000000Z",), [0, 0, 0]),
        ((SECOND, "LAST-MODIFIED:20251231T000000Z"), [1, 1, 1]),
        ((SECOND, "LAST-MODIFIED:20260105T000000Z"), [1, 0, 1]),
    ],
    ids=[
        "to the series, before",
        "to the series, since",
        "to the occurrence, before",
        "to the occurrence, since",
        "to the series, since, by the stamp",
        "to the occurrence, before, by the stamp",
        "to the occurrence, since, by the stamp",
    ],
)
def test_an_occurrence_with_an_invitation_of_its_own_has_its_own_answers(invited, event, reply, left):
    """An answer given before that was sent is not to it."""
    moved = event(SECOND, "SEQUENCE:1", start="DTSTART:20260310T130000Z", phone=NEEDED)
    assert invited([event(SERIES), moved], [event(*reply, start=None, phone=DECLINED)]) == left


def test_of_several_appointments_of_one_uid_any_answer_counts(read, event, calendar):
    """It does not say which of them it is to."""
    both = [event("SEQUENCE:1"), event("SEQUENCE:1", start="DTSTART:20260309T130000Z")]
    found = read(calendar(*both) + calendar("METHOD:REPLY", event(start=None, phone=DECLINED)))
    assert [len(item.appointment.recipients) for item in found.found] == [0, 0]
