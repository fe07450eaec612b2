"""Text."""

from __future__ import annotations

from reminder_kit.text.composer import Composer
from reminder_kit.text.linter import OPT_OUT_WORDS, Finding, lint
from reminder_kit.text.sms import Cost, Parts, costly_characters, forecast, sms_parts, transliterated
from reminder_kit.text.templates import NAMES

__all__ = [
    "NAMES",
    "OPT_OUT_WORDS",
    "Composer",
    "Cost",
    "Finding",
    "Parts",
    "costly_characters",
    "forecast",
    "lint",
    "sms_parts",
    "transliterated",
]
