"""A ledger that is not where it last worked: a copy, a restored backup, a moved file write to nobody until adopted."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from reminder_kit import Rule

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}.")


def did(report):
    return sorted((change.kind.value, change.reason.value) for change in report.changes)


@pytest.fixture
def worked(make_kit, appointment):
    """A ledger that has worked: one visit is parked, one only recorded."""
    kit = make_kit([DAY])
    kit.sync(appointment("A-1"))
    kit.record(appointment("A-2", hours=1))
    kit.close()
    return kit


@pytest.fixture
def at(make_kit, tmp_path):
    return lambda name: make_kit([DAY], ledger=f"sqlite:///{tmp_path / name}")


def copied(tmp_path):
    shutil.copy(tmp_path / "reminders.db", tmp_path / "staging.db")
    return "staging.db"


def renamed(tmp_path):
    (tmp_path / "moved").mkdir()
    (tmp_path / "reminders.db").rename(tmp_path / "moved" / "reminders.db")
    return "moved/reminders.db"


def restored(tmp_path):
    with closing(sqlite3.connect(tmp_path / "reminders.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    (tmp_path / "backup.db").replace(tmp_path / "reminders.db")
    return "reminders.db"


@pytest.mark.parametrize("away", [copied, renamed, restored])
def test_it_writes_to_nobody_until_it_is_adopted(worked, at, sandbox, appointment, tmp_path, caplog, away):
    """Runs return, hold, and list it; one ERROR line says so; after `adopt` all follows."""
    kit, writes = at(away(tmp_path)), sandbox.write_count
    with caplog.at_level(logging.ERROR, logger="reminder_kit"):
        report = kit.resync()
    assert report.ok
    assert did(report) == [("hold", "foreign_ledger")]
    (item,) = report.attention
    assert (item.kind, item.seen) == ("ledger", False)
    assert str(tmp_path) in item.what
    assert "ledger adopt" in item.remedy
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    kit.sync(appointment("A-3", hours=2))
    kit.withdraw("A-1")
    kit.suppress("+12025550177")
    kit.retry()
    assert sandbox.write_count == writes
    kit.ledger.adopt()
    assert did(kit.resync()) == [("cancel", "removed"), ("schedule", "on_time"), ("schedule", "on_time")]
    assert kit.attention() == ()


def test_somebody_who_has_seen_it_has_mended_nothing(worked, at, tmp_path):
    """The item can't be marked away: nobody is written to."""
    kit = at(copied(tmp_path))
    (item,) = kit.attention()
    assert not kit.attention(seen=item.id)[0].seen


def test_a_preview_says_it_and_writes_nothing(worked, at, sandbox, tmp_path):
    """`plan_resync` on a copy holds what it would park."""
    kit = at(copied(tmp_path))
    assert did(kit.plan_resync()) == [("hold", "foreign_ledger")]


def test_what_comes_in_is_not_lost(worked, at, sandbox, appointment, tmp_path):
    """A booking taken in meanwhile is recorded, and parked once the ledger is adopted."""
    kit = at(renamed(tmp_path))
    assert did(kit.sync(appointment("A-3", phone="+12025550177"))) == [("hold", "foreign_ledger")]
    kit.ledger.adopt()
    kit.resync()
    assert "+12025550177" in {message.to for message in sandbox.parked()}


def test_the_original_works_on(worked, at, sandbox, tmp_path):
    """A copy, adopted or not, is nothing to the ledger it was made of."""
    at(copied(tmp_path)).ledger.adopt()
    report = at("reminders.db").resync()
    assert did(report) == [("schedule", "on_time")]
    assert report.attention == ()


def test_with_nothing_live_in_it_a_ledger_may_be_anywhere(make_kit, at, sandbox, appointment, tmp_path):
    """Once its visits are over, nobody could be written to by what is recorded: it works where it is."""
    kit = make_kit([DAY])
    kit.sync(appointment())
    kit.close()
    sandbox.clock.advance(days=5)
    kit = make_kit([DAY])
    kit.resync()
    kit.close()
    moved = at(copied(tmp_path))
    assert moved.resync().attention == ()
    assert did(moved.sync(appointment("A-9", days=9))) == [("schedule", "on_time")]


def test_the_same_file_by_another_way_is_the_same_ledger(worked, at, sandbox, tmp_path, monkeypatch):
    """A link, a relative path, and a device with another number (a restart, another container) are no other place."""
    (tmp_path / "current").symlink_to(tmp_path, target_is_directory=True)
    assert at("current/reminders.db").attention() == ()
    stat = os.stat_result

    def elsewhere(path, *args, _stat=os.stat, **options):
        found = _stat(path, *args, **options)
        return stat((*found[:2], found.st_dev + 1, *found[3:10]))

    monkeypatch.setattr(os, "stat", elsewhere)
    assert at("reminders.db").attention() == ()


def test_a_file_seen_under_two_paths_is_adopted_once_under_each(worked, at, sandbox, tmp_path):
    """Two containers that see one file each under a path of its own work on, without taking turns in being foreign."""
    os.link(tmp_path / "reminders.db", tmp_path / "mounted.db")
    mounted = at("mounted.db")
    assert [item.kind for item in mounted.attention()] == ["ledger"]
    mounted.ledger.adopt()
    mounted.close()
    assert at("reminders.db").attention() == ()
    assert at("mounted.db").attention() == ()


def test_a_ledger_in_memory_is_nowhere(make_kit, appointment):
    """It has no place, and nothing is ever said of it."""
    kit = make_kit([DAY], ledger="sqlite://")
    kit.sync(appointment())
    assert kit.ledger.place() is None
    kit.ledger.adopt()
    assert kit.resync().attention == ()


def test_a_ledger_that_knows_no_place_learns_it_from_whatever_run_parks(worked, at, sandbox, tmp_path):
    """One of an older release: from then on, what is made of it is a copy."""
    with closing(sqlite3.connect(tmp_path / "reminders.db")) as connection, connection:
        assert connection.execute("DELETE FROM reminder_kit_places").rowcount == 1
    here = at("reminders.db")
    assert did(here.resync()) == [("schedule", "on_time")]
    here.close()
    assert [item.kind for item in at(copied(tmp_path)).attention()] == ["ledger"]


def test_adopting_adopts_every_namespace(make_kit, at, appointment, tmp_path):
    """A file is moved as a whole."""
    for name in ("north", "south"):
        kit = make_kit([DAY], namespace=name)
        kit.sync(appointment())
        kit.close()
    url = f"sqlite:///{tmp_path / copied(tmp_path)}"
    north, south = (make_kit([DAY], ledger=url, namespace=name) for name in ("north", "south"))
    assert (len(north.attention()), len(south.attention())) == (1, 1)
    north.ledger.adopt()
    assert (north.attention(), south.attention()) == ((), ())


def test_a_copied_database_is_foreign_and_the_same_one_never(make_kit, postgres_url, sandbox, appointment):
    """PostgreSQL: a database made of another one in the same cluster is another place; a second connection is not."""
    import psycopg

    url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    kit = make_kit([DAY], ledger=url)
    kit.ledger.upgrade()
    kit.sync(appointment())
    kit.close()
    server, _, name = postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
        try:
            copy, writes = make_kit([DAY], ledger=f"{url}_copy"), sandbox.write_count
            report = copy.sync(appointment(hours=3))
            assert did(report) == [("keep", "foreign_ledger")]
            assert [item.kind for item in report.attention] == ["ledger"]
            assert sandbox.write_count == writes
            copy.ledger.adopt()
            assert copy.attention() == ()
            copy.close()
        finally:
            connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")
    assert make_kit([DAY], ledger=url).resync().attention == ()
