"""Whole ASGI hosts: FastAPI with SQLAlchemy's async sessions, by its own addresses, with restarts and outages."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import httpx
import pytest

from reminder_kit import AsyncReminderKit
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event
from tests.factories import parked_texts

pytest.importorskip("fastapi")
pytestmark = pytest.mark.hosts

ADA, BEN = "+12025550123", "+12025550124"
EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi_app.py"


@pytest.fixture
def example():
    spec = spec_from_file_location("fastapi_app", EXAMPLE)
    sys.modules["fastapi_app"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def served(request, example, make_kit):
    """Return a function that serves the application for one story: each is a start of the process anew."""
    url = request.getfixturevalue(request.param)
    own = url.replace("sqlite://", "sqlite+aiosqlite://").replace("postgresql://", "postgresql+psycopg://")

    def serve(story):
        async def whole():
            provider = Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY)
            kit = make_kit(kind=AsyncReminderKit, rules=example.RULES, ledger=url, provider=provider)
            await kit.ledger.upgrade()
            app = example.application(kit, own)
            door = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=door, base_url="http://x") as client,
            ):
                return await story(client)

        return asyncio.run(whole())

    return serve


async def until(is_so):
    async with asyncio.timeout(90):  # longer than the pause between two runs
        while not is_so():  # noqa: ASYNC110 - what a host sees is asked for
            await asyncio.sleep(0.01)


def test_bookings_moves_and_cancellations_are_followed(served, sandbox):
    """Through the application's own addresses, over three starts of its process."""
    at = (sandbox.clock() + timedelta(days=3)).isoformat()

    async def books(client):
        asked = {"name": "Ada", "phone": ADA, "starts_at": at}
        assert (await client.post("/bookings", json=asked)).json() == {"id": 1}
        assert (await client.post("/bookings", json={**asked, "phone": BEN, "name": "Ben"})).json() == {"id": 2}
        await until(lambda: len(sandbox.parked()) == 2)
        assert "day-before" in (await client.get("/bookings/1/reminders")).json()["why"]

    async def moves(client):
        later = (sandbox.clock() + timedelta(days=3, hours=2)).isoformat()
        moved = {"name": "Ada", "phone": ADA, "starts_at": later}
        assert (await client.put("/bookings/1", json=moved)).status_code == 200
        assert (await client.put("/bookings/9", json=moved)).status_code == 404
        await until(lambda: "Hi Ada, see you tomorrow at 11:00 AM." in parked_texts(sandbox))

    async def cancels(client):
        assert (await client.delete("/bookings/1")).status_code == 204
        await until(lambda: [item.to for item in sandbox.parked()] == [BEN])
        headers, body = signed_event("telnyx", "opted_out", number=BEN, now=sandbox.clock())
        assert (await client.post("/hooks/telnyx", headers=headers, content=body)).status_code == 200
        await until(lambda: not sandbox.parked())

    for story in (books, moves, cancels):
        served(story)


def test_an_outage_of_the_provider_fails_no_request(served, sandbox):
    """While Telnyx answers 503 bookings are taken; what was recorded is parked once it is back."""
    asked = {"name": "Ada", "phone": ADA, "starts_at": (sandbox.clock() + timedelta(days=3)).isoformat()}

    async def books(client):
        sandbox.fault("503", times=None)
        assert (await client.post("/bookings", json=asked)).status_code == 201

    async def waits(_client):
        await until(lambda: len(sandbox.parked()) == 1)

    served(books)
    assert sandbox.parked() == []
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    served(waits)
