"""What becomes of a reminder whose time has passed or is too near: `if_late`.

Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offsets import in_words, parse_length

__all__ = ["NEXT_RULE", "LatePolicy"]


NEXT_RULE = "next rule"


@frozen
class LatePolicy:
    """What to do with a reminder whose due time has passed or is too near.

    `policy` is "clamp", "skip" or "next rule": leave it to a reminder of a rule nearer to
    the start, and clamp it only where there is none.
    `within` bounds how late it may be to be clamped; `stated` says that the rule said so
    itself, which matters for appointments booked after the due time.
    """

    policy: str = "clamp"
    within: timedelta | None = None
    stated: bool = False

    @classmethod
    def read(cls, value: object, what: str) -> LatePolicy:
        """Return the policy that a word or `{skip_after: "6 hours"}` means; None: nothing was said."""
        if value is None or isinstance(value, LatePolicy):
            return value or cls()
        if isinstance(value, Mapping) and set(value) == {"skip_after"}:
            return cls("clamp", parse_length(value["skip_after"], f"{what}.skip_after"), stated=True)
        word = _one_of(value, ("clamp", "skip", NEXT_RULE), what, ' or { skip_after = "6 hours" }')
        return cls(word, None, stated=True)

    def still_useful(self, lateness: timedelta) -> bool:
        """Say whether a reminder so late is to be clamped."""
        return self.policy != "skip" and (self.within is None or lateness <= self.within)

    @property
    def gives_way(self) -> bool:
        """Whether a late reminder leaves it to the next rule."""
        return self.policy == NEXT_RULE

    def __str__(self) -> str:
        return f"skip after {in_words(self.within)}" if self.within is not None else self.policy


def _one_of(value: object, words: tuple[str, ...], what: str, more: str = "") -> str:
    if value not in words:
        raise InvalidRuleError(f"{what} cannot be {value!r}: write {' or '.join(map(repr, words))}{more}")
    return str(value)
