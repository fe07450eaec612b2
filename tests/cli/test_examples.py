"""The examples are executed, and do what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from reminder_kit.testing import TELNYX_PUBLIC_KEY

EXAMPLES = Path(__file__).parents[2] / "examples"


def main_of(name):
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    sys.modules[name] = module = module_from_spec(spec)  # where annotations are looked up
    spec.loader.exec_module(module)
    return module.main()


def test_every_script_is_tested_here():
    """The examples on disk are those that this file runs."""
    tested = {"booking_app", "nightly_job", "async_host", "webhook_endpoint", "asgi_host", "test_asgi_host"}
    tested |= {
        "many_practices",
        "sqlalchemy_outbox",
        "fastapi_app",
        "flask_app",
        "celery_worker",
        "procrastinate_worker",
    }
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested


def test_a_booking_and_its_reminder_are_one_transaction():
    """The booking app's example ends with the moved booking's reminders, and none of the cancelled one."""
    assert main_of("booking_app") == [
        ("+12025550101", "Hi Ada, see you tomorrow at 3:00 PM (Check-up)."),
        ("+12025550101", "See you today at 3:00 PM."),
    ]


def test_a_nightly_table_withdraws_what_it_no_longer_has(capsys):
    """The nightly job's example parks its rows in two languages and cancels what vanished."""
    assert main_of("nightly_job") == [
        "Hi Ada, Check-up tomorrow at 10:00 AM.",
        "Hola Beatriz, Limpieza mañana a las 8:30.",
    ]
    assert "1 cancel" in capsys.readouterr().out


def test_an_asynchronous_host_parks_twenty_at_once(capsys):
    """The async example parks twenty appointments and says so."""
    assert main_of("async_host") == 20
    assert "20 of 20" in capsys.readouterr().out


def test_sessions_of_sqlalchemy_are_followed():
    """The outbox example ends with the moved booking's reminder at the new phone, and none of the deleted one."""
    assert main_of("sqlalchemy_outbox") == [("+12025550103", "Hi Ada, see you tomorrow at 3:00 PM.")]


def test_a_platform_serves_all_its_practices_but_one():
    """The platform's example parks each practice's reminder from its own sender, and lists who can't be served."""
    parked, failed = main_of("many_practices")
    assert parked == [
        ("+12025550110", "See you tomorrow at 8:00 AM, North Practice."),
        ("+12025550111", "Hasta mañana a las 14:00, Clínica Sur."),
    ]
    assert list(failed) == ["west"]
    assert "Mars/Olympus" in failed["west"]


def test_a_webhook_endpoint_obeys_stop():
    """The webhook example hears a delivery and a STOP, after which nothing is parked."""
    pytest.importorskip("cryptography")
    seen, parked = main_of("webhook_endpoint")
    assert {"delivered", "opted_out"} <= set(seen)
    assert parked == 0


@pytest.mark.slow
def test_a_host_on_asgi_is_tested_with_signed_webhooks(monkeypatch):
    """The ASGI example mounts its routes, and its own tests pass."""
    pytest.importorskip("cryptography")
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", TELNYX_PUBLIC_KEY)
    assert [route.path for route in main_of("asgi_host").routes] == ["/bookings", "/calls", "/hooks"]
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_asgi_host.py"]
    ran = subprocess.run(line, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert (ran.returncode, "5 passed" in ran.stdout) == (0, True), ran.stdout


def test_the_configuration_and_calendar_go_together(run, telnyx, folder):
    """The example's rules can be checked against its calendar, and its import parks."""
    for name in ("reminders.toml", "clinic.ics"):
        shutil.copy(EXAMPLES / name, folder)
    checked = run("rules", "check", "--sample", "clinic.ics", "--now", "2026-02-10T14:00:00Z", "--limit", "2")
    assert (checked.status, checked.out.count("“")) == (0, 2)
    ran = run("import", "clinic.ics", "--now", "2026-02-10T14:00:00Z")
    assert ran.status == 0, ran.out + ran.err
    assert "2 series that go on beyond 60 days are read no further" in ran.err
    assert len(telnyx.parked()) > 5
    assert {item.to for item in telnyx.parked()} == {"+12025550101", "+12025550102"}


def test_cron_and_a_folder_need_no_code(run, telnyx, folder):
    """The lines of the example's crontab park what its folder has, and withdraw what it has no longer."""
    shutil.copytree(EXAMPLES / "cron_folder", folder, dirs_exist_ok=True)
    lines = re.findall(r"&& reminder-kit (.*)", (folder / "crontab").read_text(encoding="utf-8"))
    now = ("--now", "2026-02-10T14:00:00Z")
    assert [run(*line.split(), *now).status for line in lines] == [0, 0]
    assert [item.to for item in telnyx.parked()] == ["+12025550101", "+12025550102"]
    (folder / "desk" / "visit-b.ics").unlink()
    assert [run(*line.split(), *now).status for line in lines] == [0, 0]
    assert [item.to for item in telnyx.parked()] == ["+12025550101"]
