"""`resync --opt-outs`: the provider's list first, then the batch job, whatever becomes of the list."""

from __future__ import annotations

import pytest

from reminder_kit.cli.outcomes import worse
from tests.factories import NOW


def test_who_is_on_the_list_gets_nothing_more(run, telnyx, calendar, event):
    """`resync --opt-outs` reads the provider's list and cancels what is parked for its numbers."""
    run("import", calendar(event("A-1")), "--now", NOW)
    telnyx.inbound("+12025550123", "STOP")
    ran = run("resync", "--opt-outs", "--now", NOW)
    assert (ran.status, "1 numbers opted out at telnyx" in ran.err) == (0, True)
    assert telnyx.parked() == []


def test_a_list_that_cannot_be_read_is_told_and_the_job_is_done(run, telnyx, calendar, event):
    """A list that can't be read is status 1, and the run does its work all the same."""
    run("import", calendar(event("A-1")), "--now", NOW)
    telnyx.fault("500", method="GET", path="*/messaging_optouts")
    ran = run("resync", "--opt-outs", "--now", NOW, "--json")
    assert (ran.status, ran.json["summary"]["keep"]) == (1, 1)
    assert "could not be read" in ran.err


def test_a_list_that_cannot_be_read_outranks_what_waits_for_a_person(run, telnyx, calendar, event):
    """Status 1, not 4: a job that takes 4 for success must learn that a step failed."""
    assert run("import", calendar(event("A-1", phone="12")), "--now", NOW).status == 4
    telnyx.fault("500", method="GET", path="*/messaging_optouts")
    ran = run("resync", "--opt-outs", "--now", NOW)
    assert (ran.status, "waits for a person" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [(0, 0, 0), (0, 4, 4), (4, 1, 1), (4, 2, 2), (4, 3, 3), (0, 1, 1), (1, 3, 3), (4, 130, 130)],
)
def test_of_two_steps_the_worse_status_counts(one, other, counts):
    """Whichever comes first: 4 only says that somebody has to look, so that anything that failed outranks it."""
    assert (worse(one, other), worse(other, one)) == (counts, counts)
