"""Text: what a message says, what it costs, and what is wrong with its template.

Pure: no clock, no I/O. Imports `rules`, `model` and `errors`. In reading order:

    time_phrases  "today at 3:00 PM", "Monday 16 February at 10:00", by locale
    templates     Jinja2's sandbox, and what a template may see
    sms           encoding, parts and cost of a text
    composer      the message of one reminder at its send time
    samples       a made-up appointment, to render a template without a real one
    linter        what is wrong, or dearer than need be, with a rule's texts

What to know:

- A text is rendered for its send time, in the zone and locale of its reader: "tomorrow" is true as it arrives.
- A template only reads. What it is given is never read as a template itself, and an undefined name is an error.
- One character outside GSM-7 turns a whole text into UCS-2: a part then holds 70 characters instead of 160.
"""

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
