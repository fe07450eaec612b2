"""Progress: who watches a run hears what it works through; nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.progress import counted, watched

BEGIN, END = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//\r\n", "END:VCALENDAR\r\n"


def event(number, start):
    lines = ["BEGIN:VEVENT", f"UID:V-{number}", "DTSTAMP:20260101T000000Z", f"DTSTART:{start:%Y%m%dT%H%M%SZ}"]
    lines += [f"ATTENDEE;CN=Person {number}:tel:+1202555{number + 100:04}", "SUMMARY:Visit", "END:VEVENT", ""]
    return "\r\n".join(lines)


@pytest.mark.parametrize(("items", "told"), [(0, [0, 0]), (1, [0, 1]), (50, [0, 50, 50]), (120, [0, 50, 100, 120])])
def test_what_is_drawn_is_told_now_and_then(items, told):
    """The watcher hears of the beginning, of each fiftieth item once it is done, and of the end."""
    heard = []
    with watched(lambda *seen: heard.append(seen)):
        assert list(counted(range(items), "reading", items)) == list(range(items))
    assert heard == [("reading", done, items) for done in told]


def test_nobody_hears_of_lists_that_were_begun_before_or_after():
    """What nobody watches comes back as it is; a watcher within a watcher hears alone."""
    outer, inner, items = [], [], [1, 2]
    assert counted(items, "reading") is items
    with watched(lambda *seen: outer.append(seen)):
        with watched(lambda *seen: inner.append(seen)):
            list(counted(items, "planning"))
        list(counted(items, "reading"))
    assert counted(items, "reading") is items
    assert [outer[-1], inner[-1]] == [("reading", 2, None), ("planning", 2, None)]


def test_an_import_tells_what_it_reads_and_plans(kit):
    """Of a calendar each series that was read counts, then each appointment that was decided."""
    start = datetime(2026, 2, 12, 15, tzinfo=UTC)
    file = BEGIN + "".join(event(number, start + timedelta(hours=number)) for number in range(60)) + END
    heard = []
    with watched(lambda *seen: heard.append(seen)):
        kit.plan_calendar(file.encode())
    assert heard == [(stage, done, 60) for stage in ("reading", "planning") for done in (0, 50, 60)]
    assert list(dict.fromkeys(stage for stage, _, _ in heard)) == ["reading", "planning"]
