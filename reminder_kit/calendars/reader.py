"""Reading: a calendar source as a stream of occurrences within a horizon, with everything that is wrong with it.

Never raises for one event, never holds more than one series, and never reads a clock or the machine's zone. Each event
is parsed by itself from its place in the file, after one pass that splits the source (`splitting`).

The parsing is our own (`content_lines`, `values`, `recurrence`, `zones`), because appointment times need what icalendar
and recurring-ical-events lose: durations as they were written, kinds of values, zones for each file, bounds on work.
icalendar knows CLDR's Windows zones and writes our exports, and our tests hold the parsing against it.

Where RFC 5545 is open: a floating time is in the calendar's X-WR-TIMEZONE, else in the configured zone; an unknown TZID
is in the same, with a warning; a series in UTC stays in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from attrs import define, field

from reminder_kit.calendars.alarms import read_alarms
from reminder_kit.calendars.appointments import occurrence
from reminder_kit.calendars.beyond import Later, later
from reminder_kit.calendars.content_lines import Component, parse
from reminder_kit.calendars.events import ADDS, NO_DEFINITION, Event, read_event, readable_original, uid_of_content
from reminder_kit.calendars.occurrences import Occurrence, Problem
from reminder_kit.calendars.problems import Problems
from reminder_kit.calendars.recurrence import Budget
from reminder_kit.calendars.reservations import mention
from reminder_kit.calendars.series import Series, instances, series_of
from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.calendars.shared_uids import digits_of
from reminder_kit.calendars.sources import File, Held, files_of, what_it_is
from reminder_kit.calendars.splitting import NAMELESS, Index, Object, Place, scan, uid_text
from reminder_kit.calendars.values import When, moved
from reminder_kit.calendars.vtimezones import Definition, Definitions
from reminder_kit.calendars.wordings import Sayings, Wordings, silent
from reminder_kit.calendars.zones import ZoneTable
from reminder_kit.errors import CalendarError
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.instants import utc
from reminder_kit.progress import counted

__all__ = ["Reading", "read_calendar"]


def read_calendar(
    source: Any,
    settings: CalendarSettings,
    *,
    start: datetime,
    end: datetime,
    name: str = "calendar",
    known: Callable[[str], bool] | None = None,
    now: datetime | None = None,
) -> Reading:
    """Return the occurrences with `start` <= their start < `end` of a file, folder, stream, text or address.

    `start` and `end` are aware datetimes. `name` becomes the appointments' source. `known` says whether a UID is
    recorded; an event far from the horizon is read only if it is, and None means that no UID is. `now` is accepted for
    symmetry, and nothing depends on it. Raises `CalendarError`, naming the source and the remedy, where there is no
    calendar to read; what is wrong with single events is found in `Reading.problems`.
    """
    del now
    files, budget = files_of(source, settings.limits), Budget(settings.limits.work)
    found = Problems(settings.limits.errors)
    reading = Reading(
        settings=settings,
        start=utc(start, "start"),
        end=utc(end, "end"),
        name=name,
        known=known,
        files=files,
        held=Held(files),
        index=Index.between(utc(start), utc(end), settings.limits),
        budget=budget,
        found=found,
        wordings=Wordings.begin(settings, found),
        definitions=Definitions(
            start=moved(utc(start), -_MARGIN),
            end=moved(utc(end), _MARGIN),
            until=moved(utc(end), _YEAR),
            budget=budget,
            candidates=settings.limits.candidates,
            most=settings.limits.zones,
        ),
    )
    reading.look_over()
    return reading


@define(eq=False)
class Reading:
    """The occurrences of one source: iterate once; `problems` and the sets of UIDs are whole only afterwards."""

    settings: CalendarSettings
    #: The horizon, UTC: the end is left out.
    start: datetime
    end: datetime
    #: The source that the appointments get.
    name: str
    #: Says whether a UID is recorded: such a one is read wherever it was put off to. None: no UID is.
    known: Callable[[str], bool] | None = field(repr=False)
    files: list[File] = field(repr=False)
    #: The one of them that is read just now.
    held: Held = field(repr=False)
    index: Index = field(repr=False)
    budget: Budget = field(repr=False)
    #: The VTIMEZONEs of all its files.
    definitions: Definitions = field(repr=False)
    #: What is wrong, as it is found.
    found: Problems = field(repr=False)
    #: What its events say.
    wordings: Wordings = field(repr=False)
    #: UIDs whose master, or whose cancellation, was read: an occurrence that they no longer yield is gone.
    covers: set[str] = field(factory=set)
    #: UIDs of events that could not be read, none of them in `covers`: what is recorded of them stays as it is.
    unreadable: set[str] = field(factory=set)
    #: By UID in `covers` the revision of its master, or of its cancellation where that is newer.
    masters: dict[str, tuple[int, int]] = field(factory=dict)
    #: By UID in `covers` what an EXDATE takes out: recurrence ids, and dates for whole days.
    taken_out: dict[str, frozenset[str]] = field(factory=dict, repr=False)
    #: UIDs called off as a whole, by METHOD:CANCEL or by the STATUS of their master.
    cancelled: set[str] = field(factory=set)
    #: Cancelled occurrences that say of nobody that they are for them, by UID and recurrence id.
    for_nobody: set[tuple[str, str | None]] = field(factory=set, repr=False)
    #: UIDs of which only the rest is called off, by METHOD:CANCEL: from which recurrence id on, and its revision.
    rest_off: dict[str, tuple[str, tuple[int, int]]] = field(factory=dict, repr=False)
    _tables: dict[int, ZoneTable] = field(factory=dict, repr=False)
    _odd: set[str] = field(factory=set, repr=False)
    #: Whether a number in a text is used: only all of the source tells whether it is a desk's.
    has_guesses: bool = field(default=False, init=False, repr=False)
    #: The numbers that events without a UID are for, by what they say.
    _nameless: dict[str, set[frozenset[str]]] = field(factory=dict, repr=False)
    _yielded: int = field(default=0, repr=False)
    #: What begins after the horizon, and what goes on beyond it; and what may be spent on finding out.
    _later: Later = field(default=Later(0, 0), repr=False)
    _ahead: Budget = field(init=False, repr=False)

    @_ahead.default
    def _spent_ahead(self) -> Budget:
        return Budget(self.settings.limits.work // 10)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the source and its events, in the order in which it was found."""
        return self.found.listed()

    @property
    def unsound_because(self) -> str:
        """Why absence means nothing; "": it does mean something (`sound`)."""
        return self.found.unsound_because

    @property
    def beyond(self) -> int:
        """How many appointments begin after the horizon: they are not read."""
        return self._later.beginning

    @property
    def going_on(self) -> int:
        """How many series go on after the horizon: they are read no further."""
        return self._later.going_on

    @property
    def sound(self) -> bool:
        """Whether an appointment that the source does not hold may be taken for gone (`complete`)."""
        return not self.unsound_because

    def __iter__(self) -> Iterator[Occurrence]:
        guessed: list[tuple[Occurrence, tuple[Recipient, ...]]] = []
        with self.held:
            for raw, places in counted(self.index.groups(), "reading", len(self.index.places)):
                if self.found.ended:
                    break
                if self._is_wanted(raw, places):
                    for one, guesses in self._occurrences(raw, places):
                        if guesses or guessed:  # what comes later waits too: the order stays
                            guessed.append((one, guesses))
                        else:
                            yield one
                elif raw in self.index.later:
                    self._note(Later(1, 0))
        self._tables.clear()  # they know who reads: else what was read would stay until garbage is collected
        for one, guesses in guessed:
            settled = self.wordings.settled(one, guesses) if guesses else one
            self.has_guesses = self.has_guesses or bool(guesses and settled.appointment.recipients)
            yield settled

    def _is_wanted(self, raw: bytes, places: list[Place]) -> bool:
        """Say whether a UID is read; of several that begin later only that says which of them take place."""
        if raw in self.index.wanted or (raw in self.index.later and len(places) > 1):
            return True
        return not raw.startswith(NAMELESS) and self._is_recorded(uid_text(raw))

    def _note(self, more: Later) -> None:
        self._later = Later(self._later.beginning + more.beginning, self._later.going_on + more.going_on)

    def look_over(self) -> None:
        """Split every file; raises `CalendarError` where none of them is a calendar."""
        failures: list[CalendarError] = []
        for number, file in enumerate(self.files):
            try:
                self._scan(file, number)
            except CalendarError as error:
                failures.append(error)
                self.found.add(str(error))
                self.found.distrust(str(error))
        if failures and len(failures) == len(self.files):
            raise failures[0]
        for message, uid, line, number in self.index.faults:
            self.found.label = self.files[number].label if len(self.files) > 1 else None
            self._failed(uid, CalendarError(message, line=line))
        if self.index.ended_early:
            self.found.distrust(self.index.ended_early)
            self.found.add(f"{self.index.ended_early}: nothing is taken for deleted, unless that is forced")
        if not self.index.events:
            self.found.distrust("the calendar holds no events")
            self.found.warn("the calendar holds no events")

    def _scan(self, file: File, number: int) -> None:
        try:
            with file.opened() as stream:
                seen = scan(stream, number, self.index)
        except OSError as error:
            raise CalendarError(f"{file.label} cannot be read: {error.strerror or error}") from None
        if not seen:
            raise CalendarError(f"{file.label} {what_it_is(file)}: give an iCalendar file (BEGIN:VCALENDAR)")

    def _failed(self, uid: str | None, error: CalendarError) -> None:
        if not self.found.fail(str(error), uid, error.line) and uid is not None:
            self.unreadable.add(uid)
            self.covers.discard(uid)
            self.rest_off.pop(uid, None)

    def _definition(self, place: Place) -> Definition:
        data, limits = self._bytes(place), self.settings.limits
        return self.definitions.read(data, lambda: parse(data, place.line, limits))  # zones outlive the reading

    def _component(self, place: Place) -> Component:
        component = parse(self._bytes(place), place.line, self.settings.limits)
        component.file = self.found.label
        return component

    def _bytes(self, place: Place) -> bytes:
        data = self.held.read(place.file, place.offset, place.length)
        self.found.label = self.files[place.file].label if len(self.files) > 1 else None
        return data

    def _occurrences(self, raw: bytes, places: list[Place]) -> Iterator[tuple[Occurrence, tuple[Recipient, ...]]]:
        """Yield the occurrences of one UID, with whom its text may mean; what is wrong with it hurts no other."""
        uid = "" if raw.startswith(NAMELESS) else uid_text(raw)
        try:
            self._check_size(places)
            series = self._series(uid, places)
            uid = uid or self._uid_from_content(series)
            if self._was_yielded(uid, raw):
                self.found.warn("comes again, without a UID or with another spelling of it", uid, places[0].line)
                return
            found = list(self._worded(uid, series))
        except CalendarError as error:
            self._failed(uid or None, CalendarError(str(error), line=error.line or places[0].line))
        except _UNFORESEEN as error:
            message = f"cannot be read ({type(error).__name__}: {error})"[:200]
            self._failed(uid or None, CalendarError(message, line=places[0].line))
        else:
            self._yielded += len(found)
            self._note(self._later_of(uid, series, had=bool(found)))
            if self._yielded > self.settings.limits.all_occurrences:
                most = self.settings.limits.all_occurrences
                self.found.end(
                    f"there are more than {most} occurrences in the time asked for: the rest is passed over; shorten "
                    "the horizon, or raise the calendar's limit `all_occurrences`"
                )
                return
            self._cover(uid, series)
            yield from found

    def _later_of(self, uid: str, series: Series, *, had: bool) -> Later:
        numbers_of = partial(self.wordings.numbers_of, uid)
        known, limits = self._is_recorded(uid), self.settings.limits
        return later(series, self.end, limits, self._ahead, numbers_of, had=had, put_off=known)

    def _is_recorded(self, uid: str) -> bool:
        return self.known is not None and self.known(uid)

    def _was_yielded(self, uid: str, raw: bytes) -> bool:
        """Say whether these appointments were yielded before, under another spelling of their UID."""
        odd = uid.encode("utf-8", "replace") != raw
        given = uid in self._odd or (odd and uid in self.covers)
        self._odd.update([uid] if odd else [])
        return given

    def _check_size(self, places: list[Place]) -> None:
        if len(places) > self.settings.limits.overrides:
            raise CalendarError(f"has more than {self.settings.limits.overrides} versions")

    def _cover(self, uid: str, series: Series) -> None:
        if series.master is not None and uid not in self.unreadable:
            self.covers.add(uid)
            if not series.shares:
                self.masters[uid] = series.revision or (0, 0)
            if taken_out := series.taken_out:
                self.taken_out[uid] = taken_out
            if series.is_called_off:
                self.cancelled.add(uid)
        elif series.rest_off is not None and uid not in self.unreadable:
            self.rest_off[uid] = series.rest_off

    def _uid_from_content(self, series: Series) -> str:
        """Return a UID for an event that has none, made from what it says."""
        described = [series.master, *(version.event for _, version in series.ranges)]
        described += [version.event for version in series.overrides.values()]
        event = next((event for event in described if event is not None), None)
        if event is None:
            return ""
        self.found.warn("has no UID: it is known by what it says, and a change makes it another", None, event.line)
        uid = uid_of_content(event)
        numbers = self.wordings.numbers_of(uid, event)
        known = self._nameless.setdefault(uid, set())
        is_for_others = bool(known and numbers and numbers not in known)
        known.add(numbers)
        return f"{uid}-{digits_of(numbers)}" if is_for_others else uid

    def _series(self, uid: str, places: list[Place]) -> Series:
        """Return the events of one UID put together; those that cannot be read are reported and hidden."""
        events: list[Event] = []
        hidden: list[When] = []
        master_broken = False
        for position, place in enumerate(places):
            table = self._table(place.calendar)
            component = self._component(place)
            for what, line in component.odd[:5]:
                self.found.warn(f"a line {what}", uid or None, line)
            try:
                events.append(self._event(component, place, position, table, uid))
            except CalendarError as error:
                method, line = self.index.objects[place.calendar].method, error.line or place.line
                if method in NO_DEFINITION:
                    self.found.warn(f"METHOD:{method} {error}: it is passed over", uid or None, line)
                    continue
                self._failed(uid or None, CalendarError(str(error), line=line))
                when = readable_original(component, table)
                hidden.extend([] if when is None else [when])
                master_broken = master_broken or (component.first("RECURRENCE-ID") is None and method != ADDS)
        if master_broken:
            events = [event for event in events if event.replaces is not None]
        series = series_of(events, hidden, lambda event: self.wordings.numbers_of(uid, event))
        mention(self.found, uid, events, series)
        return series

    def _event(self, component: Component, place: Place, position: int, table: ZoneTable, uid: str) -> Event:
        def warn(message: str, line: int) -> None:
            self.found.warn(message, uid or None, line)

        method = self.index.objects[place.calendar].method
        return read_event(component, method, position, table, self.settings.limits, warn)

    def _worded(self, uid: str, series: Series) -> Iterator[tuple[Occurrence, tuple[Recipient, ...]]]:
        sayings = Sayings(self.wordings, uid, series)
        revision = None if series.shares else series.revision
        meeting: dict[str | None, list[frozenset[str]]] = {}  # by recurrence id: for whom that instant was told
        after: datetime | None = None
        since, known, limits = self._since(series), self._is_recorded(uid), self.settings.limits
        found = instances(series, since, self.end, limits, self.budget, put_off=known)
        if series.shares:  # who of an instant has the plain name is the same in every order of the file
            found.sort(key=lambda instance: (instance.at, sorted(self.wordings.numbers_of(uid, instance.event))))
        for instance in found:
            if instance.at >= self.start:
                event, table = instance.event, instance.event.zones
                said = sayings.of(instance)
                whose = series.whose.get(event, "")
                name = partial(occurrence, instance, said, uid, self.name, table.named, table.display, after, revision)
                one = name(whose)
                if series.shares:
                    met = meeting.setdefault(one.appointment.recurrence_id, [])
                    numbers = self.wordings.numbers_of(uid, event)
                    if numbers in met:
                        self.found.warn("meets another series of its UID: that visit counts once", uid, event.line)
                        continue
                    one = name(f"{whose}/{digits_of(numbers)}") if met else one
                    met.append(numbers)
                if sayings.names_nobody(instance):
                    self.for_nobody.add((uid, one.appointment.recurrence_id))
                yield one, said.guesses
            after = instance.at
        for event in series.stray:
            self.found.warn(
                "RECURRENCE-ID names no instance: it stands for that of its day, if there is one", uid, event.line
            )

    def _since(self, series: Series) -> datetime:
        """Return from when instances are needed, UTC: an absolute alarm is due for the first one that follows it."""
        master = series.master
        if master is None or not master.recurs or not master.component.children:
            return self.start
        alarms = read_alarms(master.component, master.zones, self.settings.limits, silent)
        absolute = [alarm.at for alarm in alarms if alarm.at is not None]
        return max(min([self.start, *absolute]), self.start - _YEAR)

    def _table(self, calendar: int) -> ZoneTable:
        found = self._tables.get(calendar)
        if found is None:
            found = self._tables[calendar] = self._new_table(self.index.objects[calendar])
        return found

    def _new_table(self, calendar: Object) -> ZoneTable:
        return ZoneTable.of(
            calendar.zone_name,
            self.settings.timezone,
            lambda key: self._definition(calendar.zones[key]) if key in calendar.zones else None,
            lambda name, message, line: self.found.warn(message, None, line or calendar.line, of=name),
            self.definitions,
        )


_YEAR = timedelta(days=366)
_MARGIN = timedelta(days=2)
_UNFORESEEN = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError)
"""Errors of parsers that nobody thought of: an event that raises one is unreadable, and hurts no other."""
