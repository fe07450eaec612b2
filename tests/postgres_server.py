"""A PostgreSQL server that ends with the process it was started for, whichever way that process ends.

A program of its own, started by `tests/postgres.py`: `python postgres_server.py PARENT BINARIES`. It prints the
server's URL once the server takes connections, or what went wrong. When its parent is gone (killed, too) or asks for
it with SIGTERM, it stops the server and removes all its files. Should it be killed itself, Linux stops the server.

Never imports anything but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PASSWORD = "open-sesame"
OPTIONS = {"listen_addresses": "127.0.0.1", "fsync": "off", "deadlock_timeout": "100ms"}
PATIENCE = 60.0
"""Seconds a server may take until it takes connections, and until it has stopped."""
_SET_PARENT_DEATH_SIGNAL = 1


def ordinary_user():
    """Return how a child becomes an ordinary user, where the tests run as root: the server refuses root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd

    names = {item.pw_name: item for item in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def copied_wheel(binaries, home):
    """Copy a wheel's server, and the libraries it looks for beside its package, to where everybody may read them."""
    install, package = binaries.parent, binaries.parents[1]
    shutil.copytree(package.with_name(f"{package.name}.libs"), home / f"{package.name}.libs")
    shutil.copytree(install, home / package.name / install.name, symlinks=True)
    return home / package.name / install.name / "bin"


def die_with_parent():
    """Have Linux send this process, which becomes the server, SIGQUIT (stop at once) when its parent ends."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGQUIT)


def prepare(home, binaries, identity):
    """Make an empty cluster in the folder; returns its data directory."""
    data, secret = home / "data", home / "secret"
    secret.write_text(PASSWORD)
    data.mkdir()
    if identity:
        for path in (home, data, secret):
            os.chown(path, identity["user"], identity["group"])
    command = [binaries / "initdb", "-D", data, "-U", "kit", "-A", "scram-sha-256", "--pwfile", secret]
    command += ["-E", "UTF8", "--locale=C", "--no-sync"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    made = subprocess.run(command, cwd=home, text=True, check=False, **pipes, **identity)
    if made.returncode:
        sys.exit(f"initdb failed:\n{made.stdout}")
    return data


def is_ready(data, process):
    with suppress(OSError):
        told = (data / "postmaster.pid").read_text().split()
        return told[:1] == [str(process)] and "ready" in told
    return False


@contextmanager
def running(home, data, port, binaries, identity):
    """Run a server on a cluster, however it was stopped before; yields its process."""
    settings = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
    command = [binaries / "postgres", "-D", data, "-p", str(port), "-k", home, *settings]
    with (home / "log").open("a") as log:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        process = subprocess.Popen(command, cwd=home, preexec_fn=die_with_parent, **pipes, **identity)  # noqa: PLW1509 - no threads here
    try:
        until = time.monotonic() + PATIENCE
        while not is_ready(data, process.pid):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"the server does not start:\n{(home / 'log').read_text()}")
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def url_at(port):
    return f"postgresql://kit:{PASSWORD}@127.0.0.1:{port}/postgres"


def placed(home, binaries, identity):
    """Make a folder one that a server can run in; returns where its programs are."""
    home.chmod(0o755)
    if identity and "site-packages" in binaries.parts:  # a wheel's, in a folder that is root's alone
        return copied_wheel(binaries, home)
    return binaries


@contextmanager
def server(home, binaries, identity):
    """Run a server in the folder; yields its process and its URL."""
    binaries = placed(home, binaries, identity)
    data, port = prepare(home, binaries, identity), free_port()
    with running(home, data, port, binaries, identity) as process:
        yield process, url_at(port)


def main(parent, binaries):
    """Serve as long as the parent lives."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    home = Path(tempfile.mkdtemp(prefix="rk-postgres-"))
    try:
        with server(home, binaries, ordinary_user()) as (process, url):
            print(url, flush=True)
            while os.getppid() == parent and process.poll() is None:
                time.sleep(0.2)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
