"""Random histories of families and busy days: at rest everybody is told, once, in one message or their own.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name.
"""

from __future__ import annotations

import pytest

from tests.simulation.joint import JointHistory
from tests.simulation.replay import blocks, how_many, play_histories, play_history

COUNT = how_many(5_000)


def play(seed):
    return play_history(JointHistory, seed, "tests/simulation/test_together.py")


@pytest.mark.few(2)
@pytest.mark.parametrize("seed", range(6))
def test_at_rest_everybody_is_told_once_whatever_happened(seed):
    """In six random histories of combined reminders nobody is left out or told twice."""
    assert play(seed * 1000 + 7).world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_at_rest_everybody_is_told_once_in_many_histories(seeds):
    """In thousands of histories, or as many as `REMINDER_KIT_HISTORIES` says, nobody is left out or told twice."""
    play_histories(seeds, play)
