"""A stale request repeated as a question: only where a text leaving now would be wanted, allowed and true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.ports import NoAnswerError, NotSentError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER, visit
from tests.simulation.world import Died

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")


@pytest.fixture
def asked(sandbox):
    """Return the function that says how often the first request was repeated since the provider is back."""

    def count():
        first = next(request for request in sandbox.requests if request.method == "POST")
        return sum(
            (request.idempotency_key, request.body) == (first.idempotency_key, first.body) and not request.fault
            for request in sandbox.requests
        )

    return count


@pytest.fixture
def in_doubt(make_kit, sandbox):
    """Return a factory of kits with a message in doubt whose time is over; the provider is back, and sends at once."""

    def make(appointment, *, hours=1, acted=False, **options):
        kit = make_kit([DAY], concurrency=1, **options)
        sandbox.past_send_at = "send"
        sandbox.fault("drop_after" if acted else "drop_before", method="POST")
        sandbox.fault("503", times=None)
        kit.sync(appointment)
        sandbox.clock.advance(hours=hours)
        sandbox.faults.clear()
        return kit

    return make


def texts(sandbox):
    return [message.text for message in sandbox.inbox(NUMBER)]


def test_a_fresh_success_is_the_reminder_and_recorded_as_sent(in_doubt, sandbox, asked):
    """The first request never arrived: its repetition leaves now, is looked up, and is not followed by another."""
    kit = in_doubt(visit("A-1", day=1))
    assert kit.resync().ok
    assert (asked(), kit.status()["messages"]) == (1, {"sent": 1})
    sandbox.clock.advance(minutes=10)
    assert kit.resync().ok
    assert texts(sandbox) == ["See you tomorrow at 9:00 AM"]


def test_a_question_takes_one_place_in_the_rate(in_doubt, sandbox):
    """As any other request; whoever waited for it before it was written down waits for no other."""
    kit, turns = in_doubt(visit("A-1", day=1)), []
    io, before = kit._executor.route.io, len(sandbox.requests)
    waits = io.turn

    async def turn():
        turns.append(len(sandbox.requests) - before)
        await waits()

    io.turn = turn
    kit.resync()
    assert turns == list(range(len(sandbox.requests) - before))


def test_a_replayed_success_settles_it_and_proves_that_keys_are_honoured(in_doubt, sandbox, asked):
    """The first request was carried out: the person has its text, and the ledger remembers what that shows."""
    kit = in_doubt(visit("A-1", day=1), acted=True)
    kit.resync()
    assert (asked(), len(texts(sandbox))) == (1, 1)
    assert set(kit.status()["messages"]) <= {"sent", "delivered"}
    noted = f"telnyx {kit.settings.account} honours idempotency keys"
    assert noted in kit.ledger.read(lambda reader: reader.runs())


@pytest.mark.parametrize("error", [NotSentError, NoAnswerError])
def test_nothing_is_asked_of_one_that_can_not_be_reached(in_doubt, sandbox, asked, monkeypatch, error):
    """No connection, or no answer, to the empty request that shows whether it answers: the next run asks again."""
    kit = in_doubt([visit(f"A-{n}", day=1, phone=f"+120255501{n:02}") for n in range(30)] + [visit("A-X", day=1)])
    send, tried = kit._io.send, []

    async def unreachable(request):
        tried.append(request)
        raise error("telnyx at api.telnyx.com: no connection")

    monkeypatch.setattr(kit._io, "send", unreachable)
    assert not kit.resync().ok
    assert len(tried) <= 10  # the circuit breaker learns from it
    assert asked() == 0
    monkeypatch.setattr(kit._io, "send", send)
    for _ in range(12):
        sandbox.clock.advance(minutes=10)
        kit.resync()
    assert len(texts(sandbox)) == 1


def test_in_quiet_hours_nothing_is_asked(in_doubt, sandbox, asked):
    """A question may be a text: it is not asked at night, and the reminder comes in the morning."""
    quiet = QuietHours("21:00", "08:00")
    kit = in_doubt(visit("A-1", hour=22, day=1), hours=12.75, quiet_hours=quiet)
    kit.resync()
    assert (asked(), texts(sandbox)) == (0, [])
    for _ in range(14):
        sandbox.clock.advance(hours=1)
        kit.resync()
    assert texts(sandbox) == ["See you today at 10:00 PM"]


def test_words_that_are_no_longer_true_are_not_repeated(in_doubt, sandbox, asked):
    """The text says "tomorrow", and it is today: another one is made, in true words."""
    kit = in_doubt(visit("A-1", hour=20, day=1), hours=23)
    kit.resync()
    assert asked() == 0
    sandbox.clock.advance(minutes=6)
    assert texts(sandbox) == ["See you today at 8:00 PM"]


@pytest.mark.parametrize("what", ["cancelled", "withdrawn", "moved", "suppressed", "another number", "other words"])
def test_what_changed_meanwhile_is_not_repeated(in_doubt, sandbox, asked, what):
    """Nobody is told of an appointment that is off, elsewhere in time, or not theirs any more."""
    appointment = visit("A-1", day=1)
    kit = in_doubt(appointment)
    if what == "withdrawn":
        kit.withdraw("A-1")
    elif what == "suppressed":
        kit.suppress(NUMBER)
    else:
        changes = {
            "cancelled": {"status": "cancelled"},
            "moved": {"starts_at": appointment.starts_at + timedelta(hours=2), "ends_at": None},
            "another number": {"recipients": visit("A-1", phone="+12025550124").recipients},
            "other words": {"timezone": "America/Chicago"},
        }[what]
        kit.sync(evolve(appointment, **changes))
    kit.resync()
    assert asked() == 0
    sandbox.clock.advance(hours=1)
    true = {"moved": ["See you tomorrow at 11:00 AM"], "other words": ["See you tomorrow at 8:00 AM"]}
    assert texts(sandbox) == true.get(what, [])


def test_after_the_start_nothing_is_asked(in_doubt, sandbox, asked):
    """A text that tells of what is over helps nobody."""
    kit = in_doubt(visit("A-1", hour=20, day=0), hours=12)
    kit.resync()
    assert (asked(), texts(sandbox)) == (0, [])


def test_a_key_that_died_asks_nothing(in_doubt, asked):
    """Without its key the request would be a second message for sure."""
    kit = in_doubt(visit("A-1", day=2), hours=30)
    kit.resync()
    assert asked() == 0


def test_what_one_account_has_shown_says_nothing_of_another(in_doubt, sandbox, make_kit):
    """Keys are proven for the account that met the proof: with another key nothing is repeated yet."""
    kit = in_doubt(visit("A-1", day=1), acted=True)
    kit.resync()
    other = make_kit([DAY], provider=Telnyx("OTHER", "+12025550100"), concurrency=1, unknown_outcome="prefer_missing")
    sandbox.fault("drop_before", times=3, method="POST")
    other.sync(visit("A-2", day=1, phone="+12025550124"))
    sandbox.clock.advance(hours=1)
    other.resync()
    assert sandbox.messages("+12025550124") == []


def test_prefer_missing_asks_only_where_keys_are_proven(in_doubt, sandbox, asked, make_kit):
    """Nothing is repeated past its time before the provider has shown that it honours keys; then it is asked."""
    kit = in_doubt(visit("A-1", day=1), unknown_outcome="prefer_missing")
    kit.resync()
    assert (asked(), texts(sandbox), kit.status()["messages"]) == (0, [], {"unknown": 1})


def test_a_question_is_asked_once_where_keys_are_not_proven(in_doubt, sandbox, asked):
    """Its answer is lost as well: that may be a second text, so that neither another question nor a message follows."""
    sandbox.idempotency = False
    kit = in_doubt(visit("A-1", day=1), acted=True)
    sandbox.fault("drop_after", times=None, method="POST", containing="See you")
    for _ in range(30):
        kit.resync()
        sandbox.clock.advance(minutes=6)
    assert len(texts(sandbox)) == 2
    assert kit.status()["messages"] == {"unknown": 1}
    assert sum(request.fault == "drop_after" for request in sandbox.requests) == 2


def test_a_question_counts_as_asked_before_it_leaves(in_doubt, sandbox, monkeypatch):
    """The process dies with the question: it may have been a text, so that the next process asks no more."""
    sandbox.idempotency = False
    kit = in_doubt(visit("A-1", day=1), acted=True)
    send = kit._io.send

    async def dying(request):
        answer = await send(request)
        if b"See you" in request.body:
            raise Died
        return answer

    monkeypatch.setattr(kit._io, "send", dying)
    with pytest.raises(Died):
        kit.resync()
    monkeypatch.setattr(kit._io, "send", send)
    for _ in range(30):
        kit.resync()
        sandbox.clock.advance(minutes=6)
    assert len(texts(sandbox)) == 2
    assert kit.status()["messages"] == {"unknown": 1}


def test_a_question_is_asked_of_a_provider_that_answers(in_doubt, sandbox, asked):
    """While it is down something without recipient is posted instead, which changes nothing; the question keeps."""
    kit = in_doubt(visit("A-1", day=1))
    sandbox.fault("503", times=None, method="POST")
    before = len(sandbox.requests)
    for _ in range(5):
        kit.resync()
        sandbox.clock.advance(minutes=6)
    assert {request.body for request in list(sandbox.requests)[before:]} == {b"{}"}
    sandbox.faults.clear()
    assert kit.resync().ok
    assert (asked(), len(texts(sandbox))) == (1, 1)


@pytest.mark.parametrize("look_up", ["503", "drop_before", "unauthorized"])
def test_a_question_whose_look_up_fails_leaves_one_text(in_doubt, sandbox, look_up):
    """It was taken, and nobody can say what became of it: it counts as sent, and no other one is made."""
    kit = in_doubt(visit("A-1", day=1))
    sandbox.fault(look_up, times=None, method="GET", path="*/messages/*")
    kit.resync()
    for _ in range(5):
        sandbox.clock.advance(minutes=6)
        kit.resync()
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert len(texts(sandbox)) == 1


def test_a_refused_question_settles_nothing_without_proof(in_doubt, sandbox):
    """The account refuses it now: the first request may have been taken before, so that the message stays in doubt."""
    kit = in_doubt(visit("A-1", day=1), acted=True)
    sandbox.fault("error", times=None, method="POST", status=400, code="40312")
    kit.resync()
    assert kit.status()["messages"] == {"creating": 1}
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=16)
    assert kit.resync().ok
    assert len(texts(sandbox)) == 1
