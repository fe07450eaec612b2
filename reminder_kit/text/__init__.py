"""Text: what a message says, what it costs, and what is wrong with its template.

Pure: no clock, no I/O. Imports `rules`, `model` and `errors`. In reading order:

    printable             control characters: left out for phones, shown as escapes everywhere else
    patterns              what a pattern of a day or a time may be, and what was meant by another library's
    language_tags         which text is in a reader's language and script
    time_phrases, sms     "today at 3:00 PM", "in 2 days", by locale; encoding, parts and cost of a text
    views, readable       what a template is given; what it may read of each kind of value
    bounds, environment   how much it may do and make; Jinja2's sandbox, narrowed to all that
    gaps                  where a text would say "Hi ,"
    filters, templates    the filters besides Jinja2's; compiled and rendered
    composer, samples     the message of one reminder at its send time; a made-up appointment to render one without
    kinds, faults         what an expression is; what keeps a template from being rendered
    linter                what is wrong, or dearer than need be, with a rule's texts

What to know:

- A text is rendered for its send time, in the zone and locale of its reader: "tomorrow" is true as it arrives.
- A template only reads what it was handed: no clock, no zone of the machine, no code. What it is given is never read as
  a template itself, and an undefined name is an error. Whatever imports Jinja2 is loaded when a text needs it.
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
