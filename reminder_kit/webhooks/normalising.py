"""Events as the ledger keeps them, whatever an adapter hands over: short names, numbers in E.164, times that have been.

Pure: no clock, no I/O. Never refuses an event for its content: it was signed, and may be a person's STOP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from reminder_kit.delivery.message_events import STATES
from reminder_kit.errors import InvalidInputError, PayloadError, unforeseen
from reminder_kit.model.consent import sender_names
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.instants import utc
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.phones import phone_number
from reminder_kit.providers.replies import reply_type
from reminder_kit.webhooks.answering import FAST

__all__ = ["is_number", "normalised", "number_of"]

_TYPES = frozenset([*STATES, "received", "opted_out", "opted_in", "unknown"])
_LONGEST_NAME = 200
"""Characters of an id, a token, a code: no provider's are longer, and PostgreSQL finds no row by thousands."""
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_NUMBER = 50
"""Characters of what can't be read as a number that are kept."""
_DEEPEST = 100
"""How many lists and objects within each other are kept of what came in: more can't be relied on to be read again."""
_MOST = 10_000
"""How many lists and objects of what came in are kept."""


def normalised(event: DeliveryEvent, provider: str, region: str | None, now: datetime) -> DeliveryEvent:
    """Return an event of a provider's adapter as the ledger keeps it; `now` is the kit's present, UTC.

    A type of none of ours is `unknown`; a reply that says STOP or START is one, also where its adapter takes it for
    any other. A time without zone, or of the future (beyond what clocks may be apart), is
    `now`. A number is read as a recipient's is, with the kit's `region`; what is none stays as it is, cut. An id of
    beyond all measure is known by its digest, a provider's name for a message and a token of that size are nobody's.
    Raises `PayloadError` where there is no id.
    """
    if not event.id:
        raise PayloadError(f"{provider}: the event has no id, so that it could not be told from its repetition")
    return DeliveryEvent(
        id=event.id if len(event.id) <= _LONGEST_NAME else _digest(event.id),
        type=_type(event),
        occurred_at=_happened(event.occurred_at, now),
        provider=provider,
        provider_id=_name(event.provider_id),
        token=_name(event.token),
        number=None if event.number is None else number_of(event.number, region),
        text=event.text,
        code=event.code[:_LONGEST_NAME],
        senders=sender_names(*(whole_text(name)[:_LONGEST_NAME] for name in event.senders or ())),
        raw=_kept(event.raw),
    )


def _type(event: DeliveryEvent) -> str:
    """Return an event's type: one of ours, and of a reply what its words ask for, whether or not its adapter looked."""
    if not isinstance(event.type, str) or event.type not in _TYPES:
        return "unknown"
    return reply_type(event.text or "") if event.type == "received" else event.type


def _digest(name: str) -> str:
    return f"{name[:40]}…{blake2b(name.encode(), digest_size=16).hexdigest()}"


def _name(name: str | None) -> str | None:
    return name if name is None or len(name) <= _LONGEST_NAME else None


def _happened(at: Any, now: datetime) -> datetime:
    try:
        moment = utc(at)
    except (InvalidInputError, AttributeError):
        return now
    return moment if moment <= now + FAST else now


def number_of(text: str, region: str | None) -> str:
    """Return a number as a recipient's is read, in E.164; what is none stays as it is, cut."""
    if is_number(text):
        return text
    return phone_number(text.removeprefix("tel:"), region) or text[:_LONGEST_NUMBER]


def is_number(text: str | None) -> bool:
    """Say whether an event's number is one, in E.164."""
    return text is not None and _E164.fullmatch(text) is not None


def _kept(raw: Any) -> Mapping[str, Any]:
    """Return what came in where it can be kept as JSON, else a word on why it is not."""
    if not isinstance(raw, Mapping):
        return {"not kept": f"a {type(raw).__name__}"}
    if _is_too_much(raw):
        return {"not kept": f"more than {_DEEPEST} lists and objects within each other, or {_MOST} in all"}
    try:
        json.dumps(dict(raw), allow_nan=False, default=str)
    except Exception as error:  # noqa: BLE001 - what an adapter hands over may be anything
        return {"not kept": whole_text(unforeseen(error).partition(" in ")[0])}
    return raw


def _is_too_much(value: Any) -> bool:
    """Say whether lists and objects lie too deep within each other, or are too many; one within itself does and is."""
    level, seen = [value], 0
    for _ in range(_DEEPEST + 1):
        seen += len(level)
        if seen > _MOST:
            return True
        level = [inner for outer in level for inner in _parts(outer) if isinstance(inner, Mapping | list | tuple)]
        if not level:
            return False
    return True


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value
