"""Items that wait for a person, at their edges: their names, their order, since when, and what is left out of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.blockers import Blocker
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import Identity
from reminder_kit.model.restorations import IN_GAP, Restoration
from reminder_kit.planning.attention import (
    UNREADABLE,
    Affected,
    AttentionFacts,
    AttentionItem,
    Mark,
    attention_items,
    item_id,
)
from tests.factories import NUMBER, START

SECOND, HOUR, A_DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
BLOCKER = Blocker(
    "telnyx", "a", "", "", "", "40333", known=True, elsewhere=False, keys=("k",), since=START - A_DAY, attempts=2,
    next_try_at=START, error="Telnyx: refused: mend it", tried="",
)  # fmt: skip
GAP = Restoration(START - 2 * A_DAY, START - A_DAY, opt_outs_known=True, until=START + HOUR)


def items_of(now=START, *, expected_every=A_DAY, without_phone=False, **facts):
    told = AttentionFacts(**({"worked_at": now} | facts))
    return attention_items(told, now, expected_every=expected_every, without_phone=without_phone)


def waits(key="k", reason=Reason.INVALID_NUMBER, **values):
    return Affected(key, reason=reason, **values)


def test_a_name_is_eight_digits_of_its_cause():
    """Any part more or less is another one; it stays the same, since it is noted."""
    names = [item_id(), item_id("a"), item_id("a", ""), item_id("ab"), item_id("a", "b"), UNREADABLE]
    assert len(set(names)) == len(names)
    assert {len(name) for name in names} == {8}
    assert item_id("unreadable") == UNREADABLE


def test_each_item_has_a_name_of_its_kind_and_cause():
    """By which it is marked as seen."""
    waiting = [
        waits("n"),
        waits("t", Reason.TEMPLATE_ERROR, rule="r", error="x"),
        waits("p", Reason.NO_RECIPIENT),
        waits("m", Reason.QUARANTINED, error="too long"),
    ]
    found = items_of(
        waiting=waiting,
        unknown=[Affected("u")],
        answered=[Affected("a")],
        erased=[Affected("e")],
        unclear=[Affected("c", to=NUMBER)],
        blockers=[BLOCKER],
        worked_at=START - 2 * A_DAY,
        still="elsewhere",
        without_phone=True,
    )
    assert {item.kind: item.id for item in found} == {
        "account": item_id("blocker", BLOCKER.name),
        "answer": item_id("answer", "a"),
        "batch_job": item_id("batch_job"),
        "erased": item_id("erased"),
        "ledger": item_id("ledger"),
        "message": item_id("message", "too long"),
        "number": item_id("number", ""),
        "text": item_id("text", "r"),
        "unclear_reply": item_id("unclear_reply", "c"),
        "unknown": item_id("unknown", "u"),
        "without_phone": item_id("without_phone", ""),
    }
    keys = {item.kind: [one.key for one in item.affected] for item in found}
    assert keys["batch_job"] == keys["ledger"] == []
    assert [keys[kind] for kind in ("number", "text", "erased", "unclear_reply")] == [["n"], ["t"], ["e"], ["c"]]
    assert not any(item.fails for item in found if item.kind != "text")


def test_items_of_one_age_are_in_the_order_of_their_names():
    """The oldest first."""
    found = items_of(unknown=[Affected(str(number)) for number in range(9)], worked_at=START - 2 * A_DAY)
    assert found[0].kind == "batch_job"
    assert [item.id for item in found[1:]] == sorted(item.id for item in found[1:])


def test_it_is_known_since_the_first_of_its_members_and_never_since_later_than_now():
    """Whatever was noted of others."""
    name = item_id("number", "")
    waiting = [waits("a"), waits("b")]

    def since(**marks):
        noted = {(name, key): Mark(at, False) for key, at in marks.items()}
        return items_of(waiting=waiting, marks=noted)[0].since

    assert since() == START
    assert since(a=START - HOUR, b=START - SECOND) == START - HOUR
    assert since(a=START + HOUR) == START
    assert since(z=START - HOUR) == START
    (idle,) = items_of(worked_at=START - 2 * A_DAY, marks={(item_id("batch_job"), ""): Mark(START - HOUR, True)})
    assert (idle.since, idle.seen) == (START - 2 * A_DAY, True)
    assert not items_of(worked_at=START - 2 * A_DAY)[0].seen


@pytest.mark.parametrize("reason", list(Reason))
def test_who_waits_for_a_blocker_is_known_by_its_name(reason):
    """Only those that wait for the account, or the provider; whoever met the same words elsewhere waits for another."""
    waiting = [waits("w", reason, blocker=BLOCKER.name), waits("x", reason, error=BLOCKER.error, blocker="another")]
    (item,) = items_of(blockers=[BLOCKER], waiting=waiting)[:1]
    waiting = reason in (Reason.WAITING_ACCOUNT, Reason.WAITING_PROVIDER)
    assert [one.key for one in item.affected if item.kind == "account"] == (["w"] if waiting else [])


def test_the_edges_of_what_is_forgotten_and_of_what_is_idle():
    """Just a day after its next try a blocker is listed; just as long as expected a job is not late."""
    for step, listed in ((0, 1), (1, 0)):
        assert len(items_of(blockers=[BLOCKER], now=START + A_DAY + step * SECOND)) == listed
        assert len(items_of(worked_at=START - HOUR - step * SECOND, expected_every=HOUR)) == 1 - listed


def test_what_is_restored_is_told_by_what_is_missing():
    """Each part by itself, with who waits for it; what may go out until just then."""
    unseen = Affected("m", error=f"{IN_GAP}not asked", next_try_at=START + HOUR)
    awaited = waits("r", Reason.RESTORED_LEDGER)
    facts = {"restoration": GAP, "answered": [unseen], "waiting": [awaited]}

    def told(now=START, **changes):
        return {item.id: item for item in items_of(now, **(facts | changes))}

    gap, looked, waiting = (
        item_id("restored", "2026-02-09T14:00:00Z"),
        item_id("restored", "unseen"),
        item_id("restored"),
    )
    found = told()
    assert set(found) == {gap, looked, waiting}
    assert found[gap].what == (
        "what was parked between 2026-02-08T14:00:00Z and 2026-02-09T14:00:00Z is not known to the restored ledger, "
        "and may go out until 2026-02-10T15:00:00Z"
    )
    assert found[waiting].what == (
        "appointments that did not come in again since the ledger was restored may have changed between "
        "2026-02-08T14:00:00Z and 2026-02-09T14:00:00Z"
    )
    assert (found[looked].affected, found[waiting].affected) == ((unseen,), (awaited,))
    assert (found[looked].next_try_at, found[waiting].next_try_at) == (START + HOUR, None)
    assert {item.kind for item in found.values()} == {"restored"}
    assert set(told(START + HOUR - SECOND)) == {gap, looked, waiting}
    assert set(told(START + HOUR)) == {looked, waiting}
    assert set(told(restoration=evolve(GAP, until=None))) == {looked, waiting}
    assert set(told(restoration=None)) == set()
    barred = told(restoration=evolve(GAP, opt_outs_known=False))
    assert set(barred) == {gap, waiting, item_id("ledger")}
    assert barred[item_id("ledger")].what == (
        "nobody is written to: it is not known who opted out between 2026-02-08T14:00:00Z and 2026-02-09T14:00:00Z"
    )
    assert set(told(still="elsewhere")) == {item_id("ledger")}
    unadopted = told(restoration=evolve(GAP, adopted=False))
    assert looked not in unadopted
    assert item_id("ledger") in unadopted


def test_members_of_what_could_not_be_read_are_sorted_and_its_items_too():
    """The first that was found says what is wrong."""
    marks = {("b", key): Mark(START, False, f"wrong {key}") for key in "zya"} | {("a", "x"): Mark(START, True, "odd")}
    first, second = items_of(marks=marks)
    assert (first.id, first.what, first.seen) == ("a", "odd", True)
    assert (second.id, second.what, [one.key for one in second.affected]) == ("b", "wrong z", ["a", "y", "z"])
    assert [one.error for one in second.affected] == ["wrong a", "wrong y", "wrong z"]


def test_a_member_of_nothing_and_one_of_an_appointment_for_programs():
    """An appointment of no series has no recurrence."""
    one = Affected("k", Identity("desk", "A", ""), "r", NUMBER, START, "x", "why", seen=True)
    assert one.as_json() == {
        "appointment": "A", "source": "desk", "recurrence_id": None, "rule": "r", "to": NUMBER,
        "start_at": "2026-02-10T14:00:00Z", "error": "why", "seen": True,
    }  # fmt: skip
    item = AttentionItem("i", "kind", "what", "remedy", START)
    assert item.as_json() == {
        "item": "i", "kind": "kind", "what": "what", "remedy": "remedy", "since": "2026-02-10T14:00:00Z",
        "next_try_at": None, "seen": False, "affected": [],
    }  # fmt: skip
    assert (item.fails, Affected("k").seen) == (False, False)
    facts = AttentionFacts()
    assert (facts.holds_unclear, facts.has_run, facts.still) == (False, True, "")
    assert "affected" not in repr(evolve(item, affected=(one,)))
    assert "why" not in repr(one)
