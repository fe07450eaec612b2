"""What runs do in some random histories, line by line: whoever changes that sees in these files where, and how.

The laws say what must hold; these lines say what is done. After a change that means to do something else they are
written anew, and read before they are committed:

    REMINDER_KIT_TELL=1 python -m pytest -m 'slow or not slow' -k in_full tests/simulation tests/stories tests/calendars

A line begins with the time, then comes what a run reports of a reminder, what a provider was asked, or at the end what
the ledger holds, and how many statements that took. What stays as it was is left out. Appointments have their ids,
people none.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.consents import ConsentHistory
from tests.simulation.histories import History
from tests.simulation.joint import JointHistory
from tests.simulation.lines import Told, asked, compared, held
from tests.simulation.obstacles import ObstacleHistory
from tests.simulation.replies import ReplyHistory
from tests.simulation.snapshots import SnapshotHistory
from tests.simulation.varied import VariedHistory

TOLD = Path(__file__).parent / "told"
KINDS = {
    "edits": History,
    "joint": JointHistory,
    "telnyx": lambda seed: ObstacleHistory(seed, provider="telnyx"),
    "twilio": lambda seed: ObstacleHistory(seed, provider="twilio"),
    "vonage": lambda seed: ObstacleHistory(seed, provider="vonage"),
    "replies": ReplyHistory,
    "consents": ConsentHistory,
    "snapshots": SnapshotHistory,
    "varied": VariedHistory,
}
STORIES = [
    pytest.param(f"{kind}-{seed}", marks=[pytest.mark.slow] if seed % 2 else [])
    for kind in KINDS
    for seed in range(16 if kind == "varied" else 8)
]
"""Many of those whose settings are drawn, of which the laws say little. Every other one is among the slow tests."""


@pytest.mark.parametrize("story", STORIES)
def test_what_runs_do_is_what_they_did(story, monkeypatch):
    """Every line of what a few histories come to."""
    kind, _, seed = story.partition("-")
    told = Told(monkeypatch)
    history = KINDS[kind](int(seed) * 1000 + 3)
    world = history.world
    told.listen(world.ledger)
    history.play()
    found = [*told.lines, "", *asked(world.sandbox), "", *held(world.ledger), "", *told.work(), ""]
    assert found == compared(TOLD / f"{story}.txt", found)
