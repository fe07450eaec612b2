"""Versions of the tables: created and upgraded in one transaction, safe to race and to kill, never downgraded."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from reminder_kit.errors import InvalidInputError, SchemaError
from reminder_kit.ledger import versions
from reminder_kit.ledger.integrity import check
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.ledger.sql.tables import VERSION_TABLE, tables_of
from reminder_kit.testing.ledger_contract import NOW, incoming
from tests.ledger.older_tables import filled, made_as_of

ROOT = Path(__file__).parents[2]


def sql(ledger, statement):
    with ledger._database.writing() as connection:
        connection.exec_driver_sql(statement)


def in_child(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_absent_ledger_is_empty_and_stays_absent(url, ledgers):
    """Every read of an absent ledger has its empty answer, and makes neither file nor tables."""
    ledger = ledgers(url)
    assert ledger.check_schema() == "absent"
    assert (
        ledger.read(lambda reader: list(reader.records())),
        ledger.read(lambda reader: reader.history(id="A-1")),
        ledger.read(lambda reader: reader.identities("A-1")),
    ) == ([], [], [])
    assert (
        ledger.read(lambda reader: reader.suppressions()),
        ledger.read(lambda reader: reader.parked()),
        ledger.read(lambda reader: reader.sent_before_many([("a", "b")])),
    ) == ({}, 0, {})
    assert (
        ledger.read(lambda reader: reader.find_message(provider="telnyx", token="x")),
        ledger.read(lambda reader: reader.last_run("resync")),
    ) == (None, None)
    assert ledger.read(lambda reader: reader.counts())["appointments"] == 0
    assert ledger.check_schema() == "absent"
    if url.startswith("sqlite"):
        assert not Path(url.removeprefix("sqlite:///")).exists()


def test_migrations_make_exactly_the_tables_that_are_used(ledger):
    """Alembic finds no difference between the tables that the migrations made and those of the code."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def difference(connection):
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, tables_of(None).metadata)

    assert ledger.ask(difference, None) == []


def test_every_migration_is_known_and_in_line():
    """The scripts of the migrations are the versions that the library lists, in the same order."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(versions.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    found = [revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == versions.VERSIONS


def test_upgrading_again_changes_nothing(ledger):
    """On current tables `upgrade` and `prepare` leave every record as it was."""
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
    before = ledger.read(lambda reader: list(reader.records()))
    ledger.upgrade()
    ledger.prepare()
    assert ledger.read(lambda reader: list(reader.records())) == before


def test_sqlite_is_prepared_on_first_write(sqlite_url, ledgers):
    """On SQLite `prepare` makes the tables, so that the first write needs no command before it."""
    ledger = ledgers(sqlite_url)
    ledger.prepare()
    assert ledger.check_schema() == "current"


def test_postgresql_is_prepared_by_command_only(postgres_url, ledgers):
    """On PostgreSQL `prepare` makes no tables but names the command, for a server is not ours to change."""
    ledger = ledgers(postgres_url)
    with pytest.raises(SchemaError, match="reminder-kit ledger upgrade"):
        ledger.prepare()
    assert ledger.check_schema() == "absent"
    ledger.upgrade()
    ledger.prepare()


def test_a_newer_schema_is_refused_by_all(url, ledgers):
    """Tables of a newer version are neither read nor written: the remedy is the newer library."""
    newer = ledgers(url)
    newer.upgrade()
    sql(newer, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    ledger = ledgers(url)
    for attempt in (
        ledger.upgrade,
        ledger.prepare,
        ledger.check_schema,
        lambda: ledger.read(lambda reader: reader.counts()),
        lambda: ledger.read(lambda reader: list(reader.records())),
    ):
        with pytest.raises(SchemaError, match=r"9999.*install the newer reminder-kit"):
            attempt()


LATER = """
import sys
from pathlib import Path
from reminder_kit.errors import SchemaError
from reminder_kit.ledger import versions
from reminder_kit.ledger.ledger import Ledger

versions.VERSIONS = (*versions.VERSIONS, "9000")
versions._MIGRATIONS = Path(sys.argv[2])
ledger = Ledger(sys.argv[1])
counts = lambda: ledger.read(lambda reader: reader.counts())
for refused in (counts, *([ledger.prepare] if "postgres" in sys.argv[1] else [])):
    try:
        refused()
    except SchemaError as error:
        assert "9000 is needed: run `reminder-kit ledger upgrade`" in str(error), error
    else:
        raise AssertionError(refused)
(ledger.upgrade if "postgres" in sys.argv[1] else ledger.prepare)()
assert ledger.check_schema() == "current"
(record,) = ledger.read(lambda reader: list(reader.records()))
assert record.appointment.title == "Check-up"
assert ledger.ask(lambda found: found.exec_driver_sql("SELECT host FROM reminder_kit_runs").fetchall(), None) == []
ledger.close()
"""


def test_an_older_schema_is_upgraded_with_its_data(url, ledgers, tmp_path):
    """A child process plays a later library, which has one version more; then this one is the older library."""
    ledger = ledgers(url)
    ledger.upgrade()
    with ledger.writing() as transaction:
        transaction.record([incoming()], NOW)
    ledger.close()
    later = shutil.copytree(versions._MIGRATIONS, tmp_path / "later migrations, 100%")
    (later / "versions" / "v9000_later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '9000', '{versions.VERSIONS[-1]}'\n"
        "branch_labels = depends_on = None\n\n\ndef upgrade():\n"
        "    op.add_column('reminder_kit_runs', sa.Column('host', sa.Text))\n"
    )
    child = in_child(LATER, url, str(later))
    _, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    with pytest.raises(SchemaError, match="9000"):
        ledgers(url).read(lambda reader: reader.counts())


@pytest.mark.parametrize("version", versions.VERSIONS[:-1])
def test_every_published_version_is_brought_to_the_latest(url, ledgers, version):
    """Tables of every published version are brought to the latest with what they hold."""
    ledger = ledgers(url)
    made_as_of(ledger, version)
    filled(ledger, 3)
    ledger.close()
    with pytest.raises(SchemaError, match=f"version {version}.*ledger upgrade"):
        ledgers(url).read(lambda reader: reader.counts())
    ledger = ledgers(url)
    ledger.upgrade()
    records = ledger.read(lambda reader: list(reader.records()))
    assert [record.identity.id for record in records] == ["A-1", "A-2", "A-3"]
    assert [record.messages[0].id for record in records] == ["M-1", "M-2", "M-3"]
    assert [record.messages[0].includes for record in records] == [(), (), ()]
    appointment = records[0].appointment
    number, start_at = appointment.recipients[0].phone, appointment.start_at
    if version == "0001":  # which had no table of numbers: the upgrade fills it
        assert ledger.read(lambda reader: reader.phones([1])) == {1: [(number, start_at)]}
        sharing = ledger.read(lambda reader: reader.sharing_number([(number, start_at, start_at)]))
        assert [one.row for one in sharing] == [1, 2, 3]
    assert check(ledger) == []


def test_an_upgrade_fills_in_more_than_one_batch(ledgers, tmp_path):
    """An upgrade that fills in phone numbers does so for every row, although a batch holds a thousand."""
    ledger = ledgers(f"sqlite:///{tmp_path / 'many.db'}")
    made_as_of(ledger, "0001")
    filled(ledger, 1001)
    ledger.upgrade()
    assert sorted(ledger.read(lambda reader: reader.phones(range(1, 1002)))) == [*range(1, 1002)]


def test_a_schema_of_ones_own(postgres_url, ledgers):
    """A ledger with a schema makes all its tables there, and none in `public`."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA clinic")
    ledger = ledgers(postgres_url, schema="clinic")
    ledger.upgrade()
    assert ledger.check_schema() == "current"
    assert ledgers(postgres_url).check_schema() == "absent"
    inspector = sa.inspect(ledger._database.engine)
    assert {name for name in inspector.get_table_names("public") if name.startswith("reminder_kit")} == set()
    assert len(inspector.get_table_names("clinic")) == len(tables_of("clinic").metadata.tables) + 1


@pytest.mark.parametrize("name", ["a.b", "x%y", 'we"ird', "it's", "a:b", "a\\b", "a\nb", "a\x00b", 7])
def test_a_schema_that_statements_would_read_otherwise_is_refused(name):
    """At once, rather than by whichever statement comes first, and in words that name it."""
    with pytest.raises(InvalidInputError, match="a ledger's schema is the name of one without any of"):
        Ledger("postgresql:///clinic", schema=name)


@pytest.mark.parametrize("name", ["Clinic", "north-side", "praxis süd", "a$1", "select"])
def test_a_schema_may_be_called_otherwise_than_a_word(postgres_url, ledgers, name):
    """Its name is quoted wherever it stands, also by a process that did not make the tables."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    ledgers(postgres_url, schema=name).upgrade()
    ledger = ledgers(postgres_url, schema=name)
    assert ledger.check_schema() == "current"
    ledger.submit(lambda tx: tx.record([incoming()], NOW)).result()
    assert check(ledger) == []
    with psycopg.connect(postgres_url) as connection, ledger.on(connection) as transaction:
        assert len(transaction.reader.identities("A-1")) == 1


def test_a_file_of_our_own_has_a_write_ahead_log(sqlite_ledger):
    """A file that we made has a write-ahead log and full synchronisation: commits survive a power cut."""
    with sqlite_ledger._database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


@pytest.mark.parametrize("mode", ["delete", "truncate", "wal"])
def test_a_hosts_file_keeps_its_journal_mode(tmp_path, ledgers, mode):
    """A file that was there before keeps its journal mode: that is the host's choice."""
    import sqlite3

    path = tmp_path / "host.db"
    with sqlite3.connect(path) as host:
        host.execute(f"PRAGMA journal_mode = {mode}")
        host.execute("CREATE TABLE bookings (id INTEGER PRIMARY KEY)")
    host.close()
    before = path.read_bytes()[18:20]
    ledger = ledgers(f"sqlite:///{path}")
    ledger.prepare()
    ledger.close()
    assert path.read_bytes()[18:20] == before
    assert ledger.check_schema() == "current"


def test_many_may_create_it_at_once(url, tmp_path):
    """Four threads that upgrade one absent ledger at once all succeed."""
    made = [Ledger(url) for _ in range(4)]
    barrier, errors = threading.Barrier(4), []

    def create(ledger):
        barrier.wait()
        try:
            ledger.upgrade()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=create, args=(ledger,)) for ledger in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    for ledger in made:
        assert ledger.check_schema() == "current"
        ledger.close()


CREATE = """
import sys
from datetime import UTC, datetime
from reminder_kit.ledger.ledger import Ledger
ledger = Ledger(sys.argv[1])
ledger.upgrade()
with ledger.writing() as transaction:
    transaction.mark_run(sys.argv[2], datetime(2026, 1, 1, tzinfo=UTC), {})
ledger.close()
"""


@pytest.mark.slow
def test_many_processes_may_create_it_at_once(url, ledgers):
    """Three processes that create one ledger at once all succeed, and what each writes is there."""
    children = [in_child(CREATE, url, f"run-{number}") for number in range(3)]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    assert set(ledgers(url).read(lambda reader: reader.counts())["runs"]) == {"run-0", "run-1", "run-2"}


KILLED = """
import os, signal, sys
import sqlalchemy as sa
from reminder_kit.ledger.ledger import Ledger
left = int(sys.argv[2])

@sa.event.listens_for(sa.engine.Engine, "before_cursor_execute")
def count(connection, cursor, statement, *_rest):
    global left
    if statement.lstrip().startswith(("CREATE", "INSERT")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

Ledger(sys.argv[1]).upgrade()
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", [1, 9, 21])
def test_a_process_killed_while_creating_the_tables_leaves_none(url, ledgers, point):
    """Tables and version row appear together, or not at all."""
    child = in_child(KILLED, url, str(point))
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    ledger = ledgers(url)
    assert ledger.check_schema() == "absent"
    ledger.upgrade()
    assert ledger.check_schema() == "current"


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        pytest.param({"ids"}, "ix_reminder_kit_appointments_id (namespace=? AND id=?)", id="ids"),
        pytest.param({"rows"}, "(namespace=? AND row_id=?", id="rows"),
        pytest.param(
            {"dirty"}, "ix_reminder_kit_appointments_dirty (namespace=? AND dirty=? AND row_id>?)", id="dirty"
        ),
        pytest.param(
            {"source", "ended_after"}, "ix_reminder_kit_appointments_row (namespace=? AND row_id>?)", id="pass"
        ),
        pytest.param(set(), "ix_reminder_kit_appointments_row (namespace=? AND row_id>?)", id="all"),
    ],
)
def test_sqlite_finds_a_page_by_index_without_a_full_scan(sqlite_ledger, filters, index):
    """By index, whoever reads many pages goes through the table once, not once for each page."""
    from reminder_kit.ledger.databases.runner import prepared
    from reminder_kit.ledger.sql.statements import statements_for

    def plan(connection):
        ready = prepared(statements_for(None, "sqlite").queries.page(frozenset(filters)), connection.dialect)
        values = tuple("[]" if name in ("ids", "rows") else 1 for name in ready.order)
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {ready.sql}", values)]

    found = sqlite_ledger.ask(plan, [])
    assert index in found[0]
    assert filters == {"ids"} or not [line for line in found if "TEMP B-TREE" in line]
