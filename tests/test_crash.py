"""The crash matrix: a process is killed at every step of every scenario; the next batch job ends in the same state."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from datetime import timedelta

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.instants import iso
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, serve
from reminder_kit.testing.crash import kill_at
from tests.conftest import START, TEXT

RULES = [
    Rule("day-before", before="24 hours", text=TEXT),
    Rule("hour-before", before="1 hour", text="Soon: {{ when }}"),
]


def make_kit(path, base_url, at=START, rules=None):
    provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=base_url)
    url = f"sqlite:///{path}"
    return ReminderKit(provider, rules or RULES, url, timezone="America/New_York", clock=lambda: at, timeout=2.0)


def visit(id="A-1", *, days=3, title="Check-up", number="+12025550123", **changes):
    recipient = Recipient(number, id="P-1", name="Ada")
    return Appointment(id, START + timedelta(days=days), recipients=[recipient], title=title, **changes)


FIRST = [visit("A-1"), visit("A-2", days=4), visit("A-3", days=20)]

SCENARIOS = {
    "new": ([], FIRST, RULES),
    "moved": (FIRST, [visit("A-1", days=2), visit("A-2", days=4), visit("A-3", days=3)], RULES),
    "edited": (FIRST, [visit("A-1", title="Cleaning"), *FIRST[1:]], RULES),
    "another number": (FIRST, [visit("A-1", number="+12025550177"), *FIRST[1:]], RULES),
    "cancelled": (FIRST, [visit("A-1", status="cancelled"), *FIRST[1:]], RULES),
    "vanished": (FIRST, FIRST[1:], RULES),
    "rule edited": (FIRST, FIRST, [Rule("day-before", before="20 hours", text="See you {{ when }}")]),
}


def run_once(path, base_url, scenario, point, out):
    """Sync in a process of its own; `out` gets the number of steps if it lives to tell."""
    _, appointments, rules = SCENARIOS[scenario]
    kit = make_kit(path, base_url, rules=rules)
    points = kill_at(kit, point)
    kit.sync(appointments, complete=True, force=True)
    out.send(len(points.steps))
    kit.close()


@pytest.fixture(scope="module")
def processes():
    """Processes forked from a clean server that has loaded the library already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["reminder_kit.kit", "reminder_kit.testing.crash", "sqlalchemy", "httpx", "jinja2"])
    return context


def killed(processes, path, base_url, scenario, point):
    """Run a scenario in a child that dies at `point`; returns its steps if it reached the end."""
    mine, theirs = processes.Pipe(duplex=False)
    child = processes.Process(target=run_once, args=(path, base_url, scenario, point, theirs))
    child.start()
    theirs.close()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return mine.recv() if child.exitcode == 0 else None


def state(sandbox):
    return Counter((each.to, iso(each.send_at), each.text) for each in sandbox.parked())


def wanted(scenario, tmp_path):
    """What a run without any accident leaves parked."""
    sandbox = Sandbox(clock=START)
    before, after, rules = SCENARIOS[scenario]
    with serve(sandbox) as server:
        for index, (appointments, each) in enumerate(((before, RULES), (after, rules))):
            with make_kit(tmp_path / "wanted.db", server.base_url, rules=each) as kit:
                assert kit.sync(appointments, complete=True, force=True).ok, index
    return state(sandbox)


def crash_and_recover(processes, scenario, point, tmp_path, fault=None):
    """Prepare, kill at `point`, run the batch job; returns the child's steps, the sandbox and the report."""
    before, _, rules = SCENARIOS[scenario]
    sandbox = Sandbox(clock=START)
    path = tmp_path / f"{point}-{fault}.db"
    with serve(sandbox) as server:
        with make_kit(path, server.base_url) as kit:
            kit.sync(before, force=True)
        if fault:
            sandbox.fault(fault, times=1, method="POST")
        steps = killed(processes, path, server.base_url, scenario, point)
        at = START + timedelta(seconds=90)
        sandbox.clock.set(at)
        with make_kit(path, server.base_url, at, rules) as kit:
            report = kit.resync(force=True)
            if steps is None:  # what was not taken in before the crash, the host hands in again
                kit.sync(SCENARIOS[scenario][1], complete=True, force=True)
            again = kit.resync()
    assert not again.failed
    assert not [each for each in again.changes if each.is_work]
    return steps, sandbox, report


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_any_step_the_next_run_ends_in_the_same_state(processes, scenario, tmp_path):
    expected, point, steps = wanted(scenario, tmp_path), 0, None
    stride = int(os.environ.get("REMINDER_KIT_CRASH_STRIDE", "3"))
    while steps is None:
        point += stride
        steps, sandbox, report = crash_and_recover(processes, scenario, point, tmp_path)
        assert state(sandbox) == expected, f"killed at step {point}"
        assert report.summary["unknown"] == 0
    assert point > 6
