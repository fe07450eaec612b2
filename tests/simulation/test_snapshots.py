"""Random histories of snapshots that come in late: nothing recorded since is withdrawn or put back.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name. One history in forty is told
on PostgreSQL as well.
"""

from __future__ import annotations

import pytest

from tests.simulation.replay import blocks, how_many, play_histories, play_history
from tests.simulation.snapshots import SnapshotHistory

COUNT = how_many(5_000)
HERE = "tests/simulation/test_snapshots.py"


def play(seed, ledger=None):
    where = f"{HERE} -k {'memory' if ledger is None else 'postgresql'}"
    return play_history(SnapshotHistory, seed, where, ledger=ledger, steps=48)


@pytest.mark.slow
def test_a_snapshot_undoes_nothing_that_was_recorded_after_it():
    """In eight random histories; and each of them had something to keep, and something to follow."""
    for seed in range(8):
        history = play(seed)
        assert history.kept > 0, f"seed {seed}: nothing was recorded after a snapshot"
        assert history.followed > 0, f"seed {seed}: no snapshot said anything"


@pytest.mark.slow
def test_a_snapshot_undoes_nothing_on_postgresql(shared):
    """The first three histories on PostgreSQL too."""
    ledger, empty = shared
    play_histories(range(3), lambda seed: play(seed, ledger), empty)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_a_snapshot_undoes_nothing_in_many_histories_in_memory(seeds):
    """In thousands of histories, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_histories(seeds, play)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(-(-COUNT // 40), 50))
def test_a_snapshot_undoes_nothing_in_many_histories_on_postgresql(seeds, shared):
    """One history in forty is told on PostgreSQL as well."""
    ledger, empty = shared
    play_histories(seeds, lambda seed: play(seed, ledger), empty)
