"""How many histories are told, in which blocks, and what an error says of the one that went wrong.

Never chooses by chance: `REMINDER_KIT_SEED` is the first seed, `REMINDER_KIT_HISTORIES` how many there are.
"""

from __future__ import annotations

import os

import pytest

SEED = int(os.environ.get("REMINDER_KIT_SEED", "0"))
REPLAY = "REMINDER_KIT_SEED={seed} REMINDER_KIT_HISTORIES=1 python -m pytest -m nightly {where}"


def how_many(usually):
    return int(os.environ.get("REMINDER_KIT_HISTORIES", usually))


def blocks(count, size):
    """Return the seeds in blocks, each named by its first and last."""
    found = [range(first, min(first + size, SEED + count)) for first in range(SEED, SEED + count, size)]
    return [pytest.param(match, id=f"{match[0]}-{match[-1]}") for match in found]


def tell(kind, seed, where, **options):
    """Tell one history; an error carries the story and the command that tells it again."""
    history = kind(seed, **options)
    try:
        history.play()
    except BaseException as error:
        error.add_note("\n" + "\n".join([*history.told, "", f"Tell it again: {REPLAY.format(seed=seed, where=where)}"]))
        raise
    return history


def tell_all(seeds, play, prepare=lambda: None):
    """Tell all of these; raises the first error once all are told, and says which others failed."""
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
