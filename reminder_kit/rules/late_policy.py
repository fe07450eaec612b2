"""The late policy of a rule, `if_late`: what becomes of a reminder whose due time is over or too near.

Pure: no clock, no I/O. Never says when it is sent instead: that is found by `placement`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import frozen

from reminder_kit.errors import InvalidRuleError
from reminder_kit.rules.offsets import in_words, parse_length

__all__ = ["NEXT_RULE", "LatePolicy"]

NEXT_RULE = "next rule"
"""The policy that leaves a late reminder to the next rule."""


@frozen
class LatePolicy:
    """What becomes of a reminder whose due time is over, or nearer than the provider's window allows."""

    #: "clamp": sent as soon as possible; "skip": not sent; "next rule": left to a reminder of a rule nearer to the
    #: start, and clamped where none is to come.
    policy: str = "clamp"
    #: How late (elapsed time) it may be to be clamped; None: any time before the start.
    within: timedelta | None = None
    #: Whether the rule says so itself. Where it does not, what was due before the appointment was booked is not sent.
    stated: bool = False

    @classmethod
    def read(cls, value: object, what: str) -> LatePolicy:
        """Return the policy that a word or `{"skip_after": "6 hours"}` means; None: the rule says nothing.

        Raises `InvalidRuleError`, naming `what`, for anything else.
        """
        if value is None or isinstance(value, LatePolicy):
            return value or cls()
        if isinstance(value, Mapping) and set(value) == {"skip_after"}:
            return cls("clamp", parse_length(value["skip_after"], f"{what}.skip_after"), stated=True)
        word = one_of(value, ("clamp", "skip", NEXT_RULE), what, ' or { skip_after = "6 hours" }')
        return cls(word, None, stated=True)

    def still_useful(self, lateness: timedelta) -> bool:
        """Say whether a reminder that is so late (elapsed time) may still be sent."""
        return self.policy != "skip" and (self.within is None or lateness <= self.within)

    @property
    def gives_way(self) -> bool:
        """Whether a late reminder is left to the next rule, where one is still to come."""
        return self.policy == NEXT_RULE

    def __str__(self) -> str:
        return f"skip after {in_words(self.within)}" if self.within is not None else self.policy


def one_of(value: object, words: tuple[str, ...], what: str, more: str = "") -> str:
    if value not in words:
        raise InvalidRuleError(f"{what} cannot be {value!r}: write {' or '.join(map(repr, words))}{more}")
    return str(value)
