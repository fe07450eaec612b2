"""What is written comes back as it was, to the last field, and takes the place of what was there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.errors import ClaimLostError
from reminder_kit.model.blockers import Blocker
from reminder_kit.model.lifecycle import State
from reminder_kit.model.looks import Look
from reminder_kit.model.messages import DeliveryEvent, Draft, Included
from reminder_kit.model.places import Place
from reminder_kit.model.rates import SECOND, Wanted
from reminder_kit.model.records import HistoryEntry, Identity, ReminderStatus
from reminder_kit.model.rule_sets import RuleSet, RuleSetRecord
from reminder_kit.planning.attention import Mark
from reminder_kit.testing.ledger_stage import (
    LEASE,
    NOW,
    PHONE,
    START,
    claim_all,
    incoming,
    message,
    outcome,
    record_all,
)

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def claim(ledger):
    """A claim on a recorded appointment."""
    (record,) = record_all(ledger, incoming())
    return claim_all(ledger, [record.row])[record.row]


def messages(ledger):
    return [one for record in ledger.read(lambda reader: list(reader.records())) for one in record.messages]


BARE = message(
    "m-2",
    "k-2",
    draft=Draft("+12025550177", "", NOW + MINUTE),
    state=State.UNKNOWN,
    provider_id="P-2",
    uncertain=False,
    presumed=True,
    attempts=0,
    next_try_at=NOW + TICK,
    error="busy \0",
    includes=(Included("k-8", NOW - MINUTE), Included("k-9", NOW)),
)


def test_a_message_comes_back_with_every_field(ledger, claim):
    """Empty and not; an error is kept as text that every ledger takes."""
    with ledger.writing() as tx:
        for one in (message(), BARE):
            tx.create_message(claim, one, rule="day", recipient="p-1")
    assert messages(ledger) == [message(), evolve(BARE, error="busy \ufffd")]


def test_a_message_moves_with_all_that_changes(ledger, claim):
    """What is posted never does."""
    after = message(
        state=State.SCHEDULED,
        provider_id="P-1",
        uncertain=False,
        attempts=7,
        next_try_at=NOW + MINUTE,
        error="late",
        presumed=True,
        due_at=NOW + 2 * MINUTE,
        start_at=NOW + 3 * MINUTE,
        includes=(Included("k-9", NOW),),
    )
    with ledger.writing() as tx:
        tx.create_message(claim, message(), rule="day", recipient="p-1")
        tx.create_message(claim, BARE, rule="day", recipient="p-1")
        tx.move_message(None, message(), evolve(after, path="/other", request=b"other"))
    assert messages(ledger) == [after, evolve(BARE, error="busy \ufffd")]
    with pytest.raises(ClaimLostError) as error, ledger.writing() as tx:
        tx.move_message(claim, message(), after)
    assert str(error.value) == (
        "message m-1 is no longer creating: another worker moved it; the next resync looks again"
    )


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("provider", "provider_id", "moves"),
    [("telnyx", "P-2", False), ("telnyx", "P-1", True), ("twilio", "P-2", True), ("telnyx", None, True)],
    ids=["taken", "free", "free there", "none"],
)
@pytest.mark.parametrize("together", [False, True])
def test_two_messages_of_a_provider_have_no_name_in_common(ledger, claim, provider, provider_id, moves, together):
    """A name that it has already may be written again."""
    before = message(provider=provider)
    after = evolve(before, state=State.SCHEDULED, provider_id=provider_id)
    with ledger.writing() as tx:
        tx.create_message(claim, before, rule="day", recipient="p-1")
        tx.create_message(claim, BARE, rule="day", recipient="p-1")

    def move():
        with ledger.writing(together=together) as tx:
            tx.move_message(claim, before, after)

    if moves:
        move()
        with ledger.writing(together=together) as tx:
            tx.move_message(claim, after, evolve(after, state=State.SENT))
    else:
        with pytest.raises(Exception) as error:
            move()
        assert type(error.value).__name__ == ("NotAsMeantError" if together else "ClaimLostError")
    states = [one.state for one in messages(ledger) if one.id == "m-1"]
    assert states == [State.SENT if moves else State.CREATING]


def test_a_reminder_is_replaced_by_its_key(ledger, claim):
    """With every field, empty and not."""
    whole = outcome(
        "k-2",
        rule="hour",
        recipient="p-2",
        to="+12025550177",
        status=ReminderStatus.HELD,
        reason="quiet_hours",
        due_at=NOW,
        send_at=NOW + MINUTE,
        park_at=NOW + 2 * MINUTE,
        replacing=True,
        error="late \0",
        blocker="b",
    )
    bare = outcome("k-2", status=ReminderStatus.SKIPPED, due_at=None, send_at=None, reason="past")
    for first, second in ((whole, bare), (bare, whole)):
        with ledger.writing() as tx:
            tx.keep_outcomes(claim, [outcome(), first])
            tx.keep_outcomes(claim, [second])
        (record,) = ledger.read(lambda reader: list(reader.records()))
        assert record.outcomes == (outcome(), evolve(second, error=second.error.replace("\0", "\ufffd")))


BLOCKER = Blocker(
    "telnyx",
    "a" * 8,
    PHONE,
    "US",
    "mms",
    "40010",
    True,
    False,
    ("k-1", "~", "k-2"),
    NOW,
    3,
    NOW + MINUTE,
    "why",
    "k-1",
)


def test_blockers_come_back_the_oldest_first_and_are_dropped_by_name(ledger):
    """One with the same six columns takes the place of the other."""
    older = evolve(BLOCKER, country="CA", known=False, elsewhere=True, since=NOW - MINUTE, keys=(), code="4 \0")
    same = evolve(older, country="FR", since=NOW)
    again = evolve(BLOCKER, attempts=9, error="", tried="k-9", next_try_at=NOW, keys=("k-3",))
    with ledger.writing() as tx:
        for one in (BLOCKER, older, same, again):
            tx.keep_blocker(one)
    older, same = evolve(older, code="4 \ufffd"), evolve(same, code="4 \ufffd")
    by_name = sorted([same, again], key=lambda one: one.name if one is again else evolve(one, code="4 \0").name)
    assert ledger.read(lambda reader: reader.blockers()) == (older, *by_name)
    with ledger.writing() as tx:
        tx.drop_blockers([])
        tx.drop_blockers([BLOCKER])
    assert ledger.read(lambda reader: reader.blockers()) == (older, same)
    assert ledger.namespaced("other").read(lambda reader: reader.blockers()) == ()


def test_marks_come_back_by_item_and_member(ledger):
    """The same member takes the other's place; one that waits no more is forgotten."""
    first = {("i-1", "a"): Mark(NOW, False, "why"), ("i-1", "b"): Mark(NOW + TICK, True), ("i-2", "a"): Mark(NOW, True)}
    with ledger.writing() as tx:
        tx.keep_marks(first)
        tx.keep_marks({("i-1", "a"): Mark(NOW + MINUTE, True, "how")})
        tx.drop_marks([("i-1", "b"), ("i-2", "b")])
    kept = {("i-1", "a"): Mark(NOW + MINUTE, True, "how"), ("i-2", "a"): Mark(NOW, True)}
    assert ledger.read(lambda reader: reader.marks()) == kept


def test_rule_sets_come_back_the_oldest_first_and_are_forgotten_by_the_last_that_was_heard_of_them(ledger):
    """Not the one that serves, nor one that was worked with, or yielded, since."""
    sets = {
        "serves": RuleSetRecord(RuleSet("a", (("day", "1"), ("hour", "2")), True), True, NOW, NOW),
        "worked": RuleSetRecord(RuleSet("b"), False, NOW + TICK, NOW + MINUTE),
        "yielded": RuleSetRecord(RuleSet("c"), False, NOW - TICK, NOW, NOW + MINUTE),
        "over": RuleSetRecord(RuleSet("e"), False, NOW, NOW),
        "yielded before": RuleSetRecord(RuleSet("d"), False, NOW, NOW, NOW + TICK),
        "worked after it yielded": RuleSetRecord(RuleSet("f"), False, NOW, NOW + MINUTE, NOW),
    }
    with ledger.writing() as tx:
        tx.keep_rule_sets([evolve(one, serves=False, worked_at=START) for one in sets.values()])
        tx.keep_rule_sets(sets.values())
    order = ["yielded", "serves", "yielded before", "over", "worked after it yielded", "worked"]
    assert ledger.read(lambda reader: reader.standing.rule_sets()) == [sets[name] for name in order]
    for before, gone in (
        (NOW, []),
        (NOW + TICK, ["over"]),
        (NOW + 2 * TICK, ["yielded before"]),
        (NOW + MINUTE, []),
        (NOW + MINUTE + TICK, ["worked", "yielded", "worked after it yielded"]),
    ):
        with ledger.writing() as tx:
            assert tx.forget_rule_sets(before) == len(gone)
        order = [name for name in order if name not in gone]
        assert ledger.read(lambda reader: reader.standing.rule_sets()) == [sets[name] for name in order]


def test_places_are_those_of_a_namespace_or_of_all_that_have_any(ledger):
    """A ledger is moved as a whole."""
    here, there = Place("1", "/a", "sqlite:////a"), Place("2", "", "postgresql:///d")
    north, south, none = (ledger.namespaced(name) for name in ("north", "south", "none"))

    def places():
        return [one.read(lambda reader: reader.standing.places()) for one in (north, south, none)]

    for one, known in ((north, [here, there]), (south, [there])):
        with one.writing() as tx:
            tx.keep_places(known)
    assert places() == [[here, there], [there], []]
    with north.writing() as tx:
        tx.keep_places([there])
    assert places() == [[there], [there], []]
    with north.writing() as tx:
        tx.keep_places([here], everywhere=True)
    assert places() == [[here], [here], []]


def test_history_comes_back_with_whatever_it_tells(ledger):
    """What JSON has no form for as `str` gives it; without anything to tell, nothing."""
    identity = Identity("desk", "A-1", "2026-02-12T14:00:00Z")
    whole = HistoryEntry(NOW, "sync", "schedule", identity, "k-1", "day", "m-1", "why \0", {"at": NOW, "n": [1, None]})
    bare = HistoryEntry(NOW + TICK, "import", "seen", identity)
    with ledger.writing() as tx:
        tx.note([])
        tx.note([whole, bare])
    told = ledger.read(lambda reader: reader.history(id="A-1"))
    assert told == [evolve(whole, reason="why \ufffd", detail={"at": str(NOW), "n": [1, None]}), bare]


def test_an_event_is_kept_once_and_comes_back_with_every_field(ledger):
    """Of another id it is another one."""
    whole = DeliveryEvent("e-1", "sent", NOW, "telnyx", "P-1", "m-1", PHONE, "Hi", "40008", {"at": NOW, "n": [1]})
    bare = DeliveryEvent("e-2", "delivered", NOW + TICK, "twilio", token="m-1")
    with ledger.writing() as tx:
        stored = [tx.store_event(one, NOW) for one in (whole, bare, evolve(whole, type="delivered"))]
        assert stored == [True, True, False]
        assert tx.unmatched_events(token="m-1") == [evolve(whole, raw={"at": str(NOW), "n": [1]}), bare]
        assert tx.unmatched_events(token="", provider_id="") == tx.unmatched_events() == []


def test_jobs_and_looks_come_back(ledger):
    """When, who, and what was said of it; a later one takes the place of a job's."""
    look = Look(NOW, "desk", "looked", PHONE, "A-1")
    with ledger.writing() as tx:
        tx.mark_run("resync", NOW, {"a": 1})
        tx.mark_run("snapshot x", NOW, {})
        tx.mark_run("resync", NOW + TICK, {"b": [2]})
        tx.note_look(look)
        tx.note_look(evolve(look, at=NOW - MINUTE, id=""))
    assert ledger.read(lambda reader: reader.runs()) == {"resync": (NOW + TICK, {"b": [2]}), "snapshot x": (NOW, {})}
    assert ledger.read(lambda reader: reader.last_run("resync")) == (NOW + TICK, {"b": [2]})
    assert ledger.read(lambda reader: (reader.last_run("res"), reader.snapshots())) == (None, {"x": NOW})
    assert ledger.read(lambda reader: reader.looks.looks(PHONE)) == [evolve(look, at=NOW - MINUTE, id=""), look]


def test_places_in_a_rate_are_kept_by_account(sqlite_ledger, sqlite_url):
    """From an empty row on: what is taken, as steps, when the next is due, and until when nobody asks."""
    now = 5_000 * SECOND

    def kept():
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
            return connection.execute("SELECT * FROM reminder_kit_rates ORDER BY name").fetchall()

    with sqlite_ledger.writing() as tx:
        first = tx.grant("telnyx a", Wanted(3, 50, now))
    steps = [first.places[0], *(after - before for before, after in zip(first.places, first.places[1:], strict=False))]
    ((name, taken, due, until),) = kept()
    assert (name, taken, until) == ("telnyx a", "[" + ",".join(map(str, steps)) + "]", 0)
    assert (len(first.places), first.now) == (3, now)
    assert due > now
    with sqlite_ledger.writing() as tx:
        assert tx.grant("telnyx a", Wanted(1, 50, now, held=SECOND)).places == (now + SECOND,)
        other = tx.grant("telnyx b", Wanted(1, 50, now))
        assert other.places == (now,)
    rows = kept()
    assert [row[0] for row in rows] == ["telnyx a", "telnyx b"]
    assert rows[0][3] == now + SECOND


def test_a_claim_and_its_lease_are_told_by_the_counts(ledger, claim):
    """Until it is given back."""
    assert ledger.read(lambda reader: reader.counts()["claimed"]) == 1
    with ledger.writing() as tx:
        assert tx.claim([claim.row], "two", NOW + LEASE - TICK, LEASE) == {}
        assert tx.expire_rows([claim.row]) == 1
    assert ledger.read(lambda reader: reader.counts()["claimed"]) == 0
