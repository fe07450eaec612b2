"""httpx without its command line: smaller for a worker, and the same for whoever uses httpx as well."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "print([name for name in ('click', 'rich', 'pygments', 'httpx._main') if name in sys.modules])"
CALLED = """
try:
    httpx.main(["--help"])
except SystemExit as end:
    print("ended", end.code)
"""

pytestmark = pytest.mark.slow


def said(*lines):
    """Return what a process of its own prints."""
    code = "\n".join(("import sys", *lines))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_command_line_is_loaded_when_it_is_called():
    """Until then nothing of it is there; then it is what it always was, under the same name."""
    ours = "from reminder_kit.transport.lean_httpx import httpx"
    before, _, after = said(ours, LOADED, CALLED, LOADED).partition("Usage")
    assert before.startswith("[]\n")
    assert "ended 0" in after
    assert after.endswith("['click', 'rich', 'pygments', 'httpx._main']\n")


def test_what_a_host_loaded_before_stays_as_it_is():
    """httpx is the same module, with the command line that it came with."""
    first = "import httpx; own = httpx.main"
    then = "from reminder_kit.transport import lean_httpx; print(lean_httpx.httpx is httpx, httpx.main is own)"
    assert said(first, then) == "True True\n"


def test_a_host_that_loads_it_later_has_all_of_it():
    """Neither `import httpx` nor `import httpx._main` finds anything missing afterwards."""
    then = "import httpx, httpx._main; print(len(httpx.__all__) > 50, callable(httpx._main.main))"
    assert said("import reminder_kit.transport.lean_httpx", then) == "True True\n"
