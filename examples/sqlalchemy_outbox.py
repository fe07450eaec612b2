"""An application on SQLAlchemy: what its sessions save is recorded as they commit, in the same transaction.

Run it: `python examples/sqlalchemy_outbox.py`. It uses a local Telnyx in this process, so no account is needed and no
text is sent. An async_sessionmaker with an AsyncReminderKit is the same.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.integrations.sqlalchemy import SessionReminders
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

RULE = Rule("day-before", before="24 hours", text="Hi {{ recipient.name or 'there' }}, see you {{ when }}.")


class Base(DeclarativeBase):
    """The application's tables."""


class Customer(Base):
    """Somebody who comes."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str]
    bookings: Mapped[list[Booking]] = relationship(back_populates="customer")


class Booking(Base):
    """When somebody comes."""

    __tablename__ = "bookings"
    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship(back_populates="bookings")


def to_appointment(booking: Booking) -> Appointment:
    """Return the appointment that a booking is; its table holds UTC."""
    person = Recipient(booking.customer.phone, id=str(booking.customer_id), name=booking.customer.name)
    return Appointment(str(booking.id), booking.starts_at.replace(tzinfo=UTC), recipients=[person])


def main() -> list[tuple[str, str]]:
    """Book twice, change a phone, move with one statement, and cancel."""
    telnyx = Sandbox(clock="2026-03-02T13:00:00Z")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'application.db'}"
        engine = sa.create_engine(url)
        Base.metadata.create_all(engine)
        kit = ReminderKit(
            Telnyx(api_key="KEY", from_="+12025550100"),
            [RULE],
            url,  # the ledger's tables, in the application's own database
            timezone="America/New_York",
            transport=SandboxTransport(telnyx),
            clock=telnyx.clock,
        )
        with kit:
            kit.ledger.upgrade()
            make_session = sessionmaker(engine)
            reminders = SessionReminders(kit, make_session)
            reminders.track(Booking, to_appointment, also={Customer: lambda customer: customer.bookings})
            work(make_session)
            reminders.follower.wait()  # nobody else waits for what follows a commit
        engine.dispose()
    return [(message.to, message.text) for message in telnyx.parked()]


def work(make_session: sessionmaker) -> None:
    """Do what an application does; nothing here speaks of reminders."""
    with make_session.begin() as session:
        ada = Customer(name="Ada", phone="+12025550101", bookings=[Booking(starts_at=datetime(2026, 3, 4, 15))])  # noqa: DTZ001
        ben = Customer(name="Ben", phone="+12025550102", bookings=[Booking(starts_at=datetime(2026, 3, 5, 14))])  # noqa: DTZ001
        session.add_all([ada, ben])
    with make_session.begin() as session:
        session.scalars(sa.select(Customer).where(Customer.name == "Ada")).one().phone = "+12025550103"
        session.execute(sa.update(Booking).where(Booking.id == 1).values(starts_at=datetime(2026, 3, 4, 20)))  # noqa: DTZ001
        session.execute(sa.delete(Booking).where(Booking.id == 2))


if __name__ == "__main__":
    for number, text in main():
        print(number, text)
