"""Two records of one visit (same number, same start, same words) are one message: `same_text`."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from reminder_kit import Rule
from tests.factories import NUMBER, at_rest, parked_messages, received_texts, visit

DAY = Rule("day", before="24 hours", text="See you {{ when }}.")
BARE = Rule("day", before="24 hours", text="You have an appointment.")
SOON = Rule("soon", before="2 hours", text="You have an appointment.", only={"tags": ["late"]})
GAP = timedelta(minutes=30)


def outcomes(report):
    """Return reasons by appointment."""
    return {change.identity.id: change.reason.value for change in report.changes}


@pytest.mark.parametrize("options", [{}, {"min_gap": GAP}], ids=["as it is", "min_gap"])
def test_the_second_record_of_a_visit_is_left_unsaid(make_kit, sandbox, options):
    """Whether they come in together or not, and also where a gap would move the second; then nothing is to be done."""
    kit = make_kit([DAY], **options)
    plan = kit.plan([visit("A"), visit("B")])
    assert outcomes(plan) == outcomes(kit.sync([visit("A"), visit("B")])) == {"A": "on_time", "B": "same_text"}
    assert outcomes(kit.sync(visit("C"))) == {"C": "same_text"}
    assert len(sandbox.parked()) == 1
    assert at_rest(kit)
    (why,) = kit.explain("B").reminders
    assert "another record of the same visit says the same, at 2026-02-11T14:00:00Z" in why.steps


@pytest.mark.parametrize(
    ("rules", "second"),
    [
        ([DAY], visit("B", phone="+12025550177")),
        ([DAY], visit("B", minute=1)),
        ([BARE], visit("B", hour=10)),
        ([Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")], visit("B", title="X-ray")),
        ([Rule("day", before="24 hours", text="Hi {{ recipient.name }}")], visit("B", name="Bob")),
    ],
    ids=["another number", "another start", "another start, the same words", "other words", "another person"],
)
def test_what_differs_is_told(make_kit, sandbox, rules, second):
    """Number, start and words together make it the same."""
    make_kit(rules).sync([visit("A"), second])
    assert len(sandbox.parked()) == 2


def test_the_same_words_hours_later_are_another_reminder(make_kit, sandbox):
    """Of one appointment, and of two with different rules."""
    rules = [Rule("day", before="24 hours", text=SOON.text, unless={"tags": ["late"]}), SOON]
    make_kit(rules).sync([visit("A"), visit("B", tags=["late"])])
    assert len(sandbox.parked()) == 2
    make_kit([BARE, Rule("hours", before="2 hours", text=BARE.text)]).sync(visit("C", phone="+12025550177"))
    assert len(sandbox.parked("+12025550177")) == 2


@pytest.mark.parametrize("how", ["withdrawn", "moved", "renamed"])
def test_where_the_first_record_says_it_no_more_the_second_does(make_kit, sandbox, how):
    """In the same run: nobody goes without."""
    kit = make_kit([Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")])
    kit.sync([visit("A"), visit("B")])
    changed = {"moved": visit("A", hour=15), "renamed": visit("A", title="X-ray")}
    report = kit.withdraw("A") if how == "withdrawn" else kit.sync(changed[how])
    assert outcomes(report)["B"] == "on_time"
    assert "Check-up tomorrow at 9:00 AM" in {text for *_, text in parked_messages(sandbox)}
    assert at_rest(kit)


@pytest.mark.parametrize("options", [{}, {"min_gap": GAP}, {"max_per_day": 9}], ids=str)
@pytest.mark.parametrize(
    "changed",
    [visit("A", status="cancelled"), visit("A", hour=15), visit("A", title="X-ray"), visit("A", phone="+12025550177")],
    ids=["cancelled", "moved", "renamed", "another number"],
)
def test_a_plan_says_who_speaks_in_the_first_one_s_stead(make_kit, changed, options):
    """What was reviewed is what is done, line by line."""
    kit = make_kit([Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")], **options)
    kit.sync([visit("A"), visit("B"), visit("C")])
    plan = kit.plan(changed)
    report = kit.apply(plan, expect_digest=plan.digest)
    done = {(one.kind.value, one.key, one.identity.id, one.send_at) for one in report.changes if one.is_work}
    assert {(one.kind.value, one.key, one.identity.id, one.send_at) for one in plan.work} == done
    assert at_rest(kit)
    assert {one.identity.id: one.kind.value for one in plan.changes}["B"] == "schedule"


@pytest.mark.parametrize("way", ["sync", "record"])
@pytest.mark.parametrize("names", ["AB", "BA"])
def test_where_the_first_one_s_message_speaks_of_another_start_now_the_second_speaks(make_kit, sandbox, names, way):
    """It was moved, and its message stays as it is, for it says no time: whoever still comes then is told as well."""
    kit = make_kit([Rule("evening", days_before=1, at="18:00", text="You have an appointment.")])
    first, second = names
    kit.sync(visit(first))
    kit.sync(visit(second))
    if way == "record":
        kit.record(visit(first, hour=15))
        plan, report = kit.plan_resync(), kit.resync()
    else:
        plan = kit.plan(visit(first, hour=15))
        report = kit.apply(plan)
    for told in plan, report:
        assert {(one.identity.id, one.kind.value) for one in told.changes} == {(first, "keep"), (second, "schedule")}
    assert len(sandbox.parked()) == 2
    assert at_rest(kit)


def test_who_is_not_concerned_is_not_in_the_plan(make_kit, sandbox):
    """What others of the number and time get is not listed where it stays."""
    kit = make_kit([DAY], max_per_day=9)
    kit.sync([visit("A"), visit("B", title="X-ray"), visit("C", hour=10)])
    plan = kit.plan(visit("A", title="Scan"))
    assert {one.identity.id for one in plan.changes} == {"A"}


def test_what_becomes_the_same_by_an_edit_is_taken_back(make_kit, sandbox):
    """The name was mended in one of two systems: one of two parked texts is left."""
    kit = make_kit([Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")])
    kit.sync([visit("A"), visit("B", title="Chekc-up")])
    assert outcomes(kit.sync(visit("B"))) == {"B": "same_text"}
    assert len(sandbox.parked()) == 1
    assert at_rest(kit)


def test_a_record_that_comes_in_once_it_was_told_tells_nothing(make_kit, sandbox):
    """It would be late, and say what the person has."""
    kit = make_kit([BARE])
    kit.sync(visit("A"))
    sandbox.clock.advance(days=1, hours=1)
    kit.resync()
    assert outcomes(kit.sync(visit("B"))) == {"B": "same_text"}
    assert received_texts(sandbox) == [BARE.text]


def test_two_workers_that_take_in_one_record_each_park_one(make_kit, sandbox):
    """A booking was sent twice: whoever writes its intent second sees the first, and decides anew."""
    kits = [make_kit([DAY]) for _ in range(2)]
    kits[0].ledger.upgrade()
    ready, reports = threading.Barrier(2), []

    def book(kit, name):
        ready.wait()
        reports.append(kit.sync(visit(name)))

    threads = [threading.Thread(target=book, args=pair) for pair in zip(kits, "AB", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [change.happened for report in reports for change in report.changes]
    assert found.count("parked") == 1  # whoever is first may have both to work on
    assert len(sandbox.parked(NUMBER)) == 1
    assert at_rest(kits[0])
    reasons = {
        one.identity.id: one.outcomes[0].reason for one in kits[0].ledger.read(lambda reader: [*reader.records()])
    }
    assert sorted(reasons.values()) == ["on_time", "same_text"]
