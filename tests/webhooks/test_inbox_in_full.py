"""What an event does on its way into the ledger: which message it settles, what hosts hear of, what history says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import IN_GAP
from reminder_kit.providers.replies import Replies
from reminder_kit.webhooks.inbox import Inbox
from tests.factories import NUMBER, SENDER, START

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SEND_AT = START + timedelta(days=2)
OTHER = "+12025550124"
REPLIES = Replies.of({"confirm": ["C"], "decline": ["No"]})
ADA = Identity("default", "A-1")


def event(type="received", at=SEND_AT, **fields):
    values = {"id": f"E-{type}-{at.isoformat()}", "provider": "telnyx", "number": NUMBER, "senders": (SENDER,)}
    return DeliveryEvent(type=type, occurred_at=at, **{**values, **fields})


@pytest.fixture
def desk(kit, sandbox, appointment):
    """A kit with one message parked, and what takes events in."""

    class Desk:
        def __init__(self):
            self.kit = kit
            kit.sync([appointment()])

        def take(self, *events, now=None):
            inbox = Inbox(replies=REPLIES)
            taken = kit.ledger.submit(lambda tx: inbox.take(tx, events, now or sandbox.now())).result()
            return [(told.id, told.type, told.appointment) for told in taken.announced]

        def messages(self):
            until = START + timedelta(days=99)
            return kit.ledger.read(lambda reader: reader.sent_to(provider="telnyx", number=NUMBER, until=until))

        def move(self, **changes):
            for found in self.messages():
                after = evolve(found.message, **changes)
                kit.ledger.submit(
                    lambda tx, found=found, after=after: tx.move_message(None, found.message, after)
                ).result()

        def history(self):
            entries = kit.ledger.read(lambda reader: reader.history(id="A-1"))
            return [(entry.reason, entry.detail) for entry in entries if entry.event == "replied"]

    return Desk()


# A message in doubt since the ledger was restored


@pytest.mark.parametrize(
    ("told", "changes", "settled"),
    [
        (event("sent"), {}, True),
        (event("delivered", SEND_AT + 15 * MINUTE), {}, True),
        (event("delivered", SEND_AT + 15 * MINUTE + SECOND), {}, False),
        (event("sent", SEND_AT - 2 * MINUTE), {}, True),
        (event("sent", SEND_AT - 2 * MINUTE - SECOND), {}, False),
        (event("undelivered"), {}, True),
        (event("cancelled"), {}, False),
        (event("scheduled"), {}, False),
        (event("sent", number=None), {}, False),
        (event("sent", number=OTHER), {}, False),
        (event("sent"), {"error": "no whole answer"}, False),
        (event("sent"), {"error": f"x {IN_GAP}"}, False),
    ],
    ids=[
        "sent",
        "a quarter of an hour late",
        "later",
        "two minutes early",
        "earlier",
        "undelivered",
        "cancelled",
        "scheduled",
        "without a number",
        "to somebody else",
        "in doubt otherwise",
        "with other words",
    ],
)
def test_a_report_settles_the_message_in_doubt_that_it_must_be_about(desk, told, changes, settled):
    """One that went out to that number near that time; of anything else it stays in doubt."""
    desk.move(**{"state": State.UNKNOWN, "error": f"{IN_GAP}never asked", "provider_id": None, **changes})
    announced = desk.take(evolve(told, provider_id="P-9"))
    assert announced == [(told.id, told.type, ADA if settled else None)]
    (found,) = desk.messages()
    assert found.message.state is (State(told.type) if settled else State.UNKNOWN)


def test_of_two_messages_in_doubt_a_report_settles_neither(desk, appointment):
    """Nobody can say which one it is about."""
    desk.kit.sync([appointment(), appointment("A-2")])
    assert len(desk.messages()) == 2
    desk.move(state=State.UNKNOWN, error=f"{IN_GAP}never asked", provider_id=None)
    desk.take(event("sent", provider_id="P-9"))
    assert {found.message.state for found in desk.messages()} == {State.UNKNOWN}


# Keywords


@pytest.fixture
def told(desk):
    """A desk whose message has gone out."""
    desk.move(state=State.DELIVERED)
    return desk


def test_a_keyword_is_told_under_its_name_and_noted(told):
    """With what it is about; history has the word and when it came."""
    heard = event(text="C")
    assert told.take(heard) == [(heard.id, "received", ADA), (f"{heard.id}:confirm", "confirm", ADA)]
    assert told.history() == [("confirm", {"occurred_at": "2026-02-12T14:00:00+00:00"})]
    assert told.take(heard) == []
    thanks = event(text="See you", at=SEND_AT + MINUTE)
    assert told.take(thanks) == [(thanks.id, "received", ADA)]


@pytest.mark.parametrize(("minutes", "holds"), [(15, True), (16, False), (-15, True), (-16, False)])
def test_a_keyword_about_a_start_that_moved_far_holds_no_more(told, appointment, minutes, holds):
    """A quarter of an hour changes nothing; history says why it does not hold."""
    told.kit.record(appointment(starts_at=appointment().starts_at + minutes * MINUTE))
    heard = event(text="C")
    about = ADA if holds else None
    assert told.take(heard)[1:] == ([(f"{heard.id}:confirm", "confirm", about)] if holds else [])
    assert told.history()[0][0] == ("confirm" if holds else "confirm: it has moved since")


def test_a_keyword_about_what_is_off_is_noted_with_why(told, appointment):
    """Its status stands beside the word."""
    told.kit.record(appointment(status="cancelled"))
    assert [kind for _, kind, _ in told.take(event(text="C"))] == ["received"]
    assert told.history()[0][0] == "confirm: it is cancelled"


def test_a_keyword_about_nothing_is_told_once(desk):
    """Nobody was written to: it is nobody's."""
    heard = event(text="C", number=OTHER)
    assert desk.take(heard) == [(heard.id, "received", None), (f"{heard.id}:confirm", "confirm", None)]
    assert desk.history() == []


@pytest.mark.parametrize("number", [None, "", "CLINIC"])
def test_a_keyword_without_a_number_is_about_nothing(told, number):
    """Whatever it says."""
    heard = event(text="C", number=number)
    assert [about for _, _, about in told.take(heard)] == [None, None]


def test_the_keyword_that_was_written_last_is_kept(told):
    """Whichever came in first; both are told, and both are noted."""
    told.take(event(text="No", at=SEND_AT + 2 * MINUTE))
    told.take(event(text="C", at=SEND_AT + MINUTE))

    def replied():
        (record,) = told.kit.ledger.read(lambda reader: list(reader.records(identities=[ADA])))
        return record.replied

    assert replied() == "decline"
    assert [reason for reason, _ in told.history()] == ["decline", "confirm"]
    told.take(event(text="C", at=SEND_AT + 2 * MINUTE, id="E-2"))
    assert replied() == "confirm"


def test_a_keyword_waits_until_it_is_known_what_it_answers(desk):
    """It is told as received at once, and under its name by the report that settles the message."""
    desk.move(state=State.CREATING, uncertain=True, provider_id=None)
    heard = event(text="C")
    assert desk.take(heard) == [(heard.id, "received", None)]
    desk.move(state=State.SCHEDULED, uncertain=False, provider_id="P-1")
    report = event("delivered", provider_id="P-1", at=SEND_AT + SECOND)
    assert desk.take(report) == [(report.id, "delivered", ADA), (f"{heard.id}:confirm", "confirm", ADA)]
    assert desk.take(event("unknown", at=SEND_AT + MINUTE)) == [
        (f"E-unknown-{(SEND_AT + MINUTE).isoformat()}", "unknown", None)
    ]


# Consent


@pytest.mark.parametrize(
    ("heard", "told", "bars", "unclear"),
    [
        (event("opted_out", text="STOP"), ["opted_out"], 1, 0),
        (event("opted_out", text="STOP", number="CLINIC"), ["opted_out", "anomaly"], 0, 0),
        (event("opted_out", text="STOP", number=None), ["opted_out", "anomaly"], 0, 0),
        (event("opted_in", text="START"), ["opted_in"], 0, 0),
        (event("opted_in", text="START", number="CLINIC"), ["opted_in", "anomaly"], 0, 0),
        (event(text="stop 12345"), ["received", "unclear_reply"], 0, 1),
        (event(text="stop 12345", number="CLINIC"), ["received"], 0, 0),
        (event(text="thanks"), ["received"], 0, 0),
        (event(text=None), ["received"], 0, 0),
        (event("unknown", text="stop 12345"), ["unknown"], 0, 0),
    ],
    ids=[
        "stop",
        "stop of nobody",
        "stop without a number",
        "start",
        "start of nobody",
        "unclear",
        "unclear of nobody",
        "thanks",
        "no words",
        "no reply",
    ],
)
def test_what_a_reply_says_of_messages_is_recorded_and_told(desk, heard, told, bars, unclear):
    """A STOP bars, an unclear one waits for a person, and what is nobody's is told besides."""
    announced = desk.take(heard)
    assert [kind for _, kind, _ in announced] == told
    assert [name for name, _, _ in announced][1:] == [
        f"{heard.id}:{'unclear' if kind == 'unclear_reply' else kind}" for kind in told[1:]
    ]
    found = desk.kit.consent(NUMBER)
    assert len(found.bars) == bars
    recorded = desk.kit.ledger.read(lambda reader: reader.consent.about([NUMBER])).get(NUMBER, [])
    assert len(recorded) == (1 if heard.number == NUMBER and told[0] in ("opted_out", "opted_in") else unclear)
    for one in recorded:
        assert (one.id, one.words, one.senders, one.occurred_at) == (heard.id, heard.text, (SENDER,), SEND_AT)
        assert one.lifts_before == (SEND_AT if heard.type == "opted_in" else None)


def test_what_a_reply_without_words_says_is_its_code(desk):
    """As the provider has it."""
    desk.take(event("opted_out", text=None, code="STOP"))
    ((recorded,),) = desk.kit.ledger.read(lambda reader: reader.consent.about([NUMBER])).values()
    assert recorded.words == "STOP"


def test_an_event_out_of_turn_is_told_as_an_anomaly(desk):
    """What was delivered is not cancelled any more."""
    (found,) = desk.messages()
    desk.take(event("delivered", provider_id=found.message.provider_id))
    late = event("cancelled", provider_id=found.message.provider_id)
    assert desk.take(late) == [(late.id, "cancelled", ADA), (f"{late.id}:anomaly", "anomaly", ADA)]


def test_what_came_before_is_told_to_nobody(desk):
    """It comes back as repeated, beside what is new."""
    first, second = event(text="Hi"), event(text="there", at=SEND_AT + MINUTE)
    desk.take(first)
    taken = desk.kit.ledger.submit(lambda tx: Inbox().take(tx, [first, second], START)).result()
    assert [(one.id, one.repeated) for one in taken.events] == [(first.id, True), (second.id, False)]
    assert [one.id for one in taken.announced] == [second.id]
