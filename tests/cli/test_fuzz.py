"""Whatever is typed: a command ends with one of its statuses, and what goes wrong is told in our words."""

from __future__ import annotations

import os
import random

import pytest

from tests.factories import NOW

FUZZ = int(os.environ.get("REMINDER_KIT_FUZZ", "20000"))
"""How many command lines a fuzz run tries; `.ci/run` tries a few hundred."""

COMMANDS = [
    ("plan", "FILE"), ("import", "FILE"), ("resync", ), ("appointments", "FILE"), ("explain", "ID"), ("status", ),
    ("attention", ),
    ("retry", "ID"), ("export",), ("cancel", "ID"), ("suppress", "PHONE"), ("allow", "PHONE"), ("rules", "check"),
    ("rules", "preview"), ("rules", "schema"), ("ledger", "check"), ("ledger", "upgrade"), ("ledger", "purge"),
    ("doctor", ),
]  # fmt: skip
"""All commands but those that serve, and `demo`, which is a program of its own."""

OPTIONS = [
    "--json", "--config", "--now", "--complete", "--source", "--dry-run", "--force", "--from", "--to",
    "--default-timezone",
    "--recurrence-id", "--keep", "--reason", "--seen", "--opt-outs", "--older-than", "--format", "--rule", "-h",
    "--nosuch",
    "--", "-", "--debug=1", "--json=x", "--version",
]  # fmt: skip

VALUES = [
    "", " ", "\udcff", "a\udc80b", "\x1b[2J", "\u202e", "é", "x" * 5000, "-1", "0", "9" * 400, "nan", NOW,
    "2026-02-10", "yesterday",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "America/New_York", "Mars/Olympus", "UTC", "A-1",
    "a@b", "missing/x.ics",
    ".", "clinic.ics", "broken.ics", "reminders.toml", "folder", "http://[::1", "http://127.0.0.1:1/a.ics", "webcal://",
    "+12025550123", "+1", "12", "30 days", "json", "csv", "%s", "{}", "\\", "\n", "*", "~", "=cmd()",
]  # fmt: skip


def line(chance, folder):
    """Return a command line that nearly makes sense."""
    words = list(chance.choice(COMMANDS))
    words = [
        chance.choice(["clinic.ics", *VALUES]) if word.isupper() and chance.random() < 0.9 else word for word in words
    ]
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5])):
        words.insert(chance.randrange(1, len(words) + 1), chance.choice(OPTIONS))
        if chance.random() < 0.6:
            words.append(chance.choice(VALUES))
    if chance.random() < 0.05:
        words.insert(0, chance.choice([*OPTIONS, *VALUES]))
    return [word for word in words if word != "-"]  # standard input is nobody's


@pytest.fixture
def tried(run, folder, telnyx, calendar, event):
    """Return a function that runs so many lines; returns how often each status came."""
    calendar(event("A-1"), name="clinic.ics")
    (folder / "broken.ics").write_bytes(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:\x1b[2J\r\n\xff\0")
    (folder / "folder").mkdir()

    def tried(count, chance):
        came = {}
        for _ in range(count):
            words = line(chance, folder)
            ran = run(*words)
            came[ran.status] = came.get(ran.status, 0) + 1
            assert ran.status in (0, 1, 2, 3, 4), words
            assert "error: unexpected " not in ran.err, (words, ran.err)
            assert "Traceback" not in ran.err, (words, ran.err)
            assert not set(ran.out + ran.err) & {"\x1b", "\u202e", "\udcff"}, (words, ran.err)
        return came

    return tried


def test_whatever_is_typed_is_answered(tried):
    """Some command lines: none ends with an error of Python's, or shows a terminal what it would obey."""
    came = tried(120, random.Random(13))
    assert set(came) >= {0, 2}


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_fuzz_whatever_is_typed(tried):
    """The same over very many command lines, where the fuzz mark asks for them."""
    print(tried(FUZZ // 4, random.Random(FUZZ)))
