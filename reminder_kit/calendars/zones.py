"""Time zones of one calendar: TZIDs resolved to IANA zones, or to tables built from its own VTIMEZONEs.

Never shares anything between files but IANA zones, and never opens a path that a file names. icalendar remembers the
first VTIMEZONE of a name for the whole process, so that one customer's file would shift the times of another's; that is
why the tables are built here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from attrs import define, field

from reminder_kit.calendars.content_lines import Component
from reminder_kit.calendars.outlook_zones import DISPLAY_NAMES
from reminder_kit.calendars.recurrence import Budget, expand
from reminder_kit.calendars.rrule import read_rule
from reminder_kit.calendars.values import as_when, offset_of, whens
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import zone

__all__ = ["TableZone", "ZoneTable", "iana_zone", "known_equivalent", "table_zone"]

_NEVER = frozenset({"localtime", "posixrules", "factory", "leapseconds", "tzdata"})
"""Files of the zone database that are no zones, or the machine's own."""
_UTC_NAMES = frozenset({"utc", "gmt", "etc/utc", "etc/gmt", "z", "zulu", "uct", "universal", "tzone://microsoft/utc"})
"""What is written for UTC."""
_ZERO = timedelta()
_CANDIDATES = 5000
"""Candidates for one part of a VTIMEZONE: more changes of the clock than any real zone has."""


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


def known_equivalent(tzid: str) -> ZoneInfo | None:
    """Return the IANA zone of a Windows name (CLDR) or of an Outlook display name, else None."""
    key = folded(tzid)
    key = key[:200]
    key = re.sub(r"^\((?:utc|gmt)[^)]*\)\s*", "", key) if key.startswith("(") else key
    while key:
        name = _windows_names().get(key)
        if name is not None:
            return zone(name)
        key = key.rpartition(",")[0].strip()
    return None


class TableZone(tzinfo):
    """A zone given by its changes of the clock: what a VTIMEZONE says, for the years that were asked for."""

    def __init__(self, tzid: str, first: timedelta, changes: list[tuple[datetime, timedelta]]) -> None:
        self.tzid = tzid
        self._utc = [instant for instant, _ in changes]
        self._offsets = [first, *(offset for _, offset in changes)]
        pairs = list(zip(self._utc, self._offsets, self._offsets[1:], strict=False))
        self._walls = (
            [instant + max(before, after) for instant, before, after in pairs],
            [instant + min(before, after) for instant, before, after in pairs],
        )

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return the offset of a wall clock: in a gap the one before the gap, in an overlap the one `fold` chooses."""
        if moment is None:
            return self._offsets[-1]
        return self._offsets[bisect_right(self._walls[moment.fold], moment.replace(tzinfo=None, fold=0))]

    def dst(self, moment: datetime | None) -> timedelta:
        """Return 0: the offsets of a VTIMEZONE include daylight saving."""
        del moment
        return _ZERO

    def tzname(self, moment: datetime | None) -> str:
        """Return the TZID."""
        del moment
        return self.tzid

    def fromutc(self, moment: datetime) -> datetime:
        """Return the wall clock of a UTC instant."""
        instant = moment.replace(tzinfo=None)
        index = bisect_right(self._utc, instant)
        wall = instant + self._offsets[index]
        repeated = index > 0 and wall - self._utc[index - 1] < self._offsets[index - 1]
        return wall.replace(tzinfo=self, fold=int(repeated))

    def agrees_with(self, other: tzinfo, instants: list[datetime]) -> bool:
        """Say whether both zones show the same clock at these UTC instants."""
        return all(
            instant.astimezone(self).utcoffset() == instant.astimezone(other).utcoffset() for instant in instants
        )


def table_zone(component: Component, until: datetime, budget: Budget, candidates: int) -> TableZone:
    """Return the zone that a VTIMEZONE defines (RFC 5545, 3.6.5), with its changes up to `until`.

    Raises `CalendarError` where it holds no readable STANDARD or DAYLIGHT part.
    """
    changes: dict[datetime, tuple[timedelta, timedelta]] = {}
    parts = [child for child in component.children if child.name in ("STANDARD", "DAYLIGHT")]
    for part in parts[:200]:
        budget.begin(min(candidates, _CANDIDATES))
        before = offset_of(part.value("TZOFFSETFROM") or part.value("TZOFFSETTO"), part.line)
        after = offset_of(part.value("TZOFFSETTO"), part.line)
        for wall in _onsets(part, until.replace(tzinfo=None), budget):
            changes[wall - before] = (before, after)
    if not changes:
        raise CalendarError("its VTIMEZONE has neither STANDARD nor DAYLIGHT", line=component.line)
    ordered = sorted(changes.items())
    return TableZone(
        component.value("TZID").strip(), ordered[0][1][0], [(instant, after) for instant, (_, after) in ordered]
    )


def _onsets(part: Component, until: datetime, budget: Budget) -> set[datetime]:
    """Return the wall clocks at which a STANDARD or DAYLIGHT part begins, up to `until`."""
    start = as_when(part.value("DTSTART"), "", lambda _tzid, _line: UTC, part.line).wall
    walls = {start}
    before = offset_of(part.value("TZOFFSETFROM") or part.value("TZOFFSETTO"), part.line)
    for property_ in part.all("RRULE"):
        rule, _ = read_rule(property_.value, property_.line)
        end = until
        if rule.until is not None:
            end = min(until, rule.until + (before if rule.until_kind == "utc" else _ZERO))
            end = end.replace(hour=23, minute=59) if rule.until_kind == "date" else end
        walls.update(expand(rule, start, start, end, budget))
    for rdate in part.all("RDATE"):
        walls.update(when.wall for when in whens(rdate, lambda _tzid, _line: UTC, 2000))
    return walls


Definition = Callable[[str], Component | None]
"""Returns the calendar's VTIMEZONE of a TZID (`folded`); None: it has none."""


@define
class ZoneTable:
    """The zones of one calendar object, resolved once each."""

    #: The zone of floating times, and of TZIDs that nobody knows.
    default: tzinfo
    #: Finds the calendar's VTIMEZONE of a TZID.
    define: Definition
    #: Takes what could not be resolved, once for each TZID, and the line.
    warn: Callable[[str, int], None]
    #: Up to when tables hold changes of the clock, UTC.
    until: datetime
    budget: Budget
    #: Candidates that one part of a VTIMEZONE may cost.
    candidates: int
    #: The IANA name of the calendar's own zone, in which UTC times are shown to people; None: it has none.
    display: str | None = None
    #: Whether nobody chose `default`, so that its use is worth a warning.
    assumed: bool = False
    _found: dict[str, tzinfo] = field(factory=dict)
    _names: dict[str, ZoneInfo | None] = field(factory=dict)

    def __call__(self, tzid: str, line: int) -> tzinfo:
        """Return the zone of a TZID; the default zone, with a warning, where nobody knows it."""
        if not tzid:
            if self.assumed:
                self.warn("floating or all-day times, and no zone is configured: they are read in UTC", line)
            return self.default
        found = self._found.get(tzid)
        if found is None:
            found = self._found[tzid] = self._resolved(tzid, line)
        return found

    def _resolved(self, tzid: str, line: int) -> tzinfo:
        found = iana_zone(tzid)
        if found is not None:
            return found
        try:
            definition = self.define(folded(tzid))
            if definition is not None:
                return table_zone(definition, self.until, self.budget, self.candidates)
        except CalendarError as error:
            self.warn(f"VTIMEZONE {tzid.strip()[:60]!r} cannot be used: {error}", error.line or line)
        equivalent = known_equivalent(tzid)
        if equivalent is not None:
            return equivalent
        self.warn(f"unknown time zone {tzid.strip()[:60]!r}: read in {self.default}", line)
        return self.default

    def named(self, info: tzinfo, start: datetime, end: datetime) -> ZoneInfo | None:
        """Return the IANA zone that a zone is, or that its table agrees with from `start` to `end` (UTC), else None."""
        if isinstance(info, ZoneInfo):
            return info
        if not isinstance(info, TableZone):
            return None
        if info.tzid not in self._names:
            self._names[info.tzid] = self._agreeing(info, start, end)
        return self._names[info.tzid]

    def _agreeing(self, info: TableZone, start: datetime, end: datetime) -> ZoneInfo | None:
        definition = self.define(folded(info.tzid))
        location = definition.value("X-LIC-LOCATION") if definition is not None else ""
        guesses = (iana_zone(location) if location else None, known_equivalent(info.tzid), self.default)
        days = [start + timedelta(hours=12 * number) for number in range(min((end - start).days * 2 + 2, 800))]
        for guess in guesses:
            if isinstance(guess, ZoneInfo) and info.agrees_with(guess, days):
                return guess
        return None
