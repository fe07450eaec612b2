"""How many examples a property is tried on: a share of them where a file is run again under another zone."""

from __future__ import annotations

import os

from hypothesis import settings

SHARE = float(os.environ.get("REMINDER_KIT_EXAMPLES", "1"))


def examples(number):
    """Return Hypothesis settings for so many examples, and no deadline: machines are shared."""
    return settings(max_examples=max(10, round(number * SHARE)), deadline=None)
