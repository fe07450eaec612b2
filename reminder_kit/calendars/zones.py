"""Zones: TZIDs as zones, for one calendar object, and never beyond it.

Never uses any data but IANA zones and the calendar's own VTIMEZONEs. A name of Area/City is IANA's, and a warning says
where the file's own rules differ; whatever else a TZID is called, it is what the file says of it (RFC 5545, 3.2.19 and
3.6.5), and only where the file says nothing of the time in question what IANA, Windows or the name itself says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from attrs import define, field

from reminder_kit.calendars.vtimezones import Definition, Definitions, TableZone
from reminder_kit.calendars.zone_names import (
    folded,
    iana_zone,
    is_abbreviation,
    is_name,
    is_place,
    known_equivalent,
    offset_in,
)
from reminder_kit.model.instants import zone

__all__ = ["ZoneTable"]


@define
class ZoneTable:
    """The zones of one calendar object, resolved once each."""

    #: The zone of floating times, and of TZIDs that nobody knows.
    default: tzinfo
    #: Finds the calendar's VTIMEZONE of a TZID (`folded`); None: it has none.
    define: Callable[[str], Definition | None]
    #: Takes a TZID ("": none), what is to be said of it, once for each, and the line.
    warn: Callable[[str, str, int], None]
    #: The VTIMEZONEs of the whole source.
    definitions: Definitions
    #: The IANA name of the calendar's own zone, in which UTC times are shown to people; None: it has none.
    display: str | None
    #: Whether nobody chose `default`, so that its use is worth a warning.
    assumed: bool
    _found: dict[str, tzinfo] = field(factory=dict)
    _names: dict[TableZone, ZoneInfo | None] = field(factory=dict)

    @classmethod
    def of(
        cls,
        own: str,
        configured: str | None,
        define: Callable[[str], Definition | None],
        warn: Callable[[str, str, int], None],
        definitions: Definitions,
    ) -> ZoneTable:
        """Return the zones of a calendar object with its X-WR-TIMEZONE (`own`, "": none) and the configured zone."""
        chosen = zone(configured) if configured else None
        display = (iana_zone(own) or known_equivalent(own)) if own else None
        if own and display is None:
            warn(own, f"unknown X-WR-TIMEZONE {_short(own)}: read in {chosen or UTC}", 0)
        return cls(
            default=display or chosen or UTC,
            define=define,
            warn=warn,
            definitions=definitions,
            display=getattr(display, "key", None),
            assumed=display is None and chosen is None,
        )

    def __call__(self, tzid: str, line: int) -> tzinfo:
        """Return the zone of a TZID; the default zone, with a warning, where nobody knows it."""
        if not tzid:
            if self.assumed:
                self.warn("", "floating or all-day times, and no zone is configured: they are read in UTC", line)
            return self.default
        found = self._found.get(tzid)
        if found is None:
            found = self._found[tzid] = self._resolved(tzid, line)
        return found

    def _resolved(self, tzid: str, line: int) -> tzinfo:
        known = iana_zone(tzid) or known_equivalent(tzid)
        table = self._of_the_file(tzid, line)
        if table is not None and known is not None and self.definitions.agrees(table, known):
            return known
        if known is not None and is_place(getattr(known, "key", "")) and iana_zone(tzid) is known:
            if table is not None:
                self.warn(
                    tzid,
                    f"the file's own rules for {_short(tzid)} differ from that place's: those of the place count",
                    line,
                )
            return known
        if table is not None:
            return table if known is None else self._since_it_begins(table, known, tzid, line)
        if known is not None:
            if is_abbreviation(tzid):
                self.warn(tzid, f"{_short(tzid)} without a VTIMEZONE is read as IANA's zone of that name", line)
            return known
        return self._by_its_name(tzid, line)

    def _of_the_file(self, tzid: str, line: int) -> TableZone | None:
        definition = self.define(folded(tzid))
        if definition is None:
            return None
        if definition.fault:
            self.warn(tzid, f"VTIMEZONE {_short(tzid)} cannot be used: {definition.fault}", line)
        return definition.zone

    def _since_it_begins(self, table: TableZone, known: tzinfo, tzid: str, line: int) -> tzinfo:
        """Return the zone of a file from when it says anything on, and the known one before that."""
        if table.begins <= self.definitions.start:
            return table
        self.warn(
            tzid, f"VTIMEZONE {_short(tzid)} begins {table.begins:%Y-%m-%d}: before that it is read as {known}", line
        )
        return table.after(known)

    def _by_its_name(self, tzid: str, line: int) -> tzinfo:
        carried = offset_in(tzid)
        if carried is None:
            self.warn(tzid, f"unknown time zone {_short(tzid)}: read in {self.default}", line)
            return self.default
        found, is_all = carried
        if not is_all:
            self.warn(
                tzid, f"unknown time zone {_short(tzid)}: read with the offset in its name, without summer time", line
            )
        return found

    def named(self, info: tzinfo, at: datetime) -> ZoneInfo | None:
        """Return the IANA zone that a zone is, or whose clock it shows within the horizon.

        Where there is none it is IANA's zone of the offset at an instant (`at`, UTC); None: there is not even that.
        """
        if isinstance(info, ZoneInfo) or info is UTC:
            return info if isinstance(info, ZoneInfo) else None
        found: ZoneInfo | None = None
        if isinstance(info, TableZone):
            if info not in self._names:
                self._names[info] = self.definitions.place(info, self._guesses(info))
            found = self._names[info]
        return found or self.definitions.place_of(at.astimezone(info).utcoffset() or timedelta(), at)

    def _guesses(self, info: TableZone) -> tuple[tzinfo | None, ...]:
        definition = self.define(folded(info.tzid))
        location = "" if definition is None else definition.location
        return iana_zone(location) if location else None, known_equivalent(info.tzid), self.default


def _short(tzid: str) -> str:
    """Return a TZID as warnings show it: a name that zones have or could have, else its length, since it may be any."""
    name = tzid.strip()
    return repr(name) if is_name(name) or _LIKE_A_PLACE.fullmatch(name) else f"({len(name)} characters)"


_LIKE_A_PLACE = re.compile(r"[A-Za-z]{1,20}(?:/[A-Za-z_+-]{1,20}\d{0,2}){1,3}")
"""Area/City, perhaps misspelt."""
