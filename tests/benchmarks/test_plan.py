"""What planning costs, as a ratio to the plain way in one run: pendulum for the instants, Jinja for the texts.

`python -m pytest -s -m benchmark tests/benchmarks/test_plan.py`

The two take turns, and the least CPU of each counts: what else the machine does only adds. What is planned is planned
for the first time, in a window in which one in ten reminders gets its text, and the plain way writes all of them.
"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from attrs import evolve

from tests.benchmarks.main_job import appointments, make_kit, naive

COUNT, RULES, TURNS = 4000, 3, 5
LIMIT = 1.0
HANDED_IN_LIMIT = 4.5

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def cpu_of(work):
    began = time.process_time()
    work()
    return time.process_time() - began


def test_a_reminder_is_planned_in_less_than_its_text_takes_by_hand(tmp_path):
    """Decided, with its reason, its key and its line in a plan, in less CPU than the plain way takes."""
    ours, plain = [], []
    with make_kit(tmp_path) as kit:
        kit.warm()
        for turn in range(TURNS):
            new = [evolve(one, id=f"{one.id}-{turn}") for one in appointments(COUNT)]
            ours.append(cpu_of(lambda new=new: kit.plan(new)) / COUNT / RULES)
            plain.append(cpu_of(lambda: naive(COUNT)) / COUNT / RULES)
    best, by_hand = min(ours), min(plain)
    print(f"\n{best * 1e6:.0f} us a reminder, {by_hand * 1e6:.0f} by hand")
    print(f"ratio {best / by_hand:.2f}, limit {LIMIT}")
    assert best <= LIMIT * by_hand


def test_what_is_handed_in_again_costs_a_few_times_its_making(tmp_path):
    """The batch job is handed what the ledger holds, from a generator: making the appointments is the measure."""
    ours, making = [], []

    def later():
        for one in appointments(COUNT):
            yield evolve(one, starts_at=one.starts_at + timedelta(days=20))

    with make_kit(tmp_path) as kit:
        kit.sync(later())
        for _ in range(TURNS):
            making.append(cpu_of(lambda: list(later())) / COUNT)
            ours.append(cpu_of(lambda: kit.resync(later())) / COUNT)
    best, made = min(ours), min(making)
    print(f"\n{best * 1e6:.0f} us each, of which {made * 1e6:.0f} to make it")
    print(f"ratio {best / made:.2f}, limit {HANDED_IN_LIMIT}")
    assert best <= HANDED_IN_LIMIT * made
