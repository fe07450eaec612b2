"""As of when a host's snapshot speaks: what is recorded later is newer than it, whatever it says.

Pure: no clock, no I/O. Never decides what is done about it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from attrs import field, frozen

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import iso, utc

__all__ = ["AsOf", "Written"]

_CLOCKS_APART = timedelta(seconds=5)
"""By how much the clocks of two machines may differ: what was recorded so shortly before an instant may be later."""
_AHEAD = timedelta(minutes=30)
"""By how much what is recorded while a run lasts may lie beyond its beginning: more was a clock that was ahead."""
_TICK = timedelta(microseconds=1)
_FAR = datetime.max.replace(tzinfo=UTC)


class Written(NamedTuple):
    """What the ledger held of an appointment: it differs from what it holds later exactly if that was written anew."""

    #: Which appointment: source, id, recurrence id.
    identity: tuple[str, str, str]
    #: The digest of its snapshot.
    fingerprint: str
    #: Whether it was removed.
    removed: bool
    #: When it was written, UTC, by the clock of whoever wrote.
    recorded_at: datetime


@frozen
class AsOf:
    """Which part of what is recorded a snapshot speaks for: nothing newer is overwritten or withdrawn by it."""

    #: Whoever writes leaves alone what was recorded later than this, UTC.
    at: datetime
    #: What was recorded later than this, UTC, is newer, unless it is known.
    since: datetime
    #: What was recorded since then, and stood in the ledger before the snapshot was taken, whatever clocks say.
    known: Collection[Written] = field(default=frozenset(), repr=False)
    #: What was recorded later than this, UTC, has its instant from a clock that was ahead: it says nothing.
    until: datetime = _FAR

    @classmethod
    def told(cls, as_of: datetime, now: datetime) -> AsOf:
        """Return what a snapshot speaks for that a host says was taken at `as_of`; `now` is UTC.

        What was recorded up to 5 seconds before counts as newer, since another machine's clock may be behind. Raises
        `NaiveDatetimeError` where it has no zone, `InvalidInputError` where it is no instant, or later than `now`.
        """
        if not isinstance(as_of, datetime):
            raise InvalidInputError(f"as_of is an aware datetime, not {type(as_of).__name__}: {_REMEDY}")
        taken_at = utc(as_of, "as_of")
        if taken_at > now:
            raise InvalidInputError(f"as_of is {iso(taken_at)}, later than the kit's clock ({iso(now)}): {_REMEDY}")
        before = cls.before(taken_at)
        return cls(at=before, since=before, until=cls.latest(now))

    @classmethod
    def drawn(cls, began: datetime, known: Collection[Written] | None = None) -> AsOf:
        """Return what rows speak for that the kit began to draw at that instant, UTC.

        `known` is what the ledger held just before, of what was recorded since `before(began)`; None: that was not
        asked, and clocks decide.
        """
        if known is None:
            return cls(at=began, since=began, until=cls.latest(began))
        instants = (written.recorded_at for written in known if written.recorded_at <= cls.latest(began))
        return cls(max([began, *instants]), cls.before(began), known)

    @staticmethod
    def before(instant: datetime) -> datetime:
        """Return the last instant of which all clocks say that it is before another one."""
        return instant - _CLOCKS_APART - _TICK

    @staticmethod
    def latest(now: datetime) -> datetime:
        """Return the last instant that can be of a clock that is right, `now` and while a run lasts that begins."""
        return now + _AHEAD

    @classmethod
    def believed(cls, newest: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
        """Return the newest complete snapshots, by source, that no clock noted which was ahead of `now`, UTC."""
        return {source: at for source, at in newest.items() if at <= cls.latest(now)}

    @classmethod
    def is_news(cls, recorded_at: datetime, at: datetime) -> bool:
        """Say whether it must be written down that what was recorded was handed in again `at`, as it is.

        A snapshot taken up to 5 seconds after it was recorded leaves it alone in any case.
        """
        return recorded_at <= cls.before(at)

    @classmethod
    def is_overtaken(cls, at: datetime, newest: datetime | None) -> bool:
        """Say whether what a snapshot says up to `at` is surely older than the `newest` complete one; None: none was.

        Both clocks may be off, so that of two within ten seconds nobody can say which is the newer.
        """
        return newest is not None and at < cls.before(cls.before(newest))

    def is_newer(self, written: Written) -> bool:
        """Say whether what is recorded came after the snapshot, so that this says nothing of it."""
        return self.since < written.recorded_at <= self.until and written not in self.known


_REMEDY = "hand in the kit's own instant, `kit.now()`, asked before the rows were read"
