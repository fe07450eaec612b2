"""What an explanation prints, and gives to programs: each part where there is one, and none where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.lifecycle import State
from reminder_kit.model.names import Called
from reminder_kit.model.reasons import Reason
from reminder_kit.model.records import HistoryEntry, Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.decide import decide
from reminder_kit.planning.explanation import Explanation, ReminderExplanation, explain_decision
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.reminders import reminders_of
from reminder_kit.rules.window import Window
from tests.factories import DAY, DEFAULTS, NUMBER, START, WINDOW, message_of, observed_of, settings_of, visit

SETTINGS = settings_of(DAY)
SERIES = Identity("desk", "A-1", "2026-02-12T14:00:00Z")
LINE = Change(ChangeKind.SCHEDULE, SERIES, "key", "day-before", "ada", NUMBER, START, START, Reason.ON_TIME, "See you")
MESSAGE = message_of(visit("A-1"), SETTINGS)
HEAD = "A-1 [desk] occurrence 2026-02-12T14:00:00Z · rule day-before · to +12…23"


def lines_of(change=LINE, steps=("due tomorrow",), called=None, **parts):
    told = ReminderExplanation(change, steps, **parts)
    return Explanation("A-1", (told,), called={SERIES: called} if called else {}).lines


def test_a_reminder_has_a_head_its_steps_and_what_becomes_of_it():
    """Who, by which rule, how it came about, when and why, and the words that go out."""
    assert lines_of() == [HEAD, "  due tomorrow", "  → schedule at 2026-02-10T14:00:00Z: on_time", "  “See you”"]
    assert lines_of(rule_version="ab12")[0] == HEAD.replace("day-before", "day-before (version ab12)")


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"kind": ChangeKind.KEEP}, ["  → keep at 2026-02-10T14:00:00Z: on_time"]),
        ({"kind": ChangeKind.SKIP, "send_at": None, "text": None, "reason": Reason.PAST}, ["  → skip: past"]),
        ({"text": None}, ["  → schedule at 2026-02-10T14:00:00Z: on_time"]),
        (
            {"kind": ChangeKind.REPLACE, "causes": ("time", "text")},
            ["  → replace at 2026-02-10T14:00:00Z: on_time (time, text)", "  “See you”"],
        ),
        (
            {"outcome": "failed", "error": "no answer"},
            ["  → schedule at 2026-02-10T14:00:00Z: on_time", "  error: no answer", "  “See you”"],
        ),
    ],
    ids=["kept", "skipped", "no words", "replaced", "failed"],
)
def test_what_becomes_of_it_is_told_with_its_causes_errors_and_words(changes, lines):
    """The words only where something is written to the provider: what is kept shows them with its message."""
    assert lines_of(evolve(LINE, **changes))[2:] == lines


def test_a_reminder_of_nobody_and_of_no_rule_is_told_so():
    """Where an appointment has nobody to be reminded, or only a message is known."""
    assert lines_of(evolve(LINE, rule="", to=None))[0] == HEAD.split(" · ", maxsplit=1)[0] + " · rule - · to nobody"
    alone = evolve(LINE, identity=Identity("desk", "A-1", ""))
    assert lines_of(alone)[0].startswith("A-1 [desk] · rule")


def test_who_and_what_is_called_by_name():
    """The visit's title after its id, and the person's name before the number."""
    called = Called("Check-up", {"ada": "Ada"})
    assert lines_of(called=called)[0] == (
        "A-1 [desk] occurrence 2026-02-12T14:00:00Z · Check-up · rule day-before · to Ada +12…23"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "  message P: scheduled, for 2026-02-11T14:00:00Z"),
        ({"provider_id": None}, "  message (no id yet): scheduled, for 2026-02-11T14:00:00Z"),
        ({"state": State.SENT, "presumed": True}, "  message P: sent (presumed), for 2026-02-11T14:00:00Z"),
    ],
    ids=["parked", "in doubt", "presumed"],
)
def test_a_message_is_told_with_its_state_time_and_words(changes, line):
    """One line, and its words below; what has no words has no such line."""
    message = evolve(MESSAGE, **changes)
    assert lines_of(messages=(message,))[4:] == [line, f"    “{MESSAGE.draft.text}”"]
    silent = evolve(message, draft=evolve(message.draft, text=""))
    assert lines_of(messages=(silent,))[4:] == [line]


def test_the_history_of_a_reminder_and_of_its_appointment_is_told():
    """When, who, what, why, and by which version of the rule."""
    entry = HistoryEntry(
        START, "sync", "schedule", SERIES, "key", "day-before", "", "on_time", {"rule_version": "ab12"}
    )
    bare = HistoryEntry(START, "sync", "seen", SERIES)
    assert lines_of(history=(entry, bare))[4:] == [
        "  2026-02-10T14:00:00Z sync: schedule: on_time (rule version ab12)",
        "  2026-02-10T14:00:00Z sync: seen",
    ]
    whole = Explanation("A-1", (), (bare,))
    assert str(whole) == "history of the appointment:\n2026-02-10T14:00:00Z sync: seen"
    assert str(Explanation("A-1", ())) == "nothing is recorded for appointment 'A-1'"


def test_programs_get_every_part():
    """All keys, with null where there is nothing to say, and instants written alike wherever they come from."""
    detail = {"send_at": "2026-02-11T09:00:00-05:00", "note": "2026", "left_at": 7}
    entry = HistoryEntry(START, "sync", "schedule", SERIES, "key", "day-before", "", "on_time", detail)
    bare = HistoryEntry(START, "sync", "seen", Identity("desk", "A-1", ""))
    told = ReminderExplanation(
        LINE, ("due",), (evolve(MESSAGE, error="late"), evolve(MESSAGE, presumed=True)), (entry,), "ab12"
    )
    found = Explanation("A-1", (told,), (bare,), {SERIES: Called("Check-up", {"ada": "Ada"})}).as_json()
    message = {
        "state": "scheduled",
        "text": MESSAGE.draft.text,
        "send_at": "2026-02-11T14:00:00Z",
        "message_id": "P",
        "presumed": False,
        "error": "late",
    }
    history = {
        "at": "2026-02-10T14:00:00Z",
        "actor": "sync",
        "event": "schedule",
        "rule": "day-before",
        "recurrence_id": "2026-02-12T14:00:00Z",
        "reason": "on_time",
        "detail": {"send_at": "2026-02-11T14:00:00Z", "note": "2026", "left_at": 7},
    }
    seen = history | {"event": "seen", "rule": None, "recurrence_id": None, "reason": None, "detail": {}}
    assert found == {
        "appointment": "A-1",
        "reminders": [
            {
                **LINE.as_json(),
                "rule_version": "ab12",
                "steps": ["due"],
                "messages": [message, message | {"presumed": True, "error": None}],
                "history": [history],
                "title": "Check-up",
                "name": "Ada",
            }
        ],
        "history": [seen],
    }
    unnamed = Explanation("A-1", (evolve(told, rule_version=""),)).as_json()["reminders"][0]
    assert (unnamed["rule_version"], unnamed["title"], unnamed["name"]) == (None, None, None)


NIGHT = QuietHours("21:00", "08:00")
LATE = [
    "quiet hours (21:00–08:00) cover the due time, Tue 2026-02-10 22:30 in America/New_York",
    "parked at 2026-02-10T14:00:00Z, within the window of then: 2026-02-10T14:05:30Z to 2026-02-15T13:59:30Z",
    "parked for 2026-02-11T13:00:00Z, Wed 2026-02-11 08:00 in America/New_York: quiet_hours",
]


@pytest.mark.parametrize(
    ("hour", "quiet", "window", "told"),
    [
        (22, NIGHT, WINDOW, LATE),
        (22, None, WINDOW, LATE[1:]),
        (22, NIGHT, None, [LATE[0], LATE[2]]),
        (20, NIGHT, WINDOW, LATE[1:]),
        (22, NIGHT, Window(timedelta(), timedelta(), timedelta()), [LATE[0], LATE[2]]),
    ],
    ids=["all", "no quiet hours", "no window", "not in quiet hours", "a provider that sends at once"],
)
def test_a_parked_message_is_explained_by_when_it_was_parked(hour, quiet, window, told):
    """The arithmetic of then: quiet hours that moved it, the window, and the instant; decided anew it has steps."""
    booked = visit("A-1", hour, minute=30, day=1)
    (reminder,) = reminders_of(booked, (DAY,), DEFAULTS)
    morning = message_of(booked, SETTINGS)
    morning = evolve(morning, draft=evolve(morning.draft, send_at=START + timedelta(hours=23)))
    (decision,) = decide(observed_of(booked, morning), SETTINGS, START)
    kept = {"message": morning, "placement": None, "recorded_reason": Reason.QUIET_HOURS, "notes": ()}
    decision = evolve(decision, reminder=reminder, **kept)
    found = explain_decision(decision, [morning], [], quiet, window)
    assert found.steps == (*reminder.trail, *told)
    assert found.rule_version == DAY.version
    undue = evolve(decision, reminder=evolve(reminder, due_at=None))
    assert explain_decision(undue, [], [], quiet).steps[-1] == LATE[-1]
    gone = explain_decision(evolve(decision, reminder=None, notes=("gone",)), [], [], quiet, window)
    assert (gone.steps, gone.rule_version) == (("gone",), "")
