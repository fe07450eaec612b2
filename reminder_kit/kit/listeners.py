"""Telling hosts what happened: each event of a webhook, each change a run made, and each run.

Never lets a callback harm what is going on: one that raises is logged, and passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from inspect import isawaitable, iscoroutinefunction
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from attrs import define, field, frozen

from reminder_kit.errors import InvalidInputError, unforeseen
from reminder_kit.logs import LOG
from reminder_kit.model.suggestions import suggestion
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.report import Report

__all__ = ["EVENT_TYPES", "Listeners", "Run", "announces_run", "called"]

P = ParamSpec("P")
T = TypeVar("T", bound="Announcing")

EVENT_TYPES = (
    "*", "run", "change", "attention", "scheduled", "sent", "delivered", "undelivered", "cancelled", "received",
    "opted_out", "opted_in", "anomaly", "unknown",
)  # fmt: skip
"""What can be listened to, besides the host's own keywords."""


@frozen
class Run:
    """One run: what was carried out, how long that took, and what came of it.

    `actor` is what asked for it: `sync`, `import`, `resync` (also after a webhook or
    `suppress`), `withdraw`. `seconds` are the machine's, planning included. `report` is None where the
    run raised `error`: the plan was refused as unsafe, a calendar or the ledger could not be read.
    """

    actor: str
    seconds: float
    report: Report | None = None
    error: Exception | None = field(default=None, repr=False)


@define
class Listeners:
    """Callbacks by the type of event they listen to.

    `awaits` says whether they may be coroutine functions, `known` which types there are.
    """

    awaits: bool
    known: Sequence[str] = EVENT_TYPES
    _callbacks: dict[str, list[Callable[[Any], object]]] = field(factory=dict)

    def add(self, event_type: str, callback: Callable[[Any], object]) -> None:
        """Take a callback on; raises `InvalidInputError` for one that would never be called, or never be awaited."""
        if event_type not in self.known:
            raise InvalidInputError(
                f"nothing is ever told under {event_type!r}: {suggestion(str(event_type), self.known)} (keywords of "
                "your own stand under `replies`)"
            )
        if not callable(callback):
            raise InvalidInputError(f"the callback for {event_type!r} must be a function, not {callback!r}")
        if iscoroutinefunction(callback) and not self.awaits:
            raise InvalidInputError(
                f"the callback for {event_type!r} must be awaited: use AsyncReminderKit, or a plain function"
            )
        self._callbacks.setdefault(event_type, []).append(callback)

    async def tell(self, event: Any, *event_types: str) -> None:
        """Tell everyone who listens to one of these types."""
        for event_type in event_types:
            for callback in tuple(self._callbacks.get(event_type, ())):
                await self._call(event_type, callback, event)

    async def tell_run(self, run: Run) -> None:
        """Tell of a run, and before that of every change in it but those that are no news."""
        if "change" in self._callbacks and run.report is not None:
            for change in run.report.changes:
                if change.kind is not ChangeKind.KEEP or change.outcome not in (None, "done"):
                    await self.tell(change, "change")
        await self.tell(run, "run")

    async def _call(self, event_type: str, callback: Callable[[Any], object], event: Any) -> None:
        try:
            done = callback(event)
            if self.awaits and isawaitable(done):
                await done
        except Exception as error:  # noqa: BLE001 - a host's callback may raise whatever it likes
            LOG.error("a callback for %r failed and was passed over: %s", event_type, unforeseen(error))


class Announcing(Protocol):
    """Whoever has verbs that are runs."""

    _listeners: Listeners


def announces_run(
    actor: str | None = None,
) -> Callable[
    [Callable[Concatenate[T, P], Coroutine[Any, Any, Report]]],
    Callable[Concatenate[T, P], Coroutine[Any, Any, Report]],
]:
    """Return a decorator of verbs that are runs: listeners hear of each one, by `actor` (None: the plan's own).

    What is only recorded in the host's own transaction (`connection=`) is no run.
    """

    def decorator(
        verb: Callable[Concatenate[T, P], Coroutine[Any, Any, Report]],
    ) -> Callable[Concatenate[T, P], Coroutine[Any, Any, Report]]:
        @wraps(verb)
        async def method(self: T, /, *args: P.args, **kwargs: P.kwargs) -> Report:
            if kwargs.get("connection") is not None:
                return await verb(self, *args, **kwargs)
            began, name = perf_counter(), actor or _actor(*args, **kwargs)
            try:
                report = await verb(self, *args, **kwargs)
            except Exception as error:
                await self._listeners.tell_run(Run(name, perf_counter() - began, error=error))
                raise
            await self._listeners.tell_run(Run(name, perf_counter() - began, report))
            return report

        return called(method, verb)

    return decorator


def _actor(plan: Any, **_options: Any) -> str:
    return str(plan.actor)


F = TypeVar("F", bound=Callable[..., Any])


def called(wrapper: F, verb: Callable[..., Any], owner: str = "") -> F:
    """Return a wrapper under the name of what it wraps, in `help()` as in tracebacks; `owner` is its class there."""
    name = f"{owner}.{verb.__name__}" if owner else verb.__qualname__
    wrapper.__name__, wrapper.__qualname__ = verb.__name__, name
    wrapper.__code__ = wrapper.__code__.replace(co_name=verb.__name__, co_qualname=name)
    return wrapper
