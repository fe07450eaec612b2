"""What waits for a person: which of what is recorded makes an item, what it says, and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.model.rule_sets import RuleSet, RuleSetRecord
from reminder_kit.planning.attention import UNREADABLE, WHOLE, Affected, AttentionFacts, Mark, attention_items, item_id
from tests.factories import NUMBER, START

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BLOCKED = Blocker(
    provider="telnyx",
    account="a",
    sender="+12025550100",
    country="US",
    channel="",
    code="40333",
    known=True,
    elsewhere=False,
    keys=("k",),
    since=START - DAY,
    attempts=2,
    next_try_at=START + MINUTE,
    error="Telnyx: refused (40333): the limit is reached: mend it in the portal",
    tried="",
)
RESTORATION = Restoration(START - 2 * DAY, START - DAY, opt_outs_known=True)


def items_of(now=START, *, expected_every=DAY, without_phone=False, **facts):
    """Return the items of what is recorded; the batch job ran just now unless it is said otherwise."""
    told = AttentionFacts(**({"worked_at": now} | facts))
    return attention_items(told, now, expected_every=expected_every, without_phone=without_phone)


def member(key="k", **values):
    return Affected(key, **values)


@pytest.mark.parametrize(
    ("reason", "error", "kind", "what", "remedy"),
    [
        (Reason.TEMPLATE_ERROR, "no data.doctor", "text", "no data.doctor", "correct the rule's text"),
        (Reason.INVALID_NUMBER, "", "number", "no message can reach the number", "correct the phone number"),
        (Reason.QUARANTINED, "its text is too long", "message", "its text is too long", "change the text"),
    ],
)
def test_what_can_be_mended_is_an_item(reason, error, kind, what, remedy):
    """By its cause, with what to do about it; it is known as of now unless it was before."""
    (item,) = items_of(waiting=[member(reason=reason, error=error)])
    assert (item.kind, item.what, item.since, item.next_try_at) == (kind, what, START, None)
    assert item.remedy.startswith(remedy)
    assert [one.key for one in item.affected] == ["k"]


@pytest.mark.parametrize("reason", [Reason.QUARANTINED, Reason.NO_RECIPIENT, Reason.OPTED_OUT, Reason.AT_CAPACITY])
def test_what_is_no_mistake_or_told_by_another_item_is_none(reason):
    """A quarantine without words is an appointment that can't be read: that is an item of its own."""
    assert items_of(waiting=[member(reason=reason)]) == []


def test_appointments_without_a_number_are_an_item_where_that_is_wanted():
    (item,) = items_of(waiting=[member(reason=Reason.NO_RECIPIENT)], without_phone=True)
    assert (item.kind, item.what) == ("without_phone", "there is nobody to write to")
    assert item.remedy == "write a phone number into the event, or into the directory"


def test_what_has_one_cause_is_one_item():
    """Texts by their rule, messages by what the provider says of them, numbers all in one."""
    waiting = [
        *(member(f"t{n}", reason=Reason.TEMPLATE_ERROR, rule=rule, error="x") for n, rule in enumerate("aab")),
        *(member(f"m{n}", reason=Reason.QUARANTINED, error=error) for n, error in enumerate("xxy")),
        *(member(f"n{n}", reason=Reason.INVALID_NUMBER, rule=rule) for n, rule in enumerate("abc")),
    ]
    found = sorted((item.kind, [one.key for one in item.affected]) for item in items_of(waiting=waiting))
    assert found == [
        ("message", ["m0", "m1"]),
        ("message", ["m2"]),
        ("number", ["n0", "n1", "n2"]),
        ("text", ["t0", "t1"]),
        ("text", ["t2"]),
    ]


def test_a_rule_by_which_nothing_was_ever_written_fails():
    """One that was written for somebody is a mistake of some data; nothing else counts as a failure of the run."""
    waiting = [member(rule, reason=Reason.TEMPLATE_ERROR, rule=rule) for rule in ("never", "once")]
    waiting.append(member("n", reason=Reason.INVALID_NUMBER, rule="never"))
    found = items_of(waiting=waiting, written=frozenset({"once"}))
    assert {item.affected[0].key: item.fails for item in found} == {"never": True, "once": False, "n": False}


@pytest.mark.parametrize(("known", "kind"), [(True, "account"), (False, "provider")])
def test_what_the_provider_refuses_is_an_item_with_all_who_wait_for_it(known, kind):
    """What is wrong, the remedy, since when, and when it is tried again; who waits for another cause is none of it."""
    blocker = evolve(BLOCKED, known=known)
    waiting = [
        member("a", reason=Reason.WAITING_ACCOUNT, error=blocker.error, blocker=blocker.name),
        member("b", reason=Reason.WAITING_PROVIDER, blocker=blocker.name),
        member("other", reason=Reason.WAITING_ACCOUNT, error=blocker.error, blocker="another"),
        member("none", reason=Reason.WAITING_PROVIDER, error=blocker.error),
        member("text", reason=Reason.AT_CAPACITY, error=blocker.error, blocker=blocker.name),
    ]
    (item,) = items_of(waiting=waiting, blockers=[blocker])
    assert (item.kind, item.what) == (kind, "Telnyx: refused (40333): the limit is reached")
    assert item.remedy == "mend it in the portal"
    assert (item.since, item.next_try_at) == (blocker.since, blocker.next_try_at)
    assert [one.key for one in item.affected] == ["a", "b"]


@pytest.mark.parametrize("parked", [(True, True), (True, False), (False, False)], ids=str)
def test_what_is_parked_with_old_words_is_tried_only_on_a_persons_word(parked):
    """Where anything else waits as well, that is tried by itself; the remedy says so."""
    waiting = [
        member(str(place), reason=Reason.WAITING_ACCOUNT, blocker=BLOCKED.name, is_parked=is_parked)
        for place, is_parked in enumerate(parked)
    ]
    (item,) = items_of(waiting=waiting, blockers=[BLOCKED])
    assert item.next_try_at == (None if all(parked) else BLOCKED.next_try_at)
    assert (item.remedy == "mend it in the portal") is not all(parked)


def test_what_is_refused_without_a_remedy_says_what_is_known():
    (item,) = items_of(blockers=[evolve(BLOCKED, error="refused")])
    assert (item.what, item.remedy) == ("refused", "refused")


@pytest.mark.parametrize(("ago", "listed"), [(DAY, True), (DAY + MINUTE, False)])
def test_a_refusal_for_which_nobody_waits_is_forgotten_a_day_after_its_next_try(ago, listed):
    """One that somebody waits for is listed for ever."""
    blocker = evolve(BLOCKED, next_try_at=START - ago)
    assert bool(items_of(blockers=[blocker])) is listed
    assert items_of(blockers=[blocker], waiting=[member(reason=Reason.WAITING_ACCOUNT, blocker=blocker.name)])


def test_each_message_in_doubt_is_an_item():
    """With what is known of it, and when it is asked next; one of the time before a restoration is none of these."""
    found = items_of(
        unknown=[member("m-1", error="no whole answer", next_try_at=START + MINUTE), member("m-2")],
        answered=[
            member("m-3", error="said: accepted", next_try_at=START + 2 * MINUTE),
            member("m-4", error=f"{IN_GAP}never asked"),
        ],
    )
    again = {item.affected[0].key: item.next_try_at for item in found}
    assert again == {"m-1": START + MINUTE, "m-2": None, "m-3": START + 2 * MINUTE}
    told = {item.affected[0].key: (item.kind, item.what) for item in found}
    assert told == {
        "m-1": ("unknown", "no whole answer"),
        "m-2": ("unknown", "no answer"),
        "m-3": ("answer", "said: accepted"),
    }
    remedies = {item.kind: item.remedy for item in found}
    assert "`retry ID` sends one more" in remedies["unknown"]
    assert "looked up again by itself" in remedies["answer"]
    assert len({item.id for item in found}) == 3


@pytest.mark.parametrize("holds", [True, False])
def test_unclear_replies_are_an_item_for_each_number(holds):
    """Known by the first of them; whether anything is held for it is said."""
    unclear = [member("e-1", to=NUMBER), member("e-2", to="+12025550124"), member("e-3", to=NUMBER)]
    found = items_of(unclear=unclear, holds_unclear=holds)
    assert {item.id: [one.key for one in item.affected] for item in found} == {
        item_id("unclear_reply", "e-1"): ["e-1", "e-3"],
        item_id("unclear_reply", "e-2"): ["e-2"],
    }
    for item in found:
        assert item.kind == "unclear_reply"
        assert item.what.startswith("a reply may ask for no more messages")
        assert ("nothing goes to that number" in item.what) is holds
        assert "`suppress PHONE`" in item.remedy


def test_who_was_erased_and_comes_in_again_is_one_item():
    (item,) = items_of(erased=[member("a"), member("b")])
    assert (item.kind, len(item.affected)) == ("erased", 2)
    assert "who was erased was handed in again" in item.what
    assert "`allow PHONE`" in item.remedy


def test_what_a_run_could_not_read_is_an_item_until_it_can():
    """Appointments in one, each calendar's events in another; a mark without words tells of something else."""
    marks = {
        (UNREADABLE, "b"): Mark(START - DAY, False, "zone X is not known"),
        (UNREADABLE, "a"): Mark(START - MINUTE, False, "zone X is not known"),
        ("calendar-1", "e"): Mark(START, False, "no start"),
        ("other", "k"): Mark(START, True),
    }
    calendar, unreadable = sorted(items_of(marks=marks), key=lambda item: item.kind)
    assert (unreadable.kind, [one.key for one in unreadable.affected]) == ("unreadable", ["a", "b"])
    assert (unreadable.what, unreadable.since) == ("zone X is not known", START - DAY)
    assert (calendar.kind, calendar.id, calendar.what) == ("calendar", "calendar-1", "no start")
    assert "install what it needs" in unreadable.remedy
    assert calendar.remedy == "correct the event in its calendar"


def test_what_is_wrong_with_a_whole_calendar_says_itself_what_to_do():
    """Behind its last colon; nothing is to be corrected in an event."""
    (item,) = items_of(marks={("calendar-1", WHOLE): Mark(START, False, "desk: 2 events are not read: import again")})
    assert (item.kind, item.what, item.remedy) == ("calendar", "desk: 2 events are not read", "import again")
    assert [one.error for one in item.affected] == ["desk: 2 events are not read: import again"]


def test_several_rule_sets_at_work_are_an_item():
    """Which the ledger serves, which yield, and when they may take over; one alone, or at rest, is none."""
    serves, yields = (
        RuleSetRecord(RuleSet(digit * 32, ((rule, "1"),)), serving, START - DAY, START, START)
        for digit, rule, serving in (("a", "day", True), ("b", "hour", False))
    )
    (item,) = items_of(rule_sets=[yields, serves])
    assert (item.kind, item.since) == ("rules", START - DAY)
    assert item.what == (
        "2 rule sets work on this ledger, which serves aaaaaaaa (day 1); bbbbbbbb (hour 1) leave what is parked"
    )
    assert item.next_try_at == START + timedelta(minutes=10)
    assert [one.error for one in item.affected] == ["aaaaaaaa (day 1)", "bbbbbbbb (hour 1)"]
    assert "`namespace`" in item.remedy
    assert items_of(rule_sets=[serves]) == []
    assert items_of(rule_sets=[serves, evolve(yields, worked_at=START - DAY, yielded_at=START - DAY)]) == []


@pytest.mark.parametrize(
    ("restoration", "remedy"),
    [
        (None, "if it was moved"),
        (RESTORATION, "if it was moved"),
        (evolve(RESTORATION, adopted=False), "bar again (`suppress`) whom you barred since"),
    ],
    ids=["moved", "moved after a restoration", "restored"],
)
def test_a_ledger_that_writes_to_nobody_is_an_item(restoration, remedy):
    (item,) = items_of(still="it is elsewhere now", restoration=restoration)
    assert (item.kind, item.what) == ("ledger", "nobody is written to: it is elsewhere now")
    assert remedy in item.remedy


@pytest.mark.parametrize(("known", "read"), [(False, False), (True, False), (False, True)])
def test_until_it_is_known_who_opted_out_nobody_is_written_to(known, read):
    found = items_of(restoration=evolve(RESTORATION, opt_outs_known=known, opt_outs_read=read))
    assert [item.kind for item in found] == ([] if known or read else ["ledger"])
    for item in found:
        assert "who opted out between 2026-02-08T14:00:00Z and 2026-02-09T14:00:00Z" in item.what
        assert "--opt-outs-known" in item.remedy


def test_what_a_restored_ledger_does_not_know_is_listed():
    """What may go out still, what could not be looked up, and what did not come in again; not while it is still."""
    facts = {
        "restoration": evolve(RESTORATION, until=START + MINUTE),
        "answered": [member("m", error=f"{IN_GAP}not asked yet")],
        "waiting": [member("r", reason=Reason.RESTORED_LEDGER), member("x", reason=Reason.AT_CAPACITY)],
    }
    gap, *others = items_of(**facts)
    assert (gap.kind, gap.since, gap.affected) == ("restored", RESTORATION.at, ())
    assert gap.what.endswith("may go out until 2026-02-10T14:01:00Z")
    assert "look at the provider" in gap.remedy
    told = {item.affected[0].key: item for item in others}
    assert set(told) == {"m", "r"}
    assert "could not be looked up yet" in told["m"].what
    assert "did not come in again" in told["r"].what
    assert "`retry ID`" in told["r"].remedy
    assert [item.kind for item in items_of(START + MINUTE, **facts)] == ["restored", "restored"]
    assert [item.kind for item in items_of(still="elsewhere", **facts)] == ["ledger"]


@pytest.mark.parametrize(
    ("has_run", "ago", "what"),
    [
        (True, DAY, None),
        (True, DAY + MINUTE, "the batch job last ran at 2026-02-09T13:59:00Z"),
        (False, DAY + MINUTE, "the batch job never ran"),
    ],
)
def test_a_batch_job_that_was_not_seen_for_too_long_is_an_item(has_run, ago, what):
    found = items_of(worked_at=START - ago, has_run=has_run)
    assert [(item.kind, item.what, item.since) for item in found] == (
        [("batch_job", what, START - ago)] if what else []
    )
    assert items_of(worked_at=None) == []


def test_what_was_seen_covers_the_members_of_that_moment():
    """A new member opens it again for itself; it is known since the first of them was."""
    waiting = [member(key, reason=Reason.INVALID_NUMBER) for key in "ab"]
    name = item_id("number", "")
    seen = {(name, "a"): Mark(START - DAY, True), (name, "b"): Mark(START - 2 * DAY, True)}
    (item,) = items_of(waiting=waiting, marks=seen)
    assert (item.seen, item.since, [one.seen for one in item.affected]) == (True, START - 2 * DAY, [True, True])
    (item,) = items_of(waiting=[*waiting, member("c", reason=Reason.INVALID_NUMBER)], marks=seen)
    assert (item.seen, [one.seen for one in item.affected]) == (False, [True, True, False])
    (item,) = items_of(waiting=waiting, marks=seen | {(name, "b"): Mark(START, False)})
    assert (item.seen, [one.seen for one in item.affected]) == (False, [True, False])


def test_one_without_members_is_seen_by_its_name_alone_but_never_that_nobody_is_written_to():
    """Who has seen that has mended nothing."""
    late = {"worked_at": START - 3 * DAY}
    (item,) = items_of(**late, marks={(item_id("batch_job"), ""): Mark(START, True)})
    assert item.seen
    (item,) = items_of(still="elsewhere", marks={(item_id("ledger"), ""): Mark(START - DAY, True)})
    assert (item.seen, item.since) == (False, START - DAY)


def test_the_oldest_comes_first():
    waiting = [member("n", reason=Reason.INVALID_NUMBER)]
    assert [item.kind for item in items_of(waiting=waiting, blockers=[BLOCKED], worked_at=START - 2 * DAY)] == [
        "batch_job",
        "account",
        "number",
    ]


def test_an_item_as_json_and_in_words():
    """All that a script reads; numbers are whole in JSON, and nowhere in the words."""
    one = member(
        to=NUMBER,
        identity=Identity("desk", "A-1", "2026-02-13T15:00:00Z"),
        rule="day",
        start_at=START + DAY,
        reason=Reason.WAITING_ACCOUNT,
        error=BLOCKED.error,
        blocker=BLOCKED.name,
    )
    (item,) = items_of(waiting=[one], blockers=[BLOCKED])
    assert item.as_json() == {
        "item": item_id("blocker", BLOCKED.name),
        "kind": "account",
        "what": "Telnyx: refused (40333): the limit is reached",
        "remedy": "mend it in the portal",
        "since": "2026-02-09T14:00:00Z",
        "next_try_at": "2026-02-10T14:01:00Z",
        "seen": False,
        "affected": [
            {
                "appointment": "A-1",
                "source": "desk",
                "recurrence_id": "2026-02-13T15:00:00Z",
                "rule": "day",
                "to": NUMBER,
                "start_at": "2026-02-11T14:00:00Z",
                "error": BLOCKED.error,
                "seen": False,
            }
        ],
    }
    assert str(item) == (
        f"{item.id} account (1): Telnyx: refused (40333): the limit is reached: mend it in the portal; since "
        "2026-02-09T14:00:00Z; tried again at 2026-02-10T14:01:00Z"
    )
    assert NUMBER not in f"{item!r} {one!r}"
    bare = member().as_json()
    assert bare == {**dict.fromkeys(bare), "seen": False}
    (idle,) = items_of(worked_at=START - 2 * DAY)
    assert str(idle).startswith(
        f"{idle.id} batch_job: the batch job last ran at 2026-02-08T14:00:00Z: run `reminder-kit"
    )
    assert str(idle).endswith("; since 2026-02-08T14:00:00Z")
