"""What goes over the wire and what comes back of it: bytes, words of errors, waits and places, each whole."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import threading
from concurrent.futures import Future
from datetime import UTC, datetime

import httpx
import pytest

from reminder_kit.errors import ConfigurationError, InvalidInputError, RejectedError, TransientError
from reminder_kit.model.rates import HEADROOM, SECOND, Granted, RateBook, Wanted
from reminder_kit.ports import NoAnswerError, NotSentError, Receipt, Request, Response
from reminder_kit.ports.channel import Channel, Letter
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport import SharedPace, run_blocking
from reminder_kit.transport.arrivals import Arrivals
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO
from reminder_kit.transport.certificates import Certificates
from reminder_kit.transport.conversation import Conversation
from reminder_kit.transport.http import HttpChannel
from reminder_kit.transport.letters import LetterTransport
from reminder_kit.transport.pace import Pace, per_second
from reminder_kit.transport.tally import Tally
from tests.factories import NUMBER, SENDER

GET = Request("GET", "/messages/7", headers={"accept": "application/json"})
POST = Request("POST", "/messages?a=1", b'{"a":1}', {"content-type": "application/json"})


def telnyx(base_url="http://127.0.0.1:9/v2"):
    return Telnyx(api_key="SECRET", from_=SENDER, base_url=base_url)


def channel(base_url="http://127.0.0.1:9/v2", timeout=5.0):
    return HttpChannel(telnyx(base_url), timeout, None)


# Requests


def test_a_request_is_built_with_address_headers_and_limits():
    """Our name, the request's headers, then the credentials, which stand above any of the same name."""
    built = channel().built(Request("POST", "/messages", b"{}", {"accept": "a/b", "authorization": "none"}))
    assert (built.method, str(built.url), built.content) == ("POST", "http://127.0.0.1:9/v2/messages", b"{}")
    assert dict(built.headers) == {
        "host": "127.0.0.1:9",
        "content-length": "2",
        "user-agent": "reminder-kit",
        "accept": "a/b",
        "authorization": "Bearer SECRET",
    }
    assert channel().built(Request("GET", "/", headers={"user-agent": "mine"})).headers["user-agent"] == "mine"
    assert channel(timeout=60.0).built(GET).extensions == {
        "timeout": {"connect": 10.0, "read": 60.0, "write": 60.0, "pool": 10.0}
    }


def test_a_path_has_one_address_however_often_it_is_posted_to():
    """Queries are other addresses."""
    one = channel()
    paths = ["/messages", "/messages?a=1", "/messages", "/other"]
    built = [str(one.built(Request("POST", path, b"{}")).url) for path in paths]
    assert built == [f"http://127.0.0.1:9/v2{path}" for path in paths]


def test_of_what_is_asked_once_nothing_is_kept():
    """The paths of single messages are as many as there are messages; what is posted to are a few."""
    one = channel()
    for path in ("/messages/1", "/messages/2", "/messages"):
        one.built(Request("GET", path))
    one.built(Request("POST", "/messages", b"{}"))
    one.built(Request("DELETE", "/messages/3"))
    assert list(one._addresses) == ["/messages"]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("refused"), NotSentError, "no connection (ConnectError): refused; CHECK"),
        (httpx.ConnectTimeout("late"), NotSentError, "no connection (ConnectTimeout): late; CHECK"),
        (httpx.ConnectTimeout(""), NotSentError, "no connection (ConnectTimeout): timed out; CHECK"),
        (httpx.PoolTimeout("full"), NotSentError, "no connection (PoolTimeout): full; CHECK"),
        (httpx.ProxyError("away"), NotSentError, "no connection (ProxyError): away; CHECK"),
        (httpx.UnsupportedProtocol("ftp"), NotSentError, "no connection (UnsupportedProtocol): ftp; CHECK"),
        (httpx.ReadTimeout("x"), NoAnswerError, "no whole answer within 5 s (ReadTimeout); it may have been done"),
        (httpx.WriteTimeout("x"), NoAnswerError, "no whole answer within 5 s (WriteTimeout); it may have been done"),
        (httpx.StreamClosed(), NoAnswerError, "no whole answer within 5 s (StreamClosed); it may have been done"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_failure_says_where_and_whether_anything_was_sent(error, kind, words):
    """The provider and its address without what stands before an @."""
    found = channel("http://me:secret@127.0.0.1:9/v2").failure(error)
    assert type(found) is kind
    assert str(found) == "telnyx at 127.0.0.1:9: " + words.replace("CHECK", "check base_url and the network")


def test_an_address_that_is_none_is_told():
    """What the provider's own adapter says it is."""
    one = channel()
    one._provider.base_url = "http://[::1"
    with pytest.raises(NotSentError, match=r"^telnyx at an address that is none: no valid address: .*; check base_url"):
        one.built(GET)


@pytest.mark.parametrize("size", [4 * 1024 * 1024, 4 * 1024 * 1024 + 1])
def test_an_answer_has_four_megabytes_at_the_most(size):
    """One byte more is no answer, and what it answers may have been done."""

    def handler(_request):
        return httpx.Response(200, stream=httpx.ByteStream(b" " * size), headers={"content-length": str(size)})

    io = BlockingIO(telnyx(), transport=httpx.MockTransport(handler))
    if size % 2 == 0:
        assert len(run_blocking(io.send(GET)).body) == size
        return
    with pytest.raises(NoAnswerError) as caught:
        run_blocking(io.send(GET))
    words = "telnyx at 127.0.0.1:9: the answer is larger than 4194304 bytes; it may have been done"
    assert str(caught.value) == words


def test_an_answer_that_is_too_much_says_so():
    """Whichever it was: where, and that it may have been done."""
    words = "telnyx at 127.0.0.1:9: the answer is too long or too slow; it may have been done"
    assert str(channel().too_much()) == words


def test_an_answer_is_learnt_from():
    """Status, headers by lower case, and all parts of the body; a 429 holds everybody back."""
    one = channel()
    headers = one.headers(httpx.Response(429, headers=[("X-A", "1"), ("Retry-After", "7")]))
    assert headers == {"x-a": "1", "retry-after": "7"}
    assert one.answer(429, headers, [b"a", b"b"]) == Response(429, headers, b"ab")
    assert 6 < one.pace.held() <= 7


def test_a_proxy_is_gone_by_with_one_connection(monkeypatch):
    """Kept for four seconds, with the certificates of all; in either face."""
    made, trusted = [], Certificates()
    for name in ("HTTPTransport", "AsyncHTTPTransport"):
        monkeypatch.setattr(httpx, name, lambda **given: made.append(given))
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    one = HttpChannel(telnyx("https://api.example/v2"), 5.0, None, trusted)
    one.opened()
    one.opened_async()
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=4.0)
    expected = {"verify": trusted.context("https"), "proxy": "http://proxy.example:3128", "limits": limits}
    assert made == [expected, expected]


def test_a_place_is_scheme_host_and_port():
    """Connections are shared by who speaks to the same one."""
    assert channel("https://api.example/v2").place == ("https", "api.example", None)
    assert channel("http://api.example:8080/v1").place == ("http", "api.example", 8080)


def test_certificates_are_loaded_for_https_alone_and_once():
    """What speaks http needs none; each context offers HTTP/1.1."""
    found = Certificates()
    plain, trusted = found.context("http"), found.context("https")
    assert (found.context("http"), found.context("https")) == (plain, trusted)
    assert (plain.check_hostname, trusted.check_hostname) == (False, True)
    assert bool(trusted.get_ca_certs()) or trusted.cert_store_stats()["x509"] >= 0
    assert plain.cert_store_stats()["x509_ca"] == 0


# One connection's bytes


def bytes_of(request):
    return Conversation().request(httpx.Request(**request))


def test_a_request_is_written_as_http_has_it():
    """Line, headers, body; without a body nothing follows the blank line."""
    url = "http://clinic.example:8080/v2/a?b=%20c"
    assert bytes_of({"method": "GET", "url": url, "headers": {"accept": "a/b"}}) == (
        b"GET /v2/a?b=%20c HTTP/1.1\r\nHost: clinic.example:8080\r\naccept: a/b\r\n\r\n"
    )
    assert bytes_of({"method": "POST", "url": url, "content": b"a=1"}) == (
        b"POST /v2/a?b=%20c HTTP/1.1\r\nHost: clinic.example:8080\r\nContent-Length: 3\r\n\r\na=1"
    )


def test_what_cannot_be_written_is_not_written():
    """A header with a line break would be two."""
    with pytest.raises(httpx.LocalProtocolError, match="header"):
        bytes_of({"method": "GET", "url": "http://a.example", "headers": {"a": "b\r\nc: d"}})


def asked():
    found = Conversation()
    found.request(httpx.Request("GET", "http://clinic.example/"))
    return found


def test_an_answer_is_read_piece_by_piece():
    """What comes before it says nothing; its body is what was announced, and then there is another request."""
    line = asked()
    assert line.head() is None
    line.receive(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n")
    assert line.head() is None
    line.receive(b"HTTP/1.1 202 Fine\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nab")
    head = line.head()
    assert (head.status_code, dict(head.headers)) == (202, {b"content-length": b"4", b"x-a": b"1"})
    assert line.piece() == b"ab"
    assert line.piece() == b""
    assert not line.begin_again()
    line.receive(b"cd")
    assert line.piece() == b"cd"
    assert line.piece() is None
    assert line.begin_again()
    assert line.request(httpx.Request("GET", "http://clinic.example/"))


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n", b"", b"nonsense\r\n\r\n"], ids=["half", "nothing", "none"])
def test_an_end_before_the_answer_is_no_answer(data):
    """Nor is what is no HTTP."""
    line = asked()
    line.receive(data)
    if data.startswith(b"HTTP"):
        assert line.head() is None
        line.receive(b"")
    with pytest.raises(httpx.RemoteProtocolError):
        line.head()


def test_an_end_before_anything_was_asked_is_no_answer():
    """It says that the connection was closed."""
    line = Conversation()
    line.receive(b"")
    with pytest.raises(httpx.RemoteProtocolError, match="the connection was closed before an answer came"):
        line.head()


@pytest.mark.parametrize(("size", "fits"), [(99, True), (101, False)])
def test_headers_have_a_hundred_kilobytes_at_the_most(size, fits):
    """More are no answer, before they have all come."""
    line = asked()
    line.receive(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * (size * 1024))
    if fits:
        assert line.head() is None
        return
    with pytest.raises(httpx.RemoteProtocolError):
        line.head()


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 408 Late\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", False),
    ],
    ids=["whole", "closed", "old", "more than asked for", "not whole"],
)
def test_a_connection_is_used_again_after_a_whole_answer_alone(answer, again):
    """And where nobody closes it, and nothing else came."""
    line = asked()
    line.receive(answer)
    line.head()
    line.piece()
    assert line.begin_again() is again


def test_a_connection_on_which_something_went_wrong_is_not_used_again():
    """A request that was written before the last one's answer was put away."""
    line = asked()
    line.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    line.head()
    line.piece()
    with pytest.raises(httpx.LocalProtocolError):
        line.request(httpx.Request("GET", "http://clinic.example/"))
    assert not line.begin_again()


# Letters

LETTER = Letter("L-1", "tok-1", "ada@clinic.example", "See you", datetime(2026, 2, 15, 14, 30, tzinfo=UTC))


class Mine(Channel):
    """A channel that answers as it is told."""

    name = "mine"

    def __init__(self, deliver, ping=lambda: "here"):
        self.deliver, self.ping = deliver, ping


def posted(deliver, face, letter=LETTER, **more):
    """Return what a transport of letters answers to a letter (None: to a question), in JSON or text."""
    transport = LetterTransport(Mine(deliver, **more))
    content = b"" if letter is None else json.dumps(letter.as_json()).encode()
    request = httpx.Request("POST", "http://channel.invalid/letters", content=content)
    if face == "blocking":
        answer = transport.handle_request(request)
    else:
        answer = asyncio.run(transport.handle_async_request(request))
    assert answer.status_code == 200
    return answer.text if letter is None else answer.json()


FACES = pytest.mark.parametrize("face", ["blocking", "async"])


def said(status="sent", id="L-1", error=""):
    return {"id": id, "status": status, "error": error}


async def coroutine(found):
    return found


@FACES
@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, said()),
        ("scheduled", said("scheduled")),
        (Receipt("P-1", "delivered", "why"), said("delivered", "P-1", "why")),
        (Receipt("", "sent"), said()),
        (7, said("unknown")),
    ],
    ids=["nothing", "a word", "a receipt", "a receipt without a name", "anything"],
)
def test_a_letter_is_answered_by_what_became_of_it(face, found, told):
    """The channel's own receipt, its word, or that it is sent; the letter's name where it has none of its own."""
    handed = []
    assert posted(lambda letter: handed.append(letter) or found, face) == told
    assert handed == [LETTER]
    if face == "async":

        async def deliver(_letter):
            return found

        assert posted(deliver, face) == told
        assert posted(lambda _letter: coroutine(found), face) == told


@FACES
def test_a_channel_is_asked_whether_anybody_is_there(face):
    """It says where that is."""
    assert posted(None, face, None) == "here"
    if face == "async":
        assert posted(None, face, None, ping=lambda: coroutine("there")) == "there"


@FACES
@pytest.mark.parametrize(
    "error", [NotSentError("a"), NoAnswerError("b"), RejectedError("c"), TransientError("d", provider="other")]
)
def test_what_a_channel_raises_for_us_is_raised(face, error):
    """As it is."""

    def deliver(_letter):
        raise error

    with pytest.raises(type(error)) as caught:
        posted(deliver, face)
    assert caught.value is error


@FACES
def test_a_channel_that_lacks_something_is_tried_another_time(face):
    """With the code of a configuration, the channel's name and its words."""

    def deliver(_letter):
        raise ConfigurationError("no password")

    with pytest.raises(TransientError, match="no password") as caught:
        posted(deliver, face)
    assert (caught.value.provider, caught.value.code) == ("mine", "configuration")


@FACES
def test_a_channel_whose_code_fails_may_have_done_it(face):
    """Nobody knows how far it got."""

    def deliver(_letter):
        raise KeyError(NUMBER)

    with pytest.raises(NoAnswerError, match=r"^mine: its code raised KeyError in .*; it may have been done$") as caught:
        posted(deliver, face)
    assert "5550123" not in str(caught.value)
    if face == "async":

        async def later(_letter):
            raise KeyError(NUMBER)

        with pytest.raises(NoAnswerError, match="mine: its code raised KeyError"):
            posted(later, face)
        with pytest.raises(NoAnswerError, match="mine: its code raised KeyError"):
            posted(later, face)


def test_a_blocking_kit_can_not_wait_for_a_channel():
    """Nothing of its coroutine has run, and it is put away; what can only be awaited is refused likewise."""

    class Awaitable:
        def __await__(self):
            yield

    made = coroutine("sent")
    words = "mine is asynchronous: give it to AsyncReminderKit, or make it plain"
    for found in (made, Awaitable()):
        with pytest.raises(NotSentError) as caught:
            posted(lambda _letter, found=found: found, "blocking")
        assert str(caught.value) == words
    assert inspect.getcoroutinestate(made) == inspect.CORO_CLOSED

    async def deliver(_letter):
        raise AssertionError("it has run")

    with pytest.raises(NotSentError, match="mine is asynchronous"):
        posted(deliver, "blocking")


# Waiting


@pytest.mark.parametrize(
    ("rate", "found"),
    [
        ("50/s", 50),
        ("50 / sec ", 50),
        ("50/second", 50),
        ("600/m", 10),
        ("600/min", 10),
        ("600/minute", 10),
        ("3600/h", 1),
        (" 3600/hour", 1),
        ("0.5/s", 0.5),
        ("7", 7),
        (7, 7),
        (0.1, 0.1),
        (1e-9, 1e-9),
    ],
)
def test_a_rate_is_so_many_a_second(rate, found):
    """By second, minute or hour, or as a number."""
    assert per_second(rate) == pytest.approx(found)


@pytest.mark.parametrize("rate", ["", "x", "0", "0.0/s", "-5/s", "5/d", "5/", "/s", "5 5", 0, 0.0, -1.0, float("inf")])
def test_what_is_no_rate_is_shown(rate):
    """With how to write one."""
    with pytest.raises(InvalidInputError) as caught:
        per_second(rate)
    assert str(caught.value) == f"rate = {rate!r} is no rate: write '50/s', '600/min' or a number a second"


class Clock:
    """A clock that waits move, and that says how long they were."""

    def __init__(self):
        self.now, self.waits = 1000.0, []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.waits.append(round(seconds, 6))
        self.now += seconds

    async def result(self, future):
        return future.result(timeout=1)


def limited(status=429, **headers):
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def test_a_pace_doubles_its_wait_up_to_sixteen_seconds():
    """Seconds 1, 2, 4, 8, 16, and no more; who names a time is believed instead, up to the longest."""
    clock, held = Clock(), []
    pace = Pace(longest=60.0, clock=clock)
    for _ in range(7):
        pace.learn(limited())
        held.append(pace.held())
        clock.now += pace.held()
    assert held == [1, 2, 4, 8, 16, 16, 16]
    pace.learn(limited(retry_after="61"))
    assert pace.held() == 60
    assert Pace(longest=5.0, clock=clock).held() == 0
    short = Pace(longest=5.0, clock=clock)
    short.learn(limited(retry_after="6"))
    assert short.held() == 5


def test_what_says_that_nothing_is_left_holds_only_for_as_long_as_it_says():
    """An answer that is fine, and names no time, holds nobody; a space around the number is none."""
    clock = Clock()
    pace = Pace(clock=clock)
    pace.learn(limited(200, x_ratelimit_remaining="0"))
    assert pace.held() == 0
    pace.learn(limited(200, x_ratelimit_remaining=" 0 ", x_ratelimit_reset="3"))
    assert pace.held() == 3
    pace.learn(limited(200, x_ratelimit_remaining="0", x_ratelimit_reset="1"))
    assert pace.held() == 3
    clock.now += 10
    assert pace.held() == 0
    pace.learn(limited(503))
    pace.learn(limited(200))
    pace.learn(limited(503, retry_after="2"))
    assert pace.held() == 2


def test_who_is_held_back_comes_one_after_another():
    """A twentieth of a second apart; a longer hold begins anew, and after it nobody waits."""
    clock = Clock()
    pace = Pace(clock=clock)
    pace.learn(limited(retry_after="5"))
    assert [round(pace.reserve(), 3) for _ in range(3)] == [5.0, 5.05, 5.1]
    pace.learn(limited(retry_after="4"))
    assert round(pace.reserve(), 3) == 5.15
    pace.learn(limited(retry_after="6"))
    assert [round(pace.reserve(), 3) for _ in range(2)] == [6.0, 6.05]
    clock.now += 6
    assert [pace.reserve() for _ in range(2)] == [0, 0]


def test_a_rate_goes_on_after_a_hold():
    """From its end on, evenly; a pause is not made up for."""
    clock = Clock()
    pace = Pace("10/s", clock=clock)
    gap = HEADROOM / 10
    assert [pace.reserve() for _ in range(2)] == pytest.approx([0, gap])
    pace.learn(limited(retry_after="5"))
    assert [pace.reserve() for _ in range(2)] == pytest.approx([5, 5 + gap])
    clock.now += 60
    assert [pace.reserve() for _ in range(2)] == pytest.approx([0, gap])
    pace.keep_to(["10/s", "5/s", 100])
    clock.now += 60
    assert [pace.reserve() for _ in range(2)] == pytest.approx([0, HEADROOM / 5])
    pace.keep_to([])
    clock.now += 60
    assert [pace.reserve() for _ in range(2)] == [0, 0]


class Book:
    """Grants places of one book to whoever asks, by a clock that waits move."""

    def __init__(self, rate="10/s"):
        self.clock, self.book, self.wishes = Clock(), RateBook(), []
        self.pace = SharedPace(rate, self.grant, clock=self.clock)

    def grant(self, wanted):
        self.wishes.append(wanted)
        self.book, granted = self.book.granting(wanted, wanted.now)
        found = Future()
        found.set_result(granted)
        return found

    def turn(self):
        run_blocking(self.pace.turn(self.clock))

    def leave(self):
        run_blocking(self.pace.leave(self.clock))
        return round(self.clock.now, 6)


@pytest.mark.parametrize(("late", "missed"), [(0.010, False), (0.0101, True)])
def test_a_place_is_missed_after_ten_milliseconds(late, missed):
    """Until then it is used, late as it is; then it is given back, and is free for who gives it back."""
    book = Book()
    book.turn()
    book.clock.now += late
    assert book.leave() == round(1000 + late, 6)
    assert [wish.unused for wish in book.wishes] == [(), (1_000_000_000,)][: 1 + missed]


@pytest.mark.parametrize(("late", "left"), [(0.2, 1000.388666), (0.05, 1000.05)])
def test_who_is_late_waits_for_the_next_place_where_that_is_near(late, left):
    """Near is what comes within a quarter of a second: one that is further is given back, and nobody waits for it."""
    book = Book()
    book.turn()
    book.grant(Wanted(3, 10.0, 1000 * SECOND))
    book.clock.now += late
    assert book.leave() == left
    assert book.wishes[2].unused == (1_000_000_000,)
    for _ in range(4):
        book.turn()
        book.leave()
    given_back = {name for wish in book.wishes[3:] for name in wish.unused}
    assert (1_000_388_666 in given_back) is (late == 0.05)


def test_who_is_late_goes_on_where_there_are_no_places():
    """Of one a second the next one is further than it is given away: there is nothing to give back."""
    book = Book("1/s")
    book.turn()
    book.grant(Wanted(1, 1.0, 1000 * SECOND))
    book.clock.now += 0.5
    assert book.leave() == 1000.5
    assert book.clock.waits == []
    book.turn()
    assert book.wishes[3].unused == ()


def test_a_wish_says_how_many_how_fast_when_and_what_is_free():
    """In microseconds; while everybody is held back, for how long."""
    book = Book("50/s")
    book.pace.learn(limited())
    book.turn()
    assert (book.wishes[0].count, book.wishes[0].per_second) == (1, 50.0)
    assert (book.wishes[0].now, book.wishes[0].held) == (1000 * SECOND, 250_000)
    assert book.leave() == 1000.25
    book.turn()
    assert (book.wishes[1].count, book.wishes[1].held, book.wishes[1].unused) == (2, 0, ())


def test_a_pace_without_a_rate_asks_for_nothing():
    """It is a pace of one process, and doubles its waits as any."""
    book = Book(None)
    for _ in range(2):
        book.turn()
        assert book.leave() == 1000
    assert book.wishes == []
    book.pace.learn(limited())
    book.pace.learn(limited())
    assert book.pace.held() == 2
    book.pace.keep_to(["50/s"])
    book.clock.now += 2
    book.turn()
    assert len(book.wishes) == 1


def test_a_process_is_by_itself_for_twice_as_long_each_time():
    """A second, two, up to sixteen; the wish that fails is of one place, and its failure may come at once or later."""
    clock, failing = Clock(), []

    def grant(wanted):
        failing.append(clock.now)
        if len(failing) % 2:
            raise OSError("away")
        found = Future()
        found.set_exception(OSError("away"))
        return found

    pace = SharedPace("2/s", grant, clock=clock)
    for _ in range(160):
        run_blocking(pace.turn(clock))
        run_blocking(pace.leave(clock))
    gaps = [after - before for before, after in itertools.pairwise(failing)]
    for gap, least in zip(gaps, [1, 2, 4, 8, 16, 16], strict=False):
        assert least <= gap < least + 1


def test_a_turn_ends_earlier_by_what_commits_took_and_forgets_it_slowly():
    """A slow one is remembered, a little less with each request; a quarter of a second is the most."""
    book = Book()
    book.turn()
    book.clock.now += 0.05
    book.leave()
    waits = []
    for _ in range(4):
        book.turn()
        book.clock.waits.clear()
        book.leave()
        waits += book.clock.waits
    assert waits == pytest.approx([0.05 * 0.97**power for power in (1, 2, 3, 4)], abs=2e-6)
    book.turn()
    book.clock.now += 2
    book.leave()
    book.turn()
    book.clock.waits.clear()
    book.leave()
    assert sum(book.clock.waits) <= 0.25


@pytest.mark.parametrize(
    ("places", "again_at", "waits"),
    [((500,), 0, [0.0005]), ((), 500, [0.001, 0.0005]), ((), 2000, [0.002, 0.0005]), ((0,), 0, [])],
    ids=["soon", "none for a moment", "none for two", "now"],
)
def test_where_there_is_no_place_it_is_looked_again_in_a_moment(places, again_at, waits):
    """A thousandth of a second at the least; a place is waited for as long as it takes. The clock may begin at zero."""
    clock, wishes = Clock(), []
    clock.now = 0.0

    def grant(wanted):
        wishes.append(wanted)
        found = Future()
        given = places if len(wishes) == 1 else (500,)
        found.set_result(Granted(wanted.now, tuple(wanted.now + one for one in given), wanted.now + again_at))
        return found

    pace = SharedPace("10/s", grant, clock=clock)
    run_blocking(pace.turn(clock))
    assert clock.waits == pytest.approx(waits)
    assert len(wishes) == (1 if places else 2)
    run_blocking(pace.turn(clock))
    assert len(wishes) == (2 if places else 3)


def test_everybody_who_waits_for_places_is_woken_by_the_answer():
    """One asks for all of them, and the answer comes from another thread."""
    clock, wishes, book = Clock(), [], [RateBook()]

    def grant(wanted):
        wishes.append(wanted.count)
        book[0], granted = book[0].granting(wanted, wanted.now)
        found = Future()
        threading.Thread(target=found.set_result, args=(granted,)).start()
        return found

    async def story():
        io = Loop(clock)
        pace = SharedPace("50/s", grant, clock=clock)
        _, waiting = await asyncio.wait([asyncio.create_task(pace.turn(io)) for _ in range(3)], timeout=5)
        return len(waiting)

    assert asyncio.run(story()) == 0
    assert wishes == [1, 2]


class Loop:
    """What waits in an event loop, by a clock of its own."""

    def __init__(self, clock):
        self.clock, self.arrivals = clock, Arrivals(asyncio.get_running_loop())

    async def sleep(self, seconds):
        self.clock.now += seconds

    async def result(self, future):
        return await self.arrivals.result(future)


def test_a_loop_goes_on_while_it_waits_for_another_thread():
    """Even for what the loop itself does in the end."""
    future = Future()
    late = threading.Timer(5, lambda: future.done() or future.set_exception(AssertionError("the loop stood still")))

    async def story():
        loop = asyncio.get_running_loop()
        loop.call_soon(future.set_result, 7)
        return await Arrivals(loop).result(future)

    late.start()
    try:
        assert asyncio.run(story()) == 7
    finally:
        late.cancel()


# The tally


def test_a_tally_holds_how_many_and_how_long(monkeypatch):
    """Of three exchanges of one, two and four seconds: counts, the mean and the slowest, rounded; then it is empty."""
    now = iter([0, 1, 10, 12, 20, 24.00049, 30, 31])
    monkeypatch.setattr("reminder_kit.transport.tally.monotonic", lambda: next(now))
    tally = Tally()
    for status in (399, 400):
        with tally.timed() as answers:
            answers.append(Response(status, {}, b""))
    with tally.timed():
        pass
    assert tally.take() == {"requests": 3, "refused": 1, "unanswered": 1, "mean": 2.333, "slowest": 4.0}
    assert tally.take() == {}
    with tally.timed() as answers:
        answers.append(Response(500, {}, b""))
    assert tally.take() == {"requests": 1, "refused": 1, "unanswered": 0, "mean": 1, "slowest": 1}


@FACES
def test_each_face_tells_what_it_exchanged(face):
    """And carries out jobs in their order, whatever order they end in."""

    def handler(_request):
        return httpx.Response(404)

    kind = BlockingIO if face == "blocking" else AsyncIO
    io = kind(telnyx(), 2, transport=httpx.MockTransport(handler))

    async def story():
        async def job(number):
            return number, (await io.send(GET)).status

        return await io.gather([lambda number=number: job(number) for number in range(5)]), await io.gather([])

    found, nothing = run_blocking(story()) if face == "blocking" else asyncio.run(story())
    assert found == [(number, 404) for number in range(5)]
    assert nothing == []
    told = io.tally.take()
    assert (told["requests"], told["refused"], told["unanswered"]) == (5, 5, 0)
