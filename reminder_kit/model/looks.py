"""What people see who look: what somebody was told, what somebody replied, and who looked.

Pure: no clock, no I/O. Never decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from reminder_kit.model.instants import iso
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Message
from reminder_kit.model.names import NOBODY, Called
from reminder_kit.model.phones import masked
from reminder_kit.model.records import Identity

__all__ = ["LOOKED", "Look", "Reply", "Told"]

LOOKED = "looked"
"""What is noted of somebody who looked at a person and did nothing."""


@frozen
class Reply:
    """What one person wrote."""

    #: The person's number.
    number: str = field(repr=lambda number: repr(masked(number)))
    #: When it was written, UTC, by the provider's clock.
    at: datetime
    #: What it was taken for: `received`, `opted_out` (a STOP) or `opted_in`.
    kind: str
    #: The words.
    text: str = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"at": iso(self.at), "type": self.kind, "text": self.text}


@frozen
class Told:
    """One message to one person, and what became of it."""

    #: The message: its text, its state, when it goes or went out.
    message: Message = field(repr=False)
    #: The appointment that it is about.
    identity: Identity
    #: The id of its rule.
    rule: str
    #: The recipient's key.
    recipient: str = field(repr=False)
    #: What the appointment and its people are called.
    called: Called = NOBODY
    #: When it went out, arrived, or did not, UTC, as the provider reported; None: it reported nothing of that.
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    undelivered_at: datetime | None = None
    #: The provider's code for why it did not arrive; "": it did, or nobody says why.
    code: str = ""
    #: What the person wrote after it and before the next one, oldest first.
    replies: tuple[Reply, ...] = field(default=(), repr=False)

    @property
    def is_off(self) -> bool:
        """Whether it certainly never reached anybody."""
        return self.message.state in (State.CANCELLED, State.REJECTED, State.ABANDONED)

    @property
    def name(self) -> str:
        """The name of the person; "": it is not known."""
        return self.called.name(self.recipient, self.message.draft.to)

    def with_reports(self, reports: Iterable[tuple[str, datetime, str]]) -> Told:
        """Return it with what the provider reported: type, instant (UTC) and code of each report, in their order."""
        found: dict[str, Any] = {}
        for kind, at, code in reports:
            if kind in ("sent", "delivered", "undelivered"):
                found.setdefault(f"{kind}_at", at)
                found |= {"code": code} if kind == "undelivered" else {}
        return evolve(self, **found) if found else self

    def as_json(self, *, full: bool = True) -> dict[str, Any]:
        """Return plain JSON values; without `full` the number is masked."""
        message = self.message
        return {
            "to": message.draft.to if full else masked(message.draft.to),
            "name": self.name or None,
            "appointment": self.identity.id,
            "source": self.identity.source,
            "recurrence_id": self.identity.recurrence_id or None,
            "title": self.called.title or None,
            "rule": self.rule or None,
            "state": message.state.value,
            "presumed": message.presumed,
            "send_at": iso(message.send_at),
            "sent_at": _iso(self.sent_at),
            "delivered_at": _iso(self.delivered_at),
            "undelivered_at": _iso(self.undelivered_at),
            "code": self.code or None,
            "error": message.error or None,
            "text": message.draft.text,
            "channel": message.draft.channel,
            "provider": message.provider,
            "message_id": message.provider_id,
            "replies": [reply.as_json() for reply in self.replies],
        }


@frozen
class Look:
    """Somebody looked at a person, or did something for one, by hand."""

    #: When, UTC.
    at: datetime
    #: Who it was, as far as the host, or the server, knows.
    who: str
    #: `LOOKED`, or what was done.
    act: str
    #: The person's number.
    number: str = field(repr=lambda number: repr(masked(number)))
    #: The id of the appointment it was about; "": it was about none.
    id: str = ""


def _iso(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
