"""Kits made before a fork (a server that loads the application first): each process works by itself, none twice."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule, Tenants
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Fault, Sandbox, serve
from tests.factories import START

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def visits(count):
    return [
        Appointment(f"A-{n}", START + timedelta(days=3), recipients=[Recipient(f"+120255501{n:02}")])
        for n in range(count)
    ]


@pytest.fixture
def sandbox():
    return Sandbox(clock=START)


@pytest.fixture
def kit(sandbox, tmp_path):
    with serve(sandbox) as server:
        provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=server.base_url)
        rules = [Rule("day-before", before="24 hours", text="See you {{ when }}.")]
        with ReminderKit(provider, rules, f"sqlite:///{tmp_path / 'r.db'}", clock=lambda: START, concurrency=4) as made:
            yield made


def forked(count, job):
    """Run a job in so many forks of this process; returns what each said."""
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    children = [fork.Process(target=lambda: queue.put(job()), daemon=True) for _ in range(count)]
    for child in children:
        child.start()
    answers = [queue.get(timeout=30) for _ in children]
    for child in children:
        child.join(30)
    return answers


def test_a_kit_that_was_used_works_on_in_a_forked_process(kit, sandbox):
    assert kit.sync(visits(8)).ok
    assert forked(1, lambda: kit.sync(visits(16)).ok) == [True]
    assert kit.sync(visits(24)).ok
    assert len(sandbox.parked()) == 24


def test_tenants_that_another_thread_was_busy_with_work_on_in_a_forked_process(sandbox, tmp_path):
    """Its locks are held in the parent alone: the child has no such thread that would ever let go of them."""

    def build(name):
        rule = {"id": "day-before", "before": "24 hours", "text": f"{name}: {{{{ when }}}}."}
        return {"provider": Telnyx(api_key="KEY", from_="+12025550100"), "rules": [rule], "clock": lambda: START}

    with Tenants(f"sqlite:///{tmp_path / 'r.db'}", build) as tenants:
        tenants["north"].record(visits(1))
        with tenants._lock, tenants._common._lock:
            assert forked(1, lambda: tenants["south"].status() and tenants["north"].status()["appointments"]) == [1]


def test_forked_processes_hold_each_other_off(kit, sandbox):
    """They have one kit in common, and still they are different workers: no request is made twice."""
    kit.record(visits(12))
    kit.ledger.close()
    sandbox.faults.add(Fault("slow", times=None, method="POST", delay=0.1))
    assert forked(3, lambda: kit.sync(visits(12)).ok) == [True] * 3
    assert sum(request.method == "POST" for request in sandbox.requests) == 12
    assert len(sandbox.parked()) == 12
