"""Events, alarms, zones and calendars as programs write them."""

from __future__ import annotations

PHONE = "ATTENDEE;CN=Ann:tel:+12025550101"


def vevent(*lines, uid="visit-1", start="DTSTART;TZID=America/New_York:20260302T090000", phone=PHONE, stamp=True):
    """Return a VEVENT; a line given replaces nothing, `None` leaves a default out."""
    head = [f"UID:{uid}"] if uid else []
    head += ["DTSTAMP:20260101T000000Z"] if stamp else []
    head += [start] if start else []
    return "\r\n".join(["BEGIN:VEVENT", *head, *([phone] if phone else []), *lines, "END:VEVENT"])


def vcalendar(*parts):
    """Return a VCALENDAR of events and property lines."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//desk//EN", *parts, "END:VCALENDAR", ""])


def valarm(*lines):
    """Return a VALARM."""
    return "\r\n".join(["BEGIN:VALARM", "ACTION:DISPLAY", *lines, "END:VALARM"])


def vtimezone(tzid, *, standard="+0100", daylight=None, extra=()):
    """Return a VTIMEZONE with one offset, or with European summer time."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *extra, "BEGIN:STANDARD"]
    if daylight is None:
        lines += ["DTSTART:16010101T000000", f"TZOFFSETFROM:{standard}", f"TZOFFSETTO:{standard}", "END:STANDARD"]
    else:
        lines += ["DTSTART:16010101T030000", f"TZOFFSETFROM:{daylight}", f"TZOFFSETTO:{standard}"]
        lines += [
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
            "END:STANDARD",
            "BEGIN:DAYLIGHT",
            "DTSTART:16010101T020000",
        ]
        lines += [f"TZOFFSETFROM:{standard}", f"TZOFFSETTO:{daylight}"]
        lines += ["RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT"]
    return "\r\n".join([*lines, "END:VTIMEZONE"])
