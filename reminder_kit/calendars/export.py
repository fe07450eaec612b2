"""Export: what will be sent, as a calendar one can open and as CSV.

Pure: `now` is an argument, and nothing is written to disk. Never masks a number: numbers are shown as they are handed
in (masked, as a rule).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from io import StringIO
from typing import Any

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso, iso, utc

__all__ = ["COLUMNS", "to_csv", "to_ics"]

COLUMNS = ("send_at", "appointment", "recurrence_id", "title", "rule", "to", "text")
"""The keys of a row, in the order of the CSV's columns. Only `send_at` and `appointment` must be there."""

_FORMULA = ("=", "@", "-", "\t", "\r")
"""What a text begins with that a spreadsheet takes for a formula; numbers begin with a plus sign, and may."""


def to_ics(rows: Iterable[Mapping[str, Any]], now: datetime, name: str = "Reminders") -> bytes:
    """Return an iCalendar file with one event for each row, at the instant that its message will be sent.

    A row's `send_at` is an aware datetime or ISO text. The same rows give the same UIDs, so that a calendar program
    that subscribes sees moves and not new events. Raises `InvalidInputError` for a `send_at` that is no instant.
    """
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//reminder_kit//reminders//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for row in rows:
        event = icalendar.Event()
        event.add("uid", _uid(row))
        event.add("dtstamp", utc(now, "now"))
        event.add("dtstart", _send_at(row))
        event.add("summary", _cell(row, "title") or "Reminder")
        event.add("description", "\n".join(filter(None, (_cell(row, "to"), _cell(row, "text")))))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as CSV with a header; a text that a spreadsheet takes for a formula gets an apostrophe.

    Raises `InvalidInputError` for a `send_at` that is no instant.
    """
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        rest = (_cell(row, name) for name in COLUMNS[1:])
        writer.writerow([iso(_send_at(row)), *(f"'{text}" if text.startswith(_FORMULA) else text for text in rest)])
    return out.getvalue()


def _cell(row: Mapping[str, Any], name: str) -> str:
    """Return a value of a row as text; "" for None and for what is missing."""
    value = row.get(name)
    return "" if value is None else str(value)


def _send_at(row: Mapping[str, Any]) -> datetime:
    """Return the UTC instant of a row; raises `InvalidInputError` where it is none."""
    value = row.get("send_at")
    what = f"send_at of appointment {_cell(row, 'appointment')!r}"
    if isinstance(value, str):
        return from_iso(value, what)
    if not isinstance(value, datetime):
        raise InvalidInputError(f"{what} is no instant: {value!r}; give an aware datetime")
    return utc(value, what)


def _uid(row: Mapping[str, Any]) -> str:
    """Return a UID that stays the same for the same reminder."""
    identity = "\x1f".join(_cell(row, name) for name in ("appointment", "recurrence_id", "rule", "to"))
    return f"{blake2b(identity.encode('utf-8', 'replace'), digest_size=16).hexdigest()}@reminder-kit"
