"""A house for a provider of one's own to be tested in: a local stand-in with a clock, faults and webhooks.

Never speaks for a provider: a subclass answers requests and writes webhooks as its documents say. What is common to
all stand-ins is here: messages that fall due as the clock is moved, faults on demand, the way in which httpx gets here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from attrs import define

from reminder_kit.sandbox import Answer, Call, Clock, Fault, Faults, Sandbox, SandboxTransport

__all__ = ["Guest", "House"]

Receiver = Callable[[Mapping[str, str], bytes], object]
"""Takes headers and body of a webhook."""
Letter = tuple[Mapping[str, str], bytes]
"""The headers and the body of a webhook."""


@define
class Guest:
    """One message in a house."""

    #: The provider's name for it.
    id: str
    to: str
    text: str
    #: When it goes out, aware.
    send_at: datetime
    #: Our token, where the provider has a field for it.
    reference: str = ""
    #: scheduled, delivered or cancelled.
    status: str = "scheduled"


class House(ABC):
    """A provider's stand-in in this process; `receiver` takes headers and body of each webhook.

    A subclass has `respond`, which answers one request, and, where the provider has webhooks, `report` (on a message
    that was delivered) and `reply`, which return headers and body. `Stage(provider, house, house.transport(), …)` puts
    a provider into it.
    """

    def __init__(
        self, at: datetime | str, receiver: Callable[[Mapping[str, str], bytes], object] | None = None
    ) -> None:
        self.clock = Clock(at)
        self.clock.when_moved(self._fall_due)
        self.faults = Faults()
        self.receiver = receiver
        #: Every message there was, by id.
        self.guests: dict[str, Guest] = {}

    # What a subclass says

    @abstractmethod
    def respond(self, call: Call) -> Answer:
        """Answer one request."""

    def report(self, guest: Guest) -> Letter | None:  # noqa: ARG002 - a subclass uses it
        """Return the webhook that says that a message was delivered; None: there is none."""
        return None

    def reply(self, number: str, text: str) -> Letter | None:  # noqa: ARG002 - likewise
        """Return the webhook of a person's reply; None: there is none."""
        return None

    # What tests ask

    def now(self) -> datetime:
        """Return the house's time, aware."""
        return self.clock()

    def parked(self) -> list[Guest]:
        """Return the messages that are scheduled."""
        return [guest for guest in self.guests.values() if guest.status == "scheduled"]

    def fault(self, kind: str, times: int | None = 1, **details: Any) -> None:
        """Have the next `times` requests go wrong (None: all), see `reminder_kit.sandbox.Fault`."""
        self.faults.add(Fault(kind, times, **details))

    def inbound(self, number: str, text: str) -> None:
        """Have a person reply."""
        self._deliver(self.reply(number, text))

    def transport(self) -> SandboxTransport:
        """Return the way in which httpx' requests come here."""
        return SandboxTransport(cast("Sandbox", self))

    # What happens

    def handle(self, call: Call) -> Answer:
        """Answer one request, or spoil it as a fault asks for."""
        return self.faults.answer(call, self.respond)[0]

    def take(self, **fields: Any) -> Guest:
        """Take a message in, under a new id."""
        guest = Guest(f"house-{len(self.guests) + 1}", **fields)
        self.guests[guest.id] = guest
        self._fall_due()
        return guest

    def _fall_due(self) -> None:
        for guest in self.parked():
            if guest.send_at <= self.now():
                guest.status = "delivered"
                self._deliver(self.report(guest))

    def _deliver(self, letter: Letter | None) -> None:
        if letter is not None and self.receiver is not None:
            self.receiver(*letter)
