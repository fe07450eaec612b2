"""Told together, in whatever goes wrong: nobody is left out, and nobody is told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from reminder_kit import Appointment, Recipient, Rule
from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.ledger.ledger import Ledger
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.reconciler import executor
from tests.factories import APART, BOTH, EVENING, NUMBER, START, TOGETHER, at_rest, evening_rule, parked_texts, visit
from tests.ledger.older_tables import filled, made_as_of

BEN = "+12025550177"
DUE = START + timedelta(days=1, hours=9)


@pytest.fixture
def make_hooked(make_kit, sandbox):
    """Return a factory of kits that hear of replies, and a function that delivers them."""
    provider = {"webhook_url": "https://clinic.example/hooks", "public_key": sandbox.public_key}

    def make(rules, **options):
        kit = make_kit(rules, provider=Telnyx(api_key="KEY", from_="+12025550100", **provider), **options)

        def reply(word):
            sandbox.inbound(NUMBER, word)
            for hook in sandbox.hooks.sent:
                kit.receive(*hook.as_sent(sandbox.now()))
            kit.resync()

        return kit, reply

    return make


def sent(sandbox):
    return sorted(message.text for message in sandbox.messages() if message.status != "cancelled")


def count_of(sandbox, words):
    return sum(words in text for text in sent(sandbox))


# Nobody is left out


def test_over_max_parts_each_is_told_by_itself(make_kit, sandbox):
    """Where the text for all takes more than `max_parts`, each is told by itself."""
    kit = make_kit([evening_rule(max_parts=1)])
    visits = [visit(f"V{number}", 9 + number, title="A rather long title of a visit") for number in range(4)]
    kit.sync(visits[:1])
    kit.sync(visits)
    assert len(parked_texts(sandbox)) == 4
    assert at_rest(kit)


def test_over_the_providers_limit_each_is_told_by_itself(evening, sandbox):
    """Telnyx takes ten parts: where the text for all takes more, each is told by itself."""
    many = [visit(f"V{number}", 9 + number // 6, minute=number % 6 * 10, title="T" * 60) for number in range(30)]
    assert evening.sync(many).ok
    assert len(parked_texts(sandbox)) == 30
    assert at_rest(evening)


def test_where_the_text_for_all_fails_each_is_told_by_itself(make_kit, sandbox):
    """Where the text for all can't be written, since one lacks a value, each is told by itself."""
    text = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.data.room }} {% endfor %}"
    kit = make_kit([evening_rule(together=text)])
    kit.sync([visit("A"), visit("B", 11, data={"room": "5"})])
    assert parked_texts(sandbox) == APART


def test_a_front_desks_phone_is_told_of_each_by_itself(evening, sandbox):
    """A number with dozens of appointments a day gets no combined text, but one for each."""
    evening.sync([visit(f"V{number}", 9 + number // 12, minute=number % 12 * 5, title="T") for number in range(60)])
    assert len(parked_texts(sandbox)) == 60


def test_two_that_are_refused_at_once_hold_nobody_up(evening, sandbox):
    """B waits for A's message and has one of its own, to somebody else: both are refused, and one of the two anew."""
    other = evolve(visit("B", 11), recipients=[Recipient(NUMBER, name="Ada"), Recipient(BEN, name="Ben")])
    sandbox.fault("error", 3, method="POST", status=400, code="40302")
    evening.sync([visit("A"), other])
    (parked,) = parked_texts(sandbox)  # whose request came first is refused
    assert parked in ("Check-up tomorrow at 9:00 AM", "Check-up tomorrow at 11:00 AM")
    assert at_rest(evening)


def test_who_waits_for_one_that_became_too_late_is_told(make_kit, sandbox, monkeypatch):
    """B's message is withdrawn for that of Z, of a later batch; by then its rule says it is too late."""
    monkeypatch.setattr(executor, "_BATCH", 1)
    start = DUE - timedelta(minutes=6)

    def clock():
        withdrawn = any(message.status == "cancelled" for message in sandbox.messages())
        return sandbox.now() + timedelta(minutes=1 if withdrawn else 0)

    kit = make_kit([evening_rule(if_late="skip")], clock=clock)
    kit.sync(visit("B", 11))
    sandbox.clock.set(start)
    kit.sync([visit("Z", 9), visit("B", 11)])
    assert parked_texts(sandbox) == ["Check-up tomorrow at 11:00 AM"]


def test_who_waits_for_one_that_moves_meanwhile_is_told(make_kit, sandbox, monkeypatch):
    """A is moved by a host between the decision and the intent: B, who waited for it, is told."""
    kit, host = make_kit([EVENING]), make_kit([EVENING])
    kit.sync([])
    kit.record([visit("A"), visit("B", 11)])
    decide, moved = executor.Executor._decide, []

    def decide_and_move(self, batch, held_back):
        decide(self, batch, held_back)
        if not moved:
            moved.append(host.record(visit("A", day=3)))

    monkeypatch.setattr(executor.Executor, "_decide", decide_and_move)
    kit.resync()
    kit.resync()
    assert parked_texts(sandbox) == APART


def test_who_waits_for_one_that_something_else_silences_is_told(make_kit, sandbox):
    """X and A are parked in one batch, and A's rule is silent so soon after X."""
    silent = Rule("day", before="24 hours", text="D {{ when }}", together="DD", min_silence="2 hours",
                  unless={"title": "X"})  # fmt: skip
    kit = make_kit([Rule("hour", before="25 hours", text="X {{ when }}", only={"title": "X"}), silent])
    kit.sync([visit("X", 12, title="X", day=3), visit("A", 12, day=3), visit("B", 20, day=3)])
    assert parked_texts(sandbox) == ["D tomorrow at 8:00 PM", "X tomorrow at 12:00 PM"]
    assert at_rest(kit)


def test_one_date_in_zones_far_apart_is_one_day(evening, sandbox):
    """What is in the middle sees both ends: then they must see each other."""

    def at(id, place, hour):
        starts_at = datetime(2026, 2, 13, hour, tzinfo=ZoneInfo(place))
        return Appointment(id, starts_at, recipients=[Recipient(NUMBER, name="Ada")], title=id)

    evening.sync([at("A", "Asia/Tokyo", 9), at("C", "America/New_York", 9), at("B", "America/New_York", 22)])
    (text,) = parked_texts(sandbox)
    assert all(f" {name} (" in text for name in "ABC")


def test_alarms_for_different_instants_are_not_combined(make_kit, sandbox):
    """Alarms of one day are told together only where they are for the same instant."""
    rule = Rule("alarm", before="1 hour", text="{{ appointment.title }} {{ when }}", together=TOGETHER)
    kit = make_kit([rule], calendar=CalendarSettings(alarms="only"))
    alarms = {"A": timedelta(minutes=15), "B": timedelta(hours=20)}
    visits = [visit("A"), visit("B", 11)]
    kit.sync(
        [
            evolve(appointment, data={"alarms": [(appointment.start_at - alarms[appointment.id]).isoformat()]})
            for appointment in visits
        ]
    )
    assert {item.send_at for item in sandbox.parked()} == {
        appointment.start_at - alarms[appointment.id] for appointment in visits
    }


def test_what_an_older_library_records_is_found(evening, sandbox):
    """What an older library records meanwhile is found when it is worked on."""
    evening.sync(visit("A"))
    evening.record(visit("B", 11))
    with evening.ledger._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM reminder_kit_phones WHERE row_id = 2")
    evening.resync()
    assert parked_texts(sandbox) == [BOTH]
    assert at_rest(evening)


# Nobody is told twice


@pytest.mark.parametrize("change", ["withdrawn", "moved", "reassigned"])
def test_a_message_that_stays_tells_whom_it_tells(evening, sandbox, change):
    """A message that can't be withdrawn any more tells whom it tells."""
    evening.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE - timedelta(seconds=50))
    match change:
        case "withdrawn":
            evening.withdraw("A")
        case "moved":
            evening.sync(visit("A", day=4))
        case _:
            evening.sync(visit("A", phone=BEN))
    for _ in range(3):
        sandbox.clock.advance(minutes=3)
        evening.resync()
    assert count_of(sandbox, "11:00") == 1


@pytest.mark.parametrize("first", ["A", "B"], ids=["the first is withdrawn", "an earlier one comes"])
def test_nothing_new_while_what_tells_it_could_not_be_withdrawn(evening, sandbox, first):
    """One isn't told anew while the message that speaks of it could not be cancelled."""
    evening.sync([visit("A"), visit("B", 11)] if first == "A" else visit("B", 11))
    sandbox.fault("503", 1000, method="DELETE")
    for _ in range(2):
        evening.withdraw("A") if first == "A" else evening.sync(visit("A"))
        assert count_of(sandbox, "11:00") == 1
    sandbox.faults.clear()
    sandbox.clock.advance(minutes=10)
    evening.resync()
    evening.resync()
    assert parked_texts(sandbox) == (["Check-up tomorrow at 11:00 AM"] if first == "A" else [BOTH])
    assert at_rest(evening)


def test_switching_it_off_tells_nobody_again(make_kit, sandbox):
    """Who was told in a common message isn't told again once `together` is gone."""
    kit = make_kit([EVENING])
    kit.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    kit.resync()
    apart = make_kit([evening_rule(together="")])
    apart.resync()
    assert sent(sandbox) == [BOTH]
    assert at_rest(apart)


@pytest.mark.parametrize("others", [[], [visit("A")]], ids=["by itself", "in another's message"])
def test_an_occurrence_under_another_name_was_told(evening, sandbox, others):
    """Before a new key is scheduled, what was sent for (nearly) that start counts."""

    def occurrence(minute):
        at = visit("S", 11, minute=minute).start_at
        return visit("S", 11, minute=minute, recurrence_id=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    evening.sync([*others, occurrence(0)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    evening.resync()
    evening.withdraw("S")
    evening.sync(occurrence(10))
    assert len(sent(sandbox)) == 1
    assert at_rest(evening)


@pytest.mark.parametrize("hour", [10, 12], ids=["before it", "after it"])
def test_a_new_one_is_told_without_a_told_series_that_moved(evening, sandbox, hour):
    """The new one's message leaves out the occurrence, which was told under its old name."""
    at = {minute: visit("S", 11, minute=minute).start_at.astimezone(UTC) for minute in (0, 10)}
    named = {minute: f"{start_at:%Y-%m-%dT%H:%M:%SZ}" for minute, start_at in at.items()}
    evening.sync([visit("A"), visit("S", 11, recurrence_id=named[0])])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    evening.resync()
    evening.withdraw("S")
    evening.sync(visit("S", 11, minute=10, recurrence_id=named[10]))
    evening.sync(visit("C", hour, title="New"))
    (text,) = parked_texts(sandbox)
    assert text.startswith("New tomorrow")
    assert at_rest(evening)


def test_who_opts_in_again_is_told_once(make_hooked, sandbox):
    """STOP cancels the common message, and START parks the same one again."""
    kit, reply = make_hooked([EVENING])
    kit.sync([visit("A"), visit("B", 11)])
    reply("STOP")
    assert parked_texts(sandbox) == []
    reply("START")
    assert parked_texts(sandbox) == [BOTH]


def test_a_mended_text_tells_each_once(make_kit, sandbox):
    """Appointments that a broken template kept back are told together once it is mended."""
    broken = evening_rule(text="{{ data.room }}", together="{{ data.room }}")
    make_kit([broken]).sync([visit("A"), visit("B", 11)])
    assert parked_texts(sandbox) == []
    kit = make_kit([EVENING])
    kit.resync()
    assert parked_texts(sandbox) == [BOTH]


def test_one_that_was_refused_stays_apart_whatever_is_edited(make_kit, sandbox):
    """An edit of a neighbour doesn't join the message that was refused, and tells none twice."""
    evening = make_kit([EVENING], concurrency=1)  # so that it is the first one's that is refused a second time
    sandbox.fault("error", 2, method="POST", status=400, code="40302")
    evening.sync([visit("A"), visit("B", 11), visit("C", 12)])
    evening.sync(visit("C", 12, title="Cleaning"))
    assert count_of(sandbox, "11:00") == 1
    assert at_rest(evening)


# What is shown, counted and answered


def test_a_preview_knows_what_is_gone(evening):
    """A plan over a complete list shows what is withdrawn as `apply` will find it."""
    evening.sync([visit("A"), visit("B", 11)])
    plan = evening.plan(visit("B", 11, title="Cleaning"), complete=True)
    shown = {(change.identity.id, change.kind, change.text) for change in plan.changes}
    assert shown == {(change.identity.id, change.kind, change.text) for change in evening.apply(plan).changes}
    assert ("B", "schedule", "Cleaning tomorrow at 11:00 AM") in shown


def test_neighbours_are_not_counted_as_handed_in(evening):
    """A report counts the appointments that were handed in, not those looked at for their sake."""
    evening.sync([visit("A"), visit("C", 12)])
    assert evening.sync(visit("B", 11)).summary["appointments"] == 1


def test_switching_it_on_is_no_mass_withdrawal(make_kit, sandbox):
    """Messages that are cancelled because another speaks for them don't count for the guard."""
    phones = [f"+120255501{number:02}" for number in range(10)]
    make_kit([evening_rule(together="")]).sync(
        [visit(f"{phone}-{number}", 9 + number, phone=phone) for phone in phones for number in range(3)]
    )
    make_kit([EVENING]).resync()
    assert len(sandbox.parked()) == 10


def test_a_reply_is_about_all_that_were_told(make_hooked, sandbox):
    """A reply to a common message confirms every appointment it spoke of."""
    hour = Rule("hour", before="1 hour", text="Soon {{ when }}", unless={"replied": ["confirm"]})
    kit, reply = make_hooked([EVENING, hour], replies={"confirm": ["C"]})
    kit.sync([visit("A"), visit("B", 11)])
    sandbox.clock.set(DUE + timedelta(minutes=5))
    kit.resync()
    reply("C")
    assert parked_texts(sandbox) == []


def test_a_preview_of_a_move_knows_that_a_reply_was_about_the_old_start(make_hooked, sandbox):
    """As what follows does: the person is asked again."""
    day = Rule("day", before="24 hours", text="See you {{ when }}. Reply C")
    ask = Rule("ask", before="6 hours", text="Confirm? {{ when }}", unless={"replied": ["confirm"]})
    kit, reply = make_hooked([day, ask], replies={"confirm": ["C"]})
    kit.sync(visit("A", day=2))
    sandbox.clock.advance(hours=26)
    kit.resync()
    reply("C")
    planned, done = kit.plan(visit("A", day=6)), kit.sync(visit("A", day=6))
    assert ("ask", "schedule") in [(change.rule, change.kind.value) for change in planned.changes]
    assert [line.reason for line in planned.changes] == [line.reason for line in done.changes]


@pytest.mark.parametrize(
    "verb",
    [
        lambda kit: kit.sync(visit("A")),
        lambda kit: kit.resync(),
        lambda kit: kit.withdraw("A"),
        lambda kit: kit.suppress(NUMBER),
    ],
    ids=["sync", "resync", "withdraw", "suppress"],
)
def test_an_older_sqlite_ledger_is_upgraded_by_whatever_writes(make_kit, tmp_path, verb):
    """A ledger of the first schema is upgraded by the first verb that writes to it."""
    older = Ledger(f"sqlite:///{tmp_path / 'reminders.db'}")
    made_as_of(older, "0001")
    filled(older, 2)
    older.close()
    kit = make_kit([EVENING])
    verb(kit)
    assert kit.ledger.check_schema() == "current"
    assert kit.plan(visit("A")).now == START.astimezone(UTC)


def test_two_hundred_visits_of_one_number_are_judged_once(make_kit):
    """Each looks at each: that must not be looked at anew by each of them."""
    looked = []

    def counted(appointment, _recipient):
        looked.append(appointment.id)
        return True

    kit = make_kit([evening_rule(when=counted)])
    kit.plan([visit(f"V{number}", 8 + number // 60, minute=number % 60) for number in range(200)])
    assert len(looked) <= 3 * 200
