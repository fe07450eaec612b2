"""A host's own locks on its SQLite file: they hold whatever is asked of the ledger in it, and ours are given back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from reminder_kit.errors import LedgerError
from reminder_kit.testing.ledger_stage import NOW, incoming
from tests.ledger.asking import ask_everything

OTHER = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute(f"BEGIN {sys.argv[2]}")
except sqlite3.OperationalError as error:
    print(error)
"""


def locked_out(path, kind):
    """Say whether another process is told that it may not begin such a transaction now."""
    told = subprocess.run([sys.executable, "-c", OTHER, path, kind], capture_output=True, text=True, check=True).stdout
    return told.strip() == "database is locked"


def prepare(ledger):
    """Make ready for work, as each run does first."""
    ledger.prepare()


@pytest.fixture(params=["delete", "wal"])
def shared(request, tmp_path, ledgers):
    """The path of a host's file with tables of ours, and a ledger that opens it for the first time in this process."""
    path = tmp_path / "host.db"
    with closing(sqlite3.connect(path)) as host:
        host.execute(f"PRAGMA journal_mode = {request.param}")
        host.execute("CREATE TABLE bookings (id INTEGER PRIMARY KEY)")
    first = ledgers(f"sqlite:///{path}")
    first.prepare()
    first.close()
    return path, ledgers(f"sqlite:///{path}")


@pytest.mark.parametrize("asked", [ask_everything, prepare], ids=["it is read", "a run begins"])
def test_a_host_that_writes_stays_the_only_one(shared, asked):
    """The host has begun to write: nobody else may, before, while and after the ledger is looked at."""
    path, ledger = shared
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.execute("BEGIN IMMEDIATE")
        assert locked_out(path, "IMMEDIATE")
        asked(ledger)
        assert locked_out(path, "IMMEDIATE")
        ledger.close()
        assert locked_out(path, "IMMEDIATE")
        host.execute("INSERT INTO bookings VALUES (1)")
        host.execute("COMMIT")
    assert not locked_out(path, "IMMEDIATE")


@pytest.mark.parametrize("shared", ["delete"], indirect=True)
@pytest.mark.parametrize("asked", [ask_everything, prepare], ids=["it is read", "a run begins"])
def test_a_host_that_reads_sees_one_state_to_its_end(shared, asked):
    """The host is in the midst of reading a file with a rollback journal: nobody else may change it meanwhile."""
    path, ledger = shared
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.execute("BEGIN")
        host.execute("SELECT * FROM bookings").fetchall()
        assert locked_out(path, "EXCLUSIVE")
        asked(ledger)
        ledger.close()
        assert locked_out(path, "EXCLUSIVE")
        host.execute("COMMIT")
    assert not locked_out(path, "EXCLUSIVE")


@pytest.mark.parametrize("shared", ["delete"], indirect=True)
def test_what_cannot_be_committed_for_a_reader_is_undone_at_once(shared, ledgers):
    """A host's reader keeps a write from being committed: that is told, nothing stays locked, the next write works."""
    path, _ = shared
    ledger = ledgers(f"sqlite:///{path}", busy_timeout=0.1)

    def take(id):
        with ledger.writing() as transaction:
            return transaction.record([incoming(id)], NOW)

    take("A-1")
    with closing(sqlite3.connect(path, isolation_level=None)) as host:
        host.execute("BEGIN")
        host.execute("SELECT * FROM bookings").fetchall()
        with pytest.raises(LedgerError, match="is locked, by another process"):
            take("A-2")
        host.execute("COMMIT")
        assert not locked_out(path, "IMMEDIATE")
        host.execute("INSERT INTO bookings VALUES (1)")
    take("A-3")
    assert ask_everything(ledger) == ["A-1", "A-3"]
