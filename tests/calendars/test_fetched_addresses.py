"""What is sent for a calendar's address, what is remembered of its answer, and what each refusal says."""

from __future__ import annotations

import codecs
from base64 import b64encode
from datetime import UTC, datetime
from ipaddress import ip_address

import httpx
import pytest

from reminder_kit.calendars import CalendarSettings, Limits, http_source, read_calendar
from reminder_kit.calendars.http_source import Question, answered, fetched, fetched_if_changed, shown
from reminder_kit.calendars.redirects import addresses_of, networks_of, spelled_address
from reminder_kit.calendars.sources import look_at
from reminder_kit.errors import CalendarError

BASIC = f"Basic {b64encode(b'u:secret').decode()}"
ACCEPTED = "text/calendar, text/plain;q=0.5, */*;q=0.1"
CLOSED = (
    "redirects to in.example, which is a private network: refused, since whoever serves it could read there in your "
    "name; if the calendar is there, give its own address"
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Web:
    """Servers that give one answer after another, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, request):
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def fetch(self, address, **limits):
        stream = fetched(address, Limits(**limits), httpx.MockTransport(self), _known)
        stream.seek(0)
        return stream.read()

    def sent(self, name):
        return [request.headers.get(name) for request in self.asked]


def _known(host):
    places = {"a.example": "93.184.216.34", "b.example": "93.184.216.35", "in.example": "10.0.0.8"}
    return [ip_address(places[host])] if host in places else []


def ok(data=b"calendar", **headers):
    return httpx.Response(200, content=data, headers={name.replace("_", "-"): value for name, value in headers.items()})


def to(place, status=302):
    return httpx.Response(status, headers={"location": place})


def failure(web, address="https://a.example/c.ics", **limits):
    with pytest.raises(CalendarError) as caught:
        web.fetch(address, **limits)
    return str(caught.value)


def test_a_calendar_is_asked_for_as_a_calendar():
    """One GET without a body, packed or not, with the credentials of its address in a header alone."""
    web = Web(ok())
    assert web.fetch("https://u:secret@a.example/first.ics?x=1") == b"calendar"
    (request,) = web.asked
    assert (request.method, str(request.url), request.content) == ("GET", "https://a.example/first.ics?x=1", b"")
    wanted = {"accept": ACCEPTED, "accept-encoding": "gzip, deflate", "authorization": BASIC, "host": "a.example"}
    assert {name: request.headers.get(name) for name in wanted} == wanted
    assert request.extensions["timeout"] == {"connect": 30.0, "read": 30.0, "write": 30.0, "pool": 30.0}
    web.fetch("https://a.example/second.ics", timeout=7)
    assert set(web.asked[1].extensions["timeout"].values()) == {7}
    assert "authorization" not in web.asked[1].headers


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"etag": '"1"'}, {"If-None-Match": '"1"'}),
        ({"last_modified": "Mon, 02 Mar 2026 09:00:00 GMT"}, {"If-Modified-Since": "Mon, 02 Mar 2026 09:00:00 GMT"}),
        ({"etag": '"1"', "last_modified": "x"}, {"If-None-Match": '"1"', "If-Modified-Since": "x"}),
        ({"etag": ""}, {}),
        ({}, {}),
    ],
    ids=["etag", "date", "both", "empty", "neither"],
)
def test_the_next_request_is_conditional_by_what_the_answer_gave(given, asked):
    """And a 304 then means that the calendar is what it was."""
    address = "https://a.example/conditional.ics"
    web = Web(ok(**given))
    body, conditions = fetched_if_changed(address, Limits(), {}, httpx.MockTransport(web), _known)
    assert (body.tell(), conditions) == (8, asked)
    web = Web(httpx.Response(304))
    if not asked:
        with pytest.raises(CalendarError, match="answers 304: check the address and who may read it"):
            fetched_if_changed(address, Limits(), conditions, httpx.MockTransport(web), _known)
        return
    assert fetched_if_changed(address, Limits(), conditions, httpx.MockTransport(web), _known) == (None, asked)
    sent = web.asked[0].headers
    assert {name: sent.get(name) for name in ("If-None-Match", "If-Modified-Since") if name in sent} == asked
    assert sent["accept"] == ACCEPTED


def test_eight_answers_are_remembered_and_the_oldest_is_forgotten_first():
    """One that is fetched anew is the newest again, and one without conditions is none of them."""
    places = [f"https://a.example/many-{number}.ics" for number in range(9)]

    def is_known(place):
        web = Web(ok(b"new", etag='"2"'))
        asked = httpx.MockTransport(lambda request: (web(request), httpx.Response(304))[1])
        try:
            fetched(place, Limits(), asked, _known)
        except CalendarError:
            assert web.sent("if-none-match") == [None]
            return False
        return True

    for place in places[:8]:
        Web(ok(etag='"1"')).fetch(place)
    assert [is_known(place) for place in places] == [True] * 8 + [False]
    Web(ok(etag='"1"')).fetch(places[0])
    Web(ok(etag='"1"')).fetch(places[8])
    assert [is_known(place) for place in places] == [True, False, *[True] * 7]
    Web(ok()).fetch(places[8])
    assert [is_known(place) for place in places] == [True, False, *[True] * 6, False]


@pytest.mark.parametrize(("extra", "is_known"), [(0, True), (1, False)])
def test_sixteen_megabytes_are_remembered_and_no_more(extra, is_known):
    """A larger calendar is sent whole each time."""
    web = Web(ok(b"x" * (16 * 1024 * 1024 + extra), etag='"1"'), ok(b"new"))
    place = f"https://a.example/large-{extra}.ics"
    assert len(web.fetch(place)) == 16 * 1024 * 1024 + extra
    web.fetch(place)
    assert web.sent("if-none-match") == [None, '"1"' if is_known else None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_kind_of_redirect_is_followed(status):
    """Without what stands behind the number sign."""
    web = Web(to("/d.ics?e=f#g", status), ok())
    assert web.fetch("https://a.example/c.ics") == b"calendar"
    assert str(web.asked[1].url.copy_with(host="a.example")) == "https://a.example/d.ics?e=f"


@pytest.mark.parametrize("answer", [httpx.Response(302), httpx.Response(300, headers={"location": "/d"})])
def test_what_leads_nowhere_is_a_refusal(answer):
    """A redirect without a place, and another status with one."""
    assert failure(Web(answer)) == (
        f"https://a.example/c.ics answers {answer.status_code}: check the address and who may read it"
    )


def test_as_many_redirects_are_followed_as_may_be():
    """And one more is refused."""
    assert Web(to("/1"), to("/2"), ok()).fetch("https://a.example/c.ics", redirects=2) == b"calendar"
    assert Web(ok()).fetch("https://a.example/c.ics", redirects=0) == b"calendar"
    web = Web(to("/1"), to("/2"), to("/3"), ok())
    assert failure(web, redirects=2) == "https://a.example/c.ics redirects more than 2 times"
    assert len(web.asked) == 3


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("gopher-and-more://b.example/", "redirects to gopher-and:, which is no http(s) address"),
        ("http://b.example/", "redirects from https to http, where anybody may change it: refused"),
        (f"https://{'n' * 62}.example/", f"redirects to {'n' * 60}, which has no address: try again later"),
        ("https://in.example/", CLOSED),
    ],
)
def test_a_redirect_that_is_refused_is_told_whole(place, said):
    """With the configured address, where it leads, and why."""
    assert failure(Web(to(place), ok())) == f"https://a.example/c.ics {said}"


def test_a_host_in_two_closed_networks_is_told_with_both():
    """In the order of the alphabet."""

    def both(host):
        return [ip_address(text) for text in (["10.0.0.1", "127.0.0.1"] if host == "b.example" else ["93.184.216.34"])]

    with pytest.raises(CalendarError, match="which is a private network and this machine itself: refused"):
        fetched("https://a.example/c", Limits(), httpx.MockTransport(Web(to("https://b.example/"))), both)


def test_the_host_of_a_redirect_is_reached_by_its_address_and_called_by_its_name():
    """With the credentials of the configured host where it is that one; one that is an address needs no look."""
    web = Web(to("https://b.example:8443/1"), to("https://a.example/2"), to("https://93.184.216.36/3"), ok())
    web.fetch("https://u:secret@a.example/c.ics")
    assert [str(request.url) for request in web.asked] == [
        "https://a.example/c.ics", "https://93.184.216.35:8443/1", "https://93.184.216.34/2",
        "https://93.184.216.36/3",
    ]  # fmt: skip
    assert web.sent("host") == ["a.example", "b.example:8443", "a.example", "93.184.216.36"]
    assert web.sent("authorization") == [BASIC, None, BASIC, None]
    names = [request.extensions.get("sni_hostname") for request in web.asked]
    assert names == [None, "b.example", "a.example", None]


@pytest.mark.parametrize(
    ("environ", "is_asked"),
    [
        ({}, True),
        ({"https_proxy": "http://p.example:1"}, False),
        ({"http_proxy": "http://p.example:1"}, True),
        ({"all_proxy": "http://p.example:1"}, False),
        ({"all_proxy": "http://p.example:1", "no_proxy": "b.example"}, True),
        ({"https_proxy": "http://p.example:1", "no_proxy": "c.example"}, False),
    ],
    ids=["none", "its scheme's", "another scheme's", "that of all", "not for this host", "not for another host"],
)
def test_behind_a_proxy_names_are_the_proxys(monkeypatch, environ, is_asked):
    """Whichever variable names it; no name is resolved then, and the connection is made by it."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    web, asked = Web(to("https://b.example/d"), ok()), []

    def known(host):
        asked.append(host)
        return _known(host)

    fetched("https://a.example/c.ics", Limits(), httpx.MockTransport(web), known)
    assert ("b.example" in asked) is is_asked
    assert str(web.asked[1].url) == f"https://{'93.184.216.35' if is_asked else 'b.example'}/d"


def test_a_question_is_asked_as_it_is_put():
    """Method, body and headers, over a redirect too; any status is an answer that is among those taken."""
    web = Web(to("/d"), httpx.Response(207, content=b"told"))
    question = Question("REPORT", "https://a.example/c", b"<x/>", {"Depth": "1"}, ("u", "secret"), frozenset({207}))
    answer = answered(question, Limits(timeout=3), httpx.MockTransport(web), _known)
    answer.body.seek(0)
    assert (answer.status, answer.body.read()) == (207, b"told")
    assert [(request.method, request.content) for request in web.asked] == [("REPORT", b"<x/>")] * 2
    assert (web.sent("depth"), web.sent("authorization")) == (["1", "1"], [BASIC] * 2)
    assert web.sent("accept-encoding") == ["gzip, deflate"] * 2
    assert set(web.asked[0].extensions["timeout"].values()) == {3}
    with pytest.raises(CalendarError, match=r"https://a\.example/c answers 207: check"):
        answered(Question("PROPFIND", "https://a.example/c"), Limits(), httpx.MockTransport(web), _known)
    assert "secret" not in repr(question)
    assert "a.example" not in repr(question)


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectTimeout("secret"), httpx.InvalidURL("secret"), httpx.StreamConsumed(), OSError("secret"),
     ValueError("secret")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_can_not_be_asked_is_an_error_without_secrets(error):
    """Whatever fails on the way, it is told by its kind."""

    def refuse(_request):
        raise error

    web = httpx.MockTransport(refuse)
    said = f"https://a.example/c cannot be fetched: {type(error).__name__}; check the address, and try again later"
    question = Question("GET", "https://a.example/c?secret")
    for ask in (
        lambda: answered(question, Limits(), web, _known),
        lambda: fetched("https://a.example/c?secret", Limits(), web, _known),
    ):
        with pytest.raises(CalendarError) as caught:
            ask()
        assert str(caught.value) == said


def test_an_answer_to_a_question_is_no_larger_than_a_calendar_may_be():
    """It is refused by name of the limit."""
    question = Question("GET", "https://a.example/c", b"secret")
    assert "secret" not in repr(question)
    with pytest.raises(CalendarError, match="larger than 3 bytes; raise the calendar's limit `file_bytes`"):
        answered(question, Limits(file_bytes=3), httpx.MockTransport(Web(ok())), _known)


@pytest.mark.parametrize(
    ("address", "is_sent"),
    [
        ("https://a.example/", True),
        ("webcal://a.example/", True),
        ("http://a.example/", False),
        ("http://10.0.0.8/", False),
        ("http://localhost:5232/", True),
        ("http://127.0.0.1/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]/", True),
        ("http://localhost.example/", False),
    ],
)
def test_a_password_goes_only_where_nobody_can_read_it(address, is_sent):
    """By https, or to this machine itself."""
    web = Web(ok())
    question = Question("GET", address, login=("u", "secret"))
    if is_sent:
        answered(question, Limits(), httpx.MockTransport(web), _known)
        assert web.sent("authorization") == [BASIC]
    else:
        with pytest.raises(CalendarError) as caught:
            answered(question, Limits(), httpx.MockTransport(web), _known)
        said = "is not encrypted, and would show the password to anybody: write https://"
        assert (str(caught.value), web.asked) == (f"{address} {said}", [])


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (f"https://{'h' * 101}/c", f"https://{'h' * 100}/c"),
        (f"https://a.example/{'p' * 20}/{'q' * 21}", f"https://a.example/{'p' * 20}/qqqq…"),
        ("https://a.example" + "/part" * 21, "https://a.example" + "/part" * 20),
        ("https://u:p@A.example:8443/c?d#e", "https://a.example:8443/c"),
        ("https://", "https://"),
        ("https://[::1", "https://…"),
        ("abcdefghijkl://[x", "abcdefghij://…"),
    ],
)
def test_an_address_is_shown_in_its_first_hundred_characters(address, text):
    """A hundred of its host, a hundred of its path, and twenty of each part of that."""
    assert shown(address) == text


def test_a_look_at_an_address_remembers_what_it_was(httpx_answers):
    """Its digest and its conditions; where nothing changed there are no files."""
    httpx_answers.extend([ok(b"BEGIN\rEND", etag='"1"'), httpx.Response(304), ok(b"BEGIN\rEND"), ok(b"other")])
    address = "WEBCAL://user:secret@a.example/look.ics"
    first = look_at(address, Limits(), {})
    (file,) = first.files
    with file.opened() as stream:
        assert (file.label, stream.read()) == ("webcal://a.example/look.ics", b"BEGIN\nEND")
    assert first.conditions == {"If-None-Match": '"1"'}
    same = look_at(address, Limits(), first.conditions)
    assert (same.files, same.digest, same.conditions) == (None, "", first.conditions)
    again = look_at(address, Limits(), {})
    assert (again.digest, again.conditions) == (first.digest, {})
    assert look_at(address, Limits(), {}).digest != first.digest


@pytest.fixture
def httpx_answers(monkeypatch):
    """Answers of whatever server is asked, in their order."""
    answers = []
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _self, _request: answers.pop(0))
    return answers


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("0.1.2.3", "this machine itself"),
        ("1.0.0.1", ""),
        ("192.0.0.192", "a cloud's metadata service"),
        ("::ffff:93.184.216.34", ""),
        ("::ffff:169.254.169.254", "a cloud's metadata service"),
        ("2002:a00:1::", "a private network"),
        ("2002:5db8:d822::", ""),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "a private network"),
        ("2001:0:4136:e378:8000:63bf:a247:27dd", ""),
        ("64:ff9b::a00:1", "a private network"),
        ("64:ff9b::5db8:d822", ""),
        ("64:ff9b:1::a00:1", "a private network"),
        ("64:ff9b:1::5db8:d822", ""),
        ("::10.0.0.1", "a private network"),
        ("::93.184.216.34", ""),
        ("::2", "this machine itself"),
        ("ff02::1", "a private network"),
        ("ff0e::1", "a private network"),
        ("2606:2800:220:1::1", ""),
        ("fec0::1", "a private network"),
        ("febf::1", "the local link"),
        ("239.1.1.1", "a private network"),
        ("198.18.0.1", "a private network"),
    ],
)
def test_each_network_is_known_by_each_way_an_address_is_written(address, network):
    """Mapped, tunnelled and translated addresses are what they stand for."""
    assert networks_of([ip_address(address)]) == ({network} if network else set())


def test_an_address_may_be_of_one_interface():
    """What stands behind the per cent sign is its interface."""
    assert spelled_address("fe80::1%eth0") == spelled_address("[fe80::1%25]") == ip_address("fe80::1")
    assert spelled_address("127.0.0.1.example") is None


def test_the_resolver_gives_each_address_once(monkeypatch):
    """In its order, without the interface, and none where it has none."""
    import socket

    def resolved(*given, **options):
        assert (given, options) == (("a.example", None), {"type": socket.SOCK_STREAM})
        return [(0, 0, 0, "", (text, 0)) for text in ("fe80::1%eth0", "93.184.216.34", "fe80::1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert list(map(str, addresses_of("a.example"))) == ["fe80::1", "93.184.216.34"]
    assert list(map(str, addresses_of("10.1"))) == ["10.0.0.1"]


NAME = "Анна"
CALENDAR = f"BEGIN:VCALENDAR\r\nSUMMARY:{NAME}\r\nEND:VCALENDAR\r\n"
FOLDED = CALENDAR.encode()[:28] + b"\r\n " + CALENDAR.encode()[28:]


@pytest.mark.parametrize(
    ("data", "declared", "read"),
    [
        (CALENDAR.encode("cp1251"), "text/calendar; charset=windows-1251", CALENDAR.encode()),
        (CALENDAR.encode("koi8-r"), 'text/calendar; charset="KOI8-R"', CALENDAR.encode()),
        (b"Caf\xe9", "text/calendar; charset=ISO-8859-1", b"Caf\xe9"),
        (CALENDAR.encode(), "text/calendar; charset=windows-1251", CALENDAR.encode()),
        (FOLDED, "text/calendar; charset=windows-1251", FOLDED),
        (codecs.BOM_UTF8 + b"\xe9", "text/calendar; charset=windows-1251", codecs.BOM_UTF8 + b"\xe9"),
        (CALENDAR.encode("utf-16"), "text/calendar; charset=windows-1251", CALENDAR.encode("utf-16")),
        (b"Caf\xe9", "text/calendar", b"Caf\xe9"),
        (b"Caf\xe9", "text/calendar; charset=utf-8", b"Caf\xe9"),
        (b"Caf\xe9", "text/calendar; charset=nobody-knows", b"Caf\xe9"),
        (b"Caf\xe9", "text/calendar; charset=unicode_escape", b"Caf\xe9"),
        (b"\xff\xe9", "text/calendar; charset=shift_jis", b"\xff\xe9"),
    ],
    ids=[
        "Windows", "KOI8", "Latin-1", "UTF-8", "a fold within a character", "a mark", "UTF-16",
        "nothing declared", "not as declared", "unknown", "no charset", "not of that charset",
    ],
)  # fmt: skip
def test_the_charset_that_a_server_declares_is_read(data, declared, read):
    """Where what came is no UTF-8 (many servers declare what they always do), and is in that charset."""
    assert Web(ok(data, content_type=declared)).fetch("https://a.example/charsets.ics") == read


def test_a_calendar_in_a_declared_charset_is_remembered_as_it_was_read():
    """A 304 gives the same words again, also for a calendar of many pieces."""
    text = CALENDAR * 20_000
    first = ok(text.encode("cp1251"), content_type="text/calendar; charset=windows-1251", etag='"1"')
    web = Web(first, httpx.Response(304))
    for _ in range(2):
        assert web.fetch("https://a.example/remembered.ics").decode() == text


def test_the_words_of_a_calendar_are_those_of_its_charset(monkeypatch):
    """Nothing is read as Windows-1252, and no warning is needed."""
    event = f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260301T090000Z\r\nSUMMARY:{NAME}\r\nEND:VEVENT\r\n"
    data = f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n".encode("cp1251")
    web = Web(ok(data, content_type="text/calendar; charset=windows-1251"))
    transport = httpx.MockTransport(web)
    monkeypatch.setattr(http_source, "fetched", lambda address, limits: fetched(address, limits, transport, _known))
    days = {"start": datetime(2026, 3, 1, tzinfo=UTC), "end": datetime(2026, 3, 2, tzinfo=UTC)}
    reading = read_calendar("https://a.example/words.ics", CalendarSettings(timezone="UTC"), **days)
    assert ([one.appointment.title for one in reading], reading.problems) == ([NAME], [])
