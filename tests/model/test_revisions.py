"""Revisions of a calendar's occurrences: which is older, by master or by override."""

from __future__ import annotations

import pytest

from reminder_kit.model.revisions import SeriesRevision, is_older, revision_order

WHOLE = SeriesRevision((2, 500), (2, 500))
MOVED = SeriesRevision((2, 500), (7, 900))
ALONE = SeriesRevision(None, (7, 900))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (SeriesRevision((1, 900), (9, 900)), WHOLE, True),
        (SeriesRevision((2, 499), (2, 499)), MOVED, True),
        (WHOLE, MOVED, None),
        (MOVED, WHOLE, None),
        (SeriesRevision((3, 0), (3, 0)), MOVED, False),
        (SeriesRevision(None, (7, 899)), MOVED, True),
        (SeriesRevision(None, (6, 999)), ALONE, True),
        (SeriesRevision(None, (8, 0)), MOVED, False),
        (ALONE, MOVED, None),
        (SeriesRevision((1, 0), (1, 0)), ALONE, None),
        ((1, 0), WHOLE, None),
        (ALONE, (9, 9), None),
        (None, WHOLE, None),
    ],
)
def test_masters_are_compared_with_masters_and_lone_overrides_with_themselves(one, other, expected):
    """What came with its master is as old as that; what came alone as what was last said of it."""
    assert is_older(revision_order(one), revision_order(other)) is expected
