"""Zone names: the names by which files call time zones, as zones.

Never uses any data but IANA zones and CLDR's table of Windows names, and never opens a path that a file names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from reminder_kit.calendars.outlook_zones import DISPLAY_NAMES
from reminder_kit.model.instants import zone

__all__ = [
    "fixed_zone",
    "folded",
    "iana_zone",
    "is_abbreviation",
    "is_name",
    "is_place",
    "known_equivalent",
    "offset_in",
    "places",
]

_NEVER = frozenset({"localtime", "posixrules", "factory", "leapseconds", "tzdata"})
"""Files of the zone database that are no zones, or the machine's own."""
_UTC_NAMES = frozenset({"utc", "gmt", "etc/utc", "etc/gmt", "z", "zulu", "uct", "universal", "tzone://microsoft/utc"})
"""What is written for UTC."""


@lru_cache(maxsize=1)
def _iana_names() -> Mapping[str, str]:
    """Return the names of IANA zones by their lower case."""
    return {name.casefold(): name for name in available_timezones() if name.casefold() not in _NEVER}


@lru_cache(maxsize=1)
def _windows_names() -> Mapping[str, str]:
    """Return the IANA names of Windows' and Outlook's names, by their lower case."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return {name.casefold(): value for name, value in WINDOWS_TO_OLSON.items()} | {
        name.casefold(): value for name, value in DISPLAY_NAMES.items()
    }


def folded(tzid: str) -> str:
    """Return a TZID in the form in which TZIDs are compared: case, quotes and surrounding space don't matter."""
    return tzid.strip().strip('"').strip().casefold()


def iana_zone(tzid: str) -> tzinfo | None:
    """Return the IANA zone that a TZID names, also behind a prefix such as `/mozilla.org/20050126_1/`, else None."""
    key = folded(tzid)
    if key in _UTC_NAMES:
        return UTC
    if key in _iana_names():
        return zone(_iana_names()[key])
    segments = key[-100:].split("/")
    if len(segments) > 1 and ("/" in key[:1] or len(segments) > 2):
        for count in (3, 2):
            name = _iana_names().get("/".join(segments[-count:]))
            if name is not None:
                return zone(name)
    return None


def is_place(tzid: str) -> bool:
    """Say whether a name is Area/City as IANA writes it: such a name means that place, whatever a file says of it."""
    return folded(tzid).startswith(_AREAS)


_AREAS = (
    "africa/", "america/", "antarctica/", "arctic/", "asia/", "atlantic/", "australia/", "europe/", "indian/",
    "pacific/",
)  # fmt: skip
"""How IANA's names of places begin, in lower case."""


def is_abbreviation(tzid: str) -> bool:
    """Say whether a name is one such as EST, which IANA and its writer may understand differently."""
    key = folded(tzid)
    return key not in _UTC_NAMES - {"gmt"} and "/" not in key and len(key) <= _ABBREVIATED and key in _iana_names()


_ABBREVIATED = 4
"""Letters of an abbreviation."""


def is_name(tzid: str) -> bool:
    """Say whether a TZID is, as a whole, a name that IANA, Windows or Outlook has for a zone."""
    key = folded(tzid)
    return key in _UTC_NAMES or key in _iana_names() or key in _windows_names()


def known_equivalent(tzid: str) -> ZoneInfo | None:
    """Return the IANA zone of a Windows name (CLDR) or of an Outlook display name, else None.

    Outlook numbers a second definition of a name ("GMT Standard Time 1"), Exchange puts `tzone://Microsoft/` before.
    """
    key = folded(tzid)[:200].removeprefix("tzone://microsoft/")
    carried = _CARRIED.fullmatch(key)
    is_offset = carried is not None and not carried["rest"]  # the 5 of UTC-5 is no number of a definition
    base = key if is_offset else _NUMBERED.sub("", key)
    for name in dict.fromkeys((key, base)):
        found = _by_display_name(name)
        if found is not None:
            return found
    return None if base == key else zone(_iana_names()[base]) if base in _iana_names() else None


_NUMBERED = re.compile(r"[ -]\d{1,2}$")


def _by_display_name(key: str) -> ZoneInfo | None:
    key = re.sub(r"^\((?:utc|gmt)[^)]*\)\s*", "", key) if key.startswith("(") else key
    while key:
        name = _windows_names().get(key)
        if name is not None:
            return zone(name)
        key = key.rpartition(",")[0].strip()
    return None


def offset_in(tzid: str) -> tuple[tzinfo, bool] | None:
    """Return the zone of the offset that a name carries ("UTC+02", "GMT+0200", "(UTC-05:00) Somewhere"), else None.

    With it comes whether the offset is all that the name says: what else it names may have summer time.
    """
    match = _CARRIED.fullmatch(folded(tzid)[:200])
    if match is None:
        return None
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    if offset > timedelta(hours=14) or int(match["minutes"] or 0) >= 60:
        return None
    return fixed_zone(-offset if match["sign"] in "-−" else offset), not match["rest"]


_CARRIED = re.compile(
    r"\(?(?:utc|gmt)?\s*(?P<sign>[+−-])(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d\d))?\)?\s*(?P<rest>.*)"
)


def fixed_zone(offset: timedelta) -> tzinfo:
    """Return the zone of an offset: IANA's `Etc/…`, so that it has a name, where there is one."""
    hours, rest = divmod(offset, timedelta(hours=1))
    if not offset:
        return UTC
    if rest or not -12 <= hours <= 14:
        return timezone(offset)
    return zone(f"Etc/GMT{-hours:+d}")  # POSIX counts west of Greenwich


@lru_cache(maxsize=1)
def places() -> tuple[ZoneInfo, ...]:
    """Return the zones of all places, those before that Windows names a zone by."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    known = [name for name in WINDOWS_TO_OLSON.values() if is_place(name)]
    others = sorted(name for name in _iana_names().values() if is_place(name))
    return tuple(zone(name) for name in dict.fromkeys((*known, *others)))
