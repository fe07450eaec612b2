"""Whose rules, which ledger, and who may be written to, as the command tells it."""

from __future__ import annotations

import shutil

import pytest

from tests.factories import NOW


@pytest.fixture
def imported(run, telnyx, calendar, event):
    """A ledger with one parked reminder, and the calendar it is of."""
    path = calendar(event("A-1"))
    assert run("import", path, "--now", NOW).status == 0
    return path


@pytest.fixture
def changed(folder):
    """Return a writer of a second configuration: the first with a part replaced."""

    def write(before, after):
        text = (folder / "reminders.toml").read_text()
        assert before in text
        (folder / "other.toml").write_text(text.replace(before, after))
        return "other.toml"

    return write


@pytest.fixture
def without_rules(folder):
    text = (folder / "reminders.toml").read_text()
    (folder / "other.toml").write_text(text.partition("[[rules]]")[0])
    return "other.toml"


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
def test_a_file_without_rules_is_refused(run, telnyx, imported, without_rules, dry):
    """Status 3, the remedy on stderr, and nothing is withdrawn."""
    writes = telnyx.write_count
    for command in (["resync"], ["import", imported]):
        ran = run(*command, "--config", without_rules, "--now", NOW, *dry)
        assert ran.status == 3
        assert "namespace" in ran.err
    assert telnyx.write_count == writes


def test_it_can_be_forced(run, telnyx, imported, without_rules):
    """A person who means it withdraws everything."""
    assert run("resync", "--config", without_rules, "--now", NOW, "--force").status == 0
    assert telnyx.parked() == []


def test_a_second_set_yields_and_both_are_listed(run, telnyx, imported, changed):
    """Status 4 while two sets are at work; `attention` names both, `--force` takes over."""
    other = changed("Hi {{", "Hello {{")
    assert run("resync", "--config", other, "--now", NOW).status == 0
    writes = telnyx.write_count
    ran = run("resync", "--now", NOW, "--json")
    assert ran.status == 4
    assert [change["reason"] for change in ran.json["changes"]] == ["other_rules"]
    assert telnyx.write_count == writes
    listed = run("attention", "--now", NOW, "--json")
    (item,) = listed.json["items"]
    assert (item["kind"], len(item["affected"]), listed.status) == ("rules", 2, 4)
    forced = run("resync", "--now", NOW, "--force", "--json")
    assert [change["change"] for change in forced.json["changes"]] == ["replace"]


def test_a_copied_ledger_is_adopted(run, telnyx, imported, folder, changed, calendar, event):
    """Status 4 and nothing written, until `ledger adopt`."""
    shutil.copy(folder / "reminders.db", folder / "copy.db")
    other = changed("[[rules]]", '[ledger]\nurl = "sqlite:///copy.db"\n\n[[rules]]')
    writes = telnyx.write_count
    path = calendar(event("A-2", 13), name="second.ics")
    ran = run("import", path, "--config", other, "--now", NOW, "--json")
    assert ran.status == 4
    assert {change["reason"] for change in ran.json["changes"]} == {"foreign_ledger"}
    assert "ledger adopt" in ran.err
    assert telnyx.write_count == writes
    doctor = run("doctor", "--config", other)
    assert doctor.status == 1
    assert "writes to nobody" in doctor.out
    assert run("ledger", "adopt", "--config", other).status == 0
    run("resync", "--config", other, "--now", NOW)
    assert telnyx.write_count == writes + 1


def test_the_doctor_tells_account_rules_and_fence(run, telnyx, imported, changed):
    """One line has them all, and warns where the ledger serves other rules."""
    line = next(line for line in run("doctor").out.splitlines() if "  ledger" in line)
    assert line.startswith("ok")
    for part in ("reminders.db", "account telnyx", "+12025550100", "anybody", "day-before"):
        assert part in line
    other = changed('from = "+12025550100"', 'from = "+12025550100"\nonly_to = ["+1202555"]')
    assert "nobody but +1202555" in run("doctor", "--config", other).out
    other = changed("Hi {{", "Hello {{")
    line = next(line for line in run("doctor", "--config", other).out.splitlines() if "  ledger" in line)
    assert line.startswith("warn")
    assert "while the ledger serves" in line


def test_a_fence_that_cannot_be_meant_is_refused(run, telnyx, changed):
    """Status 2, with the key and what would be right."""
    other = changed('from = "+12025550100"', 'from = "+12025550100"\nonly_to = ["everybody"]')
    ran = run("resync", "--config", other, "--now", NOW)
    assert ran.status == 2
    assert "only_to" in ran.err
