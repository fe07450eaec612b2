"""Words for times: "today at 3:00 PM", "Monday 16 February at 10:00", by locale.

Pure: no clock, no I/O. Never writes a non-breaking space, which would double an SMS's price.

Days, months and the 12 or 24 hours of the clock are CLDR's, by way of Babel. "Today" and
its kin, and how a day and a time are joined, are ours: Babel does not carry them.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["LANGUAGES", "clock", "day", "known_locale", "weekday", "when"]


class _Joints(NamedTuple):
    today: str
    tomorrow: str
    yesterday: str
    at: str
    at_one: str = ""


_JOINTS = {
    "en": _Joints("today", "tomorrow", "yesterday", "{day} at {time}"),
    "es": _Joints("hoy", "mañana", "ayer", "{day} a las {time}", "{day} a la {time}"),
    "fr": _Joints("aujourd'hui", "demain", "hier", "{day} à {time}"),
    "de": _Joints("heute", "morgen", "gestern", "{day} um {time} Uhr"),
    "pt": _Joints("hoje", "amanhã", "ontem", "{day} às {time}", "{day} à {time}"),
    "it": _Joints("oggi", "domani", "ieri", "{day} alle {time}"),
    "nl": _Joints("vandaag", "morgen", "gisteren", "{day} om {time}"),
    "pl": _Joints("dzisiaj", "jutro", "wczoraj", "{day} o {time}"),
    "sv": _Joints("idag", "imorgon", "igår", "{day} kl. {time}"),
    "da": _Joints("i dag", "i morgen", "i går", "{day} kl. {time}"),
    "nb": _Joints("i dag", "i morgen", "i går", "{day} kl. {time}"),
    "no": _Joints("i dag", "i morgen", "i går", "{day} kl. {time}"),
}
LANGUAGES = tuple(_JOINTS)
"""Languages that have "today" and its kin; others name the date, with CLDR's words."""

_PATTERNS = {"en": ("EEEE d MMMM", "d MMMM")}
"""English without a country writes the day before the month; a country's own English as CLDR says."""

_YEAR = re.compile(r"(?:,? 'de'|,)? y")
_ODD_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
_FAR = 300


@lru_cache(maxsize=1024)
def known_locale(tag: str, fallback: str = "en") -> str:
    """Return the nearest locale that CLDR has for a language tag ("es", "pt-BR", "de_AT"), else the fallback's."""
    from babel import Locale, UnknownLocaleError

    for name in (tag.replace("-", "_"), re.split("[-_]", tag)[0], fallback.replace("-", "_")):
        try:
            return str(Locale.parse(name))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return "en"


def when(moment: datetime, today: date, locale: str, *, all_day: bool = False) -> str:
    """Return when something is, said on the day `today`, in a locale from `known_locale`.

    `moment` is read on its own wall clock; `today` is the reader's date. All-day
    appointments have a date only. Farther than about ten months away, the year is named.
    """
    return _when(moment.date(), None if all_day else moment.time().replace(second=0, microsecond=0), today, locale)


@lru_cache(maxsize=65536)
def _when(on: date, at: time | None, today: date, locale: str) -> str:
    joints = _JOINTS.get(locale.partition("_")[0])
    distance = (on - today).days
    if joints and abs(distance) <= 1:
        named = (joints.yesterday, joints.today, joints.tomorrow)[distance + 1]
    else:
        named = _long_day(on, locale, year=abs(distance) > _FAR)
    if at is None:
        return named
    said = clock(at, locale)
    if joints is None:
        return f"{named} {said}"
    is_one = joints.at_one and re.match(r"0?1\D", said)
    return (joints.at_one if is_one else joints.at).format(day=named, time=said)


def _long_day(on: date, locale: str, *, year: bool) -> str:
    if year:
        return _formatted(on, f"{_PATTERNS[locale][0]} y" if locale in _PATTERNS else "full", locale)
    return _formatted(on, _long_pattern(locale), locale)


@lru_cache(maxsize=256)
def _long_pattern(locale: str) -> str:
    """Return CLDR's pattern for weekday, day and month; abbreviated where it has no long one without a year."""
    from babel import Locale

    if locale in _PATTERNS:
        return _PATTERNS[locale][0]
    parsed = Locale.parse(locale)
    skeletons: Any = parsed.datetime_skeletons
    if "MMMMEEEEd" not in skeletons and parsed.language in _JOINTS:
        return _YEAR.sub("", str(parsed.date_formats["full"].pattern))
    return str((skeletons.get("MMMMEEEEd") or skeletons["MMMEd"]).pattern)


@lru_cache(maxsize=256)
def _short_pattern(locale: str) -> str:
    from babel import Locale

    if locale in _PATTERNS:
        return _PATTERNS[locale][1]
    skeletons: Any = Locale.parse(locale).datetime_skeletons
    return str((skeletons.get("MMMMd") or skeletons["MMMd"]).pattern)


def _formatted(on: date, pattern: str, locale: str) -> str:
    from babel.dates import format_date

    return str(format_date(on, pattern, locale=locale)).translate(_ODD_SPACES)


@lru_cache(maxsize=16384)
def clock(at: time, locale: str, pattern: str = "short") -> str:
    """Return a wall-clock time as the locale writes it: "3:00 PM", "15:00". `pattern` is Babel's."""
    from babel.dates import format_time

    return str(format_time(at, pattern, locale=locale)).translate(_ODD_SPACES)


@lru_cache(maxsize=16384)
def day(on: date, locale: str, pattern: str = "") -> str:
    """Return a day of the year as the locale writes it, without a year. `pattern` is Babel's ("full", "d. M.")."""
    return _formatted(on, pattern or _short_pattern(locale), locale)


def weekday(on: date, locale: str) -> str:
    """Return the name of a weekday in the locale."""
    return _formatted(on, "EEEE", locale)
