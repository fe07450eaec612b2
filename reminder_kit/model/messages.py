"""Messages at the provider: what one says, what the ledger knows of it, what the provider tells of it.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from reminder_kit.model.host_data import text_or_none, whole_text
from reminder_kit.model.lifecycle import State
from reminder_kit.model.phones import masked

__all__ = ["DeliveryEvent", "Draft", "Included", "Message"]


@frozen
class Draft:
    """What a message says, to whom and when: all that the provider is told."""

    to: str = field(repr=lambda number: repr(masked(number)))
    text: str = field(repr=False)
    send_at: datetime
    subject: str = ""
    media_urls: tuple[str, ...] = ()
    channel: str = "sms"

    def same_content(self, other: Draft) -> bool:
        """Say whether both would read the same, whatever their send times and numbers."""
        return evolve(self, to=other.to, send_at=other.send_at) == other


class Included(NamedTuple):
    """Another reminder that a message tells as well: its key, and the start it tells of."""

    key: str
    start_at: datetime


@frozen
class Message:
    """One message at the provider, as the ledger knows it. All instants are UTC.

    `request` and `path` are exactly what was, or will be, posted. `uncertain` says that
    a post may have been carried out without our learning of it. `sender` is whatever
    the provider sends from. `due_at` and `start_at` are what it was decided for, `told` the
    reminders of other appointments that it tells as well, by key.
    """

    id: str
    key: str
    state: State
    draft: Draft
    due_at: datetime
    start_at: datetime
    sender: str
    provider: str
    path: str
    request: bytes = field(repr=False)
    idempotency_key: str
    created_at: datetime
    provider_id: str | None = None
    uncertain: bool = False
    attempts: int = 0
    next_try_at: datetime | None = None
    error: str = ""
    presumed: bool = False
    includes: tuple[Included, ...] = ()

    @property
    def send_at(self) -> datetime:
        """When the provider sends it."""
        return self.draft.send_at


def _text_kept(value: str | None) -> str | None:
    return None if value is None else whole_text(value)


@frozen
class DeliveryEvent:
    """What a provider told us of one message, or a person's reply, in our words.

    `type` is one of `scheduled`, `sent`, `delivered`, `undelivered`, `cancelled`,
    `received`, `opted_out`, `opted_in`, `unknown`. `token` is the one we put into the
    message's webhook address. `raw` is what came, untouched. `code` is the provider's
    word for what went wrong. The kit fills in `reason`, our word for that
    (`reminder_kit.ports.Failure`), and `appointment`: source, id and recurrence id of
    the one it is about. A reply that is one of the host's own keywords is told once
    more, with the keyword's name as `type`.
    """

    id: str = field(converter=whole_text)
    type: str
    occurred_at: datetime
    provider: str
    provider_id: str | None = field(default=None, converter=text_or_none)
    token: str | None = field(default=None, converter=text_or_none)
    number: str | None = field(default=None, repr=False, converter=text_or_none)
    text: str | None = field(default=None, repr=False, converter=_text_kept)
    code: str = field(default="", converter=whole_text)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)
    reason: str = ""
    appointment: tuple[str, str, str] | None = None
