"""Consent in words and at the very instant: who bars a number, what lifts it, and what whoever asks is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from reminder_kit.model.consent import (
    Act,
    ConsentEvent,
    Lifted,
    Party,
    Suppression,
    Way,
    Writer,
    answer_to,
    bars,
    bars_letter,
    host_barred,
    host_lifted,
    standing,
    suppression_of,
    told_of,
    unsettled,
)
from tests.factories import NUMBER

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
OURS, OTHERS = ("+12025550100",), ("+12025550101",)
HERE, THERE = "clinic", "salon"


def said(by, act, at=NOON, *, lifts=None, senders=OURS, namespace=HERE, way="reply", words="w", id="e"):
    return ConsentEvent(id, NUMBER, by, act, at, at, way, words, senders, namespace, lifts)


STOP = said(Party.RECIPIENT, Act.BAR)
HOST = said(Party.HOST, Act.BAR, way="cli", words="moved away", senders=())
REPORT = said(Party.PROVIDER, Act.BAR, way="webhook", words="landline", senders=())
UNCLEAR = said(Party.RECIPIENT, Act.UNCLEAR)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "barred by the host since 2026-02-10T12:00:00Z: r"),
        ({"reason": ""}, "barred by the host since 2026-02-10T12:00:00Z"),
        ({"way": "cli"}, "barred by the host since 2026-02-10T12:00:00Z (cli): r"),
        ({"by": "recipient", "way": "reply"}, "barred by the recipient since 2026-02-10T12:00:00Z (reply): r"),
        ({"by": "provider", "way": "webhook"}, "barred by the provider since 2026-02-10T12:00:00Z (webhook): r"),
        ({"by": "recipient"}, "r since 2026-02-10T12:00:00Z"),
        ({"holds": True}, "a reply of 2026-02-10T12:00:00Z may ask for no more messages, and nobody has seen it yet"),
    ],
    ids=str,
)
def test_who_bars_a_number_is_said_in_one_line(changes, said):
    """When, by which way and why, as far as that may be told."""
    assert evolve(Suppression(NUMBER, "r", NOON), **changes).said == said


def test_who_bars_a_number_is_told_without_the_number():
    """As plain JSON; what is not known is None."""
    assert Suppression(NUMBER, "r", NOON, "provider", "list").as_json() == {
        "by": "provider",
        "since": "2026-02-10T12:00:00Z",
        "way": "list",
        "reason": "r",
    }
    bare = Suppression(NUMBER, "", NOON)
    assert bare.as_json() == {"by": "host", "since": "2026-02-10T12:00:00Z", "way": None, "reason": None}
    assert (bool(Lifted()), bool(Lifted((bare,))), Lifted().note) == (False, True, "")


@pytest.mark.parametrize(
    ("number", "by", "barred"),
    [(NUMBER, "provider", False), (NUMBER, "host", True), (NUMBER, "recipient", True), ("x", "provider", True)],
)
def test_that_no_text_arrives_is_what_letters_are_for(number, by, barred):
    """Whatever else bars the number bars the letter too."""
    assert bars_letter(Suppression(number, "r", NOON, by), NUMBER) is barred


@pytest.mark.parametrize(
    ("event", "act"), [(STOP, "consent"), (HOST, "lift"), (REPORT, "lift"), (UNCLEAR, "seen")], ids=["s", "h", "p", "u"]
)
def test_a_host_lifts_by_the_act_that_answers(event, act):
    """A STOP only on the person's word."""
    assert answer_to(event) == act


def lift(by, act, until, **changes):
    return said(by, act, until, lifts=until, **changes)


@pytest.mark.parametrize("step", [-TICK, timedelta(0), TICK], ids=["before", "just then", "after"])
@pytest.mark.parametrize(
    ("event", "by", "act", "changes", "lifts"),
    [
        (STOP, "recipient", "lift", {}, True),
        (STOP, "recipient", "lift", {"senders": OTHERS}, False),
        (STOP, "recipient", "lift", {"namespace": THERE}, True),
        (STOP, "recipient", "lift", {"senders": OTHERS, "namespace": THERE}, False),
        (STOP, "host", "consent", {"senders": ()}, True),
        (STOP, "host", "consent", {"senders": (), "namespace": THERE}, False),
        (STOP, "host", "lift", {"senders": ()}, False),
        (STOP, "host", "seen", {"senders": ()}, False),
        (HOST, "host", "lift", {"senders": ()}, True),
        (HOST, "host", "lift", {"senders": (), "namespace": THERE}, False),
        (HOST, "host", "consent", {"senders": ()}, False),
        (HOST, "recipient", "lift", {}, False),
        (REPORT, "host", "lift", {"senders": ()}, True),
        (REPORT, "recipient", "lift", {}, False),
        (UNCLEAR, "host", "seen", {"senders": ()}, True),
        (UNCLEAR, "host", "lift", {"senders": ()}, False),
        (UNCLEAR, "recipient", "lift", {}, True),
    ],
)
def test_a_lift_is_of_what_happened_before_it(event, by, act, changes, lifts, step):
    """Never at the very instant; and only by whom, for whom and where it counts."""
    events = [event, lift(Party(by), Act(act), NOON + step, **changes)]
    expected = [] if lifts and step > timedelta(0) else [event]
    assert unsettled(events, HERE, OURS) == expected


def test_whoever_moved_on_to_another_sender_is_answered_there():
    """A START at any sender of the namespace that heard the STOP lifts it once it no longer writes from that one."""
    start = lift(Party.RECIPIENT, Act.LIFT, NOON + TICK, senders=OTHERS)
    assert unsettled([STOP, start], HERE, OTHERS) == []
    assert unsettled([STOP, start], HERE, (*OURS, *OTHERS)) == [STOP]
    assert unsettled([STOP, evolve(start, namespace=THERE)], HERE, OTHERS) == [STOP]


@pytest.mark.parametrize(
    ("event", "senders", "concerned"),
    [
        (STOP, OURS, True),
        (STOP, OTHERS, False),
        (STOP, (*OTHERS, *OURS), True),
        (HOST, OURS, False),
        (evolve(HOST, senders=OURS), OURS, False),
        (REPORT, OURS, False),
        (evolve(REPORT, senders=OURS), OURS, False),
        (UNCLEAR, OURS, False),
    ],
)
def test_of_what_is_heard_elsewhere_only_a_stop_at_the_same_sender_counts(event, senders, concerned):
    """As an opt-out at this sender: neither where it was heard nor in which words."""
    assert bool(unsettled([event], THERE, senders)) is concerned
    shown = bars([event], THERE, senders)
    expected = (Suppression(NUMBER, "opted out at this sender", NOON, "recipient"),)
    assert shown == (expected if concerned else ())


def test_all_who_bar_a_number_are_told_the_recipient_first():
    """Each with its first word, whatever the order in which they became known."""
    later = NOON + TICK
    events = [REPORT, evolve(HOST, occurred_at=later, words="later"), HOST, evolve(STOP, occurred_at=later), UNCLEAR]
    assert bars(events, HERE, OURS) == (
        Suppression(NUMBER, "the recipient asked to stop", later, "recipient", "reply"),
        Suppression(NUMBER, "moved away", NOON, "host", "cli"),
        Suppression(NUMBER, "landline", NOON, "provider", "webhook"),
    )
    first = suppression_of(events, HERE, Writer(frozenset(OURS)))
    assert first.by == "recipient"
    assert suppression_of(events[:3], HERE, Writer()) == Suppression(NUMBER, "moved away", NOON, "host", "cli")
    assert [event.act for event in standing(events, HERE, OURS)] == ["bar"] * 4
    assert [event.act for event in standing([HOST, UNCLEAR], HERE, OURS)] == ["bar", "unclear"]


def test_what_is_unclear_holds_whoever_wants_that():
    """Only where nobody bars the number."""
    held = Suppression(NUMBER, "a reply that may ask for no more messages", NOON, "recipient", "reply", holds=True)
    assert suppression_of([UNCLEAR], HERE, Writer(holds_unclear=True)) == held
    assert suppression_of([UNCLEAR], HERE, Writer()) is None
    assert suppression_of([], HERE, Writer(holds_unclear=True)) is None
    assert told_of([UNCLEAR, evolve(UNCLEAR, occurred_at=NOON + TICK)], HERE) == (held,)
    assert [one.by for one in told_of([UNCLEAR, HOST], HERE)] == ["host"]
    assert told_of([], HERE) == ()
    assert bars([UNCLEAR], HERE, OURS) == ()


def test_a_stop_by_another_way_than_a_reply_is_told_in_its_words():
    """A provider's list, for example."""
    listed = evolve(STOP, way="list", words="on telnyx's list")
    assert bars([listed], HERE, OURS) == (Suppression(NUMBER, "on telnyx's list", NOON, "recipient", "list"),)


def test_a_host_bars_after_what_it_lifted_before():
    """Also where the clock of whoever lifted was ahead; what others lifted says nothing."""
    ahead = NOON + timedelta(hours=1)
    options = {"id": "x", "at": NOON, "way": Way.API, "words": "w", "namespace": HERE}
    own = lift(Party.HOST, Act.LIFT, ahead, senders=())
    expected = ConsentEvent("x", NUMBER, "host", "bar", NOON, NOON, "api", "w", namespace=HERE)
    assert host_barred([], NUMBER, **options) == expected
    assert host_barred([own], NUMBER, **options) == evolve(expected, occurred_at=ahead)
    assert host_barred([evolve(own, namespace=THERE)], NUMBER, **options) == expected
    assert host_barred([evolve(own, by="recipient")], NUMBER, **options) == expected
    assert host_barred([evolve(own, lifts_before=NOON - TICK)], NUMBER, **options) == expected
    assert host_barred([HOST], NUMBER, **options) == expected


def test_a_host_lifts_up_to_the_latest_that_it_knew_of():
    """Of what its act answers, and nothing else."""
    options = {"id": "x", "at": NOON, "way": "api", "words": "w", "namespace": HERE}
    later = evolve(HOST, occurred_at=NOON + TICK)
    stood = [HOST, later, evolve(STOP, occurred_at=NOON + 5 * TICK)]
    expected = ConsentEvent("x", NUMBER, "host", "lift", NOON, NOON, "api", "w", namespace=HERE)
    assert host_lifted(stood, NUMBER, Act.LIFT, **options) == evolve(expected, lifts_before=NOON + 2 * TICK)
    consent = host_lifted(stood, NUMBER, Act.CONSENT, **options)
    assert consent == evolve(expected, act="consent", lifts_before=NOON + 6 * TICK)
    assert host_lifted(stood, NUMBER, Act.SEEN, **options) == evolve(expected, act="seen")


def test_two_thousand_characters_of_what_was_said_are_kept():
    """More than an SMS of ten parts has."""
    assert len(evolve(STOP, words="x" * 2001).words) == 2000
    assert evolve(STOP, words="\ud800").words == "\ufffd"
    assert "+12…23" in repr(STOP)


def test_what_stands_is_sorted_by_when_it_happened():
    """Then by namespace and name."""
    events = [evolve(HOST, id="b"), evolve(HOST, id="a"), evolve(STOP, namespace=THERE, id="a"), evolve(HOST, id="c")]
    events[3] = evolve(events[3], occurred_at=NOON - TICK)
    assert [(event.namespace, event.id) for event in unsettled(events, HERE, OURS)] == [
        (HERE, "c"),
        (HERE, "a"),
        (HERE, "b"),
        (THERE, "a"),
    ]
