"""No verb walks the ledger: one appointment costs the same work among 2,000 and among 20,000.

Work is counted, not timed: of SQLite the steps of its virtual machine, of PostgreSQL the rows that it read.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import Pool

from reminder_kit import ReminderKit
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event
from tests.factories import DAY, HOUR, NUMBER, START, visit
from tests.ledger.grown import grow
from tests.postgres import fresh_database

SIZES = (2_000, 20_000)
ALLOWED = 1.5
"""How much more work a verb may cost in the larger ledger."""

STEPS = 20
"""How many steps of SQLite's virtual machine are counted as one."""


def webhook(kit, kind):
    """Return a signed webhook about a message to the recipient of `A-1`, or of her reply."""
    return signed_event("telnyx", kind, number=NUMBER, now=kit.now())


VERBS = {
    "record what changed": lambda kit: kit.record(visit("A-1", day=17, title="Another title")),
    "record what is new": lambda kit: kit.record(visit("N-1", day=16, phone="+12025550177")),
    "record what did not change": lambda kit: kit.record(visit("A-1", day=17, title="Another title")),
    "what waits while nobody follows": lambda kit: kit.attention(),
    "sync what changed": lambda kit: kit.sync(visit("A-1", day=17, minute=30)),
    "sync what is new": lambda kit: kit.sync(visit("N-2", day=16, phone="+12025550178")),
    "sync what did not change": lambda kit: kit.sync(visit("N-2", day=16, phone="+12025550178")),
    "sync as of an instant": lambda kit: kit.sync([visit("N-2", day=16)], as_of=kit.now() - timedelta(seconds=30)),
    "sync what is near": lambda kit: kit.sync(visit("N-3", day=2, phone="+12025550179")),
    "what a webhook says": lambda kit: kit.receive(*webhook(kit, "delivered")),
    "what a person replies": lambda kit: kit.receive(*webhook(kit, "received")),
    "the follower": lambda kit: kit.resync(only_dirty=True),
    "explain": lambda kit: kit.explain("A-1"),
    "what waits for a person": lambda kit: kit.attention(),
    "withdraw": lambda kit: kit.withdraw("A-1"),
    "suppress": lambda kit: kit.suppress(NUMBER),
}


def kit_on(url, sandbox):
    return ReminderKit(
        Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY),
        [DAY, HOUR],
        url,
        timezone="America/New_York",
        clock=sandbox.clock,
        transport=SandboxTransport(sandbox),
    )


def engine_of(url):
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


FAR, NEAR = visit("A-1", day=17), visit("B-1", day=3, phone="+12025550124")


def fill(url, size, sandbox, appointments=(FAR, NEAR)):
    """Make a ledger of that size: half of its appointments are far, the others have a message parked."""
    with kit_on(url, sandbox) as kit:
        kit.ledger.upgrade()
        kit.sync(appointments)
    engine = engine_of(url)
    grow(engine, size // len(appointments))
    engine.dispose()


@contextlib.contextmanager
def steps_counted():
    """Count steps of SQLite's machine on every connection that is taken out of a pool."""
    count = [0]

    def step():
        count[0] += STEPS
        return 0

    def taken(connection, _record, _proxy):
        connection.set_progress_handler(step, STEPS)

    sa.event.listen(Pool, "checkout", taken)
    try:
        yield count
    finally:
        sa.event.remove(Pool, "checkout", taken)


def steps_by_verb(url, sandbox):
    """Return how many steps of SQLite's machine each verb takes."""
    found = {}
    with kit_on(url, sandbox) as kit:
        kit.status()
        for name, verb in VERBS.items():
            with steps_counted() as count:
                verb(kit)
            found[name] = count[0]
    return found


def rows_by_verb(url, sandbox):
    """Return how many rows PostgreSQL reads for each verb, which its sessions tell as they end."""
    asked = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
    found, engine = {}, engine_of(url)

    def so_far():
        engine.dispose()
        with engine.connect() as connection:
            return int(connection.execute(sa.text(asked)).scalar())

    for name, verb in VERBS.items():
        with kit_on(url, sandbox) as kit:
            kit.ledger.check_schema()
            before = so_far()
            verb(kit)
        found[name] = so_far() - before
    engine.dispose()
    return found


def walks(by_size):
    """Return the verbs that cost more in the larger ledger, each with its work in both."""
    small, large = by_size
    assert all(small[name] for name in VERBS if name.startswith("sync")), f"nothing was counted: {small}"
    return {name: (work, large[name]) for name, work in small.items() if large[name] > work * ALLOWED + STEPS}


@pytest.mark.slow
def test_on_sqlite_no_verb_walks_the_ledger(tmp_path):
    """The statements go by indexes, whatever SQLite's planner makes of tables without statistics."""
    by_size = []
    for size in SIZES:
        with contextlib.closing(Sandbox(clock=START, strict=True)) as sandbox:
            url = f"sqlite:///{tmp_path / f'{size}.db'}"
            fill(url, size, sandbox)
            by_size.append(steps_by_verb(url, sandbox))
    assert not walks(by_size)


@pytest.mark.slow
def test_purging_costs_the_same_for_each_appointment_however_many_there_are(tmp_path):
    """Neither the history of others nor what was purged before is walked over again."""
    later, each, again = START + timedelta(days=400), [], []
    for size in SIZES:
        with contextlib.closing(Sandbox(clock=START, strict=True)) as sandbox:
            url = f"sqlite:///{tmp_path / f'{size}.db'}"
            fill(url, size, sandbox, [FAR])
            with kit_on(url, sandbox) as kit:
                kit.status()
                with steps_counted() as count:
                    purged = kit.ledger.submit(lambda tx: tx.purge(later, later)).result()
                each.append(count[0] / purged)
                with steps_counted() as count:
                    assert kit.ledger.submit(lambda tx: tx.purge(later, later)).result() == 0
                again.append(count[0])
        assert purged == size + 1
    assert each[1] < each[0] * ALLOWED
    assert again[1] < again[0] * ALLOWED + STEPS


@pytest.mark.slow
def test_on_postgresql_no_verb_walks_the_ledger(postgres_server):
    """With statistics of the tables as they are, the server reads as few rows in the larger ledger."""
    by_size = []
    for size in SIZES:
        with fresh_database(postgres_server) as url, contextlib.closing(Sandbox(clock=START, strict=True)) as sandbox:
            fill(url, size, sandbox)
            by_size.append(rows_by_verb(url, sandbox))
    assert not walks(by_size)
