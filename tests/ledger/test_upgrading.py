"""Which versions of tables are taken, which are brought to the latest, and what is said of all others."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

import pytest

from reminder_kit.errors import SchemaError
from reminder_kit.ledger import versions
from reminder_kit.ledger.sql.tables import VERSION_TABLE
from tests.ledger.older_tables import made_as_of

REMEDY = "run `reminder-kit ledger upgrade` (kit.ledger.upgrade())"


@pytest.mark.parametrize(
    ("version", "is_current", "said"),
    [
        (None, False, f"ledger l has no tables yet: {REMEDY}"),
        ("0001", False, f"ledger l has tables of version 0001, 0003 is needed: {REMEDY}"),
        ("0002", False, f"ledger l has tables of version 0002, 0003 is needed: {REMEDY}"),
        ("0003", True, f"ledger l has tables of version 0003, 0003 is needed: {REMEDY}"),
        (
            "9999",
            False,
            (
                "ledger l has tables of version 9999, which this library does not know (it knows 0003): install the "
                "newer reminder-kit that made them"
            ),
        ),
    ],
)
def test_what_can_t_be_used_is_told_with_what_helps(version, is_current, said):
    """The version that is there, and the one that is needed."""
    assert versions.is_current(version) is is_current
    assert str(versions.refuse(version, "l")) == said


def version(ledger):
    return ledger._database.ask(lambda connection: versions.version_of(connection, None))


@pytest.mark.parametrize(
    ("there", "to", "done", "then"),
    [
        (None, "0001", True, "0001"),
        (None, None, True, "0003"),
        ("0001", "0002", True, "0002"),
        ("0001", None, True, "0003"),
        ("0002", "0001", False, "0002"),
        ("0002", "0002", False, "0002"),
        ("0003", None, False, "0003"),
    ],
)
def test_tables_are_brought_to_a_version_and_never_back(url, ledgers, there, to, done, then):
    """It says whether there was anything to do."""
    ledger = ledgers(url)
    if there is None:
        ledger._database.create()
    else:
        made_as_of(ledger, there)
    with ledger._database.writing() as connection:
        assert versions.upgrade(connection, None, "l", to) is done
    assert version(ledger) == then


def test_newer_tables_are_left_as_they_are(ledger):
    """They are refused before anything is done; a table of versions without a row is of no version."""
    with ledger._database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with (
        pytest.raises(SchemaError, match="ledger l has tables of version 9999"),
        ledger._database.writing() as connection,
    ):
        versions.upgrade(connection, None, "l")
    assert version(ledger) == "9999"
    with ledger._database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM {VERSION_TABLE}")
    assert version(ledger) is None


@pytest.mark.parametrize("there", ["0001", "0002"])
def test_an_older_ledger_is_told_of_upgraded_or_refused(url, ledgers, there):
    """On SQLite it is upgraded before it is written, or read in order to be; a server's is the command's to upgrade."""
    ledger = ledgers(url)
    made_as_of(ledger, there)
    name = ledger._database.name
    assert ledger.check_schema(older=True) == "older"
    said = f"ledger {name} has tables of version {there}, 0003 is needed: {REMEDY}"
    for attempt in (ledger.check_schema, lambda: ledger.read(lambda reader: reader.runs())):
        with pytest.raises(SchemaError) as error:
            attempt()
        assert str(error.value) == said
    if url.startswith("sqlite"):
        ledger.upgrade_if_older()
        assert ledger.check_schema() == "current"
        return
    for attempt in (ledger.upgrade_if_older, ledger.prepare):
        with pytest.raises(SchemaError) as error:
            attempt()
        assert str(error.value) == said
    ledger.upgrade()
    assert ledger.check_schema() == ledger.check_schema(older=True) == "current"


def test_an_absent_ledger_stays_absent_until_it_is_prepared(sqlite_url, ledgers):
    """To upgrade what is older makes nothing."""
    ledger = ledgers(sqlite_url)
    ledger.upgrade_if_older()
    assert (ledger.check_schema(), ledger.check_schema(older=True)) == ("absent", "absent")
    assert ledger.ask(lambda connection: 1, "nothing") == "nothing"
    assert repr(ledger.upgrade()) == "done"
    assert ledger.ask(lambda connection: connection.exec_driver_sql("SELECT 1").scalar(), "nothing") == 1


def test_two_who_upgrade_a_server_wait_for_each_other(postgres_url, ledgers):
    """The second finds nothing to do."""
    first, second = ledgers(postgres_url), ledgers(postgres_url)
    done = []
    with first._database.writing() as connection:
        assert versions.upgrade(connection, None, "l")

        def upgrade():
            with second._database.writing() as other:
                done.append(versions.upgrade(other, None, "l"))

        thread = threading.Thread(target=upgrade)
        thread.start()
        thread.join(0.2)
        assert done == []
    thread.join(20)
    assert done == [False]


def test_what_a_migration_tells_below_a_warning_is_not_the_hosts(sqlite_url, ledgers, caplog):
    """Of this thread, and only while it goes on; what another thread tells is the host's."""
    caplog.set_level(logging.DEBUG)
    names = ("alembic.runtime.migration", "alembic.runtime.plugins")
    before = [list(logging.getLogger(name).filters) for name in names]
    ledgers(sqlite_url).upgrade()
    assert [line for line in caplog.records if line.name.startswith("alembic.runtime")] == []
    assert [logging.getLogger(name).filters for name in names] == before
    log = logging.getLogger("alembic.runtime.migration")
    with suppress(ZeroDivisionError), versions._silent("alembic.runtime.migration"):
        for say in (log.info, log.warning, log.error):
            say("of this thread")
        thread = threading.Thread(target=log.info, args=("of another",))
        thread.start()
        thread.join()
        raise ZeroDivisionError
    log.info("afterwards")
    said = [(line.levelname, line.message) for line in caplog.records if line.name == log.name]
    assert said == [
        ("WARNING", "of this thread"),
        ("ERROR", "of this thread"),
        ("INFO", "of another"),
        ("INFO", "afterwards"),
    ]
