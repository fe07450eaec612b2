"""The kit: what a host holds in its hand, in two faces, blocking and async, over one implementation.

The only place that reads the clock. Decides nothing; see `verbs` for what each verb does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from reminder_kit.kit.verbs import Verbs
from reminder_kit.ports import Provider
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO, run_blocking

__all__ = ["AsyncReminderKit", "ReminderKit"]

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Verbs)


def _blocking(verb: Callable[Concatenate[K, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[K, P], T]:
    """Return a verb of the kit as a plain method: the same coroutine, driven to its end."""

    def method(self: K, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(verb(self, *args, **kwargs))

    update_wrapper(method, verb)
    return method


def _system_clock() -> datetime:
    """Return the machine's present instant, in UTC."""
    return datetime.now(UTC)


class ReminderKit(Verbs):
    """Appointment reminders, right and once. Every verb blocks until it is done.

    A kit is also a context manager; one kit may be used by many threads.
    """

    _io: BlockingIO
    _fallback_io: BlockingIO | None
    _present = staticmethod(_system_clock)

    def _world(self, provider: Provider, concurrency: int, **options: Any) -> BlockingIO:
        return BlockingIO(provider, concurrency, **options)

    plan = _blocking(Verbs._plan)
    plan_calendar = _blocking(Verbs._plan_calendar)
    plan_resync = _blocking(Verbs._plan_resync)
    apply = _blocking(Verbs._apply)
    sync = _blocking(Verbs._sync)
    import_calendar = _blocking(Verbs._import_calendar)
    resync = _blocking(Verbs._resync)
    record = _blocking(Verbs._record)
    withdraw = _blocking(Verbs._withdraw)
    suppress = _blocking(Verbs._suppress)
    allow = _blocking(Verbs._allow)
    reconcile_opt_outs = _blocking(Verbs._reconcile_opt_outs)
    receive = _blocking(Verbs._receive)
    explain = _blocking(Verbs._explain)
    status = _blocking(Verbs._status)

    def close(self) -> None:
        """Close connections and the ledger."""
        for io in (self._io, self._fallback_io):
            if io is not None:
                io.close()
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class AsyncReminderKit(Verbs):
    """The same verbs, awaited. Use one kit in one event loop."""

    _io: AsyncIO
    _fallback_io: AsyncIO | None
    _present = staticmethod(_system_clock)

    def _world(self, provider: Provider, concurrency: int, **options: Any) -> AsyncIO:
        return AsyncIO(provider, concurrency, **options)

    plan = Verbs._plan
    plan_calendar = Verbs._plan_calendar
    plan_resync = Verbs._plan_resync
    apply = Verbs._apply
    sync = Verbs._sync
    import_calendar = Verbs._import_calendar
    resync = Verbs._resync
    record = Verbs._record
    withdraw = Verbs._withdraw
    suppress = Verbs._suppress
    allow = Verbs._allow
    reconcile_opt_outs = Verbs._reconcile_opt_outs
    receive = Verbs._receive
    explain = Verbs._explain
    status = Verbs._status

    async def close(self) -> None:
        """Close connections and the ledger."""
        for io in (self._io, self._fallback_io):
            if io is not None:
                await io.aclose()
        await self._io.call(self.ledger.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
