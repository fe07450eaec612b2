"""Spacing: messages to one number keep apart where that is feasible, and some are not sent soon after others."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from reminder_kit import Appointment, QuietHours, Recipient, Rule
from reminder_kit.config.loading import load
from reminder_kit.errors import ConfigurationError
from tests.factories import DAY, NEW_YORK, NUMBER, START

GAP = timedelta(minutes=30)
LATER = Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}", shift="later")


def visit(id, hour=12, *, minute=0, day=3, phone=NUMBER, **changes):
    starts_at = datetime(2026, 2, 10 + day, hour, minute, tzinfo=NEW_YORK)
    return Appointment(id, starts_at, recipients=[Recipient(phone)], title=id, **changes)


def times(sandbox, phone=NUMBER):
    """Return when messages to a number go out, on its clock, by their first word."""
    return {
        item.text.split()[0]: item.send_at.astimezone(NEW_YORK).strftime("%H:%M")
        for item in sandbox.parked()
        if item.to == phone
    }


def at_rest(kit):
    plan = kit.plan_resync()
    return not plan.work and not plan.worklist.order


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (DAY, {"A": "12:00", "B": "11:30", "C": "12:30", "D": "11:00"}),
        (LATER, {"A": "12:00", "B": "12:30", "C": "11:30", "D": "13:00"}),
    ],
    ids=["earlier", "later"],
)
def test_messages_to_one_number_keep_the_gap(make_kit, sandbox, rule, expected):
    """Messages to one number keep the gap, at the nearest time, and first the rule's way."""
    kit = make_kit([rule], min_gap=GAP)
    kit.sync([visit(item) for item in "ABCD"])
    assert times(sandbox) == expected
    assert at_rest(kit)


def test_a_gap_counts_for_one_number_and_ends_where_it_ends(make_kit, sandbox):
    """Messages exactly `min_gap` apart stay, and those to other numbers don't count."""
    kit = make_kit([DAY], min_gap=GAP)
    kit.sync([visit("A", 12), visit("B", 12, minute=30), visit("C", 12, minute=15, phone="+12025550177")])
    assert times(sandbox) == {"A": "12:00", "B": "12:30"}
    assert times(sandbox, "+12025550177") == {"C": "12:15"}


def test_a_plan_shows_times_that_do_not_depend_on_the_order(make_kit, sandbox, tmp_path):
    """A plan has the times that `sync` then parks, in whatever order appointments come in."""
    visits = [visit("A"), visit("B", minute=10), visit("C", minute=20)]
    seen = set()
    for turn in range(3):
        kit = make_kit([DAY], min_gap=GAP, ledger=f"sqlite:///{tmp_path / f'{turn}.db'}")
        plan = kit.plan(visits[turn:] + visits[:turn])
        seen.add(tuple(sorted((change.identity.id, change.send_at, change.text) for change in plan.changes)))
    assert len(seen) == 1
    report = kit.sync(visits)
    assert {(change.identity.id, change.send_at, change.text) for change in report.changes} == set(seen.pop())
    assert times(sandbox) == {"A": "12:00", "B": "12:30", "C": "13:00"}


def test_what_is_parked_stays_and_what_comes_later_makes_way(make_kit, sandbox):
    """A parked message keeps its time through edits, and a new one is placed around it."""
    kit = make_kit([DAY], min_gap=GAP)
    kit.sync(visit("B", minute=10))
    kit.sync(visit("A"))
    assert times(sandbox) == {"B": "12:10", "A": "11:40"}
    kit.sync(visit("B", minute=10, location="upstairs"))
    assert times(sandbox) == {"B": "12:10", "A": "11:40"}
    assert at_rest(kit)


def test_an_edited_text_keeps_its_time(make_kit, sandbox):
    """Switching the gap on moves nothing that is parked, nor does an edit."""
    make_kit([DAY]).sync([visit("A"), visit("B")])
    kit = make_kit([Rule("day-before", before="24 hours", text="{{ appointment.title }}: {{ when }}")], min_gap=GAP)
    kit.resync()
    assert times(sandbox) == {"A:": "12:00", "B:": "12:00"}


def test_a_gap_never_costs_a_reminder(make_kit, sandbox):
    """A gap that can't be kept is given up, and the reminder goes out at its due time."""
    kit = make_kit([DAY], min_gap=timedelta(hours=48))
    kit.sync([visit("A"), visit("B")])
    assert times(sandbox) == {"A": "12:00", "B": "12:00"}


def test_the_gap_keeps_out_of_quiet_hours_and_before_the_start(make_kit, sandbox):
    """A message makes way only to times outside quiet hours and before `min_notice`."""
    rule = Rule("hour", before="1 hour", text="{{ appointment.title }} {{ when }}", min_notice="50 minutes")
    kit = make_kit([rule], min_gap=GAP, quiet_hours=QuietHours("10:00", "10:45"))
    kit.sync([visit("A", 12), visit("B", 12), visit("C", 12)])
    assert times(sandbox) == {"A": "11:00", "B": "09:59", "C": "09:29"}


def test_a_late_reminder_makes_way_forwards(make_kit, sandbox):
    """A late reminder can't go out earlier, so it makes way to a later time."""
    kit = make_kit([DAY], min_gap=GAP)
    kit.sync([visit("A", 20, day=0), visit("B", 21, day=0)])
    assert times(sandbox) == {"A": "09:05", "B": "09:35"}


@pytest.mark.parametrize(("before", "parked"), [("2 hours", {"B"}), ("30 minutes", {"A", "B"})], ids=["near", "far"])
def test_nothing_is_sent_so_soon_after_something_else(make_kit, sandbox, before, parked):
    """A rule with `min_silence` sends nothing within that time after another message to the number."""
    rules = [
        Rule("day-before", before="24 hours", text="{{ appointment.title }} {{ when }}", only={"title": "B"}),
        Rule("ad", before="23 hours", text="{{ appointment.title }} offer", min_silence=before, only={"title": "A"}),
    ]
    kit = make_kit(rules)
    report = kit.sync([visit("A"), visit("B")])
    assert times(sandbox).keys() == parked
    reasons = {change.identity.id: change.reason for change in report.changes if change.rule == "ad"}
    assert reasons["A"] == ("condition" if "A" not in parked else "on_time")
    assert at_rest(kit)


def test_silence_counts_what_has_gone_out_and_says_so(make_kit, sandbox):
    """A message that has gone out counts for `min_silence`, and the explanation says so."""
    rules = [
        Rule("day-before", before="24 hours", text="See you {{ when }}", unless={"tags": "new"}),
        Rule("welcome", on="2026-02-12T18:00:00Z", text="Welcome", min_silence="2 hours", only={"tags": "new"}),
    ]
    kit = make_kit(rules)
    kit.sync(visit("A"))
    sandbox.clock.set(datetime(2026, 2, 12, 17, 30, tzinfo=START.tzinfo))
    kit.resync()
    kit.sync(visit("B", tags=["new"]))
    assert sandbox.parked() == []
    assert "something else goes to that number within 2 hours before" in str(kit.explain("B"))


def test_a_silent_rule_holds_no_other_appointment_up(make_kit, sandbox):
    """Told together, and silenced: each of them, not only the one that would have told the rest."""
    rules = [
        Rule("hour", before="25 hours", text="H {{ when }}", only={"title": "A"}),
        Rule("day", before="24 hours", text="D", together="DD", min_silence="2 hours"),
    ]
    kit = make_kit(rules)
    report = kit.sync([visit("A", 12), visit("B", 16)])
    assert sorted(item.text.split()[0] for item in sandbox.parked()) == ["D", "H"]
    assert {(change.identity.id, change.rule): change.reason for change in report.changes if change.rule == "day"} == {
        ("A", "day"): "condition",
        ("B", "day"): "on_time",
    }
    assert at_rest(kit)


def test_two_kits_at_once_keep_the_gap(make_kit, sandbox):
    """Two kits over one ledger that sync at the same time keep `min_gap` between their messages."""
    kits = [make_kit([DAY], min_gap=GAP) for _ in range(2)]
    kits[0].ledger.upgrade()
    visits = [visit(f"V{number}", minute=number) for number in range(10)]
    barrier = threading.Barrier(2)

    def work(kit, mine):
        barrier.wait()
        for item in mine:
            kit.sync(item)

    threads = [threading.Thread(target=work, args=(kit, visits[turn::2])) for turn, kit in enumerate(kits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kits[0].resync()
    sent = sorted(item.send_at for item in sandbox.parked())
    assert len(sent) == 10
    assert all(later - earlier >= GAP for earlier, later in pairwise(sent))


def test_a_provider_that_can_not_schedule_waits_for_the_gap(make_kit, tmp_path):
    """Where texts are sent at once, the second is held until `min_gap` after the first is over."""
    from reminder_kit.providers.vonage.provider import Vonage
    from reminder_kit.sandbox import Sandbox, SandboxTransport

    sandbox = Sandbox(clock=START, strict=True)
    provider = Vonage(api_key="KEY", api_secret="SECRET", from_="12025550100")
    kit = make_kit(
        [DAY],
        provider=provider,
        min_gap=timedelta(minutes=10),
        clock=sandbox.clock,
        transport=SandboxTransport(sandbox),
    )
    kit.sync([visit("A"), visit("B")])
    sent = []
    sandbox.clock.set(visit("A").start_at - timedelta(hours=24, minutes=1))
    for _ in range(30):
        sandbox.clock.advance(minutes=1)
        kit.resync()
        sent = [message.sent_at or message.send_at for message in sandbox.messages()]
    assert len(sent) == 2
    assert max(sent) - min(sent) >= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('min_gap = "1 month"', "min_gap"),
        ("min_gap = -5", "min_gap"),
        ('min_gap = "often"', "min_gap"),
    ],
)
def test_a_gap_that_is_none_is_refused_by_name(tmp_path, line, message):
    """A `min_gap` that is no length of time is refused when the file is loaded."""
    path = tmp_path / "reminders.toml"
    path.write_text(f'{line}\n[[rules]]\nid = "a"\nbefore = "1 day"\ntext = "x"\n')
    with pytest.raises(ConfigurationError, match=message):
        load(path)


def test_gap_and_silence_from_a_file(tmp_path):
    """A file sets `min_gap` for the kit and `min_silence` for a rule."""
    path = tmp_path / "reminders.toml"
    path.write_text(
        'min_gap = "30 minutes"\n[[rules]]\nid = "a"\nbefore = "1 day"\ntext = "x"\nmin_silence = "2 hours"\n'
    )
    config = load(path)
    assert config.options["min_gap"] == GAP
    assert config.rules[0].min_silence == timedelta(hours=2)


def test_a_plan_keeps_messages_apart_that_are_moved_in_it(make_kit, sandbox):
    """Two visits of one number that move to one time at once: the plan says so before anything is done."""
    kit = make_kit([DAY], min_gap=GAP)
    kit.sync([visit("A", 9), visit("B", 15)])
    plan = kit.plan([visit("A", 12), visit("B", 12)])
    first, second = sorted(change.send_at for change in plan.changes)
    assert [change.kind.value for change in plan.changes] == ["replace", "replace"]
    assert second - first == GAP
    kit.apply(plan)
    assert sorted(times(sandbox).values()) == ["11:30", "12:00"]
    assert at_rest(kit)


def test_two_that_are_moved_at_once_are_kept_apart(make_kit, sandbox):
    """Each is a replacement, and each keeps its distance from where the other goes."""
    kit = make_kit([DAY], min_gap="20 minutes")
    kit.sync([visit("A", 9), visit("B", 13)])
    plan = kit.plan([visit("A", 15), visit("B", 15, minute=5)])
    kit.apply(plan)
    for moved in (plan.changes, sandbox.parked()):
        first, second = sorted(one.send_at for one in moved)
        assert second - first >= timedelta(minutes=20)
    assert at_rest(kit)
