"""In the host's own transaction: the wish is committed, or rolled back, with the booking."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import pytest
import sqlalchemy as sa

from reminder_kit.errors import InvalidInputError, LedgerError, SchemaError
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
