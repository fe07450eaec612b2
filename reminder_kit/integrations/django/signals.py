"""Signals: what the kit hears, as Django's; receivers that raise are logged, and harm nothing.

Each is sent with `event` (a `DeliveryEvent`; of `attention`: an `AttentionItem` as `item`), and `sender` is the tracked
model, None where it is about no model's row. They are sent off the request that brought them, after what they tell of
was stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.dispatch import Signal

from reminder_kit.errors import unforeseen
from reminder_kit.logs import LOG

if TYPE_CHECKING:
    from reminder_kit.kit.faces import ReminderKit

__all__ = ["attention", "connect", "delivered", "replied", "undelivered"]

delivered = Signal()
"""A message reached its phone."""

undelivered = Signal()
"""A message did not reach its phone: `event.reason` says why."""

replied = Signal()
"""Somebody wrote back: `event.text` is what."""

attention = Signal()
"""Something begins to wait for a person: `item` says what, and the remedy."""

_EVENTS = {"delivered": delivered, "undelivered": undelivered, "received": replied}


def connect(kit: ReminderKit, model_of: Callable[[str | None], Any]) -> None:
    """Have a kit's events sent as signals; `model_of` returns the model of a source."""
    for name, signal in _EVENTS.items():
        kit.on(name, _sender_of(signal, model_of))
    kit.on("attention", lambda item: _send(attention, None, item=item))


def _sender_of(signal: Signal, model_of: Callable[[str | None], Any]) -> Callable[[Any], None]:
    def send(event: Any) -> None:
        source = event.appointment[0] if event.appointment else None
        _send(signal, model_of(source), event=event)

    return send


def _send(signal: Signal, sender: Any, **values: Any) -> None:
    for receiver, answer in signal.send_robust(sender=sender, **values):
        if isinstance(answer, Exception):
            name = getattr(receiver, "__qualname__", type(receiver).__name__)
            LOG.error("a receiver of a signal failed and was passed over: %s: %s", name, unforeseen(answer))
