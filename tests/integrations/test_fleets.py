"""Fleets: workers of an engine people run share the batch job over one PostgreSQL ledger, whatever becomes of them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from reminder_kit.sandbox import Sandbox, serve
from tests.integrations.fleets import ENDS_WITH_PARENT, booked, environment, started, survived
from tests.postgres import binaries
from tests.postgres_stops import Server

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(300)]


@pytest.fixture
def server():
    """A PostgreSQL server that can be stopped and started again."""
    pytest.importorskip("psycopg")
    if binaries() is None:
        pytest.skip("no PostgreSQL: install its server")
    made = Server()
    made.start()
    with made.runs:
        yield made


@pytest.fixture
def sandbox():
    """A strict Telnyx by the machine's clock, as the workers go by it."""
    return Sandbox(key="KEY", strict=True)


class Fleet(ExitStack):
    """Workers that are killed in the end."""

    def __init__(self, folder, command, env):
        super().__init__()
        self.folder, self.command, self.env, self.count = folder, command, env, 0

    def run(self, name, command):
        """Start a process of the fleet."""
        return self.enter_context(started(self.folder, name, command, self.env))

    def add(self):
        """Start one more worker."""
        self.count += 1
        return self.run(f"worker-{self.count}", [*self.command, *self.named()])

    def named(self):
        """Return what tells a worker from others on its command line."""
        return ()

    def who_did(self, words):
        """Return how many workers say in their log that they did something."""
        return sum(words in log.read_text(errors="replace") for log in self.folder.glob("worker-*.log"))


class CeleryFleet(Fleet):
    """Celery's, of which each has a name."""

    def named(self):
        return ("--hostname", f"w{self.count}@host")


@pytest.fixture
def redis(tmp_path):
    """The URL of a redis-server for the time of a test."""
    pytest.importorskip("redis")
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server: apt-get install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *ENDS_WITH_PARENT,
        "redis-server",
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()


def test_celery_shares_the_work_and_loses_and_doubles_nothing(tmp_path, server, sandbox, redis):
    """One of three workers is killed, PostgreSQL is restarted under the others, a fourth one comes."""
    pytest.importorskip("celery")
    with serve(sandbox) as telnyx, booked(tmp_path, server.url, telnyx.base_url) as kit:
        env = environment(telnyx.base_url, BROKER_URL=redis, REMINDERS_EVERY="2s", REMINDERS_SHARD="15")
        celery = [sys.executable, "-m", "celery", "--app", "celery_worker"]
        with CeleryFleet(tmp_path, [*celery, "worker", "--concurrency", "1", "--loglevel", "info"], env) as fleet:
            fleet.run("beat", [*celery, "beat", "--schedule", str(tmp_path / "beat")])
            survived(fleet, server, sandbox, kit)
            assert fleet.who_did("Task reminder_kit.resync_shard") >= 3


def test_procrastinate_does_so_without_a_broker(tmp_path, server, sandbox):
    """Its queue goes away with the database of the ledger, and its workers end: who runs them starts them again."""
    pytest.importorskip("procrastinate")
    with serve(sandbox) as telnyx, booked(tmp_path, server.url, telnyx.base_url) as kit:
        own = {"DATABASE_URL": server.url, "REMINDERS_EVERY": "* * * * * */2", "REMINDERS_SHARD": "15"}
        env = environment(telnyx.base_url, **own)
        procrastinate = [sys.executable, "-m", "procrastinate", "--app", "procrastinate_worker.app"]
        subprocess.run([*procrastinate, "schema", "--apply"], cwd=tmp_path, env=env, check=True)
        with Fleet(tmp_path, [*procrastinate, "--verbose", "worker"], env) as fleet:
            survived(fleet, server, sandbox, kit, again=3)
            assert fleet.who_did("Starting job procrastinate_worker.resync_shard") >= 3
