"""What an answer of a WebDAV server says, element by element: which texts are taken, and what is refused."""

from __future__ import annotations

from io import BytesIO

import pytest

from reminder_kit.calendars.dav_xml import MultiStatus, Resource, UnreadableXmlError, multi_status
from tests.calendars.dav_server import OPEN

OK = "<D:status>HTTP/1.1 200 OK</D:status>"


def read(rows, longest=1000):
    return multi_status(BytesIO(f"{OPEN}{rows}</D:multistatus>".encode()), longest)


def told(props, status=OK):
    return f"<D:propstat><D:prop>{props}</D:prop>{status}</D:propstat>"


def response(*parts, href="<D:href>/a</D:href>"):
    return f"<D:response>{href}{''.join(parts)}</D:response>"


ALL = (
    '<D:getetag> "1" </D:getetag><D:sync-token> t </D:sync-token><S:getctag> c </S:getctag>'
    "<C:calendar-data> BEGIN\n</C:calendar-data><D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
)


@pytest.mark.parametrize(
    ("row", "resource"),
    [
        (response(), Resource("/a")),
        (response(href="<D:href>\n /b%20c </D:href>"), Resource("/b%20c")),
        (response(href=""), Resource("")),
        (response("<D:href>/z</D:href>"), Resource("/a")),
        (response("<D:status>HTTP/1.1 404 Gone</D:status>"), Resource("/a", 404)),
        (response("<D:status>\n HTTP/2  410</D:status>"), Resource("/a", 410)),
        (response("<D:status>410</D:status>"), Resource("/a", 200)),
        (response("<D:status>HTTP/1.1 404</D:status><D:status>HTTP/1.1 200</D:status>"), Resource("/a", 404)),
        (
            response(told(ALL)),
            Resource("/a", 200, '"1"', " BEGIN\n", "t", "c", is_calendar=True, is_collection=True),
        ),
        (
            response(told("<D:getetag>1</D:getetag>"), told("<S:getctag>c</S:getctag>")),
            Resource("/a", 200, "1", None, "", "c"),
        ),
        (response(told("<D:getetag>1</D:getetag>", "")), Resource("/a", 200, "1")),
        (response(told("<D:getetag>1</D:getetag>", "<D:status>odd</D:status>")), Resource("/a", 200, "1")),
        (response(told(ALL, "<D:status>HTTP/1.1 404 No</D:status>")), Resource("/a")),
        (response(told(ALL, "<D:status>HTTP/1.1 201 Made</D:status>")), Resource("/a")),
        (
            response(
                told("<D:getetag>1</D:getetag>", "<D:status>HTTP/1.1 404</D:status>"),
                told("<S:getctag>c</S:getctag>"),
                told("<D:getetag>2</D:getetag>", "<D:status>HTTP/1.1 500</D:status>"),
            ),
            Resource("/a", ctag="c"),
        ),
        (response(told("<D:resourcetype><D:collection/></D:resourcetype>")), Resource("/a", is_collection=True)),
        (response(told("<C:calendar-data/>")), Resource("/a", data="")),
        (response("<D:getetag>1</D:getetag><D:collection/>"), Resource("/a")),
        (response("<D:propstat><D:getetag>1</D:getetag><C:calendar/></D:propstat>"), Resource("/a")),
        (response(told("<D:getetag>1<D:x>2</D:x></D:getetag>")), Resource("/a")),
        (response(told("<S:getetag>1</S:getetag><getetag>2</getetag>")), Resource("/a")),
        (response(told("<D:getetag>a&amp;b&#233;</D:getetag>")), Resource("/a", etag="a&bé")),
    ],
    ids=[
        "nothing but its address", "with blanks", "without an address", "a second address", "gone", "another spelling",
        "no status", "a second status", "all there is", "in two parts", "without a status", "with an odd status",
        "not found", "another success", "one part of three", "a collection", "an empty text", "in the wrong place",
        "beside prop", "an element in a text", "another namespace", "escapes",
    ],
)  # fmt: skip
def test_a_resource_is_what_its_response_says(row, resource):
    """Only what stands in its own place counts, and only what is told with status 200."""
    found = read(row)
    assert found == MultiStatus((resource,), "")
    assert [one.data for one in found.resources] == [resource.data]


def test_what_one_response_says_is_not_the_next_ones():
    """Neither its address, status and properties, nor those of a part of it."""
    rows = response("<D:status>HTTP/1.1 404</D:status>", told(ALL)) + response(href="") + response(told(""))
    assert read(rows).resources[1:] == (Resource(""), Resource("/a"))
    failed = "<D:propstat><D:status>HTTP/1.1 404</D:status><D:prop><D:getetag>1</D:getetag></D:prop></D:propstat>"
    assert read(response(failed, told("<S:getctag>c</S:getctag>", ""))).resources == (Resource("/a", ctag="c"),)


@pytest.mark.parametrize(
    ("rows", "token"),
    [
        ("<D:sync-token> t </D:sync-token>", "t"),
        (response() + "<D:sync-token>t</D:sync-token>", "t"),
        ("<D:x><D:sync-token>t</D:sync-token></D:x>", ""),
        (response("<D:sync-token>t</D:sync-token>"), ""),
        ("<D:getetag>t</D:getetag>", ""),
        ("", ""),
    ],
)
def test_the_token_of_an_answer_stands_beside_its_responses(rows, token):
    """And in no other place."""
    assert read(rows).token == token


def test_a_text_is_taken_up_to_its_limit_and_only_where_it_is_read():
    """To the last character; what is not read may be longer, and the next text begins anew."""
    long = told(f"<D:x>{'x' * 50}</D:x><D:getetag>{'1' * 10}</D:getetag><S:getctag>{'2' * 10}</S:getctag>", "")
    assert read(response(long), 10).resources == (Resource("/a", etag="1" * 10, ctag="2" * 10),)
    with pytest.raises(UnreadableXmlError, match=r"^holds a text of more than 9 characters: refused$"):
        read(response(long), 9)
    pieces = told("<D:getetag>12345&amp;78901</D:getetag>", "")
    assert read(response(pieces), 11).resources[0].etag == "12345&78901"
    with pytest.raises(UnreadableXmlError, match="more than 10"):
        read(response(pieces), 10)
    behind = "<D:getetag>1<D:x>2</D:x>%s</D:getetag>"
    assert read(response(told(behind % ("3" * 10), "")), 10).resources[0].etag == "3" * 10
    with pytest.raises(UnreadableXmlError, match="more than 10"):
        read(response(told(behind % ("3" * 11), "")), 10)


def test_elements_lie_sixty_four_deep_and_no_deeper():
    """The answer itself is the first."""
    assert read("<D:x>" * 63 + "</D:x>" * 63) == MultiStatus((), "")
    with pytest.raises(UnreadableXmlError, match=r"^has more elements than any calendar server's answer: refused$"):
        read("<D:x>" * 64 + "</D:x>" * 64)


def test_elements_are_counted_and_too_many_are_refused(monkeypatch):
    """All of them, wherever they lie."""
    monkeypatch.setattr("reminder_kit.calendars.dav_xml._ELEMENTS", 4)
    assert read("<D:x><D:y/></D:x><D:z/>") == MultiStatus((), "")
    with pytest.raises(UnreadableXmlError, match="has more elements"):
        read("<D:x><D:y/></D:x><D:z/><D:z/>")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<a/>", "is XML of another kind"),
        (b'<multistatus xmlns="urn:other"/>', "is XML of another kind"),
        (b'<a><multistatus xmlns="DAV:"/></a>', "is XML of another kind"),
        (b"", r"is no XML \(line 1\)"),
        (b"<a>\n\n<b></a>", r"is no XML \(line 3\)"),
        (b"<!DOCTYPE x><x/>", "declares a document type, which no calendar server's answer does: refused"),
    ],
)
def test_what_is_no_answer_is_told_in_the_end_of_a_sentence(data, said):
    """With the line where it is no XML."""
    with pytest.raises(UnreadableXmlError, match=f"^{said}$"):
        multi_status(BytesIO(data), 10)


def test_an_answer_is_read_in_any_encoding_it_declares_and_in_pieces():
    """A character may lie on the border of two pieces."""
    text = "é" * 100_000
    data = f"{OPEN}{response(told(f'<C:calendar-data>{text}</C:calendar-data>'))}</D:multistatus>".encode()
    assert multi_status(BytesIO(data), 100_000).resources[0].data == text
    latin = '<?xml version="1.0" encoding="iso-8859-1"?><D:multistatus xmlns:D="DAV:">' + response(
        href="<D:href>é</D:href>"
    )
    assert multi_status(BytesIO((latin + "</D:multistatus>").encode("latin-1")), 10).resources == (Resource("é"),)
