"""Who is known again under another id: the same visit, in its words; and where ids are dealt anew, at another time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Recipient, Rule
from reminder_kit.model.as_of import AsOf
from reminder_kit.model.messages import Included
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.planning.observed import Observed
from reminder_kit.reconciler.restless import is_restless, note_restless
from reminder_kit.reconciler.scope import Scope
from reminder_kit.reconciler.takeovers import NewNames, takeovers
from tests.factories import START, visit

DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")
TITLED = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}")
OTHER = "+12025550177"
DESK = Scope("import", "desk")
SECOND = timedelta(seconds=1)


def of_desk(id, hour=9, **changes):
    return visit(id, hour, source="desk", **changes)


@pytest.fixture
def kit(make_kit):
    return make_kit([DAY])


@pytest.fixture
def find(kit):
    """Return a function that says whom those that come in take over from what is recorded, by their ids."""

    def found(*appointments, scopes=(DESK,), now=START, outdated=(), settings=None):
        all_incoming = {Identity.of(one): Incoming.of(one) for one in appointments}
        for identity, incoming in list(all_incoming.items()):
            if identity.id in outdated:
                all_incoming[identity] = evolve(incoming, outdated=True)
        taken = kit.ledger.read(lambda reader: takeovers(reader, settings or kit.settings, all_incoming, scopes, now))
        return {identity.id: record.identity.id for identity, record in taken.items()}

    return found


@pytest.fixture
def deals_anew(kit):
    """Have the ledger know that the desk's calendar deals its ids anew."""
    kit.ledger.upgrade()
    kit.ledger.submit(lambda tx: tx.mark_run("fresh ids desk", START, {"readings": 2})).result()


@pytest.mark.parametrize(
    ("comes", "known"),
    [
        (of_desk("B"), True),
        (of_desk("B", title="Cleaning"), True),
        (of_desk("B", hour=10), False),
        (of_desk("B", phone=OTHER), False),
        (of_desk("A"), False),
        (visit("B"), False),
        (evolve(of_desk("B"), recipients=(*of_desk("B").recipients, Recipient(OTHER))), False),
        (evolve(of_desk("B"), recipients=()), False),
    ],
    ids=["the same", "another title, the same words", "another start", "another number", "its own id",
         "another source", "one more person", "nobody"],
)  # fmt: skip
def test_a_visit_is_known_again_by_source_start_and_numbers(kit, find, comes, known):
    """And by its title, or what is said of it."""
    kit.sync(of_desk("A"))
    assert find(comes) == ({"B": "A"} if known else {})


def test_other_words_are_another_visit(make_kit, find):
    """Where the text names the title, one of another title is not the same."""
    kit = make_kit([TITLED])
    kit.sync(of_desk("A"))
    assert find(of_desk("B", title="Cleaning"), settings=kit.settings) == {}
    assert find(of_desk("B"), settings=kit.settings) == {"B": "A"}


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"refusal": "it broke off"}, False),
        ({"spare": ["A"]}, False),
        ({"spare": ["B"]}, True),
        ({"gone": frozenset()}, False),
        ({"gone": frozenset({"A"})}, True),
        ({"source": "books"}, False),
    ],
    ids=[
        "whole",
        "refused",
        "unreadable",
        "another unreadable",
        "not named as gone",
        "named as gone",
        "another source",
    ],
)
def test_an_absence_must_mean_something(kit, find, changes, known):
    """What could not be read may be there all the same."""
    kit.sync(of_desk("A"))
    assert find(of_desk("B"), scopes=[evolve(DESK, **changes)]) == ({"B": "A"} if known else {})


def test_of_several_calendars_each_is_searched_by_its_own(kit, find):
    """One that is refused keeps no other from it."""
    kit.sync([of_desk("A"), visit("C", source="books", phone=OTHER)])
    comes = [of_desk("B"), visit("D", source="books", phone=OTHER)]
    books = Scope("import", "books")
    assert find(*comes, scopes=[DESK, books]) == {"B": "A", "D": "C"}
    assert find(*comes, scopes=[evolve(DESK, refusal="no"), books]) == {"D": "C"}
    assert find(*comes, scopes=()) == {}


def test_who_comes_in_is_not_absent(kit, find):
    """Its id is known: whoever looks like it is somebody else."""
    kit.sync(of_desk("A"))
    assert find(of_desk("A", hour=11), of_desk("B")) == {}


def test_what_is_older_or_withdrawn_is_nobody(kit, find):
    """Neither an outdated event, nor a record that is gone."""
    kit.sync([of_desk("A")])
    assert find(of_desk("B"), outdated=["B"]) == {}
    kit.ledger.submit(lambda tx: tx.remove([Identity("desk", "A")], START)).result()
    assert find(of_desk("B")) == {}
    kit.resync()
    assert find(of_desk("B")) == {}


def test_each_is_taken_over_once(kit, find):
    """By the first that fits; the one of the same title before one of the same words."""
    kit.sync([of_desk("A", title="Physio"), of_desk("B", title="Check-up")])
    assert find(of_desk("C", title="Check-up")) == {"C": "B"}
    assert find(of_desk("C", title="Check-up"), of_desk("D", title="Physio")) == {"C": "B", "D": "A"}
    assert find(of_desk("C"), of_desk("D"), of_desk("E")) == {"C": "B", "D": "A"}


def test_what_has_no_number_is_known_again_by_its_start(kit, find):
    """Lest it piles up; of what is over nothing is."""
    nobody = evolve(of_desk("A"), recipients=())
    kit.sync([nobody, of_desk("Z")])
    assert find(evolve(of_desk("B"), recipients=())) == {"B": "A"}
    assert find(evolve(of_desk("B", hour=10), recipients=())) == {}
    assert find(evolve(of_desk("B"), recipients=()), nobody) == {}
    assert find(evolve(of_desk("B"), recipients=(), source="books"), scopes=[DESK, Scope("import", "books")]) == {}


def test_after_a_restore_nobody_is_known_again(kit, find, tmp_path):
    """What is recorded then is in doubt."""
    kit.sync(of_desk("A"))
    kit.ledger.backup(tmp_path / "backup.db")
    kit.ledger.restore(tmp_path / "backup.db", kit.now(), force=True)
    assert find(of_desk("B")) == {}


# Where ids are dealt anew at each request


@pytest.mark.parametrize(
    ("readings", "restless"), [(None, False), (0, False), (1, False), (2, True), (3, True)], ids=str
)
def test_a_source_deals_its_ids_anew_after_two_readings(kit, find, readings, restless):
    """One may be a move of house; then a visit that is absent is known at another time."""
    kit.sync(of_desk("A"))
    if readings is not None:
        kit.ledger.submit(lambda tx: tx.mark_run("fresh ids desk", START, {"readings": readings})).result()
    assert kit.ledger.read(lambda reader: is_restless(reader, "desk")) is restless
    assert not kit.ledger.read(lambda reader: is_restless(reader, "books"))
    assert find(of_desk("B", hour=10)) == ({"B": "A"} if restless else {})


def test_readings_are_counted_until_that_is_known(kit):
    """Each source once a reading, however many visits of it came under other ids."""
    kit.sync(visit("A"))
    counts = []
    for _ in range(3):
        kit.ledger.submit(lambda tx: note_restless(["desk", "books", "desk"], kit.now(), tx)).result()
        counts.append(kit.ledger.read(lambda reader: reader.last_run("fresh ids desk")[1]))
    assert counts == [{"readings": 1}, {"readings": 2}, {"readings": 2}]


@pytest.mark.parametrize(
    ("comes", "known"),
    [
        (of_desk("B", hour=10), True),
        (of_desk("B", hour=10, title="Cleaning"), False),
        (of_desk("B", hour=10, phone=OTHER), False),
        (of_desk("B", day=18), True),
        (of_desk("B", hour=9, day=0), False),
        (of_desk("B", hour=9, minute=1, day=0), True),
    ],
    ids=["an hour later", "another title", "another number", "far away", "it begins now", "it is to come"],
)
@pytest.mark.usefixtures("deals_anew")
def test_a_visit_that_moved_is_known_by_number_and_title(kit, find, comes, known):
    """If it is yet to come."""
    kit.sync(of_desk("A"))
    assert find(comes) == ({"B": "A"} if known else {})


@pytest.mark.usefixtures("deals_anew")
def test_the_nearest_is_the_one_that_moved(kit, find):
    """Each is taken once; what has its old time still stands as it is."""
    kit.sync([of_desk("A", hour=9), of_desk("B", hour=15)])
    assert find(of_desk("C", hour=14)) == {"C": "B"}
    assert find(of_desk("C", hour=13), of_desk("D", hour=14)) == {"C": "A", "D": "B"}
    assert find(of_desk("C", hour=9), of_desk("D", hour=10)) == {"C": "A", "D": "B"}


@pytest.mark.usefixtures("deals_anew")
def test_a_source_of_which_an_id_came_again_is_steady(kit, find):
    """Then who is absent is gone."""
    kit.sync([of_desk("A"), of_desk("B", phone=OTHER)])
    assert find(of_desk("B", phone=OTHER), of_desk("C", hour=10)) == {}


@pytest.mark.usefixtures("deals_anew")
def test_what_the_calendar_would_not_hold_has_not_moved(kit, find, sandbox):
    """What begins by now, what is beyond its horizon, and what was recorded since it was read."""
    recorded = of_desk("A")
    kit.sync(recorded)
    start_at, later = recorded.start_at, of_desk("B", day=4)
    assert find(later, now=start_at - SECOND) == {"B": "A"}
    assert find(later, now=start_at) == {}
    for horizon, known in ((start_at, False), (start_at + SECOND, True)):
        assert bool(find(later, scopes=[evolve(DESK, horizon=horizon)])) is known
    before, since = (AsOf.drawn(START + timedelta(seconds=seconds)) for seconds in (-1, 0))
    assert find(later, scopes=[evolve(DESK, as_of=before)]) == {}
    assert find(later, scopes=[evolve(DESK, as_of=since)]) == {"B": "A"}


# The names they have then


def test_a_record_that_is_taken_over_has_the_names_it_will_have(kit):
    """Its reminders and messages too, and what these include; all else is as it was."""
    kit.sync([of_desk("A"), of_desk("Z", phone=OTHER)])
    record, other = (
        kit.ledger.read(lambda reader, one=identity: next(reader.records(identities=[one])))
        for identity in (Identity("desk", "A"), Identity("desk", "Z"))
    )
    (message,) = record.messages
    old = message.key
    new_identity = Identity("desk", "B")
    names = NewNames.of({new_identity: record}, kit.settings.defaults.namespace)
    kit.sync(of_desk("B", hour=11))
    (expected,) = [
        one.key
        for found in kit.ledger.read(lambda reader: list(reader.records(identities=[new_identity])))
        for one in found.outcomes
    ]
    assert (names.key(old), names.old_key(expected), names.key("x"), names.old_key("x")) == (expected, old, "x", "x")
    assert names.now == {record.identity: new_identity}
    taken = names.record(record)
    assert taken == names.records[new_identity]
    assert (taken.identity, taken.revision, taken.row) == (new_identity, ("", ""), record.row)
    assert [one.key for one in (*taken.outcomes, *taken.messages)] == [expected, expected]
    assert names.record(other) == other
    including = evolve(message, key="x", includes=(Included(old, START), Included("y", START)))
    (renamed,) = names.messages([including])
    assert (renamed.key, renamed.includes) == ("x", (Included(expected, START), Included("y", START)))
    observed = Observed.recorded(other, {})
    assert names.observed(observed) is observed
    seen = evolve(observed, messages={"x": (including,)})
    assert names.observed(seen).messages == {"x": (renamed,)}


def test_where_nobody_is_taken_over_all_names_stay(kit):
    """Nothing is copied for it."""
    kit.sync(of_desk("A"))
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    names = NewNames.of({}, kit.settings.defaults.namespace)
    including = evolve(record.messages[0], includes=(Included("y", START),))
    observed = evolve(Observed.recorded(record, {}), messages={"x": (including,)})
    assert names.record(record) is record
    assert names.messages(record.messages) == record.messages
    assert names.observed(observed) is observed
