"""Settings of calendar reading: zones, phones, alarms, horizon, and the limits that keep hostile files harmless.

Pure values; never reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import field, fields, frozen
from attrs.validators import in_

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.instants import zone

__all__ = ["PHONE_SOURCES", "CalendarSettings", "Limits"]

PHONE_SOURCES = ("attendee", "x-phone", "contact", "text", "directory")
"""Where a phone number may come from."""

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


@frozen
class Limits:
    """How much one source may ask of us. Beyond a limit the event, or the file, is refused by name.

    `candidates` counts the instants that one recurrence rule makes us look at, `work`
    those of a whole source beyond the first 500 of each rule, and what it makes beyond 500
    occurrences a series: what a rule finds says nothing of what it costs. After `errors`
    unreadable events reading ends. `line_bytes` is one line after unfolding,
    `redirects` and `timeout` (seconds, per step) are for addresses.
    """

    file_bytes: int = 256 * 1024 * 1024
    files: int = 50_000
    lines: int = 30_000_000
    line_bytes: int = 1_000_000
    depth: int = 32
    events: int = 1_000_000
    event_bytes: int = 16_000_000
    overrides: int = 20_000
    dates: int = 20_000
    alarms: int = 50
    repeats: int = 100
    occurrences: int = 10_000
    errors: int = 10_000
    candidates: int = 30_000
    work: int = 2_000_000
    redirects: int = 5
    timeout: float = 30.0


def _phones(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _known_phones(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    for name in value:
        if name not in PHONE_SOURCES:
            raise InvalidInputError(f"calendar phones: unknown source {name!r}; use some of {', '.join(PHONE_SOURCES)}")


def _known_zone(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None:
        zone(value)


@frozen
class CalendarSettings:
    """How calendar files are read.

    `timezone` (IANA) is for floating and all-day times where the file names no zone of
    its own (`X-WR-TIMEZONE`); None means UTC, with a warning where it matters. `region`
    is for phones written without a country code. `phones` is the order in which phones
    are looked for; `directory` is a CSV file of people. `alarms` says what becomes of
    VALARMs: `ignore`, `rules` (as further rules) or `only` (instead of rules); unless
    ignored, those still due stand in each appointment's `data["alarms"]` as ISO instants.
    `sources` are read again by the batch job.
    """

    timezone: str | None = field(default=None, validator=_known_zone)
    region: str | None = None
    phones: tuple[str, ...] = field(
        default=("attendee", "x-phone", "contact", "text"), converter=_phones, validator=_known_phones
    )
    directory: Path | None = None
    alarms: str = field(default="ignore", validator=in_(("ignore", "rules", "only")))
    horizon: timedelta = timedelta(days=60)
    limits: Limits = field(factory=Limits)
    sources: tuple[str, ...] = field(default=(), converter=_phones)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str = "calendar") -> CalendarSettings:
        """Return the settings a TOML table `[calendar]` holds.

        Raises `ConfigurationError` naming the key for what is unknown or of the wrong kind.
        """
        known = {attribute.name for attribute in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in mapping.items():
            if key not in known:
                raise ConfigurationError(f"[{where}] knows no key {key!r}; it knows {', '.join(sorted(known))}")
            values[key] = _read(key, value, where)
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"[{where}]: {error.args[0] if error.args else error}") from None


def _read(key: str, value: Any, where: str) -> Any:
    if key == "horizon":
        return _duration(value, f"[{where}] horizon")
    if key == "directory":
        return None if value is None else Path(_text(value, f"[{where}] directory"))
    if key == "limits":
        return _limits(value, f"[{where}.limits]")
    if key in ("phones", "sources"):
        if not isinstance(value, str | list | tuple):
            raise ConfigurationError(f"[{where}] {key} must be a list of texts, not {value!r}")
        return tuple(_text(phone, f"[{where}] {key}") for phone in _phones(value))
    return value if value is None else _text(value, f"[{where}] {key}")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} must be text, not {value!r}")
    return value


def _duration(value: Any, what: str) -> timedelta:
    if isinstance(value, timedelta):
        found = value
    else:
        match = re.fullmatch(r"\s*(\d{1,6})\s*(minute|hour|day|week)s?\s*", value) if isinstance(value, str) else None
        if match is None:
            raise ConfigurationError(f'{what} is no length of time: {value!r}; write for example "60 days"')
        found = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if not timedelta() < found <= timedelta(days=3660):
        raise ConfigurationError(f"{what} must be between a minute and ten years, not {value!r}")
    return found


def _limits(value: Any, what: str) -> Limits:
    if isinstance(value, Limits):
        return value
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{what} must be a table, not {value!r}")
    known = {attribute.name: attribute.default for attribute in fields(Limits)}
    for key, number in value.items():
        if key not in known:
            raise ConfigurationError(f"{what} knows no key {key!r}; it knows {', '.join(sorted(known))}")
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            raise ConfigurationError(f"{what} {key} must be a number of 0 or more, not {number!r}")
    return Limits(**value)
