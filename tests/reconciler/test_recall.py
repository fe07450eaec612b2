"""Recall: what a snapshot answered once is not asked for again."""

from __future__ import annotations

from reminder_kit.reconciler import recall
from reminder_kit.reconciler.recall import Recall


def test_only_what_is_not_known_is_asked_for():
    """Answers are kept, that there is none too, and what was told need not be asked for."""
    asked = []

    def squares(numbers):
        asked.append(list(numbers))
        return {number: number * number for number in numbers if number < 9}

    known = Recall()
    known.tell({7: 49})
    assert known([1, 9, 7, 1], squares) == {1: 1, 7: 49}
    assert known([9, 2, 1], squares) == {2: 4, 1: 1}
    assert known([9], squares) == {}
    assert asked == [[1, 9], [2]]


def test_what_is_kept_is_bounded(monkeypatch):
    """A run over everything forgets what it asked long ago, and never what it asks for now."""
    monkeypatch.setattr(recall, "_MOST", 3)
    known = Recall()
    for start in range(0, 100, 4):
        wanted = range(start, start + 6)
        assert known(wanted, lambda numbers: {number: str(number) for number in numbers}) == {
            number: str(number) for number in wanted
        }
        assert len(known._known) <= 12
