"""Every provider of ours keeps the contract, on the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest

from reminder_kit.errors import SignatureError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.testing.provider_contract import ProviderContract, Stage

START = "2026-02-10T09:00:00Z"


def staged(provider_of, **options):
    webhooks = []
    sandbox = Sandbox(
        clock=START, strict=True, receiver=lambda headers, body: webhooks.append((headers, body)), **options
    )
    return Stage(provider_of(sandbox), sandbox, SandboxTransport(sandbox), webhooks)


class StaleWebhooks:
    def test_a_stale_webhook_is_refused(self, stage):
        """A webhook signed six minutes before or after it comes is refused: it may be a replay."""
        self.all_webhooks(stage)
        for minutes in (-6, 6):
            with pytest.raises(SignatureError):
                self._events(stage, stage.sandbox.now() + timedelta(minutes=minutes))


class TestTelnyx(StaleWebhooks, ProviderContract):
    settings: ClassVar = {"webhook_url": "http://127.0.0.1:1/hook"}
    options: ClassVar = {}

    @pytest.fixture
    def stage(self):
        def provider(sandbox):
            settings = {"api_key": "KEY", "from_": "+12025550100", "public_key": sandbox.public_key, **self.settings}
            return Telnyx(**settings)

        return staged(provider, **self.options)


class TestTelnyxWhereASecondCancellationIsNotFound(TestTelnyx):
    options: ClassVar = {"repeat_cancel": 404}


class TestTelnyxWhereASecondCancellationIsTaken(TestTelnyx):
    options: ClassVar = {"repeat_cancel": 200}


class TestTelnyxOnTheScheduleEndpoint(TestTelnyx):
    settings: ClassVar = {"endpoint": "schedule"}


class TestTelnyxFromANumberPool(TestTelnyx):
    settings: ClassVar = {"from_": None, "messaging_profile_id": "16fd2706-8baf-433b-82eb-8c7fada847da"}


class TestTwilio(ProviderContract):
    @pytest.fixture
    def stage(self):
        def provider(sandbox):
            return Twilio(
                account_sid="AC" + "1" * 32,
                auth_token="TOKEN",
                messaging_service_sid="MG" + "2" * 32,
                webhook_url="https://example.com/twilio",
            )

        found = staged(provider, provider="twilio", key="TOKEN", webhook_url="https://example.com/twilio")
        found.stranger = "SM" + "3" * 32
        return found


class TestVonage(StaleWebhooks, ProviderContract):
    @pytest.fixture
    def stage(self):
        def provider(sandbox):
            return Vonage("+12025550100", "abcd1234", "SECRET", signature_secret=sandbox.secret)

        return staged(provider, provider="vonage", key="SECRET")
