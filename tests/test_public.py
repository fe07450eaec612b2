"""The public face: names, lazy imports, typed packages."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import reminder_kit
from reminder_kit.kit.faces import AsyncReminderKit, ReminderKit

HEAVY = (
    "opentelemetry",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "icalendar",
    "dateutil",
    "jinja2",
    "babel",
    "phonenumbers",
    "click",
    "rich",
    "django",
)
VERBS = (
    "plan plan_calendar plan_resync apply sync import_calendar resync record withdraw suppress allow consent receive"
)


def test_every_public_name_is_there_and_sorted():
    """Every name of `__all__` loads when it is asked for, and another is an `AttributeError`."""
    assert reminder_kit.__all__ == sorted(reminder_kit.__all__)
    for name in reminder_kit.__all__:
        assert getattr(reminder_kit, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Reminders'"):
        assert reminder_kit.Reminders


@pytest.mark.parametrize(
    "statement",
    ["import reminder_kit", "from reminder_kit import Appointment, Recipient, ReminderKit, Rule, QuietHours"],
    ids=["package", "names"],
)
def test_importing_loads_no_framework_sql_or_calendar_parser(statement):
    """What is heavy is loaded where it is used: importing the package or its names loads none of it."""
    code = f"import sys; {statement}; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize(
    ("name", "places"),
    {
        "Appointment": "id starts_at ends_at timezone recipients title location status source recurrence_id revision "
        "booked_at tags data url all_day",
        "Recipient": "phone id name timezone locale opted_in data",
        "QuietHours": "start end",
        "Rule": "id",
        "ReminderKit": "provider rules ledger",
        "AsyncReminderKit": "provider rules ledger",
    }.items(),
)
def test_what_may_be_given_by_its_place(name, places):
    """All else goes by its name only, so that what is added later stands in nobody's way."""
    kinds = inspect.signature(getattr(reminder_kit, name)).parameters.values()
    assert [one.name for one in kinds if one.kind is one.POSITIONAL_OR_KEYWORD] == places.split()


@pytest.mark.parametrize("verb", VERBS.split())
def test_both_faces_have_the_same_verbs_with_the_same_words(verb):
    """`ReminderKit` and `AsyncReminderKit` document each verb, and in the same words."""
    blocking, awaited = getattr(ReminderKit, verb), getattr(AsyncReminderKit, verb)
    assert blocking.__doc__ == awaited.__doc__
    assert awaited.__doc__
