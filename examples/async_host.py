"""An asynchronous host: many bookings at once, each awaited, over one kit.

Run it: `python examples/async_host.py`. It talks HTTP to a local Telnyx in this process.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from reminder_kit import Appointment, AsyncReminderKit, Recipient, Rule
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, serve


async def booked(kit: AsyncReminderKit, number: int) -> bool:
    """Book one visit and wait until its reminder is parked."""
    visit = Appointment(
        f"V-{number}",
        kit.now() + timedelta(days=2, minutes=15 * number),
        timezone="America/New_York",
        recipients=[Recipient(f"+120255501{number:02}", name=f"Guest {number}")],
    )
    report = await kit.sync(visit)
    return report.ok


async def bookings(base_url: str, sandbox: Sandbox, folder: str) -> list[bool]:
    """Book twenty visits at once."""
    kit = AsyncReminderKit(
        Telnyx(api_key="KEY", from_="+12025550100", base_url=base_url),
        [Rule("day-before", before="24 hours", text="Hi {{ recipient.name or 'there' }}, see you {{ when }}.")],
        f"sqlite:///{Path(folder) / 'reminders.db'}",
        clock=sandbox.clock,
    )
    async with kit:
        return list(await asyncio.gather(*(booked(kit, number) for number in range(20))))


def main() -> int:
    """Return how many reminders are parked."""
    sandbox = Sandbox(clock="2026-03-02T13:00:00Z")
    with tempfile.TemporaryDirectory() as folder, serve(sandbox) as server:
        done = asyncio.run(bookings(server.base_url, sandbox, folder))
        print(f"{sum(done)} of {len(done)} bookings have their reminder; {len(sandbox.parked())} are parked")
        return len(sandbox.parked())


if __name__ == "__main__":
    main()
