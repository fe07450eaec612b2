"""A booking application in plain Python: its own table, and reminders that are committed with the booking.

Run it: `python examples/booking_app.py`. It uses a local Telnyx in this process, so no
account is needed and no text is sent; with Telnyx itself, leave `transport` and `clock` out.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from reminder_kit import Appointment, QuietHours, Recipient, ReminderKit, Rule
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

RULES = [
    Rule(
        "day-before",
        before="1 day",
        text="Hi {{ recipient.name or 'there' }}, see you {{ when }} ({{ appointment.title }}).",
    ),
    Rule("two-hours", before="2 hours", if_late="skip", text="See you {{ when }}."),
]


class Bookings:
    """What the application knows. Every change and its reminder are one transaction of one database."""

    def __init__(self, file: Path, kit: ReminderKit) -> None:
        self.file = file
        self.kit = kit
        with self.transaction() as connection:
            connection.execute("CREATE TABLE booking (id TEXT PRIMARY KEY, name TEXT, phone TEXT, what TEXT, at TEXT)")
        kit.ledger.upgrade()  # the ledger's tables, in the application's own database

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what happens inside, or nothing of it."""
        connection = sqlite3.connect(self.file)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def book(self, number: str, name: str, phone: str, what: str, at: datetime) -> None:
        """Book, or move: the reminder's wish is committed, or rolled back, with the booking."""
        visit = Appointment(number, starts_at=at, title=what, recipients=[Recipient(phone, id=phone, name=name)])
        with self.transaction() as connection:
            values = (number, name, phone, what, at.isoformat())
            connection.execute("INSERT OR REPLACE INTO booking VALUES (?, ?, ?, ?, ?)", values)
            self.kit.record(visit, connection=connection)

    def cancel(self, number: str) -> None:
        """Take a booking away, and its reminders with it."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM booking WHERE id = ?", (number,))
            self.kit.withdraw(number, connection=connection)


def main() -> list[tuple[str, str]]:
    """Book, move and cancel, and let the batch job bring the provider in order each time."""
    telnyx = Sandbox(clock="2026-03-02T13:00:00Z")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "application.db"
        kit = ReminderKit(
            Telnyx(api_key="KEY", from_="+12025550100"),
            RULES,
            f"sqlite:///{file}",
            timezone="America/New_York",
            quiet_hours=QuietHours("21:00", "08:00"),
            transport=SandboxTransport(telnyx),
            clock=telnyx.clock,
        )
        with kit:
            bookings = Bookings(file, kit)
            bookings.book("B-1", "Ada", "+12025550101", "Check-up", datetime.fromisoformat("2026-03-04T10:00-05:00"))
            bookings.book("B-2", "Ben", "+12025550102", "Cleaning", datetime.fromisoformat("2026-03-05T09:00-05:00"))
            print(kit.resync())  # cron does this every few minutes
            bookings.book("B-1", "Ada", "+12025550101", "Check-up", datetime.fromisoformat("2026-03-06T15:00-05:00"))
            bookings.cancel("B-2")
            print(kit.resync())
            print(kit.explain("B-1"))
        return [(message.to, message.text) for message in telnyx.parked()]


if __name__ == "__main__":
    main()
