"""Bad input: one clear line that names the thing and the remedy, the right exit status, nothing half written."""

from __future__ import annotations

import os
import socket

import pytest

from tests.factories import NOW


def one_line(ran, *parts):
    assert ran.out == ""
    assert ran.err.startswith("error: "), ran.err
    assert ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.err
    for part in parts:
        assert part in ran.err


def test_no_configuration(run, folder, calendar, event):
    """A missing configuration is one line that names the file and `--config`."""
    (folder / "reminders.toml").unlink()
    ran = run("import", calendar(event("A-1")))
    assert ran.status == 2
    one_line(ran, "reminders.toml: there is no such file", "--config")


def test_broken_toml(run, folder, calendar, event):
    """Broken TOML is one line with the file and the line in it."""
    (folder / "reminders.toml").write_text("timezone = New York\n")
    ran = run("plan", calendar(event("A-1")))
    assert ran.status == 2
    one_line(ran, "reminders.toml: broken TOML", "line 1")


def test_an_unknown_zone(run, folder, calendar, event):
    """A configured zone that isn't an IANA name is one line with file, key and value."""
    config = folder / "reminders.toml"
    config.write_text(config.read_text().replace("America/New_York", "America/Nowhere"))
    ran = run("plan", calendar(event("A-1")))
    assert ran.status == 2
    one_line(ran, "reminders.toml", "timezone", "America/Nowhere", "IANA")


def test_an_unknown_zone_on_the_command_line(run, calendar, event):
    """An unknown `--default-timezone` is one line that names the option."""
    day = ["--from", "2026-02-12T00:00:00Z", "--to", "2026-02-13T00:00:00Z"]
    ran = run("appointments", calendar(event("A-1")), *day, "--default-timezone", "Mars/Olympus")
    assert ran.status == 2
    one_line(ran, "--default-timezone", "Mars/Olympus")


@pytest.mark.parametrize("text", ["2026-02-10T14:00:00", "yesterday"], ids=["naive", "no time"])
def test_a_naive_or_unreadable_now(run, calendar, event, text):
    """A `--now` without a zone, or no time at all, is wrong usage."""
    ran = run("plan", calendar(event("A-1")), "--now", text)
    assert ran.status == 2
    assert ran.out == ""
    assert f"Invalid value for '--now': '{text}' is no instant with a zone" in ran.err


def test_a_missing_key_is_told_before_anything_is_written(run, folder, calendar, event):
    """Commands that write name the missing key and make no ledger, and a plan needs none."""
    file = calendar(event("A-1"))
    for command in (["import", file], ["resync"], ["cancel", "A-1"], ["suppress", "+12025550123"]):
        ran = run(*command)
        assert ran.status == 2
        one_line(ran, "TELNYX_API_KEY")
    assert not (folder / "reminders.db").exists()
    assert run("plan", file, "--now", NOW).status == 0


def test_a_refused_key_is_no_success_and_parks_nothing(run, telnyx, calendar, event, monkeypatch):
    """A refused key names its variable, is not printed, and ends with another status than 0."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEYWRONG")
    ran = run("import", calendar(event("A-1")), "--now", NOW)
    assert ran.status in (1, 2)
    assert "TELNYX_API_KEY" in ran.out + ran.err
    assert "KEYWRONG" not in ran.out + ran.err
    assert telnyx.messages() == []


def test_an_unreachable_provider_is_listed_as_failed(run, telnyx, calendar, event, monkeypatch):
    """Each reminder is listed as failed, the cause once, and the next run parks them."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        here, there = os.environ["TELNYX_BASE_URL"], f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
        monkeypatch.setenv("TELNYX_BASE_URL", there)
        ran = run("import", calendar(event("A-1"), event("A-2", hour=11)), "--now", NOW)
    assert ran.status == 1
    assert "Traceback" not in ran.err
    assert ran.out.count("FAILED schedule") == 2
    assert ran.out.count("base_url") == 1
    assert "2 appointments: 2 failed." in ran.out
    monkeypatch.setenv("TELNYX_BASE_URL", here)
    assert run("import", "clinic.ics", "--now", NOW).status == 0
    assert len(telnyx.parked()) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html>Please log in</html>", b"name,phone\nAda,5550123\n", b"\x00\x01\x02\xff" * 50],
    ids=["empty", "a login page", "a table", "bytes"],
)
def test_a_file_that_is_no_calendar(run, telnyx, folder, content):
    """Data that is no calendar is one line with the file's name, and nothing is written."""
    (folder / "clinic.ics").write_bytes(content)
    for command in (["plan"], ["import"], ["import", "--complete"]):
        ran = run(*command, "clinic.ics", "--now", NOW)
        assert ran.status == 2
        one_line(ran, "clinic.ics")
    assert not (folder / "reminders.db").exists()
    assert telnyx.request_count == 0


def test_a_file_that_is_not_there(run, telnyx):
    """A calendar that doesn't exist is one line with its name."""
    ran = run("import", "nowhere.ics")
    assert ran.status == 2
    one_line(ran, "nowhere.ics")


@pytest.mark.parametrize("command", [["plan"], ["import", "--complete"], ["appointments", "--from", "2026-02-12"]])
def test_a_file_without_a_name_is_not_the_current_folder(run, telnyx, folder, calendar, event, command):
    """A variable that is not set (`import "$FILE"`) is wrong usage, and nothing is read in its place."""
    calendar(event("A-1"))
    ran = run(*command, "", "--now", NOW)
    assert (ran.status, ran.out) == (2, "")
    assert "'FILE': it names nothing" in ran.err
    assert not (folder / "reminders.db").exists()


def test_an_impossible_phone_is_skipped_and_stops_nothing(run, telnyx, calendar, event):
    """An impossible number of an event is skipped, and one on the command line is wrong usage."""
    ran = run("import", calendar(event("A-1", phone="12"), event("A-2")), "--now", NOW)
    assert ran.status == 4  # all was done, and somebody must correct the number
    assert "correct the phone number" in ran.err
    assert len(telnyx.parked()) == 1
    ran = run("suppress", "12")
    assert ran.status == 2
    one_line(ran, "phone number", "country code")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(run, telnyx, folder, calendar, event):
    """A folder that can't hold the ledger is one line, and the provider isn't asked."""
    file = calendar(event("A-1"))
    folder.chmod(0o500)
    try:
        ran = run("import", file, "--now", NOW)
    finally:
        folder.chmod(0o700)
    assert ran.status == 2
    one_line(ran, "reminders.db")
    assert telnyx.request_count == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_ledger_can_be_looked_at_and_stays_as_it_is(run, telnyx, folder, calendar, event):
    """A read-only ledger serves status and doctor, and refuses what would write."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    ledger, requests = folder / "reminders.db", telnyx.request_count
    before = ledger.read_bytes()
    ledger.chmod(0o400)
    folder.chmod(0o500)
    try:
        ran = run("cancel", "A-1", "--now", NOW)
        looked = run("status")
        examined = run("doctor")
    finally:
        folder.chmod(0o700)
    assert ran.status == 2
    one_line(ran, "reminders.db is read-only")
    assert (looked.status, examined.status) == (0, 1)
    assert ledger.read_bytes() == before
    assert telnyx.request_count - requests == 1  # the doctor's


def test_a_ledger_that_cannot_be_there(run, telnyx, folder, calendar, event):
    """A ledger in a folder that doesn't exist is one line with its path."""
    config = folder / "reminders.toml"
    text = config.read_text()
    config.write_text(text.replace("[[rules]]", '[ledger]\nurl = "sqlite:///no/such/folder/reminders.db"\n\n[[rules]]'))
    ran = run("import", calendar(event("A-1")), "--now", NOW)
    assert ran.status == 2
    one_line(ran, "no/such/folder/reminders.db")
    assert telnyx.request_count == 0


def test_a_ledger_that_is_no_database(run, telnyx, folder, calendar, event):
    """A ledger file that is no database is one line, and is left as it is."""
    (folder / "reminders.db").write_bytes(b"Dear diary, " * 500)
    for command in (["import", calendar(event("A-1")), "--now", NOW], ["status"], ["ledger", "check"]):
        ran = run(*command)
        assert ran.status == 2
        one_line(ran, "reminders.db")
    assert (folder / "reminders.db").read_bytes() == b"Dear diary, " * 500
    assert telnyx.request_count == 0


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (["report", "-o"], "no/such/r.html"),
        (["report", "-o"], "."),
        (["export", "-o"], "no/such/o.ics"),
        (["export", "--output"], "."),
        (["person", "+12025550123", "--export", "-o"], "no/such/p.json"),
        (["person", "+12025550123", "--export", "-o"], "."),
        (["init", "--yes", "--config"], "no/such/v.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_file_that_cannot_be_written_is_named_with_the_remedy(run, telnyx, calendar, event, command, file):
    """The one that was asked for, and no temporary one beside it."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    ran = run(*command, file)
    assert ran.status == 2
    one_line(ran, f"error: {file} can't be written (", "a folder that is there")


@pytest.mark.parametrize("command", [["report"], ["export"], ["person", "+12025550123", "--export"]], ids=" ".join)
def test_a_file_to_write_has_a_name(run, folder, command):
    """A variable that is not set (`-o "$FILE"`) is wrong usage."""
    ran = run(*command, "-o", "")
    assert (ran.status, ran.out) == (2, "")
    assert "it names nothing" in ran.err


def test_a_source_that_has_no_such_appointment_is_what_is_wrong(run, telnyx, calendar, event):
    """Its id is right: that is said with the source that has it."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    for command in ("explain", "cancel"):
        for more in ([], ["--recurrence-id", "2026-02-12"]):
            ran = run(command, "A-1", "--source", "nope", *more, "--now", NOW)
            assert ran.status == 1
            one_line(ran, "appointment 'A-1' is of no source 'nope': it is of 'clinic': name that, or leave --source")
    one_line(run("explain", "A-9", "--source", "nope", "--now", NOW), "appointment 'A-9': check the id")


def test_unknown_commands_and_options_are_usage(run):
    """Misspelt commands, missing arguments and abbreviated options end with status 2."""
    assert run("inport", "clinic.ics").status == 2
    assert run("plan").status == 2
    assert run("plan", "clinic.ics", "--complet").status == 2


def test_what_nobody_thought_of_is_one_line_too(run, folder):
    """An error of the system, as of a folder in the file's place, is one line and no traceback."""
    (folder / "reminders.toml").unlink()
    (folder / "reminders.toml").mkdir()
    ran = run("status")
    assert ran.status == 2
    one_line(ran, "reminders.toml")
