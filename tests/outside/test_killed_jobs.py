"""The command in real processes, killed with SIGKILL at moments that chance picks: whatever stood there, it ends well.

Against the local sandbox, whose clock is the machine's, so that `resync --every` runs as it does in a clinic.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field, frozen

from reminder_kit.sandbox import Sandbox, serve
from tests.outside.desk import FrontDesk

KILLS = int(os.environ.get("REMINDER_KIT_KILLS", "120"))
"""How many processes a long run kills, of the import and of the batch job each."""

CONFIG = """
timezone = "UTC"
default_region = "US"
[provider]
name = "telnyx"
from = "+12025550190"
[guard]
max_cancel_ratio = 1.0
[calendar]
sources = ["clinic.ics"]
[[rules]]
id = "day-before"
before = "24 hours"
text = "Visit of {{ recipient.name }} at {{ appointment.starts_at | time('HH:mm') }}."
"""


@frozen
class Place:
    """Where the command finds its provider."""

    url: str
    key: str = "KEY"


@define
class Clinic:
    """A calendar that changes, the command that follows it, and the provider it parks at."""

    desk: FrontDesk
    sandbox: Sandbox
    chance: random.Random
    #: The start of each visit that the calendar has, by the number of the person.
    visits: dict[int, datetime] = field(factory=dict)
    #: Those that the calendar says are cancelled; a visit that is only gone says so to a complete import alone.
    cancelled: dict[int, datetime] = field(factory=dict)
    killed: int = 0
    #: Whether what was cancelled is still in the calendar, as cancelled.
    says_cancelled: bool = False

    def change(self):
        """Move, add or withdraw some visits, in one step as calendar programs do."""
        day = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
        for person in range(6):
            if self.chance.random() < 0.5:
                self.visits[person] = day + timedelta(hours=self.chance.randrange(12))
                self.cancelled.pop(person, None)
            elif person in self.visits and self.chance.random() < 0.2:
                self.cancelled[person] = self.visits.pop(person)
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//kills//EN"]
        shown = {**self.visits, **(self.cancelled if self.says_cancelled else {})}
        for person, start in shown.items():
            status = "CANCELLED" if person in self.cancelled else "CONFIRMED"
            lines += [
                "BEGIN:VEVENT", f"UID:V-{person}", "DTSTAMP:20260201T000000Z", f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
                "DURATION:PT30M", "SUMMARY:Visit", f"STATUS:{status}",
                f"ATTENDEE;CN=P{person}:tel:+1202555010{person}", "END:VEVENT",
            ]  # fmt: skip
        half = self.desk.folder / ".clinic.making"
        half.write_bytes("\r\n".join([*lines, "END:VCALENDAR", ""]).encode())
        half.replace(self.desk.folder / "clinic.ics")

    @property
    def wanted(self):
        """What is to be parked: written out by hand, one message for each visit."""
        return sorted(
            (f"+1202555010{person}", start - timedelta(days=1), f"Visit of P{person} at {start:%H:%M}.")
            for person, start in self.visits.items()
        )

    @property
    def parked(self):
        return sorted((message.to, message.send_at, message.text) for message in self.sandbox.parked())

    def kill(self, *command, within, changes=False):
        """Start a command and kill it at a moment of its life; with `changes` the calendar changes meanwhile."""
        process = self.desk.start(*command)
        killer = threading.Timer(self.chance.uniform(*within), process.kill)
        killer.start()
        while changes and process.poll() is None:
            time.sleep(self.chance.uniform(0.05, 0.6))
            self.change()
        _, err = process.communicate(timeout=120)
        killer.cancel()
        assert "Traceback" not in err, err
        self.killed += process.returncode == -9

    def settle(self, *command):
        """Run a command to its end: then what is parked is what is wanted, and the ledger is sound."""
        self.desk.run(*command)
        assert self.parked == self.wanted
        assert len({to for to, _, _ in self.parked}) == len(self.parked)
        assert self.desk.run("ledger", "check", "--json").json == {"faults": []}
        posted = sum(request.method == "POST" for request in self.sandbox.requests)
        self.desk.run(*command)
        assert sum(request.method == "POST" for request in self.sandbox.requests) == posted


@pytest.fixture
def clinic(tmp_path, warm):
    """A clinic on a sandbox of its own, which fails the test where two messages of one person were ever parked."""
    sandbox = Sandbox(key="KEY")
    with serve(sandbox) as server:
        desk = FrontDesk(tmp_path, Place(server.base_url), warm)
        desk.configure(CONFIG)
        made = Clinic(desk, sandbox, random.Random(os.environ.get("REMINDER_KIT_SEED", "13")))
        made.change()
        yield made
    print(f"killed {made.killed}, {len(sandbox.requests)} requests", file=sys.stderr)
    sandbox.close()


IMPORT = ("import", "clinic.ics", "--complete", "--force")


@pytest.mark.slow
def test_an_import_killed_anywhere_is_ended_by_the_next(clinic):
    """A few kills, from the first import of a module to the last answer."""
    for _ in range(3):
        clinic.change()
        clinic.kill(*IMPORT, within=(0.2, 1.6))
    clinic.settle(*IMPORT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_imports_killed_a_hundred_times(clinic):
    """Import after import is killed, each of another calendar; now and then one runs to its end."""
    while clinic.killed < KILLS:
        clinic.change()
        clinic.kill(*IMPORT, within=(0.1, 2.5))
        if clinic.chance.random() < 0.2:
            clinic.settle(*IMPORT)
    clinic.settle(*IMPORT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_batch_jobs_killed_a_hundred_times(clinic):
    """`resync --every` is killed again and again, while the calendar it reads changes under it."""
    clinic.says_cancelled = True
    while clinic.killed < KILLS:
        clinic.kill("resync", "--every", "1s", within=(0.5, 5.0), changes=True)
        if clinic.chance.random() < 0.2:
            clinic.settle("resync", "--force")
    clinic.settle("resync", "--force")
