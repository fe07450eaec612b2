"""Erasing one person takes that person from all tables, and nobody else from any."""

from __future__ import annotations

import pytest

from reminder_kit.model.snapshots import decode
from tests.ledger.population import NUMBERS, Population, contents

NUMBER = NUMBERS[0]
SILENT = {"to_number": "", "recipient": "", "text": "", "subject": "", "media_urls": "[]", "request": b"", "error": ""}


@pytest.fixture
def rows(ledger):
    """A population in which nothing is parked for one number."""
    population = Population(11)
    for each in population.messages:
        if each.to_number == NUMBER and each.state in ("creating", "scheduled", "cancelling"):
            each.state = "delivered"
    for line in population.history:
        line.detail = '{"a": 1}'
    population.fill(ledger)
    return population


@pytest.fixture
def changes(ledger, rows):
    """All that the erasure of that number changes, by table, then by key: the columns; None: the row is gone."""
    before = ledger.ask(contents, {})
    with ledger.writing() as tx:
        listed = tx.reader.people.rows(NUMBER)
        assert tx.people.erase(NUMBER) == len(listed)
    after = ledger.ask(contents, {})
    found = {}
    for place in before.keys() | after.keys():
        old, new = before.get(place), after.get(place)
        if old != new:
            table, key = place
            found.setdefault(table, {})[key] = new and {
                name: value for name, value in new.items() if old is None or value != old[name]
            }
    return found


def differing(each, **values):
    return {name: value for name, value in values.items() if getattr(each, name) != value}


def theirs(rows):
    """Return the appointments of the person alone, and those that others are recipients of, too."""
    listed = {each.row_id for each in rows.here("phones") if each.number == NUMBER}
    for name in ("reminders", "messages"):
        listed |= {each.row_id for each in rows.here(name) if each.to_number == NUMBER}
    standing = [one for row in sorted(listed) if (one := rows.of_row.get(row)) and one.snapshot]
    alone = [one for one in standing if all(person.phone == NUMBER for person in one.people)]
    return alone, [
        one for one in standing if len({person.phone for person in one.people} | {NUMBER}) == 2 == len(one.people)
    ]


def is_of(each):
    return each.namespace == "default" and NUMBER in (each.to_number, each.recipient)


def test_an_appointment_of_one_person_goes_and_one_of_several_stays_theirs(rows, changes):
    """With their words to be found by; its digest stays, so that the same one is no news."""
    alone, shared = theirs(rows)
    empty = {"snapshot": "", "fingerprint": "", "dirty": False, "next_at": None, "replied": "", "unfollowed_at": None}
    expected = {(one.row_id,): differing(one, **empty, lease_owner=None, lease_until=None) for one in alone}
    found = changes["appointments"]
    kept = {(one.row_id,): found.pop((one.row_id,)) for one in shared}
    assert found == expected
    assert len(alone) > 1
    assert len(shared) > 1
    words = set()
    for one in shared:
        (left,) = [person for person in one.people if person.phone != NUMBER]
        assert kept[one.row_id,].keys() == {"snapshot"}
        assert list(decode(kept[one.row_id,]["snapshot"]).recipients) == [left]
        words |= {(one.row_id, word) for word in left.name.casefold().split()}
    assert set(changes["names"]) == words


def test_messages_and_reminders_are_of_nobody_then(rows, changes):
    """By number, or by a key that is the number; and all of an appointment that goes."""
    gone = {one.row_id for one in theirs(rows)[0]}
    assert changes["messages"] == {
        (each.serial,): kept
        for each in rows.messages
        if (is_of(each) or each.row_id in gone) and (kept := differing(each, **SILENT))
    }
    assert changes["reminders"] == {
        (each.namespace, each.key): kept
        for each in rows.reminders
        if (is_of(each) or each.row_id in gone) and (kept := differing(each, to_number="", recipient="", error=""))
    }


def test_what_was_said_seen_and_done_tells_of_nobody_then(rows, changes):
    """History by the keys of reminders, events and looks by number; numbers of appointments are forgotten."""
    alone, _ = theirs(rows)
    gone = {one.row_id for one in alone}
    keys = {each.key for each in rows.reminders if is_of(each)}
    names = {(one.source, one.id, one.recurrence_id) for one in alone}
    assert changes["history"] == {
        (line.serial,): {"detail": "{}"}
        for line in rows.here("history")
        if line.key in keys or (line.source, line.id, line.recurrence_id) in names
    }
    assert changes["events"] == {
        (each.serial,): differing(each, number=None, text=None, raw="{}")
        for each in rows.here("events")
        if each.number == NUMBER
    }
    assert changes["looks"] == {(each.serial,): {"number": ""} for each in rows.here("looks") if each.number == NUMBER}
    assert changes["phones"] == {
        (each.row_id, each.number, each.starts_at): None
        for each in rows.phones
        if (each.namespace == "default" and each.number == NUMBER) or each.row_id in gone
    }
    tables = {"appointments", "names", "messages", "reminders", "history", "events", "looks", "phones"}
    assert changes.keys() == tables


def test_nothing_is_kept_of_whoever_was_erased_and_who_has_a_message_parked_is_not(ledger, rows):
    """Neither rows nor anything that is told."""
    with ledger.writing() as tx:
        assert tx.people.erase(NUMBERS[1]) is None
        assert tx.people.erase(NUMBER) > 0
        assert tx.people.erase(NUMBER) == 0
    nothing = {"appointments": [], "messages": [], "events": [], "history": [], "looks": []}
    assert ledger.read(lambda reader: (reader.people.rows(NUMBER), reader.people.kept(NUMBER))) == ([], nothing)
