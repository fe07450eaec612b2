"""`webhook serve`: signed webhooks are taken and followed, everything else is refused by its status."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

from reminder_kit.testing import signed_event
from tests.factories import NOW

ROOT = Path(__file__).parents[2]

pytest.importorskip("cryptography")

pytestmark = pytest.mark.slow


@pytest.fixture
def served(telnyx, folder, machine_now, heard_interrupts):
    """Return the address of a served endpoint, and its process."""
    telnyx.clock.set(machine_now)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TELNYX_PUBLIC_KEY": telnyx.public_key}
    with subprocess.Popen(
        [sys.executable, "-m", "reminder_kit", "webhook", "serve", "--port", "0", "--path", "/hooks", "--json"],
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as job:  # fmt: skip
        yield json.loads(job.stdout.readline())["address"], job
        job.kill()


def status_of(address, method="POST", body=b"{}"):
    asked = urllib.request.Request(address, data=body if method == "POST" else None, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_way_back_is_rehearsed_by_the_clock_of_the_sandbox(run, telnyx, folder, calendar, event):
    """With the sandbox at another time than the machine, its webhooks are still taken, and followed."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TELNYX_PUBLIC_KEY": telnyx.public_key}
    command = [sys.executable, "-m", "reminder_kit", "webhook", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        [*command, "--sandbox-clock", os.environ["TELNYX_BASE_URL"]],
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as job:  # fmt: skip
        telnyx.webhook_url = json.loads(job.stdout.readline())["address"]
        telnyx.clock.set("2026-02-10T15:00:00Z")
        telnyx.inbound("+12025550123", "STOP")
        until = time.monotonic() + 20
        while telnyx.parked() and time.monotonic() < until:
            time.sleep(0.05)
        job.send_signal(signal.SIGTERM)
        job.communicate(timeout=20)
    assert telnyx.parked() == []
    assert telnyx.hooks.sent[-1].answers == [200]


@pytest.mark.parametrize("address", ["https://sandbox.example", "http://127.0.0.1:9", "nothing"])
def test_a_clock_that_is_none_is_refused(run, telnyx, address):
    """Another machine's, one that does not answer, and what is no address: a line, and status 2."""
    ran = run("webhook", "serve", "--port", "0", "--sandbox-clock", address)
    assert ran.status == 2
    assert ran.err.count("\n") == 1


def test_stop_withdraws_what_is_parked_and_forgeries_are_refused(run, telnyx, served, machine_now, calendar):
    """A signed STOP cancels what is parked, a forgery is a 401, and the log shows no number."""
    address, job = served
    telnyx.webhook_url = address
    visit = machine_now + timedelta(days=3)
    lines = ["BEGIN:VEVENT", "UID:A-1", "DTSTAMP:20260101T000000Z", f"DTSTART:{visit:%Y%m%dT%H%M%SZ}", "SUMMARY:x"]
    file = calendar("\r\n".join([*lines, "ATTENDEE;CN=Ada:tel:+12025550123", "END:VEVENT"]))
    assert run("import", file).status == 0
    assert len(telnyx.parked()) == 1
    telnyx.inbound("+12025550123", "STOP")
    until = time.monotonic() + 20
    while telnyx.parked() and time.monotonic() < until:
        time.sleep(0.05)
    assert telnyx.parked() == []
    assert status_of(address) == 401
    assert status_of(address, "GET") == 405
    assert status_of(address.replace("/hooks", "/other")) == 404
    job.send_signal(signal.SIGTERM)
    _, err = job.communicate(timeout=20)
    assert job.returncode == 0
    assert "opted_out" in err
    assert "refused a webhook" in err
    assert "5550123" not in err
    assert "Ada" not in err


def test_names_stand_beside_ids_for_a_person_who_looks(run, telnyx, folder, calendar, event):
    """With --names a line tells id, title and name of whose message it is about."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TELNYX_PUBLIC_KEY": telnyx.public_key}
    command = [sys.executable, "-m", "reminder_kit", "webhook", "serve", "--port", "0", "--json", "--names"]
    with subprocess.Popen(
        [*command, "--sandbox-clock", os.environ["TELNYX_BASE_URL"]],
        cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as job:  # fmt: skip
        telnyx.webhook_url = json.loads(job.stdout.readline())["address"]
        telnyx.clock.advance(hours=24 * 4)
        line = job.stderr.readline()
        job.send_signal(signal.SIGTERM)
        job.communicate(timeout=20)
    assert re.search(r"^\S+ \w+ of 'A-1' \(Check-up, Ada\)$", line), line


def test_without_a_public_key_it_does_not_start(run, telnyx):
    """A server that could verify nothing ends with status 2 and names the key."""
    ran = run("webhook", "serve", "--port", "0")
    assert (ran.status, ran.out) == (2, "")
    assert "TELNYX_PUBLIC_KEY" in ran.err


def test_without_the_server_package_it_says_what_to_install(run, telnyx, monkeypatch):
    """`webhook serve` without uvicorn names the extra to install."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", telnyx.public_key)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = run("webhook", "serve", "--port", "0")
    assert (ran.status, ran.out) == (2, "")
    assert "pip install 'reminder-kit[webhooks]'" in ran.err


def test_a_taken_port_is_one_line(run, telnyx, monkeypatch):
    """A port in use is one line that asks for another."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", telnyx.public_key)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("webhook", "serve", "--port", taken.getsockname()[1])
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "choose another --port" in ran.err


def test_an_interrupt_ends_with_130(served):
    """Ctrl-C ends the server with the shell's status for it, and without words."""
    _, job = served
    job.send_signal(signal.SIGINT)
    _, err = job.communicate(timeout=20)
    assert (job.returncode, err) == (130, "")


def test_a_termination_before_anything_came_ends_well(served):
    """SIGTERM ends an idle server with status 0 and without words."""
    _, job = served
    job.send_signal(signal.SIGTERM)
    out, err = job.communicate(timeout=20)
    assert (job.returncode, out, err) == (0, "", "")


def test_an_answer_under_way_is_finished_before_the_end(served, telnyx, machine_now):
    """A webhook whose last byte comes after SIGTERM is still stored, and answered."""
    address, job = served
    headers, body = signed_event("telnyx", "received", number="+12025550123", text="Thanks")
    host, port = urllib.parse.urlsplit(address).netloc.split(":")
    lines = [f"POST /hooks HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
    with socket.create_connection((host, int(port))) as line:
        line.sendall("".join([*lines, "\r\n"]).encode() + body[:-5])
        time.sleep(0.5)
        job.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        line.sendall(body[-5:])
        assert line.recv(100).startswith(b"HTTP/1.1 200")
    _, err = job.communicate(timeout=20)
    assert job.returncode == 0
    assert err.rstrip().endswith(" received")


def test_an_endpoint_that_cannot_begin_says_so(run, telnyx, monkeypatch):
    """Whatever it is that fails before it serves, the exit status is that of configuration, not the server's."""
    from reminder_kit.ledger.ledger import Ledger

    def broken(_self):
        raise MemoryError

    monkeypatch.setenv("TELNYX_PUBLIC_KEY", telnyx.public_key)
    monkeypatch.setattr(Ledger, "prepare", broken)
    ran = run("webhook", "serve", "--port", "0")
    assert (ran.status, ran.out) == (2, "")
    assert "could not be started" in ran.err
