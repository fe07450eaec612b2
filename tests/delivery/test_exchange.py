"""What the log says of a run: a line for each exchange with a provider, and one for the run; never whom or what."""

from __future__ import annotations

import logging

import pytest

from tests.factories import NUMBER


@pytest.fixture
def lines(caplog):
    """Return a function that hands out the lines logged so far, of every library, from INFO up."""
    caplog.set_level(logging.INFO)
    return lambda: [f"{line.name}: {line.getMessage()}" for line in caplog.records]


def test_each_exchange_and_each_run_is_one_line(kit, appointment, lines):
    """Method, path, status, seconds, our name of the message and its number, masked; then what the run came to."""
    (change,) = kit.sync(appointment()).changes
    exchange, run = [line for line in lines() if line.startswith("reminder_kit: ")]
    assert exchange.startswith("reminder_kit: telnyx POST /messages: 200 after 0.")
    assert exchange.endswith(" to +12…23")
    assert run == "reminder_kit: sync: 1 schedule, 1 appointments"
    kit.withdraw("A-1")
    assert f"DELETE /messages/{change.message_id}: 200" in lines()[-2]
    assert lines()[-1] == "reminder_kit: withdraw: 1 cancel, 1 appointments"


def test_no_line_holds_a_number_a_text_or_a_name(make_kit, appointment, lines, sandbox):
    """Neither where all goes well, nor where the provider refuses, drops the connection, or is asked for opt-outs."""
    kit = make_kit()
    for fault in (None, "drop_after", "drop_before", "500", "429"):
        if fault:
            sandbox.fault(fault, method="POST")
        kit.sync(appointment(f"A-{fault}", name="Augusta Ada", title=f"Root canal {fault}"))
        kit.resync()
    kit.reconcile_opt_outs()
    said = "\n".join(lines())
    assert "no answer after" in said
    assert "GET /messaging_optouts: 200" in said
    for secret in (NUMBER, NUMBER[1:], "Augusta", "Root canal", "High Street", "tomorrow"):
        assert secret not in said


def test_alembic_says_nothing_in_the_hosts_log(kit, lines):
    """Creating the tables is our business; a host's own migrations, in other threads, are heard as before."""
    kit.ledger.upgrade()
    assert not [line for line in lines() if line.startswith("alembic")]
