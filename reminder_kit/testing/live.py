"""A real provider, and a hand on every message that is parked there: what the live contract runs on.

Never lets a message go out: each is parked two days ahead (an hour at least), for a number that its owner named, and is
cancelled at the end, whatever happened meanwhile; one that could not be cancelled is named, so that a person does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from attrs import define, field

from reminder_kit.errors import MessageNotFoundError, ProviderError, TooLateToCancelError, UnknownOutcomeError
from reminder_kit.model.instants import iso
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Finder, NoAnswerError, NotSentError, Provider, Receipt, Request, Response
from reminder_kit.testing.provider_stage import read_by
from reminder_kit.transport.blocking import BlockingIO, run_blocking

__all__ = ["LIVE_FROM", "LIVE_TO", "LiveStage", "live_stage"]

LIVE_TO = "REMINDER_KIT_LIVE_TO"
"""The environment variable that names the number messages are parked for, and never sent to."""

LIVE_FROM = "REMINDER_KIT_LIVE_FROM"
"""The environment variable that names the sender, for providers that need one."""

_AHEAD = timedelta(days=2)
_LEAST = timedelta(hours=1)
"""How far ahead messages are parked, and how far a provider must be able to for that."""
_WAITS = (0, 2, 5, 15)
"""Seconds before each attempt to cancel a message, or to learn what became of a request without an answer."""

_NEEDED = {
    "telnyx": ("TELNYX_API_KEY", LIVE_FROM),
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGING_SERVICE_SID"),
    "vonage": ("VONAGE_API_KEY", "VONAGE_API_SECRET", LIVE_FROM),
}
"""The environment variables that each provider needs."""


def live_stage(name: str, environ: Mapping[str, str]) -> LiveStage:
    """Return one of our own providers with an environment's credentials; skips the test where one is missing."""
    if missing := [variable for variable in _NEEDED[name] if not environ.get(variable)]:
        pytest.skip(f"live {name} needs {', '.join(missing)} in the environment")
    return LiveStage(_PROVIDERS[name](environ), environ.get(LIVE_TO, ""), **_DETAILS.get(name, {}))


def _telnyx(environ: Mapping[str, str]) -> Provider:
    from reminder_kit.providers.telnyx.provider import Telnyx

    return Telnyx(environ["TELNYX_API_KEY"], environ[LIVE_FROM], base_url=environ.get("TELNYX_BASE_URL"))


def _twilio(environ: Mapping[str, str]) -> Provider:
    from reminder_kit.providers.twilio.provider import Twilio

    account, token, service = (environ[variable] for variable in _NEEDED["twilio"])
    return Twilio(account, token, service, base_url=environ.get("TWILIO_BASE_URL"))


def _vonage(environ: Mapping[str, str]) -> Provider:
    from reminder_kit.providers.vonage.provider import Vonage

    key, secret, sender = (environ[variable] for variable in _NEEDED["vonage"])
    return Vonage(sender, key, secret, application_id="", base_url=environ.get("VONAGE_BASE_URL"))


_PROVIDERS: dict[str, Callable[[Mapping[str, str]], Provider]] = {
    "telnyx": _telnyx,
    "twilio": _twilio,
    "vonage": _vonage,
}
_DETAILS: dict[str, dict[str, Any]] = {"twilio": {"stranger": "SM" + "3" * 32}}


@define
class LiveStage:
    """A provider, and the messages that are parked there for now."""

    provider: Provider
    #: The number that messages are parked for; "": none, and tests that park are skipped.
    to: str
    #: A number that the provider refuses; "": it refuses none.
    wrong: str = "+1202"
    #: An id of no message.
    stranger: str = "7a3c21eb-8b8e-48ab-ace2-a83e4367c087"
    #: A transport of httpx in place of the network; None: the network.
    transport: Any = None
    #: Waits for so many seconds.
    sleep: Callable[[float], None] = time.sleep
    #: The messages to be cancelled: the provider's id, and the send time.
    parked: dict[str, datetime] = field(factory=dict)
    #: The id of the message that `post` parked last; "": it was refused.
    last: str = ""
    #: Send times of messages whose id was never learned.
    lost: list[datetime] = field(factory=list)

    def now(self) -> datetime:
        """Return the machine's time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the provider's time is the real one

    def send(self, request: Request, provider: Provider | None = None) -> Response:
        """Carry one request to the provider, or to another one, and return the answer."""
        io = BlockingIO(provider or self.provider, transport=self.transport)
        try:
            return run_blocking(io.send(request))
        finally:
            io.close()

    def draft(self, lead: timedelta | None = None, **changes: Any) -> Draft:
        """Return a draft two days ahead; skips the test where it could not be cancelled in time once parked."""
        able = self.provider.capabilities
        farthest = able.window.max_lead - able.window.margin
        if not able.cancels or farthest < _LEAST + able.window.cancel_cutoff:
            pytest.skip(f"{self.provider.name} could not take back a message: none is created live")
        if not self.to:
            pytest.skip(f"set {LIVE_TO} to a number of yours: messages are parked for it, and withdrawn")
        at = (self.now() + (lead or min(_AHEAD, farthest))).replace(microsecond=0)
        text = "reminder_kit live test: this message is withdrawn before it is sent."
        return Draft(**{"to": self.to, "text": text, "send_at": at, **changes})

    def request(self, draft: Draft) -> Request:
        """Return a request that parks a draft, with a token and key of its own."""
        return self.provider.create(draft, token=str(uuid4()), idempotency_key=str(uuid4()))

    def create(self, draft: Draft, request: Request | None = None) -> Receipt:
        """Park a draft, which `close` cancels; without a clear answer the message is looked for before raising."""
        request = request or self.request(draft)
        try:
            receipt = self.provider.parse_created(self.send(request))
        except (NoAnswerError, UnknownOutcomeError):
            self._look_for(draft, request)
            raise
        self.parked[receipt.provider_id] = draft.send_at
        return receipt

    def post(self, draft: Draft, request: Request) -> Response:
        """Send a request that parks a draft, and return the answer as it is; what it parks, `close` cancels."""
        try:
            response = self.send(request)
        except NoAnswerError:
            self._look_for(draft, request)
            raise
        try:
            self.last = self.provider.parse_created(response).provider_id
        except UnknownOutcomeError:
            self._look_for(draft, request)
        except ProviderError:
            self.last = ""
        else:
            self.parked[self.last] = draft.send_at
        return response

    def let_go(self, provider_id: str) -> None:
        """Leave a message to itself that went out, or may have, where that was allowed; one that waits is cancelled."""
        if not self._is_withdrawn(provider_id):
            self.parked.pop(provider_id, None)

    def read(self, provider_id: str) -> Receipt:
        """Ask for a message."""
        return read_by(self.provider, provider_id, self.send)

    def find(self, draft: Draft) -> tuple[Receipt, ...] | None:
        """Look for a message as one whose id was never learned; None where asking now could show nothing."""
        finder, since = cast("Finder", self.provider), self.now() - timedelta(minutes=5)
        request = finder.find(draft, token="", created_at=since, now=self.now())
        if request is None:
            return None
        found = finder.parse_found(self.send(request), draft, token="", created_at=since)
        return tuple(receipt for receipt in found if receipt.certain)

    def cancel(self, provider_id: str) -> Receipt:
        """Cancel a message."""
        return self.provider.parse_cancelled(self.send(self.provider.cancel(provider_id)))

    def close(self) -> None:
        """Cancel every message that is parked; raises `AssertionError` naming those that could not be."""
        left = [f"{message} (for {iso(at)})" for message, at in self.parked.items() if not self._is_withdrawn(message)]
        left += [f"one of unknown id (for {iso(at)})" for at in self.lost]
        self.parked.clear()
        self.lost.clear()
        if left:
            raise AssertionError(
                f"{self.provider.name} may still send {', '.join(left)}: withdraw it in the provider's portal"
            )

    def _is_withdrawn(self, provider_id: str) -> bool:
        """Cancel a message, and say whether it is cancelled: a no is settled by reading, a passing failure by time."""
        for wait in _WAITS:
            self.sleep(wait)
            try:
                if self.cancel(provider_id).status == "cancelled":
                    return True
            except (TooLateToCancelError, MessageNotFoundError):
                if self._is_cancelled(provider_id):
                    return True
            except (ProviderError, NoAnswerError, NotSentError):
                continue
        return self._is_cancelled(provider_id)

    def _is_cancelled(self, provider_id: str) -> bool:
        try:
            return self.read(provider_id).status == "cancelled"
        except (ProviderError, NoAnswerError, NotSentError):
            return False

    def _look_for(self, draft: Draft, request: Request) -> None:
        """Learn the id of a message that may be parked: by the same bytes where there are keys, else from the list."""
        for wait in _WAITS:
            self.sleep(wait)
            try:
                found = self._found(draft, request)
            except (ProviderError, NoAnswerError, NotSentError):
                continue
            if found:
                self.parked.update((receipt.provider_id, draft.send_at) for receipt in found)
                return
        self.lost.append(draft.send_at)

    def _found(self, draft: Draft, request: Request) -> tuple[Receipt, ...]:
        able = self.provider.capabilities
        if able.key_life is not None:
            return (self.provider.parse_created(self.send(request)),)
        return (self.find(draft) or ()) if able.finds else ()
