"""A file as a ledger's database: where it is, whether it is there, who may write, and what ends a transaction."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.failures import CommitError, explained
from reminder_kit.ledger.databases.private_files import copy_private, create_private, write_private
from reminder_kit.ledger.databases.sqlite import SQLiteFile
from reminder_kit.ledger.databases.transactions import beginning_with, transaction
from reminder_kit.model.places import Place


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def file(path):
    made = SQLiteFile(path)
    yield made
    made.close()


def test_a_file_has_a_place_and_a_stamp_once_it_is_there(file, path, tmp_path):
    """By its number, links resolved; the device only in the stamp."""
    assert (file.exists(), file.stamp(), file.place()) == (False, None, None)
    assert SQLiteFile(path / "below.db").exists() is False
    file.create()
    found = path.stat()
    assert (file.exists(), file.stamp()) == (True, (found.st_dev, found.st_ino))
    assert file.place() == Place(str(found.st_ino), str(path), f"sqlite:///{path}")
    link = tmp_path / "link.db"
    link.symlink_to(path)
    linked = SQLiteFile(link)
    assert (linked.place(), linked.stamp(), linked.name) == (file.place(), file.stamp(), f"sqlite:///{link}")
    path.write_bytes(path.read_bytes())
    file.create()
    assert file.stamp() == (found.st_dev, found.st_ino)


def test_a_folder_or_a_path_that_is_too_long_is_no_file(tmp_path):
    """Whole."""
    with pytest.raises(LedgerError) as error:
        SQLiteFile(tmp_path).exists()
    said = f"ledger sqlite:///{tmp_path} can't be opened: it is a folder, name a file in it"
    assert str(error.value) == said
    long = SQLiteFile(tmp_path / ("x" * 999))
    assert (long.stamp(), long.place()) == (None, None)
    with pytest.raises(LedgerError, match="its path is too long; name a shorter one"):
        long.exists()


def test_a_file_is_open_while_connections_are_kept(file):
    """Of a writer, or of who reads a file in use; to read one at rest keeps none."""
    file.create()
    assert not file.is_open
    assert file.ask(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1
    assert not file.is_open
    with file.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE bookings (id)")
        assert file.is_open
    file.close()
    assert not file.is_open
    with closing(sqlite3.connect(file.path)) as other:
        other.execute("INSERT INTO bookings VALUES (1)")
        other.commit()
        assert file.ask(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM bookings").scalar()) == 1
        assert file.is_open
    file.close()
    assert not file.is_open


def test_a_file_put_in_the_place_of_another_is_noticed_before_it_is_written(file, path, tmp_path):
    """Nothing is written then."""
    file.create()
    with file.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE bookings (id)")
    other = SQLiteFile(tmp_path / "other.db")
    other.create()
    os.replace(other.path, path)  # noqa: PTH105 - what a person does
    with pytest.raises(LedgerError) as error, file.writing() as connection:
        connection.exec_driver_sql("INSERT INTO bookings VALUES (1)")
    assert str(error.value) == (
        f"ledger sqlite:///{path} was replaced by another file while it was open: nothing was written; run again"
    )


@pytest.mark.parametrize("own", [True, False], ids=["our own", "a host's"])
def test_what_was_deleted_is_gone_from_a_file_of_our_own(file, path, own):
    """Written anew, its log cut to nothing; while somebody reads the log that is said."""
    name = "reminder_kit_words" if own else "words"
    file.create()
    with file.writing() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} (word)")
        connection.exec_driver_sql(f"INSERT INTO {name} VALUES ('sesame')")
        connection.exec_driver_sql(
            f"INSERT INTO {name} SELECT hex(randomblob(3000)) FROM pragma_function_list LIMIT 40"
        )
    with file.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM {name}")
    size = path.stat().st_size
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute(f"SELECT count(*) FROM {name}").fetchone()
        quick = SQLiteFile(path, patience=0.05)
        assert quick.scrub() is False
        quick.close()
    assert file.scrub() is True
    assert path.with_name("ledger.db-wal").stat().st_size == 0
    assert b"sesame" not in path.read_bytes()
    assert (path.stat().st_size < size) is (own and size > 9000)


# Transactions


@pytest.fixture
def engine(path):
    made = sa.create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
    sa.event.listen(made, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON").close())
    beginning_with(made, "BEGIN IMMEDIATE")
    with made.connect() as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE visits (id REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED)")
    yield made
    made.dispose()


def run(engine, statement, raised=None):
    with transaction(engine, lambda error: explained(error, "l")) as connection:
        connection.exec_driver_sql(statement)
        if raised is not None:
            raise raised


def count(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM visits").scalar()


VISIT = "INSERT INTO visits VALUES (NULL)"


def test_a_transaction_commits_in_the_end_and_nothing_of_one_that_raises_is_left(engine):
    """An error that is nobody's stays as it is; one of the database is told with the ledger's name."""
    run(engine, VISIT)
    assert count(engine) == 1
    for raised, kind in ((ZeroDivisionError(), ZeroDivisionError), (sqlite3.IntegrityError("odd"), LedgerError)):
        with pytest.raises(kind):
            run(engine, VISIT, raised)
    assert count(engine) == 1
    with pytest.raises(LedgerError, match="ledger l has other tables than it should") as error:
        run(engine, "SELECT * FROM nothing")
    assert isinstance(error.value.__cause__, sa.exc.OperationalError)
    assert type(error.value) is LedgerError


def test_a_transaction_begins_with_the_statement_that_is_said(engine):
    """Here with one that keeps other writers out at once."""
    with transaction(engine, lambda error: explained(error, "l")):
        other = sqlite3.connect(engine.url.database, timeout=0, isolation_level=None)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_a_commit_that_fails_is_told_apart(engine):
    """It may have been carried out, for all that is known; here it was not."""
    with pytest.raises(CommitError, match="ledger l holds rows that contradict") as error:
        run(engine, "INSERT INTO visits VALUES (7)")
    assert isinstance(error.value.__cause__, sa.exc.IntegrityError)
    with closing(sqlite3.connect(engine.url.database)) as other:
        assert other.execute("SELECT count(*) FROM visits").fetchone() == (0,)


# Private files


def test_a_private_file_is_made_once_and_keeps_its_mode(tmp_path):
    """Whether it was made is told; what is written into one that is there does not change who may read it."""
    path = tmp_path / "one"
    assert create_private(path) is True
    assert create_private(path, 0o660) is False
    assert path.stat().st_mode & 0o777 == 0o600
    assert create_private(tmp_path / "group", 0o660) is True
    assert (tmp_path / "group").stat().st_mode & 0o777 == 0o660
    write_private(path, b"words")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"words", 0o600)
    path.chmod(0o640)
    write_private(path, b"more")
    copy_private(path, tmp_path / "copy")
    copy_private(tmp_path / "group", path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"", 0o640)
    assert ((tmp_path / "copy").read_bytes(), (tmp_path / "copy").stat().st_mode & 0o777) == (b"more", 0o600)
