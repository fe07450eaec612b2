"""The crash matrix: a process is killed at every step of every scenario, whatever the provider answers meanwhile.

The next batch job, and the host doing again what it was told nothing of, end in the same state.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from attrs import field, frozen

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.instants import iso
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, serve
from reminder_kit.testing.crash import kill_at
from tests.conftest import START, TEXT

NUMBER = "+12025550123"
_NUMBER = count()
RULES = (
    Rule("day-before", before="24 hours", text=TEXT),
    Rule("hour-before", before="1 hour", text="Soon: {{ when }}"),
)
SHORTER = (Rule("day-before", before="20 hours", text="See you {{ when }}"),)
PURGED_AT = START + timedelta(days=40)


def visit(id="A-1", *, days=3, title="Check-up", number=NUMBER, **changes):
    recipient = Recipient(number, id="P-1", name="Ada")
    return Appointment(id, START + timedelta(days=days), recipients=[recipient], title=title, **changes)


FIRST = [visit("A-1"), visit("A-2", days=4), visit("A-3", days=20)]
MOVED = [visit("A-1", days=2), visit("A-2", days=4), visit("A-3", days=3)]


def syncing(appointments):
    return lambda kit, _letter: kit.sync(appointments, complete=True, force=True)


def recorded(kit, _letter):
    kit.record(MOVED)
    kit.resync(force=True)


def suppressed(kit, _letter):
    kit.suppress(NUMBER, reason="asked at the desk")


def answered_stop(kit, letter):
    kit.receive(*letter)
    kit.resync(only_dirty=True, force=True)


def purged(kit, _letter):
    kit.resync(force=True)
    with kit.ledger.writing() as transaction:
        transaction.purge(START + timedelta(days=30), PURGED_AT)


@frozen
class Scenario:
    """What was there, what is done by the process that is killed, and with which rules."""

    act: object
    before: object = field(default=FIRST)
    rules: object = field(default=RULES)
    stop: bool = False
    at: object = START
    statements: bool = False


SCENARIOS = {
    "new": Scenario(syncing(FIRST), before=[]),
    "moved": Scenario(syncing(MOVED)),
    "edited": Scenario(syncing([visit("A-1", title="Cleaning"), *FIRST[1:]])),
    "another number": Scenario(syncing([visit("A-1", number="+12025550177"), *FIRST[1:]])),
    "cancelled": Scenario(syncing([visit("A-1", status="cancelled"), *FIRST[1:]])),
    "vanished": Scenario(syncing(FIRST[1:])),
    "rule edited": Scenario(syncing(FIRST), rules=SHORTER),
    "opted out": Scenario(suppressed),
    "recorded": Scenario(recorded),
    "answered STOP": Scenario(answered_stop, stop=True, statements=True),
    "purged": Scenario(purged, at=PURGED_AT, statements=True),
}

BEHAVIOURS = {
    "answered": {},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "500 after acting": {"kind": "500_after"},
    "429": {"kind": "429", "retry_after": 0.01},
    "slow past the timeout": {"kind": "slow", "delay": 0.5},
}


def make_kit(path, base_url, at=START, rules=RULES, public_key=None, endpoint="messages"):
    provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=base_url, public_key=public_key, endpoint=endpoint)
    url = f"sqlite:///{path}"
    return ReminderKit(provider, rules, url, timezone="America/New_York", clock=lambda: at, timeout=0.25)


def run_once(path, base_url, name, options, point, letter, out):
    """Act in a process of its own; `out` gets the number of steps if it lives to tell."""
    scenario = SCENARIOS[name]
    kit = make_kit(path, base_url, scenario.at, scenario.rules, **options)
    points = kill_at(kit, point, statements=scenario.statements)
    scenario.act(kit, letter)
    out.send(len(points.steps))
    kit.close()


@pytest.fixture(scope="module")
def processes():
    """Processes forked from a clean server that has loaded the library already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["reminder_kit.kit", "reminder_kit.testing.crash", "sqlalchemy", "httpx", "jinja2"])
    return context


def killed(processes, *work):
    """Act in a child that dies at its point; returns its steps if it reached the end."""
    mine, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=run_once, args=(*work, theirs))
    child.start()
    theirs.close()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return mine.recv() if child.exitcode == 0 else None


class Story:
    """One sandbox and one ledger, from before the crash to after the recovery."""

    def __init__(self, name, path, **options):
        self.name, self.path = name, path
        self.scenario = SCENARIOS[name]
        self.sandbox = Sandbox(clock=START)
        self.letter = None
        self.options = {"public_key": self.sandbox.public_key, **options}

    def kit(self, server, at, rules=None):
        return make_kit(self.path, server.base_url, at, rules or self.scenario.rules, **self.options)

    def prepare(self, server):
        with self.kit(server, START, RULES) as kit:
            kit.sync(self.scenario.before, force=True)
        self.sandbox.clock.set(self.scenario.at)
        if self.scenario.stop:
            self.letter = self.sandbox.inbound(NUMBER, "STOP").written(self.sandbox.now())

    def without_accident(self):
        with serve(self.sandbox) as server:
            self.prepare(server)
            with self.kit(server, self.scenario.at) as kit:
                self.scenario.act(kit, self.letter)
                assert kit.resync(force=True).ok
                return state(self.sandbox), kit.status()["reminders"]

    def told(self, processes, behaviour, point):
        """Prepare, kill at `point`, recover; returns the steps (None: killed), the reminders and the report."""
        with serve(self.sandbox) as server:
            self.prepare(server)
            for method in ("POST", "DELETE"):
                if fault := BEHAVIOURS[behaviour]:
                    self.sandbox.fault(fault["kind"], 1, method=method, **{k: fault[k] for k in fault if k != "kind"})
            steps = killed(processes, self.path, server.base_url, self.name, self.options, point, self.letter)
            self.sandbox.faults.clear()
            at = self.scenario.at + timedelta(seconds=90)
            self.sandbox.clock.set(at)
            with self.kit(server, at) as kit:
                report = kit.resync(force=True)
                if steps is None:  # what was not taken in before the crash, the host does again
                    self.scenario.act(kit, self.letter)
                again = kit.resync(force=True)
                assert not again.failed
                assert not [each for each in again.changes if each.is_work]
                return steps, kit.status(), report


def state(sandbox):
    return Counter((each.to, iso(each.send_at), each.text) for each in sandbox.parked())


def case(processes, tmp_path, name, behaviour, point, expected, **options):
    """Tell one case of the matrix; returns the steps if the process survived."""
    story = Story(name, tmp_path / f"{behaviour}-{point}-{next(_NUMBER)}.db", **options)
    steps, status, report = story.told(processes, behaviour, point)
    parked, reminders = expected
    where = f"{name}, {behaviour}, killed at step {point}"
    unknown = status["messages"].get("unknown", 0)
    assert not parked - state(story.sandbox), f"lost: {where}"
    assert (state(story.sandbox) - parked).total() <= unknown, f"doubled: {where}"
    assert unknown == 0 or options, where
    assert report.summary["unknown"] <= unknown, where
    assert unknown or status["reminders"].keys() == reminders.keys(), where
    return steps


def matrix(processes, tmp_path, name, behaviour, points, **options):
    expected = Story(name, tmp_path / f"{behaviour}-expected-{next(_NUMBER)}.db", **options).without_accident()
    told = 0
    for point in points:
        told += 1
        if case(processes, tmp_path, name, behaviour, point, expected, **options) is not None:
            break
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_some_steps_the_next_run_ends_in_the_same_state(processes, name, tmp_path):
    """A sample: each scenario with one provider behaviour after the other, at steps far apart."""
    first = list(SCENARIOS).index(name)
    behaviours = list(BEHAVIOURS)
    for index, point in enumerate(range(3 + first % 4, 20, 8)):
        matrix(processes, tmp_path, name, behaviours[(first + index) % len(behaviours)], [point])


@pytest.mark.slow
def test_killed_without_idempotency_keys_nothing_is_lost_and_what_is_doubled_is_counted(processes, tmp_path):
    for point in (6, 9):
        matrix(processes, tmp_path, "new", "answered", [point], endpoint="schedule")


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_step_the_next_run_ends_in_the_same_state(processes, name, behaviour, tmp_path):
    sampled = "REMINDER_KIT_HISTORIES" in os.environ
    one = [4 + 2 * list(BEHAVIOURS).index(behaviour)]
    told = matrix(processes, tmp_path, name, behaviour, one if sampled else range(1, 1000))
    assert told >= (1 if sampled else 3)


@pytest.mark.nightly
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["new", "moved", "cancelled", "rule edited"])
def test_killed_at_any_step_without_keys_nothing_is_lost(processes, name, tmp_path):
    sampled = "REMINDER_KIT_HISTORIES" in os.environ
    matrix(processes, tmp_path, name, "answered", [7] if sampled else range(1, 1000), endpoint="schedule")
