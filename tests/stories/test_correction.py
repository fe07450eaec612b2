"""Corrections: who was told a start that is no longer true hears of the new one, once, if the host wishes so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Recipient, ReminderKit, Rule
from tests.factories import NUMBER, START, received_texts

MOVED = "Your appointment moved to {{ when }}"
DAY = Rule("day-before", before="24 hours", text="See you {{ when }}")


@pytest.fixture
def correcting(make_kit):
    return make_kit([DAY], correction=MOVED)


@pytest.fixture
def reminded(correcting, sandbox, appointment):
    """Ada was told "tomorrow at 9:00"."""
    correcting.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    assert received_texts(sandbox) == ["See you tomorrow at 9:00 AM"]
    return correcting


def test_moved_after_it_went_out_one_correction_follows(reminded, sandbox, appointment):
    """Where it moved after the reminder went out, one correction follows, and the new reminder in its time."""
    report = reminded.sync(appointment(days=6))
    assert sorted((change.rule, change.kind.value, change.reason.value) for change in report.changes) == [
        ("day-before", "schedule", "on_time"),
        ("day-before-correction", "schedule", "clamped_late"),
    ]
    sandbox.clock.advance(minutes=10)
    assert received_texts(sandbox)[1:] == ["Your appointment moved to Monday 16 February at 9:00 AM"]
    for _ in range(3):
        assert not [change for change in reminded.resync().changes if change.is_work]
    sandbox.clock.advance(days=5)
    reminded.resync()
    assert received_texts(sandbox)[2:] == ["See you tomorrow at 9:00 AM"]


def test_each_new_start_is_told_once_also_the_old_one_again(reminded, sandbox, appointment):
    """Each move is corrected once, a move back to a start told before included."""
    for days in (6, 7, 3):
        for _ in range(2):
            reminded.sync(appointment(days=days))
            sandbox.clock.advance(minutes=10)
            reminded.resync()
    assert len(received_texts(sandbox)) == 4
    assert received_texts(sandbox)[-1] == "Your appointment moved to tomorrow at 9:00 AM"
    assert sandbox.parked() == []


@pytest.mark.parametrize(
    "correction", [MOVED, {"text": MOVED, "after": "10 minutes"}], ids=["at once", "a while after"]
)
@pytest.mark.parametrize("reports", [True, False], ids=["reported", "not asked yet"])
def test_a_visit_moved_earlier_is_told_once(make_kit, sandbox, appointment, correction, reports):
    """The reminder for the new start was due before the correction that tells it: nothing is left to say."""
    kit = make_kit([DAY], correction=correction)
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(hours=-2))
    for _ in range(6):
        sandbox.clock.advance(minutes=10)
        if reports:
            kit.resync()
    assert received_texts(sandbox)[1:] == ["Your appointment moved to tomorrow at 7:00 AM"]
    kit.resync()
    sandbox.clock.advance(days=1)
    assert len(received_texts(sandbox)) == 2


SOON = Rule("two-hours", before="23 hours", text="Soon: {{ when }}")


@pytest.mark.parametrize(
    "correction", [MOVED, {"text": MOVED, "after": "10 minutes"}], ids=["at once", "a while after"]
)
def test_whom_two_rules_told_is_corrected_once(make_kit, sandbox, appointment, correction):
    """However often it moves, and also back."""
    kit = make_kit([DAY, SOON], correction=correction)
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=2)
    assert len(received_texts(sandbox)) == 2
    for day, told in ((6, "Monday 16"), (7, "Tuesday 17"), (6, "Monday 16")):
        kit.sync(appointment(days=day))
        before = len(received_texts(sandbox))
        for _ in range(4):
            sandbox.clock.advance(minutes=6)
            kit.resync()
        assert received_texts(sandbox)[before:] == [f"Your appointment moved to {told} February at 9:00 AM"]


def test_moved_earlier_corrected_cancelled_and_put_back_she_is_reminded_anew(make_kit, sandbox, appointment):
    """Else "cancelled" is the last she heard: what she was told before that counts no more."""
    kit = make_kit([DAY], correction=MOVED, cancellation="It is off")
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    for status in ("confirmed", "cancelled", "confirmed"):
        kit.sync(appointment(hours=-2, status=status))
        sandbox.clock.advance(minutes=12)
        kit.resync()
    moved = "Your appointment moved to tomorrow at 7:00 AM"
    assert received_texts(sandbox)[1:] == [moved, "It is off", "See you tomorrow at 7:00 AM"]
    assert sandbox.parked() == []


def test_a_correction_that_did_not_arrive_leaves_it_to_the_reminder(make_kit, sandbox, appointment):
    """Late as it is, it tells the new start."""
    kit = make_kit([DAY], correction=MOVED)
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(hours=-2))
    sandbox.clock.advance(minutes=10)
    sandbox.messages()[-1].status = "delivery_failed"
    kit.resync()
    kit.resync()
    assert [message.text for message in sandbox.parked()] == ["See you tomorrow at 7:00 AM"]


def test_a_start_that_was_corrected_to_before_is_told_again(reminded, sandbox, appointment):
    """A reminder told another one in between."""
    moved = "Your appointment moved to Monday 16 February at 9:00 AM"
    for changes, told in (
        ({"days": 6}, moved),
        ({"hours": 1.2}, "See you tomorrow at 10:12 AM"),
        ({"days": 6}, moved),
        ({"hours": 1.2}, "Your appointment moved to tomorrow at 10:12 AM"),
        ({"days": 6}, moved),
    ):
        planned = reminded.plan(appointment(**changes)).changes
        assert all(change.send_at > sandbox.now() for change in planned if change.kind == "schedule")
        reminded.sync(appointment(**changes))
        sandbox.clock.advance(minutes=20)
        reminded.resync()
        assert received_texts(sandbox)[-1] == told
    assert len(received_texts(sandbox)) == 6


def test_notices_go_by_the_clock_of_the_rule_and_fill_gaps_as_it_does(make_kit, sandbox, appointment):
    """She knows the visit by the clock of the place, and has no name."""
    rule = Rule(
        "day-before", before="24 hours", text="At {{ appointment.starts_at | time }}", clock="place", empty="you"
    )
    texts = {
        name: f"{name}, {{{{ recipient.name }}}}: {{{{ appointment.starts_at | time }}}}" for name in ("moved", "off")
    }
    kit = make_kit([rule], correction=texts["moved"], cancellation=texts["off"])
    abroad = {"recipients": [Recipient(NUMBER, timezone="America/Los_Angeles")]}
    kit.sync(appointment(**abroad))
    sandbox.clock.advance(days=2, hours=1)
    for changes in ({"days": 6}, {"days": 6, "status": "cancelled"}):
        kit.sync(appointment(**abroad, **changes))
        sandbox.clock.advance(minutes=20)
        kit.resync()
    assert received_texts(sandbox) == ["At 9:00 AM", "moved, you: 9:00 AM", "off, you: 9:00 AM"]


def test_moved_back_before_the_correction_nothing_is_said(reminded, sandbox, appointment):
    """A correction still parked is cancelled when the start is again the one that was told."""
    reminded.sync(appointment(days=6))
    assert len(sandbox.parked()) == 2
    reminded.sync(appointment())
    assert sandbox.parked() == []
    sandbox.clock.advance(days=5)
    assert len(received_texts(sandbox)) == 1


def test_without_the_policy_no_correction_is_parked(make_kit, sandbox, appointment):
    """Without `correction` a move after the reminder parks nothing but the new reminder."""
    kit = make_kit([DAY])
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6))
    assert len(sandbox.parked()) == 1


@pytest.mark.parametrize(
    "change",
    [{"hours": 0.2}, {"title": "Cleaning"}, {"status": "cancelled"}, {"phone": "+12025550177"}],
    ids=["ten minutes", "words", "cancelled", "another person"],
)
def test_nothing_is_corrected_but_a_start_that_really_moved(reminded, sandbox, appointment, change):
    """Ten minutes, other words, a cancellation or another person are no reason to correct."""
    reminded.sync(appointment(**change))
    assert [item.text for item in sandbox.parked() if "moved" in item.text] == []


def test_a_reminder_that_goes_out_at_once_says_it_already(reminded, sandbox, appointment):
    """A new reminder that is sent at once supersedes the correction: it tells the new start."""
    report = reminded.sync(appointment(hours=1))
    assert {change.rule: change.reason.value for change in report.changes} == {
        "day-before": "clamped_late",
        "day-before-correction": "superseded",
    }


def test_a_correction_waits_for_the_end_of_quiet_hours(make_kit, sandbox, appointment):
    """A correction waits for the end of quiet hours and never comes after the start."""
    kit = make_kit([DAY], correction=MOVED, quiet_hours=QuietHours("10:00", "14:00"))
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6))
    assert min(item.send_at for item in sandbox.parked()) == START + timedelta(days=2, hours=5)
    sooner = kit.sync(appointment(starts_at=START + timedelta(days=2, hours=4)))
    assert [item.send_at for item in sandbox.parked()] == []
    assert {change.reason.value for change in sooner.changes} <= {"quiet_hours", "too_late", "superseded"}


@pytest.mark.parametrize("notice", ["correction", "cancellation"])
def test_a_notice_never_goes_out_sooner_than_it_says(make_kit, sandbox, appointment, notice):
    """An hour after the change, or, where quiet hours have begun by then, as they end."""
    kit = make_kit([DAY], quiet_hours=QuietHours("10:30", "14:00"), **{notice: {"text": "Changed", "after": "1 hour"}})
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6) if notice == "correction" else appointment(status="cancelled"))
    (parked,) = (message for message in sandbox.parked() if message.text == "Changed")
    assert parked.send_at == START + timedelta(days=2, hours=5)


def test_a_cancellation_that_came_too_late_is_corrected(correcting, sandbox, appointment):
    """A message that went out while it was to be cancelled is corrected in the same run."""
    correcting.sync(appointment())
    (message,) = sandbox.messages()
    message.status = "sent"
    report = correcting.sync(appointment(days=4))
    assert sorted(change.rule for change in report.changes if change.is_work) == ["day-before", "day-before-correction"]


def test_a_suppressed_number_gets_no_correction(reminded, sandbox, appointment):
    """A number that is suppressed after it was told is not told of the move."""
    reminded.suppress(NUMBER)
    reminded.sync(appointment(days=6))
    assert sandbox.parked() == []


def test_the_file_can_say_it(tmp_path, monkeypatch):
    """A file's `correction` becomes the kit's text for corrections."""
    path = tmp_path / "reminders.toml"
    path.write_text(
        f'correction = "{MOVED}"\n[provider]\nname = "telnyx"\nfrom = "+12025550100"\n'
        f'[ledger]\nurl = "sqlite:///{tmp_path / "x.db"}"\n'
        '[[rules]]\nid = "day-before"\nbefore = "24 hours"\ntext = "See you {{ when }}"\n'
    )
    with ReminderKit.from_config(path) as kit:
        assert kit.settings.correction.text == MOVED
