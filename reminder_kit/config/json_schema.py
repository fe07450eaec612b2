"""JSON Schemas of rules and of the whole file, so that editors complete and check them as they are typed.

Pure: no I/O. Never the judge of a value: that is what reads it, and knows how keys depend on each other.
"""

from __future__ import annotations

from typing import Any

from reminder_kit.model.appointments import Status
from reminder_kit.rules.conditions import KEYS as CONDITIONS
from reminder_kit.rules.offset_keys import MOST_DAYS, OFFSET_KEYS, At, OffsetKey
from reminder_kit.rules.offsets import UNITS, WEEKDAYS

__all__ = ["file_schema", "rules_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_IS_MMS = {"required": ["channel"], "properties": {"channel": {"const": "mms"}}}


def _weekday_pattern() -> str:
    """Return a pattern for weekdays cut after three letters or more, as `weekday_number` reads them."""
    return rf"^\s*({'|'.join(_any_case(name[:3]) for name in WEEKDAYS)})[A-Za-z]*\s*$"


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in word)


def _length() -> dict[str, Any]:
    """Return the schema of a length of time, as `Offset.parse` reads it: no such pattern knows its sums."""
    unit = "|".join(_any_case(name) for name in UNITS)
    term = rf"[0-9]+(\.[0-9]+)?\s*({unit})"
    iso = "P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?"
    pattern = rf"^\s*({term}(\s*(,|{_any_case('and')})?\s*{term})*|{iso})\s*$"
    return {"type": "string", "pattern": pattern, "examples": ["24 hours", "90 minutes", "1 day", "2 weeks"]}


_LENGTH = _length()
_MAYBE_NONE = {"anyOf": [_LENGTH, {"const": 0}]}
_LOCAL_TIME = {"type": "string", "pattern": r"^\s*[0-2][0-9](:[0-5][0-9](:[0-5][0-9])?)?\s*$", "examples": ["18:00"]}
_WEEKDAY = {"anyOf": [{"enum": [*WEEKDAYS]}, {"type": "string", "pattern": _weekday_pattern()}]}
_PICTURE = {"type": "string", "minLength": 1}
_BY_LOCALE: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"not": {"enum": ["sms", "mms"]}},
            "additionalProperties": {"type": "string"},
        },
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


def _form(row: OffsetKey) -> dict[str, Any]:
    """Return the schema of the value of a key that says when."""
    if row.form == "days":
        return {"type": "integer", "minimum": row.least, "maximum": MOST_DAYS}
    return {"length": _LENGTH, "weekday": _WEEKDAY, "instant": {"type": "string"}}[row.form]


def _described(schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {**schema, "description": words}


def _properties() -> dict[str, Any]:
    """Return a schema for each key of a rule; the order is that of writing one."""
    return {
        "id": _described({"type": "string", "minLength": 1}, "What the rule is called; part of each reminder's key."),
        **{row.key: _described(_form(row), row.words) for row in OFFSET_KEYS},
        "at": _described(_LOCAL_TIME, 'A local time of the appointment: "18:00".'),
        "if_holiday": _described({"enum": ["before", "skip"]}, "Where its day is a holiday or a closed day."),
        "clock": _described({"enum": ["place", "reader"]}, "By whose clock texts say when."),
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
        "media_urls": _described(
            {"anyOf": [_PICTURE, {"type": "array", "items": _PICTURE}]}, "Pictures of an MMS, by their addresses."
        ),
        "subject": _described({"type": "string"}, "The subject of an MMS."),
        "empty": _described(
            {"type": "string", "pattern": r"\S"},
            'Where a name is empty: "error", "blank", or what to say instead.',
        ),
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
            "required": ["id"],
            "properties": _properties(),
            "oneOf": [{"required": [row.key]} for row in OFFSET_KEYS],
            "anyOf": [
                {"required": ["text"], "properties": {"text": {"not": {"const": ""}}}},
                {"required": ["media_urls"]},
            ],
            "dependentRequired": {row.key: ["at"] for row in OFFSET_KEYS if row.at is At.NEEDED},
            "dependentSchemas": {
                "at": {"anyOf": [{"required": [row.key]} for row in OFFSET_KEYS if row.at is not At.REFUSED]},
                "if_holiday": {"anyOf": [{"required": [key]} for key in ("weekday", "days_before")]},
                "media_urls": {"anyOf": [_IS_MMS, {"properties": {"media_urls": {"const": []}}}]},
                "after_change": {"not": {"required": ["anchor"]}},
                "after_booking": {"not": {"required": ["anchor"]}},
                "subject": {"anyOf": [_IS_MMS, {"properties": {"subject": {"const": ""}}}]},
            },
        },
    }


_TEXT = {"type": "string", "minLength": 1}
_NOTICE = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {"text": _TEXT, "after": _MAYBE_NONE},
        },
    ]
}
_AMOUNT = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
_CLOCK = {"type": "string", "pattern": "^[0-9]{1,2}:[0-5][0-9](:00)?$", "examples": ["21:00", "08:00"]}
_COUNTRY = {"type": "string", "pattern": "^[A-Za-z]{2}$", "examples": ["US", "GB"]}
_COUNT = {"type": "integer", "minimum": 1}
_DAY = {"type": "string", "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*$", "examples": ["2026-12-24"]}
_NUMBER = {"type": "string", "pattern": r"^[\s().…-]*\+[0-9\s().…-]*[0-9][0-9\s().…-]*$", "examples": ["+1202555"]}
_MODE = {"type": "string", "pattern": "^0?6[046]0$", "examples": ["0600", "0660"]}
_ADDRESS = {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$", "examples": ["ada@mail.example"]}
_NUMBER_OR_ADDRESS = {"anyOf": [_NUMBER, _ADDRESS]}
_NUMBERS = {"anyOf": [_NUMBER_OR_ADDRESS, {"type": "array", "items": _NUMBER_OR_ADDRESS}]}
_SOURCE = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "additionalProperties": False,
            "oneOf": [{"required": ["path"]}, {"required": ["caldav"]}],
            "properties": {
                "path": {**_TEXT, "description": "Its file, folder or address."},
                "caldav": {**_TEXT, "description": "The address of a calendar on a CalDAV server."},
                "username": {**_TEXT, "description": "As whom that is read; its password is CALDAV_PASSWORD."},
                "name": {**_TEXT, "description": "The source of its appointments; else named after its file."},
                "complete": {"type": "boolean", "description": "Whether what it no longer has is withdrawn."},
            },
        },
    ]
}
_SOURCES = {
    "anyOf": [_SOURCE, {"type": "array", "items": _SOURCE}],
    "description": "Calendars that the batch job reads again.",
}
_SENDERS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["from"],
        "properties": {
            "from": _TEXT,
            **dict.fromkeys(("rule", "source", "location", "country"), _WORDS),
            "channel": {"anyOf": [{"enum": ["sms", "mms"]}, {"type": "array", "items": {"enum": ["sms", "mms"]}}]},
        },
    },
}
_SEVERAL = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def _table(words: str, *required: str, closed: bool = True, **properties: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {"type": "object", "description": words, "properties": properties}
    if required:
        table["required"] = list(required)
    return {**table, "additionalProperties": False} if closed else table


def _quiet() -> dict[str, Any]:
    """Return the schema of quiet hours; those within quiet hours are defined once, and refer to themselves."""
    return {"$ref": "#/$defs/quiet_hours", "description": "When nobody is written to, on the recipient's clock."}


def _quiet_hours() -> dict[str, Any]:
    own = {"$ref": "#/$defs/quiet_hours"}
    group = {"anyOf": [{"enum": [*WEEKDAYS, "weekdays", "weekends", "daily"]}, _WEEKDAY]}
    countries = {
        "anyOf": [
            _COUNTRY,
            {"type": "array", "items": _COUNTRY},
            {"type": "object", "propertyNames": _COUNTRY, "additionalProperties": own},
        ]
    }
    return {
        **_table(
            "An interval of every day, and more of them; or those of a country.",
            start=_described(_CLOCK, "When it begins: 21:00."),
            end=_described(_CLOCK, "When it is over: 08:00."),
            days=_described(
                {"anyOf": [group, {"type": "array", "minItems": 1, "items": group}]}, "The days on which it begins."
            ),
            on=_described({"enum": ["holidays"]}, "Only on holidays and closed days."),
            also=_described({"anyOf": [own, {"type": "array", "items": own}]}, "Further intervals."),
            country=_described(_COUNTRY, "The customary ones of this country."),
            countries=_described(countries, "Other ones for those who live elsewhere."),
        ),
        "oneOf": [{"required": ["start", "end"]}, {"required": ["country"]}],
        "dependentSchemas": {
            "country": {"not": {"anyOf": [{"required": [key]} for key in ("start", "end", "days", "on", "also")]}}
        },
    }


def _sender() -> dict[str, Any]:
    """Return a schema for each key that the provider's table and the fallback's have in common."""
    return {
        "name": _described(_TEXT, "telnyx, twilio, vonage, or one that a package announces."),
        "from": _described({"anyOf": [_TEXT, _SENDERS]}, "The number, or name, messages come from; or several."),
        "base_url": _TEXT,
        "webhook_url": _TEXT,
        "schedule_ahead": _LENGTH,
        "environment": _described(
            {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,60}$"},
            "What the names of this account's variables begin with: NORTH reads NORTH_TELNYX_API_KEY.",
        ),
    }


def _tables() -> dict[str, Any]:
    """Return a schema for each table of the file but the rules."""
    phones = {"type": "array", "items": {"enum": ["attendee", "x-phone", "contact", "text", "directory", "email"]}}
    return {
        "provider": _table(
            "Who sends. Secrets belong into the environment; a provider has keys of its own besides.",
            closed=False,
            **_sender(),
            concurrency=_COUNT,
            rate=_described(
                {"anyOf": [_TEXT, {"type": "number"}]},
                'At most so many requests of the account by all: "50/s".',
            ),
            timeout=_described({"anyOf": [_TEXT, {"type": "number"}]}, "How long an answer is waited for."),
            unknown_outcome={"enum": ["prefer_duplicate", "prefer_missing"]},
            suppress_undeliverable=_described({"type": "boolean"}, "Whether what nothing reaches is left alone."),
            only_to=_described(_NUMBERS, "Nobody else is written to: numbers, or how they begin."),
        ),
        "fallback": _table(
            "Who sends once more what was not delivered: another sender, provider, or a channel; absent: nobody.",
            "name",
            closed=False,
            **{**_sender(), "name": _described(_TEXT, "A provider's name, or a channel's: email, callback.")},
            host=_described(_TEXT, "Of an e-mail: the SMTP server."),
            port=_described({"type": "integer", "minimum": 1, "maximum": 65535}, "Its port; 587 if left out."),
            username=_described(_TEXT, "Whom we log in as; the password is SMTP_PASSWORD in the environment."),
            tls=_described({"enum": ["starttls", "implicit", "none"]}, "How the connection is encrypted."),
            subject=_described(_TEXT, "What stands above an e-mail, a template; else how its text begins."),
            reply_to=_described(_TEXT, "Where answers to an e-mail go."),
            bounces=_described(_TEXT, "Where mail servers report what they could not deliver."),
            certificates=_described(_TEXT, "A file of certificates to trust in place of the system's."),
            call=_described(_TEXT, "Of a callback: the function, as package.module:function."),
            reaches=_described({"enum": ["anyone", "email", "phone"]}, "Of a callback: what it needs of a person."),
            as_name=_described(_TEXT, "Of a callback: the name that plans show."),
        ),
        "ledger": _table(
            "Where what is parked is remembered.",
            url=_TEXT,
            schema=_TEXT,
            mode=_MODE,
            busy_timeout=_described(
                {"anyOf": [_MAYBE_NONE, {"type": "number", "minimum": 0, "maximum": 3600}]},
                "How long a lock that somebody else holds is waited for (30 seconds).",
            ),
        ),
        "quiet_hours": _quiet(),
        "guard": _table(
            "How much one run may take away or touch.",
            max_cancel_ratio={"type": "number", "minimum": 0, "maximum": 1},
            max_changes=_COUNT,
            max_cancellations=_COUNT,
        ),
        "cost": _table("What messages cost, for forecasts.", part=_AMOUNT, mms=_AMOUNT, currency={"type": "string"}),
        "calendar": _table(
            "How calendar files are read.",
            timezone=_TEXT,
            region=_described(_COUNTRY, "Country of numbers written without a code; default_region's if left out."),
            phones=_described(
                {"anyOf": [phones["items"], phones]}, "Where a phone number is looked for, in this order."
            ),
            own_numbers=_described(_SEVERAL, "Numbers of desks and machines, which are nobody's to remind."),
            allow=_described(_SEVERAL, "Numbers that are people's although many appointments name them."),
            directory=_TEXT,
            alarms={"enum": ["ignore", "rules", "only"]},
            horizon=_described(_LENGTH, "How far ahead calendars are read; further where a rule reaches further."),
            without_phone={"enum": ["say", "attention"]},
            sources=_SOURCES,
            limits={"type": "object"},
        ),
        "tenants": _table(
            "Many tenants over one ledger, each with a file of its own that is laid over this one.",
            "folder",
            folder=_described(_TEXT, "Where their files are: north.toml is the tenant north."),
        ),
        "retention": _table(
            "How long personal data is kept.",
            after=_described(_LENGTH, "The batch job removes that of appointments that ended so long ago; else never."),
        ),
        "replies": {
            "type": "object",
            "description": 'Replies by name, and the words that mean them: confirm = ["C", "YES"].',
            "propertyNames": {"pattern": "^[a-z][a-z0-9_-]{0,39}$"},
            "additionalProperties": {"anyOf": [_TEXT, {"type": "array", "minItems": 1, "items": _TEXT}]},
        },
    }


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a configuration file, rules and all."""
    rules = {key: value for key, value in rules_schema().items() if key in ("type", "items")}
    weekend = {"anyOf": [_WEEKDAY, {"type": "array", "items": _WEEKDAY, "maxItems": 6}]}
    closed = {"anyOf": [_DAY, {"type": "array", "items": _DAY}]}
    return {
        "$schema": _DRAFT,
        "title": "reminders.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "timezone": _described(_TEXT, "IANA zone of whatever names none: America/New_York."),
            "locale": _described(_TEXT, "Language tag of who has none: en, es-MX."),
            "default_region": _described(_COUNTRY, "Country of phones written without a code: US."),
            "namespace": _described(_TEXT, "Bounds all that this kit sees of a ledger."),
            "holidays": _described(_SEVERAL, "Calendars of holidays for business days: US, US-CA."),
            "closed_days": _described(closed, "Further days that are no business days: 2026-12-24."),
            "weekend": _described(weekend, "Weekly days off; Saturday and Sunday if left out."),
            "transliterate": _described({"type": "boolean"}, "Write typographic characters plainly."),
            "must_say": _described(_SEVERAL, "What every text is to say: the sender's name, how to opt out."),
            "rearm_after": _described(_LENGTH, "A move by more than this after sending makes a new reminder due."),
            "correction": _described(_NOTICE, "The text that follows where a start moved that somebody was told."),
            "cancellation": _described(_NOTICE, "The text that follows where something was cancelled that was told."),
            "min_gap": _described(_LENGTH, "What goes to one number keeps so long apart, where that is feasible."),
            "max_per_day": _described(_COUNT, "At most so many messages to one number in a day of its own clock."),
            "expected_every": _described(
                _LENGTH, "A batch job not seen for so long waits for a person; 1 day if left out."
            ),
            "unclear": _described(
                {"enum": ["tell", "hold"]}, "What becomes of a reply that may be a STOP; hold: nothing goes until seen."
            ),
            **_tables(),
            "rules": rules,
        },
        "$defs": {"quiet_hours": _quiet_hours()},
    }
