"""What five thousand practices in one process cost: memory, threads and descriptors, used in turn and by the batch job.

`python -m pytest -s -m benchmark tests/benchmarks/test_tenants.py`; in a process of its own, a server in another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNT = int(os.environ.get("REMINDER_KIT_TENANTS", "5000"))

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def address():
    """The address of a fast local server."""
    command = [sys.executable, HERE / "fast_server.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.mark.parametrize("accounts", ["one", "each"])
def test_thousands_of_tenants_cost_what_a_hundred_do(address, tmp_path, accounts):
    """Each with rules, sender, zone (and account) of its own: threads and descriptors flat, 100 MB at the most."""
    path = os.pathsep.join(filter(None, (str(HERE.parents[1]), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, HERE / "tenants.py", str(COUNT), address, tmp_path, accounts]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    print()
    for line in told:
        print(line)
    first, *others = told
    for line in others:
        assert line["threads"] <= first["threads"] + 1, line
        assert line["descriptors"] <= first["descriptors"] + 8, line
        assert line["megabytes"] - first["megabytes"] <= 100, line
    assert [line["failed"] for line in others] == [0] * len(others)
