"""Who may open a ledger's files: the owner alone, whatever the umask; what is there already keeps its mode."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from reminder_kit.errors import ConfigurationError, LedgerError
from reminder_kit.ledger.databases import sqlite_files
from reminder_kit.ledger.databases.private_files import write_private
from reminder_kit.testing.ledger_contract import PHONE
from reminder_kit.testing.ledger_stage import barred

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX'")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can be somebody else")


def mode_of(path):
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def modes(folder):
    return {path.name: mode_of(path) for path in folder.iterdir()}


@pytest.fixture
def umask():
    """Return a function that sets the umask until the test ends."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0, "0600"), (0o022, "0640"), (0o077, "0660")])
def test_a_new_ledger_has_its_mode_whatever_the_umask(umask, mask, mode, tmp_path, ledgers):
    """File, log and shared memory are the owner's, and the group's where that is said; nobody else's."""
    umask(mask)
    ledger = ledgers(f"sqlite:///{tmp_path / 'ledger.db'}", mode=mode)
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.consent.record(barred())
        ledger.read(lambda reader: reader.counts())
        assert modes(tmp_path) == {f"ledger.db{ending}": mode for ending in ("", "-shm", "-wal")}


def test_it_has_it_before_sqlite_opens_it_first(umask, tmp_path, ledgers, monkeypatch):
    """There is no moment at which anybody else could open it: SQLite finds the file made, and creates none itself."""
    found, connect = [], sqlite3.connect

    def watched(database, **options):
        path = Path(str(database).removeprefix("file:").partition("?")[0])
        found.append((mode_of(path) if path.exists() else "absent", "rwc" in str(database)))
        return connect(database, **options)

    monkeypatch.setattr(sqlite_files.sqlite3, "connect", watched)
    ledgers(f"sqlite:///{tmp_path / 'ledger.db'}").upgrade()
    assert set(found) == {("0600", False)}
    assert len(found) > 1


def test_a_file_that_is_there_keeps_its_mode(tmp_path, ledgers):
    """Also an empty one that whoever runs the machine has made, with its log beside it."""
    path = tmp_path / "ledger.db"
    path.touch()
    path.chmod(0o644)
    ledger = ledgers(f"sqlite:///{path}", mode="0660")
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.consent.record(barred())
        assert set(modes(tmp_path).values()) == {"0644"}


def test_the_hosts_own_file_keeps_its_mode_and_so_does_its_journal(tmp_path, ledgers):
    """A rollback journal appears with the file's mode."""
    path = tmp_path / "host.db"
    with closing(sqlite3.connect(path)) as host:
        host.execute("CREATE TABLE bookings (id INTEGER PRIMARY KEY)")
    path.chmod(0o640)
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.consent.record(barred())
        assert modes(tmp_path) == {"host.db": "0640", "host.db-journal": "0640"}
    assert modes(tmp_path) == {"host.db": "0640"}


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(tmp_path, ledgers):
    """The file is made where the link leads."""
    (tmp_path / "current.db").symlink_to(tmp_path / "real.db")
    ledgers(f"sqlite:///{tmp_path / 'current.db'}").upgrade()
    assert mode_of(tmp_path / "real.db") == "0600"


def test_copies_for_reading_and_files_that_are_written_are_private(umask, tmp_path):
    """A copy that is made to be read is nobody else's for its short life; an older file is only filled."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"x" * 200)
    path.with_name("ledger.db-wal").write_bytes(b"y")
    path.chmod(0o644)
    with sqlite_files.copied(path) as copy:
        assert copy.read_bytes() == path.read_bytes()
        assert modes(copy.parent) == {"ledger.db": "0600", "ledger.db-wal": "0600"}
    write_private(tmp_path / "report.html", b"1")
    write_private(path, b"2")
    assert (mode_of(tmp_path / "report.html"), mode_of(path), path.read_bytes()) == ("0600", "0644", b"2")


@pytest.mark.parametrize("mode", ["0644", "0666", "0700", "640 ", "rw-rw----", 0o660, None])
def test_another_mode_is_named_with_those_that_are_right(mode, tmp_path, ledgers):
    """A ledger is never everybody's, and a mode is text, as in a file."""
    with pytest.raises(ConfigurationError, match=r'"0600".*"0640".*"0660"') as error:
        ledgers(f"sqlite:///{tmp_path / 'ledger.db'}", mode=mode)
    assert repr(mode) in str(error.value)


@pytest.fixture
def public():
    """A folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="rk-modes-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def somebody_else():
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@as_root
@pytest.mark.parametrize("log", [False, True])
def test_who_may_not_open_it_is_told_whose_it_is_and_how_to_let_a_group_in(public, ledgers, log):
    """A refused open names this user, the owner, the modes and the option; with a log beside the file, too."""
    url = f"sqlite:///{public / 'ledger.db'}"
    made = ledgers(url)
    made.upgrade()
    if log:
        made.submit(lambda transaction: transaction.consent.record(barred())).result(20)
    else:
        made.close()
    other = ledgers(url)
    with somebody_else():
        for attempt in (other.prepare, lambda: other.read(lambda reader: reader.counts())):
            with pytest.raises(LedgerError) as error:
                attempt()
            said = str(error.value)
            assert "may not be opened by user nobody: the file is root's, mode 0600" in said
            assert '`[ledger] mode = "0660"`' in said
            assert "chmod 0660" in said


@as_root
def test_who_may_not_make_it_is_told_whose_the_folder_is(public, ledgers):
    """A folder that this user may not write, or enter, is named with its owner and mode."""
    with somebody_else(), pytest.raises(LedgerError, match="can't be created by user nobody: its folder is root's, mo"):
        ledgers(f"sqlite:///{public / 'ledger.db'}").prepare()
    public.chmod(0o700)
    with somebody_else(), pytest.raises(LedgerError, match="may not be opened by user nobody: its folder is root's, m"):
        ledgers(f"sqlite:///{public / 'ledger.db'}").prepare()


def test_what_is_written_into_a_file_that_was_replaced_is_not_lost_in_silence(tmp_path, ledgers):
    """Whoever still has the old file open is told so, and works with the new one from then on."""
    path = tmp_path / "ledger.db"
    ledger = ledgers(f"sqlite:///{path}")
    ledger.upgrade()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    (tmp_path / "copy.db").replace(path)
    with pytest.raises(LedgerError, match="was replaced by another file while it was open: nothing was written"):
        ledger.submit(lambda transaction: transaction.consent.record(barred())).result(20)
    ledger.submit(lambda transaction: transaction.consent.record(barred())).result(20)
    assert set(ledgers(f"sqlite:///{path}").read(lambda reader: reader.suppressions())) == {PHONE}
