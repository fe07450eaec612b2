"""What a verb read is gone once it is done: nothing waits for the garbage collector, which a host may have put off.

A batch job over a large ledger would keep each batch in memory until then, and pay for the search besides.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections import Counter

import pytest

from reminder_kit import AsyncReminderKit, ReminderKit, Rule
from tests.factories import DAY, EVENING, HOUR

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//clinic//EN
BEGIN:VEVENT
UID:visit-1
DTSTAMP:20260201T000000Z
DTSTART;TZID=America/New_York:20260212T150000
DURATION:PT30M
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:Check-up
DESCRIPTION:Phone: +1 202 555 0199
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def left():
    """Return a function: what of ours only the collector would find after something was done, counted by type."""

    def of(done):
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            done()
            gc.collect()
            names = [f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
        return Counter(name for name in names if name.startswith("reminder_kit."))

    gc.collect()
    gc.freeze()  # what there was before need not be searched each time
    gc.disable()
    yield of
    gc.enable()
    gc.unfreeze()


async def awaited(found):
    await found


def done(verb):
    """Carry out a verb of either face."""
    found = verb()
    if inspect.isawaitable(found):
        asyncio.run(awaited(found))


def test_what_only_the_collector_would_find_is_seen(left):
    """The measure itself: a rule in a list that holds itself."""

    def circle():
        rules = [Rule("day", before="24 hours", text="See you {{ when }}.")]
        rules.append(rules)

    assert left(circle)["reminder_kit.rules.rule.Rule"] == 1


@pytest.mark.parametrize("kind", [ReminderKit, AsyncReminderKit], ids=["blocking", "async"])
@pytest.mark.parametrize("rules", [[DAY, HOUR], [EVENING]], ids=["apart", "together"])
def test_no_verb_leaves_anything_to_the_collector(make_kit, appointment, tmp_path, left, kind, rules):
    """New, changed, withdrawn, read from a calendar, looked at: each is done twice, since the first time loads."""
    kit = make_kit(rules, kind=kind, max_per_day=2)
    calendar = tmp_path / "calendar.ics"
    calendar.write_text(CALENDAR)

    def visits(title):
        return [appointment(f"A-{index}", hours=index % 5, title=title) for index in range(9)]

    verbs = {
        "sync": lambda: kit.sync(visits("Check-up")),
        "plan": lambda: kit.plan(visits("Cleaning")),
        "change": lambda: kit.sync(visits("Cleaning")),
        "record": lambda: kit.record(appointment("B-1", phone="+12025550124")),
        "resync": kit.resync,
        "handed in": lambda: kit.resync(visits("Cleaning")),
        "import": lambda: kit.import_calendar(calendar),
        "withdraw": lambda: kit.withdraw("A-1"),
        "suppress": lambda: kit.suppress("+12025550124"),
        "explain": lambda: kit.explain("A-2"),
        "attention": kit.attention,
        "retry": kit.retry,
    }

    for verb in verbs.values():
        done(verb)
    assert {name: found for name, verb in verbs.items() if (found := left(lambda verb=verb: done(verb)))} == {}
    done(kit.close)


FAULTS = ["drop_before", "drop_after", "500", "503", "429", "error", "garbage", "unauthorized"]


@pytest.mark.parametrize(
    ("kind", "fault"), [*((ReminderKit, fault) for fault in FAULTS), (AsyncReminderKit, "garbage")]
)
def test_no_failure_leaves_anything_to_the_collector(make_kit, appointment, sandbox, left, kind, fault):
    """An error that is told knows where it was raised, and what was at hand there."""
    kit = make_kit([DAY], kind=kind)
    rounds = iter([range(3), range(3, 6)])

    def failing():
        sandbox.fault(fault, times=2, method="POST")
        done(lambda: kit.sync([appointment(f"A-{index}") for index in next(rounds)]))
        done(kit.resync)

    failing()
    assert left(failing) == {}
    done(kit.close)
