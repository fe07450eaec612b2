"""Fixtures of the command line's tests: a configured folder, a local Telnyx over HTTP, calendars by factory."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime

import pytest
from attrs import frozen

from reminder_kit.cli import main
from reminder_kit.sandbox import Sandbox, serve
from tests.factories import NOW

CONFIG = """
timezone = "America/New_York"
default_region = "US"

[provider]
name = "telnyx"
from = "+12025550100"

[[rules]]
id = "day-before"
before = "24 hours"
text = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."
"""


@frozen
class Ran:
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory of its own, with a configuration."""
    (tmp_path / "reminders.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """Return a runner of command lines in this process."""

    def run(*arguments):
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def telnyx(monkeypatch):
    """A local Telnyx over HTTP whose clock stands at `NOW`, and the environment that points to it."""
    sandbox = Sandbox(clock=NOW, key="KEY0123", strict=True)
    with serve(sandbox) as server:
        monkeypatch.setenv("TELNYX_API_KEY", "KEY0123")
        monkeypatch.setenv("TELNYX_BASE_URL", server.base_url)
        yield sandbox


@pytest.fixture
def calendar(folder):
    """Return a writer of calendars: one event a day from 12 February on, 10:00 in New York."""

    def write(*events, name="clinic.ics"):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *events, "END:VCALENDAR", ""]
        path = folder / name
        path.write_bytes("\r\n".join(lines).encode())
        return path

    return write


@pytest.fixture
def event():
    """Return a factory of events."""

    def make(uid, day=12, *more, title="Check-up", name="Ada", phone="+12025550123", hour=10):
        return "\r\n".join([
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20260201T000000Z",
            f"DTSTART;TZID=America/New_York:202602{day:02}T{hour:02}0000",
            f"DTEND;TZID=America/New_York:202602{day:02}T{hour:02}3000",
            f"SUMMARY:{title}",
            f"ATTENDEE;CN={name}:tel:{phone}",
            *more,
            "END:VEVENT",
        ])  # fmt: skip

    return make


@pytest.fixture
def machine_now():
    """The machine's time."""
    return datetime.now(UTC)


@pytest.fixture
def heard_interrupts():
    """Let what a test starts hear SIGINT: tests run in the background ignore it, and so would their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
