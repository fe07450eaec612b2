"""Many processes on one ledger: every row is worked on by one, nothing is lost, whoever dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from reminder_kit.errors import ClaimLostError, LedgerError
from reminder_kit.ledger.databases import transactions
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import HistoryEntry, RecordResult, Release
from reminder_kit.testing.ledger_contract import LEASE, NOW, incoming, message, outcome

ROOT = Path(__file__).parents[2]
APART = multiprocessing.get_context("forkserver")
APART.set_forkserver_preload(["alembic.command", "psycopg", "reminder_kit.testing.ledger_contract", "sqlalchemy"])


def work_through(url, owner, count):
    """Claim, park and give back, until nothing is dirty. Runs in a process of its own."""
    ledger = Ledger(url)
    rows = list(range(1, count + 1))
    while dirty := [
        record.row for record in ledger.read(lambda reader: list(reader.records(dirty_only=True, rows=rows)))
    ]:
        claims = ledger.submit(lambda tx, some=tuple(dirty): tx.claim(some[:5], owner, NOW, LEASE)).result(60)
        for row, claim in claims.items():

            def park(tx, row=row, claim=claim):
                (record,) = tx.reader.read([row])
                if record.messages:
                    return
                tx.create_message(claim, message(f"m-{owner}-{row}", f"k-{row}"), rule="r", recipient="p")
                tx.keep_outcomes(claim, [outcome(f"k-{row}")])
                tx.note([HistoryEntry(NOW, owner, "creating", record.identity)])

            ledger.submit(park).result(60)
        done = [Release(claim, 1, complete=True, planned_with="d", next_at=None) for claim in claims.values()]
        ledger.submit(lambda tx, some=done: tx.release(some)).result(60)
    ledger.close()


@pytest.mark.slow
def test_eight_processes_park_each_reminder_once(ledger, url):
    """However eight processes claim, each reminder gets one message, one line of history, and rest."""
    count = 40
    with ledger.writing() as transaction:
        transaction.record([incoming(f"A-{index}") for index in range(count)], NOW)
    workers = [APART.Process(target=work_through, args=(url, f"w{index}", count)) for index in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(100)
    assert [worker.exitcode for worker in workers] == [0] * 8
    records = ledger.read(lambda reader: list(reader.records()))
    assert [len(record.messages) for record in records] == [1] * count
    assert not any(record.dirty for record in records)
    assert ledger.read(lambda reader: sum(len(reader.history(id=f"A-{index}")) for index in range(count))) == count


DIES = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.testing.ledger_contract import LEASE, NOW, message, outcome

ledger = Ledger(sys.argv[1])
claims = ledger.submit(lambda tx: tx.claim([1, 2], "dies", NOW, LEASE)).result()
made = message("m-1", "k-1")
ledger.submit(lambda tx: tx.create_message(claims[1], made, rule="r", recipient="p")).result()
print("durable", flush=True)

def half(tx):
    tx.create_message(claims[2], message("m-2", "k-2"), rule="r", recipient="p")
    tx.keep_outcomes(claims[2], [outcome("k-2")])
    tx.flush()
    os.kill(os.getpid(), signal.SIGKILL)

ledger.submit(half).result()
"""


def test_a_process_killed_in_a_commit_keeps_what_was_reported(ledger, url):
    """What `submit` reported is there, the half-done is not, and its claims can be taken when they run out."""
    with ledger.writing() as transaction:
        transaction.record([incoming("A-1"), incoming("A-2")], NOW)
    child = subprocess.run(
        [sys.executable, "-c", DIES, url],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (child.returncode, child.stdout) == (-signal.SIGKILL, "durable\n"), child.stderr
    first, second = ledger.read(lambda reader: list(reader.records()))
    assert ([message.id for message in first.messages], second.messages, second.outcomes) == (["m-1"], (), ())
    assert ledger.submit(lambda tx: tx.claim([1, 2], "two", NOW, LEASE)).result(20) == {}
    assert set(ledger.submit(lambda tx: tx.claim([1, 2], "two", NOW + LEASE, LEASE)).result(20)) == {1, 2}


def test_two_who_move_one_message_at_once_do_not_both_succeed(ledger, url, ledgers):
    """Of two moves from the same state one is written, and the other raises `ClaimLostError`."""
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
        (claim,) = transaction.claim([1], "one", NOW, LEASE).values()
        transaction.create_message(claim, message(), rule="r", recipient="p")
    before, results = message(), []
    barrier = threading.Barrier(2)

    def move(state, other):
        barrier.wait()
        try:
            other.submit(lambda tx: tx.move_message(None, before, evolve(before, state=state))).result(30)
            results.append(state)
        except ClaimLostError:
            results.append(None)

    threads = [threading.Thread(target=move, args=(state, ledgers(url))) for state in (State.SCHEDULED, State.REJECTED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results.count(None) == 1
    (record,) = ledger.read(lambda reader: list(reader.records()))
    assert record.messages[0].state in results


def test_recording_in_opposite_orders_does_not_block(ledger, url, ledgers):
    """Deadlocks are avoided by order, and tried again where they happen."""
    given = [incoming(f"A-{index}") for index in range(20)]
    errors = []

    def record(batch, other, title):
        try:
            for turn in range(6):
                changed = [incoming(item.identity.id, title=f"{title} {turn}") for item in batch]
                futures = [other.submit(lambda tx, one=one: tx.record([one], NOW)) for one in changed]
                for future in futures:
                    future.result(60)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [
        threading.Thread(target=record, args=(batch, ledgers(url), title))
        for batch, title in ((given, "up"), (given[::-1], "down"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert errors == []
    assert len({record.appointment.title for record in ledger.read(lambda reader: list(reader.records()))}) <= 2


def test_of_two_revisions_written_at_once_the_newer_stands(postgres_url, ledgers):
    """The statement that writes decides, whatever was read before it; what came in with the older one is recorded."""
    one, two = ledgers(postgres_url), ledgers(postgres_url)
    one.upgrade()
    with one.writing() as transaction:
        transaction.record([incoming(revision=1)], NOW)
    kept = []
    with one.writing() as first:
        assert first.record([incoming(revision=5, title="newer")], NOW) == [RecordResult.CHANGED]
        late = threading.Thread(
            target=lambda: kept.extend(
                two.submit(lambda tx: tx.record([incoming(revision=3, title="x"), incoming("B")], NOW)).result(30)
            )
        )
        late.start()
        late.join(0.3)
        assert late.is_alive()
    late.join(30)
    assert kept == [RecordResult.STALE, RecordResult.NEW]
    record = one.read(lambda reader: min(reader.records(), key=lambda record: record.identity))
    assert (record.appointment.title, record.generation) == ("newer", 2)


def test_a_claim_proven_in_a_transaction_is_safe_until_it_ends(postgres_url, ledgers):
    """Until that transaction ends another worker passes over the row, although the lease ran out."""
    one, two = ledgers(postgres_url), ledgers(postgres_url)
    one.upgrade()
    with one.writing() as transaction:
        transaction.record([incoming()], NOW)
        (claim,) = transaction.claim([1], "one", NOW, LEASE).values()
    with one.writing() as transaction:
        transaction.keep_outcomes(claim, [outcome()])
        assert two.submit(lambda tx: tx.claim([1], "two", NOW + 2 * LEASE, LEASE)).result(20) == {}
    taken = two.submit(lambda tx: tx.claim([1], "two", NOW + 2 * LEASE, LEASE)).result(20)
    assert taken[1].fence > claim.fence


def test_a_lost_connection_is_made_anew(postgres_url, ledgers):
    """When the server ends a connection, the operation is run again on a new one and succeeds."""
    import psycopg

    ledger = ledgers(postgres_url)
    ledger.upgrade()
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(end)
        assert ledger.submit(lambda tx: tx.record([incoming()], NOW)).result(20) == [RecordResult.NEW]
        ended = []

        def cut(tx):
            if not ended:
                ended.append(True)
                connection.execute(end)
            return tx.record([incoming("A-2")], NOW)

        assert ledger.submit(cut).result(20) == [RecordResult.NEW]
    assert len(ledger.read(lambda reader: list(reader.records()))) == 2


def test_a_question_is_asked_again_and_a_connection_that_rested_is_greeted_first(postgres_url, ledgers, monkeypatch):
    """A question whose connection the server ended is asked once more; a transaction begins on one that is good."""
    import psycopg

    ledger = ledgers(postgres_url)
    ledger.upgrade()
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        ledger.submit(lambda tx: tx.record([incoming()], NOW)).result(20)
        connection.execute(end)
        assert len(ledger.read(lambda reader: list(reader.records()))) == 1
        connection.execute(end)
        with pytest.raises(LedgerError), ledger.writing() as transaction:
            transaction.record([incoming("A-2")], NOW)
        monkeypatch.setattr(transactions, "_REST", 0.0)
        with ledger.writing() as transaction:
            transaction.record([incoming("A-2")], NOW)
        connection.execute(end)
        with ledger.writing() as transaction:
            transaction.record([incoming("A-3")], NOW)
    assert len(ledger.read(lambda reader: list(reader.records()))) == 3


def test_on_a_hosts_own_connection_what_was_written_is_counted(postgres_url, ledgers):
    """psycopg forgets how many rows a statement touched once its cursor is closed."""
    import psycopg

    from reminder_kit.ledger.databases.host_connection import runner_on
    from reminder_kit.ledger.sql.statements import statements_for

    ledger = ledgers(postgres_url)
    ledger.upgrade()
    ledger.submit(lambda tx: tx.record([incoming()], NOW)).result(20)
    with psycopg.connect(postgres_url) as connection:
        runner = runner_on(connection)
        mark = statements_for(None, "postgresql").updates.mark_run
        values = {"namespace": "default", "name": "job", "at": 1, "detail": "{}"}
        assert runner.run(mark, **values) == 1


def test_what_a_statement_says_wrong_is_explained_and_leaves_the_connection_good(postgres_url, ledgers):
    """Errors of the driver, which is asked directly, are the ledger's own, and no other transaction suffers."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    with pytest.raises(LedgerError, match="lost its tables"), ledger.writing() as transaction:
        transaction._runner.statement("SELECT * FROM nowhere")
    assert ledger.submit(lambda tx: tx.record([incoming()], NOW)).result(20) == [RecordResult.NEW]


def forked(ledger, queue):
    """Use a ledger that was open before the fork. Runs in a forked process."""
    ledger.submit(lambda tx: tx.record([incoming("child")], NOW)).result(20)
    queue.put([record.identity.id for record in ledger.read(lambda reader: list(reader.records()))])
    ledger.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_opens_its_own_connections(ledger):
    """A fork of a process with an open ledger opens connections of its own; the parent's stay good."""
    ledger.submit(lambda tx: tx.record([incoming("parent")], NOW)).result(20)
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    child = fork.Process(target=forked, args=(ledger, queue))
    child.start()
    assert queue.get(timeout=30) == ["parent", "child"]
    child.join(30)
    assert child.exitcode == 0
    ledger.submit(lambda tx: tx.record([incoming("parent again")], NOW + timedelta(1))).result(20)
    assert len(ledger.read(lambda reader: list(reader.records()))) == 3


def test_rows_that_are_locked_are_nobody_elses_until_the_transaction_ends(postgres_url, ledgers):
    """Those alone: whoever needs others works on."""
    import psycopg

    ledger = ledgers(postgres_url)
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.record([incoming(f"A-{index}") for index in range(3)], NOW)
    first, second, third = ledger.read(lambda reader: sorted(record.row for record in reader.records()))

    def free():
        with psycopg.connect(postgres_url) as other:
            found = other.execute("SELECT row_id FROM reminder_kit_appointments ORDER BY row_id FOR UPDATE SKIP LOCKED")
            return [row for (row,) in found]

    with ledger.writing() as transaction:
        transaction.lock([first, third])
        assert free() == [second]
    assert free() == [first, second, third]
