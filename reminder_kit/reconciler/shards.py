"""Shards: the batch job in parts, which the workers of a fleet do at once, each of them reading its own part alone.

Reads one snapshot of the ledger, and never writes. Appointments that share a number are in one shard, since what is
said about one of them depends on the others. Nothing rests on that: leases keep two workers from one appointment, and
what is decided is decided again under the claim.

A plan of the whole is guarded: where much would be taken back at once, nobody is written to before a person has looked.
No shard can see that. So it is counted here, and more than may go at once is left to one worker, with its guard; so is
whatever holds for a run as a whole: which reminder tries a blocked account, who is first where there is no room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.rule_sets import Standing
from reminder_kit.reconciler.batches import batched
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.terms import terms_of

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.reconciler.planner import Planner

__all__ = ["Shards", "as_rows", "shards_of"]

_AT_ONCE = 100_000
"""How many appointments are spread at once; the next round has the rest. What a guard judges is all of it."""


@frozen
class Shards:
    """What a batch job has to do, in parts."""

    #: The appointments of each part, by the ledger's numbers of them, those with the soonest starts first; empty: there
    #: is nothing to do.
    parts: tuple[tuple[int, ...], ...] = ()
    #: Why it is to be done whole, by one worker, in words; "": it need not be.
    whole: str = ""

    @property
    def own(self) -> tuple[int, ...] | None:
        """The part of whoever asked, for `resync(shard=…)`; empty: there is none; None: it is to be done whole."""
        return None if self.whole else next(iter(self.parts), ())

    @property
    def others(self) -> tuple[tuple[int, ...], ...]:
        """The parts that are for others."""
        return self.parts[1:]

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def shards_of(planner: Planner, now: datetime, most: int) -> Shards:
    """Return the shards of a batch job at `now` (UTC), of at most so many appointments, or of one group with more.

    Raises `InvalidInputError` for what is no number of appointments.
    """
    if type(most) is not int or most < 1:
        raise InvalidInputError(f"a shard has one appointment at least, and {most!r} is no number of them")
    place = planner.ledger.place()

    def asked(reader: Reader) -> Shards:
        settings = planner.settings
        if planner.sources:
            return Shards(whole="calendars are read")
        terms = terms_of(reader, settings.rule_set, Scope("resync", sweep=True, rows=()), place, now)
        if terms.standing in (Standing.YIELDS, Standing.REFUSED) or terms.foreign or terms.restoration is not None:
            return Shards(whole="the ledger serves other rules, or was moved or restored")
        if reader.blockers():
            return Shards(whole="an account is blocked, and one reminder tries it")
        rows = reader.sweep.needing_a_look(now, settings.digest, waiting=True)
        if len(rows) <= most:
            return Shards((tuple(rows),) if rows else ())
        if why := _too_much(planner, reader, rows, now):
            return Shards(whole=why)
        return Shards(tuple(_packed(_groups(reader, rows[:_AT_ONCE]), most)))

    return planner.ledger.read(asked)


def as_rows(shard: Any) -> tuple[int, ...]:
    """Return a shard as the rows that it is; raises `InvalidInputError` for what is none: all of them, or a text."""
    try:
        rows = tuple(shard)
    except TypeError:
        rows = ("",)
    if isinstance(shard, str | bytes) or any(type(row) is not int for row in rows):
        raise InvalidInputError(
            "a shard is the numbers of some appointments, one of the parts that `shards` returns: resync(shard=part)"
        )
    return rows


def _too_much(planner: Planner, reader: Reader, rows: Sequence[int], now: datetime) -> str:
    """Return why a guard, or the provider's cap, may have to see all of it at once; "": it need not."""
    guard, settings, dirty = planner.guard, planner.settings, reader.sweep.dirty()
    if guard.max_changes is not None:
        return "max_changes counts all of a run"
    with_messages = reader.sweep.with_messages(rows, now)
    parked = reader.parked()
    if guard.is_too_much(sum(with_messages.values()), parked):
        return "much may be taken back or moved at once"
    if settings.cancellation.text and len(dirty & with_messages.keys()) > guard.max_cancellations:
        return "many may be told that their appointments are cancelled"
    if guard.is_too_much(len(dirty), parked) and guard.is_too_much(_told(reader, dirty), parked):
        return "much may be told already under another id"
    cap, wanted = planner.provider.capabilities.cap, len(rows[:_AT_ONCE]) * max(1, len(settings.rules))
    if cap is not None and reader.room(cap, wanted, settings.provider) < wanted:
        return "the provider may have no room for all"
    return ""


def _told(reader: Reader, rows: Iterable[int]) -> int:
    """Return how many numbers of these appointments are told something of their starts, under whichever id."""
    count = 0
    for batch in batched(sorted(rows)):
        pairs = {phone for phones in reader.phones(batch).values() for phone in phones}
        count += len(reader.twins(pairs))
    return count


@define
class _Sets:
    """Rows that belong together (a union-find: each knows another one of its set, or is its head)."""

    _heads: dict[int, int] = field(factory=dict)

    def head(self, row: int) -> int:
        while (above := self._heads.setdefault(row, row)) != row:
            self._heads[row] = self._heads.setdefault(above, above)  # the way is halved for the next one
            row = above
        return row

    def join(self, one: int, other: int) -> None:
        self._heads[self.head(one)] = self.head(other)


def _groups(reader: Reader, rows: Sequence[int]) -> list[list[int]]:
    """Return the rows in groups that share no number with each other, those with the soonest starts first."""
    sets, first, starts = _Sets(), dict[str, int](), dict[int, datetime]()
    for batch in batched(rows, 5_000):
        for row, phones in reader.phones(batch).items():
            starts[row] = min(start for _, start in phones)
            for number, _ in phones:
                sets.join(row, first.setdefault(number, row))
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(sets.head(row), []).append(row)
    return sorted(groups.values(), key=lambda group: _soonest(group, starts))


def _soonest(group: Sequence[int], starts: Mapping[int, datetime]) -> tuple[bool, datetime | None, int]:
    """Return what groups are sorted by; those without a number, of which nothing is sent, come last."""
    known = [starts[row] for row in group if row in starts]
    return (False, min(known), group[0]) if known else (True, None, group[0])


def _packed(groups: Iterable[Sequence[int]], most: int) -> Iterator[tuple[int, ...]]:
    """Yield groups together, in their order, as far as they are no more than `most` rows; a larger one by itself."""
    packed: list[int] = []
    for group in groups:
        if packed and len(packed) + len(group) > most:
            yield tuple(packed)
            packed = []
        packed += group
    if packed:
        yield tuple(packed)
