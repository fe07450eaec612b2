"""A host on Starlette (FastAPI is the same): it takes bookings, and the provider's webhooks at /hooks/telnyx.

Serve it: `uvicorn --factory asgi_host:main` (needs `reminder-kit[webhooks]`, starlette, TELNYX_API_KEY
and TELNYX_PUBLIC_KEY). How such a host is tested, signed webhooks included: `test_asgi_host.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from reminder_kit import Appointment, AsyncReminderKit, DeliveryEvent, Recipient, Rule
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.webhook_app import WebhookApp

RULES = [Rule("day-before", before="24 hours", text="Hi {{ recipient.name or 'there' }}, see you {{ when }}.")]


def host(kit: AsyncReminderKit) -> Starlette:
    """Return the whole application around a kit."""
    webhooks = WebhookApp(kit, path="/telnyx")
    to_call: list[str] = []

    def undelivered(event: DeliveryEvent) -> None:
        if event.appointment:
            to_call.append(event.appointment[1])  # no message got through: somebody must call

    async def book(request: Request) -> JSONResponse:
        asked = await request.json()
        person = Recipient(asked["phone"], name=asked["name"])
        visit = Appointment(asked["id"], datetime.fromisoformat(asked["starts_at"]), recipients=[person])
        report = await kit.sync(visit)
        return JSONResponse({"reminders": report.summary["schedule"] + report.summary["hold"]}, 201)

    async def calls(_request: Request) -> JSONResponse:
        return JSONResponse(to_call)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with kit, webhooks.lifespan(app):
            yield

    kit.on("undelivered", undelivered)
    routes = [Route("/bookings", book, methods=["POST"]), Route("/calls", calls), Mount("/hooks", webhooks)]
    return Starlette(routes=routes, lifespan=lifespan)


def main() -> Starlette:
    """Return the application as it is served."""
    return host(AsyncReminderKit(Telnyx(from_="+12025550100"), RULES, timezone="America/New_York"))
