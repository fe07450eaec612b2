"""What happened to others in the field, one story a test: moved, cancelled, doubled, never sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit import Recipient, Rule
from reminder_kit.errors import ConfigurationError, RefusedCredentialError
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import DAY, NUMBER, START, received_texts

OTHER = "+12025550177"


def parked(sandbox):
    return [(item.to, item.send_at) for item in sandbox.parked()]


def hear(kit, sandbox):
    """Deliver every webhook there is so far."""
    for hook in sandbox.hooks.sent:
        kit.receive(*hook.as_sent(sandbox.now()))


@pytest.fixture
def hooked(make_kit, sandbox):
    """A kit that is told of every message by webhooks."""
    return make_kit(
        [DAY],
        provider=Telnyx(
            api_key="KEY",
            from_="+12025550100",
            webhook_url="https://clinic.example/hooks",
            public_key=sandbox.public_key,
        ),
    )


# Moved, cancelled, reassigned


def test_b03_the_wish_to_cancel_is_written_down_first(kit, sandbox, appointment):
    """A cancellation the provider didn't hear of stays in the ledger as an intent until it is done."""
    kit.sync(appointment())
    sandbox.fault("drop_before", None, method="DELETE")
    sandbox.fault("drop_before", None, method="GET")
    assert kit.sync(appointment(status="cancelled")).failed
    assert kit.status()["messages"] == {"cancelling": 1}
    assert "cancelling" in str(kit.explain("A-1"))
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=6)
    assert kit.resync().ok
    assert parked(sandbox) == []


def test_b29_a_series_and_one_occurrence_of_it_can_go(kit, sandbox, appointment):
    """A withdrawal takes one occurrence where it is named, and the rest of the series otherwise."""
    series = [appointment(days=day, recurrence_id=f"2026-02-{10 + day}T14:00:00Z") for day in (2, 3, 4)]
    kit.sync(series)
    kit.withdraw("A-1", recurrence_id=series[1].recurrence_id)
    assert [send_at.day for _, send_at in parked(sandbox)] == [11, 13]
    kit.withdraw("A-1")
    assert parked(sandbox) == []


def test_b44_another_end_or_note_sends_nothing_again(kit, sandbox, appointment):
    """Another end or note between reminder and start sends nothing again."""
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=2)
    later = appointment().ends_at + timedelta(hours=1)
    kit.sync(appointment(ends_at=later, data={"note": "bring papers"}))
    kit.resync()
    sandbox.clock.advance(hours=20)
    kit.resync()
    assert len(received_texts(sandbox)) == 1


def test_b54_a_cancelled_message_that_goes_out_is_an_anomaly(hooked, sandbox, appointment):
    """A cancelled message that still goes out is an anomaly and no reason for another."""
    seen = []
    hooked.on("anomaly", seen.append)
    hooked.sync(appointment())
    (message,) = sandbox.messages()
    hooked.sync(appointment(status="cancelled"))
    assert message.status == "cancelled"
    message.status = "scheduled"  # the provider said yes, and sends it all the same
    sandbox._due.append((message.send_at, 10**6, message))
    sandbox.clock.advance(days=2, minutes=1)
    hear(hooked, sandbox)
    assert [item.type for item in seen] == ["anomaly"]
    assert hooked.status()["messages"] == {"delivered": 1}
    assert "anomaly" in str(hooked.explain("A-1"))
    assert [change.outcome for change in hooked.resync().changes] == [None]
    assert hooked.sync(appointment(status="confirmed")).summary["schedule"] == 0


def test_b55_moved_after_it_was_sent_it_is_sent_for_the_new_day(kit, sandbox, appointment):
    """An appointment that moves to another day after its reminder went out is reminded of again."""
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6))
    sandbox.clock.advance(days=4)
    kit.resync()
    assert len(received_texts(sandbox)) == 2


def test_moved_away_and_back_nobody_is_written_to_twice(kit, sandbox, appointment):
    """Moved away and back after it was sent nobody is written to twice."""
    kit.sync(appointment())
    sandbox.clock.advance(days=2, hours=1)
    kit.sync(appointment(days=6))
    assert len(parked(sandbox)) == 1
    report = kit.sync(appointment())
    assert [(change.kind.value, change.reason.value) for change in report.changes] == [("cancel", "already_sent")]
    assert parked(sandbox) == []


def test_a_late_cancellation_is_in_the_report_and_history(kit, sandbox, appointment):
    """A cancellation that comes too late is said in the report and the history."""
    kit.sync(appointment())
    sandbox.clock.set(START + timedelta(days=2) - timedelta(seconds=50))
    report = kit.sync(appointment(status="cancelled"))
    assert [(change.kind.value, change.reason.value) for change in report.changes] == [("keep", "too_late")]
    assert sandbox.write_count == 1, "no DELETE so near to the time of sending"
    sandbox.clock.advance(minutes=5)
    kit.resync()
    assert kit.status()["messages"] == {"delivered": 1}


def test_a_cancellation_refused_as_late_is_recorded(hooked, sandbox, appointment):
    """A cancellation the provider finds too late is recorded and counted."""
    hooked.sync(appointment())
    (message,) = sandbox.messages()
    message.status = "sent"
    report = hooked.sync(appointment(days=4))
    assert [change.kind.value for change in report.changes] == ["schedule"], "moved by a day: a material change"
    assert hooked.status()["messages"] == {"scheduled": 1, "sent": 1}
    assert "sent" in str(hooked.explain("A-1"))


def test_c1_every_way_of_saying_it_ends_the_same(make_kit, sandbox, appointment, tmp_path):
    """Synced, recorded and resynced, or imported by the nightly job: state counts, not the place of the call."""
    ways = {
        "sync": lambda kit, item: kit.sync(item),
        "record": lambda kit, item: (kit.record(item), kit.resync()),
        "job": lambda kit, item: kit.resync([item]),
    }
    for name, way in ways.items():
        kit = make_kit([DAY], ledger=f"sqlite:///{tmp_path / name}.db")
        way(kit, appointment(id=name))
        way(kit, appointment(id=name, days=4))
        kit.resync()
    assert [send_at for _, send_at in parked(sandbox)] == [START + timedelta(days=3)] * 3


def test_c2_name_and_number_are_looked_at_again_not_frozen(make_kit, sandbox, appointment):
    """What is parked follows the recipient's new name and number, and can still be withdrawn."""
    kit = make_kit([Rule("day-before", before="24 hours", text="Hi {{ recipient.name }}")])
    kit.sync(appointment(recipients=[Recipient(NUMBER, id="P-1", name="Ada")]))
    kit.sync(appointment(recipients=[Recipient(OTHER, id="P-1", name="Ada Lovelace")]))
    assert [(item.to, item.text) for item in sandbox.parked()] == [(OTHER, "Hi Ada Lovelace")]
    kit.withdraw("A-1")
    assert parked(sandbox) == []


def test_c3_what_failed_or_had_no_number_is_not_marked_as_sent(kit, sandbox, appointment):
    """What failed or had no number is parked later, once it can be."""
    sandbox.fault("503", 3)
    kit.sync([appointment("A-1"), appointment("A-2", recipients=[Recipient("", name="Bob")])])
    assert kit.status()["messages"] == {"creating": 1}
    sandbox.clock.advance(minutes=10)
    kit.sync(appointment("A-2", recipients=[Recipient(OTHER, name="Bob")]))
    kit.resync()
    assert sorted(to for to, _ in parked(sandbox)) == [NUMBER, OTHER]


def test_c5_an_update_is_followed_like_a_creation(kit, sandbox, appointment):
    """What was recorded is parked for its last recorded start, before and after it was parked."""
    kit.record(appointment())
    kit.record(appointment(days=4))
    kit.resync()
    kit.record(appointment(days=5))
    kit.resync()
    assert [send_at for _, send_at in parked(sandbox)] == [START + timedelta(days=4)]


# Doubled


def test_b24_the_job_run_ten_times_works_once(kit, sandbox, appointment):
    """Nine more runs after the first have no work and make no request."""
    kit.record([appointment("A-1"), appointment("A-2", days=2)])
    kit.resync()
    requests = sandbox.request_count
    for _ in range(9):
        assert not [change for change in kit.resync().changes if change.is_work]
    assert sandbox.request_count == requests


def test_b25_each_occurrence_is_reminded_of_once(kit, sandbox, appointment):
    """A series that is handed in day after day sends one text an occurrence."""
    series = [appointment(days=day, recurrence_id=f"2026-02-{10 + day}T14:00:00Z") for day in (2, 3, 4)]
    for _ in range(5):
        kit.sync(series)
        sandbox.clock.advance(days=1)
    assert len(received_texts(sandbox)) == 3


def test_b26_what_was_sent_changes_nothing_of_the_hosts_own(kit, sandbox, appointment):
    """A reminder that went out leaves the host's appointment and its record as they were."""
    visit = appointment(status="tentative", data={"state": "arrived"})
    before = repr(visit)
    kit.sync(visit)
    sandbox.clock.advance(days=2, hours=1)
    kit.resync()
    assert repr(visit) == before
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert record.appointment == visit


def test_b36_one_reminder_after_every_move_and_one_next_year(kit, sandbox, appointment):
    """Moves leave one parked message, and next year's occurrence has a reminder of its own."""
    for day in (3, 4, 3, 5, 4):
        kit.sync(appointment(days=day))
    assert len(parked(sandbox)) == 1
    sandbox.clock.advance(days=5)
    kit.resync()
    next_year = appointment(days=368, recurrence_id="2027")
    kit.sync(next_year)
    sandbox.clock.set(START + timedelta(days=364))
    kit.resync()
    sandbox.clock.advance(days=5)
    assert len(received_texts(sandbox)) == 2


def test_b37_a_sender_that_fails_for_hours_sends_one_copy(kit, sandbox, appointment):
    """Attempts that seemed to fail for hours have made one message at the provider, not twenty."""
    sandbox.fault("500_after", None, method="POST")
    kit.sync(appointment())
    for _ in range(20):
        sandbox.clock.advance(minutes=10)
        kit.resync()
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    assert kit.resync().ok
    assert len(sandbox.messages()) == 1


def test_b45_three_calls_for_one_visit_are_one_text(kit, sandbox, appointment):
    """A visit that is recorded, synced and handed in three times over is one text."""
    kit.record(appointment())
    kit.sync(appointment())
    kit.sync([appointment(), appointment(), appointment()])
    sandbox.clock.advance(days=3)
    kit.resync()
    assert len(received_texts(sandbox)) == 1


def test_b49_a_marker_is_of_one_reminder_not_of_a_day(kit, sandbox, appointment):
    """One fails in the middle of a run: the next run of the same day sends that one, and no other again."""
    sandbox.fault("503", 3, method="POST", containing=OTHER)
    kit.sync([appointment("A-1"), appointment("A-2", phone=OTHER), appointment("A-3", phone="+12025550188")])
    assert len(parked(sandbox)) == 2
    sandbox.clock.advance(minutes=10)
    kit.resync()
    assert len(parked(sandbox)) == len(sandbox.messages()) == 3


def test_r1_accepted_and_then_silent_it_is_one_message(kit, sandbox, appointment):
    """A request that timed out is repeated with the same key, so the provider makes one message."""
    sandbox.fault("slow", 2, method="POST", delay=60)
    assert kit.sync(appointment()).ok
    assert len(sandbox.messages()) == 1
    assert len({request.idempotency_key for request in sandbox.requests}) == 1


def test_c9_with_many_pages_each_is_worked_on_once(kit, sandbox, appointment):
    """A backlog of more than one batch is worked on to its end, each appointment once."""
    people = [appointment(f"A-{n}", phone=f"+120255501{n % 100:02}", hours=n / 100) for n in range(230)]
    kit.record(people)
    assert kit.resync().summary["schedule"] == 230
    assert len(sandbox.messages()) == 230


# Never sent


def test_b09_the_nightly_job_finds_what_no_hook_told_of(kit, sandbox, appointment):
    """A resync with the host's appointments parks what was never handed in before."""
    kit.sync(appointment("A-1"))
    kit.resync([appointment("A-1"), appointment("A-2", phone=OTHER)])
    assert sorted(to for to, _ in parked(sandbox)) == [NUMBER, OTHER]


def test_b19_ids_that_look_alike_are_not_mixed_up(make_kit, sandbox, appointment):
    """Ids of appointments, recipients and rules may be the same text and stay apart."""
    kit = make_kit([Rule("1", before="24 hours", text="1"), Rule("2", before="1 hour", text="2")])
    kit.sync(
        [appointment("1", recipients=[Recipient(NUMBER, id="1"), Recipient(OTHER, id="2")]), appointment("2", hours=1)]
    )
    assert sorted((item.to, item.text) for item in sandbox.parked()) == sorted(
        [(NUMBER, "1"), (NUMBER, "1"), (NUMBER, "2"), (NUMBER, "2"), (OTHER, "1"), (OTHER, "2")]
    )


def test_b20_that_another_channel_might_remind_too_stops_nothing(kit, sandbox, appointment):
    """A calendar's own default reminders don't keep ours from being parked."""
    kit.sync(appointment(source="google", data={"reminders": {"useDefault": True}}))
    assert len(parked(sandbox)) == 1


def test_b27_a_job_that_missed_its_turn_catches_up(make_kit, sandbox, appointment):
    """A reminder whose window was missed by the batch job goes out late, in words that are true then."""
    kit = make_kit([DAY])
    kit.sync(appointment(days=9))
    sandbox.clock.advance(days=8, hours=20)  # the batch job did not run when the reminder entered the window
    report = kit.resync()
    assert [(change.kind.value, change.reason.value) for change in report.changes] == [("schedule", "clamped_late")]
    sandbox.clock.advance(minutes=10)
    assert received_texts(sandbox) == ["Check-up today at 9:00 AM"]


def test_b27_but_not_after_the_start(make_kit, sandbox, appointment):
    """A batch job that comes after the start sends no reminder: it is too late."""
    kit = make_kit([DAY])
    kit.sync(appointment(days=9))
    sandbox.clock.advance(days=9, minutes=1)
    assert [change.reason.value for change in kit.resync().changes] == ["too_late"]
    sandbox.clock.advance(days=1)
    assert received_texts(sandbox) == []


def test_b28_a_run_without_a_right_to_write_is_no_success(make_kit, sandbox, appointment):
    """A refused or missing key ends in a failure that names the variable to set."""
    sandbox.fault("unauthorized", None)
    report = make_kit([DAY]).sync(appointment())
    assert not report.ok
    assert "TELNYX_API_KEY" in report.failed[0].error
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        make_kit([DAY], provider=Telnyx(api_key="", from_="+12025550100")).sync(appointment("A-2"))
    assert issubclass(RefusedCredentialError, ConfigurationError)


def test_b39_a_copy_of_an_appointment_has_a_life_of_its_own(kit, sandbox, appointment):
    """A copy of an appointment already reminded of neither fires at once nor is lost."""
    kit.sync(appointment("A-1"))
    sandbox.clock.advance(days=2, hours=1)
    report = kit.sync(appointment("A-1-copy", days=10))
    assert [change.reason.value for change in report.changes] == ["beyond_window"]
    assert len(received_texts(sandbox)) == 1


def test_b47_accepted_is_not_delivered(hooked, sandbox, appointment):
    """An accepted message is scheduled, and undelivered once the provider says so."""
    sandbox.outcome(NUMBER, "delivery_failed", "40008", "Undeliverable")
    hooked.sync(appointment())
    assert hooked.status()["messages"] == {"scheduled": 1}
    sandbox.clock.advance(days=2, hours=1)
    hear(hooked, sandbox)
    assert hooked.status()["messages"] == {"undelivered": 1}


def test_b47_accepted_and_not_delivered_has_its_fallback(make_kit, sandbox, appointment):
    """The first message was marked as sent once the provider had taken it, and so the fallback never went out."""
    options = {"webhook_url": "https://clinic.example/hooks", "public_key": sandbox.public_key}
    first, second = (Telnyx("KEY", f"+1202555010{n}", **options) for n in range(2))
    kit = make_kit([DAY], provider=first, fallback=second)
    sandbox.outcome(NUMBER, "delivery_failed", "40008", "Undeliverable")
    kit.sync(appointment())
    assert kit.status()["messages"] == {"scheduled": 1}, "accepted is not sent"
    sandbox.clock.advance(days=2, seconds=1)
    hear(kit, sandbox)
    assert not [change for change in kit.resync().changes if change.is_work], "sent is not undelivered"
    sandbox.clock.advance(minutes=1)
    hear(kit, sandbox)
    sandbox.outcome(NUMBER, "delivered")
    assert [change.rule for change in kit.resync(only_dirty=True).changes if change.is_work] == ["day-before-fallback"]
    sandbox.clock.advance(minutes=10)
    hear(kit, sandbox)
    assert [(item.from_, item.text) for item in sandbox.inbox(NUMBER)] == [
        ("+12025550101", "Check-up tomorrow at 9:00 AM")
    ]
    assert kit.status()["messages"] == {"undelivered": 1, "delivered": 1}


def test_b63_what_is_shown_as_coming_is_sent_in_the_end(kit, sandbox, appointment):
    """Every parked reminder is sent, and at the end nothing is shown as still coming."""
    visits = [appointment(f"A-{n}", days=n) for n in range(1, 9)]
    kit.sync(visits)
    for _ in range(10):
        sandbox.clock.advance(days=1)
        kit.resync()
    status = kit.status()
    assert status["reminders"] == {"skipped": {"already_sent": 8}}
    assert status["messages"] in ({"delivered": 8}, {"sent": 8})
    assert status["next_at"] is None
    assert len(received_texts(sandbox)) == 8


def test_c4_and_c9b_no_minute_falls_between_two_runs(make_kit, sandbox, appointment):
    """Whatever second the job runs at, and however near the due time is, there is an outcome."""
    kit = make_kit([DAY])
    visits = [appointment(f"A-{n}", days=1, hours=n / 60 * 3) for n in range(10)]  # due in 0, 3, 6, … 27 minutes
    report = kit.sync(visits)
    assert {change.kind.value for change in report.changes} == {"schedule"}
    assert {change.reason.value for change in report.changes} == {"on_time", "clamped_late"}
    sandbox.clock.advance(seconds=1801)
    assert len(received_texts(sandbox)) == 10


def test_c6_one_without_a_phone_ends_no_run(kit, sandbox, appointment):
    """An appointment without a phone, or with words for one, is skipped by name among the others."""
    nobody = appointment("A-1", recipients=[])
    report = kit.sync([nobody, appointment("A-2"), appointment("A-3", phone="tel. of her son")])
    assert sorted(change.reason.value for change in report.changes) == ["invalid_number", "no_recipient", "on_time"]
    assert len(parked(sandbox)) == 1
