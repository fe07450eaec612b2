"""Whole CalDAV servers, over HTTP: Radicale with our hook, and Xandikos, whose folder the command reads."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reminder_kit import ReminderKit
from reminder_kit.sandbox import Sandbox, serve
from tests.factories import parked_texts

pytest.importorskip("radicale")
pytestmark = [pytest.mark.hosts, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
DAY = (datetime.now(UTC) + timedelta(days=3)).date()
EXAMPLE = ROOT / "examples" / "radicale"


@pytest.fixture
def telnyx(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    sandbox = Sandbox(key="KEY", strict=True)
    with serve(sandbox) as server:
        sandbox.base_url = server.base_url
        yield sandbox


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextmanager
def running(command, folder, telnyx, port):
    """Run a server in a folder until the block ends; yields a client that speaks to it once it listens."""
    names = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": telnyx.base_url, "PYTHONPATH": str(ROOT)}
    with (
        (folder / "server.log").open("ab") as log,
        subprocess.Popen(command, cwd=folder, env={**os.environ, **names}, stdout=log, stderr=log) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("desk", "x")) as client,
    ):
        try:
            until(lambda: listens(port))
            yield client
        finally:
            server.terminate()
            server.wait()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(is_so, seconds=30):
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def event(uid, hour, title="Eye test"):
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//desk//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20260101T000000Z",
        f"DTSTART;TZID=America/New_York:{DAY:%Y%m%d}T{hour:02}0000", f"SUMMARY:{title}",
        "ATTENDEE;CN=Ada:tel:+12025550123", "END:VEVENT", "END:VCALENDAR", "",
    ])  # fmt: skip


def put(client, name, text, folder="/desk/room"):
    answer = client.put(f"{folder}/{name}.ics", content=text, headers={"Content-Type": "text/calendar; charset=utf-8"})
    assert answer.status_code in (201, 204), answer.text


def radicale(port):
    return [sys.executable, "-m", "radicale", "--config", "config", "--server-hosts", f"127.0.0.1:{port}"]


def made(client, folder="/desk/room"):
    assert client.request("MKCALENDAR", folder).status_code == 201


def test_radicale_tells_our_hook_and_is_followed(tmp_path, telnyx, port):
    """Booked, moved, deleted over CalDAV; the last event, too; and over a restart, what changed meanwhile."""
    with running(radicale(port), tmp_path, telnyx, port) as client:
        made(client)
        put(client, "a", event("a", 10))
        put(client, "b", event("b", 11, "Floss"))
        until(lambda: parked_texts(telnyx) == ["Eye test tomorrow at 10:00 AM.", "Floss tomorrow at 11:00 AM."])
        put(client, "a", event("a", 14))
        until(lambda: "Eye test tomorrow at 2:00 PM." in parked_texts(telnyx))
        assert client.delete("/desk/room/b.ics").status_code == 200
        until(lambda: parked_texts(telnyx) == ["Eye test tomorrow at 2:00 PM."])
        put(client, "broken", event("c", 12).replace("SUMMARY:Eye test", "SUMMARY:Third"))
        until(lambda: len(telnyx.parked()) == 2)
    (file,) = tmp_path.glob("store/collection-root/desk/room/a.ics")
    file.write_bytes(file.read_bytes().replace(b"T140000", b"T150000"))
    with running(radicale(port), tmp_path, telnyx, port) as client:
        until(lambda: "Eye test tomorrow at 3:00 PM." in parked_texts(telnyx))
        for name in ("a", "broken"):
            client.delete(f"/desk/room/{name}.ics")
        until(lambda: parked_texts(telnyx) == [])
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_contacts_are_none_of_its_business(tmp_path, telnyx, port):
    """An address book beside the calendars is not read."""
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:Ada\r\nN:Ada;;;;\r\nEND:VCARD\r\n"
    body = (
        '<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype><collection/>'
        "<C:addressbook/></resourcetype></prop></set></mkcol>"
    )
    with running(radicale(port), tmp_path, telnyx, port) as client:
        assert client.request("MKCOL", "/desk/people", content=body).status_code == 201
        assert client.put("/desk/people/x.vcf", content=card, headers={"Content-Type": "text/vcard"}).status_code == 201
        made(client)
        put(client, "a", event("a", 10))
        until(lambda: len(telnyx.parked()) == 1)
    assert "could not be followed" not in (tmp_path / "server.log").read_text()


def test_an_outage_of_the_provider_fails_no_request(tmp_path, telnyx, port):
    """While Telnyx answers nothing, calendars are saved; the batch job parks what was recorded."""
    telnyx.fault("503", times=None)
    with running(radicale(port), tmp_path, telnyx, port) as client:
        made(client)
        put(client, "a", event("a", 10))
        until(lambda: status(tmp_path)["appointments"] == 1)
    assert parked_texts(telnyx) == []
    telnyx.faults.clear()
    with running(radicale(port), tmp_path, telnyx, port):  # begun anew, it reads its collections, and parks
        until(lambda: len(telnyx.parked()) == 1, seconds=90)


def status(folder):
    with ReminderKit.from_config(folder / "reminders.toml", ledger=f"sqlite:///{folder / 'reminders.db'}") as kit:
        return kit.status()


def test_a_folder_of_xandikos_is_a_complete_source(tmp_path, telnyx, port):
    """What is put and deleted over CalDAV is followed by `reminder-kit import --complete` of its folder."""
    pytest.importorskip("xandikos")
    command = [sys.executable, "-m", "xandikos", "serve", "--defaults", "--directory", "store", "--port", str(port)]
    names = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": telnyx.base_url, "PYTHONPATH": str(ROOT)}

    def imported():
        line = [sys.executable, "-m", "reminder_kit", "import", str(folder), "--complete", "--source", "room"]
        ran = subprocess.run(
            line, cwd=tmp_path, env={**os.environ, **names}, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    with running([*command, "--listen-address", "127.0.0.1"], tmp_path, telnyx, port) as client:
        until(lambda: [*tmp_path.glob("store/user/calendars/calendar")])
        (folder,) = tmp_path.glob("store/user/calendars/calendar")
        for name, hour in (("a", 10), ("b", 11)):
            put(client, name, event(name, hour), folder="/user/calendars/calendar")
        imported()
        assert parked_texts(telnyx) == ["Eye test tomorrow at 10:00 AM.", "Eye test tomorrow at 11:00 AM."]
        put(client, "a", event("a", 14), folder="/user/calendars/calendar")
        assert client.delete("/user/calendars/calendar/b.ics").status_code == 204
        imported()
        assert parked_texts(telnyx) == ["Eye test tomorrow at 2:00 PM."]
