"""What a ledger of many appointments weighs, and what its daily work costs: on PostgreSQL, with rows made by SQL.

`python -m tests.benchmarks.capacity URL COUNT [WORK]` empties the database at URL, fills it with so many appointments
and prints, as JSON: bytes by table, seconds of each verb with the statements that took most of them, which tables were
read from end to end meanwhile, what the statements of daily work take and how PostgreSQL goes about them, and how a
night went: so many appointments with due reminders (WORK, 5,000 unless said) are parked at a provider that answers at
once, by one process.

The profile: one recipient each, two rules (a day and an hour before), starts over two months; a fifth of the
appointments is in the provider's window, with its messages parked, all others wait.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.ledger.databases.runner import prepared
from reminder_kit.ledger.sql.row_mapping import micros
from reminder_kit.ledger.sql.statements import statements_for
from reminder_kit.ledger.sql.tables import PREFIX, tables_of
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.ledger.grown import grow

START = datetime(2026, 11, 30, 14, tzinfo=UTC)
SEEDS = 10
"""Appointments that are really recorded and worked on; all others are copies of their rows."""
RULES = [
    Rule("day-before", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."),
    Rule("hour-before", before="1 hour", text="{{ appointment.title }} {{ when }}, {{ appointment.location }}."),
]
AGAIN = {"the batch job, nothing due", "shards, nothing due", "explain", "messages of a person", "status"}
"""Verbs that are measured three times, of which the best time counts."""
SHOWN = 4
"""Statements of each verb that are shown."""


def visit(name, days, phone):
    return Appointment(
        name,
        START + timedelta(days=days),
        recipients=[Recipient(phone, name="Ada Lovelace")],
        title="Check-up",
        location="12 High Street",
    )


def kit_at(url, address, at, **options):
    return ReminderKit(
        Telnyx("KEY", "+12025550100", base_url=address), RULES, url, timezone="UTC", clock=lambda: at, **options
    )


@contextmanager
def provider():
    """Run a server that answers at once; yields its address."""
    command = [sys.executable, Path(__file__).with_name("fast_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


def filled(url, engine, address, count):
    """Make a ledger of so many appointments: some that are worked on, and copies of their rows."""
    tables_of(None).metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {PREFIX}alembic_version")
    with kit_at(url, address, START) as kit:
        kit.ledger.upgrade()
        kit.sync([visit(f"S-{n}", 3 + n if n < 2 else 6 + n / 100, f"+1202{n:07d}") for n in range(SEEDS)])
    grow(engine, count // SEEDS - 1)


def weight(engine, count):
    """Return rows and bytes of each table, of these its indexes, and bytes by appointment."""
    asked = (
        "SELECT relname, n_live_tup, pg_total_relation_size(relid), pg_indexes_size(relid) FROM pg_stat_user_tables "
        "WHERE pg_total_relation_size(relid) > 1000000 ORDER BY 3 DESC"
    )
    with engine.connect() as connection:
        found = {row[0].removeprefix(PREFIX): tuple(map(int, row[1:])) for row in connection.exec_driver_sql(asked)}
    total = sum(size for _, size, _ in found.values())
    return {"tables": found, "bytes": total, "bytes_by_appointment": round(total / count)}


def read_whole(engine):
    """Return how many rows of each table were read from end to end so far."""
    asked = f"SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname LIKE '{PREFIX}%%'"
    with engine.connect() as connection:
        return Counter({name.removeprefix(PREFIX): int(rows or 0) for name, rows in connection.exec_driver_sql(asked)})


class Watched:
    """Times the statements of an engine."""

    def __init__(self, engine):
        self.seconds, self.counts = Counter(), Counter()
        sa.event.listen(engine, "before_cursor_execute", self.before)
        sa.event.listen(engine, "after_cursor_execute", self.after)

    def before(self, _connection, _cursor, _statement, _values, context, _many):
        context.began = time.perf_counter()

    def after(self, _connection, _cursor, statement, _values, context, _many):
        shown = " ".join(statement.split())
        self.seconds[shown] += time.perf_counter() - context.began
        self.counts[shown] += 1

    def taken(self):
        """Return the statements that took most, each with its seconds and how often it was run; begin anew."""
        found = [(round(took, 4), self.counts[text], text[:160]) for text, took in self.seconds.most_common(SHOWN)]
        self.seconds, self.counts = Counter(), Counter()
        return found


def measured(verbs, engine, watched):
    """Return, by verb, its seconds, its costliest statements, and the rows of tables that were read from end to end."""
    found = {}
    for name, verb in verbs.items():
        before = read_whole(engine)
        watched.taken()
        began = time.perf_counter()
        verb()
        took = time.perf_counter() - began
        for _ in range(2) if name in AGAIN else ():  # what else the machine does only adds
            watched.taken()
            began = time.perf_counter()
            verb()
            took = min(took, time.perf_counter() - began)
        time.sleep(1.2)  # PostgreSQL tells of what it read a second later
        whole = {table: rows for table, rows in (read_whole(engine) - before).items() if rows > 1000}
        found[name] = {"seconds": round(took, 3), "statements": watched.taken(), "read_whole": whole}
    return found


def explained(engine):
    """Return, for the statements that daily work is made of, their milliseconds and how PostgreSQL goes about them."""
    told, soon, later = statements_for(None, "postgresql"), (START + timedelta(minutes=1)), START + timedelta(days=1)
    with engine.connect() as connection:
        (digest,) = connection.exec_driver_sql(f"SELECT planned_with FROM {PREFIX}appointments WHERE id = 'S-5'").one()
        due = f"SELECT row_id FROM {PREFIX}appointments WHERE next_at <= {micros(later)} LIMIT 200"
        rows = [row for (row,) in connection.exec_driver_sql(due)]
        some, sweep = {"rows0": rows}, {"namespace": "default", "settings": digest}
        page = {**some, "namespace": "default", "ended_after": micros(soon), "after": 0, "page": 200}
        alone = {"namespace": "default", "now": micros(soon)}
        asked = {
            "what is due (nothing)": (told.sweep.needing_a_look(waiting=True), {**sweep, "now": micros(soon)}),
            "what is due a day later": (told.sweep.needing_a_look(waiting=True), {**sweep, "now": micros(later)}),
            "200 appointments": (told.queries.page(frozenset({"rows", "ended_after"})), page),
            "their reminders": (told.queries.outcomes, some),
            "their messages": (told.queries.messages, some),
            "their numbers": (told.phones.phones_of, some),
            "all appointments, counted": (told.sweep.count_appointments(listed=False), alone),
            "all reminders, counted": (told.sweep.count_reminders(listed=False), alone),
        }
        return {name: _explained(connection, statement, values) for name, (statement, values) in asked.items()}


def _explained(connection, statement, values):
    """Return the least milliseconds of three runs, and the scans of the last one."""
    ready = prepared(statement, connection.dialect)
    runs = []
    for _ in range(3):
        asked = connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {ready.sql}", ready.values(values))
        lines = [line for (line,) in asked]
        runs.append(float(lines[-1].split(":")[1].split()[0]))
    scans = [line.split("  (cost")[0].strip(" ->") for line in lines if "Scan" in line]
    return [min(runs), scans]


def night(url, address, engine, work):
    """Do the batch job a day later for as many appointments as come into the window then; returns what that took."""
    late = START + timedelta(days=1)
    asked = (
        f"SELECT row_id FROM {PREFIX}appointments AS owner WHERE next_at <= {int(late.timestamp() * 1_000_000)} AND "
        f"NOT EXISTS (SELECT 1 FROM {PREFIX}messages WHERE row_id = owner.row_id) LIMIT {work}"
    )
    with engine.connect() as connection:
        rows = [row for (row,) in connection.exec_driver_sql(asked)]
    with kit_at(url, address, late, concurrency=32) as kit:
        kit.warm()
        began = time.perf_counter()
        shards = kit.shards(200)
        spread = time.perf_counter() - began
        began, cpu = time.perf_counter(), time.process_time()
        parked = sum(kit.resync(shard=rows[at : at + 200]).summary["schedule"] for at in range(0, len(rows), 200))
        took = time.perf_counter() - began
    found = {"due": sum(map(len, shards)), "shards": len(shards), "whole": shards.whole, "to_spread": round(spread, 2)}
    cpu = time.process_time() - cpu
    return {**found, "appointments": len(rows), "parked": parked, "seconds": round(took, 1), "cpu": round(cpu, 1)}


def main(url, count, work):
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with provider() as address:
        began = time.perf_counter()
        filled(url, engine, address, count)
        built = time.perf_counter() - began
        shared = sa.create_engine(engine.url)
        watched = Watched(shared)
        with kit_at(shared, address, START + timedelta(minutes=1)) as kit:
            kit.warm()
            some = [visit(f"N-{n}", 9, f"+1303{n:07d}") for n in range(1000)]
            verbs = {
                "record one": lambda: kit.record(visit("N-one", 9, "+13035550123")),
                "record a thousand": lambda: kit.record(some),
                "sync one": lambda: kit.sync(visit("N-two", 3, "+13035550124")),
                "the batch job, a thousand of them new": kit.resync,
                "the batch job, nothing due": kit.resync,
                "shards, nothing due": kit.shards,
                "explain": lambda: kit.explain("S-1-7"),
                "messages of a person": lambda: kit.messages(to="+12021000007"),
                "what waits for a person": kit.attention,
                "status": kit.status,
            }
            found = measured(verbs, engine, watched)
        shared.dispose()
        result = {"count": count, "built": round(built, 1), "weight": weight(engine, count), "verbs": found}
        result["statements"] = explained(engine)
        result["night"] = night(url, address, engine, work)
    engine.dispose()
    return result


if __name__ == "__main__":
    given = sys.argv[1:]
    print(json.dumps(main(given[0], int(given[1]), int(given[2]) if len(given) > 2 else 5_000), indent=1))
