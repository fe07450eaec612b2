"""B58: the zone of the process decides nothing. The tests of rules, placement and words are run again under others.

Some of it, in one zone, is a part of every run; all of it, in all six, runs with `-m zones`. Each time properties
are tried on a share of their examples.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.planning.weeks import RULES

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[1]
CORE = (
    "tests/rules/test_offsets.py",
    "tests/rules/test_rule.py",
    "tests/rules/test_placement.py",
    "tests/planning/test_clock_weeks.py",
    "tests/text/test_time_phrases.py",
)
ALL = (
    *CORE,
    "tests/rules/test_conditions.py",
    "tests/rules/test_quiet_hours.py",
    "tests/text/test_composer.py",
    "tests/model/test_appointments.py",
    "tests/calendars/test_zones.py",
    "tests/calendars/test_alarms.py",
    "tests/calendars/test_recurrence.py",
)
OFFSETS = {  # in hours, on 1 February 2026: what a process in that zone must believe
    "UTC": 0,
    "America/New_York": -5,
    "Africa/Casablanca": 1,
    "Asia/Kathmandu": 5.75,
    "Australia/Lord_Howe": 11,
    "Pacific/Apia": 13,
}


def run_in(zone, *arguments, **environment):
    """Run Python in a process of that zone; the zone's data are those of the tzdata package, wherever this runs."""
    tzdata = find_spec("tzdata").submodule_search_locations[0]
    own = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    own |= {"TZ": zone, "TZDIR": str(Path(tzdata) / "zoneinfo"), "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, *arguments], env=own, cwd=ROOT, capture_output=True, text=True, check=False)


def offset_in(zone):
    done = run_in(zone, "-c", "import time; print(time.localtime(1769904000).tm_gmtoff / 3600)")
    return float(done.stdout)


def pass_in(zone, files, least):
    assert offset_in(zone) == OFFSETS[zone]
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    done = run_in(zone, "-m", "pytest", *options, *files, REMINDER_KIT_EXAMPLES="0.1")
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= least


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Australia/Lord_Howe"])
def test_b58_the_core_passes_in_a_process_of(zone):
    """The tests of offsets, rules, placement and time phrases pass in a process of that zone."""
    pass_in(zone, CORE, 450)


@pytest.mark.zones
@pytest.mark.parametrize("zone", OFFSETS)
def test_b58_all_that_knows_of_time_passes_in_a_process_of(zone):
    """So do all others that know of time."""
    pass_in(zone, ALL, 850)


PROBE = """
from datetime import datetime, timedelta, UTC
from zoneinfo import ZoneInfo
from reminder_kit.model.appointments import Appointment, Recipient
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.window import Window
from reminder_kit.rules.placement import place
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.rule import Rule
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.text.composer import Composer
from tests.planning.weeks import RULES, WEEKS
window = Window(timedelta(minutes=5), timedelta(days=5), timedelta(minutes=1))
text = "{{ when }} {{ appointment.starts_at }} {{ appointment.starts_at | date }}"
rules = [Rule(f"r{number}", text=text, **changes) for number, changes in enumerate(RULES)]
defaults = Defaults("America/New_York", holidays="US")
composer, quiet = Composer(defaults), QuietHours("21:00", "08:00")
for zone, days in WEEKS.items():
    for number, day in enumerate(days):
        for hour in range(-30, 60, 13):
            start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(hours=hour)
            who = Recipient("+12025550123", timezone=zone if number else None, locale=["en", "es", "pl"][hour % 3])
            visit = Appointment("A-1", start, timezone=zone, recipients=[who])
            for one in reminders_of(visit, rules, defaults):
                found = place(one, now=start - timedelta(days=3, hours=hour), window=window, quiet=quiet)
                said = composer.compose(one, one.due_at).text
                print(one.due_at, found.send_at, found.reason, said, *one.trail, *found.trail)
"""


@pytest.mark.slow
def test_b58_instants_words_and_steps_are_the_same_in_every_zone():
    """Weeks of clock changes, planned in processes of three zones, come out line by line the same."""
    first = run_in("UTC", "-c", PROBE)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.count("\n") == 20 * 7 * len(RULES)
    for zone in ("Pacific/Apia", "America/New_York"):
        assert run_in(zone, "-c", PROBE).stdout == first.stdout
