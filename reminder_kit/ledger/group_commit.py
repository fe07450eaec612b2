"""Group commit: many writers' operations in one transaction, one thread per ledger.

Never calls out, never keeps a transaction open while nobody writes, and never keeps a ledger that nobody else holds:
its thread knows the operations that wait, and only they know where they are to be written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.asks import Asks, asks_of
from reminder_kit.ledger.databases.failures import is_worth_another_try
from reminder_kit.ledger.databases.write_behind import NotAsMeantError
from reminder_kit.ledger.transaction import Transaction

__all__ = ["Group"]

T = TypeVar("T")

Operation = Callable[[Transaction], Any]


class Writing(Protocol):
    """Opens a transaction; `together` says that it is run again, and not together, where something is not as meant."""

    def __call__(self, *, together: bool = False) -> AbstractContextManager[Transaction]: ...


_MOST = 100
_LONGEST = 0.010
_TRIES = 5
_REST = 1.0
"""Seconds for which a fork waits for the end of a transaction."""


@frozen
class _Job:
    operation: Operation
    future: Future[Any]
    #: Opens the transaction that it is run in.
    writing: Writing
    #: What it sees of the ledger: operations of several namespaces are committed together.
    namespace: str


@frozen
class _Writer:
    """What the thread knows: the operations that wait; None ends it."""

    #: Of a kind that may be put to while it is put to or taken from, as garbage collection may have it.
    waiting: SimpleQueue[_Job | None] = field(factory=SimpleQueue)
    #: Held while a transaction is open.
    busy: Lock = field(factory=Lock)
    #: How many operations are run together.
    most: int = _MOST

    def run(self) -> None:
        """Commit what comes, until the end."""
        while self._commits_next():
            pass

    def _commits_next(self) -> bool:
        """Wait for an operation and commit it, with those that wait behind it; False: the end came."""
        first = self.waiting.get()
        if first is None:
            return False
        with self.busy:
            self._commit_together(first)
        del first  # an error that somebody keeps keeps this frame, which is not to keep the ledger
        return True

    def _next(self) -> _Job | None:
        """Return the next operation that was not cancelled meanwhile; None: no more is waiting, or the end came."""
        while True:
            try:
                job = self.waiting.get_nowait()
            except Empty:
                return None
            if job is None:
                self.waiting.put(None)  # the end: nothing comes behind it
                return None
            if job.future.set_running_or_notify_cancel():
                return job

    def _waiting(self, at_most: int) -> list[_Job]:
        """Return operations that wait by now, in order."""
        found: list[_Job] = []
        while len(found) < at_most and (job := self._next()) is not None:
            found.append(job)
        return found

    def _commit_together(self, first: _Job) -> None:
        until = time.monotonic() + _LONGEST
        jobs = [first] if first.future.set_running_or_notify_cancel() else []
        jobs += self._waiting(self.most - len(jobs))
        if jobs:
            self._commit(jobs, until)
        del first, jobs  # an error that somebody keeps keeps this frame, which is not to keep the ledger

    def _commit(self, jobs: list[_Job], until: float, *, together: bool = True) -> None:
        """Run operations in one transaction, and until an instant also those that come meanwhile.

        Where what they write together is not as meant, each writes as it runs: who is overtaken by a webhook knows
        what to do then.
        """
        results: list[Any] = []
        wave: list[_Job] = []
        is_open = False
        try:
            with jobs[0].writing(together=together) as transaction:
                is_open = True
                while len(results) < len(jobs):
                    wave = jobs[len(results) :]
                    _foresee(wave, transaction)
                    results += [job.operation(transaction.within(job.namespace)) for job in wave]
                    if time.monotonic() < until:
                        jobs += self._waiting(self.most - len(jobs))
        except NotAsMeantError:
            self._commit(jobs, 0.0, together=False)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the one who waits is told
            self._after_error(jobs, error, is_open=is_open)
        else:
            for done, result in zip(jobs, results, strict=True):
                done.future.set_result(result)
        del jobs, wave  # as above

    def _after_error(self, jobs: Sequence[_Job], error: BaseException, *, is_open: bool) -> None:
        """Run by itself each operation of a transaction that failed; where none could be opened, tell all who wait."""
        if not is_open:
            for refused in (*jobs, *self._waiting(self.waiting.qsize())):
                refused.future.set_exception(error)
        elif len(jobs) == 1 and not is_worth_another_try(error):
            jobs[0].future.set_exception(error)
        else:
            for one in jobs:
                _commit_alone(one)


def _foresee(jobs: Sequence[_Job], transaction: Transaction) -> None:
    """Have what operations are going to ask be asked ahead, for all of a namespace at once."""
    asked: dict[str, list[Asks]] = {}
    for job in jobs:
        asked.setdefault(job.namespace, []).append(asks_of(job.operation))
    for namespace, all_asks in asked.items():
        transaction.within(namespace).foresee(all_asks)


def _commit_alone(job: _Job) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            with job.writing() as transaction:
                result = job.operation(transaction)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the one who waits is told
            if attempt < _TRIES and is_worth_another_try(error):
                time.sleep(0.01 * attempt)
                continue
            job.future.set_exception(error)
        else:
            job.future.set_result(result)
        break
    del job  # as above


class Group:
    """The one writer of a ledger in this process.

    Operations that wait are run together, in the order they came, up to `most` at once; those
    that come meanwhile are taken along for 10 ms, and as soon as none is waiting all are
    committed. Their futures complete once the commit is durable. An operation must depend on
    nothing but the transaction: where one of a group fails, all is rolled back and each is
    run by itself.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._writer: _Writer | None = None
        self._thread: Thread | None = None
        #: The writer that a fork waits for; None: none does, or it would take too long.
        self._resting: _Writer | None = None

    def submit(self, operation: Callable[[Transaction], T], writing: Writing, namespace: str) -> Future[T]:
        """Have an operation run, within a namespace, in a transaction that `writing` opens, and committed.

        Returns at once.
        """
        future: Future[T] = Future()
        if current_thread() is self._thread:
            raise LedgerError("an operation of the ledger can't wait for another one: call the transaction itself")
        with self._lock:
            if self._writer is None:
                writer = _Writer(most=self._most)
                thread = Thread(target=writer.run, name="reminder-kit-ledger", daemon=True)
                thread.start()
                self._writer, self._thread = writer, thread
            self._writer.waiting.put(_Job(operation, future, writing, namespace))
        return future

    def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        with self._lock:
            writer, thread = self._writer, self._thread
            self._writer = self._thread = None
        if writer is not None and thread is not None:
            writer.waiting.put(None)
            if thread is not current_thread():
                thread.join()

    def end(self) -> bool:
        """Have the thread end by itself, from wherever this is called; says whether there is one."""
        if self._writer is None:
            return False
        self._writer.waiting.put(None)
        self._writer = self._thread = None
        return True

    def rest(self) -> None:
        """Wait, for a second at the most, until no transaction is open, and let none begin."""
        writer = self._writer
        self._resting = writer if writer is not None and writer.busy.acquire(timeout=_REST) else None

    def go_on(self) -> None:
        """Let transactions begin again."""
        if self._resting is not None:
            self._resting.busy.release()
            self._resting = None
