"""How many histories are played, in which blocks, and what an error says of the one that went wrong.

Never chooses by chance: `REMINDER_KIT_SEED` is the first seed, `REMINDER_KIT_HISTORIES` how many there are.
"""

from __future__ import annotations

import os
from hashlib import blake2b

import pytest

SEED = int(os.environ.get("REMINDER_KIT_SEED", "0"))
REPLAY = "REMINDER_KIT_SEED={seed} REMINDER_KIT_HISTORIES=1 python -m pytest -m nightly {where}"


def how_many(usually):
    return int(os.environ.get("REMINDER_KIT_HISTORIES", usually))


def blocks(count, size):
    """Return the seeds in blocks, each named by its first and last."""
    found = [range(first, min(first + size, SEED + count)) for first in range(SEED, SEED + count, size)]
    return [pytest.param(match, id=f"{match[0]}-{match[-1]}") for match in found]


def play_history(kind, seed, where, **options):
    """Play one history; an error carries the story and the command that plays it again."""
    history = kind(seed, **options)
    try:
        history.play()
    except BaseException as error:
        error.add_note(
            "\n" + "\n".join([*history.story, "", f"Play it again: {REPLAY.format(seed=seed, where=where)}"])
        )
        raise
    return history


def digest_of(history):
    """Return what stands for all that happened and was asked in one history that is over."""
    asked = [(request.at, request.method, request.status, request.fault) for request in history.world.sandbox.requests]
    return blake2b(repr((history.story, asked, history.world.messages().keys())).encode()).hexdigest()


def play_histories(seeds, play, prepare=lambda: None):
    """Play all of these; raises the first error once all are over, and says which others failed."""
    failed = {}
    for seed in seeds:
        prepare()
        try:
            play(seed)
        except Exception as error:  # noqa: BLE001 - raised below
            failed[seed] = error
    if failed:
        error = next(iter(failed.values()))
        error.add_note(f"Of {len(seeds)} histories {len(failed)} failed: {', '.join(map(str, failed))}")
        raise error
