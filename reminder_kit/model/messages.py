"""Messages: what one says, what the ledger knows of it, what the provider says of it.

Pure: no clock, no I/O. Never decides what becomes of a message: the steps between its states are in `lifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from attrs import evolve, field, frozen

from reminder_kit.model.appointments import Status
from reminder_kit.model.host_data import text_or_none, whole_text
from reminder_kit.model.lifecycle import State
from reminder_kit.model.phones import masked

__all__ = ["Answered", "DeliveryEvent", "Draft", "Included", "Message"]


@frozen
class Draft:
    """What a message says, to whom and when: all that a provider needs to park it."""

    #: The number it goes to, E.164.
    to: str = field(repr=lambda number: repr(masked(number)))
    #: The text, ready to be sent; "" only where there are pictures.
    text: str = field(repr=False)
    #: When the provider is to send it: UTC, whole seconds.
    send_at: datetime
    #: The subject of an MMS; "": none.
    subject: str = field(default="", repr=False)
    #: The addresses of an MMS's pictures; empty: none.
    media_urls: tuple[str, ...] = ()
    #: "sms" or "mms".
    channel: str = "sms"

    def same_content(self, other: Draft) -> bool:
        """Say whether two drafts read the same, whatever their send times and numbers."""
        return evolve(self, to=other.to, send_at=other.send_at) == other


class Included(NamedTuple):
    """Another reminder that a message speaks of, besides its own."""

    #: The reminder's key.
    key: str
    #: The start that the message names for it, UTC.
    start_at: datetime


@frozen
class Message:
    """One message at the provider, as the ledger knows it."""

    #: Our own name for it, by which its webhooks are known (the token that providers echo).
    id: str
    #: The key of the reminder it is for.
    key: str
    #: Where it is in its life cycle.
    state: State
    #: What it says, to whom and when.
    draft: Draft
    #: When its reminder was due, UTC, as the message was decided; its send time where nothing was due.
    due_at: datetime
    #: The start of the appointment, UTC, as the message was decided: what the text speaks of.
    start_at: datetime
    #: What the provider sends it from (`Provider.sender`).
    sender: str
    #: The name of the provider it was made for (`Provider.name`).
    provider: str
    #: The path that its request is posted to, below the provider's base URL.
    path: str
    #: The body of its request, exactly as it was posted and is posted again.
    request: bytes = field(repr=False)
    #: The key by which the provider tells a repeated request from a new one; unused where it knows no keys.
    idempotency_key: str
    #: When its intent was written down, UTC, before the first request.
    created_at: datetime
    #: The provider's name for it; None until the provider has answered, or a webhook has said it.
    provider_id: str | None = None
    #: Whether a request may have been carried out without our learning of it.
    uncertain: bool = False
    #: How often the open step was tried, once for each run.
    attempts: int = 0
    #: The instant, UTC, until which a failed step is left alone; None: it may be tried at once, or none is open.
    next_try_at: datetime | None = None
    #: What went wrong last, in words or as the provider's code; "": nothing.
    error: str = ""
    #: Whether its state was concluded from the time alone, since nobody could say what became of it.
    presumed: bool = False
    #: The further reminders that it speaks of; empty: only its own.
    includes: tuple[Included, ...] = ()

    @property
    def send_at(self) -> datetime:
        """When the provider is to send it, UTC."""
        return self.draft.send_at


class Answered(NamedTuple):
    """An appointment that a reply is about: the message that it answers spoke of it."""

    #: The source, the id and the recurrence id ("": it does not recur) of the appointment.
    source: str
    id: str
    recurrence_id: str
    #: What the host said of it last, as a word of `Status`; "removed": it is gone; "": that can't be read here.
    status: str
    #: When it starts by now, UTC.
    start_at: datetime
    #: Whether it starts at another time than the message said.
    moved: bool = False

    @property
    def stands(self) -> bool:
        """Whether what was replied holds for it: it is still on, at the time that the message said."""
        return not self.moved and self.status not in (Status.CANCELLED, Status.NO_SHOW, "removed")


def _whole_text_or_none(value: str | None) -> str | None:
    return None if value is None else whole_text(value)


@frozen
class DeliveryEvent:
    """What a provider says of one message, or what a person replied, in our words.

    id: The event's own name, the same each time it is delivered: a repetition is known by it.
    type: `scheduled`, `sent`, `delivered`, `undelivered` or `cancelled` for a message, `received`, `opted_out` or
        `opted_in` for a reply, `unknown` for a word of the provider's that we don't know. Hosts also hear of `anomaly`
        (a message's event out of turn), of `unclear_reply` (a reply that may ask for no more messages), and of a reply
        that is one of their own keywords under the keyword's name.
    occurred_at: When it happened, UTC, by the provider's clock.
    provider: The name of the provider.
    provider_id: The provider's name for the message; None where it says none.
    token: Our id of the message, where the provider echoes it; else None.
    number: The person's number, E.164; None where it is not told.
    text: What the person wrote; None for events about messages.
    senders: To whom of ours a reply was sent: our number, and the pool it belongs to (a messaging profile, a messaging
        service), as far as the provider says so. Empty: the sender of the provider that took it in.
    code: The provider's code for what went wrong; "": nothing.
    raw: What came in, as it was.
    reason: Our word for `code`, a value of `reminder_kit.ports.Failure`; "" where it has none. The kit fills it in.
    appointment: Source, id and recurrence id ("": it does not recur) of the appointment that the event is about; None
        where that is not known. The kit fills it in.
    appointments: Of a reply, every appointment that the message spoke of which it answers, each with its status by now.
        The kit fills it in.
    repeated: Whether it was stored before, so that it changed nothing: `ReminderKit.receive` says so.
    """

    id: str = field(converter=whole_text)
    type: str
    occurred_at: datetime
    provider: str
    provider_id: str | None = field(default=None, converter=text_or_none)
    token: str | None = field(default=None, converter=text_or_none)
    number: str | None = field(default=None, repr=False, converter=text_or_none)
    text: str | None = field(default=None, repr=False, converter=_whole_text_or_none)
    code: str = field(default="", converter=whole_text)
    raw: Mapping[str, Any] = field(factory=dict, repr=False, hash=False)
    reason: str = ""
    appointment: tuple[str, str, str] | None = None
    appointments: tuple[Answered, ...] = ()
    senders: tuple[str, ...] = ()
    repeated: bool = False
