"""Sharing: which recorded appointments share a number with some, near in time, and so may be told with them.

Reads one snapshot of the ledger, and only which they are: never the appointments themselves, and never writes. Where a
number has too many on a day for that (`planning.busy_days`), none of them has to do with another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import field, frozen

from reminder_kit.model.phones import is_possible
from reminder_kit.model.records import Identity, Sharing
from reminder_kit.planning.busy_days import BusyDays, Calendar, Day, Visit
from reminder_kit.planning.combining import SAME_DAY
from reminder_kit.planning.settings import Settings
from reminder_kit.reconciler.recall import Recall

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader

__all__ = ["Affected", "Around", "Nearby", "Sharers", "groups_of"]


class Nearby:
    """Says whether a visit is of the same number as one of some, and so near in time that it may have to do with it."""

    def __init__(self, visits: Iterable[Visit]) -> None:
        self._starts: dict[str, list[datetime]] = {}
        for number, start_at in sorted(visits):
            self._starts.setdefault(number, []).append(start_at)

    def __contains__(self, visit: Visit) -> bool:
        number, start_at = visit
        starts = self._starts.get(number, ())
        index = bisect_left(starts, start_at - SAME_DAY)
        return index < len(starts) and starts[index] <= start_at + SAME_DAY


class Sharers:
    """Answers which recorded appointments share a number with some, in reach of them, from one snapshot.

    All that share a number on a day are found at once, so that they can be counted.
    """

    def __init__(
        self, reader: Reader, settings: Settings, new_names: Mapping[Identity, Identity] = MappingProxyType({})
    ) -> None:
        self._reader = reader
        #: What appointments will be called that the ledger calls otherwise.
        self._new_names = new_names
        self.calendar = Calendar(settings.day_zone)
        #: Whether others of the same day matter; else only those of one and the same start do.
        self._days_matter = settings.combines or settings.max_per_day is not None
        self._of_days: Recall[Day, list[Sharing]] = Recall()
        self._of_visits: Recall[Visit, list[Sharing]] = Recall()

    def around(self, visits: Iterable[Visit]) -> Around:
        """Return what is recorded around visits."""
        possible = [visit for visit in visits if is_possible(visit[0])]
        if not self._days_matter:
            return Around(self.calendar, {}, self.of(possible))
        days = {day for visit in possible for day in self.calendar.days_around(visit, SAME_DAY)}
        return Around(self.calendar, self._of_days(days, self._found_on))

    def of(self, visits: Iterable[Visit]) -> dict[Visit, list[Sharing]]:
        """Return what is recorded for these very visits."""
        return self._of_visits(visits, self._found_at)

    def _found(self, ranges: Sequence[tuple[str, datetime, datetime]]) -> list[Sharing]:
        found = self._reader.sharing_number(ranges)
        return [one._replace(identity=self._new_names.get(one.identity, one.identity)) for one in found]

    def _found_on(self, days: Iterable[Day]) -> dict[Day, list[Sharing]]:
        found: dict[Day, list[Sharing]] = {}
        for one in self._found(self.calendar.ranges(days)):
            found.setdefault(self.calendar.day_of(one.visit), []).append(one)
        return found

    def _found_at(self, visits: Iterable[Visit]) -> dict[Visit, list[Sharing]]:
        found: dict[Visit, list[Sharing]] = {}
        for one in self._found([(number, start_at, start_at) for number, start_at in visits]):
            found.setdefault(one.visit, []).append(one)
        return found


@frozen
class Around:
    """What is recorded around some visits, on whole days, so that these can be counted."""

    calendar: Calendar
    days: Mapping[Day, Sequence[Sharing]]
    #: What is recorded for the visits themselves, where others of their days don't matter.
    of_visits: Mapping[Visit, Sequence[Sharing]] = field(factory=dict)

    def standing(self, but: Container[Identity] = ()) -> Counter[Day]:
        """Return how many appointments stand on each day, but for some."""
        return Counter(
            {day: sum(one.stands and one.identity not in but for one in found) for day, found in self.days.items()}
        )

    def settled(self, but: Container[Identity] = ()) -> BusyDays:
        """Return the days that were busy as they were decided last, but for some appointments."""
        counts = {
            day: sum(one.stands and one.settled and one.identity not in but for one in found)
            for day, found in self.days.items()
        }
        return BusyDays(self.calendar, Counter(counts))

    def identities(self, rows: Collection[int]) -> set[Identity]:
        """Return the appointments of some rows, as far as they are around."""
        return {one.identity for found in (self.days, self.of_visits) for one in _all(found) if one.row in rows}

    def affected(self, visits: Collection[Visit], busy: BusyDays, changed: Container[Identity]) -> Affected:
        """Return what may have to be decided otherwise since some appointments come to, or leave, these visits.

        `busy` are the busy days by now, `changed` the appointments, which are affected too. A day that is busy without
        them was so before, and stays so: each of its appointments was told by itself. On one that is busy only now,
        those that are to be worked on come to that by themselves. Other records of a visit are affected in any case.
        """
        as_before, wanted = self.settled(changed), frozenset(visits)
        found = Affected(
            frozenset(visit for visit in wanted if visit not in as_before),
            {visit: list(several) for visit, several in self.of_visits.items()},
        )
        for day, several in self.days.items():
            for one in several:
                if one.visit in wanted:
                    found.of_visit.setdefault(one.visit, []).append(one)
            if not as_before.is_busy(day):
                concerned = [one for one in several if one.settled] if busy.is_busy(day) else several
                found.of_number.setdefault(day[0], []).extend(concerned)
        return found


def _all(found: Mapping[Visit, Sequence[Sharing]] | Mapping[Day, Sequence[Sharing]]) -> Iterable[Sharing]:
    return (one for several in found.values() for one in several)


@frozen
class Affected:
    """What may have to be decided otherwise for a change of some visits."""

    #: The changed visits that have to do with others of their day.
    quiet: frozenset[Visit]
    #: All appointments of the changed visits, by visit.
    of_visit: dict[Visit, list[Sharing]]
    #: The appointments that have to do with others of their day, by number.
    of_number: dict[str, list[Sharing]] = field(factory=dict, repr=False)

    def by(self, visits: Collection[Visit]) -> list[Sharing]:
        """Return those that are affected by a change of some of the visits."""
        found = [one for visit in visits for one in self.of_visit.get(visit, ())]
        if quiet := self.quiet.intersection(visits):
            near, numbers = Nearby(quiet), {number for number, _ in quiet}
            found += [one for number in numbers for one in self.of_number.get(number, ()) if one.visit in near]
        return found


def groups_of(
    reader: Reader, rows: Collection[int], visits: Mapping[int, Sequence[Visit]], settings: Settings
) -> list[frozenset[int]]:
    """Return, for each of some recorded appointments, the rows of all that are decided with it, its own among them.

    `visits` are, by row, the numbers and starts that they are for, and were for until they are worked on.
    """
    wanted = {visit for of_row in visits.values() for visit in of_row}
    around = Sharers(reader, settings).around(wanted)
    busy = BusyDays(around.calendar, around.standing())
    affected = around.affected(wanted, busy, around.identities(frozenset(rows)))
    return [frozenset({row, *(one.row for one in affected.by(visits.get(row, ())))}) for row in rows]
