"""Which namespaces there are, which have something to do, and whose a message is: as looking through all rows says."""

from __future__ import annotations

from collections import defaultdict

import pytest

from reminder_kit.ledger.namespaces import is_anything_open, namespaces, namespaces_at_work, owners, writers
from tests.ledger.population import NUMBERS, Population, hour, instant_of


@pytest.fixture
def rows(ledger):
    """A population in the ledger, with namespaces that have jobs or appointments alone."""
    population = Population(5)
    for one, space in zip(population.appointments, ["calm", "busy", "a"], strict=False):
        one.namespace, one.dirty = space, space == "busy"
    for place, each in enumerate(population.messages):
        each.namespace = ["default", "other", "a"][place % 3]
        each.sender = f"+120255501{place % 4:02}"
    population.fill(ledger)
    for name in ("jobs", "default"):
        with ledger.namespaced(name).writing() as tx:
            tx.mark_run("resync", hour(1), {})
    with ledger.namespaced("").writing() as tx:
        tx.mark_run("restored", hour(1), {})
    return population


def test_all_namespaces_are_listed_once_and_those_with_something_to_do(ledger, rows):
    """Sorted; of jobs and appointments; what holds for all of them is none."""
    here = {one.namespace for one in rows.appointments}
    assert namespaces(ledger) == sorted(here | {"jobs", "default"})
    assert namespaces_at_work(ledger) == sorted({one.namespace for one in rows.appointments if one.dirty})


def test_a_message_is_found_by_either_name_in_any_namespace(ledger, rows):
    """By the provider's first; each namespace once; none for no names."""
    known = {one.namespace for one in rows.appointments}
    for each in rows.messages[::5]:
        by_id = {one.namespace for one in rows.messages if each.provider_id and one.provider_id == each.provider_id}
        by_token = {each.namespace} & known
        ids, tokens = [each.provider_id or "P-?", "P-!"], [each.id, "m-?"]
        assert sorted(owners(ledger, ids, [])) == sorted(by_id)
        assert sorted(owners(ledger, [], tokens)) == sorted(by_token)
        both = owners(ledger, ids, tokens)
        assert sorted(both) == sorted(by_id | by_token)
        assert set(both[: len(by_id)]) == by_id
    assert owners(ledger, [], []) == owners(ledger, ["P-?"], ["m-?"]) == []


@pytest.mark.parametrize("until", [None, 2], ids=["whenever", "up to an instant"])
def test_who_writes_to_numbers_is_told_the_last_one_first(ledger, rows, until):
    """Each namespace with each sender once; what goes out at that very instant counts."""
    limit = None if until is None else hour(until)
    last = defaultdict(int)
    for each in rows.messages:
        if each.to_number in NUMBERS[:2] and (limit is None or instant_of(each.send_at) <= limit):
            place = each.namespace, each.sender
            last[place] = max(last[place], each.send_at)
    found = writers(ledger, NUMBERS[:2], limit)
    assert sorted(found) == sorted(last)
    assert found == sorted(found, key=lambda one: (-last[one], one[0]))
    assert writers(ledger, [], limit) == []


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        *((state, True) for state in ("creating", "scheduled", "cancelling")),
        *((state, False) for state in ("unknown", "sent", "delivered", "undelivered", "too_late")),
        *((state, False) for state in ("cancelled", "rejected", "abandoned")),
    ],
)
def test_what_is_or_may_be_parked_is_open_in_its_own_namespace(sqlite_ledger, state, is_open):
    """In no other one."""
    population = Population(5)
    population.messages = population.messages[:2]
    for each, space in zip(population.messages, ["default", "other"], strict=True):
        each.state, each.namespace = (state if space == "default" else "sent"), space
    population.fill(sqlite_ledger)
    assert is_anything_open(sqlite_ledger) is is_open
    assert is_anything_open(sqlite_ledger.namespaced("other")) is False
