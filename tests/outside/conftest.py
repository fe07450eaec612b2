"""Fixtures of the outside check: a strict Telnyx, a folder with a configuration, the command in real processes."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import frozen

from tests.factories import NOW

ROOT = Path(__file__).parents[2]

CONFIG = """
timezone = "America/New_York"
default_region = "US"

[provider]
name = "telnyx"
from = "+12025550100"

[quiet_hours]
start = "21:00"
end = "08:00"

[[rules]]
id = "day-before"
before = "24 hours"
text = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."

[[rules]]
id = "two-hours"
before = "2 hours"
if_late = "skip"
text = "See you {{ when }}."
"""


def _by_path(name):
    spec = importlib.util.spec_from_file_location(f"outside_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


serving = _by_path("strict_server").serving


@frozen
class Ran:
    """What a process did."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def changes(self):
        return self.json["changes"]

    def picked(self, *names):
        """Return the named fields of each change, sorted."""
        return sorted((tuple(change[name] for name in names) for change in self.changes), key=str)


@pytest.fixture
def telnyx():
    """A strict Telnyx; the test fails if anything reached it that its pages don't allow."""
    with serving(NOW) as strict:
        yield strict
        assert strict.violations == []


@pytest.fixture(scope="session")
def warm():
    """A process that forks commands from itself: each is a process of its own, without the time its imports take."""
    command = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.stdin.close()
        process.wait(timeout=10)


class FrontDesk:
    """A folder with `reminders.toml`, and the command run in it as a process of its own."""

    def __init__(self, folder, telnyx, warm):
        self.warm = warm
        self.folder = folder
        self.ledger = folder / "reminders.db"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "TZ": "Asia/Kathmandu",
            "COLUMNS": "200",
            "TELNYX_API_KEY": telnyx.key,
            "TELNYX_BASE_URL": telnyx.url,
        }
        self.configure(CONFIG)

    def configure(self, text):
        (self.folder / "reminders.toml").write_text(text, encoding="utf-8")

    def write(self, *events, name="clinic.ics"):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//outside//EN", *events, "END:VCALENDAR", ""]
        (self.folder / name).write_bytes("\r\n".join(lines).replace("\n", "\r\n").replace("\r\r", "\r").encode())
        return name

    def _environment(self, changes):
        return {name: value for name, value in {**self.environment, **changes}.items() if value is not None}

    def start(self, *arguments, **environment):
        """Start `python -m reminder_kit`."""
        return subprocess.Popen(
            [sys.executable, "-m", "reminder_kit", *map(str, arguments)],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, status=0, **environment):
        """Run to the end; fail with all it said unless it exits with `status`."""
        outputs = [self.folder / ".stdout", self.folder / ".stderr"]
        wish = {
            "argv": [str(argument) for argument in arguments],
            "cwd": str(self.folder),
            "env": self._environment(environment),
            "out": str(outputs[0]),
            "err": str(outputs[1]),
        }
        self.warm.stdin.write(json.dumps(wish) + "\n")
        self.warm.stdin.flush()
        ended = int(self.warm.stdout.readline())
        out, err = (path.read_text(encoding="utf-8") for path in outputs)
        assert "Traceback" not in err, err
        assert status is None or ended == status, (ended, out, err)
        return Ran(ended, out, err)

    def at(self, command, *arguments, now=NOW, status=0, **environment):
        """Run `command` with --json and --now."""
        return self.run(command, *arguments, "--json", "--now", now, status=status, **environment)

    def content(self, *, runs=True):
        """Return every row of every table of the ledger; `runs=False` leaves out when the batch job last ran."""
        with sqlite3.connect(self.ledger) as connection:
            names = sorted(row[0] for row in connection.execute("select name from sqlite_master where type = 'table'"))
            rows = {name: sorted(map(repr, connection.execute(f'select * from "{name}"'))) for name in names}
        connection.close()
        return rows if runs else {name: kept for name, kept in rows.items() if name != "reminder_kit_runs"}

    def files(self):
        """Return the bytes of the ledger's files."""
        return {path.name: path.read_bytes() for path in self.folder.glob("reminders.db*")}


@pytest.fixture
def desk(tmp_path, telnyx, warm):
    return FrontDesk(tmp_path, telnyx, warm)


def event(uid, start, *more, title="Check-up", people=("Ada:+12025550123",), zone="America/New_York"):
    """Return a VEVENT of half an hour; `people` are name:phone, `start` is local in `zone` or ends in Z."""
    stamp = start if start.endswith("Z") else f";TZID={zone}:{start}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260201T000000Z",
        f"DTSTART{stamp if stamp.startswith(';') else ':' + stamp}",
        "DURATION:PT30M",
        f"SUMMARY:{title}",
        *(f"ATTENDEE;CN={person.split(':')[0]}:tel:{person.split(':')[1]}" for person in people),
        *more,
        "END:VEVENT",
    ]
    return "\r\n".join(lines)


@pytest.fixture(name="event")
def _event():
    return event
