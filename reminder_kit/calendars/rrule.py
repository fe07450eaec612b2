"""Recurrence rules as values: RRULE and EXRULE read and checked (RFC 5545, 3.3.10, RFC 7529).

Pure: no clock, no I/O. Never expands a rule: `recurrence` does.
"""

from __future__ import annotations

import re
from datetime import datetime, time

from attrs import evolve, field, frozen

from reminder_kit.calendars.quoting import quoted
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import spelled, utc

__all__ = ["Rule", "read_rule"]

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_DAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_NUMBERS = {
    "BYSECOND": (0, 60),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (-366, 366),
}


@frozen
class Rule:
    """One recurrence rule."""

    #: YEARLY, …, SECONDLY.
    freq: str
    interval: int = 1
    #: How many instances there are; None: no such bound.
    count: int | None = None
    #: The last one at most, as the wall clock that was written; None: no such bound.
    until: datetime | None = None
    #: How `until` was written: "date", "local" or "utc"; "": there is none.
    until_kind: str = ""
    #: The day a week begins with; 0 is Monday.
    wkst: int = 0
    #: BYDAY: (which one in the period, from the back where negative, 0 for all; weekday, 0 is Monday).
    days: tuple[tuple[int, int], ...] = ()
    #: The other BY parts by name, each sorted.
    by: dict[str, tuple[int, ...]] = field(factory=dict, hash=False)

    def values(self, name: str) -> tuple[int, ...]:
        """Return the numbers of a BY part; none where the rule has no such part."""
        return self.by.get(name, ())


def read_rule(text: str, line: int) -> tuple[Rule, list[str]]:
    """Return a rule and the names of parts that are unknown, and passed over.

    Raises `CalendarError` with the line for a rule without a meaning, and for RSCALE and SKIP, which are not supported.
    """
    parts: dict[str, str] = {}
    for number, word in enumerate(text.strip().strip(";").split(";"), 1):
        name, equals, value = word.partition("=")
        name = name.strip().upper()
        if not equals or name in parts:
            raise CalendarError(f"recurrence rule: its part {number} is none, or comes twice", line=line)
        parts[name] = value.strip().upper()
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.get("SKIP", "OMIT") != "OMIT":
        raise CalendarError("recurrence rule: RSCALE or SKIP is not supported", line=line)
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "RSCALE", "SKIP", *_NUMBERS}
    unknown = [name for name in parts if name not in known]
    try:
        return _checked(_rule(parts)), unknown
    except ValueError as error:
        raise CalendarError(f"recurrence rule: {error}", line=line) from None


def _rule(parts: dict[str, str]) -> Rule:
    until, kind = _until(parts["UNTIL"]) if parts.get("UNTIL") else (None, "")
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError("FREQ is missing or unknown")
    if parts.get("WKST", "MO") not in _DAYS:
        raise ValueError("WKST is no weekday")
    return Rule(
        freq=parts["FREQ"],
        interval=_integer("INTERVAL", parts.get("INTERVAL", "1"), 1, 100_000),
        count=_integer("COUNT", parts["COUNT"], 1, 10_000_000) if "COUNT" in parts else None,
        until=until,
        until_kind=kind,
        wkst=_DAYS[parts.get("WKST", "MO")],
        days=tuple(_weekday(part) for part in _list(parts.get("BYDAY", ""))),
        by={name: _numbers(name, parts[name]) for name in _NUMBERS if name in parts},
    )


def _checked(rule: Rule) -> Rule:
    if rule.freq not in ("YEARLY", "MONTHLY") or rule.values("BYWEEKNO"):
        rule = evolve(rule, days=tuple((0, day) for _, day in rule.days))
    if rule.values("BYSETPOS") and not (rule.days or len(rule.by) > 1):
        raise ValueError("BYSETPOS needs another BY part")
    return rule


def _list(text: str) -> list[str]:
    return [word.strip() for word in text.split(",", 512)[:512] if word.strip()]


def _integer(name: str, text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,12}", text) or not low <= int(text) <= high:
        raise ValueError(f"{name} {quoted(text)} is not between {low} and {high}")
    return int(text)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    low, high = _NUMBERS[name]
    found = sorted({_integer(name, part, low, high) for part in _list(text)})
    if not found or (low < 0 and 0 in found):
        raise ValueError(f"{name} {quoted(text)} holds no number, or 0")
    return tuple(found)


def _weekday(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text)
    if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
        raise ValueError(f"BYDAY {quoted(text)} is no weekday")
    return int(match[1] or 0), _DAYS[match[2]]


def _until(text: str) -> tuple[datetime, str]:
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?", text)
    if match is None:
        return _until_in_words(text)
    year, month, day, hour, minute, second, z = match.groups()
    wall = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59))  # noqa: DTZ001 - wall clock
    return wall, "date" if hour is None else "utc" if z else "local"


def _until_in_words(text: str) -> tuple[datetime, str]:
    """Read an UNTIL that is written as ISO 8601 means it, and not as RFC 5545 does."""
    found = spelled(text)
    if found is None:
        raise ValueError(f"UNTIL {quoted(text)} is no date or time")
    if not isinstance(found, datetime):
        return datetime.combine(found, time()), "date"
    if found.tzinfo is None:
        return found.replace(microsecond=0), "local"
    return utc(found).replace(tzinfo=None, microsecond=0), "utc"
