"""What is written of a message: its intent, if it is still wanted, and each step after it, webhooks included."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.delivery.intention import Intention
from reminder_kit.delivery.journal import SameIdError
from reminder_kit.errors import ClaimLostError, IllegalTransitionError
from reminder_kit.ledger.asks import Asks
from reminder_kit.model.consent import Act, ConsentEvent, Party, Way
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Draft
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import HistoryEntry, Identity, ReminderStatus
from reminder_kit.planning.changes import ChangeKind
from reminder_kit.planning.decision import Decision
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.transport.blocking import run_blocking
from tests.delivery.desk import Desk
from tests.factories import DAY, EVENING, NUMBER, START, visit

HERE = visit("A-1", day=3)
SENT_AT = HERE.start_at - timedelta(hours=24)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NONE = timedelta(0)


@pytest.fixture
def desk(make_kit, sandbox):
    return Desk(make_kit([DAY]), sandbox)


def intention(desk, text="Something else", at=SENT_AT + 3 * HOUR, rule=DAY, appointment=HERE, generation=1, **changes):
    """Return the intention to park another message of A-1, three hours after the one that is parked."""
    (reminder,) = reminders_of(appointment, [rule], desk.kit.settings.defaults)
    draft = Draft(NUMBER, text, at)
    decision = Decision(
        desk.record.identity, "new", "r", "p", NUMBER, at, ChangeKind.SCHEDULE, Reason.ON_TIME, ReminderStatus.PARKED,
        reminder=reminder, draft=draft, **changes,
    )  # fmt: skip
    message = evolve(
        desk.before, id="m-new", key="new", state=State.CREATING, draft=draft, provider_id=None, due_at=at,
        start_at=appointment.start_at,
    )  # fmt: skip
    claim = desk.claimed().claim
    entry = HistoryEntry(START, "sync", "creating", desk.record.identity, "new", "r", "m-new")
    return Intention(claim, generation, decision, message, entry, desk.kit.settings.writer)


def commit(desk, wish):
    return desk.kit.ledger.submit(wish).result()


def bar(desk, number=NUMBER):
    said = ConsentEvent("e1", number, Party.RECIPIENT, Act.BAR, START, START, Way.WEBHOOK, "STOP", ())
    desk.kit.ledger.submit(lambda tx: tx.consent.record(said)).result()


def test_an_intention_is_written_whole_or_not(desk):
    """Message, outcome and history; and it says what it is going to ask."""
    wish = intention(desk)
    assert wish.asks == Asks(claim=wish.claim, number=NUMBER, start_at=HERE.start_at)
    assert commit(desk, wish) is True
    record = desk.kit.ledger.read(lambda reader: next(reader.records()))
    assert [one.id for one in record.messages] == [desk.before.id, "m-new"]
    assert {one.key: one.rule for one in record.outcomes} == {desk.before.key: "day-before", "new": "r"}
    assert set(record.outcomes) == {*desk.record.outcomes, wish.decision.record}
    assert desk.kit.ledger.read(lambda reader: reader.history(id="A-1"))[-1].message_id == "m-new"


@pytest.mark.parametrize("why", ["written since", "barred", "another is barred"])
def test_what_is_not_wanted_any_more_is_not_written(desk, why):
    """The appointment was written since it was decided on, or the number is barred."""
    wish = intention(desk)
    if why == "written since":
        desk.kit.record(visit("A-1", 11, day=3))
    else:
        bar(desk, NUMBER if why == "barred" else "+12025550177")
    assert commit(desk, wish.is_wanted) is (why == "another is barred")
    assert commit(desk, wish) is (why == "another is barred")
    messages = desk.kit.ledger.read(lambda reader: next(reader.records())).messages
    assert ("m-new" in {one.id for one in messages}) is (why == "another is barred")


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_it_is_for_one_state_of_its_appointment(desk, generation):
    """Neither an older one nor a newer one."""
    assert commit(desk, intention(desk, generation=generation)) is (generation == 1)


@pytest.mark.parametrize(
    ("changes", "says_the_same"),
    [
        ({}, True),
        ({"text": "Something else"}, False),
        ({"siblings": True}, False),
        ({"at": SENT_AT + 9 * HOUR}, False),
        ({"appointment": visit("A-1", 10, day=3)}, False),
    ],
    ids=["the same words", "other words", "its own appointment's", "hours later", "another start"],
)
def test_what_says_the_same_of_the_same_start_is_in_the_way(desk, changes, says_the_same):
    """In whoever's name it is parked."""
    values = {"text": desk.before.draft.text, "at": SENT_AT + timedelta(minutes=10), **changes}
    if values.pop("siblings", False):
        values["siblings"] = frozenset({desk.before.key})
    assert commit(desk, intention(desk, **values)) is not says_the_same


@pytest.mark.parametrize(
    ("before", "after", "crowded"),
    [
        (NONE, NONE, False),
        (3 * HOUR + SECOND, NONE, True),
        (3 * HOUR - SECOND, NONE, False),
        (NONE, 3 * HOUR + SECOND, False),
        (3 * HOUR + SECOND, HOUR, True),
    ],
    ids=["no clearance", "within", "just beyond", "on the other side", "both"],
)
def test_what_lies_nearer_than_was_meant_is_in_the_way(desk, before, after, crowded):
    """Of what is parked for the number, on either side."""
    assert commit(desk, intention(desk, clearance=(before, after))) is not crowded


def test_after_it_what_is_near_is_in_the_way_too(desk):
    """A message an hour later."""
    assert commit(desk, intention(desk, at=SENT_AT - HOUR, clearance=(NONE, HOUR + SECOND))) is False
    assert commit(desk, intention(desk, at=SENT_AT - HOUR, clearance=(NONE, HOUR - SECOND))) is True


def test_what_a_parked_message_includes_is_not_parked_again(make_kit, sandbox):
    """Nor one that would include what is parked; where nothing is told together, that is no reason."""
    desk = Desk(make_kit([EVENING]), sandbox)
    (included,) = reminders_of(HERE, [EVENING], desk.kit.settings.defaults)
    assert included.key == desk.before.key
    assert commit(desk, intention(desk, rule=EVENING, includes=(included,))) is False
    assert commit(desk, intention(desk, rule=DAY, includes=(included,))) is True
    assert commit(desk, evolve_message(intention(desk, rule=EVENING, at=SENT_AT + 9 * HOUR), "m-2")) is False


def evolve_message(wish, name):
    """Return an intention with a message of another name, for the same reminder."""
    return evolve(wish, message=evolve(wish.message, id=name))


# Each step after it


def journal(desk):
    return desk.dispatchers().first.journal


def move(desk, **changes):
    claimed = desk.claimed()
    return run_blocking(journal(desk).move(claimed, evolve(claimed.message, **changes)))


def test_a_line_of_history_says_what_is_known_of_the_message(desk):
    """When it goes out, what the provider calls it, and whether that is presumed."""
    entry = journal(desk).entry(desk.claimed(), "sent", "why")
    assert entry == HistoryEntry(
        START, "resync", "sent", Identity("default", "A-1"), desk.before.key, "day-before", desk.before.id, "why",
        {"send_at": SENT_AT.isoformat(), "provider_id": desk.before.provider_id},
    )  # fmt: skip
    desk.before = evolve(desk.before, provider_id=None, presumed=True)
    assert journal(desk).entry(desk.claimed(), "sent", "").detail == {"send_at": SENT_AT.isoformat(), "presumed": True}


def test_a_step_is_written_with_its_line(desk):
    """An error alone is a failure, told once however often it is met; one that is over is a step again."""
    assert move(desk, state=State.SENT).state is State.SENT
    assert desk.history() == [("sent", "")]


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        (["503"], [("failed", "503")]),
        (["503", "503"], [("failed", "503")]),
        (["503", "504"], [("failed", "503"), ("failed", "504")]),
        (["503", "504", "503"], [("failed", "503"), ("failed", "504")]),
        (["503", ""], [("failed", "503"), ("scheduled", "")]),
        ([""], []),
    ],
    ids=["one", "the same", "another", "by turns", "over", "none"],
)
def test_an_outage_fills_no_history(desk, errors, told):
    """Each error of a message is told once."""
    for error in errors:
        desk.before = move(desk, error=error)
    assert desk.history() == told


def test_a_step_that_nobody_may_take_is_a_fault(desk):
    """Neither ours nor the provider's."""
    with pytest.raises(IllegalTransitionError, match="scheduled cannot be made rejected"):
        move(desk, state=State.REJECTED)
    assert desk.history() == []


@pytest.mark.parametrize(
    ("webhook", "answer", "stands"),
    [
        ({"state": State.SENT}, {"state": State.CANCELLED}, State.SENT),
        ({"state": State.SENT}, {"state": State.DELIVERED}, State.DELIVERED),
        ({"state": State.DELIVERED}, {"state": State.SENT}, State.DELIVERED),
        ({"state": State.CANCELLED}, {"state": State.SENT}, State.SENT),
    ],
    ids=["sent, cancelled", "sent, delivered", "delivered, sent", "cancelled, sent"],
)
def test_what_a_webhook_told_meanwhile_stands(desk, webhook, answer, stands):
    """The answer follows it as far as the provider may say so."""
    claimed = desk.claimed()
    desk.put(**webhook)
    found = run_blocking(journal(desk).move(claimed, evolve(claimed.message, **answer)))
    assert found.state is stands


def test_an_answer_names_what_a_webhook_moved_by_our_token(desk):
    """The provider's name is new to the ledger: it is kept."""
    desk.put(state=State.CREATING, provider_id=None, uncertain=True)
    claimed = desk.claimed()
    desk.put(state=State.SENT)
    found = run_blocking(journal(desk).move(claimed, evolve(claimed.message, state=State.SCHEDULED, provider_id="P-7")))
    assert (found.state, found.provider_id) == (State.SENT, "P-7")


def test_a_message_that_another_worker_moved_is_lost(desk):
    """It is named, with the state it had."""
    claimed = desk.claimed()
    desk.put(state=State.CANCELLING)
    with pytest.raises(ClaimLostError) as caught:
        run_blocking(journal(desk).move(claimed, evolve(claimed.message, state=State.SENT)))
    assert str(caught.value) == f"message {desk.before.id} is no longer scheduled: another worker moved it"


def test_a_name_that_is_another_messages_settles_nothing(make_kit, sandbox):
    """Which of the two the provider has nobody knows: both are named."""
    desk = Desk(make_kit([DAY]), sandbox)
    desk.kit.sync(visit("B-1", 11, day=4))
    other = desk.kit.ledger.read(lambda reader: next(reader.records(identities=[Identity("default", "B-1")]))).messages[
        0
    ]
    desk.put(state=State.CREATING, provider_id=None, uncertain=True)
    with pytest.raises(SameIdError) as caught:
        move(desk, state=State.SCHEDULED, provider_id=other.provider_id)
    assert str(caught.value) == (
        f"telnyx answered with the id of another message ({other.provider_id}, of appointment 'B-1', rule "
        "'day-before'); it may have been done"
    )
    assert (caught.value.provider, caught.value.code) == ("telnyx", "same_id")


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({"provider_id": "P-7"}, {"token": True, "provider_id": "P-7"}),
        ({"state": State.SENT}, {}),
        ({"provider_id": None}, {}),
    ],
    ids=["a new name", "the same name", "none"],
)
def test_a_step_says_what_it_asks(desk, monkeypatch, changes, asks):
    """For events that wait under a name that is new."""
    seen = []
    submit = desk.kit.ledger.submit
    monkeypatch.setattr(desk.kit.ledger, "submit", lambda op: (seen.append(getattr(op, "asks", None)), submit(op))[1])
    claimed = desk.claimed()
    if changes.get("provider_id"):
        desk.put(state=State.UNKNOWN, provider_id=None)
        claimed = desk.claimed()
        changes = {**changes, "state": State.SCHEDULED}
    run_blocking(journal(desk).move(claimed, evolve(claimed.message, **changes)))
    token = {"token": desk.before.id} if asks.pop("token", False) else {}
    assert seen[-1] == Asks(claim=claimed.claim, **token, **asks)
