"""Telnyx."""

from __future__ import annotations

from reminder_kit.providers.telnyx.provider import Telnyx

__all__ = ["Telnyx"]
