"""What a plan says is what a run does, line by line, whoever shares a number; and then nothing is to be done."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from reminder_kit import QuietHours, Rule
from tests.factories import visit

EACH = "{{ day }}: {% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.title }}; {% endfor %}"
NAMED = Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}")
RULES = (
    (NAMED,),
    (NAMED, Rule("hours", before="2 hours", text="Soon")),
    (Rule("evening", days_before=1, at="18:00", text="You have an appointment."),),
    (Rule("evening", days_before=1, at="18:00", text="{{ when }}", together=EACH),),
    (
        Rule("days", before="4 days", text="Note {{ when }}"),
        Rule("day", before="24 hours", text="{{ when }}"),
        Rule("thanks", after="1 hour", text="Thanks"),
    ),
)


class Desk:
    """A desk at which visits of two numbers are booked, moved, cancelled and dropped, as a seed has it."""

    def __init__(self, clinic, seed):
        self.chance = Random(seed)
        options = {
            "max_per_day": self.chance.choice([None, None, 1, 2]),
            "quiet_hours": self.chance.choice([None, None, QuietHours("20:00", "09:30")]),
            "concurrency": self.chance.choice([1, 4]),
        }
        self.clinic = clinic(rules=self.chance.choice(RULES), options=options)

    def visit(self, name):
        one = self.chance.choice
        return visit(
            name,
            one([9, 9, 12]),
            day=one([1, 2, 3, 3, 4]),
            title=one(["Check-up", "Check-up", "X-ray"]),
            phone=one(["+12025550123", "+12025550123", "+12025550124"]),
            status=one([*["confirmed"] * 5, "cancelled"]),
        )

    def step(self):
        """Let time pass, or take in what was changed; returns the plan and the report."""
        kit, what = self.clinic.kit, self.chance.choice(["one", "one", "several", "all", "time", "time"])
        if what == "time":
            self.clinic.sandbox.clock.advance(timedelta(minutes=self.chance.choice([10, 300, 1200])))
            return kit.plan_resync(), kit.resync(force=True)
        names = self.chance.sample("ABCDE", 1 if what == "one" else self.chance.choice([2, 3, 4]))
        plan = kit.plan([self.visit(name) for name in names], complete=what == "all")
        return plan, kit.apply(plan, force=True)


def lines(changes):
    return sorted((one.kind.value, one.identity, one.key, one.send_at, one.text) for one in changes if one.is_work)


@pytest.mark.parametrize("seed", [*range(25), *(pytest.param(n, marks=pytest.mark.slow) for n in range(25, 100))])
def test_a_run_does_what_its_plan_says(clinic, seed):
    """In eight steps of a desk. (Room that a day has again for a visit of another day is used by the next run.)"""
    desk = Desk(clinic, seed)
    for _ in range(8):
        plan, report = desk.step()
        assert lines(plan.changes) == lines(report.changes)
        assert desk.clinic.kit.plan_resync().work == ()
