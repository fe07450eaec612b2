"""JSON Schemas of rules and of the whole file, so that editors complete and check them as they are typed.

Pure: no I/O. Never the judge of a value: that is what reads it, and knows how keys depend on each other.
"""

from __future__ import annotations

from typing import Any

from reminder_kit.conditions import KEYS as CONDITIONS
from reminder_kit.model import Status
from reminder_kit.offsets import WEEKDAYS

__all__ = ["file_schema", "rules_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_WHENS = ("before", "after", "days_before", "days_after", "weekday", "business_days_before", "on")
_LENGTH = {"type": "string", "examples": ["24 hours", "90 minutes", "1 day", "2 weeks"]}
_MAYBE_NONE = {"anyOf": [_LENGTH, {"const": 0}]}
_BY_LOCALE: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    ]
}
_BY_CHANNEL = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {"sms": _BY_LOCALE, "mms": _BY_LOCALE},
}
_TEXTS = {"anyOf": [*_BY_LOCALE["anyOf"], _BY_CHANNEL]}
_WORDS = {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]}
_STATUS = {"enum": [status.value for status in Status]}
_DATA = {"type": "object", "minProperties": 1}


def _condition() -> dict[str, Any]:
    special = {
        "status": {"anyOf": [_STATUS, {"type": "array", "minItems": 1, "items": _STATUS}]},
        "data": _DATA,
        "recipient": _DATA,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: special.get(key, _WORDS) for key in CONDITIONS},
    }


def _days(least: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": 3660}


def _described(schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {**schema, "description": words}


def _properties() -> dict[str, Any]:
    """Return a schema for each key of a rule; the order is that of writing one."""
    return {
        "id": _described({"type": "string", "minLength": 1}, "What the rule is called; part of each reminder's key."),
        "before": _described(_LENGTH, "How long before: hours are elapsed time, days the same wall clock."),
        "after": _described(_LENGTH, "How long after the end (or, with anchor, the start): a follow-up."),
        "days_before": _described(_days(0), "So many days before, at a local time."),
        "days_after": _described(_days(0), "So many days after, at a local time."),
        "weekday": _described({"enum": [*WEEKDAYS]}, "The last such day before the appointment's, at a local time."),
        "business_days_before": _described(_days(1), "So many days before, without weekends and holidays."),
        "on": _described({}, "One instant for all, with its offset: 2026-02-15T14:30:00Z."),
        "at": _described({}, 'A local time of the appointment: "18:00".'),
        "anchor": _described({"enum": ["start", "end"]}, "What the offset is counted from."),
        "text": _described(_TEXTS, "The template, or one by locale or channel."),
        "late_text": _described(_TEXTS, "The template for a message that goes out after its due time."),
        "together": _described(_TEXTS, "The template for several appointments of one phone on one day."),
        "if_late": _described(_late(), "What to do when the due time has passed or is too near."),
        "if_far": _described({"enum": ["hold", "clamp", "skip"]}, "What to do beyond the provider's window."),
        "shift": _described({"enum": ["earlier", "later"]}, "Which way out of quiet hours."),
        "min_notice": _described(_MAYBE_NONE, "Never nearer to the start than this."),
        "min_silence": _described(_MAYBE_NONE, "Not where something else goes to that number in so long before."),
        "spread": _described(_MAYBE_NONE, "Over how long messages that are due together go out."),
        "only": _described(_condition(), "For which appointments and recipients this rule is."),
        "unless": _described(_condition(), "For which appointments and recipients it is not."),
        "min_booking_lead": _described(_LENGTH, "Only what was booked at least so long ahead."),
        "max_booking_lead": _described(_LENGTH, "Only what was booked less than so long ahead."),
        "channel": _described({"enum": ["sms", "mms"]}, "How it is sent."),
        "media_urls": _described({"type": "array", "items": {"type": "string"}}, "Pictures of an MMS."),
        "subject": _described({"type": "string"}, "The subject of an MMS."),
        "max_parts": _described({"type": "integer", "minimum": 1}, "Refuse texts that take more SMS parts."),
    }


def _late() -> dict[str, Any]:
    skip_after = {
        "type": "object",
        "additionalProperties": False,
        "required": ["skip_after"],
        "properties": {"skip_after": _LENGTH},
    }
    return {"anyOf": [{"enum": ["clamp", "skip", "next rule"]}, skip_after]}


def rules_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what `rules` in a configuration file holds.

    Functions (`when`) have no place in a file and so none here.
    """
    return {
        "$schema": _DRAFT,
        "title": "reminder_kit rules",
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "text"],
            "properties": _properties(),
            "oneOf": [{"required": [key]} for key in _WHENS],
            "dependentRequired": {"days_before": ["at"], "days_after": ["at"], "weekday": ["at"]},
        },
    }


_TEXT = {"type": "string", "minLength": 1}
_AMOUNT = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
_CLOCK = {"type": "string", "examples": ["21:00", "08:00"]}
_COUNT = {"type": "integer", "minimum": 1}
_SEVERAL = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def _table(words: str, *required: str, closed: bool = True, **properties: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {"type": "object", "description": words, "properties": properties}
    if required:
        table["required"] = list(required)
    return {**table, "additionalProperties": False} if closed else table


def _quiet() -> dict[str, Any]:
    days = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"enum": [*WEEKDAYS, "weekdays", "weekends"]}}]}
    also = {"type": "array", "items": {"type": "object"}}
    words = "When nobody is written to, on the recipient's clock; absent: none."
    return _table(words, start=_CLOCK, end=_CLOCK, days=days, also=also, country=_TEXT)


def _tables() -> dict[str, Any]:
    """Return a schema for each table of the file but the rules."""
    phones = {"type": "array", "items": {"enum": ["attendee", "x-phone", "contact", "text", "directory"]}}
    return {
        "provider": _table(
            "Who sends. Secrets belong into the environment; a provider has keys of its own besides.",
            closed=False,
            name=_described(_TEXT, "telnyx, twilio, vonage, or one that a package announces."),
            **{"from": _described(_TEXT, "The number, or name, messages come from.")},
            base_url=_TEXT,
            webhook_url=_TEXT,
            concurrency=_COUNT,
            rate=_described({"anyOf": [_TEXT, {"type": "number"}]}, 'At most so many requests: "50/s".'),
            timeout=_described({"anyOf": [_TEXT, {"type": "number"}]}, "How long an answer is waited for."),
            unknown_outcome={"enum": ["prefer_duplicate", "prefer_missing"]},
            schedule_ahead=_LENGTH,
        ),
        "ledger": _table("Where what is parked is remembered.", url=_TEXT, schema=_TEXT),
        "quiet_hours": _quiet(),
        "guard": _table(
            "How much one run may take away or touch.",
            max_cancel_ratio={"type": "number", "minimum": 0, "maximum": 1},
            max_changes=_COUNT,
        ),
        "cost": _table("What messages cost, for forecasts.", part=_AMOUNT, mms=_AMOUNT, currency={"type": "string"}),
        "calendar": _table(
            "How calendar files are read.",
            timezone=_TEXT,
            region=_TEXT,
            phones=_described(phones, "Where a phone number is looked for, in this order."),
            directory=_TEXT,
            alarms={"enum": ["ignore", "rules", "only"]},
            horizon=_LENGTH,
            sources=_SEVERAL,
            limits={"type": "object"},
        ),
        "replies": _table('Replies by name, and the words that mean them: confirm = ["C", "YES"].', closed=False),
    }


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file, rules and all."""
    rules = {key: value for key, value in rules_schema().items() if key in ("type", "items")}
    weekend = {"type": "array", "items": {"enum": [*WEEKDAYS]}, "maxItems": 6}
    return {
        "$schema": _DRAFT,
        "title": "reminders.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "timezone": _described(_TEXT, "IANA zone of whatever names none: America/New_York."),
            "locale": _described(_TEXT, "Language tag of who has none: en, es-MX."),
            "default_region": _described(_TEXT, "Country of phones written without a code: US."),
            "namespace": _described(_TEXT, "Bounds all that this kit sees of a ledger."),
            "holidays": _described(_SEVERAL, "Calendars of holidays for business days: US, US-CA."),
            "closed_days": _described({"type": "array"}, "Further days that are no business days: 2026-12-24."),
            "weekend": _described(weekend, "Weekly days off; Saturday and Sunday if left out."),
            "transliterate": _described({"type": "boolean"}, "Write typographic characters plainly."),
            "rearm_after": _described(_LENGTH, "A move by more than this after sending makes a new reminder due."),
            "correction": _described(_TEXT, "The text that follows what can't be taken back any more."),
            "min_gap": _described(_LENGTH, "What goes to one number keeps so long apart, where that is feasible."),
            **_tables(),
            "rules": rules,
        },
    }
