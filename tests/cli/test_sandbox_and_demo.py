"""`sandbox` and `demo`, as processes: they need no account, and what they show really happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from reminder_kit.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def command(*arguments, **options):
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "reminder_kit", *arguments],
        env=environ, capture_output=True, text=True, timeout=60, check=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo, run once in an empty folder and an environment without any key."""
    folder = tmp_path_factory.mktemp("demo")
    ran = command("demo", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert list(folder.iterdir()) == []
    return ran.stdout


def test_the_demo_tells_the_whole_story_on_80_columns(demo):
    """The demo has its five parts in order, in lines of at most 80 characters."""
    assert max(map(len, demo.splitlines())) <= 80
    parts = (
        "1. A calendar comes in: the plan (nothing is written yet)",
        "2. It is carried out",
        "The same file once more: 0 requests, nothing to do.",
        "3. A new version of the file: moved, renamed, cancelled, gone, added",
        "4. Days pass; the batch job runs every morning at eight",
        "5. Who received what, and when",
        "HTTP requests",
    )
    places = [demo.index(part) for part in parts]
    assert places == sorted(places)


def test_the_demo_masks_numbers_and_gives_reasons(demo):
    """The demo shows no number in full and a reason for each outcome."""
    assert "+1202555" not in demo
    for reason in ("on_time", "beyond_window", "shifted_quiet_hours", "no_recipient", "too_late", "(text)", "(moved"):
        assert reason in demo


@pytest.mark.slow
def test_the_demo_ends_with_the_right_messages_received():
    """The demo's people receive true texts at the right time, and nothing stays parked."""
    printed = json.loads(command("demo", "--json").stdout)
    received = {(item["to"][-2:], item["sent_at"]): item["text"] for item in printed["received"]}
    assert printed["parked"] == 0
    assert received["02", "2026-03-05T16:30:00Z"] == "Hi Ben Ortiz, Root canal tomorrow at 11:30 AM, 12 Harbour Street."
    assert received["04", "2026-03-17T18:00:00Z"] == "See you today at 4:00 PM: Physiotherapy, 12 Harbour Street."
    assert not {"05", "06"} & {number for number, _ in received}
    assert printed["requests"]["POST"] == len(received) + printed["requests"]["DELETE"]


@pytest.fixture
def sandbox():
    """Return a starter of sandbox processes, which are ended afterwards."""
    jobs = []

    def start(*arguments):
        job = subprocess.Popen(
            [sys.executable, "-m", "reminder_kit", "sandbox", "--port", "0", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        job.kill()
        job.communicate()


def test_the_sandbox_prints_what_to_export_and_ends_when_told(sandbox):
    """The sandbox prints its address and key, serves its own page, and ends with 0 on SIGTERM."""
    job = sandbox("--now", "2026-03-02T13:00:00Z")
    address, export, key, public_key, inbox = (job.stdout.readline().strip() for _ in range(5))
    base_url = address.removeprefix("base_url: ")
    assert export == f"export TELNYX_BASE_URL={base_url}"
    assert key == "export TELNYX_API_KEY=KEY_SANDBOX"
    assert public_key == f"export TELNYX_PUBLIC_KEY={Sandbox().public_key}"
    with urllib.request.urlopen(inbox.removeprefix("inbox: ")) as answer:
        assert b"Inbox of the sandbox" in answer.read()
    with urllib.request.urlopen(base_url.removesuffix("/v2") + "/_sandbox/") as answer:
        assert json.load(answer)["now"] == "2026-03-02T13:00:00Z"
    job.send_signal(signal.SIGTERM)
    assert job.wait(10) == 0


def test_the_sandbox_takes_only_the_key_it_was_given(sandbox):
    """The sandbox answers 401 to any other key than its own."""
    printed = json.loads(sandbox("--key", "KEY0123", "--json").stdout.readline())
    assert printed["api_key"] == "KEY0123"
    asked = urllib.request.Request(f"{printed['base_url']}/messages/x", headers={"authorization": "Bearer other"})
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(asked)


def test_a_taken_port_is_one_line(sandbox):
    """A sandbox on a port in use ends with one line that names `--port`."""
    base_url = json.loads(sandbox("--json").stdout.readline())["base_url"]
    ran = command("sandbox", "--port", base_url.split(":")[2].partition("/")[0])
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "--port" in ran.stderr


def test_help_is_quick_and_loads_neither_kit_nor_sql(tmp_path):
    """`--help` lists the commands without importing the kit, SQL, HTTP or templates."""
    code = (
        "import sys; from reminder_kit.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        cwd=tmp_path, check=True,
    )  # fmt: skip
    for name in ("reminder_kit.kit.faces", "sqlalchemy", "httpx", "rich", "icalendar", "jinja2", "pendulum"):
        assert f"'{name}'" not in ran.stderr
    for name in ("plan", "import", "resync", "doctor", "demo"):
        assert f"  {name} " in ran.stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    """A closed pipe ends the demo with status 0 and without a traceback."""
    script = f"{sys.executable} -m reminder_kit demo | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        cwd=tmp_path, check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1] == "0"


def test_an_interrupt_ends_with_130(tmp_path, heard_interrupts):
    """Ctrl-C in the middle of the demo, as soon as it says a line, ends it without a traceback."""
    code = """
import io, signal, sys
from reminder_kit.cli import main
class Interrupted(io.StringIO):
    def write(self, text):
        signal.raise_signal(signal.SIGINT)
sys.stdout = Interrupted()
raise SystemExit(main(["demo"]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (130, "")


def test_the_demo_can_be_watched(monkeypatch, capsys, tmp_path):
    """--browse opens the inbox of the very Telnyx that the demo speaks to, which answers until Ctrl-C."""
    from reminder_kit.cli import demo, main

    seen = []

    def opened(address):
        seen.append(address)

    def look():
        with urllib.request.urlopen(f"{seen[0]}_sandbox/messages") as answer:
            seen.append(json.load(answer)["count"])

    def stay(address):
        with urllib.request.urlopen(address) as answer:
            seen.append(answer.status)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo.webbrowser, "open", opened)
    monkeypatch.setattr(demo, "_leave_time", look)
    monkeypatch.setattr(demo, "_stay", stay)
    assert main(["demo", "--browse"]) == 0
    assert capsys.readouterr().err.startswith("the inbox: http://127.0.0.1:")
    assert seen[-1] == 200
    assert 0 < max(seen[1:-1]) <= 30
