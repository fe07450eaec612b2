"""What hosts are told: every run with its report, every change in it; and callbacks that fail harm nothing."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial

import pytest

from reminder_kit import AsyncReminderKit, Run
from reminder_kit.errors import InvalidInputError, UnsafePlanError
from reminder_kit.model.reasons import Reason
from reminder_kit.planning.changes import Change
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.providers.vonage.provider import Vonage
from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event


@pytest.fixture
def runs():
    return []


@pytest.fixture
def listened(make_kit, runs):
    """Return a factory of kits all of whose runs and changes are noted."""

    def make(**options):
        kit = make_kit(**options)
        kit.on("run", runs.append)
        kit.on("change", runs.append)
        return kit

    return make


def words(received):
    return [change.happened for change in received if isinstance(change, Change)]


def actors(received):
    return [run.actor for run in received if isinstance(run, Run)]


def test_each_run_is_told_once_with_its_report(listened, runs, appointment, tmp_path):
    kit = listened()
    report = kit.sync(appointment())
    assert [(run.actor, run.error) for run in runs if isinstance(run, Run)] == [("sync", None)]
    assert runs[-1].report is report
    assert runs[-1].seconds > 0
    kit.apply(kit.plan(appointment(title="Cleaning")))
    kit.plan_resync()
    kit.record(appointment("A-2"))
    kit.resync()
    kit.withdraw("A-2")
    kit.suppress("+12025550123")
    file = tmp_path / "empty.ics"
    file.write_bytes(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n")
    kit.import_calendar(file)
    assert actors(runs) == ["sync", "sync", "resync", "withdraw", "suppress", "import"]


def test_each_change_is_told_in_a_word_before_its_run(listened, runs, appointment):
    kit = listened()
    kit.sync([appointment(), appointment("A-2", days=20), appointment("A-3", days=-1)])
    assert sorted(words(runs)) == ["held", "parked", "skipped"]
    assert isinstance(runs[-1], Run)
    del runs[:]
    kit.sync([appointment(days=4), appointment("A-2", days=20)])
    assert sorted(words(runs)) == ["held", "replaced"]
    del runs[:]
    kit.withdraw("A-1")
    assert [(run.happened, run.reason) for run in runs[:-1]] == [("cancelled", Reason.REMOVED)]
    del runs[:]
    kit.sync(appointment("A-4"))
    kit.sync(appointment("A-4"))
    assert words(runs) == ["parked"]  # what is kept is no news


def test_what_the_provider_refuses_is_rejected(listened, runs, sandbox, appointment):
    kit = listened()
    sandbox.inbound("+12025550123", "STOP")
    kit.sync(appointment())
    assert [(run.happened, run.reason) for run in runs[:-1]] == [("rejected", Reason.OPTED_OUT)]


def test_what_is_tried_again_failed(listened, runs, sandbox, appointment):
    kit = listened()
    sandbox.fault("429", times=None)
    kit.sync(appointment())
    assert words(runs) == ["failed"]
    assert runs[-1].report.failed


def test_what_may_have_worked_is_unknown(listened, runs, sandbox, appointment):
    kit = listened(provider=Vonage("+12025550100", "abcd1234", "SECRET"), unknown_outcome="prefer_missing")
    kit.sync(appointment(days=1, hours=-2))
    sandbox.clock.advance(hours=22)
    del runs[:]
    sandbox.fault("500_after")
    kit.sync(appointment(days=1, hours=-1))
    sandbox.clock.advance(hours=1)
    sandbox.fault("drop_after")
    kit.resync()
    assert "unknown" in words(runs)


def test_a_run_that_was_refused_is_told_with_its_error(listened, runs, appointment):
    kit = listened()
    kit.sync((appointment(f"A-{number}", hours=number / 4) for number in range(30)), source="clinic")
    del runs[:]
    with pytest.raises(UnsafePlanError):
        kit.sync([appointment("A-1")], source="clinic", complete=True)
    (run,) = runs
    assert (run.actor, run.report, type(run.error)) == ("sync", None, UnsafePlanError)
    with pytest.raises(UnsafePlanError):
        kit.apply(kit.plan([appointment("A-1")], source="clinic", complete=True))
    assert actors(runs) == ["sync", "sync"]


def test_what_is_only_recorded_in_the_hosts_transaction_is_no_run(listened, runs, appointment, tmp_path):
    import sqlite3

    kit = listened()
    kit.sync(appointment())
    del runs[:]
    connection = sqlite3.connect(tmp_path / "reminders.db")
    with connection:
        kit.withdraw("A-1", connection=connection)
        kit.suppress("+12025550123", connection=connection)
    connection.close()
    assert runs == []


def test_a_callback_that_raises_harms_nothing(make_kit, sandbox, appointment, caplog):
    """A callback that raises harms nothing and its words are not logged."""
    kit, received = make_kit(provider=Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY)), []

    def broken(_event):
        raise ValueError("call +12025550123 about her secret")

    for kind in ("run", "change", "received", "*"):
        kit.on(kind, broken)
        kit.on(kind, received.append)
    with caplog.at_level(logging.ERROR, "reminder_kit"):
        assert kit.sync(appointment()).ok
        assert kit.receive(*signed_event("telnyx", "received", now=sandbox.now()))
    assert len(sandbox.parked()) == 1
    assert [type(item).__name__ for item in received] == ["Change", "Run", "DeliveryEvent", "DeliveryEvent"]
    assert len(caplog.records) == 4
    assert (
        "a callback for 'run' failed and was passed over: ValueError in broken, test_listeners.py line" in caplog.text
    )
    assert "secret" not in caplog.text


def test_a_callback_may_listen_on_while_it_is_told(make_kit, appointment):
    kit, received = make_kit(), []
    kit.on("run", lambda _run: kit.on("run", received.append))
    kit.sync(appointment())
    assert received == []
    kit.resync()
    assert actors(received) == ["resync"]


def test_every_event_means_every_event_of_a_webhook(make_kit, appointment):
    kit, received = make_kit(), []
    kit.on("*", received.append)
    kit.sync(appointment())
    assert received == []


def test_the_async_face_awaits_its_callbacks(make_kit, appointment):
    received = []

    async def listener(event):
        await asyncio.sleep(0)
        received.append(event)

    async def broken(_event):
        raise ValueError

    async def story():
        async with make_kit(kind=AsyncReminderKit) as kit:
            for callback in (broken, listener):
                kit.on("run", callback)
            kit.on("run", partial(listener))
            return await kit.sync(appointment())

    report = asyncio.run(story())
    assert [item.report for item in received] == [report, report]


def test_the_blocking_face_refuses_a_callback_it_could_not_await(kit):
    async def listener(_event):
        """Do nothing."""

    with pytest.raises(InvalidInputError, match=r"'run'.*AsyncReminderKit"):
        kit.on("run", listener)


def test_a_keyword_of_the_hosts_own_cannot_be_called_run(make_kit):
    for name in ("run", "change"):
        with pytest.raises(Exception, match=f"'{name}' can't be the name of a reply"):
            make_kit(replies={name: ["C"]})


def test_a_run_after_a_webhook_is_one_of_the_batch_jobs(listened, runs, sandbox, appointment):
    kit = listened(provider=Telnyx("KEY", "+12025550100", public_key=TELNYX_PUBLIC_KEY))
    kit.sync(appointment())
    sandbox.clock.advance(timedelta(minutes=1))
    kit.receive(*signed_event("telnyx", "opted_out", now=sandbox.now()))
    del runs[:]
    kit.resync(only_dirty=True)
    assert (words(runs)[:1], actors(runs)) == (["cancelled"], ["resync"])
