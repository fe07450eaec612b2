"""Why a reminder goes where it goes, word by word: the window, quiet hours, lateness and what is left of all."""

from __future__ import annotations

import pytest

from reminder_kit.rules.placement import place
from tests.rules.minute_walk import (
    DAY,
    HOUR,
    MINUTE,
    NARROW,
    NIGHT,
    QUIET,
    RULES,
    START,
    WIDE,
    WINDOWS,
    reminder_of,
    told,
)

UNTIL = ", and sent until 2026-02-12T14:59:59Z"
NIGHTLY = "quiet hours (21:00–08:00)"


@pytest.mark.parametrize(
    ("rule", "window", "quiet", "now", "reason", "steps"),
    [
        ("a day before", "wide", "never", HOUR, "past", ["the appointment was over at 2026-02-12T16:00:00Z"]),
        (
            "a day before",
            "wide",
            "never",
            -30 * HOUR,
            "on_time",
            [f"may be asked for from 2026-02-11T09:06:00Z to 2026-02-13T08:59:00Z{UNTIL}"],
        ),
        (
            "after",
            "wide",
            "never",
            -HOUR,
            "on_time",
            ["may be asked for from 2026-02-12T14:06:00Z to 2026-02-14T13:59:00Z"],
        ),
        (
            "a day before",
            "wide",
            "never",
            -3 * HOUR,
            "clamped_late",
            [
                "due 2026-02-11T15:00:00Z, nearer than the window allows at 2026-02-12T12:00:00Z: late",
                f"may be asked for from 2026-02-12T12:06:00Z to 2026-02-14T11:59:00Z{UNTIL}",
            ],
        ),
        (
            "a day before",
            "wide",
            "noon",
            -4 * HOUR,
            "quiet_hours",
            [
                "due 2026-02-11T15:00:00Z, nearer than the window allows at 2026-02-12T11:00:00Z: late",
                f"may be asked for from 2026-02-12T11:06:00Z to 2026-02-14T10:59:00Z{UNTIL}",
                "nothing feasible is left",
            ],
        ),
        (
            "a day before",
            "narrow",
            "night",
            -18 * HOUR,
            "beyond_window",
            [
                "due 2026-02-11T15:00:00Z, nearer than the window allows at 2026-02-11T21:00:00Z: late",
                f"may be asked for from 2026-02-11T21:06:00Z to 2026-02-12T00:59:00Z{UNTIL}",
                f"{NIGHTLY} are over at 2026-02-12T08:00:00Z",
                "2026-02-12T08:00:00Z enters the window at 2026-02-12T04:01:00Z",
            ],
        ),
        (
            "an hour before, with notice",
            "wide",
            "never",
            -HOUR,
            "too_late",
            [
                "due 2026-02-12T14:00:00Z, nearer than the window allows at 2026-02-12T14:00:00Z: late",
                "if_late is skip",
            ],
        ),
        (
            "before the end",
            "wide",
            "never",
            MINUTE * 2,
            "too_late",
            [
                "due 2026-02-12T14:00:00Z, nearer than the window allows at 2026-02-12T15:02:00Z: late",
                "if_late is skip after 1 hour",
            ],
        ),
        (
            "after, in time",
            "wide",
            "never",
            3 * HOUR,
            "past",
            [
                "due 2026-02-12T16:00:00Z, nearer than the window allows at 2026-02-12T18:00:00Z: late",
                "if_late is skip after 30 minutes",
            ],
        ),
        (
            "after",
            "wide",
            "never",
            28 * HOUR + MINUTE,
            "past",
            [
                "due 2026-02-12T19:00:00Z, nearer than the window allows at 2026-02-13T19:01:00Z: late",
                "a follow-up more than 24 hours late, its anchor is over",
            ],
        ),
        (
            "the evening before",
            "wide",
            "night",
            -30 * HOUR,
            "shifted_quiet_hours",
            [
                f"{NIGHTLY} cover the due time: earlier, to 2026-02-11T20:59:00Z",
                f"may be asked for from 2026-02-11T09:06:00Z to 2026-02-13T08:59:00Z{UNTIL}",
            ],
        ),
        (
            "the evening before, later",
            "wide",
            "night",
            -30 * HOUR,
            "shifted_quiet_hours",
            [
                f"{NIGHTLY} cover the due time: later, to 2026-02-12T08:00:00Z",
                f"may be asked for from 2026-02-11T09:06:00Z to 2026-02-13T08:59:00Z{UNTIL}",
            ],
        ),
        (
            "a day before",
            "wide",
            "never",
            -4 * DAY,
            "beyond_window",
            [
                f"may be asked for from 2026-02-08T15:06:00Z to 2026-02-10T14:59:00Z{UNTIL}",
                "2026-02-11T15:00:00Z enters the window at 2026-02-09T15:01:00Z",
            ],
        ),
        (
            "the evening before, later",
            "narrow",
            "night",
            -30 * HOUR,
            "beyond_window",
            [
                f"{NIGHTLY} cover the due time: later, to 2026-02-12T08:00:00Z",
                f"may be asked for from 2026-02-11T09:06:00Z to 2026-02-11T12:59:00Z{UNTIL}",
                "2026-02-12T08:00:00Z enters the window at 2026-02-12T04:01:00Z",
            ],
        ),
        (
            "the evening before",
            "narrow",
            "never",
            -2 * DAY,
            "too_far",
            [f"may be asked for from 2026-02-10T15:06:00Z to 2026-02-10T18:59:00Z{UNTIL}"],
        ),
        (
            "the evening before",
            "narrow",
            "night",
            -2 * DAY,
            "too_far",
            [
                f"{NIGHTLY} cover the due time: earlier, to 2026-02-11T20:59:00Z",
                f"may be asked for from 2026-02-10T15:06:00Z to 2026-02-10T18:59:00Z{UNTIL}",
            ],
        ),
        (
            "three hours before",
            "narrow",
            "never",
            -2 * DAY,
            "clamped_far",
            [f"may be asked for from 2026-02-10T15:06:00Z to 2026-02-10T18:59:00Z{UNTIL}"],
        ),
        (
            "three hours before",
            "narrow",
            "night",
            -2 * DAY,
            "clamped_far",
            [f"may be asked for from 2026-02-10T15:06:00Z to 2026-02-10T18:59:00Z{UNTIL}"],
        ),
        (
            "a day before",
            "wide",
            "always",
            -30 * HOUR,
            "quiet_hours",
            [f"may be asked for from 2026-02-11T09:06:00Z to 2026-02-13T08:59:00Z{UNTIL}", "nothing feasible is left"],
        ),
        (
            "a day before",
            "wide",
            "never",
            -2 * MINUTE,
            "too_late",
            [
                "due 2026-02-11T15:00:00Z, nearer than the window allows at 2026-02-12T14:58:00Z: late",
                f"may be asked for from 2026-02-12T15:04:00Z to 2026-02-14T14:57:00Z{UNTIL}",
                "nothing feasible is left",
            ],
        ),
        (
            "three hours before",
            "narrow",
            "night",
            -15 * HOUR,
            "quiet_hours",
            [f"may be asked for from 2026-02-12T00:06:00Z to 2026-02-12T03:59:00Z{UNTIL}", "nothing feasible is left"],
        ),
    ],
    ids=[
        "over",
        "on time",
        "on time, follow-up",
        "late",
        "late, quiet",
        "late, beyond the window",
        "too late",
        "too late by an hour",
        "past",
        "past, impatient",
        "shifted earlier",
        "shifted later",
        "held",
        "held, shifted",
        "too far",
        "too far, shifted",
        "clamped",
        "clamped, quiet",
        "all is quiet",
        "too near",
        "clamped into quiet",
    ],
)
def test_the_way_to_a_placement_is_told_whole(rule, window, quiet, now, reason, steps):
    """From the due time by each bound to what is left."""
    found = place(reminder_of(RULES[rule]), now=START + now, window=WINDOWS[window], quiet=QUIET[quiet])
    assert (found.reason, list(found.trail)) == (reason, steps)


def test_a_follow_up_that_would_come_in_the_morning_after_next_is_past():
    """Held over the night it would be more than a day late; a rule that says how late it may be holds it."""
    rule = {"after": "4 hours 56 minutes"}
    due = reminder_of(rule).due_at
    found = place(reminder_of(rule), now=due + DAY, window=NARROW, quiet=NIGHT)
    assert told(found) == ("skip", "past", None, None)
    assert found.trail == (
        "due 2026-02-12T20:56:00Z, nearer than the window allows at 2026-02-13T20:56:00Z: late",
        "may be asked for from 2026-02-13T21:02:00Z to 2026-02-14T00:55:00Z",
        "quiet hours (21:00–08:00) are over at 2026-02-14T08:00:00Z",
        "then a follow-up is more than 24 hours late",
    )
    patient = {**rule, "if_late": "clamp"}
    assert place(reminder_of(patient), now=due + DAY, window=NARROW, quiet=NIGHT).reason == "beyond_window"
    assert place(reminder_of(rule), now=due + DAY, window=NARROW, quiet=NIGHT, replaces=True).reason == "beyond_window"


def test_what_was_due_before_its_booking_says_so():
    """And that its rule says nothing of lateness."""
    one = reminder_of(RULES["a day before"], booked_at=START - 4 * HOUR)
    found = place(one, now=START - 3 * HOUR, window=WIDE, quiet=None)
    said = "due before it was booked, at 2026-02-12T11:00:00Z, and the rule is silent on if_late"
    assert (found.reason, found.trail) == ("too_late", (said,))
    assert place(one, now=START - 30 * HOUR, window=WIDE, quiet=None).trail == found.trail


def test_what_is_refused_needs_no_words_of_its_own():
    """Its reason is that of the reminder; without a due time it is past."""
    one = reminder_of(RULES["a day before"], status="cancelled")
    found = place(one, now=START - 30 * HOUR, window=WIDE, quiet=None)
    assert (told(found), found.trail) == (("skip", "cancelled", None, None), ())
    never = reminder_of({"after_change": "1 hour"})
    assert told(place(never, now=START - 30 * HOUR, window=WIDE, quiet=None)) == ("skip", "past", None, None)
