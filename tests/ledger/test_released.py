"""Ledgers as released libraries left them, full of data: upgraded, nothing of it is lost, and work goes on.

The files are in `released/`, one for each version of the tables, written by the library that had it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter

import pytest
import sqlalchemy as sa

from reminder_kit.errors import SchemaError
from reminder_kit.ledger import versions
from reminder_kit.ledger.integrity import check
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.model.instants import from_iso
from reminder_kit.sandbox import Sandbox
from reminder_kit.sandbox.messages import Parked
from tests.ledger.released.write import FOLDER, kit_on

FILES = {path.stem: path for path in sorted(FOLDER.glob("*.json"))}


def test_each_version_that_was_superseded_left_a_file():
    """Every version of the tables but the latest has a file, and no file is of a version that never was."""
    assert set(versions.VERSIONS[:-1]) <= set(FILES) <= set(versions.VERSIONS)


def value_of(shown):
    return b64decode(shown["base64"]) if isinstance(shown, dict) and "base64" in shown else shown


def fill(connection, tables):
    """Insert rows as they were, into tables as they were."""
    found = sa.MetaData()
    found.reflect(connection)
    for name, rows in tables.items():
        if rows:
            values = [{key: value_of(item) for key, item in row.items()} for row in rows]
            connection.execute(found.tables[name].insert(), values)
        counted = [column.name for column in found.tables[name].primary_key if column.name in ("serial", "row_id")]
        if rows and counted and connection.dialect.name == "postgresql":
            last = max(row[counted[0]] for row in rows)
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', '{counted[0]}'), {last})")


@pytest.fixture(params=FILES)
def left(request, url, ledgers):
    """What a library of that version left behind: its ledger, and what it wrote down of it."""
    written = json.loads(FILES[request.param].read_text(encoding="utf-8"))
    ledger = ledgers(url)
    ledger._database.create()
    with ledger._database.writing() as connection:
        versions._migrate(connection, None, request.param)
        fill(connection, written["tables"])
    return ledger, written


@pytest.fixture
def sandbox(left):
    """The provider as it was then."""
    _, written = left
    found = Sandbox(clock=from_iso(written["now"]), strict=True)
    for item in written["provider"]:
        values = {key: from_iso(item[key]) if key.endswith("_at") and item[key] else item[key] for key in item}
        found.accept(Parked(**values))
    yield found
    found.close()


def test_an_upgrade_keeps_all_there_was(left):
    """Appointments, reminders, messages, suppressions and history: an upgrade keeps every row."""
    ledger, written = left
    ledger.upgrade()
    assert ledger.check_schema() == "current"
    tables = written["tables"]
    records = {record.row: record for record in ledger.read(lambda reader: list(reader.records()))}
    assert records.keys() == {row["row_id"] for row in tables["reminder_kit_appointments"]}
    for record in records.values():
        assert record.appointment.recipients or record.removed
        assert len(record.outcomes) == sum(row["row_id"] == record.row for row in tables["reminder_kit_reminders"])
    counts = ledger.read(lambda reader: reader.counts())
    assert counts["messages"] == Counter(row["state"] for row in tables["reminder_kit_messages"])
    assert counts["appointments"] == len(records)
    barred = ledger.read(lambda reader: reader.suppressions())
    assert {(number, why.by, why.reason, micros(why.at)) for number, why in barred.items()} == {
        (row["number"], row["said_by"], row["reason"], row["at"]) for row in tables["reminder_kit_suppressions"]
    }
    ids = {row["id"] for row in tables["reminder_kit_appointments"]}
    entries = ledger.read(lambda reader: sum(len(reader.history(id=item)) for item in ids))
    assert entries == len(tables["reminder_kit_history"])
    assert check(ledger) == []


def test_after_an_upgrade_work_goes_on_and_nothing_is_doubled(left, sandbox):
    """A resync after the upgrade settles what was begun, posts what was missing once, and then rests."""
    ledger, _ = left
    ledger.upgrade()
    before = {item.id for item in sandbox.parked()}
    with kit_on(ledger, sandbox) as kit:
        sandbox.clock.advance(minutes=6)
        report = kit.resync(force=True)
        assert not report.failed
        assert not [change for change in kit.resync(force=True).changes if change.is_work]
        states = kit.status()["messages"]
    assert {"creating", "cancelling"}.isdisjoint(states)
    made = [message for message in sandbox.messages() if message.id not in before and message.status == "scheduled"]
    assert sorted(item.to[-2:] for item in made) == ["10", "10", "11", "11"]
    gone = [message for message in sandbox.messages() if message.id in before and message.status == "cancelled"]
    assert sorted(item.to[-2:] for item in gone) == ["09", "09"]


def test_a_library_that_is_older_than_the_tables_says_so(left, monkeypatch, ledgers, url):
    """A library that does not know the version of the tables refuses to read and names the remedy."""
    ledger, _ = left
    ledger.upgrade()
    with monkeypatch.context() as older:
        older.setattr(versions, "VERSIONS", ("0000",))
        with pytest.raises(SchemaError, match="install the newer reminder-kit that made them"):
            ledgers(url).read(lambda reader: reader.counts())
    assert ledger.read(lambda reader: reader.counts())["messages"]
