"""Fixtures of the outside check: a strict Telnyx, a folder with a configuration, the command in real processes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories import NOW
from tests.outside.desk import ROOT, FrontDesk


def _by_path(name):
    spec = importlib.util.spec_from_file_location(f"outside_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


serving = _by_path("strict_server").serving


@pytest.fixture
def telnyx():
    """A strict Telnyx; the test fails if anything reached it that its pages don't allow."""
    with serving(NOW) as strict:
        yield strict
        assert strict.violations == []


@pytest.fixture(scope="session")
def warm():
    """A process that forks commands from itself: each is a process of its own, without the time its imports take."""
    command = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.stdin.close()
        process.wait(timeout=10)


@pytest.fixture
def desk(tmp_path, telnyx, warm):
    return FrontDesk(tmp_path, telnyx, warm)


def event(uid, start, *more, title="Check-up", people=("Ada:+12025550123",), zone="America/New_York"):
    """Return a VEVENT of half an hour; `people` are name:phone, `start` is local in `zone` or ends in Z."""
    stamp = start if start.endswith("Z") else f";TZID={zone}:{start}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20260201T000000Z",
        f"DTSTART{stamp if stamp.startswith(';') else ':' + stamp}",
        "DURATION:PT30M",
        f"SUMMARY:{title}",
        *(f"ATTENDEE;CN={person.split(':')[0]}:tel:{person.split(':')[1]}" for person in people),
        *more,
        "END:VEVENT",
    ]
    return "\r\n".join(lines)


@pytest.fixture(name="event")
def _event():
    return event
