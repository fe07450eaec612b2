"""One story told by each provider: appointments move, are cancelled, a person says STOP, days pass."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from attrs import evolve

from reminder_kit import Appointment, AsyncReminderKit, ReminderKit, Rule
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.sandbox import Sandbox, SandboxTransport, serve
from tests.factories import SERVICE

START = datetime(2026, 2, 12, 15, tzinfo=UTC)
HOOK = "https://clinic.example/hook"

PROVIDERS = {
    "telnyx": lambda sandbox: Telnyx("KEY", "+12025550100", public_key=sandbox.public_key, webhook_url=HOOK),
    "telnyx, schedule endpoint": lambda sandbox: Telnyx("KEY", "+12025550100", endpoint="schedule"),
    "twilio": lambda sandbox: Twilio("AC" + "1" * 32, "KEY", SERVICE, webhook_url=HOOK),
    "vonage": lambda sandbox: Vonage("+12025550100", "k", "KEY", signature_secret=sandbox.secret),
}


def phone(number):
    return f"+120255501{number:02}"


def appointments():
    return [
        Appointment(id=f"A{number}", starts_at=START + timedelta(minutes=30 * number), recipients=(phone(number),))
        for number in range(4)
    ]


def rules():
    return [
        Rule("day-before", before="24 hours", text="See you {{ when }}"),
        Rule("soon", before="2 hours", text="Soon: {{ when }}"),
    ]


@pytest.mark.few(1)
@pytest.mark.parametrize("name", PROVIDERS)
def test_everyone_receives_what_is_true_and_once(name, tmp_path):
    """Days of moves, a cancellation and a STOP end with one true text a reminder, at every provider."""
    sandbox = Sandbox("2026-02-10T14:00:00Z", key="KEY", strict=True, provider=name.split(",")[0], webhook_url=HOOK)
    settings = {"timezone": "America/New_York", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
    with ReminderKit(PROVIDERS[name](sandbox), rules(), f"sqlite:///{tmp_path}/r.db", concurrency=2, **settings) as kit:
        if name != "telnyx, schedule endpoint":
            sandbox.hooks.receiver = kit.receive
        booked = appointments()
        assert kit.sync(booked).ok
        writes = sandbox.write_count
        assert kit.sync(booked).ok
        assert sandbox.write_count == writes
        booked[0] = evolve(booked[0], starts_at=START + timedelta(hours=3), ends_at=None)
        booked[1] = evolve(booked[1], status="cancelled")
        assert kit.sync(booked).ok
        sandbox.inbound(phone(2), "Stop. Thank you")
        for _ in range(150):
            assert kit.resync().ok
            sandbox.clock.advance(minutes=30)
        assert [
            [(message.text, message.sent_at) for message in sandbox.inbox(phone(number))] for number in (0, 1, 3)
        ] == [
            [
                ("See you tomorrow at 1:00 PM", START + timedelta(hours=3) - timedelta(hours=24)),
                ("Soon: today at 1:00 PM", START + timedelta(hours=1)),
            ],
            [],
            [
                ("See you tomorrow at 11:30 AM", START + timedelta(minutes=90) - timedelta(hours=24)),
                ("Soon: today at 11:30 AM", START - timedelta(minutes=30)),
            ],
        ]
        hears = name != "telnyx, schedule endpoint"
        assert len(sandbox.inbox(phone(2))) == (0 if hears else 2)
        states = kit.status()["messages"]
        assert set(states) <= {"cancelled", "delivered", "sent"}


class Unreachable(httpx.BaseTransport):
    """A network that is down until it is up, and then leads to the sandbox."""

    def __init__(self, sandbox):
        self.inner = SandboxTransport(sandbox)
        self.down = True

    def handle_request(self, request):
        if self.down:
            raise httpx.ConnectError("no route to host")
        return self.inner.handle_request(request)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["telnyx", "telnyx, schedule endpoint", "twilio"])
def test_a_network_that_was_down_costs_nothing_but_time(name, tmp_path):
    """What could not be posted while the network was down is parked once it is up again."""
    sandbox = Sandbox("2026-02-10T14:00:00Z", key="KEY", strict=True)
    network = Unreachable(sandbox)
    settings = {"timezone": "UTC", "clock": sandbox.clock, "transport": network, "concurrency": 2}
    with ReminderKit(PROVIDERS[name](sandbox), rules(), f"sqlite:///{tmp_path}/r.db", **settings) as kit:
        first = kit.sync(appointments()[:1])
        assert (first.ok, sandbox.parked()) == (False, [])
        network.down = False
        sandbox.clock.advance(minutes=6)
        assert kit.resync().ok
    assert [message.text.split(" ")[0] for message in sandbox.parked()] == ["See", "Soon:"]


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "cut", "500_after", "503", "garbage", "429"])
def test_whatever_happens_to_answers_each_gets_one_message(kind, tmp_path):
    """Over real HTTP with lost, cut or wrong answers, Telnyx holds one message a reminder."""
    sandbox = Sandbox("2026-02-10T14:00:00Z", key="KEY", strict=True)
    sandbox.fault(kind, times=3, method="POST", retry_after=0.01)

    async def story(base_url):
        provider = Telnyx("KEY", "+12025550100", base_url=base_url)
        ledger = f"sqlite:///{tmp_path}/r.db"
        async with AsyncReminderKit(provider, rules(), ledger, timezone="UTC", clock=sandbox.clock) as kit:
            await kit.sync(appointments())
            for _ in range(4):
                sandbox.clock.advance(minutes=6)
                report = await kit.resync()
            assert report.ok

    with serve(sandbox) as server:
        asyncio.run(story(server.base_url))
    assert sorted((message.to, message.text.split(":")[0][:4]) for message in sandbox.parked()) == sorted(
        (phone(number), text) for number in range(4) for text in ("See ", "Soon")
    )


def test_a_text_sent_at_once_whose_answer_is_lost_is_named(tmp_path):
    """The one who may get two texts is counted, also where nothing is ever parked."""
    sandbox = Sandbox("2026-02-11T14:59:00Z", key="KEY", strict=True, provider="vonage")
    settings = {"timezone": "UTC", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
    with ReminderKit(PROVIDERS["vonage"](sandbox), rules()[:1], f"sqlite:///{tmp_path}/r.db", **settings) as kit:
        kit.sync(appointments()[:1])
        sandbox.clock.set("2026-02-11T15:00:00Z")
        sandbox.fault("drop_after", method="POST")
        report = kit.resync()
        assert (report.ok, report.summary["unknown"], len(sandbox.inbox(phone(0)))) == (False, 1, 2)
        sandbox.clock.advance(minutes=5)
        assert kit.resync().summary["unknown"] == 1
        sandbox.clock.set(START)
        assert kit.resync().ok
