"""What a page costs in a large ledger, as a ratio to a small one; and what a long report holds in memory.

`python -m pytest -s -m benchmark tests/benchmarks/test_page.py`
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from datetime import timedelta

import pytest
import sqlalchemy as sa

from reminder_kit import ReminderKit
from reminder_kit.page import PageWsgi
from reminder_kit.page.asked import Asked
from reminder_kit.page.guard import csrf_of
from reminder_kit.page.report import report_pieces
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport
from reminder_kit.transport.blocking import run_blocking
from tests.factories import DAY, SENDER, START, visit
from tests.ledger.grown import grow

SIZES, LIMIT = (0, 10, 1_000, 100_000), 1.5
PAGES = ("/", "/day/2026-02-14", "/person/1.0", "/attention", "/health", "/rules")
FORM = {"content-type": "application/x-www-form-urlencoded"}

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]


@pytest.fixture
def kit_of(tmp_path):
    """Return a maker of kits on ledgers with so many appointments, each with a message."""
    made = []

    def make(size):
        sandbox = Sandbox(clock=START)
        options = {"timezone": "America/New_York", "clock": sandbox.clock, "transport": SandboxTransport(sandbox)}
        path = tmp_path / f"{size}.db"
        kit = ReminderKit(Telnyx("KEY", SENDER), [DAY], f"sqlite:///{path}", **options)
        made.append(kit)
        if size:
            kit.sync(visit("A-1", name="Ada Lovelace"))
            kit.resync()
            engine = sa.create_engine(f"sqlite:///{path}")
            grow(engine, size - 1)
            engine.dispose()
        return kit

    yield make
    for kit in made:
        kit.close()


def cost(desk, asked):
    """Return the least CPU of seven answers; what is counted once a minute is counted before."""
    run_blocking(desk.answer(asked))
    found = []
    for _ in range(7):
        gc.collect()
        begun = time.process_time()
        answer = run_blocking(desk.answer(asked))
        found.append(time.process_time() - begun)
        assert answer.status in (200, 404)
    return min(found)


def test_a_page_costs_the_same_among_a_hundred_thousand(kit_of):
    """Each page, and a search by name, at most one and a half times what it costs among a thousand."""
    search = Asked("POST", "/search", headers=FORM, body=f"csrf={csrf_of('s', 'ada')}&q=ada+love".encode())
    asked = {**{path: Asked("GET", path) for path in PAGES}, "search": search}
    costs = {}
    for size in SIZES:
        desk = PageWsgi(kit_of(size), lambda _environ: "ada", secret="s").desk
        costs[size] = {name: cost(desk, one) for name, one in asked.items()}
    print()
    for name in asked:
        shown = ", ".join(f"{size:,}: {costs[size][name] * 1000:.1f} ms" for size in SIZES)
        print(f"{name:16} {shown}; ratio {costs[100_000][name] / costs[1_000][name]:.2f}")
    assert [name for name in asked if costs[100_000][name] > LIMIT * costs[1_000][name]] == []


def test_a_report_of_a_hundred_thousand_messages_holds_one_page(kit_of):
    """Its memory is that of ten thousand: it is written as it is read."""
    peaks = {}
    for size in (10_000, 100_000):
        kit, length = kit_of(size), 0
        kit._clock.read = lambda: START + timedelta(days=80)
        tracemalloc.start()
        for piece in report_pieces(kit, START - timedelta(days=1)):
            length += len(piece)
        peaks[size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert length > 200 * size
    print(f"\npeaks {', '.join(f'{size:,}: {peak / 1e6:.1f} MB' for size, peak in peaks.items())}")
    assert peaks[100_000] <= 1.3 * peaks[10_000]
