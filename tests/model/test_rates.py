"""Places in a rate: never more in a second than the rate has, hardly fewer, and none that anybody waits for in vain."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from itertools import pairwise

import pytest

from reminder_kit.model.rates import HEADROOM, HORIZON, SECOND, RateBook, Wanted

START = 1_700_000_000 * SECOND


def busiest(places, span):
    """Return the most places in any half-open stretch of so many microseconds."""
    return max(bisect_right(places, at + span - 1) - index for index, at in enumerate(places))


def drawn(rate, processes, seconds, seed=0):
    """Have processes take and use blocks for a while, each pausing now and then; returns the places that were used.

    What a pause passed over is given back with the next wish, unless the process was killed and began anew.
    """
    chance, book, used = random.Random(seed), RateBook(), []
    at = [START + chance.randrange(SECOND // 10) for _ in range(processes)]
    left = [() for _ in range(processes)]
    while (now := min(at)) < START + seconds * SECOND:
        who = at.index(now)
        book, got = book.granting(Wanted(max(1, int(rate / 4)), rate, now, unused=left[who]), now)
        pause = now + chance.choice([0] * 7 + [SECOND // 8])
        passed = tuple(place for place in got.places if place < pause)
        left[who] = () if chance.random() < 0.02 else passed
        used += [place for place in got.places if place >= pause]
        at[who] = max(got.places[-1] if got.places else got.again_at, pause, now + 1000)
    return sorted(used)


@pytest.mark.parametrize("processes", [1, 4, 16])
@pytest.mark.parametrize("rate", [2.5, 50, 300])
def test_no_second_holds_more_than_the_rate(rate, processes):
    """Whoever takes them, and whatever is given back: also in the stretches that the provider may count in."""
    used = drawn(rate, processes, 20)
    assert busiest(used, SECOND) <= math.ceil(rate)


@pytest.mark.parametrize("processes", [1, 4, 16])
def test_nine_places_in_ten_are_used_although_processes_pause_and_die(processes):
    """What one passes over, another has; what a killed one had is lost, and nothing besides."""
    used = drawn(50, processes, 60)
    assert len(used) >= 0.9 * 50 * 60


def test_places_come_one_after_another_from_now_on():
    """They are as far apart as the rate says, with some headroom, from the first one on."""
    book, got = RateBook().granting(Wanted(40, 50, START), START)
    gaps = [after - before for before, after in pairwise(got.places)]
    assert got.places[0] == START
    assert set(gaps) == {int(SECOND / 50 * HEADROOM)}
    assert book.granting(Wanted(1, 50, START), START)[1].places[0] > got.places[-1]


def test_what_is_given_back_is_had_by_the_next_one():
    """And by nobody a second time."""
    book, got = RateBook().granting(Wanted(10, 10, START), START)
    later = START + SECOND // 2
    wanted = Wanted(1, 10, later, unused=got.places)
    book, instead = book.granting(wanted, later)
    assert later <= instead.places[0] <= later + SECOND // 10
    _, once_more = book.granting(wanted, later)
    assert once_more.places[0] > instead.places[0]


def test_nothing_is_given_away_far_ahead():
    """At one a minute the next place is a minute off: whoever asks is told when to ask again, and has nothing."""
    book, first = RateBook().granting(Wanted(5, 1 / 60, START), START)
    _, second = book.granting(Wanted(1, 1 / 60, START), START)
    assert (len(first.places), second.places) == (1, ())
    assert 60 * SECOND <= second.again_at + HORIZON - START <= 65 * SECOND


def test_whoever_was_told_that_it_is_too_much_holds_everybody_back():
    """For as long as the provider said, and nobody catches up afterwards."""
    book, got = RateBook().granting(Wanted(5, 50, START, held=7 * SECOND), START)
    assert (got.places, got.again_at) == ((), START + 7 * SECOND - HORIZON)
    later = START + 7 * SECOND
    _, after = book.granting(Wanted(3, 50, later), later)
    assert [place - later for place in after.places] == [0, 21_200, 42_400]


@pytest.mark.parametrize("back", [5 * SECOND, 86_400 * SECOND], ids=["seconds", "a day"])
def test_a_clock_that_is_set_back_stops_nobody(back):
    """What was taken by the clock of before is no place of this one; a word of the provider's holds for a minute."""
    book, _ = RateBook().granting(Wanted(30, 50, START, held=SECOND), START)
    now = START - back
    _, got = book.granting(Wanted(1, 50, now), now)
    assert min([*got.places, got.again_at]) <= now + 60 * SECOND


@pytest.mark.parametrize("back", [SECOND // 2, HORIZON - SECOND // 50])
def test_a_clock_that_is_a_moment_behind_gives_no_place_away_a_second_time(back):
    """Of two machines, or where it was set back a little: what was given ahead by the one is known to the other."""
    book, first = RateBook().granting(Wanted(200, 50, START), START)
    book, behind = book.granting(Wanted(1, 50, START - back), START - back)
    _, again = book.granting(Wanted(200, 50, START), START)
    places = sorted([*first.places, *behind.places, *again.places])
    assert len(first.places) > 40
    assert busiest(places, SECOND) <= 50


def test_a_book_is_kept_as_steps():
    """Read again, it is the same."""
    book, _ = RateBook().granting(Wanted(5, 50, START), START)
    assert RateBook.of(book.as_steps, book.due, book.until) == book
    assert RateBook.of((), 0, 0) == RateBook()
    assert max(book.as_steps[1:]) <= SECOND


def test_after_a_pause_nothing_is_caught_up():
    """No more places than an even spacing has, however long nobody sent: a burst would be refused."""
    book, _ = RateBook().granting(Wanted(1, 50, START), START)
    later = START + 60 * SECOND
    _, got = book.granting(Wanted(60, 50, later), later)
    within = [place for place in got.places if place < later + SECOND // 2]
    assert len(within) <= 50 // 2


@pytest.mark.parametrize("held", [0, 5 * SECOND], ids=["never", "long ago"])
def test_a_machine_that_was_started_again_waits_for_no_word_of_the_provider_that_is_over(held):
    """Its clock begins anew, and what was asked for by the one before, if anything, had passed."""
    book, _ = RateBook().granting(Wanted(1, 50, START, held=held), START)
    book, _ = book.granting(Wanted(1, 50, START + 10 * SECOND), START + 10 * SECOND)
    _, got = book.granting(Wanted(1, 50, SECOND), SECOND)
    assert min([*got.places, got.again_at]) <= 3 * SECOND
