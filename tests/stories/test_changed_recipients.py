"""Recipients that change after they were told: whoever has the number was told, under whatever key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import Recipient, Rule
from tests.factories import NUMBER, received_texts, visit

OTHER = "+12025550177"
DAY = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")
WORDS = "Check-up tomorrow at 6:00 PM"
NOTICES = {"correction": "Moved to {{ when }}", "cancellation": "Off {{ when }}"}


def texts(sandbox, number=NUMBER):
    return [message.text for message in sandbox.inbox(number)]


@pytest.fixture
def told(make_kit, sandbox):
    """Return a function that has the people of a visit told, and that lets a few hours pass."""

    def made(*people, **options):
        kit = make_kit([DAY], **options)
        first = evolve(visit("A", 18), recipients=people)
        kit.sync(first)
        sandbox.clock.advance(hours=34)
        kit.resync()

        def becomes(**changes):
            kit.sync(evolve(first, ends_at=None, **changes))
            for _ in range(8):
                sandbox.clock.advance(minutes=15)
                kit.resync()

        return becomes, first.starts_at

    return made


@pytest.mark.parametrize("child", [Recipient(NUMBER, id="child"), Recipient(NUMBER)], ids=["id", "no-id"])
def test_two_of_one_number_may_come_in_another_order(told, sandbox, child):
    """A mother and her child have one number, and were told by it once."""
    mother = Recipient(NUMBER, id="mother")
    becomes, _ = told(mother, child)
    becomes(recipients=[child, mother])
    assert texts(sandbox) == [WORDS]
    becomes(recipients=[mother, child])
    assert texts(sandbox) == [WORDS]


@pytest.mark.parametrize("turns", [1, -1], ids=["last", "first"])
@pytest.mark.parametrize("newcomer", [Recipient(NUMBER), Recipient(NUMBER, id="P-2")], ids=["no-id", "id"])
def test_who_gets_another_number_is_told_though_somebody_else_has_the_old_one_now(told, sandbox, newcomer, turns):
    """Each number is told once: the old one was, and the new one is nobody else's."""
    becomes, _ = told(Recipient(NUMBER, id="P-1"))
    becomes(recipients=[Recipient(OTHER, id="P-1"), newcomer][::turns])
    assert [texts(sandbox), texts(sandbox, OTHER)] == [[WORDS], [WORDS]]


def test_a_person_who_gets_an_id_is_not_told_again(told, sandbox):
    """A host that begins to give its people ids has told nobody less."""
    becomes, _ = told(Recipient(NUMBER))
    becomes(recipients=[Recipient(NUMBER, id="P-1")])
    assert texts(sandbox) == [WORDS]


def test_two_people_who_exchange_their_ids_are_not_told_again(told, sandbox):
    """Each number has what it needs."""
    becomes, _ = told(Recipient(NUMBER, id="a"), Recipient(OTHER, id="b"))
    becomes(recipients=[Recipient(NUMBER, id="b"), Recipient(OTHER, id="a")])
    assert (texts(sandbox), texts(sandbox, OTHER)) == ([WORDS], [WORDS])


def test_before_they_are_told_an_exchange_tells_each_once(make_kit, sandbox):
    """What is parked under the old keys is taken back, and made anew."""
    kit = make_kit([DAY])
    first = evolve(visit("A", 18), recipients=[Recipient(NUMBER, id="a"), Recipient(OTHER, id="b")])
    kit.sync(first)
    kit.sync(evolve(first, recipients=[Recipient(NUMBER, id="b"), Recipient(OTHER, id="a")]))
    kit.resync()
    sandbox.clock.advance(hours=34)
    assert (texts(sandbox), texts(sandbox, OTHER)) == ([WORDS], [WORDS])


def test_somebody_else_who_gets_a_number_that_was_told_other_words_is_told(told, sandbox):
    """Only the same words are a repetition."""
    becomes, _ = told(Recipient(NUMBER, id="a"))
    becomes(recipients=[Recipient(NUMBER, id="a"), Recipient(OTHER, id="b")], title="X-ray")
    assert (texts(sandbox), texts(sandbox, OTHER)) == ([WORDS], ["X-ray tomorrow at 6:00 PM"])


def test_a_move_is_corrected_under_the_new_key_too(told, sandbox):
    """Each move once: the person was told under the old key, and then by the correction."""
    becomes, starts_at = told(Recipient(NUMBER), **NOTICES)
    people = [Recipient(NUMBER, id="P-1")]
    becomes(recipients=people)
    for _ in range(2):
        becomes(recipients=people, starts_at=starts_at + timedelta(days=3))
    becomes(recipients=people, starts_at=starts_at + timedelta(days=6))
    moves = ["Moved to Sunday 15 February at 6:00 PM", "Moved to Wednesday 18 February at 6:00 PM"]
    assert received_texts(sandbox) == [WORDS, *moves]


def test_a_cancellation_is_told_under_the_new_key_too(told, sandbox):
    """Once."""
    becomes, _ = told(Recipient(NUMBER), **NOTICES)
    people = [Recipient(NUMBER, id="P-1")]
    becomes(recipients=people)
    for _ in range(2):
        becomes(recipients=people, status="cancelled")
    assert received_texts(sandbox) == [WORDS, "Off tomorrow at 6:00 PM"]
