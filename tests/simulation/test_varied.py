"""Random histories with all that may be set: limits, notices, senders, fallbacks, words; nobody has a reminder twice.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.replay import blocks, how_many, play_histories, play_history
from tests.simulation.varied import CalmHistory, LimitedHistory, Reports, VariedHistory

COUNT = how_many(2_000)
HERE = "tests/simulation/test_varied.py"


def play(seed):
    return play_history(VariedHistory, seed, f"{HERE} -k memory")


@pytest.mark.slow
def test_nobody_has_a_reminder_twice_whatever_is_set():
    """In twelve random histories, in which texts went out, were held, and fell to what was set."""
    came_to = Counter()
    for seed in range(12):
        world = play(seed).world
        came_to["sent"] += sum(bool(message.sent_at) for message in world.sandbox.messages())
        came_to.update(str(outcome.reason) for record in world.records() for outcome in record.outcomes)
    assert came_to["sent"] > 40
    assert {"condition", "superseded", "beyond_window", "outside_only_to"} <= came_to.keys()


@pytest.mark.slow
def test_whatever_is_parked_or_taken_back_is_reported(monkeypatch):
    """In sixteen random histories in which nothing breaks: by the report of the run that did it."""
    reports = Reports(monkeypatch)
    for seed in range(16):
        play_history(CalmHistory, seed, f"{HERE} -k reported")
    assert reports.parked > 40
    assert reports.taken_back > 20


@pytest.mark.slow
def test_no_number_gets_more_in_a_day_than_it_may():
    """In twelve calm histories, of which three had too many once, counted at the provider by each number's clock."""
    withheld = sum(
        play_history(LimitedHistory, seed, f"{HERE} -k number").withheld for seed in (18, 205, 320, *range(9))
    )
    assert withheld > 20


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_nobody_has_a_reminder_twice_in_many_histories_in_memory(seeds):
    """In thousands of histories, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_histories(seeds, play)
