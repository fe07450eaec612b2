"""Whatever stands in a configuration: it is read, or an error of ours names file and key."""

from __future__ import annotations

import gc
import os
import random
from pathlib import Path

import pytest

from reminder_kit import ReminderKit
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError, InvalidInputError

FUZZ = int(os.environ.get("REMINDER_KIT_FUZZ", "20000"))
"""How many files a fuzz run tries; `.ci/run` tries a few hundred."""

WHOLE = """
timezone = "America/New_York"
locale = "en"
default_region = "US"
holidays = "US"
closed_days = ["2026-12-24"]
weekend = ["saturday", "sunday"]
min_gap = "30 minutes"
correction = "New time: {{ when }}"
expected_every = "1 day"

[provider]
name = "telnyx"
from = "+12025550100"
messaging_profile_id = "p"
webhook_url = "https://example.com/hooks"
endpoint = "messages"
schedule_ahead = "3 days"
concurrency = 16
rate = "50/s"
unknown_outcome = "prefer_duplicate"

[fallback]
name = "twilio"
account_sid = "AC11111111111111111111111111111111"
messaging_service_sid = "MG22222222222222222222222222222222"

[ledger]
url = "sqlite:///reminders.db"

[quiet_hours]
start = "21:00"
end = "08:00"

[guard]
max_cancel_ratio = 0.5
max_changes = 5000

[replies]
confirm = ["C", "YES"]

[cost]
part = 0.01
mms = 0.03
currency = "USD"

[calendar]
phones = ["attendee", "text"]
alarms = "ignore"
horizon = "60 days"
sources = ["clinic.ics"]

[calendar.limits]
events = 1000

[[rules]]
id = "day-before"
before = "24 hours"
text = "Hi {{ recipient.name }}, {{ appointment.title }} {{ when }}."
if_late = "clamp"
shift = "earlier"
min_notice = "30 minutes"
only = {tags = ["dental"], status = ["confirmed"]}
unless = {replied = ["confirm"]}

[[rules]]
id = "evening"
days_before = 1
at = "18:00"
text = {en = "See you {{ when }}.", es = "Nos vemos {{ when }}."}
"""

VALUES = [
    '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\u001b[2J"', '"\\u202e"', '"' + "x" * 3000 + '"', "0", "-1", "1",
    "9" * 30, "1e400",
    "-inf", "nan", "true", "false", "[]", "{}", "[[]]", '[""]', "[1]", "[true]", '{"" = 1}', "{a = {b = {c = []}}}",
    "1979-05-27",
    "1979-05-27T07:32:00Z", "07:32:00", '"24 hours"', '"-1 hours"', '"1 day"', '"99999999 days"', '"1e9 hours"',
    '"25:61"',
    '"Mars/Olympus"', '"+1"', '"{{"', '"{% for x in y %}"', '"{{ a.b.c }}"', '"{{ 9**9**9 }}"', '"sqlite://"',
    '"mysql://h/d"',
    '"postgresql://[::1"', '"http://\\u0000"', '"https://[::1"', "[" * 60 + "]" * 60,
]  # fmt: skip
KEYS = [
    "timezone", "from", "name", "id", "before", "after", "text", "when", "only", "url", "schema", "mode",
    "namespace", "only_to", "at",
    "locale", "__class__", '"\\u0000"', '""', "base_url", "public_key", "api_key", "media_urls", "subject",
    "channel", "together",
]  # fmt: skip


def mutated(chance):
    """Return a configuration with some of its lines changed, left out, doubled or moved."""
    lines = WHOLE.splitlines()
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        at = chance.randrange(len(lines))
        key = lines[at].partition("=")[0] if "=" in lines[at] else f"{chance.choice(KEYS)} "
        match chance.randrange(6):
            case 0 | 1:
                lines[at] = f"{key}= {chance.choice(VALUES)}"
            case 2:
                lines.insert(at, f"{chance.choice(KEYS)} = {chance.choice(VALUES)}")
            case 3:
                del lines[at]
            case 4:
                lines.insert(at, chance.choice(lines))
            case _:
                bite = chance.randrange(len(lines[at]) + 1)
                lines[at] = (
                    lines[at][:bite] + chance.choice(["", '"', "[", "]]", "=", "\0", "é", "\\"]) + lines[at][bite + 1 :]
                )
    return "\n".join(lines)


def tried(folder, count, chance):
    """Load so many files, and make the kits they describe; returns how many were taken, and what refused the others."""
    path, came = Path(folder) / "reminders.toml", {"taken": 0}
    for _ in range(count):
        path.write_text(mutated(chance), encoding="utf-8")
        try:
            ReminderKit(**load(path).arguments())
        except (ConfigurationError, InvalidInputError) as error:
            came[type(error).__name__] = came.get(type(error).__name__, 0) + 1
        else:
            came["taken"] += 1
    return came


def test_the_whole_configuration_is_one(tmp_path):
    """What is mutated is right before it is."""
    path = tmp_path / "reminders.toml"
    path.write_text(WHOLE)
    ReminderKit(**load(path).arguments()).close()


def test_whatever_is_configured_only_our_errors_come_out(tmp_path):
    """Some configurations with something odd in them: each is taken, or refused by an error of ours."""
    came = tried(tmp_path, 120, random.Random(13))
    assert came["taken"] > 5
    assert sum(came.values()) - came["taken"] > 30


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_fuzz_whatever_is_configured(tmp_path):
    """The same over very many files, where the fuzz mark asks for them."""
    print(tried(tmp_path, FUZZ, random.Random(FUZZ)))


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"\0", b"[" * 100_000, b"a = " + b"[" * 50_000, b"a." * 2_000 + b"b = 1"]
)
def test_what_is_no_text_is_refused(tmp_path, data):
    """Bytes, brackets and dots without end are broken TOML, and end no process."""
    gc.collect()  # what other tests left is not ended at the bottom of the stack, where there is no room for it
    path = tmp_path / "reminders.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigurationError):
        load(path)
