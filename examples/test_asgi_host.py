"""The host's own tests: a local Telnyx, a clock that is moved, webhooks signed as Telnyx signs them.

Run them in this folder: `python -m pytest test_asgi_host.py` (the fixtures come with reminder_kit).
"""

import asyncio
from datetime import timedelta

import httpx
import pytest
from asgi_host import RULES, host

from reminder_kit import AsyncReminderKit

ADA = "+12025550101"


@pytest.fixture
def told(reminder_kit_options):
    """Return a runner of one story, told to the whole host by its address."""

    def run(story):
        async def whole():
            kit = AsyncReminderKit(rules=RULES, timezone="America/New_York", **reminder_kit_options)
            app = host(kit)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://clinic") as client,
            ):
                return await story(client, kit)

        return asyncio.run(whole())

    return run


async def booked(client, clock):
    visit = {"id": "A-1", "phone": ADA, "name": "Ada", "starts_at": (clock() + timedelta(days=3)).isoformat()}
    answer = await client.post("/bookings", json=visit)
    assert (answer.status_code, answer.json()) == (201, {"reminders": 1})


async def posted(client, letter):
    headers, body = letter
    return (await client.post("/hooks/telnyx", headers=headers, content=body)).status_code


def test_who_books_is_reminded_the_day_before(told, reminder_kit_clock, reminder_kit_would_receive):
    async def story(client, kit):
        await booked(client, reminder_kit_clock)
        return [item.text for item in await reminder_kit_would_receive(kit, ADA)]

    assert told(story) == ["Hi Ada, see you tomorrow at 9:00 AM."]


def test_who_answers_stop_is_left_alone(told, reminder_kit_clock, reminder_kit_sandbox, reminder_kit_signed_event):
    async def story(client, _kit):
        await booked(client, reminder_kit_clock)
        assert await posted(client, reminder_kit_signed_event("telnyx", "opted_out", number=ADA)) == 200

    told(story)
    assert reminder_kit_sandbox.parked() == []


def test_who_could_not_be_reached_is_called(told, reminder_kit_clock, reminder_kit_sandbox, reminder_kit_signed_event):
    async def story(client, _kit):
        await booked(client, reminder_kit_clock)
        message = reminder_kit_sandbox.parked()[0].id
        reminder_kit_clock.advance(days=2, minutes=1)
        letter = reminder_kit_signed_event("telnyx", "undelivered", number=ADA, provider_id=message)
        assert await posted(client, letter) == 200
        return (await client.get("/calls")).json()

    assert told(story) == ["A-1"]


@pytest.mark.parametrize("wrong", ["forged", "stale"])
def test_what_telnyx_did_not_sign_just_now_is_refused(told, reminder_kit_signed_event, wrong):
    async def story(client, _kit):
        return await posted(client, reminder_kit_signed_event("telnyx", "opted_out", number=ADA, **{wrong: True}))

    assert told(story) == 401
