"""Celery: the batch job as a task that beat sends, and a task that follows a commit.

Never keeps state in a task: whatever a worker that was killed left open is settled by the next run, from the ledger.

    app = Celery("clinic", broker="redis://localhost")
    tasks = setup(app, make_kit, every="60s")     # or a kit; a function is called once in each worker process
    tasks.wake()                                  # after a commit: what was recorded is followed by a worker

| task | sent by | expires |
|---|---|---|
| `reminder_kit.resync` | beat, every so often | after one interval: those that waited longer are superfluous |
| `reminder_kit.resync_shard` | `reminder_kit.resync`, where much is due | after one interval: the next round has it |
| `reminder_kit.resync_dirty` | `wake`, Django's FOLLOW "celery" | after one interval: the batch job does it then |

A worker that does the batch job hands out all of it but one shard (`kit.shards`). Whatever becomes of these tasks, done
twice or never, an appointment is worked on by one worker at a time, by its lease in the ledger.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from attrs import define, field
from celery import Celery, signals

from reminder_kit.config.checks import length
from reminder_kit.errors import InvalidInputError, ReminderKitError, UnsafePlanError, unforeseen
from reminder_kit.kit.faces import ReminderKit
from reminder_kit.kit.rows import drawn
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment
from reminder_kit.reconciler.batches import batched

if TYPE_CHECKING:
    from reminder_kit.kit.tenants import Tenants

__all__ = ["RESYNC", "RESYNC_DIRTY", "RESYNC_SHARD", "Tasks", "setup"]

RESYNC = "reminder_kit.resync"
"""The name of the task that does the batch job."""

RESYNC_SHARD = "reminder_kit.resync_shard"
"""The name of the task that does a part of the batch job."""

RESYNC_DIRTY = "reminder_kit.resync_dirty"
"""The name of the task that follows a commit."""


@define
class _Held:
    """The kit, or tenants, of this process: given, or made by a function as the process begins."""

    given: ReminderKit | Tenants | Callable[[], ReminderKit | Tenants]
    _kit: ReminderKit | Tenants | None = None
    _pid: int = 0
    _lock: Any = field(factory=Lock)

    def kit(self) -> ReminderKit | Tenants:
        """Return the kit, or the tenants; raises `InvalidInputError` for what is neither."""
        with self._lock:
            if self._kit is None or self._pid != os.getpid():
                self._kit, self._pid = _checked(self.given() if callable(self.given) else self.given), os.getpid()
            return self._kit

    def close(self) -> None:
        """Close the kit of this process, if it was used."""
        if self._kit is not None and self._pid == os.getpid():
            self._kit.close()


def _checked(kit: Any) -> ReminderKit | Tenants:
    if isinstance(kit, ReminderKit) or _is_tenants(kit):
        return cast("ReminderKit", kit)
    raise InvalidInputError(
        f"Celery's tasks block: give a ReminderKit, Tenants, or what makes one, not {type(kit).__name__}"
    )


def _is_tenants(kit: object) -> TypeGuard[Tenants]:
    from reminder_kit.kit.tenants import Tenants  # most hosts have one kit

    return isinstance(kit, Tenants)


@define
class Tasks:
    """The tasks, and the kit of this process."""

    #: Does the batch job, or hands it out.
    resync: Any
    #: Does a part of it.
    resync_shard: Any
    #: Looks at what was recorded since.
    resync_dirty: Any
    _held: _Held

    @property
    def kit(self) -> ReminderKit:
        """The kit (or tenants) of this process."""
        return cast("ReminderKit", self._held.kit())

    def wake(self) -> None:
        """Have a worker follow a commit; never raises: where the broker is away the batch job does it."""
        try:
            self.resync_dirty.apply_async(retry=False)
        except Exception as error:  # noqa: BLE001 - a request goes on whatever is wrong with the broker
            LOG.error("no worker could be woken: %s (the batch job does it)", unforeseen(error))


def setup(
    app: Celery,
    kit: ReminderKit | Tenants | Callable[[], ReminderKit | Tenants],
    *,
    every: str | float | timedelta = "60 seconds",
    live: Callable[[], Iterable[Appointment]] | None = None,
    feed: Callable[[], Iterable[object]] | None = None,
    shard: int = 200,
) -> Tasks:
    """Add the tasks to an application, and an entry to its beat.

    `kit` is a kit, or a function that makes one: it is called in each worker process as that begins, so that a process
    has connections of its own. `every` is how often the batch job is done. `live` returns all appointments there are,
    which each batch job takes in as complete; `feed` is called before it instead (Django's `reminders.feed`).
    `shard` is how many appointments a worker takes at once where there is more to do than that; with `live`, or
    calendars that the kit reads, one worker does all.

    Of `Tenants` a worker takes `shard` tenants at once, and `wake` has whatever was recorded for any of them followed.

    Raises `ConfigurationError` for what is no length of time, `InvalidInputError` for what is no blocking kit, for a
    shard of none, and for `live` with tenants.
    """
    held, pause = _Held(kit if callable(kit) else _checked(kit)), _seconds(every)
    if live is not None and _is_tenants(kit):
        raise InvalidInputError("live is one kit's list of appointments: of Tenants each is handed its own")
    if shard < 1:
        raise InvalidInputError(f"shard = {shard}: a worker takes one appointment at least")

    def resync() -> None:
        for _ in feed() if feed is not None else ():
            pass
        if live is None:
            _spread(held.kit(), shard, tasks.resync_shard)
        elif _is_tenants(held.kit()):
            raise InvalidInputError(
                "live is one kit's list of appointments: with Tenants each kit's host hands in its own"
            )
        else:
            cast("ReminderKit", held.kit()).resync(drawn(live), complete=True)

    def resync_shard(part: list[Any]) -> None:
        _resync_part(held.kit(), part)

    def resync_dirty() -> None:
        held.kit().resync(only_dirty=True)

    options = {"ignore_result": True, "acks_late": True, "reject_on_worker_lost": True, "expires": pause}

    def task(job: Callable[..., None], name: str) -> Any:
        return app.task(_told(job), name=name, **options)

    tasks = Tasks(task(resync, RESYNC), task(resync_shard, RESYNC_SHARD), task(resync_dirty, RESYNC_DIRTY), held)
    entry = {"task": RESYNC, "schedule": pause, "options": {"expires": pause}}
    app.conf.beat_schedule = {**(app.conf.beat_schedule or {}), "reminder_kit": entry}
    _hear(held)
    return tasks


def _spread(kit: ReminderKit | Tenants, most: int, task: Any) -> None:
    """Do the batch job: the first part here, and each further one by whichever worker takes it."""
    own: Sequence[Any] | None
    others: Sequence[Sequence[Any]]
    if _is_tenants(kit):
        parts = [[*part] for part in batched(kit.names(), most)]
        own, others = (parts[0] if parts else []), parts[1:]
    else:
        shards = cast("ReminderKit", kit).shards(most)
        own, others = shards.own, shards.others
    try:
        for part in others:
            task.apply_async((part,))
    except Exception as error:  # noqa: BLE001 - reminders go on whatever is wrong with the broker
        LOG.error("the batch job could not be handed out: %s (this worker does all of it)", unforeseen(error))
        own = None
    _resync_part(kit, own)


def _resync_part(kit: ReminderKit | Tenants, part: Sequence[Any] | None) -> None:
    """Do a part of the batch job: rows of a kit, or names of tenants; None: all of it."""
    if _is_tenants(kit):
        kit.resync(tenants=part)
    else:
        cast("ReminderKit", kit).resync(shard=part)


def _told(job: Callable[..., None]) -> Callable[..., None]:
    """Return a job that logs what it fails on: the next one does it, and nothing is gained by a retry of the task."""

    def task(*given: Any) -> None:
        try:
            job(*given)
        except UnsafePlanError as error:
            LOG.error("refused as unsafe: %s", error)
        except ReminderKitError as error:
            LOG.error("a run failed: %s (the next one does it)", error)

    return task


def _hear(held: _Held) -> None:
    """Have the kit be made as a worker process begins, and closed as it ends."""

    def begin(**_: Any) -> None:
        held.kit()

    def end(**_: Any) -> None:
        held.close()

    signals.worker_process_init.connect(begin, weak=False)
    signals.worker_process_shutdown.connect(end, weak=False)


def _seconds(every: str | float | timedelta) -> float:
    """Return a pause in seconds; "60s" is understood as the command line's --every."""
    if isinstance(every, timedelta):
        every = every.total_seconds()
    if isinstance(every, str) and every.strip()[:-1].isdecimal() and every.strip()[-1] in "smh":
        every = int(every.strip()[:-1]) * {"s": 1, "m": 60, "h": 3600}[every.strip()[-1]]
    return float(length(every, "every"))
