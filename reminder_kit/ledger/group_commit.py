"""Group commit: many writers' operations in one transaction, one thread per ledger.

Never calls out, never keeps a transaction open while nobody writes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from threading import Condition, Thread, current_thread
from typing import Any, TypeVar

from attrs import frozen

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.databases.failures import is_worth_another_try
from reminder_kit.ledger.transaction import Transaction

__all__ = ["Group"]

T = TypeVar("T")

Operation = Callable[[Transaction], Any]

_MOST = 100
_LONGEST = 0.010
_TRIES = 5


@frozen
class _Job:
    operation: Operation
    future: Future[Any]


class Group:
    """The one writer of a ledger in this process.

    Operations that wait are run together, in the order they came, up to 100 at once; those
    that come meanwhile are taken along for 10 ms, and as soon as none is waiting all are
    committed. Their futures complete once the commit is durable. An operation must depend on
    nothing but the transaction: where one of a group fails, all is rolled back and each is
    run by itself.
    """

    def __init__(self, writing: Callable[[], AbstractContextManager[Transaction]]) -> None:
        self._writing = writing
        self._waiting: deque[_Job] = deque()
        self._ready = Condition()
        self._thread: Thread | None = None
        self._closing = False

    def submit(self, operation: Callable[[Transaction], T]) -> Future[T]:
        """Have an operation run and committed; returns at once."""
        future: Future[T] = Future()
        if current_thread() is self._thread:
            raise LedgerError("an operation of the ledger can't wait for another one: call the transaction itself")
        with self._ready:
            self._waiting.append(_Job(operation, future))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="reminder-kit-ledger", daemon=True)
                self._thread.start()
            self._ready.notify()
        return future

    def close(self) -> None:
        """Finish what was submitted, then end the thread."""
        with self._ready:
            thread = self._thread
            self._closing = True
            self._ready.notify()
        if thread is not None and thread is not current_thread():
            thread.join()
        self._closing = False

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closing:
                    self._ready.wait()
                if not self._waiting:
                    self._thread = None
                    return
            self._commit_together()

    def _next(self) -> _Job | None:
        with self._ready:
            while self._waiting:
                job = self._waiting.popleft()
                if job.future.set_running_or_notify_cancel():
                    return job
        return None

    def _commit_together(self) -> None:
        jobs: list[_Job] = []
        results: list[Any] = []
        try:
            with self._writing() as transaction:
                until, waiting = time.monotonic() + _LONGEST, len(self._waiting)
                while len(jobs) < _MOST and (len(jobs) < waiting or time.monotonic() < until) and (job := self._next()):
                    jobs.append(job)
                    results.append(job.operation(transaction))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the one who waits is told
            self._commit_one_by_one(jobs, error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.future.set_result(result)

    def _commit_one_by_one(self, jobs: list[_Job], error: BaseException) -> None:
        if not jobs:
            self._refuse_all(error)
        elif len(jobs) == 1 and not is_worth_another_try(error):
            jobs[0].future.set_exception(error)
        else:
            for job in jobs:
                self._commit_alone(job)

    def _refuse_all(self, error: BaseException) -> None:
        """Tell all who wait that no transaction can be begun."""
        for _ in range(len(self._waiting)):
            if job := self._next():
                job.future.set_exception(error)

    def _commit_alone(self, job: _Job) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                with self._writing() as transaction:
                    result = job.operation(transaction)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the one who waits is told
                if attempt < _TRIES and is_worth_another_try(error):
                    time.sleep(0.01 * attempt)
                    continue
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
            return
