"""Which database an address or an engine names, with which mode and patience, and what is told of it."""

from __future__ import annotations

import os
import pwd
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from reminder_kit.errors import ConfigurationError
from reminder_kit.ledger.databases.access import refused
from reminder_kit.ledger.databases.connections import PostgreSQL, database_for
from reminder_kit.ledger.databases.patience import PATIENCE, patience
from reminder_kit.ledger.databases.private_files import file_mode
from reminder_kit.ledger.databases.sqlite import SQLiteFile, SQLiteMemory

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("sqlite://", SQLiteMemory, "sqlite:// (in memory)"),
        ("sqlite:///:memory:", SQLiteMemory, "sqlite:// (in memory)"),
        ("sqlite:///", SQLiteMemory, "sqlite:// (in memory)"),
        ("sqlite:///a/b.db", SQLiteFile, "sqlite:///a/b.db"),
        ("sqlite+aiosqlite:////a/b.db", SQLiteFile, "sqlite:////a/b.db"),
        ("postgres://kit:pw@h:5433/d", PostgreSQL, "postgresql://kit:***@h:5433/d"),
        ("postgresql+psycopg2://kit:pw@h/d", PostgreSQL, "postgresql+psycopg2://kit:***@h/d"),
    ],
)
def test_an_address_names_its_database(url, kind, name):
    """Nothing is opened, and a password is never told."""
    found = database_for(url)
    assert (type(found), found.name, found.is_open) == (kind, name, False)
    assert found.kind == ("postgresql" if kind is PostgreSQL else "sqlite")
    found.close()


def test_a_file_is_found_by_its_whole_path_whatever_the_folder_is_then(tmp_path, monkeypatch):
    """Where it was named, not where the process is later."""
    monkeypatch.chdir(tmp_path)
    found = database_for("sqlite:///ledger.db")
    monkeypatch.chdir("/")
    assert found.path == tmp_path / "ledger.db"
    assert not found.exists()
    found.create()
    assert found.exists()
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_mode_and_patience_reach_the_file(tmp_path):
    """Those that are said, else the owner alone and half a minute."""
    path = tmp_path / "ledger.db"
    database_for(f"sqlite:///{path}", 0o660, 2.5).create()
    assert path.stat().st_mode & 0o777 == 0o660
    for given, waits in (((), 30_000), ((0o600, 2.5), 2500)):
        made = database_for(f"sqlite:///{path}", *given)
        with made.writing() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == waits
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA trusted_schema").scalar() == 0
        assert made.ask(lambda connection: connection.exec_driver_sql("PRAGMA query_only").scalar()) == 0
        made.close()


OPTIONS = (
    "the ledger's url has options that SQLite's can't have: write sqlite:///path/to/file.db, a path without a question "
    "mark"
)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://h/d", "no ledger is kept in mysql: use sqlite:///… or postgresql://…"),
        (
            "reminders.db",
            "the ledger's url can't be read: write sqlite:///reminders.db or postgresql://user@host/database",
        ),
        (
            "postgresql://u:p@host:port/d",
            "the ledger's url can't be read: write sqlite:///reminders.db or postgresql://user@host/database",
        ),
        (
            "sqlite:///file:x.db",
            OPTIONS,
        ),
        (
            "sqlite:///a b?c#d.db",
            OPTIONS,
        ),
        (
            "sqlite:///x.db?timeout=5",
            OPTIONS,
        ),
    ],
)
def test_an_address_of_no_ledger_is_refused_with_what_to_write(url, said):
    """Whole."""
    with pytest.raises(ConfigurationError) as error:
        database_for(url)
    assert str(error.value) == said


def test_an_engine_of_the_hosts_is_used_as_it_is_and_never_closed(tmp_path):
    """For memory and a server; of a file the path alone is taken, whatever options its engine has."""
    memory = sa.create_engine("sqlite://")
    found = database_for(memory)
    assert (found.engine, found.is_open) == (memory, False)
    file = database_for(sa.create_engine(f"sqlite:///{tmp_path / 'ledger.db'}?timeout=5"))
    assert (type(file), file.path) == (SQLiteFile, tmp_path / "ledger.db")
    server = sa.create_engine("postgresql+psycopg://kit@h/d")
    found = database_for(server)
    assert (found.engine, found.is_open) == (server, False)
    found.close()
    assert found.engine is server
    own = database_for("postgresql://kit@h/d")
    made = own.engine
    assert (own.is_open, own.engine is made) == (True, True)
    own.close()
    assert own.is_open is False


def test_memory_is_forgotten_when_it_is_closed():
    """And told apart by its stamp; it is always there, and nowhere."""
    found = database_for("sqlite://")
    assert (found.exists(), found.place(), found.scrub(), found.is_open) == (True, None, True, False)
    with found.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    before = found.stamp()
    assert found.is_open
    assert found.ask(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM t").scalar()) == 0
    found.close()
    assert not found.is_open
    with found.writing() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    assert found.stamp() != before or before is None
    found.close()


# Waiting


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(0, 0.0), (0.5, 0.5), (1, 1.0), (3600, 3600.0), ("30 minutes", 1800.0), (timedelta(seconds=7), 7.0)],
)
def test_a_wait_is_a_number_of_seconds_or_words(given, seconds):
    """From none to an hour, each included."""
    assert patience(given, "busy_timeout") == seconds
    assert PATIENCE == 30.0


@pytest.mark.parametrize("given", [-0.001, 3600.001, timedelta(hours=2)])
def test_a_wait_of_less_than_nothing_or_more_than_an_hour_is_refused(given):
    """With its name, its value and what to write."""
    with pytest.raises(ConfigurationError) as error:
        patience(given, "busy_timeout")
    assert str(error.value) == (f'busy_timeout must be 0 (no waiting) to an hour, not {given!r}: write "5 seconds"')


# Modes


@pytest.mark.parametrize(
    ("text", "mode"),
    [("0600", 0o600), ("600", 0o600), ("0640", 0o640), ("640", 0o640), ("0660", 0o660), ("660", 0o660)],
)
def test_a_mode_lets_a_group_in_as_it_says(text, mode):
    """Read, or read and write."""
    assert file_mode(text, "mode") == mode


@pytest.mark.parametrize("wrong", ["0620", "0644", "0700", "0666", "00600", "0600 ", "", 0o600, None])
def test_any_other_mode_is_refused_by_name(wrong):
    """With all that there are."""
    with pytest.raises(ConfigurationError) as error:
        file_mode(wrong, "ledger.mode")
    assert str(error.value) == (
        f'ledger.mode cannot be {wrong!r}: write "0600" (the owner alone, as usual), "0640" (the group may read) or '
        '"0660" (the group may write, too), in quotes'
    )


# Who may do what


def mode(path):
    return f"{path.stat().st_mode & 0o7777:04o}"


HELP = (
    "for this user, or run as the file's owner; for a group, `chgrp` and `chmod 0660` it, and set `[ledger] mode = "
    '"0660"` for files that are made anew'
)


@pytest.mark.parametrize(
    ("denied", "to_write", "said"),
    [
        (
            (),
            False,
            "can't be opened by user {me}, although it may be ({facts}): too many files may be open (`ulimit -n`)",
        ),
        ((), True, "is read-only for user {me}: {facts}: make the file and its folder writable {help}"),
        (("file w",), False, "is read-only for user {me}: {facts}: make the file and its folder writable {help}"),
        (("folder w",), False, "is read-only for user {me}: {facts}: make the file and its folder writable {help}"),
        (("file r",), False, "may not be opened by user {me}: {facts}: make the file and its folder accessible {help}"),
        (("file r",), True, "may not be opened by user {me}: {facts}: make the file and its folder accessible {help}"),
    ],
    ids=["it may be", "to write", "no writing", "no writing beside it", "no reading", "no reading, to write"],
)
def test_who_may_not_open_a_file_is_told_why(tmp_path, monkeypatch, denied, to_write, said):
    """Whose the file and its folder are, their modes, and what helps."""
    path = tmp_path / "ledger.db"
    path.touch(0o640)
    names = {(path, os.R_OK): "file r", (path, os.W_OK): "file w", (tmp_path, os.W_OK): "folder w"}
    monkeypatch.setattr(os, "access", lambda which, how, **_: names[which, how] not in denied)
    facts = f"the file is {ME}'s, mode {mode(path)}, its folder is {ME}'s, mode {mode(tmp_path)}"
    assert refused(path, to_write=to_write) == said.format(me=ME, facts=facts, help=HELP)


def test_who_can_t_make_a_file_is_told_why(tmp_path):
    """Its folder is missing, no folder, not writable, or the path can't be looked at."""
    folder = tmp_path / "none"
    missing = f"can't be opened: there is no folder {folder}: create its folder, or name another file"
    assert refused(folder / "ledger.db", to_write=True) == missing
    file = tmp_path / "file"
    file.touch()
    assert refused(file / "ledger.db", to_write=False) == missing.replace(str(folder), str(file))
    whose = f"its folder is {ME}'s, mode {mode(tmp_path)}"
    assert refused(tmp_path / "ledger.db", to_write=False) == (
        f"can't be created by user {ME}: {whose}: make the folder writable for this user"
    )
    assert refused(tmp_path / ("x" * 999), to_write=False) == (
        f"may not be opened by user {ME}: {whose}: make the folder accessible to it"
    )
    assert refused(Path("x" * 999) / "ledger.db", to_write=False) == (
        f"may not be opened by user {ME}: its folder can't be looked at: make the folder accessible to it"
    )
