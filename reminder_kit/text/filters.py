"""The filters that templates have besides Jinja2's: times, days and numbers as their reader writes them.

Pure: no clock, no I/O. Never takes the present from anywhere: what is relative is relative to the send time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import zone
from reminder_kit.text.patterns import patterned
from reminder_kit.text.readable import kind_of
from reminder_kit.text.time_phrases import clock, day, distance, names_zone, weekday

if TYPE_CHECKING:
    from jinja2.runtime import Context

__all__ = ["CONTEXT", "filters"]

CONTEXT = " context"  # the name under which filters find the context: no template can spell it


def filters() -> dict[str, Callable[..., Any]]:
    """Return the filters by their names. Each makes "" of None."""
    from jinja2 import pass_context

    @pass_context
    def time_(context: Context, value: Any, pattern: str = "short") -> str:
        if value is None:
            return ""
        pattern = patterned("time", pattern)
        return clock(_clock_of(value, named=names_zone(pattern)), context[CONTEXT].locale, pattern)

    @pass_context
    def date_(context: Context, value: Any, pattern: str = "") -> str:
        return "" if value is None else day(_day_of(value, "date"), context[CONTEXT].locale, patterned("date", pattern))

    @pass_context
    def weekday_(context: Context, value: Any) -> str:
        return "" if value is None else weekday(_day_of(value, "weekday"), context[CONTEXT].locale)

    @pass_context
    def relative_(context: Context, value: Any) -> str:
        return "" if value is None else _relative(value, context[CONTEXT])

    @pass_context
    def phone_(context: Context, value: Any) -> str:
        return "" if value is None else _phone(str(value), context[CONTEXT].region)

    return {
        "time": time_,
        "date": date_,
        "weekday": weekday_,
        "relative": relative_,
        "phone": phone_,
        "link": _link,
    }


def _clock_of(value: Any, *, named: bool) -> time | datetime:
    """Return what a wall clock shows; with the day and zone where the zone is to be `named` too."""
    if named:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise InvalidInputError("a time without a day and a zone has no zone to name: leave it out of the pattern")
        return value
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    if not isinstance(value, datetime):
        raise InvalidInputError(f"the filter 'time' takes a time or an instant, and was given {kind_of(value)}")
    return time(value.hour, value.minute, value.second)


def _day_of(value: Any, name: str) -> date:
    """Return the day of a day or an instant; `name` is the filter that was given it."""
    if not isinstance(value, date):
        raise InvalidInputError(f"the filter {name!r} takes a day or an instant, and was given {kind_of(value)}")
    return date(value.year, value.month, value.day)


def _relative(value: Any, context: Any) -> str:
    """Return how far off a day or an instant is as the text arrives; a datetime without zone is on its reader's clock.

    The start and the end of an all-day appointment are days.
    """
    here = zone(context.zone)
    now = context.send_at.astimezone(here)
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=here)
        if context.is_day(at):
            return distance(at.date(), now, context.locale)
        return distance(at.astimezone(here), now, context.locale)
    return distance(_day_of(value, "relative"), now, context.locale)


def _phone(number: str, region: str | None) -> str:
    """Return a phone number as people write it: nationally in the kit's own region, else internationally."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    at_home = region is not None and phonenumbers.region_code_for_number(parsed) == region
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, form.NATIONAL if at_home else form.INTERNATIONAL))


_SCHEME = re.compile(r"(?P<name>[a-z][a-z0-9+.-]*):(?P<port>[0-9]+(?=[/?#]|$))?", re.IGNORECASE)
"""The scheme of an address (RFC 3986, 3.1), or what looks like one: a host, and its port."""
_NUMBERED = frozenset(("callto", "facetime", "fax", "geo", "mms", "sip", "sips", "sms", "smsto", "tel", "whatsapp"))
"""Schemes behind which a number may stand that is no port."""


def _has_scheme(address: str) -> bool:
    found = _SCHEME.match(address)
    return found is not None and (found["port"] is None or found["name"].lower() in _NUMBERED)


def _link(value: Any) -> str:
    """Return a URL as phones recognise it: with a scheme, and without blanks or letters beyond ASCII; None is "".

    Whatever scheme it has stays ("tel:", "mailto:"); one that begins with "//", or has none, gets "https".
    """
    text = "" if value is None else str(value).strip()
    if not text:
        return ""
    if text.startswith("//"):
        text = f"https:{text}"
    elif not _has_scheme(text):
        text = f"https://{text}"
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]")
