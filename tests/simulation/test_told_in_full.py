"""What runs do in some random histories, line by line: whoever changes that sees in these files where, and how.

The laws say what must hold; these lines say what is done. After a change that means to do something else they are
written anew, and read before they are committed:

    REMINDER_KIT_TELL=1 python -m pytest tests/simulation/test_told_in_full.py

A line begins with the time, then comes what a run reports of a reminder, what a provider was asked, or at the end what
the ledger holds. What stays as it was is left out. Appointments have their ids, people none.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reminder_kit import ReminderKit
from reminder_kit.planning.changes import ChangeKind
from tests.simulation.consents import ConsentHistory
from tests.simulation.histories import History
from tests.simulation.joint import JointHistory
from tests.simulation.obstacles import ObstacleHistory
from tests.simulation.replies import ReplyHistory
from tests.simulation.snapshots import SnapshotHistory

TOLD = Path(__file__).parent / "told"
WRITES = bool(os.environ.get("REMINDER_KIT_TELL"))
KINDS = {
    "edits": History,
    "joint": JointHistory,
    "telnyx": lambda seed: ObstacleHistory(seed, provider="telnyx"),
    "twilio": lambda seed: ObstacleHistory(seed, provider="twilio"),
    "vonage": lambda seed: ObstacleHistory(seed, provider="vonage"),
    "replies": ReplyHistory,
    "consents": ConsentHistory,
    "snapshots": SnapshotHistory,
}
STORIES = [f"{kind}-{seed}" for kind in KINDS for seed in range(8)]


def at(instant):
    return f"{instant:%m-%d %H:%M:%S}" if instant else "never"


class Told:
    """The lines of a history: what its runs say, as they say it."""

    def __init__(self, monkeypatch):
        self.lines = []
        for verb in ("sync", "resync", "withdraw"):
            monkeypatch.setattr(ReminderKit, verb, self.heard(verb, getattr(ReminderKit, verb)))

    def heard(self, verb, plain):
        def told(kit, *given, **named):
            try:
                report = plain(kit, *given, **named)
            except BaseException as error:
                self.lines.append(f"{at(kit.now())} {verb} broke off: {type(error).__name__}")
                raise
            if report is not None:
                self.report(verb, report)
            return report

        return told

    def report(self, verb, report):
        of_note = [
            change for change in report.changes if change.kind is not ChangeKind.KEEP or change.outcome != "done"
        ]
        for change in of_note:
            words = [change.kind, change.reason, change.outcome, change.identity.id, change.rule or "-"]
            words += [f"due {at(change.due_at)}", f"at {at(change.send_at)}", *change.causes]
            self.lines.append(" ".join([at(report.now), verb, *map(str, words)]))
        for item in report.attention:
            words = [item.kind, item.what, f"for {len(item.affected)}", f"since {at(item.since)}"]
            self.lines.append(" ".join([at(report.now), "attention", *words, f"again {at(item.next_try_at)}"]))
        counts = [f"{name} {count}" for name, count in sorted(report.summary.items()) if count]
        self.lines.append(" ".join([at(report.now), verb, "ok" if report.ok else "not ok", *counts]))


def asked(world):
    """Yield what the provider was asked, by kinds of addresses."""
    for request in world.sandbox.requests:
        yield f"{at(request.at)} {request.method} {request.status} {request.fault or ''}".rstrip()


def held(world):
    """Yield what the ledger holds."""
    for record in world.records():
        state = "gone" if record.removed else "dirty" if record.dirty else "stands"
        yield f"{record.identity.id} {state} next {at(record.next_at)}"
        for one in sorted(record.outcomes, key=lambda one: (one.rule, str(one.due_at), one.to)):
            yield f"  {one.rule} {one.status} {one.reason} due {at(one.due_at)} park {at(one.park_at)}"
        for one in sorted(record.messages, key=lambda one: (one.created_at, one.send_at, one.state)):
            words = [
                one.state,
                f"at {at(one.draft.send_at)}",
                f"attempts {one.attempts}",
                f"next {at(one.next_try_at)}",
            ]
            yield " ".join(["  message", *map(str, words), one.error])
    for blocker in world.ledger.read(lambda reader: reader.blockers()):
        yield f"blocked by {blocker.code} {blocker.country} {blocker.attempts} since {at(blocker.since)}"
    for source, name in dict.fromkeys(record.identity[:2] for record in world.records()):
        yield from history(world, source, name)


def history(world, source, name):
    """Yield what the ledger says of how an appointment came to that."""
    for entry in world.ledger.read(lambda reader: reader.history(id=name, source=source)):
        yield " ".join([at(entry.at), entry.actor, entry.event, entry.identity.id, entry.rule, entry.reason]).rstrip()


@pytest.mark.parametrize("story", STORIES)
def test_what_runs_do_is_what_they_did(story, monkeypatch):
    """Every line of what a few histories come to."""
    kind, _, seed = story.partition("-")
    told = Told(monkeypatch)
    history = KINDS[kind](int(seed) * 1000 + 3)
    history.play()
    world = history.world
    found = [*told.lines, "", *asked(world), "", *held(world), ""]
    file = TOLD / f"{story}.txt"
    if WRITES:
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(found), encoding="utf-8")
    assert found == file.read_text(encoding="utf-8").split("\n")
