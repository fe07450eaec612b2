"""One side of `test_plan.py`, in a process of its own: `planning.py SIDE FOLDER COUNT`; prints CPU seconds."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.benchmarks.main_job import appointments, make_kit, naive


def later(count):
    """Return appointments of which nothing is due yet."""
    return appointments(count, days=20)


def plan(folder, count):
    """Plan in a process that has planned nothing before: each number and each start is met for the first time."""
    new = list(appointments(count))
    with make_kit(folder) as kit:
        kit.warm()
        return cpu_of(lambda: kit.plan(new))


def by_hand(_folder, count):
    """The plain way, which writes all of the texts; what it needs is loaded before."""
    naive(1)
    return cpu_of(lambda: naive(count))


def handed_in(folder, count):
    """Hand the batch job what the ledger holds."""
    with make_kit(folder) as kit:
        kit.sync(later(count))
        kit.resync(later(count))
        return cpu_of(lambda: kit.resync(later(count)))


def making(_folder, count):
    """Make the same appointments, and nothing else."""
    list(later(count))
    return cpu_of(lambda: list(later(count)))


def cpu_of(work):
    began = time.process_time()
    work()
    return time.process_time() - began


SIDES = {side.__name__: side for side in (plan, by_hand, handed_in, making)}

if __name__ == "__main__":
    print(json.dumps(SIDES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
