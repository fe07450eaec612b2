"""Where a calendar's address may lead by redirects, and what goes along: never nearer than the configured one is."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.http_source import fetched
from reminder_kit.calendars.redirects import addresses_of, networks_of, spelled_address
from reminder_kit.errors import CalendarError

FEED = "https://feed.example/c.ics"
KNOWN = {
    "feed.example": ["93.184.216.34"],
    "other.example": ["93.184.216.35", "2606:2800:220:1::1"],
    "inside.example": ["93.184.216.34", "10.0.0.8"],
    "intranet.example": ["192.168.7.7"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": ["::1", "127.0.0.1"],
    "127.0.0.1": ["127.0.0.1"],
}


class Web:
    """Servers that answer by redirects, as told, and remember what they were asked for."""

    def __init__(self, *redirects, refusing=()):
        self.redirects, self.refusing, self.asked = list(redirects), refusing, []

    def answer(self, request):
        if request.url.host in self.refusing:
            raise httpx.ConnectError("refused", request=request)
        self.asked.append(request)
        if self.redirects:
            return httpx.Response(302, headers={"Location": self.redirects.pop(0)})
        return httpx.Response(200, content=b"BEGIN:VCALENDAR")

    def fetch(self, address=FEED, **limits):
        return fetched(address, Limits(**limits), httpx.MockTransport(self.answer), _known).tell()

    @property
    def places(self):
        return [f"{request.url.host} as {request.headers['host']}" for request in self.asked]


def _known(host):
    return [ip_address(text) for text in KNOWN.get(host, [])]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("http://127.0.0.1/", "this machine itself"),
        ("https://127.0.0.1:8500/v1/kv", "this machine itself"),
        ("https://localhost/", "this machine itself"),
        ("https://2130706433/", "this machine itself"),
        ("https://0177.1/", "this machine itself"),
        ("https://0x7f.1/", "this machine itself"),
        ("https://127.1/", "this machine itself"),
        ("https://0.0.0.0/", "this machine itself"),
        ("https://[::1]/", "this machine itself"),
        ("https://[::]/", "this machine itself"),
        ("https://[::ffff:127.0.0.1]/", "this machine itself"),
        ("https://[::127.0.0.1]/", "this machine itself"),
        ("https://[64:ff9b::7f00:1]/", "this machine itself"),
        ("https://[2002:7f00:1::]/", "this machine itself"),
        ("https://10.1.2.3/", "a private network"),
        ("https://172.16.0.1/", "a private network"),
        ("https://192.168.0.1/", "a private network"),
        ("https://100.64.0.1/", "a private network"),
        ("https://[fd12::1]/", "a private network"),
        ("https://[fec0::1]/", "a private network"),
        ("https://[::ffff:10.1.2.3]/", "a private network"),
        ("https://224.0.0.1/", "a private network"),
        ("https://inside.example/", "a private network"),
        ("https://intranet.example/", "a private network"),
        ("https://169.254.1.1/", "the local link"),
        ("https://[fe80::1]/", "the local link"),
        ("https://169.254.169.254/latest/meta-data/", "a cloud's metadata service"),
        ("https://metadata.google.internal/", "a cloud's metadata service"),
        ("https://[fd00:ec2::254]/", "a cloud's metadata service"),
        ("https://100.100.100.200/", "a cloud's metadata service"),
        ("https://168.63.129.16/", "a cloud's metadata service"),
    ],
)
def test_an_open_address_leads_to_no_closed_network(target, where):
    """Whatever a host in a closed network is called or spelled as, nothing is sent there, and the error says why."""
    web = Web(target)
    words = "from https to http" if target.startswith("http:") else f"which is {where}: refused"
    with pytest.raises(CalendarError, match=words):
        web.fetch()
    assert web.places == ["feed.example as feed.example"]


@pytest.mark.parametrize(
    ("address", "target", "allowed"),
    [
        ("http://127.0.0.1:8000/c.ics", "http://localhost:9000/c.ics", True),
        ("http://localhost/c.ics", "http://127.0.0.1/c.ics", True),
        ("https://intranet.example/c.ics", "https://10.0.0.9/c.ics", True),
        ("https://intranet.example/c.ics", "https://feed.example/c.ics", True),
        ("https://intranet.example/c.ics", "https://127.0.0.1/c.ics", False),
        ("https://intranet.example/c.ics", "https://169.254.169.254/c.ics", False),
        ("http://localhost/c.ics", "http://192.168.0.1/c.ics", False),
    ],
)
def test_where_the_configured_address_is_its_redirects_may_lead(address, target, allowed):
    """An address in a network may lead within that network, and out of it, but to no other closed one."""
    web = Web(target)
    if allowed:
        assert web.fetch(address) == 15
    else:
        with pytest.raises(CalendarError, match="refused"):
            web.fetch(address)


def test_the_connection_is_made_to_an_address_that_was_looked_at():
    """A name is resolved once: what it means a moment later (DNS rebinding) is nobody's business."""
    web = Web("https://other.example:8443/c.ics")
    assert web.fetch() == 15
    assert web.places == ["feed.example as feed.example", "93.184.216.35 as other.example:8443"]
    assert web.asked[1].extensions["sni_hostname"] == "other.example"  # the certificate is that of the name


def test_an_address_that_takes_no_connection_is_passed_over():
    """Of a host's addresses the first that takes connections is used; where none does, that is the error."""
    web = Web("https://other.example/c.ics", refusing={"93.184.216.35"})
    assert web.fetch() == 15
    assert web.places[1] == "2606:2800:220:1::1 as other.example"
    web = Web("https://other.example/c.ics", refusing={"93.184.216.35", "2606:2800:220:1::1"})
    with pytest.raises(CalendarError, match="cannot be fetched: ConnectError"):
        web.fetch()


def test_a_name_without_an_address_is_not_asked_for_again():
    """A redirect to a name that has no address is refused, and not resolved once more by whoever connects."""
    web = Web("https://nowhere.example/c.ics")
    with pytest.raises(CalendarError, match=r"nowhere\.example, which has no address"):
        web.fetch()
    assert len(web.asked) == 1


def test_behind_a_proxy_what_is_written_as_an_address_is_judged(monkeypatch):
    """Names are the proxy's to resolve; addresses of closed networks are refused all the same."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    web = Web("https://nowhere.example/c.ics")
    assert web.fetch() == 15
    assert web.places[1] == "nowhere.example as nowhere.example"
    with pytest.raises(CalendarError, match="this machine itself"):
        Web("https://0x7f000001/").fetch()


@pytest.mark.parametrize(
    ("address", "target", "words"),
    [
        (FEED, "file:///etc/passwd", "redirects to file:"),
        (FEED, "ftp://feed.example/c.ics", "redirects to ftp:"),
        (FEED, "gopher://feed.example/", "redirects to gopher:"),
        (FEED, "data:text/calendar,BEGIN", "cannot be fetched"),
        (FEED, "http://feed.example/c.ics", "redirects from https to http"),
        ("webcal://feed.example/c.ics", "http://feed.example/c.ics", "redirects from https to http"),
        (FEED, "https://[::1/c.ics", "cannot be fetched"),
        (FEED, "https://0177.0.0.1/c.ics", "cannot be fetched"),
        (FEED, "c.ics", "redirects more than 3 times"),
    ],
)
def test_a_redirect_that_no_calendar_needs_is_refused(address, target, words):
    """Other schemes, less safety, broken addresses and circles are errors that name the configured address."""
    with pytest.raises(CalendarError, match=words) as caught:
        Web(*[target] * 20).fetch(address, redirects=3)
    assert str(caught.value).startswith(f"{address.partition(':')[0]}://feed.example/c.ics ")


@pytest.mark.parametrize(
    ("address", "target", "sent"),
    [
        ("https://u:secret@feed.example/c.ics", "/d.ics", True),
        ("https://u:secret@feed.example/c.ics", "https://feed.example:443/d.ics", True),
        ("http://u:secret@feed.example/c.ics", "https://feed.example/d.ics", True),
        ("https://u:secret@feed.example/c.ics", "https://feed.example:8443/d.ics", False),
        ("https://u:secret@feed.example/c.ics", "https://other.example/d.ics", False),
        ("https://u:secret@feed.example/c.ics", "https://a:b@other.example/d.ics", False),
    ],
)
def test_credentials_stay_with_the_host_they_are_for(address, target, sent):
    """User and password go to the configured host and port only, by https where the redirect says so."""
    web = Web(target)
    assert web.fetch(address) == 15
    first, second = web.asked
    assert "authorization" in first.headers
    assert ("authorization" in second.headers) is sent


def test_credentials_come_back_with_the_way_back():
    """A redirect to another host and back to the configured one has credentials at both ends only."""
    web = Web("https://other.example/c.ics", FEED)
    web.fetch("https://u:secret@feed.example/c.ics")
    assert ["authorization" in request.headers for request in web.asked] == [True, False, True]


def test_an_address_is_one_in_every_spelling():
    """What a connection takes for an address is one here too; names, and what only looks like one, are not."""
    spellings = ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001")
    assert {str(spelled_address(text)) for text in spellings} == {"127.0.0.1"}
    assert str(spelled_address("[::1]")) == "::1"
    assert [spelled_address(text) for text in ("feed.example", "1.2.3.4.5", "\0", "", "::g")] == [None] * 5


def test_the_resolver_is_asked_for_names_only():
    """Addresses are not looked up, this machine is known, and what is no name has no address."""
    assert list(map(str, addresses_of("0x7f.1"))) == ["127.0.0.1"]
    assert networks_of(addresses_of("localhost")) == {"this machine itself"}
    assert [addresses_of(text) for text in ("", "\0", "a" * 300, "\ud800")] == [[]] * 4
