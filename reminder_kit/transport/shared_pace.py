"""The shared pace: a rate that holds across processes, and machines, whose places are taken in blocks somewhere else.

Never waits but by what `turn` and `leave` are given, and never says where places are: whoever makes one does. A block
that was taken for nothing, since its process was killed, is over by itself.

Between a place in the rate and its request an intent is committed, which takes some requests longer than others. So
`turn` ends as much before the place as that has taken lately, and `leave` waits for the place itself: what the provider
sees is as even as the places are.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import ContextVar
from math import inf
from weakref import ref

from attrs import evolve, frozen

from reminder_kit.logs import LOG
from reminder_kit.model.rates import SECOND, Granted, Wanted
from reminder_kit.ports import IO
from reminder_kit.transport.pace import Pace

__all__ = ["Granting", "SharedPace"]

Granting = Callable[[Wanted], "Future[Granted]"]
"""Takes places for a process; the future completes once nobody else can have them."""

_BLOCK = 0.25
"""For how many seconds' requests places are taken at once, at the most."""

_LATE = 0.010
"""Seconds after which a place that nobody used is given back, and another one is looked for."""

_LEAD = 0.25
"""How many seconds a turn may end before its place, at the most."""

_MOMENT = 0.001
"""Seconds after which it is looked again, at the soonest, whether there are places by now."""

_ALONE, _ALONE_AT_MOST = 1.0, 16.0
"""For how many seconds a process keeps to the rate by itself where no places can be taken: at first, and at the most.
Nobody knows how long it takes to find out that none can."""

_FORGETS = 0.97
"""What is left, with each request, of how long the slowest one took between its turn and its place."""


@frozen
class _Place:
    """A place in the rate."""

    #: By the process' own clock, in seconds.
    at: float
    #: Its name, where it was taken.
    name: int
    #: When the turn for it ended.
    since: float = 0.0


_MINE: ContextVar[tuple[Callable[[], object], _Place] | None] = ContextVar("reminder_kit_place", default=None)
"""The place of whoever asks, and of which pace: each thread, or task, has one of its own. One for all paces, since a
thread keeps what it was once told by a variable for as long as it runs."""


class SharedPace(Pace):
    """A pace whose places are those of an account, shared with all who take them from the same `granting`.

    The first block of a run is one place, each further one twice as many as long as all were used: a process that has
    little to send keeps nothing from others. Where `granting` fails, the process keeps to the rate by itself, for a
    second, and twice as long each time, up to 16, until it is granted again. The other arguments are those of `Pace`;
    without a rate it is one.
    """

    def keep_to(self, rates: Iterable[str | float]) -> None:
        """Space requests by the slowest of these rates from now on; none: by no rate.

        Who keeps to one is refused for a request that was late, if at all, and need not be held back for long.
        """
        super().keep_to(rates)
        self._first_hold, self._doubles_meanwhile = (0.25, False) if self._per_second else (1.0, True)

    def __init__(
        self,
        rate: str | float | None,
        granting: Granting,
        *,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(rate, longest=longest, clock=clock)
        self._granting = granting
        self._begin_anew()

    def _begin_anew(self) -> None:
        #: Those that nobody of this process has yet, in order, and the names of those that nobody wanted.
        self._places: deque[_Place] = deque()
        self._unused: list[int] = []
        self._waiters: list[Future[None]] = []
        self._is_asking = False
        self._again_at = 0.0
        self._block = 1
        self._lead = 0.0
        #: Until when the process keeps to the rate by itself, and for how long the next time.
        self._alone_until = 0.0
        self._alone_for = _ALONE

    def after_fork_in_child(self) -> None:
        """Leave places, and who waits for them, to the parent."""
        super().after_fork_in_child()
        self._begin_anew()

    async def turn(self, io: IO) -> None:
        """Wait until it is nearly time for a place; who was held back anew meanwhile waits for another one."""
        if not self._per_second:
            await super().turn(io)
            return
        mine = await self._place(io)
        _MINE.set(None if mine is None else (ref(self), mine))

    async def leave(self, io: IO) -> None:
        """Wait for the moment of the place that was got in `turn`; who missed it takes the next one, if it is near."""
        mine, latest = self._taken_out(), self._clock() + _LEAD
        while mine is not None and self._is_missed(mine):
            mine = await self._place(io, latest)
        if mine is not None and (wait := mine.at - self._clock()) > 0:
            await io.sleep(wait)

    def _taken_out(self) -> _Place | None:
        """Return the place that was got in `turn`, by which only one request leaves; None: there is none."""
        of, place = _MINE.get() or (None, None)
        if of is None or of() is not self:
            return None
        _MINE.set(None)
        return place

    async def _place(self, io: IO, latest: float = inf) -> _Place | None:
        """Return a place that is nearly there; None: there is none until `latest`."""
        while True:
            step = self._step()
            if isinstance(step, Future):
                await io.result(step)
                continue
            wait, place = step
            if self._clock() + wait > latest:
                with self._lock:
                    self._unused += [] if place is None else [place.name]
                return None
            if wait > 0:
                await io.sleep(wait if place is not None else max(wait, _MOMENT))
            if place is not None and not self.held():
                return evolve(place, since=self._clock())

    def _is_missed(self, mine: _Place) -> bool:
        """Say whether the moment of a place has passed, so that it is given back; learns how long its intent took."""
        with self._lock:
            now = self._clock()
            self._lead = max(self._lead * _FORGETS, min(now - mine.since, _LEAD))
            missed = now > mine.at + _LATE
            self._unused += [mine.name] if missed else []
        return missed

    def _step(self) -> tuple[float, _Place | None] | Future[None]:
        """Return how many seconds to wait, and the place that is had then; or what completes once there are more."""
        with self._lock:
            now = self._clock()
            self._give_up(now)
            if self._places:
                place = self._places.popleft()
                return place.at - self._lead - now, place
            if now < self._again_at:
                return self._again_at - now, None
            if now >= self._alone_until:
                waiter: Future[None] = Future()
                self._waiters.append(waiter)
                is_first, self._is_asking = not self._is_asking, True
        if now < self._alone_until:
            wait = self.reserve()
            return wait, _Place(now + wait, 0)
        if is_first:
            self._ask(now)
        return waiter

    def _give_up(self, now: float) -> None:
        """Give back the places that have passed, or come before everyone is to go on."""
        while self._places and self._places[0].at < max(now - _LATE, self._until):
            self._unused.append(self._places.popleft().name)
            self._block = 1

    def _ask(self, now: float) -> None:
        """Have places taken for all who wait by now."""
        with self._lock:
            most = max(1, int(self._per_second * _BLOCK))
            count = min(most, max(self._block, len(self._waiters)))
            unused, self._unused = tuple(self._unused), []
            held = round(max(0.0, self._until - now) * SECOND)
            wanted = Wanted(count, self._per_second, round(now * SECOND), held, unused)
            self._block = 2 * count
        try:
            asked = self._granting(wanted)
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, the process goes on by itself
            asked = Future()
            asked.set_exception(error)
        asked.add_done_callback(self._answered)

    def _answered(self, asked: Future[Granted]) -> None:
        """Note what was granted, in whichever thread that is told, and wake those who wait."""
        error = asked.exception()
        with self._lock:
            now = self._clock()
            if error is not None:
                self._alone_until = now + self._alone_for
                self._alone_for = min(2 * self._alone_for, _ALONE_AT_MOST)
            else:
                granted, self._alone_for = asked.result(), _ALONE
                self._places.extend(_Place(now + (at - granted.now) / SECOND, at) for at in granted.places)
                self._again_at = 0.0 if granted.places else now + (granted.again_at - granted.now) / SECOND
            waiters, self._waiters, self._is_asking = self._waiters, [], False
        if error is not None:
            LOG.warning("no place could be taken in the shared rate, which this process keeps by itself now: %s", error)
        for waiter in waiters:
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(None)
