"""In the host's own transaction: the wish is committed, or rolled back, with the booking."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from reminder_kit.errors import ConfigurationError, InvalidInputError, LedgerError, SchemaError
from reminder_kit.ledger.databases.patience import patience
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.records import RecordResult
from reminder_kit.testing.ledger_stage import NOW, PHONE, barred, incoming


def path_of(url):
    return url.removeprefix("sqlite:///")


def driver_url(url):
    return url.replace("postgresql://", "postgresql+psycopg://")


def connected(url):
    if url.startswith("sqlite"):
        return sqlite3.connect(path_of(url))
    import psycopg

    return psycopg.connect(url)


@pytest.fixture
def engine(url):
    made = sa.create_engine(driver_url(url))
    yield made
    made.dispose()


@pytest.fixture
def bare(ledger, url):
    """A connection of the bare driver."""
    connection = connected(url)
    yield connection
    connection.close()


def ids(ledger):
    return [record.identity.id for record in ledger.read(lambda reader: list(reader.records()))]


def book(connection):
    """What a host does in the same transaction."""
    connection.execute(sa.text("CREATE TABLE IF NOT EXISTS bookings (id TEXT)"))
    connection.execute(sa.text("INSERT INTO bookings VALUES ('A-1')"))


def test_on_a_connection_the_wish_commits_with_the_booking(ledger, engine):
    """What is recorded on a SQLAlchemy connection is there for others only once the host commits."""
    with engine.connect() as host:
        book(host)
        with ledger.on(host) as transaction:
            assert transaction.record([incoming()], NOW) == [RecordResult.NEW]
        assert ids(ledger) == []
        host.commit()
    assert ids(ledger) == ["A-1"]


def test_on_a_connection_a_rollback_drops_the_wish(ledger, engine):
    """When the host rolls back, the record, the suppression and the mark go with its booking."""
    with engine.connect() as host:
        book(host)
        with ledger.on(host) as transaction:
            transaction.record([incoming()], NOW)
            transaction.consent.record(barred())
            transaction.mark_dirty(number=PHONE)
        host.rollback()
    assert (ids(ledger), ledger.read(lambda reader: reader.suppressions())) == ([], {})


def test_a_rolled_back_savepoint_drops_only_what_was_in_it(ledger, engine):
    """Rolling back a savepoint drops what was recorded since, and keeps what came before it."""
    with engine.begin() as host:
        host.execute(sa.text("CREATE TABLE bookings (id TEXT)"))
        with ledger.on(host) as transaction:
            transaction.record([incoming()], NOW)
        inner = host.begin_nested()
        with ledger.on(host) as transaction:
            transaction.record([incoming("A-2")], NOW)
        inner.rollback()
    assert ids(ledger) == ["A-1"]


def test_on_a_session_it_follows_the_session(ledger, engine):
    """On an ORM session a record is dropped or kept with the session, within which it can be read."""
    from sqlalchemy.orm import Session

    with Session(engine) as session:
        with ledger.on(session) as transaction:
            transaction.record([incoming()], NOW)
        session.rollback()
        assert ids(ledger) == []
        with ledger.on(session) as transaction:
            transaction.record([incoming("A-2")], NOW)
            assert transaction.reader.identities("A-2") == [incoming("A-2").identity]
        session.commit()
    assert ids(ledger) == ["A-2"]


def test_several_saves_in_one_transaction_leave_the_last(ledger, engine):
    """Of an appointment recorded three times in one transaction the last state is what is kept."""
    with engine.begin() as host:
        for title in ("one", "two", "three"):
            with ledger.on(host) as transaction:
                transaction.record([incoming(title=title)], NOW)
    (record,) = ledger.read(lambda reader: list(reader.records()))
    assert record.appointment.title == "three"


def test_on_a_bare_connection_the_wish_commits_with_the_booking(ledger, bare):
    """On a bare sqlite3 or psycopg connection records, removals and suppressions wait for the commit."""
    bare.execute("CREATE TABLE bookings (id INTEGER)")
    bare.execute("INSERT INTO bookings VALUES (1)")
    with ledger.on(bare) as transaction:
        assert transaction.record([incoming(), incoming("A-2")], NOW) == [RecordResult.NEW, RecordResult.NEW]
        transaction.consent.record(barred())
        transaction.mark_dirty(number=PHONE)
        assert transaction.remove([incoming("A-2").identity], NOW) == [incoming("A-2").identity]
        assert transaction.reader.identities("A-1") == [incoming().identity]
    assert ids(ledger) == []
    bare.commit()
    assert ids(ledger) == ["A-1", "A-2"]


def test_on_a_bare_connection_a_rollback_drops_the_wish(ledger, bare):
    """A rollback of a bare sqlite3 or psycopg connection drops what was recorded on it."""
    with ledger.on(bare) as transaction:
        transaction.record([incoming()], NOW)
    bare.rollback()
    assert ids(ledger) == []


def test_whatever_rows_the_host_likes_are_the_hosts_affair(ledger, bare, url):
    """Row factories of the connection are not used, and stay."""
    if url.startswith("sqlite"):
        bare.row_factory = lambda cursor, row: {"x": row}
    else:
        from psycopg.rows import dict_row

        bare.row_factory = dict_row
    with ledger.on(bare) as transaction:
        assert transaction.record([incoming()], NOW) == [RecordResult.NEW]
        assert transaction.record([incoming()], NOW + timedelta(1)) == [RecordResult.UNCHANGED]
    assert isinstance(bare.execute("SELECT 1 AS one").fetchone(), dict)
    bare.commit()


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, lambda text: text.decode().upper()], ids=["bytes", "bytearray", "own"]
)
def test_whatever_texts_the_host_likes_are_the_hosts_affair(sqlite_ledger, sqlite_url, kind):
    """The text factory of a connection of sqlite3 is not used, and stays."""
    with closing(sqlite3.connect(path_of(sqlite_url))) as connection:
        connection.text_factory = kind
        with sqlite_ledger.on(connection) as transaction:
            assert transaction.record([incoming()], NOW) == [RecordResult.NEW]
            assert transaction.reader.identities("A-1") == [incoming().identity]
        connection.commit()
        assert connection.execute("SELECT 'one'").fetchone() == (kind(b"one"),)
    assert ids(sqlite_ledger) == ["A-1"]


@pytest.mark.parametrize("kind", ["Cursor", "ClientCursor", "RawCursor"])
def test_whatever_cursors_the_host_likes_are_the_hosts_affair(postgres_ledger_url, ledgers, kind):
    """Also those of psycopg that take values by number only."""
    import psycopg

    ledger = ledgers(postgres_ledger_url)
    with psycopg.connect(postgres_ledger_url, cursor_factory=getattr(psycopg, kind)) as connection:
        with ledger.on(connection) as transaction:
            assert transaction.record([incoming(), incoming("A-2")], NOW) == [RecordResult.NEW, RecordResult.NEW]
            assert transaction.remove([incoming("A-2").identity], NOW) == [incoming("A-2").identity]
        assert type(connection.cursor()) is getattr(psycopg, kind)
    assert ids(ledger) == ["A-1", "A-2"]


def test_on_sqlite_in_autocommit_each_statement_stands_by_itself(sqlite_ledger, sqlite_url):
    """Where the host opened no transaction, sqlite3 in autocommit keeps a record at once."""
    connection = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    with sqlite_ledger.on(connection) as transaction:
        transaction.record([incoming()], NOW)
    connection.close()
    assert ids(sqlite_ledger) == ["A-1"]


def test_on_sqlite_only_statements_are_run(sqlite_ledger, sqlite_url):
    """No commit, no pragma, no second writer: all is done within the caller's open transaction."""
    connection = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    seen = []
    connection.set_trace_callback(seen.append)
    connection.execute("BEGIN IMMEDIATE")
    with sqlite_ledger.on(connection) as transaction:
        transaction.record([incoming()], NOW)
        transaction.remove([incoming().identity], NOW)
        transaction.consent.record(barred())
    assert connection.in_transaction
    connection.execute("COMMIT")
    words = {item.split()[0].upper() for item in seen if not item.startswith("--")}
    assert words == {"BEGIN", "SELECT", "INSERT", "UPDATE", "DELETE", "COMMIT"}
    assert not [item for item in seen if "lease" in item.lower() and "SELECT" not in item]
    connection.close()


@pytest.mark.parametrize("finish", ["commit", "rollback"])
def test_on_an_async_session_through_run_sync(ledger, url, finish):
    """An async session is refused with a word of `run_sync`; through that the record follows its transaction."""
    pytest.importorskip("greenlet")
    if url.startswith("sqlite"):
        pytest.importorskip("aiosqlite")
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    address = url.replace("sqlite://", "sqlite+aiosqlite://") if url.startswith("sqlite") else driver_url(url)

    def wish(session):
        with ledger.on(session) as transaction:
            return transaction.record([incoming()], NOW)

    async def booked():
        engine = create_async_engine(address)
        async with AsyncSession(engine) as session:
            with pytest.raises(InvalidInputError, match="run_sync"), ledger.on(session):
                pass
            assert await session.run_sync(wish) == [RecordResult.NEW]
            await getattr(session, finish)()
        await engine.dispose()

    asyncio.run(booked())
    assert ids(ledger) == (["A-1"] if finish == "commit" else [])


def test_another_database_is_refused_by_both_names(url, ledger, tmp_path, postgres_server, ledgers):
    """Neither the password nor the wish gets anywhere."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    ledgers(other).upgrade()
    hosts = [sqlite3.connect(path_of(other)), connected(postgres_server)]
    for host in hosts:
        with pytest.raises(LedgerError) as caught, ledger.on(host):
            pass
        words = str(caught.value)
        assert "open-sesame" not in words
        assert ledger.url in words
        assert "other.db" in words or "postgresql://" in words
        host.close()


def test_a_database_of_the_same_name_and_tables_is_still_another(postgres_url, postgres_server, ledgers):
    """Another database of the same server is refused, although its tables have the same names."""
    import psycopg

    ledger = ledgers(postgres_url)
    ledger.upgrade()
    ledgers(postgres_server, schema="public").upgrade()
    with psycopg.connect(postgres_server) as host:
        with pytest.raises(LedgerError, match="own database"), ledger.on(host):
            pass
        host.rollback()
        for table in (
            "alembic_version",
            "appointments",
            "reminders",
            "messages",
            "history",
            "consents",
            "events",
            "runs",
        ):
            host.execute(f"DROP TABLE reminder_kit_{table}")


def test_a_host_without_the_tables_is_told_how_to_make_them(sqlite_url, ledgers):
    """In a host's transaction no tables are made: the error names the command that makes them."""
    host = sqlite3.connect(path_of(sqlite_url))
    host.execute("CREATE TABLE bookings (id INTEGER)")
    with pytest.raises(SchemaError, match="reminder-kit ledger upgrade"), ledgers(sqlite_url).on(host):
        pass
    host.close()


@pytest.mark.parametrize("thing", [object(), "sqlite:///x.db", None], ids=["object", "url", "none"])
def test_what_is_no_connection_is_refused(sqlite_ledger, thing):
    """What is neither connection nor session is refused with the kinds that are taken."""
    with pytest.raises(InvalidInputError, match="sqlite3 or psycopg"), sqlite_ledger.on(thing):
        pass


def test_an_error_of_the_host_stays_the_hosts(ledger, bare):
    """What the host's own code raises inside the block comes out of it as it was."""

    def booking_fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.on(bare):
        booking_fails()
    bare.rollback()


def test_an_error_of_the_database_is_ours(sqlite_ledger, sqlite_url):
    """What the database refuses on a host's connection is a `LedgerError`, as it is on our own."""
    host = sqlite3.connect(f"file:{path_of(sqlite_url)}?mode=ro", uri=True)
    with pytest.raises(LedgerError, match="is read-only"), sqlite_ledger.on(host) as transaction:
        transaction.record([incoming()], NOW)
    host.close()


# What a host naturally hands over


@pytest.fixture(params=["cursor", "RealDictCursor"])
def psycopg2_host(request, postgres_url):
    """A connection of psycopg2 to an empty database, whose cursors give tuples, or dicts."""
    psycopg2, extras = pytest.importorskip("psycopg2"), pytest.importorskip("psycopg2.extras")
    kinds = vars(extras) | {"cursor": None}
    connection = psycopg2.connect(postgres_url, cursor_factory=kinds[request.param])
    yield connection
    connection.close()


def test_on_psycopg2_the_wish_commits_with_the_booking(psycopg2_host, postgres_url, ledgers):
    """psycopg2's connection is taken as psycopg's is: records of every kind wait for the host's commit."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    with ledger.on(psycopg2_host) as transaction:
        assert transaction.record([incoming(), incoming("A-2")], NOW) == [RecordResult.NEW, RecordResult.NEW]
        transaction.consent.record(barred())
        transaction.mark_dirty(number=PHONE)
        assert transaction.remove([incoming("A-2").identity], NOW) == [incoming("A-2").identity]
    assert ids(ledger) == []
    psycopg2_host.commit()
    assert ids(ledger) == ["A-1", "A-2"]
    with ledger.on(psycopg2_host) as transaction:
        assert transaction.record([incoming()], NOW + timedelta(1)) == [RecordResult.UNCHANGED]
        transaction.record([incoming("A-3")], NOW)
    psycopg2_host.rollback()
    assert ids(ledger) == ["A-1", "A-2"]


class Wrapped:
    """A connection as Django wraps one: opened when first needed, and the driver's own inside."""

    vendor = "sqlite"

    def __init__(self, opened):
        self.connection = None
        self._opened = opened

    def ensure_connection(self):
        self.connection = self.connection or self._opened()


def test_on_djangos_wrapper_it_is_the_drivers_connection(ledger, url):
    """Django's `connection` is taken as it is, opened or not."""
    host = Wrapped(lambda: connected(url))
    with ledger.on(host) as transaction:
        transaction.record([incoming()], NOW)
    host.connection.commit()
    assert ids(ledger) == ["A-1"]
    host.connection.close()


@pytest.mark.parametrize("name", ["vendor", "ensure_connection", "get_bind", "connection", "cursor"])
def test_what_only_looks_like_a_connection_is_refused_by_name(ledger, name):
    """One thing that a connection of some library has makes no connection."""
    host = type("Odd", (), {name: lambda self: None})()
    with pytest.raises(InvalidInputError, match="Odd is no connection the ledger can use"), ledger.on(host):
        pass


# What fails leaves the host's transaction usable


def failing(ledger, connection):
    """Record, and meet an error of the database afterwards."""

    def record_and_fail():
        with ledger.on(connection) as transaction:
            transaction.record([incoming()], NOW)
            transaction._runner.run(sa.text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(LedgerError):
        record_and_fail()


def test_a_failing_record_leaves_the_hosts_transaction_usable(ledger, engine):
    """A host that catches the error goes on, on PostgreSQL too; its booking commits, and nothing of the record."""
    with engine.begin() as host:
        book(host)
        failing(ledger, host)
        host.execute(sa.text("INSERT INTO bookings VALUES ('A-2')"))
        if engine.dialect.name == "sqlite":
            host.rollback()  # SQLite has no savepoint of ours: what was recorded before is the host's to roll back
            return
    with engine.connect() as host:
        assert host.execute(sa.text("SELECT count(*) FROM bookings")).scalar() == 2
    assert ids(ledger) == []


@pytest.mark.parametrize("autocommit", [False, True], ids=["in a transaction", "in autocommit"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_savepoint_only_where_a_transaction_is(postgres_url, ledgers, driver, autocommit):
    """On either driver a transaction survives what fails in it, begun or not yet; in autocommit there is nothing to."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    host = pytest.importorskip(driver).connect(postgres_url)
    host.autocommit = autocommit
    failing(ledger, host)
    cursor = host.cursor()
    cursor.execute("CREATE TABLE bookings (id TEXT)")
    if not autocommit:
        failing(ledger, host)
        cursor.execute("INSERT INTO bookings VALUES ('A-1')")
        host.commit()
    with ledger.on(host) as transaction:
        transaction.record([incoming("A-9")], NOW)
    if not autocommit:
        host.commit()
    assert "A-9" in ids(ledger)
    host.close()


def test_a_transaction_opened_by_hand_in_autocommit_is_protected_too(postgres_url, ledgers):
    """What counts is what the server says, not the driver's setting: BEGIN by hand opens a transaction."""
    psycopg = pytest.importorskip("psycopg")
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    with psycopg.connect(postgres_url, autocommit=True) as host:
        host.execute("BEGIN")
        failing(ledger, host)
        assert host.execute("SELECT 1").fetchone() == (1,)
        host.execute("ROLLBACK")


def test_on_sqlite_no_savepoint_is_set(sqlite_ledger, sqlite_url):
    """A savepoint outside a transaction would be committed by its release: there is none, in or out of one."""
    for begin in (None, "BEGIN"):
        host = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
        seen = []
        host.set_trace_callback(seen.append)
        if begin:
            host.execute(begin)
        with sqlite_ledger.on(host) as transaction:
            transaction.record([incoming()], NOW)
        assert not [statement for statement in seen if "SAVEPOINT" in statement]
        host.close()


def test_what_begins_the_hosts_transaction_is_told_in_the_log(sqlite_ledger, sqlite_url, caplog):
    """A record after the host's own commit is lost unless somebody commits once more: a line at DEBUG says so."""
    caplog.set_level("DEBUG", "reminder_kit")
    host = sqlite3.connect(path_of(sqlite_url))
    host.execute("CREATE TABLE bookings (id TEXT)")
    host.execute("INSERT INTO bookings VALUES ('A-1')")
    with sqlite_ledger.on(host) as transaction:
        transaction.record([incoming()], NOW)
    host.commit()
    assert caplog.messages == []
    with sqlite_ledger.on(host) as transaction:
        transaction.record([incoming("A-2")], NOW)
    (line,) = caplog.messages
    assert "lost unless the host commits" in line
    host.close()
    assert ids(sqlite_ledger) == ["A-1"]


def test_closing_the_ledger_leaves_the_hosts_engine_alone(engine, ledgers):
    """Its connections stay open, and the ledger works on by it when it is used again."""
    ledger = ledgers(engine)
    ledger.upgrade()
    engine.connect().close()
    resting = engine.pool.checkedin()
    assert resting
    ledger.close()
    assert engine.pool.checkedin() == resting
    assert ids(ledger) == []


# Waiting for locks


@pytest.mark.parametrize(("given", "said"), [(0.05, "seconds"), ("0 seconds", "words"), (timedelta(0), "timedelta")])
def test_a_busy_file_is_waited_for_as_long_as_is_said(sqlite_url, ledgers, given, said):
    """Who syncs inside the host's own write transaction is told so, and after `busy_timeout`, not after 30 seconds."""
    ledger = ledgers(sqlite_url, busy_timeout=given)
    ledger.upgrade()
    host = sqlite3.connect(path_of(sqlite_url))
    host.execute("CREATE TABLE bookings (id TEXT)")
    host.execute("INSERT INTO bookings VALUES ('A-1')")
    with pytest.raises(LedgerError, match=r"this very thread has open.*connection="), ledger.writing():
        pass
    host.close()


@pytest.mark.parametrize(
    ("given", "seconds"), [(0, 0.0), (3600, 3600.0), ("1 hour", 3600.0), (0.05, 0.05), (timedelta(minutes=1), 60.0)]
)
def test_what_is_waited_for_is_an_hour_at_the_most(given, seconds):
    """In seconds, words or as a length of time."""
    assert patience(given, "busy_timeout") == seconds


@pytest.mark.parametrize("given", [3601, 3600.1, "61 minutes", -0.1, timedelta(seconds=-1), float("nan"), True])
def test_what_is_no_wait_is_refused_by_name(given):
    """More than an hour, less than nothing, and what is no number."""
    with pytest.raises(ConfigurationError, match="busy_timeout"):
        patience(given, "busy_timeout")


def test_a_locked_row_of_postgresql_is_waited_for_as_long_as_is_said(postgres_url, ledgers):
    """`busy_timeout` is PostgreSQL's lock_timeout on connections of our own."""
    ledger = ledgers(postgres_url, busy_timeout="2 minutes")
    with ledger._database.writing() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2min"


@pytest.mark.parametrize("wrong", [-1, "soon", "2 hours", True, None])
def test_a_busy_timeout_that_can_t_be_is_refused(sqlite_url, wrong):
    """What is no length of time, or too long a one, is refused by name."""
    with pytest.raises(ConfigurationError, match="busy_timeout"):
        Ledger(sqlite_url, busy_timeout=wrong)


def test_an_async_host_may_await_the_upgrade(sqlite_url, ledgers):
    """`await kit.ledger.upgrade()` does what it does without the word."""

    async def start():
        await ledgers(sqlite_url).upgrade()

    asyncio.run(start())
    assert ledgers(sqlite_url).check_schema() == "current"
