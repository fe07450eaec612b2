"""FastAPI with SQLAlchemy's async sessions: bookings are recorded as they commit, and followed after the request.

Serve it: `uvicorn --factory fastapi_app:main` (needs `reminder-kit[starlette,webhooks]`, fastapi, aiosqlite,
TELNYX_API_KEY and TELNYX_PUBLIC_KEY).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from pydantic import AwareDatetime, BaseModel
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from reminder_kit import Appointment, AsyncReminderKit, Recipient, Rule
from reminder_kit.integrations.sqlalchemy import SessionReminders
from reminder_kit.integrations.starlette import Reminders
from reminder_kit.providers.telnyx import Telnyx

RULES = [Rule("day-before", before="24 hours", text="Hi {{ recipient.name or 'there' }}, see you {{ when }}.")]


class Base(DeclarativeBase):
    """The application's tables."""


class Booking(Base):
    """When somebody comes."""

    __tablename__ = "bookings"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str]
    starts_at: Mapped[datetime]


class Asked(BaseModel):
    """What a booking or a move is asked with."""

    name: str
    phone: str
    starts_at: AwareDatetime


def to_appointment(booking: Booking) -> Appointment:
    """Return the appointment that a booking is; its table holds UTC."""
    person = Recipient(booking.phone, id=str(booking.id), name=booking.name)
    return Appointment(str(booking.id), booking.starts_at.replace(tzinfo=UTC), recipients=[person])


def application(kit: AsyncReminderKit, url: str) -> FastAPI:
    """Return the application around a kit, whose ledger is in the same database as the bookings."""
    engine = create_async_engine(url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def own(_app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    reminders = Reminders(kit, every="60s", wraps=own)
    SessionReminders(kit, sessions, wake=reminders.wake).track(Booking, to_appointment)
    app = FastAPI(lifespan=reminders.lifespan)
    app.mount("/hooks", reminders.webhooks("/telnyx"))

    @app.post("/bookings", status_code=201)
    async def book(asked: Asked) -> dict[str, int]:
        async with sessions.begin() as session:
            booking = Booking(name=asked.name, phone=asked.phone, starts_at=_utc(asked.starts_at))
            session.add(booking)
        return {"id": booking.id}

    @app.put("/bookings/{number}")
    async def move(number: int, asked: Asked) -> None:
        async with sessions.begin() as session:
            booking = await session.get(Booking, number)
            if booking is None:
                raise HTTPException(404)
            booking.name, booking.phone, booking.starts_at = asked.name, asked.phone, _utc(asked.starts_at)

    @app.delete("/bookings/{number}", status_code=204)
    async def cancel(number: int) -> None:
        async with sessions.begin() as session:
            await session.execute(sa.delete(Booking).where(Booking.id == number))

    @app.get("/bookings/{number}/reminders")
    async def why(number: int, kit: Annotated[AsyncReminderKit, Depends(reminders)]) -> dict[str, str]:
        return {"why": str(await kit.explain(str(number)))}

    return app


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def main() -> FastAPI:
    """Return the application as it is served."""
    kit = AsyncReminderKit(Telnyx(from_="+12025550100"), RULES, "sqlite:///clinic.db", timezone="America/New_York")
    return application(kit, "sqlite+aiosqlite:///clinic.db")
