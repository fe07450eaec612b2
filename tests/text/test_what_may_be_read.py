"""What a template may read of each kind of value, all of it; and how its methods keep off the machine's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import pytest

from reminder_kit.model.appointments import Status
from reminder_kit.text.printable import for_phones, json_text, printable
from reminder_kit.text.readable import (
    CALLABLE,
    KINDS,
    fault_of_call,
    has,
    is_known_name,
    kind_of,
    kind_of_type,
    why_not,
)

DAY = "day day_of_week day_of_year days_in_month month quarter week_of_month week_of_year year"
OF_DAYS = (
    "add average closest ctime diff diff_for_humans end_of farthest first_of format is_anniversary is_birthday "
    "is_leap_year is_long_year is_same_day isocalendar isoformat isoweekday last_of next nth_of previous replace set "
    "start_of strftime subtract to_date_string to_formatted_date_string toordinal weekday"
)
OF_INSTANTS = (
    "astimezone at date dst get_offset in_timezone in_tz is_dst is_utc on time timestamp timetz to_atom_string "
    "to_cookie_string to_datetime_string to_day_datetime_string to_iso8601_string to_rfc1036_string to_rfc1123_string "
    "to_rfc2822_string to_rfc3339_string to_rfc822_string to_rfc850_string to_rss_string to_time_string to_w3c_string "
    "tzname utcoffset"
)
OF_TEXTS = (
    "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii isdecimal isdigit "
    "islower isnumeric isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace "
    "rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill"
)
IN_ALL = (
    "in_days in_hours in_minutes in_seconds in_weeks in_words total_days total_hours total_minutes total_seconds "
    "total_weeks"
)
ALLOWED = {
    "datetime": (
        f"{DAY} fold hour microsecond minute offset offset_hours second timezone timezone_name tz tzinfo",
        f"{OF_DAYS} {OF_INSTANTS}",
    ),
    "date": (DAY, OF_DAYS),
    "time": (
        "fold hour microsecond minute second tzinfo",
        "add closest diff diff_for_humans dst farthest format isoformat replace strftime subtract tzname utcoffset",
    ),
    "duration": (
        "days hours invert microseconds minutes months remaining_days remaining_seconds seconds weeks years",
        f"as_timedelta {IN_ALL}",
    ),
    "zone": ("key name", ""),
    "text": ("", OF_TEXTS),
    "dict": ("", "get items keys values"),
    "list": ("grouper list week weekday year", "count index"),
    "decimal": ("", "normalize quantize"),
    "number": ("", "is_integer"),
    "loop": (
        "depth depth0 first index index0 last length nextitem previtem revindex revindex0",
        "changed cycle",
    ),
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_nothing_else_may_be_read_or_called(kind):
    """No clock, no zone of the machine, nothing that changes a value, and no way to the code behind it."""
    fields, methods = (set(text.split()) for text in ALLOWED[kind])
    assert (KINDS[kind].fields, KINDS[kind].methods) == (fields, methods)
    assert methods <= CALLABLE
    assert set(KINDS) == set(ALLOWED)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (datetime(2026, 1, 1), "a datetime"),
        (date(2026, 1, 1), "a date"),
        (time(1), "a time"),
        (timedelta(1), "a duration"),
        (UTC, "a time zone"),
        ("x", "a text"),
        ({}, "a dict"),
        (MappingProxyType({}), "a dict"),
        ([], "a list"),
        ((), "a list"),
        (Decimal(1), "a number"),
        (1, "a number"),
        (1.5, "a number"),
        (True, "a number"),
        (Status.CONFIRMED, "a text"),
        (None, "None"),
        (object(), "what is read here"),
        (b"x", "what is read here"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_of_the_first_kind_that_fits(value, name):
    """A datetime is also a date, and none of one."""
    assert kind_of(value) == name


def test_a_status_is_a_text_with_a_name_and_a_value():
    """Only where it is an enumeration of texts."""
    from enum import Enum

    class Plain(Enum):
        A = 1

    kind = kind_of_type(Status)
    assert (kind.fields, kind.methods) == ({"name", "value"}, KINDS["text"].methods)
    assert kind_of_type(Plain) is None
    assert kind_of_type(str) is KINDS["text"]


def test_an_attribute_is_asked_for_without_being_read():
    """A property that would raise is one; None is none."""

    class Trap:
        nothing = None

        @property
        def sprung(self):
            raise AssertionError

    assert [has(Trap(), name) for name in ("sprung", "nothing", "other")] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("upper", True), ("age", True), ("utcnow", True), ("astimezone", True), ("int_timestamp", True), ("naive", True),
     ("isoformat", True), ("encode", True), ("fromkeys", True), ("append", True), ("__class__", True), ("cycle", True),
     ("foo", False), ("Ada", False), ("", False)],
)  # fmt: skip
def test_a_word_is_known_where_some_value_has_it(name, is_known):
    """Such a word can't be anybody's data."""
    assert is_known_name(name) is is_known


CLOCK = (
    "it reads the machine's clock, not when the text arrives: write {{ … | relative }} or {{ when }}, which are true "
    "then"
)
ZONE = "it reads the machine's time zone: write {{ … | time }}, which is the reader's"
JOIN = "join texts with ~, as in {{ recipient.name ~ ': ' ~ when }}"
READS = "a template only reads values"


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        *(("a datetime", name, CLOCK) for name in ("age", "diff", "diff_for_humans", "is_future", "is_past", "now",
          "is_anniversary", "is_birthday", "today", "utcnow", "average", "closest", "farthest")),
        *(("a datetime", name, ZONE) for name in ("astimezone", "in_timezone", "in_tz", "is_local", "timestamp",
          "int_timestamp", "float_timestamp", "naive")),
        ("a text", "format", JOIN),
        ("a text", "format_map", JOIN),
        ("a date", "format", READS),
        ("a text", "encode", READS),
    ],
)  # fmt: skip
def test_why_something_is_out_of_reach_is_said_with_what_to_write(kind, name, said):
    """The clock, the zone, patterns of texts, and all else."""
    assert why_not(kind, name) == f"{name!r} of {kind} is not for templates: {said}"


ZONED, NAIVE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)
EPOCH = "'%s' of strftime reads the machine's time zone: write {{ … | time }} or another directive"


def own(name):
    return f"None and 'local' are the machine's own clock and time zone: give {name!r} a value"


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "owner", "said"),
    [
        *((name, (), {}, owner, f"{name!r} of a datetime is not for templates: {CLOCK}")
          for name in ("diff", "diff_for_humans", "average", "closest", "farthest", "is_anniversary", "is_birthday")
          for owner in (ZONED, None)),
        *((name, (), {}, owner, f"{name!r} of a datetime is not for templates: {ZONE}")
          for name in ("astimezone", "in_timezone", "in_tz") for owner in (ZONED, None)),
        ("diff", (ZONED,), {}, ZONED, ""),
        ("diff", (), {"dt": ZONED}, ZONED, ""),
        ("diff", (None,), {}, ZONED, own("diff")),
        ("diff", (), {"dt": None}, ZONED, own("diff")),
        ("diff", (ZONED, None), {}, None, own("diff")),
        ("in_tz", ("UTC",), {}, ZONED, ""),
        ("in_tz", ("local",), {}, ZONED, own("in_tz")),
        ("in_tz", ("LOCAL",), {}, ZONED, own("in_tz")),
        ("in_tz", ("localtime",), {}, ZONED, own("in_tz")),
        ("in_tz", ("/etc/localtime",), {}, ZONED, own("in_tz")),
        ("in_tz", ("x/local",), {}, ZONED, own("in_tz")),
        ("in_tz", ("locality",), {}, ZONED, ""),
        ("in_tz", ("local/x",), {}, ZONED, ""),
        ("in_tz", ("UTC",), {}, NAIVE, ""),
        ("astimezone", (UTC,), {}, ZONED, ""),
        ("astimezone", (UTC,), {}, NAIVE, f"'astimezone' of a datetime is not for templates: {ZONE}"),
        ("astimezone", (UTC,), {}, None, ""),
        ("timestamp", (), {}, ZONED, ""),
        ("timestamp", (), {}, None, ""),
        ("timestamp", (), {}, NAIVE, f"'timestamp' of a datetime is not for templates: {ZONE}"),
        ("replace", (), {"tzinfo": None}, ZONED, own("replace")),
        ("replace", (None,), {}, "x", ""),
        ("replace", (None,), {}, None, ""),
        ("add", (), {"days": 1}, ZONED, ""),
        ("add", (), {"days": None}, date(2026, 1, 1), own("add")),
        ("add", (None,), {}, time(1), own("add")),
        ("add", (None,), {}, [], ""),
        ("center", (None,), {}, None, ""),
        ("center", (None,), {}, ZONED, ""),
        ("upper", (), {}, None, ""),
        *(("strftime", (f"%H {text}",), {}, owner, EPOCH) for text in ("%s", "%Es", "%Os", "%-s", "%_0^#+s", "%10s")
          for owner in (ZONED, None)),
        ("strftime", ("%S %H",), {}, ZONED, ""),
        ("strftime", (5,), {}, ZONED, ""),
        ("format", ("%s",), {}, ZONED, ""),
        ("strftime", (), {"format": "%s"}, ZONED, EPOCH),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str | tuple | dict) else type(value).__name__,
)  # fmt: skip
def test_a_method_of_a_day_or_time_is_never_filled_in_by_the_machine(name, args, kwargs, owner, said):
    """Neither for want of an argument, nor by one that means the machine's own."""
    assert fault_of_call(name, args, kwargs, owner) == said


def test_a_zone_of_an_offset_is_no_machines():
    """It may be given, and asked."""
    zone = timezone(timedelta(hours=1))
    assert fault_of_call("astimezone", (zone,), {}, ZONED) == ""
    assert kind_of(zone) == "a time zone"


CONTROLS = [
    *(range(0x20)), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F),
    *range(0x2066, 0x206A), *range(0xD800, 0xE000),
]  # fmt: skip


def test_each_control_character_is_an_escape_and_nothing_else_is():
    """Of two digits, or of four; line feeds stay where several lines are expected, and JSON has its own escapes."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    others = "".join(map(chr, sorted(set(range(0x110000)).difference(CONTROLS))))
    assert printable(others) == json_text(others) == others
    kept = (code for code in map(ord, others) if code & 0xFFFE != 0xFFFE and not 0xFDD0 <= code <= 0xFDEF)
    assert for_phones(others) == "".join(map(chr, kept))  # without the codes that are no characters
    for code in CONTROLS:
        character = chr(code)
        escape = short.get(character, f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
        assert printable(character) == escape
        assert printable(character, lines=True) == ("\n" if code == 10 else escape)
        assert json_text(character) == ("\n" if code == 10 else f"\\u{code:04x}")
        assert for_phones(f"a{character}b") == ("a b" if character in "\t\n\v\f\r\x85\u2028\u2029" else "ab")


def test_what_is_no_text_is_shown_as_one_and_reaches_templates_as_it_is():
    """Several breaks in a row are one space; lists, tuples and keys are gone through."""
    assert (printable(5), printable(None), printable(ValueError("a\x1b"))) == ("5", "None", "a\\x1b")
    given = {"a\n\tb": ("x\r\n\ny", [1, None, {"k": "\x1bz"}]), 5: {"s"}}
    assert for_phones(given) == {"a b": ["x y", [1, None, {"k": "z"}]], 5: {"s"}}
