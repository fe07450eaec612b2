"""The directory: people of a CSV file, by e-mail address, name, or the UID of their appointment.

Never takes one of several people of a name for the one who is meant.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import field, frozen

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import zone

__all__ = ["Directory", "Entry", "by_name", "read_directory"]


@frozen
class Entry:
    """One line of a directory: a person's number, and what else is known of the person."""

    phone: str = field(repr=False)
    #: "": not known.
    name: str = field(default="", repr=False)
    #: The person's own IANA zone; None: not known.
    timezone: str | None = None
    #: The person's language; None: not known.
    locale: str | None = None
    #: The person's e-mail address; "": not known.
    email: str = field(default="", repr=False)
    #: The UID of the appointment that the line is of; "": of none.
    uid: str = ""


Directory = Mapping[str, "tuple[Entry, ...]"]
"""People by "email:…", "name:…" and "uid:…", in lower case; several where a person has several rows: guardians."""


def read_directory(path: Path) -> Directory:
    """Read a CSV file with a header: `phone`, and any of `email`, `name`, `uid`, `timezone`, `locale`.

    Raises `ConfigurationError` naming the file, and the line of an unknown time zone.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            sample = stream.readline()
            stream.seek(0)
            rows = csv.DictReader(stream, delimiter=";" if sample.count(";") > sample.count(",") else ",")
            found: dict[str, tuple[Entry, ...]] = {}
            for key, entry in _entries(rows, path):
                known = found.get(key, ())
                found[key] = known if entry.phone in {one.phone for one in known} else (*known, entry)
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"the directory {path} cannot be read: {error}; give a CSV file in UTF-8") from None


def _entries(rows: csv.DictReader[str], path: Path) -> Iterator[tuple[str, Entry]]:
    names = {name.strip().casefold() for name in rows.fieldnames or () if name}
    if "phone" not in names or not names & {"email", "name", "uid"}:
        raise ConfigurationError(f"the directory {path} needs a header with phone, and with email, name or uid")
    for row in rows:
        values = {key.strip().casefold(): value.strip() for key, value in row.items() if key and isinstance(value, str)}
        if not values.get("phone"):
            continue
        info = values.get("timezone") or values.get("zone") or None
        if info is not None:
            _checked_zone(info, path, rows.line_num)
        entry = Entry(
            values["phone"],
            values.get("name", ""),
            info,
            values.get("locale") or None,
            values.get("email", ""),
            values.get("uid", ""),
        )
        for key in ("email", "name", "uid"):
            if values.get(key):
                yield f"{key}:{values[key].casefold()}", entry


def _checked_zone(name: str, path: Path, line: int) -> None:
    try:
        zone(name)
    except ValueError as error:
        raise ConfigurationError(f"{path}, line {line}: {error}") from None


def by_name(directory: Directory, name: str, email: str, uid: str) -> tuple[tuple[Entry, ...], str]:
    """Return the lines of the person of a name, with why there are none although the name is known; "": for no reason.

    `email` is the person's, in lower case ("": not known): a line with another one is somebody else's. Of several lines
    those of this appointment (`uid`) count; where they still bear several addresses, or are of several appointments,
    they are several people's, and nobody knows who is meant.
    """
    known = directory.get(f"name:{name.casefold()}", ()) if name else ()
    fitting = tuple(one for one in known if not email or one.email.casefold() in ("", email))
    if known and not fitting:
        return (), (
            f"the directory knows {name} by another e-mail address than the calendar: nobody is reminded by that line; "
            "give both the same address, or leave it out in the directory"
        )
    fitting = tuple(one for one in fitting if one.uid and one.uid.casefold() == uid.casefold()) or fitting
    addresses, appointments = ({getattr(one, what).casefold() for one in fitting} for what in ("email", "uid"))
    if len(addresses - {""}) > 1 or len(appointments - {""}) > 1:
        return (), (
            f"the directory has several people of the name {name}: none of them is reminded; give the attendee the "
            "e-mail address of the one who is meant, or the line the UID of the appointment"
        )
    return fitting, ""
