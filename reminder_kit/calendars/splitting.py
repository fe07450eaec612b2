"""Splitting: one pass over a calendar's bytes that notes where each event lies, and whether it can matter.

Never decodes a text, and never holds one. An event whose bytes show that it neither recurs nor lies near the horizon
cannot matter; a UID is passed over only where that holds for every component that bears it, since an update may have
moved it in or out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, NamedTuple

from attrs import define, field

from reminder_kit.calendars.content_lines import content_line, decoded, unescaped
from reminder_kit.calendars.events import NO_DEFINITION, status_of
from reminder_kit.calendars.settings import Limits
from reminder_kit.errors import CalendarError

__all__ = ["NAMELESS", "Index", "Object", "Place", "scan", "uid_text"]

NAMELESS = b"\x00"
"""What the key of an event without a UID begins with; a number follows."""

_ENOUGH = 4096
"""Bytes of an unfolded line that are looked at here: enough for any UID and rule."""

_UNTIL = re.compile(rb"UNTIL=(\d{8})", re.IGNORECASE)
_NOTED = frozenset({b"BEG", b"END", b"UID", b"DTS", b"RRU", b"RDA", b"REC", b"EXR", b"MET", b"X-W", b"TZI", b"STA"})
"""How the lines begin that this pass looks at."""
_COSTLY = (_NOTED | {b"EXD"}) - {b"STA"}
"""How the lines begin that make an event unusable where they are too long: cut, they would mean something else."""


class Place(NamedTuple):
    """Where one component lies."""

    #: The number of its file within the source, and of its calendar object within the index, from 0.
    file: int
    calendar: int
    #: Where its bytes begin in the file, and how many they are.
    offset: int
    length: int
    #: Its first line, from 1.
    line: int


@define
class Object:
    """One VCALENDAR: what it says of all that is in it."""

    #: The number of its file, from 0, and its first line, from 1.
    file: int
    line: int
    #: METHOD, in upper case; "": none.
    method: str = ""
    #: X-WR-TIMEZONE; "": none.
    zone_name: str = ""
    #: Its VTIMEZONEs, by TZID as `zones.folded` gives it.
    zones: dict[str, Place] = field(factory=dict)


@define
class Index:
    """All events of a source, by UID."""

    #: The horizon, with a margin, as dates (YYYYMMDD) that sort as bytes.
    low: bytes
    high: bytes
    limits: Limits
    #: The calendar objects, in order.
    objects: list[Object] = field(factory=list)
    #: Where the components of each UID (raw bytes) lie, in the order of their first mention; a list only for several.
    places: dict[bytes, Place | list[Place]] = field(factory=dict)
    #: The UIDs that can matter.
    wanted: set[bytes] = field(factory=set)
    #: Events that could not even be delimited: message, UID (None: not known), line, number of the file.
    faults: list[tuple[str, str | None, int, int]] = field(factory=list)
    #: Says that a component, or the calendar itself, never ended; "": all of it is there.
    ended_early: str = ""
    #: How many events there were, and how many of them without a UID.
    events: int = 0
    nameless: int = 0
    #: UIDs of which something begins after the horizon that takes place, as far as its bytes show.
    later: set[bytes] = field(factory=set)

    @classmethod
    def between(cls, start: datetime, end: datetime, limits: Limits) -> Index:
        """Return an empty index for a horizon (UTC); a local date lies within two days of the UTC one."""
        margin = timedelta(days=2)
        return cls(_digits(start, -margin), _digits(end, margin), limits)

    def add(self, uid: bytes, place: Place, *, matters: bool) -> None:
        """Note one event; raises `CalendarError` where there are more than the limits allow."""
        self.events += 1
        if self.events > self.limits.events:
            raise CalendarError(f"the calendar holds more than {self.limits.events} events; raise its limit `events`")
        found = self.places.get(uid)
        if found is None:
            self.places[uid] = place
        elif isinstance(found, list):
            found.append(place)
        else:
            self.places[uid] = [found, place]
        if matters:
            self.wanted.add(uid)

    def groups(self) -> Iterator[tuple[bytes, list[Place]]]:
        """Yield every UID with its places."""
        for uid, found in self.places.items():
            yield uid, found if isinstance(found, list) else [found]


def _digits(moment: datetime, by: timedelta) -> bytes:
    """Return the date of an instant, moved by a margin, as YYYYMMDD."""
    try:
        return (moment + by).strftime("%Y%m%d").rjust(8, "0").encode()
    except OverflowError:
        return b"00000000" if by < timedelta() else b"99999999"


def uid_text(raw: bytes) -> str:
    """Return the text of a UID's raw bytes."""
    return unescaped(decoded(raw)[0]).strip()


def _value_of(raw: bytes) -> bytes:
    """Return the value of a line with parameters."""
    read = content_line(decoded(raw)[0], 0)
    return b"" if read is None else read.value.encode("utf-8", "replace")


@define
class _Event:
    """What the bytes of an event under way have shown so far."""

    #: Where it begins: byte and line.
    offset: int
    line: int
    uid: bytes | None = None
    #: The first eight characters of DTSTART.
    start: bytes | None = None
    #: Its only RRULE.
    rule: bytes | None = None
    #: Whether it may recur in a way that its bytes don't show, or be at another time: one of its lines may be a piece
    #: of a text that was never folded.
    recurs: bool = False
    #: STATUS; None: none so far.
    status: bytes | None = None
    #: What makes it unusable; "": nothing so far.
    fault: str = ""


class _Scanner:
    """The state of one pass over one file."""

    def __init__(self, index: Index, file: int) -> None:
        self.index = index
        self.file = file
        #: The names of the open components, the outermost first.
        self.stack: list[bytes] = []
        #: How many more are open than the limit `depth` allows.
        self.below = 0
        #: The VEVENT, and the VTIMEZONE (offset, line, TZID), that are open; None: none is.
        self.event: _Event | None = None
        self.zone: tuple[int, int, bytes] | None = None
        #: The number of the open calendar object; -1: none is.
        self.calendar = -1
        #: Whether there was any calendar object or event.
        self.seen = False

    def note(self, raw: bytes, offset: int, line: int, end: int) -> None:
        """Look at one unfolded line; `end` is where it ends in the file."""
        head, colon, value = raw.partition(b":")
        if not colon:
            return
        name, semicolon, _ = head.partition(b";")
        name = name.strip(b"\x00 \t").upper()
        if semicolon and name not in (b"BEGIN", b"END"):
            value = _value_of(raw)
        if name == b"BEGIN":
            self.begin(value.strip().upper(), offset, line)
        elif name == b"END":
            self.finish(value.strip().upper(), end)
        elif self.stack:
            self.property(name, raw, value)

    def property(self, name: bytes, raw: bytes, value: bytes) -> None:
        """Look at a property of the innermost component."""
        inner = self.stack[-1]
        if self.below:
            return
        if inner == b"VEVENT" and self.event is not None:
            self.of_event(self.event, name, raw, value)
        elif inner == b"VTIMEZONE" and name == b"TZID" and self.zone is not None:
            self.zone = (self.zone[0], self.zone[1], value)
        elif inner == b"VCALENDAR":
            found = self.index.objects[self.calendar]
            if name == b"METHOD":
                found.method = decoded(value)[0].strip().upper()
            elif name == b"X-WR-TIMEZONE":
                found.zone_name = decoded(value)[0].strip()

    @staticmethod
    def of_event(event: _Event, name: bytes, raw: bytes, value: bytes) -> None:
        """Look at a property directly within a VEVENT."""
        if name == b"UID":
            event.uid = event.uid or value.strip(b"\x00 \t")
        elif name == b"DTSTART":
            start = value.strip()[:8]
            event.recurs = event.recurs or event.start not in (None, start)
            event.start = start
        elif name == b"STATUS":
            event.status = event.status or value.strip()
        elif name == b"RRULE":
            event.recurs = event.recurs or event.rule is not None
            event.rule = value
        elif name in (b"RDATE", b"EXRULE") or (name == b"RECURRENCE-ID" and b"RANGE" in raw.upper()):
            event.recurs = True

    def begin(self, name: bytes, offset: int, line: int) -> None:
        """Open a component. A VCALENDAR or VEVENT within an event means that the event never ended."""
        if self.event is not None and name in (b"VEVENT", b"VCALENDAR"):
            self.broken("never ends: its END:VEVENT is missing")
            while self.stack and self.stack[-1] != b"VCALENDAR":
                self.stack.pop()
            self.below = 0
        if name == b"VCALENDAR":
            if self.stack:
                self.index.ended_early = self.index.ended_early or f"the calendar before line {line} never ended"
            self.stack, self.below = [], 0
            self.open_calendar(line)
        elif self.below or len(self.stack) >= self.index.limits.depth:
            self.below += 1
            if self.event is not None:
                self.event.fault = self.event.fault or f"nests deeper than {self.index.limits.depth} components"
            return
        self.stack.append(name)
        outside = len(self.stack) == 1 or (len(self.stack) == 2 and self.stack[0] == b"VCALENDAR")
        if name in (b"VEVENT", b"VTIMEZONE") and outside:
            if self.calendar < 0:
                self.open_calendar(line)
            if name == b"VEVENT":
                self.event = _Event(offset, line)
            else:
                self.zone = (offset, line, b"")

    def open_calendar(self, line: int) -> None:
        """Begin a calendar object."""
        self.seen = True
        self.calendar = len(self.index.objects)
        self.index.objects.append(Object(self.file, line))

    def finish(self, name: bytes, end: int) -> None:
        """Close a component, and whatever within it was left open; a stray END closes nothing."""
        if self.below:
            self.below -= 1
            return
        if name not in self.stack:
            return
        while self.stack:
            closed = self.stack.pop()
            if closed == b"VEVENT" and self.event is not None and b"VEVENT" not in self.stack:
                if name == b"VEVENT":
                    self.close_event(self.event, end)
                else:
                    self.broken("never ends: its END:VEVENT is missing")
            elif closed == b"VTIMEZONE" and self.zone is not None:
                self.close_zone(self.zone, end)
            if closed == name:
                break
        if not self.stack:
            self.calendar = -1

    def close_event(self, event: _Event, end: int) -> None:
        """Note an event that has ended, under its UID."""
        self.event = None
        if end - event.offset > self.index.limits.event_bytes:
            event.fault = f"is larger than {self.index.limits.event_bytes} bytes"
        if event.fault:
            self.fault(event, event.fault)
            return
        uid = event.uid
        if not uid:
            self.index.nameless += 1
            uid = b"%b%d" % (NAMELESS, self.index.nameless)
        place = Place(self.file, self.calendar, event.offset, end - event.offset, event.line)
        matters = self.matters(event)
        self.index.add(uid, place, matters=matters)
        if not matters and event.start is not None and event.start > self.index.high and self.takes_place(event):
            self.index.later.add(uid)

    def matters(self, event: _Event) -> bool:
        """Say whether an event can have an occurrence within the horizon, as far as its bytes show."""
        start = event.start
        if event.recurs or start is None or len(start) != 8 or not start.isdigit():
            return True
        if event.rule is None or start >= self.index.low:
            return self.index.low <= start <= self.index.high
        until = _UNTIL.search(event.rule)
        return until is None or until[1] >= self.index.low

    def takes_place(self, event: _Event) -> bool:
        """Say whether an event is one that takes place, as far as its bytes and its calendar's METHOD show."""
        method = self.index.objects[self.calendar].method
        status = status_of(decoded(event.status or b"")[0])
        return status != "CANCELLED" and method not in ("CANCEL", *NO_DEFINITION)

    def close_zone(self, zone: tuple[int, int, bytes], end: int) -> None:
        """Note a VTIMEZONE that has ended, under its TZID."""
        offset, line, tzid = zone
        self.zone = None
        if end - offset <= self.index.limits.event_bytes:
            key = decoded(tzid)[0].strip().strip('"').strip().casefold()
            place = Place(self.file, self.calendar, offset, end - offset, line)
            self.index.objects[self.calendar].zones.setdefault(key, place)

    def broken(self, what: str) -> None:
        """Report the event under way as unusable."""
        if self.event is not None:
            self.fault(self.event, what)
            self.event = None

    def fault(self, event: _Event, what: str) -> None:
        """Report an unusable event."""
        self.index.events += 1
        if len(self.index.faults) <= self.index.limits.errors:
            self.index.faults.append((what, uid_text(event.uid) if event.uid else None, event.line, self.file))

    def ended(self, line: int) -> None:
        """Note that the file ends, and with it whatever is still open."""
        if self.stack:
            name = self.stack[0].decode("ascii", "replace")[:20]
            self.index.ended_early = self.index.ended_early or f"the input ends within {name} at line {line}"
        self.broken("is cut off: the input ends within it")


def scan(stream: BinaryIO, file: int, index: Index) -> bool:
    """Note every event of a file in the index; say whether there was any calendar object or event in it.

    Raises `CalendarError` where the file has more lines than the limits allow.
    """
    scanner = _Scanner(index, file)
    limit = index.limits.line_bytes
    pending, at, begun = b"", 0, 0
    offset = number = end = 0
    for raw, whole in _physical_lines(stream, limit):
        number += 1
        if raw[:1] in b" \t":
            if pending and len(pending) < _ENOUGH:
                pending += raw[1:].rstrip(b"\r\n")
        else:
            if pending:
                scanner.note(pending, at, begun, end)
                pending = b""
            if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
                pending, at, begun = raw[3:].rstrip(b"\r\n"), 3, 1
            elif raw[:3].upper() in _NOTED:
                pending, at, begun = raw.rstrip(b"\r\n"), offset, number
        offset += whole
        end = offset
        if whole > limit and scanner.event is not None and raw[:3].upper() in _COSTLY:
            scanner.event.fault = f"has a line longer than {limit} bytes at line {number}"
        if number > index.limits.lines:
            raise CalendarError(f"the calendar has more than {index.limits.lines} lines; raise its limit `lines`")
    if pending:
        scanner.note(pending, at, begun, end)
    scanner.ended(number)
    return scanner.seen


def _physical_lines(stream: BinaryIO, limit: int) -> Iterator[tuple[bytes, int]]:
    """Yield the bytes of each line, cut at the limit, and how long the line really is."""
    readline = stream.readline
    while raw := readline(limit + 1):
        length = len(raw)
        if length > limit and not raw.endswith(b"\n"):
            while rest := readline(limit + 1):
                length += len(rest)
                if rest.endswith(b"\n"):
                    break
        yield raw, length
