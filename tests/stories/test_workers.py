"""Many workers: processes sync and resync the same appointments on one ledger while some are killed.

Nothing is doubled, nothing is lost, and the work is shared. Who is killed holds claims at that moment.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, serve
from tests.factories import START

RULES = (
    Rule("day-before", before="24 hours", text="See you {{ when }}"),
    Rule("hour-before", before="1 hour", text="Soon: {{ when }}"),
)
COUNT = 220
PRELOADED = [
    "reminder_kit.kit.faces",
    "reminder_kit.providers.telnyx.provider",
    "sqlalchemy",
    "psycopg",
    "httpx",
    "jinja2",
    "pytest",
]


def visits(moved=False):
    """Many people; with `moved`, every third comes a day later and every fifth not at all."""
    return [
        Appointment(
            f"A-{n}",
            START + timedelta(days=3 if not (moved and n % 3 == 0) else 4, minutes=n),
            recipients=[Recipient(f"+120255501{n % 100:02}", id=f"P-{n}", name="Ada")],
            title="Check-up",
            status="cancelled" if moved and n % 5 == 0 else "confirmed",
        )
        for n in range(COUNT)
    ]


def make_kit(url, base_url, concurrency=4):
    provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=base_url)
    return ReminderKit(
        provider, RULES, url, timezone="America/New_York", clock=lambda: START, concurrency=concurrency, timeout=20.0
    )


def work(url, base_url, number, start, out):
    """Sync everything, in an order of its own, then do the batch job twice; tell how much was done here."""
    appointments = visits(moved=True)
    turn = number * 7 % COUNT
    with make_kit(url, base_url) as kit:
        start.wait(60)
        done = Counter()
        for report in (
            kit.sync([*appointments[turn:], *appointments[:turn]], force=True),
            kit.resync(force=True),
            kit.resync(force=True),
        ):
            done.update(change.kind.value for change in report.changes if change.is_work and change.outcome == "done")
        out.put((number, dict(done)))


def holders(ledger):
    """Return the processes that hold claims now."""
    rows = ledger.ask(lambda found: found.exec_driver_sql(HELD).fetchall(), [])
    return {int(owner.split(":")[1]) for (owner,) in rows}


HELD = "SELECT DISTINCT lease_owner FROM reminder_kit_appointments WHERE lease_owner IS NOT NULL AND dirty"


def kill_one(ledger, alive, sandbox, more):
    """Kill a process that holds claims, once so many requests more have come; returns it."""
    enough = sandbox.request_count + more
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = sorted(item.pid for item in alive if item.pid in holders(ledger))
        if found and sandbox.request_count >= enough:
            os.kill(found[0], signal.SIGKILL)
            return next(item for item in alive if item.pid == found[0])
        time.sleep(0.002)
    raise AssertionError("nobody held a claim any more: too few requests to kill somebody in the midst of them")


def crowd(url, base_url, count, killed, sandbox):
    """Let `count` processes work at once and kill some of them in the midst; returns what the others did."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    start, out = context.Event(), context.Queue()
    children = [context.Process(target=work, args=(url, base_url, n, start, out)) for n in range(count)]
    for child in children:
        child.start()
    start.set()
    dead, alive, ledger = [], list(children), Ledger(url)
    for _ in range(killed):
        dead.append(kill_one(ledger, alive, sandbox, 30))
        alive.remove(dead[-1])
    ledger.close()
    work_done = dict(out.get(timeout=100) for _ in alive)
    for child in children:
        child.join(30)
    assert [child.exitcode for child in dead] == [-signal.SIGKILL] * killed
    assert [child.exitcode for child in alive] == [0] * (count - killed)
    return work_done


def expected():
    """What is parked in the end, worked out by hand: two reminders for whoever still comes."""
    wanted = Counter()
    for visit in visits(moved=True):
        if visit.status == "confirmed":
            (person,) = visit.recipients
            wanted[person.phone, visit.start_at - timedelta(hours=24)] += 1
            wanted[person.phone, visit.start_at - timedelta(hours=1)] += 1
    return wanted


def compete(url, count, killed):
    sandbox = Sandbox(clock=START)
    with serve(sandbox) as server:
        with make_kit(url, server.base_url, 8) as kit:
            assert kit.sync(visits()).ok
        before = len(sandbox.messages())
        work_done = crowd(url, server.base_url, count, killed, sandbox)
        with make_kit(url, server.base_url) as kit:
            kit.resync(force=True)
            last = kit.resync(force=True)
            messages = kit.status()["messages"]
    assert last.ok
    assert not [change for change in last.changes if change.is_work]
    assert Counter((message.to, message.send_at) for message in sandbox.parked()) == expected()
    moved = sum(n % 3 == 0 and n % 5 != 0 for n in range(COUNT))
    assert before == 2 * COUNT
    assert len(sandbox.messages()) == before + 2 * moved, "something was created twice"
    assert messages.keys() == {"scheduled", "cancelled"}
    return work_done


@pytest.mark.slow
def test_eight_processes_on_postgresql_double_nothing(postgres_url):
    """Of eight processes three are killed: nothing is doubled or lost."""
    ledger = Ledger(postgres_url)
    ledger.upgrade()
    ledger.close()
    compete(postgres_url, 8, 3)  # whoever is killed holds claims: three at least had a part in it


@pytest.mark.slow
def test_four_processes_on_one_sqlite_file_double_nothing(sqlite_url):
    """Of four processes one is killed: nothing is doubled or lost."""
    compete(sqlite_url, 4, 1)


def resync_once(url, base_url, start, out):
    """Do the batch job once; tell how many reminders this process parked."""
    with make_kit(url, base_url, 2) as kit:
        kit.status()
        start.wait(30)
        out.put(sum(change.is_work and change.outcome == "done" for change in kit.resync().changes))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite_url", "postgres_url"], ids=["sqlite", "postgresql"])
def test_batch_jobs_that_run_at_once_share_the_work(place, request):
    """What one holds, the others leave to it and go on with the rest."""
    url = request.getfixturevalue(place)
    ledger = Ledger(url)
    ledger.upgrade()
    ledger.close()
    people = [Recipient(f"+120255501{n % 100:02}") for n in range(240)]
    start_at = START + timedelta(days=3)
    sandbox, context = Sandbox(clock=START), multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    start, out = context.Event(), context.Queue()
    with serve(sandbox) as server:
        with make_kit(url, server.base_url) as kit:
            kit.record(
                [  # each at a minute of its own: two of one person would be records of one visit
                    Appointment(f"A-{n}", start_at + timedelta(minutes=n), recipients=[recipient])
                    for n, recipient in enumerate(people)
                ]
            )
        args = (url, server.base_url, start, out)
        children = [context.Process(target=resync_once, args=args) for _ in range(3)]
        for child in children:
            child.start()
        time.sleep(3.0)
        start.set()
        parked = [out.get(timeout=60) for _ in children]
        for child in children:
            child.join(30)
        with make_kit(url, server.base_url) as kit:
            kit.resync()
    assert len(sandbox.messages()) == 480
    assert sorted(parked)[1] > 0, f"one did all the work: {parked}"
