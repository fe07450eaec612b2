"""What follows a commit fails no host, and goes on after whatever kept it from doing so once."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from reminder_kit import AsyncReminderKit
from reminder_kit.errors import LedgerError
from reminder_kit.kit.following import Follower, TaskFollower
from reminder_kit.logs import LOG
from tests.factories import parked_texts


@pytest.fixture
def no_threads(monkeypatch):
    """Return what has the system refuse threads for followers, until it is told otherwise."""
    start, refused = threading.Thread.start, []

    def refuse(thread):
        if refused and "follower" in thread.name:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    return refused


def test_a_thread_that_can_t_be_started_fails_no_commit_and_the_next_wake_tries_again(
    kit, appointment, sandbox, no_threads, caplog
):
    """What was committed meanwhile is followed then, too."""
    follower = Follower(kit)
    no_threads.append(True)
    kit.record(appointment())
    follower.wake()
    follower.wait()
    assert (parked_texts(sandbox), "no thread could be started" in caplog.text) == ([], True)
    no_threads.clear()
    kit.record(appointment("A-2", phone="+12025550124"))
    follower.wake()
    follower.wait()
    assert len(parked_texts(sandbox)) == 2


def test_a_kit_whose_thread_could_not_be_started_is_closed_whole(kit, appointment, no_threads):
    """Nobody waits for a thread that is not there, and the ledger is closed."""
    no_threads.append(True)
    kit.record(appointment())
    Follower(kit).wake()
    closed = []
    kit.ledger.close = lambda close=kit.ledger.close: (close(), closed.append(True))
    kit.close()
    assert closed == [True]


@pytest.mark.parametrize("error", [SystemExit("stop"), KeyboardInterrupt(), LedgerError("full")], ids=type)
def test_what_a_listener_raises_ends_no_following(kit, appointment, sandbox, caplog, error):
    """Not even what would end the thread: what it was woken for meanwhile is done, and the next wake is heard."""
    follower = Follower(kit)

    def first(_run):
        if not sandbox.parked("+12025550124"):
            kit.record(appointment("A-2", phone="+12025550124"))
            follower.wake()
            raise error

    kit.on("run", first)
    kit.record(appointment())
    follower.wake()
    follower.wait()
    assert len(parked_texts(sandbox)) == 2
    kit.record(appointment("A-3", phone="+12025550125"))
    follower.wake()
    follower.wait()
    assert len(parked_texts(sandbox)) == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_ends_the_thread_the_next_wake_starts_another(kit, monkeypatch):
    """Also where what failed can't be logged."""

    def end(record):
        raise SystemExit

    monkeypatch.setattr(LOG, "filters", [end])
    done = []
    follower = Follower(kit, lambda: done.append("closed"), job=lambda: done.append(1 / len(done)))
    follower.wake()
    follower.wait()
    follower.wake()
    follower.wait()
    assert done == ["closed", 1.0, "closed"]


@pytest.mark.parametrize("is_woken_meanwhile", [False, True], ids=["once", "woken-meanwhile"])
def test_who_waits_does_so_until_what_was_opened_is_closed_again(kit, is_woken_meanwhile):
    """A host that ended its kit may drop its database then: no thread has a connection to it any more."""
    closing, done = threading.Event(), []

    def close():
        closing.set()
        time.sleep(0.05)
        done.append("closed")

    follower = Follower(kit, close, job=lambda: done.append("followed"))
    follower.wake()
    closing.wait()
    if is_woken_meanwhile:
        follower.wake()
    follower.wait()
    assert done == ["followed", "closed"] * (1 + is_woken_meanwhile)


async def recorded_and_woken(kit, follower, appointment):
    await kit.record(appointment)
    follower.wake()
    await asyncio.sleep(0)  # the task begins


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "stopped"])
def test_a_task_that_is_left_over_in_another_loop_keeps_no_other_from_following(
    make_kit, appointment, sandbox, is_closed
):
    """A host that runs one loop after another is followed in each, whatever was under way as one of them ended."""
    kit = make_kit(kind=AsyncReminderKit)
    follower = TaskFollower(kit)
    left = asyncio.new_event_loop()
    left.run_until_complete(recorded_and_woken(kit, follower, appointment()))
    tasks = asyncio.all_tasks(left)
    if is_closed:
        left.close()

    async def later():
        await recorded_and_woken(kit, follower, appointment("A-2", phone="+12025550124"))
        await follower.wait()

    asyncio.run(later())
    assert (len(tasks), len(parked_texts(sandbox))) == (1, 2)
    if not is_closed:
        left.run_until_complete(asyncio.gather(*tasks))
        left.close()
    asyncio.run(kit.close())
    assert len(parked_texts(sandbox)) == 2


def test_a_kit_whose_task_was_cancelled_is_closed_all_the_same(make_kit, appointment):
    """A server that ends cancels what is under way; that is no failure of who closes the kit."""
    kit = make_kit(kind=AsyncReminderKit)
    follower = TaskFollower(kit)

    async def story():
        await recorded_and_woken(kit, follower, appointment())
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        task.cancel()
        await kit.close()
        return task.cancelled()

    assert asyncio.run(story())
