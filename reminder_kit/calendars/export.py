"""Export: what will be sent, as a calendar one can open and as CSV.

Pure: `now` is an argument, and nothing is written to disk. Never masks a number: numbers are shown as they are handed
in (masked, as a rule).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from io import StringIO
from typing import Any

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.instants import from_iso, iso, utc
from reminder_kit.text.printable import printable

__all__ = ["COLUMNS", "to_csv", "to_ics"]

COLUMNS = ("send_at", "appointment", "recurrence_id", "title", "rule", "to", "text", "name", "state")
"""The keys of a row, in the order of the CSV's columns. Only `send_at` and `appointment` must be there."""

_FORMULA = re.compile(r"\s*[=@+\-\uff1d\uff20\uff0b\uff0d]")
"""What a cell begins with that a spreadsheet takes for a formula; full-width signs count too."""

_NUMBER = re.compile(r"\+\d+(?:…\d*)?")
"""A phone number, whole or masked: it begins with a plus sign, and may."""


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
        event.add("summary", ", ".join(filter(None, (_cell(row, "title"), _cell(row, "name")))) or "Reminder")
        event.add("description", "\n".join(filter(None, (_cell(row, "to"), _cell(row, "text")))))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as CSV with a header; what a spreadsheet would take for a formula gets an apostrophe.

    Raises `InvalidInputError` for a `send_at` that is no instant.
    """
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([iso(_send_at(row)), *(_inert(_cell(row, name)) for name in COLUMNS[1:])])
    return out.getvalue()


def _inert(text: str) -> str:
    """Return a cell that no spreadsheet takes for more than text: what looks like a formula gets an apostrophe."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _cell(row: Mapping[str, Any], name: str) -> str:
    """Return a value of a row as printable text, "" where there is none; only the message may have several lines."""
    value = row.get(name)
    return "" if value is None else printable(value, lines=name == "text")


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
