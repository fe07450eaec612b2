"""Facts about what becomes of an adapter's events: made plain, never lost for something odd in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reminder_kit.errors import PayloadError
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.webhooks.normalising import normalised

NOW = datetime(2026, 2, 10, 14, tzinfo=UTC)
NUMBER = "+12025550123"


def plain(region="US", **fields):
    values = {"id": "E-1", "type": "opted_out", "occurred_at": NOW, "provider": "pigeon", "number": NUMBER}
    return normalised(DeliveryEvent(**values | fields), "pigeon", region, NOW)


def test_an_ordinary_event_stays_as_it_is():
    """Whole text, a number in E.164, a time that has been: nothing is changed."""
    event = DeliveryEvent("E-1", "received", NOW, "pigeon", "M-1", "T-1", NUMBER, "Hi", "STOP", {"a": [1, {"b": None}]})
    assert normalised(event, "pigeon", None, NOW) == event


@pytest.mark.parametrize(
    ("number", "region", "read"),
    [
        ("(202) 555-0123", "US", NUMBER),
        ("12025550123", "US", NUMBER),
        ("tel:+1-202-555-0123", None, NUMBER),
        ("+1 202 555 0123", "DE", NUMBER),
        (12025550123, "US", NUMBER),
        ("2025550123", None, "2025550123"),
        ("12345", "US", "12345"),
        ("CLINIC", "US", "CLINIC"),
        ("9" * 1_000_000, "US", "9" * 50),
        ("", "US", None),
        (None, "US", None),
    ],
)
def test_a_number_is_read_as_a_recipients_is(number, region, read):
    """What an adapter hands over in national form is read with the kit's region; what is none stays, cut."""
    assert plain(region, number=number).number == read


def test_the_senders_of_a_reply_are_named_as_ours_are():
    """However an adapter writes them, a STOP holds where it was sent to; what no database takes is made plain."""
    senders = ("12025550100", "profile\0\ud800", "", "12025550100")
    assert plain(senders=senders).senders == ("+12025550100", "profile\ufffd\ufffd")
    assert len(plain(senders=("p" * 1000,)).senders[0]) == 200
    assert plain(senders=None).senders == ()


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (NOW - timedelta(days=3), NOW - timedelta(days=3)),
        (NOW + timedelta(minutes=14), NOW + timedelta(minutes=14)),
        (NOW + timedelta(minutes=16), NOW),
        (datetime(2099, 1, 1, tzinfo=UTC), NOW),
        (datetime.max.replace(tzinfo=UTC), NOW),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))), NOW),
        (datetime(2026, 2, 10, 9, tzinfo=timezone(timedelta(hours=-5))), NOW),
        (datetime(2026, 2, 9), NOW),
        ("2026-02-09T00:00:00Z", NOW),
        (None, NOW),
    ],
)
def test_a_time_is_one_that_has_been(at, taken):
    """A time of the future, or of no zone, would make one reply the latest for ever: it is the present instead."""
    assert plain(occurred_at=at).occurred_at == taken
    assert plain(occurred_at=at).occurred_at.tzinfo is UTC


@pytest.mark.parametrize("kind", ["bounced", "anomaly", "", None, ["received"], 5])
def test_a_type_of_none_of_ours_is_unknown(kind):
    """An adapter's own word decides nothing."""
    assert plain(type=kind).type == "unknown"


def test_names_beyond_all_measure_are_short_and_still_told_apart():
    """An id of a megabyte is known by its digest, the same each time; a message of such a name is nobody's."""
    long = "x" * 1_000_000
    event = plain(id=long, provider_id=long, token=long, code=long)
    assert len(event.id) < 100
    assert event.id == plain(id=long).id != plain(id=long + "y").id
    assert (event.provider_id, event.token, len(event.code)) == (None, None, 200)
    assert plain(id="a\0\ud800").id == "a\ufffd\ufffd"
    assert plain(id=5, provider_id=7).provider_id == "7"


def test_an_event_without_an_id_is_none():
    """What can't be told from its repetition would be told twice, or hide another."""
    for id_ in ("", None):
        with pytest.raises(PayloadError, match="has no id"):
            plain(id=id_)


def test_an_event_is_of_the_provider_whose_adapter_read_it():
    """Another spelling of its name would belong to no message; what the kit fills in is the kit's."""
    event = plain(provider="Pigeon", reason="landline", appointment=("", "A-1", ""), appointments=(1,))
    assert (event.provider, event.reason, event.appointment, event.appointments) == ("pigeon", "", None, ())


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


class Speechless:
    def __str__(self):
        raise RuntimeError("+12025550123")


ROUND = {}
ROUND["itself"] = [ROUND]
WIDE = [[]]
for _ in range(90):
    WIDE = [WIDE, WIDE]


@pytest.mark.parametrize(
    "raw",
    [None, [1], {(1, 2): 3}, {"a": float("nan")}, {"a": Speechless()}, {"a": b""}, deep(60), deep(5000), ROUND],
    ids=["none", "list", "keys", "nan", "speechless", "bytes", "deep", "abyss", "round"],
)
def test_what_came_in_is_kept_where_it_can_be(raw):
    """What JSON can't hold, or nobody could read again, is left out with a word; the event itself is taken."""
    event = plain(raw=raw)
    assert event.type == "opted_out"
    if raw != {"a": b""}:  # whose `str` is kept
        assert list(event.raw) == ["not kept"]
    assert NUMBER not in str(event.raw)


def test_looking_how_deep_it_is_takes_no_time():
    """The same list at many places is looked at once: 2 to the 90 of them would never end."""
    assert plain(raw={"wide": WIDE}).type == "opted_out"
