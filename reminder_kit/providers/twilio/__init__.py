"""Twilio."""

from __future__ import annotations

from reminder_kit.providers.twilio.provider import Twilio

__all__ = ["Twilio"]
