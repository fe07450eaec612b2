"""What the ledger remembers of appointments, and which of what is handed in is newer than that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import AppointmentRecord, Batch, Identity, Incoming, incoming_by_identity, is_open
from reminder_kit.model.restorations import Restoration

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def one(id="A-1", **changes):
    return Appointment(id, AT, **changes)


def recorded(appointment, **changes):
    incoming = Incoming.of(appointment)
    record = AppointmentRecord(
        7, incoming.identity, incoming.snapshot, incoming.fingerprint, 1, False, False, "", None, AT, AT, incoming.order
    )
    return evolve(record, **changes)


@pytest.mark.parametrize(
    ("forced", "found"),
    [
        (None, False),
        ((AT, {"open": 3}), True),
        ((AT, {"open": 0}), False),
        ((AT, {}), False),
        ((AT - timedelta(days=1) + SECOND, {"open": 1}), True),
        ((AT - timedelta(days=1), {"open": 1}), False),
    ],
)
def test_a_forced_plan_is_to_be_finished_for_a_day(forced, found):
    """As long as part of it is open."""
    assert is_open(forced, AT) is found


def test_an_identity_is_the_source_the_id_and_the_occurrence():
    """What does not recur has an empty one."""
    assert Identity.of(one(source="desk", recurrence_id="2026-02-10")) == ("desk", "A-1", "2026-02-10")
    assert Identity.of(one()) == ("default", "A-1", "") == Identity("default", "A-1")


@pytest.mark.parametrize(("removed", "wanted"), [(True, False), (False, True)])
def test_what_was_removed_is_wanted_no_more(removed, wanted):
    """It can be read all the same."""
    record = recorded(one(title="Check-up"), removed=removed)
    assert record.appointment == one(title="Check-up")
    assert record.wanted == (record.appointment if wanted else None)
    assert record.written == (record.identity, record.fingerprint, removed, AT)


GAP = Restoration(AT - timedelta(hours=1), AT)


@pytest.mark.parametrize(
    ("restoration", "snapshot", "fingerprint", "awaited"),
    [
        (gap, text, digest, bool(gap and text and not digest))
        for gap, text, digest in product((None, GAP), ("", "{}"), ("", "f"))
    ],
)
def test_after_a_restoration_what_has_not_come_in_again_is_awaited(restoration, snapshot, fingerprint, awaited):
    """Unless it was purged."""
    record = recorded(one(), restoration=restoration, snapshot=snapshot, fingerprint=fingerprint)
    assert record.is_awaited is awaited


@pytest.mark.parametrize(
    ("restoration", "booked_at", "found"),
    [
        (None, None, None),
        (GAP, None, GAP),
        (GAP, AT - SECOND, GAP),
        (GAP, AT, None),
        (evolve(GAP, complete={"default": 6}), None, None),
        (evolve(GAP, complete={"default": 7}), None, evolve(GAP, complete={"default": 7})),
        (evolve(GAP, complete={"desk": 6}), None, evolve(GAP, complete={"desk": 6})),
    ],
)
def test_the_gap_is_of_no_concern_to_what_was_booked_after_it(restoration, booked_at, found):
    """By its booking, or by its row among those of its source."""
    assert recorded(one(), restoration=restoration).gap_of(one(booked_at=booked_at)) == found


CHANGED = one(title="x")
EARLY, LATE = (AsOf(AT + step, AT + step) for step in (-SECOND, SECOND))


@pytest.mark.parametrize(
    ("incoming", "record", "older", "overtaken"),
    [
        (Incoming.of(one(revision=1)), recorded(one(revision=2)), True, True),
        (Incoming.of(one(revision=2)), recorded(one(revision=1)), False, False),
        (Incoming.of(one(revision=2), EARLY), recorded(CHANGED, revision=("i", "0")), False, False),
        (Incoming.of(one()), recorded(CHANGED), False, False),
        (Incoming.of(one(), EARLY), recorded(CHANGED), True, True),
        (Incoming.of(one(), LATE), recorded(CHANGED), False, True),
        (Incoming.of(one(), EARLY), recorded(one()), False, False),
        (Incoming.of(one(), EARLY), recorded(one(), removed=True), True, True),
        (Incoming.of(one(), LATE), recorded(one(), removed=True), False, True),
        (Incoming.of(one(revision=1), EARLY), recorded(evolve(CHANGED, revision=1)), True, True),
        (evolve(Incoming.of(one(revision=9)), outdated=True), recorded(one(revision=1)), True, True),
    ],
)
def test_what_is_older_than_what_is_recorded_is_not_written(incoming, record, older, overtaken):
    """Revisions of one kind decide, unless they are equal; else when the host read what differs."""
    assert incoming.is_older_than(record) is older
    assert incoming.is_older_than(record, overtaken=True) is overtaken


def batch_of(*appointments, region=None, as_of=None):
    return Batch.of(appointments, region, as_of)


@pytest.mark.parametrize(
    ("several", "kept", "differs"),
    [
        ([], None, None),
        ([one()], one(), None),
        ([one(), one()], one(), None),
        ([one(), CHANGED], None, "title"),
        ([one(), one(title="x", location="y")], None, "title, location"),
        ([one(revision=1), evolve(CHANGED, revision=2)], evolve(CHANGED, revision=2), None),
        ([evolve(CHANGED, revision=2), one(revision=1)], evolve(CHANGED, revision=2), None),
        ([one(revision=2), evolve(CHANGED, revision=2)], None, "title"),
        ([one(), CHANGED, one(location="z")], None, "title"),
        ([one(revision=1), evolve(CHANGED, revision=1), one(revision=2)], one(revision=2), None),
    ],
)
def test_of_several_with_one_identity_the_latest_counts(several, kept, differs):
    """Where revisions say nothing they must be the same; else it is told in which fields they differ."""
    found = batch_of(*several)
    identity = Identity("default", "A-1")
    assert [incoming.appointment for incoming in found.all_incoming.values()] == ([] if kept is None else [kept])
    assert found.contradictions == ({} if differs is None else {identity: differs})
    assert bool(found) is bool(several)


def test_a_batch_knows_its_numbers_country_and_when_it_was_read():
    """Of each appointment in it."""
    person = Recipient("(202) 555-0123")
    found = batch_of(one(recipients=[person]), one("A-2"), region="US", as_of=EARLY)
    (first, second) = found.all_incoming.values()
    assert first.appointment.recipients[0].phone == "+12025550123"
    assert (first.as_of, second.as_of) == (EARLY, EARLY)
    (alone,) = batch_of(one(recipients=[person])).all_incoming.values()
    assert (alone.appointment.recipients[0].phone, alone.as_of) == ("(202) 555-0123", None)


@pytest.mark.parametrize(
    ("several", "kept"),
    [
        ([one(), CHANGED], CHANGED),
        ([one(revision=2), evolve(CHANGED, revision=1)], one(revision=2)),
        ([one(revision=1), evolve(CHANGED, revision=2)], evolve(CHANGED, revision=2)),
        ([one(revision=1), evolve(CHANGED, revision=1)], evolve(CHANGED, revision=1)),
        ([one(revision=2), CHANGED], CHANGED),
    ],
)
def test_of_a_calendar_the_latest_revision_stays_and_else_the_last(several, kept):
    """It contradicts itself never."""
    (found,) = incoming_by_identity(several, None).values()
    assert found.appointment == kept


def test_a_calendars_appointments_are_read_alike():
    """With their country, and as of when."""
    found = incoming_by_identity([one(recipients=["(202) 555-0123"]), one("A-2")], "US", LATE)
    assert list(found) == [("default", "A-1", ""), ("default", "A-2", "")]
    assert [incoming.as_of for incoming in found.values()] == [LATE, LATE]
    assert found["default", "A-1", ""].appointment.recipients[0].phone == "+12025550123"
