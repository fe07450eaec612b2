"""A person's word: what waits is tried now, what was given up begins anew, what is withdrawn stays so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Recipient
from reminder_kit.errors import AccountRefusedError, InvalidInputError, LedgerError, UnknownRefusalError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import Identity, Incoming, ReminderStatus
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.planning.message_times import CLEARED, NEVER_SENT
from reminder_kit.reconciler.again import ask_again
from reminder_kit.reconciler.kept_out import note_withdrawal, without_kept_out
from reminder_kit.reconciler.retrying import hasten, start_afresh
from tests.factories import DAY, HOUR, NUMBER, START, visit

OTHER = "+12025550177"
LATER, SECOND = START + timedelta(minutes=5), timedelta(seconds=1)
A, B = Identity("default", "A"), Identity("default", "B")
LEASE = timedelta(minutes=1)


@pytest.fixture
def kit(make_kit):
    """A kit with two parked reminders, of two people."""
    made = make_kit([DAY])
    made.sync([visit("A"), visit("B", 11, phone=OTHER)])
    return made


@pytest.fixture
def write(kit):
    """Return a function that does something in a transaction of the ledger."""
    return lambda done: kit.ledger.submit(done).result()


@pytest.fixture
def read(kit):
    """Return a function that reads an appointment."""
    return lambda identity=A: kit.ledger.read(lambda reader: next(reader.records(identities=[identity])))


@pytest.fixture
def put(write, read):
    """Return a function that has the ledger hold the message, and the outcome, of an appointment otherwise."""

    def changed(identity=A, outcome=None, **message):
        record = read(identity)
        (before,), (kept,) = record.messages, record.outcomes
        write(lambda tx: tx.move_message(None, before, evolve(before, **message)))
        if outcome:

            def keep(tx):
                claim = tx.claim([record.row], "test", START, LEASE)[record.row]
                tx.keep_outcomes(claim, [evolve(kept, **outcome)])
                tx.expire_rows([record.row])

            write(keep)

    return changed


def blocker_of(read, error):
    (message,) = read().messages
    return Blocker.met(error, message, "account", START, ())


# What waits


@pytest.mark.parametrize(
    ("state", "at", "then"),
    [
        (State.CREATING, LATER, START),
        (State.CANCELLING, LATER, START),
        (State.SCHEDULED, LATER, START),
        (State.SCHEDULED, None, None),
        (State.CREATING, START, START),
        (State.CREATING, None, None),
        (State.UNKNOWN, LATER, START),
        (State.UNKNOWN, None, None),
        (State.SENT, LATER, LATER),
    ],
    ids=[
        "creating", "cancelling", "to be looked up", "parked", "due now", "due", "unknown", "can't be asked", "sent",
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_asked_about_now(write, read, put, state, at, then):
    """It waits for its provider, as does one that is looked up or asked for again; what is due is left as it is."""
    put(state=state, next_try_at=at)
    write(lambda tx: hasten(None, [], START, tx))
    waits = then == START or state in (State.CREATING, State.CANCELLING)
    assert (read().messages[0].next_try_at, read().dirty) == (then, waits)
    assert not read(B).dirty


@pytest.mark.parametrize("several", [False, True], ids=["alone", "beside another"])
def test_one_message_in_doubt_is_enough(make_kit, sandbox, several):
    """Whatever others of the appointment are there."""
    kit = make_kit([DAY, HOUR] if several else [DAY])
    kit.sync(visit("A"))
    record = kit.ledger.read(lambda reader: next(reader.records()))
    before = record.messages[0]
    kit.ledger.submit(
        lambda tx: tx.move_message(None, before, evolve(before, state=State.CANCELLING, next_try_at=LATER))
    ).result()
    kit.ledger.submit(lambda tx: hasten("waiting_provider", [], START, tx)).result()
    after = kit.ledger.read(lambda reader: next(reader.records()))
    assert (len(after.messages), after.dirty) == (1 + several, True)
    assert {one.next_try_at for one in after.messages if one.id == before.id} == {START}


@pytest.mark.parametrize(
    ("reason", "state", "held", "dirty"),
    [
        (None, State.SCHEDULED, "waiting_account", True),
        (None, State.SCHEDULED, "waiting_provider", True),
        (None, State.SCHEDULED, "at_capacity", False),
        ("waiting_account", State.SCHEDULED, "waiting_account", True),
        ("waiting_account", State.SCHEDULED, "waiting_provider", False),
        ("waiting_account", State.CREATING, "on_time", False),
        ("waiting_provider", State.CREATING, "on_time", True),
        ("waiting_provider", State.SCHEDULED, "waiting_account", False),
        ("waiting_provider", State.SCHEDULED, "waiting_provider", True),
    ],
)
def test_what_waits_for_a_reason_is_tried(write, read, put, reason, state, held, dirty):
    """For any, where none is named."""
    put(state=state, outcome={"reason": held})
    write(lambda tx: hasten(reason, [], START, tx))
    assert (read().dirty, read(B).dirty) == (dirty, False)


def test_one_reminder_that_waits_is_enough(make_kit, sandbox):
    """Another one of the same appointment may wait for nothing."""
    kit = make_kit([DAY, HOUR], concurrency=1)
    kit.sync(visit("A", day=3))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    waits, rests = record.outcomes
    claim = kit.ledger.submit(lambda tx: tx.claim([record.row], "w", START, timedelta(minutes=1))).result()[record.row]
    kept = [evolve(waits, reason="waiting_account"), rests]
    kit.ledger.submit(lambda tx: tx.keep_outcomes(claim, kept)).result()
    kit.ledger.submit(lambda tx: hasten("waiting_account", [], START, tx)).result()
    assert kit.ledger.read(lambda reader: next(reader.records())).dirty


def test_for_other_reasons_nothing_ever_waits(write, read):
    """Those for which anything does are named, and nothing is written."""
    with pytest.raises(InvalidInputError) as caught:
        write(lambda tx: hasten("past", ["telnyx outage"], START, tx))
    assert str(caught.value) == "nothing waits for 'past': it is waiting_account or waiting_provider"


@pytest.mark.parametrize(
    ("reason", "tried"),
    [(None, {"40312", "49999"}), ("waiting_account", {"40312"}), ("waiting_provider", {"49999"})],
    ids=["any", "the account", "the provider"],
)
def test_what_stops_messages_is_tried_now(kit, write, read, reason, tried):
    """Of that reason; what is due already stays as it is."""
    errors = AccountRefusedError("?", code="40312"), UnknownRefusalError("?", code="49999")
    stops = [blocker_of(read, error) for error in errors]
    due = evolve(stops[0], code="40329", next_try_at=START - SECOND)
    write(lambda tx: [tx.keep_blocker(blocker) for blocker in (*stops, due)])
    write(lambda tx: hasten(reason, [], START, tx))
    found = {one.code: one.next_try_at for one in kit.ledger.read(lambda reader: reader.blockers())}
    assert found == {code: START if code in tried else LATER for code in ("40312", "49999")} | {
        "40329": due.next_try_at
    }


def test_outages_are_forgotten(kit, write):
    """By the names that are given; others stay."""
    for name in ("telnyx outage", "vonage outage"):
        write(lambda tx, name=name: tx.mark_run(name, START, {"until": "x"}))
    write(lambda tx: hasten(None, ["telnyx outage"], LATER, tx))
    runs = kit.ledger.read(lambda reader: reader.runs())
    assert (runs["telnyx outage"], runs["vonage outage"]) == ((LATER, {}), (START, {"until": "x"}))


# One appointment, anew


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"state": State.UNKNOWN, "error": "no answer"}, None),
        (
            {"state": State.UNKNOWN, "error": f"{IN_GAP}?", "uncertain": True, "next_try_at": LATER},
            {"state": State.REJECTED, "error": CLEARED, "uncertain": False, "next_try_at": None},
        ),
        (
            {"state": State.REJECTED, "error": "too long"},
            {"state": State.REJECTED, "error": f"{NEVER_SENT}: too long"},
        ),
        ({"state": State.REJECTED, "error": NEVER_SENT}, {"state": State.REJECTED, "error": NEVER_SENT}),
        ({"state": State.SCHEDULED, "next_try_at": LATER}, {"state": State.SCHEDULED, "next_try_at": START}),
        ({"state": State.SENT, "error": "x"}, {"state": State.SENT, "error": "x"}),
    ],
    ids=["unknown", "of a gap", "refused", "refused for its moment", "to be looked up", "sent"],
)
def test_nothing_was_refused_and_nothing_is_in_doubt_by_then(write, read, put, before, after):
    """What was unknown is abandoned; what was refused may be taken now."""
    put(**before)
    write(lambda tx: start_afresh("A", None, START, tx))
    record = read()
    assert record.dirty
    if after is None:
        assert record.messages == ()
    else:
        (message,) = record.messages
        assert {name: getattr(message, name) for name in after} == after
    assert (read(B).dirty, read(B).messages[0].state) == (False, State.SCHEDULED)


def test_what_was_given_up_is_wanted_again(write, read, put):
    """That it was never confirmed is forgotten; other outcomes stay."""
    put(outcome={"reason": "not_confirmed"})
    put(B, outcome={"reason": "quarantined"})
    for name in ("A", "B"):
        write(lambda tx, name=name: start_afresh(name, None, START, tx))
    assert (read().outcomes, [one.reason for one in read(B).outcomes]) == ((), ["quarantined"])


def test_another_worker_at_it_is_named(kit, write, read, put):
    """Nothing is changed then; it may be asked for again in a minute."""
    put(outcome={"reason": "not_confirmed"}, next_try_at=LATER)
    write(lambda tx: tx.claim([read().row], "another", START, LEASE))
    with pytest.raises(LedgerError) as caught:
        write(lambda tx: start_afresh("A", None, START, tx))
    assert str(caught.value) == "another worker is at work on appointment 'A': try again in a minute"
    assert read().messages[0].next_try_at == LATER


@pytest.mark.parametrize(
    ("outcome", "hastened"),
    [
        ({"reason": "quarantined"}, True),
        ({"reason": "waiting_account"}, True),
        ({"reason": "quarantined", "error": "a text that is refused"}, False),
        ({"reason": "cancelled"}, False),
    ],
    ids=["refused for its sender", "stopped", "refused for its text", "cancelled"],
)
def test_what_stops_a_reminder_that_is_left_to_its_fallback_is_tried_now(kit, write, read, put, outcome, hastened):
    """It has no error of its own; what stops others elsewhere, or other reminders, stays."""
    stops = blocker_of(read, AccountRefusedError("unverified", code="40329"))
    abroad, others = evolve(stops, code="40309", country="GB"), evolve(stops, code="99", known=False, keys=("k",))
    everywhere, here = evolve(stops, country=""), evolve(stops, code="40330", country="US")
    write(lambda tx: [tx.keep_blocker(one) for one in (everywhere, here, abroad, others)])
    put(outcome={"status": ReminderStatus.SKIPPED, **outcome})
    write(lambda tx: start_afresh("A", None, START, tx))
    found = {one.code: one.next_try_at for one in kit.ledger.read(lambda reader: reader.blockers())}
    then = START if hastened else LATER
    assert found == {"40329": then, "40330": then, "40309": LATER, "99": LATER}


@pytest.mark.parametrize("id", ["nobody", "A"])
def test_an_id_nobody_knows_is_named(write, id):
    """In that source."""
    with pytest.raises(InvalidInputError) as caught:
        write(lambda tx: start_afresh(id, "books", START, tx))
    assert str(caught.value) == f"nothing is recorded for '{id}': check the id (the UID of a calendar's event)"


def test_what_stopped_it_is_tried_now(kit, write, read, put):
    """That alone: what stops others stays, be it for the same words."""
    stops = blocker_of(read, AccountRefusedError("disabled", code="40312"))
    others = [evolve(stops, code="40329"), evolve(stops, code="1", next_try_at=START - SECOND)]
    write(lambda tx: [tx.keep_blocker(one) for one in (stops, *others)])
    put(outcome={"reason": "waiting_account", "error": "disabled", "blocker": stops.name})
    put(B, outcome={"reason": "quarantined", "error": "disabled"})
    for name in ("A", "B"):
        write(lambda tx, name=name: start_afresh(name, None, START, tx))
    found = {one.code: one.next_try_at for one in kit.ledger.read(lambda reader: reader.blockers())}
    assert found == {"40312": START, "40329": LATER, "1": START - SECOND}


# Once more


@pytest.fixture
def sent(kit, put):
    """Have A's reminder gone out."""
    put(state=State.SENT)


@pytest.mark.usefixtures("sent")
def test_a_wish_is_written_down_and_its_claim_given_back(kit, write, read):
    """It is due now, and another run may work on it at once."""
    write(lambda tx: ask_again(A, "day-before", NUMBER, kit.settings, START, tx))
    record = read()
    (wish,) = [one for one in record.outcomes if one.rule == "day-before-again"]
    assert (wish.to, wish.due_at, record.dirty, read(B).dirty) == (NUMBER, START, True, False)
    assert write(lambda tx: tx.claim([record.row], "another", START, LEASE))


@pytest.mark.usefixtures("sent")
def test_what_is_meant_must_be_one_reminder(make_kit, kit, write):
    """Of the rule and the person that are named: by id or by number, where there are several."""
    two = visit("C", 13, phone=NUMBER)
    two = evolve(two, recipients=(Recipient(NUMBER, name="Ada", id="p1"), Recipient(OTHER, name="Bea")))
    kit.sync(two)
    c = Identity("default", "C")

    def refused(rule, recipient):
        with pytest.raises(InvalidInputError) as caught:
            write(lambda tx: ask_again(c, rule, recipient, kit.settings, START, tx))
        return str(caught.value)

    many = (
        "appointment 'C' has {} such reminders of rule '{}': name one of its rules (day-before), and one of its people"
    )
    assert refused("day-before", None) == many.format(2, "day-before")
    assert refused("other", None) == many.format(0, "other")
    assert refused("day-before", "nobody") == many.format(0, "day-before")
    parked = (
        "rule 'day-before' of appointment 'C' can't be sent again: a message of it is parked: it goes out by itself"
    )
    assert refused("day-before", "p1") == refused("day-before", NUMBER) == refused("day-before", OTHER) == parked


@pytest.mark.usefixtures("sent")
def test_who_is_barred_or_unknown_gets_nothing_again(kit, write):
    """It says which."""
    with pytest.raises(InvalidInputError, match="nothing is recorded for 'X': check the id"):
        write(lambda tx: ask_again(Identity("default", "X"), "day-before", None, kit.settings, START, tx))
    kit.suppress(NUMBER)
    with pytest.raises(
        InvalidInputError, match="'day-before' of appointment 'A' can't be sent again: the number is ba"
    ):
        write(lambda tx: ask_again(A, "day-before", None, kit.settings, START, tx))


@pytest.mark.usefixtures("sent")
def test_nobody_wishes_while_another_is_at_work(kit, write, read):
    """It is named."""
    write(lambda tx: tx.claim([read().row], "another", START, LEASE))
    with pytest.raises(LedgerError, match="another worker is at work on appointment 'A': try again in a minute"):
        write(lambda tx: ask_again(A, "day-before", None, kit.settings, START, tx))


# Kept out


@pytest.fixture
def comes_in(kit):
    """Return a function that says which ids of what comes in are not kept out."""

    def left(*appointments):
        incoming = {Identity.of(one): Incoming.of(one) for one in appointments}
        found = kit.ledger.read(lambda reader: without_kept_out(reader, incoming))
        return [(one.id, one.recurrence_id) if one.recurrence_id else one.id for one in found]

    return left


@pytest.fixture
def keep_out(write):
    """Return a function that keeps recorded appointments out, whole or single occurrences."""

    def keep(*identities, whole=True):
        write(lambda tx: note_withdrawal(identities, START, tx, keep=True, notify=False, whole=whole))

    return keep


@pytest.mark.parametrize(
    ("changes", "stays_out"),
    [
        ({}, True),
        ({"revision": 3}, True),
        ({"title": "Cleaning"}, False),
        ({"hour": 12}, False),
        ({"phone": OTHER}, False),
        ({"source": "books"}, False),
    ],
    ids=["as it was", "a revision", "another title", "another time", "another number", "another source"],
)
def test_what_a_person_withdrew_stays_out_until_it_changes(keep_out, comes_in, changes, stays_out):
    """All that is recorded of it counts; others come in."""
    keep_out(A)
    hour = changes.pop("hour", 9)
    assert comes_in(visit("A", hour, **changes), visit("B", 11, phone=OTHER)) == (["B"] if stays_out else ["A", "B"])


def test_where_nothing_is_kept_out_all_comes_in(comes_in):
    """Whatever it is."""
    assert comes_in(visit("A"), visit("C")) == ["A", "C"]


@pytest.mark.parametrize(
    ("changes", "stays_out"),
    [
        ({"day": 5}, True),
        ({"day": 5, "revision": 9}, True),
        ({"day": 5, "data": {"x": "1"}, "url": "https://clinic.example/"}, True),
        ({"day": 5, "title": "Cleaning"}, False),
        ({"day": 5, "location": "Upstairs"}, False),
    ],
    ids=["another time", "a revision", "data and address", "another title", "another place"],
)
def test_further_occurrences_stay_out_with_the_one_that_was_withdrawn(kit, keep_out, comes_in, changes, stays_out):
    """As long as they say the same."""
    kit.sync(visit("S", 15, recurrence_id="one"))
    keep_out(Identity("default", "S", "one"))
    comes = visit("S", 15, recurrence_id="two", **changes)
    assert comes_in(comes) == ([] if stays_out else [("S", "two")])


def test_a_single_occurrence_stays_out_by_itself(kit, keep_out, comes_in):
    """The others come in, known or not; what was kept out whole before stays out."""
    kit.sync([visit("S", 15, recurrence_id="one"), visit("S", 15, day=5, recurrence_id="two")])
    keep_out(Identity("default", "S", "one"), whole=False)
    series = [visit("S", 15, day=day, recurrence_id=name) for day, name in ((2, "one"), (5, "two"), (6, "three"))]
    assert comes_in(*series) == [("S", "two"), ("S", "three")]
    keep_out(Identity("default", "S", "one"), Identity("default", "S", "two"))
    keep_out(Identity("default", "S", "two"), whole=False)
    assert comes_in(*series) == []


def test_what_is_kept_out_later_leaves_what_was_kept_out_before(kit, keep_out, comes_in):
    """Each occurrence by what it was."""
    kit.sync([visit("S", 15, recurrence_id="one"), visit("S", 16, recurrence_id="two", title="Cleaning")])
    keep_out(A)
    keep_out(Identity("default", "S", "one"))
    keep_out(Identity("default", "S", "two"))
    third = {"recurrence_id": "three"}
    assert comes_in(visit("A"), visit("S", 9, **third), visit("S", 9, title="Cleaning", **third)) == []
    assert comes_in(visit("S", 15, title="Cleaning", recurrence_id="one")) == [("S", "one")]


def test_what_was_kept_out_stays_so_when_it_is_cancelled_besides(kit, keep_out, comes_in):
    """By what its calendar said of it, not by what a person made of it."""
    keep_out(A)
    kit.sync(visit("A", status="cancelled"))
    keep_out(A)
    assert comes_in(visit("A")) == []


def test_what_calendars_said_is_kept_until_it_is_over(kit, write):
    """Of those that a person cancelled; of one that began by now nothing need be known."""

    def noted():
        _, said = kit.ledger.read(lambda reader: reader.last_run("cancelled by a person"))
        return sorted(name.rpartition("\x1f")[2] for name in said)

    kit.sync(visit("C", day=5, phone="+12025550178"))
    for identity, now in ((A, START), (B, START), (Identity("default", "C"), visit("A").start_at)):
        write(lambda tx, it=identity, at=now: note_withdrawal([it], at, tx, keep=False, notify=True, whole=True))
        assert len(noted()) == (1 if identity == A else 2)


@pytest.mark.parametrize(
    ("readings", "again", "stays_out"),
    [(2, False, True), (1, False, False), (2, True, False)],
    ids=["ids are dealt anew", "once", "an id came again"],
)
@pytest.mark.parametrize("changes", [{}, {"title": "Cleaning"}, {"hour": 10}, {"phone": "+12025550178"}], ids=str)
def test_where_ids_are_dealt_anew_a_visit_stays_out(
    kit, write, keep_out, comes_in, readings, again, stays_out, changes
):
    """By start, numbers and title, under whatever id."""
    keep_out(A)
    write(lambda tx: tx.mark_run("fresh ids default", START, {"readings": readings}))
    given = {"hour": 9, **changes}
    comes = [visit("X", **given), *([visit("B", 11, phone=OTHER)] if again else [])]
    out = stays_out and not changes
    assert comes_in(*comes) == [one.id for one in comes if one.id != "X" or not out]
    assert comes_in(visit("X", source="books")) == ["X"]
