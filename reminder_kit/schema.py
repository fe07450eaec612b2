"""A JSON Schema of rules, so that editors complete and check them as they are typed.

Pure: no I/O. Never the judge of a rule: that is `Rule`, which knows how keys depend on each other.
"""

from __future__ import annotations

from typing import Any

from reminder_kit.conditions import KEYS as CONDITIONS
from reminder_kit.model import Status
from reminder_kit.offsets import WEEKDAYS

__all__ = ["rules_schema"]

_WHENS = ("before", "after", "days_before", "days_after", "weekday", "business_days_before", "on")
_LENGTH = {"type": "string", "examples": ["24 hours", "90 minutes", "1 day", "2 weeks"]}
_MAYBE_NONE = {"anyOf": [_LENGTH, {"const": 0}]}
_TEXTS = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
    ]
}
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
        "text": _described(_TEXTS, "The template, or one by locale."),
        "late_text": _described(_TEXTS, "The template for a message that goes out after its due time."),
        "if_late": _described(_late(), "What to do when the due time has passed or is too near."),
        "if_far": _described({"enum": ["hold", "clamp", "skip"]}, "What to do beyond the provider's window."),
        "shift": _described({"enum": ["earlier", "later"]}, "Which way out of quiet hours."),
        "min_notice": _described(_MAYBE_NONE, "Never nearer to the start than this."),
        "spread": _described(_MAYBE_NONE, "Over how long messages that are due together go out."),
        "only": _described(_condition(), "For which appointments and recipients this rule is."),
        "unless": _described(_condition(), "For which appointments and recipients it is not."),
        "min_booking_lead": _described(_LENGTH, "Only what was booked at least so long ahead."),
        "max_booking_lead": _described(_LENGTH, "Only what was booked at most so long ahead."),
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
        "$schema": "https://json-schema.org/draft/2020-12/schema",
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
