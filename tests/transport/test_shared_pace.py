"""A rate that processes share: places are taken in blocks, used at their moment, and given back where nobody can."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import Future
from contextvars import copy_context
from itertools import pairwise
from weakref import ref

import pytest

from reminder_kit.model.rates import SECOND, Granted, RateBook
from reminder_kit.ports import Response
from reminder_kit.transport import SharedPace, run_blocking
from reminder_kit.transport.arrivals import Arrivals

REFUSED = Response(429, {}, b"")


class World:
    """A clock that waits move, and a book of places that processes share."""

    def __init__(self):
        self.now = 1000.0
        self.book = RateBook()
        self.wishes = []
        self.waits = []
        self.granted = []

    def clock(self):
        return self.now

    def grant(self, wanted):
        self.wishes.append(wanted)
        self.book, granted = self.book.granting(wanted, wanted.now)
        self.granted += granted.places
        found = Future()
        found.set_result(granted)
        return found

    async def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    async def result(self, future):
        return future.result(timeout=1)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def pace(world):
    return SharedPace("50/s", world.grant, clock=world.clock)


def sends(pace, world, count, commit=0.0):
    """Go through turns, commits and requests; returns when each request left."""
    left = []
    for _ in range(count):
        run_blocking(pace.turn(world))
        world.now += commit
        run_blocking(pace.leave(world))
        left.append(world.now)
    return left


def test_blocks_grow_as_long_as_all_of_them_is_used(pace, world):
    """One place first: who has one message to send takes nothing from others; a quarter of a second's at the most."""
    sends(pace, world, 60)
    assert [wish.count for wish in world.wishes][:6] == [1, 2, 4, 8, 12, 12]


def test_requests_leave_at_their_places_whatever_the_commit_between_takes(pace, world):
    """The turn ends earlier by what a commit took lately: from the second on, requests are as even as places are."""
    left = sends(pace, world, 40, commit=0.015)
    gaps = {round(after - before, 4) for before, after in pairwise(left[20:])}
    assert gaps == {0.0212}


def test_who_missed_a_place_takes_the_next_one_and_gives_it_back(pace, world):
    """No two leave together since their commits ended together."""
    sends(pace, world, 8)
    run_blocking(pace.turn(world))
    world.now += 0.2
    run_blocking(pace.leave(world))
    assert min(abs(at / SECOND - world.now) for at in world.granted) < 0.001
    sends(pace, world, 20)
    assert any(wish.unused for wish in world.wishes)


def test_places_that_a_pause_passed_over_are_given_back(pace, world):
    """By name, with the next wish, which begins small again."""
    sends(pace, world, 16)
    world.now += 5
    sends(pace, world, 1)
    assert world.wishes[-1].count == 1
    assert len(world.wishes[-1].unused) == 11


def test_who_is_refused_holds_everybody_back_a_moment(pace, world):
    """Who keeps to the rate is refused for a request that was late: for a quarter of a second, twice as long again."""
    pace.learn(REFUSED)
    pace.learn(REFUSED)  # left before it was known
    assert pace.held() == 0.25
    sends(pace, world, 1)
    assert world.wishes[0].held == 250_000
    pace.learn(REFUSED)
    assert pace.held() == 0.5


def test_where_no_places_can_be_taken_the_process_keeps_to_the_rate_by_itself(world, caplog):
    """And tries again after a second, after two more, and so on; once there are some, it is as before."""
    failing, is_away = [], [True]

    def grant(wanted):
        if is_away[0]:
            failing.append(world.now)
            raise OSError("the database is away")
        return world.grant(wanted)

    pace = SharedPace("10/s", grant, clock=world.clock)
    left = sends(pace, world, 40)
    assert left[-1] - left[0] == pytest.approx(39 * 0.106)
    assert [round(after - before) for before, after in pairwise(failing)] == [1, 2]
    is_away[0] = False
    sends(pace, world, 60)
    assert world.wishes
    is_away[0] = True
    sends(pace, world, 30)
    assert round(failing[-1] - failing[-2]) == 1
    assert "keeps by itself now: the database is away" in caplog.text


def test_where_there_are_none_yet_who_waits_looks_again(world):
    """Nothing is taken for later than a second ahead: at one a minute the second one asks for a minute."""
    pace = SharedPace("1/min", world.grant, clock=world.clock)
    left = sends(pace, world, 2)
    assert left[1] - left[0] == pytest.approx(63.6)
    assert [wish.count for wish in world.wishes] == [1, 1, 1]


def test_a_request_of_no_turn_waits_for_nothing(pace, world):
    """Whoever sends without a place, as a test of an adapter does, is not paced."""
    run_blocking(pace.leave(world))
    assert (world.waits, world.wishes) == ([], [])


def test_a_thread_keeps_nothing_of_a_pace_that_nobody_holds(world):
    """A web worker makes a kit for each request: none of them stays behind in the thread that served it."""
    before, gone = len(copy_context()), []
    for rate in (None, "50/s") * 3:
        pace = SharedPace(rate, world.grant, clock=world.clock)
        sends(pace, world, 1)
        run_blocking(pace.turn(world))  # and no request: it was cancelled meanwhile
        gone.append(ref(pace))
    del pace
    gc.collect()
    assert [one() for one in gone] == [None] * 6
    assert len(copy_context()) <= before + 1


def test_a_place_is_of_the_pace_that_gave_it(pace, world):
    """A request by another account waits for nothing that was got for the first one."""
    other = SharedPace("1/min", world.grant, clock=world.clock)
    run_blocking(pace.turn(world))
    world.now += 1.0  # missed: its own pace would look for another place
    asked = len(world.wishes)
    run_blocking(other.leave(world))
    assert len(world.wishes) == asked


def test_a_task_that_is_cancelled_while_it_waits_takes_nothing_from_others(world):
    """Of two tasks that wait for one block, the other one goes on."""
    asked, held = [], Future()

    def grant(wanted):
        asked.append(wanted)
        return held

    pace = SharedPace("50/s", grant, clock=world.clock)

    class Loop(World):
        async def result(self, future):
            return await Arrivals(asyncio.get_running_loop()).result(future)

    async def main():
        waiting = [asyncio.create_task(pace.turn(Loop())) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        held.set_result(Granted(0, (0, 20_000), 0))
        await asyncio.wait(waiting)
        return [task.cancelled() for task in waiting]

    assert asyncio.run(main()) == [True, False]
    assert len(asked) == 1


def test_a_forked_process_has_no_places_of_its_parent(pace, world):
    """Else both would use them."""
    sends(pace, world, 8)
    pace.after_fork_in_child()
    assert not pace._places
    sends(pace, world, 1)
    assert world.wishes[-1].unused == ()
