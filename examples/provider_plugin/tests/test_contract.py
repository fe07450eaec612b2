"""Sinch keeps what every provider of reminder_kit must keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sinch_house import SinchHouse
from sinch_sms import Sinch

from reminder_kit.ports import SignatureError
from reminder_kit.testing.provider_contract import ProviderContract, Stage


class TestSinch(ProviderContract):
    """The contract's tests, and one of our own."""

    @pytest.fixture
    def stage(self, monkeypatch: pytest.MonkeyPatch) -> Stage:
        """Return a fresh provider in a fresh house."""
        monkeypatch.setenv("SINCH_API_TOKEN", "KEY")
        monkeypatch.setenv("SINCH_SECRET", SinchHouse.secret)
        webhooks = []
        house = SinchHouse("2026-02-10T09:00:00Z", lambda headers, body: webhooks.append((headers, body)))
        return Stage(Sinch("+12025550100"), house, house.transport(), webhooks, wrong="", edges=(), keeps_cutoff=False)

    def test_a_stale_webhook_is_refused(self, stage: Stage) -> None:
        """Six minutes are too many."""
        self.all_webhooks(stage)
        with pytest.raises(SignatureError):
            self._events(stage, stage.sandbox.now() + timedelta(minutes=6))
