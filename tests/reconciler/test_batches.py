"""What is handed in at once: one appointment twice, and occurrences by their instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reminder_kit.errors import InvalidInputError
from tests.factories import START

MORE = timedelta(hours=3)
SPELLINGS = ["20260213T150000Z", "2026-02-13 15:00:00 UTC", "2026-02-13T10:00-05:00", "2026-02-13t15:00:00.0z"]


@pytest.mark.parametrize("last", ["as recorded", "as it changed"])
@pytest.mark.parametrize("verb", ["sync", "resync"])
def test_an_id_that_comes_twice_with_different_content_is_a_problem_and_changes_nothing(
    kit, sandbox, appointment, verb, last
):
    """Nobody can say which is meant: what is recorded stays, also where absence would withdraw it, others are done."""
    kit.sync(appointment())
    (before,) = sandbox.parked()
    later = appointment(starts_at=appointment().starts_at + MORE)
    both = [later, appointment()] if last == "as recorded" else [appointment(), later]
    report = getattr(kit, verb)([*both, appointment("A-2", days=2)], complete=True)
    (problem,) = report.problems
    assert str(problem).startswith("appointment 'A-1': it came twice in one batch, with different starts_at, ends_at")
    assert [(change.identity.id, change.reason) for change in report.failed] == [("A-1", "quarantined")]
    assert before in sandbox.parked()
    assert len(sandbox.parked()) == 2
    assert kit.sync(appointment()).ok
    assert kit.attention() == ()


def test_the_same_appointment_twice_is_one(kit, sandbox, appointment):
    """Equal content is no contradiction, and a newer revision says which is meant, wherever it stands."""
    report = kit.sync([appointment(), appointment(), appointment("A-2", revision=2), appointment("A-2", revision=1)])
    assert (report.ok, report.problems, len(sandbox.parked())) == (True, (), 2)
    moved = appointment("A-2", revision=4, days=4)
    assert kit.sync([appointment("A-2", revision=3), appointment("A-2", revision=3, title="x"), moved]).problems == ()


def test_record_refuses_an_id_that_comes_twice_with_different_content(kit, appointment):
    """There is no report that could say so, and nothing of the batch is written."""
    with pytest.raises(InvalidInputError, match="'A-1': it came twice in one batch, with different title"):
        kit.record([appointment("A-2"), appointment(), appointment(title="Other")])
    assert kit.status()["appointments"] == 0


def test_covers_may_be_one_id(kit, sandbox, appointment):
    """A single id needs no list, and its letters are not taken for ids."""
    kit.sync([appointment(recurrence_id=START), appointment(recurrence_id=START + MORE, hours=3), appointment("A")])
    kit.sync(appointment(recurrence_id=START), covers="A-1")
    assert len(sandbox.parked()) == 2


@pytest.mark.parametrize("spelled", [*SPELLINGS, datetime(2026, 2, 13, 15, tzinfo=UTC)], ids=str)
def test_an_occurrence_is_known_by_its_instant_however_that_is_spelled(kit, sandbox, appointment, spelled):
    """Handed in again, explained and withdrawn in another spelling, it is the same occurrence."""
    kit.sync([appointment(recurrence_id="2026-02-13T15:00:00Z"), appointment(recurrence_id="2026-02-14", days=4)])
    assert kit.sync(appointment(recurrence_id=spelled)).summary["keep"] == 1
    why = kit.explain("A-1", recurrence_id=spelled)
    assert {entry.identity.recurrence_id for entry in why.reminders[0].history} == {"2026-02-13T15:00:00Z"}
    assert kit.withdraw("A-1", recurrence_id=spelled).summary["cancel"] == 1
    assert len(sandbox.parked()) == 1


@pytest.mark.parametrize("name", ["third", "A-7", "2026-W07", "12345678"])
def test_a_name_that_spells_no_instant_stays_as_it_is(appointment, name):
    assert appointment(recurrence_id=name).recurrence_id == name
