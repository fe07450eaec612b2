"""How long a failed step is left alone by the runs that come after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.delivery.retry import backoff

FIRST, LAST, MIDDLE = "0000", "0063", "0032"  # of 0, of 99 and of 50 hundredths


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 30), (1, 30), (2, 60), (3, 120), (4, 300), (5, 300), (1_000_000, 300)]
)
def test_a_failed_step_is_left_alone_longer_each_time(attempts, seconds):
    """Half a minute, one, two, then five; what a message takes off is its own, and a fifth at the most."""
    assert backoff(attempts, FIRST + "f" * 28) == timedelta(seconds=seconds)
    assert backoff(attempts, MIDDLE) == timedelta(seconds=seconds * 0.9)
    assert backoff(attempts, LAST) == timedelta(seconds=seconds * 0.802)
    assert backoff(attempts, "") == timedelta(seconds=seconds)
