"""Stories from the field of rules, late bookings, imports, zones and consent, each under its number."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread

import pytest

from reminder_kit import QuietHours, Rule
from reminder_kit.model.instants import iso
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import NEW_YORK, NUMBER, START, received_texts

OTHER = "+12025550177"
DAY = Rule(
    "day-before",
    before="24 hours",
    text="{{ appointment.title }} {{ when }} at {{ appointment.location or 'the clinic' }}",
)


def parked(sandbox):
    return sorted((item.to, iso(item.send_at)) for item in sandbox.parked())


def outcomes(run):
    return {change.rule: (change.kind.value, change.reason.value) for change in run.changes}


def hear(kit, sandbox, hooks):
    for hook in hooks:
        kit.receive(*hook.as_sent(sandbox.now()))


@pytest.fixture
def hooked(make_kit, sandbox):
    """A kit that is told of every message by webhooks."""
    provider = Telnyx(
        api_key="KEY", from_="+12025550100", webhook_url="https://clinic.example/hooks", public_key=sandbox.public_key
    )
    return make_kit([DAY], provider=provider)


# Rules, late bookings, imports


def test_b08_a_number_refused_for_good_is_asked_for_once(kit, sandbox, appointment):
    """A number the provider refuses for good is asked for once and past ones never."""
    sandbox.fault("error", 1, status=400, code="40310")
    report = kit.sync([appointment("A-1"), appointment("A-2", days=-2)])
    assert {change.identity.id: change.reason.value for change in report.changes}["A-2"] == "past"
    asked = sandbox.request_count
    for _ in range(6):
        sandbox.clock.advance(hours=6)
        kit.resync()
    assert sandbox.request_count == asked, "neither the refused number nor the past visit is tried again"
    (why,) = kit.explain("A-1").reminders
    assert why.change.reason.value == "invalid_number"
    kit.sync(appointment("A-1", phone=OTHER))
    assert [to for to, _ in parked(sandbox)] == [OTHER], "another number is another matter"


class TestANewRule:
    """B10: switched on, a rule meets appointments that were there before it."""

    WEEK = Rule("week-before", before="1 week", text="In a week: {{ when }}")

    @pytest.fixture
    def clinic(self, make_kit, sandbox, appointment):
        make_kit([DAY]).sync([appointment("soon", days=3), appointment("late", days=20), appointment("gone", days=-3)])
        return make_kit

    def test_b10_is_previewed_and_the_preview_writes_nothing(self, clinic, sandbox):
        """A plan shows what a new rule would send to those still ahead, and writes nothing."""
        before = (sandbox.write_count, parked(sandbox))
        plan = clinic([DAY, self.WEEK]).plan_resync()
        found = {change.identity.id: change.reason.value for change in plan.changes if change.rule == "week-before"}
        assert found == {"soon": "clamped_late", "late": "beyond_window"}, "and nothing of what is over"
        assert (sandbox.write_count, parked(sandbox)) == before

    def test_b10_says_itself_that_who_is_late_for_it_gets_nothing(self, clinic, sandbox):
        """A new rule with `if_late = "skip"` reminds nobody whose due time is over already."""
        on_time = Rule("week-before", before="1 week", text="In a week: {{ when }}", if_late="skip")
        kit = clinic([DAY, on_time])
        before = parked(sandbox)
        report = kit.resync()
        found = {change.identity.id: change.reason.value for change in report.changes if change.rule == "week-before"}
        assert found == {"soon": "too_late", "late": "beyond_window"}
        assert parked(sandbox) == before
        sandbox.clock.advance(days=12)
        kit.resync()
        sandbox.clock.advance(days=1, hours=1)
        assert received_texts(sandbox)[-1].startswith("In a week")


def test_b11_after_an_edit_of_a_rule_parked_is_as_planned(make_kit, sandbox, appointment):
    """After an edit of a rule what is parked is what would be planned."""
    visits = [appointment("A-1"), appointment("A-2", days=4), appointment("A-3", days=9)]
    make_kit([DAY]).sync(visits)
    kit = make_kit([Rule("day-before", before="36 hours", text="Please come {{ when }}")])
    kit.resync()
    assert {change.kind.value for change in kit.plan(visits).changes} == {"keep", "hold"}
    assert parked(sandbox) == [(NUMBER, iso(START + timedelta(days=days, hours=-36))) for days in (3, 4)]
    assert {item.text for item in sandbox.parked()} == {
        "Please come Friday 13 February at 9:00 AM", "Please come Saturday 14 February at 9:00 AM",
    }  # fmt: skip


def test_b42_an_edit_reaches_what_was_booked_before_it(make_kit, sandbox, appointment):
    """An edit reaches what was booked before it and is shown first."""
    make_kit([DAY]).sync([appointment("A-1"), appointment("A-2", days=4)])
    edited = make_kit([Rule("day-before", before="24 hours", text="New words: {{ when }}")])
    plan = edited.plan_resync()
    assert [(change.kind.value, change.causes, change.text) for change in plan.changes] == [
        ("replace", ("text",), "New words: tomorrow at 9:00 AM")
    ] * 2
    edited.apply(plan, expect_digest=plan.digest)
    assert {item.text for item in sandbox.parked()} == {"New words: tomorrow at 9:00 AM"}
    assert len(sandbox.parked()) == 2


def test_b13_b23_why_nothing_was_sent_can_be_asked_later(make_kit, sandbox, appointment):
    """Each rule ends with a stored reason, also the ones that were late, were over, or were not meant."""
    rules = [
        DAY,
        Rule("hour", before="1 hour", text="Soon", if_late="skip"),
        Rule("dental", before="2 hours", text="Teeth", only={"tags": ["dental"]}),
    ]
    make_kit(rules).sync(appointment(days=0, hours=0.5))
    kit = make_kit(rules)
    sandbox.clock.advance(days=2)
    kit.resync()
    stored = {
        outcome.rule: outcome.reason
        for record in kit.ledger.read(lambda reader: list(reader.records()))
        for outcome in record.outcomes
    }
    assert stored == {"day-before": "already_sent", "hour": "past", "dental": "condition"}
    found = {reminder.change.rule: reminder for reminder in kit.explain("A-1").reminders}
    first, *_ = found["hour"].history
    assert (first.event, first.reason) == ("skip", "too_late")
    assert found["dental"].steps[-1] == "not sent: condition (only.tags)"
    assert [entry.event for entry in found["day-before"].history][:2] == ["creating", "scheduled"]


def test_b40_a_rule_for_one_date_leaves_later_dates_alone(make_kit, sandbox, appointment):
    """A rule `on` one date is too late for whoever is booked after that date."""
    carnival = Rule("carnival", on="2026-02-12T15:00:00Z", text="Come in costume", only={"data": {"day": "carnival"}})
    party = Rule("party", on="2026-02-11T15:00:00Z", text="There is cake")
    kit = make_kit([carnival, party])
    kit.sync([
        appointment("A-1", data={"day": "carnival"}, recurrence_id="2026-02-13"),
        appointment("A-1", days=4, recurrence_id="2026-02-14"),
    ])  # fmt: skip
    assert sorted(text for text in (item.text for item in sandbox.parked())) == [
        "Come in costume", "There is cake", "There is cake",
    ]  # fmt: skip
    sandbox.clock.advance(days=3)
    new = appointment("A-1", days=11, data={"day": "carnival"}, recurrence_id="2026-02-21", booked_at=sandbox.now())
    report = kit.sync(new)
    assert outcomes(report) == {"carnival": ("skip", "too_late"), "party": ("skip", "too_late")}
    assert parked(sandbox) == []


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//desk//EN
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260201T000000Z
DTSTART;TZID=America/New_York:20240102T090000
RRULE:FREQ=WEEKLY;BYDAY=TU,FR
SUMMARY:Physiotherapy
ATTENDEE;CN=Ada:tel:+12025550123
END:VEVENT
BEGIN:VEVENT
UID:once
DTSTAMP:20260201T000000Z
DTSTART;TZID=America/New_York:20260208T160000
SUMMARY:On Sunday
ATTENDEE;CN=Bob:tel:+12025550177
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def calendar(tmp_path):
    path = tmp_path / "clinic.ics"
    path.write_text(CALENDAR.replace("\n", "\r\n"), encoding="utf-8")
    return path


def test_b59_a_first_import_tells_nobody_of_the_past(make_kit, sandbox, calendar):
    """Two years of a series, and a visit of two days ago: nobody hears of what is over, thanks included."""
    rules = [DAY, Rule("thanks", after="1 hour", text="Thank you")]
    kit = make_kit(rules)
    plan = kit.plan_calendar(calendar, source="clinic")
    assert sandbox.write_count == 0
    report = kit.import_calendar(calendar, source="clinic")
    assert {(change.key, change.kind, change.reason) for change in report.changes} == {
        (change.key, change.kind, change.reason) for change in plan.changes
    }
    assert all(message.send_at > START for message in sandbox.messages())
    sandbox.clock.advance(days=1)
    kit.resync()
    assert received_texts(sandbox, OTHER) == [], "that visit is no news, and thanks for it come too late"
    assert received_texts(sandbox) == ["Thank you"], "of today's, which is still to come"


def test_b21_a_second_sync_of_the_past_sends_nothing_either(kit, sandbox, appointment):
    """Appointments that are over are skipped as past, however often they are handed in."""
    visits = [appointment(f"A-{days}", days=-days) for days in range(1, 30)]
    for _ in range(3):
        report = kit.sync(visits)
        assert {change.reason.value for change in report.changes} == {"past"}
    assert sandbox.write_count == 0


# Time zones


def test_b43_a_rule_without_a_distance_fires_at_the_minute(make_kit, sandbox, appointment):
    """Elsewhere offset 0 never fired, since "later than" was asked where "not before" was meant."""
    kit = make_kit([Rule("end", after="0 minutes", text="Thank you")])
    visit = appointment(days=0, hours=0.5)
    kit.sync(visit)
    assert parked(sandbox) == [(NUMBER, iso(visit.end_at))]


def test_b43_one_minute_before_the_window_closes_is_still_in_it(make_kit, sandbox, appointment):
    """A due time at the very edge of the provider's window is on time."""
    kit = make_kit([Rule("edge", on=START + timedelta(minutes=5, seconds=30), text="x")])
    assert outcomes(kit.sync(appointment())) == {"edge": ("schedule", "on_time")}


def test_b33_a_series_over_a_change_of_clocks_keeps_its_hour(make_kit, sandbox, appointment):
    """Through the kit to the parked message: ten o'clock stays ten o'clock, whatever UTC says of it."""
    kit = make_kit([Rule("eve", days_before=1, at="18:00", text="{{ when }}")])
    sandbox.clock.set(datetime(2026, 3, 5, 12, tzinfo=NEW_YORK))
    starts = [datetime(2026, 3, day, 10, tzinfo=NEW_YORK) for day in (7, 8, 9)]
    kit.sync([appointment(f"A-{start.day}", starts_at=start, ends_at=None) for start in starts])
    assert [(iso(item.send_at), item.text) for item in sandbox.parked()] == [
        ("2026-03-06T23:00:00Z", "tomorrow at 10:00 AM"),
        ("2026-03-07T23:00:00Z", "tomorrow at 10:00 AM"),
        ("2026-03-08T22:00:00Z", "tomorrow at 10:00 AM"),
    ]


# Consent and people


def test_b06_whatever_a_text_says_is_refreshed(make_kit, sandbox, appointment):
    """Whatever a text says is refreshed until it goes out and only then."""
    kit = make_kit([DAY])
    kit.sync(appointment())
    for changes in ({"location": "Room 5"}, {"title": "Cleaning"}, {"title": "Cleaning", "location": "Room 5"}):
        kit.sync(appointment(**changes))
    assert [item.text for item in sandbox.parked()] == ["Cleaning tomorrow at 9:00 AM at Room 5"]
    writes = sandbox.write_count
    kit.sync(appointment(title="Cleaning", location="Room 5", url="https://example.com", data={"note": "x"}))
    assert sandbox.write_count == writes, "what no text speaks of is no reason to write"


class TestSuppression:
    """B46: the dead, those who came already, and numbers that are wrong."""

    def test_b46_a_person_is_left_alone_everywhere_at_once(self, kit, sandbox, appointment):
        """A suppression cancels all that is parked for the number and keeps new appointments from it."""
        kit.sync([appointment("A-1"), appointment("A-2", days=4), appointment("A-3", phone=OTHER)])
        report = kit.suppress(NUMBER, reason="deceased")
        assert {(change.kind.value, change.reason.value) for change in report.changes} == {("cancel", "suppressed")}
        kit.sync(appointment("A-4", days=2))
        assert [to for to, _ in parked(sandbox)] == [OTHER]
        assert "deceased" in str(kit.ledger.read(lambda reader: reader.suppressions()))

    def test_b46_between_the_plan_and_its_carrying_out_too(self, kit, sandbox, appointment):
        """A number that is suppressed after the plan was made gets nothing when it is applied."""
        plan = kit.plan([appointment("A-1"), appointment("A-2", phone=OTHER)])
        kit.suppress(NUMBER, reason="asked at the desk")
        report = kit.apply(plan)
        assert [to for to, _ in parked(sandbox)] == [OTHER]
        assert {change.to: change.reason.value for change in report.changes} == {NUMBER: "suppressed", OTHER: "on_time"}

    @pytest.mark.parametrize("status", ["completed", "no_show", "cancelled"])
    def test_b46_who_came_already_is_reminded_no_more(self, kit, sandbox, appointment, status):
        """An appointment that is completed, missed or cancelled has nothing parked."""
        kit.sync(appointment())
        kit.sync(appointment(status=status))
        assert parked(sandbox) == []

    def test_b46_a_wrong_number_is_a_reason_not_an_exception(self, kit, sandbox, appointment):
        """A number that can't be one is skipped with its reason, and the others are parked."""
        report = kit.sync([appointment("A-1", phone="555"), appointment("A-2")])
        assert {change.identity.id: change.reason.value for change in report.changes} == {
            "A-1": "invalid_number", "A-2": "on_time",
        }  # fmt: skip

    def test_b46_allowed_again_whoever_is_still_to_be_reminded_is(self, kit, sandbox, appointment):
        """A number that is allowed again gets the reminders that are still due."""
        kit.sync(appointment())
        kit.suppress(NUMBER, reason="by mistake")
        assert parked(sandbox) == []
        kit.allow(NUMBER)
        kit.resync()
        assert len(parked(sandbox)) == 1


def test_b50_a_queue_that_stood_still_waits_for_the_morning(make_kit, sandbox, appointment):
    """A queue that stood still until night writes to nobody before morning."""
    kit = make_kit([DAY], quiet_hours=QuietHours("21:00", "08:00"))
    visit = appointment(days=2)  # due on the 11th at 9
    sandbox.fault("503", None, method="POST")
    kit.sync(visit)
    sandbox.clock.set(datetime(2026, 2, 11, 22, 57, tzinfo=NEW_YORK))
    sandbox.faults.clear()
    kit.resync()
    assert parked(sandbox) == [(NUMBER, iso(datetime(2026, 2, 12, 8, tzinfo=NEW_YORK)))]


def test_b51_a_confirmed_withdrawal_that_was_sent_is_recorded(hooked, sandbox, appointment):
    """The reports come late and in disorder: delivered before sent."""
    anomalies = []
    hooked.on("anomaly", anomalies.append)
    hooked.sync(appointment())
    hooked.withdraw("A-1")
    (message,) = sandbox.messages()
    message.status = "scheduled"  # the provider said yes, and sends it all the same
    sandbox._due.append((message.send_at, 10**6, message))
    sandbox.clock.advance(days=2, minutes=1)
    hear(hooked, sandbox, reversed(sandbox.hooks.sent))
    assert len(anomalies) == 1
    assert hooked.status()["messages"] == {"delivered": 1}
    hooked.resync()
    hooked.sync(appointment(days=3, title="Back again"))
    assert len(received_texts(sandbox)) + len(sandbox.parked()) == 1, "she has this reminder already"


def test_b22_a_report_before_the_answer_makes_no_second_one(hooked, sandbox, appointment):
    """The provider took it, the answer was lost, and its report names a message whose id nobody stored."""
    sandbox.fault("drop_after", None, method="POST")
    hooked.sync(appointment())
    assert hooked.status()["messages"] == {"creating": 1}
    sandbox.faults.clear()
    sandbox.clock.advance(days=2, minutes=1)
    hear(hooked, sandbox, sandbox.hooks.sent)
    hooked.resync()
    assert len(sandbox.messages()) == 1
    assert hooked.status()["messages"] == {"delivered": 1}


def test_b48_two_jobs_at_once_make_one_message_for_each(make_kit, sandbox, appointment):
    """Two batch jobs over one ledger at the same time park each appointment once."""
    kits = [make_kit([DAY]) for _ in range(2)]
    kits[0].record([appointment(f"A-{number}", phone=f"+120255501{number:02}") for number in range(40)])
    threads = [Thread(target=kit.resync) for kit in kits]
    for thread in threads:
        thread.start()
    for item in threads:
        item.join(60)
    kits[0].resync()
    assert len(sandbox.messages()) == len(parked(sandbox)) == 40


class TestDryRuns:
    """C8: elsewhere a test run sent nothing and marked everything as sent."""

    def test_c8_a_preview_leaves_the_ledger_byte_for_byte_as_it_was(self, make_kit, sandbox, appointment, tmp_path):
        """Plans, explanations and the status write nothing to the ledger's files."""
        make_kit([DAY]).sync([appointment("A-1"), appointment("A-2", days=8)])
        files = [tmp_path / "reminders.db", tmp_path / "reminders.db-wal"]
        sandbox.clock.advance(days=1)
        kit = make_kit([Rule("day-before", before="30 hours", text="New")])
        before = [item.read_bytes() for item in files]
        for _ in range(2):
            kit.plan([appointment("A-1", days=5), appointment("A-3")])
            assert kit.plan_resync().work
            kit.explain("A-1")
            kit.status()
        assert [item.read_bytes() for item in files] == before

    def test_c8_and_the_real_run_afterwards_sends(self, kit, sandbox, appointment):
        """A plan made before doesn't keep the sync after it from sending."""
        kit.plan(appointment())
        kit.sync(appointment())
        sandbox.clock.advance(days=3)
        assert len(received_texts(sandbox)) == 1

    @pytest.mark.parametrize("hour", range(24))
    def test_c8_a_look_ahead_knows_24_hours(self, make_kit, appointment, hour):
        """A twelve-hour clock in the look-ahead took nine in the evening for nine in the morning."""
        start = datetime(2026, 2, 13, hour, 30, tzinfo=NEW_YORK)
        (change,) = make_kit([DAY]).plan(appointment(starts_at=start, ends_at=None)).changes
        assert change.due_at == start.astimezone(change.due_at.tzinfo) - timedelta(hours=24)
        half = "AM" if hour < 12 else "PM"
        assert f"at {hour % 12 or 12}:30 {half}" in change.text
