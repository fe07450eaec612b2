"""The standard streams: one that is full, closed or without a reader never decides what a command does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from reminder_kit.cli import main
from reminder_kit.cli.output import say, write_text
from reminder_kit.cli.repeating import repeated
from tests.factories import NOW

ROOT = Path(__file__).parents[2]

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


@pytest.fixture
def full(monkeypatch):
    """Return a replacer of stdout or stderr: with one to which nothing can be written, as on a full disk."""

    streams = []

    def replace(name):
        streams.append(FULL.open("w", encoding="utf-8"))
        monkeypatch.setattr(sys, name, streams[-1])

    yield replace
    for stream in streams:
        with suppress(OSError):  # of what is in it still
            stream.close()


def shell(folder, command):
    """Carry out a line of a shell, in which `$KIT` is the command line."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KIT": f"{sys.executable} -m reminder_kit"}
    words = ["/bin/sh", "-c", command]
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@needs_full
def test_a_full_disk_under_stdout_is_named_and_the_work_is_done(full, telnyx, calendar, event, capsys):
    """The message is parked; status 1, since 2 would say that nothing was done."""
    file = calendar(event("A-1"))
    full("stdout")
    assert main(["import", str(file), "--now", NOW]) == 1
    told = capsys.readouterr().err
    assert told.count("error: stdout can't be written (No space left on device)") == 1
    assert "Traceback" not in told
    assert len(telnyx.parked()) == 1


@needs_full
def test_a_full_disk_under_stderr_stops_nothing(full, telnyx, calendar, event, capsys):
    """What is said there is lost, which the status tells: 1, and stdout has the report."""
    file = calendar(event("A-1"), event("A-2", 13, phone="12"))
    full("stderr")
    assert main(["import", str(file), "--now", NOW]) == 1
    assert "1 scheduled" in capsys.readouterr().out
    assert len(telnyx.parked()) == 1


@needs_full
def test_a_run_that_says_nothing_loses_nothing(full, telnyx, calendar, event, run):
    """Status 0: a full disk under a stream that is not written is nobody's loss."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    full("stdout")
    full("stderr")
    assert main(["resync", "--quiet", "--now", NOW]) == 0


@needs_full
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_the_batch_job_goes_on_where_its_output_is_lost(full, capsys, name):
    """Each run is done, and each tells what was lost of it; the status is that of the last."""
    runs = []

    def job():
        runs.append(len(runs))
        write_text("1 appointment: nothing to do.")
        say("a word on the run")
        if len(runs) == 2:
            signal.raise_signal(signal.SIGTERM)
        return 0

    full(name)
    assert repeated(job, timedelta(milliseconds=1)) == 1
    assert runs == [0, 1]
    assert capsys.readouterr().err.count("stdout can't be written") == (2 if name == "stdout" else 0)


@pytest.mark.parametrize("name", ["stdout", "stderr", "stdin"])
def test_a_closed_stream_stops_nothing(monkeypatch, telnyx, calendar, event, name):
    """Python has none of it then: it is as if it led to the null device."""
    file = calendar(event("A-1"), event("A-2", 13, phone="12"))
    monkeypatch.setattr(sys, name, None)
    status = main(["import", str(file), "--now", NOW])
    getattr(sys, name).close()
    assert status == 4
    assert len(telnyx.parked()) == 1


def test_a_command_without_stdin_reads_an_empty_calendar(monkeypatch, telnyx, run):
    """It says that there is nothing, as of an empty file, and what it is that is empty."""
    monkeypatch.setattr(sys, "stdin", None)
    ran = run("import", "-", "--now", NOW)
    sys.stdin.close()
    assert ran.status == 2
    assert "standard input is empty" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("streams", "status"), [(">&-", 0), ("2>&-", 0), (">&- 2>&- <&-", 0), (">/dev/full", 1), ("| true", 0)]
)
def test_a_process_does_its_work_whatever_its_streams_are(folder, telnyx, calendar, event, streams, status):
    """And ends with the status of that, not with that of Python's last flush (120)."""
    calendar(event("A-1"))
    ran = shell(folder, f"$KIT import clinic.ics --now {NOW} {streams}")
    assert ran.returncode == status, ran.stderr
    assert "Exception ignored" not in ran.stderr
    assert len(telnyx.parked()) == 1


@pytest.mark.slow
@needs_full
def test_the_batch_job_as_a_process_outlives_a_full_disk(folder, telnyx):
    """It is still there after several runs, and ends when it is asked to."""
    with (
        FULL.open("w", encoding="utf-8") as there,
        subprocess.Popen(
            [sys.executable, "-m", "reminder_kit", "resync", "--every", "1s", "--json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=there,
            stderr=subprocess.PIPE,
            text=True,
        ) as job,
    ):
        found = (line for line in job.stderr if "stdout can't be written" in line)
        assert len(list(islice(found, 2))) == 2
        job.send_signal(signal.SIGTERM)
        _, err = job.communicate(timeout=20)
    assert job.returncode == 1, err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_page_of_the_guide_is_read_whatever_the_encoding_of_stdout(monkeypatch, folder, encoding):
    """What it lacks is a question mark; what it has stays."""
    there = folder / "page.txt"
    with there.open("w", encoding=encoding) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["guide", "start"]) == 0
        assert main(["guide", "start", "--json"]) == 0
        write_text("é → a")
    text = there.read_text(encoding=encoding)
    assert text.startswith("# Start\n")
    assert json.loads(text[text.index("{\n") : text.rindex("}") + 1])["topic"] == "start"
    assert text.splitlines()[-1] == ("é ? a" if encoding == "latin-1" else "? ? a")
