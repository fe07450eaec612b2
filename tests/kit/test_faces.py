"""The kit as hosts hold it: both faces, many threads, the host's own transaction, webhooks, wrong arguments."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from datetime import timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from reminder_kit import AsyncReminderKit, ReminderKit, Rule
from reminder_kit.errors import (
    ConfigurationError,
    InvalidInputError,
    InvalidRuleError,
    LedgerError,
    PlanChangedError,
    SignatureError,
    UnsafePlanError,
)
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.sandbox import Sandbox, serve
from tests.factories import DAY, START, summed, visit


def test_the_async_face_does_the_same(make_kit, sandbox, appointment):
    async def day():
        async with make_kit(kind=AsyncReminderKit, concurrency=8) as kit:
            assert (await kit.plan([appointment()])).summary["schedule"] == 1
            report = await kit.sync([appointment(f"A-{index}", hours=index / 4) for index in range(30)])
            assert (report.ok, report.summary["schedule"]) == (True, 30)
            assert (await kit.sync(appointment("A-3", days=4))).summary["replace"] == 1
            assert (await kit.withdraw("A-4")).summary["cancel"] == 1
            await kit.record(appointment("B-1"))
            assert (await kit.resync()).summary["schedule"] == 1
            assert "day-before" in str(await kit.explain("A-1"))

    asyncio.run(day())
    assert len(sandbox.parked()) == 30


def test_both_faces_speak_real_http(tmp_path, appointment, day_before):
    sandbox = Sandbox(clock=START, strict=True)
    with serve(sandbox) as server:
        provider = Telnyx(api_key="KEY", from_="+12025550100", base_url=server.base_url)
        options = {"timezone": "America/New_York", "clock": sandbox.clock}
        with ReminderKit(provider, [day_before], f"sqlite:///{tmp_path / 'a.db'}", **options) as kit:
            assert kit.sync([appointment(f"A-{index}", hours=index / 4) for index in range(40)]).ok

        async def later():
            async with AsyncReminderKit(provider, [day_before], f"sqlite:///{tmp_path / 'b.db'}", **options) as kit:
                assert (await kit.sync([appointment(f"B-{index}", hours=index / 4) for index in range(40)])).ok

        asyncio.run(later())
    assert len(sandbox.parked()) == 80


def test_one_kit_serves_many_threads(kit, sandbox, appointment):
    """B48: the same appointment saved by many at once is one message."""
    barrier, failures = threading.Barrier(6), []

    def save():
        barrier.wait()
        if not kit.sync(appointment()).ok:
            failures.append(1)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(sandbox.messages()) == 1


def test_the_blocking_face_works_inside_a_running_loop(kit, sandbox, appointment):
    async def handler():
        return kit.sync(appointment())

    assert asyncio.run(handler()).ok
    assert len(sandbox.parked()) == 1


def test_the_wish_commits_or_rolls_back_with_the_booking(make_kit, sandbox, appointment, tmp_path):
    path = tmp_path / "host.db"
    kit = make_kit(ledger=f"sqlite:///{path}")
    kit.ledger.upgrade()
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        kit.record(appointment("rolled back"), connection=session)
        session.rollback()
    with Session(engine) as session:
        kit.record(appointment("kept", days=4), connection=session)
        kit.record(appointment("kept", days=2), connection=session)
        session.commit()
    engine.dispose()
    connection = sqlite3.connect(path)
    kit.record(appointment("raw"), connection=connection)
    connection.rollback()
    connection.close()
    assert sandbox.request_count == 0
    report = kit.resync(only_dirty=True)
    assert [(change.identity.id, change.kind.value) for change in report.changes] == [("kept", "schedule")]
    assert sandbox.parked()[0].send_at == appointment(days=2).start_at.replace(day=11)


def test_withdrawing_in_the_hosts_transaction_only_records(make_kit, sandbox, appointment, tmp_path):
    path = tmp_path / "host.db"
    kit = make_kit(ledger=f"sqlite:///{path}")
    kit.sync(appointment())
    with sqlite3.connect(path) as connection:
        kit.withdraw("A-1", connection=connection)
    connection.close()
    assert len(sandbox.parked()) == 1
    kit.resync()
    assert sandbox.parked() == []


def test_the_async_face_works_in_the_hosts_transaction_and_thread(make_kit, sandbox, appointment, tmp_path):
    """Also on SQLAlchemy's async side, in its greenlet: nothing is handed to another thread."""
    path = tmp_path / "host.db"
    make_kit(ledger=f"sqlite:///{path}").sync([appointment("A-1"), appointment("A-2", phone="+12025550124")])

    async def story():
        kit = make_kit(kind=AsyncReminderKit, ledger=f"sqlite:///{path}")
        with sqlite3.connect(path) as connection:
            await kit.record(appointment("A-3", phone="+12025550125"), connection=connection)
            await kit.withdraw("A-1", connection=connection)
            await kit.suppress("+12025550126", connection=connection)
        connection.close()
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        async with AsyncSession(engine) as session:
            await kit.record(appointment("A-4", phone="+12025550127"), connection=session)
            await kit.withdraw("A-2", connection=session)
            await session.commit()
            await kit.withdraw("A-3", connection=session)
            await session.rollback()
        async with engine.begin() as connection:
            await kit.record(appointment("A-5", phone="+12025550128"), connection=connection)
        await engine.dispose()
        assert len(sandbox.parked()) == 2
        await kit.resync(force=True)
        await kit.close()

    asyncio.run(story())
    assert sorted(item.to for item in sandbox.parked()) == ["+12025550125", "+12025550127", "+12025550128"]


def test_another_database_is_refused_by_name(make_kit, appointment, tmp_path):
    kit = make_kit()
    kit.ledger.upgrade()
    with sqlite3.connect(tmp_path / "other.db") as connection, pytest.raises(LedgerError, match=r"other\.db"):
        kit.record(appointment(), connection=connection)
    connection.close()


def test_a_reviewed_plan_is_applied_and_another_refused(kit, sandbox, appointment):
    plan = kit.plan(appointment())
    with pytest.raises(PlanChangedError, match="not the plan that was reviewed"):
        kit.apply(kit.plan(appointment(days=4)), expect_digest=plan.digest)
    assert sandbox.request_count == 0
    assert kit.apply(plan, expect_digest=kit.plan(appointment()).digest).ok


def test_b58_a_flood_of_withdrawals_is_refused_and_nothing_is_changed(kit, sandbox, appointment):
    everything = [appointment(f"A-{index}", hours=index / 4) for index in range(12)]
    kit.sync(everything)
    with pytest.raises(UnsafePlanError, match="withdraw or move 7 of 12"):
        kit.sync(everything[:5], complete=True)
    assert len(sandbox.parked()) == 12
    with pytest.raises(UnsafePlanError, match="nothing came in for source 'default'"):
        kit.sync([], complete=True)
    assert kit.sync(everything[:5], complete=True, force=True).summary["cancel"] == 7


def test_an_input_that_breaks_off_withdraws_nothing(kit, sandbox, appointment):
    """What is absent may only not have come yet."""
    everything = [appointment(f"A-{index}", hours=index / 4) for index in range(4)]
    kit.sync(everything)

    def rows():
        yield everything[0]
        raise OSError("the database went away")

    for verb in (kit.sync, kit.resync):
        with pytest.raises(UnsafePlanError, match="broke off with OSError") as refused:
            verb(rows(), complete=True)
        assert isinstance(refused.value.__cause__, OSError)
    with pytest.raises(OSError, match="went away"):
        kit.sync(rows())
    assert len(sandbox.parked()) == 4


def test_what_stays_for_lateness_is_called_so_by_every_run(kit, sandbox, appointment):
    """What stays since a new one would be late is called so by every run."""
    kit.sync(appointment())
    sandbox.clock.set(sandbox.parked()[0].send_at - timedelta(minutes=3))
    for run in (kit.sync, kit.plan, kit.sync):
        (change,) = run(appointment(title="Cleaning")).changes
        assert (change.kind, change.reason) == ("keep", "too_late")
    assert summed(kit.plan_resync()) == {"keep": 1}
    (change,) = kit.sync(appointment()).changes
    assert (change.kind, change.reason) == ("keep", "unchanged")
    assert len(sandbox.messages()) == 1


def test_a_missing_key_is_told_before_anything_is_written(make_kit, appointment, tmp_path):
    kit = make_kit(provider=Telnyx(from_="+12025550100"))
    assert kit.plan(appointment()).summary["schedule"] == 1
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        kit.sync(appointment())
    assert not (tmp_path / "reminders.db").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unknown_outcome": "maybe"}, "prefer_duplicate"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1 up, not 0"),
        ({"rules": [Rule("a", before="1 hour", text="x"), Rule("a", before="2 hours", text="y")]}, "two rules"),
    ],
    ids=["policy", "concurrency", "rule ids"],
)
def test_wrong_settings_are_refused_when_the_kit_is_made(make_kit, options, message):
    with pytest.raises(ConfigurationError, match=message):
        make_kit(**options)


def test_what_is_no_appointment_or_number_is_refused_by_its_kind(kit):
    with pytest.raises(InvalidInputError, match="expected appointments, got str"):
        kit.sync(["A-1"])
    with pytest.raises(InvalidInputError, match="no possible phone number"):
        kit.suppress("12")


def test_an_id_in_two_sources_must_say_which(kit, appointment):
    kit.sync(appointment(), source="one")
    kit.sync(appointment(), source="two")
    with pytest.raises(InvalidInputError, match=r"several sources \(one, two\)"):
        kit.withdraw("A-1")
    assert kit.withdraw("A-1", source="one").summary["cancel"] == 1


def test_a_whole_list_of_several_sources_names_the_first_three(kit, appointment):
    """What is missing could be missing from any of them: nothing is done."""
    several = [appointment("A-1", source=source) for source in ("d", "b", "a", "c")]
    with pytest.raises(InvalidInputError, match=r"one source, not for 4 \(a, b, c\): hand in one source at a time"):
        kit.sync(several, complete=True)
    assert kit.status()["appointments"] == 0


@pytest.fixture
def hooked(sandbox, make_kit):
    """A kit that takes the sandbox's signed webhooks as they come."""
    provider = Telnyx(
        api_key="KEY", from_="+12025550100", public_key=sandbox.public_key, webhook_url="http://127.0.0.1:9/hooks"
    )
    return make_kit(provider=provider)


def test_webhooks_follow_the_message_to_its_end_and_stop_is_obeyed(hooked, sandbox, appointment):
    types = []
    hooked.on("*", lambda event: types.append(event.type))
    hooked.sync([appointment("A-1"), appointment("A-2", days=4)])
    sandbox.clock.advance(days=2, hours=1)
    sandbox.inbound("+12025550123", "Stop. Thank you")
    for hook in [*sandbox.hooks.sent, *sandbox.hooks.sent]:
        hooked.receive(*hook.as_sent(sandbox.now()))
    assert sorted(types) == ["delivered", "opted_out", "sent"]
    (change,) = [change for change in hooked.resync(only_dirty=True).changes if change.is_work]
    assert (change.kind, change.reason) == ("cancel", "opted_out")
    assert sandbox.parked() == []


def test_a_stop_is_obeyed_although_it_concerns_most_of_what_is_parked(hooked, sandbox, appointment):
    """The guard is against mishaps; who asked to be spared is spared, by the follow-up and by the batch job."""
    hooked.sync(appointment(f"A-{index}", hours=index, phone=f"+1202555012{index // 6}") for index in range(12))
    for number, resync in (("+12025550120", {"only_dirty": True}), ("+12025550121", {})):
        hooked.receive(*sandbox.inbound(number, "STOP").as_sent(sandbox.now()))
        assert hooked.resync(**resync).summary["cancel"] == 6
    assert sandbox.parked() == []


def test_a_forged_webhook_is_refused_and_nothing_stored(hooked, sandbox, appointment):
    hooked.sync(appointment())
    hook = sandbox.inbound("+12025550123", "STOP")
    headers, body = hook.as_sent(sandbox.now())
    with pytest.raises(SignatureError):
        hooked.receive(headers, body.replace(b"STOP", b"STOX"))
    with pytest.raises(SignatureError):
        hooked.receive(headers, json.dumps(json.loads(body), indent=1).encode())
    assert len(sandbox.parked()) == 1
    assert hooked.status()["suppressions"] == 0


@pytest.mark.parametrize(
    ("text", "message"), [("See you {{ wen }}.", "wen"), ("", "has no text")], ids=["unknown variable", "no text"]
)
def test_a_text_that_could_never_be_sent_is_refused_when_the_kit_is_made(make_kit, text, message):
    with pytest.raises(InvalidRuleError, match=f"rule 'a'.*{message}"):
        make_kit([Rule("a", before="1 hour", text=text)])


def test_what_is_refused_again_is_recorded_as_refused(kit, sandbox, appointment):
    """The intent says "parked" before the answer is known; the answer must stand in the end."""
    for title in ("Check-up", "Cleaning"):
        sandbox.fault("error", 1, method="POST", status=400, code="40302")
        (change,) = kit.sync(appointment(title=title)).failed
        assert change.reason == "quarantined"
    (record,) = kit.ledger.read(lambda reader: list(reader.records()))
    assert [(outcome.status, outcome.reason) for outcome in record.outcomes] == [("skipped", "quarantined")]


@pytest.mark.parametrize("id", [None, 7], ids=["nothing", "a number"])
def test_an_id_that_is_no_text_is_refused_where_something_is_withdrawn(make_kit, id):
    """A host whose row was never saved has no id: the error says so, and nothing is withdrawn."""
    kit = make_kit([DAY])
    kit.sync(visit("7"))
    with pytest.raises(InvalidInputError, match=r"an appointment's id is a text, and (NoneType|int) is none"):
        kit.withdraw(id)
    assert len(kit.ledger.read(lambda reader: reader.identities("7"))) == 1
