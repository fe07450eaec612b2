"""Calendar import: a calendar as the appointments and the scope of a plan.

Never writes. The calendar reader knows nothing of ledgers, and the plan nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from reminder_kit.errors import CalendarError, ReminderKitError, unforeseen
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.appointments import Appointment
from reminder_kit.model.host_data import whole_text
from reminder_kit.model.phones import phone_number
from reminder_kit.model.revisions import is_older, revision_order
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.called_off import called_off
from reminder_kit.reconciler.recorded_elsewhere import recorded_elsewhere
from reminder_kit.reconciler.scope import Scope
from reminder_kit.rules.due_times import due_time
from reminder_kit.rules.placement import FOLLOW_UP_PATIENCE

__all__ = ["Imported", "horizon_of", "read_for_import", "refused_problem", "source_name"]


@frozen
class Imported:
    """What was read of one calendar."""

    #: Its occurrences as appointments.
    appointments: tuple[Appointment, ...]
    #: The scope to plan them in; its `refusal` says why the calendar can't be taken for complete.
    scope: Scope
    #: What could not be read of it, as `calendars.occurrences.Problem`s.
    problems: tuple[Any, ...]
    #: Ids of which it holds a state older than the one recorded: nothing of that counts.
    outdated: frozenset[str] = frozenset()
    #: Whether a number in a text is used: only all of the source tells whether it is a desk's.
    has_guesses: bool = False


def source_name(file: Any) -> str:
    """Return the source a calendar belongs to where none is named: the stem of its file or address, else "calendar"."""
    if isinstance(file, str | Path) and str(file) != "-":
        text = str(file)
        if "://" in text:
            text = text.split("?", 1)[0].split("#", 1)[0].rstrip("/")
        return whole_text(Path(text).stem) or "calendar"
    return "calendar"


def read_for_import(
    file: Any,
    calendar: Any,
    settings: Settings,
    *,
    source: str | None,
    complete: bool,
    now: datetime,
    ledger: Ledger,
    ahead: timedelta | None = None,
    forced: bool = False,
) -> Imported:
    """Read a calendar from `now` (UTC) to its horizon, and back by as long as a follow-up may still be due.

    `calendar` are the settings for reading (None: the usual ones), `source` is the calendar's (None: its name).
    `complete` says that what it no longer has is to be withdrawn: the scope refuses that where not all of it could be
    read, or nothing came, unless a person said that it is so all the same (`forced`). `ahead` is how much further than
    the horizon it is read since it will be read again (None: it is imported once). Raises `CalendarError` where it is
    no calendar at all.
    """
    from reminder_kit.calendars import CalendarSettings, read_calendar

    options = calendar or CalendarSettings()
    if options.timezone is None:
        options = evolve(options, timezone=settings.defaults.timezone)
    if options.region is None:
        options = evolve(options, region=settings.defaults.region)
    numbers = [sender for sender in sorted(settings.senders) if sender.lstrip("+").isdecimal()]  # others are names
    own = filter(None, (phone_number(number, options.region) for number in numbers))
    options = evolve(options, own_numbers=(*options.own_numbers, *own))
    name = whole_text(source) or source_name(file)
    known = ledger.read(lambda reader: reader.series_of(name))
    horizon = horizon_of(options, settings, now)
    start, end = now - _follow_up_reach(settings, now), now + horizon + (ahead or timedelta())
    with _foreseen(name):
        content = read_calendar(file, options, start=start, end=end, name=name, known=known.__contains__, now=now)
        appointments = tuple(occurrence.appointment for occurrence in content)
    outdated = frozenset(uid for uid, pair in content.masters.items() if _is_outdated(pair, known.get(uid, "")))
    withdrawn = ledger.read(lambda reader: called_off(reader, content, appointments, known.keys() - outdated, now))
    appointments = withdrawn.appointments
    refusal = None
    if complete and not forced:
        parked = ledger.read(lambda reader: reader.parked(source=name))
        if not content.sound and (parked or ahead is None):
            refusal = f"calendar {name!r} can't be trusted to be complete: {content.unsound_because}"
        elif not appointments and parked:
            refusal = f"calendar {name!r} has no coming events while reminders are parked for it"
    scope = Scope(
        "import",
        source=name,
        complete=complete and refusal is None,
        covers=frozenset(content.covers) - outdated if content.sound else frozenset(),
        taken_out=content.taken_out,
        spare=frozenset(content.unreadable) | outdated,
        horizon=end,
        called_off=withdrawn.identities,
        refusal=refusal,
    )
    problems = (*content.problems, *_beyond(content, horizon, ahead))
    if source is None and not known:
        ids = dict.fromkeys(appointment.id for appointment in appointments)
        problems += ledger.read(lambda reader: recorded_elsewhere(reader, name, ids, now))
    return Imported(appointments, scope, problems, outdated, content.has_guesses)


def _beyond(content: Any, horizon: timedelta, ahead: timedelta | None) -> tuple[Any, ...]:
    """Return the problems of what lies beyond the horizon: for a person only where nobody reads the calendar again.

    That a series goes on is said in each import, and waits for nobody: most series of most calendars do.
    """
    from reminder_kit.calendars import Problem

    events, series, days = content.beyond, content.going_on, horizon.days
    if ahead is not None:
        read = f"{events} events beyond {days} days are read when they come nearer"
        return (Problem(read, severity="warning"),) if events else ()
    remedy = "import the calendar again by then, name it in [calendar] sources, or raise horizon"
    going_on = f"{series} series that go on beyond {days} days are read no further: {remedy}"
    unread = [Problem(f"{events} events beyond {days} days are not read: {remedy}", is_whole=True)] if events else []
    return (*unread, *([Problem(going_on, severity="warning")] if series else []))


def refused_problem(why: str) -> Any:
    """Return the problem of a calendar whose absences were not taken for an answer, and why."""
    from reminder_kit.calendars import Problem

    remedy = "nothing of it was changed; check it, then force it (`reminder-kit resync --force`)"
    return Problem(f"{why}: {remedy}", is_whole=True)


def horizon_of(options: Any, settings: Settings, now: datetime) -> timedelta:
    """Return how far ahead a calendar is read: as configured, and further where a rule reaches further."""
    anchor = now + _FAR  # a rule for one instant is for whatever begins after it
    dues = [due_time(rule, anchor, "UTC", settings.defaults.is_open) for rule in settings.rules]
    reach = max((anchor - due for due in dues if due is not None and due < anchor), default=timedelta())
    own: timedelta = options.horizon
    return own if reach <= own - _EARLIER else timedelta(days=-(-(reach + _EARLIER) // timedelta(days=1)))


_FAR = timedelta(days=3660)
"""Further ahead than any rule reaches."""
_EARLIER = timedelta(days=1)
"""How long before it is due an appointment must have been read, so that its reminder is in time."""


def _is_outdated(master: tuple[int, int], recorded: str) -> bool:
    """Say whether a master is older than the newest one recorded of its series ("": none is)."""
    return bool(recorded) and is_older(revision_order(master), ("ii", recorded)) is True


@contextmanager
def _foreseen(name: str) -> Iterator[None]:
    """Raise whatever nobody foresaw of a calendar as `CalendarError`: the batch job goes on without that calendar."""
    try:
        yield
    except ReminderKitError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is that calendar's alone
        raise CalendarError(f"calendar {name!r} cannot be read ({unforeseen(error)}): please report this") from None


def _follow_up_reach(settings: Settings, now: datetime) -> timedelta:
    """Return how long after an appointment a follow-up may still go out; zero where no rule is one."""
    follow_ups = [rule for rule in settings.rules if rule.is_follow_up]
    dues = [due_time(rule, now, "UTC", settings.defaults.is_open) for rule in follow_ups]
    return max((due - now + FOLLOW_UP_PATIENCE for due in dues if due is not None), default=timedelta(0))
