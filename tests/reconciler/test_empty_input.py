"""A complete input that is empty, while messages are parked for its source: a fault more likely than a clear diary."""

from __future__ import annotations

import pytest

from reminder_kit.errors import UnsafePlanError


def test_nothing_at_all_is_refused_even_for_one_reminder(kit, sandbox, appointment):
    """Far too few are parked for the guard's ratio: nothing is taken back all the same, unless it is forced."""
    kit.sync(appointment())
    with pytest.raises(UnsafePlanError, match="nothing came in for source 'default'"):
        kit.resync([], complete=True)
    assert len(sandbox.parked()) == 1
    kit.resync([], complete=True, force=True)
    assert sandbox.parked() == []


def test_nothing_is_believed_where_nothing_is_parked_or_it_is_not_complete(kit, sandbox, appointment):
    """A diary may be empty before anything was parked, and a part of it at any time."""
    assert kit.resync([], complete=True).ok
    kit.sync(appointment())
    assert kit.resync([]).ok
    assert len(sandbox.parked()) == 1
