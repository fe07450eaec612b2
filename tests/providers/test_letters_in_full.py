"""A channel behind the port of a provider: letters with all that is known of a reminder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.errors import (
    ConfigurationError,
    MessageNotFoundError,
    RejectedError,
    TooLateToCancelError,
    UnknownOutcomeError,
)
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.model.messages import Draft
from reminder_kit.ports import Capabilities, Channel, Failure, Receipt, Request, Response
from reminder_kit.providers.channels import ChannelProvider
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.window import Window
from tests.factories import NUMBER, START

AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
BEGINS = datetime(2026, 2, 16, 9, 30, tzinfo=ZoneInfo("America/New_York"))
DRAFT = Draft(to="ada@clinic.example", text="See you", send_at=AT, subject="Your visit")
LETTERS = {"content-type": "application/json"}


class Mine(Channel):
    """A channel of a host's."""

    name = "mine"
    reaches = "email"

    def __init__(self, sender="desk@clinic.example"):
        self.named = sender
        self.failures = {"5": Failure.BLOCKED}

    @property
    def sender(self):
        return self.named

    @property
    def account(self):
        return "server user"

    def deliver(self, letter):
        raise NotImplementedError

    def events(self, headers, body, now):
        return (headers, body, now)


@pytest.fixture
def provider():
    return ChannelProvider(Mine())


def reminder(recipient, **changes):
    visit = Appointment("A-1", BEGINS, recipients=[recipient] if recipient else [], **changes)
    rule = Rule("r", before="1 day", text="Hi")
    return reminders_of(visit, [rule], Defaults(timezone="America/New_York", locale="en-US"))[0]


def bytes_of(**fields):
    return json.dumps(dict(sorted(fields.items())), ensure_ascii=False, separators=(",", ":")).encode()


def test_a_channel_declares_what_it_can(provider):
    """It parks nothing, takes nothing back, and reports with our token in a header of its name."""
    nothing = timedelta(0)
    assert provider.capabilities == Capabilities(
        window=Window(nothing, nothing, nothing, nothing),
        cancels=False,
        mms=False,
        echoes_token=True,
        signed_by="mine-report",
        failures={"5": Failure.BLOCKED},
        reaches="email",
    )
    assert (provider.name, provider.sender) == ("mine", "desk@clinic.example")
    assert provider.account == "mine desk@clinic.example server user"
    assert repr(provider).startswith("ChannelProvider(<")
    assert provider.ping() == Request("GET", "/ping")
    assert provider.events({"a": "b"}, b"c", START) == ({"a": "b"}, b"c", START)
    assert provider.headers() == {}


def test_a_channel_without_credentials_says_so_before_a_letter():
    """Its own check decides."""

    class Locked(Mine):
        def check(self):
            raise ConfigurationError("no password")

    with pytest.raises(ConfigurationError, match="no password"):
        ChannelProvider(Locked()).headers()


def test_a_draft_of_which_nothing_else_is_known_is_a_letter(provider):
    """Under its key, with its words; what is not known is left out."""
    body = bytes_of(
        id="key-1",
        token="tok-1",
        to="ada@clinic.example",
        text="See you",
        send_at="2026-02-15T14:30:00Z",
        subject="Your visit",
    )
    assert provider.create(DRAFT, token="tok-1", idempotency_key="key-1") == Request("POST", "/letters", body, LETTERS)


def test_a_reminder_is_a_letter_with_all_that_is_known_of_it(provider):
    """Its appointment, its rule, its person; and the same letter, however often it is made, has the same name."""
    who = Recipient(NUMBER, id="p-1", name="Ada", email="ada@clinic.example", locale="de-DE")
    of = evolve(
        reminder(who, source="book", recurrence_id="2026-02-16", title="Grüße", location="Room 2"), instead="no answer"
    )
    same = f"{of.key}\x1f2026-02-16T14:30:00+00:00\x1fada@clinic.example"
    body = bytes_of(
        id=blake2b(same.encode(), digest_size=16, person=b"letter").hexdigest(),
        token="tok-1",
        to="ada@clinic.example",
        text="See you",
        send_at="2026-02-15T14:30:00Z",
        subject="Your visit",
        appointment="A-1",
        source="book",
        recurrence_id="2026-02-16",
        starts_at="2026-02-16T14:30:00Z",
        timezone="America/New_York",
        title="Grüße",
        location="Room 2",
        rule="r",
        recipient="p-1",
        name="Ada",
        phone=NUMBER,
        email="ada@clinic.example",
        locale="de-DE",
        why="no answer",
    )
    assert provider.letter(of, DRAFT, token="tok-1") == Request("POST", "/letters", body, LETTERS)


@pytest.mark.parametrize("who", [None, Recipient(NUMBER)], ids=["nobody", "a number alone"])
def test_a_letter_leaves_out_what_nobody_knows(provider, who):
    """A person without a name, and a letter for nobody."""
    told = json.loads(provider.letter(reminder(who), DRAFT, token="tok-1").body)
    assert {"recipient", "name", "email", "recurrence_id", "why"}.isdisjoint(told)
    assert told.get("phone") == (NUMBER if who else None)


def test_a_letter_has_another_name_for_another_start_or_another_address(provider):
    """So has one of another reminder."""

    def name(of=None, **changes):
        draft = evolve(DRAFT, **changes)
        return json.loads(provider.letter(of or reminder(Recipient(NUMBER)), draft, token="t").body)["id"]

    moved = evolve(reminder(Recipient(NUMBER)), key="k")
    assert len({name(), name(to="desk@clinic.example"), name(moved)}) == 3
    assert name() == name(text="Other words", send_at=START)
    assert len(name()) == 32


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \n", "a letter without words is not sent: mend the text"),
        ("a\ud83d", "the text holds half a character, which can't be sent: mend the text"),
    ],
    ids=["blank", "half a character"],
)
def test_a_letter_that_cannot_be_sent_is_refused(provider, text, words):
    """Before there is a request."""
    with pytest.raises(RejectedError) as caught:
        provider.create(evolve(DRAFT, text=text), token="t", idempotency_key="k")
    assert str(caught.value) == words


def test_a_receipt_is_read(provider):
    """The letter's name, what became of it, and why not."""
    body = b'{"id": "L-1", "status": "undelivered", "error": "5"}'
    assert provider.parse_created(Response(200, {}, body)) == Receipt("L-1", "undelivered", "5")
    for answer in (Response(201, {}, body), Response(200, {}, b"[]")):
        with pytest.raises(UnknownOutcomeError) as caught:
            provider.parse_created(answer)
        assert str(caught.value) == "mine: its receipt can't be read; it may have been done"


def test_a_channel_is_asked_nothing_and_takes_nothing_back(provider):
    """The error says what it is about, and names the channel."""
    answer = Response(200, {}, b"{}")
    for call, kind, words in (
        (lambda: provider.read("L-1"), MessageNotFoundError, "mine can't be asked for L-1"),
        (lambda: provider.parse_read(answer), MessageNotFoundError, "mine can't be asked"),
        (lambda: provider.cancel("L-1"), TooLateToCancelError, "mine takes nothing back (L-1)"),
        (lambda: provider.parse_cancelled(answer), TooLateToCancelError, "mine takes nothing back"),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert (str(caught.value), caught.value.provider) == (words, "mine")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "a channel needs a name in lower case, such as 'email', not ''"),
        ({"name": None}, "a channel needs a name in lower case, such as 'email', not None"),
        ({"name": 5}, "a channel needs a name in lower case, such as 'email', not 5"),
        ({"name": "Mail"}, "a channel needs a name in lower case, such as 'email', not 'Mail'"),
        ({"name": "my mail"}, "a channel needs a name in lower case, such as 'email', not 'my mail'"),
        ({"name": "-"}, "a channel needs a name in lower case, such as 'email', not '-'"),
        ({"check": None}, "the channel 'mine' has no check: subclass reminder_kit.ports.Channel"),
        ({"deliver": 5}, "the channel 'mine' has no deliver: subclass reminder_kit.ports.Channel"),
        ({"ping": None}, "the channel 'mine' has no ping: subclass reminder_kit.ports.Channel"),
        (
            {"ping": None, "events": None},
            "the channel 'mine' has no ping, events: subclass reminder_kit.ports.Channel",
        ),
        ({"reaches": "nobody"}, "the channel 'mine': reaches must be one of "),
        ({"sender": ""}, "the channel 'mine' has no sender: say what it delivers from"),
    ],
)
def test_what_is_no_channel_is_told(changes, words):
    """Each fault by its name."""
    kind = type("Odd", (Mine,), changes)
    with pytest.raises(ConfigurationError) as caught:
        ChannelProvider(kind())
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("name", ["mail", "my-mail", "mail2", "my-mail-2"])
def test_a_channels_name_is_of_small_letters_digits_and_dashes(name):
    """One that declares no failures knows none."""

    class Plain(Channel):
        def deliver(self, letter):
            return "sent"

    Plain.name = name
    found = ChannelProvider(Plain())
    assert (found.name, found.capabilities.failures, found.capabilities.signed_by) == (name, {}, f"{name}-report")
