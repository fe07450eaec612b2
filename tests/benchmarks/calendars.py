"""Measure one month of a large calendar: this library against plain icalendar + recurring-ical-events, in one run.

    python tests/benchmarks/calendars.py [EVENTS]      (default 10000; the goal is stated for 100000)

Prints CPU seconds, peak memory and the two ratios. Each reader runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
ZONES = ("America/New_York", "Europe/Berlin", "Customized Clinic Time")
_VTIMEZONE = """BEGIN:VTIMEZONE
TZID:{}
BEGIN:STANDARD
DTSTART:19701101T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700308T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
"""
_ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Reminder\nTRIGGER:-PT24H\nEND:VALARM\n"


def write_clinic(path: Path, events: int) -> None:
    """Write a synthetic clinic of eight years: a fifth of the events are weekly series, half have alarms."""
    dice = random.Random(events)
    with path.open("w", newline="\r\n") as out:
        out.write("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//clinic//EN\n")
        out.writelines(_VTIMEZONE.format(name) for name in ZONES)
        for number in range(events):
            out.write(_event(number, dice))
        out.write("END:VCALENDAR\n")


def _event(number: int, dice: random.Random) -> str:
    start = datetime(2020, 1, 6, 8, tzinfo=UTC) + timedelta(days=dice.randrange(2900), minutes=15 * dice.randrange(40))
    zone, weekly = dice.choice(ZONES), number % 5 == 0
    until = start + timedelta(weeks=dice.randrange(4, 60))
    return (
        f"BEGIN:VEVENT\nUID:visit-{number:06}@clinic.example\nDTSTAMP:20260101T000000Z\nCREATED:20251201T090000Z\n"
        f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}\nDTEND;TZID={zone}:{start + timedelta(minutes=30):%Y%m%dT%H%M%S}\n"
        + (f"RRULE:FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%S}Z\n" if weekly else "")
        + f"SUMMARY:Check-up no. {number}\nLOCATION:12 Example Street\\, Room {number % 40}\nSEQUENCE:{number % 3}\n"
        f"DESCRIPTION:Please bring your insurance card and the list of what you take. If you cannot come\\, let us\n"
        "  know a day before so that we can offer the time to somebody who waits for it.\nSTATUS:CONFIRMED\n"
        f"ORGANIZER;CN=Clinic:mailto:desk@clinic.example\nATTENDEE;CN=Patient {number};PARTSTAT=ACCEPTED;ROLE=\n"
        f" REQ-PARTICIPANT:tel:+1202555{100 + number % 100:04}\n" + (_ALARM if number % 2 else "") + "END:VEVENT\n"
    )


def ours(path: str) -> int:
    """Count the month's occurrences with this library."""
    from reminder_kit.calendars import CalendarSettings, read_calendar

    settings = CalendarSettings(timezone="America/New_York", region="US")
    return sum(1 for _ in read_calendar(path, settings, start=START, end=END))


def plain(path: str) -> int:
    """Count them as most scripts do. (It counts what overlaps the month; these events last half an hour.)"""
    import icalendar
    import recurring_ical_events

    calendar = icalendar.Calendar.from_ical(Path(path).read_bytes())
    return len(recurring_ical_events.of(calendar).between(START, END))


def measured(reader: str, path: Path) -> dict[str, float]:
    """Run a reader in a process of its own; return its count, user CPU seconds and peak megabytes."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--reader", reader, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)


def main(arguments: list[str] | None = None) -> int:
    """Print both measurements and their ratios; the exit status says whether the goal was met."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["--reader"]:
        count = {"ours": ours, "plain": plain}[given[1]](given[2])
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"count": count, "cpu": used.ru_utime + used.ru_stime, "mb": used.ru_maxrss / 1024}))
        return 0
    events = int(given[0]) if given else 10_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clinic.ics"
        write_clinic(path, events)
        print(f"{events} events, {path.stat().st_size / 1e6:.1f} MB, one month")
        results = {reader: measured(reader, path) for reader in ("ours", "plain")}
    for reader, result in results.items():
        print(f"{reader:6} {result['count']:8.0f} occurrences  {result['cpu']:7.2f} s CPU  {result['mb']:7.0f} MB")
    cpu = results["ours"]["cpu"] / results["plain"]["cpu"]
    memory = results["ours"]["mb"] / results["plain"]["mb"]
    print(f"ratios: CPU {cpu:.3f} (goal 0.5), memory {memory:.2f} (goal 150 MB)")
    return 0 if cpu <= 0.5 and results["ours"]["mb"] <= 150 else 1


if __name__ == "__main__":
    raise SystemExit(main())
