"""Facts about the transport: what was certainly not sent, what nobody knows, and who waits for whom."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from datetime import UTC, datetime

import httpx
import pytest

from reminder_kit.errors import ConfigurationError, InvalidInputError
from reminder_kit.model.rates import HEADROOM
from reminder_kit.ports import NoAnswerError, NotSentError, Request, Response
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Limit, Sandbox, SandboxTransport, serve
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO, run_blocking
from reminder_kit.transport.pace import Pace

GET = Request("GET", "/messages/7", headers={"accept": "application/json"})


def telnyx(base_url="http://127.0.0.1:9/v2"):
    return Telnyx(api_key="SECRET", from_="+12025550100", base_url=base_url)


def answering(handler, **options):
    return BlockingIO(telnyx(), transport=httpx.MockTransport(handler), **options)


def ok(_request):
    return httpx.Response(200, content=b'{"ok":true}', headers={"X-Thing": "1"})


class Waits:
    """A stand-in for sleep that remembers how long it was asked to wait, and moves its clock on."""

    def __init__(self):
        self.now = 100.0
        self.waited = []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.waited.append(round(seconds, 3))
        self.now += seconds

    async def sleep_async(self, seconds):
        self.sleep(seconds)


def both(handler, request=GET, provider=None, **options):
    """Send with either face; return what each gave or raised."""
    provider = provider or telnyx()
    results = []
    blocking = BlockingIO(provider, transport=httpx.MockTransport(handler) if handler else None, **options)

    async def aio():
        io = AsyncIO(provider, transport=httpx.MockTransport(handler) if handler else None, **options)
        try:
            return await io.send(request)
        finally:
            await io.aclose()

    for run in (lambda: run_blocking(blocking.send(request)), lambda: asyncio.run(aio())):
        try:
            results.append(run())
        except (NotSentError, NoAnswerError) as error:
            results.append(error)
    blocking.close()
    return results


def test_both_faces_give_the_whole_answer_with_headers_in_lower_case():
    for response in both(ok):
        assert response.status == 200
        assert response.body == b'{"ok":true}'
        assert response.headers["x-thing"] == "1"


def test_the_request_leaves_as_it_is_stored_with_the_credentials_added():
    seen = []

    def handler(request):
        seen.append(request)
        return httpx.Response(200)

    request = Request("POST", "/messages", b'{"a":1}', {"idempotency-key": "k", "content-type": "application/json"})
    both(handler, request)
    for sent in seen:
        assert (sent.method, str(sent.url)) == ("POST", "http://127.0.0.1:9/v2/messages")
        assert sent.content == b'{"a":1}'
        assert sent.headers["authorization"] == "Bearer SECRET"
        assert sent.headers["idempotency-key"] == "k"
        assert sent.headers["content-length"] == "7"


def test_a_redirect_is_an_answer_and_is_not_followed():
    def handler(request):
        assert request.url.path == "/v2/messages/7"
        return httpx.Response(307, headers={"location": "http://127.0.0.1:9/elsewhere"})

    assert [response.status for response in both(handler)] == [307, 307]


def test_a_packed_answer_is_unpacked():
    def handler(_request):
        return httpx.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})

    assert [response.body for response in both(handler)] == [b"{}", b"{}"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), NotSentError),
        (httpx.ConnectTimeout("slow"), NotSentError),
        (httpx.PoolTimeout("busy"), NotSentError),
        (httpx.ProxyError("no"), NotSentError),
        (httpx.UnsupportedProtocol("gopher"), NotSentError),
        (httpx.ReadTimeout("slow"), NoAnswerError),
        (httpx.ReadError("reset"), NoAnswerError),
        (httpx.WriteError("reset"), NoAnswerError),
        (httpx.WriteTimeout("slow"), NoAnswerError),
        (httpx.RemoteProtocolError("closed"), NoAnswerError),
        (httpx.DecodingError("gzip"), NoAnswerError),
        (httpx.LocalProtocolError("header"), NoAnswerError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_only_what_certainly_never_left_is_not_sent(error, kind):
    def handler(_request):
        raise error

    for raised in both(handler):
        assert type(raised) is kind
        assert "telnyx at 127.0.0.1:9" in str(raised)
        assert "SECRET" not in str(raised)


def test_nobody_listening_is_not_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for raised in both(None, provider=telnyx(f"http://127.0.0.1:{port}/v2")):
        assert isinstance(raised, NotSentError)
        assert "check base_url and the network" in str(raised)


def test_an_address_that_is_none_is_not_sent():
    for raised in both(None, Request("GET", "/\x00"), provider=telnyx()):
        assert isinstance(raised, NotSentError)


def test_a_password_in_the_address_is_not_told():
    for raised in both(lambda _: (_ for _ in ()).throw(httpx.ReadError("x")), provider=telnyx("http://u:pw@h.test/v2")):
        assert "pw" not in str(raised)


def test_an_endless_answer_is_no_answer():
    def handler(_request):
        return httpx.Response(200, content=b"x" * (5 * 1024 * 1024))

    assert [type(item) for item in both(handler)] == [NoAnswerError, NoAnswerError]


def test_a_missing_key_stops_the_request_before_anything_is_opened(monkeypatch):
    monkeypatch.delenv("TELNYX_API_KEY", raising=False)
    io = BlockingIO(Telnyx(from_="+12025550100"), transport=httpx.MockTransport(ok))
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        run_blocking(io.send(GET))


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut"])
def test_a_connection_that_closes_leaves_the_outcome_open(kind):
    sandbox = Sandbox(clock="2026-02-10T09:00:00Z")
    sandbox.fault(kind, times=2)
    with serve(sandbox) as server:
        for raised in both(None, provider=telnyx(server.base_url)):
            assert isinstance(raised, NoAnswerError)


def test_an_answer_that_is_too_late_leaves_the_outcome_open():
    sandbox = Sandbox(clock="2026-02-10T09:00:00Z")
    sandbox.fault("slow", times=2, delay=5)
    with serve(sandbox) as server:
        for raised in both(None, provider=telnyx(server.base_url), timeout=0.1):
            assert isinstance(raised, NoAnswerError)


def test_connections_are_kept_and_reopened_after_close():
    with serve(Sandbox(clock="2026-02-10T09:00:00Z")) as server:
        io = BlockingIO(telnyx(server.base_url))
        for _ in range(3):
            assert run_blocking(io.send(GET)).status == 404
        io.close()
        assert run_blocking(io.send(GET)).status == 404
        io.close()


def test_threads_have_clients_of_their_own():
    with serve(Sandbox(clock="2026-02-10T09:00:00Z")) as server:
        io = BlockingIO(telnyx(server.base_url))
        statuses = []
        threads = [
            threading.Thread(target=lambda: statuses.append(run_blocking(io.send(GET)).status)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        io.close()
    assert statuses == [404] * 8


def test_no_more_requests_are_under_way_than_allowed():
    under_way, most = 0, 0

    async def handler(_request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200)

    async def main():
        io = AsyncIO(telnyx(), 4, transport=httpx.MockTransport(handler))
        await asyncio.gather(*(io.send(GET) for _ in range(40)))
        await io.aclose()

    asyncio.run(main())
    assert most == 4


def test_an_async_io_serves_one_loop_after_another():
    io = AsyncIO(telnyx(), transport=SandboxTransport(Sandbox()))
    assert asyncio.run(io.send(GET)).status == 404
    assert asyncio.run(io.send(GET)).status == 404


def test_a_cancelled_request_gives_its_slot_back():
    async def main():
        never = asyncio.Event()

        async def handler(request):
            if request.url.path.endswith("/stuck"):
                await never.wait()
            return httpx.Response(200)

        io = AsyncIO(telnyx(), 1, transport=httpx.MockTransport(handler))
        stuck = asyncio.create_task(io.send(Request("GET", "/stuck")))
        await asyncio.sleep(0.01)
        stuck.cancel()
        assert (await io.send(GET)).status == 200
        await io.aclose()

    asyncio.run(main())


# Driving coroutines


async def twice(io, value):
    await io.sleep(0)
    return await io.call(lambda: value * 2)


def test_a_blocking_io_never_suspends():
    io = answering(ok, sleep=lambda _: None)
    assert run_blocking(twice(io, 21)) == 42


def test_a_coroutine_is_driven_inside_a_running_loop_too():
    io = answering(ok, sleep=lambda _: None)

    async def main():
        return run_blocking(twice(io, 21))

    assert asyncio.run(main()) == 42


def test_a_coroutine_that_waits_for_a_loop_is_refused():
    cleaned = []

    async def waiting():
        try:
            await asyncio.sleep(1)
        finally:
            cleaned.append(True)

    async def main():
        with pytest.raises(RuntimeError, match="blocking IO"):
            run_blocking(waiting())

    asyncio.run(main())
    assert cleaned == [True]


def test_errors_come_through_as_they_are():
    async def broken():
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_blocking(broken())


# Pace


def limited(status, **headers):
    return Response(status, headers, b"")


async def paced(io):
    """Send one request in its turn, as whoever speaks to a provider does."""
    await io.turn()
    return await io.send(GET)


def test_who_was_held_back_together_does_not_come_back_at_once():
    """The first goes when the hold is over, each further one a moment later; who comes after it waits for nobody."""
    waits = Waits()
    pace = Pace(clock=waits.clock)
    pace.learn(limited(429, **{"retry-after": "7"}))
    assert [pace.reserve() for _ in range(3)] == pytest.approx([7.0, 7.05, 7.1])
    waits.sleep(7.0)
    assert pace.reserve() == 0


def test_who_is_held_back_anew_while_waiting_waits_for_another_place():
    """A second 429 comes in while the first wait goes on."""
    waits = Waits()
    pace = Pace(clock=waits.clock)
    pace.learn(limited(429, **{"retry-after": "7"}))

    def sleep(delay):
        waits.sleep(delay)
        if len(waits.waited) == 1:
            pace.learn(limited(429, **{"retry-after": "3"}))

    io = answering(ok, pace=pace, sleep=sleep)
    run_blocking(io.turn())
    assert waits.waited == [7.0, 3.0]


def test_a_429_holds_everybody_back_until_the_time_it_names():
    waits = Waits()
    answers = iter([httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200), httpx.Response(200)])
    io = answering(lambda _: next(answers), pace=Pace(clock=waits.clock), sleep=waits.sleep)
    assert [run_blocking(paced(io)).status for _ in range(3)] == [429, 200, 200]
    assert waits.waited == [7.0]


def test_the_async_face_keeps_to_the_same_pace():
    waits = Waits()
    pace = Pace(clock=waits.clock)
    pace.learn(limited(429, **{"x-ratelimit-reset": "4"}))

    async def main():
        io = AsyncIO(telnyx(), transport=httpx.MockTransport(ok), pace=pace, sleep=waits.sleep_async)
        return (await paced(io)).status

    assert asyncio.run(main()) == 200
    assert waits.waited == [4.0]


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        ([limited(429)], 1.0),
        ([limited(429), limited(429)], 2.0),
        ([limited(429)] * 9, 16.0),
        ([limited(429), limited(200)], 1.0),
        ([limited(429, **{"retry-after": "3600"})], 60.0),
        ([limited(429, **{"retry-after": "5"}), limited(429, **{"retry-after": "2"})], 5.0),
        ([limited(503, **{"retry-after": "3"})], 3.0),
        ([limited(503)], 0.0),
        ([limited(200, **{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"})], 2.0),
        ([limited(200, **{"x-ratelimit-remaining": "1", "x-ratelimit-reset": "2"})], 0.0),
        ([limited(200)], 0.0),
    ],
    ids=["429", "again", "often", "recovered", "bounded", "longest", "503 named", "503", "exhausted", "left", "fine"],
)
def test_limits_are_learnt_from_answers(answers, held):
    pace = Pace(clock=Waits().clock)
    for answer in answers:
        pace.learn(answer)
    assert pace.held() == held


def test_a_429_after_recovery_begins_at_a_second_again():
    waits = Waits()
    pace = Pace(clock=waits.clock)
    for status in (429, 429, 429, 200):
        pace.learn(limited(status))
    waits.sleep(10)
    pace.learn(limited(429))
    assert pace.held() == 1.0


def test_a_client_that_keeps_to_what_is_told_is_never_refused():
    waits = Waits()
    sandbox = Sandbox(limit=Limit(5, 10.0, waits.clock))
    io = BlockingIO(telnyx(), transport=SandboxTransport(sandbox), pace=Pace(clock=waits.clock), sleep=waits.sleep)
    assert {run_blocking(paced(io)).status for _ in range(23)} == {404}
    assert waits.waited == [10.0] * 4


@pytest.mark.parametrize(
    ("rate", "gap"), [("50/s", 0.02), ("600/min", 0.1), ("36/hour", 100.0), (4, 0.25), ("0.5/second", 2.0)]
)
def test_a_rate_spaces_requests_evenly(rate, gap):
    """A little further apart than the rate asks for: some are longer on their way than others."""
    pace = Pace(rate, clock=Waits().clock)
    assert [pace.reserve() for _ in range(3)] == pytest.approx([0, gap * HEADROOM, 2 * gap * HEADROOM])


@pytest.mark.parametrize("rate", ["fast", "0/s", "-1", "5/fortnight", ""])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(InvalidInputError, match="50/s"):
        Pace(rate)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 10 Feb 2026 09:00:00 GMT", datetime(2026, 2, 10, 9, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
    ],
)
def test_an_answer_tells_the_providers_time(date, expected):
    assert limited(200, **({"date": date} if date else {})).answered_at == expected


def test_a_fork_opens_connections_of_its_own():
    """A child leaves its parent's connections alone, and neither closes nor uses them."""
    with serve(Sandbox(clock="2026-02-10T09:00:00Z")) as server:
        io = BlockingIO(telnyx(server.base_url))
        run_blocking(io.send(GET))
        (theirs,) = io._idle
        io._pool.after_fork_in_child()
        run_blocking(io.send(GET))
        assert theirs not in io._idle
        assert len(io._idle) == 1
        io.close()
        theirs.close()
