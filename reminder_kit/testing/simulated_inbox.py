"""The simulated inbox: what a number would receive if time passed, with the batch job run as it would be.

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
"""How long after a run that left something undone the next one follows."""

_MONTH = timedelta(days=31)


@overload
def would_receive(kit: ReminderKit, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH) -> list[Parked]: ...
@overload
def would_receive(
    kit: AsyncReminderKit, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH
) -> Awaitable[list[Parked]]: ...
def would_receive(kit: Any, sandbox: Sandbox, number: str, *, within: timedelta = _MONTH) -> Any:
    """Return the messages that reach a number within that time, in order; of an `AsyncReminderKit` await them.

    The kit must speak to the sandbox and go by its clock, which is `within` later afterwards: whenever something is
    due, a `resync` runs. Messages that came before are among them; each has its `text` and `sent_at`.
    """
    inbox = _inbox_after(kit, sandbox, number, within)
    return inbox if isinstance(kit, AsyncReminderKit) else run_blocking(inbox)


async def _inbox_after(kit: Any, sandbox: Sandbox, number: str, within: timedelta) -> list[Parked]:
    until = sandbox.now() + within
    await _result_of(kit.resync)
    while (at := _due(await _result_of(kit.status), sandbox)) is not None and at <= until:
        sandbox.clock.set(at)
        await _result_of(kit.resync)
    sandbox.clock.set(until)
    return sandbox.inbox(number)


def _due(status: dict[str, Any], sandbox: Sandbox) -> datetime | None:
    """Return when the kit or the sandbox has something to do next, always later than now; None means never."""
    moments = [
        send_at for send_at in (status["next_at"], *(message.send_at for message in sandbox.parked()[:1])) if send_at
    ]
    if not moments:
        return None
    now = sandbox.now()
    return next((moment for moment in sorted(moments) if moment > now), now + _IDLE)


async def _result_of(verb: Callable[..., Any]) -> Any:
    """Call a verb of either face and return its result."""
    value = verb()
    return await value if isawaitable(value) else value
