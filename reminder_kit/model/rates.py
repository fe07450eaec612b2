"""Rates: which places in the rate of a provider's account are taken, by whichever process.

Pure: no clock, no I/O. Never knows who has a place. Instants are microseconds of one clock, whichever that is.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

from attrs import frozen

__all__ = ["HEADROOM", "HORIZON", "Granted", "RateBook", "Wanted"]

SECOND = 1_000_000

HEADROOM = 1.06
"""How much longer than its span the places of one span take: some requests are longer on their way than others, and a
provider that counts strictly would refuse what came too near to what was late."""

HORIZON = SECOND
"""How far ahead places are given away: what a process that is killed had is lost for no longer."""

_LONGEST_HOLD = 60 * SECOND
"""For how long the provider's word that it is too much is believed, whatever a clock that was set back says since."""

_SOONEST = SECOND // 50
"""How soon the next places are asked for, at the soonest, where none is to be had."""


@frozen
class Wanted:
    """What one process asks for."""

    #: How many places, at the most.
    count: int
    #: How many requests a second the account may make.
    per_second: float
    #: The instant by the process' own clock, which only the processes of one machine share.
    now: int
    #: For how long, from now on, the provider wants to be left alone.
    held: int = 0
    #: Places that were given to this process before, and that it did not use: they are free again.
    unused: tuple[int, ...] = ()


@frozen
class Granted:
    """What it gets."""

    #: The instant by the clock that the places are of.
    now: int
    #: Their instants, none of which has passed.
    places: tuple[int, ...]
    #: When it is worth asking again, where there are none.
    again_at: int


@frozen
class RateBook:
    """The places that are taken, and what is known of the rest."""

    #: The instants of those that may still matter, in order.
    taken: tuple[int, ...] = ()
    #: When the next one would be due, if all were evenly spaced.
    due: int = 0
    #: Until when the provider wants to be left alone; 0: it does not.
    until: int = 0

    @classmethod
    def of(cls, steps: tuple[int, ...], due: int, until: int) -> RateBook:
        """Return a book that was kept: `steps` are those of `as_steps`."""
        return cls(tuple(accumulate(steps)), due, until)

    @property
    def as_steps(self) -> tuple[int, ...]:
        """The first instant, and how far each further one is from the one before: shorter to write down."""
        return (*self.taken[:1], *(after - before for before, after in pairwise(self.taken)))

    def granting(self, wanted: Wanted, now: int) -> tuple[RateBook, Granted]:
        """Return the book once somebody was given places at `now`, and what they are.

        In any span of a second no more are given than the rate has (at less than one a second: one in each of its
        spans), with some headroom; what was given back is caught up, at one and a half times the frequency, and a pause
        is not. Entries further ahead than any that are given are of a clock that was set back.
        """
        most = max(1, int(wanted.per_second))
        span = round(most / wanted.per_second * HEADROOM * SECOND)
        gap = span // most
        held = now + wanted.held if wanted.held > 0 else 0
        until = max(min(self.until, now + _LONGEST_HOLD) if self.until > now else 0, held)
        free = {*self.taken} & {*wanted.unused}
        taken = [at for at in self.taken if now - span < at <= now + 2 * HORIZON and at not in free]
        due = max(min(self.due, now + HORIZON + gap) - gap * len(free), now, until)
        given = list[int]()
        while True:
            at = max(due, taken[-1] + 2 * gap // 3 if taken else 0)
            if len(taken) >= most:
                at = max(at, taken[-most] + span)
            if at > now + HORIZON or len(given) >= wanted.count:
                break
            taken.append(at)
            given.append(at)
            due += gap
        again_at = max(at - HORIZON, now + _SOONEST)
        return RateBook(tuple(taken), due, until), Granted(now, tuple(given), again_at)
