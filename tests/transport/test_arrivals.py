"""Facts about results that come from other threads: all of them arrive, and those that come together wake once."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport.arrivals import Arrivals
from reminder_kit.transport.asynchronous import AsyncIO


@pytest.fixture
def io():
    return AsyncIO(Telnyx("KEY", "+12025550100"))


def test_results_and_errors_arrive_from_another_thread(io):
    """Also those that were there before anybody asked."""

    def broken():
        raise KeyError("x")

    async def story(pool):
        early = pool.submit(int, "7")
        early.result()
        with pytest.raises(KeyError):
            await io.result(pool.submit(broken))
        return await asyncio.gather(io.result(early), *(io.result(pool.submit(int, n)) for n in range(50)))

    with ThreadPoolExecutor(4) as pool:
        assert asyncio.run(story(pool)) == [7, *range(50)]
        assert asyncio.run(story(pool)) == [7, *range(50)]  # in another loop, too


def test_what_comes_together_wakes_the_loop_once():
    """A hundred futures of one commit are one waking, and the next one is told again."""

    async def story():
        loop, woken = asyncio.get_running_loop(), []
        arrivals = Arrivals(loop)
        told = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *given: woken.append(told(*given))
        for _ in range(2):
            futures = [Future() for _ in range(100)]
            waiting = [asyncio.ensure_future(arrivals.result(future)) for future in futures]
            await asyncio.sleep(0)
            for number, future in enumerate(futures):
                future.set_result(number)
            assert await asyncio.gather(*waiting) == list(range(100))
        return len(woken)

    assert asyncio.run(story()) == 2


def test_who_is_cancelled_waits_no_more(io):
    """What was not begun is cancelled with it; a result that comes all the same disturbs nobody."""
    begun, waits = Future(), Future()
    begun.set_running_or_notify_cancel()

    async def story():
        tasks = [asyncio.create_task(io.result(future)) for future in (begun, waits)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        begun.set_result(1)
        await asyncio.sleep(0)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(story()) == [True, True]
    assert waits.cancelled()


def test_a_loop_that_ended_is_told_nothing(io):
    """A commit that ends after its loop did is done all the same."""
    late = Future()

    async def story():
        task = asyncio.create_task(io.result(late))
        await asyncio.sleep(0)
        return task

    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(story())
    loop.close()
    late.set_result(1)
    assert not task.done()
    task._log_destroy_pending = False
    task.get_coro().close()
