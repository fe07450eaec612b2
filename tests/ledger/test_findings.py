"""What a check finds is what looking through all rows finds, in any ledger, and a repair mends just that."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
import sqlalchemy as sa

from reminder_kit.ledger.integrity import check
from reminder_kit.ledger.sql.tables import tables_of
from tests.ledger.population import Population, hour, is_leased, number_of

NOW = hour(2)
AT = number_of(NOW)
OPEN = {"creating", "scheduled", "cancelling"}
REACHED = OPEN | {"sent", "delivered", "undelivered", "too_late", "unknown"}


def label(owner, row):
    if owner is None:
        return f"row {row}"
    return f"{owner.id}@{owner.recurrence_id}" if owner.recurrence_id else owner.id


def expected(rows, *, leases):
    """Return what is wrong, by kind: the row, the key, and the line."""
    messages, reminders = rows.here("messages"), rows.here("reminders")
    live = defaultdict(list)
    for each in messages:
        if each.state in ("creating", "scheduled"):
            live[each.key].append(each)
    found = {
        "twice": [min(same, key=lambda each: each.serial) for same in live.values() if len(same) > 1],
        "stray": [each for each in messages if rows.owner(each) is None],
        "orphan": [each for each in reminders if rows.owner(each) is None],
    }
    there = {(each.key, each.row_id) for each in messages if each.state in REACHED}
    at_rest = [each for each in reminders if (owner := rows.owner(each)) and owner.snapshot and not owner.dirty]
    found["empty"] = [each for each in at_rest if each.stand == "parked" and (each.key, each.row_id) not in there]
    is_open = [each for each in messages if each.state in OPEN and (one := rows.owner(each)) and not one.dirty]
    keys = {each.key for each in reminders}
    found["loose"] = [each for each in is_open if each.key not in keys]
    found["forgotten"] = [each for each in is_open if rows.owner(each).next_at is None]
    texts = {
        "twice": "two live messages for one reminder",
        "stray": "a message whose appointment is not recorded",
        "orphan": "a reminder whose appointment is not recorded",
        "empty": "a reminder is recorded as parked, but has no message",
        "loose": "a message is open, but its reminder is not recorded",
        "forgotten": "a message is open, but nothing is to look at it again",
    }
    lines = {
        kind: [
            f"{label(rows.owner(each), each.row_id)}: {texts[kind]}"
            for each in sorted(listed, key=lambda each: (each.row_id, each.key))
        ]
        for kind, listed in found.items()
    }
    if leases:
        over = [one for one in rows.here("appointments") if one.lease_until is not None and not is_leased(one, AT)]
        lines["lease"] = [f"{label(one, one.row_id)}: its worker's lease ran out" for one in over]
    return lines


@pytest.fixture(params=[1, 2])
def rows(request, ledger):
    """A population in which everything that can be wrong is wrong somewhere; the ledger holds it."""
    population = Population(request.param)
    gone = {each.key for each in population.reminders[:9]}
    population.reminders = [each for each in population.reminders if each.key not in gone]
    population.messages = [
        each
        for each in population.messages
        if each.state not in OPEN or (owner := population.owner(each)) is None or owner.snapshot
    ]
    population.fill(ledger)
    return population


def dirty(ledger):
    table = tables_of(None).appointments
    found = ledger.ask(lambda connection: connection.execute(sa.select(table.c.row_id, table.c.dirty)).all(), [])
    return {row for row, is_dirty in found if is_dirty}


def test_every_kind_of_damage_is_found_wherever_it_is(ledger, rows):
    """Kind by kind, by rows and keys; leases only where there is a clock."""
    by_kind = expected(rows, leases=True)
    assert all(by_kind.values())
    assert check(ledger, now=NOW) == [line for lines in by_kind.values() for line in lines]
    assert check(ledger) == [line for lines in expected(rows, leases=False).values() for line in lines]


def test_a_repair_mends_what_was_found_and_says_how(ledger, rows):
    """What can be mended is not found again; only messages without an appointment stay as they are."""
    how = {"stray": "left as it is", "orphan": "dropped", "lease": "freed"}
    by_kind = expected(rows, leases=True)
    once = [
        f"{line} ({how.get(kind, 'marked for the next resync')})" for kind, lines in by_kind.items() for line in lines
    ]
    assert Counter(check(ledger, now=NOW, repair=True)) <= Counter(once)
    assert set(check(ledger, now=NOW)) == {*by_kind["stray"], *by_kind["twice"]}
    marked = {each.row_id for each in rows.appointments if each.dirty}
    assert dirty(ledger) > marked
    assert all(rows.of_row[row].namespace == "default" for row in dirty(ledger) - marked)
