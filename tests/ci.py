"""Where REMINDER_KIT_CI is set, a skipped test fails: who sets it (`.ci/run`) has installed all there is to test with.

Skipped may be what this machine cannot do, and what our contracts do not ask of a provider that lacks it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FORGIVEN = (
    "this system has no fork",
    "root alone can become another user",
    "root may write everywhere",
    "the server named by REMINDER_KIT_TEST_POSTGRES may let anybody in",
    "the run was over before",  # a step of a run that has fewer
)
HOSTS = "_hosts.py"
"""How the files end that are of whole hosts alone, whose packages a run without `-m hosts` does not install."""
CONTRACTS = ("reminder_kit", "testing")


def _place_and_reason(report):
    """Return the parts of the path where a test or file was skipped, and why."""
    if isinstance(report.longrepr, tuple):
        path, _, reason = report.longrepr
        return Path(path).parts, reason
    return (), str(report.longrepr)


def _as_failure(report):
    """Return the report of what was skipped as one of what failed, if it had to run."""
    if not os.environ.get("REMINDER_KIT_CI") or not report.skipped or hasattr(report, "wasxfail"):
        return report
    parts, reason = _place_and_reason(report)
    if parts[-3:-1] != CONTRACTS and not any(forgiven in reason for forgiven in FORGIVEN):
        report.outcome = "failed"
        report.longrepr = f"REMINDER_KIT_CI is set, and something is missing to test with. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _as_failure((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    marks = collector.config.option.markexpr
    asks_for_hosts = "hosts" in marks and "not hosts" not in marks
    return _as_failure(report) if asks_for_hosts or not collector.path.name.endswith(HOSTS) else report
