"""Random histories of obstacles: what an outage, the account or a limit stopped is received once it is over.

How to run the ten thousand of each provider and database (of one core, an hour each, and three on PostgreSQL):

    python -m pytest -m nightly tests/simulation/test_obstacles.py -k "telnyx and memory"
    REMINDER_KIT_SEED=4000 REMINDER_KIT_HISTORIES=500 python -m pytest -m nightly tests/simulation/test_obstacles.py

The second tells a part. A block goes on after a failure; its error tells the first story that went wrong, with its
command, and the seeds of the others.
"""

from __future__ import annotations

import pytest

from tests.simulation.obstacles import ObstacleHistory
from tests.simulation.replay import blocks, how_many, play_histories, play_history

COUNT = how_many(10_000)
PROVIDERS = ["telnyx", "twilio", "vonage"]
SIZE = 250 if COUNT >= 1000 else 20


def play(seed, provider, ledger=None):
    where = f'tests/simulation/test_obstacles.py -k "{provider} and {"memory" if ledger is None else "postgresql"}"'
    return play_history(ObstacleHistory, seed, where, provider=provider, ledger=ledger)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_what_an_obstacle_stopped_is_received_once_it_is_over(provider, seed):
    """In nine random histories of outages, refusals and limits everybody is told, once, when they are over."""
    assert play(seed, provider).world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("seeds", blocks(COUNT, SIZE))
def test_what_an_obstacle_stopped_is_received_in_many_histories_in_memory(seeds, provider):
    """The same holds in ten thousand histories of each provider, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_histories(seeds, lambda seed: play(seed, provider))


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("seeds", blocks(COUNT, SIZE))
def test_what_an_obstacle_stopped_is_received_in_many_histories_on_postgresql(seeds, provider, shared):
    """The same holds where the ledger is on PostgreSQL."""
    ledger, empty = shared
    play_histories(seeds, lambda seed: play(seed, provider, ledger), empty)


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_an_obstacle_stopped_is_received_on_postgresql(provider, shared):
    """The first two histories of each provider hold on PostgreSQL too."""
    ledger, empty = shared
    play_histories(range(2), lambda seed: play(seed, provider, ledger), empty)
