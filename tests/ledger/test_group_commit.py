"""Group commit: together when many wait, at once when one does, and nobody pays for another's fault."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from itertools import pairwise
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from attrs import evolve, frozen

from reminder_kit.errors import ClaimLostError, LedgerError
from reminder_kit.ledger import group_commit
from reminder_kit.ledger.asks import Asks
from reminder_kit.ledger.databases.runner import ConnectionRunner, CursorRunner
from reminder_kit.model.consent import Writer
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import DeliveryEvent, Message
from reminder_kit.model.records import Claim, RecordResult
from reminder_kit.testing.ledger_contract import LEASE, NOW, incoming, message


def recorded(name):
    return lambda transaction: transaction.record([incoming(name)], NOW)[0]


def names(ledger):
    return [record.identity.id for record in ledger.read(lambda reader: list(reader.records()))]


@pytest.fixture
def gate(ledger):
    """Keep the writer busy until released, so that what is submitted meanwhile waits together."""
    entered, opened = threading.Event(), threading.Event()

    def wait(_transaction):
        entered.set()
        assert opened.wait(20)

    first = ledger.submit(wait)
    assert entered.wait(20)
    yield opened.set
    opened.set()
    first.result()


@pytest.fixture
def commits(ledger):
    """The number of commits so far, as a list that grows."""
    seen = []

    def count(connection):
        seen.append(connection)

    sa.event.listen(sa.engine.Engine, "commit", count)
    yield seen
    sa.event.remove(sa.engine.Engine, "commit", count)


def test_what_waits_is_committed_together_in_order(ledger, gate, commits):
    """Forty operations that wait behind a busy writer take three commits at most, in the order given."""
    given = [f"A-{index}" for index in range(40)]
    futures = [ledger.submit(recorded(name)) for name in given]
    gate()
    assert [future.result(20) for future in futures] == [RecordResult.NEW] * 40
    assert len(commits) <= 3
    assert names(ledger) == given


def test_no_group_is_larger_than_a_hundred(ledger, gate, commits):
    """A group holds a hundred operations at most: 250 that wait together need three commits."""
    futures = [ledger.submit(lambda transaction: transaction.generation(1)) for _ in range(250)]
    gate()
    for future in futures:
        future.result(20)
    assert len(commits) >= 3


def test_one_that_fails_harms_no_other(ledger, gate):
    """An operation that raises is undone alone; the others of its group are committed."""

    def broken(transaction):
        transaction.record([incoming("broken")], NOW)
        raise ZeroDivisionError

    futures = [ledger.submit(row) for row in (recorded("A-1"), broken, recorded("A-2"))]
    gate()
    assert futures[0].result(20) is futures[2].result(20) is RecordResult.NEW
    with pytest.raises(ZeroDivisionError):
        futures[1].result(20)
    assert names(ledger) == ["A-1", "A-2"]


def test_a_fault_that_shows_when_written_is_told_to_its_owner(ledger, gate):
    """Where the database refuses a row only at its write, that operation fails and its neighbours are kept."""

    def created(name, id_):
        def operation(transaction):
            row = transaction.reader.rows([incoming(name).identity]).get(incoming(name).identity)
            if row is None:
                transaction.record([incoming(name)], NOW)
                row = transaction.reader.rows([incoming(name).identity])[incoming(name).identity]
            (claim,) = transaction.claim([row], "one", NOW, NOW - NOW).values()
            transaction.create_message(claim, message(id_), rule="r", recipient="p")

        return operation

    futures = [ledger.submit(created(name, id_)) for name, id_ in (("A-1", "m-1"), ("A-2", "m-1"), ("A-3", "m-3"))]
    gate()
    futures[0].result(20)
    futures[2].result(20)
    with pytest.raises(LedgerError):
        futures[1].result(20)
    assert names(ledger) == ["A-1", "A-3"]


class MetError(Exception):
    """What a driver raises where two transactions met."""

    sqlstate = "40001"


def test_what_meets_others_again_and_again_is_told_so(ledger, monkeypatch):
    """It is tried a few times, after longer and longer waits, and never for ever: whoever waits hears of it."""
    tried, waits = [], []
    monkeypatch.setattr(group_commit, "time", SimpleNamespace(sleep=waits.append, monotonic=time.monotonic))

    def meets(_transaction):
        tried.append(1)
        raise LedgerError("it met another one") from MetError()

    with pytest.raises(LedgerError, match="it met another one"):
        ledger.submit(meets).result(20)
    assert 2 < len(tried) < 10
    assert len(waits) > 1
    assert waits[0] > 0
    assert all(longer > shorter for shorter, longer in pairwise(waits))
    assert ledger.submit(recorded("A-1")).result(20) is RecordResult.NEW


def test_a_future_completes_after_the_commit(ledger):
    """When a future has its result, readers find what the operation wrote."""
    assert ledger.submit(recorded("A-1")).result(20) is RecordResult.NEW
    assert names(ledger) == ["A-1"]


def test_errors_keep_their_class(ledger):
    """What an operation raises reaches its submitter in its own class."""
    with pytest.raises(ClaimLostError):
        ledger.submit(lambda transaction: transaction.move_message(None, message(), message())).result(20)


def test_what_was_cancelled_before_its_turn_is_not_run(ledger, gate):
    """An operation that was cancelled while it waited writes nothing, and the one behind it is run."""
    future = ledger.submit(recorded("A-1"))
    assert future.cancel()
    other = ledger.submit(recorded("A-2"))
    gate()
    other.result(20)
    with pytest.raises(CancelledError):
        future.result(20)
    assert names(ledger) == ["A-2"]


def test_closing_finishes_what_was_submitted(ledger, gate):
    """Closing finishes what was submitted and the ledger can be used again."""
    futures = [ledger.submit(recorded(f"A-{index}")) for index in range(5)]
    gate()
    ledger.close()
    assert all(future.done() for future in futures)
    assert ledger.submit(recorded("A-9")).result(20) is RecordResult.NEW
    assert len(names(ledger)) == 6


def test_an_operation_that_would_wait_for_another_is_told_so(ledger):
    """Submitting from inside an operation would wait for itself: it is refused with the remedy."""

    def nested(_transaction):
        return ledger.submit(recorded("A-1"))

    with pytest.raises(LedgerError, match="call the transaction itself"):
        ledger.submit(nested).result(20)


def test_many_threads_share_one_ledger(ledger):
    """Six threads that write and read through one ledger lose none of their sixty records."""

    def work(number):
        for index in range(10):
            ledger.submit(recorded(f"A-{number}-{index}")).result(20)
            ledger.read(lambda reader: reader.suppressions())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(names(ledger))) == 60


def test_a_ledger_that_cannot_be_written_tells_all_who_wait(tmp_path, ledgers):
    """When the file can't be opened, each operation that waits gets the error, and none hangs."""
    broken = ledgers(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}")
    futures = [broken.submit(recorded(f"A-{index}")) for index in range(3)]
    for future in futures:
        with pytest.raises(LedgerError, match="create its folder"):
            future.result(20)


# Together


@pytest.fixture
def parked(ledger):
    """Three appointments, each claimed and with a message in `creating`: claims and messages, in order."""
    with ledger.writing() as transaction:
        transaction.record([incoming(f"A-{index}") for index in range(3)], NOW)
        claims = list(transaction.claim([1, 2, 3], "one", NOW, LEASE).values())
        messages = [message(f"m-{claim.row}", f"k-{claim.row}", state=State.CREATING) for claim in claims]
        for claim, one in zip(claims, messages, strict=True):
            transaction.create_message(claim, one, rule="r", recipient="p")
    return list(zip(claims, messages, strict=True))


@frozen
class Moved:
    """An operation that gives a message its provider's name, and says what it asks."""

    claim: Claim
    before: Message
    provider_id: str
    state: State = State.SCHEDULED

    @property
    def asks(self):
        return Asks(claim=self.claim, token=self.before.id, provider_id=self.provider_id)

    def __call__(self, transaction):
        after = evolve(self.before, state=self.state, provider_id=self.provider_id, uncertain=False)
        transaction.move_message(self.claim, self.before, after)
        return transaction.unmatched_events(token=self.before.id, provider_id=self.provider_id)


def states(ledger):
    return [one.state for record in ledger.read(lambda reader: list(reader.records())) for one in record.messages]


@pytest.fixture
def statements(monkeypatch):
    """What runners were given since, one name a statement; of one that is run for many rows, one."""
    seen = []
    for kind in (CursorRunner, ConnectionRunner):
        for name in ("rows", "run", "many"):
            run = getattr(kind, name)

            def noted(self, *args, _run=run, _name=name, **values):
                seen.append(_name)
                return _run(self, *args, **values)

            monkeypatch.setattr(kind, name, noted)
    return seen


def test_many_operations_take_a_handful_of_statements(ledger, parked, gate, statements):
    """What three operations ask is asked once for all of them, and what they write is written together."""
    futures = [ledger.submit(Moved(claim, one, f"p-{claim.row}")) for claim, one in parked]
    statements.clear()
    gate()
    assert [future.result(20) for future in futures] == [[], [], []]
    assert (statements.count("rows"), statements.count("many")) == (3, 1)
    assert states(ledger) == [State.SCHEDULED] * 3


def test_who_moves_a_message_in_vain_is_told_and_harms_no_other(ledger, parked, gate):
    """One whose message is in another state by then, and one whose claim is over, fail alone."""
    (first, one), (second, two), (third, three) = parked
    lost = Moved(evolve(second, fence=second.fence - 1), two, "p-2")
    wrong = Moved(third, evolve(three, state=State.SCHEDULED), "p-3", State.CANCELLING)
    futures = [ledger.submit(operation) for operation in (lost, Moved(first, one, "p-1"), wrong)]
    gate()
    futures[1].result(20)
    with pytest.raises(ClaimLostError, match="took over"):
        futures[0].result(20)
    with pytest.raises(ClaimLostError, match="no longer scheduled"):
        futures[2].result(20)
    assert states(ledger) == [State.SCHEDULED, State.CREATING, State.CREATING]


def test_who_is_overtaken_and_knows_what_to_do_then_is_committed_with_the_others(ledger, parked, gate, commits):
    """A webhook moved one of the messages meanwhile: whoever moves it too finds that out, in the same commit."""
    (first, one), (second, two), _ = parked
    told = []

    def overtaken(transaction):
        try:
            Moved(second, evolve(two, state=State.SCHEDULED), "p-2", State.SENT)(transaction)
        except ClaimLostError:
            told.append("moved already")
        return "done"

    futures = [ledger.submit(operation) for operation in (Moved(first, one, "p-1"), overtaken)]
    commits.clear()
    gate()
    assert [future.result(20) for future in futures] == [[], "done"]
    assert told == ["moved already"]
    assert len(commits) <= 2  # one is the gate's
    assert states(ledger)[:2] == [State.SCHEDULED, State.CREATING]


def test_two_messages_get_no_name_in_common(ledger, parked, gate):
    """Where one group gives two messages the same name, the second is told."""
    futures = [ledger.submit(Moved(claim, one, "p-1")) for claim, one in parked[:2]]
    gate()
    futures[0].result(20)
    with pytest.raises(ClaimLostError):
        futures[1].result(20)
    assert states(ledger)[:2] == [State.SCHEDULED, State.CREATING]


def test_what_was_asked_ahead_is_forgotten_with_the_next_write(ledger, parked, gate):
    """An operation sees what one before it in the group wrote: appointments, consent and events."""
    (claim, one), *_ = parked

    @frozen
    class Asking:
        asks = Asks(claim=claim, number=one.draft.to, token=one.id, provider_id="p-1")

        def __call__(self, transaction):
            waiting = transaction.unmatched_events(token=one.id, provider_id="p-1")
            return transaction.generation(1), transaction.is_barred(one.draft.to, Writer()), len(waiting)

    def writing(transaction):
        transaction.record([incoming("A-0", title="Another title")], NOW)
        transaction.consent.suppress(one.draft.to, "asked", id="c-1", at=NOW, way="host")
        transaction.store_event(DeliveryEvent("e-1", "sent", NOW, "telnyx", "p-1"), NOW)

    asking = Asking()
    futures = [ledger.submit(operation) for operation in (asking, writing, asking)]
    gate()
    assert futures[0].result(20) == (1, False, 0)
    assert futures[2].result(20) == (2, True, 1)
