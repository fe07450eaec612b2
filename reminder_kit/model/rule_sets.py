"""Rule sets: by which rules a ledger is worked, and what a configuration with other ones may do there.

Pure: `now` is an argument. Never decides about a reminder. A set is known by what decides which messages are parked:
the rules, the words' defaults (zone, language, business days), quiet hours, and whom messages come from. What says only
how a provider is reached, how far ahead it takes messages, or how fast, is no part of it.

    serves      the ledger remembers this very set, and the run works as it always did
    takes over  the set is new here (an edit, a deploy), or the recorded one has rested long enough: it is recorded
    yields      another set is at work: what is parked stays, only what is new or due is worked on
    refused     a run over the whole ledger whose set would withdraw everything: it has no rules, or none that are known
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

__all__ = ["OTHERS", "Bid", "RuleSet", "RuleSetRecord", "Standing", "noted", "rests_at", "serving", "working"]

OTHERS = "other rules"
"""What the ledger notes, in the place of a digest, of an appointment that was worked on by a set that yields."""

_PATIENCE = timedelta(minutes=10)
"""How long a recorded set must rest until one that it replaced takes over again."""
_NOTED_AGAIN = timedelta(minutes=1)
"""After how long it is written down again that a set is worked with: not in every run."""


class Standing(StrEnum):
    """What a run may do with its rule set."""

    #: The recorded set is its own.
    SERVES = "serves"
    #: Its set takes the place of the recorded one.
    TAKES_OVER = "takes over"
    #: It leaves what is parked, and works on what is new or due.
    YIELDS = "yields"
    #: It is refused unless it is forced.
    REFUSED = "refused"


@frozen
class RuleSet:
    """The rules of one configuration."""

    #: What tells it from others, 32 hex digits.
    digest: str
    #: Each rule's id with its version, sorted.
    rules: tuple[tuple[str, str], ...] = ()
    #: Whether calendars' own alarms are reminders of it.
    alarms: bool = False

    @property
    def name(self) -> str:
        """Its first 8 hex digits, by which people are told of it."""
        return self.digest[:8]

    @property
    def ids(self) -> frozenset[str]:
        """The ids of its rules."""
        return frozenset(rule for rule, _ in self.rules) | (frozenset({"alarm"}) if self.alarms else frozenset())

    def shares(self, other: RuleSet) -> bool:
        """Say whether the two sets have any rule's id in common; where the other has none, anything may follow."""
        return not self.ids.isdisjoint(other.ids) or not other.ids

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(f'{rule} {version}' for rule, version in self.rules) or 'no rules'})"


@frozen
class RuleSetRecord:
    """What the ledger remembers of a rule set. Instants are UTC."""

    #: The set.
    rules: RuleSet
    #: Whether it is the one that the ledger is worked by; of all sets one is.
    serves: bool
    #: Since when it is (or was) that one.
    since: datetime
    #: When it was last worked with, to the minute.
    worked_at: datetime
    #: When a run with it last yielded to another one, to the minute; None: none did since it took over.
    yielded_at: datetime | None = field(default=None)


def serving(records: Sequence[RuleSetRecord]) -> RuleSetRecord | None:
    """Return the recorded set that a ledger is worked by; None: none is recorded yet."""
    return next((record for record in records if record.serves), None)


@frozen
class Bid:
    """What a run asks for: to work on a ledger by its own rules."""

    #: Its set.
    own: RuleSet
    #: Whether it may take over at all: withdrawing or suppressing somebody is no reason to.
    takes: bool = True
    #: Whether it is over the whole ledger: only such a run is refused, and only it takes over from a set that replaced
    #: its own.
    whole: bool = False
    #: Whether a person said that it is to take over.
    forced: bool = False

    def standing(self, records: Sequence[RuleSetRecord], now: datetime) -> Standing:
        """Return what the run may do at `now`, where these sets are recorded."""
        current = serving(records)
        if current is not None and current.rules.digest == self.own.digest:
            return Standing.SERVES
        if self.forced and self.takes:
            return Standing.TAKES_OVER
        if not self.own.ids or (current is not None and not self.own.shares(current.rules)):
            return Standing.REFUSED if self.whole else Standing.YIELDS
        if not self.takes:
            return Standing.SERVES if current is None else Standing.YIELDS
        if current is None or not any(record.rules.digest == self.own.digest for record in records):
            return Standing.TAKES_OVER
        return Standing.TAKES_OVER if self.whole and now >= rests_at(current) else Standing.YIELDS

    def refusal(self, records: Sequence[RuleSetRecord]) -> str:
        """Return in words why the run is refused, and what to do."""
        current = serving(records)
        served = f"; the ledger serves {current.rules}" if current is not None and current.rules.ids else ""
        own = f"none of this configuration's rules ({', '.join(sorted(self.own.ids))}) is known to the ledger"
        what = own if self.own.ids else "this configuration has no rules"
        return (
            f"{what}{served}: what other rules parked would be withdrawn, and nothing was changed. Use the app's own "
            "configuration, or its kit (--app package.module:kit), give a second one that is meant a `namespace`, or "
            "force it (--force)"
        )


def noted(own: RuleSet, records: Sequence[RuleSetRecord], now: datetime, found: Standing) -> list[RuleSetRecord]:
    """Return the records that a run writes which stands so; empty: all is noted already."""
    known = next((record for record in records if record.rules.digest == own.digest), None)
    if found is Standing.TAKES_OVER:
        others = [
            RuleSetRecord(record.rules, serves=False, since=record.since, worked_at=record.worked_at)
            for record in records
            if record.serves
        ]
        return [*others, RuleSetRecord(own, serves=True, since=now, worked_at=now)]
    if known is None:
        return []
    if found is Standing.SERVES and _is_stale(known.worked_at, now):
        return [RuleSetRecord(own, known.serves, known.since, worked_at=now)]
    if found is Standing.YIELDS and (known.yielded_at is None or _is_stale(known.yielded_at, now)):
        return [RuleSetRecord(own, known.serves, known.since, known.worked_at, yielded_at=now)]
    return []


def _is_stale(at: datetime, now: datetime) -> bool:
    return abs(now - at) >= _NOTED_AGAIN


def working(records: Sequence[RuleSetRecord], now: datetime) -> list[RuleSetRecord]:
    """Return the sets that yielded to the recorded one a short time ago: their workers are still about."""
    return [
        record
        for record in records
        if not record.serves and record.yielded_at is not None and now - record.yielded_at < _PATIENCE
    ]


def rests_at(record: RuleSetRecord) -> datetime:
    """Return when (UTC) a set has rested long enough, if nobody works with it any more."""
    return record.worked_at + _PATIENCE
