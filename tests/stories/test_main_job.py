"""The main job, end to end: what comes in, what is parked at the provider, and what a second run does."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from reminder_kit import QuietHours, Recipient, Rule
from tests.factories import parked_messages, summed


def kinds(report):
    return sorted(change.kind.value for change in report.changes)


def content(path):
    """Return everything a ledger says, but for the one row that tells when the batch job last ran."""
    with closing(sqlite3.connect(path)) as connection:
        dump = [line for line in connection.iterdump() if "reminder_kit_runs" not in line]
    return hashlib.sha256("\n".join(dump).encode()).hexdigest()


def test_an_appointment_becomes_one_parked_message(kit, sandbox, appointment):
    """An appointment becomes one parked message at its minute in true words."""
    report = kit.sync(appointment())
    assert report.ok
    assert report.summary["schedule"] == 1
    assert parked_messages(sandbox) == [
        ("+12025550123", "2026-02-12T14:00:00Z", "Hi Ada, Check-up tomorrow at 9:00 AM at 12 High Street.")
    ]
    (change,) = report.changes
    assert (change.kind, change.reason, change.outcome) == ("schedule", "on_time", "done")
    assert change.message_id == sandbox.parked()[0].id


def test_a_second_run_asks_for_nothing_and_writes_nothing(kit, sandbox, appointment, tmp_path):
    """A second run over the same appointments makes no request and leaves the ledger as it was."""
    kit.sync([appointment("A-1"), appointment("A-2", days=9), appointment("A-3", days=-1)])
    before, requests = content(tmp_path / "reminders.db"), sandbox.request_count
    again = kit.sync([appointment("A-1"), appointment("A-2", days=9), appointment("A-3", days=-1)])
    kit.resync()
    assert sandbox.request_count == requests
    assert content(tmp_path / "reminders.db") == before
    assert kinds(again) == ["hold", "keep", "skip"]
    assert {change.reason.value for change in again.changes} == {"unchanged", "beyond_window", "past"}


def test_a_plan_writes_nothing_anywhere(kit, sandbox, appointment, tmp_path):
    """A plan makes no request, creates no ledger, and changes none that is there."""
    plan = kit.plan([appointment()])
    assert kinds(plan) == ["schedule"]
    assert sandbox.request_count == 0
    assert not (tmp_path / "reminders.db").exists()
    kit.sync(appointment("A-2"))
    before = (tmp_path / "reminders.db").read_bytes()
    kit.plan([appointment(days=2)])
    assert (tmp_path / "reminders.db").read_bytes() == before


def test_a_moved_appointment_is_cancelled_and_recreated(kit, sandbox, appointment):
    """A new start cancels the parked message and parks another for the new due time."""
    kit.sync(appointment())
    report = kit.sync(appointment(days=4))
    (change,) = report.changes
    assert (change.kind, change.causes, change.outcome) == ("replace", ("moved", "text"), "done") or (
        change.kind,
        change.causes,
        change.outcome,
    ) == ("replace", ("moved",), "done")
    assert [send_at for _, send_at, _ in parked_messages(sandbox)] == ["2026-02-13T14:00:00Z"]
    assert [message.status for message in sandbox.messages()] == ["cancelled", "scheduled"]


def test_an_edited_title_replaces_the_text_and_keeps_the_minute(kit, sandbox, appointment):
    """A title that the text speaks of replaces the message, at the time it had."""
    kit.sync(appointment())
    report = kit.sync(appointment(title="Root canal"))
    assert [(change.kind.value, change.causes) for change in report.changes] == [("replace", ("text",))]
    assert parked_messages(sandbox) == [
        ("+12025550123", "2026-02-12T14:00:00Z", "Hi Ada, Root canal tomorrow at 9:00 AM at 12 High Street.")
    ]


def test_b05_another_person_gets_it_and_the_first_one_none(kit, sandbox, appointment):
    """A message for a recipient who was replaced is cancelled, and the new one's is parked."""
    kit.sync(appointment())
    report = kit.sync(appointment(phone="+12025550177", name="Bob"))
    assert kinds(report) == ["cancel", "schedule"]
    assert [to for to, _, _ in parked_messages(sandbox)] == ["+12025550177"]


def test_with_an_id_a_new_number_follows_the_person(kit, sandbox, appointment):
    """A recipient with an id of the host's stays the same person under a new number: one replacement."""
    kit.sync(appointment(recipients=[Recipient("+12025550123", id="P-7", name="Ada")]))
    report = kit.sync(appointment(recipients=[Recipient("+12025550177", id="P-7", name="Ada")]))
    assert [(change.kind.value, change.causes) for change in report.changes] == [("replace", ("recipient",))]
    assert [to for to, _, _ in parked_messages(sandbox)] == ["+12025550177"]


def test_b01_a_cancelled_appointment_leaves_nothing_parked(kit, sandbox, appointment):
    """A cancelled appointment's message is cancelled at the provider, and the next run skips it."""
    kit.sync(appointment())
    report = kit.sync(appointment(status="cancelled"))
    assert [(change.kind.value, change.reason.value) for change in report.changes] == [("cancel", "cancelled")]
    assert parked_messages(sandbox) == []
    assert kinds(kit.sync(appointment(status="cancelled"))) == ["skip"]


def test_b04_one_recipient_less_withdraws_that_one_only(kit, sandbox, appointment):
    """A recipient who is taken off loses the message, and the others keep theirs."""
    ada, bob = Recipient("+12025550123", name="Ada"), Recipient("+12025550177", name="Bob")
    kit.sync(appointment(recipients=[ada, bob]))
    report = kit.sync(appointment(recipients=[bob]))
    assert sorted((change.kind.value, change.reason.value) for change in report.changes) == [
        ("cancel", "removed"),
        ("keep", "unchanged"),
    ]
    assert [to for to, _, _ in parked_messages(sandbox)] == ["+12025550177"]


def test_withdraw_takes_back_every_occurrence(kit, sandbox, appointment):
    """Withdraw takes back every occurrence and is quiet about strangers."""
    kit.sync(
        [appointment(recurrence_id="2026-02-13T14:00:00Z"), appointment(days=4, recurrence_id="2026-02-14T14:00:00Z")]
    )
    assert len(parked_messages(sandbox)) == 2
    report = kit.withdraw("A-1", recurrence_id="2026-02-14T14:00:00Z")
    assert kinds(report) == ["cancel"]
    assert kinds(kit.withdraw("A-1")) == ["cancel"]
    assert parked_messages(sandbox) == []
    assert kit.withdraw("nobody").changes == ()


def test_what_a_complete_source_no_longer_has_is_withdrawn(kit, sandbox, appointment):
    """What is missing from a complete list is withdrawn, and other sources are left alone."""
    kit.sync([appointment("A-1"), appointment("A-2", hours=1)])
    kit.sync([appointment("B-1", hours=2)], source="other")
    report = kit.sync([appointment("A-1")], complete=True)
    assert sorted((change.kind.value, change.reason.value) for change in report.changes) == [
        ("cancel", "removed"),
        ("keep", "unchanged"),
    ]
    assert len(parked_messages(sandbox)) == 2


def test_the_batch_job_parks_what_enters_the_window(kit, sandbox, appointment):
    """A reminder beyond the window is held, and is parked by the run after it enters."""
    report = kit.sync(appointment(days=9))
    (change,) = report.changes
    assert (change.kind, change.reason) == ("hold", "beyond_window")
    assert parked_messages(sandbox) == []
    for _ in range(3):
        sandbox.clock.advance(days=1)
        assert summed(kit.resync()) == {"hold": 1}
    sandbox.clock.advance(hours=1)
    assert kinds(kit.resync()) == ["schedule"]
    assert [send_at for _, send_at, _ in parked_messages(sandbox)] == ["2026-02-18T14:00:00Z"]
    assert summed(kit.resync()) == {"keep": 1}


def test_only_a_start_that_really_moves_is_reminded_of_again(kit, sandbox, appointment):
    """B44: renaming, or a few minutes, is no reason to send again; B55: another day is."""
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    assert len(sandbox.inbox("+12025550123")) == 1
    assert [change.reason.value for change in kit.resync().changes] == ["already_sent"]
    renamed = kit.sync(appointment(title="Root canal"))
    assert [change.reason.value for change in renamed.changes] == ["already_sent"]
    a_little = appointment().starts_at + timedelta(minutes=10)
    assert [change.reason.value for change in kit.sync(appointment(starts_at=a_little)).changes] == ["already_sent"]
    creeping = appointment().starts_at + timedelta(minutes=20)
    assert [change.kind.value for change in kit.sync(appointment(starts_at=creeping)).changes] == ["schedule"]
    moved = kit.sync(appointment(days=6))
    assert [change.kind.value for change in moved.changes] == ["replace"]
    assert [send_at for _, send_at, _ in parked_messages(sandbox)] == ["2026-02-15T14:00:00Z"]


def test_moved_beyond_the_window_it_is_cancelled_and_held(kit, sandbox, appointment):
    """A move beyond the window cancels what is parked now, and parks it anew in time."""
    kit.sync(appointment())
    report = kit.sync(appointment(days=20))
    (change,) = report.changes
    assert (change.kind, change.reason, change.causes[0]) == ("cancel", "beyond_window", "moved")
    assert parked_messages(sandbox) == []
    assert summed(kit.resync()) == {"hold": 1}
    sandbox.clock.advance(days=16)
    assert kinds(kit.resync()) == ["schedule"]


def test_b41_moved_into_the_past_leaves_nothing(kit, sandbox, appointment):
    """An appointment that moves into the past has its parked message cancelled."""
    kit.sync(appointment())
    report = kit.sync(appointment(days=-2))
    assert [(change.kind.value, change.reason.value) for change in report.changes] == [("cancel", "past")]
    assert parked_messages(sandbox) == []


def test_an_edited_rule_replans_what_is_parked(kit, make_kit, sandbox, appointment):
    """B11 and B42: after the edit, what is parked is what the new rule says."""
    kit.sync(appointment())
    kit.close()
    earlier = make_kit([Rule("day-before", before="25 hours", text="See you {{ when }}.")])
    preview = earlier.plan_resync()
    assert [(change.kind.value, change.causes) for change in preview.changes] == [("replace", ("text", "rule"))] or [
        (change.kind.value, set(change.causes)) for change in preview.changes
    ] == [("replace", {"rule", "text"})]
    earlier.resync()
    assert parked_messages(sandbox) == [("+12025550123", "2026-02-12T13:00:00Z", "See you tomorrow at 9:00 AM.")]


def test_a_removed_rule_withdraws_its_messages(make_kit, day_before, sandbox, appointment):
    """What a rule parked is cancelled by a resync without that rule."""
    hour_before = Rule("hour-before", before="1 hour", text="Soon: {{ when }}.")
    make_kit([day_before, hour_before]).sync(appointment())
    report = make_kit([hour_before]).resync()
    assert sorted((change.rule, change.kind.value, change.reason.value) for change in report.changes) == [
        ("day-before", "cancel", "removed"),
        ("hour-before", "keep", "unchanged"),
    ]


def test_quiet_hours_that_come_to_cover_a_parked_message_move_it(make_kit, sandbox, appointment):
    """New quiet hours replace a parked message that would go out within them."""
    make_kit().sync(appointment(hours=8))  # 17:00 in New York
    strict = make_kit(quiet_hours=QuietHours("16:00", "08:00"))
    report = strict.resync()
    assert kinds(report) == ["replace"]
    assert [send_at for _, send_at, _ in parked_messages(sandbox)] == ["2026-02-12T20:59:00Z"]


def test_an_older_revision_changes_nothing(kit, sandbox, appointment):
    """An appointment of an older revision than the recorded one is stale, and a newer one counts."""
    kit.sync(appointment(revision=2))
    report = kit.sync(appointment(days=4, revision=1))
    assert [change.reason.value for change in report.changes] == ["stale_revision"]
    assert [send_at for _, send_at, _ in parked_messages(sandbox)] == ["2026-02-12T14:00:00Z"]
    assert kinds(kit.sync(appointment(days=4, revision=3))) == ["replace"]


def test_a_newer_revision_of_the_same_content_is_remembered(kit, sandbox, appointment):
    """A revision counts although nothing but its number changed: what is older than it is stale."""
    kit.sync(appointment(revision=1))
    kit.sync(appointment(revision=3))
    assert [change.reason.value for change in kit.sync(appointment(days=4, revision=2)).changes] == ["stale_revision"]


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        (Recipient("12", name="Ada"), "invalid_number"),
        (Recipient("+12025550123", opted_in=False), "opted_out"),
    ],
    ids=["impossible number", "opted out"],
)
def test_who_cannot_or_must_not_be_written_to_is_skipped_by_name(kit, sandbox, appointment, recipient, reason):
    """A recipient with an impossible number, or opted out, is skipped for that reason."""
    report = kit.sync(appointment(recipients=[recipient]))
    assert [change.reason.value for change in report.changes] == [reason]
    assert report.ok
    assert sandbox.request_count == 0


def test_suppressing_a_number_withdraws_and_keeps_away(kit, sandbox, appointment):
    """A suppressed number loses what is parked and gets nothing new until it is allowed again."""
    kit.sync([appointment("A-1"), appointment("A-2", hours=1), appointment("A-3", phone="+12025550177")])
    report = kit.suppress("(202) 555-0123", reason="asked at the desk")
    assert kinds(report) == ["cancel", "cancel"]
    assert [to for to, _, _ in parked_messages(sandbox)] == ["+12025550177"]
    assert [change.reason.value for change in kit.sync(appointment("A-4", hours=2)).changes] == ["suppressed"]
    assert kit.allow("+12025550123")
    kit.resync()
    assert len(parked_messages(sandbox)) == 4


def test_record_leaves_the_work_to_the_batch_job(kit, sandbox, appointment):
    """What is only recorded makes no request, and is parked by the next run over what changed."""
    kit.record(appointment())
    assert sandbox.request_count == 0
    assert kinds(kit.resync(only_dirty=True)) == ["schedule"]
    assert len(parked_messages(sandbox)) == 1


def test_a_refused_message_stops_no_other_and_is_not_asked_again(kit, sandbox, appointment):
    """B08 and B35: a number the provider refuses is reported once and left alone."""
    sandbox.fault("error", times=1, status=400, code="40310")
    report = kit.sync([appointment("A-1"), appointment("A-2", phone="+12025550177")])
    assert len(report.failed) == 1
    assert not report.ok
    assert len(parked_messages(sandbox)) == 1
    requests = sandbox.request_count
    again = kit.resync()
    assert sandbox.request_count == requests
    assert summed(again) == {"keep": 1, "skip": 1}


def test_explain_tells_arithmetic_decision_and_history(kit, appointment):
    """B13: an explanation has rule, due time and history, and shows no phone number in full."""
    kit.sync(appointment())
    kit.sync(appointment(days=4))
    text = str(kit.explain("A-1"))
    assert "day-before" in text
    assert "2026-02-13T14:00:00Z" in text
    assert "cancelled" in text
    assert "+12025550123" not in text
    assert str(kit.explain("nobody")) == "nothing is recorded for appointment 'nobody'"
