"""Every reason code has words, and something to do about it."""

from __future__ import annotations

from reminder_kit.model.reason_words import REASON_WORDS, reason_words
from reminder_kit.model.reasons import Reason


def test_every_reason_has_words_of_its_own():
    """None is left out, no two say the same, and each says what to do, if only that nothing is."""
    assert set(REASON_WORDS) == set(Reason)
    assert len({words.short for words in REASON_WORDS.values()}) == len(Reason)
    assert all(words.remedy.endswith(".") for words in REASON_WORDS.values())


def test_a_word_of_a_later_library_is_shown_as_it_is():
    """What this library does not know is no error on a page."""
    assert reason_words("some_new_reason").short == "some new reason"
