"""Vonage."""

from __future__ import annotations

from reminder_kit.providers.vonage.provider import Vonage

__all__ = ["Vonage"]
