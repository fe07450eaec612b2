"""What is asked of a CalDAV server, byte by byte, what is remembered of it, and what each refusal says."""

from __future__ import annotations

import re

import httpx
import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.caldav import Collection, collection_of, described, unquoted
from reminder_kit.calendars.settings import CalendarSource
from reminder_kit.errors import CalendarError
from tests.calendars.dav_server import ADDRESS, OPEN, PATH, DavServer, event

LABEL = "https://dav.example/desk/room%20one/"
DAY = "20260212T090000"
SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def collection(handler, **limits):
    return Collection(ADDRESS, Limits(**limits), transport=httpx.MockTransport(handler))


def multi(*rows, token=""):
    said = f"<D:sync-token>{token}</D:sync-token>" if token else ""
    return httpx.Response(207, text=f"{OPEN}{''.join(rows)}{said}</D:multistatus>")


def row(name, props="<D:getetag>1</D:getetag>", *, path=PATH, status=""):
    told = f"<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>" if props else ""
    own = f"<D:status>HTTP/1.1 {status} x</D:status>" if status else ""
    return f"<D:response><D:href>{path}{name}</D:href>{own}{told}</D:response>"


def texts(changes):
    """Return the bytes of what is to be read, by its label."""
    found = {}
    for file in changes.files:
        with file.opened() as stream:
            found[file.label] = stream.read().decode()
    return found


@pytest.fixture(params=[True, False], ids=["tokens", "states"])
def server(request):
    made = DavServer(tokens=request.param)
    for name in "ab":
        made.put(f"{name}.ics", event(name, DAY))
    return made


def failure(handler, known=None, **limits):
    """Return what a look that fails says."""
    with pytest.raises(CalendarError) as caught:
        collection(handler, **limits).changes(known or {})
    return str(caught.value)


SYNC = f"<D:sync-collection {SPACES}>%s<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
MULTIGET = f"<C:calendar-multiget {SPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>%s</C:calendar-multiget>"
ITSELF = f"<D:propfind {SPACES}><D:prop><D:resourcetype/><D:sync-token/><S:getctag/></D:prop></D:propfind>"
LIST = f"<D:propfind {SPACES}><D:prop><D:getetag/><D:resourcetype/></D:prop></D:propfind>"


def asked_of(server, known=None):
    """Return what a look asks, and what it remembers."""
    asked = []

    def answer(request):
        names = ("content-type", "accept", "accept-encoding", "authorization")
        asked.append((request.method, request.headers["depth"], request.content.decode()))
        assert str(request.url) == ADDRESS
        assert [request.headers.get(name) for name in names] == [
            "application/xml; charset=utf-8", "application/xml", "gzip, deflate", None,
        ]  # fmt: skip
        return server(request)

    found = collection(answer).changes(known or {})
    return asked, found


def test_a_server_with_tokens_is_asked_for_changes_and_for_events():
    """Two requests for the first look, and two for the next; the token is all that is remembered."""
    server = DavServer()
    server.put("a.ics", event("a", DAY))
    server.put("b%26.ics", event("b", DAY))
    asked, first = asked_of(server)
    named = f"<D:href>{PATH}a.ics</D:href><D:href>{PATH}b%26.ics</D:href>"
    assert asked == [
        ("REPORT", "0", HEAD + SYNC % "<D:sync-token/>"),
        ("REPORT", "1", HEAD + MULTIGET % named),
    ]
    assert first.memory == {"token": "https://dav.example/sync?2", "uids": {"b&.ics": "b"}}
    assert list(texts(first)) == [f"{LABEL}a.ics", f"{LABEL}b&.ics"]
    server.put("a.ics", event("a", DAY))
    asked, after = asked_of(
        server,
        {"token": "https://dav.example/sync?2&<", "uids": first.memory["uids"]}
        | {"token": "https://dav.example/sync?2"},
    )
    assert asked == [
        ("REPORT", "0", HEAD + SYNC % "<D:sync-token>https://dav.example/sync?2</D:sync-token>"),
        ("REPORT", "1", HEAD + MULTIGET % f"<D:href>{PATH}a.ics</D:href>"),
    ]
    assert after.memory == {"token": "https://dav.example/sync?3", "uids": {"b&.ics": "b"}}


def test_a_server_without_tokens_is_asked_for_itself_and_for_a_list():
    """Its ctag and a digest of each etag are remembered; where the ctag is the same one request is enough."""
    server = DavServer(tokens=False)
    server.put("a.ics", event("a", DAY))
    asked, first = asked_of(server)
    assert asked == [
        ("REPORT", "0", HEAD + SYNC % "<D:sync-token/>"),
        ("PROPFIND", "0", HEAD + ITSELF),
        ("PROPFIND", "1", HEAD + LIST),
        ("REPORT", "1", HEAD + MULTIGET % f"<D:href>{PATH}a.ics</D:href>"),
    ]
    assert first.memory["ctag"] == "1"
    assert list(first.memory) == ["ctag", "states", "uids"]
    assert re.fullmatch("[0-9a-f]{12}", first.memory["states"]["a.ics"])
    asked, after = asked_of(server, first.memory)
    assert ([kind for kind, *_ in asked], after) == (["REPORT", "PROPFIND"], None)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 412, 415, 422, 501, 507])
def test_a_server_that_takes_no_such_question_is_asked_by_states(status):
    """Whichever way it says so."""
    server = DavServer(tokens=False)
    server.put("a.ics", event("a", DAY))
    server.instead["sync-collection"] = httpx.Response(status)
    assert list(texts(collection(server).changes({}))) == [f"{LABEL}a.ics"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "answers 401: check CALDAV_USERNAME and CALDAV_PASSWORD"),
        (500, "answers 500: check the address and who may read it"),
        (402, "answers 402: check the address and who may read it"),
        (200, "answers 200: check the address and who may read it"),
    ],
)
def test_any_other_answer_is_an_error(server, status, said):
    """With the address, the status, and what to look at."""
    server.instead["sync-collection"] = httpx.Response(status)
    assert failure(server) == f"{LABEL} {said}"


def test_each_refusal_says_what_was_asked_for(server):
    """The list, the events, the collection itself."""
    server.instead["calendar-multiget"] = httpx.Response(404)
    assert failure(server) == f"{LABEL} answers 404 to a request for events: try again later"
    server.instead = {"sync-collection": httpx.Response(403), "propfind": httpx.Response(403)}
    assert failure(server) == f"{LABEL} answers 403, and is no CalDAV server: check the address"
    server.instead["propfind"] = multi()
    assert failure(server) == f"{LABEL} answers 207, and is no CalDAV server: check the address"
    calendar = row("", "<D:resourcetype><C:calendar/></D:resourcetype>")
    server.instead["propfind"] = lambda request: (
        multi(calendar) if request.headers["depth"] == "0" else httpx.Response(403)
    )
    assert failure(server) == f"{LABEL} answers 403 to a list: check the address"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ((), ", as its server shows it"),
        (None, ", as its server shows it"),
        (("work/",), " (work in it)"),
        (("b%20c/", "a"), " (a, b c in it)"),
        (tuple("gfedcba"), " (a, b, c, d, e in it)"),
        (("x" * 41,), f" ({'x' * 40} in it)"),
    ],
    ids=["none", "not told", "one", "two", "seven", "a long name"],
)
def test_a_collection_that_is_no_calendar_is_told_with_those_in_it(members, said):
    """Five of them by name, in order, and forty characters of each."""
    server = DavServer(tokens=False)
    home = row("", "<D:resourcetype><D:collection/></D:resourcetype>")
    rows = [row(name, "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>") for name in members or ()]

    def found(request):
        whole = httpx.Response(403) if members is None else multi(home, *rows)
        return multi(home) if request.headers["depth"] == "0" else whole

    server.instead["propfind"] = found
    assert failure(server) == f"{LABEL} is no calendar: give the address of one{said}"


def test_an_empty_calendar_is_whole(server):
    """What was there is gone then, and for certain."""
    for name in "ab":
        server.delete(f"{name}.ics")
    found = collection(server).changes({})
    assert (found.files, found.whole, found.gone, found.memory["uids"]) == ([], True, frozenset(), {})


@pytest.mark.parametrize("status", ["404", "410"])
def test_what_is_gone_is_told_in_two_ways(status):
    """404 and 410; where the collection itself is told so it is none of its events."""
    server = DavServer()
    server.instead["sync-collection"] = multi(row("a.ics", "", status=status), row("", "", status="404"), token="next")
    found = collection(server).changes({"token": "t", "uids": {"a.ics": "one", "b.ics": "two"}})
    assert (found.gone, found.whole, found.files) == ({"one"}, False, [])
    assert found.memory == {"token": "next", "uids": {"b.ics": "two"}}
    server.instead["sync-collection"] = multi(row("", "", status=status), token="next")
    assert collection(server).changes({"token": "t"}) is None


def test_an_event_that_is_another_one_now_is_not_gone(server):
    """Also where its name does not show its UID; nor is a folder that is new."""
    server.put("name.ics", event("one", DAY))
    memory = collection(server).changes({}).memory
    server.put("name.ics", event("one", "20260213T090000"))
    after = collection(server).changes(memory)
    assert (list(texts(after)), after.gone, after.memory["uids"]) == (
        [f"{LABEL}name.ics"],
        frozenset(),
        {"name.ics": "one"},
    )
    folder = row("sub", "<D:resourcetype><D:collection/></D:resourcetype>")
    server.instead["sync-collection"] = multi(folder, token="next")
    if server.tokens:
        assert collection(server).changes(after.memory) is None


def test_what_is_no_event_is_not_read():
    """Collections, addresses that end like those of collections, and the calendar itself, by any spelling."""
    server = DavServer()
    for name in ("a.ics", "sub", "deep/"):
        server.put(name, event(name, DAY))
    folder = "<D:resourcetype><D:collection/></D:resourcetype>"
    server.instead["sync-collection"] = multi(
        row("a.ics"), row("sub", folder), row("deep/"), row("closed/", "", status="403"), row(""),
        row("", path="/desk/room one"),
        row("", path="https://dav.example/desk/room%20one"), token="t",
    )  # fmt: skip
    assert list(texts(collection(server).changes({}))) == [f"{LABEL}a.ics"]
    assert [names for kind, names in server.asked if kind == "calendar-multiget"] == [["a.ics"]]


def test_an_address_that_names_its_host_is_read_at_this_one():
    """Whichever host a server says it is."""
    server = DavServer()
    server.put("a.ics", event("a", DAY))
    server.instead["sync-collection"] = multi(row("a.ics", path=f"http://inner.example:8080{PATH}"), token="t")
    assert list(texts(collection(server).changes({}))) == [f"{LABEL}a.ics"]
    assert server.asked[-1] == ("calendar-multiget", ["a.ics"])


@pytest.mark.parametrize("status", ["507", "503", "403", "301"])
def test_one_event_that_can_not_be_told_fails_the_look(status):
    """Also where it is full: only the collection itself says by that that there is more."""
    server = DavServer()
    server.instead["sync-collection"] = multi(row("a.ics", "", status=status), token="t")
    assert failure(server) == f"{LABEL} answers {status} for one of its events: try again later"


def test_a_list_without_a_token_is_none():
    """The next look could not be asked for by it: the server is asked by its names of states."""
    server = DavServer(tokens=False)
    server.put("a.ics", event("a", DAY))
    server.instead["sync-collection"] = multi(row("a.ics"))
    assert "token" not in collection(server).changes({}).memory


@pytest.mark.parametrize("known", [{}, {"token": ""}, {"token": "old"}])
def test_a_list_that_says_nothing_more_under_new_tokens_ends(known):
    """No resource is new in the second part: it is not asked for a third."""
    server = DavServer(tokens=False)
    server.put("a.ics", event("a", DAY))
    count = [0]

    def more(_request):
        count[0] += 1
        return multi(row("", "", status="507"), row("a.ics"), token=f"t{count[0]}")

    server.instead["sync-collection"] = more
    assert list(texts(collection(server).changes(known))) == [f"{LABEL}a.ics"]
    assert count[0] == (4 if known.get("token") else 2)


def test_parts_are_asked_for_by_the_token_of_the_one_before():
    """Until the last one, whose token is remembered."""
    server = DavServer()
    for name in "abc":
        server.put(f"{name}.ics", event(name, DAY))
    parts = {
        "": multi(row("a.ics"), row("", "", status="507"), token="1"),
        "1": multi(row("b.ics"), row("", "", status="507"), token="2"),
        "2": multi(row("c.ics"), token="3"),
    }
    server.instead["sync-collection"] = lambda request: parts[
        (re.search("<D:sync-token>(.*?)</D:sync-token>", request.content.decode()) or ["", ""])[1]
    ]
    found = collection(server).changes({})
    assert (list(texts(found)), found.memory["token"]) == ([f"{LABEL}{name}.ics" for name in "abc"], "3")


def test_what_has_no_name_of_its_state_is_read_each_time():
    """Nobody can tell whether it is another one."""
    server = DavServer(tokens=False)
    for name in "ab":
        server.put(f"{name}.ics", event(name, DAY))
    memory = collection(server).changes({}).memory
    calendar = row("", "<D:resourcetype><C:calendar/></D:resourcetype>")
    rows = [row("a.ics", "<D:x/>"), row("b.ics", '<D:getetag>"1"</D:getetag>')]
    server.instead["propfind"] = multi(calendar, *rows)
    after = collection(server).changes(memory)
    assert (list(texts(after)), after.memory["states"]["a.ics"]) == ([f"{LABEL}a.ics"], "")
    assert list(texts(collection(server).changes(after.memory))) == [f"{LABEL}a.ics"]


def test_by_states_what_is_left_out_is_gone_and_forgotten():
    """And so is what is gone as it is asked for."""
    server = DavServer(tokens=False)
    for name in "abc":
        server.put(f"{name}.ics", event(name, DAY))
    memory = collection(server).changes({}).memory
    server.delete("a.ics")
    server.put("b.ics", event("b", DAY))

    def late(request):
        server.instead.clear()
        server.resources.pop("b.ics")
        return server(request)

    server.instead["calendar-multiget"] = late
    after = collection(server).changes(memory)
    assert (after.gone, after.whole, list(after.memory["states"])) == ({"a", "b"}, False, ["c.ics"])
    assert (after.memory["ctag"], after.memory["uids"]) == ("5", {})


def test_the_limits_are_met_to_the_last_event_and_character(server):
    """As many as may be are read, and one fewer is refused by name of the limit."""
    size = len(event("a", DAY).replace("\r\n", "\n"))
    assert len(collection(server, files=2, event_bytes=size).changes({}).files) == 2
    assert failure(server, files=1) == f"{LABEL} holds more than 1 events: raise the limit `files`"
    said = f"{LABEL}: its answer holds a text of more than {size - 1} characters: refused"
    assert failure(server, event_bytes=size - 1) == said


def test_all_events_together_are_no_more_than_the_limit():
    """Counted in bytes over all requests for them."""
    server = DavServer()
    for number in range(100):
        server.put(f"{number}.ics", "small")
    server.put("large.ics", "é" * 25_000)
    total = 100 * 5 + 50_000
    assert len(collection(server, file_bytes=total).changes({}).files) == 101
    assert failure(server, file_bytes=total - 1) == f"{LABEL} has more than {total - 1} bytes: raise file_bytes"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "did not answer for 2 of 2 events"),
        ([row("a.ics", "<C:calendar-data>x</C:calendar-data>")], "did not answer for 1 of 2 events"),
        ([row("a.ics"), row("b.ics", "", status="404")], "did not answer for 1 of 2 events"),
        ([row("a.ics", "", status="503"), row("b.ics", "", status="410")], "did not answer for 1 of 2 events"),
        (
            [row("a.ics", "<C:calendar-data>x</C:calendar-data>", status="500"), row("b.ics", "", status="404")],
            "did not answer for 1 of 2 events",
        ),
    ],
    ids=["none", "one", "without its text", "refused", "with a text all the same"],
)
def test_what_is_not_answered_is_counted(server, rows, said):
    """What is told to be gone is answered."""
    server.instead["calendar-multiget"] = multi(*rows)
    assert failure(server) == f"{LABEL} {said}: try again later"


@pytest.mark.parametrize(
    ("lines", "uid"),
    [
        ("UID:one", "one"),
        ("uid: one ", "one"),
        ("UID;X-A=b;X-C=d:one", "one"),
        ("UID:on\r\n e", "one"),
        ("UID:o\n\tn\r\n e", "one"),
        ("UID:a\\, b\\; c", "a, b; c"),
        ("X-UID:two\r\nUID:one", "one"),
        ("UID:one\r\nUID:two", "one"),
        ("UID:", ""),
        ("SUMMARY:x", ""),
    ],
)
def test_the_uid_of_an_event_is_what_it_says_whatever_it_is_called(server, lines, uid):
    """Folded, with parameters, in small letters, escaped; the first one counts, and where there is none none is."""
    server.put("name.ics", f"BEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n")
    assert collection(server).changes({}).memory["uids"] == ({"name.ics": uid} if uid else {})


def test_an_event_is_named_by_sixty_characters(server):
    """In errors; it is read all the same."""
    server.put(f"{'n' * 70}.ics", event("x", DAY))
    assert f"{LABEL}{'n' * 60}" in texts(collection(server).changes({}))


@pytest.mark.parametrize(
    ("name", "environ", "login"),
    [
        (None, {"CALDAV_PASSWORD": "all", "CALDAV_PASSWORD_": "none"}, ("desk", "none")),
        ("a--B (c)", {"CALDAV_PASSWORD_A_B_C_": "own"}, ("desk", "own")),
        ("1", {"CALDAV_PASSWORD_1": "own", "CALDAV_PASSWORD": "all"}, ("desk", "own")),
        ("1", {"CALDAV_PASSWORD_1": "", "CALDAV_PASSWORD": "all"}, ("desk", "all")),
        ("1", {"CALDAV_PASSWORD": "all", "CALDAV_USERNAME": "other"}, ("desk", "all")),
    ],
)
def test_a_password_is_that_of_the_name_else_that_of_all(name, environ, login):
    """The name in capitals, with one line below for whatever is no letter or digit."""
    source = CalendarSource(ADDRESS, name, caldav=True, username="desk")
    made = collection_of(source, Limits(files=7), environ)
    assert (made.address, made.limits.files, made.login) == (ADDRESS, 7, login)


def test_a_user_without_a_password_is_told_which_one_to_set():
    """With the address, without what is secret in it."""
    for name, wanted in ((None, "CALDAV_PASSWORD"), ("Room 1", "CALDAV_PASSWORD, or CALDAV_PASSWORD_ROOM_1,")):
        source = CalendarSource(f"{ADDRESS}?key=secret", name, caldav=True)
        with pytest.raises(CalendarError) as caught:
            collection_of(source, Limits(), {"CALDAV_USERNAME": "me"})
        assert str(caught.value) == f"{LABEL}: no password: set {wanted} in the environment"
    assert collection_of(source, Limits(), {"CALDAV_PASSWORD": "x"}).login is None


def test_a_collection_shows_no_secret():
    """Neither its address nor its login is in a representation."""
    said = repr(Collection(f"{ADDRESS}?secret", Limits(), ("desk", "secret")))
    assert "secret" not in said
    assert "desk" not in said


def test_how_a_server_tells_is_said_in_words(server):
    """One sentence each."""
    by_tokens = "its server says what changed since the last time, and what is gone (sync tokens)"
    by_states = "its server knows no sync tokens: what changed is found by its names of states, which lists all of it"
    assert described(collection(server)) == (by_tokens if server.tokens else by_states)


def test_a_path_is_what_its_percents_mean():
    """Without host and query."""
    assert unquoted("https://dav.example/a%20b/?c=d") == "/a b/"
