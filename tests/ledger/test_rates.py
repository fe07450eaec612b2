"""Places in the rate of an account: the ledger's are those of all processes that share it, whatever their namespace."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from reminder_kit.errors import LedgerError
from reminder_kit.model.rates import SECOND, Wanted
from tests.factories import START

NOW = 5_000 * SECOND
WISH = Wanted(3, 50, NOW)


def granted(ledger, wanted=WISH, account="telnyx a"):
    return ledger.submit(lambda tx: tx.grant(account, wanted), apart=True).result()


def test_two_processes_have_no_place_in_common(url, ledgers):
    """Nor do two namespaces: the account is the same."""
    first, second = ledgers(url), ledgers(url, namespace="other")
    first.upgrade()
    got = [granted(ledger) for ledger in (first, second, first)]
    places = [place for one in got for place in one.places]
    assert places == sorted(set(places))
    assert len(places) == 9


def test_accounts_have_rates_of_their_own(ledger):
    """What one has taken is no matter to another."""
    one, other = granted(ledger), granted(ledger, account="telnyx b")
    assert one.places[0] - one.now == other.places[0] - other.now == 0


def test_what_is_given_back_is_had_again(ledger):
    """By whoever asks next."""
    got = granted(ledger)
    back = granted(ledger, Wanted(1, 50, NOW, unused=got.places))
    after = granted(ledger, Wanted(1, 50, NOW))
    assert after.places[0] - back.places[0] < 2 * SECOND / 50


def test_a_transaction_that_is_open_lets_nobody_wait_for_places(postgres_url, ledgers):
    """On PostgreSQL places are taken apart from all else that a process writes, which may take its time."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    is_open, may_end = threading.Event(), threading.Event()

    def slow(tx):
        tx.mark_run("slow", START, {})
        is_open.set()
        may_end.wait(20)

    writing = ledger.submit(slow)
    assert is_open.wait(20)
    assert granted(ledger).places
    assert not writing.done()
    may_end.set()
    writing.result()


def test_processes_with_several_accounts_do_not_wait_for_each_other(postgres_url, ledgers):
    """Each takes the places of one account by themselves: with two of them held at once, theirs would be a deadlock."""
    first, second = ledgers(postgres_url), ledgers(postgres_url)
    first.upgrade()
    for account in ("telnyx a", "telnyx b"):
        granted(first, account=account)
    has_begun, runs = {"telnyx a": threading.Event(), "telnyx b": threading.Event()}, []

    def taking(account, other):
        def take(tx):
            runs.append(account)
            got = tx.grant(account, WISH)
            has_begun[account].set()
            assert has_begun[other].wait(20)
            return got

        return take

    ways = ((first, ("telnyx a", "telnyx b")), (second, ("telnyx b", "telnyx a")))
    asked = [ledger.submit(taking(*way), apart=True) for ledger, names in ways for way in (names, names[::-1])]
    assert all(one.result().places for one in asked)
    assert sorted(runs) == ["telnyx a", "telnyx a", "telnyx b", "telnyx b"]


def test_places_are_of_the_clock_of_postgresql(postgres_url, ledgers):
    """Machines have clocks of their own: what a process says of the time does not count there."""
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    early, late = (granted(ledger, Wanted(1, 50, now)) for now in (0, 10**18))
    assert 0 <= late.places[0] - early.places[0] < 60 * SECOND


def test_a_place_is_lost_with_the_process_that_had_it_and_nothing_waits_for_it(url, ledgers):
    """A ledger that was closed in the middle of a block, as a kill does it, leaves no lock behind."""
    first = ledgers(url)
    first.upgrade()
    got = granted(first, Wanted(12, 50, NOW))
    first.close()
    later = got.places[-1] + SECOND // 10
    next_one = granted(ledgers(url), Wanted(1, 50, later))
    assert next_one.places[0] - next_one.now < SECOND


def test_who_holds_an_account_and_is_not_heard_of_is_not_waited_for(postgres_url, ledgers, monkeypatch):
    """A machine that went off in the middle: whoever asks is told soon, also with an engine of the host's."""
    monkeypatch.setattr("reminder_kit.ledger.rates._PATIENCE", "SET LOCAL lock_timeout = '10ms'")
    ledger = ledgers(postgres_url)
    ledger.upgrade()
    engine = sa.create_engine(ledger._database.engine.url)
    with ledger.writing() as gone:
        gone.grant("telnyx a", WISH)
        with pytest.raises(LedgerError, match="locked"):
            ledgers(engine).submit(lambda tx: tx.grant("telnyx a", WISH), apart=True).result(20)
    engine.dispose()


def test_an_older_ledger_has_no_places(url, ledgers):
    """It says so; whoever asked keeps to the rate by itself."""
    with pytest.raises(LedgerError):
        granted(ledgers(url))
