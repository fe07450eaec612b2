"""`ledger backup`, `restore` and `adopt`: what is said, where, and by which status."""

from __future__ import annotations

import pytest

from tests.factories import NOW

LATER = "2026-02-11T14:00:00Z"


@pytest.fixture
def backed_up(run, telnyx, calendar, event, folder):
    """A folder whose ledger has one visit, its backup, and then another visit, which is parked."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    assert run("ledger", "backup", "backup.db").status == 0
    assert run("import", calendar(event("A-1"), event("A-2", 13, phone="+12025550124")), "--now", NOW).status == 0
    telnyx.clock.set(LATER)
    return calendar(event("A-1"), event("A-2", 13, phone="+12025550124"))


def kinds(ran):
    return sorted(item["kind"] for item in ran.json["items"])


def test_a_ledger_is_backed_up_restored_adopted_and_works_on(run, telnyx, backed_up):
    """Each step says what comes next; nobody gets a second text, and what can't be known is listed."""
    refused = run("ledger", "restore", "backup.db", "--now", LATER)
    assert (refused.status, "force it (--force)" in refused.err) == (2, True)
    ran = run("ledger", "restore", "backup.db", "--force", "--json", "--now", LATER)
    assert (ran.status, ran.json) == (0, {"restored": "backup.db", "since": NOW})
    assert "ledger adopt" in ran.err
    assert kinds(run("attention", "--json", "--now", LATER)) == ["ledger"]
    assert run("resync", "--now", LATER).status == 4
    assert run("doctor").status == 1
    ran = run("ledger", "adopt")
    assert (ran.status, "asked by the next `resync`" in ran.err) == (0, True)
    ran = run("import", backed_up, "--complete", "--json", "--now", LATER)
    assert ran.status == 1
    names = ("change", "reason", "outcome")
    found = {change["appointment"]: tuple(change[name] for name in names) for change in ran.json["changes"]}
    assert found == {"A-1": ("keep", "unchanged", None), "A-2": ("schedule", "not_confirmed", "unknown")}
    assert sorted(message.to for message in telnyx.parked()) == ["+12025550123", "+12025550124"]
    assert kinds(run("attention", "--json", "--now", LATER)) == ["restored", "unknown"]


def test_a_plan_says_what_is_asked_first(run, telnyx, backed_up):
    """A preview promises no message that may not be sent."""
    run("ledger", "restore", "backup.db", "--force", "--now", LATER)
    run("ledger", "adopt", "--opt-outs-known")
    ran = run("plan", backed_up, "--json", "--now", LATER)
    found = {change["appointment"]: (change["change"], change["reason"]) for change in ran.json["changes"]}
    assert found == {"A-1": ("keep", "unchanged"), "A-2": ("hold", "restored_ledger")}


def test_what_others_put_back_is_adopted_as_restored(run, telnyx, backed_up, folder):
    """A copy of the file, made and put back by other means: from when on it knows nothing is found in it."""
    (folder / "reminders.db").unlink()
    (folder / "backup.db").rename(folder / "reminders.db")
    assert "adopt --restored" in run("attention", "--now", LATER).out
    assert run("ledger", "adopt", "--restored", "--now", LATER).status == 0
    run("import", backed_up, "--now", LATER)
    assert len(telnyx.parked()) == 2
    assert kinds(run("attention", "--json", "--now", LATER)) == ["restored", "unknown"]


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_postgresql_says_what_to_use_instead(run, folder, postgres_url, command):
    """Exit status 2, with the server's own means and what follows."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("[[rules]]", f'[ledger]\nurl = "{postgres_url}"\n\n[[rules]]'))
    ran = run("ledger", command, "backup.db")
    assert (ran.status, ran.out) == (2, "")
    assert "pg_dump" in ran.err
    assert "ledger adopt --restored" in ran.err
