"""The crash matrix: a process is killed at every step of every scenario, whatever the provider answers meanwhile.

The next batch job, and the host doing again what it was told nothing of, end in the same state.

How to run all of it (half an hour of one core; `-n 2` shares it out to two), a part, a sample, and one case:

    python -m pytest -m nightly tests/crash
    python -m pytest -m nightly tests/crash -k "twilio and moved and not postgresql"
    REMINDER_KIT_CRASHES=2 python -m pytest -m nightly tests/crash
    REMINDER_KIT_POINT=17 python -m pytest -m nightly tests/crash -k "twilio and put and off"

The third tells so many points of each story, far apart; the last tells one. A case that fails names its command.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter

import pytest

from tests.crash.nursery import nursery as started
from tests.crash.recovery import InFile, OnServer, Story, expected
from tests.crash.stories import BEHAVIOURS, KINDS, MOVED, SCENARIOS, messages, resynced

POINT = int(os.environ.get("REMINDER_KIT_POINT", "0"))
SAMPLE = int(os.environ.get("REMINDER_KIT_CRASHES", "0"))
AGAIN = "REMINDER_KIT_POINT={point} python -m pytest -m '' '{test}'"
LOST = ("dropped before", "dropped after", "never answered")
OTHERS = [kind for kind in KINDS if not KINDS[kind].keys]


def stories_of(kind):
    """Yield the stories of a kit without keys; what a policy does shows best where an answer is lost."""
    missing = KINDS[kind].policy == "prefer_missing"
    behaviours = ("dropped before", "dropped after") if missing else ("answered", *LOST)
    yield from ((kind, name, behaviour) for name in KINDS[kind].scenarios for behaviour in behaviours)


@pytest.fixture(scope="module")
def nursery():
    with started() as found:
        yield found


@pytest.fixture(scope="module")
def in_file():
    place = InFile()
    yield place
    place.close()


@pytest.fixture
def on_server(postgres_url):
    place = OnServer(postgres_url)
    yield place
    place.close()


@pytest.fixture
def matrix(nursery, request):
    """Return what kills a process at one point after the other until one lives, and compares each time."""

    def play(kind, name, behaviour, place, points=None, *, twice=False):
        wanted = expected(kind, name, place, behaviour)
        tried = 0
        for point in points if points and not POINT else _points():
            tried += 1
            again = AGAIN.format(point=point, test=request.node.nodeid)
            try:
                lived = Trial(kind, name, place, wanted).play(nursery, behaviour, point, twice=twice)
            except AssertionError as error:
                error.add_note(f"{kind}, {name}, {behaviour}, killed at step {point}. Play it again:\n{again}")
                raise
            if lived:
                break
        return tried

    return play


def _points():
    if POINT:
        return [POINT]
    return range(4, 4 + 9 * SAMPLE, 9) if SAMPLE else range(1, 1000)


class Trial:
    """One story of the matrix: played, and held against how the story ends without an accident."""

    def __init__(self, kind, name, place, wanted):
        self.kind, self.wanted = KINDS[kind], wanted
        self.story = Story(kind, name, place)

    def play(self, nursery, behaviour, point, *, twice=False):
        """Play it; says whether the process lived to its end."""
        lived = self.story.crash(nursery, behaviour, point) is not None
        if not lived:
            self.check_host()
        if twice and not lived:
            self.story.crash(nursery, "answered", 1 + point * 7 % 13, again=True)
        with self.story.kit() as kit:
            self.recovered(kit, lived=lived)
        return lived

    def recovered(self, kit, *, lived):
        """Run the batch job, have the host repeat what it was told nothing of, and compare."""
        is_news = self.story.is_untold(kit)
        report = kit.resync(force=True)
        old = messages(self.story.sandbox) if is_news and self.story.scenario.act is not resynced else Counter()
        if not lived:
            self.check_halfway()
            self.story.repeat(kit)
        again, status = self.story.settle(kit)
        unknown = status["messages"].get("unknown", 0)
        self.check(messages(self.story.sandbox), self.wanted.parked, unknown, "parked", old)
        assert report.summary["unknown"] <= unknown or self.kind.finds
        assert unknown == 0 or not self.kind.keys
        assert not self.kind.keys or status["reminders"] == self.wanted.reminders
        self.check_named(report, again, unknown)
        arrived = Counter({(to, text): count for (to, _, text), count in old.items()})
        self.check(self.story.end(kit), self.wanted.arrived, unknown, "arrived", arrived)

    def check(self, found, wanted, unknown, where, old):
        """Nothing is lost and nothing doubled, but for what is unknown: that follows the policy.

        What the batch job sent by the `old` truth, before anybody had told the ledger of the new one, did go out, and
        stands for what would have gone out in its place.
        """
        more = found - wanted - old
        lost = wanted - found
        lost -= Counter(dict(list(lost.items())[: old.total()]))
        missing = self.kind.policy == "prefer_missing"
        # there is no third text: what was lost before it left, twice, is not sent again
        assert lost.total() <= (unknown if missing else unknown // 2), f"lost ({where}): {lost}"
        allowed = 0 if missing or self.kind.finds or self.kind.keys else unknown
        allowed = self.story.repeated() if self.kind.ignores else allowed
        assert more.total() <= allowed, f"doubled ({where}): {more}"

    def check_halfway(self):
        """The batch job alone ends what was taken in; what was not taken in was not begun."""
        if self.kind.keys:
            found = messages(self.story.sandbox)
            assert found in (self.wanted.parked, self.wanted.untouched), f"neither one nor the other: {found}"

    def check_host(self):
        """What the host saves in one transaction with its own rows is there with them, or not at all."""
        if self.story.name == "booked":
            with self.story.kit() as kit:
                starts = {
                    record.identity.id: record.start_at
                    for record in kit.ledger.read(lambda reader: list(reader.records()))
                }
            moved = all(starts[appointment.id] == appointment.start_at for appointment in MOVED)
            host = sqlite3.connect(self.story.url.removeprefix("sqlite:///"))
            with_table = host.execute("SELECT count(*) FROM sqlite_master WHERE name = 'bookings'").fetchone()[0]
            rows = host.execute("SELECT count(*) FROM bookings").fetchone()[0] if with_table else 0
            host.close()
            assert rows == (len(MOVED) if moved else 0)

    def check_named(self, report, again, unknown):
        """What is unknown is named by the run that finds it so, and as long as it may still come."""
        named = [change for change in (*report.changes, *again.changes) if change.outcome == "unknown"]
        assert named or not unknown, "unknown, and nobody is told"
        assert all(item.error for item in named)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_some_steps_the_next_run_ends_in_one_state(matrix, in_file, name):
    """A sample of steps, far apart, and of provider behaviours: each scenario ends in the same state."""
    first, behaviours = list(SCENARIOS).index(name), list(BEHAVIOURS)
    for index, point in enumerate(range(3 + first % 4, 30, 8)):
        matrix("telnyx", name, behaviours[(first + index) % len(behaviours)], in_file, [point])


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
def test_killed_without_idempotency_keys_the_policy_is_followed(matrix, in_file, kind):
    """A sample: what may have gone out before the process died is posted again, or not, as the policy says."""
    for name in ("new", "moved") if "new" in KINDS[kind].scenarios else ("due", "due, and moved"):
        matrix(kind, name, "answered", in_file, [6, 9, 12])


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_step_the_next_run_ends_in_the_same_state(matrix, in_file, name, behaviour):
    """No step of any scenario, whatever the provider answers, leaves what the next run can't put right."""
    assert matrix("telnyx", name, behaviour, in_file) >= 1


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("kind", "name", "behaviour"), [item for kind in OTHERS for item in stories_of(kind)])
def test_killed_at_any_step_without_keys_the_policy_is_followed(matrix, in_file, kind, name, behaviour):
    """Without keys no step of any story loses or doubles more than the policy allows."""
    assert matrix(kind, name, behaviour, in_file) >= 1


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_step_and_again_while_it_recovers(matrix, in_file, name):
    """Killed at any step, and again while it recovers, the next run ends in the same state."""
    assert matrix("telnyx", name, "dropped after", in_file, twice=True) >= 1


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", [scenario for scenario in SCENARIOS if scenario != "booked"])
def test_killed_at_any_step_on_postgresql(matrix, on_server, name):
    """Killed at any step on PostgreSQL the next run ends in the same state."""
    assert matrix("telnyx", name, "dropped after", on_server) >= 1
