"""Masks: what in a text looks like a phone number and is none is hidden, each character in its place.

Never hides what bears a country code, nor the number in a link that writes to or calls a person. Costs no more than a
few looks at each character, whatever stands there.
"""

from __future__ import annotations

import re

from reminder_kit.calendars.contact_names import ends_with_label

__all__ = ["without_addresses", "without_dates"]

_HIDDEN = "|"
"""What stands for each character that is hidden: no number goes on across it."""


def without_addresses(text: str) -> str:
    """Return a text, as long as it was, in which web and e-mail addresses are hidden."""
    return _ADDRESS.sub(_hidden_address, text) if "/" in text or "@" in text or "www." in text.lower() else text


def without_dates(text: str, start: int, end: int) -> str:
    """Return a part of a text, as long as it was, in which dates and hours are hidden; what stands before it tells."""
    found, at = [], start
    for date in _DATE.finditer(text, start, end):
        found += [text[at : date.start()], _hidden_date(date)]
        at = date.end()
    return "".join(found) + text[at:end]


_ADDRESS = re.compile(
    r"""
      ://[^\s<>"]+
    | (?<!\w)[Ww]{3}\.[^\s<>"]+
    | (?<![\w.!#$%'*+?^`{}~-]) [\w.!#$%'*+?^`{}~-]+ @ (?:[\w-]+\.)+ [^\W\d_]{2,}
    | (?<![\w.-]) (?:[\w-]+\.)+
      (?: [a-z]{2,} / (?=[^\s<>"]{0,60}[a-zA-Z]) | (?:com|net|org|us|me|si|de|fr|uk) / ) [^\s<>"]+
    """,
    re.VERBOSE,
)
"""An address of the web, with a scheme or a path, or of a person's mail: what could begin one is looked at once."""
_SCHEME = re.compile(r"(?:tel|sms|smsto|callto|facetime|facetime-audio|whatsapp|viber)\Z", re.IGNORECASE)
_LINK = re.compile(
    r"(?:://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?[^#\s]{0,100}?phone=|t\.me/(?=\+|%2B)|signal\.me/\#p/)"
    r"(?P<number>(?:\+|%2B)?[\d().-]*)",
    re.IGNORECASE,
)
_CALLED = re.compile(r"://[^\d\s+]{0,40}(?P<number>\+?[\d().-]*)")
"""The beginning of a link that calls or writes to a person, up to the end of the number."""
_CODED = re.compile(r"(?<=[,;=])\+\d{8,15}(?!\d)")
"""A whole number with its country code that a link is given, or that is written right behind one."""


def _hidden_address(address: re.Match[str]) -> str:
    """Return an address as so many signs, but for the number of a person."""
    found, at = address[0], address.start()
    person = _LINK.match(found)
    if person is None and found.startswith("://") and _SCHEME.search(address.string[max(0, at - 16) : at]):
        person = _CALLED.match(found)
    if person is None:
        coded = _CODED.search(found)
        return _but(found, *(coded.span() if coded else (0, 0)))
    return _but(found, person.start("number"), person.end("number"))


def _but(found: str, start: int, end: int) -> str:
    return _HIDDEN * start + found[start:end] + _HIDDEN * (len(found) - end)


_BETWEEN = r"(?:[-‐‑–/\ \u00a0]|\.\ ?)"
_YEAR = r"(?:19|20|21)\d\d"
_HOURS = r"(?:[01]?\d|2[0-4])[.:][0-5]\d"
_TIME = rf"(?:[,.]?[\ \u00a0]{{1,2}}|T){_HOURS}(?:[.:][0-5]\d)?(?!\d|\.\d)"
_DATE = re.compile(
    rf"""
    (?<!\d)(?:
      (?P<year>{_YEAR}) (?P<first>{_BETWEEN}) (?P<month>\d\d?) {_BETWEEN} (?P<day>\d\d?) (?!\d) (?:{_TIME})?
    | (?P<one>\d\d?) (?P<second>{_BETWEEN}) (?P<two>\d\d?) {_BETWEEN} {_YEAR} (?!\d) (?:{_TIME})?
    | (?P<whole>{_YEAR}) (?P<months>\d\d) (?P<days>\d\d) (?!\d) (?:{_TIME})?
    | (?<!\d[-‐‑–./]) (?P<a>\d\d?) [-‐‑–./] (?P<b>\d\d?) (?:[-‐‑–./] (?P<c>\d\d))? {_TIME}
    | (?<!\d\.) {_HOURS} [\ \u00a0]{{0,2}}[-‐‑–—][\ \u00a0]{{0,2}} {_HOURS} (?!\d|\.\d)
    )
    | (?<=\d) ,?[\ \u00a0]{{1,2}} (?:[01]?\d|2[0-4]):[0-5]\d (?!\d)
    """,
    re.VERBOSE,
)
"""A day with its year, in any order and by any sign; without one, or with two digits of it, before a time; hours."""
_CODE = re.compile(r"(?:\+\(?|(?<![\d.:])00)(?:\d(?:[ ()./-]{0,2}\d){0,14}[ ()./-]{0,3})?\Z")
"""A country code, and maybe an area's, of the number that goes on here."""
_AREA = re.compile(r"(?<![\d.:])\(?0\d{1,4}\)?[ /-]{1,3}\Z")
"""The same of an area alone."""


def _hidden_date(date: re.Match[str]) -> str:
    """Return a date, or hours, as so many signs; what is none, or may well be a number, as it is."""
    text, at = date.string, date.start()
    before = text[max(0, at - 48) : at]
    if not _is_day(date) or _CODE.search(before):
        return date[0]
    is_digits = date["whole"] or (date["first"] or date["second"] or "-") in " \u00a0"
    if is_digits and (_AREA.search(before) or ends_with_label(text[max(0, at - 40) : at].rstrip(": \t\u00a0"))):
        return date[0]
    return _HIDDEN * len(date[0])


def _is_day(date: re.Match[str]) -> bool:
    """Say whether the month and the day of a date are some, in any order; hours have none."""
    if date["year"] or date["whole"]:
        return _fits(date["month"] or date["months"], date["day"] or date["days"])
    one, two, three = date["one"] or date["a"], date["two"] or date["b"], date["c"]
    return one is None or _fits(two, one) or _fits(one, two) or (three is not None and _fits(two, three))


def _fits(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31
