"""What a provider must do, asked of the real one: subclass `LiveContract` and hand it a `LiveStage`.

Never lets a message go out, see `reminder_kit.testing.live`. A fact that can't be asked that way is skipped with the
reason; `ProviderContract` asks it of the sandbox.

    @pytest.mark.live
    class TestMineLive(LiveContract):
        @pytest.fixture
        def stage(self):
            return LiveStage(MyProvider(...), os.environ["REMINDER_KIT_LIVE_TO"])
"""
# ruff: noqa: S101 - its assertions are the contract

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from reminder_kit.errors import (
    InvalidNumberError,
    MessageNotFoundError,
    MistimedError,
    ProviderError,
    RefusedCredentialError,
    RejectedError,
    TooLateToCancelError,
    UnknownRefusalError,
)
from reminder_kit.ports import OptOutLister, Provider
from reminder_kit.testing.live import LiveStage
from reminder_kit.testing.live_table import asked, shown
from reminder_kit.testing.plugin import TABLE
from reminder_kit.testing.provider_stage import read_by

__all__ = ["NOT_LIVE", "LiveContract"]

NOT_LIVE = {
    "the near edge of the window": "a message that is taken there after all could go out before it is withdrawn",
    "cancelling late": "the message would be sent",
    "sent, delivered, undelivered": "the message would be sent",
    "opting out": "the number would have to answer STOP",
    "webhooks": "the provider would have to reach this machine, and a message to be sent",
    "dropped answers, 429, 5xx": "the provider can't be asked to fail",
}
"""The facts that are not asked of the real provider, and why not."""


class _Impostor:
    """A provider with wrong credentials."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def headers(self) -> Mapping[str, str]:
        """Return the headers with every credential replaced."""
        return {name: _replaced(name, value) for name, value in self._provider.headers().items()}


def _replaced(name: str, value: str) -> str:
    if name.lower() in {"accept", "content-type"}:
        return value
    scheme, space, _ = value.rpartition(" ")
    return f"{scheme}{space}d3Jvbmc6d3Jvbmc="  # "wrong:wrong", for those that read it as base64


class LiveContract:
    """The facts that hold for every provider, as far as they can be asked without sending. Override `stage`."""

    @pytest.fixture
    def stage(self) -> LiveStage:
        """Return the real provider and a number."""
        pytest.skip("the subclass brings the stage")

    @pytest.fixture
    def live(self, stage: LiveStage) -> Iterator[LiveStage]:
        """Return the stage, and withdraw at the end whatever was parked."""
        yield stage
        stage.close()

    def test_it_can_be_reached_and_knows_us(self, live: LiveStage) -> None:
        """The ping is harmless and answered."""
        assert live.send(live.provider.ping()).status < 400

    def test_a_refused_key_is_a_matter_of_configuration(self, live: LiveStage) -> None:
        """A wrong key is not taken for a message that isn't there: `RefusedCredentialError`."""
        impostor = cast("Provider", _Impostor(live.provider))
        assert live.send(live.provider.ping(), impostor).status in {401, 403}
        if live.provider.capabilities.lookup_age is not None:
            with pytest.raises(RefusedCredentialError):
                read_by(live.provider, live.stranger, lambda request: live.send(request, impostor))

    def test_an_unknown_message_is_not_found(self, live: LiveStage) -> None:
        """Reading and cancelling a message there is not both say so."""
        able = live.provider.capabilities
        if able.lookup_age is None:
            pytest.skip(f"{live.provider.name} cannot be asked for a message")
        with pytest.raises(MessageNotFoundError):
            live.read(live.stranger)
        if able.cancels:
            with pytest.raises((MessageNotFoundError, TooLateToCancelError)):
                live.cancel(live.stranger)

    def test_the_list_of_opt_outs_can_be_read(self, live: LiveStage) -> None:
        """Its numbers are E.164, where there is a list."""
        if not live.provider.capabilities.lists_opt_outs:
            pytest.skip(f"{live.provider.name} has no list of opt-outs")
        lister = cast("OptOutLister", live.provider)
        assert all(number.startswith("+") for number in lister.parse_opt_outs(live.send(lister.opt_outs(1))).numbers)

    def test_a_message_is_parked_read_cancelled_and_cancelled_again(self, live: LiveStage) -> None:
        """The message is two days ahead; the second cancellation may be a yes or a no, and reading settles it."""
        receipt = live.create(live.draft())
        assert receipt.status == "scheduled"
        assert live.read(receipt.provider_id).status == "scheduled"
        assert live.cancel(receipt.provider_id).status == "cancelled"
        assert live.read(receipt.provider_id).status == "cancelled"
        try:
            assert live.cancel(receipt.provider_id).status == "cancelled"
        except (TooLateToCancelError, MessageNotFoundError):
            assert live.read(receipt.provider_id).status == "cancelled"

    def test_the_same_bytes_and_key_park_one_message(self, live: LiveStage) -> None:
        """The second answer comes from memory: this is how a lost answer is settled."""
        draft = live.draft()
        if live.provider.capabilities.key_life is None:
            pytest.skip(f"{live.provider.name} has no idempotency keys")
        request = live.request(draft)
        first, second = live.create(draft, request), live.create(draft, request)
        assert (second.provider_id, second.replayed) == (first.provider_id, True)

    def test_a_parked_message_is_found(self, live: LiveStage) -> None:
        """The provider shows the message when asked: this is how a lost answer is settled where there are no keys."""
        draft = live.draft()
        if not live.provider.capabilities.finds:
            pytest.skip(f"{live.provider.name} can't be asked for messages whose id is not known")
        receipt = live.create(draft)
        found = live.find(draft)
        if found is None:
            pytest.skip(f"{live.provider.name} shows a message only once it was sent")
        assert receipt.provider_id in [receipt.provider_id for receipt in found]

    def test_beyond_the_window_nothing_is_taken(self, live: LiveStage) -> None:
        """A message an hour beyond the far edge is refused for certain; one that is taken after all is cancelled."""
        window = live.provider.capabilities.window
        draft = live.draft(window.max_lead + timedelta(hours=1))
        with pytest.raises((MistimedError, UnknownRefusalError, RejectedError)):
            live.create(draft)

    def test_a_wrong_number_is_an_invalid_number(self, live: LiveStage) -> None:
        """The error is never retried, and names no number."""
        draft = live.draft(to=live.wrong)
        if not live.wrong:
            pytest.skip(f"{live.provider.name} refuses no number at once")
        with pytest.raises(ProviderError) as raised:
            live.create(draft)
        assert isinstance(raised.value, InvalidNumberError)

    def test_what_the_documents_do_not_say(
        self, live: LiveStage, record_property: Callable[[str, object], None]
    ) -> None:
        """What the provider answers there is told in a table at the end of the run, which holds no number and no text.

        Whatever it answers is right: only what must never be in the table is checked.
        """
        lines = [*shown(live.provider.name, asked(live))]
        assert not any(digits in "".join(lines) for digits in {live.to.lstrip("+"), *live.parked} - {""})
        record_property(TABLE, lines)

    @pytest.mark.parametrize("fact", NOT_LIVE)
    def test_what_is_not_asked_live(self, fact: str) -> None:
        """Skip the fact, and say why."""
        pytest.skip(f"{fact}: {NOT_LIVE[fact]}; on the sandbox it is")
