"""A nightly job for software without hooks: everything the host has goes in, and the rest follows.

Run it: `python examples/nightly_job.py`. What the host no longer has is withdrawn
(`complete=True`), unless that is suspiciously much. A local Telnyx is used.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reminder_kit import Appointment, Recipient, ReminderKit, Report, Rule
from reminder_kit.errors import UnsafePlanError
from reminder_kit.ports import from_iso
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

TABLE = """id,starts_at,timezone,title,name,phone,locale
C-1,2026-03-04T15:00:00Z,America/New_York,Check-up,Ada,+12025550101,en
C-2,2026-03-05T14:30:00Z,America/Chicago,Limpieza,Beatriz,+12025550102,es
C-3,2026-03-06T18:00:00Z,America/New_York,Consultation,Chris,+12025550103,en
"""

RULE = Rule(
    "evening-before",
    days_before=1,
    at="18:00",
    text={
        "en": "Hi {{ recipient.name or 'there' }}, {{ appointment.title }} {{ when }}.",
        "es": "{{ 'Hola ' ~ recipient.name if recipient.name else 'Hola' }}, {{ appointment.title }} {{ when }}.",
    },
)


def appointments(table: str) -> Iterator[Appointment]:
    """Read the host's table, row by row; nothing is held in memory."""
    for row in csv.DictReader(io.StringIO(table)):
        person = Recipient(row["phone"], id=row["id"], name=row["name"], locale=row["locale"])
        yield Appointment(
            row["id"],
            from_iso(row["starts_at"]),
            timezone=row["timezone"],
            title=row["title"],
            recipients=[person],
            source="practice",
        )


def night(kit: ReminderKit, table: str) -> Report | None:
    """Do one night's work. A table that lost too much is refused, and a person is told."""
    try:
        report = kit.resync(appointments(table), complete=True)
    except UnsafePlanError as error:
        print(f"refused: {error}")
        return None
    print(report)
    for change in report.failed:
        print("failed:", change.identity.id, change.error)
    return report


def main() -> list[str]:
    """Three nights: the first park, the second follows a cancellation, the third changes nothing."""
    telnyx = Sandbox(clock="2026-03-02T13:00:00Z")
    with tempfile.TemporaryDirectory() as folder:
        kit = ReminderKit(
            Telnyx(api_key="KEY", from_="+12025550100"),
            [RULE],
            f"sqlite:///{Path(folder) / 'reminders.db'}",
            transport=SandboxTransport(telnyx),
            clock=telnyx.clock,
        )
        with kit:
            night(kit, TABLE)
            shorter = TABLE.replace(
                "C-3,2026-03-06T18:00:00Z,America/New_York,Consultation,Chris,+12025550103,en\n", ""
            )
            night(kit, shorter)
            night(kit, shorter)
        return [message.text for message in telnyx.parked()]


if __name__ == "__main__":
    main()
