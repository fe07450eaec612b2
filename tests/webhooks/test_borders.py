"""Where webhooks begin to be too long, too deep, too late or somebody else's: the last one taken, the first one not."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from types import SimpleNamespace

import pytest
from attrs import evolve

from reminder_kit.errors import ConfigurationError, InvalidInputError, PayloadError, SignatureError
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import FoundMessage, Identity
from reminder_kit.testing.ledger_stage import message
from reminder_kit.webhooks.answering import Match, match
from reminder_kit.webhooks.normalising import is_number, normalised, number_of
from reminder_kit.webhooks.verification import LARGEST, verified_events
from tests.factories import NUMBER, SENDER, START

MINUTE = timedelta(minutes=1)
TOLD_AT = START + timedelta(days=2)


def plain(**fields):
    values = {"id": "E-1", "type": "received", "occurred_at": START, "provider": "pigeon", "number": NUMBER}
    return normalised(DeliveryEvent(**values | fields), "pigeon", "US", START)


@pytest.mark.parametrize(("length", "stays"), [(200, True), (201, False)])
def test_a_name_has_two_hundred_characters_at_the_most(length, stays):
    """A longer id is its beginning and its digest; a longer name of a message or a token is nobody's."""
    name = "x" * length
    digest = "x" * 40 + "…" + blake2b(name.encode(), digest_size=16).hexdigest()
    event = plain(id=name, provider_id=name, token=name, code=name, senders=(name,))
    assert event.id == (name if stays else digest)
    assert (event.provider_id, event.token) == ((name, name) if stays else (None, None))
    assert event.code == "x" * 200
    assert event.senders == ("x" * 200,)
    assert len(digest) == 73


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        (START + 15 * MINUTE, START + 15 * MINUTE),
        (START + 15 * MINUTE + timedelta(microseconds=1), START),
        (START, START),
    ],
)
def test_a_providers_clock_may_be_a_quarter_of_an_hour_ahead(at, taken):
    """What is further ahead is now."""
    assert plain(occurred_at=at).occurred_at == taken


def nested(count):
    """Return as many objects within each other."""
    value = {}
    for _ in range(count - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (nested(101), None),
        (nested(102), "more than 100 lists and objects within each other, or 10000 in all"),
        ({"a": [[] for _ in range(9998)]}, None),
        ({"a": [{} for _ in range(9999)]}, "more than 100 lists and objects within each other, or 10000 in all"),
        ({"a": tuple([] for _ in range(9999))}, "more than 100 lists and objects within each other, or 10000 in all"),
        ({"a": ["x"] * 20_000}, None),
        ([], "a list"),
        ("x", "a str"),
        ({"a": float("inf")}, "ValueError"),
    ],
    ids=["a hundred", "deeper", "ten thousand", "more", "tuples", "words", "a list", "a text", "no number"],
)
def test_what_came_in_is_kept_up_to_its_bounds(raw, word):
    """A hundred lists and objects within an object, ten thousand in all; else a word says why it is not kept."""
    assert plain(raw=raw).raw == (raw if word is None else {"not kept": word})


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("+1234567", True),
        ("+123456", False),
        ("+123456789012345", True),
        ("+1234567890123456", False),
        ("+0202555012", False),
        ("12025550123", False),
        ("+1202555012x", False),
        ("+1202555012\n", False),
        ("", False),
        (None, False),
    ],
)
def test_a_number_has_seven_to_fifteen_digits(text, is_one):
    """After a plus sign, the first of which is no zero."""
    assert is_number(text) is is_one


def test_what_is_no_number_is_kept_to_fifty_characters():
    """One in E.164 stays as it is, whatever the region; a `tel:` is none of a number's characters."""
    assert number_of("n" * 50, "US") == "n" * 50
    assert number_of("n" * 51, "US") == "n" * 50
    assert number_of("+1234567", "US") == "+1234567"
    assert number_of("tel:202-555-0123", "US") == NUMBER


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("received", "STOP", "opted_out"),
        ("received", "START", "opted_in"),
        ("received", "C", "received"),
        ("received", None, "received"),
        ("opted_out", "C", "opted_out"),
        ("opted_in", "STOP", "opted_in"),
        ("delivered", "STOP", "delivered"),
        ("scheduled", None, "scheduled"),
        ("sent", None, "sent"),
        ("undelivered", None, "undelivered"),
        ("cancelled", None, "cancelled"),
        ("unknown", "STOP", "unknown"),
        ("change", None, "unknown"),
    ],
)
def test_of_a_reply_alone_the_words_are_read(kind, text, told):
    """What an adapter took for anything else stays that."""
    assert plain(type=kind, text=text).type == told


# Whose a webhook is


class Adapter:
    """Somebody's adapter, which tells what it was handed."""

    sender = SENDER

    def __init__(self, name="pigeon", signed_by="", pool="", error=None, *, signs_address=False, senders=()):
        self.name, self.error, self.senders, self.handed = name, error, senders, []
        self.capabilities = SimpleNamespace(signed_by=signed_by, signs_address=signs_address, pool=pool)

    def events(self, headers, body, now, **address):
        self.handed.append((headers, body, now, address))
        if self.error:
            raise self.error
        return [DeliveryEvent("E-1", "received", now, self.name, number=NUMBER, text="C", senders=self.senders)]


def took(*adapters, name=None, headers=None, body=b"{}", **more):
    (event,) = verified_events(adapters, name, headers or {}, body, START, **more)
    return event


def test_an_adapter_is_handed_what_came():
    """Headers by name, as text of 16,384 characters at the most; the address where it signs that."""
    one, other = Adapter(), Adapter(signs_address=True)
    long = "x" * (16 * 1024)
    took(one, headers={"a": long + "y", b"b": b"\xff", "c": "1"}, body=bytearray(b"{}"), url="/hooks")
    assert one.handed == [({"a": long, "b": "ÿ", "c": "1"}, b"{}", START, {})]
    assert isinstance(one.handed[0][1], bytes)
    took(other, url="/" + long)
    assert other.handed == [({}, b"{}", START, {"url": ("/" + long)[:-1]})]
    took(other)
    assert other.handed[1] == ({}, b"{}", START, {"url": None})


def test_a_body_has_a_megabyte_at_the_most():
    """One byte more is not looked at, and told with its size."""
    assert LARGEST == 1024 * 1024
    one = Adapter()
    took(one, body=b" " * LARGEST)
    with pytest.raises(PayloadError) as caught:
        took(one, body=b" " * (LARGEST + 1))
    words = "a webhook of 1048577 bytes is no provider's: more than 1048576 are not looked at"
    assert str(caught.value) == words
    assert len(one.handed) == 1


@pytest.mark.parametrize(
    ("senders", "pool", "told"),
    [((), "", (SENDER,)), ((), "profile", (SENDER, "profile")), (("12025550177",), "profile", ("+12025550177",))],
)
def test_a_reply_was_sent_to_the_sender_it_names(senders, pool, told):
    """Else to the provider's own, and its pool."""
    assert took(Adapter(pool=pool, senders=senders)).senders == told


def test_an_event_without_a_number_was_sent_to_nobody():
    """Nothing is known of it that would bar anybody."""
    one = Adapter(pool="profile")
    one.events = lambda *_: [DeliveryEvent("E-1", "delivered", START, "pigeon")]
    assert took(one).senders == ()


def test_the_headers_choose_who_is_asked():
    """Those that sign by no header, or by one that is there; where none fits, all; a single one always."""
    by_a, by_b, by_none = Adapter("a", "x-a"), Adapter("b", "x-b"), Adapter("none")
    assert took(by_a, by_b, headers={"X-B": "1"}).provider == "b"
    assert took(by_b, by_a, headers={"HTTP_X_A": "1"}).provider == "a"
    assert took(by_b, by_none, headers={"x-a": "1"}).provider == "none"
    assert took(by_b, by_a, headers={"x-c": "1"}).provider == "b"
    assert took(by_a, headers={"x-c": "1"}).provider == "a"


def test_of_two_accounts_both_are_asked():
    """The second one where the first can't verify it; where neither can, the first one's error is raised."""
    refuses, lacks = Adapter(error=SignatureError("first")), Adapter(error=ConfigurationError("second"))
    assert took(refuses, lacks, Adapter(pool="third")).senders == (SENDER, "third")
    for order in ((refuses, lacks), (lacks, refuses)):
        with pytest.raises(type(order[0].error)) as caught:
            took(*order)
        assert caught.value is order[0].error
    with pytest.raises(PayloadError, match="odd"):
        took(Adapter(error=PayloadError("odd")), Adapter())


def test_a_provider_may_be_named():
    """All of that name are asked, and nobody else; a name that nobody has is told with those there are."""
    first, second = Adapter(error=SignatureError("first")), Adapter(pool="second")
    other = Adapter("dove", "x-dove")
    assert took(first, other, second, name="pigeon").senders == (SENDER, "second")
    assert took(first, other, name="dove").provider == "dove"
    with pytest.raises(InvalidInputError) as caught:
        took(first, other, second, name="crow")
    assert str(caught.value) == "this kit knows no provider 'crow': it has pigeon and dove"


# Which message a reply answers


def sent(name, state, ago, *, start_in=20, **changes):
    """Return a message whose send time was so many minutes `ago`, about a start in so many hours."""
    made = message(name)
    draft = evolve(made.draft, send_at=TOLD_AT - ago * MINUTE)
    made = evolve(made, state=state, draft=draft, start_at=TOLD_AT + timedelta(hours=start_in), **changes)
    return FoundMessage(made, Identity("default", name), "r", "p")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([("b", State.DELIVERED, 0)], "b"),
        ([("b", State.SENT, -5), ("a", State.SENT, -3)], "a"),
        ([("b", State.SENT, -5, {"presumed": True})], None),
        ([("b", State.SENT, -5, {"presumed": True}), ("a", State.SENT, -3)], "a"),
        ([("b", State.CREATING, -5)], "waits"),
        ([("b", State.CANCELLING, -5)], "waits"),
        ([("b", State.CANCELLED, -5)], None),
        ([("b", State.ABANDONED, 1), ("a", State.SENT, 60)], "a"),
        ([("c", State.UNKNOWN, 1), ("b", State.UNDELIVERED, 2)], "c"),
        ([("c", State.UNKNOWN, 1), ("b", State.CREATING, 2)], "waits"),
        ([("c", State.UNKNOWN, 1), ("b", State.SENT, 60, {"start_in": 0})], "c"),
        ([("b", State.SENT, 60, {"start_in": 0})], "b"),
    ],
    ids=[
        "this very moment",
        "the earlier of two ahead",
        "presumed",
        "presumed, and one that is known",
        "open and ahead",
        "being withdrawn and ahead",
        "withdrawn and ahead",
        "given up",
        "the later of two doubtful ones",
        "doubtful before an open one",
        "doubtful, and one whose visit begins",
        "alone, and its visit begins",
    ],
)
def test_a_reply_answers_the_one_that_is_known(messages, expected):
    """What had gone out by then, or what its provider says had."""
    made = [sent(name, state, ago, **(more[0] if more else {})) for name, state, ago, *more in messages]
    found, waits = match(made, TOLD_AT)
    assert ("waits" if waits else found and found.identity.id) == expected
    assert match([], TOLD_AT) == Match(None, waits=False)
