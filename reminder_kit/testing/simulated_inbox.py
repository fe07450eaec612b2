"""What would she receive? Lets the sandbox's time pass, with the batch job as it would run.

Never waits: only the sandbox's clock moves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from inspect import isawaitable
from typing import Any, overload

from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.sandbox import Parked, Sandbox
from reminder_kit.transport.blocking import run_blocking

__all__ = ["would_receive"]

_IDLE = timedelta(minutes=15)
"""How long after a run that left something undone the next one is."""

_MONTH = timedelta(days=31)


@overload
def would_receive(kit: ReminderKit, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH) -> list[Parked]: ...
@overload
def would_receive(
    kit: AsyncReminderKit, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH
) -> Awaitable[list[Parked]]: ...
def would_receive(kit: Any, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH) -> Any:
    """Return the messages that reach a number within that time, in their order (of an `AsyncReminderKit`: await it).

    The kit must speak to the sandbox and go by its clock, which stands `within` later
    afterwards: a `resync` is done whenever something is due. Each message tells its
    `text` and `sent_at`; those that came before are among them.
    """
    lived = _lived(kit, sandbox, number, within)
    return lived if isinstance(kit, AsyncReminderKit) else run_blocking(lived)


async def _lived(kit: Any, sandbox: Sandbox, number: str, within: timedelta) -> list[Parked]:
    until = sandbox.now() + within
    await _done(kit.resync)
    while (at := _due(await _done(kit.status), sandbox)) is not None and at <= until:
        sandbox.clock.set(at)
        await _done(kit.resync)
    sandbox.clock.set(until)
    return sandbox.inbox(number)


def _due(status: dict[str, Any], sandbox: Sandbox) -> datetime | None:
    """Return when something is to be done next, here or there; always later than now."""
    moments = [
        send_at for send_at in (status["next_at"], *(message.send_at for message in sandbox.parked()[:1])) if send_at
    ]
    if not moments:
        return None
    now = sandbox.now()
    return next((moment for moment in sorted(moments) if moment > now), now + _IDLE)


async def _done(verb: Callable[..., Any]) -> Any:
    value = verb()
    return await value if isawaitable(value) else value
