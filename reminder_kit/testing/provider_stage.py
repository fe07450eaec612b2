"""A provider on its stage: the sandbox that it speaks to, and the transport between them.

Never looks inside an adapter: it speaks to a provider through its port.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from attrs import define, field

from reminder_kit.model.messages import Draft
from reminder_kit.ports import Finder, Listed, Lister, OptOutLister, Provider, Receipt, Request, Response
from reminder_kit.transport.blocking import BlockingIO, run_blocking

__all__ = ["Held", "ProviderSandbox", "Stage", "read_by"]


class Held(Protocol):
    """One message as a sandbox holds it."""

    #: The provider's id of it.
    id: str
    to: str
    text: str
    #: When it is to go out, aware.
    send_at: datetime


class ProviderSandbox(Protocol):
    """What the contract asks of a local stand-in for the provider, with a clock of its own.

    The contract asks `fault` for `drop_before`, `drop_after`, `500`, `500_after`, `503`, `429`, `garbage`, `no_id`,
    `word` (a status nobody knows) and `unauthorized`, as `reminder_kit.sandbox.faults.KINDS` describes them.
    """

    def now(self) -> datetime:
        """Return the sandbox's time, aware."""
        ...

    def parked(self) -> Sequence[Held]:
        """Return the messages that are scheduled."""
        ...

    def fault(self, kind: str, times: int | None = 1, **details: Any) -> None:
        """Have the next `times` requests go wrong; None means all."""
        ...


def read_by(provider: Provider, provider_id: str, send: Callable[[Request], Response]) -> Receipt:
    """Return what a provider says of a message, in one request or in a conversation."""
    asked = provider.read(provider_id)
    if isinstance(asked, Request):
        return provider.parse_read(send(asked))
    try:
        request = next(asked)
        while True:
            request = asked.send(send(request))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


@define
class Stage:
    """A provider, the sandbox that it speaks to, and the transport between them."""

    provider: Provider
    #: A `ProviderSandbox`; some tests ask more of it, such as `inbound`.
    sandbox: Any
    #: One of httpx, from the provider to the sandbox.
    transport: Any
    #: What the sandbox has sent: headers and body of each webhook.
    webhooks: list[tuple[Mapping[str, str], bytes]] = field(factory=list)
    #: A number that can receive messages.
    to: str = "+12025550123"
    #: A number that the provider refuses; "": it refuses none.
    wrong: str = "+1202"
    #: An id of no message.
    stranger: str = "7a3c21eb-8b8e-48ab-ace2-a83e4367c087"
    #: The edges of the window beyond which the provider refuses a send time, of "near" and "far"; the others are ours.
    edges: tuple[str, ...] = ("near", "far")
    #: Whether the provider refuses to cancel from the declared cut-off on; else once it has sent.
    keeps_cutoff: bool = True
    #: The sandbox's time when the stage was set.
    began_at: datetime = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.began_at = self.sandbox.now()

    def send(self, request: Request) -> Response:
        """Carry one request to the sandbox and return the answer."""
        return run_blocking(BlockingIO(self.provider, transport=self.transport, sleep=lambda _: None).send(request))

    def ahead(self, lead: timedelta) -> datetime:
        """Return the instant so far ahead by the sandbox's clock, in whole seconds."""
        now: datetime = self.sandbox.now()
        return (now + lead).replace(microsecond=0)

    def draft(self, lead: timedelta | None = None, **changes: Any) -> Draft:
        """Return a draft for so far ahead; `lead` None means the middle of the window."""
        window = self.provider.capabilities.window
        lead = (window.min_lead + window.max_lead) / 2 if lead is None else lead
        return Draft(**{"to": self.to, "text": "See you tomorrow", "send_at": self.ahead(lead), **changes})

    def request(self, draft: Draft | None = None, name: str = "1") -> Request:
        """Return the request that parks a draft."""
        return self.provider.create(draft or self.draft(), token=f"token-{name}", idempotency_key=f"key-{name}")

    def create(self, draft: Draft | None = None, name: str = "1") -> Receipt:
        """Park a draft."""
        return self.provider.parse_created(self.send(self.request(draft, name)))

    def read(self, provider_id: str) -> Receipt:
        """Ask for a message, in as many requests as the provider needs for that."""
        return read_by(self.provider, provider_id, self.send)

    def find(self, draft: Draft, name: str = "1") -> tuple[Receipt, ...]:
        """Look for a message as one whose id was never learned."""
        finder, now = cast("Finder", self.provider), self.sandbox.now()
        request = finder.find(draft, token=f"token-{name}", created_at=self.began_at, now=now)
        if request is None:
            return ()
        return finder.parse_found(self.send(request), draft, token=f"token-{name}", created_at=self.began_at)

    def listed(self) -> dict[str, Listed]:
        """Return what was made for the number of drafts, by the provider's names."""
        lister, since = cast("Lister", self.provider), self.began_at
        answer = self.send(lister.messages_to(self.to, since))
        return {found.provider_id: found for found in lister.parse_messages(answer, self.to, since)}

    def cancel(self, provider_id: str) -> Receipt:
        """Cancel a message."""
        return self.provider.parse_cancelled(self.send(self.provider.cancel(provider_id)))

    def opt_outs(self) -> list[str]:
        """Return every number on the provider's list of opt-outs."""
        lister, found, page = cast("OptOutLister", self.provider), list[str](), 0
        while True:
            page += 1
            answer = lister.parse_opt_outs(self.send(lister.opt_outs(page)))
            found += answer.numbers
            if not answer.more:
                return found
