"""What is read of a hundred calendars, line by line: whoever changes that sees in this folder's `told` where, and how.

After a change that means to read something otherwise they are written anew, and read before they are committed:

    REMINDER_KIT_TELL=1 python -m pytest -k in_full tests/simulation tests/stories tests/calendars
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calendars.drawn import drawn
from tests.simulation.lines import compared

TOLD = Path(__file__).parent / "told"
# never another country: numbers that are fiction in the United States may be somebody's there
SETTINGS = [
    {},
    {"timezone": "Europe/Berlin", "own_numbers": ("+12025550199",)},
    {"timezone": None, "region": None, "alarms": "rules"},
    {"phones": ("text", "attendee"), "allow": ("+12025550199",), "alarms": "only"},
]


def lines(found):
    """Yield what a reading says: its occurrences, its problems, and what absence means."""
    for item in found.found:
        one = item.appointment
        instants = [str(item.start), str(item.end), one.timezone or "-", one.status.value, one.recurrence_id or "-"]
        yield " ".join([one.id, *instants, f"revision {one.revision}", repr(one.title), repr(one.location)])
        for person in one.recipients:
            words = [person.phone, person.name, person.email, person.id or "-", person.timezone or "-"]
            yield "  " + " | ".join([*words, "in" if person.opted_in else "out"])
        if one.tags or one.data:
            yield f"  {sorted(one.tags)} {sorted(one.data.items())}"
        if item.alarms:
            yield f"  alarms {[str(alarm) for alarm in item.alarms]} due {[str(alarm) for alarm in item.due_alarms]}"
    for problem in found.reading.problems:
        yield f"{problem.severity} {problem.uid} line {problem.line} and {problem.more} more: {problem.message}"
    reading = found.reading
    yield f"unsound {reading.unsound_because!r} beyond {reading.beyond} going on {reading.going_on}"
    yield f"covers {sorted(reading.covers)} unreadable {sorted(reading.unreadable)}"
    yield f"cancelled {sorted(reading.cancelled)}"
    yield f"masters {sorted(reading.masters.items())} rest off {sorted(reading.rest_off.items())}"
    yield f"taken out {[(uid, sorted(ids)) for uid, ids in sorted(reading.taken_out.items())]}"
    yield f"for nobody {sorted(map(str, reading.for_nobody))} guesses {reading.has_guesses}"


@pytest.mark.parametrize("seed", [*range(98), 157, 393])
def test_what_is_read_is_what_was_read(read, seed):
    """Every occurrence with its people, every problem with its place, and what may be taken for gone."""
    found = [*lines(read(drawn(seed), **SETTINGS[seed % len(SETTINGS)])), ""]
    assert found == compared(TOLD / f"{seed:02}.txt", found)
