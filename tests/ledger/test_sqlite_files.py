"""Reading an SQLite ledger leaves no trace: not in the file, not in a log a killed writer left, not beside them."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from reminder_kit.errors import LedgerError
from reminder_kit.testing.ledger_stage import NOW, PHONE, barred, incoming, lifted
from tests.ledger.asking import ask_everything

ROOT = Path(__file__).parents[2]


def content(folder, *, but=()):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.suffix not in but
    }


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "ledger"
    folder.mkdir()
    return folder / "ledger.db"


@pytest.fixture
def filled(path, ledgers):
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
    ledger.close()
    return ledger


KILLED = """
import os, signal, sys
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.testing.ledger_stage import barred
ledger = Ledger(sys.argv[1])
ledger.submit(lambda tx: tx.consent.record(barred("+12025550123"))).result()
with ledger.writing() as transaction:
    transaction.consent.record(barred("+12025550199"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_writer(path):
    child = subprocess.run(
        [sys.executable, "-c", KILLED, f"sqlite:///{path}"], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert child.returncode == -signal.SIGKILL


def test_a_file_at_rest_stays_as_it_was_and_alone(filled, path):
    """Reading a file that nobody writes to changes no byte and puts no file beside it."""
    before = content(path.parent)
    assert list(before) == ["ledger.db"]
    assert ask_everything(filled) == ["A-1"]
    assert content(path.parent) == before


def test_a_log_left_by_a_killed_writer_stays_as_it_was(filled, path):
    """What was committed is read, what was not is not; file and log are the same afterwards."""
    kill_a_writer(path)
    before = content(path.parent, but=[".db-shm"])
    assert set(before) == {"ledger.db", "ledger.db-wal"}
    assert ask_everything(filled) == ["A-1"]
    assert set(filled.read(lambda reader: reader.suppressions())) == {PHONE}
    filled.close()
    assert content(path.parent, but=[".db-shm"]) == before
    filled.submit(lambda transaction: transaction.consent.record(lifted())).result(20)
    assert filled.read(lambda reader: reader.suppressions()) == {}


@pytest.mark.parametrize("mode", ["delete", "persist"])
def test_a_hosts_file_with_a_rollback_journal_stays_as_it_was(path, ledgers, mode):
    """A host's file with a rollback journal is read without a change to it or its folder."""
    with sqlite3.connect(path) as host:
        host.execute(f"PRAGMA journal_mode = {mode}")
        host.execute("CREATE TABLE bookings (id INTEGER PRIMARY KEY)")
    host.close()
    ledger = ledgers(f"sqlite:///{path}")
    ledger.prepare()
    ledger.close()
    before = content(path.parent)
    assert ask_everything(ledger) == []
    ledger.close()
    assert content(path.parent) == before


def test_an_open_writer_does_not_keep_readers_out(filled):
    """While a transaction is written, readers go on with what was committed before it."""
    with filled.writing() as transaction:
        transaction.consent.record(barred())
        assert filled.read(lambda reader: reader.suppressions()) == {}
    assert set(filled.read(lambda reader: reader.suppressions())) == {PHONE}


def test_a_reader_sees_whole_transactions_while_others_write(filled, ledgers):
    """A file at rest may be written to at any moment: such an answer is not used."""
    ended, wrong = threading.Event(), []

    def read():
        while not ended.is_set():
            numbers = filled.read(lambda reader: reader.suppressions())
            if len(numbers) not in (0, 20):
                wrong.append(len(numbers))

    reader = threading.Thread(target=read)
    reader.start()
    for minute in range(0, 30, 2):
        writer, then = ledgers(filled.url), NOW + timedelta(minutes=minute)
        numbers = [f"+120255501{index:02}" for index in range(20)]
        later = then + timedelta(minutes=1)
        bars = [barred(number, occurred_at=then) for number in numbers]
        lifts = [lifted(number, occurred_at=later, lifts_before=later) for number in numbers]
        for events in (bars, lifts):
            writer.submit(lambda tx, all_=events: [tx.consent.record(event) for event in all_]).result(20)
        writer.close()
    ended.set()
    reader.join(20)
    assert wrong == []


READ = """
import os, sys
from reminder_kit.errors import LedgerError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.testing.ledger_stage import lifted
warm = Ledger("sqlite://")
warm.upgrade()
warm.submit(lambda transaction: transaction.consent.record(lifted())).result()
warm.read(lambda reader: list(reader.records()))
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ledger = Ledger(sys.argv[1])
print(len(ledger.read(lambda reader: list(reader.records()))), len(ledger.read(lambda reader: reader.suppressions())))
try:
    ledger.submit(lambda transaction: transaction.consent.record(lifted())).result()
except LedgerError as error:
    print(error)
"""


@pytest.fixture
def public_path():
    """A file in a folder that everybody may read, and an ordinary user not write."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="rk-readonly-"))
    folder.chmod(0o755)
    yield folder / "ledger.db"
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can become another user")
@pytest.mark.parametrize("log", ["no log", "log", "log alone"])
def test_a_folder_that_may_not_be_written_to_can_be_read(public_path, ledgers, log):
    """Also with a log in it, whose shared memory is gone; writing says what is wrong."""
    ledger = ledgers(f"sqlite:///{public_path}")
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
    ledger.close()
    if log != "no log":
        kill_a_writer(public_path)
    for path in public_path.parent.iterdir():
        path.chmod(0o644)
    if log == "log alone":
        public_path.with_name("ledger.db-shm").unlink()
    before = content(public_path.parent)
    child = subprocess.run(
        [sys.executable, "-c", READ, f"sqlite:///{public_path}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    printed = child.stdout.splitlines()
    assert printed[0] == ("1 0" if log == "no log" else "1 1")
    assert "make the file and its folder writable" in printed[1]
    assert "the file is root's, mode 0644, its folder is root's, mode 0755" in printed[1]
    assert content(public_path.parent) == before


def test_a_ledger_that_is_replaced_is_noticed(filled, path, tmp_path):
    """Whoever restores a backup reads that, not what was open before."""
    assert ask_everything(filled) == ["A-1"]
    with filled.writing() as transaction:
        transaction.record([incoming("A-2")], NOW)
    for item in path.parent.iterdir():
        item.unlink()
    assert filled.read(lambda reader: list(reader.records())) == []
    filled.prepare()
    with filled.writing() as transaction:
        transaction.record([incoming("A-3")], NOW)
    assert ask_everything(filled) == ["A-3"]


def test_no_database_is_told_as_such(path, ledgers):
    """A file that is no SQLite database is told as such by reads and writes, and left as it was."""
    path.write_text("BEGIN:VCALENDAR and so on, and much more than a hundred bytes of it. " * 9)
    before = content(path.parent)
    ledger = ledgers(f"sqlite:///{path}")
    for attempt in (ledger.prepare, lambda: ledger.read(lambda reader: reader.counts()), ledger.upgrade):
        with pytest.raises(LedgerError, match="is no SQLite database: name another file"):
            attempt()
    assert content(path.parent) == before
