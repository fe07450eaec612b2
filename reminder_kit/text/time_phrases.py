"""Time phrases: "today at 3:00 PM", "Monday 16 February at 10:00", by locale.

Pure: no clock, no I/O. Never writes a non-breaking space, which would double an SMS's price.

Days, months and the 12 or 24 hours of the clock are CLDR's, by way of Babel. "Today" and
its kin, and how a day and a time are joined, are ours: Babel does not carry them.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from reminder_kit.model.instants import utc

__all__ = ["LANGUAGES", "city", "clock", "day", "distance", "is_known", "known_locale", "names_zone", "weekday", "when"]


class _Language(NamedTuple):
    """How a language says when something is, so that the words stand in a sentence after "see you"."""

    today: str
    tomorrow: str
    yesterday: str
    #: What joins a day and its time.
    at: str
    #: The same before one o'clock; "": as `at`.
    at_one: str = ""
    #: What follows the time.
    after: str = ""
    #: The CLDR pattern of a day that is farther away; "": CLDR's own long pattern.
    day: str = ""
    #: What is added to `day` where the year is named.
    year: str = " y"
    #: The weekdays, Monday first, as they stand before `day`; empty: `day` names the weekday itself.
    on: tuple[str, ...] = ()
    #: What comes between such a day and `at`.
    pause: str = ""


_DAYS_PT = ("segunda", "terça", "quarta", "quinta", "sexta")
_DAYS_PL = ("w poniedziałek", "we wtorek", "w środę", "w czwartek", "w piątek", "w sobotę", "w niedzielę")

_LANGUAGES = {
    "en": _Language("today", "tomorrow", "yesterday", "at"),
    "es": _Language("hoy", "mañana", "ayer", "a las", "a la", day="'el' EEEE d 'de' MMMM", year=" 'de' y"),
    "fr": _Language("aujourd'hui", "demain", "hier", "à"),
    "de": _Language("heute", "morgen", "gestern", "um", after=" Uhr", day="'am' EEEE, d. MMMM"),
    "pt": _Language(
        "hoje",
        "amanhã",
        "ontem",
        "às",
        "à",
        day="d 'de' MMMM",
        year=" 'de' y",
        on=(*(f"na {item}-feira," for item in _DAYS_PT), "no sábado,", "no domingo,"),
        pause=",",
    ),
    "it": _Language("oggi", "domani", "ieri", "alle"),
    "nl": _Language("vandaag", "morgen", "gisteren", "om", after=" uur"),
    "pl": _Language("dzisiaj", "jutro", "wczoraj", "o", day="d MMMM", year=" y 'r.'", on=_DAYS_PL),
    "sv": _Language("idag", "imorgon", "igår", "kl."),
    "da": _Language("i dag", "i morgen", "i går", "kl."),
    "nb": _Language("i dag", "i morgen", "i går", "kl."),
    "no": _Language("i dag", "i morgen", "i går", "kl."),
}
LANGUAGES = tuple(_LANGUAGES)
"""The languages in which "today" and its kin are said; others name the date, in CLDR's words."""

_PATTERNS = {"en": ("EEEE d MMMM", "d MMMM")}
"""The long and the short pattern of locales for which CLDR's are not taken: English without a country writes the day
before the month."""

_YEAR = re.compile(r",? y")
_ODD_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " "))
_FAR = 300
"""Days; of what is farther away the year is named."""


@lru_cache(maxsize=1024)
def known_locale(tag: str, fallback: str = "en") -> str:
    """Return the nearest locale that CLDR has for a language tag ("es", "pt-BR", "de_AT"), as "pt_BR".

    That is the tag's own, its language's, that of the tag `fallback`, or "en".
    """
    from babel import Locale, UnknownLocaleError

    for name in (tag.replace("-", "_"), re.split("[-_]", tag)[0], fallback.replace("-", "_")):
        try:
            return str(Locale.parse(name))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return "en"


def is_known(tag: str) -> bool:
    """Say whether CLDR has a locale for a language tag."""
    return known_locale(tag, tag) != "en" or re.split("[-_]", tag)[0].lower() == "en"


def when(moment: datetime, today: date, locale: str, *, all_day: bool = False, dated: bool = False) -> str:
    """Return in words when something is, for somebody who reads them on the day `today`.

    `moment` is read on its own wall clock, and `today` by the same: give both in one zone. `locale` is one from
    `known_locale`. With `all_day`, no time is named; `dated` names the day also where it is today or next to it. The
    year is named of what is more than 300 days away.
    """
    at = None if all_day else moment.time().replace(second=0, microsecond=0)
    return _when(moment.date(), at, today, locale, dated=dated)


@lru_cache(maxsize=65536)
def _when(on: date, at: time | None, today: date, locale: str, *, dated: bool) -> str:
    language = _LANGUAGES.get(locale.partition("_")[0])
    distance = (on - today).days
    is_near = language is not None and abs(distance) <= 1 and not dated
    if language is not None and is_near:
        named = (language.yesterday, language.today, language.tomorrow)[distance + 1]
    else:
        named = _far_day(on, locale, language, year=abs(distance) > _FAR)
    if at is None:
        return named
    said = clock(at, locale)
    if language is None:
        return f"{named} {said}"
    joint = language.at_one if language.at_one and re.match(r"0?1\D", said) else language.at
    return f"{named}{'' if is_near else language.pause} {joint} {said}{language.after}"


def _far_day(on: date, locale: str, language: _Language | None, *, year: bool) -> str:
    """Return weekday, day and month, and with `year` the year, of a day that is neither today nor next to it."""
    if language is None or not language.day:
        return _formatted(on, _long_pattern(locale, year=year), locale)
    said = _formatted(on, language.day + (language.year if year else ""), locale)
    return f"{language.on[on.weekday()]} {said}" if language.on else said


@lru_cache(maxsize=256)
def _long_pattern(locale: str, *, year: bool) -> str:
    """Return CLDR's pattern for weekday, day and month; with short words where it has no long one without a year."""
    from babel import Locale

    if locale in _PATTERNS:
        return _PATTERNS[locale][0] + (" y" if year else "")
    parsed = Locale.parse(locale)
    full = str(parsed.date_formats["full"].pattern)
    if year:
        return full
    skeletons: Any = parsed.datetime_skeletons
    if "MMMMEEEEd" not in skeletons and parsed.language in _LANGUAGES:
        return _YEAR.sub("", full)
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


def clock(at: time | datetime, locale: str, pattern: str = "short") -> str:
    """Return a wall-clock time as the locale writes it: "3:00 PM", "15:00".

    `pattern` is Babel's: "short", "medium", or one such as "HH.mm". Where it `names_zone`, `at` must be an aware
    datetime: without a day nobody can tell summer from winter time.
    """
    # equal instants of two zones are one key of a cache, and name two zones
    return _clock(at, locale, pattern) if not isinstance(at, datetime) else _said_clock(at, locale, pattern)


@lru_cache(maxsize=16384)
def _clock(at: time, locale: str, pattern: str) -> str:
    return _said_clock(at, locale, pattern)


def _said_clock(at: time | datetime, locale: str, pattern: str) -> str:
    from babel.dates import format_time

    return str(format_time(at, pattern, locale=locale)).translate(_ODD_SPACES)


_IN_QUOTES = re.compile("'[^']*'")
_ZONE_LETTERS = frozenset("zZOvVXx")


def names_zone(pattern: str) -> bool:
    """Say whether a pattern of `clock` names the time zone: "full", "long", or one with a letter for it ("HH:mm z")."""
    return pattern in ("full", "long") or (
        pattern not in ("medium", "short") and not _ZONE_LETTERS.isdisjoint(_IN_QUOTES.sub("", pattern))
    )


def distance(to: datetime | date, now: datetime, locale: str) -> str:
    """Return how far off a day or a time is for somebody whose wall clock shows `now`: "in 2 days", "3 hours ago".

    A time less than a day off is counted in hours, less than two hours off in minutes, both rounded towards the
    present: nobody who counts on them comes late. All else is counted in days of the calendar, as people do, and a day
    that is `now`'s own is called "today" where the language is one of `LANGUAGES`. `to` is on the same wall clock.
    Hours and minutes are elapsed time: a change of the clocks in between counts.
    """
    if isinstance(to, datetime):
        # two datetimes of one zone are subtracted by their wall clocks, as if those never changed
        elapsed = utc(to) - utc(now) if now.tzinfo else to - now
        seconds = round(elapsed.total_seconds())
        if abs(seconds) < 60:
            return _ahead(seconds, "second", locale)
        if abs(seconds) < 2 * 3600:
            return _ahead(_towards_zero(seconds, 60), "minute", locale)
        if abs(seconds) < 24 * 3600:
            return _ahead(_towards_zero(seconds, 3600), "hour", locale)
        to = to.date()
    days = (to - now.date()).days
    language = _LANGUAGES.get(locale.partition("_")[0])
    return language.today if language is not None and days == 0 else _ahead(days * 24 * 3600, "day", locale)


def _towards_zero(seconds: int, unit: int) -> int:
    return abs(seconds) // unit * unit * (1 if seconds > 0 else -1)


@lru_cache(maxsize=4096)
def _ahead(seconds: int, unit: Literal["day", "hour", "minute", "second"], locale: str) -> str:
    """Return a length of time in one unit, in CLDR's words for the future or the past."""
    from babel.dates import format_timedelta

    said = format_timedelta(seconds, granularity=unit, threshold=math.inf, add_direction=True, locale=locale)
    return str(said).translate(_ODD_SPACES)


@lru_cache(maxsize=1024)
def city(zone_name: str, locale: str) -> str:
    """Return the city by which the locale knows a zone, "Paris"; the zone's own name where it is of no city."""
    from babel.dates import get_timezone_location

    found = str(get_timezone_location(zone_name, locale=locale, return_city=True)).translate(_ODD_SPACES)
    return found.replace("’", "'")  # St. John's: the other one would double an SMS's price


@lru_cache(maxsize=16384)
def day(on: date, locale: str, pattern: str = "") -> str:
    """Return a day as the locale writes it, without the year unless `pattern` names it.

    `pattern` is Babel's ("full", "d. M."); "": CLDR's own for day and month.
    """
    return _formatted(on, pattern or _short_pattern(locale), locale)


def weekday(on: date, locale: str) -> str:
    """Return the name of a weekday in the locale."""
    return _formatted(on, "EEEE", locale)
