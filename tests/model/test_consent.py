"""What bars a number follows from what was said about it, in the order in which that happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.consent import (
    Act,
    ConsentEvent,
    Party,
    Suppression,
    Writer,
    bars,
    host_barred,
    host_lifted,
    sender_name,
    sender_names,
    standing,
    suppression_of,
    unsettled,
)
from reminder_kit.planning.consent_view import Consent
from tests.factories import NUMBER
from tests.sampling import examples

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
OURS, OTHERS, POOL = "+12025550100", "+12025550101", "profile-1"


def said(act, minute=0, *, by=Party.RECIPIENT, senders=(OURS,), namespace="clinic", way="reply", words="", **changes):
    """Return an event so many minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    lifts = {"lifts_before": at} if act is not Act.BAR and act is not Act.UNCLEAR else {}
    name = f"{by} {act} {minute} {senders} {namespace}"
    values = {"senders": senders if by is Party.RECIPIENT else (), "namespace": namespace, **lifts, **changes}
    return ConsentEvent(name, NUMBER, by, act, at, at + timedelta(minutes=1), way, words, **values)


def stop(minute=0, **changes):
    return said(Act.BAR, minute, **changes)


def start(minute=0, **changes):
    return said(Act.LIFT, minute, **changes)


def host(act, minute=0, **changes):
    return said(act, minute, by=Party.HOST, way="api", **changes)


def landline(minute=0):
    return said(Act.BAR, minute, by=Party.PROVIDER, way="webhook", words="undeliverable: landline (telnyx 40001)")


STORIES = {
    "nothing": ([], []),
    "a STOP": ([stop()], ["recipient"]),
    "a START after it": ([stop(), start(3)], []),
    "a START before it": ([stop(3), start()], ["recipient"]),
    "both at once": ([stop(), start()], ["recipient"]),
    "a STOP after all": ([stop(), start(1), stop(2)], ["recipient"]),
    "a START lifts no host's word": ([host(Act.BAR), start(3)], ["host"]),
    "a START lifts no landline": ([landline(), start(3)], ["provider"]),
    "each lifts its own": ([host(Act.BAR), stop(), start(3)], ["host"]),
    "all three": ([landline(), host(Act.BAR), stop()], ["recipient", "host", "provider"]),
    "the host lifts its own, and a landline": ([landline(), host(Act.BAR), host(Act.LIFT, 3)], []),
    "the host lifts no STOP": ([stop(), host(Act.LIFT, 3)], ["recipient"]),
    "but on the person's word": ([stop(), host(Act.CONSENT, 3)], []),
    "which lifts nothing of its own": ([stop(), host(Act.BAR), host(Act.CONSENT, 3)], ["host"]),
    "and not the next one": ([stop(), host(Act.CONSENT, 3), stop(4)], ["recipient"]),
    "a STOP to another of its senders": ([stop(senders=(OTHERS,))], ["recipient"]),
    "a START to another sender": ([stop(), start(3, senders=(OTHERS,))], ["recipient"]),
    "a START to the same pool": ([stop(senders=(OURS, POOL)), start(3, senders=(OTHERS, POOL))], []),
    "a STOP to a sender it left, a START to its own": ([stop(senders=(OTHERS,)), start(3)], []),
    "an older library's STOP, a START now": ([stop(senders=(), way="older"), start(3)], []),
    "a STOP heard elsewhere": ([stop(namespace="shop")], ["recipient"]),
    "a START heard elsewhere": ([stop(), start(3, namespace="shop")], []),
    "a STOP to others, heard elsewhere": ([stop(namespace="shop", senders=(OTHERS,))], []),
    "a host's word elsewhere": ([host(Act.BAR, namespace="shop")], []),
    "a host's consent elsewhere": ([stop(), host(Act.CONSENT, 3, namespace="shop")], ["recipient"]),
    "unclear": ([said(Act.UNCLEAR)], []),
}


@pytest.mark.parametrize(("events", "by"), STORIES.values(), ids=STORIES)
def test_who_bars_a_number_in_whatever_order_it_became_known(events, by):
    """For the clinic that writes from its number, whichever permutation of the events it is handed."""
    for order in permutations(events):
        assert [bar.by for bar in bars(order, "clinic", {OURS})] == by
        found = suppression_of(order, "clinic", Writer(frozenset({OURS})))
        assert (found and found.by) == (by[0] if by else None)


UNCLEAR = {
    "nobody has seen it": ([said(Act.UNCLEAR)], True),
    "the host has seen it": ([said(Act.UNCLEAR), host(Act.SEEN, 3)], False),
    "the host lifts its own": ([said(Act.UNCLEAR), host(Act.LIFT, 3)], True),
    "another one since": ([said(Act.UNCLEAR), host(Act.SEEN, 3), said(Act.UNCLEAR, 4)], True),
    "a START since": ([said(Act.UNCLEAR), start(3)], False),
    "a START before": ([start(), said(Act.UNCLEAR, 3)], True),
    "a STOP and a START since": ([said(Act.UNCLEAR), stop(1), start(3)], False),
    "seen elsewhere": ([said(Act.UNCLEAR), host(Act.SEEN, 3, namespace="shop")], True),
    "written to others": ([said(Act.UNCLEAR, namespace="shop")], False),
    "seen, which lifts no STOP": ([stop(), host(Act.SEEN, 3)], False),
}


@pytest.mark.parametrize(("events", "holds"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_unclear_holds_who_wants_that_until_it_is_clear(events, holds):
    """It holds back a writer that holds what is unclear, and no other one, and bars nobody."""
    for order in permutations(events):
        found = suppression_of(order, "clinic", Writer(frozenset({OURS}), holds_unclear=True))
        assert bool(found and found.holds) == holds
        tells = suppression_of(order, "clinic", Writer(frozenset({OURS})))
        assert not (tells and tells.holds)


def test_nothing_is_unclear_while_the_person_bars_the_number():
    """After a STOP nobody needs to look at what was written before or after."""
    events = [said(Act.UNCLEAR), stop(1), said(Act.UNCLEAR, 2)]
    assert [event.act for event in standing(events, "clinic", {OURS})] == [Act.BAR]


def test_a_host_lifts_what_it_knew_of_and_nothing_that_it_hears_of_later():
    """Each act of a host's is the answer to its own kind, up to the last one known: what a STOP hid, too."""
    options = {"at": NOON + timedelta(minutes=9), "way": "api", "words": "by telephone", "namespace": "clinic"}
    known = [stop(1), host(Act.BAR, 3), said(Act.UNCLEAR, 5)]
    stood = unsettled(known, "clinic", {OURS})
    lifts = [host_lifted(stood, NUMBER, act, id=act, **options) for act in (Act.LIFT, Act.CONSENT, Act.SEEN)]
    assert [lift.lifts_before - NOON for lift in lifts] == [timedelta(minutes=at, microseconds=1) for at in (3, 1, 5)]
    assert standing([*known, *lifts], "clinic", {OURS}) == []
    late = stop(2)
    assert standing([*known, *lifts, late], "clinic", {OURS}) == [late]


def test_others_are_told_neither_where_a_stop_was_heard_nor_in_which_words():
    """Another namespace knows that the number opted out at this sender, and when."""
    (seen,) = bars([stop(words="Stop, I moved to Dr. Novak", namespace="shop")], "clinic", {OURS})
    assert seen == Suppression(NUMBER, "opted out at this sender", NOON, "recipient")
    assert seen.said == "opted out at this sender since 2026-02-10T12:00:00Z"
    assert "Novak" not in repr(seen)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (
            stop(words="Leave me alone"),
            "barred by the recipient since 2026-02-10T12:00:00Z (reply): the recipient",
        ),
        (host(Act.BAR, words="deceased"), "barred by the host since 2026-02-10T12:00:00Z (api): deceased"),
        (host(Act.BAR), "barred by the host since 2026-02-10T12:00:00Z (api)"),
        (landline(), "barred by the provider since 2026-02-10T12:00:00Z (webhook): undeliverable: landline"),
    ],
)
def test_it_is_said_who_bars_a_number(event, says):
    """In one line for people, without the person's words and the number."""
    (seen,) = bars([event], "clinic", {OURS})
    assert seen.said.startswith(says)
    assert NUMBER not in repr((seen, event))
    assert "Leave me alone" not in f"{seen.said} {seen!r} {event!r}"


def test_what_is_known_of_a_number_is_told_whole():
    """Who bars it, and every event with its words, as printable text and as JSON."""
    events = (stop(words="Stop\x1b[31m\nnow"), host(Act.CONSENT, 3, words="signed form, 12 May"))
    known = Consent(bars(events[:1], "clinic", {OURS}), events)
    assert str(known).splitlines() == [
        "barred by the recipient since 2026-02-10T12:00:00Z (reply): the recipient asked to stop",
        "2026-02-10T12:00:00Z recipient (reply): bar: Stop\\x1b[31m\\nnow",
        "2026-02-10T12:03:00Z host (api): consent: signed form, 12 May",
    ]
    assert known.as_json()["events"][0] == {
        "by": "recipient", "act": "bar", "occurred_at": "2026-02-10T12:00:00Z", "recorded_at": "2026-02-10T12:01:00Z",
        "way": "reply", "words": "Stop\x1b[31m\nnow", "senders": [OURS],
    }  # fmt: skip
    assert str(Consent((), ())) == "nothing was ever said about this number"


@pytest.mark.parametrize(
    ("sender", "name"),
    [(OURS, OURS), ("12025550100", OURS), ("Clinic", "Clinic"), ("26262", "26262"), (POOL, POOL)],
)
def test_a_sender_has_one_name_however_its_number_is_written(sender, name):
    """Numbers have their plus, short codes and names stay as they are."""
    assert sender_name(sender) == name
    assert sender_names(None, sender, "", name) == (name,)


def test_what_a_host_says_happens_after_what_it_said_before():
    """On a machine whose clock is behind, too; and it lifts no more than it knew of."""
    options = {"at": NOON, "way": "api", "words": "", "namespace": "clinic"}
    later = host(Act.BAR, 5)
    lift = host_lifted([later], NUMBER, Act.LIFT, id="lift", **options)
    assert bars([later, lift], "clinic", ()) == ()
    again = host_barred([later, lift], NUMBER, id="again", **options)
    assert [bar.by for bar in bars([later, lift, again], "clinic", ())] == ["host"]
    assert host_lifted([], NUMBER, Act.LIFT, id="none", **options).lifts_before is None


# Whatever was said, in whatever order


def one_event():
    """Return a strategy of events within a few minutes, so that many happen at once."""
    acts = {
        Party.RECIPIENT: (Act.BAR, Act.LIFT, Act.UNCLEAR),
        Party.HOST: (Act.BAR, Act.LIFT, Act.CONSENT, Act.SEEN),
        Party.PROVIDER: (Act.BAR,),
    }
    whose = st.sampled_from([(party, act) for party, possible in acts.items() for act in possible])
    senders = st.sampled_from([(OURS,), (OTHERS,), (OURS, POOL), (OTHERS, POOL), ()])
    return st.builds(
        lambda act, minute, senders, namespace: said(act[1], minute, by=act[0], senders=senders, namespace=namespace),
        whose,
        st.integers(0, 5),
        senders,
        st.sampled_from(["clinic", "shop"]),
    )


def told(events, namespace, senders):
    """Return which parties bar the number: the history lived through, minute by minute, a lift before a bar."""
    standing_bars = []
    for event in sorted(events, key=lambda event: (event.occurred_at, event.lifts_before is None)):
        if event.lifts_before is None:
            standing_bars.append(event)
            continue
        standing_bars = [bar for bar in standing_bars if not takes_back(event, bar, namespace, senders)]
    found = [bar for bar in standing_bars if bar.act is Act.BAR]
    mine = [bar for bar in found if bar.namespace == namespace]
    at_ours = [bar for bar in found if bar.by is Party.RECIPIENT and set(bar.senders) & senders]
    return {bar.by for bar in (*mine, *at_ours)}


def takes_back(lift, bar, namespace, senders):
    if lift.by is Party.HOST:
        answers = {
            Act.SEEN: bar.act is Act.UNCLEAR,
            Act.CONSENT: bar.by is Party.RECIPIENT and bar.act is Act.BAR,
            Act.LIFT: bar.by is not Party.RECIPIENT,
        }
        return lift.namespace == namespace and answers[lift.act]
    if bar.by is not Party.RECIPIENT:
        return False
    same = bool(set(lift.senders) & set(bar.senders))
    left = not set(bar.senders) & senders and lift.namespace == bar.namespace == namespace
    return same or left


@examples(120)
@given(st.lists(one_event(), max_size=8), st.randoms(use_true_random=False))
def test_any_permutation_of_what_arrives_gives_the_same_bars(events, random):
    """And they are those that follow from living through the events in their order, a STOP winning every tie."""
    for namespace, senders in (("clinic", {OURS}), ("clinic", {OURS, POOL}), ("shop", {OTHERS}), ("shop", set())):
        shuffled = random.sample(events, len(events))
        found = bars(shuffled, namespace, senders)
        assert {bar.by for bar in found} == {party.value for party in told(events, namespace, senders)}
        assert bars(events, namespace, senders) == found
