"""Random histories of consent: nobody is written to who is barred by what is known, and who no longer is, is.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name. One history in forty is told
on PostgreSQL as well.
"""

from __future__ import annotations

import pytest

from tests.simulation.consents import ConsentHistory
from tests.simulation.replay import blocks, how_many, play_histories, play_history

COUNT = how_many(4_000)
HERE = "tests/simulation/test_consents.py"


def play(seed, ledger=None):
    where = f"{HERE} -k {'memory' if ledger is None else 'postgresql'}"
    return play_history(ConsentHistory, seed, where, ledger=ledger)


def test_only_who_may_be_written_to_is():
    """In three random histories; and among them some numbers were barred, some lifted, and some hosts refused."""
    told = [play(seed) for seed in range(3, 6)]
    assert sum(history.withheld for history in told) > 0
    assert sum(history.sent for history in told) > 0
    assert sum(history.refused for history in told) > 0


@pytest.mark.slow
def test_only_who_may_be_written_to_is_on_postgresql(shared):
    """The first history on PostgreSQL too."""
    ledger, empty = shared
    play_histories(range(1), lambda seed: play(seed, ledger), empty)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_only_who_may_be_written_to_is_in_many_histories_in_memory(seeds):
    """In thousands of histories, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_histories(seeds, play)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(-(-COUNT // 40), 50))
def test_only_who_may_be_written_to_is_in_many_histories_on_postgresql(seeds, shared):
    """One history in forty is told on PostgreSQL as well."""
    ledger, empty = shared
    play_histories(seeds, lambda seed: play(seed, ledger), empty)
