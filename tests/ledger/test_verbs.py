"""What a ledger does as a whole: it is made, adopted and purged, and shared by namespaces; what it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.errors import InvalidInputError
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.lifecycle import State
from reminder_kit.model.records import Identity
from reminder_kit.testing.ledger_stage import NOW, as_recorded, claim_all, incoming, message, record_all

HOUR = timedelta(hours=1)
FAR = NOW + timedelta(days=400)


@pytest.mark.parametrize("given", [None, 5, object(), b"sqlite://"])
def test_what_names_no_ledger_is_refused_by_its_kind(given):
    """With what does."""
    with pytest.raises(InvalidInputError) as error:
        Ledger(given)
    assert str(error.value) == (
        f"a ledger is kept in SQLite or PostgreSQL, not in a {type(given).__name__}: give an URL "
        "(sqlite:///reminders.db, postgresql://…), an SQLAlchemy engine, or a reminder_kit.ledger.Ledger"
    )


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("n" * 200, True),
        ("n" * 201, False),
        ("é" * 100, True),
        ("é" * 101, False),
        ("a\0", False),
        ("\ud800", False),
        (5, False),
    ],
)
def test_a_namespace_is_a_text_of_two_hundred_bytes_at_most(sqlite_url, name, is_taken):
    """Of whole characters; one of another ledger's is checked alike."""
    whole = Ledger(sqlite_url)
    for make in (lambda: Ledger(sqlite_url, namespace=name), lambda: whole.namespaced(name)):
        if is_taken:
            assert make().namespace == name
            continue
        with pytest.raises(InvalidInputError, match="a ledger's namespace is a text of 200 bytes at most, "):
            make()


def test_a_ledger_is_told_by_its_address_and_namespace(sqlite_url):
    """`default`, unless it has a name."""
    ledger = Ledger(sqlite_url)
    assert repr(ledger) == f"Ledger('{sqlite_url}', namespace='default')"
    assert repr(ledger.namespaced("north")) == f"Ledger('{sqlite_url}', namespace='north')"
    assert (ledger.namespace, ledger.schema, ledger.url) == ("default", None, sqlite_url)


@pytest.mark.parametrize("closes", [False, True])
def test_a_namespace_closes_the_ledger_only_where_that_is_said(sqlite_url, closes):
    """It shares its connections with the one that it is of."""
    whole = Ledger(sqlite_url)
    north = whole.namespaced("north", closes=closes)
    north.upgrade()
    north.submit(lambda tx: tx.mark_run("resync", NOW, {})).result(20)
    north.close()
    assert whole._database.is_open is not closes
    whole.close()
    assert whole._database.is_open is False


def test_a_place_is_known_once_it_is_there(url, ledgers):
    """Of a file by its number and path; memory is nowhere."""
    ledger = ledgers(url)
    if url.startswith("sqlite"):
        assert ledger.place() is None
    ledger.upgrade()
    place = ledger.place()
    assert place == ledger.place()
    assert place.name.startswith(url.partition(":")[0])
    assert (place.path != "") is url.startswith("sqlite")
    memory = ledgers("sqlite://")
    memory.upgrade()
    assert memory.place() is None
    memory.adopt()
    assert memory.read(lambda reader: reader.standing.places()) == []


@pytest.mark.parametrize("known", [False, True])
def test_a_ledger_is_adopted_where_it_is(ledger, known):
    """With what is known of an older state that was put back; and by all namespaces."""
    record_all(ledger, incoming())
    ledger.adopt()
    assert ledger.read(lambda reader: reader.standing.places()) == [ledger.place()]
    assert ledger.read(lambda reader: reader.standing.restoration()) is None
    ledger.adopt(restored=NOW + HOUR, opt_outs_known=known)
    found = ledger.read(lambda reader: reader.standing.restoration())
    assert (found.since, found.at, found.adopted, found.opt_outs_known) == (
        NOW.replace(microsecond=0),
        NOW + HOUR,
        True,
        known,
    )
    assert as_recorded(ledger).fingerprint == ""
    ledger.adopt()
    assert ledger.read(lambda reader: reader.standing.restoration()).opt_outs_known is known
    ledger.adopt(opt_outs_known=True)
    again = ledger.read(lambda reader: reader.standing.restoration())
    assert (again.opt_outs_known, again.at, again.adopted) == (True, NOW + HOUR, True)


def test_sources_that_came_in_whole_are_noted_with_the_last_row_by_then(ledger):
    """Of a ledger that was put back; of another one nothing is noted."""
    record_all(ledger, incoming("A-1"), incoming("A-2"))
    with ledger.writing() as tx:
        tx.restorations.note_complete(["default"])
    assert ledger.read(lambda reader: reader.standing.restoration()) is None
    ledger.adopt(restored=NOW + HOUR)
    with ledger.writing() as tx:
        tx.restorations.note_complete([])
        tx.restorations.note_complete(["default"])
    record_all(ledger, incoming("A-3"))
    with ledger.writing() as tx:
        tx.restorations.note_complete(["web"])
        tx.restorations.note_complete(["web"])
    assert ledger.read(lambda reader: reader.standing.restoration()).complete == {"default": 2, "web": 3}
    other = ledger.namespaced("other").read(lambda reader: reader.standing.restoration())
    assert (other.at, other.complete) == (NOW + HOUR, {})


def test_what_is_purged_is_told_with_whether_it_is_gone_from_the_files(ledger):
    """Nothing to purge is gone already."""
    record_all(ledger, incoming("A-1"), incoming("A-2"))
    nothing = ledger.purge(NOW, NOW)
    assert (nothing.count, nothing.is_gone) == (0, True)
    found = ledger.purge(FAR, FAR)
    assert (found.count, found.is_gone) == (2, True)
    assert ledger.read(lambda reader: reader.last_run("purge")) == (FAR, {"open": False})
    assert ledger.purge(FAR, FAR + HOUR).count == 0
    assert ledger.read(lambda reader: reader.last_run("purge")) == (FAR, {"open": False})


def test_namespaces_are_purged_and_the_files_rid_of_them_once(ledger):
    """In the end; until then it is noted as open."""
    north, south = ledger.namespaced("north"), ledger.namespaced("south")
    for one in (north, south):
        record_all(one, incoming())
    with ledger.scrubbing_once():
        for one, now in ((north, FAR), (south, FAR + HOUR)):
            found = one.purge(FAR, now)
            assert (found.count, found.is_gone) == (1, False)
            assert one.read(lambda reader: reader.last_run("purge")) == (now, {"open": True})
    assert [one.read(lambda reader: reader.last_run("purge")) for one in (north, south)] == [
        (FAR, {"open": False}),
        (FAR + HOUR, {"open": False}),
    ]
    with ledger.scrubbing_once():
        assert north.purge(FAR, FAR).is_gone
    record_all(north, incoming("A-9"))
    assert north.purge(FAR, FAR).is_gone


def test_a_ledger_at_the_end_of_its_fence_of_messages_still_has_room(ledger):
    """What was sent makes room again."""
    (record,) = record_all(ledger, incoming())
    claim = claim_all(ledger, [record.row])[record.row]
    with ledger.writing() as tx:
        for place in range(3):
            made = message(f"m-{place}", f"k-{place}", state=State.SCHEDULED if place else State.SENT)
            tx.create_message(claim, made, rule="day", recipient="p-1")
        assert [tx.reader.room(cap, wanted, "telnyx") for cap, wanted in ((3, 0), (3, 1), (2, 1), (9, 6))] == [
            0,
            1,
            0,
            6,
        ]
        assert tx.reader.sent_before(Identity("default", "A-1"))["day", "p-1"][0].key == "k-0"
