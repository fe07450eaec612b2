"""`messages`: what people were told, by number, name and day; and what came back."""

from __future__ import annotations

import pytest

from tests.factories import NOW

ADA, BEN = "+12025550123", "+12025550177"
LATER = "2026-02-11T16:00:00Z"


@pytest.fixture
def told(run, telnyx, calendar, event):
    """Ada's and Ben's reminders for 12 February went out on the day before; Ada's arrived."""
    calendar(event("A-1"), event("A-2", hour=11, name="Ben", phone=BEN, title="Cleaning"), event("A-3", 20))
    assert run("import", "clinic.ics", "--now", NOW).status == 0
    telnyx.clock.set("2026-02-11T16:00:00Z")
    run("resync", "--now", LATER)


def test_what_a_number_was_told(run, told):
    """Each message in full, with appointment, rule and state; numbers are masked unless asked for."""
    ran = run("messages", "--to", ADA, "--now", LATER)
    assert ran.status == 0
    assert "Wed 11 Feb 2026 (America/New_York)" in ran.out
    assert "  10:00  Ada +12…23  Check-up, A-1  day-before  " in ran.out
    assert "“Hi Ada, Check-up tomorrow at 10:00 AM.”" in ran.out
    assert "Ben" not in ran.out
    assert ADA not in ran.out
    assert ADA in run("messages", "--to", ADA, "--full", "--now", LATER).out


def test_what_somebody_was_told_is_found_by_name(run, told):
    """The beginning of a name is enough; nobody else's messages are shown."""
    found = run("messages", "--name", "be", "--json", "--now", LATER).json["messages"]
    assert [(item["name"], item["appointment"], item["to"]) for item in found] == [("Ben", "A-2", "+12…77")]
    assert run("messages", "--name", "zoe", "--now", LATER).status == 1


def test_what_goes_out_today(run, told):
    """By the kit's zone; yesterday's are left out."""
    assert len(run("messages", "--today", "--json", "--now", LATER).json["messages"]) == 2
    ran = run("messages", "--today", "--now", "2026-02-12T16:00:00Z")
    assert (ran.status, ran.out) == (1, "")
    assert "nothing is recorded that fits" in ran.err
    assert len(run("messages", "--since", "2026-02-11", "--json", "--now", LATER).json["messages"]) == 2


def test_wrong_questions_are_refused(run, told):
    """A number that is none, a name without a letter, two days at once, a day that is none."""
    for wrong in (("--to", "12"), ("--name", "…"), ("--today", "--since", "2026-02-11"), ("--since", "soon")):
        assert run("messages", *wrong, "--now", LATER).status == 2, wrong


def test_only_so_many_are_shown(run, told):
    """The latest ones, and a line says that there are more."""
    ran = run("messages", "--since", "2026-02-01", "--limit", "1", "--now", LATER)
    assert "only the latest 1 are shown" in ran.err
    assert ran.out.count("“") == 1


def test_the_status_tells_of_today(run, told):
    """What went out today, what arrived, what is to come."""
    shown = run("status").out
    assert "today:" in shown
    assert "sent:" in shown
