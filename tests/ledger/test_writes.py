"""What each write changes, in all tables, is what looking through all rows says it should, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta

import pytest

from reminder_kit.ledger.databases.runner import runner_of
from reminder_kit.ledger.transaction import Transaction
from reminder_kit.model.records import Claim, Identity, Release
from reminder_kit.model.restorations import Restoration
from reminder_kit.model.snapshots import fingerprint
from tests.ledger.population import NUMBERS, contents, hour, identity_of, instant_of, is_leased, number_of, populated

NOW = hour(2)
AT = number_of(NOW)
TICK = timedelta(microseconds=1)
OPEN = {"creating", "scheduled", "cancelling"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A ledger with all rows of a population, and the population; nobody commits to it."""
    with populated(request.param, 3, request, tmp_path_factory) as found:
        yield found


@pytest.fixture
def rows(filled):
    """The population."""
    return filled[1]


class UndoneError(Exception):
    """Rolls a transaction back."""


@pytest.fixture
def changed(filled):
    """Return a function that runs a write, and returns its answer and all that it changed; None: the row is gone."""
    ledger, _ = filled

    def run(write):
        answer, changes = None, {}
        with suppress(UndoneError), ledger._database.writing() as connection:
            before = contents(connection)
            tx = Transaction(runner_of(connection), "default", None)
            answer = write(tx)
            tx.flush()
            after = contents(connection)
            for place in before.keys() | after.keys():
                old, new = before.get(place), after.get(place)
                if old != new:
                    gone, is_new = new is None, old is None
                    same = {} if gone or is_new else {name for name in new if new[name] == old[name]}
                    changes[place] = None if gone else {name: new[name] for name in new if name not in same}
            raise UndoneError
        return answer, changes

    return run


def of_rows(listed, **values):
    """Return what is expected to change in appointments; a callable is asked with each."""
    return {
        ("appointments", (one.row_id,)): kept
        for one in listed
        if (
            kept := {
                name: new
                for name, value in values.items()
                if (new := value(one) if callable(value) else value) != getattr(one, name)
            }
        )
    }


def marked(listed):
    return of_rows(listed, dirty=True, generation=lambda one: one.generation + 1)


# Claims


@pytest.mark.few(4)
@pytest.mark.parametrize("owner", ["one", "three"])
@pytest.mark.parametrize("late", [-TICK, timedelta(0), TICK], ids=["before", "then", "after"])
def test_what_is_free_is_claimed(changed, rows, owner, late):
    """Whose lease is over at that instant, or too long, or nobody's, or one's own; the fence is higher by one."""
    now = NOW + late
    free = [
        one
        for one in rows.here("appointments")
        if one.row_id % 3 and (not is_leased(one, number_of(now)) or one.lease_owner == owner)
    ]
    listed = [one.row_id for one in rows.appointments if one.row_id % 3]
    answer, changes = changed(lambda tx: tx.claim(listed, owner, now, timedelta(minutes=1)))
    assert answer == {one.row_id: Claim(one.row_id, owner, one.fence + 1) for one in free}
    until = number_of(now + timedelta(minutes=1))
    assert changes == of_rows(free, lease_owner=owner, lease_until=until, fence=lambda one: one.fence + 1)
    assert changed(lambda tx: tx.claim([], owner, now, timedelta(minutes=1))) == ({}, {})


def test_of_groups_that_are_whole_all_is_claimed(changed, rows):
    """And nothing of the others, also where two have rows in common."""
    mine = [one.row_id for one in rows.here("appointments")]
    groups = [mine[place : place + 3] for place in range(0, len(mine) - 3, 2)]
    free = {one.row_id for one in rows.here("appointments") if not is_leased(one, AT) or one.lease_owner == "two"}
    whole = {row for group in groups if free.issuperset(group) for row in group}
    assert 0 < len(whole) < len(free)
    answer, changes = changed(lambda tx: tx.claim_groups(groups, "two", NOW, timedelta(minutes=1)))
    assert answer == {row: Claim(row, "two", rows.of_row[row].fence + 1) for row in whole}
    assert {key[0] for _, key in changes} == whole
    assert changed(lambda tx: tx.claim_groups([], "two", NOW, timedelta(minutes=1))) == ({}, {})


def held(rows):
    """Return claims of one's own, lost ones, and the rows of those that hold."""
    mine = [one for one in rows.appointments if one.lease_owner == "one"]
    others = [one for one in rows.appointments if one.lease_owner == "two"]
    claims = [Claim(one.row_id, "one", one.fence) for one in mine[1:]]
    lost = [Claim(mine[0].row_id, "one", mine[0].fence + 1), *(Claim(one.row_id, "one", one.fence) for one in others)]
    return [*lost, *claims][::-1], mine[1:]


def test_a_lease_is_extended_while_it_is_held(changed, rows):
    """Lost ones are passed over."""
    claims, mine = held(rows)
    _, changes = changed(lambda tx: tx.renew(claims, hour(9)))
    assert changes == of_rows(mine, lease_until=number_of(hour(9)))
    assert changed(lambda tx: tx.renew([], hour(9))) == (None, {})


@pytest.mark.few(3)
@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("next_at", [None, hour(8)], ids=["nothing to come", "something to come"])
def test_a_release_writes_what_is_known_then(changed, rows, complete, next_at):
    """What was written since stays dirty, and as it was due; lost claims are passed over."""
    claims, mine = held(rows)
    releases = [
        Release(claim, rows.of_row[claim.row].generation - claim.row % 2, complete, "z", next_at) for claim in claims
    ]
    _, changes = changed(lambda tx: tx.release(releases))
    at = None if next_at is None else number_of(next_at)
    assert changes == of_rows(
        mine,
        lease_owner=None,
        lease_until=None,
        planned_with="z",
        next_at=lambda one: one.next_at if one.row_id % 2 else at,
        dirty=lambda one: one.dirty if one.row_id % 2 or not complete else False,
        unfollowed_at=lambda one: one.unfollowed_at if one.row_id % 2 else None,
    )
    assert changed(lambda tx: tx.release([])) == (None, {})


def test_leases_end_by_owner_and_row_or_by_row(changed, rows):
    """How many is told; nothing is done for no owners or no rows."""
    listed = list(range(1, 40))
    mine = [one for one in rows.here("appointments") if one.row_id in listed]
    of_one = [one for one in mine if one.lease_owner == "one"]
    free = {"lease_owner": None, "lease_until": None}
    assert changed(lambda tx: tx.expire(["one", "three"], listed)) == (len(of_one), of_rows(of_one, **free))
    assert changed(lambda tx: tx.expire_rows(listed)) == (len(mine), of_rows(mine, **free))
    for write in (lambda tx: tx.expire([], listed), lambda tx: tx.expire(["one"], []), lambda tx: tx.expire_rows([])):
        assert changed(write) == (0, {})


# What is to be worked on again


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_has_its_appointments_worked_on(changed, rows, number, everywhere):
    """Where a reminder is parked, held or was barred, or a message is open: here, or in every namespace."""
    barred = {"suppressed", "opted_out", "unclear_reply"}
    wanted = {
        each.row_id
        for each in (rows.reminders if everywhere else rows.here("reminders"))
        if each.to_number == number and (each.stand in ("parked", "held") or each.reason in barred)
    } | {
        each.row_id
        for each in (rows.messages if everywhere else rows.here("messages"))
        if each.to_number == number and each.state in OPEN
    }
    listed = [
        one
        for one in (rows.appointments if everywhere else rows.here("appointments"))
        if one.row_id in wanted and one.snapshot
    ]
    answer = changed(lambda tx: tx.mark_dirty(number=number, everywhere=everywhere))
    assert answer == (len(listed), marked(listed))


def test_appointments_are_marked_by_identity_and_with_a_number(changed, rows):
    """Purged and unknown ones are passed over; who is marked twice counts twice."""
    asked = [*map(identity_of, rows.appointments[:20]), Identity("desk", "nobody")]
    here = {identity_of(one): one for one in rows.here("appointments")}
    listed = [here[identity] for identity in dict.fromkeys(asked) if identity in here and here[identity].snapshot]
    assert changed(lambda tx: tx.mark_dirty(identities=asked)) == (len(listed), marked(listed))
    assert changed(lambda tx: tx.mark_dirty()) == (0, {})
    of_number, _ = changed(lambda tx: tx.mark_dirty(number=NUMBERS[0]))
    assert changed(lambda tx: tx.mark_dirty(number=NUMBERS[0], identities=asked))[0] == of_number + len(listed)


def test_rows_are_looked_at_again(changed, rows):
    """At once, also by who is at work on them; those of other namespaces are not."""
    mine = [one for one in rows.here("appointments") if one.row_id < 20]
    expected = of_rows(mine, generation=lambda one: one.generation + 1, next_at=AT)
    assert changed(lambda tx: tx.requeue(list(range(1, 20)), NOW)) == (None, expected)
    assert changed(lambda tx: tx.requeue([], NOW)) == (None, {})


def test_a_removal_is_written_once(changed, rows):
    """Without a revision, to be worked on; what is gone, or purged, is not touched."""
    asked = [identity_of(one) for one in rows.here("appointments")]
    listed = [one for one in rows.here("appointments") if not one.removed and one.snapshot]
    answer, changes = changed(lambda tx: tx.remove(asked, hour(9)))
    assert answer == [identity_of(one) for one in listed]
    again = {"removed": True, "dirty": True, "generation": lambda one: one.generation + 1}
    again |= {"revision_kind": "", "revision": "", "recorded_at": number_of(hour(9))}
    again["unfollowed_at"] = lambda one: number_of(hour(9)) if one.unfollowed_at is None else one.unfollowed_at
    assert changes == of_rows(listed, **again)


def test_a_reply_is_kept_with_its_appointment_alone(changed, rows):
    """In this namespace, source and occurrence."""
    one = rows.here("appointments")[5]
    assert changed(lambda tx: tx.reply(identity_of(one), "cancel")) == (None, of_rows([one], replied="cancel"))


# Reminders, numbers and events


def test_reminders_are_forgotten_by_key(changed, rows):
    """Those of a claimed appointment; or, whoever works, those without any appointment, and how many."""
    keys = [each.key for each in rows.reminders]
    owner = next(one for one in rows.here("appointments") if one.lease_owner)
    claim = Claim(owner.row_id, owner.lease_owner, owner.fence)
    gone = [each for each in rows.here("reminders") if each.row_id == owner.row_id]
    expected = {("reminders", ("default", each.key)): None for each in gone[1:]}
    assert gone[1:]
    assert changed(lambda tx: tx.drop_outcomes(claim, [key for key in keys if key != gone[0].key])) == (None, expected)
    assert changed(lambda tx: tx.drop_outcomes(claim, [])) == (None, {})
    astray = [each for each in rows.here("reminders") if rows.owner(each) is None]
    expected = {("reminders", ("default", each.key)): None for each in astray}
    assert changed(lambda tx: tx.forget_reminders(keys)) == (len(astray), expected)
    assert changed(lambda tx: tx.forget_reminders([])) == (0, {})


def test_numbers_are_forgotten_unless_it_was_written_since(changed, rows):
    """All but those that are kept: number and start must both be the same."""
    one = next(
        one for one in rows.here("appointments") if len({e.number for e in rows.phones if e.row_id == one.row_id}) > 1
    )
    theirs = [each for each in rows.phones if each.row_id == one.row_id]
    kept = [(theirs[0].number, instant_of(theirs[0].starts_at)), (theirs[1].number, hour(50))]
    claim = Claim(one.row_id, "one", one.fence)
    expected = {("phones", (each.row_id, each.number, each.starts_at)): None for each in theirs[1:]}
    same = Release(claim, one.generation, complete=True, planned_with="", next_at=None)
    assert changed(lambda tx: tx.drop_phones(same, kept)) == (None, expected)
    assert changed(lambda tx: tx.drop_phones(same, []))[1].keys() == {
        ("phones", (one.row_id, theirs[0].number, theirs[0].starts_at)),
        *expected,
    }
    since = Release(claim, one.generation - 1, complete=True, planned_with="", next_at=None)
    assert changed(lambda tx: tx.drop_phones(since, [])) == (None, {})


def test_numbers_that_are_missing_are_added(changed, rows):
    """With their starts; the rows of those are told."""
    known = rows.here("phones")[0]
    start = instant_of(known.starts_at)
    given = {known.row_id: [(known.number, start), (known.number, hour(70))], 2: [("+12025550177", hour(70))]}
    new = {"namespace": "default", "starts_at": number_of(hour(70))}
    expected = {
        ("phones", (known.row_id, known.number, new["starts_at"])): new
        | {"row_id": known.row_id, "number": known.number},
        ("phones", (2, "+12025550177", new["starts_at"])): new | {"row_id": 2, "number": "+12025550177"},
    }
    assert changed(lambda tx: tx.add_phones(given)) == ({known.row_id, 2}, expected)
    assert changed(lambda tx: tx.add_phones({known.row_id: [(known.number, start)]})) == (set(), {})


def test_an_event_is_matched_or_waits_by_its_name_here(changed, rows):
    """Another namespace's event of that name is not touched."""
    for each in rows.events[:12]:
        place = ("events", (each.serial,))
        mine = each.namespace == "default"
        expected = {place: {"matched": True}} if mine and not each.matched else {}
        assert changed(lambda tx, name=each.id: tx.match_event(name)) == (None, expected)
        expected = {place: {"token": "waiting"}} if mine and each.token != "waiting" else {}
        assert changed(lambda tx, name=each.id: tx.let_wait(name)) == (None, expected)


# Purging, erasing, and being put back


def blank(one):
    """Return what a purge leaves of an appointment's row."""
    empty = {"snapshot": "", "fingerprint": "", "dirty": False, "next_at": None, "unfollowed_at": None}
    return of_rows([one], **empty, lease_owner=None, lease_until=None, replied="")


SILENT = {"to_number": "", "recipient": "", "text": "", "request": b"", "error": ""}


def silenced(each):
    kept = {name: value for name, value in SILENT.items() if getattr(each, name) != value}
    return {("messages", (each.serial,)): kept} if kept else {}


def test_a_purge_takes_the_person_from_what_is_over(changed, rows):
    """What ended before, has nothing to come, is not claimed and has nothing parked; and events that came before."""
    before = hour(4)
    limit = number_of(before)
    parked = {each.row_id for each in rows.messages if each.state in OPEN}
    over = [
        one
        for one in rows.here("appointments")
        if one.snapshot
        and one.ends_at < limit
        and (one.next_at is None or one.next_at < limit)
        and not is_leased(one, AT)
        and one.row_id not in parked
    ]
    listed = {one.row_id for one in over}
    assert len(listed) > 1
    expected = {}
    for one in over:
        expected |= blank(one)
    for each in rows.messages:
        expected |= silenced(each) if each.row_id in listed else {}
    for each in rows.reminders:
        if each.row_id in listed:
            values = {name: "" for name in ("to_number", "recipient", "error") if getattr(each, name)}
            expected["reminders", (each.namespace, each.key)] = values
    for each in rows.phones:
        if each.row_id in listed:
            expected["phones", (each.row_id, each.number, each.starts_at)] = None
    for each in rows.here("events"):
        if each.received_at < limit and each.raw != "{}":
            values = {"number": None, "text": None, "raw": "{}"}
            expected["events", (each.serial,)] = {
                name: value for name, value in values.items() if getattr(each, name) is not value
            }
    run = {"namespace": "default", "name": "purge", "at": AT, "detail": '{"open": true}'}
    expected["runs", ("default", "purge")] = run
    assert changed(lambda tx: tx.purge(before, NOW)) == (len(over), expected)


def test_who_has_a_message_parked_is_not_erased(changed, rows):
    """Nothing is changed: what is to be taken back must be known."""
    for number in NUMBERS:
        assert changed(lambda tx, number=number: tx.people.erase(number)) == (None, {})


def test_an_older_state_is_one_of_which_nobody_is_sure(changed, rows):
    """In every namespace: all comes in again, messages are looked up, claims are lost, requests are not repeated."""
    restoration = Restoration.begun(hour(1), NOW, adopted=False)
    _, changes = changed(lambda tx: tx.restorations.begin(restoration))
    expected = of_rows(
        [one for one in rows.appointments if one.snapshot],
        generation=lambda one: one.generation + 1,
        fence=lambda one: one.fence + 1,
        lease_owner=None,
        lease_until=None,
        dirty=True,
        fingerprint=lambda one: one.fingerprint if one.removed else "",
    )
    errors = set()
    for each in rows.messages:
        values = {"next_try_at": AT, "attempts": 1}
        if each.state == "creating":
            values |= {"state": "unknown", "uncertain": True}
        elif each.state not in ("scheduled", "cancelling"):
            continue
        place = ("messages", (each.serial,))
        errors.add(changes[place].pop("error"))
        expected[place] = {name: value for name, value in values.items() if getattr(each, name) != value}
    (doubt,) = errors
    assert doubt.endswith("it is asked what became of it")
    kept = {
        key: json.loads(changes.pop(("runs", key))["detail"]) for key in [("", "restored"), ("default", "restored")]
    }
    assert kept == {("", "restored"): restoration.of_ledger(), ("default", "restored"): restoration.of_namespace()}
    assert changes == expected


def test_what_is_as_it_should_be_is_recognised(filled, rows):
    """Its digest is written again, where it was lost; what was purged has none."""
    ledger, _ = filled
    with suppress(UndoneError), ledger.writing() as tx:
        tx.restorations.begin(Restoration.begun(hour(1), NOW, adopted=False))
        records = list(tx.reader.records())
        for record in records[::2]:
            tx.restorations.recognise(record)
        after = {record.row: record.fingerprint for record in tx.reader.records()}
        for place, record in enumerate(records):
            lost = "" if not record.removed else record.fingerprint
            assert after[record.row] == (lost if place % 2 or record.removed else fingerprint(record.snapshot))
        raise UndoneError
