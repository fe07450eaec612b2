"""Shared UIDs: which events of one UID are versions of one appointment, and which are appointments of their own.

Exporters give one UID to many ("None", the number of a course). Never asks what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

from reminder_kit.calendars.events import Event

__all__ = ["NumbersOf", "digits_of", "kept_apart", "names_of", "owners_of", "passed_over"]

NumbersOf = Callable[[Event], frozenset[str]]
"""Returns the numbers of the people an event is for."""


def kept_apart(versions: Sequence[Event], numbers_of: NumbersOf, *, of_one_start: bool = False) -> list[Event]:
    """Return the appointments among several events of one UID, or of one instance of it, the newest one last.

    Another start, or other people, without another SEQUENCE, in one calendar, is no new version (RFC 5546, 2.1.4: what
    changes has a new SEQUENCE); nor is it one in another calendar that is exactly as old. An event for nobody is an
    appointment beside none of the same start that is for somebody. `versions` are in order, the oldest first;
    `of_one_start` says that they are of one instance, whose new start is no other appointment.
    """
    if len(versions) < 2:
        return list(versions)
    newest = versions[-1]
    level = [event for event in versions if event is newest or (event.start is not None and _is_level(event, newest))]
    by_visit: dict[tuple[datetime | None, frozenset[str]], Event] = {}
    for event in level:
        start = None if of_one_start else _start_of(event)
        by_visit[start, numbers_of(event)] = event  # the last of those that can't be told apart
    told = {start for start, numbers in by_visit if numbers}
    found = [event for (start, numbers), event in by_visit.items() if numbers or start not in told]
    return sorted(found, key=lambda event: event.order)


def names_of(events: Sequence[Event], numbers_of: NumbersOf) -> dict[Event, str]:
    """Return what tells appointments of one UID and start from each other; one with a start of its own has nothing.

    It is a few digits made of their people's numbers, from which nobody reads them. Where these differ they are the
    same in every reading; of several for the same people the second and further ones are counted.
    """
    by_start: dict[datetime | None, list[Event]] = {}
    for event in events if len(events) > 1 else ():
        by_start.setdefault(_start_of(event), []).append(event)
    names: dict[Event, str] = {}
    for several in by_start.values():
        taken: set[str] = set()
        for numbers, event in sorted(((sorted(numbers_of(one)), one) for one in several), key=lambda pair: pair[0]):
            if len(several) > 1:
                names[event] = _name(numbers, taken)
                taken.add(names[event])
    return names


def owners_of(overrides: Iterable[Event], masters: Sequence[Event], numbers_of: NumbersOf) -> dict[Event, Event]:
    """Return of which of several appointments of their UID and start overrides are: of that for the same people."""
    by_numbers = {numbers_of(master): master for master in masters}
    owners = ((event, by_numbers.get(numbers_of(event))) for event in overrides)
    return {event: owner for event, owner in owners if owner is not None}


def passed_over(events: Iterable[Event], kept: Sequence[Event], *, shares: bool) -> list[tuple[Event, Event]]:
    """Return the appointments that are kept in the place of others of their UID just as old, each after the last one.

    `shares` says that there are several appointments of that UID. A cancellation is no other appointment: it counts
    whatever is kept.
    """

    def place(event: Event) -> object:
        return event.order[:2], _start_of(event) if shares else None

    known = set(kept)
    whole = (event for event in events if event.replaces is None and not event.is_cancellation and event not in known)
    others = {place(event): event for event in sorted(whole, key=lambda event: event.order)}
    pairs = ((others.get(place(event)), event) for event in kept if not event.is_cancellation)
    return [(other, event) for other, event in pairs if other is not None]


def digits_of(numbers: Iterable[str]) -> str:
    """Return a few digits by which people are told apart, too few to tell their numbers."""
    return blake2b(" ".join(sorted(numbers)).encode(), digest_size=2).hexdigest()


def _name(numbers: Iterable[str], taken: set[str]) -> str:
    digits = digits_of(numbers)
    names = (f"/{digits}" if not count else f"/{digits}-{count}" for count in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


def _is_level(event: Event, newest: Event) -> bool:
    if event.zones is newest.zones:
        return event.sequence == newest.sequence
    return event.order[:2] == newest.order[:2]


def _start_of(event: Event) -> datetime | None:
    return None if event.start is None else event.start.instant
