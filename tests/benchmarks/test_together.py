"""What an edit costs among the visits of one phone that are told together, as a ratio to one without, in one run.

`python -m pytest -s -m benchmark tests/benchmarks/test_together.py`

Both sides take turns; the least CPU of an edit counts. The visits lie beyond the window, so that no provider is asked.
"""

from __future__ import annotations

import time

import pytest
from attrs import evolve

from tests.factories import evening_rule, visit

VISITS, TURNS, LIMIT = 400, 9, 3.0

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def test_an_edit_among_hundreds_told_together_costs_about_one_without(make_kit, tmp_path):
    """Of four hundred visits of one phone and day one is edited: at most three times the CPU of an edit without."""
    visits = [visit(f"V{number}", 9 + number // 60, day=15, minute=number % 60) for number in range(VISITS)]
    kits = {}
    for side, together in (("together", evening_rule()), ("without", evening_rule(together=""))):
        kits[side] = make_kit([together], ledger=f"sqlite:///{tmp_path / side}.db")
        kits[side].sync(visits)

    def edit(side, turn):
        edited = evolve(visits[VISITS // 2], title=f"Check-up {turn}")
        began = time.process_time()
        assert kits[side].sync(edited).ok
        return time.process_time() - began

    turns = [{side: edit(side, turn) for side in kits} for turn in range(TURNS)]
    best = {side: min(turn[side] for turn in turns) for side in kits}
    ratio = best["together"] / best["without"]
    print(f"\none of {VISITS}: together {best['together'] * 1e3:.1f} ms, without {best['without'] * 1e3:.1f} ms")
    print(f"ratio {ratio:.2f}, limit {LIMIT}")
    assert ratio <= LIMIT
