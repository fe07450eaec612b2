"""Random histories of edits, deaths, faults and clocks: whatever happens, at rest the laws hold."""

from __future__ import annotations

import os

import pytest

from tests.simulation.histories import History

COUNT = int(os.environ.get("REMINDER_KIT_HISTORIES", "10000"))
SEED = int(os.environ.get("REMINDER_KIT_SEED", "0"))
REPLAY = "REMINDER_KIT_SEED={seed} REMINDER_KIT_HISTORIES=1 python -m pytest -m nightly tests/simulation"


def play(seed):
    history = History(seed)
    try:
        history.play()
    except BaseException as error:
        story = "\n".join(history.told)
        error.add_note(f"\n{story}\n\nTell it again: {REPLAY.format(seed=seed)}")
        raise
    return history


@pytest.mark.parametrize("seed", range(8))
def test_at_rest_the_laws_hold_whatever_happened(seed):
    history = play(seed * 1000 + 1)
    assert history.world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_at_rest_the_laws_hold_in_many_histories():
    for seed in range(SEED, SEED + COUNT):
        play(seed)
