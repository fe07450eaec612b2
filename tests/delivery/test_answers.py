"""What a provider answers to a scheduling request is no word on the message, unless it says `scheduled`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.ports import DeliveryEvent
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.twilio.provider import Twilio
from tests.factories import SERVICE

PROVIDERS = {
    "telnyx": lambda: Telnyx(api_key="KEY", from_="+12025550100"),
    "twilio": lambda: Twilio("AC" + "1" * 32, "KEY", SERVICE),
}
WORDS = {
    "telnyx": ["queued", "sending", "sent", "pondering", "cancelled", "delivered", "delivery_failed"],
    "twilio": ["accepted", "queued", "sending", "sent", "pondering", "canceled", "delivered", "failed"],
}


@pytest.fixture(params=["telnyx", "twilio"])
def provider(request):
    """Return each provider that parks messages."""
    return PROVIDERS[request.param]()


def asked(sandbox, method):
    """Return how many requests of a method the sandbox was sent."""
    return sum(request.method == method for request in sandbox.requests)


@pytest.mark.parametrize(
    ("length", "state"), [(1, "scheduled"), (200, "scheduled"), (201, "creating"), (0, "creating")]
)
def test_what_can_be_no_id_is_no_answer(make_kit, sandbox, appointment, monkeypatch, length, state):
    """Two hundred characters are an id; more, or none, leave the message in doubt, and it is asked about again."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    parse = Telnyx.parse_created
    monkeypatch.setattr(
        Telnyx, "parse_created", lambda self, answer: evolve(parse(self, answer), provider_id="x" * length)
    )
    kit.sync(appointment())
    (message,) = kit.ledger.read(lambda reader: next(reader.records()).messages)
    assert message.state.value == state


@pytest.mark.few(10)
@pytest.mark.parametrize("later", [timedelta(minutes=10), timedelta(hours=3)], ids=["10 minutes", "3 hours"])
@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in WORDS.items() for word in words])
def test_one_question_settles_any_word_but_scheduled(make_kit, sandbox, appointment, name, word, later):
    """The message is parked all the same: a move takes it back and parks another, so that nobody gets two."""
    kit = make_kit(provider=PROVIDERS[name]())
    sandbox.fault("word", times=1, method="POST", word=word)
    report = kit.sync(appointment())
    assert report.ok
    assert asked(sandbox, "GET") == 1
    (change,) = report.changes
    assert change.error.endswith("looked up, it is scheduled")
    assert (change.happened, kit.status()["messages"]) == ("parked", {"scheduled": 1})
    visit = appointment()
    kit.sync(evolve(visit, starts_at=visit.starts_at + later, ends_at=None))
    assert [message.send_at for message in sandbox.parked()] == [visit.starts_at + later - timedelta(hours=24)]
    assert asked(sandbox, "GET") == 1


def test_scheduled_is_believed_without_a_question(make_kit, sandbox, appointment, provider):
    """Nothing is asked where the answer is the one that was hoped for, and nothing is warned of."""
    (change,) = make_kit(provider=provider).sync(appointment()).changes
    assert (change.error, asked(sandbox, "GET")) == (None, 0)


def test_what_was_sent_at_once_is_recorded_as_sent(make_kit, sandbox, appointment, provider):
    """The look-up says so too: the person has it, the report warns, and no second one is parked for that time."""
    kit = make_kit(provider=provider)
    sandbox.fault("word", times=1, method="POST", word="queued")
    sandbox.fault("word", times=1, method="GET", word="sent")
    report = kit.sync(appointment())
    assert report.changes[0].error.endswith("looked up, it is sent")
    assert kit.status()["messages"] == {"sent": 1}
    kit.sync(appointment())
    assert len(sandbox.messages()) == 1


def test_what_reaches_nobody_is_a_failure_and_parked_anew(make_kit, sandbox, appointment):
    """The provider cancelled it before we asked: the run says so, and the next one parks another."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    sandbox.fault("word", times=1, method="POST", word="queued")
    sandbox.fault("word", times=1, method="GET", word="cancelled")
    (change,) = kit.sync(appointment()).changes
    assert (change.outcome, kit.status()["messages"]) == ("failed", {"cancelled": 1})
    assert change.error.endswith("looked up, it is cancelled")
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert kit.status()["messages"] == {"cancelled": 1, "scheduled": 1}


@pytest.mark.parametrize("fault", [{"kind": "word", "word": "pondering"}, {"kind": "503"}, {"kind": "drop_before"}])
def test_until_the_provider_says_where_it_is_it_is_looked_up_again(make_kit, sandbox, appointment, provider, fault):
    """It counts as parked, one question goes per back-off, and the doubt ends with the answer."""
    kit = make_kit(provider=provider)
    sandbox.fault("word", times=1, method="POST", word="queued")
    sandbox.fault(fault["kind"], times=2, method="GET", **({"word": fault["word"]} if "word" in fault else {}))
    assert kit.sync(appointment()).ok
    for questions in (1, 2, 3, 3):
        assert asked(sandbox, "GET") == questions
        assert kit.status()["messages"] == {"scheduled": 1}
        sandbox.clock.advance(minutes=6)
        kit.resync()
    assert "schedule" in str(kit.explain("A-1"))
    assert len(sandbox.messages()) == len(sandbox.parked()) == 1


def test_twilios_queued_is_no_word_on_where_a_message_is(make_kit, sandbox, appointment):
    """Looked up, it is still `queued`: kept as parked, and taken back by a DELETE's equal before another is parked."""
    kit = make_kit(provider=PROVIDERS["twilio"]())
    sandbox.fault("word", times=1, method="POST", word="accepted")
    sandbox.fault("word", times=1, method="GET", word="queued")
    kit.sync(appointment())
    assert kit.status()["messages"] == {"scheduled": 1}
    visit = appointment()
    kit.sync(evolve(visit, starts_at=visit.starts_at + timedelta(minutes=10), ends_at=None))
    assert len(sandbox.parked()) == 1


def test_a_doubtful_one_is_withdrawn_like_any_other(make_kit, sandbox, appointment, provider):
    """The provider is asked to take it back, whatever its first answer said."""
    kit = make_kit(provider=provider)
    sandbox.fault("word", times=1, method="POST", word="sent")
    kit.sync(appointment())
    assert kit.withdraw("A-1").ok
    assert sandbox.parked() == []


@pytest.mark.parametrize("look_up", [{"kind": "503"}, {"kind": "unauthorized"}, {"kind": "drop_before"}])
@pytest.mark.parametrize("moved", [True, False], ids=["moved", "withdrawn"])
def test_a_look_up_that_fails_bars_nobody_from_taking_the_message_back(
    make_kit, sandbox, appointment, provider, look_up, moved
):
    """Messages can't be read, but taken back: nobody is told of an appointment that is off or was moved."""
    kit = make_kit(provider=provider)
    sandbox.fault("word", times=1, method="POST", word="queued")
    sandbox.fault(look_up["kind"], times=None, method="GET")
    kit.sync(appointment())
    sandbox.clock.advance(minutes=6)
    visit = appointment()
    later = evolve(visit, starts_at=visit.starts_at + timedelta(hours=3), ends_at=None)
    assert (kit.sync(later) if moved else kit.withdraw("A-1")).ok
    expected = [later.starts_at - timedelta(hours=24)] if moved else []
    assert [message.send_at for message in sandbox.parked()] == expected


def test_past_its_time_a_word_that_decides_nothing_means_that_it_went_out(make_kit, sandbox, appointment):
    """Twilio's `queued` of a slow sender, minutes after the send time: sent, presumably, as where nobody answers."""
    kit = make_kit(provider=PROVIDERS["twilio"]())
    visit = appointment()
    kit.sync(visit)
    sandbox.clock.set(visit.starts_at - timedelta(hours=24) + timedelta(minutes=2))
    sandbox.fault("word", times=1, method="GET", word="queued")
    kit.resync()
    assert kit.status()["messages"] == {"sent": 1}


def listing_nothing_known():
    """Return Twilio, whose list says of every message a word that decides nothing."""
    twilio = PROVIDERS["twilio"]()
    listed = twilio.parse_found
    twilio.parse_found = lambda *given, **named: tuple(
        evolve(receipt, status="unknown") for receipt in listed(*given, **named)
    )
    return twilio


def test_a_lost_answer_that_is_found_queued_is_looked_up_in_the_same_run(make_kit, sandbox, appointment):
    """The list says `queued`, the message itself `scheduled`: one run settles both."""
    kit = make_kit(provider=listing_nothing_known())
    sandbox.fault("drop_after", times=1, method="POST")
    assert kit.sync(appointment()).ok
    assert kit.status()["messages"] == {"scheduled": 1}
    assert asked(sandbox, "GET") == 2


def test_a_webhook_that_decides_nothing_is_nobodys_reply(make_kit, sandbox, appointment):
    """Twilio reports `queued` with the person's number: it is told as it is, of no appointment, and moves nothing."""
    kit = make_kit(provider=PROVIDERS["twilio"]())
    kit.sync(appointment("A-0", days=2))
    sandbox.clock.advance(days=1, minutes=5)
    kit.resync()
    kit.sync(appointment("A-1", days=5))
    (parked,) = sandbox.parked()
    event = DeliveryEvent(
        id=f"{parked.id}:queued",
        type="unknown",
        occurred_at=sandbox.now(),
        provider="twilio",
        provider_id=parked.id,
        number=parked.to,
    )
    kit.provider.events = lambda *_given, **_named: (event,)
    told = []
    kit.on("unknown", told.append)
    kit.receive({}, b"")
    assert [(heard.type, heard.appointment) for heard in told] == [("unknown", None)]
    assert kit.status()["messages"] == {"delivered": 1, "scheduled": 1}


def test_a_patient_run_asks_for_one_whose_time_is_over_whatever_its_back_off(make_kit, sandbox, appointment):
    """A look-up was put off beyond the send time: once that is over, the next run settles the message all the same."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    visit = appointment()
    kit.sync(visit)
    send_at = visit.starts_at - timedelta(hours=24)
    sandbox.clock.set(send_at - timedelta(minutes=1))
    (row,) = kit.ledger.read(lambda reader: [record.row for record in reader.records()])
    message = kit.ledger.read(lambda reader: reader.read([row]))[0].messages[0]
    put_off = evolve(message, next_try_at=send_at + timedelta(hours=2), error="no answer")

    def put(transaction):
        claim = transaction.claim([row], "test", sandbox.now(), timedelta(minutes=1))[row]
        transaction.move_message(claim, message, put_off)
        transaction.expire(["test"], [row])

    kit.ledger.submit(put).result()
    sandbox.clock.set(send_at + timedelta(minutes=2))
    assert kit.resync().ok
    assert kit.status()["messages"] == {"delivered": 1}


def test_an_unknown_one_that_turns_up_with_an_undecided_word_went_out(make_kit, sandbox, appointment):
    """A day after its time the list names it at last: the provider has it, so that it is not given up."""
    twilio = PROVIDERS["twilio"]()
    listed, found = twilio.parse_found, []
    twilio.parse_found = lambda *given, **named: tuple(
        evolve(receipt, status="unknown") for receipt in listed(*given, **named) if found
    )
    kit = make_kit(provider=twilio, unknown_outcome="prefer_missing")
    sandbox.fault("drop_after", times=1, method="POST")
    kit.sync(appointment())
    assert kit.status()["messages"] == {"unknown": 1}
    found.append("from now on")
    sandbox.clock.advance(days=5)
    kit.resync()
    assert kit.status()["messages"] == {"sent": 1}


def test_an_odd_answer_to_a_repeated_request_is_looked_up_in_the_same_run(make_kit, sandbox, appointment):
    """The first run could not reach the provider; the second one's request is answered `queued`, and asked about."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    sandbox.fault("drop_before", times=3, method="POST")
    assert [change.outcome for change in kit.sync(appointment()).changes] == ["failed"]
    sandbox.clock.advance(minutes=6)
    sandbox.fault("word", times=1, method="POST", word="queued")
    assert kit.resync().ok
    assert asked(sandbox, "GET") == 1
    assert kit.status()["messages"] == {"scheduled": 1}


def test_a_lost_one_found_queued_by_a_later_run_is_looked_up_in_it(make_kit, sandbox, appointment):
    """The list could not be read at first, and then says `queued`: that run asks for the message itself too."""
    kit = make_kit(provider=listing_nothing_known())
    sandbox.fault("drop_after", times=1, method="POST")
    sandbox.fault("503", times=1, method="GET", path="*/Messages.json")
    kit.sync(appointment())
    sandbox.clock.advance(minutes=6)
    before = asked(sandbox, "GET")
    assert kit.resync().ok
    assert asked(sandbox, "GET") == before + 2
    assert kit.status()["messages"] == {"scheduled": 1}


def test_a_lost_one_that_the_list_says_is_gone_out_needs_no_second_question(make_kit, sandbox, appointment):
    """The list is a look-up already: what it says of a message is recorded as it is."""
    twilio = PROVIDERS["twilio"]()
    listed = twilio.parse_found
    twilio.parse_found = lambda *given, **named: tuple(
        evolve(receipt, status="sent") for receipt in listed(*given, **named)
    )
    kit = make_kit(provider=twilio)
    sandbox.fault("drop_after", times=1, method="POST")
    kit.sync(appointment())
    assert asked(sandbox, "GET") == 1
    assert kit.status()["messages"] == {"sent": 1}


def test_moving_one_in_doubt_counts_for_the_guard_like_any_other(make_kit, sandbox, appointment):
    """Its look-up is due, and yet what the plan does is to take back a parked message."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    sandbox.fault("word", times=1, method="POST", word="queued")
    sandbox.fault("503", times=None, method="GET")
    kit.sync(appointment())
    sandbox.clock.advance(minutes=6)
    visit = appointment()
    (change,) = kit.plan(evolve(visit, starts_at=visit.starts_at + timedelta(hours=3), ends_at=None)).changes
    assert (change.kind.value, change.moves_noticeably) == ("replace", True)
    (change,) = kit.plan(visit).changes
    assert (change.kind.value, change.causes) == ("keep", ("settle",))


def test_history_tells_how_a_doubt_ended(make_kit, sandbox, appointment):
    """First the odd answer, then the confirmation: nothing there says that anything failed."""
    kit = make_kit(provider=PROVIDERS["telnyx"]())
    sandbox.fault("word", times=1, method="POST", word="queued")
    kit.sync(appointment())
    told = [line.strip() for line in str(kit.explain("A-1")).splitlines() if " sync: " in line]
    events = [line.split(" sync: ")[1].split(":")[0] for line in told]
    assert events == ["creating", "scheduled", "scheduled", "schedule"]
