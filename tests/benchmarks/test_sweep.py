"""What the batch job costs where nothing is due, as a ratio to the bare statements in one run.

`python -m pytest -s -m benchmark tests/benchmarks/test_sweep.py`

Each side runs in a process of its own, three times by turns; the least CPU counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNT, TURNS, LIMIT, MEGABYTES = 192_000, 3, 3.0, 120

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def test_a_sweep_with_nothing_due_costs_about_its_statements(tmp_path):
    """Among 192,000 appointments at most three times the statements that find what is due and count the rest."""

    def run(side):
        command = [sys.executable, "-m", "tests.benchmarks.sweeping", side, tmp_path, str(COUNT)]
        environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
        return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)

    run("build")
    turns = [{side: run(side) for side in ("statements", "sweep")} for _ in range(TURNS)]
    best = {side: min(turn[side]["cpu"] for turn in turns) for side in turns[0]}
    peak = max(turn["sweep"]["peak"] for turn in turns)
    print(f"\nstatements {best['statements']:.2f} s, sweep {best['sweep']:.2f} s of {COUNT:,}")
    print(f"ratio {best['sweep'] / best['statements']:.2f}, limit {LIMIT}; peak {peak:.0f} MB, limit {MEGABYTES}")
    assert best["sweep"] <= LIMIT * best["statements"]
    assert peak <= MEGABYTES
