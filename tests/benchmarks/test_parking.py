"""What parking costs, as ratios of one run, next to what people would write instead.

`python -m pytest -s -m benchmark tests/benchmarks/test_parking.py`

Each side runs in a process of its own, three times by turns, and its best time counts: what else the machine does only
adds. CPU is that of the sending process, all its threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from reminder_kit.ledger.ledger import Ledger
from tests.postgres import fresh_database

HERE = Path(__file__).parent
COUNT, TURNS = 1000, 3

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address():
    """The address of a fast local server."""
    command = [sys.executable, HERE / "fast_server.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.fixture
def park(address, tmp_path):
    """Return a function: what a side takes a reminder (`cpu`, microseconds), and how many it does a second (`rate`)."""
    runs = iter(range(1000))

    def run(side, ledger=""):
        folder = tmp_path / str(next(runs))
        folder.mkdir()
        command = [sys.executable, HERE / "parking.py", side, str(COUNT), address, folder, ledger]
        path = os.pathsep.join(filter(None, (str(HERE.parents[1]), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"PYTHONPATH": path}
        return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)

    return run


def best_of(turns):
    """Return the least CPU and the greatest rate of several runs."""
    return {"cpu": min(turn["cpu"] for turn in turns), "rate": max(turn["rate"] for turn in turns)}


def measured(park, sides, **ledgers):
    """Run sides by turns."""
    turns = [{side: park(side, ledgers.get(side, "")) for side in sides} for _ in range(TURNS)]
    return {side: best_of([turn[side] for turn in turns]) for side in sides}


def told(found, ours="ours"):
    """Print each side's figures next to ours."""
    for side, figures in found.items():
        ratio = figures["cpu"] / found[ours]["cpu"]
        print(f"{side:16} {figures['cpu']:6.0f} us CPU  {figures['rate']:5.0f}/s  {ratio:5.2f} x {ours}")


def keeps(what, ratio, limit, wanted=None):
    """Print a ratio next to its limit, and say whether it keeps to that."""
    print(f"{what}: {ratio:.2f}, limit {limit:.2f}" + (f", wanted {wanted:.2f}" if wanted else ""))
    return ratio <= limit


def test_parking_costs_less_than_the_official_client_without_a_ledger(park):
    """At 64 at once, with every intent and outcome durable; threads come near to tasks."""
    print()
    found = measured(park, ["ours", "ours_blocking", "sdk", "sdk_and_rows"])
    told(found)
    assert keeps("CPU, async kit / official async client", found["ours"]["cpu"] / found["sdk"]["cpu"], 0.5, 0.25)
    assert keeps("CPU, async kit / client and rows in a loop", found["ours"]["cpu"] / found["sdk_and_rows"]["cpu"], 0.8)
    assert keeps("rate, async kit / blocking kit", found["ours"]["rate"] / found["ours_blocking"]["rate"], 1 / 0.7)


def test_what_nobody_can_leave_out_is_told_besides(park):
    """The floor: the same statements on `sqlite3` alone, and a request and its answer over asyncio alone."""
    print()
    found = measured(park, ["ours", "bare_rows", "bare_exchange"])
    told(found)
    floor = found["bare_rows"]["cpu"] + found["bare_exchange"]["cpu"]
    assert keeps("CPU, async kit / floor", found["ours"]["cpu"] / floor, 8.0)


def test_what_only_puts_reminders_down_is_told_besides(park):
    """APScheduler and Celery keep a job for later; the send, and what becomes of it, are still to come then."""
    print()
    peers = [side for side in ("apscheduler", "celery") if find_spec(side)]
    found = measured(park, ["ours", *peers])
    told(found)
    for missing in {"apscheduler", "celery"} - set(peers):
        print(f"{missing:14} not installed: pip install {missing}")
    assert all(figures["cpu"] > 0 for figures in found.values())


def test_a_ledger_on_postgresql_costs_little_more(park, postgres_server):
    """In the sending process; the server's work comes besides."""
    print()
    found = []
    for _ in range(TURNS):
        with fresh_database(postgres_server) as url:
            ledger = Ledger(url)
            ledger.upgrade()
            ledger.close()
            found.append({"sqlite": park("ours"), "postgresql": park("ours", url)})
    best = {side: best_of([turn[side] for turn in found]) for side in found[0]}
    told(best, "sqlite")
    assert keeps("CPU, PostgreSQL / SQLite", best["postgresql"]["cpu"] / best["sqlite"]["cpu"], 1.5)


def test_connections_of_our_own_cost_less_than_httpx_does(park):
    """The same interface, requests and answers: what `transport.connections` was decided by."""
    print()
    found = measured(park, ["connections", "httpx_transports"])
    told(found, "connections")
    assert keeps("CPU, ours / httpx's", found["connections"]["cpu"] / found["httpx_transports"]["cpu"], 0.75)
