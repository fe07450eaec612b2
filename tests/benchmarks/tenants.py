"""One process that serves many practices in turn, and tells after each step what it holds, as a line of JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reminder_kit import Appointment, Recipient, Tenants
from reminder_kit.providers.telnyx import Telnyx

START = datetime(2026, 2, 10, 14, 0, tzinfo=UTC)
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles")


def build_for(address, accounts):
    """Return the `build` of a platform whose practices have one account, or one each."""

    def build(name):
        number = int(name[1:])
        key = "KEY" if accounts == "one" else f"KEY{number}"
        rules = [
            {"id": "day", "before": "24 hours", "text": f"Practice {number}: see you {{{{ when }}}}."},
            {"id": "hour", "before": "1 hour", "text": f"Practice {number}: soon, {{{{ when }}}}."},
        ]
        return {
            "provider": Telnyx(api_key=key, from_=f"+1202555{number % 10000:04}", base_url=address),
            "rules": rules,
            "timezone": ZONES[number % 4],
            "default_region": "US",
            "clock": lambda: START,
        }

    return build


def told(step, begun, count, failed=0):
    """Write what this process holds, and how long each tenant took."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    line = {
        "step": step,
        "milliseconds": round((time.perf_counter() - begun) / count * 1000, 1),
        "megabytes": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
        "threads": threading.active_count(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "failed": failed,
    }
    print(json.dumps(line), flush=True)


def main(count, address, folder, accounts):
    """Use each practice once, then do the batch job for all, twice."""
    with Tenants(f"sqlite:///{folder}/all.db", build_for(address, accounts)) as tenants:
        begun = time.perf_counter()
        tenants["p0"].sync(visit(0))
        told("one", begun, 1)
        begun = time.perf_counter()
        failed = sum(not tenants[f"p{number}"].sync(visit(number)).ok for number in range(count))
        told("in turn", begun, count, failed)
        for step in ("batch job", "batch job again"):
            begun = time.perf_counter()
            report = tenants.resync()
            told(step, begun, count, report.summary["tenants_failed"] + report.summary["failed"])


def visit(number):
    """Return an appointment of a practice."""
    people = [Recipient(f"+1202556{number % 10000:04}", name="Ada")]
    return Appointment("A-1", START + timedelta(days=3), recipients=people, title="Check-up")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
