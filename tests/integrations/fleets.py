"""A fleet to be tested: real workers over one ledger and one sandbox, some killed, PostgreSQL restarted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reminder_kit import Appointment, Recipient, ReminderKit

__all__ = ["COUNT", "ENDS_WITH_PARENT", "booked", "environment", "started", "survived", "until"]

ROOT = Path(__file__).parents[2]
ENDS_WITH_PARENT = [sys.executable, "-I", "-S", str(ROOT / "tests" / "ends_with_parent.py")]
"""What a command is begun with that is to end with this run, killed or not."""
COUNT = 240
CONFIG = (
    'timezone = "America/New_York"\n[provider]\nname = "telnyx"\nfrom = "+12025550100"\nconcurrency = 4\n'
    '[[rules]]\nid = "day-before"\nbefore = "24 hours"\ntext = "See you {{ when }}."\n'
)


def environment(base_url, **own):
    """Return the environment of a worker of an example."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "examples")])
    return {**os.environ, "PYTHONPATH": path, "TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": base_url, **own}


@contextmanager
def booked(folder, url, base_url):
    """Write the configuration and record the appointments; yields the host's kit."""
    (folder / "reminders.toml").write_text(CONFIG + f'[ledger]\nurl = "{url}"\n')
    os.environ["TELNYX_API_KEY"], os.environ["TELNYX_BASE_URL"] = "KEY", base_url
    with ReminderKit.from_config(folder / "reminders.toml") as kit:
        kit.ledger.upgrade()
        starts_at = datetime.now(UTC) + timedelta(days=3)
        kit.record(
            Appointment(f"A-{number}", starts_at, recipients=[Recipient(f"+1202555{number:04}")])
            for number in range(100, 100 + COUNT)
        )
        yield kit


@contextmanager
def started(folder, name, command, env):
    """Run a process in a session of its own, with its log in a file; killed with all of its own in the end."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*ENDS_WITH_PARENT, *command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            killed(process)


def killed(process):
    """Kill a process and its children, as the machine's end does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(is_so, seconds=60):
    """Wait until something is so."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def survived(fleet, server, sandbox, kit, again=1):
    """Kill a worker in the middle, restart the database under the others, add some: all is parked, each once.

    `fleet` is an `ExitStack` with a method `add` that starts one more worker; `again` says how many are started anew.
    """
    sandbox.fault("slow", times=None, delay=0.2)
    first, *_ = [fleet.add() for _ in range(3)]
    until(lambda: len(sandbox.parked()) > COUNT // 8)
    killed(first)
    server.stop()
    server.start()
    for _ in range(again):
        fleet.add()
    until(lambda: len(sandbox.parked()) >= COUNT, seconds=150)
    sandbox.faults.clear()
    until(lambda: set(kit.status()["messages"]) == {"scheduled"}, seconds=90)
    texts = Counter(message.to for message in sandbox.messages())
    assert (len(texts), set(texts.values())) == (COUNT, {1})
