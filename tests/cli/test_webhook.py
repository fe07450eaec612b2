"""`webhook serve`: signed webhooks are taken and followed, everything else is refused by its status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytest.importorskip("cryptography")


@pytest.fixture
def served(telnyx, folder, machine_now):
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


def test_stop_withdraws_what_is_parked_and_forgeries_are_refused(run, telnyx, served, machine_now, calendar):
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


def test_without_a_public_key_it_does_not_start(run, telnyx):
    ran = run("webhook", "serve", "--port", "0")
    assert (ran.status, ran.out) == (2, "")
    assert "TELNYX_PUBLIC_KEY" in ran.err
