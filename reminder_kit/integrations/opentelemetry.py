"""Metrics for OpenTelemetry: what runs did and how long they took, what providers report, what waits in the ledger.

Never shows a phone number, a name, a text or an appointment: attributes have few values, all known beforehand.

    from reminder_kit.integrations.opentelemetry import instrument
    instrument(kit)

Names and units follow OpenTelemetry's semantic conventions (https://opentelemetry.io/docs/specs/semconv/general/).

| name | kind | unit | attributes |
|---|---|---|---|
| `reminder_kit.run.duration` | histogram | s | `reminder_kit.run.actor`, `error.type` where it raised |
| `reminder_kit.changes` | counter | {change} | `reminder_kit.change` (`Change.happened`), `reminder_kit.reason` |
| `reminder_kit.events` | counter | {event} | `reminder_kit.event` (a webhook's type), `reminder_kit.reason` |
| `reminder_kit.reminders` | up-down counter | {reminder} | `reminder_kit.stand` (held, …), `reminder_kit.reason` |
| `reminder_kit.messages` | up-down counter | {message} | `reminder_kit.state` |
| `reminder_kit.dirty` | up-down counter | {appointment} | |
| `reminder_kit.unsettled.age` | gauge | s | how long the oldest message has been unsettled; 0: none is |
| `reminder_kit.resync.age` | gauge | s | how long ago the batch job last ran, once it has |

All carry `reminder_kit.provider` and `reminder_kit.namespace`. The last five are read from the
ledger when they are collected, by the collector's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from threading import Lock
from typing import Any

from attrs import define, field

from reminder_kit import __version__
from reminder_kit.errors import ConfigurationError, ReminderKitError
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit
from reminder_kit.kit.listeners import Run
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.planning.changes import Change

try:
    from opentelemetry.metrics import CallbackOptions, Meter, MeterProvider, Observation, get_meter
except ImportError:
    raise ConfigurationError(
        "metrics need the package opentelemetry-api: pip install 'reminder-kit[opentelemetry]'"
    ) from None

__all__ = ["instrument"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
"""Bounds of the histogram's buckets: from one changed appointment to a large import."""
_MEMORY = 0.5
"""Seconds for which one reading of the ledger serves all gauges of a collection."""

Measured = Iterator[tuple[float, dict[str, str]]]
"""Values of a gauge, each with its attributes."""


def instrument(kit: ReminderKit | AsyncReminderKit, meter_provider: MeterProvider | None = None) -> None:
    """Have a kit's metrics reported to OpenTelemetry; call it once for each kit.

    `meter_provider` None means the global one, also where that is set later.
    """
    always = {"reminder_kit.provider": kit.provider.name, "reminder_kit.namespace": kit.ledger.namespace}
    meter = get_meter("reminder_kit", __version__, meter_provider, attributes=always)
    _count_events(kit, meter, always)
    _observe(_Ledger(kit), meter, always)


def _count_events(kit: ReminderKit | AsyncReminderKit, meter: Meter, always: dict[str, str]) -> None:
    """Have the kit's listeners count runs, changes and events as they happen."""
    durations = meter.create_histogram(
        "reminder_kit.run.duration",
        "s",
        "How long runs took, planning included.",
        explicit_bucket_boundaries_advisory=_SECONDS,
    )
    changes = meter.create_counter("reminder_kit.changes", "{change}", "What runs did for single reminders.")
    events = meter.create_counter("reminder_kit.events", "{event}", "What the provider's webhooks told.")

    def count_run(run: Run) -> None:
        failed = {} if run.error is None else {"error.type": type(run.error).__qualname__}
        durations.record(run.seconds, {**always, "reminder_kit.run.actor": run.actor, **failed})

    def count_change(change: Change) -> None:
        changes.add(1, {**always, "reminder_kit.change": change.happened, "reminder_kit.reason": change.reason.value})

    def count_event(event: DeliveryEvent) -> None:
        reason = {"reminder_kit.reason": event.reason} if event.reason else {}
        events.add(1, {**always, "reminder_kit.event": event.type, **reason})

    kit.on("run", count_run)
    kit.on("change", count_change)
    kit.on("*", count_event)


def _observe(ledger: _Ledger, meter: Meter, always: dict[str, str]) -> None:
    """Have gauges read from the ledger whenever they are collected."""

    def observe(kind: Any, name: str, unit: str, description: str, measure: Callable[[_Ledger], Measured]) -> None:
        def measured(_options: CallbackOptions) -> Iterable[Observation]:
            try:
                return [Observation(value, {**always, **attributes}) for value, attributes in measure(ledger)]
            except ReminderKitError:  # a ledger that can't be read now has nothing to show
                return []

        kind(f"reminder_kit.{name}", [measured], unit, description)

    number, gauge = meter.create_observable_up_down_counter, meter.create_observable_gauge
    observe(number, "reminders", "{reminder}", "How many reminders stand where, and why.", _reminders)
    observe(number, "messages", "{message}", "How many messages are in which state.", _messages)
    observe(number, "dirty", "{appointment}", "How many appointments wait for a run.", _dirty)
    observe(gauge, "unsettled.age", "s", "For how long the oldest message has been unsettled.", _unsettled)
    observe(gauge, "resync.age", "s", "How long ago the batch job last ran.", _resync)


@define
class _Ledger:
    """The counts of a kit's ledger, read once for all gauges of a collection."""

    kit: ReminderKit | AsyncReminderKit
    _read_at: float = float("-inf")
    _counts: dict[str, Any] = field(factory=dict)
    _lock: Lock = field(factory=Lock)

    def counts(self) -> dict[str, Any]:
        """Return the counts of `status`."""
        with self._lock:
            if time.monotonic() - self._read_at > _MEMORY:
                self._counts, self._read_at = self.kit.ledger.read(lambda reader: reader.counts()), time.monotonic()
            return self._counts

    def age(self, at: datetime) -> float:
        """Return how many seconds ago an instant was, by the kit's clock; 0 where it is still to come."""
        return max(0.0, (self.kit.now() - at).total_seconds())


def _reminders(ledger: _Ledger) -> Measured:
    for stand, reasons in ledger.counts()["reminders"].items():
        for reason, count in reasons.items():
            yield count, {"reminder_kit.stand": stand, "reminder_kit.reason": reason}


def _messages(ledger: _Ledger) -> Measured:
    for state, count in ledger.counts()["messages"].items():
        yield count, {"reminder_kit.state": state}


def _dirty(ledger: _Ledger) -> Measured:
    yield ledger.counts()["dirty"], {}


def _unsettled(ledger: _Ledger) -> Measured:
    oldest = ledger.counts()["oldest_unsettled_at"]
    yield ledger.age(oldest) if oldest else 0.0, {}


def _resync(ledger: _Ledger) -> Measured:
    last = ledger.counts()["runs"].get("resync")
    if last is not None:
        yield ledger.age(last[0]), {}
