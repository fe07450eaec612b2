"""A front desk: a folder with a configuration, and the command run in it as processes of their own.

Never looks inside the product: it starts processes and reads what they write.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from tests.factories import NOW

ROOT = Path(__file__).parents[2]

CONFIG = """
timezone = "America/New_York"
default_region = "US"

[provider]
name = "telnyx"
from = "+12025550190"

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
