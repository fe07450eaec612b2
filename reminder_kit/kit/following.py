"""Followers: what was recorded is brought to the provider right after the host's commit, apart from its request.

Never fails a host: what goes wrong is logged, and the batch job does it. Any number of wakes share a run, and there is
at most one run at a time in a process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

from reminder_kit.errors import ReminderKitError, unforeseen
from reminder_kit.forks import Forkable, survive_forks
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.logs import LOG

__all__ = ["Follower", "TaskFollower", "ended", "follower_of", "is_under_way"]


def follower_of(kit: ReminderKit | AsyncReminderKit) -> Follower | TaskFollower:
    """Return the follower that suits a kit: a thread for the blocking face, a task of the loop for the other.

    That of a tenant's kit is the one of all tenants.
    """
    if kit.shared.follower is not None:
        return kit.shared.follower  # type: ignore[no-any-return]
    return TaskFollower(kit) if isinstance(kit, AsyncReminderKit) else Follower(kit)


def _tell(error: BaseException) -> None:
    said = str(error) if isinstance(error, ReminderKitError) else unforeseen(error)
    LOG.error("what follows a commit failed: %s (the batch job does it)", said)


class Follower(Forkable):
    """Follows in a thread that lives while there is something to do; a process that ends waits for its run.

    `afterwards` is called in that thread at its end: a host closes there what its callbacks opened. `job` is what is
    done (None: what was recorded is brought to the provider).
    """

    def __init__(
        self,
        kit: ReminderKit,
        afterwards: Callable[[], object] = lambda: None,
        *,
        job: Callable[[], object] | None = None,
    ) -> None:
        self._job = job or partial(kit.resync, only_dirty=True)
        self._afterwards = afterwards
        kit.before_closing.append(self.wait)
        self.after_fork_in_child()
        survive_forks(self)

    def after_fork_in_child(self) -> None:
        """Begin anew: the parent's thread is not there."""
        self._lock = threading.Lock()
        self._wanted = False
        self._is_listening = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have what is recorded by now followed; returns at once."""
        with self._lock:
            self._wanted = True
            if not self._is_listening:
                thread = threading.Thread(target=self._run, args=[self._thread], name="reminder_kit follower")
                try:
                    thread.start()
                    self._thread, self._is_listening = thread, True
                except Exception as error:  # noqa: BLE001 - the host has committed, and goes on
                    LOG.error(
                        "what was committed is not followed at once, since no thread could be started: %s (the next "
                        "commit tries again, or the batch job does it)",
                        unforeseen(error),
                    )

    def _is_wanted(self) -> bool:
        with self._lock:
            if self._wanted:
                self._wanted = False
                return True
            self._is_listening = False
            return False

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it hears no more wakes, and may still be closing what it opened
        try:
            while self._is_wanted():
                try:
                    self._job()
                except BaseException as error:  # noqa: BLE001 - SystemExit of a listener would end this thread alone
                    _tell(error)
        except BaseException:
            with self._lock:
                self._is_listening = False  # the next wake starts a thread anew, whatever ended this one
            raise
        finally:
            self._afterwards()

    def wait(self) -> None:
        """Wait until all that was woken for is done and its thread has ended; the thread itself does not wait."""
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()


class TaskFollower:
    """Follows in a task of the event loop in which it is woken: of one loop after another."""

    def __init__(self, kit: AsyncReminderKit) -> None:
        self._kit = kit
        kit.before_closing.append(self.wait)
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Have what is recorded by now followed; returns at once. Called in the event loop's thread."""
        self._wanted = True
        if self._task is not None and is_under_way(self._task):
            return
        try:
            self._task = asyncio.get_running_loop().create_task(self._run())
        except RuntimeError:
            LOG.debug("no event loop runs here, so that nothing follows: the batch job does it")

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                await self._kit.resync(only_dirty=True)
            except Exception as error:  # noqa: BLE001 - the host goes on whatever it is
                _tell(error)

    async def wait(self) -> None:
        """Wait until all that was woken for is done, in the event loop where that is; raises nothing of the task's."""
        if self._task is not asyncio.current_task():
            await ended(self._task)


def is_under_way(task: asyncio.Task[None]) -> bool:
    """Say whether a task will be gone on with: one that is left over in a loop that was stopped, or closed, is not."""
    return not task.done() and task.get_loop().is_running()


async def ended(task: asyncio.Task[None] | None) -> None:
    """Wait for a task of this loop to end, cancelled or not; of another one's nothing can be awaited here."""
    if task is not None and task.get_loop() is asyncio.get_running_loop():
        await asyncio.wait([task])
