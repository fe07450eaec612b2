"""The health of the job as a value: its runs, what went out on which day, what each rule comes to, what stands open.

Never decides or writes anything. What must be counted over all messages of a time is counted once a minute at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from reminder_kit.kit.looking import day_around
from reminder_kit.model.records import RECENT
from reminder_kit.text.sms import sms_parts

if TYPE_CHECKING:
    from reminder_kit.ledger.reader import Reader
    from reminder_kit.planning.forecast import Prices

__all__ = ["AHEAD", "BACK", "DayCount", "Health", "RuleCount", "health"]

BACK, AHEAD = 14, 5
"""Days that are shown: so many back, and so many ahead."""
_SAMPLE = 500
"""Messages whose length says what the others come to."""
_WENT = ("sent", "delivered", "undelivered", "too_late")
_TO_COME = ("creating", "scheduled", "cancelling")


@frozen
class DayCount:
    """What went out on one day, or is to."""

    day: date
    sent: int = 0
    delivered: int = 0
    undelivered: int = 0
    to_come: int = 0


@frozen
class RuleCount:
    """What one rule came to, over the days that are shown."""

    rule: str
    went: int = 0
    delivered: int = 0
    undelivered: int = 0
    #: Appointments to which the person replied with a keyword of the host's.
    replied: int = 0
    #: SMS parts of what went out, and their price, as far as both are known.
    parts: int = 0
    price: float | None = None

    @property
    def delivery_rate(self) -> float | None:
        """Of those of which it is known whether they arrived, the part that did; None: of none it is."""
        known = self.delivered + self.undelivered
        return self.delivered / known if known else None

    @property
    def reply_rate(self) -> float | None:
        """Of what went out, the part that was replied to with a keyword; None: nothing went out."""
        return self.replied / self.went if self.went else None


@frozen
class Health:
    """What an operator wants to know."""

    #: The latest runs of the batch job, the last first: instant as text, job, seconds, counts.
    runs: tuple[Mapping[str, Any], ...] = ()
    days: tuple[DayCount, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    #: How many messages are parked, and how many the provider keeps at most; None: any number.
    parked: int = 0
    cap: int | None = None
    #: For which causes the provider refuses messages, in words.
    refusals: tuple[str, ...] = field(default=(), repr=False)


def health(reader: Reader, now: datetime, timezone: str | None, cap: int | None, prices: Prices | None) -> Health:
    """Return the health as of `now`, by the days of a zone (None: UTC)."""
    days, rules = [], dict[str, dict[str, int]]()
    today, _ = day_around(now, timezone)
    for place in range(-BACK, AHEAD + 1):
        since, until = day_around(today + timedelta(days=place, hours=12), timezone)
        counted = reader.looks.counted(since, until)
        days.append(_day(since, timezone, counted))
        for rule, states in counted.items():
            known = rules.setdefault(rule, {})
            for state, count in states.items():
                known[state] = known.get(state, 0) + count
    first, last = today - timedelta(days=BACK), now
    replied = reader.looks.counted_keywords(first, last)
    known_runs = reader.last_run(RECENT)
    return Health(
        tuple(reversed(known_runs[1]["runs"])) if known_runs else (),
        tuple(days),
        _rules(rules, replied, _lengths(reader, first, last), prices),
        reader.parked(),
        cap,
        tuple(blocker.error for blocker in reader.blockers()),
    )


def _day(since: datetime, timezone: str | None, counted: Mapping[str, Mapping[str, int]]) -> DayCount:
    from reminder_kit.model.instants import zone

    def total(*states: str) -> int:
        return sum(by_state.get(state, 0) for by_state in counted.values() for state in states)

    local = since.astimezone(zone(timezone or "UTC")).date()
    return DayCount(local, total(*_WENT), total("delivered"), total("undelivered"), total(*_TO_COME))


def _lengths(reader: Reader, since: datetime, until: datetime) -> dict[str, float]:
    """Return how many SMS parts a message of each rule has, by the latest ones."""
    found: dict[str, list[int]] = {}
    for told in reader.looks.told(since, until, most=_SAMPLE):
        if told.message.draft.channel == "sms" and told.message.draft.text:
            found.setdefault(told.rule, []).append(sms_parts(told.message.draft.text).parts)
    return {rule: sum(parts) / len(parts) for rule, parts in found.items()}


def _rules(
    counted: Mapping[str, Mapping[str, int]],
    replied: Mapping[str, int],
    lengths: Mapping[str, float],
    prices: Prices | None,
) -> tuple[RuleCount, ...]:
    found: list[RuleCount] = []
    for rule, states in sorted(counted.items()):
        went = sum(states.get(state, 0) for state in _WENT)
        parts = round(went * lengths.get(rule, 0.0))
        price = None if prices is None or prices.part is None else float(prices.part) * parts
        arrived, not_arrived = states.get("delivered", 0), states.get("undelivered", 0)
        found.append(RuleCount(rule, went, arrived, not_arrived, replied.get(rule, 0), parts, price))
    return tuple(found)
