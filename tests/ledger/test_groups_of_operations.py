"""Which operations are committed together, how often one is tried, and how the thread that commits begins and ends."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from contextlib import contextmanager

import pytest

from reminder_kit.errors import LedgerError
from reminder_kit.ledger.group_commit import Group
from reminder_kit.ledger.openings import Done, Openings, give_back
from reminder_kit.testing.ledger_stage import NOW, incoming


@pytest.fixture
def opened(sqlite_ledger):
    """What opens transactions, and how each was opened, as a list that grows: together or not."""

    @contextmanager
    def writing(*, together=False):
        with sqlite_ledger.writing(together=together) as tx:
            writing.seen.append(together)
            yield tx

    writing.seen = []
    return writing


@pytest.fixture
def group():
    """A group of three operations at once."""
    made = Group(most=3)
    yield made
    made.close()


class MetError(LedgerError):
    """What is worth another try."""

    def __init__(self):
        super().__init__("met another one")
        self.__cause__ = type("DriverError", (Exception,), {"sqlstate": "40001"})("met")


def failing(times, kind):
    """Return an operation that fails so many times, and how often it was run, as a list that grows."""
    runs = []

    def operation(tx):
        runs.append(tx)
        if len(runs) <= times:
            raise kind
        return len(runs)

    return operation, runs


@pytest.mark.few(3)
@pytest.mark.parametrize("times", range(8))
def test_one_that_meets_others_is_tried_five_times_by_itself(group, opened, times):
    """After the once that it was run with others."""
    operation, runs = failing(times, MetError())
    future = group.submit(operation, opened, "default")
    if times <= 5:
        assert future.result(20) == times + 1
    else:
        with pytest.raises(MetError):
            future.result(20)
    assert len(runs) == min(times + 1, 6)
    assert opened.seen == [True] + [False] * (len(runs) - 1)


def test_one_that_fails_alone_is_not_run_again(group, opened):
    """It would fail again."""
    operation, runs = failing(1, ValueError("odd"))
    with pytest.raises(ValueError, match="odd"):
        group.submit(operation, opened, "default").result(20)
    assert len(runs) == 1


def held(group, opened):
    """Have the group busy until the event that is returned is set."""
    entered, may_end = threading.Event(), threading.Event()

    def wait(_tx):
        entered.set()
        assert may_end.wait(20)
        return "first"

    future = group.submit(wait, opened, "default")
    assert entered.wait(20)
    threading.Event().wait(0.02)  # what comes within 10 ms is taken along
    return future, may_end


def test_no_more_than_so_many_are_run_together_in_their_order(group, opened):
    """Those that wait behind a busy thread, three at a time."""
    first, may_end = held(group, opened)
    transactions = []
    futures = [
        group.submit(lambda tx, number=number: (transactions.append(id(tx)), number)[1], opened, "default")
        for number in range(7)
    ]
    may_end.set()
    assert [first.result(20), *(future.result(20) for future in futures)] == ["first", *range(7)]
    assert opened.seen == [True] * 4
    assert len(transactions) == 7


def test_one_that_fails_has_each_of_its_group_run_alone(group, opened):
    """The others once more, and it as well."""
    first, may_end = held(group, opened)
    operation, runs = failing(9, KeyError("odd"))
    futures = [group.submit(one, opened, "default") for one in (lambda tx: 1, operation, lambda tx: 3)]
    may_end.set()
    assert first.result(20) == "first"
    assert (futures[0].result(20), futures[2].result(20)) == (1, 3)
    with pytest.raises(KeyError):
        futures[1].result(20)
    assert len(runs) == 2
    assert opened.seen == [True, True, False, False, False]


def test_where_no_transaction_can_be_opened_all_who_wait_are_told(group, opened):
    """Also those beyond the first few; whoever comes later is tried anew."""

    @contextmanager
    def refused(*, together=False):
        raise LedgerError(f"refused {together}")
        yield

    first, may_end = held(group, opened)
    futures = [group.submit(lambda tx: 1, refused, "default") for _ in range(5)]
    may_end.set()
    assert first.result(20) == "first"
    for future in futures:
        with pytest.raises(LedgerError, match="refused True"):
            future.result(20)
    assert group.submit(lambda tx: 2, opened, "default").result(20) == 2


def test_an_operation_sees_its_own_namespace(group, opened, sqlite_ledger):
    """Committed in one transaction with those of others."""
    first, may_end = held(group, opened)
    for name in ("north", "south"):
        group.submit(lambda tx, name=name: tx.mark_run(name, NOW, {}), opened, name)
    may_end.set()
    first.result(20)
    group.close()
    runs = [list(sqlite_ledger.namespaced(name).read(lambda reader: reader.runs())) for name in ("north", "south")]
    assert runs == [["north"], ["south"]]


def test_who_would_wait_for_oneself_is_told_so(group, opened):
    """Whole."""
    with pytest.raises(LedgerError) as error:
        group.submit(lambda tx: group.submit(lambda other: 1, opened, "default"), opened, "default").result(20)
    said = "an operation of the ledger can't wait for another one: call the transaction itself"
    assert str(error.value) == said


def threads():
    return [one for one in threading.enumerate() if one.name == "reminder-kit-ledger"]


def test_a_thread_begins_with_the_first_operation_and_ends_when_it_is_closed(opened):
    """What was submitted is committed before; afterwards another thread begins."""
    before = len(threads())
    group = Group()
    assert len(threads()) == before
    for _ in range(2):
        futures = [group.submit(lambda tx: 1, opened, "default") for _ in range(3)]
        (mine,) = threads()[before:]
        assert mine.daemon
        group.close()
        assert [future.done() for future in futures] == [True] * 3
        assert not mine.is_alive()
    group.close()


def test_a_thread_ends_by_itself_where_that_is_said(opened):
    """It says whether there was one."""
    group = Group()
    assert group.end() is False
    future = group.submit(lambda tx: 1, opened, "default")
    (mine,) = threads()[-1:]
    assert group.end() is True
    assert future.result(20) == 1
    mine.join(20)
    assert not mine.is_alive()
    assert group.end() is False


def test_while_a_fork_is_made_no_transaction_begins(opened):
    """And goes on afterwards; without a thread there is nothing to wait for."""
    group = Group()
    group.rest()
    group.go_on()
    assert group.submit(lambda tx: 1, opened, "default").result(20) == 1
    group.rest()
    future = group.submit(lambda tx: 2, opened, "default")
    threading.Event().wait(0.05)
    assert not future.done()
    group.go_on()
    assert future.result(20) == 2
    group.go_on()
    group.close()


def test_a_fork_waits_for_a_second_at_the_most(group, opened):
    """A transaction that takes longer goes on, and whoever forks does not wait for it."""
    first, may_end = held(group, opened)
    began = time.monotonic()
    group.rest()
    assert 0.9 < time.monotonic() - began < 15
    group.go_on()
    may_end.set()
    assert first.result(20) == "first"
    assert group.submit(lambda tx: 2, opened, "default").result(20) == 2


# What is open


def test_what_is_done_may_be_awaited():
    """It is done at once, and says so."""

    async def waited():
        return await Done()

    assert (repr(Done()), asyncio.run(waited())) == ("done", None)


def test_what_others_wait_for_is_committed_apart_and_one_by_one(opened, sqlite_ledger):
    """Each by a thread of its own, begun when it is first needed."""
    openings = Openings()
    assert openings.groups == []
    group = openings.committing(apart=False)
    assert openings.groups == [group]
    apart = openings.committing(apart=True)
    assert openings.groups == [group, apart]
    assert (openings.committing(apart=False), openings.committing(apart=True)) == (group, apart)
    for one, commits in ((group, 2), (apart, 5)):
        opened.seen.clear()
        first, may_end = held(one, opened)
        futures = [one.submit(lambda tx: 1, opened, "default") for _ in range(4)]
        may_end.set()
        assert [future.result(20) for future in (first, *futures)] == ["first", 1, 1, 1, 1]
        assert len(opened.seen) == commits
    taken = openings.taken()
    assert (openings.groups, openings.database, taken.groups) == ([], None, [group, apart])
    taken.close()
    assert threads() == []
    openings.close()


class Database:
    """A database that says whether it is open."""

    name = "sqlite:///x.db"

    def __init__(self, is_open):
        self.is_open = is_open

    def close(self):
        self.is_open = False


@pytest.mark.parametrize(
    ("is_open", "works", "said"),
    [
        (False, False, []),
        (None, False, []),
        (True, False, ["unclosed ledger sqlite:///x.db: close the kit, or use it in a `with`"]),
        (False, True, ["unclosed ledger sqlite:///x.db: close the kit, or use it in a `with`"]),
        (None, True, ["unclosed ledger: close the kit, or use it in a `with`"]),
    ],
    ids=["closed", "none", "open", "at work", "at work on none"],
)
def test_what_nobody_holds_any_more_is_given_back_with_a_warning(opened, is_open, works, said):
    """Where anything was open, or at work."""
    openings = Openings(None if is_open is None else Database(is_open))
    group = openings.committing(apart=False)
    if works:
        group.submit(lambda tx: 1, opened, "default").result(20)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        give_back(openings, "ledger")
    assert [str(one.message) for one in caught] == said
    assert {one.category for one in caught} <= {ResourceWarning}
    assert openings.database is None or not openings.database.is_open
    assert group.end() is False


def test_a_ledger_counts_what_it_was_given(sqlite_ledger):
    """The result of an operation is its future's."""
    future = sqlite_ledger.submit(lambda tx: tx.record([incoming("A-1"), incoming("A-2")], NOW), apart=True)
    assert [str(result) for result in future.result(20)] == ["new", "new"]
