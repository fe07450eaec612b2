"""Starlette and FastAPI: the kit in an application's life, its requests, its webhooks, and a job of its own.

Never fails a request, and never blocks the event loop: a blocking kit works in threads.

    reminders = Reminders(kit, every="60s")
    app = FastAPI(lifespan=reminders.lifespan)
    app.mount("/hooks", reminders.webhooks("/telnyx"))

    @app.post("/bookings")
    async def book(asked: Asked, kit: AsyncReminderKit = Depends(reminders)): ...

`wake()` has what was recorded be followed after the request; `every` does the batch job again and again, in one task of
each process, and never twice at once in it. Any number of processes may.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from reminder_kit.config.checks import length
from reminder_kit.errors import InvalidInputError, ReminderKitError, unforeseen
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.rows import drawn
from reminder_kit.logs import LOG
from reminder_kit.model.appointments import Appointment
from reminder_kit.webhook_app import WebhookApp

if TYPE_CHECKING:
    from reminder_kit.kit.tenants import AsyncTenants, Tenants

    Served = ReminderKit | AsyncReminderKit | Tenants | AsyncTenants

__all__ = ["Reminders"]

_SHORT = re.compile(r"(\d{1,6})\s*(s|m|h)")
_UNITS = {"s": 1, "m": 60, "h": 3600}

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


class Reminders:
    """One kit, or `Tenants`, of either face, in one application; `Depends(reminders)` hands it to FastAPI's functions.

    `every` is how often the batch job is done here ("60s", a timedelta, seconds; None: `reminder-kit resync` does it
    elsewhere). `live` returns all appointments there are, which each of these runs takes in as complete. `wraps` is the
    application's own lifespan. Raises `ConfigurationError` for what is no length of time, and `InvalidInputError` for
    `live` with tenants.
    """

    def __init__(
        self,
        kit: Served,
        *,
        every: str | float | timedelta | None = None,
        live: Callable[[], Iterable[Appointment]] | None = None,
        wraps: Lifespan | None = None,
    ) -> None:
        if live is not None and not isinstance(kit, ReminderKit | AsyncReminderKit):
            raise InvalidInputError("live is one kit's list of appointments: of Tenants each is handed its own")
        self.kit = kit
        self._pause = None if every is None else _seconds(every)
        self._live = live
        self._wraps = wraps
        self._mounted: list[WebhookApp] = []
        self._work: _Work | None = None

    def __call__(self) -> Any:
        """Return the kit, as FastAPI's `Depends` asks for it."""
        return self.kit

    def webhooks(self, path: str = "/", **options: Any) -> WebhookApp:
        """Return the endpoint for the provider's webhooks, to be mounted.

        `Mount("/hooks", reminders.webhooks("/telnyx"))` is at /hooks/telnyx. `options` are those of `WebhookApp`.
        Raises `ConfigurationError` where no webhook could be verified.
        """
        self._mounted.append(WebhookApp(self.kit, path=path, **options))
        return self._mounted[-1]

    def wake(self) -> None:
        """Have what was recorded be followed, apart from the request; from any thread, once the application runs."""
        if self._work is None:
            LOG.debug("the application does not run, so that nothing follows: the batch job does it")
        else:
            self._work.wake()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[Any]:
        """Prepare the ledger, work until the application ends, then finish what is under way and close the kit.

        What the application's own lifespan yields is yielded on.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(called, self.kit.close)
            await self._prepare()
            for mounted in self._mounted:
                await stack.enter_async_context(mounted.lifespan(app))
            self._work = _Work(self.kit, self._pause, self._live)
            stack.push_async_callback(self._end, self._work)
            yield None if self._wraps is None else await stack.enter_async_context(self._wraps(app))

    async def _prepare(self) -> None:
        try:
            await asyncio.to_thread(self.kit.ledger.prepare)
        except ReminderKitError as error:
            LOG.error("%s (the application runs all the same)", error)

    async def _end(self, work: _Work) -> None:
        self._work = None
        await work.end()


async def called(verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Carry out a verb of either face without blocking the event loop."""
    if iscoroutinefunction(verb):
        return await verb(*args, **options)
    return await asyncio.to_thread(partial(verb, *args, **options))


class _Work:
    """The task of a process: it follows what is recorded, and does the batch job where due; one run at a time."""

    def __init__(
        self,
        kit: Served,
        pause: float | None,
        live: Callable[[], Iterable[Appointment]] | None,
    ) -> None:
        self._kit = kit
        self._pause = pause
        self._live = live
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._wanted = self._ending = False
        self._task = self._loop.create_task(self._run())

    def wake(self) -> None:
        """Have a run follow; any number of wakes share one."""
        self._wanted = True
        try:
            self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:
            LOG.error("the application's event loop is closed, so that nothing follows: the batch job does it")

    async def end(self) -> None:
        """Finish what is under way, and what was woken for."""
        self._ending = True
        self._woken.set()
        await self._task

    async def _run(self) -> None:
        due = None if self._pause is None else self._loop.time()
        while self._wanted or not self._ending:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._woken.wait()
            self._woken.clear()
            is_due = due is not None and self._loop.time() >= due and not self._ending
            if is_due or self._wanted:
                self._wanted = False
                await self._done(only_dirty=not is_due)
            if is_due and self._pause is not None:
                due = self._loop.time() + self._pause

    async def _done(self, *, only_dirty: bool) -> None:
        """Do a run; what fails is told, and done by the next."""
        try:
            if self._live is None or only_dirty:
                await called(self._kit.resync, only_dirty=only_dirty)
            else:
                await called(self._kit.resync, drawn(self._live), complete=True)
        except Exception as error:  # noqa: BLE001 - the application goes on whatever it is
            told = str(error) if isinstance(error, ReminderKitError) else unforeseen(error)
            LOG.error("a run failed: %s (the next one does it)", told)


def _seconds(every: str | float | timedelta) -> float:
    """Return a pause in seconds; "60s" is understood as the command line's --every."""
    if isinstance(every, timedelta):
        return float(length(every.total_seconds(), "every"))
    if isinstance(every, str) and (found := _SHORT.fullmatch(every.strip())):
        return float(length(int(found[1]) * _UNITS[found[2]], "every"))
    return float(length(every, "every"))
