"""What a template may read of each kind of value, by its type; whatever is not listed here is out of its reach.

Pure: no clock, no I/O. Never lists what reads the machine's clock or zone, what changes a value, what makes one of
unbounded size (`bounds` sees to the few that grow), or what leads from a value to the code behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from inspect import getattr_static
from typing import Any, NamedTuple

__all__ = [
    "CALLABLE",
    "KINDS",
    "Kind",
    "fault_of_call",
    "has",
    "is_known_name",
    "kind_of",
    "kind_of_type",
    "why_not",
    "words",
]


class Kind(NamedTuple):
    """One kind of value."""

    #: How errors call it: "a datetime".
    name: str
    #: What may be read of it.
    fields: frozenset[str]
    #: What may be called on it.
    methods: frozenset[str]


def words(text: str) -> frozenset[str]:
    """Return the words of a text: a table of names is read more easily so."""
    return frozenset(text.split())


_DAY = words("year month day day_of_week day_of_year week_of_year week_of_month days_in_month quarter")
_CLOCK = words("hour minute second microsecond fold tzinfo")
_SHOWN = words("format strftime isoformat")
_SHIFTED = words("add subtract replace")
_COMPARED = words("diff diff_for_humans closest farthest")
_DAYS_SHIFTED = words("set start_of end_of next previous first_of last_of nth_of average")
_DAYS_ASKED = words(
    "weekday isoweekday isocalendar toordinal ctime is_leap_year is_long_year is_same_day is_anniversary is_birthday "
    "to_date_string to_formatted_date_string"
)
_ZONE_ASKED = words("utcoffset tzname dst")

KINDS: dict[str, Kind] = {
    "datetime": Kind(
        "a datetime",
        _DAY | _CLOCK | words("tz timezone timezone_name offset offset_hours"),
        _SHOWN | _SHIFTED | _COMPARED | _DAYS_SHIFTED | _DAYS_ASKED | _ZONE_ASKED
        | words(
            "on at date time timetz in_timezone in_tz astimezone timestamp is_dst is_utc get_offset "
            "to_time_string to_datetime_string to_day_datetime_string to_atom_string to_cookie_string "
            "to_iso8601_string to_rfc822_string to_rfc850_string to_rfc1036_string to_rfc1123_string "
            "to_rfc2822_string to_rfc3339_string to_rss_string to_w3c_string"
        ),
    ),
    "date": Kind("a date", _DAY, _SHOWN | _SHIFTED | _COMPARED | _DAYS_SHIFTED | _DAYS_ASKED),
    "time": Kind("a time", _CLOCK, _SHOWN | _SHIFTED | _COMPARED | _ZONE_ASKED),
    "duration": Kind(
        "a duration",
        words("years months weeks days hours minutes seconds microseconds remaining_days remaining_seconds invert"),
        words(
            "total_weeks total_days total_hours total_minutes total_seconds in_weeks in_days in_hours in_minutes "
            "in_seconds in_words as_timedelta"
        ),
    ),
    "zone": Kind("a time zone", words("name key"), frozenset()),
    "text": Kind(
        "a text",
        frozenset(),
        words(
            "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii isdecimal isdigit "
            "islower isnumeric isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix "
            "replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title "
            "upper zfill"
        ),
    ),
    "dict": Kind("a dict", frozenset(), words("get items keys values")),
    "list": Kind("a list", words("grouper list year week weekday"), words("count index")),
    "decimal": Kind("a number", frozenset(), words("normalize quantize")),
    "number": Kind("a number", frozenset(), words("is_integer")),
    "loop": Kind(
        "loop",
        words("index index0 revindex revindex0 first last length depth depth0 previtem nextitem"),
        words("cycle changed"),
    ),
}  # fmt: skip
"""The kinds of values, each with what may be read of it."""

_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (datetime, "datetime"),
    (date, "date"),
    (time, "time"),
    (timedelta, "duration"),
    (tzinfo, "zone"),
    (str, "text"),
    (Mapping, "dict"),
    ((list, tuple), "list"),
    (Decimal, "decimal"),
    ((int, float), "number"),
)
"""Which types are of which kind; the first that fits counts, since a datetime is also a date."""

_STATUS = Kind("a text", words("name value"), KINDS["text"].methods)

CALLABLE = frozenset().union(*(kind.methods for kind in KINDS.values()))
"""Whatever may be called on any kind of value."""

_CLOCK_READERS = words(
    "age diff diff_for_humans is_future is_past is_anniversary is_birthday now today utcnow average closest farthest"
)
_NEEDS_ANOTHER = words("diff diff_for_humans average closest farthest is_anniversary is_birthday")
"""What reads the machine's clock unless it is given another day or time to compare with."""

_ZONE_READERS = words("astimezone in_timezone in_tz is_local timestamp int_timestamp float_timestamp naive")
_NEEDS_ZONE = words("astimezone in_timezone in_tz")
"""What takes the machine's zone unless it is given one."""

_OWN_ZONE = words("astimezone timestamp")
"""What takes the machine's zone for a value that has none itself."""

_EPOCH = re.compile(r"%[-_0^#+]*\d*[EO]?s")
"""A directive of `strftime` that counts seconds by the machine's zone."""

_OF_DATES = frozenset().union(*(KINDS[name].methods for name in ("datetime", "date", "time")))


def kind_of_type(cls: type) -> Kind | None:
    """Return the kind of a type's values; None: nothing may be read of them."""
    from jinja2.runtime import LoopContext

    if issubclass(cls, LoopContext):
        return KINDS["loop"]
    if issubclass(cls, str) and issubclass(cls, Enum):
        return _STATUS
    return next((KINDS[name] for types, name in _TYPES if issubclass(cls, types)), None)


def kind_of(value: object) -> str:
    """Return how errors call the kind of a value: "a datetime"."""
    kind = kind_of_type(type(value))
    return "None" if value is None else kind.name if kind else "what is read here"


def has(value: object, attribute: str) -> bool:
    """Say whether a value has an attribute, without reading it."""
    return getattr_static(value, attribute, None) is not None


def is_known_name(attribute: str) -> bool:
    """Say whether a word names something that some value has, so that it can't be anybody's data."""
    known = attribute in CALLABLE or attribute in _CLOCK_READERS or attribute in _ZONE_READERS
    return known or any(hasattr(cls, attribute) for cls in (datetime, str, dict, list))


def why_not(kind: str, attribute: str) -> str:
    """Say why an attribute of a kind of value ("a datetime") is out of reach, and what to write instead."""
    return f"{attribute!r} of {kind} is not for templates: {_remedy(kind, attribute)}"


def _remedy(kind: str, attribute: str) -> str:
    if attribute in _CLOCK_READERS:
        return (
            "it reads the machine's clock, not when the text arrives: write {{ … | relative }} or {{ when }}, which "
            "are true then"
        )
    if attribute in _ZONE_READERS:
        return "it reads the machine's time zone: write {{ … | time }}, which is the reader's"
    if attribute in ("format", "format_map") and kind == "a text":
        return "join texts with ~, as in {{ recipient.name ~ ': ' ~ when }}"
    return "a template only reads values"


def fault_of_call(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], owner: object = None) -> str:
    """Say what is wrong with how a method of a day or a time is called; "": nothing.

    `owner` is the value whose method it is; None: it is not known yet. Any argument that is missing, None or "local"
    would be filled in from the machine's own clock or zone.
    """
    if name not in _OF_DATES or (
        name in KINDS["text"].methods if owner is None else not isinstance(owner, date | time)
    ):
        return ""
    given = [*args, *kwargs.values()]
    if name in _NEEDS_ANOTHER and not given:
        return why_not("a datetime", name)
    without_zone = owner is not None and getattr(owner, "tzinfo", None) is None
    if (name in _NEEDS_ZONE and not given) or (name in _OWN_ZONE and without_zone):
        return why_not("a datetime", name)
    if any(item is None or _is_local(item) for item in given):
        return f"None and 'local' are the machine's own clock and time zone: give {name!r} a value"
    if name == "strftime" and any(isinstance(item, str) and _EPOCH.search(item) for item in given):
        return "'%s' of strftime reads the machine's time zone: write {{ … | time }} or another directive"
    return ""


def _is_local(value: object) -> bool:
    return isinstance(value, str) and value.lower().rpartition("/")[2] in ("local", "localtime")
