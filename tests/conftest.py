"""Fixtures of the whole suite: a sandbox with a clock, kits on real SQLite files, appointments by factory."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from reminder_kit import Appointment, Recipient
from tests.factories import NEW_YORK, START, TEXT

settings.register_profile("quick", max_examples=40)
settings.load_profile("quick")  # --hypothesis-profile=default has a hundred
pytest_plugins = ["tests.postgres", "tests.ci", "tests.few"]


MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30


def pytest_configure(config):
    """Have temporary files in memory where there is room, but for benchmarks: on a disk SQLite waits at each commit.

    That is a tenth of all time, and more right after an installation. PYTEST_DEBUG_TEMPROOT names another place.
    """
    if "benchmark" not in config.option.markexpr.replace("not benchmark", "") and has_room(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def has_room(folder):
    """Say whether a folder in memory takes all files of a run, and lets programs among them run."""
    try:
        found, told = os.statvfs(folder), Path("/proc/meminfo").read_text(encoding="ascii")
    except (OSError, AttributeError):
        return False
    (left,) = [int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("MemAvailable:")]
    return min(found.f_bavail * found.f_frsize, left) > ROOM and not found.f_flag & os.ST_NOEXEC


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("TELNYX_API_KEY", "TELNYX_BASE_URL", "TELNYX_PUBLIC_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory):
    """The bytes of an SQLite ledger that was just created."""
    from reminder_kit.ledger.ledger import Ledger

    file = tmp_path_factory.mktemp("empty") / "ledger.db"
    ledger = Ledger(f"sqlite:///{file}")
    ledger.upgrade()
    ledger.close()
    return file.read_bytes()


@pytest.fixture(scope="session")
def empty_memory():
    """The bytes of a ledger in memory that was just created."""
    from reminder_kit.ledger.ledger import Ledger

    ledger = Ledger("sqlite://")
    ledger.upgrade()
    with ledger._database.engine.connect() as connection:
        made = connection.connection.driver_connection.serialize()
    ledger.close()
    return made


@pytest.fixture(autouse=True)
def _created_by_copying(request, monkeypatch, empty_ledger, empty_memory):
    """Have new SQLite ledgers copied from one that was created: forty statements for each would be a third of all time.

    But for the tests of ledgers, which see them created.
    """
    if "ledger" in request.path.parts:
        return
    from reminder_kit.ledger.databases.sqlite import SQLiteFile, SQLiteMemory

    create = SQLiteFile.create

    def copy(database):
        part = database.path.with_name(f".{database.path.name}.{threading.get_ident()}")
        with contextlib.suppress(OSError):
            part.write_bytes(empty_ledger)
            part.chmod(database._mode)
            os.link(part, database.path)  # whole at once, and never in the place of another one
        with contextlib.suppress(OSError):
            part.unlink()
        create(database)

    def fill(database):
        with database.engine.connect() as connection:
            bare = connection.connection.driver_connection
            if not bare.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                bare.deserialize(empty_memory)

    monkeypatch.setattr(SQLiteFile, "create", copy)
    monkeypatch.setattr(SQLiteMemory, "create", fill)


@pytest.fixture
def sandbox():
    """A strict local Telnyx whose clock stands still until it is moved."""
    from reminder_kit.sandbox import Sandbox

    with_clock = Sandbox(clock=START, strict=True)
    yield with_clock
    with_clock.close()


@pytest.fixture
def day_before():
    from reminder_kit import Rule

    return Rule("day-before", before="24 hours", text=TEXT, empty="blank")


class Waiting:
    """The waits of a kit that takes no time over them: what is slept is added to the clock of its rate."""

    def __init__(self):
        self.slept = 0.0

    def sleep(self, seconds):
        self.slept += seconds

    def clock(self):
        return time.monotonic() + self.slept


@pytest.fixture
def make_kit(sandbox, tmp_path, day_before):
    """Return a factory of kits that talk to the sandbox in process, on one SQLite file."""
    from reminder_kit import ReminderKit
    from reminder_kit.providers.telnyx.provider import Telnyx
    from reminder_kit.sandbox import SandboxTransport

    kits = []

    def make(rules=None, *, kind=ReminderKit, ledger=None, provider=None, **options):
        provider = provider or Telnyx(api_key="KEY", from_="+12025550100")
        settings = {"timezone": "America/New_York", "default_region": "US", "clock": sandbox.clock, "concurrency": 4}
        kit = kind(
            provider,
            [day_before] if rules is None else rules,
            ledger or f"sqlite:///{tmp_path / 'reminders.db'}",
            **{**settings, "transport": SandboxTransport(sandbox), **options},
        )
        if kind is ReminderKit:
            for io in filter(None, (kit._io, kit._fallback_io)):
                waiting = Waiting()
                io._sleep, io.pace._clock = waiting.sleep, waiting.clock
        kits.append(kit)
        return kit

    yield make
    for kit in kits:
        if isinstance(kit, ReminderKit):
            kit.close()


@pytest.fixture
def kit(make_kit):
    return make_kit()


@pytest.fixture
def appointment():
    """Return a factory of appointments: three days ahead, one recipient, everything replaceable.

    Others than A-1 have another title, so that no two are records of one visit.
    """

    def make(id="A-1", *, days=3, hours=0, phone="+12025550123", name="Ada", **changes):
        starts_at = changes.pop("starts_at", (START + timedelta(days=days, hours=hours)).astimezone(NEW_YORK))
        values = {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "recipients": [Recipient(phone, name=name)],
            "title": "Check-up" if id == "A-1" else f"Check-up {id}",
            "location": "12 High Street",
        }
        return Appointment(id, **{**values, **changes})

    return make
