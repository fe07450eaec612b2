"""Snapshots as the ledger keeps them, letter by letter, and what is read of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.errors import InvalidInputError
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.snapshots import decode, encode, fingerprint

NY = ZoneInfo("America/New_York")
AT = datetime(2026, 2, 16, 10, 30, tzinfo=NY)
LEAST = '{"id":"A-1","recipients":[],"source":"default","starts_at":["2026-02-16T15:30:00+00:00","America/New_York"],'

WHOLE = Appointment(
    'A "1"',
    AT,
    AT + timedelta(hours=1),
    "Europe/Berlin",
    [
        Recipient("+12025550123", "P-1", "Ada", "Europe/Paris", "fr", False, {"b": 1, "a": "ü"}, email="ada@x.example"),
        Recipient("+12025550124"),
        Recipient(timezone="Asia/Tokyo", email="cy@x.example"),
    ],
    "Check-up\n",
    "12 High Street",
    "tentative",
    "desk",
    "2026-02-16",
    7,
    datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=-3))),
    ["b", "a"],
    {"z": None, "a": [1, 2.5, True]},
    "https://clinic.example/1",
    True,
)
WHOLE_TEXT = (
    '{"all_day":true,"booked_at":["2026-01-01T15:00:00+00:00","-10800"],"data":{"a":[1,2.5,true],"z":null},'
    '"ends_at":["2026-02-16T16:30:00+00:00","America/New_York"],"id":"A \\"1\\"","location":"12 High Street",'
    '"recipients":[{"data":{"a":"ü","b":1},"email":"ada@x.example","id":"P-1","locale":"fr","name":"Ada",'
    '"opted_in":false,"phone":"+12025550123","timezone":"Europe/Paris"},{"phone":"+12025550124"},'
    '{"email":"cy@x.example","phone":"","timezone":"Asia/Tokyo"}],"recurrence_id":"2026-02-16","source":"desk",'
    '"starts_at":["2026-02-16T15:30:00+00:00","America/New_York"],"status":"tentative","tags":["a","b"],'
    '"timezone":"Europe/Berlin","title":"Check-up\\n","url":"https://clinic.example/1"}'
)


def test_an_appointment_of_which_all_is_said_is_kept_whole():
    """Keys in alphabetical order, instants as UTC with their zone, the revision left out."""
    assert encode(WHOLE) == WHOLE_TEXT
    assert json.dumps(json.loads(WHOLE_TEXT), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == WHOLE_TEXT


def test_what_is_kept_whole_is_read_whole():
    """But for the revision, which the ledger keeps beside it."""
    read = decode(WHOLE_TEXT)
    assert read == evolve(WHOLE, revision=None)
    assert (read.starts_at.tzinfo, read.booked_at.utcoffset()) == (NY, timedelta(hours=-3))


def test_what_is_not_said_is_left_out():
    """An id, a start, the people, a source and a status are always there."""
    assert encode(Appointment("A-1", AT)) == LEAST + '"status":"confirmed"}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 2, 15), '{"$date":"2026-02-15"}'),
        (time(9, 30), '{"$time":"09:30:00"}'),
        (Decimal("1.50"), '{"$decimal":"1.50"}'),
        (datetime(2026, 2, 15, 9), '{"$wall":"2026-02-15T09:00:00"}'),
        (AT, '{"$at":["2026-02-16T15:30:00+00:00","America/New_York"]}'),
        (AT.astimezone(UTC), '{"$at":["2026-02-16T15:30:00+00:00","0"]}'),
        (
            datetime(2026, 2, 16, 9, tzinfo=timezone(timedelta(hours=-5))),
            '{"$at":["2026-02-16T14:00:00+00:00","-18000"]}',
        ),
        ({"$date": "x"}, '{"$$date":"x"}'),
        ({"$$date": 1}, '{"$$$date":1}'),
        ({"$date": 1, "b": 2}, '{"$date":1,"b":2}'),
        ([{"$x": [{"$y": 1}]}], '[{"$$x":[{"$$y":1}]}]'),
        ({"a": {"$x": {"b": 1}}}, '{"a":{"$$x":{"b":1}}}'),
        ('{"$', '"{\\"$"'),
        (MappingProxyType({"b": 1}), '{"b":1}'),
        ([], "[]"),
        ({}, "{}"),
    ],
    ids=str,
)
def test_what_json_lacks_is_kept_under_a_key_that_begins_with_a_dollar(value, text):
    """And a host's own key that looks so gets one dollar more; it comes back as it was."""
    one = Appointment("A-1", AT, data={"v": value})
    assert encode(one) == LEAST.replace("{", f'{{"data":{{"v":{text}}},', 1) + '"status":"confirmed"}'
    assert decode(encode(one)).data == {"v": value}


def test_an_end_before_its_start_which_older_libraries_kept_is_none():
    """One at the start is one."""
    for end, read in (("15:29:59", None), ("15:30:00", AT), ("15:30:01", AT + timedelta(seconds=1))):
        text = LEAST.replace('"id"', f'"ends_at":["2026-02-16T{end}+00:00","America/New_York"],"id"')
        assert decode(text + '"status":"confirmed"}').ends_at == read


def test_a_zone_that_this_machine_does_not_know_is_named():
    """Nothing is guessed of it."""
    with pytest.raises(InvalidInputError, match="unknown time zone 'Mars/Base'"):
        decode(LEAST.replace("America/New_York", "Mars/Base") + '"status":"confirmed"}')


def test_a_fingerprint_is_32_digits_of_all_of_the_text():
    """The same in every process, also of half a character."""
    assert fingerprint("") == "cae66941d9efbd404e4d88758ea67670"
    assert fingerprint("a") == "27c35e6e9373877f29e562464e46497e"
    assert len(fingerprint("\ud800")) == 32
