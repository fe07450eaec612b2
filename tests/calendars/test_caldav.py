"""CalDAV collections: what is read of them, what is gone, and what a hostile or a broken server gets nowhere with."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from io import BytesIO

import httpx
import pytest

from reminder_kit.calendars.caldav import Collection, collection_of, described
from reminder_kit.calendars.dav_xml import UnreadableXmlError, multi_status
from reminder_kit.calendars.settings import CalendarSettings, CalendarSource, Limits
from reminder_kit.errors import CalendarError, ConfigurationError
from tests.calendars.dav_server import ADDRESS, OPEN, PATH, DavServer, event

DAYS = [f"2026021{day}T090000" for day in range(2, 8)]


def collection(server, **limits):
    return Collection(ADDRESS, Limits(**limits), transport=httpx.MockTransport(server))


def texts(changes):
    """Return the UIDs of what is to be read."""
    found = []
    for file in changes.files:
        with file.opened() as stream:
            found.append(stream.read().decode().partition("UID:")[2].splitlines()[0])
    return sorted(found)


@pytest.fixture(params=[True, False], ids=["tokens", "states"])
def server(request):
    made = DavServer(tokens=request.param)
    for number in range(3):
        made.put(f"{number}.ics", event(str(number), DAYS[number]))
    return made


class TestWhatChanged:
    def test_at_first_that_is_all(self, server):
        """Without a memory every event is read, and what is not among them is gone."""
        first = collection(server).changes({})
        assert (first.whole, texts(first), first.gone) == (True, ["0", "1", "2"], frozenset())

    def test_where_nothing_did_nothing_is_read(self, server):
        """A look that shows nothing new asks for no event."""
        here = collection(server)
        memory = here.changes({}).memory
        server.read()
        assert here.changes(memory) is None
        assert server.read() == []

    def test_a_look_that_finds_nothing_forgets_nothing(self, server):
        """Something came and went: nothing is read, and the next look reads what is other since, and that alone."""
        here = collection(server)
        memory = here.changes({}).memory
        server.put("9.ics", event("9", DAYS[4]))
        server.delete("9.ics")
        after = here.changes(memory)
        assert after is None or not after.files
        server.read()
        server.put("1.ics", event("1", DAYS[4]))
        again = here.changes(after.memory if after else memory)
        assert (again.whole, texts(again), server.read()) == (False, ["1"], ["1.ics"])

    def test_only_what_is_new_or_other_is_read_and_what_is_gone_is_named(self, server):
        """One is changed, one is added, one is deleted: two are read, and one UID is gone."""
        here = collection(server)
        memory = here.changes({}).memory
        server.read()
        server.put("1.ics", event("1", DAYS[4]))
        server.put("3.ics", event("3", DAYS[5]))
        server.delete("0.ics")
        after = here.changes(memory)
        assert (after.whole, texts(after), after.gone) == (False, ["1", "3"], {"0"})
        assert sorted(server.read()) == ["1.ics", "3.ics"]
        assert here.changes(after.memory) is None

    def test_the_name_of_a_resource_need_not_show_its_uid(self, server):
        """What is gone is known by its UID, also where the resource had another name, with blanks in it."""
        server.put("a%20name.ics", event("uid, with; signs".replace(",", "\\,").replace(";", "\\;"), DAYS[3]))
        here = collection(server)
        memory = here.changes({}).memory
        server.delete("a%20name.ics")
        after = here.changes(memory)
        assert (after.gone, after.files) == ({"uid, with; signs"}, [])
        assert after.memory["uids"] == {}

    def test_a_resource_that_holds_another_event_now_has_lost_the_one_its_name_shows(self, server):
        """A program that writes another event under an old name took the first one away."""
        here = collection(server)
        memory = here.changes({}).memory
        server.put("1.ics", event("another", DAYS[4]))
        after = here.changes(memory)
        assert (texts(after), after.gone) == (["another"], {"1"})
        server.put("1.ics", event("1", DAYS[4]))
        again = here.changes(after.memory)
        assert (texts(again), again.gone) == (["1"], {"another"})

    @pytest.mark.parametrize(("before", "holds", "new"), [("q", "q", "q.ics"), ("other.ics", "shown", "shown.ics")])
    def test_what_another_resource_holds_is_not_gone(self, server, before, holds, new):
        """A resource is new, or goes, whose name shows the UID of an event that stands in another one."""
        server.put(before, event(holds, DAYS[3]))
        here = collection(server)
        memory = here.changes({}).memory
        server.put(new, event("else", DAYS[4]))
        after = here.changes(memory)
        assert (texts(after), after.gone) == (["else"], frozenset())
        server.delete(new)
        assert here.changes(after.memory).gone == {"else"}

    def test_a_resource_that_is_called_otherwise_now_is_not_gone(self, server):
        """A server, or a program, that renames a resource takes nobody's appointment away."""
        here = collection(server)
        memory = here.changes({}).memory
        server.delete("0.ics")
        server.put("moved.ics", event("0", DAYS[0]))
        after = here.changes(memory)
        assert texts(after) == ["0"]
        assert "0" not in after.gone

    @pytest.mark.parametrize("known", [True, False], ids=["again", "at first"])
    def test_what_the_server_can_not_say_of_now_is_not_gone(self, server, known):
        """An event that is 503 for a moment is neither withdrawn nor forgotten: the look fails, and is repeated."""

        def odd(request):
            answer = server(request)
            status = b"<D:status>HTTP/1.1 503 Service Unavailable</D:status>"
            row = re.compile(rb"(<D:href>[^<]*/1\.ics</D:href>)<D:propstat>.*?</D:propstat>", re.DOTALL)
            return httpx.Response(answer.status_code, content=row.sub(rb"\1" + status, answer.content))

        memory = collection(server).changes({}).memory if known else {}
        server.put("1.ics", event("1", DAYS[4]))
        with pytest.raises(CalendarError, match="503"):
            collection(odd).changes(memory)
        assert "1" in texts(collection(server).changes(memory))

    def test_no_password_is_logged(self, server, caplog):
        """httpx logs each address that it asks: ours have neither user nor password in them."""
        caplog.set_level("INFO", logger="httpx")
        asked = []

        def answer(request):
            asked.append(request.headers["authorization"])
            return server(request)

        Collection(ADDRESS, Limits(), ("desk", "hunter2"), transport=httpx.MockTransport(answer)).changes({})
        assert set(asked) == {f"Basic {b64encode(b'desk:hunter2').decode()}"}
        assert "HTTP Request" in caplog.text
        assert "hunter2" not in caplog.text

    def test_a_token_that_is_none_any_more_means_all(self):
        """A server that has forgotten what it said is asked for everything: whole, so that absence counts."""
        server = DavServer()
        server.put("0.ics", event("0", DAYS[0]))
        here = collection(server)
        memory = here.changes({}).memory
        server.forget()
        after = here.changes(memory)
        assert (after.whole, texts(after)) == (True, ["0"])

    def test_a_list_in_parts_is_read_to_its_end(self):
        """Where a server tells a hundred changes ten at a time, all of them are heard."""
        server = DavServer(part=2)
        server.put("x.ics", event("x", DAYS[0]))
        here = collection(server)
        memory = here.changes({}).memory
        for number in range(9):
            server.put(f"{number}.ics", event(str(number), DAYS[0]))
        server.delete("x.ics")
        after = here.changes(memory)
        assert (after.gone, texts(after)) == ({"x"}, [str(number) for number in range(9)])
        assert here.changes(after.memory) is None

    def test_many_events_are_asked_for_a_hundred_at_a_time(self):
        """No request, and no answer, is longer than that."""
        server = DavServer()
        for number in range(250):
            server.put(f"{number}.ics", event(str(number), DAYS[0]))
        assert len(collection(server).changes({}).files) == 250
        sizes = [len(names) for kind, names in server.asked if kind == "calendar-multiget"]
        assert sizes == [100, 100, 50]

    def test_what_went_between_list_and_reading_is_gone(self, server):
        """An event that was there in the list and is not any more as it is asked for is no failure."""
        here = collection(server)
        memory = here.changes({}).memory
        server.put("1.ics", event("1", DAYS[4]))

        def late(request):
            server.instead.clear()
            server.resources.pop("1.ics")
            return server(request)

        server.instead["calendar-multiget"] = late
        after = here.changes(memory)
        assert (after.files, after.gone) == ([], {"1"})


class TestWhoMayNot:
    @pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
    @pytest.mark.parametrize("kind", ["sync-collection", "calendar-multiget"])
    def test_a_refusal_is_no_empty_calendar(self, kind, status):
        """Whatever a server refuses is an error, and never that nothing is there."""
        server = DavServer()
        server.put("0.ics", event("0", DAYS[0]))
        memory = collection(server).changes({}).memory
        server.instead = {kind: httpx.Response(status), "propfind": httpx.Response(status)}
        server.put("1.ics", event("1", DAYS[1]))
        for known in ({}, memory):
            with pytest.raises(CalendarError, match=str(status)):
                collection(server).changes(known)

    def test_an_address_that_is_no_calendar_is_not_an_empty_one(self):
        """A user's home has no events either: it is told what it is."""
        server = DavServer()
        rows = (
            f"<D:response><D:href>{PATH}</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype>"
        )
        rows += "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        server.instead["propfind"] = httpx.Response(207, text=f"{OPEN}{rows}</D:multistatus>")
        with pytest.raises(CalendarError, match="is no calendar: give the address of one"):
            collection(server).changes({})

    def test_an_answer_that_leaves_out_events_is_refused(self, server):
        """What was listed and is not told is neither there nor gone."""
        server.instead["calendar-multiget"] = httpx.Response(207, text=f"{OPEN}</D:multistatus>")
        with pytest.raises(CalendarError, match="did not answer for 3 of 3"):
            collection(server).changes({})

    def test_what_was_not_asked_for_is_not_read(self, server):
        """A server that answers with other events than those that were asked for makes nothing of them known."""
        asked = server.instead

        def more(request):
            asked.clear()
            answer = server(request).text
            told = re.search("<D:response>.*?</D:response>", answer, re.DOTALL)[0]
            extra = re.sub("UID:.", "UID:evil", re.sub(r"[^/]*\.ics", "evil.ics", told))
            return httpx.Response(207, text=answer.replace("</D:multistatus>", f"{extra}</D:multistatus>"))

        asked["calendar-multiget"] = more
        assert texts(collection(server).changes({})) == ["0", "1", "2"]
        assert not asked

    def test_a_list_without_end_ends(self):
        """A server that says for ever that there is more is not asked again under the same token."""
        server = DavServer()
        full = f"<D:response><D:href>{PATH}</D:href><D:status>HTTP/1.1 507 Full</D:status></D:response>"
        count = [0]

        def more(_request):
            count[0] += 1
            return httpx.Response(207, text=f"{OPEN}{full}<D:sync-token>same</D:sync-token></D:multistatus>")

        server.instead["sync-collection"] = more
        collection(server).changes({})  # by its names of states
        assert count[0] == 2

    @pytest.mark.parametrize(
        ("limits", "said"), [({"files": 2}, "more than 2 events"), ({"file_bytes": 900}, "900 bytes")]
    )
    def test_more_than_the_limits_allow_is_refused(self, server, limits, said):
        """A calendar of too many events, or too many bytes, is refused by name of the limit."""
        with pytest.raises(CalendarError, match=said):
            collection(server, **limits).changes({})

    def test_a_redirect_takes_no_password_elsewhere(self):
        """Neither to another host, nor out of encryption."""
        seen = []

        def answer(request):
            seen.append((request.url.host, request.headers.get("authorization")))
            place = "https://elsewhere.example/" if request.url.host == "dav.example" else None
            return httpx.Response(301, headers={"location": place}) if place else httpx.Response(404)

        here = Collection(
            ADDRESS, Limits(), ("desk", "secret"), httpx.MockTransport(answer), lambda _host: [ip("93.184.216.34")]
        )
        with pytest.raises(CalendarError):
            here.changes({})
        assert {host for host, _ in seen} == {"dav.example", "93.184.216.34"}
        assert all((login is not None) == (host == "dav.example") for host, login in seen)

    def test_a_password_goes_over_no_open_line(self):
        """A login at http:// is refused before anything is said; on this machine it is not."""
        with pytest.raises(CalendarError, match="not encrypted") as told:
            Collection("http://dav.example/x/", Limits(), ("desk", "secret")).changes({})
        assert "secret" not in str(told.value)


def ip(text):
    from ipaddress import ip_address

    return ip_address(text)


class TestHostileXml:
    @pytest.mark.parametrize(
        "declared",
        [
            '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE x SYSTEM "https://evil.example/x.dtd">',
            "<!DOCTYPE x>",
        ],
    )
    def test_whatever_declares_something_is_refused(self, declared):
        """No entity is declared, expanded or fetched: a calendar server's answer has no document type."""
        with pytest.raises(UnreadableXmlError, match="document type"):
            multi_status(BytesIO((declared + OPEN.partition("?>")[2] + "&b;</D:multistatus>").encode()), 1000)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "not xml",
            "<html><body>log in</body></html>",
            "<a><b></a>",
            OPEN,
            OPEN + "<D:response>" * 100,
            OPEN + "&nbsp;</D:multistatus>",
            "\x00",
        ],
    )
    def test_whatever_is_no_answer_is_told_so(self, text):
        """Web pages, pieces and depths end the reading with a word."""
        with pytest.raises(UnreadableXmlError):
            multi_status(BytesIO(text.encode()), 1000)

    def test_a_text_without_end_is_refused(self):
        """No text is kept that is longer than an event may be."""
        row = f"<D:response><D:href>{'x' * 2000}</D:href></D:response></D:multistatus>"
        with pytest.raises(UnreadableXmlError, match="more than 1000"):
            multi_status(BytesIO(f"{OPEN}{row}".encode()), 1000)

    def test_a_hundred_thousand_elements_take_a_moment(self):
        """What is not asked for costs next to nothing."""
        begun = time.process_time()
        assert multi_status(BytesIO((OPEN + "<D:x/>" * 100_000 + "</D:multistatus>").encode()), 10).resources == ()
        assert time.process_time() - begun < 5

    def test_only_what_is_said_with_status_200_counts(self):
        """A property that a server names and refuses is not told."""
        row = "<D:response><D:href>/a</D:href><D:propstat><D:prop><D:getetag>no</D:getetag></D:prop>"
        row += "<D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat></D:response></D:multistatus>"
        (resource,) = multi_status(BytesIO(f"{OPEN}{row}".encode()), 100).resources
        assert (resource.href, resource.etag, resource.status) == ("/a", "", 200)


class TestSources:
    def test_a_table_names_its_address(self):
        """What is gone counts there unless it is said otherwise; the name is the collection's."""
        (source,) = CalendarSettings.from_mapping({"sources": [{"caldav": ADDRESS, "username": "desk"}]}).sources
        assert source == CalendarSource(ADDRESS, None, complete=True, caldav=True, username="desk")
        assert not CalendarSource.of({"caldav": ADDRESS, "complete": False}).complete

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ({"caldav": "clinic.ics"}, "must be an address"),
            ({"caldav": 5}, "must be an address"),
            ({"caldav": ADDRESS, "path": "x"}, "give one of them"),
            ({"caldav": "https://desk:pw@dav.example/x/"}, "CALDAV_PASSWORD"),
            ({"caldav": ADDRESS, "username": ""}, "username must be text"),
            ({"caldav": ADDRESS, "complete": "yes"}, "true or false"),
            ({"caldav": ADDRESS, "password": "x"}, "knows no key 'password'"),
            ({"path": "x.ics", "username": "desk"}, "goes with caldav only"),
        ],
    )
    def test_what_can_not_be_meant_is_refused(self, table, said):
        """Each fault is named, and no password shown."""
        with pytest.raises(ConfigurationError, match=said) as told:
            CalendarSource.of(table)
        assert ":pw" not in str(told.value)

    def test_passwords_come_from_the_environment_one_for_each_name(self):
        """A source's own comes before that of all; a user without one is told which to set."""
        source = CalendarSource(ADDRESS, "Room one", complete=True, caldav=True, username="desk")
        both = {"CALDAV_PASSWORD": "all", "CALDAV_PASSWORD_ROOM_ONE": "own"}
        assert collection_of(source, Limits(), both).login == ("desk", "own")
        assert collection_of(source, Limits(), {"CALDAV_PASSWORD": "all"}).login == ("desk", "all")
        with pytest.raises(CalendarError, match="CALDAV_PASSWORD_ROOM_ONE"):
            collection_of(source, Limits(), {})
        nobody = CalendarSource(ADDRESS, caldav=True)
        assert collection_of(nobody, Limits(), {}).login is None
        assert collection_of(nobody, Limits(), {**both, "CALDAV_USERNAME": "me"}).login == ("me", "all")

    def test_doctor_says_how_a_server_tells(self, server):
        """By tokens, or by its names of states."""
        assert ("sync tokens)" if server.tokens else "knows no sync tokens") in described(collection(server))
