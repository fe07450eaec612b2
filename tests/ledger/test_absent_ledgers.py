"""A ledger that is not there yet, or is empty, has an answer to every question: that there is nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.ledger.reader import NOTHING
from reminder_kit.model.consent import Writer
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import PassedOver
from reminder_kit.testing.ledger_stage import NOW, PHONE

HOUR = timedelta(hours=1)
WHO = Identity("default", "A-1")

QUESTIONS = {
    "records": (lambda reader: list(reader.records()), []),
    "records by id": (lambda reader: list(reader.records(ids=["A-1"])), []),
    "records by identity": (lambda reader: list(reader.records(identities=[WHO])), []),
    "records by row": (lambda reader: list(reader.records(rows=[1])), []),
    "read": (lambda reader: reader.read([1, 2]), []),
    "read nothing": (lambda reader: reader.read([]), []),
    "recorded": (lambda reader: reader.recorded([WHO]), {}),
    "recorded since": (lambda reader: reader.recorded_since(NOW), frozenset()),
    "rows": (lambda reader: reader.rows([WHO]), {}),
    "identities": (lambda reader: reader.identities("A-1"), []),
    "of a source": (lambda reader: reader.of_source("default"), []),
    "state of a source": (lambda reader: reader.state_of("default"), (0, 0, 0)),
    "series": (lambda reader: reader.series_of("default"), {}),
    "history": (lambda reader: reader.history(id="A-1"), []),
    "suppressions": (lambda reader: reader.suppressions(), {}),
    "blockers": (lambda reader: reader.blockers(), ()),
    "marks": (lambda reader: reader.marks(), {}),
    "parked": (lambda reader: reader.parked(), 0),
    "parked of a source": (lambda reader: reader.parked("default"), 0),
    "parked everywhere": (lambda reader: reader.parked_everywhere("telnyx"), 0),
    "room": (lambda reader: reader.room(5, 3, "telnyx"), 5),
    "no room": (lambda reader: reader.room(5, 6, "telnyx"), 5),
    "sent before": (lambda reader: reader.sent_before(WHO), {}),
    "sharing": (lambda reader: reader.sharing_number([(PHONE, NOW, NOW)]), []),
    "phones": (lambda reader: reader.phones([1]), {}),
    "traffic": (lambda reader: reader.traffic([PHONE], NOW), {}),
    "twins": (lambda reader: reader.twins([(PHONE, NOW)]), {}),
    "combined": (lambda reader: reader.combined([PHONE]), []),
    "owners": (lambda reader: reader.reminder_owners(["k-1"]), {}),
    "a message": (lambda reader: reader.find_message(provider="telnyx", token="m-1", provider_id="P"), None),
    "sent to": (lambda reader: reader.sent_to(provider="telnyx", number=PHONE, until=NOW), []),
    "waiting replies": (lambda reader: reader.waiting_replies(), []),
    "last run": (lambda reader: reader.last_run("resync"), None),
    "runs": (lambda reader: reader.runs(), {}),
    "snapshots": (lambda reader: reader.snapshots(), {}),
    "overtaken": (lambda reader: reader.overtaken(NOW, NOW), frozenset()),
    "restoration": (lambda reader: reader.restoration, None),
    "rule sets": (lambda reader: reader.standing.rule_sets(), []),
    "places": (lambda reader: reader.standing.places(), []),
    "anything parked": (lambda reader: reader.standing.is_anything_parked(), False),
    "last known": (lambda reader: reader.standing.last_known_at(), None),
    "last line": (lambda reader: reader.standing.last_line(), 0),
    "consent events": (lambda reader: reader.consent.events(PHONE), []),
    "heard": (lambda reader: reader.consent.heard(PHONE), []),
    "about": (lambda reader: reader.consent.about([PHONE]), {}),
    "barred": (lambda reader: reader.consent.is_barred(PHONE, Writer()), False),
    "bars": (lambda reader: reader.consent.bars(PHONE, [PHONE]), ()),
    "unclear": (lambda reader: reader.consent.unclear([PHONE]), []),
    "bars of senders": (lambda reader: reader.consent.suppressions(None, Writer([PHONE])), {}),
    "count of bars": (lambda reader: reader.consent.count([PHONE])[0], 0),
    "a look is needed": (lambda reader: reader.sweep.needing_a_look(NOW, "a", waiting=True), []),
    "dirty": (lambda reader: reader.sweep.dirty(), frozenset()),
    "with messages": (lambda reader: reader.sweep.with_messages([1], NOW), {}),
    "sweep of a source": (lambda reader: list(reader.sweep.of_source("default", NOW)), []),
    "passed over": (lambda reader: reader.sweep.passed_over([1], NOW), PassedOver()),
    "rows of a person": (lambda reader: reader.people.rows(PHONE), []),
    "parked of a person": (lambda reader: reader.people.parked(PHONE), []),
    "names of a person": (lambda reader: reader.people.names(PHONE), (PHONE,)),
    "kept of a person": (
        lambda reader: reader.people.kept(PHONE),
        {"appointments": [], "messages": [], "events": [], "history": [], "looks": []},
    ),
    "called": (lambda reader: reader.looks.called([WHO]), {}),
    "day": (lambda reader: reader.looks.day(NOW, NOW + HOUR), []),
    "named": (lambda reader: reader.looks.named("Ada"), []),
    "told": (lambda reader: reader.looks.told(NOW, NOW + HOUR), []),
    "told before": (lambda reader: reader.looks.told_before(NOW, NOW + HOUR, "m", 5), []),
    "replies": (lambda reader: reader.looks.replies([PHONE], NOW, NOW + HOUR), []),
    "counted": (lambda reader: reader.looks.counted(NOW, NOW + HOUR), {}),
    "counted replies": (lambda reader: reader.looks.counted_replies(NOW, NOW + HOUR), {}),
    "counted keywords": (lambda reader: reader.looks.counted_keywords(NOW, NOW + HOUR), {}),
    "looks": (lambda reader: reader.looks.looks(PHONE), []),
}


@pytest.fixture(scope="module", params=["absent", "empty"])
def ledger(request, tmp_path_factory):
    """A ledger without tables, or with nothing in them."""
    from reminder_kit.ledger.ledger import Ledger

    made = Ledger(f"sqlite:///{tmp_path_factory.mktemp('nothing') / 'ledger.db'}")
    if request.param == "empty":
        made.upgrade()
    yield made
    made.close()


@pytest.mark.parametrize(("question", "answer"), QUESTIONS.values(), ids=QUESTIONS)
def test_there_is_nothing(ledger, question, answer):
    """The same of a ledger that is absent and of one that is empty."""
    assert ledger.read(question) == answer


def test_nothing_is_counted(ledger):
    """Every number is zero, every list empty, and nothing is due."""
    counts = ledger.read(lambda reader: reader.counts())
    assert counts == {
        "appointments": 0,
        "dirty": 0,
        "removed": 0,
        "claimed": 0,
        "messages": {},
        "reminders": {},
        "next_at": None,
        "oldest_unsettled_at": None,
        "suppressions": 0,
        "barred_by": {"recipient": 0, "host": 0, "provider": 0},
        "unmatched_events": 0,
        "runs": {},
    }
    assert counts == NOTHING


def test_nothing_waits_for_a_person(ledger):
    """And nothing was ever worked on."""
    found = ledger.read(lambda reader: reader.attention(NOW))
    assert (list(found.waiting), list(found.unknown), list(found.answered), list(found.erased)) == ([], [], [], [])
    assert (found.blockers, found.written, found.marks, list(found.rule_sets)) == ((), frozenset(), {}, [])
    assert (found.worked_at, found.has_run) == (None, False)
