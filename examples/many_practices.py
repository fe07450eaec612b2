"""A platform: many practices in one process, each with rules, sender, zone and language of its own.

Run it: `python examples/many_practices.py`. The platform's own table says what each practice wants; bookings are
recorded in the platform's own transaction, one job serves all practices, and one that can't be served stops no other.
From cron it is `reminder-kit resync --all-tenants --app many_practices:tenants`, with `tenants` made as it is imported.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reminder_kit import Appointment, Recipient, Tenants
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

PRACTICES = [
    ("north", "+12025550110", "America/New_York", "See you {{ when }}, North Practice."),
    ("south", "+12025550111", "Europe/Madrid", "Hasta {{ when }}, Clínica Sur."),
    ("west", "+12025550112", "Mars/Olympus", "See you {{ when }}."),
]


class Platform:
    """Bookings of all practices, and their wishes, in one database."""

    def __init__(self, path: Path, sandbox: Sandbox) -> None:
        self.database = sqlite3.connect(path, check_same_thread=False)
        self.database.execute("CREATE TABLE practices (name PRIMARY KEY, sender, zone, text)")
        self.database.executemany("INSERT INTO practices VALUES (?, ?, ?, ?)", PRACTICES)
        self.database.execute("CREATE TABLE bookings (practice, id, starts_at, phone, PRIMARY KEY (practice, id))")
        self.database.commit()
        self.sandbox = sandbox
        self.tenants = Tenants(f"sqlite:///{path}", self.build)  # the ledger lives in the platform's own file
        self.tenants.ledger.upgrade()

    def build(self, name: str) -> dict[str, Any] | None:
        """Return what a practice's kit is made of; None: it has left the platform."""
        row = self.database.execute("SELECT sender, zone, text FROM practices WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        sender, zone, text = row
        return {
            "provider": Telnyx(api_key="KEY", from_=sender),  # or the practice's own account
            "rules": [{"id": "day-before", "before": "24 hours", "text": text}],
            "timezone": zone,
            "locale": "es" if zone.startswith("Europe/Madrid") else "en",
            "clock": self.sandbox.clock,  # leave these two out: here the world is a local Telnyx
            "transport": SandboxTransport(self.sandbox),
        }

    def book(self, practice: str, booking: str, starts_at: datetime, phone: str) -> None:
        """Store a booking; its reminder is recorded with it, or not at all."""
        visit = Appointment(booking, starts_at, recipients=[Recipient(phone)])
        with self.database:
            self.database.execute(
                "INSERT INTO bookings VALUES (?, ?, ?, ?)", (practice, booking, starts_at.isoformat(), phone)
            )
            self.tenants[practice].record(visit, connection=self.database)
        self.tenants.wake()  # one follower for all, apart from the request


def main() -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return what is parked, by sender, and which practices could not be served, with why."""
    with tempfile.TemporaryDirectory() as folder, closing(Sandbox(clock="2026-03-02T13:00:00Z")) as sandbox:
        platform = Platform(Path(folder) / "platform.db", sandbox)
        with platform.tenants as tenants:
            starts_at = sandbox.now() + timedelta(days=2)
            for practice in ("north", "south"):  # the same id and phone: two appointments of two practices
                platform.book(practice, "A-1", starts_at, "+12025550101")
            report = tenants.resync(tenants=[name for name, *_ in PRACTICES])
            parked = sorted((message.from_, message.text) for message in sandbox.parked())
            failed = {outcome.tenant: outcome.words for outcome in report if outcome.error is not None}
        platform.database.close()
    for sender, text in parked:
        print(sender, text)
    for name, words in failed.items():
        print(f"{name} could not be served: {words}")
    return parked, failed


if __name__ == "__main__":
    main()
