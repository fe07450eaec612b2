"""Two configurations on one ledger: it remembers whose rules it serves, and others yield or are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from reminder_kit import QuietHours, Recipient, Rule
from reminder_kit.errors import UnsafePlanError
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import summed

OLD = Rule("day-before", before="24 hours", text="See you {{ when }}.")
NEW = Rule("day-before", before="24 hours", text="Hello, see you {{ when }}.")
STRANGER = Rule("evening", days_before=1, at="18:00", text="Tomorrow at {{ appointment.starts_at | time }}.")


def did(report):
    return sorted((change.kind.value, change.reason.value) for change in report.changes)


def texts(sandbox):
    return sorted(message.text for message in sandbox.parked())


@pytest.fixture
def old(make_kit):
    return make_kit([OLD])


@pytest.fixture
def new(make_kit):
    return make_kit([NEW])


# Refused


@pytest.mark.parametrize("rules", [[], [STRANGER]], ids=["no rules", "no rule in common"])
@pytest.mark.parametrize("verb", ["resync", "import"])
def test_a_whole_run_by_rules_that_the_ledger_does_not_know_is_refused(
    old, make_kit, sandbox, appointment, tmp_path, rules, verb
):
    """Nothing is withdrawn; the message names both sets and the remedies, `namespace` among them."""
    old.sync([appointment("A-1"), appointment("A-2", hours=1)])
    calendar = tmp_path / "empty.ics"
    calendar.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\nEND:VCALENDAR\r\n")
    other, writes = make_kit(rules), sandbox.write_count
    with pytest.raises(UnsafePlanError, match="namespace") as caught:
        other.resync() if verb == "resync" else other.import_calendar(calendar)
    assert "day-before" in str(caught.value)
    assert "--force" in str(caught.value)
    assert sandbox.write_count == writes
    assert old.resync().ok
    assert sandbox.write_count == writes


def test_what_is_refused_is_taken_over_by_force(old, make_kit, sandbox, appointment):
    """A person who means it forces it, and from then on the ledger serves those rules."""
    old.sync(appointment())
    other = make_kit([STRANGER])
    assert did(other.resync(force=True)) == [("cancel", "removed"), ("schedule", "on_time")]
    assert summed(other.resync()) == {"keep": 1, "skip": 1}
    with pytest.raises(UnsafePlanError):
        old.resync()


def test_a_preview_of_a_refused_run_is_refused_too(old, make_kit, appointment):
    """`plan_resync` tells what would be done, and that it is unsafe."""
    old.sync(appointment())
    plan = make_kit([]).plan_resync()
    assert did(plan) == [("cancel", "removed")]
    assert plan.is_unsafe


@pytest.mark.parametrize("rules", [[], [STRANGER], [NEW]], ids=["no rules", "no rule in common", "other words"])
def test_the_other_verbs_never_raise_for_it(old, make_kit, sandbox, appointment, rules):
    """Each does what it was asked for, and nothing to other people's messages."""
    old.sync([appointment(f"A-{number}", phone=f"+120255501{number:02}") for number in range(1, 15)])
    other = make_kit(rules)
    other.sync(appointment("A-1", phone="+12025550101"))
    other.record(appointment("A-2", phone="+12025550102"))
    other.withdraw("A-3")
    other.suppress("+12025550104")
    other.resync(only_dirty=True)
    assert {f"+120255501{number:02}" for number in range(5, 15)} <= {message.to for message in sandbox.parked()}
    assert not {"+12025550103", "+12025550104"} & {message.to for message in sandbox.parked()}


def test_a_second_set_in_a_namespace_of_its_own_is_nobodys_business(old, make_kit, sandbox, appointment):
    """Two sets on purpose: each keeps its own."""
    old.sync(appointment())
    other = make_kit([STRANGER], namespace="evenings")
    other.sync(appointment())
    assert (summed(other.resync()), summed(old.resync())) == ({"keep": 1}, {"keep": 1})
    assert len(sandbox.parked()) == 2
    assert old.attention() == ()


def test_a_ledger_without_history_takes_any_rules(make_kit, appointment):
    """The first set is recorded, by whichever verb works first."""
    kit = make_kit([STRANGER])
    kit.record(appointment())
    assert did(kit.resync()) == [("schedule", "on_time")]


# Taken over at once


def test_an_edit_works_at_once_and_what_it_replaced_yields(old, new, sandbox, appointment):
    """A set never seen takes over; yesterday's release leaves what is parked, and both are listed in each run."""
    old.sync([appointment("A-1"), appointment("A-2", hours=1)])
    assert [change.kind.value for change in new.resync().changes] == ["replace"] * 2
    assert all(text.startswith("Hello") for text in texts(sandbox))
    writes = sandbox.write_count
    report = old.resync()
    assert did(report) == [("keep", "other_rules")] * 2
    (item,) = report.attention
    assert item.kind == "rules"
    assert len(item.affected) == 2
    assert "namespace" in item.remedy
    assert new.resync().attention[0].kind == "rules"
    assert old.resync().ok
    assert sandbox.write_count == writes


def test_one_that_was_replaced_takes_over_once_the_other_rests(old, new, sandbox, appointment):
    """A rollback settles by itself: after ten minutes without a run of the other set, not a second before."""
    old.sync(appointment())
    new.resync()
    sandbox.clock.advance(minutes=9, seconds=59)
    assert did(old.resync()) == [("keep", "other_rules")]
    sandbox.clock.advance(seconds=1)
    assert [change.kind.value for change in old.resync().changes] == ["replace"]
    assert texts(sandbox) == ["See you tomorrow at 9:00 AM."]
    assert did(new.resync()) == [("keep", "other_rules")]


def test_while_the_other_works_it_waits_for_ever(old, new, sandbox, appointment):
    """Any verb of the recorded set keeps it; with both at work for hours nothing is replaced again."""
    old.sync(appointment())
    new.resync()
    writes = sandbox.write_count
    for _ in range(12):
        sandbox.clock.advance(minutes=5)
        new.sync(appointment("A-1"))
        old.resync()
        old.sync(appointment("A-1"))
    assert sandbox.write_count == writes


def test_by_force_it_takes_over_at_once(old, new, sandbox, appointment):
    """A rollback that can't wait."""
    old.sync(appointment())
    new.resync()
    old.resync(force=True)
    assert texts(sandbox) == ["See you tomorrow at 9:00 AM."]


def test_a_plan_that_was_not_refused_takes_nothing_over_by_force(old, new, sandbox, appointment):
    """Other rules took over after it was made: what is forced is what was refused, and that was nothing."""
    old.sync(appointment("A-1"))
    old.record(appointment("A-2", hours=1))
    plan = old.plan_resync()
    new.resync()
    old.apply(plan, force=True)
    assert texts(sandbox) == ["Hello, see you tomorrow at 10:00 AM.", "Hello, see you tomorrow at 9:00 AM."]
    assert did(old.resync()) == [("keep", "other_rules")] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"quiet_hours": QuietHours("09:00", "17:00")},
        {"timezone": "America/Los_Angeles"},
        {"provider": Telnyx(api_key="KEY", from_="+12025550109")},
    ],
    ids=["quiet hours", "zone", "sender"],
)
def test_whatever_decides_what_is_parked_belongs_to_the_set(old, make_kit, sandbox, appointment, changes):
    """The same rules with other quiet hours, another zone or sender, in turns: nothing is parked a third time."""
    old.sync(appointment(timezone=None))
    other = make_kit([OLD], **changes)
    other.resync()
    writes = sandbox.write_count
    for kit in (old, other, old, other):
        kit.resync()
    assert sandbox.write_count == writes


# While it yields


def test_what_is_new_is_reminded_of_by_its_own_rules(old, new, sandbox, appointment):
    """A booking that yesterday's worker takes in is parked at once; the recorded set puts its words right."""
    old.sync(appointment("A-1"))
    new.resync()
    assert did(old.sync(appointment("A-2", hours=1))) == [("schedule", "on_time")]
    assert [text.startswith("Hello") for text in texts(sandbox)] == [True, False]
    new.resync()
    assert [text.startswith("Hello") for text in texts(sandbox)] == [True, True]


def test_what_is_due_is_parked(old, new, sandbox, appointment):
    """A held reminder enters the window while only the set that yields is at work."""
    old.sync(appointment(days=9))
    new.resync()
    sandbox.clock.advance(days=4)
    new.sync(appointment("A-9", days=20))
    assert ("schedule", "on_time") in did(old.resync())
    assert len(sandbox.parked()) == 1


def test_beside_what_is_due_nothing_else_is_touched(make_kit, sandbox, appointment):
    """Of one visit the second reminder enters the window: it is parked, and the first one keeps its words."""
    soon = Rule("two-hours", before="2 hours", text="Soon: {{ when }}.")
    old, new = make_kit([OLD, soon]), make_kit([NEW, soon])
    old.sync(appointment(days=5, hours=3))
    new.resync()
    sandbox.clock.advance(hours=2)
    new.sync(appointment("A-9", days=20))
    assert {("keep", "other_rules"), ("schedule", "on_time")} <= set(did(old.resync()))
    assert sorted(text[:5] for text in texts(sandbox)) == ["Hello", "Soon:"]


def test_an_edit_by_a_stranger_leaves_what_is_still_true(old, make_kit, sandbox, appointment):
    """Who knows none of the rules takes in another title: its own reminder comes beside the parked one."""
    old.sync(appointment())
    other = make_kit([STRANGER])
    assert did(other.sync(appointment(title="Cleaning"))) == [("keep", "other_rules"), ("schedule", "on_time")]
    assert [change.kind.value for change in other.withdraw("A-1").changes] == ["cancel", "cancel"]


def test_a_stranger_that_bars_one_of_a_family_leaves_the_others(old, make_kit, sandbox, appointment):
    """Only what is parked for the number that was named is withdrawn."""
    family = [Recipient("+12025550123", name="Ada"), Recipient("+12025550124", name="Bo")]
    old.sync(appointment(recipients=family))
    make_kit([STRANGER]).suppress("+12025550123")
    assert "+12025550124" in {message.to for message in sandbox.parked()}
    assert "+12025550123" not in {message.to for message in sandbox.parked()}


@pytest.mark.parametrize("rules", [[OLD], [STRANGER]], ids=["rules in common", "none in common"])
@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"hours": 3}, [("+12025550123", "12:00 PM")]),
        ({"phone": "+12025550177"}, [("+12025550177", "9:00 AM")]),
        ({"status": "cancelled"}, []),
    ],
    ids=["moved", "another number", "cancelled"],
)
def test_what_became_untrue_is_never_kept(make_kit, old, new, sandbox, appointment, rules, change, left):
    """Whoever takes it in: a wrong time, a stranger's number or a visit that is off outrank the rule sets."""
    old.sync(appointment())
    new.resync()
    make_kit(rules).sync(appointment(**change))
    new.resync()
    assert [
        (message.to, message.text.removesuffix(".")[-len(time) :])
        for message, (_, time) in zip(sandbox.parked(), left, strict=True)
    ] == left


def test_a_stop_is_obeyed_whoever_hears_it(old, new, sandbox, appointment):
    """A suppression withdraws what the other set parked."""
    old.sync(appointment())
    new.resync()
    old.suppress("+12025550123")
    assert sandbox.parked() == []


def test_a_run_that_yields_leaves_the_ledger_as_it_was(old, new, sandbox, appointment, tmp_path):
    """Promise 2 holds for it too: the second run with the same clock writes no row but its own."""
    old.sync(appointment())
    new.resync()

    def rows():
        with closing(sqlite3.connect(tmp_path / "reminders.db")) as connection:
            tables = ("appointments", "reminders", "messages", "history", "rule_sets", "places", "attention")
            return {table: connection.execute(f"SELECT * FROM reminder_kit_{table}").fetchall() for table in tables}

    old.resync()
    before = rows()
    old.resync()
    assert rows() == before


def test_the_set_that_was_kept_out_puts_all_right_once_it_takes_over(old, new, sandbox, appointment):
    """What it left alone, and what it parked meanwhile, are in its own words after that."""
    old.sync(appointment("A-1"))
    new.resync()
    old.sync(appointment("A-2", hours=1))
    sandbox.clock.advance(minutes=10)
    old.resync()
    assert not any(text.startswith("Hello") for text in texts(sandbox))
    assert len(texts(sandbox)) == 2
    sandbox.clock.advance(minutes=10)
    assert old.resync().attention == ()
