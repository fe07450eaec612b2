from __future__ import annotations

import gzip
import time
from io import BytesIO

import httpx
import pytest

from reminder_kit.calendars import CalendarSettings, Limits
from reminder_kit.calendars.http_source import fetched, shown
from reminder_kit.errors import CalendarError, ConfigurationError


@pytest.fixture
def text(event, calendar):
    return calendar(event("SUMMARY:Visit"))


def test_a_calendar_may_be_a_path_bytes_text_or_a_stream(read, text, tmp_path):
    """Paths, their names, text, bytes, streams and lists of paths are read alike."""
    path = tmp_path / "clinic.ics"
    path.write_text(text, newline="")
    with path.open("rb") as stream:
        for source in (path, str(path), text, text.encode(), BytesIO(text.encode()), stream, [path]):
            assert read(source).titles == ["Visit"]


def test_a_folder_is_one_source(read, event, calendar, tmp_path):
    """A folder's `.ics` files are read as one source, and hidden or other files are not."""
    for number in range(3):
        path = tmp_path / "sub" / f"{number}.ics"
        path.parent.mkdir(exist_ok=True)
        path.write_text(calendar(event(uid=str(number))), newline="")
    (tmp_path / ".making.ics").write_text("half")
    (tmp_path / "notes.txt").write_text("no calendar")
    found = read(tmp_path)
    assert sorted(item.appointment.id for item in found.found) == ["0", "1", "2"]
    assert found.reading.sound


def test_versions_in_several_files_are_ordered_together(read, event, calendar, tmp_path):
    """The newest version of an event counts across the files of a folder."""
    (tmp_path / "a.ics").write_text(calendar(event("SEQUENCE:2", "SUMMARY:new")), newline="")
    (tmp_path / "b.ics").write_text(calendar(event("SEQUENCE:1", "SUMMARY:old")), newline="")
    assert read(tmp_path).titles == ["new"]


def test_one_bad_file_of_a_folder_makes_it_unsound(read, text, tmp_path):
    """A file that is no calendar is named, the others are read, and absence proves nothing any more."""
    (tmp_path / "a.ics").write_text(text, newline="")
    (tmp_path / "b.ics").write_text("<html>")
    found = read(tmp_path)
    assert found.titles == ["Visit"]
    assert not found.reading.sound
    assert "b.ics" in str(found.errors[0])


def test_problems_in_a_folder_name_their_file(read, event, calendar, tmp_path):
    """An error from a folder begins with the path of its file and the line there."""
    (tmp_path / "a.ics").write_text(calendar(event("RRULE:x")), newline="")
    (tmp_path / "b.ics").write_text(calendar(event(uid="b")), newline="")
    assert str(read(tmp_path).errors[0]).startswith(f"{tmp_path / 'a.ics'}, line ")


@pytest.mark.parametrize("make", [lambda path: path / "missing.ics", lambda path: path, lambda path: 7])
def test_what_cannot_be_read_is_named(read, tmp_path, make):
    """A missing file, a folder without calendars and a wrong type are errors that name them."""
    with pytest.raises(CalendarError) as caught:
        read(make(tmp_path))
    assert str(tmp_path) in str(caught.value) or "int" in str(caught.value)


@pytest.mark.parametrize("address", ["ftp://x/a.ics?key=secret", "file:///tmp/x.ics"])
def test_an_address_that_nobody_fetches_is_no_path(read, address):
    """It is told as what it is, without what may be secret in it."""
    with pytest.raises(CalendarError) as caught:
        read(address)
    assert str(caught.value) == (
        f"{address.partition(':')[0]}:// is nothing that is fetched: give a path, or an address that begins with "
        "https:// or webcal://"
    )


def test_a_stream_larger_than_the_limit_is_not_read_to_its_end(read, text):
    """A stream is refused at `file_bytes`, so one without end ends too."""

    class Endless:
        def read(self, size):
            return b"X" * size

    with pytest.raises(CalendarError, match="`file_bytes`"):
        read(Endless(), limits=Limits(file_bytes=1_000_000))


def fetch(handler, address="https://example.com/c.ics", **limits):
    return fetched(address, Limits(**limits), httpx.MockTransport(handler)).read()


@pytest.mark.parametrize(
    ("scheme", "fetched_by"), [("http", "http"), ("https", "https"), ("webcal", "https"), ("webcals", "https")]
)
def test_webcal_means_https(scheme, fetched_by):
    """A webcal address, or a webcals one, is fetched by https, any other as it is written."""
    seen = []

    def answer(request):
        seen.append(str(request.url))
        return httpx.Response(200, content=b"BEGIN:VCALENDAR")

    assert fetched(f"{scheme}://example.com/c.ics", Limits(), httpx.MockTransport(answer)).tell() == 15
    assert seen == [f"{fetched_by}://example.com/c.ics"]


def test_an_unchanged_calendar_is_not_sent_again():
    """The second fetch sends the ETag, and a 304 yields what was fetched before."""
    asked = []

    def answer(request):
        asked.append(request.headers.get("if-none-match"))
        if asked[-1] == '"1"':
            return httpx.Response(304)
        return httpx.Response(200, content=b"calendar", headers={"ETag": '"1"'})

    for _ in range(2):
        stream = fetched("https://example.com/etag.ics", Limits(), httpx.MockTransport(answer))
        stream.seek(0)
        assert stream.read() == b"calendar"
    assert asked == [None, '"1"']


def redirect(target):
    return httpx.Response(302, headers={"Location": target})


def packed(encoding, times=1):
    data = b"x" * 9_000_000
    for _ in range(times):
        data = gzip.compress(data)
    return httpx.Response(200, stream=httpx.ByteStream(data), headers={"Content-Encoding": encoding})


def half(_request):
    return httpx.Response(200, stream=httpx.ByteStream(b"half"), headers={"Content-Length": "8"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(lambda _: httpx.Response(404), "answers 404", id="404"),
        pytest.param(lambda _: httpx.Response(304), "answers 304", id="304 to nothing"),
        pytest.param(lambda _: redirect("https://93.184.216.34/c.ics"), "redirects more than 5", id="loop"),
        pytest.param(lambda _: redirect("file:///etc/passwd"), "redirects to file:", id="to a file"),
        pytest.param(lambda _: httpx.Response(200, content=b"x" * 2000), "larger than 1000 bytes", id="large"),
        pytest.param(lambda _: packed("gzip"), "larger than 1000 bytes", id="bomb"),
        pytest.param(lambda _: packed("gzip, gzip", 2), "is packed 2 times", id="bomb in a bomb"),
        pytest.param(lambda _: packed("br"), "is packed as 'br'", id="packed as nobody asked"),
        pytest.param(half, "ended early", id="half"),
    ],
)
def test_an_address_is_bounded_in_every_way(answer, words):
    """Wrong statuses, redirects, sizes and broken bodies are errors, and none is followed without end."""
    with pytest.raises(CalendarError, match=words):
        fetch(answer, "https://user:secret@example.com/x.ics?token=secret", file_bytes=1000)


def test_an_answer_that_trickles_is_not_waited_for_without_end():
    """The time allowed counts for the whole answer, not for each piece of it."""

    def slowly():
        for _ in range(50):
            time.sleep(0.01)
            yield b"x"

    with pytest.raises(CalendarError, match="is too slow"):
        fetch(lambda _: httpx.Response(200, content=slowly()), "https://example.com/slow.ics", timeout=0.01)


def test_no_connection_is_an_error_without_secrets():
    """An address is shown without user, password and query where it can't be reached."""

    def answer(request):
        raise httpx.ConnectError("no", request=request)

    with pytest.raises(CalendarError, match=r"x\.ics cannot be fetched") as caught:
        fetch(answer, "https://user:secret@example.com/x.ics?token=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("webcal://u:p@example.com/a?b=c", "webcal://example.com/a"),
        ("https://example.com/ical/ada%40example.com/private-0123456789abcdef/basic.ics",
         "https://example.com/ical/ada%40example.com/priv…/basic.ics"),
        ("https://user:secret@[::1/a.ics", "https://…"),
        ("http://user:secret@x:99999999/a.ics", "http://x/a.ics"),
        ("http://u:8081@localhost:8080/a.ics", "http://localhost:8080/a.ics"),
        ("https://[::1]:8443/a.ics", "https://[::1]:8443/a.ics"),
        ("http://[::1]:80/a.ics", "http://[::1]/a.ics"),
        ("https://x:443/a.ics", "https://x/a.ics"),
        ("webcal://x:443/a.ics", "webcal://x/a.ics"),
        ("webcal://x:80/a.ics", "webcal://x:80/a.ics"),
    ],
    ids=[
        "user and query", "private feed", "broken", "no such port", "a port", "of IPv6", "usual of IPv6",
        "usual of https", "usual of webcal", "of http",
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_is_secret(address, text):
    """User, password, query, and long parts of a path, by which feeds are private, are left out of every error."""
    assert shown(address) == text


@pytest.mark.parametrize(
    "address",
    [
        "https://user:secret@[::1/a.ics", "http://127.0.0.1:99999999/", "http://\ud800/", "http://a\0b/", "http://",
        "http://user:\ud800@127.0.0.1:1/", "http://127.0.0.1:1/\ud800", "http://xn--/", "webcal://" + "a" * 70_000,
        "https://[fe80::1%25nowhere]:1/",
    ],
    ids=ascii,
)  # fmt: skip
def test_an_address_that_is_none_is_an_error_of_the_calendar(read, address):
    """Whatever stands in place of an address, the error is a `CalendarError`, short and without its secret."""
    with pytest.raises(CalendarError, match="cannot be fetched") as caught:
        read(address)
    assert len(str(caught.value)) < 300
    assert "secret" not in str(caught.value)


def test_settings_come_from_a_toml_table():
    """The `[calendar]` table sets every field, and an empty one means the defaults."""
    found = CalendarSettings.from_mapping(
        {
            "timezone": "Europe/Berlin",
            "region": "DE",
            "phones": ["text", "attendee"],
            "directory": "people.csv",
            "alarms": "rules",
            "horizon": "8 weeks",
            "limits": {"events": 10},
            "sources": ["clinic.ics"],
        }
    )
    assert (found.horizon.days, found.limits.events, found.phones) == (56, 10, ("text", "attendee"))
    assert found.sources == ("clinic.ics",)
    assert CalendarSettings.from_mapping({}) == CalendarSettings()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"zone": "UTC"}, "knows no key 'zone'"),
        ({"timezone": "Mars"}, "unknown time zone"),
        ({"timezone": 5}, "must be text"),
        ({"phones": ["fax"]}, "unknown source 'fax'"),
        ({"phones": 5}, "phones"),
        ({"alarms": "yes"}, "alarms"),
        ({"horizon": "soon"}, "no length of time"),
        ({"horizon": 5}, "no length of time"),
        ({"horizon": "0 days"}, "between a minute and ten years"),
        ({"limits": {"speed": 1}}, "knows no key 'speed'"),
        ({"limits": {"events": "many"}}, "must be a number"),
        ({"limits": 5}, "limits"),
    ],
)
def test_a_wrong_setting_is_named(table, words):
    """An unknown key or a value of no meaning is an error that names it."""
    with pytest.raises(ConfigurationError, match=words):
        CalendarSettings.from_mapping(table)
