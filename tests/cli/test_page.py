"""`serve` and `report`: the page on this machine, and in a file."""

from __future__ import annotations

import http.client
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.factories import NOW

ROOT = Path(__file__).parents[2]


@pytest.fixture
def imported(run, telnyx, calendar, event):
    """Ada's appointment of 12 February, whose reminder went out."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    telnyx.clock.set("2026-02-11T16:00:00Z")
    run("resync", "--now", "2026-02-11T16:00:00Z")


def test_a_report_is_written_for_its_owner_alone(run, imported, folder):
    """What went out in the time, with names; without them where that is wished."""
    ran = run("report", "-o", "report.html", "--now", "2026-02-11T16:00:00Z")
    assert (ran.status, ran.out, ran.err) == (0, "", "written to report.html\n")
    assert stat.S_IMODE((folder / "report.html").stat().st_mode) == 0o600
    assert "Hi Ada, Check-up tomorrow at 10:00 AM." in (folder / "report.html").read_text()
    run("report", "--anonymous", "--since", "2 weeks", "-o", "report.html", "--now", "2026-02-11T16:00:00Z")
    assert "Ada" not in (folder / "report.html").read_text()


def test_what_a_report_is_asked_for_is_checked(run, folder):
    """A length that is none, and no file."""
    assert run("report", "-o", "r.html", "--since", "soon").status == 2
    assert run("report").status == 2


@pytest.mark.slow
def test_the_page_is_served_to_who_has_the_address(imported, folder):
    """The printed address leads in by its token; without it, and under another name, nobody is let in."""
    job = subprocess.Popen(
        [sys.executable, "-m", "reminder_kit", "serve", "--port", "0", "--now", NOW],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = urlsplit(re.search(r"http://\S+", job.stdout.readline())[0])

        def asked(path, **headers):
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            found = answer.status, dict(answer.getheaders()), answer.read().decode()
            connection.close()
            return found

        assert asked("/")[0] == 403
        assert asked(f"/?{address.query}", Host="evil.example")[0] == 421
        status, headers, _ = asked(f"/?{address.query}")
        assert (status, headers["location"]) == (303, "/")
        status, _, body = asked("/day/2026-02-12", Cookie=headers["set-cookie"].partition(";")[0])
        assert status == 200
        assert "Ada" in body
        assert "nothing can be changed here" in body
    finally:
        job.send_signal(signal.SIGTERM)
        _, err = job.communicate(timeout=30)
    assert (job.returncode, err) == (0, "")
