"""Places in a rate one after another, to the microsecond: who asks when gets which, and when to ask again."""

from __future__ import annotations

import pytest

from reminder_kit.model.rates import HEADROOM, HORIZON, SECOND, Granted, RateBook, Wanted

START = 100 * SECOND

STORIES = {
    "two a second": [
        ((0, 3, 2.0, 0, 0), ([0.0, 530.0], 60.0, 2, 1060.0, None)),
        ((0, 1, 2.0, 0, 0), ([], 60.0, 2, 1060.0, None)),
        ((0.5, 5, 2.0, 0, 0), ([1060.0], 590.0, 3, 1590.0, None)),
        ((1.06, 9, 2.0, 0, 0), ([1590.0], 1120.0, 3, 2120.0, None)),
        ((4, 9, 2.0, 0, 0), ([4000.0, 4530.0], 4060.0, 2, 5060.0, None)),
    ],
    "ten a second, given back": [
        ((0, 4, 10, 0, 0), ([0.0, 106.0, 212.0, 318.0], 20.0, 4, 424.0, None)),
        ((0.05, 2, 10, 0, 4), ([50.0, 156.0], 70.0, 2, 262.0, None)),
        (
            (0.2, 20, 10, 0, 1),
            ([226.666, 306.0, 412.0, 518.0, 624.0, 730.0, 836.0, 942.0, 1048.0], 220.0, 10, 1154.0, None),
        ),
        ((0.2, 3, 10, 0, 0), ([], 220.0, 10, 1154.0, None)),
    ],
    "one and a half a second": [
        ((0, 3, 1.5, 0, 0), ([0.0, 706.667], 413.334, 2, 1413.334, None)),
        ((0.3, 2, 1.5, 0, 0), ([], 413.334, 2, 1413.334, None)),
        ((1, 2, 1.5, 0, 0), ([1413.334], 1120.001, 2, 2120.001, None)),
    ],
    "one in four seconds": [
        ((0, 2, 0.25, 0, 0), ([0.0], 3240.0, 1, 4240.0, None)),
        ((3, 2, 0.25, 0, 0), ([], 3240.0, 1, 4240.0, None)),
        ((3.24, 1, 0.25, 0, 0), ([4240.0], 7480.0, 2, 8480.0, None)),
        ((8.48, 1, 0.25, 0, 0), ([8480.0], 11720.0, 1, 12720.0, None)),
    ],
    "held for a while": [
        ((0, 2, 4, 3, 0), ([], 2000.0, 0, 3000.0, 3000.0)),
        ((1, 2, 4, 0, 0), ([], 2000.0, 0, 3000.0, 3000.0)),
        ((2.5, 2, 4, 1, 0), ([3500.0], 2765.0, 1, 3765.0, 3500.0)),
        ((3, 2, 4, -5, 0), ([3765.0], 3030.0, 2, 4030.0, 3500.0)),
        ((4.2, 2, 4, 0, 0), ([4200.0, 4465.0], 4220.0, 4, 4730.0, None)),
    ],
    "held beyond all measure": [
        ((0, 1, 4, 90, 0), ([], 89000.0, 0, 90000.0, 90000.0)),
        ((1, 1, 4, 0, 0), ([], 60000.0, 0, 61000.0, 61000.0)),
        ((31, 1, 4, 0, 0), ([], 60000.0, 0, 61000.0, 61000.0)),
        ((91, 1, 4, 0, 0), ([91000.0], 91020.0, 1, 91265.0, None)),
    ],
    "a clock set back": [
        ((50, 4, 4, 0, 0), ([50000.0, 50265.0, 50530.0, 50795.0], 50060.0, 4, 51060.0, None)),
        ((0, 2, 4, 0, 0), ([], 265.0, 0, 1265.0, None)),
        ((48, 2, 4, 0, 0), ([48000.0, 48265.0], 48020.0, 2, 48530.0, None)),
        ((49.2, 2, 4, 0, 0), ([49200.0, 49465.0], 49220.0, 3, 49730.0, None)),
    ],
}
"""By step: when somebody asks for how many, at which rate, held for how long, giving back how many of the last places;
then the places, when to ask again, how many are remembered, when the next is due and until when all are held."""


@pytest.mark.parametrize("steps", STORIES.values(), ids=STORIES)
def test_who_asks_is_given_the_places_that_are_next(steps):
    """Evenly spaced, with some headroom; what is given back is caught up, a pause is not."""
    book, last = RateBook(), ()
    for (now, count, rate, held, back), wanted in steps:
        at = round(START + now * SECOND)
        book, got = book.granting(Wanted(count, rate, at, round(held * SECOND), last[:back]), at)
        last = got.places or last
        until = milliseconds(book.until) if book.until else None
        found = [milliseconds(place) for place in got.places]
        assert (found, milliseconds(got.again_at), len(book.taken), milliseconds(book.due), until) == wanted, now
        assert got.now == at


def milliseconds(instant):
    return (instant - START) / 1000


def test_what_is_not_said_is_nothing():
    """No hold, nothing unused, an empty book."""
    assert Wanted(1, 2.0, 3) == Wanted(1, 2.0, 3, 0, ())
    assert RateBook() == RateBook((), 0, 0)
    assert (SECOND, HORIZON, HEADROOM) == (1_000_000, 1_000_000, 1.06)
    assert Granted(1, (2,), 3).places == (2,)


@pytest.mark.parametrize("taken", [(), (5,), (5, 9), (5, 9, 9, 20)])
def test_a_book_is_written_down_as_steps(taken):
    """The first instant, then how far each is from the one before."""
    steps = tuple(after - before for before, after in zip((0, *taken), taken, strict=False))
    assert RateBook(taken, 7, 8).as_steps == steps
    assert RateBook.of(steps, 7, 8) == RateBook(taken, 7, 8)
