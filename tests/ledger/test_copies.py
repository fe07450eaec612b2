"""What is said of a copy that can't be made or put back, when one ledger knows more than another, and what is left."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from datetime import timedelta

import pytest

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.backups import _Known
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.backups import _Patience, copied_whole, in_the_making, put_back
from reminder_kit.testing.ledger_stage import NOW, incoming, record_all

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("one", "other", "exceeds"),
    [
        ((NOW, 5), (NOW, 5), False),
        ((NOW + TICK, 5), (NOW, 5), True),
        ((NOW, 6), (NOW, 5), True),
        ((NOW - TICK, 6), (NOW, 5), True),
        ((NOW + TICK, 4), (NOW, 5), True),
        ((NOW - TICK, 4), (NOW, 5), False),
        ((None, 0), (NOW, 5), False),
        ((NOW, 0), (None, 0), True),
        ((None, 0), (None, 0), False),
        ((None, 1), (None, 0), True),
    ],
)
def test_a_ledger_knows_more_by_a_later_instant_or_a_further_line(one, other, exceeds):
    """Either is something that would be lost."""
    assert _Known(*one).exceeds(_Known(*other)) is exceeds


def test_how_much_a_ledger_knows_is_told():
    """Up to when, and its last line; an empty one knows nothing."""
    assert str(_Known(NOW, 7)) == "2026-02-10T14:00:00Z (line 7 of its history)"
    assert str(_Known(None, 7)) == "nothing"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def made(path, ledgers):
    """A ledger with one appointment, at rest."""
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    record_all(ledger, incoming())
    ledger.close()
    return ledger


def said_by(attempt):
    with pytest.raises(LedgerError) as error:
        attempt()
    return str(error.value)


def test_what_can_t_be_backed_up_is_told_whole(made, path, tmp_path, ledgers, postgres_url):
    """What is not there, what is elsewhere, and a place where something else stands."""
    absent = ledgers(f"sqlite:///{tmp_path / 'none.db'}")
    nothing = f"ledger {absent.url} is not there yet: there is nothing to back up"
    assert said_by(lambda: absent.backup(tmp_path / "copy.db")) == nothing
    (tmp_path / "none.db").touch()
    assert said_by(lambda: absent.backup(tmp_path / "copy.db")) == nothing
    memory = ledgers("sqlite://")
    said = "ledger sqlite:// (in memory) is kept in memory, which has no backups: keep it in a file"
    server = ledgers(postgres_url)
    elsewhere = (
        f"ledger {server.url} is kept on a server: back it up with the server's own means (pg_dump, or base backups "
        "and WAL); after putting one back, run `reminder-kit ledger adopt --restored`"
    )
    for ledger, line in ((memory, said), (server, elsewhere)):
        assert said_by(lambda ledger=ledger: ledger.backup(tmp_path / "copy.db")) == line
        assert said_by(lambda ledger=ledger: ledger.restore(tmp_path / "copy.db", NOW)) == line
    assert said_by(lambda: made.backup(path)) == f"{path} is the ledger itself: name another file for its copy"
    other = tmp_path / "other.txt"
    other.write_text("mine")
    for place in (other, tmp_path):
        line = f"{place} is there, and is no copy of a ledger: name another file, or remove it"
        assert said_by(lambda place=place: made.backup(place)) == line
    assert other.read_text() == "mine"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ledger.db", "none.db", "other.txt"]


def test_what_can_t_be_put_back_is_told_whole(made, path, tmp_path):
    """No file, the ledger itself, no ledger, and one that knows less."""
    none = tmp_path / "none.db"
    for place in (none, tmp_path):
        line = f"there is no backup {place}: name a file that `ledger backup` made"
        assert said_by(lambda place=place: made.restore(place, NOW)) == line
    line = f"{path} is the ledger itself: name a file that `ledger backup` made"
    assert said_by(lambda: made.restore(path, NOW)) == line
    with closing(sqlite3.connect(none)) as connection:
        connection.execute("CREATE TABLE bookings (id)")
    assert said_by(lambda: made.restore(none, NOW)) == f"{none} holds no ledger: name a file that `ledger backup` made"
    copy = tmp_path / "copy.db"
    made.backup(copy)
    record_all(made, incoming("A-2"), at=NOW + timedelta(hours=1))
    assert said_by(lambda: made.restore(copy, NOW)) == (
        f"ledger sqlite:///{path} is whole, and knows all up to 2026-02-10T15:00:00Z (line 0 of its history); the "
        "backup only up to 2026-02-10T14:00:00Z (line 0 of its history): to lose what lies between all the same, force "
        "it (--force)"
    )
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("CREATE TABLE bookings (id)")
    assert said_by(lambda: made.restore(copy, NOW, force=True)) == (
        f"{copy} holds other tables, too: restore it as the host's own backups are, then run `reminder-kit ledger "
        "adopt --restored`"
    )


def test_what_is_no_ledger_of_ours_is_not_overwritten(made, path, tmp_path):
    """A host's own file, and one that is damaged: each with what to do instead."""
    copy = tmp_path / "copy.db"
    made.backup(copy)
    made.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookings (id)")
    assert said_by(lambda: made.restore(copy, NOW, force=True)) == (
        f"ledger sqlite:///{path} is the host's own file, with other tables: put that back as the host does, then run "
        "`reminder-kit ledger adopt --restored`"
    )
    made.close()
    path.write_bytes(b"no database " * 900)
    line = said_by(lambda: made.restore(copy, NOW, force=True))
    assert line.startswith(f"what stands at {path} can't be overwritten (")
    assert line.endswith(
        "): move it away, together with the files beside it that end in -wal, -shm and -journal, and restore again"
    )


def test_a_copy_in_the_making_is_private_and_leaves_nothing(tmp_path):
    """Nor do those of others that were killed more than an hour ago; who is at work is left alone."""
    target = tmp_path / "copy.db"
    old, new = tmp_path / "copy.db.part-00000000", tmp_path / "copy.db.part-11111111"
    other = tmp_path / "other.db.part-00000000"
    now = time.time()
    for one, age in ((old, 3700), (new, 3500), (other, 9000)):
        one.touch()
        os.utime(one, (now - age, now - age))
    with in_the_making(target) as part:
        assert part.parent == tmp_path
        assert part.name.startswith("copy.db.part-")
        assert len(part.name) == len("copy.db.part-") + 8
        assert (part.stat().st_mode & 0o777, part.stat().st_size) == (0o600, 0)
        for ending in ("-wal", "-shm", "-journal"):
            part.with_name(part.name + ending).touch()
        assert not old.exists()
    assert sorted(tmp_path.iterdir()) == [new, other]


def test_a_copy_is_whole_and_takes_the_place_of_what_was_there(made, path, tmp_path):
    """At rest, and in use; it needs no log of its own. What is damaged is told by its name."""
    for ledger_is_open in (False, True):
        if ledger_is_open:
            record_all(made, incoming("A-2"))
        with in_the_making(tmp_path / "copy.db") as part:
            copied_whole(path, part, "l")
            with closing(sqlite3.connect(part)) as connection:
                assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
                count = connection.execute("SELECT count(*) FROM reminder_kit_appointments").fetchone()
            assert count == (2 if ledger_is_open else 1,)
            target = tmp_path / f"target-{ledger_is_open}.db"
            target.touch()
            put_back(part, target)
            with closing(sqlite_files.open_to_read(target)) as connection:
                assert connection.execute("SELECT count(*) FROM reminder_kit_appointments").fetchone() == count


def test_who_copies_waits_for_half_a_minute_from_the_last_step_on(monkeypatch):
    """A step that was made begins the wait anew; then the file counts as locked."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    patience = _Patience()
    now[0] += 25
    patience(sqlite3.SQLITE_OK, 5, 9)
    for status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        now[0] = 155.0
        patience(status, 5, 9)
        now[0] = 155.1
        with pytest.raises(sqlite3.OperationalError, match="database is locked") as error:
            patience(status, 5, 9)
        assert error.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    patience(sqlite3.SQLITE_DONE, 0, 9)
    now[0] += 30
    patience(sqlite3.SQLITE_BUSY, 5, 9)


# Files


def test_a_file_at_rest_is_known_by_what_it_is_and_holds(made, path, tmp_path):
    """With a log beside it, or a journal, it is at work; without a write-ahead log it is never known to rest."""
    first = sqlite_files.at_rest(path)
    assert first is not None
    assert sqlite_files.at_rest(path) == first
    assert sqlite_files.is_untouched(path, first)
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        beside.touch()
        assert sqlite_files.at_rest(path) is None
        assert not sqlite_files.is_untouched(path, first)
        beside.unlink()
    record_all(made, incoming("A-2"))
    made.close()
    assert sqlite_files.at_rest(path) not in (None, first)
    assert not sqlite_files.is_untouched(path, first)
    content = path.read_bytes()
    for name, part in (
        ("plain", content[:18] + b"\1\1" + content[20:]),
        ("whole", content),
    ):
        (tmp_path / name).write_bytes(part)
    found = [sqlite_files.at_rest(tmp_path / name) for name in ("plain", "whole", "none")]
    assert [one is None for one in found] == [True, False, True]


@pytest.mark.parametrize(
    ("statement", "own"),
    [
        ("SELECT 1", True),
        ("CREATE TABLE bookings (id)", False),
        ("CREATE TABLE sqliteish (id)", False),
        ("CREATE VIEW seen AS SELECT 1", False),
        ("CREATE INDEX mine ON reminder_kit_runs (at)", True),
    ],
)
def test_a_file_is_our_own_where_it_holds_nothing_else(made, path, statement, own):
    """Tables, views and indexes of others count; SQLite's own, and an index on our tables, don't."""
    with closing(sqlite_files.open_to_write(path)) as connection:
        connection.execute(statement).fetchall()
        assert sqlite_files.is_own(connection) is own


def test_a_copy_of_a_file_has_its_log_and_goes_in_the_end(made, path):
    """In a folder of its own, for its owner alone."""
    record_all(made, incoming("A-2"))
    assert path.with_name("ledger.db-wal").exists()
    with sqlite_files.copied(path) as copy:
        assert copy.name == "ledger.db"
        assert sorted(one.name for one in copy.parent.iterdir()) == ["ledger.db", "ledger.db-wal"]
        assert {one.stat().st_mode & 0o777 for one in copy.parent.iterdir()} == {0o600}
        with closing(sqlite_files.open_to_read(copy)) as connection:
            assert connection.execute("SELECT count(*) FROM reminder_kit_appointments").fetchone() == (2,)
        folder = copy.parent
    assert folder.name.startswith("reminder-kit-")
    assert not folder.exists()
