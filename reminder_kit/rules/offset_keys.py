"""The keys by which a rule says when, as a table: rules, their JSON Schema and errors are made by it.

Pure: no clock, no I/O. Never counts anything: a row makes an `Offset`, and `offsets` counts it.

A new way to say when changes these places:

1. a row of `OFFSET_KEYS` here, with the functions that read its value and make its offset;
2. `rule.Rule`: a field, an argument, its line in `stated`, a line of the docstring; where it takes an `at`, also the
   error of `_offset_key` that names the keys which do;
3. the table of ways to say when in the guide (`rules`), whose test compares it with `OFFSET_KEYS`;
4. only where it counts in a new way: `offsets.OffsetKind`, `Offset.describe` and `apply_offset`;
5. only where its value is written in a new way: `form` below, `_form` of `config.json_schema`, and an example of such
   a value in `tests/rules/test_offset_keys.py`, which tests every row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from reminder_kit.errors import InvalidInputError, InvalidRuleError
from reminder_kit.model.instants import from_iso, utc
from reminder_kit.rules.offsets import WEEKDAYS, Offset, OffsetKind, weekday_number

__all__ = ["MOST_DAYS", "OFFSET_KEYS", "At", "OffsetKey"]

MOST_DAYS = 3660
"""The most days that can be counted: ten years."""


class At(StrEnum):
    """Whether a key goes with the rule's `at`, a local time."""

    #: It says nothing without one.
    NEEDED = "needed"
    #: Without one, the anchor's wall clock is meant.
    POSSIBLE = "possible"
    #: It can't be given.
    REFUSED = "refused"


@frozen
class OffsetKey:
    """One key by which a rule says when."""

    #: The key, in code and TOML alike.
    key: str
    #: What it means, in words for editors and the guide.
    words: str
    #: How a value is written: "length", "days", "weekday" or "instant", as the schema describes it.
    form: str
    #: Returns a value, named by the second argument in errors, as the rule keeps it; raises `InvalidRuleError`.
    parse: Callable[[Any, str], Any] = field(repr=False)
    #: Returns the offset that such a value means, with the rule's `at` (None: none is given).
    offset: Callable[[Any, time | None], Offset] = field(repr=False)
    #: Whether the reminder comes after its anchor: a follow-up, counted from the end unless the rule says otherwise.
    follows: bool = False
    #: What it is counted from, whatever the rule's `anchor`; "": from the start or the end.
    counted_from: str = ""
    #: Whether it goes with the rule's `at`.
    at: At = At.REFUSED
    #: The least number of days, for the form "days".
    least: int = 0

    @property
    def anchor(self) -> str:
        """What it is counted from where the rule does not say: "start", "end", "booking" or "change"."""
        return self.counted_from or ("end" if self.follows else "start")


def _length(value: Any, what: str) -> Offset:
    return Offset.parse(value, what)


def _length_or_none(value: Any, what: str) -> Offset:
    return Offset.parse(value, what, zero=True)


def _days(least: int) -> Callable[[Any, str], int]:
    """Return the function that reads a whole number of days from `least` up."""

    def days(value: Any, what: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_DAYS:
            raise InvalidRuleError(f"{what} must be a whole number of days from {least} up, not {value!r}")
        return value

    return days


def _weekday(value: Any, what: str) -> str:
    return WEEKDAYS[weekday_number(value, what)]


def _one_instant(value: Any, what: str) -> datetime:
    try:
        if isinstance(value, str):
            return from_iso(value, what)
        if isinstance(value, datetime):
            return utc(value, what)
    except InvalidInputError as error:
        raise InvalidRuleError(str(error)) from None
    raise InvalidRuleError(f"{what} must be an aware datetime ({value!r}): write 2026-02-15T14:30:00Z")


def _as_it_is(value: Offset, _at: time | None) -> Offset:
    return value


def _local_days(value: int, at: time | None) -> Offset:
    return Offset(OffsetKind.LOCAL, value, at=at)


def _business_days(value: int, at: time | None) -> Offset:
    return Offset(OffsetKind.BUSINESS, value, at=at)


def _on_weekday(value: str, at: time | None) -> Offset:
    return Offset(OffsetKind.WEEKDAY, at=at, weekday=WEEKDAYS.index(value))


def _at_instant(value: datetime, _at: time | None) -> Offset:
    return Offset(OffsetKind.ABSOLUTE, instant=value)


OFFSET_KEYS = (
    OffsetKey(
        "before",
        "How long before: hours are elapsed time, days the same wall clock.",
        "length",
        _length,
        _as_it_is,
    ),
    OffsetKey(
        "after",
        "How long after the end (or, with anchor, the start): a follow-up.",
        "length",
        _length_or_none,
        _as_it_is,
        follows=True,
    ),
    OffsetKey("days_before", "So many days before, at a local time.", "days", _days(0), _local_days, at=At.NEEDED),
    OffsetKey(
        "days_after",
        "So many days after, at a local time.",
        "days",
        _days(0),
        _local_days,
        follows=True,
        at=At.NEEDED,
    ),
    OffsetKey(
        "weekday",
        "The last such day before the appointment's, at a local time.",
        "weekday",
        _weekday,
        _on_weekday,
        at=At.NEEDED,
    ),
    OffsetKey(
        "business_days_before",
        "So many days before, without weekends and holidays.",
        "days",
        _days(1),
        _business_days,
        at=At.POSSIBLE,
        least=1,
    ),
    OffsetKey(
        "business_days_after",
        "So many days after, without weekends and holidays.",
        "days",
        _days(1),
        _business_days,
        follows=True,
        at=At.POSSIBLE,
        least=1,
    ),
    OffsetKey(
        "after_booking",
        "How long after it was booked, if that is an hour ago at most as it comes in.",
        "length",
        _length_or_none,
        _as_it_is,
        counted_from="booking",
    ),
    OffsetKey(
        "after_change",
        "How long after its start moved, told or not.",
        "length",
        _length_or_none,
        _as_it_is,
        counted_from="change",
    ),
    OffsetKey(
        "on", "One instant for all, with its offset: 2026-02-15T14:30:00Z.", "instant", _one_instant, _at_instant
    ),
)
"""Every way to say when, in the order in which errors and the guide name them."""
