"""A PostgreSQL server that is stopped in the middle of a run and started again: told, and nothing is doubled."""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.errors import LedgerError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from tests.factories import START
from tests.postgres import binaries
from tests.postgres_stops import Server

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]

PEOPLE = 12
STOPS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
"""How a server is stopped: its clients are sent away, or it ends as in a crash."""


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("psycopg")
    if binaries() is None:
        pytest.skip("no PostgreSQL")
    made = Server()
    made.start()
    with made.runs:
        yield made


class Interrupted(SandboxTransport):
    """A network on which something happens as request number `at` comes, before or after it is carried out."""

    def __init__(self, sandbox, at, after, happens):
        super().__init__(sandbox)
        self.at, self.after, self.happens = at, after, happens
        self.numbers = itertools.count(1)  # several threads ask

    def handle_request(self, request: httpx.Request):
        number = next(self.numbers)
        if number == self.at and not self.after:
            self.happens()
        answer = super().handle_request(request)
        if number == self.at and self.after:
            self.happens()
        return answer


def visits(day):
    """Return one visit of each person on a day, by whose number in the month texts differ."""
    start = START + timedelta(days=day)
    return [
        Appointment(
            f"V-{n}", start + timedelta(minutes=n), recipients=[Recipient(f"+120255501{n:02}")], title=f"day {day}"
        )
        for n in range(PEOPLE)
    ]


def kit_on(server, sandbox, transport, namespace):
    provider = Telnyx("KEY", "+12025550100")
    rules = [Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")]
    return ReminderKit(
        provider, rules, server.url, namespace=namespace, clock=sandbox.clock, transport=transport, timezone="UTC"
    )


def parked(sandbox):
    return Counter((message.to, message.text.partition(" tomorrow")[0]) for message in sandbox.parked())


@pytest.mark.parametrize("back", ["later", "at once"])
@pytest.mark.parametrize("how", STOPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [1, 2, 7, 13, 20, 24])
def test_a_server_that_stops_in_mid_run_loses_and_doubles_nothing(server, at, after, how, back):
    """Each visit moves, by a DELETE and a POST: whichever of them the server stops at, the next run ends the work."""
    sandbox = Sandbox(clock=START, strict=True)
    namespace = f"{at} {after} {how} {back} {time.monotonic_ns()}"
    with kit_on(server, sandbox, SandboxTransport(sandbox), namespace) as kit:
        kit.ledger.upgrade()
        assert kit.sync(visits(2)).ok

    def stopped():
        server.stop(STOPS[how])
        if back == "at once":
            server.start()

    told = []
    with kit_on(server, sandbox, Interrupted(sandbox, at, after, stopped), namespace) as kit:
        kit._io._sleep = lambda _seconds: None
        try:
            report = kit.sync(visits(3), force=True)
            told += [change.error for change in report.failed]
        except LedgerError as error:
            told.append(str(error))
        if back == "later":
            assert told, "the run says that the server was gone"
            server.start()
        sandbox.clock.advance(minutes=10)
        assert kit.sync(visits(3), force=True).ok  # the same kit goes on
        assert kit.resync().ok
    assert all("ledger postgresql://" in text or "provider" in text or "worker" in text for text in told), told
    assert "see its cause" not in str(told)
    assert parked(sandbox) == Counter({(f"+120255501{n:02}", "day 3"): 1 for n in range(PEOPLE)})
    sandbox.close()
