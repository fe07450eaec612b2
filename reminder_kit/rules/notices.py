"""Notices: texts that follow an earlier message of which something is no longer true: `correction`, `cancellation`.

Pure: no clock, no I/O. Never says to whom one is due: that is found by planning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offsets import parse_length

__all__ = ["Notice", "cancellation_notice"]

_CANCELLATION_AFTER = timedelta(minutes=10)
"""How long after a cancellation its notice is due, where it does not say: who clicks twice tells nobody."""


@frozen
class Notice:
    """A text, and how long it waits. False: none is sent."""

    #: The template; "": none is sent.
    text: str = ""
    #: How long (elapsed time) after the change it is due: what is changed back meanwhile is never told.
    after: timedelta = timedelta(0)

    @classmethod
    def read(cls, value: Any, what: str, after: timedelta = timedelta(0)) -> Notice:
        """Return the notice that a text, or `{"text": …, "after": "10 minutes"}`, means; `after` where none is said.

        Raises `InvalidRuleError`, naming `what`, for anything else.
        """
        if isinstance(value, Notice):
            return value
        table = value if isinstance(value, Mapping) else {"text": value}
        text = table.get("text")
        if not isinstance(text, str) or not set(table) <= {"text", "after"}:
            raise InvalidRuleError(
                f'{what} must be a text, or {{ text = "…", after = "10 minutes" }} ({type(value).__name__})'
            )
        return cls(
            text if text.strip() else "", parse_length(table["after"], f"{what}.after") if "after" in table else after
        )

    def __bool__(self) -> bool:
        return bool(self.text)

    def parts(self, name: str) -> tuple[str, ...]:
        """Return what a digest is made of: nothing where nothing is sent."""
        return (name, self.text, repr(self.after)) if self else ()


def cancellation_notice(value: Any, what: str) -> Notice:
    """Return the notice of a cancellation that a value means: due ten minutes after it, where it does not say."""
    return Notice.read(value, what, _CANCELLATION_AFTER)
