"""What the two faces do beside sending: calls, waits, jobs at once, and how long a whole answer may take."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

import httpx
import pytest

from reminder_kit import transport
from reminder_kit.ports import NoAnswerError, Request
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO, run_blocking
from reminder_kit.transport.pace import Pace
from tests.factories import SENDER

GET = Request("GET", "/messages/7")
TOO_SLOW = "telnyx at 127.0.0.1:9: the answer is too long or too slow; it may have been done"


def telnyx():
    return Telnyx("KEY", SENDER, base_url="http://127.0.0.1:9/v2")


def done(value):
    found = Future()
    found.set_result(value)
    return found


def test_the_blocking_face_does_all_in_its_own_thread():
    """Calls, waits and results; each is what was given."""
    waited = []
    io = BlockingIO(telnyx(), sleep=waited.append)
    assert run_blocking(io.call(lambda *given: (given, threading.get_ident()), 1, 2)) == ((1, 2), threading.get_ident())
    assert run_blocking(io.result(done(7))) == 7
    run_blocking(io.sleep(1.5))
    assert waited == [1.5]


def test_the_async_face_calls_in_another_thread():
    """So that the loop goes on."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    async def story():
        io = AsyncIO(telnyx(), sleep=sleep)
        await io.sleep(1.5)
        given, thread = await io.call(lambda *given: (given, threading.get_ident()), 1, 2)
        return given, thread != threading.get_ident(), await io.result(done(7))

    assert asyncio.run(story()) == ((1, 2), True, 7)
    assert waited == [1.5]


def test_a_pace_that_is_given_is_shared():
    """In either face; without one each has its own."""
    pace = Pace()
    for kind in (BlockingIO, AsyncIO):
        assert kind(telnyx(), pace=pace).pace is pace
        assert kind(telnyx()).pace is not kind(telnyx()).pace


@pytest.mark.parametrize(("concurrency", "jobs", "most"), [(1, 3, 1), (2, 3, 2), (4, 3, 3), (4, 1, 1), (3, 0, 0)])
def test_so_many_jobs_are_carried_out_at_once(concurrency, jobs, most):
    """In threads of their own where there are several; in their order, whenever each ends."""
    meet, names = threading.Barrier(most or 1), []

    async def job(number):
        if number < most:
            meet.wait(5)
        names.append(threading.current_thread().name)
        return number

    io = BlockingIO(telnyx(), concurrency)
    assert run_blocking(io.gather([lambda number=number: job(number) for number in range(jobs)])) == list(range(jobs))
    assert len(names) == jobs
    own = threading.current_thread().name
    assert all((name == own) if most <= 1 else name.startswith("reminder-kit") for name in names)


@pytest.mark.parametrize(("concurrency", "jobs", "most"), [(1, 3, 1), (2, 5, 2), (4, 3, 3), (3, 0, 0)])
def test_so_many_tasks_are_under_way_at_once(concurrency, jobs, most):
    """The next job begins as one ends."""
    under_way, seen = [], [0]

    async def job(number):
        under_way.append(number)
        seen.append(len(under_way))
        for _ in range(3):
            await asyncio.sleep(0)
        under_way.remove(number)
        return number

    async def story():
        io = AsyncIO(telnyx(), concurrency)
        return await io.gather([lambda number=number: job(number) for number in range(jobs)])

    assert asyncio.run(story()) == list(range(jobs))
    assert max(seen) == most


class Pieces(httpx.SyncByteStream):
    """A body whose second piece comes at a time of a clock."""

    def __init__(self, clock, at):
        self.clock, self.at = clock, at

    def __iter__(self):
        yield b"{"
        self.clock[0] = self.at
        yield b"}"


@pytest.mark.parametrize(("at", "is_whole"), [(105.0, True), (105.001, False)])
def test_a_whole_answer_may_take_as_long_as_a_step(monkeypatch, at, is_whole):
    """Of the blocking face; a moment longer is too slow."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    handler = httpx.MockTransport(lambda _: httpx.Response(200, stream=Pieces(clock, at)))
    io = BlockingIO(telnyx(), timeout=5.0, transport=handler, pace=Pace(clock=lambda: 0.0))
    if is_whole:
        assert run_blocking(io.send(GET)).body == b"{}"
        return
    with pytest.raises(NoAnswerError) as caught:
        run_blocking(io.send(GET))
    assert str(caught.value) == TOO_SLOW


def test_an_exchange_of_the_async_face_may_take_twice_as_long(monkeypatch):
    """From its first byte to its last; then it is too slow."""
    real, asked = asyncio.timeout, []

    def timeout(seconds):
        asked.append(seconds)
        return real(0.01)

    async def handler(_request):
        await asyncio.sleep(30)

    async def story():
        return await AsyncIO(telnyx(), timeout=7.0, transport=httpx.MockTransport(handler)).send(GET)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(story())
    assert str(caught.value) == TOO_SLOW
    assert asked == [14.0]


def test_a_coroutine_that_suspends_is_closed_and_told():
    """With what to do about it."""

    class Never:
        def __await__(self):
            yield

    async def waits():
        await Never()

    with pytest.raises(RuntimeError) as caught:
        run_blocking(waits())
    assert str(caught.value) == "the coroutine waits for an event loop: give it a blocking IO, or await it"


def test_the_async_face_is_loaded_when_it_is_asked_for():
    """And no other name is."""
    assert transport.AsyncIO is AsyncIO
    with pytest.raises(AttributeError, match=r"^module 'reminder_kit\.transport' has no attribute 'SyncIO'$"):
        transport.SyncIO  # noqa: B018 - what is not there


def test_each_loop_waits_for_places_of_its_own():
    """One face may be used in one loop after another, also where requests wait for each other."""

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _request):
            await asyncio.sleep(0)
            return httpx.Response(200)

    io = AsyncIO(telnyx(), 1, transport=Slow())

    async def story():
        return [answer.status for answer in await asyncio.gather(*(io.send(GET) for _ in range(3)))]

    assert [asyncio.run(story()) for _ in range(2)] == [[200] * 3] * 2
