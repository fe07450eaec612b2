"""What is shown of plans and rules: every part of a preview, of a forecast and of an explanation is there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit.model.records import HistoryEntry
from reminder_kit.planning.changes import Change, ChangeKind, headline
from reminder_kit.planning.decide import decide
from reminder_kit.planning.explanation import explain_decision
from reminder_kit.planning.forecast import Prices, forecast_of
from reminder_kit.planning.preview import Preview, blanks
from reminder_kit.rules.placement import place
from reminder_kit.rules.rule import Rule
from tests.factories import (
    DAY,
    DEFAULTS,
    HOUR,
    NUMBER,
    START,
    TOGETHER,
    WINDOW,
    message_of,
    observed_of,
    settings_of,
    visit,
)


def texts_of(lines):
    return [line.draft.text for line in lines]


def test_each_text_of_a_rule_is_previewed_in_each_of_its_languages():
    """Usual, combined and late text, each once in every language that any of the three has."""
    texts = {"en": "Usual {{ when }}", "es": "Normal {{ when }}"}
    rule = Rule("r", before="24 hours", text=texts, late_text="Late {{ when }}", together=TOGETHER)
    lines = list(Preview((rule,), DEFAULTS).made_up(START))
    assert [text.split()[0] for text in texts_of(lines)[::3]] == ["Usual", "Normal"]
    assert [line.is_late for line in lines] == [False, False, True] * 2
    assert [line.note for line in lines] == ["", "several on one day", ""] * 2
    assert [line.draft.text.startswith("Late") for line in lines] == [False, False, True] * 2
    only_late = Rule("r", before="24 hours", text="Usual", late_text={"en": "Late", "fr": "Tard"})
    assert texts_of(Preview((only_late,), DEFAULTS).made_up(START)) == ["Usual", "Late", "Usual", "Tard"]


@pytest.mark.parametrize(
    ("offset", "late_by"),
    [({"before": "24 hours"}, 60), ({"before": "40 minutes"}, 20), ({"after": "2 hours"}, 60)],
    ids=["an hour late", "half-way to the start", "a follow-up"],
)
def test_a_late_text_is_previewed_after_its_due_time(offset, late_by):
    """An hour after, or half-way to the start where that is nearer; a follow-up has no start before it."""
    rule = Rule("r", text="Usual", late_text="Late", **offset)
    usual, late = Preview((rule,), DEFAULTS).made_up(START)
    assert late.send_at - usual.send_at == timedelta(minutes=late_by)


def test_of_appointments_told_together_each_has_a_line():
    """The first has the text of all, the others say that they are told with it; who is alone has a text of one."""
    rule = Rule("evening", days_before=1, at="18:00", text="{{ appointment.title }}", together=TOGETHER)
    visits = [visit("A-1", 9), visit("A-2", 11), visit("A-3", 9, phone="+12025550124"), visit("A-4", 9, day=-2)]
    first, second, other, past = Preview((rule,), DEFAULTS).of(visits, START)
    assert first.draft.text.count("Check-up") == 2
    assert (second.draft, second.reason) == (None, "superseded")
    assert other.draft.text.count("Check-up") == 1
    assert (past.draft, past.reason) == (None, "past")


@pytest.mark.parametrize("where", ["text", "late_text", "together"])
def test_a_blank_is_told_in_whichever_text_it_is(where):
    """A field that is shown and not given is named, unless the text asks for it first."""
    texts = {"text": "Usual", "late_text": "Late", "together": TOGETHER}
    for source, expected in (
        ("At {{ appointment.location }}", ("appointment.location",)),
        ("{% if appointment.location %}x{% endif %}", ()),
    ):
        rule = Rule("r", before="24 hours", **{**texts, where: source}, empty="blank")
        (line,) = Preview((rule,), DEFAULTS).of([visit("A")], START)
        assert blanks(line) == expected
        assert blanks(evolve(line, draft=None)) == ()


def parking(rule, kind=ChangeKind.SCHEDULE):
    text = "x" * 161
    return Change(kind, observed_of(visit("A")).identity, rule, rule, NUMBER, NUMBER, START, START, "on_time", text)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ([parking("one")], []),
        ([parking("one"), parking("two")], ["one", "two"]),
        ([parking("one"), parking("held", ChangeKind.HOLD)], ["held", "one"]),
        ([parking("kept", ChangeKind.KEEP)], None),
    ],
    ids=["one", "two", "one held", "nothing"],
)
def test_a_forecast_has_a_line_for_each_of_several_rules(changes, rules):
    """One line in all, and one for each rule where there are several; none where nothing is to come."""
    made = forecast_of(changes, settings_of(DAY, HOUR).rules, Prices(part="0.5"))
    assert [line.split(":")[0].strip() for line in made.lines] == ([] if rules is None else ["Forecast", *rules])


def test_an_explanation_has_the_steps_of_placing_and_only_its_own_messages():
    """Steps of the due time, then of the placement; of messages and history those of its reminder."""
    settings = settings_of(DAY)
    (decision,) = decide(observed_of(visit("A")), settings, START)
    message = message_of(visit("A"), settings)
    entries = [HistoryEntry(START, "sync", "schedule", decision.identity, key) for key in (decision.key, "other")]
    told = explain_decision(decision, [message, evolve(message, key="other")], entries)
    trail = place(decision.reminder, now=START, window=WINDOW, quiet=None).trail
    assert told.steps == (*decision.reminder.trail, *trail)
    assert len(trail) > 0
    assert len(told.steps) > len(trail)
    assert (told.messages, told.history) == ((message,), (entries[0],))


def test_a_line_as_json_has_all_its_keys():
    """Scripts read them: each is there, with null where there is nothing to say."""
    (decision,) = decide(observed_of(visit("A-1", day=3)), settings_of(DAY), START)
    line = decision.change.as_json()
    assert {key: line[key] for key in line if key not in ("rule", "text")} == {
        "change": "schedule",
        "appointment": "A-1",
        "source": "default",
        "recurrence_id": None,
        "to": NUMBER,
        "due_at": "2026-02-12T14:00:00Z",
        "send_at": "2026-02-12T14:00:00Z",
        "was_at": None,
        "timezone": "America/New_York",
        "reason": "on_time",
        "cause": [],
        "outcome": None,
        "message_id": None,
        "error": None,
    }
    assert (line["rule"], line["text"]) == ("day-before", "Check-up tomorrow at 9:00 AM")


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ({}, "nothing to do"),
        ({"keep": 0}, "nothing to do"),
        ({"schedule": 2, "keep": 0, "hold": 1}, "2 schedule, 1 hold"),
    ],
)
def test_a_headline_counts_what_there_is(summary, words):
    """In one line, without anybody's name or number."""
    assert headline(summary) == words
