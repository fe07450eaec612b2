"""Polled calendars: those that the batch job reads again and again, each only where something may have changed.

Never writes: what is to be noted of them is noted once the plan was carried out. An unchanged calendar costs a digest
of its bytes, or a question to its server. It is read all the same where other settings read it last, where its source
was written to since, where the ledger was put back, and where the horizon outgrows what was read: it is read a day
further than that reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from reminder_kit.errors import CalendarError, ConfigurationError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.instants import from_iso, iso
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.calendar_import import Imported, horizon_of, read_for_import, source_name
from reminder_kit.reconciler.scope import Scope

if TYPE_CHECKING:
    from reminder_kit.calendars.caldav import Changes
    from reminder_kit.calendars.settings import CalendarSource
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.ledger.transaction import Transaction

__all__ = ["Note", "Polled", "Polling", "distinct", "name_of", "note_read"]

_CALENDAR = "calendar "
"""What the name begins with under which the ledger keeps what was read of a calendar."""
_READING = 2
"""Grows with each release that reads the same bytes otherwise: all calendars are then read once more."""
_AHEAD = timedelta(days=1)
"""How much further than the horizon a polled calendar is read, so that it need not be read in every run."""


@frozen
class Note:
    """What is to be noted of a calendar once its appointments are recorded."""

    #: Its place, as a digest.
    place: str
    #: The source of its appointments.
    source: str
    #: What was read, and how.
    detail: Mapping[str, Any]


@define
class Polled:
    """What the batch job's calendars hold that is to be looked at."""

    #: Those that were read.
    all_imported: list[Imported] = field(factory=list)
    #: What could not be read.
    problems: list[Any] = field(factory=list)
    #: What is to be noted of them.
    notes: list[Note] = field(factory=list)


def _place_of(source: CalendarSource) -> str:
    """Return the name under which the ledger keeps what was read of a place: no secret of an address is in it."""
    return blake2b(source.path.encode("utf-8", "replace"), digest_size=8).hexdigest()


def name_of(source: CalendarSource) -> str:
    """Return the source of a polled calendar's appointments."""
    return source.name or source_name(source.path)


def distinct(sources: tuple[CalendarSource, ...]) -> tuple[CalendarSource, ...]:
    """Return polled calendars; raises `ConfigurationError` where one would take another's appointments for gone."""
    names = [name_of(source) for source in sources]
    for source, name in zip(sources, names, strict=True):
        if source.complete and names.count(name) > 1:
            raise ConfigurationError(
                f"two calendars of sources are called {name!r}, and one of them is complete, so that it would withdraw "
                "what the other one has: give each a name of its own"
            )
    return sources


def note_read(notes: tuple[Note, ...], tx: Transaction, now: datetime) -> None:
    """Note what was read of calendars, with what is recorded of their sources by now; what is known is not written."""
    for note in notes:
        detail = {**note.detail, "state": list(tx.reader.state_of(note.source))}
        known = tx.reader.last_run(f"{_CALENDAR}{note.place}")
        if known is None or known[1] != detail:
            tx.mark_run(f"{_CALENDAR}{note.place}", now, detail)


@frozen
class Polling:
    """How the batch job reads its calendars."""

    #: The calendars, as they are configured.
    sources: tuple[CalendarSource, ...]
    #: The settings for reading (`CalendarSettings`); None: the usual ones.
    calendar: Any
    settings: Settings
    ledger: Ledger

    def read(self, now: datetime, *, forced: bool = False) -> Polled:
        """Return what the calendars hold that may have changed; one that is out of reach stops no other.

        `forced` takes what a complete one does not have for gone, also where it is empty or not whole.
        """
        polled, found = Polled(), list[Any]()
        for source in self.sources:
            known = len(polled.all_imported)
            try:
                self._read_one(source, now, polled, forced=forced)
            except CalendarError as error:
                polled.problems.append(error)
            label = _label(source) if len(self.sources) > 1 else None
            for imported in polled.all_imported[known:]:
                found += [evolve(problem, file=problem.file or label) for problem in imported.problems]
        polled.problems += found
        return polled

    def _read_one(self, source: CalendarSource, now: datetime, polled: Polled, *, forced: bool) -> None:
        from reminder_kit.calendars import CalendarSettings
        from reminder_kit.calendars.sources import look_at

        options = self.calendar or CalendarSettings()
        if source.caldav:
            self._read_collection(source, options, now, polled, forced=forced)
            return
        place = _place_of(source)
        how = self._how(source, options)
        until = now + horizon_of(options, self.settings, now)
        known = self.ledger.read(lambda reader: _known(reader, place, name_of(source), how, until))
        seen = look_at(source.path, options.limits, known.get("conditions", {}))
        if seen.files is None or (known and seen.digest == known["digest"]):
            return
        imported = read_for_import(
            seen.files,
            self.calendar,
            self.settings,
            source=name_of(source),
            complete=source.complete,
            now=now,
            ledger=self.ledger,
            ahead=_AHEAD,
            forced=forced,
        )
        before = self.ledger.read(lambda reader: _read_until(reader, place, how))
        scope = evolve(imported.scope, as_of=AsOf.drawn(now), read_until=before)
        polled.all_imported.append(evolve(imported, scope=scope))
        if imported.scope.refusal is None:
            detail = {
                "digest": seen.digest,
                "how": how,
                "until": iso(until + _AHEAD),
                "conditions": dict(seen.conditions),
            }
            polled.notes.append(Note(place, name_of(source), detail))

    def _read_collection(
        self, source: CalendarSource, options: Any, now: datetime, polled: Polled, *, forced: bool
    ) -> None:
        """Read what changed of a calendar on a server, and withdraw what that says is gone.

        Where a number in a text is used, all of it is read: only all appointments tell whose number that is.
        """
        from reminder_kit.calendars.caldav import collection_of

        place, name = _place_of(source), name_of(source)
        how = self._how(source, options)
        until = now + horizon_of(options, self.settings, now)
        known = self.ledger.read(lambda reader: _known(reader, place, name, how, until))
        collection = collection_of(source, options.limits)
        seen = collection.changes(known.get("memory", {}))
        if seen is None:
            return
        imported = self._read_changes(seen, source, until, now, forced=forced)
        if imported.has_guesses and not seen.whole and (whole := collection.changes({})) is not None:
            seen, imported = whole, self._read_changes(whole, source, until, now, forced=forced)
        before = self.ledger.read(lambda reader: _read_until(reader, place, how))
        scope = evolve(imported.scope, as_of=AsOf.drawn(now), read_until=before)
        if not seen.whole:
            gone = seen.gone if source.complete else frozenset()
            scope = evolve(scope, covers=frozenset(scope.covers) | gone, gone=gone)
        polled.all_imported.append(evolve(imported, scope=scope))
        if scope.refusal is None:
            # what was not read anew was read as far ahead as it was then
            ahead = iso(until + _AHEAD) if seen.whole else known["until"]
            polled.notes.append(Note(place, name, {"how": how, "until": ahead, "memory": dict(seen.memory)}))

    def _read_changes(
        self, seen: Changes, source: CalendarSource, until: datetime, now: datetime, *, forced: bool
    ) -> Imported:
        """Return what the changes of a collection hold, read a day further than `until`."""
        name = name_of(source)
        if not seen.files and not seen.whole:  # something is gone, and nothing is new
            return Imported((), Scope("import", source=name, horizon=until + _AHEAD), ())
        return read_for_import(
            seen.files,
            self.calendar,
            self.settings,
            source=name,
            complete=seen.whole and source.complete,
            now=now,
            ledger=self.ledger,
            ahead=_AHEAD,
            forced=forced,
        )

    def _how(self, source: CalendarSource, options: Any) -> str:
        """Return the digest of all that decides what is read of the same bytes."""
        people = b"" if options.directory is None else _bytes_of(options.directory)
        defaults = (self.settings.defaults.timezone, self.settings.defaults.region)
        said = repr((_READING, evolve(options, sources=()), defaults, name_of(source), source.complete))
        said += repr((source.caldav, source.username)) if source.caldav else ""
        return blake2b(said.encode("utf-8", "replace") + people, digest_size=16).hexdigest()


def _label(source: CalendarSource) -> str:
    """Return what a calendar is called where one of several has a problem: its path, or what may be shown of it."""
    from reminder_kit.calendars.http_source import shown

    return shown(source.path) if "://" in source.path else source.path


def _bytes_of(path: Any) -> bytes:
    try:
        return bytes(path.read_bytes())
    except OSError:  # which is told where it is read
        return b""


def _read_until(reader: Reader, place: str, how: str) -> datetime | None:
    """Return up to which instant, UTC, a calendar was read in the same way the time before; None: it never was."""
    noted = reader.last_run(f"{_CALENDAR}{place}")
    return None if noted is None or noted[1]["how"] != how else from_iso(noted[1]["until"])


def _known(reader: Reader, place: str, source: str, how: str, until: datetime) -> Mapping[str, Any]:
    """Return what was noted of a calendar, nothing where it has to be read in any case."""
    noted = reader.last_run(f"{_CALENDAR}{place}")
    if noted is None:
        return {}
    (at, detail), restored = noted, reader.standing.restoration()
    holds = detail["how"] == how and detail["until"] >= iso(until)
    stands = detail["state"] == list(reader.state_of(source)) and (restored is None or restored.at < at)
    return detail if holds and stands else {}
