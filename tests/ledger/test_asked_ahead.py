"""What operations are going to ask may be asked ahead for all of them: the answers are those of that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import ClaimLostError
from reminder_kit.ledger.asks import Asks, asks_of
from reminder_kit.ledger.databases.runner import CursorRunner
from reminder_kit.model.consent import Writer
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import Claim
from reminder_kit.testing.ledger_stage import LEASE, NOW, PHONE, START, barred, claim_all, incoming, message, record_all

OTHER = "+12025550188"
HOUR = timedelta(hours=1)


@pytest.fixture
def asked(monkeypatch):
    """How many questions a runner of our own was asked since, as a list that grows."""
    seen, rows = [], CursorRunner.rows

    def noted(self, statement, **values):
        seen.append(statement)
        return rows(self, statement, **values)

    monkeypatch.setattr(CursorRunner, "rows", noted)
    return seen


@pytest.fixture
def claims(ledger):
    """Two claimed appointments with a message each, events that wait for both, and a number that is barred."""
    records = record_all(ledger, incoming("A-1"), incoming("A-2"))
    claims = list(claim_all(ledger, [record.row for record in records]).values())
    with ledger.writing() as tx:
        for place, claim in enumerate(claims, 1):
            tx.create_message(claim, message(f"m-{place}", f"k-{place}"), rule="day", recipient="p-1")
            event = DeliveryEvent(f"E-{place}", "sent", NOW, "telnyx", provider_id=f"P-{place}", token=f"m-{place}")
            tx.store_event(event, NOW)
        tx.consent.record(barred(OTHER))
    return claims


def answers(tx, claims):
    """Return all that operations about a message ask."""
    writer = Writer()
    return (
        [tx.generation(claim.row) for claim in claims],
        [tx.is_barred(number, writer) for number in (PHONE, OTHER, "+12025550177")],
        [[twin.key for twin in tx.twins(number, START)] for number in (PHONE, OTHER)],
        [twin.key for twin in tx.twins(PHONE, START + HOUR)],
        [
            [event.id for event in tx.unmatched_events(**{by: name})]
            for by, name in (("token", "m-1"), ("provider_id", "P-2"), ("token", "m-?"), ("provider_id", "P-?"))
        ],
    )


ALL = [
    *(Asks(number=number, start_at=START) for number in (PHONE, OTHER)),
    Asks(number=PHONE, start_at=START + HOUR),
    Asks(number="+12025550177"),
    Asks(start_at=START),
    *(Asks(token=name) for name in ("m-1", "m-?")),
    *(Asks(provider_id=name) for name in ("P-2", "P-?")),
    Asks(),
]


def test_what_was_asked_ahead_is_not_asked_again_and_answered_alike(ledger, claims, asked):
    """One question of each kind: claims, consent, what is written about starts, and events by either name."""
    with ledger.writing() as tx:
        plain = answers(tx, claims)
    assert plain == ([1, 1], [False, True, False], [["k-1", "k-2"], []], [], [["E-1"], ["E-2"], [], []])
    with ledger.writing() as tx:
        asked.clear()
        tx.foresee([*(Asks(claim=claim) for claim in claims), *ALL])
        assert len(asked) == (6 if tx.reader._runner.kind == "postgresql" else 5)
        asked.clear()
        assert answers(tx, claims) == plain
        assert asked == []


@pytest.mark.parametrize(
    ("asks", "count"),
    [
        (Asks(), 0),
        (Asks(start_at=START), 0),
        (Asks(number=PHONE), 1),
        (Asks(number=PHONE, start_at=START), 2),
        (Asks(token="m-1"), 1),
        (Asks(provider_id="P-1"), 1),
        (Asks(token="m-1", provider_id="P-1"), 2),
    ],
    ids=["nothing", "a start alone", "a number", "a number and a start", "our name", "the provider's name", "both"],
)
def test_nothing_is_asked_that_no_operation_asks(sqlite_ledger, asked, asks, count):
    """A start says nothing without a number."""
    with sqlite_ledger.writing() as tx:
        asked.clear()
        tx.foresee([asks, Asks()])
        assert len(asked) == count


def test_a_write_that_is_put_off_is_known_and_any_other_is_looked_for_anew(ledger, claims, asked):
    """A message just made is a twin at once; what was asked ahead is forgotten with the next write."""
    with ledger.writing() as tx:
        tx.foresee([*(Asks(claim=claim) for claim in claims), *ALL])
        asked.clear()
        tx.create_message(claims[0], message("m-9", "k-9"), rule="day", recipient="p-1")
        new = tx.twins(PHONE, START)[-1]
        made = message("m-9", "k-9")
        assert (new.key, new.send_at, new.due_at, new.text) == ("k-9", made.send_at, made.due_at, made.draft.text)
        assert asked == []
        away = evolve(made, id="m-8", key="k-8", start_at=START + 9 * HOUR)
        tx.create_message(claims[0], away, rule="day", recipient="p-1")
        tx.store_event(DeliveryEvent("E-9", "sent", NOW, "telnyx", token="m-1"), NOW)
        assert [event.id for event in tx.unmatched_events(token="m-1")] == ["E-1", "E-9"]
        assert [twin.key for twin in tx.twins(PHONE, START)] == ["k-1", "k-2", "k-9"]
        assert [twin.key for twin in tx.twins(PHONE, START + 9 * HOUR)] == ["k-8"]
        assert asked


@pytest.mark.parametrize("changes", [{"owner": "two"}, {"fence": 2}, {"fence": 0}, {"row": 9}])
def test_a_claim_that_does_not_hold_is_refused_whether_or_not_it_was_asked_ahead(ledger, claims, changes):
    """By owner, fence and row; the row is named, and who holds it by right is not disturbed."""
    lost = evolve(claims[0], **changes)
    for ahead in (False, True):
        with ledger.writing() as tx:
            if ahead:
                tx.foresee([Asks(claim=lost), Asks(claim=claims[0])])
            with pytest.raises(ClaimLostError) as error:
                tx.keep_outcomes(lost, [])
            assert str(error.value) == (
                f"the claim on row {lost.row} of the ledger ran out and another worker took over: nothing was written; "
                "that worker, or the next resync, finishes the work"
            )
            tx.keep_outcomes(claims[0], [])


def test_a_claim_that_holds_is_proven_once(ledger, claims, asked):
    """Until the transaction ends, or it is over: released, expired, or claimed again."""
    first, second = claims
    with ledger.writing() as tx:
        asked.clear()
        tx.keep_outcomes(first, [])
        tx.keep_outcomes(first, [])
        assert len(asked) == 1
        assert tx.expire(["one"], [second.row]) == 1
        with pytest.raises(ClaimLostError):
            tx.keep_outcomes(second, [])
        assert tx.expire_rows([first.row]) == 1
        with pytest.raises(ClaimLostError):
            tx.keep_outcomes(first, [])
        (again,) = tx.claim([first.row], "one", NOW, LEASE).values()
        assert again == Claim(first.row, "one", first.fence + 1)
        with pytest.raises(ClaimLostError):
            tx.keep_outcomes(first, [])
        tx.keep_outcomes(again, [])


def test_an_operation_says_what_it_asks_or_nothing():
    """Whatever else it calls so says nothing."""

    class Operation:
        asks = Asks(number=PHONE)

    class Odd:
        asks = "a number"

    assert asks_of(Operation()) == Asks(number=PHONE)
    assert asks_of(Odd()) == asks_of(lambda tx: None) == Asks()
    assert (Asks().claim, Asks().number, Asks().start_at, Asks().token, Asks().provider_id) == (None, "", None, "", "")
