"""Random histories of a ledger that is copied while it works: the copy writes to nobody, until it takes its place.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import NEW_YORK, START
from tests.simulation.replay import blocks, how_many, play_histories, play_history

COUNT = how_many(200)
RULES = (Rule("day-before", before="24 hours", text="See you {{ when }}."),)
NUMBERS = [f"+120255501{number:02}" for number in range(1, 9)]


class Copied:
    """One story: a ledger at work, a copy of it beside it, and in the end one of the two."""

    def __init__(self, seed):
        self.random, self.story, self.seed = Random(seed), [], seed
        self.sandbox = Sandbox(clock=START, strict=True)
        self.host = {}

    def log(self, *words):
        self.story.append(f"{self.sandbox.now():%d %H:%M} {' '.join(map(str, words))}")

    def kit(self, path):
        return ReminderKit(
            Telnyx(api_key="KEY", from_="+12025550100"),
            RULES,
            f"sqlite:///{path}",
            timezone="America/New_York",
            clock=self.sandbox.clock,
            transport=SandboxTransport(self.sandbox),
            concurrency=1,
        )

    def visit(self, host, number):
        at = (START + timedelta(days=self.random.choice([2, 3, 4, 8]), hours=self.random.randrange(8))).astimezone(
            NEW_YORK
        )
        host[number] = Appointment(f"A-{number}", at, recipients=[Recipient(number)])
        return host[number]

    def act(self, kit, host, who):
        """Have a worker do something that may write to the provider."""
        what, number = (
            self.random.choice(["resync", "resync", "sync", "sync", "record", "withdraw"]),
            self.random.choice(NUMBERS),
        )
        self.log(who, what, number)
        if what == "resync":
            kit.resync(force=True)
        elif what == "withdraw":
            host.pop(number, None)
            kit.withdraw(f"A-{number}")
        else:
            getattr(kit, what)(self.visit(host, number))

    def play(self):
        with tempfile.TemporaryDirectory() as folder:
            self.play_in(Path(folder))
        return self

    def play_in(self, folder):
        original, copy = folder / "reminders.db", folder / "staging.db"
        with closing(self.kit(original)) as kit:
            kit.sync([self.visit(self.host, number) for number in NUMBERS[:4]])
            for _ in range(self.random.randrange(6)):
                self.act(kit, self.host, "original")
            with closing(sqlite3.connect(original)) as here, closing(sqlite3.connect(copy)) as there:
                here.backup(there)
            moves = self.random.random() < 0.4  # then the original works no more, and the copy takes its place
            self.log("moved" if moves else "copied")
            with closing(self.kit(copy)) as other:
                theirs = dict(self.host)
                for _ in range(10):
                    if not moves and self.random.random() < 0.5:
                        self.act(kit, self.host, "original")
                    else:
                        writes = self.sandbox.write_count
                        self.act(other, theirs, "copy")
                        assert self.sandbox.write_count == writes, "a copy wrote to the provider"
                        assert [item.kind for item in other.attention()] == ["ledger"]
                    self.sandbox.clock.advance(minutes=self.random.choice([0, 1, 30]))
                if moves:
                    self.log("adopted")
                    other.ledger.adopt()
                    self.host = theirs
                self.check(other if moves else kit)

    def check(self, kit):
        """At the provider is just what the host wants of the ledger that works."""
        kit.resync(force=True)
        kit.sync(list(self.host.values()), complete=True, force=True)
        wanted = {
            (visit.recipients[0].phone, visit.starts_at - timedelta(hours=24))
            for visit in self.host.values()
            if visit.starts_at - timedelta(hours=24) < self.sandbox.now() + timedelta(days=4, hours=23)
        }
        assert {(message.to, message.send_at) for message in self.sandbox.parked()} == wanted


def play(seed):
    return play_history(Copied, seed, "tests/simulation/test_copied_ledgers.py")


@pytest.mark.parametrize("seed", range(4))
def test_a_copy_writes_to_nobody_whatever_it_is_asked(seed):
    """In four random histories the copy never writes to the provider, and the original's work is untouched."""
    assert play(seed * 1000 + 5).sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 20))
def test_a_copy_writes_to_nobody_in_many_histories(seeds):
    """In hundreds of histories, or as many as `REMINDER_KIT_HISTORIES` says, the copy writes to nobody."""
    play_histories(seeds, play)
