"""Facts about connections: which are used again, and what of a request a provider may have seen where one broke.

The provider is a socket that answers by a script, so that it can do what no server should.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from reminder_kit.ports import NoAnswerError, NotSentError
from reminder_kit.transport import connections
from reminder_kit.transport.asynchronous import AsyncIO
from tests.certificates import of_localhost
from tests.transport.callers import POST, Async, Blocking, telnyx

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n{}"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"


class Peer:
    """A provider that gives each request the next of its answers; None ends the connection instead.

    `pause` is in seconds, after each byte.
    """

    def __init__(self, *answers, context=None, pause=0.0):
        self.answers = list(answers)
        self.requests = []
        self.asked = threading.Event()
        self.connections = 0
        self._opened = self._door = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self._pause = pause
        self.port = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while self.answers:
            opened, _ = self._door.accept()
            with opened:
                self.connections += 1
                self._opened = opened
                try:
                    if self._context is None:
                        self._answer(opened)
                        continue
                    opened.settimeout(5)
                    with self._context.wrap_socket(opened, server_side=True) as wrapped:
                        self._answer(wrapped)
                except OSError:
                    continue

    def _answer(self, opened):
        while self.answers:
            seen = b""
            while not seen.endswith(POST.body):
                data = opened.recv(65536)
                if not data:
                    return
                seen += data
            self.requests.append(seen)
            self.asked.set()
            answer = self.answers.pop(0)
            if answer is None:
                return
            self._send(opened, answer)
            if answer in (TO_THE_END, CUT):
                return
        opened.recv(1)  # until the client closes

    def _send(self, opened, answer):
        """Send an answer: at once, or byte by byte with a pause after each."""
        for byte in answer if self._pause else ():
            opened.sendall(bytes([byte]))
            time.sleep(self._pause)
        if not self._pause:
            opened.sendall(answer)

    def close(self):
        """End the story: whoever is waited for comes, and finds nobody."""
        self.answers.clear()
        with suppress(OSError):
            self._opened.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._thread.join(5)
        self._door.close()


class Endless(Peer):
    """A provider whose answer goes on for ever, a byte every few hundredths of a second."""

    def _send(self, opened, answer):
        opened.sendall(answer)
        while True:
            time.sleep(0.03)
            opened.sendall(b"a")


@contextmanager
def peer(*answers, **options):
    """A provider with a script, while the context is open."""
    found = Peer(*answers, **options)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(params=[Blocking, Async])
def face(request):
    return request.param


def url(provider):
    return f"http://127.0.0.1:{provider.port}/v2"


@pytest.mark.parametrize("answer", [OK, CHUNKED, CONTINUE + OK], ids=["length", "chunks", "continue"])
def test_a_connection_is_used_again_after_a_whole_answer(face, answer):
    with peer(answer, answer, answer) as provider, face(url(provider)) as client:
        assert [client.send().body for _ in range(3)] == [b"{}"] * 3
        assert (provider.connections, len(provider.requests)) == (1, 3)


@pytest.mark.parametrize("answer", [CLOSING, TO_THE_END], ids=["close", "until the end"])
def test_a_connection_that_the_provider_ends_is_followed_by_another(face, answer):
    with peer(answer, answer) as provider, face(url(provider)) as client:
        assert [client.send().body for _ in range(2)] == [b"{}"] * 2
        assert (provider.connections, len(provider.requests)) == (2, 2)


def test_the_request_is_what_was_stored(face):
    with peer(OK) as provider, face(url(provider)) as client:
        client.send()
        head, _, body = provider.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /v2/messages http/1.1"
    assert f"host: 127.0.0.1:{provider.port}".encode() in lines
    assert b"content-length: 12" in lines
    assert body == POST.body


def test_what_nobody_asked_for_is_nobodys_answer(face):
    """A second answer behind the first is not taken for the one to the next request."""
    with peer(OK + OK.replace(b"{}", b"[]"), OK) as provider, face(url(provider)) as client:
        assert client.send().body == b"{}"
        assert client.send().body == b"{}"
        assert provider.connections == 2


def test_what_comes_while_a_connection_rests_ends_it(face):
    """Also where it comes after the answer was read: the next request goes by another connection."""
    with peer(OK, OK) as provider, face(url(provider)) as client:
        client.send()
        (resting,) = client.io._idle
        if isinstance(client, Async):
            resting._line.data_received(b"HTTP/1.1 200 OK\r\n")
        else:
            theirs, ours = socket.socketpair()
            resting._socket.close()
            resting._socket = ours
            theirs.sendall(b"HTTP/1.1 200 OK\r\n")
        with peer(OK) as other:
            client.io._channel._addresses.clear()
            client.io._channel._provider = telnyx(url(other))
            assert client.send().body == b"{}"
            assert other.connections == 1
        if not isinstance(client, Async):
            theirs.close()


def test_a_connection_that_ended_while_it_rested_is_not_used(face):
    """The provider closes an idle connection: nothing is sent on it, so that nothing is in doubt."""
    with peer(CLOSING.replace(b"connection: close\r\n", b""), OK) as provider, face(url(provider)) as client:
        client.send()
        (resting,) = client.io._idle
        if isinstance(client, Async):
            resting._line.transport.get_extra_info("socket").shutdown(socket.SHUT_RD)
            client.rest()
        else:
            resting._socket.shutdown(socket.SHUT_RDWR)
        assert client.send().body == b"{}"
        assert (provider.connections, len(provider.requests)) == (2, 2)


def test_a_connection_that_rested_long_is_not_used(face, monkeypatch):
    """Servers close idle connections after five seconds or more."""
    clock = [100.0]
    with peer(OK, OK) as provider, face(url(provider)) as client:
        monkeypatch.setattr(connections.time, "monotonic", lambda: clock[0])
        client.send()
        clock[0] += 4.5
        client.send()
        assert provider.connections == 2


@pytest.mark.parametrize(
    "answer",
    [None, CUT, b"HTTP/1.1 2x0 OK\r\n\r\n", b"x" * 200_000],
    ids=["nothing", "cut", "no status", "endless head"],
)
def test_a_request_that_left_and_is_not_answered_is_in_doubt(face, answer):
    """Also on a connection that was used before, and it is not sent a second time."""
    with peer(OK, *[answer] * 2) as provider, face(url(provider)) as client:
        client.send()
        with pytest.raises(NoAnswerError, match="it may have been done"):
            client.send()
        assert len(provider.requests) == 2


def test_silence_is_no_answer(face):
    late = pytest.raises(NoAnswerError, match=r"within 0.1 s \(ReadTimeout\)")
    with peer(b"") as provider, face(url(provider), timeout=0.1) as client, late:
        client.send()


def test_an_answer_that_trickles_is_no_answer(face):
    """Each byte of its head comes in time, and there is no end of them."""
    with peer(OK, pause=0.03) as provider, face(url(provider), timeout=0.1) as client, pytest.raises(NoAnswerError):
        client.send()


@pytest.mark.few(3)
@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ",
        b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n",
    ],
    ids=["behind a length", "a trailer", "its body"],
)
def test_an_answer_whose_end_never_comes_is_no_answer(face, begun):
    """Each byte comes in time, whether or not it is one of the body: it ends, and soon."""
    with closing(Endless(begun)) as provider, face(url(provider), timeout=0.3) as client:
        begin = time.monotonic()
        with pytest.raises(NoAnswerError):
            client.send()
        assert time.monotonic() - begin < 3


def test_an_answer_that_stops_is_no_answer(face):
    with peer(OK[:-1]) as provider, face(url(provider), timeout=0.1) as client, pytest.raises(NoAnswerError):
        client.send()


def test_who_does_not_answer_the_door_was_sent_nothing(face):
    """A listener that accepts nobody; its queue is full."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        waiting = []
        for _ in range(3):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(door.getsockname())
            waiting.append(caller)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/v2"
        with face(address, timeout=0.1) as client, pytest.raises(NotSentError, match="ConnectTimeout"):
            client.send()
        for caller in waiting:
            caller.close()


@pytest.mark.parametrize("address", ["gopher://127.0.0.1/v2", "http:///v2", "https://[::1/v2", "http://..example/v2"])
def test_an_address_that_leads_nowhere_was_sent_nothing(face, address):
    with face(address) as client, pytest.raises(NotSentError, match="check base_url"):
        client.send()


def test_a_long_answer_is_read_whole(face):
    """One that comes faster than it is read, too."""
    body = b"x" * 3_000_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    with peer(answer, OK) as provider, face(url(provider)) as client:
        assert client.send().body == body
        assert client.send().body == b"{}"
        assert provider.connections == 1


def test_no_flood_fills_the_memory():
    """Who sends on, while the connection rests, is read from no further."""

    floods = []

    async def flood(reader, writer):
        floods.append(writer)
        await reader.readuntil(POST.body)
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(OK * 200_000)

    async def story():
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        io = AsyncIO(telnyx(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2"), 1)
        await io.send(POST)
        (resting,) = io._idle
        held = []
        for _ in range(40):
            await asyncio.sleep(0.005)
            held.append(len(resting._line._came))
        await io.aclose()
        for writer in floods:
            writer.transport.abort()
        await asyncio.sleep(0)
        server.close()
        return max(held)

    assert 0 < asyncio.run(story()) < 1_000_000


# Certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's context with a certificate for localhost, and the file by which to trust it."""
    trusted, secret = of_localhost(tmp_path_factory.mktemp("certificate"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted


def test_a_provider_with_a_trusted_certificate_is_spoken_to(face, certificate, monkeypatch):
    """The file that the environment names is trusted, as httpx does; the connection is used again."""
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with peer(OK, OK, context=context) as provider, face(f"https://localhost:{provider.port}/v2") as client:
        assert [client.send().body for _ in range(2)] == [b"{}"] * 2
        assert provider.connections == 1


def test_what_is_decrypted_already_ends_a_connection_that_rests(certificate, monkeypatch):
    """What came in one record with an answer is with TLS, and the socket itself has nothing to read any more."""
    context, trusted = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with peer(OK, OK, context=context) as provider, Blocking(f"https://localhost:{provider.port}/v2") as client:
        client.send()
        (resting,) = client.io._idle
        monkeypatch.setattr(resting._socket, "pending", lambda: 17)
        assert client.send().body == b"{}"
        assert provider.connections == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["nobody vouches", "another name"])
def test_a_provider_whose_certificate_proves_nothing_is_sent_nothing(face, certificate, host, monkeypatch):
    context, trusted = certificate
    if host != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with peer(OK, context=context) as provider, face(f"https://{host}:{provider.port}/v2") as client:
        with pytest.raises(NotSentError, match="ConnectError"):
            client.send()
        assert provider.requests == []


def test_who_speaks_no_tls_is_sent_nothing(face):
    with peer(OK) as provider, face(f"https://127.0.0.1:{provider.port}/v2", timeout=0.5) as client:
        with pytest.raises(NotSentError):
            client.send()
        assert provider.requests == []


# How many


def test_no_more_connections_are_kept_than_concurrency():
    """Threads of a host that meet open a connection each and wait for nobody; two of six are kept."""
    together = threading.Barrier(6)
    with peer() as unused, Blocking(url(unused)) as client:
        lent = []

        def exchange():
            with client.io._transport() as transport:
                together.wait(5)
                lent.append(transport)

        threads = [threading.Thread(target=exchange) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(lent)) == 6
        assert len(client.io._idle) == 2


def test_those_that_came_back_last_are_kept():
    """They rested the shortest, so that the provider is the least likely to have closed them."""
    with peer() as unused, Blocking(url(unused)) as client, ExitStack() as stack:
        doors = [stack.enter_context(client.io._transport()) for _ in range(3)]
        closed = []
        for door in doors:
            door.close = lambda door=door: closed.append(door)
        stack.close()
        assert [*closed, *client.io._idle] == doors[::-1]


def test_a_cancelled_request_ends_its_connection():
    """The answer that comes after all is not taken for the next request's."""

    async def story(provider):
        io = AsyncIO(telnyx(url(provider)), 1)
        stuck = asyncio.create_task(io.send(POST))
        await asyncio.to_thread(provider.asked.wait, 5)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        answer = await io.send(POST)
        await io.aclose()
        return answer.body

    with peer(b"", OK) as provider:
        assert asyncio.run(story(provider)) == b"{}"
        assert provider.connections == 2
