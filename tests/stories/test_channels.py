"""Channels: whom no text reaches is reminded otherwise, by the same laws: intent first, once, in time, by consent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import ClassVar

import pytest

from reminder_kit import AsyncReminderKit, QuietHours, Recipient, Rule, Tenants
from reminder_kit.channels.callback import Callback
from reminder_kit.channels.email import Email
from reminder_kit.delivery.accounts import account_of
from reminder_kit.errors import (
    AccountRefusedError,
    ConfigurationError,
    InvalidNumberError,
    RefusedCredentialError,
    RejectedError,
    SignatureError,
    TransientError,
)
from reminder_kit.planning.fallback import fallback_id
from reminder_kit.ports import Channel, DeliveryEvent, Failure, NoAnswerError, NotSentError, Receipt
from reminder_kit.providers.channels import ChannelProvider
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import SandboxTransport
from tests.factories import HOOK, NUMBER, START, at_rest

DAY = Rule("day-before", before="24 hours", text="Hi {{ recipient.name }}, see you {{ when }}")
ADA = "ada@mail.example"
SPARE = fallback_id("day-before")


class Post(Channel):
    """A post office that keeps what is handed in, and fails as it is told."""

    name = "email"
    reaches = "email"
    failures: ClassVar[dict[str, Failure]] = {}
    sender = "clinic@clinic.example"
    subject = ""

    def __init__(self, **own):
        self.letters, self.failing = [], []
        for name, value in own.items():
            setattr(self, name, value)

    def deliver(self, letter):
        problem = self.failing.pop(0) if self.failing else None
        if not isinstance(problem, NotSentError | TransientError | RejectedError | AccountRefusedError):
            self.letters.append(letter)
        if problem is not None:
            raise problem
        return Receipt(f"<{letter.id}@clinic.example>", "sent")

    def events(self, headers, body, now):
        if not headers:
            raise SignatureError("no report")
        return (
            DeliveryEvent(f"r:{body.decode()}", body.decode(), now, self.name, token=headers["token"], code="5.1.1"),
        )


def people(*, phone=NUMBER, email=ADA, **changes):
    return [Recipient(phone, name="Ada", email=email, **changes)]


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def posting(make_kit, sandbox, post):
    """Return a factory of kits whose last resort is the post office, that hear of every text."""

    def make(*rules, **options):
        provider = Telnyx("KEY", "+12025550100", webhook_url=f"{HOOK}/telnyx", public_key=sandbox.public_key)
        return make_kit(list(rules or [DAY]), **{"provider": provider, "fallback": post, **options})

    return make


def fail(kit, sandbox, code="40008"):
    """Have the text a day before the start fail, and the kit told of it."""
    sandbox.outcome(NUMBER, "delivery_failed", code)
    sandbox.clock.advance(days=2, minutes=1)
    for hook in list(sandbox.hooks.sent):
        kit.receive(*hook.as_sent(sandbox.now()))


def said(run, rule=SPARE):
    return [(change.kind.value, change.reason.value) for change in run.changes if change.rule == rule]


# Whom a text did not reach


def test_what_was_not_delivered_goes_out_as_a_letter(posting, sandbox, post, appointment):
    """A letter follows a text that was not delivered: at once, to the person's address, with all it is about."""
    kit = posting()
    kit.sync(appointment(recipients=people(), location="5 Elm St"))
    fail(kit, sandbox)
    report = kit.resync(only_dirty=True)
    assert report.ok
    assert said(report) == [("schedule", "on_time")]
    (letter,) = post.letters
    assert (letter.to, letter.text) == (ADA, "Hi Ada, see you tomorrow at 9:00 AM")
    assert (letter.appointment, letter.location, letter.phone, letter.rule) == ("A-1", "5 Elm St", NUMBER, SPARE)
    assert letter.starts_at == START + timedelta(days=3)
    assert "was not delivered (40008)" in letter.why
    (told,) = kit.messages(to=ADA)
    assert (told.message.state, told.message.draft.channel, told.message.provider_id) == (
        "sent",
        "email",
        f"<{letter.id}@clinic.example>",
    )
    assert at_rest(kit)


@pytest.mark.parametrize(("own", "subject"), [("Your visit, {{ recipient.name }}", "Your visit, Ada"), ("", "Map")])
def test_a_letter_has_its_channel_s_subject_else_its_rule_s(posting, sandbox, appointment, own, subject):
    """Rendered as any text; that of a rule is the subject of its MMS."""
    post = Post(subject=own)
    picture = Rule("day-before", before="24 hours", text="See you {{ when }}", subject="Map", channel="mms",
                   media_urls=["https://clinic.example/map.png"])  # fmt: skip
    kit = posting(picture, fallback=post)
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    kit.resync()
    assert [letter.subject for letter in post.letters] == [subject]


def test_a_letter_is_sent_once_however_often_a_run_is_made(posting, sandbox, post, appointment):
    """Further runs, and the same reports again, make no second letter."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    for _ in range(3):
        kit.resync()
        fail(kit, sandbox)
    assert len(post.letters) == 1


@pytest.mark.parametrize(
    ("phone", "reason"), [("", "by_channel"), ("555-0123", "invalid_number")], ids=["no number", "an impossible one"]
)
def test_whom_no_text_can_reach_gets_the_letter_at_the_usual_time(posting, sandbox, post, appointment, phone, reason):
    """Who has an address and no number is reminded by it as others by text: a day before, and not sooner."""
    kit = posting()
    first = kit.sync(appointment(recipients=people(phone=phone)))
    assert said(first) == [("hold", "beyond_window")]
    assert said(first, "day-before") == [("skip", reason)]
    sandbox.clock.advance(days=2)
    assert said(kit.resync()) == [("schedule", "on_time")]
    assert [letter.to for letter in post.letters] == [ADA]
    assert kit.status()["messages"] == {"sent": 1}


def test_who_has_no_number_and_gets_a_letter_waits_for_nobody(posting, appointment):
    """Nobody is asked to correct a number where none is known and a letter is sent; a wrong one is still told of."""
    kit = posting()
    assert kit.sync(appointment(recipients=people(phone=""))).attention == ()
    (item,) = kit.sync(appointment("A-2", recipients=people(phone="555-0123"))).attention
    assert item.kind == "number"


def test_a_landline_is_written_to_from_then_on(posting, sandbox, post, appointment):
    """A number that no text ever reaches bars texts alone: this letter goes out, and the next one at its usual time."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox, "40001")
    kit.resync()
    assert len(post.letters) == 1
    kit.sync(appointment("A-2", recipients=people(), starts_at=START + timedelta(days=9)))
    sandbox.clock.advance(days=6)
    assert said(kit.resync(), "day-before") == [("skip", "suppressed")]
    assert [letter.appointment for letter in post.letters] == ["A-1", "A-2"]


def test_a_text_refused_for_good_is_a_letter(posting, sandbox, post, appointment):
    """Where the provider will never take the text, the letter goes out at the reminder's own time."""
    kit = posting()
    sandbox.fault("error", 1, status=400, code="40310")
    assert said(kit.sync(appointment(recipients=people()))) == [("hold", "beyond_window")]
    sandbox.clock.advance(days=2)
    assert said(kit.resync()) == [("schedule", "on_time")]
    assert len(post.letters) == 1


# Whom a letter is not for


def test_who_has_no_address_gets_none(posting, sandbox, post, appointment):
    """Without an address, or with one that can't be one, there is no letter; nothing fails."""
    kit = posting()
    kit.sync([appointment(recipients=people(email="")), appointment("A-2", recipients=people(email="ada at home"))])
    fail(kit, sandbox)
    assert kit.resync().ok
    assert post.letters == []


@pytest.mark.parametrize("phone", [NUMBER, ""], ids=["with a number", "without one"])
def test_who_opted_out_gets_no_letter(posting, sandbox, post, appointment, phone):
    """Neither who wants no reminders by the host's records, nor whom a letter was to reach in place of a text."""
    kit = posting()
    kit.sync(appointment(recipients=people(phone=phone, opted_in=False)))
    sandbox.clock.advance(days=2)
    kit.resync()
    assert post.letters == []


def test_a_stop_by_text_holds_for_letters(posting, sandbox, post, appointment):
    """Who texts STOP is not written to otherwise: the person asked for no reminders, not for another channel."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    sandbox.outcome(NUMBER, "delivery_failed", "40008")
    sandbox.clock.advance(days=2, minutes=1)
    stop = sandbox.inbound(NUMBER, "STOP")
    for hook in [*sandbox.hooks.sent, stop]:
        kit.receive(*hook.as_sent(sandbox.now()))
    assert said(kit.resync()) == [("skip", "opted_out")]
    assert post.letters == []


@pytest.mark.parametrize("barred", [ADA, "ada@Mail.Example", NUMBER])
def test_what_the_host_bars_gets_no_letter(posting, sandbox, post, appointment, barred):
    """An address is barred as a number is, in any spelling of its domain; and a barred number bars its letters."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    kit.suppress(barred, "asked at the desk")
    kit.resync()
    assert post.letters == []
    assert kit.allow(barred)
    kit.resync()
    assert len(post.letters) == 1


def test_an_opt_out_between_plan_and_letter_is_honoured(posting, sandbox, post, appointment):
    """An address that is barred after the plan was made gets nothing: it is asked under the claim."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    plan = kit.plan_resync()
    now = sandbox.now()
    kit.ledger.submit(lambda tx: tx.consent.suppress(NUMBER, "", id="x", at=now, way="api")).result()
    kit.apply(plan)
    assert post.letters == []


@pytest.mark.parametrize(("only_to", "count"), [(["+1202555"], 0), (["+1202555", ADA], 1)])
def test_staging_writes_only_to_named_addresses(posting, sandbox, post, appointment, only_to, count):
    """`only_to` holds for addresses, too: each is named whole."""
    kit = posting(only_to=only_to)
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    kit.resync()
    assert len(post.letters) == count


# When


def test_no_letter_in_quiet_hours(posting, sandbox, post, appointment):
    """A letter waits for the end of quiet hours as a text does."""
    rule = Rule("day-before", before="23 hours", text="See you {{ when }}")
    kit = posting(rule, quiet_hours=QuietHours("10:00", "12:00"))
    kit.sync(appointment(recipients=people()))
    sandbox.outcome(NUMBER, "delivery_failed", "40008")
    sandbox.clock.advance(days=2, minutes=65)
    for hook in list(sandbox.hooks.sent):
        kit.receive(*hook.as_sent(sandbox.now()))
    kit.resync()
    assert post.letters == []
    sandbox.clock.advance(hours=2)
    kit.resync()
    assert len(post.letters) == 1


def test_no_letter_at_or_after_the_start(posting, sandbox, post, appointment):
    """What could not be told before the start is not told after it."""
    kit = posting()
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=3)
    kit.resync()
    assert post.letters == []


def test_an_appointment_that_moves_takes_its_letter_along(posting, sandbox, post, appointment):
    """A held letter goes out for the new start, and none for the old one; of a cancelled one there is none."""
    kit = posting()
    kit.sync([appointment(recipients=people(phone="")), appointment("A-2", recipients=people(phone=""))])
    kit.sync(appointment(recipients=people(phone=""), starts_at=START + timedelta(days=4)))
    kit.withdraw("A-2")
    sandbox.clock.advance(days=2)
    kit.resync()
    assert post.letters == []
    sandbox.clock.advance(days=1)
    kit.resync()
    assert [letter.appointment for letter in post.letters] == ["A-1"]


# What may go wrong


@pytest.mark.parametrize("problem", [NotSentError("down"), TransientError("busy")])
def test_what_was_certainly_not_delivered_is_tried_again(posting, sandbox, post, appointment, problem):
    """A channel that is down for a moment delays the letter, and doubles nothing."""
    kit = posting()
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    post.failing = [problem] * 12
    kit.resync()
    assert post.letters == []
    post.failing = []
    sandbox.clock.advance(minutes=6)
    kit.resync()
    assert len(post.letters) == 1
    assert at_rest(kit)


@pytest.mark.parametrize("lost", [NoAnswerError("cut off"), ValueError("a bug")], ids=["no answer", "a bug"])
@pytest.mark.parametrize(("policy", "count"), [("prefer_duplicate", 2), ("prefer_missing", 1)])
def test_a_lost_answer_is_unknown_and_unknown_outcome_decides(posting, sandbox, post, appointment, policy, count, lost):
    """It is named as unknown; one more follows at most, under the same id, so that a repetition is known as one."""
    kit = posting(unknown_outcome=policy)
    kit.sync(appointment(recipients=people()))
    fail(kit, sandbox)
    post.failing = [lost, lost, lost]
    report = kit.resync()
    assert report.unknown or report.failed
    for _ in range(3):
        sandbox.clock.advance(minutes=6)
        kit.resync()
    assert len(post.letters) == count
    assert len({letter.id for letter in post.letters}) == 1
    assert len({letter.token for letter in post.letters}) == count


def test_a_letter_refused_for_good_is_not_tried_again(posting, sandbox, post, appointment):
    """A wrong address is refused once; a corrected one is written to."""
    kit = posting()
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=2)
    post.failing = [InvalidNumberError("no such address")]
    assert said(kit.resync()) == [("schedule", "invalid_number")]
    kit.resync()
    assert (post.failing, post.letters) == ([], [])
    kit.sync(appointment(recipients=people(phone="", email="a.lovelace@mail.example")))
    assert [letter.to for letter in post.letters] == ["a.lovelace@mail.example"]


def test_a_channel_that_takes_nothing_waits_for_a_person(posting, sandbox, post, appointment):
    """An account that may not send is listed with its remedy, and tried again with one letter."""
    kit = posting()
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=2)
    post.failing = [AccountRefusedError("relaying denied", provider="email", code="5.7.1")]
    report = kit.resync()
    assert [item.kind for item in report.attention] == ["account"]
    sandbox.clock.advance(minutes=6)
    kit.resync()
    assert len(post.letters) == 1


@pytest.mark.parametrize(("policy", "count"), [("prefer_duplicate", 2), ("prefer_missing", 1)])
def test_a_process_that_dies_while_it_delivers_loses_nothing(posting, sandbox, post, appointment, policy, count):
    """The intent is in the ledger: the next run knows that a letter may be out, and decides by `unknown_outcome`."""
    kit = posting(unknown_outcome=policy)
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=2)
    post.failing = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        kit.resync()
    assert kit.status()["messages"] == {"creating": 1}
    for _ in range(3):
        sandbox.clock.advance(minutes=2)
        kit.resync()
    assert len(post.letters) == count
    assert len({letter.id for letter in post.letters}) == 1


def test_many_letters_are_delivered_at_once_and_each_once(posting, sandbox, post, appointment):
    """Forty people without a number, four at a time: forty letters, each to its own address."""
    kit = posting()
    kit.sync([appointment(f"B-{n}", recipients=people(phone="", email=f"p{n}@mail.example")) for n in range(40)])
    sandbox.clock.advance(days=2)
    assert kit.resync().ok
    assert sorted(letter.to for letter in post.letters) == sorted(f"p{n}@mail.example" for n in range(40))


def test_what_it_costs_is_counted_apart(posting, sandbox, post, appointment):
    """A letter is no part of an SMS and has no price here; the forecast says how many there are."""
    kit = posting(cost={"part": 0.01, "currency": "USD"})
    kit.sync([appointment(recipients=people(phone="")), appointment("A-2", recipients=people(phone="+12025550124"))])
    sandbox.clock.advance(days=2)
    forecast = kit.forecast(kit.plan_resync())
    assert (forecast.total.letters, forecast.total.parts) == (1, 0)
    assert forecast.lines == ["Forecast: 1 by the fallback, without a price, 0.00 USD"]
    assert forecast.as_json()["rules"] == [
        {"rule": SPARE, "messages": 1, "parts": 0, "ucs2": 0, "mms": 0, "letters": 1, "held": 0, "price": 0.0}
    ]


def test_why_a_letter_was_sent_is_still_told_once_it_is_out(posting, sandbox, post, appointment):
    """`explain` says that no number is known, and by which way it went, with the address masked."""
    kit = posting()
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=2)
    kit.resync()
    lines = "\n".join(kit.explain("A-1").lines)
    assert "instead of a text, since no number is known" in lines
    assert "it goes by email to a…@…le" in lines
    assert ADA not in lines


# Reports on delivery


def test_a_report_is_followed_by_its_token(posting, sandbox, post, appointment):
    """What the channel reports of a letter is known by the token: it bounced, and the address is barred for good."""
    post.failures = {"5.1.1": Failure.INVALID_NUMBER}
    kit = posting()
    kit.sync(appointment(recipients=people(phone="")))
    sandbox.clock.advance(days=2)
    kit.resync()
    token = post.letters[0].token
    heard = []
    kit.on("undelivered", lambda event: heard.append((event.reason, event.appointment)))
    kit.receive({"token": token}, b"undelivered", provider="email")
    assert heard == [("invalid_number", ("default", "A-1", ""))]
    assert [message.message.state for message in kit.messages(to=ADA)] == ["undelivered"]
    assert [bar["by"] for bar in kit.consent(ADA).as_json()["barred_by"]] == ["provider"]
    with pytest.raises(SignatureError):
        kit.receive({}, b"undelivered", provider="email")


# Faces


def test_the_async_face_delivers_too(make_kit, sandbox, appointment):
    """On the async face a channel may be a coroutine function; a plain one runs in a thread."""
    told = []

    async def ring(letter):
        await asyncio.sleep(0)
        told.append(letter.to)

    def knock(letter):
        told.append(letter.to)
        return "delivered"

    async def run(call):
        kit = make_kit([DAY], kind=AsyncReminderKit, fallback=Callback(call), namespace=call.__name__)
        await kit.sync(appointment(recipients=people(phone="")))
        with kit.standing_at(START + timedelta(days=2)):
            await kit.resync()
        states = (await kit.status())["messages"]
        await kit.close()
        return states

    assert asyncio.run(run(ring)) == {"sent": 1}
    assert asyncio.run(run(knock)) == {"delivered": 1}
    assert told == [ADA, ADA]


def test_a_coroutine_is_refused_by_the_blocking_face(make_kit):
    """What the blocking face could not wait for is refused as the kit is made."""

    async def ring(letter):
        """Never called."""

    with pytest.raises(ConfigurationError, match="AsyncReminderKit"):
        make_kit([DAY], fallback=Callback(ring))


def test_a_desk_is_told_of_anyone(make_kit, sandbox, appointment):
    """A callback that reaches anyone gets the number, else the address, else the host's own name of the person."""
    told = []
    kit = make_kit([DAY], fallback=Callback(lambda letter: told.append((letter.to, letter.name))))
    who = [Recipient("", id="P-7", name="Bo"), *people(phone="")]
    kit.sync(appointment(recipients=who))
    sandbox.clock.advance(days=2)
    kit.resync()
    assert sorted(told) == [("P-7", "Bo"), (ADA, "Ada")]


def test_one_tenants_channel_is_no_other_ones(sandbox, tmp_path, appointment):
    """Where one clinic's server refuses its password, the letters of another go out, each by its own channel."""
    posts = {"north": Post(), "south": Post()}
    posts["north"].failing = [RefusedCredentialError("wrong password", provider="email", code="535")]

    def build(name):
        return {
            "provider": Telnyx("KEY", "+12025550100"),
            "rules": [DAY],
            "fallback": posts[name],
            "timezone": "America/New_York",
            "clock": sandbox.clock,
            "transport": SandboxTransport(sandbox),
        }

    with Tenants(f"sqlite:///{tmp_path / 'tenants.db'}", build) as tenants:
        for name in posts:
            tenants[name].sync(appointment(recipients=people(phone="", email=f"{name}@mail.example")))
        sandbox.clock.advance(days=2)
        assert not tenants["north"].resync().ok
        assert tenants["south"].resync().ok
        assert [letter.to for letter in posts["south"].letters] == ["south@mail.example"]
        assert posts["north"].letters == []


def test_another_password_is_another_account():
    """What an account was refused for is tried again at once with another one; the password is in no word of it."""
    first, second = (
        ChannelProvider(Email("a@b.example", "smtp.b.example", username="u", password=word)) for word in ("one", "two")
    )
    assert account_of(first) != account_of(second)
    assert "one" not in f"{first.account}{first!r}"
