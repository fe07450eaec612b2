"""One ledger for many namespaces: what they share of a process, and what whoever serves all of them may ask."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from attrs import evolve

from reminder_kit.errors import InvalidInputError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.namespaces import is_anything_open, namespaces, namespaces_at_work, owners, writers
from reminder_kit.model.lifecycle import State
from reminder_kit.testing.ledger_stage import NOW, PHONE, incoming, park_one, record_all


def test_namespaces_of_one_ledger_share_its_connections_and_its_writer(ledger):
    """Each sees its own rows alone; there is one database, and one thread that commits, for all of them."""
    north, south = ledger.namespaced("north"), ledger.namespaced("south")
    record_all(north, incoming())
    ledger.submit(lambda _tx: None).result(10)
    before = threading.active_count()
    for one in (north, south, ledger):
        assert one.submit(lambda tx: tx.reader.counts()["appointments"]).result(10) == (1 if one is north else 0)
    assert threading.active_count() == before
    assert north._database is south._database is ledger._database
    assert (repr(north) != repr(south), north.url) == (True, south.url)


def test_operations_of_several_namespaces_are_committed_together_each_in_its_own(ledger):
    """What is submitted at once is one transaction; each operation writes, and asks ahead, in its own namespace."""
    names = [f"n-{number}" for number in range(20)]
    for name in names:
        record_all(ledger.namespaced(name), incoming())
    many = [ledger.namespaced(name) for name in names]
    gate, seen = threading.Event(), []
    first = ledger.submit(lambda _tx: gate.wait(10))

    def write(tx, name):
        seen.append(id(tx._runner))
        tx.mark_run(name, NOW, {})
        return tx.reader.counts()["appointments"]

    futures = [one.submit(partial(write, name=name)) for one, name in zip(many, names, strict=True)]
    gate.set()
    first.result(10)
    assert [future.result(10) for future in futures] == [1] * len(names)
    assert len(set(seen)) < len(names)
    assert [list(one.read(lambda reader: reader.runs())) for one in many] == [[name] for name in names]


def test_a_shared_ledger_is_closed_by_who_made_it(sqlite_url):
    """Closing one namespace leaves the others at work; closing the ledger itself closes all."""
    whole = Ledger(sqlite_url)
    north = whole.namespaced("north")
    north.upgrade()
    north.close()
    assert whole._open.database.is_open
    whole.close()
    assert north._open.database is None
    assert north.read(lambda reader: reader.counts()["appointments"]) == 0
    whole.close()


def test_a_shared_namespace_is_checked_as_any(sqlite_url):
    """What is no name is refused at once, and opens nothing."""
    with pytest.raises(InvalidInputError, match="200 bytes"):
        Ledger(sqlite_url).namespaced("n" * 201)


def test_there_are_no_namespaces_where_there_is_no_ledger(sqlite_url):
    """Asking creates nothing."""
    whole = Ledger(sqlite_url)
    assert (namespaces(whole), namespaces_at_work(whole), owners(whole, ["P"], ["m"])) == ([], [], [])
    assert (writers(whole, [PHONE]), is_anything_open(whole)) == ([], False)


def test_whoever_serves_all_finds_whose_work_and_whose_message_it_is(ledger):
    """By the provider's name of a message, by our token, by the number it goes to, and by what is to be done."""
    north, south, jobs = (ledger.namespaced(name) for name in ("north", "south", "jobs"))
    _, claim, made = park_one(north)
    with jobs.writing() as tx:
        tx.mark_run("resync", NOW, {})
    with north.writing() as tx:
        tx.move_message(claim, made, evolve(made, state=State.SCHEDULED, provider_id="P-north"))
        tx.keep_outcomes(claim, [])
    record_all(south, incoming())
    assert namespaces(ledger) == ["jobs", "north", "south"]
    assert "south" in namespaces_at_work(ledger)
    assert (owners(ledger, ["P-north", "other"], []), owners(ledger, [], [made.id])) == (["north"], ["north"])
    assert owners(ledger, ["P"], ["m"]) == []
    assert writers(ledger, [PHONE, "+12025550199"]) == [("north", made.sender)]
    at = made.draft.send_at
    assert writers(ledger, [PHONE], at) == [("north", made.sender)]
    assert writers(ledger, [PHONE], at - timedelta(seconds=1)) == []
    assert [is_anything_open(one) for one in (north, south, jobs)] == [True, False, False]
