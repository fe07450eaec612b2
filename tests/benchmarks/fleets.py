"""A fleet to be measured: processes that are handed shards of one PostgreSQL ledger, each a next one as it is done."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import httpx

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx

__all__ = ["Fleet", "Provider", "kit_at", "recorded"]

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 30, 14, tzinfo=UTC)


def kit_at(url, address, **options):
    """Return a kit by a clock that stands still."""
    provider = Telnyx("KEY", "+12025550100", base_url=address)
    rules = [Rule("day", before="24 hours", text="See you {{ when }}.")]
    return ReminderKit(provider, rules, url, timezone="UTC", clock=lambda: START, **options)


def recorded(url, address, count, most):
    """Record so many appointments; returns what is due in shards of at most so many."""
    with kit_at(url, address) as kit:
        kit.ledger.upgrade()
        kit.record(
            Appointment(f"A-{n}", START + timedelta(days=3), recipients=[Recipient(f"+1202{n:07d}")])
            for n in range(count)
        )
        return kit.shards(most).parts


class Provider:
    """A server that takes so many requests a second, and so long for each."""

    def __init__(self, delay, rate=0):
        command = [sys.executable, str(ROOT / "tests" / "benchmarks" / "limited_server.py"), str(delay), str(rate)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def told(self):
        """Return how many requests a second were taken, and which part of all was refused; begin anew."""
        found = httpx.request("DELETE", f"{self.address}/stats").json()
        taken, refused = found["taken"], found["refused"]
        return (len(taken) - 1) / (taken[-1] - taken[0]), refused / (len(taken) + refused)


class Fleet(ExitStack):
    """So many workers."""

    def __init__(self, size, url, address, concurrency, *rate):
        super().__init__()
        command = [sys.executable, "-m", "tests.benchmarks.fleet_worker", url, address, str(concurrency), *rate]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.workers = [self.enter_context(subprocess.Popen(command, cwd=ROOT, **pipes)) for _ in range(size)]
        for worker in self.workers:
            assert worker.stdout.readline() == "ready\n"

    def do(self, shards):
        """Hand out shards until all are done."""
        waiting = iter(list(shards))

        def serve(worker):
            for shard in waiting:
                worker.stdin.write(f"{json.dumps(shard)}\n")
                worker.stdin.flush()
                assert worker.stdout.readline() == "done\n"

        threads = [Thread(target=serve, args=[worker]) for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for worker in self.workers:
            worker.stdin.close()
