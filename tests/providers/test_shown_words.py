"""What a provider says is shown on one line, and no number that stands in it, however its digits are grouped."""

from __future__ import annotations

import pytest

from reminder_kit.providers.answers import short


@pytest.mark.parametrize(
    "number",
    [
        "+12025550123",
        "2025550123",
        "+1 (202) 555-0123",
        "(202) 555-0123",
        "(202)555-0123",
        "+1.202.555.0123",
        "202 - 555 - 0123",
        "202/555/0123",
        "+44 (0) 20 7946 0958",
        "(030)123456",
        "(01632) 960123",
        "(555)1234",
        "+1 (212)5550",
        "212)555-0123",
    ],
)
def test_a_number_is_masked_in_every_spelling(number):
    """Of more than five of its digits nothing is left."""
    shown = short(f"To {number} is barred")
    assert (shown.startswith("To "), shown.endswith(" is barred"), "…" in shown) == (True, True, True)
    assert sum(letter.isdigit() for letter in shown) <= 5


@pytest.mark.parametrize(
    "words",
    ["error 21610 (400 Bad Request)", "10015 (422) of 3", "12 (3) 4", "code 40310, 3 parts", "at 14:30 on 2026-02"],
)
def test_codes_and_counts_stay_as_they_are(words):
    """They are no numbers of anybody, and somebody looks them up."""
    assert short(words) == words


def test_words_are_cut_to_one_line():
    """Whatever the provider sends: blanks are one, what does not print is not printed, and the end is told."""
    assert short(" a\n\tb\x1b ") == short("a b\x1b")
    assert "\x1b" not in short("a\x1b[31mb")
    assert short("x" * 160) == "x" * 160
    assert short("x" * 161) == "x" * 159 + "…"
