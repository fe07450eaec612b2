"""What other appointments of a number have to do with one: which are near, what of them was told, and in whose name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Recipient
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.records import Identity, PriorMessage
from reminder_kit.planning.observed import Observed
from reminder_kit.reconciler.barred import Barred
from reminder_kit.reconciler.neighbours import Neighbours, _phones, _was_combined, _with_sent
from tests.factories import DAY, EVENING, NUMBER, START, visit

OTHER, HOURS = "+12025550177", timedelta(hours=1)


def identity(name):
    return Identity("default", name)


@pytest.fixture
def evening(make_kit):
    """A kit that tells people of all their appointments of a day at once."""
    return make_kit([EVENING])


@pytest.fixture
def ask():
    """Return a function that says what is known of appointments, by id, with their context."""

    def asked(kit, *names, announce=None, now=START, **changes):
        settings = evolve(kit.settings, **changes)

        def found(reader):
            barred = Barred(reader, settings.writer)
            neighbours = Neighbours(reader, settings, now, barred)
            for name, appointment in (announce or {}).items():
                neighbours.announce(identity(name), appointment)
            records = neighbours.recorded(identity(name) for name in names)
            everyone = [
                Observed.recorded(records[identity(name)], barred.by_number)
                if identity(name) in records
                else Observed.of(identity(name), announce[name], None, barred.by_number, None)
                for name in names
            ]
            return {one.identity.id: one for one in neighbours.with_context(everyone)}

        return kit.ledger.read(found)

    return asked


def near(observed):
    return [other.identity.id for other in observed.neighbours]


def test_an_appointment_is_for_its_numbers_and_addresses_each_once():
    """Those that are none are left out; nothing is for nobody."""
    people = [Recipient(NUMBER, name="Ada"), Recipient(NUMBER, name="Bea"), Recipient("12", name="C"), Recipient(OTHER)]
    here = evolve(visit("A"), recipients=people)
    assert _phones(here) == [(NUMBER, here.start_at), (OTHER, here.start_at)]
    assert _phones(None) == []


@pytest.mark.parametrize(
    ("other", "is_near"),
    [
        (visit("B", 11), True),
        (visit("B", 11, phone=OTHER), False),
        (visit("B", 9, day=3), True),
        (visit("B", 12, day=4), True),
        (visit("B", 13, day=4), False),
        (visit("B", 6, day=-1), False),
    ],
    ids=["the same day", "another number", "the next day", "51 hours later", "52 hours later", "before"],
)
def test_near_are_those_of_the_same_number_within_51_hours(evening, ask, other, is_near):
    """Two starts of one date are no farther apart, whatever the zones."""
    evening.record([visit("A"), other])
    assert near(ask(evening, "A")["A"]) == (["B"] if is_near else [])


def test_neighbours_come_by_their_names_each_once(evening, ask):
    """Also where several numbers are shared."""
    two = (Recipient(NUMBER, name="Ada"), Recipient(OTHER, name="Bea"))
    evening.record([evolve(visit(name, hour), recipients=two) for name, hour in (("C", 9), ("A", 10), ("B", 11))])
    found = ask(evening, "B", "A")
    assert {name: near(one) for name, one in found.items()} == {"B": ["A", "C"], "A": ["B", "C"]}


def test_what_is_about_to_be_recorded_counts_before_what_is(evening, ask):
    """New, moved or withdrawn."""
    evening.record([visit("A"), visit("B", 11)])
    assert near(ask(evening, "A", announce={"C": visit("C", 12)})["A"]) == ["B", "C"]
    assert near(ask(evening, "A", announce={"B": visit("B", 11, day=9)})["A"]) == []
    assert near(ask(evening, "A", announce={"B": None})["A"]) == []
    assert near(ask(evening, "A", announce={"B": visit("B", 11, phone=OTHER)})["A"]) == []
    moved = ask(evening, "A", announce={"B": visit("B", 14)})["A"]
    assert [other.appointment.start_at for other in moved.neighbours] == [visit("B", 14).start_at]


def test_where_nothing_is_told_together_nobody_is_near(make_kit, ask):
    """Nor is what is about to be recorded noted."""
    kit = make_kit([DAY])
    kit.record([visit("A"), visit("B", 11)])
    found = ask(kit, "A", announce={"C": visit("C", 12)})["A"]
    assert (near(found), found.busy, found.traffic) == ([], frozenset(), {})


def test_what_goes_out_about_a_start_is_known_in_whoevers_name(make_kit, ask):
    """Of the very start, for the number; the others are told of other visits."""
    kit = make_kit([DAY])
    kit.sync([visit("A"), visit("C", 11)])
    kit.record(visit("B"))
    found = ask(kit, "A", "B", "C")
    (twin,) = found["B"].twins[NUMBER, visit("B").start_at]
    assert (twin.text, twin.send_at) == ("Check-up tomorrow at 9:00 AM", visit("A").start_at - 24 * HOURS)
    assert found["B"].twins == found["A"].twins
    assert [one.text for ones in found["C"].twins.values() for one in ones] == ["Check-up tomorrow at 11:00 AM"]


def test_traffic_is_asked_for_where_messages_keep_apart(make_kit, ask):
    """All that goes out to the numbers, whatever it is about."""
    kit = make_kit([DAY])
    kit.sync([visit("A"), visit("B", 11), visit("C", 11, phone=OTHER)])
    found = ask(kit, "A", min_gap=HOURS)["A"]
    assert sorted(one.send_at for one in found.traffic[NUMBER]) == [
        visit("A").start_at - 24 * HOURS,
        visit("B", 11).start_at - 24 * HOURS,
    ]
    assert set(found.traffic) == {NUMBER}
    assert ask(kit, "A")["A"].traffic == {}


def test_a_message_that_speaks_of_several_is_known_by_each(evening, ask):
    """By the key of each that it includes, whoever has it."""
    evening.sync([visit("A"), visit("B", 11)])
    found = ask(evening, "A", "B")
    (message,) = [one for ones in found["A"].messages.values() for one in ones]
    assert len(message.includes) == 1
    assert found["B"].included_in == {message.includes[0].key: [message]}


def test_what_went_out_for_another_occurrence_in_anothers_message_is_known(evening, ask):
    """When, and of which start it spoke."""
    evening.sync([visit("A"), visit("S", 11, recurrence_id="one")])
    evening.record(visit("S", 11, day=9, recurrence_id="two"))
    record = evening.ledger.read(lambda reader: next(reader.records(identities=[identity("A")])))
    (message,) = record.messages
    key = message.includes[0].key

    def second():
        def found(reader):
            barred = Barred(reader, evening.settings.writer)
            neighbours = Neighbours(reader, evening.settings, START, barred)
            (two,) = reader.records(identities=[Identity("default", "S", "two")])
            return neighbours.with_context([Observed.recorded(two, barred.by_number)])[0]

        return evening.ledger.read(found)

    assert second().sent_before == {}
    evening.ledger.submit(lambda tx: tx.move_message(None, message, evolve(message, state=State.SENT))).result()
    told = PriorMessage(key, visit("S", 11).start_at, message.send_at)
    assert {rule: tuple(ones) for (rule, _), ones in second().sent_before.items()} == {"evening": (told,)}


def test_what_was_sent_before_is_added_to_what_is_known():
    """By rule and person."""
    one, two = PriorMessage("k", START, START), PriorMessage("l", START, START + HOURS)
    bare = Observed(identity("A"), visit("A"), {}, {})
    assert _with_sent(bare, None) is bare
    assert _with_sent(bare, {}) is bare
    first = _with_sent(bare, {("r", "p"): [one]})
    assert first.sent_before == {("r", "p"): (one,)}
    assert _with_sent(first, {("r", "p"): [two], ("s", "p"): [two]}).sent_before == {
        ("r", "p"): (one, two),
        ("s", "p"): (two,),
    }


@pytest.mark.parametrize(
    ("reason", "has_message", "combined"),
    [
        ("superseded", False, True),
        ("already_sent", False, True),
        ("superseded", True, False),
        ("on_time", False, False),
    ],
)
def test_what_is_over_without_a_message_may_have_been_told_in_anothers(make_kit, reason, has_message, combined):
    """Whatever the rules say by now."""
    kit = make_kit([DAY])
    kit.sync(visit("A"))
    record = kit.ledger.read(lambda reader: next(reader.records()))
    outcomes = tuple(evolve(one, reason=reason) for one in record.outcomes)
    seen = Observed.recorded(evolve(record, outcomes=outcomes, messages=record.messages if has_message else ()), {})
    assert _was_combined(seen) is combined


def test_once_told_together_is_known_although_no_rule_does_so_now(make_kit, ask):
    """The message that includes it says so."""
    kit = make_kit([EVENING])
    kit.sync([visit("A"), visit("B", 11)])
    later = make_kit([DAY])
    found = ask(later, "B")["B"]
    (messages,) = found.included_in.values()
    assert [isinstance(one, Included) for message in messages for one in message.includes] == [True]
    kit.record(visit("C", 12))
    assert ask(later, "C")["C"].included_in == {}


def test_who_bars_the_numbers_of_all_is_known(make_kit, ask):
    """Of those that are asked about, and of those near them."""
    kit = make_kit([EVENING])
    kit.record([visit("A"), visit("B", 11, phone=OTHER)])
    kit.suppress(OTHER)
    found = ask(kit, "A", "B")
    assert set(found["A"].suppressed) == set(found["B"].suppressed) == {OTHER}
