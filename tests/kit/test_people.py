"""One person: all that is kept of a number is handed over, and erased on request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Appointment, Recipient
from reminder_kit.channels.callback import Callback
from reminder_kit.testing import signed_event
from tests.factories import NUMBER, visit

OTHER = "+12025550124"


def together(name="Ada Lovelace"):
    """An appointment of two people."""
    people = [Recipient(NUMBER, name=name, data={"chart": "seventeen"}), Recipient(OTHER, name="Grace")]
    return Appointment("B-1", visit("B-1", day=3).starts_at, recipients=people, title="Family")


@pytest.fixture
def kit(make_kit):
    """A kit with an appointment of Ada's alone, and one of hers and somebody else's."""
    made = make_kit()
    made.sync([visit("A-1", name="Ada Lovelace"), together()])
    return made


def all_words(kit):
    """Return all that stands in the ledger's tables, as one text."""

    def dump(connection):
        names = [name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(
            f"{name} {row}" for name in names for row in connection.exec_driver_sql(f"SELECT * FROM {name}").fetchall()
        )

    return kit.ledger.ask(dump, "")


def test_a_person_is_handed_all_that_is_kept_of_the_number(kit):
    """Appointments, messages with their texts, replies, consent and history: of nobody else anything."""
    kept = kit.person("(202) 555-0123")
    assert kept["number"] == NUMBER
    assert [(item["id"], item["starts_at"], item["other_recipients"]) for item in kept["appointments"]] == [
        ("A-1", "2026-02-12T14:00:00Z", 0),
        ("B-1", "2026-02-13T14:00:00Z", 1),
    ]
    assert kept["appointments"][1]["recipients"] == [
        {"phone": NUMBER, "name": "Ada Lovelace", "data": {"chart": "seventeen"}}
    ]
    assert sorted((item["appointment"], item["state"]) for item in kept["messages"]) == [
        ("A-1", "scheduled"),
        ("B-1", "scheduled"),
    ]
    assert all(item["text"] and item["to_number"] == NUMBER for item in kept["messages"])
    assert {line["id"] for line in kept["history"]} == {"A-1", "B-1"}
    assert OTHER not in str(kept)
    assert "Grace" not in str(kept)


def test_of_a_number_that_nobody_knows_nothing_is_kept(kit):
    """Whoever asks is told so."""
    kept = kit.person("+12025550199")
    names = ("barred_by", "consent", "appointments", "messages", "events", "history")
    assert [kept[name] for name in names] == [[]] * 6


def test_erasing_takes_back_first_and_leaves_number_and_date_alone(kit, sandbox):
    """Nothing goes to her any more, nothing says who she was; that she is barred, and since when, is kept."""
    erased = kit.erase(NUMBER)
    assert (erased.appointments, erased.coming, erased.parked) == (2, ("A-1", "B-1"), ())
    assert [message.to for message in sandbox.parked()] == [OTHER]
    words = all_words(kit)
    assert "Lovelace" not in words
    assert "seventeen" not in words
    assert [line.split()[0] for line in words.splitlines() if NUMBER in line] == ["reminder_kit_consents"]
    (bar,) = kit.consent(NUMBER).bars
    assert (bar.by, bar.way, bar.at) == ("host", "erased", sandbox.now())


def test_an_appointment_with_other_people_stays_theirs(kit, sandbox):
    """Who stays is still reminded, and the same row handed in again brings nobody back."""
    kit.erase(NUMBER)
    assert kit.sync(together()).summary["cancel"] == 0
    assert "Lovelace" not in all_words(kit)
    sandbox.clock.advance(days=4)
    assert len(sandbox.inbox(OTHER)) == 1
    assert sandbox.inbox(NUMBER) == []


def test_who_is_handed_in_again_gets_nothing_until_the_host_allows_it(kit, sandbox):
    """The host still has the row: the bar stays, and says why."""
    kit.erase(NUMBER)
    (change,) = kit.sync(visit("A-2", day=4)).changes
    assert (change.kind, change.reason) == ("skip", "suppressed")
    assert "erased" in str(kit.explain("A-2"))
    (item,) = kit.attention()
    assert (item.kind, [member.identity.id for member in item.affected]) == ("erased", ["A-2"])
    assert NUMBER not in f"{item}{item!r}"
    assert kit.allow(NUMBER)
    assert kit.resync().attention == ()
    sandbox.clock.advance(days=4)
    assert len(sandbox.inbox(NUMBER)) == 1


def test_what_may_still_be_parked_is_not_erased(kit, sandbox):
    """The provider does not answer: the number is barred, nothing is forgotten, and later it is erased."""
    sandbox.fault("503", times=None)
    erased = kit.erase(NUMBER)
    assert (erased.appointments, erased.parked) == (None, ("A-1", "B-1"))
    assert "Lovelace" in all_words(kit)
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=5)
    assert kit.erase(NUMBER).appointments == 2
    assert "Lovelace" not in all_words(kit)
    assert [message.to for message in sandbox.parked()] == [OTHER]


def test_the_words_of_a_reply_go_and_its_stop_stays(make_kit, sandbox):
    """A STOP outlives the erasure, without the words in which it came."""
    from reminder_kit.providers.telnyx.provider import Telnyx
    from reminder_kit.testing import TELNYX_PUBLIC_KEY

    kit = make_kit(provider=Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY))
    kit.sync(visit("A-1"))
    words = "Please remove me from your list"
    kit.receive(*signed_event("telnyx", "received", number=NUMBER, text=words, now=sandbox.now()))
    assert [event["text"] for event in kit.person(NUMBER)["events"]] == [words]
    kit.erase(NUMBER)
    assert "remove me" not in all_words(kit)
    assert {bar.by for bar in kit.consent(NUMBER).bars} == {"recipient", "host"}


def test_the_batch_job_removes_what_is_older_than_the_retention(make_kit, sandbox):
    """Appointments that ended so long ago lose their people; what is younger keeps them."""
    kit = make_kit(retention="10 days")
    kit.sync([visit("A-1", day=2, name="Ada Lovelace"), visit("A-2", day=7, name="Grace", phone=OTHER)])
    sandbox.clock.advance(days=8)
    kit.resync()
    assert "Lovelace" in all_words(kit)
    sandbox.clock.advance(timedelta(days=5))
    kit.resync()
    assert "Lovelace" not in all_words(kit)
    assert "Grace" in all_words(kit)


class TestAnAddress:
    """Whoever is written to by e-mail, too, is one person with number and address."""

    ADA = "ada.lovelace@mail.example"

    @pytest.fixture
    def written(self, make_kit, sandbox):
        """A kit by which Ada got a letter, for want of a number, beside others who share an address."""
        kit = make_kit(fallback=Callback(lambda _letter: None, "email", "email"))
        family = [Recipient(OTHER, email="family@mail.example"), Recipient("+12025550125", email="family@mail.example")]
        ada = [Recipient(NUMBER, name="Ada Lovelace", email=self.ADA)]
        start = visit("A-1").starts_at
        kit.sync(
            [
                Appointment("A-1", start, recipients=ada),
                Appointment("A-2", start + timedelta(days=1), recipients=[Recipient(name="Ada", email=self.ADA)]),
                Appointment("A-3", start, recipients=family),
            ]
        )
        sandbox.clock.advance(days=2)
        kit.resync()
        return kit

    @pytest.mark.parametrize("asked", [NUMBER, "Ada.Lovelace@mail.example".lower()])
    def test_is_handed_over_with_the_number(self, written, asked):
        """By whichever of the two she asks, both are told of, each with what was written there."""
        kept = written.person(asked)
        (other,) = kept["also"]
        assert {kept["number"], other} == {NUMBER, self.ADA}
        by_address = kept if kept["number"] == self.ADA else kept["also"][other]
        assert [item["channel"] for item in by_address["messages"]] == ["email"]
        assert {item["id"] for item in by_address["appointments"]} == {"A-1", "A-2"}

    @pytest.mark.parametrize("asked", [NUMBER, ADA])
    def test_goes_with_the_number_and_is_barred(self, written, sandbox, asked):
        """Neither name nor address is left but among what is barred, and nothing goes there any more."""
        sandbox.clock.advance(days=2)
        written.resync()
        assert written.erase(asked).parked == ()
        words = all_words(written)
        assert "Lovelace" not in words
        for name in (NUMBER, self.ADA):
            assert {line.split()[0] for line in words.splitlines() if name in line} == {"reminder_kit_consents"}
            assert [bar.way for bar in written.consent(name).bars] == ["erased"]

    def test_of_a_family_stays_the_familys(self, written, sandbox):
        """Erasing one of several who share an address leaves it to the others."""
        assert "also" not in written.person(OTHER)
        sandbox.clock.advance(days=2)
        written.resync()
        written.erase(OTHER)
        assert not written.consent("family@mail.example").bars
        assert "family@mail.example" in all_words(written)
