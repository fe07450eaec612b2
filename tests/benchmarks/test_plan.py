"""What planning costs, as ratios of one run: to pendulum and Jinja by hand, and to making the appointments.

`python -m pytest -s -m benchmark tests/benchmarks/test_plan.py`

Each side runs in a process of its own, three times by turns, and its least CPU counts: what else the machine does only
adds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNT, RULES, TURNS = 8000, 3, 3
PLAN_LIMIT, HANDED_IN_LIMIT = 2.0, 4.0

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


@pytest.fixture
def least(tmp_path):
    """Return a function: the least CPU of each of several sides, in seconds."""

    def run(side, turn):
        folder = tmp_path / f"{side}{turn}"
        folder.mkdir()
        command = [sys.executable, "-m", "tests.benchmarks.planning", side, folder, str(COUNT)]
        environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
        return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)

    def of(*sides):
        turns = [[run(side, turn) for side in sides] for turn in range(TURNS)]
        return [min(several) for several in zip(*turns, strict=True)]

    return of


def test_a_reminder_is_planned_in_less_than_two_of_them_take_by_hand(least):
    """Decided, with its reason, its key and its line in a plan, in a process that met nothing of it before."""
    ours, plain = least("plan", "by_hand")
    each = 1e6 / COUNT / RULES
    print(f"\nplan {ours * each:.0f} us a reminder, by hand {plain * each:.0f}")
    print(f"ratio {ours / plain:.2f}, limit {PLAN_LIMIT}")
    assert ours <= PLAN_LIMIT * plain


def test_what_is_handed_in_again_costs_a_few_times_its_making(least):
    """The batch job is handed what the ledger holds, from a generator: making the appointments is the measure."""
    ours, made = least("handed_in", "making")
    print(f"\nhanded in {ours / COUNT * 1e6:.0f} us each, of which {made / COUNT * 1e6:.0f} to make it")
    print(f"ratio {ours / made:.2f}, limit {HANDED_IN_LIMIT}")
    assert ours <= HANDED_IN_LIMIT * made
