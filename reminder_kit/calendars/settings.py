"""Settings of calendar reading: zones, phones, alarms, horizon, and the limits that keep hostile files harmless.

Pure: values only. Never reads a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import Attribute, field, fields, frozen

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.instants import zone
from reminder_kit.model.phones import country, phone_number

__all__ = ["PHONE_SOURCES", "CalendarSettings", "CalendarSource", "Limits", "foreign_scheme", "is_address"]

PHONE_SOURCES = ("attendee", "x-phone", "contact", "text", "directory", "email")
"""Where a phone number may come from: an attendee's address, X- properties and parameters, CONTACT, texts, a file."""

_SCHEMES = ("http", "https", "webcal", "webcals")
"""Of addresses that are fetched."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30})://", re.IGNORECASE)

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


@frozen
class Limits:
    """How much one source may ask of us. Beyond a limit the event, or the file, is refused by name."""

    #: Bytes of a file, or of all files of a folder.
    file_bytes: int = 256 * 1024 * 1024
    #: Files of a folder.
    files: int = 50_000
    #: Lines of a file.
    lines: int = 10_000_000
    #: Bytes of one line after unfolding.
    line_bytes: int = 1_000_000
    #: Components within each other.
    depth: int = 32
    #: Events of a source, and bytes of one.
    events: int = 500_000
    event_bytes: int = 16_000_000
    #: Components of one UID.
    overrides: int = 20_000
    #: Properties of one name in one component, such as ATTENDEE; there may be ten times as many in all.
    same: int = 20_000
    #: RDATEs, and EXDATEs, of one event.
    dates: int = 20_000
    #: VTIMEZONEs of a source that differ.
    zones: int = 2000
    #: VALARMs of one event, and repetitions of one alarm and of all of them; those beyond are left out with a warning.
    alarms: int = 50
    repeats: int = 100
    all_repeats: int = 200
    #: What looking for numbers may cost a source, in microseconds or so: 30 for each number beyond the third of an
    #: event, as much for each text that may hold one, and 7 for each of its digits.
    numbers: int = 5_000_000
    #: CATEGORIES of one event; those beyond are left out with a warning.
    categories: int = 500
    #: Occurrences of one series within the horizon, and of a whole source; reading ends beyond the latter.
    occurrences: int = 10_000
    all_occurrences: int = 50_000
    #: Unreadable events after which reading ends.
    errors: int = 10_000
    #: Candidates: the instants that one recurrence rule makes us look at, whether or not they belong to it.
    candidates: int = 30_000
    #: Candidates of a whole source beyond the first 500 of each of a series' first rules, and ten for each occurrence
    #: of a series beyond its first 500: what a rule finds says nothing of what it costs.
    work: int = 2_000_000
    #: Redirects of an address.
    redirects: int = 5
    #: Seconds for each step of fetching an address.
    timeout: float = 30.0


def is_address(text: str) -> bool:
    """Say whether a source is an address that is fetched, and no path."""
    named = _SCHEME.match(text)
    return named is not None and named[1].lower() in _SCHEMES


def foreign_scheme(text: str) -> str:
    """Return what is wrong with a source that is an address of another kind, as the end of a sentence; "": nothing."""
    named = _SCHEME.match(text)
    if named is None or is_address(text):
        return ""
    return (
        f"{named[1]}:// is nothing that is fetched: give a path, or an address that begins with https:// or webcal://"
    )


@frozen
class CalendarSource:
    """A calendar that the batch job reads again. Raises `ConfigurationError` for what can't be one."""

    #: Its file, folder or address.
    path: str = field(repr=False)
    #: The source that its appointments get; None: it is named after its file.
    name: str | None = None
    #: Whether what it no longer has is withdrawn, under the guard: it always holds all there is.
    complete: bool = False
    #: Whether `path` is the address of a calendar on a CalDAV server, of which only what changed is read.
    caldav: bool = False
    #: As whom that is read; None: CALDAV_USERNAME, else nobody in particular.
    username: str | None = None

    @classmethod
    def of(cls, value: Any, what: str = "sources") -> CalendarSource:
        """Return a source given as one, as a path or address, or as a table of these keys.

        `what` names it in errors.
        """
        if isinstance(value, CalendarSource):
            return value
        if isinstance(value, os.PathLike):
            return cls(os.fspath(value))
        if isinstance(value, str) and value:
            return cls(_fetchable(value, what))
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f'{what} must be a list of texts or tables, not {value!r}: write ["clinic.ics"], or '
                '[{path = "clinic.ics", complete = true}]'
            )
        return cls._of_table(value, what)

    @classmethod
    def _of_table(cls, value: Mapping[str, Any], what: str) -> CalendarSource:
        known = [attribute.name for attribute in fields(cls)]
        for key in value:
            if key not in known:
                raise ConfigurationError(f"{what} knows no key {key!r}; it knows {', '.join(known)}")
        if "caldav" in value:
            return cls._on_server(value, what)
        if "username" in value:
            raise ConfigurationError(f"{what} username goes with caldav only")
        path = value.get("path")
        if not (isinstance(path, str) and path):
            raise ConfigurationError(f'{what} needs a path, a file, folder or address: write path = "clinic.ics"')
        path = _fetchable(path, what)
        return cls(path, _name(value.get("name"), f"{what} name"), _yes_or_no(value, "complete", what, usual=False))

    @classmethod
    def _on_server(cls, value: Mapping[str, Any], what: str) -> CalendarSource:
        """Return a calendar on a CalDAV server: what is gone there is certain, and counts unless said otherwise."""
        address = value["caldav"]
        if "path" in value:
            raise ConfigurationError(f"{what} has a path and a caldav address: give one of them")
        if not (isinstance(address, str) and address.lower().startswith(("https://", "http://"))):
            raise ConfigurationError(f'{what} caldav must be an address: write caldav = "https://…", not {address!r}')
        if "@" in address.partition("://")[2].partition("/")[0]:
            raise ConfigurationError(
                f"{what} caldav holds a user or password: remove it, and set CALDAV_USERNAME and CALDAV_PASSWORD"
            )
        name, username = (_name(value.get(key), f"{what} {key}") for key in ("name", "username"))
        if username and not _hides_a_password(address):
            raise ConfigurationError(
                f"{what} caldav is not encrypted, and would show the password to anybody: write https://"
            )
        complete = _yes_or_no(value, "complete", what, usual=True)
        return cls(address, name, complete, caldav=True, username=username)


def _fetchable(path: str, what: str) -> str:
    if wrong := foreign_scheme(path):
        raise ConfigurationError(f"{what}: {wrong}")
    return path


def _hides_a_password(address: str) -> bool:
    """Say whether nobody reads on the way what is sent to an address, as whoever sends it judges."""
    from reminder_kit.calendars.redirects import is_this_machine

    try:
        parts = urlsplit(address)
        return parts.scheme == "https" or is_this_machine(parts.hostname or "")
    except ValueError:
        return True  # which is told where it is asked


def _name(value: Any, what: str) -> str | None:
    if not (value is None or (isinstance(value, str) and value)):
        raise ConfigurationError(f"{what} must be text, not {value!r}")
    return value


def _yes_or_no(values: Mapping[str, Any], key: str, what: str, *, usual: bool) -> bool:
    value = values.get(key, usual)
    if not isinstance(value, bool):
        raise ConfigurationError(f"{what} {key} must be true or false, not {value!r}")
    return value


def _sources(value: Any) -> tuple[str | CalendarSource, ...]:
    """Return paths as they are, and tables as sources; a single one needs no list."""
    several = (value,) if isinstance(value, str | Mapping | CalendarSource) else value
    if not isinstance(several, list | tuple):
        raise ConfigurationError(f'sources must be a list of texts or tables, not {value!r}: write ["clinic.ics"]')
    return tuple(
        _fetchable(one, "sources") if isinstance(one, str) and one else CalendarSource.of(one) for one in several
    )


def _phones(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _known_phones(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    for name in value:
        if name not in PHONE_SOURCES:
            raise InvalidInputError(f"calendar phones: unknown source {name!r}; use some of {', '.join(PHONE_SOURCES)}")


def _country(value: str | None) -> str | None:
    return None if value is None else country(value)


_LEAST_DIGITS = 4
"""Digits that a number without a country code has at the least: nobody knows here of which country it is."""


def _numbers(_instance: object, attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for text in value:
        is_local = not text.lstrip().startswith("+") and sum(map(str.isdigit, text)) >= _LEAST_DIGITS
        if not is_local and phone_number(text, None) is None:
            raise InvalidInputError(
                f"{attribute.name}: {text!r} can't be a phone number: write it with its country code, as "
                "+1 202 555 0123"
            )


def _known_zone(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None:
        zone(value)


def _one_of(*words: str) -> Callable[[object, Attribute[str], object], None]:
    """Return what raises `InvalidInputError` for any other word."""

    def check(_instance: object, attribute: Attribute[str], value: object) -> None:
        if value not in words:
            raise InvalidInputError(f"{attribute.name} must be one of {', '.join(words)}, not {value!r}")

    return check


@frozen
class CalendarSettings:
    """How calendar files are read. Raises `ValueError` for what is unknown."""

    #: The IANA zone of floating and all-day times where the file names none of its own (`X-WR-TIMEZONE`); None means
    #: UTC, with a warning where it matters.
    timezone: str | None = field(default=None, validator=_known_zone)
    #: The country (two letters) of numbers written without a country code; None: such numbers stay
    #: as they are, and are not found in texts.
    region: str | None = field(default=None, converter=_country)
    #: Where numbers are looked for, in order: some of `PHONE_SOURCES`.
    phones: tuple[str, ...] = field(
        default=("attendee", "x-phone", "contact", "text"), converter=_phones, validator=_known_phones
    )
    #: A CSV file of people; None: there is none.
    directory: Path | None = None
    #: Numbers of our own, of desks and machines, which are nobody's to remind; what the kit sends from is among them.
    own_numbers: tuple[str, ...] = field(default=(), converter=_phones, validator=_numbers)
    #: Numbers that are people's although they stand in the notes of several people's appointments.
    allow: tuple[str, ...] = field(default=(), converter=_phones, validator=_numbers)
    #: What becomes of VALARMs: `ignore`, `rules` (they are further rules) or `only` (they take the place of rules).
    #: Unless ignored, those still due are in each appointment's `data["alarms"]` as ISO instants.
    alarms: str = field(default="ignore", validator=_one_of("ignore", "rules", "only"))
    #: How far ahead occurrences are imported; further where a rule reaches further.
    horizon: timedelta = timedelta(days=60)
    #: What becomes of events without a number: `say` (they are counted) or `attention` (they wait for a person too).
    without_phone: str = field(default="say", validator=_one_of("say", "attention"))
    limits: Limits = field(factory=Limits)
    #: Sources that the batch job reads again.
    sources: tuple[str | CalendarSource, ...] = field(default=(), converter=_sources)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str = "calendar") -> CalendarSettings:
        """Return the settings that a TOML table holds; `where` is its name in errors.

        Raises `ConfigurationError`, naming the key, for what is unknown or of the wrong kind.
        """
        known = {attribute.name for attribute in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in mapping.items():
            if key not in known:
                raise ConfigurationError(f"[{where}] knows no key {key!r}; it knows {', '.join(sorted(known))}")
            values[key] = _setting(key, value, where)
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"[{where}]: {error.args[0] if error.args else error}") from None


def _setting(key: str, value: Any, where: str) -> Any:
    """Return one setting as its type; raises `ConfigurationError` where it is of another."""
    if key == "horizon":
        return _duration(value, f"[{where}] horizon")
    if key == "region":
        return None if value is None else _known_country(value, f"[{where}] region")
    if key == "directory":
        return None if value is None else Path(_required_text(value, f"[{where}] directory"))
    if key == "limits":
        return _limits(value, f"[{where}.limits]")
    if key == "sources":
        several = (value,) if isinstance(value, str | Mapping) else value
        if not isinstance(several, list | tuple):
            raise ConfigurationError(f"[{where}] sources must be a list of texts or tables, not {value!r}")
        found = [CalendarSource.of(one, f"[{where}] sources") for one in several]
        return tuple(one.path if one == CalendarSource(one.path) else one for one in found)
    if key in ("phones", "own_numbers", "allow"):
        if not isinstance(value, str | list | tuple):
            raise ConfigurationError(f"[{where}] {key} must be a list of texts, not {value!r}")
        return tuple(_required_text(phone, f"[{where}] {key}") for phone in _phones(value))
    return value if value is None else _required_text(value, f"[{where}] {key}")


def _required_text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} must be text, not {value!r}")
    return value


def _known_country(value: Any, what: str) -> str:
    try:
        return country(_required_text(value, what))
    except InvalidInputError as error:
        raise ConfigurationError(f"{what}: {error}") from None


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
