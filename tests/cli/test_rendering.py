"""Lines for people: aligned, masked, by day on the practice's clock; colours only where they can be seen."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.cli.rendering import aligned, change_lines, count_lines, moment, outcome_line, shortened
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.report import Report
from tests.factories import NEW_YORK, NOW

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 8, 4, 30, tzinfo=UTC)  # still Saturday in New York


@pytest.fixture
def change():
    """Return a factory of changes."""
    whole = Change(
        ChangeKind.SCHEDULE,
        Identity("default", "A-1", ""),
        "key",
        "day-before",
        "P",
        "+12025550123",
        AT,
        AT,
        Reason.ON_TIME,
        text="Hi",
    )
    return lambda **changes: evolve(whole, **changes)


def texts(lines):
    return [line.text for line in lines]


@given(
    st.lists(st.tuples(*[st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=9)] * 3), max_size=6)
)
def test_columns_stand_below_each_other_and_nothing_is_lost(rows):
    """Each cell of any table is printed in full, at its column's place and width."""
    lines = aligned(rows)
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        place = 2
        for cell, column in zip(row, zip(*rows, strict=True), strict=True):
            width = max(map(len, column))
            assert line.ljust(200)[place : place + width] == cell.ljust(width)
            place += width + 2


@pytest.mark.slow
@given(st.text(max_size=80))
def test_a_long_name_keeps_its_ends_and_never_exceeds_the_width(name):
    """A name longer than 24 characters keeps its beginning and its end."""
    short = shortened(name)
    assert len(short) <= 24
    assert short == name or (name.startswith(short[:12]) and name.endswith(short[13:]))


def test_days_are_those_of_the_practice(change):
    """Changes stand under the day and time of the kit's zone, whatever day it is in UTC."""
    assert texts(change_lines([change()], NEW_YORK)) == [
        "Sat 7 Mar 2026 (America/New_York)",
        "  23:30  schedule  A-1  day-before  +12…23  on_time",
        "         “Hi”",
        "",
    ]
    assert moment(AT, ZoneInfo("Asia/Kathmandu")) == "Sun 8 Mar 10:15"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Madrid", "on_time, Sun 05:30 in Europe/Madrid"),
        ("America/Toronto", "on_time"),
        ("America/New_York", "on_time"),
        ("", "on_time"),
    ],
)
def test_who_lives_by_another_clock_is_shown_by_it_too(change, zone, said):
    """A recipient's own time is shown where it differs from the practice's, and not once withdrawn."""
    line = texts(change_lines([change(zone=zone)], NEW_YORK))[1]
    assert line == f"  23:30  schedule  A-1  day-before  +12…23  {said}"
    (withdrawn,) = [
        text for text in texts(change_lines([change(zone=zone, kind=ChangeKind.CANCEL)], NEW_YORK)) if "A-1" in text
    ]
    assert withdrawn.endswith("on_time")


def test_what_is_withdrawn_and_not_sent_comes_last_with_its_day(change):
    """Withdrawn and unsent reminders stand below the days, each with its own day and no text."""
    lines = texts(
        change_lines(
            [
                change(kind=ChangeKind.SKIP, reason=Reason.TOO_LATE, send_at=None, text=None),
                change(kind=ChangeKind.CANCEL, reason=Reason.REMOVED),
                change(kind=ChangeKind.SKIP, reason=Reason.NO_RECIPIENT, to=None, due_at=None, send_at=None, rule=""),
                change(),
            ],
            NEW_YORK,
        )
    )
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Sat 7 Mar 2026 (America/New_York)",
        "Withdrawn",
        "Not sent",
    ]
    assert "  Sat 7 Mar 23:30  cancel  A-1  day-before  +12…23  removed" in lines
    assert "“Hi”" not in "".join(lines[3:])


def test_one_error_of_many_is_told_once_and_counted_as_failed(change):
    """An error that many changes share is printed once, and the counts have them as failed."""
    failed = change(outcome="failed", error="telnyx: no connection")
    lines = texts(change_lines([failed, failed, change(outcome="done")], NEW_YORK))
    assert sum("FAILED schedule" in line for line in lines) == 2
    assert sum("no connection" in line for line in lines) == 1
    report = Report(now=AT, changes=(failed, failed, change(outcome="done")), appointments=1)
    assert outcome_line(report).text == "1 appointment: 1 scheduled, 2 failed."


def test_an_empty_run_says_so():
    """A run without appointments says that there was nothing to do."""
    assert outcome_line(Report(now=AT, changes=())).text == "0 appointments: nothing to do."


def test_counts_are_nested_and_what_is_empty_is_none():
    """The status is printed as indented counts, with "none" for an empty table and local times."""
    lines = texts(count_lines({"messages": {"sent": 2}, "runs": {}, "next_at": AT, "list": [1, 2]}, NEW_YORK))
    assert lines == [
        "messages:",
        "  sent: 2",
        "runs: none",
        "next at: Sat 7 Mar 2026 23:30 (America/New_York)",
        "list: 1, 2",
    ]


def on_a_terminal(*arguments, folder, **environ):
    """Return what a person sees on a terminal of 80 columns."""
    here, there = pty.openpty()
    whole = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "80", **environ}
    with subprocess.Popen(
        [sys.executable, "-m", "reminder_kit", *arguments], cwd=folder, env=whole, stdout=there, stderr=there
    ) as job:
        os.close(there)
        seen = b""
        while True:
            try:
                chunk = os.read(here, 65536)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk
    os.close(here)
    return job.returncode, seen.decode()


def test_a_person_sees_colours_and_names(folder, telnyx, calendar, event):
    """A person sees colours, names beside ids, and lines no wider than the terminal."""
    many = [event(f"A-{number}", 12 + number % 3) for number in range(3)]
    calendar(event("a-very-long-identifier-of-an-appointment@clinic.example", title="A very long title " * 4), *many)
    status, seen = on_a_terminal("import", "clinic.ics", "--now", NOW, folder=folder)
    assert status == 0
    assert "\x1b[32m" in seen
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert max(map(len, re.split(r"[\r\n]+", plain))) <= 80
    assert "a-very-long-…" in plain
    assert "4 scheduled" in plain


def test_no_color_is_respected(folder, telnyx, calendar, event):
    """With NO_COLOR set a terminal gets no escape sequences."""
    calendar(event("A-1"))
    _, seen = on_a_terminal("plan", "clinic.ics", "--now", NOW, folder=folder, NO_COLOR="1")
    assert "\x1b[" not in seen


def test_a_bar_is_shown_once_it_is_of_use():
    """With its rate and the time that is left from the given seconds on; before that nothing is written."""
    from io import StringIO

    from rich.console import Console

    from reminder_kit.cli.progress import bar

    for patience, shown in ((60.0, False), (0.0, True)):
        out = StringIO()
        with bar(Console(file=out, force_terminal=True, width=80), patience) as seen:
            seen.begin("parking", 3)
            while patience == 0 and "parking" not in out.getvalue():
                pass
            seen.advance()
        assert ("parking" in out.getvalue(), "/s" in out.getvalue(), "1/3" in out.getvalue()) == (shown,) * 3


def test_names_stand_beside_ids(change):
    """Title and name of who is written to, where any of a group has them."""
    from reminder_kit.model.names import Called

    called = {Identity("default", "A-1", ""): Called("Check-up", {"P": "Ada"})}
    (line,) = [text for text in texts(change_lines([change()], NEW_YORK, called)) if "A-1" in text]
    assert line == "  23:30  schedule  A-1  Check-up, Ada  day-before  +12…23  on_time"
