"""Random histories of a rolling deploy: five workers change their rules one after another, and some change back.

How to run all, a part, or one of them: as `test_histories.py` says, with this file's name.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from reminder_kit import Appointment, Recipient, Rule
from tests.factories import NEW_YORK, START
from tests.simulation.replay import blocks, how_many, play_histories, play_history
from tests.simulation.world import World, parked

COUNT = how_many(400)
WORKERS = 5


def release(name):
    """The rules of one release: the same ids in other words, and one rule that only it has."""
    return (
        Rule("day-before", before="24 hours", text=f"{name}: see you {{{{ when }}}}."),
        Rule("two-hours", before="2 hours", text=f"{name}: soon, {{{{ when }}}}."),
        Rule(f"only-{name}", before="30 hours", text=f"{name}: in a while, {{{{ when }}}}."),
    )


class Deploy:
    """One story: workers that sync and resync at any minute, while a release goes out over ten minutes."""

    def __init__(self, seed):
        self.random, self.story = Random(seed), []
        self.world = World(release("old"))
        self.host, self.edits = {}, Counter()
        self.releases = ["old"] * WORKERS
        self.workers = [self.world.kit() for _ in range(WORKERS)]

    def log(self, *words):
        self.story.append(f"{self.world.now:%H:%M:%S} {' '.join(map(str, words))}")

    def start(self, index, name):
        self.log("worker", index, "starts with", name)
        self.world.rules = release(name)
        self.workers[index], self.releases[index] = self.world.kit(), name

    def book(self):
        number = len(self.host) + 1
        ahead = timedelta(days=3, minutes=self.random.randrange(600))
        if self.random.random() < 0.4:  # the latest reminder enters the window while the release goes out
            ahead = timedelta(days=5, hours=2, minutes=self.random.randrange(20))
        visit = Appointment(
            f"A-{number}", (START + ahead).astimezone(NEW_YORK), recipients=[Recipient(f"+120255501{number:02}")]
        )
        self.host[visit.id] = visit
        return visit

    def edited(self):
        visit = self.host[self.random.choice(sorted(self.host))]
        self.edits[visit.recipients[0].phone] += 1
        by = timedelta(minutes=self.random.choice([-60, -120, -180]))
        self.host[visit.id] = Appointment(visit.id, visit.starts_at + by, recipients=visit.recipients)
        return self.host[visit.id]

    def act(self, index):
        """Have one worker do what workers do within a minute."""
        kit, what = self.workers[index], self.random.choice(["resync"] * 4 + ["same", "same", "book", "edit", "dirty"])
        self.log("worker", index, self.releases[index], what)
        if what == "resync":
            assert kit.resync().ok
        elif what == "same":
            kit.sync(self.host[self.random.choice(sorted(self.host))])
        elif what == "book" and len(self.host) < 30:
            kit.sync(self.book())
        elif what == "edit":
            kit.sync(self.edited())
        elif what == "dirty":
            kit.record(self.edited())
            kit.resync(only_dirty=True)

    def minutes(self, count, changes=()):
        """Let so many minutes pass; `changes` are (minute, worker, release)."""
        for minute in range(count):
            for at, index, name in changes:
                if at == minute:
                    self.start(index, name)
            for index in self.random.sample(range(WORKERS), WORKERS):
                if self.random.random() < 0.6:
                    self.act(index)
            self.check()
            self.world.advance(seconds=60)

    def roll(self, name):
        """Replace every worker within ten minutes, in any order."""
        order = self.random.sample(range(WORKERS), WORKERS)
        return [(self.random.randrange(10), index, name) for index in order]

    def check(self):
        """Nobody ever has two messages of one rule; nothing is replaced twice that nobody edited."""
        live = Counter((message.to, message.text.partition(",")[0][5:]) for message in parked(self.world))
        assert not [key for key, count in live.items() if count > 1], live

    def made(self):
        """Return how many messages were ever made for each number by each rule that both releases have."""
        return Counter(
            (message.to, kind)
            for message in self.world.sandbox.messages()
            for kind in ("see you", "soon")
            if kind in message.text
        )

    def play(self):
        for _ in range(8):
            self.workers[0].sync(self.book())
        self.minutes(2)
        self.minutes(10, self.roll("new"))
        turns, name = 2, "new"
        if self.random.random() < 0.4:  # a rollback: it settles once nobody works with the other release any more
            self.minutes(self.random.randrange(4))
            self.minutes(10, self.roll("old"))
            turns, name = 3, "old"
        self.world.advance(seconds=600)
        self.log("the last of them resyncs")
        assert self.workers[0].resync().ok
        self.check()
        for (number, kind), count in self.made().items():
            most = turns + 2 * self.edits[number]
            assert count <= most, f"{kind!r} was made {count} times for {number}, {most} at the most"
        texts = [message.text for message in parked(self.world)]
        assert len(texts) == 3 * len(self.host)
        assert all(text.startswith(f"{name}:") for text in texts), texts
        writes = self.world.sandbox.write_count
        self.world.advance(seconds=660)
        assert [item.kind for item in self.workers[1].resync().attention] == []
        assert self.world.sandbox.write_count == writes
        return self


def play(seed):
    return play_history(Deploy, seed, "tests/simulation/test_two_rule_sets.py")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_a_rolling_deploy_replaces_nothing_twice(seed):
    """In four random deploys, with a rollback in some, each message is replaced once, and all is right at the end."""
    assert play(seed * 1000 + 3).world.sandbox.request_count > 0


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seeds", blocks(COUNT, 20))
def test_a_rolling_deploy_replaces_nothing_twice_in_many_histories(seeds):
    """In hundreds of deploys, or as many as `REMINDER_KIT_HISTORIES` says, nothing is replaced twice."""
    play_histories(seeds, play)
