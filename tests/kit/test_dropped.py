"""What a kit holds of the process (descriptors, threads) is given back: when closed, and also when only dropped."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import warnings
import weakref
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from reminder_kit import Appointment, AsyncReminderKit, Recipient, ReminderKit, Rule
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, serve
from reminder_kit.testing.ledger_stage import barred
from tests.factories import NUMBER, START

DESCRIPTORS = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="this system does not list its descriptors")

VISITS = [
    Appointment(f"A-{n}", START + timedelta(days=3), recipients=[Recipient(f"+120255501{n:02}")]) for n in range(12)
]


@pytest.fixture(scope="module")
def server():
    """A local Telnyx over HTTP, so that kits have connections."""
    with serve(Sandbox(clock=START)) as running:
        yield running


@pytest.fixture
def make(server, tmp_path):
    """Return a factory of kits, of which nobody else keeps one."""

    def made(kind=ReminderKit, ledger=None, **options):
        provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=server.base_url)
        rules = [Rule("day-before", before="24 hours", text="See you {{ when }}.")]
        where = ledger or f"sqlite:///{tmp_path / 'r.db'}"
        return kind(provider, rules, where, clock=lambda: START, concurrency=4, **options)

    with made() as first:  # loads everything, and makes the ledger
        first.sync(VISITS[:2])
    return made


def held():
    """Return how many descriptors and threads this process has."""
    return sum(1 for _ in DESCRIPTORS.iterdir()), threading.active_count()


def becomes(expected):
    """Say whether the process comes to have no more than that, once threads and servers have noticed."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if all(now <= then for now, then in zip(held(), expected, strict=True)):
            return True
        time.sleep(0.01)
    return False


@contextmanager
def without_collector():
    """Collect no garbage meanwhile: what is given back is given back at once."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def told(drop):
    """Return what is warned of as something is dropped."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        drop()
    return sorted(str(one.message) for one in caught if one.category is ResourceWarning)


def test_a_kit_that_is_dropped_gives_back_what_it_holds(make):
    """Descriptors and threads are back at once, without the garbage collector, and Python's own warning says why."""
    before = held()
    kits = [make()]
    kits[0].sync(VISITS)
    kits[0].explain("A-1")
    assert held() > before
    with without_collector():
        gone = weakref.ref(kits[0]), weakref.ref(kits[0].ledger)
        said = told(kits.clear)
        assert [one() for one in gone] == [None, None]
        assert becomes(before)
    assert [text.partition(":")[0] for text in said] == ["unclosed connections to telnyx", "unclosed ledger sqlite"]
    assert all("close the kit, or use it in a `with`" in text for text in said)


def test_an_async_kit_that_is_dropped_gives_back_what_it_holds(make):
    """Its loop closes the connections that nobody holds any more."""

    async def story():
        await asyncio.to_thread(held)  # the loop's own thread
        before = held()
        kits = [make(AsyncReminderKit)]
        await kits[0].sync(VISITS)
        gone = weakref.ref(kits[0]), weakref.ref(kits[0].ledger)
        said = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            kits.clear()
            for _ in range(1000):  # asyncio's threads let go a moment later
                if caught and not any(one() for one in gone):
                    break
                await asyncio.sleep(0.01)
            said += [str(one.message) for one in caught if one.category is ResourceWarning]
        assert [one() for one in gone] == [None, None]
        await asyncio.sleep(0.1)
        descriptors, threads = held()
        assert (descriptors <= before[0] + 2, threads <= before[1] + 4) == (True, True)  # threads are asyncio's own
        return said

    before = held()
    with without_collector():
        (said,) = asyncio.run(story())
        assert said.startswith("unclosed ledger")
        assert becomes(before)


def test_connections_end_with_their_event_loop(make):
    """One kit in one `asyncio.run` after another has the connections of none of them."""
    kit = make(AsyncReminderKit)
    asyncio.run(kit.sync(VISITS))
    before = held()
    for _ in range(3):
        asyncio.run(kit.sync(VISITS, force=True))
        asyncio.run(kit.sync([], complete=True, force=True))
    assert becomes(before)
    asyncio.run(kit.close())


def test_who_closes_is_told_nothing(make):
    """A kit that was closed, used in a `with`, or never used is dropped in silence."""

    def closed():
        kit = make()
        kit.sync(VISITS)
        kit.close()
        kit.close()

    def used():
        with make() as kit:
            kit.sync(VISITS)

    before = held()
    assert [told(drop) for drop in (closed, used, make)] == [[], [], []]
    assert becomes(before)


def test_a_hosts_own_ledger_outlives_its_kits(make, tmp_path):
    """A ledger that the host made, and holds, is the host's to close; a database in memory is not forgotten."""
    ledger = Ledger("sqlite://")
    ledger.upgrade()
    kits = [make(ledger=ledger)]
    kits[0].suppress(NUMBER)
    kits.clear()
    assert NUMBER in ledger.read(lambda reader: reader.suppressions())
    ledger.close()


def test_what_was_submitted_is_committed_though_nobody_holds_the_ledger(tmp_path):
    """An operation that waits holds its ledger until it is durable."""
    url = f"sqlite:///{tmp_path / 'r.db'}"
    made = Ledger(url)
    made.upgrade()
    made.close()
    before = held()
    future = made.submit(lambda tx: (time.sleep(0.05), tx.consent.record(barred())))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del made
        future.result(10)
        assert becomes(before)
    ledger = Ledger(url)
    assert ledger.read(lambda reader: reader.suppressions())
    ledger.close()


def test_an_error_that_somebody_keeps_keeps_no_thread(make):
    """A host that keeps the last error, with its traceback, does not keep the thread that it came from."""
    before = held()
    made = make()

    def broken(_tx):
        raise ZeroDivisionError

    error = made.ledger.submit(broken).exception(10)
    made.ledger.submit(lambda tx: tx.reader.suppressions()).result(10)
    made.close()
    assert isinstance(error, ZeroDivisionError)
    assert becomes(before)


def test_threads_that_end_leave_no_connection(make):
    """A host that serves each request in a thread of its own has as many connections as requests at once."""
    with make() as kit:
        kit.sync(VISITS)
        before = held()
        for n in range(8):
            moved = [evolve(VISITS[n], starts_at=START + timedelta(days=3, hours=1))]
            thread = threading.Thread(target=kit.sync, args=(moved,), kwargs={"force": True})
            thread.start()
            thread.join()
        assert becomes(before)


def test_there_are_threads_only_while_they_are_used(make):
    """A web worker that parked a dozen messages at once has the ledger's thread afterwards, and no other."""
    before = threading.active_count()
    with make() as kit:
        kit.sync(VISITS, force=True)
        kit.sync([evolve(one, starts_at=one.starts_at + timedelta(hours=1)) for one in VISITS], force=True)
        assert threading.active_count() == before + 1


def rounds(make, count):
    """Open, use and give back kits in each of the ways hosts have; returns what the process has afterwards."""

    def request(n):
        kit = make()
        kit.sync(VISITS[n % 12], force=True)
        if n % 2:
            kit.close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for n in range(count):
            thread = threading.Thread(target=request, args=(n,))
            thread.start()
            thread.join()
            request(n)
    return held()


def memory():
    """Return how many bytes of memory this process has in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_kit_for_each_request_costs_nothing_afterwards(make):
    """Kits that come and go, closed or dropped, in threads that come and go, leave nothing behind."""
    rounds(make, 1)
    before = held()
    rounds(make, 3)
    assert becomes(before)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_thousands_of_kits_cost_nothing_afterwards(make):
    """Descriptors, threads and memory stay as they are through thousands of kits."""
    rounds(make, 100)
    gc.collect()
    before, megabytes = held(), memory() / 2**20
    rounds(make, 1500)
    gc.collect()
    assert becomes(before)
    assert memory() / 2**20 < megabytes + 8


def forked(kit, count):
    """Fork so many children, each of which does some work with the kit; returns how they ended."""
    ended = []
    for n in range(count):
        child = os.fork()
        if not child:
            try:
                done = kit.sync(VISITS[n % 12], force=True).ok
                kit.close()
                os._exit(0 if done else 2)
            except BaseException:  # noqa: BLE001 - the child must never return into the test
                os._exit(3)
        ended.append(_waited_for(child))
    return ended


def _waited_for(child):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hangs"


@contextmanager
def busy(kit):
    """Have the kit commit without a pause meanwhile, from two threads."""
    over = threading.Event()

    def write():
        number = 0
        while not over.is_set():
            number += 1
            kit.record(Appointment("busy", START + timedelta(days=4), title=str(number)))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("count", [2, pytest.param(300, marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])])
def test_a_fork_in_the_middle_of_commits_works_by_itself(make, count):
    """A child forked while commits are under way has no lock of its parent's, and neither harms the other's ledger."""
    with make() as kit:
        kit.sync(VISITS)
        with busy(kit):
            kit.sync(VISITS[0], force=True)
            before = held()
            assert forked(kit, count) == [0] * count
            assert becomes(before)
        assert kit.ledger.submit(lambda tx: tx.reader.counts()["appointments"]).result(10) == 13
        assert kit.ledger.ask(lambda found: found.exec_driver_sql("PRAGMA integrity_check").scalar(), "") == "ok"
