"""Claims: a dead holder is known at once, a living one is not robbed, and a heart beats while its owner waits."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest

from reminder_kit.model.records import Claim
from reminder_kit.reconciler import leases as claims
from reminder_kit.reconciler.leases import Heartbeat, Owner, is_dead, owner_name
from tests.factories import START, visit


def test_a_living_process_is_not_dead_and_one_that_ended_is():
    """The owner of a lease is dead once its process of this machine has ended."""
    assert not is_dead(owner_name())
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    assert is_dead(f"{socket.gethostname()}:{int(gone.stdout)}:1:x")


def test_a_process_number_used_again_is_not_the_old_holder():
    """A process with the owner's number that started at another time is not the owner."""
    assert is_dead(f"{socket.gethostname()}:{os.getpid()}:1:x") == (owner_name().split(":")[2] != "")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not say when a process started")
def test_a_process_is_known_by_its_start_whatever_it_is_called(tmp_path):
    """Its name stands in brackets before that, and may hold some."""
    named = tmp_path / "a) b (c)"
    named.symlink_to(Path(sys.executable).resolve())
    with subprocess.Popen([named, "-ISc", "import time; time.sleep(60)"]) as process:
        try:
            started = claims._started(process.pid)
            assert int(started) >= int(claims._started(os.getpid()))
            assert not is_dead(f"{socket.gethostname()}:{process.pid}:{started}:x")
            assert is_dead(f"{socket.gethostname()}:{process.pid}:{int(started) - 1}:x")
        finally:
            process.kill()


def test_of_other_machines_and_strange_names_nothing_is_known():
    """An owner of another machine, or of a form we don't know, is never taken for dead."""
    assert not is_dead("elsewhere:1:1:x")
    assert not is_dead("somebody")


def test_another_users_process_lives(monkeypatch):
    """Who may not even ask after it knows that it is there."""

    def refused(_pid, _signal):
        raise PermissionError

    monkeypatch.setattr(claims.os, "kill", refused)
    assert not is_dead(f"{socket.gethostname()}:{os.getpid()}:1:x")


def test_the_same_host_name_is_not_the_same_system():
    """Two machines may both be called "localhost", and a container counts its processes for itself."""
    assert not is_dead(f"{socket.gethostname()}:4194399:1@another-boot/4026531836:x")
    host, pid, origin = owner_name().split(":")[:3]
    assert not is_dead(f"{host}:{pid}:{origin}:x")
    assert is_dead(f"{host}:4194399:{origin}:x")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_is_another_worker():
    """A fork gets a name of its own, and its parent's name stays."""
    owner = Owner()
    name, fork = str(owner), multiprocessing.get_context("fork")
    queue = fork.Queue()
    child = fork.Process(target=lambda: queue.put((str(owner), str(owner), os.getpid())))
    child.start()
    first, again, pid = queue.get(timeout=30)
    child.join(30)
    assert first == again
    assert first != name
    assert first.split(":")[1] == str(pid)
    assert str(owner) == name


def test_the_heart_beats_until_the_work_is_done(monkeypatch):
    """A heartbeat renews its claims until its block ends, and not after that."""

    class Ledger:
        def __init__(self):
            self.beats = []

        def submit(self, op):
            future = Future()
            future.set_result(op(self))
            if len(self.beats) == 3:
                done.set_result(True)
            return future

        def renew(self, claims, until):
            self.beats.append((claims, until))

    done, ledger = Future(), Ledger()
    monkeypatch.setitem(vars(claims), "_BEAT", 0.001)
    with Heartbeat(ledger, [Claim(1, "me", 1)], lambda: START):
        assert done.result(timeout=10)
    beats = len(ledger.beats)
    assert ledger.beats[0] == ([Claim(1, "me", 1)], START + timedelta(seconds=60))
    assert len(ledger.beats) == beats


def test_a_claim_is_renewed_three_times_in_its_lease():
    """Every twenty seconds, for a minute each time: two beats may be lost."""

    class Over:
        def __init__(self):
            self.waited = []

        def wait(self, seconds):
            self.waited.append(seconds)
            return len(self.waited) > 2

    class Ledger:
        def __init__(self):
            self.until = []

        def submit(self, op):
            op(self)

        def renew(self, claims, until):
            self.until.append(until - START)

    ledger = Ledger()
    heartbeat = Heartbeat(ledger, [Claim(1, "me", 1)], lambda: START)
    heartbeat._over = Over()
    heartbeat._beat()
    assert (heartbeat._over.waited, ledger.until) == ([20.0] * 3, [timedelta(seconds=60)] * 2)


@pytest.mark.parametrize("behind", [0, 59, 61, 120, 1799], ids="{} s behind".format)
def test_a_worker_whose_clock_is_ahead_is_not_robbed(make_kit, behind):
    """Nor one under whom the clock is set back while it posts: a text would be doubled."""
    kit = make_kit([])
    kit.record(visit("A"))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))

    def claimed(owner, now):
        return kit.ledger.submit(lambda tx: tx.claim([record.row], owner, now, claims.LEASE)).result()

    assert claimed("one:1:1:x", START)
    assert not claimed("two:1:1:x", START - timedelta(seconds=behind))
    assert claimed("two:1:1:x", START + claims.LEASE)
