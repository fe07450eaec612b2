"""What people ask who look at a ledger: a day, a name, a person's messages; and that erasure takes names away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Recipient
from reminder_kit.model.looks import LOOKED, Look
from reminder_kit.model.messages import DeliveryEvent
from reminder_kit.model.records import Identity, Incoming
from reminder_kit.testing.ledger_contract import NOW, incoming, message

FAR = timedelta(days=4000)


def put(ledger, *names, first=1, **changes):
    """Record an appointment for each name, an hour after each other, and return their identities."""
    base = incoming("A-0").appointment
    found = []
    with ledger.writing() as tx:
        for place, name in enumerate(names):
            people = [Recipient(f"+120255501{first + place:02}", name=name)]
            starts_at = base.starts_at + timedelta(hours=place)
            one = evolve(base, id=f"A-{first + place}", starts_at=starts_at, ends_at=None, recipients=people, **changes)
            tx.record([Incoming.of(one)], NOW)
            found.append(Identity.of(one))
    return found


def asked(ledger, question):
    return ledger.read(lambda reader: question(reader.looks))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ada", [1, 2]),
        ("LOVE", [1]),
        ("lovelace ada", [1]),
        ("ada b", [2]),
        ("Zoe", [3]),
        ("lac", []),
        ("", []),
        ("%", []),
        ("ada' OR 1=1 --", []),
    ],
)
def test_people_are_found_by_the_beginnings_of_their_names(ledger, text, rows):
    """Each word of a search must begin a word of the name, in any order; accents and case say nothing."""
    put(ledger, "Ada Lovelace", "Ada Byron", "Zoë Ng")
    assert asked(ledger, lambda looks: looks.named(text)) == rows


def test_a_name_that_was_changed_is_found_by_the_new_one_alone(ledger):
    """Words of an earlier name of the same appointment lead nowhere any more."""
    put(ledger, "Ada Lovelace")
    put(ledger, "Grace Hopper")
    assert asked(ledger, lambda looks: looks.named("ada")) == []
    assert asked(ledger, lambda looks: looks.named("grace")) == [1]


def test_erased_and_purged_people_are_not_found(ledger):
    """Erasure takes the words of one person, a purge those of past appointments."""
    put(ledger, "Ada Lovelace", "Grace Hopper")
    with ledger.writing() as tx:
        assert tx.people.erase("+12025550101") == 1
    assert asked(ledger, lambda looks: looks.named("ada")) == []
    with ledger.writing() as tx:
        tx.purge(NOW + FAR, NOW)
    assert asked(ledger, lambda looks: looks.named("grace")) == []


def test_of_two_people_only_the_erased_one_is_not_found(ledger):
    """Who shares an appointment with somebody who is erased is still found by name."""
    base = incoming("A-0").appointment
    people = [Recipient("+12025550101", name="Ada"), Recipient("+12025550102", name="Ben")]
    with ledger.writing() as tx:
        tx.record([Incoming.of(evolve(base, recipients=people))], NOW)
        tx.people.erase("+12025550101")
    assert asked(ledger, lambda looks: (looks.named("ada"), looks.named("ben"))) == ([], [1])


def test_a_day_is_read_in_pages_in_the_order_of_its_starts(ledger):
    """Pages follow each other without gap or repetition, also where several start at one instant."""
    put(ledger, *["A"] * 3)
    put(ledger, *["B"] * 2, first=4)
    start = incoming("A-0").appointment.start_at
    until = start + timedelta(hours=2)
    pages, place = [], (0, start)
    while found := ledger.read(lambda reader, at=place: reader.looks.day(at[1], until, at[0], 2)):
        pages.append([row for row, _ in found])
        place = found[-1]
    assert pages == [[1, 4], [2, 5]]


def test_what_things_are_called_is_read_by_identity(ledger):
    """Titles and names of those that are recorded; purged and unknown ones are left out."""
    found = put(ledger, "Ada", title="Cleaning")
    gone = Identity("default", "nobody")
    called = asked(ledger, lambda looks: looks.called([*found, gone]))
    assert {identity: one.label("+12025550101") for identity, one in called.items()} == {found[0]: "Cleaning, Ada"}


def test_messages_tell_when_they_went_out_and_arrived(ledger):
    """What a provider reported stands with the message: when, and why not; the latest send time comes first."""
    (identity, _) = put(ledger, "Ada", "Ben")
    with ledger.writing() as tx:
        claims = tx.claim([1, 2], "me", NOW, timedelta(minutes=1))
        for row, number in ((1, "01"), (2, "02")):
            one = message(id=f"M-{row}", key=f"K-{row}")
            draft = evolve(one.draft, to=f"+120255501{number}", send_at=one.send_at + timedelta(minutes=row))
            tx.create_message(claims[row], evolve(one, draft=draft), rule="day-before", recipient=draft.to)
        for kind, code in (("sent", ""), ("undelivered", "40008")):
            event = DeliveryEvent(f"E-{kind}", kind, NOW, "telnyx", token="M-1", code=code)
            tx.store_event(event, NOW)
    every = asked(ledger, lambda looks: looks.told(NOW - FAR, NOW + FAR))
    assert [told.message.id for told in every] == ["M-2", "M-1"]
    (told,) = asked(ledger, lambda looks: looks.told(NOW - FAR, NOW + FAR, number="+12025550101"))
    assert (told.identity, told.rule, told.sent_at, told.undelivered_at, told.code) == (
        identity, "day-before", NOW, NOW, "40008"
    )  # fmt: skip
    assert asked(ledger, lambda looks: looks.told(NOW - FAR, NOW + FAR, rows=[2], most=1))[0].message.id == "M-2"
    assert asked(ledger, lambda looks: looks.told(NOW + FAR, NOW + 2 * FAR)) == []
    assert asked(ledger, lambda looks: looks.counted(NOW - FAR, NOW + FAR)) == {"day-before": {"creating": 2}}


def test_who_looked_is_kept_and_leaves_with_the_person(ledger):
    """Each look has its instant, who it was and what was done; an erased number has none any more."""
    number = "+12025550101"
    with ledger.writing() as tx:
        tx.note_look(Look(NOW, "desk", LOOKED, number))
        tx.note_look(Look(NOW, "ada@clinic", "suppress", number, "A-1"))
    assert [(look.who, look.act, look.id) for look in asked(ledger, lambda looks: looks.looks(number))] == [
        ("ada@clinic", "suppress", "A-1"),
        ("desk", "looked", ""),
    ]
    kept = ledger.read(lambda reader: reader.people.kept(number))["looks"]
    assert [look["act"] for look in kept] == ["looked", "suppress"]
    with ledger.writing() as tx:
        tx.people.erase(number)
    assert asked(ledger, lambda looks: looks.looks(number)) == []


def test_what_a_person_wrote_is_read_by_number(ledger):
    """Words and what they were taken for, the latest first."""
    with ledger.writing() as tx:
        for minute, (kind, text) in enumerate([("received", "C"), ("opted_out", "STOP")]):
            at = NOW + timedelta(minutes=minute)
            tx.store_event(
                DeliveryEvent(kind, kind, at, "telnyx", number="+12025550101", text=text, raw={"id": kind}), at
            )
    found = asked(ledger, lambda looks: looks.replies(["+12025550101"], NOW, NOW + FAR))
    assert [(reply.kind, reply.text) for reply in found] == [("opted_out", "STOP"), ("received", "C")]
    assert asked(ledger, lambda looks: looks.replies(["+12025550102"], NOW, NOW + FAR)) == []
    counted = asked(ledger, lambda looks: looks.counted_replies(NOW, NOW + FAR))
    assert counted == {"received": 1, "opted_out": 1}


def test_names_are_filled_in_by_an_upgrade(ledgers, tmp_path):
    """People recorded by an older library are found by name once the tables are upgraded."""
    from tests.ledger.older_tables import filled, made_as_of

    ledger = ledgers(f"sqlite:///{tmp_path / 'old.db'}")
    made_as_of(ledger, "0002")
    filled(ledger, 2)
    name = incoming("A-1").appointment.recipients[0].name
    ledger.upgrade()
    assert name
    assert asked(ledger, lambda looks: looks.named(name)) == [1, 2]
