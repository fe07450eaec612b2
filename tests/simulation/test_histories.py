"""Random histories of edits, deaths, faults and clocks: whatever happens, at rest the laws hold.

How to run the ten thousand (half an hour of one core; `-n 2` shares the blocks out to two):

    python -m pytest -m nightly tests/simulation/test_histories.py
    REMINDER_KIT_SEED=4000 REMINDER_KIT_HISTORIES=500 python -m pytest -m nightly tests/simulation/test_histories.py
    REMINDER_KIT_SEED=1547 REMINDER_KIT_HISTORIES=1 python -m pytest -m nightly tests/simulation/test_histories.py

The second tells a part, the third one history. A block goes on after a failure; its error tells
the first story that went wrong, with its command, and the seeds of the others. One history in
forty is told on PostgreSQL as well (`-k postgresql`, or `-k memory` without those).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.histories import History
from tests.simulation.replay import blocks, digest_of, how_many, play_histories, play_history

COUNT = how_many(10_000)
ROOT = Path(__file__).parents[2]
HERE = "tests/simulation/test_histories.py"


def play(seed, ledger=None):
    where = f"{HERE} -k {'memory' if ledger is None else 'postgresql'}"
    return play_history(History, seed, where, ledger=ledger)


def play_all(seeds, ledger=None, prepare=lambda: None):
    play_histories(seeds, lambda seed: play(seed, ledger), prepare)


@pytest.mark.few(3)
@pytest.mark.parametrize("seed", range(8))
def test_at_rest_the_laws_hold_whatever_happened(seed):
    """In eight random histories of edits, deaths and faults the laws hold whenever all is at rest."""
    history = play(seed * 1000 + 1)
    assert history.world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 250 if COUNT >= 1000 else 20))
def test_at_rest_the_laws_hold_in_many_histories_in_memory(seeds):
    """The laws hold in ten thousand histories too, or in as many as `REMINDER_KIT_HISTORIES` says."""
    play_all(seeds)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(-(-COUNT // 40), 50))
def test_at_rest_the_laws_hold_in_many_histories_on_postgresql(seeds, shared):
    """One history in forty is told on PostgreSQL as well, where the same laws hold."""
    ledger, empty = shared
    play_all(seeds, ledger, empty)


@pytest.mark.slow
def test_at_rest_the_laws_hold_with_two_kits_on_postgresql(shared):
    """The first three histories hold to the laws on PostgreSQL too, with two kits on one ledger."""
    ledger, empty = shared
    play_all(range(3), ledger, empty)


# Played again

PLAYED = """
import sys
from tests.simulation.histories import History
from tests.simulation.replay import digest_of, play_history
print(digest_of(play_history(History, int(sys.argv[1]), "")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 22])
def test_the_same_seed_tells_the_same_story_in_every_process(seed):
    """A history depends on its seed alone, not on the hashes of a process: it can be told again."""
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    child = [sys.executable, "-c", PLAYED, str(seed)]
    ran = subprocess.run(child, env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == digest_of(play(seed))


@pytest.mark.slow
def test_a_history_that_fails_says_how_to_tell_it_again(monkeypatch):
    """A failure lists the seeds that failed and the command of the first, and that command runs."""

    def broken(history):
        raise AssertionError("the laws don't hold")

    with monkeypatch.context() as patched:
        patched.setattr(History, "rest", broken)
        with pytest.raises(AssertionError, match="the laws don't hold") as caught:
            play_all(range(3, 5))
    note = "\n".join(caught.value.__notes__)
    assert "Of 2 histories 2 failed: 3, 4" in note
    (command,) = re.findall("Play it again: (.*)", note)
    assert "REMINDER_KIT_SEED=3 " in command
    command = command.replace("python", sys.executable, 1)
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout
