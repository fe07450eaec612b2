"""What importing the library costs, and what a web worker pays for its first `sync`: ratios and sizes of one run.

`python -m pytest -s -m benchmark tests/benchmarks/test_memory_and_import.py`

Times are ratios to the libraries it stands on, in processes of their own, the least of several. Memory is what the
first `sync` of a process adds to Python itself, on a ledger that is current, through the local provider.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.main_job import import_seconds, local_telnyx

ROOT = Path(__file__).parents[2]
IMPORT_LIMIT, MEGABYTES = 1.3, 56

WORKER = """
import json, sys
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
before = resident()
from datetime import UTC, datetime, timedelta
from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.providers.telnyx import Telnyx
provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=sys.argv[1])
rules = [Rule("day", before="24 hours", text="Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}.")]
at = datetime(2026, 2, 12, 14, tzinfo=UTC)
clock = lambda: datetime(2026, 2, 10, 14, tzinfo=UTC)
kit = ReminderKit(provider, rules, sys.argv[2], timezone="America/New_York", clock=clock)
report = kit.sync(Appointment(sys.argv[3], at, recipients=[Recipient("+12025550123", name="Ada")], title=sys.argv[3]))
assert report.summary["schedule"] == 1 and not report.summary["failed"], report.summary
print(json.dumps({"megabytes": resident() - before, "modules": len(sys.modules)}))
"""

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def test_importing_its_names_costs_little_more_than_its_libraries(tmp_path, monkeypatch):
    """Next to attrs, pendulum and httpx, as installed: compiled once, before anything is measured."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    names = import_seconds("from reminder_kit import Appointment, Recipient, ReminderKit, Rule, QuietHours")
    base = import_seconds("import attrs, pendulum, httpx")
    print(f"\nratio {names / base:.2f}, limit {IMPORT_LIMIT}")
    assert names <= IMPORT_LIMIT * base


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a process is read from /proc")
def test_a_worker_pays_for_its_first_sync_what_it_uses(tmp_path):
    """The second process on a ledger, since the first one makes its tables."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(tmp_path / "pyc")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with local_telnyx() as address:
        line = [sys.executable, "-c", WORKER, address, f"sqlite:///{tmp_path / 'ledger.db'}"]
        for name in ("first", "second"):
            ran = subprocess.run([*line, name], env=environment, check=True, capture_output=True, text=True)
    found = json.loads(ran.stdout)
    print(f"\n{found['megabytes']:.0f} MiB above Python, limit {MEGABYTES}; {found['modules']} modules")
    assert found["megabytes"] <= MEGABYTES
