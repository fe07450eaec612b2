"""E-mail addresses, instants as of which somebody speaks, and conditions that rule each other out, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.model.as_of import AsOf, Written
from reminder_kit.model.emails import email_address
from reminder_kit.model.instants import steady_offset
from reminder_kit.rules.conditions import Condition

AT = datetime(2026, 2, 10, 14, tzinfo=UTC)
SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)
LABEL = "a" * 61
HOST = f"{LABEL}.{LABEL}.{LABEL}"  # 185 characters


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@clinic.example", "ada@clinic.example"),
        (" MAILTO:Ada@Clinic.Example ", "Ada@clinic.example"),
        ("mailto:mailto:a@b.example", None),
        ("a.b+c_d-e!#$%&'*/=?^`{|}~@b.example", "a.b+c_d-e!#$%&'*/=?^`{|}~@b.example"),
        (".a@b.example", None),
        ("a.@b.example", None),
        ("a..b@b.example", None),
        ("a b@b.example", None),
        ('"a"@b.example', None),
        ("a@b@c.example", None),
        ("a@b", None),
        ("a@b.1", None),
        ("a@1.b", "a@1.b"),
        ("a@b.e1", "a@b.e1"),
        ("a@-b.example", None),
        ("a@b-.example", None),
        ("a@b..example", None),
        ("a@b_c.example", None),
        ("a@.example", None),
        ("@b.example", None),
        ("b.example", None),
        ("", None),
        ("ü@b.example", "ü@b.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@ü\u2024.example", None),
        ("x" * 64 + "@b.example", "x" * 64 + "@b.example"),
        ("x" * 65 + "@b.example", None),
        ("ü" * 32 + "@b.example", "ü" * 32 + "@b.example"),
        ("ü" * 32 + "x@b.example", None),
        (f"a@{'b' * 63}.example", f"a@{'b' * 63}.example"),
        (f"a@{'b' * 64}.example", None),
        (f"{'x' * 60}@{HOST}.{'b' * 7}", f"{'x' * 60}@{HOST}.{'b' * 7}"),
        (f"{'x' * 61}@{HOST}.{'b' * 7}", None),
        (f"a@{'b.' * 127}c", None),
    ],
)
def test_an_address_is_one_as_the_rfcs_say(text, address):
    """Its domain as DNS compares it, what stands before the @ as it is."""
    assert email_address(text) == address


ROW = Written(("default", "A-1", ""), "f", False, AT)


@pytest.mark.parametrize(
    ("as_of", "at", "since", "known"),
    [
        (AsOf.told(AT, AT), AT - 5 * SECOND - TICK, AT - 5 * SECOND - TICK, frozenset()),
        (AsOf.drawn(AT), AT, AT, frozenset()),
        (AsOf.drawn(AT, []), AT, AT - 5 * SECOND - TICK, []),
        (AsOf.drawn(AT - SECOND, [ROW]), AT, AT - 6 * SECOND - TICK, [ROW]),
        (AsOf.drawn(AT + SECOND, [ROW]), AT + SECOND, AT - 4 * SECOND - TICK, [ROW]),
    ],
    ids=["told", "drawn", "drawn, nothing stood", "drawn, a fast clock", "drawn"],
)
def test_a_snapshot_speaks_for_what_was_recorded_before_it(as_of, at, since, known):
    """A told one leaves five seconds for clocks that differ; a drawn one asks the ledger."""
    assert (as_of.at, as_of.since, as_of.known) == (at, since, known)


@pytest.mark.parametrize(
    ("recorded", "news"), [(-6 * SECOND, True), (-5 * SECOND - TICK, True), (-5 * SECOND, False), (SECOND, False)]
)
def test_what_is_handed_in_again_is_news_after_five_seconds(recorded, news):
    """Sooner, a snapshot leaves it alone in any case."""
    assert AsOf.is_news(AT + recorded, AT) is news


@pytest.mark.parametrize(
    ("newest", "overtaken"),
    [(None, False), (AT, False), (AT + 10 * SECOND + 2 * TICK, False), (AT + 10 * SECOND + 3 * TICK, True)],
)
def test_of_two_snapshots_within_ten_seconds_nobody_knows_the_newer(newest, overtaken):
    """Both clocks may be off."""
    assert AsOf.is_overtaken(AT, newest) is overtaken


@pytest.mark.parametrize(
    ("recorded", "known", "newer"),
    [(timedelta(0), (), False), (TICK, (), True), (TICK, "it", False), (TICK, "another", True)],
)
def test_what_is_recorded_later_is_newer_unless_it_stood_before(recorded, known, newer):
    """Exactly as it stood."""
    row = ROW._replace(recorded_at=AT + recorded)
    stood = {"": (), "it": (row,), "another": (row._replace(fingerprint="g"),)}[known or ""]
    assert AsOf(AT, AT, stood).is_newer(row) is newer


@pytest.mark.parametrize(
    ("unless", "only", "out"),
    [
        ({}, {"tags": "a"}, False),
        ({"tags": ["a", "b"]}, {"tags": "a"}, True),
        ({"tags": ["a", "b"]}, {"tags": ["a", "b"]}, True),
        ({"tags": "a"}, {"tags": ["a", "b"]}, False),
        ({"tags": "a"}, {"source": "a"}, False),
        ({"tags": "a"}, {"tags": "a", "source": "x"}, True),
        ({"tags": "a", "source": "x"}, {"tags": "a", "source": "x"}, False),
        ({"data": {"a": 1}}, {"data": {"a": 1}}, False),
        ({"recipient": {"a": 1}}, {"recipient": {"a": 1}}, False),
        ({"replied": "yes"}, {"replied": "yes"}, True),
    ],
    ids=str,
)
def test_an_exception_may_except_all_there_is(unless, only, out):
    """Where it names all that the rule is for."""
    assert Condition.read(unless, "unless").rules_out(Condition.read(only, "only")) is out


def test_a_condition_is_kept_in_the_order_of_its_keys():
    """With its values as they were given, those of sets sorted."""
    read = Condition.read({"tags": {"b", "a"}, "source": "x", "data": {"z": {2, 1}, "a": [3], "m": None}}, "only")
    assert read.tests == (
        ("data", (("a", (3,)), ("m", (None,)), ("z", (1, 2)))),
        ("source", ("x",)),
        ("tags", ("a", "b")),
    )
    assert Condition.read(read, "only") is read
    assert Condition.read({"status": ["completed", "no_show"]}, "only").statuses == ("completed", "no_show")
    assert Condition().statuses == ()


def test_a_zone_has_one_offset_on_a_day_without_a_change():
    """In seconds; also where it is none of whole hours."""
    from zoneinfo import ZoneInfo

    assert steady_offset(ZoneInfo("Asia/Kathmandu"), 20_000) == 20_700
    assert steady_offset(ZoneInfo("America/New_York"), 20_494) == -18_000
