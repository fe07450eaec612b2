"""A provider that does not answer for a while: nobody's reminder is lost, nobody gets a third text."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Rule
from reminder_kit.model.lifecycle import SENT
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.vonage.provider import Vonage
from tests.factories import HOOK, NUMBER, SENDER, START, visit

SHORT, LONG = timedelta(minutes=2), timedelta(hours=30)
LASTING = [pytest.param(SHORT, id="2 minutes"), pytest.param(LONG, id="30 hours", marks=pytest.mark.slow)]
OUTAGES = pytest.mark.parametrize("lasting", LASTING)
POLICIES = pytest.mark.parametrize("policy", ["prefer_duplicate", "prefer_missing"])
PAST = pytest.mark.parametrize("past", ["refuse", "send"], ids=["refused past its time", "sent past its time"])
SELDOM = (pytest.param(name, marks=pytest.mark.slow) for name in ("500_after", "drop_before"))
FIRST = pytest.mark.parametrize("first", ["drop_after", "503", *SELDOM])
ACTED = ("drop_after", "500_after")


def outage(clinic, lasting, first):
    """Have a provider fail from the first request on, for as long; returns what was listed after it was back."""
    person = visit("A-1", day=1 if lasting is SHORT else 2)
    clinic.break_down(first)
    clinic.kit.sync(person)
    if lasting is LONG:
        clinic.run_until(START + timedelta(minutes=10), timedelta(minutes=1))
        clinic.run_until(START + LONG, timedelta(hours=1))
    else:
        clinic.run_until(START + SHORT, timedelta(minutes=1))
    clinic.recover()
    listed = clinic.run_until(clinic.sandbox.now() + timedelta(minutes=25), timedelta(minutes=1))
    clinic.run_until(person.starts_at + timedelta(minutes=1), timedelta(hours=1))
    return [bool(report.unknown) for report in listed]


# How many texts the person gets


@pytest.mark.few(8)
@FIRST
@OUTAGES
@PAST
@POLICIES
@pytest.mark.parametrize("keys", ["proven", "honoured", "ignored"])
def test_whatever_telnyx_does_with_keys_a_person_gets_one_text_or_two_in_doubt(
    clinic, keys, policy, past, lasting, first
):
    """One where none left and a second is better than none; two at most; with `prefer_missing` never two."""
    here = clinic(policy=policy, past_send_at=past, idempotency=keys != "ignored")
    if keys == "proven":
        here.prove_keys()
    outage(here, lasting, first)
    key_lived = lasting is SHORT
    if policy == "prefer_missing":
        proven = keys == "proven" and key_lived
        assert here.texts() == (1 if first in ACTED or proven else 0)
    elif first not in ACTED or (keys != "ignored" and key_lived):
        assert here.texts() == 1
    else:
        assert here.texts() == 2


@pytest.mark.few(5)
@FIRST
@OUTAGES
@POLICIES
@pytest.mark.parametrize("provider", ["telnyx, schedule endpoint", "twilio", "vonage"])
def test_where_there_are_no_keys_the_list_is_asked_or_the_policy_decides(clinic, provider, policy, lasting, first):
    """Twilio's list tells whether a message is there; elsewhere one in doubt is doubled, or is not."""
    here = clinic(provider, policy=policy)
    outage(here, lasting, first)
    if provider == "twilio":
        assert here.texts() == 1
    elif policy == "prefer_missing":
        assert here.texts() == (1 if first in ACTED else 0)
    else:
        assert here.texts() == (2 if first in ACTED else 1)


@FIRST
@PAST
def test_with_keys_that_are_proven_a_short_outage_leaves_no_doubt(clinic, past, first):
    """The question is answered either way, so that nothing is listed as unknown, and exactly one text arrives."""
    here = clinic(past_send_at=past)
    here.prove_keys()
    assert not any(outage(here, SHORT, first))
    assert (here.texts(), here.kit.status()["messages"].get("unknown", 0)) == (1, 0)


@pytest.mark.few(3)
@pytest.mark.parametrize("first", ["503", "drop_after"])
@pytest.mark.parametrize(
    ("policy", "proven"), [("prefer_duplicate", True), ("prefer_duplicate", False), ("prefer_missing", True)]
)
def test_an_outage_that_ends_at_night_leaves_no_doubt_in_the_morning(clinic, policy, proven, first):
    """A question may be a text: it waits until the quiet hours are over, is asked then, and one text arrives."""
    rule = Rule("evening", before="14 hours", text="{{ appointment.title }}, Thursday 10:30 AM")
    night = {"quiet_hours": QuietHours("21:00", "08:00")}
    here = clinic(rules=(rule,), policy=policy, options=night, past_send_at="send")
    if proven:
        here.prove_keys()
    person = visit("A-1", hour=10, minute=30, day=2)
    evening, morning = person.starts_at - timedelta(hours=14.5), person.starts_at - timedelta(hours=2.5)
    here.run_until(evening, timedelta(hours=1))
    here.break_down(first)
    here.kit.sync(person)
    here.run_until(evening + timedelta(hours=2.5), timedelta(minutes=5))
    here.recover()
    here.run_until(morning - timedelta(minutes=1), timedelta(minutes=20))
    assert here.texts() == (first in ACTED)
    assert here.kit.status()["messages"].get("creating") == 1
    here.run_until(person.starts_at, timedelta(minutes=1))
    (text,) = here.sandbox.inbox(NUMBER)
    assert text.sent_at == (evening + timedelta(minutes=30) if first in ACTED else morning)
    assert here.kit.status()["messages"].get("unknown", 0) == 0


@pytest.mark.parametrize("first", ["drop_before", "drop_after"])
def test_two_kits_on_one_ledger_make_no_second_text_of_an_outage(clinic, first):
    """Two processes run by turns during and after the outage: the person gets one text."""
    here = clinic(file=True)
    other = here.another_process()
    here.prove_keys()
    here.break_down(first)
    here.kit.sync(visit("A-1", day=1))
    for minute in range(30):
        here.sandbox.clock.advance(minutes=1)
        if minute == 3:
            here.recover()
        (here.kit, other)[minute % 2].resync()
    here.sandbox.clock.advance(hours=1)
    assert here.texts() == 1


def test_a_provider_that_is_down_for_good_is_sent_no_third_text(clinic):
    """Every answer is lost, keys are ignored, and what is late leaves at once: what may exist is counted."""
    here = clinic(past_send_at="send", idempotency=False)
    here.sandbox.fault("drop_after", method="POST")
    here.sandbox.fault("503", times=2, method="POST")
    here.sandbox.fault("drop_after", times=None, method="POST", containing=NUMBER)
    here.kit.sync(visit("A-1", day=1))
    here.run_until(START + timedelta(minutes=5), timedelta(minutes=5))
    here.run_until(START + timedelta(hours=3), timedelta(minutes=6))
    assert here.texts() == 2
    here.run_until(START + timedelta(hours=22), timedelta(hours=1))
    assert here.texts() == 2


# While it is down


def test_the_unanswered_message_waits_and_no_second_one_is_made(clinic):
    """For thirty hours the person has one message in doubt, whatever the policy says of doubles."""
    here = clinic("telnyx, schedule endpoint")
    here.break_down()
    here.kit.sync(visit("A-1", day=2))
    here.run_until(START + LONG, timedelta(minutes=30))
    assert len(here.posts(NUMBER)) == 1
    assert here.kit.status()["messages"] == {"creating": 1}
    (change,) = here.kit.resync().changes
    assert (change.kind.value, change.reason.value, change.outcome) == ("hold", "waiting_provider", "failed")
    assert "503" in change.error


@pytest.mark.slow
def test_the_list_is_asked_once_the_provider_is_back(clinic):
    """Thirty hours later Twilio's list tells that the message is there: nothing is in doubt, whatever the policy."""
    for policy in ("prefer_duplicate", "prefer_missing"):
        here = clinic("twilio", policy=policy)
        here.break_down("drop_after")
        here.kit.sync(visit("A-1", day=4))
        here.run_until(START + LONG, timedelta(minutes=30))
        here.recover()
        here.sandbox.clock.advance(minutes=6)
        assert here.kit.resync().ok
        assert here.kit.status()["messages"] == {"scheduled": 1}


def test_with_prefer_missing_a_question_waits_for_the_proof(clinic):
    """Another message's answer from memory, after the outage, shows that keys are honoured: then it is asked."""
    here = clinic(policy="prefer_missing")
    here.break_down("drop_before")
    here.kit.sync(visit("A-1", day=1))
    here.sandbox.faults.clear()
    here.sandbox.fault("drop_after", method="POST")
    here.sandbox.fault("503", times=None)
    here.kit.sync(visit("A-2", day=3, phone="+12025550124"))
    here.run_until(START + timedelta(minutes=10), timedelta(minutes=1))
    assert here.kit.status()["messages"] == {"creating": 2}
    here.recover()
    here.sandbox.clock.advance(minutes=2)
    assert here.kit.sync(visit("A-2", day=3, phone="+12025550124")).ok
    here.run_until(START + timedelta(minutes=25), timedelta(minutes=1))
    assert here.texts() == 1


def test_what_can_not_be_repeated_any_more_is_placed_anew_when_the_provider_is_back(clinic):
    """The key died in the outage: the first run after it makes the message that the person gets."""
    here = clinic()
    here.break_down()
    here.kit.sync(visit("A-1", day=2))
    here.run_until(START + LONG, timedelta(minutes=30))
    here.recover()
    here.sandbox.clock.advance(minutes=6)
    (change,) = here.kit.resync().changes
    assert (change.happened, change.send_at) == ("unknown", START + LONG + timedelta(minutes=11, seconds=30))
    here.sandbox.clock.advance(minutes=6)
    assert here.texts() == 1


def test_an_unknown_one_is_listed_until_the_start(clinic):
    """Its send time is long over, the second text came: it may still turn up, and is named in every run."""
    here = clinic("telnyx, schedule endpoint")
    assert any(outage(here, SHORT, "drop_before"))
    fresh = clinic("telnyx, schedule endpoint")
    person = visit("A-1", day=1)
    fresh.break_down("drop_before")
    fresh.kit.sync(person)
    fresh.run_until(START + SHORT, timedelta(minutes=1))
    fresh.recover()
    reports = fresh.run_until(person.starts_at - timedelta(minutes=1), timedelta(hours=1))
    assert all(report.unknown for report in reports)
    fresh.sandbox.clock.advance(minutes=2)
    assert fresh.kit.resync().ok


@pytest.mark.parametrize("provider", ["telnyx", "vonage"])
def test_an_unknown_one_is_not_listed_once_a_webhook_told_of_it(clinic, provider):
    """Where the provider lists no messages, its report settles what no answer did."""
    here = clinic(provider, policy="prefer_missing", idempotency=False, webhook_url=HOOK, file=True)
    ours = {
        "telnyx": lambda: Telnyx("KEY", SENDER, webhook_url=HOOK, public_key=here.sandbox.public_key),
        "vonage": lambda: Vonage(SENDER, "k", "KEY", signature_secret=here.sandbox.secret, webhook_url=HOOK),
    }
    here.kit = here.another_process(provider=ours[provider]())
    here.break_down("drop_after")
    here.kit.sync(visit("A-1", day=1))
    here.run_until(START + timedelta(minutes=4), timedelta(minutes=1))
    here.recover()
    here.sandbox.hooks.receiver = here.kit.receive
    here.run_until(START + timedelta(minutes=20), timedelta(minutes=1))
    if provider == "vonage":  # it was sent, and reported, before anybody listened
        for hook in here.sandbox.hooks.sent:
            here.kit.receive(*hook.as_sent(here.sandbox.now()))
    assert here.kit.resync().ok
    assert here.kit.status()["messages"] == {"delivered": 1}


# What it leaves


def test_an_outage_of_many_runs_is_one_line_for_each_message_and_cause(clinic):
    """Twelve hours, a run every ten minutes: the intent, what went wrong, what became of it; not one per attempt."""
    here = clinic()
    here.break_down()
    here.kit.sync(visit("A-1", day=3))
    here.run_until(START + timedelta(hours=12), timedelta(minutes=10))
    during = here.rows()
    assert [event for event, _ in during] == ["creating", "failed", "schedule"]
    here.recover()
    here.run_until(START + timedelta(hours=13), timedelta(minutes=10))
    assert [event for event, _ in here.rows()[len(during) :]] == ["scheduled"]


def test_two_ways_of_failing_by_turns_are_two_lines(clinic):
    """503 and a lost connection alternate for hours: each is told of once."""
    here = clinic()
    here.sandbox.fault("503", times=3, method="POST")
    here.kit.sync(visit("A-1", day=3))
    for turn in range(20):
        here.recover()
        here.sandbox.fault(("drop_before", "503")[turn % 2], times=None)
        here.run_until(here.sandbox.now() + timedelta(minutes=10), timedelta(minutes=10))
    failures = Counter(reason for event, reason in here.rows() if event == "failed")
    assert len(failures) == 2
    assert set(failures.values()) == {1}


@pytest.mark.slow
def test_reminders_that_were_held_without_a_message_are_one_line_each(clinic):
    """The circuit breaker was open before they came: nothing is posted for them, and one line says so."""
    here = clinic()
    here.break_down()
    people = [visit(f"A-{n}", day=3, phone=f"+120255501{n:02}") for n in range(10, 30)]
    here.kit.sync(people)
    here.run_until(START + timedelta(hours=6), timedelta(minutes=7))
    held = [here.rows(person.id) for person in people]
    without = [rows for rows in held if not any(event == "creating" for event, _ in rows)]
    assert len(without) >= 10
    assert {len(rows) for rows in without} == {1}
    here.recover()
    here.run_until(here.sandbox.now() + timedelta(minutes=20), timedelta(minutes=1))
    assert len(here.sandbox.parked()) == 20


def test_a_visit_20_hours_away_is_reminded_of_after_two_minutes_of_outage(clinic):
    """What an outage took away for good: the reminder was late already, and its time passed meanwhile."""
    here = clinic()
    person = visit("A-1", hour=5, day=1)
    here.break_down()
    here.kit.sync(person)
    here.run_until(START + SHORT, timedelta(minutes=1))
    here.recover()
    here.run_until(START + timedelta(minutes=20), timedelta(minutes=1))
    assert here.texts() == 1


@pytest.mark.few(1)
@pytest.mark.parametrize("provider", ["telnyx", "telnyx, schedule endpoint", "twilio"])
@pytest.mark.parametrize("fault", [pytest.param("503", marks=pytest.mark.slow), "drop_before"])
def test_what_became_of_a_message_that_could_not_be_taken_back_is_found_out_once_it_answers(clinic, provider, fault):
    """A visit was cancelled while nobody answered, and its text went out: that is written down, and nobody asks on."""
    here = clinic(provider)
    person = visit("A-1", day=2)
    here.kit.sync(person)
    sent_at = person.starts_at - timedelta(hours=24)
    here.run_until(sent_at - timedelta(hours=1), timedelta(hours=1))
    here.sandbox.fault(fault, times=None)
    here.kit.sync(visit("A-1", day=2, status="cancelled"))
    here.run_until(here.sandbox.now() + timedelta(minutes=10), timedelta(minutes=1))
    here.run_until(sent_at + timedelta(hours=6), timedelta(minutes=20))
    assert here.texts() == 1
    here.recover()
    here.run_until(here.sandbox.now() + timedelta(hours=1), timedelta(minutes=1))
    records = here.kit.ledger.read(lambda reader: list(reader.records()))
    states = [message.state for record in records for message in record.messages]
    assert set(states) <= SENT
    here.sandbox.requests.clear()
    here.run_until(here.sandbox.now() + timedelta(hours=1), timedelta(minutes=1))
    assert not list(here.sandbox.requests)


def test_a_provider_that_takes_nothing_back_is_left_alone_although_it_can_be_asked(clinic):
    """Each message is looked at after its last try; that it can be read is no sign that it can be taken back."""
    here = clinic()
    visits = [visit(f"A-{n}", day=3, minute=n, phone=f"+1202555{n:04}") for n in range(1, 31)]
    here.kit.sync(visits)
    here.sandbox.requests.clear()
    here.sandbox.fault("503", times=None, method="DELETE")
    for one in visits:
        here.kit.withdraw(one.id)
    report = here.kit.resync()
    assert len(here.sandbox.requests) < 20
    assert report.failed
    assert not any("did not say" in change.error for change in report.failed)
    here.recover()
    here.sandbox.clock.advance(minutes=10)
    here.kit.resync()
    assert here.sandbox.parked() == []


# A clock that was ahead


@pytest.mark.parametrize("count", [1, 12], ids=["back-off", "and the provider is left alone"])
def test_what_a_clock_put_off_that_was_ahead_is_tried_once_it_is_right(make_kit, sandbox, count):
    """A minute later, although by that clock it was to rest for five hours more."""
    people = [visit(f"A-{n:02}", day=3, minute=n, phone=f"+120255501{n + 10}") for n in range(count)]
    sandbox.fault("drop_before", None, method="POST")
    with make_kit(clock=lambda: sandbox.now() + timedelta(hours=5)) as ahead:
        assert len(ahead.sync(people).failed) == count
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=1)
    assert make_kit(concurrency=1).resync().ok  # of several at once some wait for what the first one comes to
    assert len(sandbox.parked()) == count
