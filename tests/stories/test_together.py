"""Together: appointments of one phone on one day are told in one message, and apart again when they part."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve

from reminder_kit import AsyncReminderKit, QuietHours, Recipient, Rule
from reminder_kit.errors import InvalidRuleError
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.rules.defaults import Defaults
from reminder_kit.text.linter import lint
from tests.factories import (
    ALL,
    APART,
    EVENING,
    NEW_YORK,
    NUMBER,
    START,
    TOGETHER,
    at_rest,
    evening_rule,
    parked_texts,
    received_texts,
    visit,
)

HOURS = Rule("hours", before="3 hours", text="{{ appointment.title }} {{ when }}", together=TOGETHER)


def test_several_appointments_of_a_day_are_in_one_message(evening, sandbox):
    """Several appointments of a day are told in one message by their start."""
    report = evening.sync([visit("B", 11, name="Ben"), visit("A", 9), visit("C", 10, title="Cleaning")])
    assert parked_texts(sandbox) == [
        "tomorrow: 9:00 AM Check-up (Ada), 10:00 AM Cleaning (Ada), 11:00 AM Check-up (Ben)"
    ]
    changes = {change.identity.id: (change.kind, change.reason) for change in report.changes}
    assert changes == {"A": ("schedule", "on_time"), "B": ("skip", "superseded"), "C": ("skip", "superseded")}
    assert len(sandbox.messages()) == 1
    assert at_rest(evening)


@pytest.mark.parametrize("ids", ["AB", "BA"])
def test_who_opts_in_again_is_told_with_what_is_new(make_kit, sandbox, ids):
    """One allowed again by START is told in one message with a new one, in the same run."""
    hours = {"A": 9, "B": 11}
    kit = make_kit([EVENING], provider=Telnyx("KEY", "+12025550100", public_key=sandbox.public_key))
    kit.receive(*sandbox.inbound(NUMBER, "STOP").as_sent(sandbox.now()))
    kit.sync(visit(ids[0], hours[ids[0]]))
    kit.record(visit(ids[1], hours[ids[1]]))
    kit.receive(*sandbox.inbound(NUMBER, "START").as_sent(sandbox.now()))
    kit.resync()
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]
    assert at_rest(kit)


def test_two_records_of_one_visit_are_said_once(evening, sandbox):
    """Whoever has the other record, it is told in that message; where another's words differ, both are said."""
    report = evening.sync([visit("A", 9), visit("A-again", 9), visit("B", 10, name="Ben"), visit("C", 9, name="Cat")])
    (text,) = parked_texts(sandbox)
    assert sorted(text.removeprefix("tomorrow: ").split(", ")) == [
        "10:00 AM Check-up (Ben)",
        "9:00 AM Check-up (Ada)",
        "9:00 AM Check-up (Cat)",
    ]
    assert sorted(change.reason.value for change in report.changes) == ["on_time", *["superseded"] * 3]
    assert at_rest(evening)


@pytest.mark.parametrize("gone", ["A", "A-again"])
def test_of_two_records_of_one_visit_the_other_stands(make_kit, sandbox, gone):
    """One is cancelled: nobody reads that it is off, nothing is said anew; and once the other is, that is told."""
    kit = make_kit([EVENING], cancellation="Off: {{ when }}", correction="Now {{ when }}")
    both = [visit("A", 9), visit("A-again", 9)]
    kit.sync(both)
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM"]
    for _ in range(2):  # while it is parked, and once it is out
        kit.sync([evolve(one, status="cancelled") if one.id == gone else one for one in both])
        assert at_rest(kit)
        assert parked_texts(sandbox) in (["Check-up tomorrow at 9:00 AM"], [])
        kit.sync(both)
        sandbox.clock.set("2026-02-11T23:30:00Z")
        kit.resync()
    kit.sync([evolve(one, status="cancelled") if one.id == gone else one for one in both])
    sandbox.clock.advance(minutes=20)
    kit.resync()
    assert received_texts(sandbox) == ["Check-up tomorrow at 9:00 AM"]
    kit.sync([evolve(one, status="cancelled") for one in both])
    sandbox.clock.advance(minutes=20)
    assert received_texts(sandbox)[1:] == ["Off: tomorrow at 9:00 AM"]


def test_of_two_records_of_one_visit_one_moves(evening, sandbox):
    """They are two then, and one again as soon as it moves back."""
    evening.sync([visit("A", 9), visit("A-again", 9)])
    evening.sync(visit("A-again", 8))
    assert parked_texts(sandbox) == ["tomorrow: 8:00 AM Check-up (Ada), 9:00 AM Check-up (Ada)"]
    evening.sync(visit("A-again", 9))
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM"]
    assert at_rest(evening)


def test_one_alone_gets_the_usual_text(evening, sandbox):
    """An appointment with no other of its number and day gets the rule's usual text."""
    evening.sync([visit("A"), visit("B", day=3), visit("C", phone="+12025550177")])
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM"] * 3


def test_who_joins_later_is_taken_into_the_parked_message(evening, sandbox):
    """A later appointment of the day replaces the parked message by one that speaks of both."""
    evening.sync(visit("A"))
    report = evening.sync(visit("B", 11))
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]
    assert [(change.identity.id, change.kind, change.causes) for change in report.changes] == [
        ("B", "skip", ()),
        ("A", "replace", ("text",)),
    ]
    assert at_rest(evening)


def test_an_earlier_one_takes_over_from_the_parked_message(evening, sandbox):
    """An earlier appointment carries the message for both, and the later one's is cancelled."""
    evening.sync(visit("B", 11))
    report = evening.sync(visit("A"))
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]
    assert {change.identity.id: (change.kind, change.reason) for change in report.changes} == {
        "A": ("schedule", "on_time"),
        "B": ("cancel", "superseded"),
    }
    assert at_rest(evening)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda kit: kit.sync(visit("A", day=3)), APART),
        (lambda kit: kit.sync(visit("B", 11, day=3)), APART),
        (lambda kit: kit.sync(visit("A", status="cancelled")), ["Check-up tomorrow at 11:00 AM"]),
        (lambda kit: kit.sync(visit("B", 11, status="cancelled")), ["Check-up tomorrow at 9:00 AM"]),
        (lambda kit: kit.withdraw("A"), ["Check-up tomorrow at 11:00 AM"]),
        (lambda kit: kit.withdraw("B"), ["Check-up tomorrow at 9:00 AM"]),
        (lambda kit: kit.sync(visit("B", 11), complete=True), ["Check-up tomorrow at 11:00 AM"]),
        (lambda kit: kit.sync(visit("B", 11, phone="+12025550177")), APART),
        (lambda kit: kit.sync(visit("A", 12)), ["tomorrow: 11:00 AM Check-up (Ada), 12:00 PM Check-up (Ada)"]),
        (
            lambda kit: kit.sync(visit("B", 11, title="Cleaning")),
            ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Cleaning (Ada)"],
        ),
    ],
    ids=["first moves", "other moves", "first cancelled", "other cancelled", "first withdrawn", "other withdrawn",
         "first vanished", "another number", "order changes", "other edited"],
)  # fmt: skip
def test_who_parts_is_told_apart_at_once(evening, sandbox, change, expected):
    """Whatever parts appointments that were told together rewrites, in one run, what is parked for them."""
    evening.sync([visit("A"), visit("B", 11)])
    assert change(evening).ok
    assert parked_texts(sandbox) == expected
    assert at_rest(evening)


@pytest.mark.parametrize("how", ["sync", "record"])
def test_the_batch_job_follows_what_was_only_recorded(evening, sandbox, how):
    """A resync takes one that moved out of the common message, whether it was synced or recorded."""
    evening.sync([visit("A"), visit("B", 11), visit("C", 13)])
    getattr(evening, how)(visit("A", day=3))
    evening.resync()
    both = "tomorrow: 11:00 AM Check-up (Ada), 1:00 PM Check-up (Ada)"
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM", both]
    assert at_rest(evening)


def test_a_preview_shows_who_is_told_with_whom(evening, sandbox):
    """A plan shows the replaced text of the parked neighbour, and changes neither it nor the ledger."""
    evening.sync(visit("A"))
    plan = evening.plan(visit("B", 11))
    assert {change.identity.id: change.kind for change in plan.changes} == {"A": "replace", "B": "skip"}
    (replaced,) = plan.work
    assert replaced.text == "tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM"]
    assert [record.identity.id for record in evening.ledger.read(lambda reader: list(reader.records()))] == ["A"]


def test_a_plan_is_the_same_whatever_the_order_of_what_comes_in(make_kit, tmp_path):
    """A plan's digest doesn't depend on the order in which appointments are handed in."""
    visits = [visit(f"V{number}", 8 + number, name=f"N{number}") for number in range(5)]
    digests = set()
    for turn in range(5):
        kit = make_kit([EVENING], ledger=f"sqlite:///{tmp_path / f'{turn}.db'}")
        digests.add(kit.plan(visits[turn:] + visits[:turn]).digest)
    assert len(digests) == 1


def test_what_was_told_is_not_told_again_when_the_first_one_goes(evening, sandbox):
    """One told in another's message stays told once that other is withdrawn, small moves included."""
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(START + timedelta(days=1, hours=9, minutes=5))
    evening.resync()
    assert evening.withdraw("A").ok
    assert evening.sync(visit("B", 11, minute=10)).summary["schedule"] == 0
    assert parked_texts(sandbox) == []
    assert "already_sent" in str(evening.explain("B"))


def test_who_moves_after_being_told_is_told_anew_alone(evening, sandbox):
    """One that moves after the common message went out gets a message of its own."""
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(START + timedelta(days=1, hours=9, minutes=5))
    evening.resync()
    evening.sync(visit("B", 14))
    assert parked_texts(sandbox) == ["Check-up tomorrow at 2:00 PM"]
    assert at_rest(evening)


def test_booked_after_the_message_went_out_it_has_its_own(evening, sandbox):
    """An appointment booked after the common message went out gets one that repeats no other."""
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(START + timedelta(days=1, hours=9, minutes=5))
    evening.resync()
    evening.sync(visit("C", 10, title="Cleaning"))
    assert parked_texts(sandbox) == ["Cleaning tomorrow at 10:00 AM"]


def test_who_comes_too_late_for_the_message_is_told_apart(evening, sandbox):
    """Who comes when the message can't be changed any more is told apart."""
    evening.sync(visit("A"))
    sandbox.clock.set(START + timedelta(days=1, hours=8, minutes=57))
    report = evening.sync(visit("B", 11))
    assert report.ok
    assert parked_texts(sandbox) == ["Check-up tomorrow at 11:00 AM", "Check-up tomorrow at 9:00 AM"]
    assert at_rest(evening)


def test_who_parts_too_late_is_told_whatever_the_rule_says(make_kit, sandbox):
    """Who parts too late to be on time is told whatever the rule says of lateness."""
    kit = make_kit([evening_rule(if_late="skip")])
    kit.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(START + timedelta(days=1, hours=8, minutes=55))
    kit.sync(visit("A", status="cancelled"))
    assert parked_texts(sandbox) == ["Check-up tomorrow at 11:00 AM"]


def test_hours_before_means_before_the_first_of_them(make_kit, sandbox):
    """A common message counts its offset from the earliest start."""
    kit = make_kit([HOURS])
    kit.sync([visit("A", 9, day=1), visit("B", 15, day=1)])
    (message,) = sandbox.parked()
    assert message.send_at == visit("A", 9, day=1).start_at - timedelta(hours=3)
    assert message.text == "today: 9:00 AM Check-up (Ada), 3:00 PM Check-up (Ada)"


def test_beyond_the_window_they_wait_together(evening, sandbox):
    """Appointments told together are held beyond the window and parked in one message within it."""
    evening.sync([visit("A", day=12), visit("B", 11, day=12)])
    assert parked_texts(sandbox) == []
    sandbox.clock.advance(days=8)
    report = evening.resync()
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]
    assert report.ok
    assert at_rest(evening)


def test_a_follow_up_for_several_comes_after_the_last_of_them(make_kit, sandbox):
    """A common follow-up counts its offset from the latest end."""
    rule = Rule("thanks", after="1 hour", text="Thanks!", together="Thanks for {{ appointments | length }} visits!")
    kit = make_kit([rule])
    kit.sync([visit("A", 9), visit("B", 11)])
    (message,) = sandbox.parked()
    assert (message.text, message.send_at) == ("Thanks for 2 visits!", visit("B", 11).end_at + timedelta(hours=1))


def test_rules_are_told_together_each_by_itself(make_kit, sandbox):
    """A rule with `together` combines only its own reminders, and other rules stay apart."""
    kit = make_kit([EVENING, Rule("hour", before="1 hour", text="Soon {{ when }}")])
    kit.sync([visit("A"), visit("B", 11)])
    both = "tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"
    assert parked_texts(sandbox) == ["Soon today at 11:00 AM", "Soon today at 9:00 AM", both]


def test_who_must_not_be_told_is_left_out(make_kit, sandbox):
    """An appointment that the rule's conditions exclude is not named in the common message."""
    rule = evening_rule(unless={"tags": ["quiet"]})
    kit = make_kit([rule])
    kit.sync([visit("A", tags=["quiet"]), visit("B", 11), visit("C", 12)])
    assert parked_texts(sandbox) == ["tomorrow: 11:00 AM Check-up (Ada), 12:00 PM Check-up (Ada)"]
    kit.sync(visit("B", 11, tags=["quiet"]))
    assert parked_texts(sandbox) == ["Check-up tomorrow at 12:00 PM"]


def test_suppressing_the_number_withdraws_the_message_of_all(evening, sandbox):
    """A suppression cancels the common message, and allowing the number parks it again."""
    evening.sync([visit("A"), visit("B", 11)])
    evening.suppress(NUMBER)
    assert parked_texts(sandbox) == []
    evening.allow(NUMBER)
    evening.resync()
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]


def test_a_message_the_provider_refuses_holds_nobody_up(make_kit, sandbox):
    """The first one's message is refused for good; the others do not wait for it."""
    evening = make_kit([EVENING], concurrency=1)  # so that it is the first one's that is refused a second time
    sandbox.fault("error", 2, method="POST", status=400, code="40302")
    report = evening.sync([visit("A"), visit("B", 11), visit("C", 12)])
    assert [(item.identity.id, item.reason) for item in report.failed] == [("A", "quarantined")]
    assert parked_texts(sandbox) == ["tomorrow: 11:00 AM Check-up (Ada), 12:00 PM Check-up (Ada)"]
    assert at_rest(evening)


@pytest.mark.few(4)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500_after", "429", "503"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_whatever_is_answered_all_are_told_once_in_the_end(evening, sandbox, fault, method):
    """Faults of the provider while one parts leave each appointment in exactly one message."""
    evening.sync([visit("A"), visit("B", 11), visit("C", 13)])
    sandbox.fault(fault, 4, method=method, retry_after=0)
    evening.sync(visit("A", day=3))
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    evening.resync()
    both = "tomorrow: 11:00 AM Check-up (Ada), 1:00 PM Check-up (Ada)"
    assert parked_texts(sandbox) == ["Check-up tomorrow at 9:00 AM", both]
    assert at_rest(evening)


def test_one_that_can_not_be_decided_holds_nobody_up(make_kit, sandbox):
    """One whose condition raises fails by name, and the others are told together without it."""

    def strange(appointment, _recipient):
        if appointment.id == "A":
            raise ValueError("out of order")
        return True

    kit = make_kit([evening_rule(when=strange)])
    report = kit.sync([visit("A"), visit("B", 11), visit("C", 12)])
    assert [change.identity.id for change in report.changes if change.outcome == "failed"] == ["A"]
    assert parked_texts(sandbox) == ["tomorrow: 11:00 AM Check-up (Ada), 12:00 PM Check-up (Ada)"]


@pytest.mark.parametrize(
    "together",
    [
        "{{ day }}: " + ALL + "{% endfor %}" + "!" * 160,
        "{% for visit in appointments %}{{ visit.data.room }}{% endfor %}",
    ],
    ids=["too long", "a name is missing"],
)
def test_without_a_text_for_all_each_is_told_by_itself(make_kit, sandbox, together):
    """Where the text for all can't be written each is told by itself."""
    kit = make_kit([evening_rule(together=together, max_parts=1)])
    kit.sync(visit("A"))
    kit.sync([visit("B", 11, data={"room": "5"}), visit("C", 12)])
    assert parked_texts(sandbox) == [f"Check-up tomorrow at {time}" for time in ("11:00 AM", "12:00 PM", "9:00 AM")]
    assert at_rest(kit)


def test_a_day_is_the_readers_own(make_kit, sandbox):
    """23:30 and 00:30 in New York are two days there, and one in Los Angeles."""
    late, early = visit("A", 23, minute=30), visit("B", 0, day=3, minute=30)
    kit = make_kit([EVENING])
    kit.sync([late, early])
    assert len(sandbox.parked()) == 2
    west = [
        evolve(appointment, recipients=[Recipient(NUMBER, name="Ada", timezone="America/Los_Angeles")])
        for appointment in (late, early)
    ]
    kit.sync(west)
    assert parked_texts(sandbox) == ["tomorrow: 8:30 PM Check-up (Ada), 9:30 PM Check-up (Ada)"]


def test_a_family_is_told_in_the_first_ones_language(make_kit, sandbox):
    """A family is told in the first one's language and all-day events count."""
    rule = evening_rule(text={"en": "One", "es": "Una"}, together={"en": "Several", "es": "{{ day }}: varias"})
    kit = make_kit([rule])
    first = evolve(visit("A", 0), all_day=True, recipients=[Recipient(NUMBER, locale="es")])
    kit.sync([first, visit("B", 11)])
    assert parked_texts(sandbox) == ["mañana: varias"]


def test_switching_it_on_or_off_is_followed_by_the_batch_job(make_kit, sandbox):
    """A resync combines what is parked once `together` is set, and parts it once it is gone."""
    apart = make_kit([evening_rule(together="")])
    apart.sync([visit("A"), visit("B", 11)])
    assert len(sandbox.parked()) == 2
    joint = make_kit([EVENING])
    joint.resync()
    assert parked_texts(sandbox) == ["tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"]
    sandbox.clock.advance(minutes=10)  # a set that was replaced takes over once the other has rested
    apart.resync()
    assert len(sandbox.parked()) == 2
    assert at_rest(apart)


def test_explain_tells_with_whom(evening):
    """An explanation names those the message speaks of, or the appointment whose message speaks."""
    evening.sync([visit("A"), visit("B", 11)])
    assert "told in the same message: B" in str(evening.explain("A"))
    assert "told in the message for A, which starts 2026-02-12T14:00:00Z" in str(evening.explain("B"))


def test_occurrences_of_a_series_count_and_so_do_other_sources(evening, sandbox):
    """Appointments of one number are told together across series and sources."""
    first = visit("S", 9, recurrence_id="2026-02-12T14:00:00Z")
    second = visit("S", 12, recurrence_id="2026-02-12T17:00:00Z")
    evening.sync([first, second, visit("X", 15, source="other")])
    assert parked_texts(sandbox) == [
        "tomorrow: 9:00 AM Check-up (Ada), 12:00 PM Check-up (Ada), 3:00 PM Check-up (Ada)",
    ]


def test_the_async_kit_does_the_same(make_kit, sandbox):
    """The async kit combines and parts appointments like the blocking one."""

    async def day():
        async with make_kit([EVENING], kind=AsyncReminderKit) as kit:
            await kit.sync([visit("A"), visit("B", 11)])
            await kit.sync(visit("A", day=3))

    asyncio.run(day())
    assert parked_texts(sandbox) == ["Check-up tomorrow at 11:00 AM", "Check-up tomorrow at 9:00 AM"]


def test_quiet_hours_hold_for_what_is_told_together(make_kit, sandbox):
    """A common message that would go out within quiet hours goes out before them."""
    kit = make_kit([EVENING], quiet_hours=QuietHours("17:00", "20:00"))
    kit.sync([visit("A"), visit("B", 11)])
    (message,) = sandbox.parked()
    assert message.send_at.astimezone(NEW_YORK).strftime("%H:%M") == "16:59"


def test_a_text_for_several_is_linted_when_rules_load():
    """Unknown variables, too many parts and a `together` that is no text are found with the rule."""
    wrong = evening_rule(together="{% for visit in appointments %}{{ visit.titel }}{% endfor %}")
    (finding,) = lint(wrong, Defaults())
    assert (finding.severity, finding.message) == (
        "error",
        "together: unknown variable 'visit.titel': did you mean 'title'?",
    )
    long = evening_rule(together="x" * 170)
    (finding,) = lint(long, Defaults())
    assert finding.message.startswith("together: takes 2 SMS parts")
    with pytest.raises(InvalidRuleError, match="together must be a text"):
        evening_rule(together=7)
