"""Revisions of every kind against every other, both ways, on every database: what may overwrite what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest
from attrs import evolve

from reminder_kit.ledger.recorder import _intake_values
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.records import RecordResult
from reminder_kit.model.revisions import SeriesRevision
from reminder_kit.testing.ledger_stage import NOW, as_recorded, incoming

EARLY, LATE = datetime(1971, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
KINDS = {
    "none": (None, None),
    "number": (-(10**15), 10**19),
    "instant": (EARLY, LATE),
    "numbers": ((1, 1), (9, 9)),
    "number and instant": ((1, EARLY), (9, LATE)),
    "instant and number": ((EARLY, 1), (LATE, 9)),
}
"""Of each kind a low revision and a high one: compared as mere texts, one kind's would be below another's."""


def told(instant):
    """Return what a snapshot speaks for that was taken at an instant."""
    return AsOf.told(instant, LATE)


@pytest.fixture
def record(ledger):
    """Return a function that records an appointment, with a title of its own, and returns what came of it."""

    def make(id, revision, at=NOW, as_of=None):
        coming = evolve(incoming(id, revision=revision, title=f"{revision} {at}"), as_of=as_of)
        with ledger.writing() as transaction:
            return transaction.record([coming], at, as_of=as_of.at if as_of else None)[0]

    return make


def test_of_two_kinds_the_last_write_wins(ledger, record):
    """A host that goes from one kind of revision to another, or to none, goes on: low or high, it is not refused."""
    for before, after in permutations(KINDS, 2):
        for first, second in product(KINDS[before], KINDS[after]):
            name = f"{before}: {first}, {after}: {second}"
            record(name, first)
            assert record(name, second, NOW + timedelta(seconds=1)) is RecordResult.CHANGED, name
            assert as_recorded(ledger, name).revision == incoming(revision=second).order


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "none"])
def test_of_one_kind_the_older_is_refused(ledger, record, kind):
    """Whatever it says, and whenever it comes; the same revision again is taken, and so is a newer one."""
    low, high = KINDS[kind]
    assert record("A-1", low) is RecordResult.NEW
    assert record("A-1", low, NOW + timedelta(hours=1)) is RecordResult.CHANGED
    assert record("A-1", high, NOW + timedelta(hours=2)) is RecordResult.CHANGED
    assert record("A-1", low, NOW + timedelta(hours=3)) is RecordResult.STALE
    assert as_recorded(ledger).revision == incoming(revision=high).order


def test_what_was_read_before_the_last_write_is_refused_unless_revisions_decide(record):
    """A list read too early overwrites nothing but what has an older revision of its kind; read since, it does all."""
    for before, after in product(KINDS, repeat=2):
        name, (low, high) = f"{before}, {after}", (KINDS[before][0], KINDS[after][1])
        record(name, low)
        decides = before == after != "none"
        early = record(name, high, NOW + timedelta(hours=1), as_of=told(NOW))
        assert early is (RecordResult.CHANGED if decides else RecordResult.STALE), name
        late = NOW + timedelta(hours=1, minutes=1)
        assert record(name, high, NOW + timedelta(hours=2), as_of=told(late)) is RecordResult.CHANGED, name


SERIES = [SeriesRevision(master, own) for master in (None, (1, 5), (2, 4)) for own in ((1, 5), (2, 4), (3, 9))]
"""Occurrences of calendars, with their master and alone."""


def test_the_ledger_compares_masters_and_lone_overrides_as_a_plan_does(ledger, record):
    """Each against each: the statement that writes refuses exactly what a plan calls older."""
    for number, (first, second) in enumerate(product([*SERIES, (1, 5), None], repeat=2)):
        record(f"A-{number}", first)
        coming = incoming(f"A-{number}", revision=second, title="x")
        older = coming.is_older_than(as_recorded(ledger, f"A-{number}"))
        with ledger.writing() as transaction:
            statement = transaction._recorder._statements.updates.record(as_of=False)  # past the look beforehand
            row = _intake_values(coming) | {"namespace": "default", "recorded_at": 1}
            written = _written(transaction._recorder._runner, statement, row)
        assert written == (0 if older else 1), (first, second)


def _written(runner, statement, row):
    if runner.kind == "sqlite":
        return runner.many(statement, [row])
    same = {"namespace": row.pop("namespace"), "recorded_at": row.pop("recorded_at")}
    return runner.run(statement, **runner.pack("intakes", [tuple(row.values())]), **same)


@pytest.mark.slow
def test_what_a_plan_calls_older_is_what_the_ledger_refuses(ledger, record):
    """Whatever is recorded, whatever comes in, and whenever it was read: before, just at the last write, or after."""
    read = {
        "never told": None,
        "before": NOW - timedelta(minutes=1),
        "just then": NOW,
        "later": NOW + timedelta(days=1),
    }
    for (before, after), (when, instant) in product(product(KINDS, repeat=2), read.items()):
        for first, second in ((KINDS[before][0], KINDS[after][1]), (KINDS[before][1], KINDS[after][0])):
            name = f"{before}: {first}, {after}: {second}, {when}"
            record(name, first)
            as_of = None if instant is None else told(instant)
            coming = evolve(incoming(name, revision=second, title=f"{second} {NOW + timedelta(hours=1)}"), as_of=as_of)
            older = coming.is_older_than(as_recorded(ledger, name))
            result = record(name, second, NOW + timedelta(hours=1), as_of=as_of)
            assert (result is RecordResult.STALE) is older, name


def test_an_occurrence_that_comes_alone_again_takes_nothing_of_what_is_known_away(ledger):
    """Unchanged under an older revision of its own it stays as new as it was; under a newer one that is noted."""

    def take(title, revision):
        with ledger.writing() as transaction:
            return transaction.record([incoming(title=title, revision=revision)], NOW)[0]

    assert take("new", SeriesRevision((2, 0), (3, 0))) is RecordResult.NEW
    whole = as_recorded(ledger).revision
    for same in ((2, 5), (3, 0)):
        assert take("new", SeriesRevision(None, same)) is RecordResult.UNCHANGED
        assert as_recorded(ledger).revision == whole
    assert take("old", SeriesRevision(None, (2, 7))) is RecordResult.STALE
    assert take("new", SeriesRevision(None, (3, 5))) is RecordResult.UNCHANGED
    assert take("old", SeriesRevision(None, (3, 4))) is RecordResult.STALE
    assert take("old", SeriesRevision((1, 9), (9, 0))) is RecordResult.STALE
    assert take("newer", SeriesRevision(None, (3, 6))) is RecordResult.CHANGED
