"""Series: all components of one UID, put together into the occurrences of a horizon.

Never reads a file. The newest master says what recurs; overrides, cancellations and replies apply to it by original
start. Instances are compared as instants: a UTC EXDATE removes exactly the instance at that instant, never one whose
clock merely shows the same digits (RFC 5545, 3.8.5.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

from attrs import define, evolve, field, frozen

from reminder_kit.calendars.content_lines import Property
from reminder_kit.calendars.events import NO_DEFINITION, Event
from reminder_kit.calendars.recurrence import Budget
from reminder_kit.calendars.recurrence_sets import as_in, instant_of, starts_between, taken_out
from reminder_kit.calendars.settings import Limits
from reminder_kit.calendars.shared_uids import NumbersOf, kept_apart, names_of, owners_of
from reminder_kit.calendars.values import Span, TimeKind, When, moved, recurrence_text

__all__ = ["Instance", "Series", "answers", "instances", "series_of"]

_MARGIN = timedelta(days=2)
"""How far beyond the horizon instances are made, since wall clocks and UTC differ by less than a day each way."""


class Version(NamedTuple):
    """The last word on one overridden instance."""

    #: The event that describes it.
    event: Event
    #: Whether it does not take place.
    cancelled: bool


@frozen
class Instance:
    """One occurrence, before it becomes an appointment."""

    #: The event that describes it.
    event: Event
    #: Its start as a wall clock.
    start: When
    #: Its start and end, UTC.
    at: datetime
    ends_at: datetime
    #: The start that the series has for it; None: the event does not recur.
    original: When | None
    #: Whether it does not take place.
    cancelled: bool
    #: Whether the event describes this occurrence only.
    is_one: bool


@define
class Series:
    """The components of one UID, by their part in it."""

    #: What says when it recurs; None: only overrides are there.
    master: Event | None
    #: The cancellation of the whole, where that is the last word; None: it is not.
    cancelled: Event | None
    #: The last word on single instances, by original instant (UTC).
    overrides: dict[datetime, Version] = field(factory=dict)
    #: The last word on an instance and all after it (RANGE=THISANDFUTURE), by original instant, in order.
    ranges: list[tuple[datetime, Version]] = field(factory=list)
    #: What invited people answered (METHOD:REPLY).
    replies: list[Event] = field(factory=list)
    #: Original instants (UTC) whose override cannot be read: nothing is known of these instances.
    hidden: set[datetime] = field(factory=set)
    #: Other appointments that bear its UID, each of a start, or of people, of its own: they are no versions of one.
    others: list[Event] = field(factory=list)
    #: Whether it is one of several appointments of one UID, so that each is known by its start.
    shares: bool = False
    #: Overrides of instances that another override describes for other people.
    beside: list[tuple[datetime, Version]] = field(factory=list)
    #: What tells appointments of one UID and start from each other, by event; none: nothing has to.
    whose: dict[Event, str] = field(factory=dict)
    #: Of which of several appointments of one start an override is, by event; none: of each that has its instant.
    owners: dict[Event, Event] = field(factory=dict)
    #: The original instants (UTC) of overrides, by the appointment that they are of; None: of whichever has it.
    taken: dict[Event | None, set[datetime]] = field(factory=dict)
    #: Overrides that name no instance of the series, as far as it was expanded.
    stray: list[Event] = field(factory=list)

    @property
    def first(self) -> When | None:
        """DTSTART of the master; None means that there is no master, or none with a start."""
        return None if self.master is None else self.master.start

    @property
    def recurs(self) -> bool:
        """Whether its master has instances besides its own start."""
        return self.master is not None and self.master.recurs

    @property
    def revision(self) -> tuple[int, int] | None:
        """SEQUENCE and stamp of the master, or of its cancellation where that is newer; None: there is no master."""
        whole = [event for event in (self.master, self.cancelled) if event is not None]
        return max((event.order[:2] for event in whole), default=None)

    @property
    def taken_out(self) -> frozenset[str]:
        """What an EXDATE of its master takes out: recurrence ids, and dates for whole days."""
        return frozenset() if self.master is None or self.first is None else taken_out(self.master, self.first)

    @property
    def is_called_off(self) -> bool:
        """Whether all of it is: cancelled as a whole, or by the STATUS of its only master."""
        by_status = self.master is not None and self.master.status == "CANCELLED" and not self.shares
        return self.cancelled is not None or by_status

    @property
    def rest_off(self) -> tuple[str, tuple[int, int]] | None:
        """From which recurrence id on it is called off by a range that came without its master, and that's revision."""
        last = [version.event for _, version in self.ranges if version.cancelled][-1:] if self.master is None else []
        return next(((recurrence_text(one.replaces), one.order[:2]) for one in last if one.replaces is not None), None)

    def is_off(self, event: Event) -> bool:
        """Say whether an event does not take place: by its own STATUS, or by a cancellation of the whole.

        That is METHOD:CANCEL where it is later, and the STATUS of its master where that is not older.
        """
        if event.status == "CANCELLED" or (self.cancelled is not None and self.cancelled.order >= event.order):
            return True
        master = self.owners.get(event) if self.shares else self.master
        return master is not None and master.status == "CANCELLED" and master.order[:2] >= event.order[:2]


def series_of(
    events: Iterable[Event], hidden: Iterable[When] = (), numbers_of: NumbersOf = lambda _event: frozenset()
) -> Series:
    """Return a series made of all events of one UID; `hidden` are original starts whose override cannot be read.

    Of several versions of one part the last word is the one with the greatest SEQUENCE, then stamp, then place (RFC
    5546, 2.1.5). `numbers_of` says whom an event is for, where that tells one appointment from another.
    """
    events = list(events)
    replies = [event for event in events if event.method == "REPLY"]
    ordered = sorted((event for event in events if event.method not in NO_DEFINITION), key=lambda event: event.order)
    whole = [event for event in ordered if event.replaces is None]
    masters = [event for event in whole if not event.is_cancellation]
    cancelled = whole[-1] if whole and whole[-1].is_cancellation else None
    people = cache(numbers_of)
    alike = kept_apart(masters, people)
    series = Series(master=alike[-1] if alike else cancelled, cancelled=cancelled, others=alike[:-1])
    series.shares = bool(series.others)
    series.whose = names_of(alike, people)
    series.replies = replies
    series.hidden = {instant_of(when, series.first) for when in hidden}
    parts: dict[tuple[bool, datetime], list[Event]] = {}
    for event in ordered:
        if event.replaces is not None:
            parts.setdefault((event.onwards, instant_of(event.replaces, series.first)), []).append(event)
    for (onwards, key), versions in sorted(parts.items(), key=lambda item: item[0]):
        if onwards:
            series.ranges.append((key, _last_word(versions)))
        else:
            *beside, series.overrides[key] = _last_words(versions, people)
            series.beside += [(key, version) for version in beside]
            if beside:
                described = [version.event for version in (*beside, series.overrides[key])]
                series.whose |= names_of(described, people)
    _give_overrides_their_owners(series, alike, people)
    return series


def _give_overrides_their_owners(series: Series, masters: Sequence[Event], people: NumbersOf) -> None:
    """Fill in of which of several appointments of one start each override is, and whose instants they take."""
    overrides = [(key, version.event) for key, version in (*series.overrides.items(), *series.beside)]
    if any(master in series.whose for master in masters):
        series.owners = owners_of([event for _, event in overrides], masters, people)
        series.whose |= {event: series.whose.get(owner, "") for event, owner in series.owners.items()}
    for key, event in overrides:
        series.taken.setdefault(series.owners.get(event), set()).add(key)


def _last_words(versions: Sequence[Event], numbers_of: NumbersOf) -> list[Version]:
    """Return the last word on one instance, after those on it that are for other people and no older."""
    if versions[-1].is_cancellation or len(versions) < 2:
        return [_last_word(versions)]
    described = [version for version in versions if not version.is_cancellation]
    *others, last = kept_apart(described, numbers_of, of_one_start=True)
    return [*(_last_word([one]) for one in others), _last_word([*versions[: versions.index(last)], last])]


def _last_word(versions: Sequence[Event]) -> Version:
    last = versions[-1]
    described = [version for version in versions if not version.is_cancellation]
    event = described[-1] if described and last.is_cancellation else last
    return Version(event, last.is_cancellation or event.status == "CANCELLED")


def answers(series: Series) -> dict[datetime | None, dict[str, str]]:
    """Return what invited people answered (PARTSTAT), by address: to the series (None) or to one instance (UTC).

    An answer to an older invitation than the one that counts is none; where that is one to the series, and an instance
    has a newer invitation of its own, "" stands for it there.
    """
    by_key: dict[datetime | None, list[Event]] = {}
    for event in series.replies:
        key = None if event.replaces is None else instant_of(event.replaces, series.first)
        by_key.setdefault(key, []).append(event)
    master, asked_by = None if series.shares else series.master, cache(_asked)
    said: dict[datetime | None, dict[str, tuple[Event, str]]] = {}
    found: dict[datetime | None, dict[str, str]] = {}
    for key, replies in by_key.items():
        invitation = series.overrides[key].event if key is not None and key in series.overrides else master
        asked, of_key = asked_by(invitation), said.setdefault(key, {})
        for reply in sorted(replies, key=partial(_order, invitation=invitation)):
            for property_ in reply.component.all("ATTENDEE"):
                of_key[_address(property_)] = reply, property_.parameters.get("PARTSTAT", "").upper()
        found[key] = {
            address: answer
            for address, (reply, answer) in of_key.items()
            if not _is_overtaken(reply, invitation, asked.get(address, ""))
        }
    for key, version in series.overrides.items() if None in said else ():
        for address, state in _asked(version.event).items():
            if address in said[None] and _is_overtaken(said[None][address][0], version.event, state):
                found.setdefault(key, {}).setdefault(address, "")
    return found


def _asked(invitation: Event | None) -> dict[str, str]:
    """Return what an invitation itself says of those invited (PARTSTAT), by address."""
    invited = [] if invitation is None else invitation.component.all("ATTENDEE")
    return {_address(property_): property_.parameters.get("PARTSTAT", "").upper() for property_ in invited}


def _address(property_: Property) -> str:
    return "".join(property_.value.split()).casefold()


def _is_overtaken(reply: Event, invitation: Event | None, state: str) -> bool:
    """Say whether an answer is older than an invitation (RFC 5546, 2.1.5), which has a `state` of its own.

    With one SEQUENCE an invitation was not changed: without an answer it is the one that was answered, whenever it was
    written.
    """
    if invitation is None:
        return False
    answered = _answered(reply, invitation)
    if answered != invitation.sequence:
        return answered < invitation.sequence
    return reply.modified < invitation.modified and state not in ("", "NEEDS-ACTION")


def _order(reply: Event, invitation: Event | None) -> tuple[int, int, int]:
    """Return by what the latest of several answers to one invitation is known."""
    return (_answered(reply, invitation), reply.modified, reply.position)


def _answered(reply: Event, invitation: Event | None) -> int:
    """Return the SEQUENCE that an answer is to: its own, or without one that of an invitation that is not newer."""
    says_which = reply.component.first("SEQUENCE") is not None
    if says_which or invitation is None or reply.modified < invitation.modified:
        return reply.sequence
    return invitation.sequence


def instances(
    series: Series, start: datetime, end: datetime, limits: Limits, budget: Budget, *, put_off: bool = False
) -> list[Instance]:
    """Return the instances with `start` <= their start < `end` (UTC), in order, cancelled ones too.

    `put_off` adds those that begin later and may have been known before: a single event, and what was moved from before
    `end`. Raises `CalendarError` where there are more of them, or more candidates to look at, than the limits allow.
    """

    def counts(one: Instance) -> bool:
        if one.at < end:
            return start <= one.at
        return put_off and (one.original is None or one.original.instant < end)

    budget.series()
    only = series.first.instant if series.first is not None and not series.recurs else None
    made, stray = _recurring(series, start, end, limits, budget, only)
    alone = series.overrides if series.first is not None else {**dict(series.ranges), **series.overrides}
    made += [_override(series, stray.get(key, key), version) for key, version in alone.items()]
    made += [_override(series, key, version) for key, version in series.beside]
    for event in series.others:
        beside = evolve(series, master=event, ranges=[], others=[])
        budget.series()
        made += _recurring(beside, start, end, limits, budget)[0]
    found = [one for one in made if counts(one)]
    budget.made(len(found))
    return sorted(found, key=lambda instance: instance.at)


def _override(series: Series, key: datetime, version: Version) -> Instance:
    event = version.event
    original = _original(series, key, event)
    start = event.start or original
    at = start.instant
    cancelled = version.cancelled or series.is_off(event)
    return Instance(event, start, at, event.span.after(at, start.zone), original, cancelled, is_one=True)


def _original(series: Series, key: datetime, event: Event) -> When:
    first = series.first
    if first is None:
        return event.replaces or When(key.replace(tzinfo=None), UTC, TimeKind.UTC)
    return as_in(first, key)


def _recurring(
    series: Series, start: datetime, end: datetime, limits: Limits, budget: Budget, only: datetime | None = None
) -> tuple[list[Instance], dict[datetime, datetime]]:
    """Return the instances that the master describes, and for overrides of none of them which one they stand for.

    `only` is the start of a single event, which is looked at wherever it lies: for an override of it that names another
    hour it stands whenever that is read.
    """
    master = series.master
    if master is None or master.start is None:
        return [], {}
    shifts = [_shift(key, version.event) for key, version in series.ranges]
    low = moved(start, -_MARGIN - max([timedelta(), *shifts]))
    high = moved(end, _MARGIN - min([timedelta(), *shifts]))
    if only is not None:
        low, high = min(low, moved(only, -_MARGIN)), max(high, moved(only, _MARGIN))
    starts = starts_between(master, master.start, low, high, limits, budget)
    stray = _stray(series, master.start, {when.instant: when for when, _ in starts}, (low, high))
    taken = (series.taken.get(None, ()), series.taken.get(master, ()), series.hidden, set(stray.values()))
    described = [
        _described(series, master, when, length)
        for when, length in starts
        if not any(when.instant in instants for instants in taken)
    ]
    return described, stray


def _described(series: Series, master: Event, when: When, length: When | Span | None) -> Instance:
    """Return the instance of one start, as the master or a RANGE=THISANDFUTURE has it."""
    key = when.instant
    later = [version for since, version in series.ranges if since <= key]
    if later:
        return _shifted(series, when, key, later[-1])
    original = when if master.recurs or series.shares else None
    return Instance(
        master, when, key, _end(when, key, length, master.span), original, series.is_off(master), not master.recurs
    )


def _stray(
    series: Series, first: When, starts: dict[datetime, When], bounds: tuple[datetime, datetime]
) -> dict[datetime, datetime]:
    """Return, by the original start that they name, for which instances overrides stand that name none.

    Writers move an instance and its RECURRENCE-ID with it: it stands for the only instance of that day that no other
    override is for. `starts` are all between two `bounds`; what an EXDATE took away stays away. They are
    noted in `Series.stray`.
    """
    master = series.master
    named = [key for key, version in series.overrides.items() if not version.event.is_added]
    inside = [key for key in named if bounds[0] <= key <= bounds[1] and key not in starts]
    if not inside or master is None or series.shares:
        return {}
    gone = {instant_of(when, first) for when in master.without}
    days = {when.wall.date() for when in master.without if when.kind is TimeKind.DATE}
    free: dict[date, list[datetime]] = {}
    for key, when in starts.items():
        if key not in series.overrides and key not in series.hidden:
            free.setdefault(when.wall.date(), []).append(key)
    found = {}
    for key in inside:
        same_day = free.pop(key.astimezone(first.zone).date(), [])
        if key in gone or key.astimezone(first.zone).date() in days:
            continue
        series.stray.append(series.overrides[key].event)
        if len(same_day) == 1:
            found[key] = same_day[0]
    return found


def _end(when: When, at: datetime, length: When | Span | None, usual: Span) -> datetime:
    if isinstance(length, When):
        return max(length.instant, at)
    span = usual if length is None or length.is_negative else length
    return span.after(at, when.zone)


def _shift(key: datetime, event: Event) -> timedelta:
    """Return by how much RANGE=THISANDFUTURE moves the wall clock of what it replaces (RFC 5545, 3.2.13)."""
    if event.start is None or event.is_cancellation or event.status == "CANCELLED":
        return timedelta()
    return event.start.wall - key.astimezone(event.start.zone).replace(tzinfo=None)


def _shifted(series: Series, when: When, key: datetime, version: Version) -> Instance:
    event = version.event
    start = when
    if event.start is not None:
        since = instant_of(event.replaces, series.first) if event.replaces else key
        wall, shift = key.astimezone(event.start.zone).replace(tzinfo=None), _shift(since, event)
        start = event.start._replace(wall=wall + shift if shift else wall)
    at = start.instant
    cancelled = version.cancelled or series.is_off(event)
    return Instance(event, start, at, event.span.after(at, start.zone), when, cancelled, is_one=False)
