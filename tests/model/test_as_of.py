"""What is newer than a snapshot: by clocks that may differ, and by what stood in the ledger before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pendulum
import pytest

from reminder_kit.errors import InvalidInputError, NaiveDatetimeError
from reminder_kit.model.as_of import AsOf, Written
from tests.factories import NEW_YORK, START


def written(seconds, fingerprint="f", *, removed=False):
    """Return what was written so many seconds after START."""
    return Written(("default", "A-1", ""), fingerprint, removed, START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "newer"),
    [(-3600, False), (-5.000001, False), (-5, True), (0, True), (30, True)],
    ids=["an hour before", "more than 5 s before", "5 s before", "at the same time", "after"],
)
def test_what_was_recorded_up_to_five_seconds_before_a_told_instant_is_newer(seconds, newer):
    """Another machine's clock may be behind the one that the host asked."""
    as_of = AsOf.told(START, START + timedelta(minutes=1))
    assert as_of.is_newer(written(seconds)) is newer
    assert (written(seconds).recorded_at > as_of.at) is newer


@pytest.mark.parametrize(
    ("known", "seconds", "newer"),
    [
        (None, 0, False),
        (None, 1, True),
        ((), -6, False),
        ((), -5, True),
        ((written(-1),), -1, False),
        ((written(2),), 2, False),
        ((written(0, "before"),), 0, True),
        ((written(0, removed=True),), 0, True),
    ],
    ids=["clocks alone, at once", "clocks alone, later", "long before", "appeared, a slow clock's", "stood there",
         "stood there, a fast clock's", "changed at the same instant", "came back at the same instant"],
)  # fmt: skip
def test_of_rows_that_the_kit_draws_itself_the_ledger_says_what_stood_before(known, seconds, newer):
    """What the ledger held as the drawing began is no newer, whatever the clock of whoever wrote it says."""
    assert AsOf.drawn(START, known).is_newer(written(seconds)) is newer


@pytest.mark.parametrize(
    ("minutes", "newer"), [(30, True), (31, False), (60 * 30, False)], ids=["30 min", "31 min", "30 h"]
)
@pytest.mark.parametrize("taken", [AsOf.told(START, START), AsOf.drawn(START)], ids=["told", "drawn"])
def test_what_was_recorded_more_than_half_an_hour_ahead_has_its_instant_from_a_wrong_clock(taken, minutes, newer):
    """No run lasts that long: it is no newer, unless the ledger surely did not hold it before."""
    assert taken.is_newer(written(60 * minutes)) is newer
    assert AsOf.drawn(START, {written(1)}).is_newer(written(60 * minutes))
    stood = {written(60 * minutes)}
    assert AsOf.drawn(START, stood).at == (START + timedelta(minutes=minutes) if newer else START)
    newest = {"default": START, "web": START + timedelta(minutes=minutes)}
    assert ("web" in AsOf.believed(newest, START)) is newer


def test_what_stood_before_may_be_overwritten_although_a_clock_was_fast():
    """Whoever writes goes by the latest of what stood there."""
    assert AsOf.drawn(START, {written(2), written(-1)}).at == START + timedelta(seconds=2)
    assert AsOf.drawn(START, frozenset()).at == START


@pytest.mark.parametrize(
    ("as_of", "error", "words"),
    [
        (START + timedelta(microseconds=1), InvalidInputError, "later than the kit's clock"),
        (datetime(2026, 2, 10), NaiveDatetimeError, "as_of has no time zone"),
        ("2026-02-10T14:00:00Z", InvalidInputError, "as_of is an aware datetime, not str"),
        (START.date(), InvalidInputError, "not date"),
    ],
    ids=["later", "naive", "text", "a day"],
)
def test_an_instant_that_cannot_be_meant_is_refused(as_of, error, words):
    """It is named, with what to hand in instead."""
    with pytest.raises(error, match=words):
        AsOf.told(as_of, START)


@pytest.mark.parametrize("as_of", [START, START.astimezone(NEW_YORK), pendulum.instance(START).in_tz("Asia/Tokyo")])
def test_any_zone_names_the_instant(as_of):
    """The kit's own present instant is the latest that is taken."""
    assert AsOf.told(as_of, START) == AsOf.told(START, START)
