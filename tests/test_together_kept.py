"""Told together: nobody lost, nobody told twice, whatever is refused, moved, withdrawn or silenced meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule, engine
from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.ledger import Ledger
from reminder_kit.providers.telnyx import Telnyx
from tests.conftest import NEW_YORK, START
from tests.ledger.test_schema import filled, made_as_of
from tests.test_together import EVENING, PHONE, TOGETHER, at_rest, evolve_rule, told, visit

BOTH = "tomorrow: 9:00 AM Check-up (Ada), 11:00 AM Check-up (Ada)"
DUE = START + timedelta(days=1, hours=9)  # 18:00 in New York on the 11th


@pytest.fixture
def evening(make_kit):
    return make_kit([EVENING])


def received(sandbox):
    return sorted(each.text for each in sandbox.messages() if each.status != "cancelled")


def test_a_joint_text_of_too_many_parts_loses_nobody(make_kit, sandbox):
    """max_parts refuses the text for several: they are told apart (or at least by somebody)."""
    kit = make_kit([evolve_rule(EVENING, max_parts=1)])
    visits = [visit(f"V{n}", 9 + n, title="A rather long title of a visit") for n in range(4)]
    kit.sync(visits)
    kit.resync()
    texts = " ".join(told(sandbox))
    missing = [n for n in range(4) if visits[n].starts_at.strftime("%-I:%M %p") not in texts]
    assert not missing, (told(sandbox), {e.identity.id: (e.kind, e.reason) for e in kit.plan_resync().changes})


def test_who_would_make_the_parked_text_too_long_is_told(make_kit, sandbox):
    kit = make_kit([evolve_rule(EVENING, max_parts=1)])
    kit.sync([visit("A", title="A rather long title of a visit, really")])
    kit.sync(
        [
            visit(
                "B",
                11,
                title="Another long title that makes it longer than one part, told together with the first one",
            )
        ]
    )
    kit.resync()
    assert "11:00" in " ".join(told(sandbox)), (told(sandbox), str(kit.explain("B")))


def test_a_joint_template_that_fails_for_one_loses_nobody(make_kit, sandbox):
    together = "{% for each in appointments %}{{ each.starts_at | time }} {{ each.data.room }} {% endfor %}"
    kit = make_kit([evolve_rule(EVENING, together=together)])
    kit.sync([visit("A"), visit("B", 11, data={"room": "5"}), visit("C", 12, data={"room": "6"})])
    kit.resync()
    texts = " ".join(told(sandbox))
    assert all(each in texts for each in ("9:00", "11:00", "12:00")), told(sandbox)


def test_planned_silence_and_the_others_view(make_kit, sandbox):
    """A is silenced by X of the same batch; B must not wait for A."""
    rules = [
        Rule("hour", before="25 hours", text="X {{ when }}", only={"title": "X"}),
        Rule(
            "day", before="24 hours", text="D {{ when }}", together="DD", min_silence="2 hours", unless={"title": "X"}
        ),
    ]
    kit = make_kit(rules)
    x = visit("X", 12, title="X", day=3)
    kit.sync([x, visit("A", 12, day=3), visit("B", 20, day=3)])
    reasons = {(e.identity.id): (e.kind, e.reason) for e in kit.plan_resync().changes if e.rule == "day"}
    kit.resync()
    assert reasons["B"][1] != "superseded" or "DD" in told(sandbox), (told(sandbox), reasons)


def test_a_leader_that_moves_while_it_is_worked_on_leaves_the_others_told(make_kit, sandbox, monkeypatch):
    """A host records A on another day between the decision and the intent."""
    kit, host = make_kit([EVENING]), make_kit([EVENING])
    kit.ledger.upgrade()
    kit.record([visit("A"), visit("B", 11)])
    real, calls = engine.Engine._decide, []

    def decide(self, works, held_back):
        real(self, works, held_back)
        if not calls:
            calls.append(1)
            host.record(visit("A", day=3))

    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "_decide", decide)
        kit.resync()
    for _ in range(3):
        kit.resync()
    assert told(sandbox) == ["Check-up tomorrow at 11:00 AM", "Check-up tomorrow at 9:00 AM"]


def test_the_day_of_readers_far_apart(make_kit, sandbox):
    """One phone; 'the same day' in three zones is longer than 26 hours."""
    kit = make_kit([EVENING])

    def at(id, zone, hour):
        z = ZoneInfo(zone)
        s = datetime(2026, 2, 13, hour, 0, tzinfo=z)
        return Appointment(
            id, s, s + timedelta(minutes=30), recipients=[Recipient(PHONE, name="Ada")], title=id, timezone=zone
        )

    kit.sync([at("A", "Asia/Tokyo", 9), at("C", "America/New_York", 9), at("B", "America/New_York", 22)])
    kit.resync()
    texts = " ".join(told(sandbox))
    assert all(f" {each} " in f" {texts} " for each in "ABC"), told(sandbox)


def test_one_of_another_batch_that_became_too_late(make_kit, sandbox, monkeypatch):
    """B gives up its message for Z's, of a later batch; by then Z is too late for its rule."""
    monkeypatch.setattr(engine, "_BATCH", 1)
    kit = make_kit([evolve_rule(EVENING, if_late="skip")])
    kit.sync(visit("B", 11))
    sandbox.clock.set(DUE - timedelta(minutes=6))
    real = engine.Engine._work

    async def work(self, identities, run):
        r = await real(self, identities, run)
        sandbox.clock.advance(minutes=1)
        return r

    monkeypatch.setattr(engine.Engine, "_work", work)
    kit.sync([visit("Z", 9), visit("B", 11)])
    monkeypatch.setattr(engine.Engine, "_work", real)
    for _ in range(3):
        kit.resync()
    assert "11:00" in " ".join(told(sandbox)), (told(sandbox), str(kit.explain("B")), str(kit.explain("Z")))


def test_alarms_of_one_number_are_told_when_they_are_due(make_kit, sandbox):
    """alarm-1 of A is 15 minutes before, alarm-1 of B a day before: B's must come a day before."""
    kit = make_kit(
        [Rule("alarm", before="1 hour", text="{{ appointment.title }} {{ when }}", together=TOGETHER)],
        calendar=CalendarSettings(alarms="only"),
    )
    a, b = visit("A", 9), visit("B", 11)

    def with_alarm(v, before):
        return evolve(v, data={"alarms": [(v.start_at - before).strftime("%Y-%m-%dT%H:%M:%SZ")]})

    kit.sync([with_alarm(a, timedelta(minutes=15)), with_alarm(b, timedelta(hours=20))])
    due = b.start_at - timedelta(hours=20)
    assert any(m.send_at == due for m in sandbox.parked()), [(m.send_at, m.text) for m in sandbox.parked()]


def test_the_first_is_withdrawn_when_its_message_can_not_be(evening, sandbox):
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE - timedelta(seconds=50))
    evening.withdraw("A")
    for _ in range(3):
        sandbox.clock.advance(minutes=3)
        evening.resync()
    sandbox.clock.advance(minutes=30)
    assert sum("11:00" in t for t in received(sandbox)) == 1, received(sandbox)


def test_the_first_moves_away_when_its_message_can_not_be_withdrawn(evening, sandbox):
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE - timedelta(seconds=50))
    evening.sync(visit("A", day=4))
    for _ in range(3):
        sandbox.clock.advance(minutes=3)
        evening.resync()
    assert sum("11:00" in t for t in received(sandbox)) == 1, received(sandbox)


def test_switching_it_off_does_not_tell_again_what_was_told(make_kit, sandbox):
    make_kit([EVENING]).sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    make_kit([EVENING]).resync()
    make_kit([evolve_rule(EVENING, together="")]).resync()
    assert received(sandbox) == [BOTH]


def test_stop_and_start(make_kit, sandbox):
    provider = Telnyx(
        api_key="KEY", from_="+12025550100", webhook_url="https://clinic.example/hooks", public_key=sandbox.public_key
    )
    kit = make_kit([EVENING], provider=provider)
    kit.sync([visit("A"), visit("B", 11)])

    def deliver():
        for hook in sandbox.hooks.sent:
            headers, body = hook.written(sandbox.now())
            kit.receive(headers, body)

    sandbox.inbound(PHONE, "STOP")
    deliver()
    kit.resync()
    assert told(sandbox) == []
    sandbox.inbound(PHONE, "START")
    deliver()
    kit.resync()
    kit.resync()
    assert told(sandbox) == [BOTH]


def test_opted_in_again(evening, sandbox):
    def both(opted):
        return [
            evolve(each, recipients=[Recipient(PHONE, name="Ada", opted_in=opted)])
            for each in (visit("A"), visit("B", 11))
        ]

    evening.sync(both(False))
    evening.sync(both(True))
    evening.resync()
    assert told(sandbox) == [BOTH]


def test_a_mended_template(make_kit, sandbox):
    broken = evolve_rule(EVENING, text="{{ appointment.title }} {{ data.room }}", together="{{ day }} {{ data.room }}")
    kit = make_kit([broken])
    kit.sync([visit("A"), visit("B", 11)])
    assert told(sandbox) == []
    kit = make_kit([EVENING])
    kit.resync()
    kit.resync()
    assert told(sandbox) == [BOTH]


def test_a_refused_first_one_and_an_edit(evening, sandbox):
    """A's message is refused; B and C go on without it. An edit of C must not have A tell them again."""
    sandbox.fault("error", 1, method="POST", status=400, code="40302")
    evening.sync([visit("A"), visit("B", 11), visit("C", 12)])
    evening.sync(visit("C", 12, title="Cleaning"))
    evening.resync()
    assert sum("11:00" in t for t in told(sandbox)) == 1, told(sandbox)


def test_an_occurrence_with_a_new_key_after_it_was_told(evening, sandbox):
    """Design §13: before a new key is scheduled, what was sent for (nearly) that start counts."""

    def occurrence(minute):
        at = datetime(2026, 2, 12, 11, minute, tzinfo=NEW_YORK)
        return visit("S", 11, minute=minute, recurrence_id=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    evening.sync([visit("A"), occurrence(0)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    evening.resync()
    evening.withdraw("S")
    evening.sync(occurrence(10))
    assert len(received(sandbox)) == 1, received(sandbox)


def test_a_preview_with_one_that_vanished_is_what_apply_does(evening, sandbox):
    evening.sync([visit("A"), visit("B", 11)])
    plan = evening.plan([visit("B", 11, title="Cleaning")], complete=True)
    shown = {(c.identity.id, str(c.kind), c.text) for c in plan.changes}
    report = evening.apply(plan)
    real = {(c.identity.id, str(c.kind), c.text) for c in report.changes}
    assert shown == real


def test_counts_of_appointments(evening, sandbox):
    evening.sync([visit("A"), visit("C", 12)])
    report = evening.sync(visit("B", 11))
    assert report.summary["appointments"] == 1, report.summary


def test_a_reply_to_a_joint_message_is_about_all(make_kit, sandbox):
    provider = Telnyx(
        api_key="KEY", from_="+12025550100", webhook_url="https://clinic.example/hooks", public_key=sandbox.public_key
    )
    hour = Rule("hour", before="1 hour", text="Soon {{ when }}", unless={"replied": ["confirm"]})
    kit = make_kit([EVENING, hour], provider=provider, replies={"confirm": ["C"]})
    kit.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    kit.resync()
    sandbox.inbound(PHONE, "C")
    for hook in sandbox.hooks.sent:
        headers, body = hook.written(sandbox.now())
        kit.receive(headers, body)
    kit.resync()
    assert told(sandbox) == []


def test_switching_it_on_is_no_mass_withdrawal(make_kit, sandbox):
    apart = make_kit([evolve_rule(EVENING, together="")])
    visits = [visit(f"{p}-{n}", 9 + n, phone=f"+120255501{p:02}") for p in range(10) for n in range(3)]
    apart.sync(visits)
    joint = make_kit([EVENING])
    assert joint.resync().problems == ()  # and raises nothing
    assert len(told(sandbox)) == 10


def test_two_refusals_in_one_batch_wake_each_other(make_kit, sandbox):
    """B waits for A, whose message is refused; B's message to somebody else is refused as well: B must look again."""
    kit = make_kit([EVENING])
    b = evolve(visit("B", 11), recipients=[Recipient(PHONE, name="Ada"), Recipient("+12025550177", name="Ben")])
    sandbox.fault("error", 2, method="POST", status=400, code="40302")
    kit.sync([visit("A"), b])
    for _ in range(3):
        kit.resync()
    assert "11:00" in " ".join(e.text for e in sandbox.parked() if e.to == PHONE), (
        told(sandbox),
        str(kit.explain("B")),
    )


def test_nor_was_one_told_by_itself(evening, sandbox):
    def occurrence(minute):
        at = datetime(2026, 2, 12, 11, minute, tzinfo=NEW_YORK)
        return visit("S", 11, minute=minute, recurrence_id=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    evening.sync([occurrence(0)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    evening.resync()
    evening.withdraw("S")
    evening.sync(occurrence(10))
    assert len(received(sandbox)) == 1, received(sandbox)


@pytest.mark.parametrize(
    "verb",
    [
        lambda kit: kit.sync(visit("A")),
        lambda kit: kit.resync(),
        lambda kit: kit.withdraw("A"),
        lambda kit: kit.suppress(PHONE),
    ],
    ids=["sync", "resync", "withdraw", "suppress"],
)
def test_an_older_sqlite_ledger_is_upgraded_by_whatever_writes(make_kit, tmp_path, verb):
    """Design 13: an absent or older SQLite ledger is created or upgraded on first write."""
    old = Ledger(f"sqlite:///{tmp_path / 'reminders.db'}")
    made_as_of(old, "0001")
    filled(old, 2)
    old.close()
    verb(make_kit([EVENING]))
    assert Ledger(f"sqlite:///{tmp_path / 'reminders.db'}").check_schema() == "current"


def test_no_new_message_while_the_one_that_tells_it_could_not_be_withdrawn(evening, sandbox):
    """Law 3, and design 13: as with a reminder's own message, nothing new while the old one is cancelling."""
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.fault("503", 1000, method="DELETE")
    evening.withdraw("A")
    assert sum("11:00" in t for t in told(sandbox)) == 1, told(sandbox)
    evening.resync()
    assert sum("11:00" in t for t in told(sandbox)) == 1, told(sandbox)
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    evening.resync()
    evening.resync()
    assert told(sandbox) == ["Check-up tomorrow at 11:00 AM"]
    assert at_rest(evening)


def test_nor_the_other_way_round(evening, sandbox):
    evening.sync(visit("B", 11))
    sandbox.fault("503", 1000, method="DELETE")
    evening.sync(visit("A"))
    assert sum("11:00" in t for t in told(sandbox)) == 1, told(sandbox)
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    evening.resync()
    evening.resync()
    assert told(sandbox) == [BOTH]
    assert at_rest(evening)
