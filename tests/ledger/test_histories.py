"""Random histories of recording and removing end as a dictionary would."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.records import Identity, RecordResult
from reminder_kit.testing.ledger_contract import NOW, incoming

NAMES = st.sampled_from(["A-1", "A-2", "Ä'3"])
SAVES = st.tuples(NAMES, st.sampled_from(["one", "two", "three"]), st.none() | st.integers(1, 4))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(SAVES, min_size=1, max_size=4)),
        st.tuples(st.just("bulk"), st.lists(SAVES, min_size=1, max_size=4)),
        st.tuples(st.just("remove"), st.lists(NAMES, min_size=1, max_size=2)),
    ),
    max_size=8,
)


class Model:
    """What the ledger ought to hold: name → title, revision, recorded at, removed, generation."""

    def __init__(self):
        self.rows = {}

    def record(self, name, title, revision, now, as_of):
        if name not in self.rows:
            self.rows[name] = [title, revision, now, False, 1]
            return RecordResult.NEW
        row = self.rows[name]
        old_title, old, recorded_at, removed, generation = row
        if title == old_title and not removed:
            if revision is not None and (old is None or revision > old):
                row[1] = revision
            return RecordResult.UNCHANGED
        ordered = revision is not None and old is not None
        if ordered and revision < old:
            return RecordResult.STALE
        if not (ordered and revision > old) and as_of is not None and recorded_at > as_of:
            return RecordResult.STALE
        self.rows[name] = [title, revision, now, False, generation + 1]
        return RecordResult.CHANGED

    def remove(self, name, now):
        row = self.rows.get(name)
        if row is None or row[3]:
            return False
        self.rows[name] = [row[0], None, now, True, row[4] + 1]
        return True


def facts(ledger):
    return {
        record.identity.id: (
            record.appointment.title,
            record.revision,
            record.recorded_at,
            record.removed,
            record.dirty,
        )
        for record in ledger.read(lambda reader: list(reader.records()))
    }


def run(ledger, steps):
    model = Model()
    for turn, (kind, items) in enumerate(steps):
        now = NOW + timedelta(seconds=turn)
        as_of = now - timedelta(seconds=1.5) if kind == "bulk" else None
        with ledger.writing() as transaction:
            if kind == "remove":
                gone = transaction.remove([Identity("default", name) for name in dict.fromkeys(items)], now)
                assert {value.id for value in gone} == {name for name in items if model.remove(name, now)}
                continue
            answers = transaction.record(
                [incoming(name, title=title, revision=revision) for name, title, revision in items], now, as_of=as_of
            )
        assert answers == [model.record(*item, now, as_of) for item in items]
    expected = {
        name: (title, incoming(revision=revision).order, at, removed, True)
        for name, (title, revision, at, removed, _) in model.rows.items()
    }
    assert facts(ledger) == expected


# found once: what comes twice in one batch is compared with what came in between, not with what stood before
@pytest.mark.slow
@example([("record", [("A-1", "two", 2)]), ("record", [("A-1", "one", None), ("A-1", "two", 1)])])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_a_ledger_in_memory_is_like_a_dictionary(steps):
    """Recorded and removed in any order, a ledger in memory ends with what a dictionary would hold."""
    ledger = Ledger("sqlite://")
    ledger.upgrade()
    try:
        run(ledger, steps)
    finally:
        ledger.close()


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_a_ledger_on_a_server_is_like_a_dictionary(postgres_server, steps):
    """The same histories leave on PostgreSQL, too, what a dictionary would hold."""
    space = f"space-{next(_spaces)}"
    ledger = _shared(postgres_server, space)
    try:
        run(ledger, steps)
    finally:
        ledger.close()


_spaces = iter(range(1_000_000))


def _shared(url, namespace):
    """Return a ledger whose namespace is new; its tables are in a schema of their own."""
    ledger = Ledger(url, namespace=namespace, schema="histories")
    with ledger._database.engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS histories"))
    ledger.upgrade()
    return ledger


def test_a_folder_with_odd_characters_is_no_obstacle():
    """Spaces, `%`, `#`, `&` and umlauts in a path are part of its name, not of the URL."""
    with tempfile.TemporaryDirectory(prefix="rk 100% #ü") as folder:
        path = Path(folder) / "ledger & co.db"
        ledger = Ledger(f"sqlite:///{path}")
        ledger.prepare()
        with ledger.writing() as transaction:
            transaction.record([incoming()], NOW)
        ledger.close()
        assert path.exists()
        assert len(ledger.read(lambda reader: list(reader.records()))) == 1
        ledger.close()
