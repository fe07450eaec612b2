"""Which connections of a host's are taken, which database each is to, and what is done on them and what never is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from reminder_kit.errors import InvalidInputError, LedgerError, SchemaError
from reminder_kit.ledger.databases.host_connection import borrowed, identity_of, prove_same, runner_on
from reminder_kit.ledger.databases.runner import ConnectionRunner, CursorRunner
from reminder_kit.ledger.sql.tables import VERSION_TABLE


def file_of(url):
    return url.removeprefix("sqlite:///")


def refusal(ledger, connection, kind=LedgerError):
    """Return what is said of a connection that is refused."""
    with pytest.raises(kind) as error, ledger.on(connection):
        pass
    return str(error.value)


@pytest.fixture
def engine(ledger, url):
    made = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    yield made
    made.dispose()


def test_a_database_is_told_by_what_it_is_and_its_version(ledger, engine, url):
    """A file by device and number; a server's by name, start and table, with its user in the name."""
    with engine.connect() as connection:
        found = identity_of(runner_on(connection), None)
        again = identity_of(runner_on(connection), None)
    assert found == again
    assert found.version == "0003"
    if found.kind == "sqlite":
        told = Path(file_of(url)).stat()
        assert found.identity == (told.st_dev, told.st_ino)
        assert found.name == url
        return
    assert found.kind == "postgresql"
    database, started, table = found.identity
    assert database == url.rpartition("/")[2]
    assert started
    assert table > 0
    assert found.name == f"postgresql://{sa.make_url(url).username}@…/{database}"


def test_a_database_without_tables_has_no_version_and_memory_no_file(sqlite_url):
    """Nor a name."""
    with closing(sqlite3.connect(":memory:")) as connection:
        assert identity_of(runner_on(connection), None) == ("sqlite", None, None, "sqlite:///")
    with closing(sqlite3.connect(file_of(sqlite_url))) as connection:
        connection.execute("CREATE TABLE bookings (id)")
        found = identity_of(runner_on(connection), None)
        assert (found.version, found.name) == (None, sqlite_url)
        connection.execute(f"CREATE TABLE {VERSION_TABLE} (version_num)")
        assert identity_of(runner_on(connection), None).version is None


def test_an_attached_database_is_its_own(sqlite_ledger, sqlite_url, tmp_path):
    """By the name of its schema."""
    with closing(sqlite3.connect(tmp_path / "host.db")) as connection:
        connection.execute("ATTACH ? AS kit", (file_of(sqlite_url),))
        runner = runner_on(connection)
        assert identity_of(runner, "kit").name == sqlite_url
        assert identity_of(runner, "kit").version == "0003"
        assert identity_of(runner, None).name == f"sqlite:///{tmp_path / 'host.db'}"
        assert identity_of(runner, None).version is None


def test_connections_and_sessions_are_taken_each_by_its_own_runner(ledger, engine):
    """Through SQLAlchemy where it is SQLAlchemy's, directly where it is the driver's."""
    with engine.connect() as connection, Session(engine) as session:
        for given in (connection, session):
            assert type(runner_on(given)) is ConnectionRunner
        driver = runner_on(connection.connection.dbapi_connection)
        assert type(driver) is CursorRunner
        assert driver.kind == engine.dialect.name
        assert [tuple(row) for row in driver.rows(sa.text("SELECT 1"))] == [(1,)]


class AsyncSide:
    sync_session = None


class AsyncConnection:
    sync_connection = None


@pytest.mark.parametrize("given", [AsyncSide(), AsyncConnection()], ids=["session", "connection"])
def test_the_async_side_is_refused_with_the_sync_one(given):
    """Whole."""
    with pytest.raises(InvalidInputError) as error:
        runner_on(given)
    assert str(error.value) == (
        "this is SQLAlchemy's async side: hand over the sync one, await session.run_sync(lambda sync: "
        "kit.record(appointment, connection=sync))"
    )


@pytest.mark.parametrize("given", [object(), "sqlite:///x.db", None, 5], ids=["object", "a url", "none", "a number"])
def test_what_is_no_connection_is_refused_by_its_kind(given):
    """With those that are."""
    with pytest.raises(InvalidInputError) as error:
        runner_on(given)
    assert str(error.value) == (
        f"a builtins.{type(given).__name__} is no connection the ledger can use: give an SQLAlchemy Connection or "
        "Session, Django's connection, or one of sqlite3 or psycopg"
    )


def test_another_database_is_refused_by_both_names(ledger, tmp_path):
    """Also where it is of another kind, or in memory."""
    with closing(sqlite3.connect(tmp_path / "host.db")) as connection:
        said = refusal(ledger, connection)
    assert said == (
        f"this connection is to sqlite:///{tmp_path / 'host.db'}, the ledger is in {ledger.url}: keep the ledger in "
        "the host's own database, or record without a connection"
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        assert refusal(ledger, connection).startswith("this connection is to sqlite:///, the ledger is in ")


def test_memory_is_known_by_its_engine(ledgers):
    """No other memory is the same."""
    pool = {"poolclass": sa.pool.StaticPool, "connect_args": {"check_same_thread": False}}
    mine, other = (sa.create_engine("sqlite://", **pool) for _ in range(2))
    ledger = ledgers(mine)
    ledger.upgrade()
    with mine.connect() as connection, ledger.on(connection) as tx:
        assert tx.reader.runs() == {}
    with other.connect() as connection:
        assert "the ledger is in sqlite:// (in memory)" in refusal(ledger, connection)
    mine.dispose()
    other.dispose()


@pytest.mark.parametrize("version", ["0001", "9999"])
def test_tables_of_another_version_are_refused(ledger, engine, version):
    """Before anything is written."""
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))
    with engine.connect() as connection:
        assert f"has tables of version {version}" in refusal(ledger, connection, SchemaError)


def test_a_server_is_asked_anew_where_it_seems_another(postgres_url, ledgers):
    """It may have been started again since: once from memory, then for sure."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    with closing(psycopg.connect(postgres_url)) as connection:
        theirs = identity_of(runner_on(connection), None)
    asked = []

    def ours(anew):
        asked.append(anew)
        return theirs if anew else theirs._replace(identity=("d", "before", 1))

    prove_same(theirs, ledger._database, ours, None)
    assert asked == [False, True]
    with pytest.raises(LedgerError, match="keep the ledger in the host's own database"):
        prove_same(theirs, ledger._database, lambda anew: theirs._replace(identity=None), None)


@pytest.mark.parametrize("fails", [False, True])
def test_on_a_server_what_fails_is_undone_and_the_hosts_transaction_goes_on(postgres_url, ledgers, fails):
    """A savepoint holds what is done here, and is gone afterwards."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE bookings (id TEXT)")
        try:
            with borrowed(connection) as runner:
                runner.statement("INSERT INTO bookings VALUES ('A-1')")
                if fails:
                    runner.statement("SELECT nothing")
        except psycopg.errors.UndefinedColumn:
            assert fails
        assert connection.execute("SELECT count(*) FROM bookings").fetchone() == (0 if fails else 1,)
        with pytest.raises(psycopg.errors.InvalidSavepointSpecification):
            connection.execute("ROLLBACK TO SAVEPOINT reminder_kit")


@pytest.mark.parametrize(
    ("isolation_level", "begun", "told"),
    [("DEFERRED", False, True), ("DEFERRED", True, False), (None, False, False), (None, True, False)],
    ids=["begins one", "is in one", "commits by itself", "commits by itself, in one"],
)
def test_who_has_a_transaction_begun_here_is_told_in_the_log(sqlite_url, caplog, isolation_level, begun, told):
    """Only where it was not open before, and is afterwards."""
    caplog.set_level("DEBUG", "reminder_kit")
    with closing(sqlite3.connect(file_of(sqlite_url), isolation_level=isolation_level)) as connection:
        connection.execute("CREATE TABLE bookings (id)")
        if begun:
            connection.execute("BEGIN")
        with borrowed(connection) as runner:
            runner.statement("INSERT INTO bookings VALUES (1)")
    said = [line.message for line in caplog.records if "began a transaction" in line.message]
    line = (
        "what was recorded began a transaction on the host's connection: it is lost unless the host commits that one; "
        "a hook that comes after the host's own commit records without a connection, or commits"
    )
    assert said == [line] * told
