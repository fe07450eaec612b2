"""Pigeon Post keeps what every provider of reminder_kit must keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pigeon_post import Pigeon
from pigeon_post.loft import Loft

from reminder_kit.errors import SignatureError
from reminder_kit.sandbox import SandboxTransport
from reminder_kit.testing.provider_contract import ProviderContract, Stage


class TestPigeon(ProviderContract):
    """The contract's tests, and one of our own."""

    @pytest.fixture
    def stage(self) -> Stage:
        """Return a fresh provider on a fresh local post."""
        webhooks = []
        loft = Loft("2026-02-10T09:00:00Z", lambda headers, body: webhooks.append((headers, body)))
        return Stage(Pigeon("+12025550100", "KEY", "SEAL"), loft, SandboxTransport(loft), webhooks)

    def test_a_stale_webhook_is_refused(self, stage: Stage) -> None:
        """Six minutes are too many."""
        self.all_webhooks(stage)
        with pytest.raises(SignatureError):
            self._events(stage, stage.sandbox.now() + timedelta(minutes=6))
