"""The texts of a rule and the addresses of its pictures, read and checked; one text, or several by locale or channel.

Pure: no clock, no I/O. Never reads what a template says: that is `text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from reminder_kit.errors import InvalidRuleError
from reminder_kit.model.appointments import Data

__all__ = ["CHANNELS", "GivenTexts", "Texts", "read_texts", "read_urls"]

Texts = str | Mapping[str, str]
GivenTexts = str | Mapping[str, str | Mapping[str, str]]

CHANNELS = ("sms", "mms")
"""How a message is sent."""


def read_texts(value: object, what: str, channel: str = "") -> Texts:
    """Return a text, or texts by locale; of texts by channel, those of `channel`. Raises `InvalidRuleError`.

    A text of nothing but spaces is none.
    """
    if isinstance(value, Mapping) and value and set(value) <= set(CHANNELS):
        if channel not in value:
            raise InvalidRuleError(
                f'{what} has none for channel = "{channel}": add {what.rpartition(" ")[2]}.{channel}'
            )
        return read_texts(value[channel], f"{what}.{channel}")
    if isinstance(value, str):
        return value if value.strip() else ""
    if not isinstance(value, Mapping) or not value:
        raise InvalidRuleError(f'{what} must be a text or a table of texts by locale ({value!r}): {{ en = "…" }}')
    for locale, text in value.items():
        if not isinstance(locale, str) or not isinstance(text, str):
            raise InvalidRuleError(f"{what}.{locale} must be a text ({text!r})")
        if locale in CHANNELS:
            raise InvalidRuleError(
                f'{what} mixes texts by channel ({locale}) and by locale: write {{ {locale} = {{ en = "…" }} }}'
            )
    return Data(value)


def read_urls(value: object, what: str) -> tuple[str, ...]:
    """Return addresses, one or several. Raises `InvalidRuleError`, naming `what`, for what is none."""
    several = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for url in several:
        if not isinstance(url, str) or not url:
            raise InvalidRuleError(f'{what} must be addresses of pictures ({url!r}): ["https://…"]')
    return cast("tuple[str, ...]", several)
