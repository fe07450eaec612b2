"""`--app package.module:kit` and REMINDER_KIT_APP: every command works with the kit that an app made in its code."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from reminder_kit import Appointment, Recipient, ReminderKit
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import iso
from tests.factories import NOW, START, parked_texts

ROOT = Path(__file__).parents[2]
NUMBERS = itertools.count(1)

APP = """
from reminder_kit import {face}, QuietHours, Rule
from reminder_kit.providers.telnyx import Telnyx

print("the app starts")


def is_dental(appointment, _recipient):
    return "dental" in appointment.tags


ARGUMENTS = dict(
    provider=Telnyx(from_="+12025550100"),
    rules=[
        Rule("day-before", before="24 hours", text="See you {{{{ when }}}}."),
        Rule("dental", before="2 days", text="Floss! {{{{ when }}}}", when=is_dental),
    ],
    ledger="sqlite:///app.db",
    timezone="America/New_York",
    default_region="US",
    quiet_hours=QuietHours("21:00", "08:00"),
)
kit = {face}(**ARGUMENTS)
kit.on("run", lambda run: print("the app hears of", run.actor))
"""
BLOCKING = APP.format(face="ReminderKit")
RESYNCED = {"schedule": 0, "replace": 0, "cancel": 0, "hold": 1, "keep": 2, "skip": 1, "failed": 0, "unknown": 0}


@pytest.fixture
def written(folder, monkeypatch):
    """Return a writer of modules into the folder, which has no configuration; it returns a name not used before."""
    (folder / "reminders.toml").unlink()
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("REMINDER_KIT_APP", raising=False)

    def write(text):
        name = f"booking_{next(NUMBERS)}"
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / "reminders.py").write_text(text)
        return f"{name}.reminders"

    return write


@pytest.fixture(params=["ReminderKit", "AsyncReminderKit"])
def module(written, request):
    """The name of an app's module, whose kit is of either face."""
    return written(APP.format(face=request.param))


@pytest.fixture
def own(run, module, telnyx):
    """Return a runner of command lines with the app's own kit, as `--app`."""
    return lambda *arguments: run(*arguments, "--app", f"{module}:kit")


@pytest.fixture
def booked(module, telnyx, folder, monkeypatch):
    """Two visits that the app booked by the rules in its code, whichever face it has."""
    monkeypatch.syspath_prepend(folder)
    with ReminderKit(**importlib.import_module(module).ARGUMENTS, clock=telnyx.clock) as kit:
        kit.sync([visit("A-1", tags=["dental"]), visit("A-2", days=9, phone="+12025550177")])


def visit(id, days=3, phone="+12025550123", **changes):
    return Appointment(id, START + timedelta(days=days), recipients=[Recipient(phone, name="Ada")], **changes)


def test_the_batch_job_leaves_what_the_app_parked(own, booked, telnyx):
    """Twice: by the app's own rules nothing is withdrawn or made anew, and all is well."""
    before = parked_texts(telnyx)
    for _ in range(2):
        ran = own("resync", "--now", NOW, "--json")
        assert ran.status == 0
        assert {name: ran.json["summary"][name] for name in RESYNCED} == RESYNCED
    assert parked_texts(telnyx) == before == ["Floss! Friday 13 February at 9:00 AM", "See you tomorrow at 9:00 AM."]
    assert telnyx.write_count == 2


def test_the_batch_job_does_what_is_due(own, booked, telnyx):
    """What enters the window is parked by the command as by the app."""
    later = iso(telnyx.clock.advance(days=5))
    assert own("resync", "--dry-run", "--now", later, "--json").json["summary"]["schedule"] == 1
    assert own("resync", "--now", later).status == 0
    assert parked_texts(telnyx) == ["See you tomorrow at 9:00 AM."]


def test_commands_look_at_the_apps_ledger(own, booked, folder):
    """Whatever only looks finds what the app recorded, by its rules."""
    assert own("status", "--json").json["reminders"]
    assert own("attention", "--json", "--now", NOW).json["items"] == []
    rules = {line["rule"] for line in own("explain", "A-1", "--json", "--now", NOW).json["reminders"]}
    assert rules == {"day-before", "dental"}
    assert own("explain", "A-9").status == 1
    assert own("ledger", "check").out == "nothing is wrong\n"
    assert own("ledger", "upgrade").status == own("ledger", "adopt").status == 0
    assert own("ledger", "purge", "--older-than", "9999 days", "--json").json == {"purged": 0, "gone": True}
    checked = own("rules", "check", "--json").json
    assert (checked["rules"], checked["warnings"]) == (["day-before", "dental"], [])
    assert sorted(path.name for path in folder.glob("*.db")) == ["app.db"]


def test_commands_work_on_the_apps_ledger(own, booked, telnyx):
    """Whatever changes something does it with the app's provider, rules and region."""
    assert own("cancel", "A-1", "--now", NOW, "--force").status == 0
    assert parked_texts(telnyx) == []
    assert own("suppress", "(202) 555-0177", "--now", NOW).status == 0
    assert own("allow", "(202) 555-0177", "--json").json["lifted"] is True
    assert own("retry", "--now", NOW).status == 0
    assert own("retry", "A-2", "--now", NOW).status == 0


def test_calendars_are_read_with_the_apps_settings(own, telnyx, calendar, event):
    """A kit in code takes a file as one from a configuration does, with warnings of its texts, and its own defaults."""
    file = calendar(event("A-1"))
    assert own("plan", file, "--now", NOW, "--json").json["summary"]["schedule"] == 1
    assert own("import", file, "--now", NOW).status == 0
    assert parked_texts(telnyx) == ["See you tomorrow at 10:00 AM."]
    floating = calendar(event("F").replace(";TZID=America/New_York", ""), name="floating.ics")
    february = ("--from", "2026-02-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z", "--json")
    assert own("appointments", floating, *february).json["start_at"] == "2026-02-12T15:00:00Z"


def test_stdout_holds_what_was_asked_for_whatever_the_app_prints(own, run, module, booked, monkeypatch):
    """What the app prints as it is loaded, and in its callbacks, goes to stderr."""
    sys.modules.pop(module)
    ran = own("resync", "--now", NOW, "--json")
    assert ran.json["summary"]["keep"] == 2
    assert "the app starts\n" in ran.err
    assert "the app hears of resync\n" in ran.err
    assert own("resync", "--now", NOW).out == "2 appointments: 1 held, 2 kept, 1 skipped.\n"


def test_the_doctor_examines_the_apps_kit(own, booked, telnyx, machine_now):
    """Rules, ledger, account, provider and clock of the kit, under the name by which it was found."""
    telnyx.clock.set(machine_now)
    assert own("resync").status == 0
    ran = own("doctor", "--json")
    found = {item["check"]: (item["state"], item["message"]) for item in ran.json}
    assert ran.status == 0
    assert {state for state, _ in found.values()} == {"ok"}
    assert found["configuration"][1].endswith(".reminders:kit")
    assert "day-before, dental" in found["rules"][1]
    assert "app.db is there" in found["ledger"][1]


def test_now_is_the_kits_clock_for_one_command(own, module, booked, telnyx):
    """Afterwards the app's kit has its own time again."""
    kit = importlib.import_module(module).kit
    assert own("attention", "--now", "2026-03-01T00:00:00Z", "--json").json["now"] == "2026-03-01T00:00:00Z"
    assert abs(kit.now() - telnyx.now()) > timedelta(days=1)
    kit._clock.read = telnyx.clock
    assert own("attention", "--json").json["now"] == NOW


def test_a_kit_may_be_closed_more_than_once_and_used_again(own, booked, module):
    """The command closes the app's kit at the end; the app may do so too, or go on."""
    kit = importlib.import_module(module).kit
    assert own("resync", "--now", NOW).status == 0
    with ReminderKit(**importlib.import_module(module).ARGUMENTS) as other:
        other.close()
    kit.ledger.close()
    assert own("resync", "--now", NOW).status == 0


def test_without_a_key_nothing_is_written(run, written, telnyx, monkeypatch, folder):
    """As with a file: exit status 2, and the variable to set."""
    monkeypatch.delenv("TELNYX_API_KEY")
    ran = run("resync", "--app", f"{written(BLOCKING)}:kit", "--now", NOW)
    assert (ran.status, "TELNYX_API_KEY" in ran.err) == (2, True)
    assert not (folder / "app.db").exists()


def test_another_time_is_written_to_no_real_provider(run, written, telnyx, monkeypatch):
    """`--now` is refused where the kit's provider keeps the real time."""
    monkeypatch.setenv("TELNYX_BASE_URL", "https://telnyx.invalid/v2")
    ran = run("resync", "--app", f"{written(BLOCKING)}:kit", "--now", NOW)
    assert (ran.status, "telnyx.invalid keeps its own time" in ran.err) == (2, True)


# Which one it is


def test_the_environment_names_it_too(run, written, telnyx, monkeypatch, folder):
    """REMINDER_KIT_APP counts where nothing is named; a file that is merely there does not."""
    monkeypatch.setenv("REMINDER_KIT_APP", f"{written(BLOCKING)}:kit")
    (folder / "reminders.toml").write_text("timezone = 5")
    assert run("rules", "check", "--json").json["rules"] == ["day-before", "dental"]
    monkeypatch.setenv("REMINDER_KIT_APP", "")
    assert "reminders.toml" in run("rules", "check").err


def test_what_is_named_outranks_the_environment(run, written, telnyx, monkeypatch, folder):
    """`--app` and `--config` are meant for this one command."""
    monkeypatch.setenv("REMINDER_KIT_APP", "not.there:kit")
    assert run("rules", "check", "--app", f"{written(BLOCKING)}:kit").status == 0
    (folder / "other.toml").write_text("timezone = 5")
    ran = run("rules", "check", "--config", "other.toml")
    assert (ran.status, "other.toml" in ran.err, "not.there" in ran.err) == (2, True, False)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_file_and_a_kit_are_wrong_usage(run, written, before):
    """On whichever side of the command they stand."""
    options = ["--config", "reminders.toml"]
    ran = run(*(options if before else ["status"]), *(["status"] if before else options), "--app", "a.b:kit")
    assert ran.status == 2
    assert "can't be combined" in ran.err


@pytest.mark.parametrize("option", ["--app", "--config"])
def test_an_option_that_names_nothing_is_wrong_usage(run, option):
    """`--app "$UNSET"` from cron must not run with another configuration."""
    ran = run("resync", option, "")
    assert ran.status == 2
    assert f"Invalid value for '{option}'" in ran.err


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ("def make():\n    return kit", "make"),
        ("class App:\n    reminders = kit", "App.reminders"),
        ("import functools\nmake = functools.partial(ReminderKit, **ARGUMENTS)", "make"),
    ],
    ids=["function", "attribute of a class", "partial"],
)
def test_a_function_that_returns_a_kit_and_nested_names_are_fine(run, written, telnyx, more, name):
    """Whatever leads to a kit without arguments."""
    assert run("resync", "--now", NOW, "--app", f"{written(BLOCKING + more)}:{name}").status == 0


WRONG = {
    "no colon": ("", "", "names no kit: write {module}:kit"),
    "a file": ("", "myapp/reminders.py:kit", "write myapp.reminders:kit"),
    "nothing of it": ("", "my app", "write myapp.reminders:kit"),
    "no module": ("", "not_there.reminders:kit", "no module 'not_there' in"),
    "no submodule": ("", "{module}.more:kit", "no module '{module}.more'"),
    "no attribute": (BLOCKING.replace("print(", "str("), "{module}:kitt", "did you mean 'kit'?"),
    "no kit at all": ("x = 1", "{module}:kit", "write kit = ReminderKit(…) in {module}"),
    "another type": ("kit = {'a': 1}", "{module}:kit", "is a dict, and no kit"),
    "a function of arguments": ("def make(app): pass", "{module}:make", "raised TypeError"),
    "a function of nothing": ("def make(): pass", "{module}:make", "returned a NoneType"),
    "a coroutine": ("async def make(): pass", "{module}:make", "have to be awaited"),
    "a function that fails": ("def make(): raise OSError('no\\nnet')", "{module}:make", "reminders.py line 1: no net"),
    "a missing package": ("import not_installed_here", "{module}:kit", "reminders.py line 1: No module named"),
    "an import that fails": ("x = 1\n1 / 0", "{module}:kit", "ZeroDivisionError in reminders.py line 2"),
    "no Python": ("kit = (", "{module}:kit", "SyntaxError"),
    "the end of it all": ("raise SystemExit(3)", "{module}:kit", "raised SystemExit"),
    "a kit that can't be": (
        "from reminder_kit import ReminderKit\nkit = ReminderKit(None, [])", "{module}:kit", "must be a provider",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name", "said"), WRONG.values(), ids=WRONG)
def test_what_leads_to_no_kit_is_one_line_with_a_remedy(run, written, folder, text, name, said):
    """Exit status 2, named as it was given, without a traceback; nothing was written."""
    module = written(text)
    given = name.format(module=module) or module
    ran = run("resync", "--app", given)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"error: --app {given}")
    assert said.format(module=module) in ran.err
    assert not list(folder.glob("*.db"))


def test_the_environments_name_is_told_as_such(run, written, monkeypatch):
    """Who did not type it learns where it comes from."""
    monkeypatch.setenv("REMINDER_KIT_APP", "not_there:kit")
    assert run("resync").err.startswith("error: REMINDER_KIT_APP=not_there:kit: there is no module 'not_there'")


def test_debug_shows_the_apps_own_error(run, written):
    """With its traceback, as for anything else."""
    with pytest.raises(ConfigurationError) as caught:
        run("resync", "--debug", "--app", f"{written('1 / 0')}:kit")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_warnings_of_rules_in_code_are_told_where_texts_are_read(run, written, telnyx, calendar, event):
    """By `plan` and `rules check`, and not by every batch job."""
    text = BLOCKING.replace("Floss!", "Floss! ☺")
    app = ["--app", f"{written(text)}:kit"]
    for command in (["plan", calendar(event("A-1")), "--now", NOW], ["rules", "check"]):
        assert "reminders:kit: rule 'dental': text: " in run(*command, *app).err
    assert "dental" not in run("resync", "--now", NOW, *app).err


def test_a_batch_job_in_the_wrong_folder_says_that_there_is_no_ledger(run, written, telnyx):
    """A relative address means another file there; once the ledger is there, nothing is said."""
    app = ["--app", f"{written(BLOCKING)}:kit", "--now", NOW]
    ran = run("resync", *app)
    assert ran.status == 0
    assert "there is no ledger at sqlite:///app.db yet, seen from" in ran.err
    assert "no ledger" not in run("resync", *app).err


def test_the_kits_own_transport_is_asked(run, written):
    """The doctor goes the way that the kit goes, and opens no connection of its own."""
    module = written(f"""{BLOCKING}
from reminder_kit.sandbox import Sandbox, SandboxTransport

sandbox = Sandbox(key="KEY")
ARGUMENTS |= dict(provider=Telnyx("KEY", "+12025550100"), transport=SandboxTransport(sandbox))
kit = ReminderKit(**ARGUMENTS)
""")
    found = {item["check"]: item["state"] for item in run("doctor", "--json", "--app", f"{module}:kit").json}
    assert found["provider"] == "ok"
    assert importlib.import_module(module).sandbox.request_count == 1


# As processes


def test_it_works_from_cron(written, telnyx, folder, machine_now, monkeypatch):
    """The installed command, in the app's folder, with the kit named by the environment."""
    telnyx.clock.set(machine_now)
    module = written(BLOCKING)
    monkeypatch.syspath_prepend(folder)
    visit = Appointment("A-1", machine_now + timedelta(days=3), recipients=[Recipient("+12025550123")])
    with importlib.import_module(module).kit as kit:
        kit.sync(visit)
    installed = folder.parent / f"reminder-kit-{module}"
    installed.write_text("import sys\nfrom reminder_kit.cli import main\nsys.exit(main())\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "REMINDER_KIT_APP": f"{module}:kit"}
    command = [sys.executable, installed, "resync", "--json"]
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["summary"]["keep"] == 1
    assert (len(telnyx.parked()), telnyx.write_count) == (1, 1)


def test_an_async_kit_takes_webhooks_in(written, telnyx, folder, machine_now):
    """`webhook serve` hands an async kit to the server's own loop, and closes it there."""
    pytest.importorskip("cryptography")
    telnyx.clock.set(machine_now)
    module = written(APP.format(face="AsyncReminderKit"))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TELNYX_PUBLIC_KEY": telnyx.public_key, "PYTHONWARNINGS": "error"}
    command = [
        sys.executable,
        "-m",
        "reminder_kit",
        "webhook",
        "serve",
        "--port",
        "0",
        "--json",
        "--app",
        f"{module}:kit",
    ]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        telnyx.webhook_url = json.loads(job.stdout.readline())["address"]
        telnyx.inbound("+12025550123", "STOP")
        until = time.monotonic() + 20
        while not (log := job.stderr.readline()).endswith("opted_out\n") and time.monotonic() < until:
            pass
        job.send_signal(signal.SIGTERM)
        _, err = job.communicate(timeout=20)
    assert (job.returncode, err) == (0, "the app hears of resync\n"), log
