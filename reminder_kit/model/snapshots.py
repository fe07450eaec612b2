"""Snapshots: appointments as text, and revisions as text that sorts, which the ledger stores and compares.

Pure: no clock, no I/O. Never loses what a plan depends on: `decode(encode(a))` plans exactly as `a` does.

An instant is kept as UTC together with the name of its zone (or its offset in seconds, where the zone has no name),
so that both survive a change of the zone's rules. Values that JSON lacks are objects with one key that begins with
$ (`{"$date": "2026-02-15"}`); a host's own key that looks like one gets one more $.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring as _quoted
from typing import Any

from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.instants import UTC, named_zone, utc, zone

__all__ = ["decode", "encode", "fingerprint"]


def encode(appointment: Appointment) -> str:
    """Return an appointment as JSON text; equal appointments give equal text.

    The revision is left out: the ledger keeps it beside the snapshot, so that a new revision alone is no change. Keys
    are in alphabetical order. The text is put together here, since a thousand appointments are compared by it where
    one has changed, and JSON's encoder is made anew for each value.
    """
    parts = ['"all_day":true,'] if appointment.all_day else []
    if appointment.booked_at is not None:
        parts.append(f'"booked_at":{_instant_and_zone(appointment.booked_at)},')
    if appointment.data:
        parts.append(f'"data":{_data_text(appointment.data)},')
    if appointment.ends_at is not None:
        parts.append(f'"ends_at":{_instant_and_zone(appointment.ends_at)},')
    parts.append(f'"id":{_quoted(appointment.id)},')
    if appointment.location:
        parts.append(f'"location":{_quoted(appointment.location)},')
    parts.append(f'"recipients":[{",".join([_recipient_text(recipient) for recipient in appointment.recipients])}],')
    if appointment.recurrence_id:
        parts.append(f'"recurrence_id":{_quoted(appointment.recurrence_id)},')
    parts.append(f'"source":{_quoted(appointment.source)},"starts_at":{_instant_and_zone(appointment.starts_at)},')
    parts.append(f'"status":{_quoted(appointment.status)}')
    if appointment.tags:
        parts.append(f',"tags":[{",".join(map(_quoted, sorted(appointment.tags)))}]')
    more = (("timezone", appointment.timezone), ("title", appointment.title), ("url", appointment.url))
    parts += [f',"{name}":{_quoted(value)}' for name, value in more if value]
    return f"{{{''.join(parts)}}}"


def _recipient_text(recipient: Recipient) -> str:
    text = f'"phone":{_quoted(recipient.phone)}'
    if not recipient.opted_in:
        text = f'"opted_in":false,{text}'
    more = (("name", recipient.name), ("locale", recipient.locale), ("id", recipient.id), ("email", recipient.email))
    for name, value in more:
        if value:
            text = f'"{name}":{_quoted(value)},{text}'
    if recipient.data:
        text = f'"data":{_data_text(recipient.data)},{text}'
    return f'{{{text},"timezone":{_quoted(recipient.timezone)}}}' if recipient.timezone else f"{{{text}}}"


def _data_text(data: Mapping[str, Any]) -> str:
    text = _ENCODER.encode(data)
    return _ENCODER.encode(_escaped(data)) if '{"$' in text else text


def _instant_and_zone(moment: datetime) -> str:
    at, where = _at(moment)
    return f"[{_quoted(at)},{_quoted(where)}]"


def _escaped(value: Any) -> Any:
    """Return a host's data with one more $ before a key that would read as one of our tags (`{"$date": …}`)."""
    if isinstance(value, Mapping):
        found = {key: _escaped(item) for key, item in value.items()}
        only = next(iter(found), "") if len(found) == 1 else ""
        return {f"${only}": found[only]} if only.startswith("$") else found
    return [_escaped(entry) for entry in value] if isinstance(value, list) else value


def fingerprint(snapshot: str) -> str:
    """Return the digest of a snapshot, 32 hexadecimal digits: an appointment with the same one is unchanged."""
    return blake2b(snapshot.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _at(moment: datetime) -> list[str]:
    name = named_zone(moment.tzinfo)
    if name is None:
        offset = moment.utcoffset() or timedelta(0)
        name = str(int(offset.total_seconds()))
    return [utc(moment).isoformat(), name]


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$at": _at(value)} if value.tzinfo else {"$wall": value.isoformat()}
    for kind, tag in ((date, "$date"), (time, "$time")):
        if isinstance(value, kind):
            return {tag: value.isoformat()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not kept")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_tagged)


def decode(snapshot: str) -> Appointment:
    """Return the appointment that a snapshot holds, without its revision.

    Raises `InvalidInputError` where this machine does not know one of its zones, `ValueError` for what is no snapshot.
    """
    fields = json.loads(snapshot, object_hook=_untagged)
    for name in ("starts_at", "ends_at", "booked_at"):
        if name in fields:
            fields[name] = _instant_in_zone(*fields[name])
    if "ends_at" in fields and utc(fields["ends_at"]) < utc(fields["starts_at"]):
        del fields["ends_at"]  # earlier versions of this library took such ends, and they mean nothing
    fields["recipients"] = tuple(Recipient(**field) for field in fields["recipients"])
    return Appointment(**fields)


def _untagged(value: dict[str, Any]) -> Any:
    if len(value) != 1:
        return value
    ((tag, content),) = value.items()
    match tag:
        case "$at":
            return _instant_in_zone(*content)
        case "$wall":
            return datetime.fromisoformat(content)
        case "$date":
            return date.fromisoformat(content)
        case "$time":
            return time.fromisoformat(content)
        case "$decimal":
            return Decimal(content)
        case _:
            return {tag[1:]: content} if tag.startswith("$$") else value


def _instant_in_zone(text: str, where: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(_zone_of(where))


@lru_cache(maxsize=1024)
def _zone_of(where: str) -> Any:
    if where.lstrip("-").isdigit():
        return timezone(timedelta(seconds=int(where))) if int(where) else UTC
    return zone(where)
