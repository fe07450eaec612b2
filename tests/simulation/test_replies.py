"""Random histories of replies: each is told once, about what the person had got by then, and STOP always bars.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name. One history in forty is told
on PostgreSQL as well.
"""

from __future__ import annotations

import pytest

from tests.simulation.replay import blocks, how_many, play_histories, play_history
from tests.simulation.replies import ReplyHistory

COUNT = how_many(2_000)
HERE = "tests/simulation/test_replies.py"


def play(seed, ledger=None):
    where = f"{HERE} -k {'memory' if ledger is None else 'postgresql'}"
    return play_history(ReplyHistory, seed, where, ledger=ledger, steps=64)


@pytest.mark.slow
def test_each_reply_is_told_once_whenever_it_comes():
    """In four random histories; each had replies whose text is known, and keywords that held."""
    for seed in range(4):
        hearing = play(seed).hearing
        assert hearing.exact > 0, f"seed {seed}: no reply could be judged"
        assert hearing.confirmed > 0, f"seed {seed}: no keyword was told"


@pytest.mark.slow
def test_each_reply_is_told_once_on_postgresql(shared):
    """The first history on PostgreSQL too."""
    ledger, empty = shared
    play_histories(range(1), lambda seed: play(seed, ledger), empty)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_each_reply_is_told_once_in_many_histories_in_memory(seeds):
    """In thousands of histories, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_histories(seeds, play)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(-(-COUNT // 40), 50))
def test_each_reply_is_told_once_in_many_histories_on_postgresql(seeds, shared):
    """One history in forty is told on PostgreSQL as well."""
    ledger, empty = shared
    play_histories(seeds, lambda seed: play(seed, ledger), empty)
