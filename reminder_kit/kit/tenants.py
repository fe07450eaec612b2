"""Many tenants in one process: a kit for each, over one ledger, one writer, one pool of connections and one follower.

Never lets one tenant see, change or hear of what is another's: each has a namespace of the ledger. Only what belongs to
neither is shared: a provider's account (its rate, whether it answers), and a person's STOP to a sender.

    tenants = Tenants("postgresql://…/reminders", build=lambda name: {"provider": …, "rules": …, "timezone": …})
    tenants["north"].sync(visit)
    tenants.resync()                       # the batch job, for all of them
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import Context, copy_context
from functools import partial, update_wrapper
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from reminder_kit.errors import LedgerError
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.following import Follower, TaskFollower
from reminder_kit.kit.listeners import called
from reminder_kit.kit.receiving import verified
from reminder_kit.kit.tenant_kits import K, TenantKits
from reminder_kit.kit.tenant_outcomes import Heard, Outcome, TenantsReport
from reminder_kit.kit.tenant_webhooks import attributed
from reminder_kit.logs import LOG
from reminder_kit.model.host_data import shown_name
from reminder_kit.planning.report import Report
from reminder_kit.transport.blocking import run_blocking
from reminder_kit.transport.pools import AsyncPool, Pool

__all__ = ["AsyncTenants", "Tenants"]

P = ParamSpec("P")
T = TypeVar("T")


class Serving(TenantKits[K]):
    """What both faces are made of."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._common.follower = self._made_follower()

    @abstractmethod
    def _made_follower(self) -> Follower | TaskFollower:
        """Return what follows all that is recorded in any of the namespaces."""

    @abstractmethod
    async def _call(self, func: Callable[..., T], *args: Any) -> T:
        """Run a blocking function, in a thread where the face is asynchronous."""

    @abstractmethod
    async def _done(self, made: Any) -> Any:
        """Return what a verb of a kit returns."""

    @abstractmethod
    async def _gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Carry out jobs, `at_once` at a time, and return their results in the order of the jobs."""

    def wake(self) -> None:
        """Have what was recorded by now followed, for whichever tenant, apart from the request; returns at once."""
        self._common.follower.wake()

    async def _one(
        self, name: str, do: Callable[[K], Any], tell: Callable[[Outcome[Any]], object] | None
    ) -> Outcome[Any] | None:
        try:
            kit = await self._call(self.kit_or_none, name)
            if kit is None:
                return None
            outcome: Outcome[Any] = Outcome(name, await self._done(do(kit)))
        except Exception as error:  # noqa: BLE001 - one tenant's failure is no other's
            outcome = Outcome(name, error=error)
            LOG.error("tenant %s: %s", shown_name(name), outcome.words)
        if tell is not None:
            tell(outcome)
        return outcome


class TenantVerbs(Serving[K]):
    """What is done with many tenants: coroutines that suspend only where kits are awaited."""

    async def names(self) -> list[str]:
        """Return all tenants, sorted: the namespaces of the ledger, and those that `names` returns."""
        return await self._call(self.all_names)

    async def each(
        self,
        do: Callable[[K], Any],
        tenants: Iterable[str] | None = None,
        tell: Callable[[Outcome[Any]], object] | None = None,
    ) -> list[Outcome[Any]]:
        """Do something with each tenant's kit (None: all tenants), and return what came of it, in their order.

        `do` is called with a kit, `tell` with each outcome as it comes. One that fails is listed, and stops no other:
        its kit can't be built, or `do` raised. A tenant that is no more (`build` returned None) is passed over, unless
        something of it is still parked.
        """
        wanted = await TenantVerbs.names(self) if tenants is None else _names(tenants)
        found = await self._gather([partial(self._one, name, do, tell) for name in wanted])
        return [outcome for outcome in found if outcome is not None]

    async def resync(
        self,
        *,
        only_dirty: bool = False,
        force: bool = False,
        tenants: Iterable[str] | None = None,
        tell: Callable[[Outcome[Report]], object] | None = None,
    ) -> TenantsReport:
        """Do the batch job for every tenant (or for these), and return the report of each.

        One whose kit can't be built, or whose plan is refused as unsafe, is listed and stops no other. `only_dirty`
        looks only at what was recorded since, and at no tenant of whom nothing was. `tell` is called with each outcome
        as it comes.
        """
        from reminder_kit.ledger.namespaces import namespaces_at_work

        await self._call(self.ledger.upgrade_if_older)
        if tenants is None and only_dirty:
            tenants = await self._call(namespaces_at_work, self.ledger)
        run = partial(_resync, only_dirty=only_dirty, force=force)
        purges = ExitStack()
        if not only_dirty:
            purges.enter_context(self.ledger.scrubbing_once())
        try:
            return TenantsReport(tuple(await TenantVerbs.each(self, run, tenants, tell)))
        finally:
            await self._call(_rid, purges)

    async def receive(
        self,
        headers: Mapping[str, str],
        body: bytes,
        provider: str | None = None,
        url: str | None = None,
        tenant: str | None = None,
    ) -> tuple[Heard, ...]:
        """Take in a webhook for whichever tenant it is (`tenant`: the one that its address names).

        It is verified with that tenant's own key, stored in its namespace and told to its listeners, once: a report
        goes to whose message it is about, a reply to who wrote last to that number from the sender that it answers. A
        STOP bars its number for all who write from that sender; what follows is done by the next
        `resync(only_dirty=True)`, or `wake`. What is genuine and nobody's is passed over (an empty tuple). The other
        arguments, and what is raised, are as for a kit's `receive`; `LedgerError` where a report may be about messages
        of several tenants that are not recorded yet: its provider is to try again.
        """
        if tenant is not None:
            kit = await self._call(self.__getitem__, tenant)
            return (Heard(tenant, await kit._taken(verified(kit, headers, body, provider, url))),)  # noqa: SLF001
        await self._call(self.ledger.upgrade_if_older)
        found = await self._call(attributed, self, (headers, body, provider, url))
        kits = {name: await self._call(self.__getitem__, name) for name in found}
        return tuple([Heard(name, await kits[name]._taken(events)) for name, events in found.items()])  # noqa: SLF001


def _names(tenants: Iterable[str]) -> list[str]:
    """Return the names of tenants, or of one."""
    return [tenants] if isinstance(tenants, str) else list(tenants)


def _rid(purges: ExitStack) -> None:
    """Have files rid of what was purged; where that fails it is noted, and the next batch job does it."""
    try:
        purges.close()
    except LedgerError as error:
        LOG.error("what was purged may still stand in free space: %s (the next batch job does it)", error)


def _contexts(jobs: Sequence[object]) -> list[Context]:
    return [copy_context() for _ in jobs]


def _resync(kit: Any, *, only_dirty: bool, force: bool) -> Any:
    return kit.resync(only_dirty=only_dirty, force=force)


def _blocking(
    verb: Callable[Concatenate[TenantVerbs[Any], P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Serving[ReminderKit], P], T]:
    """Return a verb as a plain method: the same coroutine, driven to its end."""

    def method(self: Serving[ReminderKit], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run_blocking(verb(cast("TenantVerbs[Any]", self), *args, **kwargs))

    return called(update_wrapper(method, verb), verb, "Tenants")


class Tenants(Serving[ReminderKit]):
    """Many tenants' `ReminderKit`s in one process: `tenants["north"].sync(visit)`. Used by any number of threads."""

    _kind = ReminderKit
    _pool: Pool

    def _made_pool(self) -> Pool:
        return Pool("providers")

    def _made_follower(self) -> Follower:
        return Follower(cast("ReminderKit", self))

    names = _blocking(TenantVerbs.names)
    each = _blocking(TenantVerbs.each)
    resync = _blocking(TenantVerbs.resync)
    receive = _blocking(TenantVerbs.receive)

    async def _call(self, func: Callable[..., T], *args: Any) -> T:
        return func(*args)

    async def _done(self, made: Any) -> Any:
        return made

    async def _gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        if self._at_once == 1 or len(jobs) <= 1:
            return [await job() for job in jobs]
        threads = ThreadPoolExecutor(min(self._at_once, len(jobs)), thread_name_prefix="reminder-kit-tenants")
        try:  # each with what the caller has in its context: who prints to where, whose trace it is
            return list(threads.map(lambda copied, job: copied.run(run_blocking, job()), _contexts(jobs), jobs))
        finally:  # who is interrupted waits for the tenants that were begun, and for no more
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Close connections and the ledger, once what follows a commit is done."""
        for wait in self.before_closing:
            wait()
        for kit in list(self._all):
            kit.close()
        self._pool.close()
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class AsyncTenants(TenantVerbs[AsyncReminderKit]):
    """Many tenants' `AsyncReminderKit`s in one process: `await tenants["north"].sync(visit)`. Used in one event loop.

    `build` may be called in any thread all the same.
    """

    _kind = AsyncReminderKit
    _pool: AsyncPool

    def _made_pool(self) -> AsyncPool:
        return AsyncPool()

    def _made_follower(self) -> TaskFollower:
        return TaskFollower(cast("AsyncReminderKit", self))

    async def _call(self, func: Callable[..., T], *args: Any) -> T:
        return await asyncio.to_thread(func, *args)

    async def _done(self, made: Any) -> Any:
        return await made

    async def _gather(self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        waiting, results = iter(enumerate(jobs)), dict[int, T]()

        async def work() -> None:
            for index, job in waiting:
                results[index] = await job()

        await asyncio.gather(*(work() for _ in range(min(self._at_once, len(jobs)))))
        return [results[index] for index in range(len(jobs))]

    async def close(self) -> None:
        """Close connections and the ledger, once what follows a commit is done."""
        for wait in self.before_closing:
            await wait()
        for kit in list(self._all):
            await kit.close()
        await self._pool.aclose()
        await self._call(self.ledger.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
