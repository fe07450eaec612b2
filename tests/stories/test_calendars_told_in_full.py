"""What becomes of calendars that change, line by line: whoever changes that sees in the files of `told` where, and how.

Each is read again and again, by import or by the batch job, in states newer and older. After a change that means to do
something else the lines are written anew, and read before they are committed:

    REMINDER_KIT_TELL=1 python -m pytest -m 'slow or not slow' -k in_full tests/simulation tests/stories tests/calendars
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from reminder_kit import Rule
from reminder_kit.errors import ReminderKitError
from tests.calendars.drawn import Drawer
from tests.calendars.written import vcalendar
from tests.simulation.lines import Told, asked, compared, held

TOLD = Path(__file__).parent / "told"
WHEN = [f"202602{day}T{time}" for day in (11, 12, 13, 16, 20, 26) for time in ("090000", "143000")]
RULES = [
    Rule("day", before="24 hours", text="{{ appointment.title }} {{ when }}"),
    Rule("hour", before="1 hour", text="Soon"),
]
SETTINGS = [{}, {"cancellation": "{{ when }} is off"}, {"correction": "now {{ when }}"}, {"max_per_day": 2}]


class Desk:
    """A calendar that somebody keeps, and how it is taken in."""

    def __init__(self, seed, kit, sandbox, path):
        self.drawer, self.kit, self.sandbox, self.path = Drawer(seed, WHEN), kit, sandbox, path
        self.random = self.drawer.random
        self.events = {f"visit-{number}": self.drawer.events(f"visit-{number}") for number in range(4)}
        self.before = [self.calendar()]

    def calendar(self):
        return vcalendar(*(event for events in self.events.values() for event in events))

    def changed(self):
        """Change something, and return the calendar; now and then one that was exported before."""
        name = self.random.choice([*self.events, f"visit-{len(self.before) + 3}"])
        if self.random.random() < 0.2 and len(self.events) > 1:
            self.events.pop(name, None)
        else:
            self.events[name] = self.drawer.events(name)
        self.before.append(self.calendar())
        return self.random.choice(self.before[-3:]) if self.random.random() < 0.2 else self.before[-1]

    def step(self):
        """Let some time pass, and the calendar come in, by one way or another."""
        self.sandbox.clock.advance(minutes=self.random.choice([1, 30, 200, 900, 2000]))
        text, way = self.changed(), self.random.choice(["import", "import", "complete", "poll", "poll"])
        with suppress(ReminderKitError):  # the lines say so
            if way == "poll":
                self.path.write_text(text, encoding="utf-8")
                self.kit.resync()
            else:
                stream = BytesIO(text.encode())
                self.kit.import_calendar(stream, "desk", complete=way == "complete", force=self.random.random() < 0.7)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.slow] if n % 2 else []) for n in range(16)])
def test_what_becomes_of_a_calendar_is_what_became_of_it(make_kit, sandbox, tmp_path, monkeypatch, seed):
    """Every line of what its states come to."""
    told, path = Told(monkeypatch), tmp_path / "desk.ics"
    path.write_text(vcalendar(), encoding="utf-8")
    sources = [{"path": str(path), "name": "desk", "complete": seed % 2 == 0}]
    kit = make_kit(RULES, sources=sources, concurrency=1, **SETTINGS[seed % len(SETTINGS)])
    desk = Desk(seed, kit, sandbox, path)
    for _ in range(12):
        desk.step()
    lines = [line.replace(str(tmp_path), "") for line in told.lines]
    found = [*lines, "", *asked(sandbox), "", *held(kit.ledger), ""]
    assert found == compared(TOLD / f"calendar-{seed:02}.txt", found)
