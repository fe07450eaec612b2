"""Defaults: what holds where an appointment, a recipient or a rule says nothing; and which days are business days.

Pure: no clock, no I/O. Never waits until a reminder needs a default: what cannot be is refused as it is stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from reminder_kit.errors import ConfigurationError, InvalidRuleError
from reminder_kit.model.instants import zone
from reminder_kit.rules.offsets import WEEKDAYS, weekday_number

__all__ = ["Defaults", "is_holiday"]

_SOME_DAY = date(2026, 1, 1)


def _as_tuple(value: object, what: str, example: str) -> tuple[Any, ...]:
    if isinstance(value, str | int | date):
        return (value,)
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return tuple(value)
    raise ConfigurationError(f"{what} must be a list, not {value!r}: write {example}")


def _holidays(value: str | Iterable[str]) -> tuple[str, ...]:
    several = _as_tuple(value, "holidays", '["US"]')
    for item in several:
        if not isinstance(item, str):
            raise ConfigurationError(f'holidays must be names of calendars in quotes, not {item!r}: write ["US-NY"]')
        is_holiday(item, _SOME_DAY)
    return several


def _closed_days(value: Iterable[date | str]) -> frozenset[date]:
    return frozenset(_closed_day(day) for day in _as_tuple(value, "closed_days", '["2026-12-24"]'))


def _closed_day(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ConfigurationError(f'closed_days must be days, not {value!r}: write ["2026-12-24"]')


def _must_say(value: str | Iterable[str]) -> tuple[str, ...]:
    several = _as_tuple(value, "must_say", '["Harbour Clinic", "STOP"]')
    for words in several:
        if not isinstance(words, str) or not words.strip():
            raise ConfigurationError(f'must_say must be words, not {words!r}: write ["Harbour Clinic", "STOP"]')
    return several


def _weekend(value: Iterable[str | int]) -> frozenset[int]:
    found = frozenset(_weekday(day) for day in _as_tuple(value, "weekend", '["saturday", "sunday"]'))
    if len(found) == len(WEEKDAYS):
        raise ConfigurationError("weekend names all seven days, which leaves no business day: leave one out")
    return found


def _weekday(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(WEEKDAYS):
        return value
    try:
        return weekday_number(value if isinstance(value, str) else repr(value), "weekend")
    except InvalidRuleError:
        raise ConfigurationError(f'weekend: {value!r} is no weekday: write ["saturday", "sunday"]') from None


def _check_flag(_instance: object, attribute: Any, value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{attribute.name} must be true or false, not {value!r}")


def _sorted_repr(several: Iterable[Any]) -> str:
    """Return a set as text in an order that is the same in every process: digests are made of it."""
    return repr(sorted(several))


def _known_zone(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None:
        zone(value)


@frozen(cache_hash=True)
class Defaults:
    """What holds where an appointment or a recipient says nothing.

    timezone: The IANA zone of appointments that name none; None: UTC.
    locale: The language tag of texts for whom none is named; "en" by default.
    region: The country of phones without a country code (two letters, "US"); None: such phones can't be read.
    namespace: A part of every reminder's identity, so that several hosts can share a ledger; "default" by default.
    holidays: Calendars of the `holidays` package ("US", "US-NY", "DE-BY") whose days are no business days; none by
        default.
    closed_days: The host's own closed days, as dates or text ("2026-12-24"); none by default.
    weekend: The weekly days off, by name or number (Monday is 0); Saturday and Sunday by default.
    transliterate: Whether texts are written with plain quotes, dashes and spaces; False by default.
    must_say: What every text is to say, in any case of its letters: the sender's name, how to opt out; the linter warns
        of those that do not. Nothing by default, and nothing is decided by it.

    Raises `ConfigurationError`, naming the key, for a day or calendar that cannot be, and `InvalidInputError` for an
    unknown zone.
    """

    timezone: str | None = field(default=None, validator=_known_zone)
    locale: str = "en"
    region: str | None = None
    namespace: str = "default"
    holidays: tuple[str, ...] = field(default=(), converter=_holidays)
    closed_days: frozenset[date] = field(default=frozenset(), converter=_closed_days, repr=_sorted_repr)
    weekend: frozenset[int] = field(default=frozenset({5, 6}), converter=_weekend, repr=_sorted_repr)
    transliterate: bool = field(default=False, validator=_check_flag)
    must_say: tuple[str, ...] = field(default=(), converter=_must_say, repr=False)

    def is_open(self, day: date) -> bool:
        """Say whether a day is a business day: neither weekend, nor closed, nor a holiday."""
        if day.weekday() in self.weekend or day in self.closed_days:
            return False
        return not any(is_holiday(calendar, day) for calendar in self.holidays)

    def is_day_off(self, day: date) -> bool:
        """Say whether a day is a holiday, or one of the host's own closed days; weekends are neither."""
        return day in self.closed_days or any(is_holiday(calendar, day) for calendar in self.holidays)


@lru_cache(maxsize=8192)
def is_holiday(calendar: str, day: date) -> bool:
    """Say whether a day is a holiday of a calendar ("US", "US-CA"). Raises `ConfigurationError` for an unknown one."""
    import holidays

    country, _, region = calendar.partition("-")
    try:
        return day in holidays.country_holidays(country, subdiv=region or None, years=day.year)
    except NotImplementedError as error:
        raise ConfigurationError(
            f'holidays: none are known for {calendar!r} ({error}): write a country, or one with its region: "US-NY"'
        ) from None
