"""VTIMEZONEs: what a file itself says of a time zone, as a zone of that file only.

Never looks beyond the bytes of the file, except to find the place whose clock it shows. icalendar remembers the first
VTIMEZONE of a name for the whole process, so that one customer's file would shift the times of another's; that is why
the tables are built here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo

from attrs import define, field

from reminder_kit.calendars.content_lines import Component
from reminder_kit.calendars.recurrence import Budget, expand
from reminder_kit.calendars.rrule import read_rule
from reminder_kit.calendars.values import as_when, moved, offset_of, whens
from reminder_kit.calendars.zone_names import fixed_zone, places
from reminder_kit.errors import CalendarError
from reminder_kit.model.instants import zone

__all__ = ["Definition", "Definitions", "TableZone", "table_zone"]

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_WEEK = timedelta(days=7)
_YEAR = timedelta(days=366)
_PAST = 3 * _YEAR
"""How long before the horizon changes of the clock are listed, so that recent events are as long as they say."""
_CANDIDATES = 5000
"""Candidates for one part of a VTIMEZONE: more changes of the clock than any real zone has."""
_PARTS = 400
"""Parts of a VTIMEZONE: more than any real zone has."""
_SEARCHED = 200
"""Zones of a source, at most, for which all places are looked through, or whose past is."""
_FIRST = datetime(1, 1, 8)  # noqa: DTZ001 - bound of wall clocks


class TableZone(tzinfo):
    """A zone given by its changes of the clock: what a VTIMEZONE says, for the years that were asked for."""

    def __init__(
        self,
        tzid: str,
        first: timedelta,
        changes: list[tuple[datetime, timedelta]],
        earlier: tuple[datetime, Callable[[], tzinfo | None]] | None = None,
    ) -> None:
        self.tzid = tzid
        self._utc = [instant for instant, _ in changes]
        self._offsets = [first, *(offset for _, offset in changes)]
        pairs = list(zip(self._utc, self._offsets, self._offsets[1:], strict=False))
        self._walls = (
            [instant + max(before, after) for instant, before, after in pairs],
            [instant + min(before, after) for instant, before, after in pairs],
        )
        #: Before which wall clock (naive) another zone is in force, and what returns it; None: none is.
        self._earlier = earlier

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return the offset of a wall clock: in a gap the one before the gap, in an overlap the one `fold` chooses."""
        if moment is None:
            return self._offsets[-1]
        wall = moment.replace(tzinfo=None, fold=0)
        other = self._before(wall)
        if other is not None:
            return moment.replace(tzinfo=other).utcoffset() or _ZERO
        return self._offsets[bisect_right(self._walls[moment.fold], wall)]

    def _before(self, wall: datetime) -> tzinfo | None:
        return self._earlier[1]() if self._earlier is not None and wall < self._earlier[0] else None

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
        other = self._before(instant)
        if other is not None:
            return instant.replace(tzinfo=UTC).astimezone(other).replace(tzinfo=self)
        index = bisect_right(self._utc, instant)
        wall = instant + self._offsets[index]
        repeated = index > 0 and wall - self._utc[index - 1] < self._offsets[index - 1]
        return wall.replace(tzinfo=self, fold=int(repeated))

    @property
    def begins(self) -> datetime:
        """When the first part that it is made of is in force, UTC: nothing is said of what lies before."""
        return self._utc[0].replace(tzinfo=UTC)

    def after(self, earlier: tzinfo) -> TableZone:
        """Return this zone with another one before its first part is in force."""
        changes = list(zip(self._utc, self._offsets[1:], strict=True))
        return TableZone(self.tzid, self._offsets[0], changes, (self._walls[0][0], lambda: earlier))

    def shape(self, start: datetime, end: datetime) -> tuple[tuple[datetime, timedelta], ...]:
        """Return UTC instants that tell this zone from others between two instants, each with the offset it has then.

        These are a day of each week, and both sides of every change of the clock.
        """
        instants = {start + number * _WEEK for number in range(max((end - start) // _WEEK, 0) + 1)}
        for change in self._utc:
            moment = change.replace(tzinfo=UTC)
            if start <= moment <= end:
                instants.update((moment, moment - _SECOND))
        return tuple((moment, moment.astimezone(self).utcoffset() or _ZERO) for moment in sorted(instants))


History = tuple[datetime, Callable[[], "tzinfo | None"]]


def table_zone(
    component: Component,
    low: datetime,
    until: datetime,
    budget: Budget,
    candidates: int,
    history: History | None = None,
) -> TableZone:
    """Return the zone that a VTIMEZONE defines (RFC 5545, 3.6.5).

    It has the changes of the clock from `low` up to `until` (UTC, naive), and, of each part, the last ones before,
    from which follows what is in force then; before that it is as `history` says. Raises `CalendarError` where it holds
    no readable STANDARD or DAYLIGHT part.
    """
    changes: dict[datetime, tuple[timedelta, timedelta]] = {}
    parts = [child for child in component.children if child.name in ("STANDARD", "DAYLIGHT")]
    if len(parts) > _PARTS:
        raise CalendarError(f"its VTIMEZONE has more than {_PARTS} parts", line=component.line)
    budget.series()
    for part in parts:
        budget.begin(min(candidates, _CANDIDATES))
        before = offset_of(part.value("TZOFFSETFROM") or part.value("TZOFFSETTO"), part.line)
        after = offset_of(part.value("TZOFFSETTO"), part.line)
        for wall in _onsets(part, before, low, until, budget):
            changes[wall - before] = (before, after)
    if not changes:
        raise CalendarError("its VTIMEZONE has neither STANDARD nor DAYLIGHT", line=component.line)
    ordered = sorted(changes.items())
    return TableZone(
        component.value("TZID").strip(),
        ordered[0][1][0],
        [(instant, after) for instant, (_, after) in ordered],
        history,
    )


def _onsets(part: Component, before: timedelta, low: datetime, until: datetime, budget: Budget) -> set[datetime]:
    """Return the wall clocks at which a STANDARD or DAYLIGHT part begins: the first, and those from `low` to `until`.

    Of a rule that ended before `low` they are the last ones. `before` is the offset until then.
    """
    start = as_when(part.value("DTSTART"), "", lambda _tzid, _line: UTC, part.line).wall
    walls = {start}
    for property_ in part.all("RRULE"):
        rule, _ = read_rule(property_.value, property_.line)
        end = until
        if rule.until is not None:
            end = min(until, moved(rule.until, before) if rule.until_kind == "utc" else rule.until)
            end = end.replace(hour=23, minute=59) if rule.until_kind == "date" else end
        since = start if rule.count is not None else max(_FIRST, min(low, moved(end, -_PAST)))
        walls.update(expand(rule, start, max(start, since), end, budget))
    for rdate in part.all("RDATE"):
        walls.update(when.wall for when in whens(rdate, lambda _tzid, _line: UTC, 2000))
    return walls


@define(eq=False)
class Definition:
    """A VTIMEZONE, read."""

    #: None: it can't be used.
    zone: TableZone | None
    #: What is wrong with it; "": nothing.
    fault: str = ""
    #: The place that it says it is (X-LIC-LOCATION); "": it says none.
    location: str = ""


@define(eq=False)
class Definitions:
    """The VTIMEZONEs of one source: each is built once, however many files and calendars repeat its bytes."""

    #: The horizon, UTC, within which zones are compared, with a margin.
    start: datetime
    end: datetime
    #: Up to when zones hold changes of the clock, UTC.
    until: datetime
    budget: Budget
    #: Candidates that one part may cost.
    candidates: int
    #: How many may differ.
    most: int
    _read: dict[bytes, Definition] = field(factory=dict, repr=False)
    _histories: int = field(default=0, repr=False)
    _named: dict[tuple[object, ...], ZoneInfo | None] = field(factory=dict, repr=False)

    def read(self, data: bytes, parsed: Callable[[], Component]) -> Definition:
        """Return the zone of a VTIMEZONE by its bytes; `parsed` reads them."""
        key = blake2b(data, digest_size=16).digest()
        found = self._read.get(key)
        if found is None and len(self._read) >= self.most:
            return Definition(None, f"there are more than {self.most} different ones")
        if found is None:
            found = self._read[key] = self._built(parsed)
        return found

    def _built(self, parsed: Callable[[], Component]) -> Definition:
        low = max(self.start.replace(tzinfo=None), _FIRST + _PAST) - _PAST
        until = self.until.replace(tzinfo=None)
        try:
            component = parsed()
            history = (low, lru_cache(maxsize=1)(lambda: self._history(parsed, low)))
            table = table_zone(component, low, until, self.budget, self.candidates, history)
        except CalendarError as error:
            return Definition(None, str(error))
        return Definition(table, location=component.value("X-LIC-LOCATION").strip())

    def _history(self, parsed: Callable[[], Component], until: datetime) -> TableZone | None:
        """Return a zone for the time before `until` (UTC, naive); None: it can't be built, or too many were."""
        self._histories += 1
        if self._histories > _SEARCHED:
            return None
        try:
            return table_zone(parsed(), _FIRST, until + _YEAR, Budget(self.candidates), self.candidates)
        except CalendarError:
            return None

    def agrees(self, table: TableZone, other: tzinfo) -> bool:
        """Say whether a zone shows the same clock as another one within the horizon."""
        return _shows(other, table.shape(self.start, self.end))

    def place(self, table: TableZone, guesses: Iterable[tzinfo | None]) -> ZoneInfo | None:
        """Return an IANA zone that shows the same clock within the horizon, one of `guesses` before others, else None.

        A zone without any change of the clock is no place, but IANA's zone of that offset.
        """
        shape = table.shape(self.start, self.end)
        guessed = [guess for guess in guesses if isinstance(guess, ZoneInfo)]
        key = (shape, *(guess.key for guess in guessed))
        if key not in self._named:
            found = next((guess for guess in guessed if _shows(guess, shape)), None)
            self._named[key] = found or self._any(shape)
        return self._named[key]

    def place_of(self, offset: timedelta, at: datetime) -> ZoneInfo | None:
        """Return IANA's zone of an offset, or a place that has it at an instant (UTC), else None."""
        fixed = _fixed(offset)
        if fixed is not None:
            return fixed
        key = (offset, at.toordinal())
        if key not in self._named:
            self._named[key] = next((one for one in places() if _shows(one, ((at, offset),))), None)
        return self._named[key]

    def _any(self, shape: Shape) -> ZoneInfo | None:
        key = (shape,)
        if key not in self._named:
            fixed = _fixed(shape[0][1])
            constant = fixed is not None and _shows(fixed, shape)
            candidates = (fixed,) if constant else places() if len(self._named) < _SEARCHED else ()
            self._named[key] = next((one for one in candidates if one is not None and _shows(one, shape)), None)
        return self._named[key]


Shape = tuple[tuple[datetime, timedelta], ...]
"""UTC instants, each with an offset."""


def _fixed(offset: timedelta) -> ZoneInfo | None:
    """Return IANA's zone of an offset; None: it has none."""
    found = zone("Etc/GMT") if not offset else fixed_zone(offset)
    return found if isinstance(found, ZoneInfo) else None


def _shows(info: tzinfo, shape: Shape) -> bool:
    return all(moment.astimezone(info).utcoffset() == offset for moment, offset in shape)
