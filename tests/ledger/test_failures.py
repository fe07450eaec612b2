"""Whatever a database refuses is one line that names the ledger and the remedy, and never the password."""

from __future__ import annotations

import errno
import resource
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa

from reminder_kit.errors import ConfigurationError, InvalidInputError, LedgerError
from reminder_kit.ledger.databases.failures import explained, is_outdated_file
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.testing.ledger_stage import PHONE, barred
from tests.ledger.older_tables import filled, made_as_of

ROOT = Path(__file__).parents[2]


def written(ledger):
    ledger.prepare()
    with ledger.writing() as transaction:
        transaction.consent.record(barred())


def failure_of(attempt, *arguments):
    with pytest.raises(LedgerError) as error:
        attempt(*arguments)
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is not None
    return str(error.value)


def test_what_a_statement_was_given_is_in_no_traceback(ledger):
    """What the driver says of it is told without values, on every database: one may be somebody's number."""
    statement = sa.text("SELECT 1 FROM nowhere WHERE number = :number")
    with pytest.raises(LedgerError) as error, ledger._database.writing() as connection:
        connection.execute(statement, {"number": PHONE})
    told = "".join(traceback.format_exception(error.value))
    assert "nowhere" in told
    assert PHONE not in told


@pytest.mark.parametrize(
    ("code", "outdated"),
    [(sqlite3.SQLITE_CANTOPEN, True), (sqlite3.SQLITE_READONLY, True), (sqlite3.SQLITE_BUSY, False), (None, False)],
)
def test_a_file_that_may_only_be_read_is_told_from_one_that_is_in_use(code, outdated):
    """Where SQLite can't write beside a file, a copy of it is asked; extended codes say the same."""
    error = sqlite3.OperationalError("unable to open database file")
    if code is not None:
        error.sqlite_errorcode = code | 1 << 8
    assert is_outdated_file(error) is outdated


def test_making_a_ledger_loads_nothing_heavy():
    """Making a ledger imports no SQLAlchemy, no Alembic and no driver: only using it does."""
    code = (
        "import sys; from reminder_kit.ledger.ledger import Ledger; Ledger('sqlite:///x.db'); Ledger('postgresql://h/d')\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_using_a_current_ledger_does_not_load_alembic(sqlite_ledger, sqlite_url):
    """Tables of the current version need no migration, and so no import of Alembic."""
    code = (
        f"import sys; from reminder_kit.ledger.ledger import Ledger; ledger = Ledger({sqlite_url!r})\n"
        "ledger.prepare(); ledger.upgrade(); ledger.read(lambda reader: reader.counts())\n"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        pytest.param("reminders.db", "write sqlite:///reminders.db", id="a path"),
        pytest.param("", "write sqlite:///reminders.db", id="nothing"),
        pytest.param("mysql://h/d", "no ledger is kept in mysql", id="another database"),
        pytest.param("sqlite:///file:x.db?uri=true", "sqlite:///path", id="an SQLite URI"),
        pytest.param("sqlite:///x.db?mode=ro", "sqlite:///path", id="options"),
    ],
)
def test_a_url_that_names_no_ledger_is_refused(url, remedy):
    """A URL of nothing that we keep a ledger in is refused with the form to write instead."""
    with pytest.raises(ConfigurationError, match=remedy):
        Ledger(url).read(lambda reader: reader.counts())


@pytest.mark.parametrize(
    "url", ["postgres://kit:pw@h/d", "postgresql+asyncpg://kit:pw@h/d", "postgresql+psycopg2://kit:pw@h/d"]
)
def test_postgresql_uses_psycopg_and_hides_its_password(url, ledgers):
    """Any PostgreSQL URL is spoken to through psycopg, and URL and repr of the ledger hide its password."""
    ledger = ledgers(url)
    assert str(ledger._database.engine.url.drivername) == "postgresql+psycopg"
    assert "pw" not in ledger.url
    assert "pw" not in repr(ledger)


def test_a_folder_that_is_missing(tmp_path, ledgers):
    """A file in a missing folder is named, and the remedy is to create the folder."""
    line = failure_of(written, ledgers(f"sqlite:///{tmp_path / 'no' / 'ledger.db'}"))
    assert "no/ledger.db" in line
    assert "create its folder" in line


def test_a_folder_in_place_of_a_file(tmp_path, ledgers):
    """A URL that names a folder is told as such, and the remedy is to name a file in it."""
    with pytest.raises(LedgerError, match="it is a folder, name a file in it"):
        written(ledgers(f"sqlite:///{tmp_path}"))


def test_a_damaged_file(sqlite_ledger, sqlite_url):
    """A damaged file is told as such, and the remedy is to restore it from a backup."""
    written(sqlite_ledger)
    sqlite_ledger.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x55" * (len(whole) - 4096))
    assert "is damaged: restore it from a backup" in failure_of(
        lambda: sqlite_ledger.read(lambda reader: reader.counts())
    )


def test_a_full_disk(sqlite_ledger):
    """A limit on the size of files plays the full disk; nothing is half written, and it goes on afterwards."""
    written(sqlite_ledger)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    many = [barred(f"+1202555{index:05}", words="x" * 500) for index in range(3000)]

    def fill(transaction):
        for event in many:
            transaction.consent.record(event)

    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    try:
        line = failure_of(sqlite_ledger.submit(fill).result, 60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "disk" in line
    assert set(sqlite_ledger.read(lambda reader: reader.suppressions())) == {PHONE}
    sqlite_ledger.submit(fill).result(60)
    assert len(sqlite_ledger.read(lambda reader: reader.suppressions())) == 3001


@pytest.mark.parametrize("older", [False, True])
def test_a_full_disk_while_tables_are_made(tmp_path, ledgers, older):
    """Tables are made, or brought to this version, whole or not at all; it goes on once there is room."""
    ledger = ledgers(f"sqlite:///{tmp_path / 'ledger.db'}")
    if older:
        made_as_of(ledger, "0001")
        filled(ledger, 2)
        ledger.close()
    before = ledger._version()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        line = failure_of(ledger.prepare)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "limit on the size of files" in line
    assert ledger._version() == before
    ledger.prepare()
    assert ledger.check_schema() == "current"


def test_a_lock_that_does_not_end():
    """SQLite is asked to wait 30 seconds; then this is what is said."""
    path = "file:locked?mode=memory&cache=shared"
    first, second = (sqlite3.connect(path, uri=True, timeout=0, isolation_level=None) for _ in range(2))
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as error:
        second.execute("BEGIN IMMEDIATE")
    said = str(explained(error.value, "sqlite:///x.db"))
    assert "by another process or by a transaction that this very thread has open" in said
    assert "connection=" in said
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        pytest.param(("kit:", "nobody:"), "check user and password", id="another user"),
        pytest.param(("open-sesame", "wrong-word"), "check user and password", id="a wrong password"),
        pytest.param(("/postgres", "/nowhere"), "create the database", id="no such database"),
        pytest.param(("@127.0.0.1:", "@127.0.0.1:1"), "can't be reached: start the server", id="no server"),
    ],
)
def test_a_server_that_refuses(postgres_server, ledgers, change, remedy):
    """A server that can't be reached or lets nobody in is told with its remedy, without any password."""
    if "open-sesame" not in postgres_server:
        pytest.skip("the server named by REMINDER_KIT_TEST_POSTGRES may let anybody in")
    url = postgres_server.replace(*change)
    if change[0].startswith("@"):
        url = f"{postgres_server.rpartition('@')[0]}@127.0.0.1:1/postgres"
    line = failure_of(lambda: ledgers(url).read(lambda reader: reader.counts()))
    assert remedy in line
    assert "wrong-word" not in line
    assert "open-sesame" not in line


def test_errors_do_not_show_what_was_to_be_written(sqlite_ledger):
    """Neither an error nor its cause shows the values of the statement: they may be phone numbers."""
    with sqlite_ledger._database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE reminder_kit_consents")
    with pytest.raises(LedgerError) as error:
        written(sqlite_ledger)
    assert PHONE not in str(error.value)
    assert PHONE not in str(error.value.__cause__)


@pytest.mark.parametrize(
    "namespace", ["a\0b", "\ud800", "n" * 201, 5, None], ids=["nul", "half", "long", "number", "none"]
)
def test_a_namespace_that_no_database_takes_is_refused(namespace):
    """What is part of every question must be text that both databases keep."""
    with pytest.raises(InvalidInputError, match="a ledger's namespace is a text"):
        Ledger("sqlite://", namespace=namespace)


def sqlite_errors():
    """Yield an error for each of SQLite's result codes, the extended ones too."""
    codes = {getattr(sqlite3, name) for name in dir(sqlite3) if name.startswith("SQLITE_")}
    for code in sorted(code for code in codes if isinstance(code, int) and 0 < code & 0xFF < 28):
        error = sqlite3.OperationalError("row +12025550123")
        error.sqlite_errorcode = code
        yield error


def postgresql_errors():
    """Yield an error for each of PostgreSQL's states."""
    from psycopg.errors import _sqlcodes

    yield from (kind("row +12025550123") for kind in _sqlcodes.values())


def errors_without_code():
    """Yield errors of drivers and of SQLAlchemy that carry none."""
    import psycopg
    from sqlalchemy import exc

    for kind in (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError, sqlite3.NotSupportedError):
        yield kind("row +12025550123")
    for kind in (psycopg.OperationalError, psycopg.DataError, psycopg.InterfaceError, psycopg.ProgrammingError):
        yield exc.DBAPIError.instance("INSERT", (), kind("row +12025550123"), psycopg.Error)
    yield exc.TimeoutError("row +12025550123")
    yield exc.ResourceClosedError("row +12025550123")
    yield exc.StatementError("row +12025550123", "INSERT", (), ValueError("row"))
    yield exc.ArgumentError("row +12025550123")


@pytest.mark.parametrize("errors", [sqlite_errors, postgresql_errors, errors_without_code])
def test_every_error_says_what_is_wrong_and_what_helps(errors, tmp_path):
    """Whatever a database or a driver reports is told in words, with something to do, and nothing of a row."""
    said = [str(explained(error, "sqlite:///x.db")) for error in errors()]
    assert len(said) > 10
    for line in said:
        what, separator, remedy = line.replace("sqlite:///", "").partition(":" if ":" in line[20:] else ";")
        assert separator, line
        assert len(what.split()) > 3, line
        assert len(remedy.split()) > 1, line
        assert "cause" not in line
        assert PHONE not in line


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        *[(number, "make room") for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)],
        (errno.EMFILE, "ulimit -n"),
        (errno.ENFILE, "close some"),
        (errno.EIO, "failing"),
        (errno.ENAMETOOLONG, "a shorter one"),
        (errno.EACCES, "make the folder writable"),
    ],
)
def test_an_error_of_the_system_is_told_likewise(number, remedy, tmp_path):
    """What the system refuses as a file is made is no other kind of error."""
    line = str(explained(OSError(number, "said so"), "sqlite:///x.db", tmp_path / "x.db"))
    assert line.startswith("ledger sqlite:///x.db ")
    assert remedy in line


STATES = {
    "28P01": "refuses the password",
    "28000": "check user and password",
    "28999": "check user and password",
    "3D000": "create the database",
    "3F000": "check `schema`",
    "42501": "grant the user the right",
    "42P01": "has lost its tables",
    "42703": "has lost columns",
    "42601": "has other tables than this version expects",
    "25006": "use the primary server",
    "25P02": "roll it back",
    "25001": "end the transaction",
    "53100": "make room",
    "53200": "no memory left",
    "53300": "raise max_connections",
    "53400": "see the server's log, and give it more",
    "40P01": "was locked by another worker",
    "40001": "at the same time: try again",
    "40002": "at the same time: try again",
    "55P03": "record(…, connection=…)",
    "55000": "wait, and run again",
    "57014": "raise the server's statement_timeout",
    "57P03": "is starting, or stopping",
    "57P01": "until it is there again",
    "22P05": "ENCODING 'UTF8'",
    "22021": "a zero byte",
    "22003": "takes no such value",
    "54000": "hand in shorter ids",
    "54001": "hand in less",
    "08006": "check the network between",
    "0A000": "use PostgreSQL 12 or newer",
    "23505": "`reminder-kit ledger check`",
    "58030": "the server's system reports an error",
    "XX001": "restore a backup",
    "99999": "the error 99999",
}
"""What helps, by PostgreSQL's states (its manual, Appendix A)."""


@pytest.mark.parametrize("name", ["sqlstate", "pgcode"])
@pytest.mark.parametrize(("state", "remedy"), STATES.items(), ids=STATES)
def test_each_state_of_postgresql_has_its_remedy(state, remedy, name):
    """Also one that is known by its class alone, and whichever driver tells it."""
    error = type("DriverError", (Exception,), {name: state})("said so")
    assert remedy in str(explained(error, "postgresql://h/d"))


CODES = {
    1: "run `reminder-kit ledger upgrade`",
    2: "a fault of its own",
    3: "make the file and its folder",
    4: "broke off: run again",
    5: "another process",
    6: "another process",
    7: "give the process more",
    8: "is read-only",
    9: "was interrupted",
    10: "the disk reports an error",
    11: "is damaged",
    12: "misses a part of itself",
    13: "make room",
    14: "create its folder",
    15: "on a disk of this machine",
    17: "run again",
    18: "a thousand million bytes",
    19: "contradict what was to be written",
    20: "rows of another kind",
    21: "was closed while it was used",
    22: "takes no larger files",
    23: "make the file and its folder",
    25: "asked what it doesn't know",
    26: "is no SQLite database",
    99: "SQLite's error 99",
}
"""What helps, by SQLite's primary result codes ("Result and Error Codes")."""


@pytest.mark.parametrize("extended", [0, 1 << 8])
@pytest.mark.parametrize(("code", "remedy"), CODES.items(), ids=CODES)
def test_each_code_of_sqlite_has_its_remedy(code, remedy, extended):
    """Also where SQLite says more than the primary code."""
    error = sqlite3.OperationalError("said so")
    error.sqlite_errorcode = code | extended
    assert remedy in str(explained(error, "sqlite:///x.db"))
