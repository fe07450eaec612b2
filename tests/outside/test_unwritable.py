"""A ledger that may be read but not written: told in one line, before anything is asked of the provider."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.factories import NOW

BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]  # even root then obeys modes


@pytest.fixture
def bound(desk):
    """Return a runner of commands that modes of files hold back."""
    if shutil.which("setpriv") is None or subprocess.run([*BOUND, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine cannot give up the right to pass over modes")

    def run(*arguments):
        process = subprocess.run(
            [*BOUND, sys.executable, "-m", "reminder_kit", *arguments],
            cwd=desk.folder,
            env=desk.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return process.returncode, process.stdout, process.stderr

    return run


@pytest.mark.slow
def test_a_read_only_ledger_is_named_and_hinders_no_preview(desk, telnyx, event, bound):
    """A read-only ledger is told by every run and by `doctor` and hinders no preview."""
    desk.at("import", desk.write(event("A", "20260212T100000")))
    desk.write(event("A", "20260213T100000"))
    asked, parked, content = len(telnyx.requests), telnyx.parked(), desk.content()
    desk.ledger.chmod(0o444)
    status, out, err = bound("import", "clinic.ics", "--now", NOW)
    assert (status, out, err.count("\n"), "read-only" in err) == (2, "", 1, True)
    assert bound("plan", "clinic.ics", "--now", NOW)[0] == 0
    assert (len(telnyx.requests), telnyx.parked(), desk.content()) == (asked, parked, content)
    status, out, _ = bound("doctor")
    assert status == 1
    assert [line for line in out.splitlines() if line.startswith("fail")] == [
        line for line in out.splitlines() if "read-only" in line
    ]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_holds_no_new_ledger(desk, telnyx, event, bound):
    """An import into a read-only folder ends with one line before the provider is asked."""
    desk.write(event("A", "20260212T100000"))
    desk.folder.chmod(0o555)
    try:
        status, out, err = bound("import", "clinic.ics", "--now", NOW)
    finally:
        desk.folder.chmod(0o755)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert (telnyx.requests, desk.files()) == ([], {})
