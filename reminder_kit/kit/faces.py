"""The kit: what a host holds in its hand, in two faces, blocking and async, over one implementation.

The only place that reads the clock. Decides nothing; `verbs` says what each verb does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar, cast

from reminder_kit.kit.assembly import Kit
from reminder_kit.kit.listeners import called
from reminder_kit.kit.verbs import Verbs
from reminder_kit.ports import Provider
from reminder_kit.transport.blocking import BlockingIO, run_blocking

if TYPE_CHECKING:
    from reminder_kit.transport.asynchronous import AsyncIO

__all__ = ["AsyncReminderKit", "ReminderKit"]

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(verb: Callable[Concatenate[Verbs, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[Kit, P], T]:
    """Return a verb of the kit as a plain method: the same coroutine, driven to its end."""

    def method(self: Kit, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(verb(cast("Verbs", self), *args, **kwargs))

    return called(update_wrapper(method, verb), verb, "ReminderKit")


def _system_clock() -> datetime:
    """Return the machine's present instant, in UTC."""
    return datetime.now(UTC)


class ReminderKit(Kit):
    """Appointment reminders, right and once. Every verb blocks until it is done.

    A kit is also a context manager; one kit may be used by many threads.
    """

    _io: BlockingIO
    _fallback_io: BlockingIO | None
    _system_clock = staticmethod(_system_clock)
    _is_async = False

    def _connected(self, provider: Provider, concurrency: int, **options: Any) -> BlockingIO:
        return BlockingIO(provider, concurrency, **options)

    warm = _blocking(Verbs.warm)
    plan = _blocking(Verbs.plan)
    plan_calendar = _blocking(Verbs.plan_calendar)
    plan_resync = _blocking(Verbs.plan_resync)
    apply = _blocking(Verbs.apply)
    sync = _blocking(Verbs.sync)
    import_calendar = _blocking(Verbs.import_calendar)
    resync = _blocking(Verbs.resync)
    shards = _blocking(Verbs.shards)
    record = _blocking(Verbs.record)
    withdraw = _blocking(Verbs.withdraw)
    suppress = _blocking(Verbs.suppress)
    allow = _blocking(Verbs.allow)
    consent = _blocking(Verbs.consent)
    person = _blocking(Verbs.person)
    erase = _blocking(Verbs.erase)
    reconcile_opt_outs = _blocking(Verbs.reconcile_opt_outs)
    receive = _blocking(Verbs.receive)
    retry = _blocking(Verbs.retry)
    send_again = _blocking(Verbs.send_again)
    explain = _blocking(Verbs.explain)
    attention = _blocking(Verbs.attention)
    messages = _blocking(Verbs.messages)
    note_look = _blocking(Verbs.note_look)
    status = _blocking(Verbs.status)

    def close(self) -> None:
        """Close connections and the ledger, once what follows a commit is done."""
        for wait in self.before_closing:
            wait()
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
    _system_clock = staticmethod(_system_clock)
    _is_async = True

    def _connected(self, provider: Provider, concurrency: int, **options: Any) -> AsyncIO:
        from reminder_kit.transport.asynchronous import AsyncIO

        return AsyncIO(provider, concurrency, **options)

    async def close(self) -> None:
        """Close connections and the ledger, once what follows a commit is done."""
        for wait in self.before_closing:
            await wait()
        for io in (self._io, self._fallback_io):
            if io is not None:
                await io.aclose()
        await self._io.call(self.ledger.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
