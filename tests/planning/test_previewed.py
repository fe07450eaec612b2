"""What a preview shows: whole lines, of made-up appointments and of real ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit.model.appointments import Status
from reminder_kit.planning.preview import Preview, PreviewLine, blanks
from reminder_kit.rules.defaults import Defaults
from reminder_kit.rules.quiet_hours import QuietHours
from reminder_kit.rules.rule import Rule
from tests.factories import DEFAULTS, START, evening_rule, in_new_york, visit

NOW = START + timedelta(minutes=7, seconds=8, microseconds=9)
STARTS_AT = in_new_york("2026-02-19T14:30")  # nine days ahead, at half past two
HOUR = timedelta(hours=1)


def lines_of(*rules, now=NOW, **preview):
    return list(Preview(rules, **{"defaults": DEFAULTS, **preview}).made_up(now))


def told(line):
    """Return what a line says: its text or why there is none, when, and what is to be known of it."""
    return line.draft.text if line.draft else line.reason or line.error, line.send_at, line.note, line.is_late


def test_a_made_up_appointment_is_nine_days_ahead_at_half_past_two():
    """By the kit's clock, or by UTC where it has none; to the second."""
    rule = Rule("r", before="24 hours", text="{{ recipient.name }}: {{ when }} at {{ appointment.location }}")
    (line,) = lines_of(rule)
    assert line.reminder.appointment.starts_at == STARTS_AT
    assert told(line) == (
        "Alexandra Winter: tomorrow at 2:30 PM at 12 Harbour Street", STARTS_AT - timedelta(days=1), "", False
    )  # fmt: skip
    (line,) = lines_of(rule, defaults=Defaults(region="US"))
    assert line.reminder.appointment.starts_at == datetime(2026, 2, 19, 14, 30, tzinfo=ZoneInfo("UTC"))
    (line,) = lines_of(rule, now=in_new_york("2026-02-10T23:00"))
    assert line.reminder.appointment.starts_at == STARTS_AT


def test_rules_counted_from_a_booking_or_a_move_take_now_for_it():
    """Both are due so long after now."""
    booked, moved = lines_of(
        Rule("booked", after_booking="10 minutes", text="Booked {{ when }}"),
        Rule("moved", after_change="20 minutes", text="Moved {{ when }}"),
    )
    due = START + timedelta(minutes=7, seconds=8)
    assert [line.send_at - due for line in (booked, moved)] == [timedelta(minutes=10), timedelta(minutes=20)]
    assert moved.reminder.changed_at == NOW
    assert booked.reminder.appointment.booked_at == NOW


def test_conditions_are_taken_as_met_and_named():
    """On each line of the rule; of the combined text before what that is."""
    rule = Rule("r", before="24 hours", text="Usual", late_text="Late", together="All", only={"tags": ["vip"]})
    usual, combined, late = lines_of(rule)
    notes = [line.note for line in (usual, combined, late)]
    assert notes == ["only.tags", "only.tags, several on one day", "only.tags"]
    assert [line.draft.text for line in (usual, combined, late)] == ["Usual", "All", "Late"]
    assert [line.is_late for line in (usual, combined, late)] == [False, False, True]
    assert usual.reminder.refusal is None


def test_what_several_share_speaks_of_a_second_visit_an_hour_later():
    """Of the same title, an hour long."""
    ends = "{% for one in appointments %}{{ one.starts_at | time }}-{{ one.ends_at | time }} {% endfor %}"
    _, combined = lines_of(evening_rule(together=ends))
    assert combined.draft.text.strip() == "2:30 PM-3:15 PM 3:30 PM-4:30 PM"


def test_quiet_hours_move_what_is_shown():
    """Of the usual text as of the late one."""
    rule = Rule("r", before="24 hours", text="Usual", late_text="Late")
    usual, late = lines_of(rule, quiet=QuietHours("14:00", "17:00"))
    assert [line.send_at for line in (usual, late)] == [
        in_new_york("2026-02-18T13:59"),
        in_new_york("2026-02-18T17:00"),
    ]


def test_what_would_be_too_late_is_told_with_the_reason():
    """And with its condition; a late text that would come too late is left out."""
    (line,) = lines_of(Rule("r", before="30 days", text="Usual", if_late="skip", only={"tags": ["vip"]}))
    assert (line.draft, line.reason, line.send_at) == (None, "too_late", None)
    assert line.note == "only.tags"
    (usual,) = lines_of(Rule("r", before="1 hour", text="Usual", late_text="Late", min_notice="45 minutes"))
    assert usual.draft.text == "Usual"


def test_a_text_that_can_not_be_written_is_told_in_its_place():
    """Of each by itself: the others are shown."""
    rule = Rule("r", before="24 hours", text="Usual", late_text="{{ when | days }}", together="All {{ 1 / 0 }}")
    usual, combined, late = lines_of(rule)
    assert told(usual)[0] == "Usual"
    for line in (combined, late):
        assert (line.draft, bool(line.error), line.reason) == (None, True, "")
        assert line.send_at is not None


@pytest.mark.parametrize(
    ("given", "late_by"),
    [
        ({"before": "1 hour"}, timedelta(minutes=30)),
        ({"before": "61 minutes"}, HOUR),
        ({"before": "40 minutes"}, timedelta(minutes=20)),
        ({"after": "1 hour"}, HOUR),
    ],
    ids=["just an hour before", "more than an hour before", "less", "a follow-up"],
)
def test_a_late_text_is_an_hour_late_or_half_way_to_the_start(given, late_by):
    """Half-way from an hour before the start on, so that it is before it."""
    usual, late = lines_of(Rule("r", text="Usual", late_text="Late", **given))
    assert late.send_at - usual.send_at == late_by
    assert late.draft.text == "Late"


def test_a_late_text_is_shown_beyond_a_spread():
    """An hour after its share of two hours: before that it is on time."""
    usual, late = lines_of(Rule("r", before="24 hours", text="Usual", late_text="Late", spread="3 hours"))
    assert usual.send_at - usual.reminder.due_at > HOUR
    assert (usual.draft.text, late.draft.text) == ("Usual", "Late")
    assert late.send_at - usual.send_at == HOUR


def test_a_late_text_is_shown_though_its_rule_skips_what_is_late():
    """It is what goes out in the place of a message that is taken back."""
    usual, late = lines_of(Rule("r", before="24 hours", text="Usual", late_text="Late", if_late="skip"))
    assert (usual.is_late, late.is_late, late.draft.text) == (False, True, "Late")


def test_each_locale_of_any_text_has_its_lines():
    """Those of the text first, then what only the late or the combined one has; in the order they are written."""
    rule = Rule(
        "r",
        before="24 hours",
        text={"en": "Usual", "de": "Immer"},
        late_text={"de": "Spät", "en": "Late", "fr": "Tard"},
        together={"en": "All", "it": "Tutti"},
    )
    assert [line.draft.text for line in lines_of(rule)] == [
        *("Usual", "All", "Late"),
        *("Immer", "All", "Spät"),
        *("Usual", "All", "Tard"),
        *("Usual", "Tutti", "Late"),
    ]


def test_what_any_of_the_texts_reads_is_made_up():
    """Data of the appointment and of the person, whichever text speaks of them."""
    texts = {"text": "A {{ data.a }}", "late_text": "B {{ data.b }}", "together": "C {{ data.c }}"}
    assert [line.draft.text for line in lines_of(Rule("r", before="24 hours", **texts))] == [
        f"{letter} Dr Winter" for letter in "ACB"
    ]


# Of real appointments


def shown(*appointments, rules, now=START, **preview):
    return list(Preview(tuple(rules), **{"defaults": DEFAULTS, **preview}).of(appointments, now))


def test_of_an_appointment_each_rule_has_a_line_in_their_order():
    """With its text and time, or with the reason why there is none, and what speaks against it."""
    rules = [
        Rule("day", before="24 hours", text="Day {{ when }}"),
        Rule("vip", before="2 hours", text="x", only={"tags": ["vip"]}),
        Rule("moved", after_change="10 minutes", text="x"),
        Rule("booked", after_booking="10 minutes", text="x"),
        Rule("broken", before="1 hour", text="{{ data.room }}"),
    ]
    booked = visit("A", booked_at=START - timedelta(hours=2))
    day, vip, moved, old, broken = shown(booked, rules=rules)
    assert told(day) == ("Day tomorrow at 9:00 AM", in_new_york("2026-02-11T09:00"), "", False)
    assert (vip.draft, vip.reason, vip.send_at) == (None, "condition", None)
    assert vip.note == "only.tags"
    assert told(moved) == ("condition", None, "after_change: its start did not move", False)
    assert told(old) == ("too_late", None, "", False)
    assert (broken.draft, broken.reason, broken.send_at) == (None, "", in_new_york("2026-02-12T08:00"))
    assert "room" in broken.error


def test_it_is_shown_however_far_ahead_it_is():
    """No window is asked; ten years and some are too far."""
    rule = Rule("day", before="24 hours", text="Day")

    def at(days):
        return evolve(visit("A"), starts_at=START + timedelta(days=days), ends_at=None)

    near, far = shown(at(3650), at(3700), rules=[rule])
    assert near.draft.text == "Day"
    assert far.draft is None


def test_it_is_shown_at_the_very_time_it_is_due():
    """And no quiet hour has it."""
    rule = Rule("day", before="24 hours", text="Day")
    (line,) = shown(visit("A"), rules=[rule], now=in_new_york("2026-02-11T09:00"))
    assert line.send_at == in_new_york("2026-02-11T09:00")
    (line,) = shown(visit("A"), rules=[rule], quiet=QuietHours("08:00", "10:00"))
    assert line.send_at == in_new_york("2026-02-11T07:59")


def test_numbers_are_read_by_the_kits_region():
    """A number as people write it is one."""
    (line,) = shown(visit("A", phone="(202) 555-0123"), rules=[Rule("day", before="24 hours", text="Day")])
    assert line.draft.to == "+12025550123"


def test_alarms_are_rules_where_they_are_asked_for():
    """Instead of the rules, or beside them."""
    rule = Rule("day", before="24 hours", text="Day")
    booked = visit("A", data={"alarms": ["2026-02-12T13:00:00+00:00"]})
    found = {
        mode: [line.reminder.rule.id for line in shown(booked, rules=[rule], alarms=mode)]
        for mode in ("ignore", "rules", "only")
    }
    assert found == {"ignore": ["day"], "rules": ["day", "alarm-1"], "only": ["alarm-1"]}
    assert [line.reminder.rule.id for line in shown(booked, rules=[rule])] == ["day"]


def test_two_that_would_arrive_together_are_one():
    """The one nearest to the start stays."""
    rules = [Rule(f"r{hours}", before=f"{hours} hours", text="x") for hours in (72, 60)]
    assert [line.reason for line in shown(visit("A"), rules=rules)] == ["superseded", ""]


def test_told_together_the_first_speaks_of_all_and_the_others_say_so():
    """Those refused say why, and who is alone stands alone."""
    off = visit("D", 12, status=Status.CANCELLED)
    lines = shown(visit("B", 11), visit("A", 9), visit("C", 9, day=3), off, rules=[evening_rule()])
    second, first, alone, gone = map(told, lines)
    due = in_new_york("2026-02-11T18:00")
    assert second == ("superseded", None, "told together with another of that day", False)
    assert first == ("tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)", due, "", False)
    assert alone == ("Check-up tomorrow at 9:00 AM", due + timedelta(days=1), "", False)
    assert gone[:2] == ("cancelled", None)


def test_the_blanks_of_a_text_are_those_fields_that_it_shows_and_the_appointment_lacks():
    """Each by its name, in one order; a text that asks for a field first has none."""
    text = "{{ appointment.url }}{{ recipient.name }}{{ appointment.title }}{{ appointment.location }}x"
    rule = Rule("r", before="24 hours", text=text, empty="blank")
    (line,) = shown(visit("A", name="", title=""), rules=[rule])
    assert blanks(line) == ("appointment.title", "appointment.location", "appointment.url", "recipient.name")
    full = visit("A", location="Here", url="https://clinic.example")
    (line,) = shown(full, rules=[rule])
    assert blanks(line) == ()
    assert blanks(PreviewLine(line.reminder)) == ()
    for asks in ("{% if 1 %}{% endif %}", "{{ 1 if 1 }}", "{{ 0 or 1 }}", "{{ 0 | default(1) }}"):
        (line,) = shown(
            visit("A", name="", title=""), rules=[Rule("r", before="24 hours", text=text + asks, empty="blank")]
        )
        assert blanks(line) == ()
    nobody = evolve(line, reminder=evolve(line.reminder, recipient=None))
    assert blanks(nobody) == ()


@pytest.mark.parametrize("where", ["text", "late_text", "together"])
def test_a_blank_of_any_text_and_language_is_one(where):
    """A text for some is no better than one for all."""
    texts = {
        "text": "Usual",
        "late_text": "Late",
        "together": "All",
        where: {"en": "Yes", "de": "{{ appointment.url }}"},
    }
    (line,) = shown(visit("A"), rules=[Rule("r", before="24 hours", **texts, empty="blank")])
    assert blanks(line) == ("appointment.url",)
