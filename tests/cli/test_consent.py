"""Who barred a number, from the command line: `allow --consent`, `status`, `explain`, and replies that are unclear."""

from __future__ import annotations

from contextlib import closing

import pytest

from reminder_kit.ledger.ledger import Ledger
from reminder_kit.model.consent import Act, Party, Way
from reminder_kit.model.instants import from_iso
from reminder_kit.testing.ledger_stage import barred
from tests.factories import NOW, NUMBER


@pytest.fixture
def imported(run, telnyx, calendar, event):
    """One parked appointment."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0


def wrote(folder, act, words):
    """Have the person write something, as a webhook of a minute ago told it."""
    at = from_iso(NOW)
    said = barred(NUMBER, by=Party.RECIPIENT, act=act, way=Way.REPLY, words=words, occurred_at=at, recorded_at=at)
    with closing(Ledger(f"sqlite:///{folder / 'reminders.db'}")) as ledger, ledger.writing() as tx:
        tx.consent.record(said)
        tx.mark_dirty(number=NUMBER)


def test_a_stop_is_lifted_with_the_persons_word_only(run, telnyx, imported, folder):
    """Without it: status 2, one line that says who barred the number, when, and the remedy."""
    wrote(folder, Act.BAR, "Stop, thanks")
    assert run("resync", "--now", NOW).status == 0
    refused = run("allow", NUMBER, "--now", NOW)
    assert (refused.status, refused.out) == (2, "")
    assert "barred by the recipient since 2026-02-10T14:00:00Z (reply)" in refused.err
    assert "--consent" in refused.err
    assert NUMBER not in refused.err
    ran = run("allow", NUMBER, "--consent", "signed form, 12 May", "--now", NOW)
    assert ran.status == 0
    assert ran.out == (
        "lifted: barred by the recipient since 2026-02-10T14:00:00Z (reply): the recipient asked to stop\n"
        "the next resync parks what is due\n"
    )
    assert "texts START" in ran.err
    assert run("resync", "--now", NOW).status == 0
    assert [item.to for item in telnyx.parked()] == [NUMBER]


def test_it_is_shown_who_barred_a_number(run, imported, folder):
    """`status` counts by whom, `explain` says who it was, and `allow --json` what it lifted."""
    run("suppress", NUMBER, "--reason", "deceased", "--now", NOW)
    assert run("status", "--json").json["barred_by"] == {"recipient": 0, "host": 1, "provider": 0}
    shown = run("status").out
    assert "barred numbers: 1" in shown
    assert "host: 1" in shown
    said = "barred by the host since 2026-02-10T14:00:00Z (cli): deceased"
    assert f"not sent: suppressed ({said})" in run("explain", "A-1", "--now", NOW).out
    lifted = run("allow", NUMBER, "--json", "--now", NOW).json
    who = {"by": "host", "since": "2026-02-10T14:00:00Z", "way": "cli", "reason": "deceased"}
    assert lifted == {"lifted": True, "barred_by": [who], "note": None}
    assert run("allow", NUMBER, "--json").json == {"lifted": False}
    assert "was not barred" in run("allow", NUMBER).out


def test_what_is_unclear_waits_until_somebody_has_seen_it(run, telnyx, imported, folder):
    """It is listed with its words, and holds back what goes to its number where the file says so."""
    config = folder / "reminders.toml"
    config.write_text('unclear = "hold"\n' + config.read_text())
    wrote(folder, Act.UNCLEAR, "stop the morning\nones only")
    ran = run("resync", "--now", NOW)
    assert (ran.status, "unclear_reply (1)" in ran.err, telnyx.parked()) == (4, True, [])
    assert "the morning" not in ran.err
    (item,) = run("attention", "--json", "--now", NOW).json["items"]
    assert (item["kind"], item["affected"][0]["error"]) == ("unclear_reply", "stop the morning\nones only")
    assert "“stop the morning ones only”" in run("attention", "--now", NOW).out
    assert run("attention", "--seen", item["item"], "--now", NOW).status == 0
    assert run("resync", "--now", NOW).status == 0
    assert [item.to for item in telnyx.parked()] == [NUMBER]


def test_an_unclear_that_is_neither_is_refused(run, folder):
    """A value that can't be meant is told with the key and what would be right."""
    config = folder / "reminders.toml"
    config.write_text('unclear = "wait"\n' + config.read_text())
    ran = run("status")
    assert (ran.status, "unclear cannot be 'wait': write 'tell' or 'hold'" in ran.err) == (2, True)
