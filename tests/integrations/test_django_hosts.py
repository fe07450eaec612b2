"""Whole Django hosts: our example's own tests, and two booking applications from PyPI, driven by their own pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")
pytestmark = pytest.mark.hosts

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "django_clinic"


def manage(*arguments, **environment):
    """Run a command of the example's project in a process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-W", "error", "manage.py", *arguments]
    return subprocess.run(command, cwd=EXAMPLE, env=variables, capture_output=True, text=True, check=False)


def test_the_examples_own_tests_pass():
    """TestCase on a database in memory, TransactionTestCase that empties the tables, webhooks by the project's URL."""
    ran = manage("test")
    assert (ran.returncode, "Ran 5 tests" in ran.stderr) == (0, True), ran.stderr


def test_the_examples_models_and_migrations_agree():
    """`makemigrations` finds nothing to do, for the clinic and for the ledger."""
    ran = manage("makemigrations", "--check", "--dry-run")
    assert ran.returncode == 0, ran.stdout + ran.stderr


STORIES = [
    "booked with a code",
    "rescheduled by the client",
    "edited at the desk",
    "found by the batch job",
    "deleted at the desk",
    "dragged in the calendar, and deleted",
    "one of a series cancelled",
]


@pytest.mark.parametrize("options", [[], ["thread"], ["atomic"], ["thread", "atomic"]], ids=" ".join)
@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_two_booking_applications_are_followed(url, options, request):
    """django-appointment and django-scheduler, untouched, with a dozen lines of glue each, by their own pages."""
    pytest.importorskip("appointment")
    pytest.importorskip("schedule")
    command = [sys.executable, "-m", "tests.integrations.hosts.django_hosts", request.getfixturevalue(url), *options]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line for line in ran.stdout.splitlines() if line in STORIES] == STORIES


def test_a_process_that_only_serves_loads_nothing_of_ours_that_is_heavy():
    """django.setup, with a model tracked, loads neither database, HTTP nor template libraries: a booking does."""
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'; django.setup(); "
        "from reminder_kit.integrations.django import reminders; assert reminders.tracked; "
        "print([name for name in ('sqlalchemy', 'alembic', 'httpx', 'jinja2', 'phonenumbers') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=EXAMPLE, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout == "[]\n", ran.stderr
