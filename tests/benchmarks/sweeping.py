"""One side of `test_sweep.py`, in a process of its own: `sweeping.py SIDE FOLDER COUNT`; prints its figures as JSON."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from datetime import timedelta

from attrs import evolve

from tests.benchmarks.main_job import appointments, make_kit
from tests.ledger.grown import grow

PREFIX = "reminder_kit_"
STATEMENTS = (
    (
        "SELECT row_id FROM {0}appointments WHERE namespace = 'default' AND dirty = 1 "
        "UNION SELECT row_id FROM {0}appointments WHERE namespace = 'default' AND next_at <= 0"
    ),
    "SELECT stand, reason, count(*) FROM {0}reminders WHERE namespace = 'default' GROUP BY 1, 2",
)
"""What a batch job with nothing to do can't be without: what is due, by index, and how much there is."""


def build(folder, count):
    """Make a ledger of so many appointments: two that were recorded, and copies of their rows."""
    import sqlalchemy as sa

    far = [evolve(appointment, starts_at=appointment.starts_at + timedelta(days=20)) for appointment in appointments(2)]
    with make_kit(folder) as kit:
        kit.sync(far)
    engine = sa.create_engine(f"sqlite:///{folder}/ledger.db")
    grow(engine, count // 2 - 1)
    engine.dispose()


def statements(folder):
    """Run the bare statements."""
    with sqlite3.connect(f"{folder}/ledger.db") as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        began = time.process_time()
        for statement in STATEMENTS:
            connection.execute(statement.format(PREFIX)).fetchall()
        return time.process_time() - began


def sweep(folder):
    """Do the batch job, nothing being due."""
    with make_kit(folder) as kit:
        kit.warm()
        kit.status()
        began = time.process_time()
        report = kit.resync()
        assert not report.changes, "something was due"
        return time.process_time() - began


if __name__ == "__main__":
    side, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if side == "build":
        build(folder, count)
        cpu = 0.0
    else:
        cpu = {"statements": statements, "sweep": sweep}[side](folder)
    print(json.dumps({"cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
