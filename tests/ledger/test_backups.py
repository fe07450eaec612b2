"""Backups: whole and of one moment while others write; put back in one step, or everything stays as it was."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from reminder_kit.errors import ClaimLostError, LedgerError, SchemaError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.testing.ledger_contract import LEASE, NOW, incoming
from reminder_kit.testing.ledger_stage import as_recorded, barred, lifted, park_one, record_all
from tests.ledger.older_tables import filled, made_as_of

ROOT = Path(__file__).parents[2]
DESCRIPTORS = Path("/proc/self/fd")
LATER = NOW + timedelta(hours=5)


def content(ledger):
    """Return what is recorded, in a form that two ledgers can be compared by."""
    return ledger.read(lambda reader: (list(reader.records()), reader.suppressions(), reader.counts()))


def known(ledger):
    return ledger.read(lambda reader: reader.standing.restoration())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def made(path, ledgers):
    """A ledger with an appointment and a message whose answer is open."""
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    park_one(ledger)
    ledger.close()
    return ledger


@pytest.fixture
def backup(made, tmp_path):
    made.backup(tmp_path / "backup.db")
    made.close()
    return tmp_path / "backup.db"


# Backing up


def test_a_backup_holds_what_the_ledger_holds_in_one_private_file(made, backup, ledgers, tmp_path):
    """Nothing is beside it, nor beside the ledger, that was at rest; it is its owner's alone."""
    assert content(ledgers(f"sqlite:///{backup}")) == content(made)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["backup.db", "ledger.db"]
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.skipif(os.name != "posix", reason="this system has no folders that are written through")
def test_a_power_cut_after_it_leaves_it_there(made, tmp_path, monkeypatch):
    """What it holds is written through, and then the folder's entry for it."""
    written, sync = [], os.fsync

    def recorded(descriptor):
        state, backup = os.fstat(descriptor), tmp_path / "backup.db"
        written.append("the folder" if os.path.samestat(state, tmp_path.stat()) else "what it holds")
        assert (written[-1] == "the folder") is backup.exists()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    made.backup(tmp_path / "backup.db")
    assert list(dict.fromkeys(written)) == ["what it holds", "the folder"]


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list its descriptors")
def test_nothing_of_it_is_left_open(made, tmp_path):
    """A job that makes one each night, in a process that never ends, has no more descriptors for it."""
    made.backup(tmp_path / "first.db")
    before = len(list(DESCRIPTORS.iterdir()))
    made.backup(tmp_path / "second.db")
    assert len(list(DESCRIPTORS.iterdir())) == before


def test_it_is_of_one_moment_while_others_write(path, made, ledgers, tmp_path):
    """What is written in one transaction is in a backup whole, or not at all; what waits in the log is in it, too."""
    ended, numbers = threading.Event(), [f"+120255501{index:02}" for index in range(20)]

    def write():
        writer, at = ledgers(f"sqlite:///{path}"), NOW
        while not ended.is_set():
            at, later = at + timedelta(minutes=2), at + timedelta(minutes=3)
            bars = [barred(number, occurred_at=at) for number in numbers]
            lifts = [lifted(number, occurred_at=later, lifts_before=later) for number in numbers]
            for events in (bars, lifts):
                writer.submit(lambda tx, all_=events: [tx.consent.record(event) for event in all_]).result(20)

    thread = threading.Thread(target=write)
    thread.start()
    found = set()
    try:
        for index in range(12):
            made.backup(tmp_path / f"{index}.db")
            copy = ledgers(f"sqlite:///{tmp_path / f'{index}.db'}")
            found.add(len(copy.read(lambda reader: reader.suppressions())))
            copy.close()
    finally:
        ended.set()
        thread.join(20)
    assert found <= {0, 20}


def test_a_newer_copy_takes_the_place_of_an_older_one_and_keeps_its_mode(made, backup):
    """A nightly job may write to one name; it is the old copy until the new one is whole."""
    backup.chmod(0o640)
    before = backup.stat().st_ino
    made.backup(backup)
    assert backup.stat().st_ino != before
    assert backup.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ledger.db", "is the ledger itself: name another file"),
        ("notes.txt", "is there, and is no copy of a ledger: name another file, or remove it"),
        ("other.db", "is there, and is no copy of a ledger"),
        ("", "is there, and is no copy of a ledger"),
        ("no/such.db", "there is no folder"),
    ],
)
def test_nothing_else_is_overwritten(made, tmp_path, name, part):
    """A slip of the keyboard costs no other file; the error says what to do."""
    (tmp_path / "notes.txt").write_text("mine")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    before = {found: found.read_bytes() for found in tmp_path.iterdir()}
    with pytest.raises(LedgerError, match=part):
        made.backup(tmp_path / name)
    assert {found: found.read_bytes() for found in tmp_path.iterdir()} == before


def test_a_damaged_ledger_makes_no_backup(made, path, tmp_path):
    """The last good copy stays."""
    made.backup(tmp_path / "backup.db")
    whole = path.read_bytes()
    path.write_bytes(whole[:12288] + b"\x55" * 8192 + whole[20480:])
    before = (tmp_path / "backup.db").read_bytes()
    with pytest.raises(LedgerError, match="is damaged"):
        made.backup(tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_bytes() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == ["backup.db", "ledger.db"]


def test_where_there_is_no_ledger_there_is_nothing_to_back_up(ledgers, tmp_path):
    with pytest.raises(LedgerError, match="is not there yet: there is nothing to back up"):
        ledgers(f"sqlite:///{tmp_path / 'none.db'}").backup(tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_elsewhere_says_what_to_use_instead(postgres_url, ledgers, tmp_path):
    """PostgreSQL has means of its own; memory has none."""
    for url, part in ((postgres_url, "pg_dump.*ledger adopt --restored"), ("sqlite://", "keep it in a file")):
        for attempt in (ledgers(url).backup, lambda file, url=url: ledgers(url).restore(file, NOW)):
            with pytest.raises(LedgerError, match=part):
                attempt(tmp_path / "backup.db")


def test_what_killed_copies_left_is_removed_by_the_next(made, backup, tmp_path):
    """Only what nobody has written to for an hour; another backup to the same place may be at work."""
    stale, fresh = (tmp_path / f"backup.db.part-{name}" for name in ("0011aabb", "2233ccdd"))
    for part in (stale, fresh):
        part.write_bytes(b"half")
    os.utime(stale, (1, 1))
    made.backup(backup)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["backup.db", fresh.name, "ledger.db"]


# Restoring


def test_it_is_as_it_was_and_nobody_is_sure_of_it(made, backup, path, ledgers):
    """Claims are lost, requests not repeated, parked messages looked up, appointments expected to come in again."""
    claim = made.submit(lambda tx: tx.claim([1], "worker", LATER, LEASE)[1]).result(20)
    record_all(made, incoming("A-9"), at=LATER)
    path.chmod(0o640)
    restored = made.restore(backup, LATER, force=True)
    assert (restored.since, restored.at, restored.adopted) == (NOW.replace(microsecond=0), LATER, False)
    assert known(made) == restored
    (record,) = made.read(lambda reader: list(reader.records()))
    assert (record.identity.id, record.is_awaited, record.dirty) == ("A-1", True, True)
    (lost,) = record.messages
    assert (lost.state, lost.uncertain, lost.next_try_at) == (State.UNKNOWN, True, LATER)
    assert lost.error.startswith(IN_GAP)
    with pytest.raises(ClaimLostError):
        made.submit(lambda tx: tx.drop_outcomes(claim, ["k"])).result(20)
    assert path.stat().st_mode & 0o777 == 0o640
    assert content(ledgers(f"sqlite:///{backup}"))[0][0].messages[0].state is State.CREATING
    made.adopt()
    assert known(made) == evolve(restored, adopted=True)


def test_a_parked_message_is_looked_up(made, backup, tmp_path):
    """So is one that was about to be taken back."""
    for state in (State.SCHEDULED, State.CANCELLING):
        made.submit(lambda tx, to=state: tx.move_message(None, _only(tx), evolve(_only(tx), state=to))).result(20)
        made.backup(tmp_path / "second.db")
        made.restore(tmp_path / "second.db", LATER, force=True)
        (found,) = as_recorded(made).messages
        assert (found.state, found.next_try_at) == (state, LATER)
        assert found.error.startswith(IN_GAP)


def _only(tx):
    (record,) = tx.reader.records()
    return record.messages[0]


def test_into_a_place_where_there_is_none(made, backup, path, ledgers, tmp_path):
    """The file is its owner's alone, and has a log as any ledger of ours."""
    ledger = ledgers(f"sqlite:///{tmp_path / 'new.db'}")
    ledger.restore(backup, LATER)
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert as_recorded(ledger).is_awaited


def test_whoever_has_it_open_goes_on_with_what_is_in_it_then(made, backup, path, ledgers):
    """One file stays one file: another process reads and writes the restored ledger, and nothing else."""
    other = ledgers(f"sqlite:///{path}")
    record_all(other, incoming("A-9"), at=LATER)
    assert len(other.read(lambda reader: list(reader.records()))) == 2
    made.restore(backup, LATER, force=True)
    assert len(other.read(lambda reader: list(reader.records()))) == 1
    record_all(other, incoming("A-8"), at=LATER)
    assert {record.identity.id for record in made.read(lambda reader: list(reader.records()))} == {"A-1", "A-8"}


def test_a_ledger_that_knows_more_is_not_lost_by_a_slip(made, backup):
    """It says up to when each knows; with `force` it is done all the same, and one that knows no more needs none."""
    made.restore(backup, LATER)
    made.adopt()
    record_all(made, incoming("A-9"), at=LATER + timedelta(hours=1))
    before = content(made)
    with pytest.raises(LedgerError, match=r"all up to 2026-02-10T20:00:00Z .*; the backup only up to 2026-02-10T14:00"):
        made.restore(backup, LATER + timedelta(hours=2))
    assert content(made) == before
    made.restore(backup, LATER + timedelta(hours=2), force=True)
    assert [record.identity.id for record in made.read(lambda reader: list(reader.records()))] == ["A-1"]


def test_a_stop_alone_is_something_to_lose(made, backup):
    """Whoever was barred since the backup would be written to again: that is said before it is done."""
    made.submit(lambda tx: tx.consent.record(barred(recorded_at=LATER))).result(20)
    with pytest.raises(LedgerError, match="to lose what lies between all the same, force it"):
        made.restore(backup, LATER)


def test_a_backup_of_an_older_version_is_brought_to_this_one(ledgers, tmp_path):
    """The backup itself stays as it was."""
    older = ledgers(f"sqlite:///{tmp_path / 'older.db'}")
    made_as_of(older, "0001")
    filled(older, 2)
    older.close()
    before = (tmp_path / "older.db").read_bytes()
    ledger = ledgers(f"sqlite:///{tmp_path / 'new.db'}")
    ledger.restore(tmp_path / "older.db", LATER)
    assert ledger.check_schema() == "current"
    assert known(ledger).at == LATER
    assert (tmp_path / "older.db").read_bytes() == before


@pytest.mark.parametrize(
    ("broken", "error", "part"),
    [
        (lambda file: file.unlink(), LedgerError, "there is no backup"),
        (
            lambda file: file.write_text("not a database, and longer than a hundred bytes " * 9),
            LedgerError,
            "is no SQL",
        ),
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), LedgerError, "is damaged"),
        (
            lambda file: changed(file, "UPDATE reminder_kit_alembic_version SET version_num = '9999'"),
            SchemaError,
            "9999",
        ),
        (lambda file: changed(file, "DROP TABLE reminder_kit_alembic_version"), LedgerError, "holds no ledger"),
        (lambda file: changed(file, "CREATE TABLE bookings (id INTEGER)"), LedgerError, "holds other tables, too"),
    ],
    ids=["none", "no database", "cut off", "newer", "no ledger", "a host's"],
)
def test_what_is_no_whole_backup_leaves_the_ledger_as_it_was(made, backup, path, tmp_path, broken, error, part):
    """The error names the file and the remedy; nothing is left beside the ledger."""
    before, there = path.read_bytes(), sorted(tmp_path.iterdir())
    broken(backup)
    with pytest.raises(error, match=part):
        made.restore(backup, LATER, force=True)
    assert path.read_bytes() == before
    assert set(tmp_path.iterdir()) <= set(there)


def changed(file, statement):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_hosts_own_file_is_the_hosts_to_put_back(made, backup, path):
    """Its bookings would go back, too."""
    changed(path, "CREATE TABLE bookings (id INTEGER)")
    with pytest.raises(LedgerError, match=r"is the host's own file, with other tables: .*adopt --restored"):
        made.restore(backup, LATER, force=True)


def test_what_is_damaged_is_moved_away_first(made, backup, path):
    """What stands there may be of use to somebody; nothing is written over it."""
    path.write_bytes(b"\x55" * 40_000)
    with pytest.raises(LedgerError, match=r"can't be overwritten .* move it away, together with the files beside it"):
        made.restore(backup, LATER, force=True)
    path.rename(path.with_name("damaged.db"))
    made.restore(backup, LATER)
    assert as_recorded(made).is_awaited


def test_a_database_that_others_put_back_is_adopted_as_such(ledger):
    """On either database: `adopt` says that it is an older state, and when that was; for all namespaces."""
    park_one(ledger)
    ledger.adopt(restored=LATER, opt_outs_known=True)
    restored = known(ledger)
    assert (restored.since, restored.at) == (NOW.replace(microsecond=0), LATER)
    assert restored.lets_work
    found = as_recorded(ledger)
    assert (found.is_awaited, found.messages[0].state) == (True, State.UNKNOWN)
    record_all(ledger, incoming(), at=LATER)
    assert not as_recorded(ledger).is_awaited
    ledger.adopt()
    assert known(ledger) == restored


def test_every_namespace_is_held_and_adopted_with_it(made, backup, path, ledgers):
    """A ledger is put back as a whole; what one asked of its providers, another has to ask itself."""
    south = ledgers(f"sqlite:///{path}", namespace="south")
    made.restore(backup, LATER)
    assert not known(south).adopted
    made.adopt()
    assert known(south).adopted
    made.submit(lambda tx: tx.restorations.keep(evolve(known(made), opt_outs_read=True))).result(20)
    assert (known(made).lets_work, known(south).lets_work) == (True, False)


# A full disk, and kills


@contextmanager
def little_room(size):
    """A limit on the size of files plays the full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_neither_ledger_nor_backup_is_lost(made, backup, path, tmp_path):
    """A copy that has no room leaves the last one; putting back that has none leaves the ledger; both say why."""
    record_all(made, incoming("A-9"), at=LATER)
    made.close()
    before = {found.name: found.read_bytes() for found in tmp_path.iterdir()}
    for attempt in (lambda: made.backup(backup), lambda: made.restore(backup, LATER, force=True)):
        with little_room(100_000), pytest.raises(LedgerError, match="a limit on the size of files"):
            attempt()
        made.close()
        assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == before
    with little_room(backup.stat().st_size + 500), pytest.raises(LedgerError, match="a limit on the size of files"):
        made.restore(backup, LATER, force=True)  # there is room for a copy, and not for the log besides
    assert len(made.read(lambda reader: list(reader.records()))) == 2
    made.restore(backup, LATER, force=True)
    assert len(made.read(lambda reader: list(reader.records()))) == 1


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from reminder_kit.ledger.databases import backups as files
from reminder_kit.ledger.ledger import Ledger

folder, deed = Path(sys.argv[1]), sys.argv[2]
NOW = datetime(2026, 2, 10, 19, tzinfo=timezone.utc)
files._PAGES = 8
seen, last, made = 0, 0, False


def count(name, given):
    global seen
    if made and name in ("open", "sqlite3.connect", "os.rename", "os.remove", "os.chmod"):
        step()


def step():
    global seen
    seen += made
    if made and seen == last:
        os.kill(os.getpid(), signal.SIGKILL)


class Steps(files._Patience):
    def __call__(self, *given):
        super().__call__(*given)
        step()


files._Patience = Steps
sys.addaudithook(count)
warm = Ledger(f"sqlite:///{folder / 'warm.db'}")
warm.upgrade()
warm.backup(folder / "warm-backup.db")
warm.restore(folder / "warm-backup.db", NOW)
warm.close()


def act():
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    if deed == "backup":
        ledger.backup(folder / "backup.db")
    else:
        ledger.restore(folder / "backup.db", NOW, force=True)


for line in sys.stdin:
    last = int(line)
    child = os.fork()
    if not child:
        made = True
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else status, flush=True)
"""


@pytest.mark.parametrize("deed", ["backup", "restore"])
@pytest.mark.parametrize(
    "stride", [pytest.param(1, marks=pytest.mark.nightly), pytest.param(4, marks=pytest.mark.slow)], ids=["all", "some"]
)
def test_who_is_killed_at_any_step_leaves_everything_as_it_was(made, backup, path, ledgers, tmp_path, deed, stride):
    """The backup is the old one or the new one, the ledger what it was, or restored and held: nothing in between."""
    for index in range(40):
        record_all(made, incoming(f"B-{index}", title="x" * 900), at=LATER)
    made.close()
    ledger, copy = path.read_bytes(), backup.read_bytes()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", KILLED, str(tmp_path), deed]
    ends = []
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes) as process:
        for point in range(1, 400, stride):
            path.write_bytes(ledger)
            backup.write_bytes(copy)
            process.stdin.write(f"{point}\n")
            process.stdin.flush()
            ended = process.stdout.readline().strip()
            ends.append(state_of(ledgers, path, backup))
            for beside in (*tmp_path.glob("*-wal"), *tmp_path.glob("*-shm"), *tmp_path.glob("*.part-*")):
                beside.unlink()
            if ended == "0":
                break
        process.stdin.close()
    assert ended == "0"
    assert len(ends) > 5
    before, after = ends[0], ends[-1]
    assert set(ends) == {before, after}
    assert before == ("41 of 41", "1", "")
    assert after == (("41 of 41", "41", "") if deed == "backup" else ("1 of 1", "1", "held"))


def state_of(ledgers, path, backup):
    """Return how many appointments ledger and backup hold, whole, and whether the ledger is held."""
    ledger, copy = ledgers(f"sqlite:///{path}"), ledgers(f"sqlite:///{backup}")
    records = ledger.read(lambda reader: list(reader.records()))
    restored = known(ledger)
    awaited = [record for record in records if record.is_awaited or restored is None]
    kept = len(copy.read(lambda reader: list(reader.records())))
    for found in (ledger, copy):
        found.close()
    return f"{len(awaited)} of {len(records)}", str(kept), "" if restored is None or restored.adopted else "held"
