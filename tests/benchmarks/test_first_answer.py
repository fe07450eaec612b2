"""How long the webhook endpoint's first answer takes, next to the start of its server and to its later answers.

`python -m pytest -s -m benchmark tests/benchmarks/test_first_answer.py`

Every figure is told next to one of the same run: the machine's speed divides out.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from reminder_kit.testing import TELNYX_PUBLIC_KEY, signed_event
from tests.factories import CONFIG

ROOT = Path(__file__).parents[2]
LATER = 50


def wait_until_listening(job, port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert job.poll() is None
            time.sleep(0.01)
        else:
            return


def seconds_of_answer(client, url):
    headers, body = signed_event("telnyx", "opted_out", number="+12025550123")
    started = time.perf_counter()
    assert client.post(url, headers=headers, content=body).status_code == 200
    return time.perf_counter() - started


@pytest.mark.benchmark
def test_the_first_answer_is_short_beside_the_servers_start(tmp_path):
    """What verifying needs is loaded before the first webhook comes: loading it then would cost a start's time."""
    file = tmp_path / "clinic.toml"
    file.write_text(CONFIG.format(ledger=tmp_path / "r.db"))
    keys = {"TELNYX_API_KEY": "KEY", "TELNYX_PUBLIC_KEY": TELNYX_PUBLIC_KEY}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REMINDER_KIT_CONFIG": str(file), **keys}
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "reminder_kit.webhook_app:app", "--port", str(port)]
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **quiet) as job, httpx.Client() as client:
        wait_until_listening(job, port)
        start = time.perf_counter() - started
        first, *later = (seconds_of_answer(client, f"http://127.0.0.1:{port}/") for _ in range(1 + LATER))
        job.terminate()
    usual = statistics.median(later)
    print(f"first answer: {first / start:.3f} x the server's start, {first / usual:.1f} x the median of later ones")
    assert first < start / 2
