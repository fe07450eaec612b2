"""One connection, by the errors it raises and the limits it keeps."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import closing, contextmanager, suppress

import httpx
import pytest

from reminder_kit.ports import NoAnswerError
from reminder_kit.transport import connections
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO
from reminder_kit.transport.certificates import Certificates
from reminder_kit.transport.connections import AsyncConnection, Connection
from reminder_kit.transport.pools import AsyncPool, Pool
from tests.transport.callers import Async, Blocking, telnyx

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"
BODY = b'{"text":"x"}'
PLAIN = Certificates().context("http")
PLACE = ("http", "127.0.0.1", 9)


class Peer:
    """A provider that gives each request the next of its answers, and ends the connection after one that is cut."""

    def __init__(self, *answers):
        self.answers, self.connections = list(answers), 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self._opened = self._door
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/v2"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while self.answers:
            self._opened, _ = self._door.accept()
            with self._opened, suppress(OSError):
                self.connections += 1
                self._answer(self._opened)

    def _answer(self, opened):
        while self.answers:
            seen = b""
            while not seen.endswith(BODY):
                if not (data := opened.recv(65536)):
                    return
                seen += data
            answer = self.answers.pop(0)
            opened.sendall(answer)
            if answer is CUT:
                return
        opened.recv(1)

    def close(self):
        """End the story: whoever is waited for comes, and finds nobody."""
        self.answers.clear()
        with suppress(OSError):
            self._opened.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            socket.create_connection(self._door.getsockname(), 1).close()
        self._thread.join(5)
        self._door.close()


@contextmanager
def peer(*answers):
    """A provider with these answers, while the context is open."""
    found = Peer(*answers)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(params=[Blocking, Async])
def face(request):
    return request.param


class Alone:
    """One connection of either face, spoken to directly."""

    def __init__(self, face):
        self.is_blocking = face is Blocking
        self.transport = (Connection if self.is_blocking else AsyncConnection)(PLAIN, 4.0)

    def __enter__(self):
        self.runner = asyncio.Runner()
        self.runner.__enter__()
        return self

    def __exit__(self, *error):
        if self.is_blocking:
            self.transport.close()
        else:
            self.runner.run(self.transport.aclose())
        self.runner.__exit__(*error)

    def ask(self, address, **limits):
        """Return the whole answer to a request with these limits in seconds; with none it has no extension at all."""
        extensions = {"timeout": limits} if limits else {}
        request = httpx.Request("POST", address, content=BODY, extensions=extensions)
        if self.is_blocking:
            with closing(self.transport.handle_request(request)) as answer:
                self.headers = answer.headers
                return answer.read()
        return self.runner.run(self._asked(request))

    async def _asked(self, request):
        answer = await self.transport.handle_async_request(request)
        self.headers = answer.headers
        try:
            return await answer.aread()
        finally:
            await answer.aclose()


@pytest.fixture
def alone(face):
    with Alone(face) as found:
        yield found


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "http:///x", "//127.0.0.1/x"])
def test_what_begins_otherwise_is_no_address(alone, address):
    """The error says how one begins, and that a host belongs to it."""
    with pytest.raises(httpx.UnsupportedProtocol) as caught:
        alone.ask(address)
    words = "the address begins with neither http:// nor https://, or names no host"
    assert str(caught.value) == words


def test_where_nobody_listens_there_is_no_connection(alone):
    """The error has the system's words."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(httpx.ConnectError, match=str(port) if not alone.is_blocking else "refused"):
        alone.ask(f"http://127.0.0.1:{port}/")


def test_without_limits_an_answer_is_waited_for(alone):
    """And the connection serves the next request."""
    with peer(OK, OK) as provider:
        assert [alone.ask(provider.url) for _ in range(2)] == [b"{}", b"{}"]
        assert provider.connections == 1


def test_an_answer_has_its_headers(alone):
    """As they came; some of them decide what is asked next, and when."""
    with peer(b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}") as provider:
        assert alone.ask(provider.url) == b"{}"
    assert dict(alone.headers) == {"retry-after": "7", "x-a": "b", "content-length": "2"}


def test_silence_is_a_timeout_of_reading(alone):
    """After it the connection is closed: a further request opens another one."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        with pytest.raises(httpx.ReadTimeout):
            alone.ask(f"http://127.0.0.1:{door.getsockname()[1]}/", read=0.05, connect=5.0)
        assert alone.transport._socket is None if alone.is_blocking else alone.transport._line is None
    with peer(OK) as provider:
        assert alone.ask(provider.url, read=5.0) == b"{}"


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"], ids=["nothing", "a part"])
def test_a_connection_that_breaks_is_no_whole_answer(alone, sent):
    """Whether or not a part of it came."""

    def serve():
        opened, _ = door.accept()
        opened.recv(65536)
        opened.sendall(sent)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        opened.close()

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            alone.ask(f"http://127.0.0.1:{door.getsockname()[1]}/", read=5.0)
        thread.join(5)


@pytest.mark.parametrize(("seconds", "connections_made"), [(4.0, 1), (4.001, 2)])
def test_a_connection_rests_for_four_seconds(face, monkeypatch, seconds, connections_made):
    """After that another one is opened."""
    clock = [100.0]
    with peer(OK, OK) as provider, face(provider.url) as client:
        monkeypatch.setattr(connections.time, "monotonic", lambda: clock[0])
        client.send()
        clock[0] += seconds
        client.send()
        assert provider.connections == connections_made


def test_a_connection_sends_at_once_and_waits_as_long_as_was_said():
    """Small packets are not held back, and a step may take what the request allows."""
    with peer(OK) as provider, Blocking(provider.url, timeout=7.0) as client:
        client.send()
        opened = client.io._idle[0]._socket
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert opened.gettimeout() == 7.0


def test_what_broke_is_told_by_its_name(face):
    """A part of an answer, and an end."""
    with peer(CUT) as provider, face(provider.url) as client, pytest.raises(NoAnswerError) as caught:
        client.send()
    place = f"telnyx at {provider.url.removeprefix('http://').removesuffix('/v2')}"
    words = f"{place}: no whole answer within 30 s (RemoteProtocolError); it may have been done"
    assert str(caught.value) == words


class Doors(asyncio.SelectorEventLoop):
    """A loop in which each door that is knocked at is noted, and stays shut."""

    error = OSError("nobody")

    def __init__(self):
        super().__init__()
        self.asked = []

    async def create_connection(self, _protocol, host, port, **options):
        self.asked.append((host, port, options))
        raise self.error


DOORS = pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("http://clinic.example/x", "clinic.example", 80),
        ("https://clinic.example/x", "clinic.example", 443),
        ("https://clinic.example:8443/x", "clinic.example", 8443),
        ("http://[::1]:8080/x", "::1", 8080),
        ("http://b\u00fccher.example/x", "xn--bcher-kva.example", 80),
    ],
)
SHUT = pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError("nobody"), httpx.ConnectError),
        (UnicodeError("no host"), httpx.ConnectError),
        (TimeoutError("late"), httpx.ConnectTimeout),
    ],
)


@DOORS
def test_the_blocking_face_knocks_at_this_door(monkeypatch, address, host, port):
    """For as long as the request allows."""
    asked = []

    def create_connection(place, limit):
        asked.append((place, limit))
        raise OSError("nobody")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with Alone(Blocking) as alone, pytest.raises(httpx.ConnectError, match="nobody"):
        alone.ask(address, connect=3.0)
    assert asked == [((host, port), 3.0)]


@DOORS
def test_the_async_face_knocks_at_this_door(address, host, port):
    """A second address of the host a quarter of a second after the first; with the certificates for https alone."""
    transport = AsyncConnection(PLAIN, 4.0)
    with asyncio.Runner(loop_factory=Doors) as runner:
        with pytest.raises(httpx.ConnectError, match="nobody"):
            runner.run(transport.handle_async_request(httpx.Request("GET", address)))
        context = PLAIN if address.startswith("https") else None
        assert runner.get_loop().asked == [(host, port, {"ssl": context, "happy_eyeballs_delay": 0.25})]


@SHUT
def test_a_door_that_stays_shut_is_no_connection(monkeypatch, error, kind):
    """Nothing was sent, whichever way that was found out; the words are the system's."""

    def create_connection(*_):
        raise error

    monkeypatch.setattr(Doors, "error", error)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    request = httpx.Request("GET", "http://clinic.example/")
    with Alone(Blocking) as alone, pytest.raises(kind, match=str(error)):
        alone.transport.handle_request(request)
    with asyncio.Runner(loop_factory=Doors) as runner, pytest.raises(kind, match=str(error)):
        runner.run(AsyncConnection(PLAIN, 4.0).handle_async_request(request))


# Pools


class Kept:
    """A connection that says whether it was closed."""

    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1

    async def aclose(self):
        self.closed += 1


def test_a_pool_lends_by_place_and_closes_all():
    """Each place has its own; after a close it serves again."""
    pool, first, second = Pool("pigeon"), Kept(), Kept()
    pool.idle(PLACE).append(first)
    pool.idle(("https", "a.example", None)).append(second)
    assert pool.idle(PLACE) == [first]
    pool.close()
    assert (first.closed, second.closed, pool.idle(PLACE)) == (1, 1, [])


def test_a_pool_that_nobody_closed_is_warned_of():
    """Its connections are closed, and the warning names it; one with nothing open is left in peace."""
    held, left = [Pool("pigeon")], Kept()
    held[0].idle(PLACE).append(left)
    with pytest.warns(ResourceWarning) as caught:
        held.clear()
    assert [str(one.message) for one in caught] == [
        "unclosed connections to pigeon: close the kit, or use it in a `with`"
    ]
    assert left.closed == 1
    held.append(Pool("dove"))
    held[0].idle(PLACE)
    held.clear()


def test_a_fork_leaves_connections_to_its_parent():
    """They are neither used nor closed there, and nothing is warned of."""
    pool, theirs = Pool("pigeon"), Kept()
    pool.idle(PLACE).append(theirs)
    pool.after_fork_in_child()
    assert pool.idle(PLACE) == []
    mine = Kept()
    pool.idle(PLACE).append(mine)
    pool.close()
    assert (theirs.closed, mine.closed) == (0, 1)


def test_an_async_pool_is_of_one_loop_after_another():
    """A loop that ends closes what it had; one that is closed by hand serves again."""
    pool, kept = AsyncPool(), [Kept() for _ in range(3)]

    async def lend(one, *, closes=False):
        idle = await pool.idle(PLACE)
        assert idle == []
        idle.append(one)
        assert (await pool.idle(PLACE)) is idle is pool.at(PLACE)
        if closes:
            await pool.aclose()
            assert one.closed == 1
            (await pool.idle(PLACE)).append(kept[2])

    asyncio.run(lend(kept[0]))
    assert kept[0].closed == 1
    asyncio.run(lend(kept[1], closes=True))
    assert [one.closed for one in kept] == [1, 1, 1]


@pytest.mark.parametrize("shared", [False, True])
def test_a_pool_that_others_share_stays_open(shared):
    """Who closes its own way there closes its connections; a pool that was handed in is somebody else's."""
    pool, kept = Pool("pigeon"), Kept()
    io = BlockingIO(telnyx("http://127.0.0.1:9"), pool=pool if shared else None)
    io._idle.append(kept)
    io.close()
    assert kept.closed == (not shared)
    pool.close()

    async def story():
        ours, one = AsyncPool(), Kept()
        found = AsyncIO(telnyx("http://127.0.0.1:9"), pool=ours if shared else None)
        await found._pool.idle(PLACE)
        found._idle.append(one)
        await found.aclose()
        before = one.closed
        await ours.aclose()
        return before

    assert asyncio.run(story()) == (not shared)
