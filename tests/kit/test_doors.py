"""What a host meets at the door: names in help and tracebacks, and a clear word about what is no ledger."""

from __future__ import annotations

import inspect
import traceback

import pytest

from reminder_kit import AsyncReminderKit, ReminderKit
from reminder_kit.errors import InvalidInputError

VERBS = (
    *("plan", "plan_calendar", "plan_resync", "apply", "sync", "import_calendar", "resync", "record", "withdraw"),
    *("suppress", "allow", "reconcile_opt_outs", "receive", "explain", "status", "attention", "retry"),
)


@pytest.mark.parametrize("face", [ReminderKit, AsyncReminderKit])
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_bears_its_own_name(face, verb):
    """`help(kit)` and whoever looks at a verb find it under the name it is called by, with what it says of itself."""
    found = getattr(face, verb)
    assert found.__name__ == verb
    assert found.__qualname__.endswith(f".{verb}")
    assert found.__doc__
    assert "appointments" in inspect.signature(ReminderKit.sync).parameters


@pytest.mark.parametrize("verb", ["plan", "sync"])
def test_a_traceback_names_the_verb(kit, verb):
    """Every frame of a verb, wrapped or not, is called after it."""
    with pytest.raises(InvalidInputError) as caught:
        getattr(kit, verb)(3)
    names = [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert names.count(verb) >= 2
    assert not {f"_{verb}", "method", "wrapper"} & set(names)


@pytest.mark.parametrize("ledger", [object(), 7, ["sqlite:///a.db"]], ids=["object", "number", "list"])
def test_what_is_no_ledger_is_refused_at_once(ledger):
    """The error names both databases and what was handed in, and nothing is opened first."""
    with pytest.raises(InvalidInputError, match=f"SQLite or PostgreSQL, not in a {type(ledger).__name__}"):
        ReminderKit(None, (), ledger)


def test_a_new_appointment_is_planned_and_decided_from_two_snapshots(kit, appointment, monkeypatch):
    """One for the plan and one, under the claim, for what is carried out; a third tells what waits for a person."""
    kit.sync(appointment("A-0"))  # the tables are there, and known to be current
    reads, database = [], kit.ledger._database
    ask = database.ask
    monkeypatch.setattr(database, "ask", lambda question: reads.append(1) or ask(question))
    assert kit.sync(appointment("A-1")).summary["schedule"] == 1
    assert len(reads) <= 3
