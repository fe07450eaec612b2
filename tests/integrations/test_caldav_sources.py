"""CalDAV as a source of the batch job, on whole servers over HTTP: Radicale and Xandikos, by both faces."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder_kit import AsyncReminderKit, ReminderKit, Rule
from reminder_kit.calendars.caldav import collection_of
from reminder_kit.calendars.settings import CalendarSource, Limits
from reminder_kit.errors import CalendarError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import parked_texts

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(120)]

DAY = (datetime.now(UTC) + timedelta(days=3)).date()
RULE = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}.")


def until(is_so, seconds=30):
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command, folder, port):
    with (
        (folder / "server.log").open("ab") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server,
    ):
        try:
            until(lambda: listens(port))
            yield
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Server:
    """A calendar on a server, and a client that books in it."""

    def __init__(self, address):
        self.address = address
        self.client = httpx.Client(auth=("desk", "x"))

    def put(self, uid, hour, title="Eye test", name=None):
        text = "\r\n".join([
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//desk//EN", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART;TZID=America/New_York:{DAY:%Y%m%d}T{hour:02}0000", f"SUMMARY:{title}",
            "ATTENDEE;CN=Ada:tel:+12025550123", "END:VEVENT", "END:VCALENDAR", "",
        ])  # fmt: skip
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        answer = self.client.put(f"{self.address}{name or uid}.ics", content=text, headers=headers)
        assert answer.status_code in (201, 204), answer.text

    def delete(self, name):
        assert self.client.delete(f"{self.address}{name}.ics").status_code in (200, 204)


@pytest.fixture(params=["radicale", "xandikos"])
def server(request, tmp_path, port):
    """A calendar, empty, on each of the two servers."""
    pytest.importorskip(request.param)
    if request.param == "radicale":
        users = "[auth]\ntype = htpasswd\nhtpasswd_filename = users\nhtpasswd_encryption = plain\n"
        (tmp_path / "config").write_text(f"{users}[storage]\nfilesystem_folder = store\n")
        (tmp_path / "users").write_text("desk:x\n")
        command = [sys.executable, "-m", "radicale", "--config", "config", "--server-hosts", f"127.0.0.1:{port}"]
        address = f"http://127.0.0.1:{port}/desk/room/"
    else:
        command = [sys.executable, "-m", "xandikos", "serve", "--defaults", "--directory", "store", "--port", str(port)]
        command += ["--listen-address", "127.0.0.1"]
        address = f"http://127.0.0.1:{port}/user/calendars/calendar/"
    with running(command, tmp_path, port):
        found = Server(address)
        if request.param == "radicale":
            assert found.client.request("MKCALENDAR", address).status_code == 201
        else:
            until(lambda: found.client.request("PROPFIND", address, headers={"Depth": "0"}).status_code == 207)
        yield found
        found.client.close()


@pytest.fixture
def sandbox():
    made = Sandbox(key="KEY", strict=True)
    yield made
    made.close()


@pytest.fixture
def options(server, sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("CALDAV_USERNAME", "desk")
    monkeypatch.setenv("CALDAV_PASSWORD", "x")
    return {
        "ledger": f"sqlite:///{tmp_path / 'reminders.db'}",
        "timezone": "America/New_York",
        "sources": [{"caldav": server.address, "name": "room"}],
        "transport": SandboxTransport(sandbox),
    }


def told(*hours, title="Eye test"):
    words = [f"{hour if hour < 13 else hour - 12}:00 {'AM' if hour < 12 else 'PM'}" for hour in hours]
    return sorted(f"{title} tomorrow at {word}." for word in words)


def test_what_is_booked_moved_and_deleted_is_followed(server, sandbox, options):
    """By a token: each poll reads what changed, and a deletion withdraws, whatever the resources are called."""
    with ReminderKit(Telnyx("KEY", "+12025550100"), [RULE], **options) as kit:
        for number, hour in enumerate((9, 10, 11)):
            server.put(f"uid-{number}", hour, name=f"other-name-{number}")
        assert kit.resync().ok
        assert parked_texts(sandbox) == told(9, 10, 11)
        writes = sandbox.write_count
        assert kit.resync().ok
        assert sandbox.write_count == writes
        server.put("uid-1", 15, name="other-name-1")
        assert kit.resync().ok
        assert parked_texts(sandbox) == told(9, 11, 15)
        server.delete("other-name-0")
        assert kit.resync().ok
        assert parked_texts(sandbox) == told(11, 15)
        server.put("uid-3", 16)
        server.delete("other-name-1")
        server.delete("other-name-2")
        assert kit.resync().ok
        assert parked_texts(sandbox) == told(16)


def test_only_what_changed_is_read(server, options):
    """The second look has nothing to read, the third one event; a token that nobody knows means all of it."""
    collection = collection_of(CalendarSource.of(options["sources"][0]), Limits())
    server.put("a", 10)
    server.put("b", 11)
    first = collection.changes({})
    assert (first.whole, len(first.files or ()), bool(first.memory["token"])) == (True, 2, True)
    assert collection.changes(first.memory) is None
    server.put("b", 12)
    server.delete("a")
    second = collection.changes(first.memory)
    assert (second.whole, len(second.files or ()), second.gone) == (False, 1, {"a"})
    lost = collection.changes({**second.memory, "token": "http://nobody.example/sync/1"})
    assert (lost.whole, len(lost.files or ())) == (True, 1)


def test_the_async_face_reads_it_too(server, sandbox, options):
    """The same polls, awaited."""

    async def run():
        async with AsyncReminderKit(Telnyx("KEY", "+12025550100"), [RULE], **options) as kit:
            server.put("a", 10)
            assert (await kit.resync()).ok
            server.put("a", 14)
            assert (await kit.resync()).ok

    asyncio.run(run())
    assert parked_texts(sandbox) == told(14)


@pytest.mark.parametrize("server", ["radicale"], indirect=True)
def test_a_users_home_is_no_calendar_and_names_those_in_it(server, options):
    """Whoever gives the address above is told what is there."""
    home = {"caldav": server.address.removesuffix("room/"), "name": "home"}
    with pytest.raises(CalendarError, match=r"is no calendar: give the address of one \(room in it\)"):
        collection_of(CalendarSource.of(home), Limits()).changes({})


@pytest.mark.parametrize("server", ["radicale"], indirect=True)
def test_a_wrong_password_reads_nothing_and_withdraws_nothing(server, options, monkeypatch):
    """Who may not read is told with the status; nothing is taken for empty."""
    server.put("a", 10)
    monkeypatch.setenv("CALDAV_PASSWORD", "wrong")
    with pytest.raises(CalendarError, match=r"401.*CALDAV_PASSWORD") as told_so:
        collection_of(CalendarSource.of(options["sources"][0]), Limits()).changes({})
    assert "wrong" not in str(told_so.value)
