"""Text."""

from __future__ import annotations

from reminder_kit.text.composer import Composer
from reminder_kit.text.linter import OPT_OUT_WORDS, Finding, lint
from reminder_kit.text.sms import Cost, Parts, dear_characters, forecast, plain, sms_parts
from reminder_kit.text.templates import NAMES

__all__ = [
    "NAMES",
    "OPT_OUT_WORDS",
    "Composer",
    "Cost",
    "Finding",
    "Parts",
    "dear_characters",
    "forecast",
    "lint",
    "plain",
    "sms_parts",
]
