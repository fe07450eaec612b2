"""Random histories of families and busy days: at rest everybody is told, once, in one message or their own."""

from __future__ import annotations

import os

import pytest

from tests.simulation.joint import JointHistory

COUNT = int(os.environ.get("REMINDER_KIT_HISTORIES", "5000"))
SEED = int(os.environ.get("REMINDER_KIT_SEED", "0"))
REPLAY = (
    "REMINDER_KIT_SEED={seed} REMINDER_KIT_HISTORIES=1 python -m pytest -m nightly tests/simulation/test_together.py"
)


def play(seed):
    history = JointHistory(seed)
    try:
        history.play()
    except BaseException as error:
        story = "\n".join(history.told)
        error.add_note(f"\n{story}\n\nTell it again: {REPLAY.format(seed=seed)}")
        raise
    return history


@pytest.mark.parametrize("seed", range(6))
def test_at_rest_everybody_is_told_once_whatever_happened(seed):
    assert play(seed * 1000 + 7).world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_at_rest_everybody_is_told_once_in_many_histories():
    for seed in range(SEED, SEED + COUNT):
        play(seed)
