"""The batch job as a task of Celery's: what it does, when it expires, and that a killed worker costs nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

celery = pytest.importorskip("celery")

from reminder_kit import Appointment, AsyncReminderKit, Recipient, ReminderKit, Tenants  # noqa: E402
from reminder_kit.errors import ConfigurationError, InvalidInputError  # noqa: E402
from reminder_kit.integrations.celery import RESYNC, RESYNC_DIRTY, RESYNC_SHARD, setup  # noqa: E402
from reminder_kit.providers.telnyx import Telnyx  # noqa: E402
from reminder_kit.sandbox import Sandbox, SandboxTransport, serve  # noqa: E402
from tests.factories import parked_texts  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app():
    made = celery.Celery("clinic", broker="memory://", set_as_current=False)
    made.conf.task_always_eager = True
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _signals():
    """Leave Celery's signals as they were."""
    held = (celery.signals.worker_process_init, celery.signals.worker_process_shutdown)
    before = [held_signal.receivers[:] for held_signal in held]
    yield
    for held_signal, receivers in zip(held, before, strict=True):
        held_signal.receivers[:] = receivers


def test_the_tasks_and_the_entry_of_beat_are_added(app, kit):
    """By their names; beat's message expires after one interval, so that none pile up while no worker is there."""
    app.conf.beat_schedule = {"other": {"task": "x", "schedule": 1}}
    tasks = setup(app, kit, every="5m")
    assert {RESYNC, RESYNC_SHARD, RESYNC_DIRTY} <= {*app.tasks}
    assert app.conf.beat_schedule["reminder_kit"] == {"task": RESYNC, "schedule": 300, "options": {"expires": 300}}
    assert "other" in app.conf.beat_schedule
    assert [
        (task.expires, task.acks_late, task.reject_on_worker_lost)
        for task in (tasks.resync, tasks.resync_shard, tasks.resync_dirty)
    ] == [(300, True, True)] * 3


def test_the_batch_job_and_what_follows_a_commit(app, kit, appointment, sandbox):
    """`wake` has what was recorded parked; `resync` parks what became due."""
    tasks = setup(app, kit)
    kit.record([appointment("A-1"), appointment("A-2", days=9, phone="+12025550124")])
    tasks.wake()
    assert len(parked_texts(sandbox)) == 1
    sandbox.clock.advance(days=5)
    tasks.resync.delay()
    assert len(parked_texts(sandbox)) == 1
    assert kit.status()["runs"]["resync"][0] == sandbox.clock()


def test_much_that_is_due_is_handed_out_in_shards(app, kit, appointment, sandbox):
    """The worker that is told to do the batch job does one part, others do the rest: each is parked once."""
    tasks, handed_out = setup(app, kit, shard=3), []
    send = tasks.resync_shard.apply_async
    tasks.resync_shard.apply_async = lambda given: (handed_out.append(len(given[0])), send(given))
    kit.record([appointment(f"A-{n}", phone=f"+120255501{n:02d}", hours=n) for n in range(8)])
    tasks.resync.delay()
    assert handed_out == [3, 2]
    assert len(set(parked_texts(sandbox))) == 8
    tasks.resync.delay()
    assert handed_out == [3, 2]


def test_where_nothing_can_be_handed_out_one_worker_does_all(app, kit, appointment, sandbox, caplog):
    """A broker that is away keeps no reminder from going out."""
    tasks = setup(app, kit, shard=3)
    tasks.resync_shard.apply_async = lambda _given: 1 / 0
    kit.record([appointment(f"A-{n}", phone=f"+120255501{n:02d}") for n in range(8)])
    tasks.resync.delay()
    assert len(sandbox.parked()) == 8
    assert "could not be handed out: ZeroDivisionError" in caplog.text


def test_tenants_are_handed_out_by_their_names(app, sandbox, appointment, tmp_path, caplog):
    """A worker takes so many of them, others the rest; one whose kit can't be built stops none."""
    handed_out = []

    def build(name):
        world = {"clock": sandbox.clock, "transport": SandboxTransport(sandbox), "timezone": "UTC"}
        rules = [{"id": "r", "before": "24 hours", "text": f"{name} {{{{ when }}}}"}]
        return {"provider": Telnyx("KEY", names[name]), "rules": rules, **world}

    names = {f"p-{n}": f"+120255501{n:02}" for n in range(5)}
    with Tenants(f"sqlite:///{tmp_path / 'all.db'}", build, names=lambda: ["p-x"]) as tenants:
        tasks = setup(app, tenants, shard=2)
        send = tasks.resync_shard.apply_async
        tasks.resync_shard.apply_async = lambda given: (handed_out.append(given[0]), send(given))
        for name in names:
            tenants[name].record(appointment())
        tasks.resync.delay()
        assert handed_out == [["p-2", "p-3"], ["p-4", "p-x"]]
        assert len(sandbox.parked()) == 5
        assert "tenant 'p-x': KeyError" in caplog.text
        tenants["p-1"].record(appointment("A-2", days=4))
        tasks.wake()
        assert len(sandbox.parked()) == 6
        with pytest.raises(InvalidInputError, match="live is one kit's"):
            setup(app, tenants, live=list)


def test_a_shard_of_none_is_refused(app, kit):
    """By name."""
    with pytest.raises(InvalidInputError, match="shard = 0"):
        setup(app, kit, shard=0)


def test_what_is_live_is_handed_in(app, kit, appointment, sandbox):
    """`live` is taken in as complete by each batch job; `feed` is called before it and drawn to its end."""
    rows, fed = [appointment("A-1"), appointment("A-2")], []
    tasks = setup(app, kit, live=lambda: iter(rows))
    tasks.resync.delay()
    assert len(sandbox.parked()) == 2
    rows.pop()
    tasks.resync.delay()
    assert len(sandbox.parked()) == 1
    setup(
        celery.Celery("other", set_as_current=False), kit, feed=lambda: (fed.append(number) for number in range(3))
    ).resync()
    assert fed == [0, 1, 2]


def test_a_kit_is_made_as_a_worker_process_begins_and_closed_as_it_ends(app, make_kit):
    """A function is called once in a process, and not by the process that only sends."""
    made = []
    setup(app, lambda: made.append(make_kit()) or made[-1])
    assert made == []
    celery.signals.worker_process_init.send(sender=None)
    celery.signals.worker_process_init.send(sender=None)
    (kit,) = made
    kit.ledger.upgrade()
    celery.signals.worker_process_shutdown.send(sender=None)
    assert kit.ledger._open.database is None


def test_a_run_that_fails_is_logged_and_not_tried_again(app, make_kit, tmp_path, caplog):
    """The next one does it, from the ledger."""
    tasks = setup(app, make_kit(ledger=f"sqlite:///{tmp_path}"))
    assert tasks.resync.delay().successful()
    assert "it is a folder" in caplog.text


def test_a_run_that_would_withdraw_too_much_is_refused(app, kit, appointment, sandbox, caplog):
    """An empty list of what is live withdraws nothing: it is logged, and the task is done."""
    rows = [appointment()]
    tasks = setup(app, kit, live=lambda: iter(rows))
    tasks.resync.delay()
    rows.clear()
    assert tasks.resync.delay().successful()
    assert (len(sandbox.parked()), "refused as unsafe" in caplog.text) == (1, True)


def test_a_broker_that_is_away_fails_no_request(app, kit, caplog):
    """`wake` never raises."""
    tasks = setup(app, kit)
    tasks.resync_dirty.apply_async = lambda **_options: 1 / 0
    tasks.wake()
    assert "no worker could be woken: ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("every", ["soon", 0, "2 days"])
def test_a_pause_that_can_t_be_is_refused(app, kit, every):
    """By name."""
    with pytest.raises(ConfigurationError, match="every"):
        setup(app, kit, every=every)


def test_an_async_kit_is_refused(app, make_kit):
    """Tasks block: at once where a kit is given, as the process begins where a function makes one."""
    with pytest.raises(InvalidInputError, match="give a ReminderKit"):
        setup(app, make_kit(kind=AsyncReminderKit))
    tasks = setup(app, lambda: make_kit(kind=AsyncReminderKit))
    with pytest.raises(InvalidInputError, match="give a ReminderKit"):
        _ = tasks.kit


# A whole worker, on a broker of its own


@pytest.fixture
def broker(tmp_path):
    """The URL of a redis-server for the time of a test."""
    pytest.importorskip("redis")
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server: apt-get install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as server:
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@contextmanager
def worker(folder, broker, base_url):
    """Run the example's worker with its beat, in a session of its own; killed in the end, whatever it does."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'examples'}",
        "BROKER_URL": broker,
        "REMINDERS_EVERY": "1s",
        "TELNYX_API_KEY": "KEY",
        "TELNYX_BASE_URL": base_url,
    }
    command = [sys.executable, "-m", "celery", "--app", "celery_worker", "worker", "--beat", "--concurrency", "1"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--schedule", str(folder / "beat")],
            cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(is_so, seconds=60):
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.mark.hosts
@pytest.mark.timeout(180)
def test_a_worker_that_is_killed_costs_nothing(tmp_path, broker):
    """SIGKILL in the middle of a run: the next worker settles what was left open; all are parked, each once."""
    (tmp_path / "reminders.toml").write_text(
        'timezone = "America/New_York"\n[provider]\nname = "telnyx"\nfrom = "+12025550100"\n'
        '[[rules]]\nid = "day-before"\nbefore = "24 hours"\ntext = "See you {{ when }}."\n'
    )
    sandbox = Sandbox(key="KEY", strict=True)
    with serve(sandbox) as server:
        host = ReminderKit.from_config(tmp_path / "reminders.toml", ledger=f"sqlite:///{tmp_path / 'reminders.db'}")
        starts_at = datetime.now(UTC) + timedelta(days=3)
        host.record(
            Appointment(f"A-{number}", starts_at, recipients=[Recipient(f"+12025550{number:03}")])
            for number in range(100, 180)
        )
        sandbox.fault("slow", times=None, delay=0.2)
        with worker(tmp_path, broker, server.base_url):
            until(lambda: 0 < len(sandbox.parked()) < 80)
        sandbox.faults.clear()
        with worker(tmp_path, broker, server.base_url):
            until(lambda: len(sandbox.parked()) == 80 and not host.status()["messages"].get("creating"), seconds=100)
        host.close()
    assert len({message.to for message in sandbox.parked()}) == 80
