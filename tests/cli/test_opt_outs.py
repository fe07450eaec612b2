"""`resync --opt-outs`: the provider's list first, then the batch job, whatever becomes of the list."""

from __future__ import annotations

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
