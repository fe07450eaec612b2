"""Which message a reply answers, and for which appointments what was replied holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.model.lifecycle import State
from reminder_kit.model.messages import Included
from reminder_kit.model.records import FoundMessage, Identity
from reminder_kit.testing.ledger_stage import message
from reminder_kit.webhooks.answering import Match, in_thread, match

HER = "+12025550123"
TEN = pendulum.datetime(2026, 2, 13, 10, tz="America/New_York")
TOLD_AT = datetime(2026, 2, 12, 15, tzinfo=UTC)  # 24 hours before
DAY = Rule("day-before", before="24 hours", text="See you {{ when }}? Reply C.")
SOON = Rule("soon", before="2 hours", text="See you {{ when }}.", unless={"replied": ["confirm"]})
EVENING = Rule(
    "evening",
    days_before=1,
    at="18:00",
    text="{{ when }}",
    together="{{ day }}{% for visit in appointments %} {{ visit.starts_at | time }}{% endfor %}",
)


def visit(id="A-1", starts_at=TEN, **changes):
    return Appointment(id, starts_at, recipients=[Recipient(HER)], **changes)


@pytest.fixture
def desk(reminder_kit_maker, reminder_kit_clock, reminder_kit_sandbox, reminder_kit_signed_event):
    """Return a practice's desk: a kit with the keyword `confirm`, what it heard, and a way to hear more."""

    class Desk:
        def __init__(self, *rules):
            self.kit = reminder_kit_maker(
                rules, replies={"confirm": ["C", "YES"], "decline": "No"}, timezone="America/New_York"
            )
            self.sandbox, self.heard = reminder_kit_sandbox, []
            self.kit.on("*", self.heard.append)

        def at(self, moment):
            reminder_kit_clock.set(moment)

        def hear(self, text="C", type="received", **told):
            text = text if type == "received" else None
            self.kit.receive(*reminder_kit_signed_event("telnyx", type, number=HER, text=text, **told))

        @property
        def confirmed(self):
            return [event.appointment and event.appointment[1] for event in self.heard if event.type == "confirm"]

        @property
        def parked(self):
            return [parked.text for parked in self.sandbox.parked()]

    return Desk


@pytest.mark.few(3)
@pytest.mark.parametrize("minutes", [1, 10, 600])
@pytest.mark.parametrize("told", ["nothing", "a report on delivery", "a run"])
def test_a_reply_answers_what_had_gone_out_whether_or_not_that_was_told(desk, minutes, told):
    """Minutes after its send time a message is answered, with or without a report, and the next one is withdrawn."""
    her = desk(DAY, SOON)
    her.kit.sync(visit())
    first = next(parked for parked in her.sandbox.parked() if parked.send_at == TOLD_AT)
    her.at(TOLD_AT + timedelta(minutes=minutes))
    if told == "a report on delivery":
        her.hear(type="delivered", provider_id=first.id)
    elif told == "a run":
        her.kit.resync()
    her.hear()
    assert her.confirmed == ["A-1"]
    her.kit.resync(only_dirty=True)
    assert her.parked == []


def test_what_was_told_is_told_once(desk):
    """A report that comes after the reply, and the webhook of the reply once more, tell nothing of it again."""
    her = desk(DAY)
    her.kit.sync(visit())
    (parked,) = her.sandbox.parked()
    her.at(TOLD_AT + timedelta(minutes=2))
    her.hear()
    her.hear(type="delivered", provider_id=parked.id)
    her.kit.resync()
    assert [event.type for event in her.heard] == ["received", "confirm", "delivered"]


def lost(desk):
    """Return a desk whose provider took the first message and answered nothing about it; the visit is confirmed."""
    her = desk(DAY, SOON)
    her.sandbox.fault("drop_after", times=None, method="POST")
    her.at(TOLD_AT - timedelta(minutes=10))
    her.kit.sync(visit())
    her.at(TOLD_AT + timedelta(minutes=1))
    her.hear()
    assert [(event.type, event.appointment) for event in her.heard] == [("received", None)]
    her.sandbox.faults.clear()
    return her


@pytest.mark.slow
def test_a_reply_to_a_message_whose_answer_was_lost_is_matched_by_the_run_that_finds_it(desk):
    """As long as nobody can say whether the message went out, the keyword waits; then it is told, once."""
    her = lost(desk)
    her.at(TOLD_AT + timedelta(minutes=3))
    her.kit.resync()
    her.kit.resync()
    assert her.confirmed == ["A-1"]
    assert her.parked == []


def test_a_reply_to_a_message_whose_answer_was_lost_is_matched_by_the_report_on_it(desk):
    """A webhook that names the message says what the reply answered."""
    her = lost(desk)
    created = her.kit.ledger.read(lambda reader: reader.sent_to(provider="telnyx", number=HER, until=TOLD_AT))
    her.hear(type="delivered", token=created[0].message.id)
    assert her.confirmed == ["A-1"]


def test_a_keyword_from_somebody_never_written_to_does_not_wait(desk):
    """It is told at once, without an appointment, and counts as no report on an unknown message."""
    her = desk(DAY)
    her.kit.sync(visit())
    her.hear()
    assert her.confirmed == [None]
    assert her.kit.status()["unmatched_events"] == 0


@pytest.mark.parametrize("status", ["cancelled", "no_show", "removed"])
def test_a_keyword_about_a_visit_that_is_off_is_received_with_its_status(desk, status):
    """Nobody is told that it is confirmed; the reply names the visit and how it stands."""
    her = desk(DAY, SOON)
    her.kit.sync(visit())
    her.at(TOLD_AT + timedelta(hours=1))
    if status == "removed":
        her.kit.withdraw("A-1")
    else:
        her.kit.sync(visit(status=status))
    her.hear("Yes")
    (event,) = her.heard
    assert (event.type, event.appointment[1]) == ("received", "A-1")
    assert [(about.id, about.status, about.stands) for about in event.appointments] == [("A-1", status, False)]
    assert f"confirm: it is {status}" in [entry.reason for entry in her.kit.explain("A-1").history]
    her.kit.sync(visit())
    assert her.parked == ["See you today at 10:00 AM."]  # it is on again, and nobody confirmed that


def test_a_keyword_about_several_visits_is_told_once_for_each_that_is_on(desk):
    """A reply to one text about three visits is `confirm` for the two that are on; all three have their status."""
    her = desk(EVENING, SOON)
    three = [visit(name, TEN.add(hours=hours)) for hours, name in enumerate(["A", "B", "C"])]
    her.kit.sync(three)
    her.at(datetime(2026, 2, 12, 23, 30, tzinfo=UTC))
    her.kit.sync(evolve(three[1], status="cancelled"))
    her.hear()
    received, *confirmed = her.heard
    assert [(about.id, about.status) for about in received.appointments] == [
        ("A", "confirmed"),
        ("B", "cancelled"),
        ("C", "confirmed"),
    ]
    assert [(event.type, event.appointment[1]) for event in confirmed] == [("confirm", "A"), ("confirm", "C")]
    assert len({event.id for event in her.heard}) == 3
    her.kit.resync(only_dirty=True)
    assert her.parked == []


@pytest.mark.parametrize(("minutes", "holds"), [(10, True), (180, False)])
def test_a_keyword_about_an_earlier_start_does_not_confirm_the_new_one(desk, minutes, holds):
    """Beyond `rearm_after` the reply is about another time: it is received, and the reminders of the new one stay."""
    her = desk(DAY, SOON)
    her.kit.sync(visit())
    her.at(TOLD_AT + timedelta(hours=1))
    her.kit.sync(visit(starts_at=TEN.add(minutes=minutes)))
    her.hear()
    assert her.heard[0].appointments[0].moved is not holds
    assert her.confirmed == (["A-1"] if holds else [])
    her.kit.resync(only_dirty=True)
    assert any("today" in text for text in her.parked) is not holds


def test_a_text_that_did_not_arrive_is_not_answered(desk):
    """The text about the second visit is reported undelivered: what she writes is about the first one."""
    her = desk(DAY)
    later = visit("A-2", TEN.add(hours=3))
    her.kit.sync([visit(), later])
    second = next(parked for parked in her.sandbox.parked() if parked.send_at == TOLD_AT + timedelta(hours=3))
    her.at(TOLD_AT + timedelta(hours=4))
    her.hear(type="undelivered", provider_id=second.id, code="40008")
    her.hear()
    assert her.confirmed == ["A-1"]


@pytest.mark.parametrize("early", ["opted_in", "opted_out"])
def test_of_stop_and_start_the_one_written_last_counts(desk, reminder_kit_signed_event, early):
    """A webhook that was overtaken neither lifts a later STOP nor takes a later START back; it is told all the same."""
    her, late = desk(DAY), "opted_out" if early == "opted_in" else "opted_in"
    her.kit.sync(visit())
    overtaken = reminder_kit_signed_event("telnyx", early, number=HER)
    her.at(her.sandbox.now() + timedelta(minutes=1))
    her.hear(type=late)
    her.kit.receive(*overtaken)
    her.kit.resync(only_dirty=True)
    assert [event.type for event in her.heard] == [late, early]
    assert bool(her.parked) is (late == "opted_in")


def test_of_two_stops_the_later_one_counts_against_a_start_in_between(desk, reminder_kit_signed_event):
    """STOP, START, STOP, and the START comes last: she is left alone."""
    her = desk(DAY)
    her.kit.sync(visit())
    her.hear(type="opted_out")
    her.at(her.sandbox.now() + timedelta(minutes=1))
    start = reminder_kit_signed_event("telnyx", "opted_in", number=HER)
    her.at(her.sandbox.now() + timedelta(minutes=1))
    her.hear(type="opted_out")
    her.kit.receive(*start)
    her.kit.resync(only_dirty=True)
    assert her.parked == []


@pytest.mark.parametrize("found", ["by a report", "by a look-up"])
def test_a_text_that_was_blocked_before_a_start_bars_nobody(desk, found):
    """She had opted out, and has opted in since: that a text was blocked in between is news of yesterday."""
    her = desk(DAY, Rule("soon", before="2 hours", text="{{ when }}"))
    her.kit.sync(visit())
    her.sandbox.inbound(HER, "STOP")
    her.at(TOLD_AT + timedelta(minutes=5))
    her.sandbox.tick()
    blocked = next(message for message in her.sandbox.messages() if message.status == "sending_failed")
    report = her.sandbox.hooks.sent[-1].as_sent(her.sandbox.now())
    her.at(TOLD_AT + timedelta(minutes=10))
    her.sandbox.inbound(HER, "START")
    her.hear(type="opted_in")
    if found == "by a report":
        her.kit.provider.public_key = her.sandbox.public_key
        her.kit.receive(*report)
    her.at(TOLD_AT + timedelta(minutes=30))
    her.kit.resync()
    assert blocked.id in {event.provider_id for event in her.heard} or found == "by a look-up"
    assert her.kit.ledger.read(lambda reader: reader.suppressions()) == {}
    assert her.parked == ["today at 10:00 AM"]


def test_of_two_keywords_the_later_one_stays_whichever_webhook_is_first(desk, reminder_kit_signed_event):
    """A reply whose webhook was overtaken is told, and does not take the place of a later one."""
    her = desk(DAY, SOON)
    her.kit.sync(visit())
    her.at(TOLD_AT + timedelta(minutes=2))
    early = reminder_kit_signed_event("telnyx", "received", number=HER, text="No")
    her.at(TOLD_AT + timedelta(minutes=3))
    her.hear()
    her.kit.receive(*early)
    assert [event.type for event in her.heard] == ["received", "confirm", "received", "decline"]
    her.kit.resync(only_dirty=True)
    assert her.parked == []


# The choice itself, from what the ledger has


def sent(id, state, ago, *, start_in=20, **changes):
    """Return a message to a number whose send time was so many minutes `ago`, about a start in so many hours."""
    at = TOLD_AT - timedelta(minutes=ago)
    made = message(id)
    draft = evolve(made.draft, send_at=at)
    made = evolve(made, state=state, draft=draft, start_at=TOLD_AT + timedelta(hours=start_in), **changes)
    return FoundMessage(made, Identity("default", id), "r", "p")


CASES = {
    "the latest that had gone out": ([("b", State.DELIVERED, 5), ("a", State.SENT, 60)], "b"),
    "parked, and its time is over": ([("b", State.SCHEDULED, 1), ("a", State.SENT, 60)], "b"),
    "one whose time was still to come": ([("b", State.DELIVERED, -5), ("a", State.SENT, 60)], "a"),
    "too late to withdraw": ([("b", State.TOO_LATE, 1)], "b"),
    "not settled": ([("b", State.CREATING, 1), ("a", State.SENT, 60)], "waits"),
    "being withdrawn": ([("b", State.CANCELLING, 1)], "waits"),
    "unknown, and nothing else": ([("b", State.UNKNOWN, 1)], "b"),
    "unknown, and one that is known": ([("b", State.UNKNOWN, 1), ("a", State.SENT, 60)], "a"),
    "not delivered, and nothing else": ([("b", State.UNDELIVERED, 1)], "b"),
    "not delivered, and one that is known": ([("b", State.UNDELIVERED, 1), ("a", State.SENT, 60)], "a"),
    "their clock is ahead": ([("b", State.DELIVERED, -4)], "b"),
    "parked a minute ahead": ([("b", State.SCHEDULED, -1)], "waits"),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("messages", "expected"), CASES.values(), ids=CASES)
def test_a_reply_answers(messages, expected):
    """What of all that went to a number a reply is about."""
    found, waits = match([sent(*one) for one in messages], TOLD_AT)
    assert ("waits" if waits else found and found.identity.id) == expected


def test_a_text_about_several_visits_is_over_once_the_last_of_them_is():
    """The first visit that it told of has begun, and another one is still to come: that may be answered."""
    begun = sent("a", State.SENT, 60, start_in=-1)
    later = Included("k", begun.message.start_at + timedelta(hours=3))
    of_two = begun._replace(message=evolve(begun.message, includes=(later,)))
    assert match([sent("b", State.UNDELIVERED, 1), of_two], TOLD_AT) == Match(of_two)


def test_an_unknown_message_counts_where_the_known_one_is_about_a_visit_that_is_over():
    """A reply is hardly about last week's visit when another text may have come a minute ago."""
    last_week = sent("a", State.SENT, 60, start_in=-1)
    assert match([sent("b", State.UNKNOWN, 1), last_week], TOLD_AT) == Match(sent("b", State.UNKNOWN, 1))


PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"


@pytest.mark.parametrize(
    ("wrote", "senders", "found"),
    [
        (["+12025550122", "+12025550111"], ["+12025550111", PROFILE], [1]),
        (["+12025550122", "+12025550111"], ["+12025550122", PROFILE], [0]),
        (["12025550111", "+12025550122", "+12025550111"], ["+12025550111"], [0, 2]),
        ([PROFILE, "+12025550111"], ["+12025550111", PROFILE], [1]),
        ([PROFILE, "+12025550122"], ["+12025550111", PROFILE], [0]),
        (["CLINIC", "+12025550122"], ["+12025550111"], [0, 1]),
        (["+12025550111", "+12025550122"], [], [0, 1]),
        ([], ["+12025550111"], []),
    ],
    ids=["the other", "the last", "several", "its number", "its pool", "neither", "nobody is named", "nothing"],
)
def test_a_reply_answers_the_sender_that_it_was_sent_to(wrote, senders, found):
    """What its number wrote, else its pool; where neither did, whoever wrote."""
    candidates = [sent(str(n), State.SENT, n + 1, sender=sender) for n, sender in enumerate(wrote)]
    assert in_thread(candidates, senders) == [candidates[n] for n in found]
