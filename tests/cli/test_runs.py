"""`plan`, `import`, `resync`: what they write where, and with which exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reminder_kit.model.instants import iso
from tests.factories import NOW

ROOT = Path(__file__).parents[2]


def parked(telnyx):
    return [(item.to, iso(item.send_at), item.text) for item in telnyx.parked()]


def test_a_plan_shows_its_changes_and_writes_nothing(run, telnyx, calendar, event, folder):
    """A plan shows days, times, texts and reasons with numbers masked, and writes nothing."""
    file = calendar(event("A-1"), event("A-2", 20, name="Bob", phone="+12025550177"))
    ran = run("plan", file, "--now", NOW)
    assert (ran.status, ran.err) == (0, "")
    assert "Wed 11 Feb 2026 (America/New_York)" in ran.out
    assert "10:00  schedule  A-1  Check-up, Ada  day-before  +12…23  on_time" in ran.out
    assert "“Hi Ada, Check-up tomorrow at 10:00 AM.”" in ran.out
    assert "beyond_window" in ran.out
    assert "2 appointments: 1 to schedule, 1 held." in ran.out
    assert "+12025550123" not in ran.out
    assert telnyx.request_count == 0
    assert not (folder / "reminders.db").exists()


def test_a_number_that_nobody_gives_out_is_written_to_and_pointed_out(run, telnyx, calendar, event):
    """In one line, by plan and import, and never once it is parked."""
    file = calendar(event("A-1", phone="+447700900123"), event("A-2"))
    told = "1 number in no range that a country is known to give out, written to all the same"
    assert told in run("plan", file, "--now", NOW).err
    ran = run("import", file, "--now", NOW)
    assert ran.status == 0
    assert told in ran.err
    assert len(telnyx.parked()) == 2
    assert run("import", file, "--now", NOW).err == ""
    assert "its number is in no range that a country is known to give out" in run("explain", "A-1", "--now", NOW).out


def test_an_answer_that_says_anything_but_scheduled_is_a_warning(run, telnyx, calendar, event):
    """The message was looked up and is parked: the import went well, and its lines say what was odd."""
    telnyx.fault("word", word="queued", method="POST")
    ran = run("import", calendar(event("A-1")), "--now", NOW)
    assert ran.status == 0
    assert "warning: Telnyx did not say that it scheduled the message" in ran.out
    assert "looked up, it is scheduled" in ran.out
    assert len(telnyx.parked()) == 1


def test_an_import_parks_and_a_second_one_makes_no_request(run, telnyx, calendar, event):
    """An import parks what is due, and the same file once more is kept without a request."""
    file = calendar(event("A-1"))
    ran = run("import", file, "--now", NOW)
    assert (ran.status, ran.err) == (0, "")
    assert "1 appointment: 1 scheduled." in ran.out
    assert parked(telnyx) == [("+12025550123", "2026-02-11T15:00:00Z", "Hi Ada, Check-up tomorrow at 10:00 AM.")]
    requests = telnyx.request_count
    again = run("import", file, "--now", NOW)
    assert again.status == 0
    assert "1 kept" in again.out
    assert telnyx.request_count == requests


def test_the_json_of_a_run_is_the_contract(run, telnyx, calendar, event):
    """The JSON of a run has exactly the documented keys, with names, and the number in full for programs."""
    ran = run("import", calendar(event("A-1")), "--now", NOW, "--json")
    (message,) = telnyx.parked()
    assert ran.json == {
        "now": NOW,
        "summary": {
            "schedule": 1,
            "replace": 0,
            "cancel": 0,
            "hold": 0,
            "keep": 0,
            "skip": 0,
            "appointments": 1,
            "failed": 0,
            "unknown": 0,
        },
        "changes": [
            {
                "change": "schedule",
                "appointment": "A-1",
                "source": "clinic",
                "recurrence_id": None,
                "rule": "day-before",
                "to": "+12025550123",
                "due_at": "2026-02-11T15:00:00Z",
                "send_at": "2026-02-11T15:00:00Z",
                "was_at": None,
                "timezone": "America/New_York",
                "text": "Hi Ada, Check-up tomorrow at 10:00 AM.",
                "reason": "on_time",
                "cause": [],
                "outcome": "done",
                "message_id": message.id,
                "error": None,
                "title": "Check-up",
                "name": "Ada",
            }
        ],
        "problems": [],
    }


@pytest.mark.parametrize("place", ["before", "after"])
def test_config_and_json_stand_on_either_side(run, telnyx, calendar, event, folder, place):
    """`--config` and `--json` are taken before and after the subcommand."""
    (folder / "reminders.toml").rename(folder / "other.toml")
    options, command = ["--config", "other.toml", "--json"], ["plan", calendar(event("A-1")), "--now", NOW]
    ran = run(*options, *command) if place == "before" else run(*command, *options)
    assert ran.status == 0
    assert ran.json["summary"]["schedule"] == 1


def test_a_dry_run_is_a_plan(run, telnyx, calendar, event, folder):
    """`import --dry-run` prints what `plan` prints, and writes as little."""
    file = calendar(event("A-1"))
    dry, planned = (
        run(*command, "--now", NOW, "--json") for command in (("import", file, "--dry-run"), ("plan", file))
    )
    assert dry == planned
    assert telnyx.request_count == 0
    assert not (folder / "reminders.db").exists()


def test_a_moved_and_a_vanished_event_are_followed(run, telnyx, calendar, event):
    """A complete import replaces what moved, withdraws what is gone, and shows the old time."""
    run("import", calendar(event("A-1"), event("A-2", 13)), "--now", NOW)
    ran = run("import", calendar(event("A-1", 14, "SEQUENCE:1")), "--complete", "--now", NOW)
    assert ran.status == 0
    assert "was Wed 11 Feb 10:00" in ran.out
    assert "Withdrawn" in ran.out
    assert [send_at for _, send_at, _ in parked(telnyx)] == ["2026-02-13T15:00:00Z"]


def test_an_export_older_than_what_is_recorded_withdraws_nothing_of_it(run, telnyx, calendar, event):
    """`--as-of` says when the file was made; one that would be later than the clock is refused."""
    run("import", calendar(event("A-1"), event("A-2", 13)), "--now", NOW)
    older = [calendar(event("A-1")), "--complete", "--now", NOW]
    assert run("plan", *older, "--as-of", "2026-02-10T13:00:00Z", "--json").json["summary"]["cancel"] == 0
    assert run("import", *older, "--as-of", "2026-02-10T08:00:00-05:00").status == 0
    assert len(parked(telnyx)) == 2
    refused = run("import", *older, "--as-of", "2026-02-10T15:00:00Z")
    assert (refused.status, "later than the kit's clock" in refused.err) == (2, True)
    assert "'--as-of'" in refused.err
    assert "say when the file was exported" in refused.err
    assert run("import", *older).status == 0
    assert len(parked(telnyx)) == 1


def test_the_source_is_the_files_stem_unless_named(run, telnyx, calendar, event):
    """A calendar's appointments are recorded under the file's name without its ending."""
    file = calendar(event("A-1"))
    run("import", file, "--now", NOW)
    assert run("explain", "A-1", "--source", "clinic", "--now", NOW).status == 0
    assert run("explain", "A-1", "--source", "other", "--now", NOW).status == 1


def test_an_unsafe_import_is_refused_and_can_be_forced(run, telnyx, calendar, event):
    """The guard's refusal is status 3 with the numbers and writes nothing; `--force` goes on."""
    run("import", calendar(*(event(f"A-{number}", 12, hour=number) for number in range(9, 21))), "--now", NOW)
    assert len(parked(telnyx)) == 12
    few = calendar(event("A-9", 12, hour=9))
    refused = run("import", few, "--complete", "--now", NOW, "--json")
    assert refused.status == 3
    assert refused.json["summary"]["cancel"] == 11
    assert "11 of 12" in refused.err
    assert refused.err.count("\n") == 1
    assert len(parked(telnyx)) == 12
    assert run("plan", few, "--complete", "--now", NOW).status == 3
    assert run("import", few, "--complete", "--now", NOW, "--force").status == 0
    assert len(parked(telnyx)) == 1


def test_a_broken_event_is_told_and_stops_nothing_else(run, telnyx, calendar, event):
    """A broken event is told with line and UID, waits for a person (status 4), and the others are parked."""
    broken = event("A-2").replace("DTSTART;TZID=America/New_York:20260212T100000", "DTSTART:soon")
    ran = run("import", calendar(event("A-1"), broken), "--now", NOW)
    assert ran.status == 4
    assert "clinic.ics: line" in ran.err
    assert "A-2" in ran.err
    assert len(parked(telnyx)) == 1


def test_the_batch_job_parks_what_enters_the_window(run, telnyx, calendar, event):
    """A resync parks what has entered the window, and its dry run only shows it."""
    run("import", calendar(event("A-1", 20)), "--now", NOW)
    assert parked(telnyx) == []
    telnyx.clock.set("2026-02-15T15:00:00Z")
    preview = run("resync", "--dry-run", "--now", "2026-02-15T15:00:00Z", "--json")
    assert preview.json["summary"]["schedule"] == 1
    assert parked(telnyx) == []
    ran = run("resync", "--now", "2026-02-15T15:00:00Z")
    assert (ran.status, ran.err) == (0, "")
    assert len(parked(telnyx)) == 1


def test_every_goes_with_neither_now_nor_dry_run(run, telnyx):
    """`--every` with `--now`, with `--dry-run` or with no length of time is wrong usage."""
    assert run("resync", "--every", "60s", "--now", NOW).status == 2
    assert run("resync", "--every", "60s", "--dry-run").status == 2
    assert run("resync", "--every", "soon").status == 2


@pytest.mark.slow
def test_every_runs_again_and_again_until_terminated(telnyx, folder):
    """`--every` prints a line of JSON a run and ends with status 0 when terminated."""
    with subprocess.Popen(
        [sys.executable, "-m", "reminder_kit", "resync", "--every", "1s", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as job:
        found = [job.stdout.readline() for _ in range(2)]
        job.send_signal(signal.SIGTERM)
        _, err = job.communicate(timeout=20)
    assert job.returncode == 0, err
    assert [json.loads(line)["summary"]["appointments"] for line in found] == [0, 0]


def test_a_run_that_writes_elsewhere_at_another_time_is_refused(run, calendar, event, folder, monkeypatch):
    """A writing run with `--now` far from the clock is for loopback only; previews may do it."""
    monkeypatch.setenv("TELNYX_API_KEY", "KEY0123")
    monkeypatch.setenv("TELNYX_BASE_URL", "https://telnyx.invalid/v2")
    file = calendar(event("A-1"))
    for command in (["import", file], ["resync"]):
        ran = run(*command, "--now", NOW)
        assert ran.status == 2
        assert "more than 60 s from this machine's clock" in ran.err
        assert ran.err.count("\n") == 1
    assert not (folder / "reminders.db").exists()
    assert run("plan", file, "--now", NOW).status == 0
    assert run("import", file, "--now", NOW, "--dry-run").status == 0


def test_a_batch_job_with_nothing_to_do_says_one_line(run, telnyx, calendar, event):
    """A resync without work prints its line of counts and nothing else."""
    run("import", calendar(event("A-1"), event("A-2", 20)), "--now", NOW)
    ran = run("resync", "--now", NOW)
    assert ran.status == 0
    assert ran.out.count("\n") == 1
    assert "1 held" in ran.out


def test_of_many_done_two_hundred_are_listed(run, telnyx, calendar, event):
    """Of many done the first two hundred are listed and all are counted."""
    file = calendar(
        *(event(f"A-{number}", 12 + number % 3, hour=10 + number % 8, title=f"Visit {number}") for number in range(210))
    )
    ran = run("import", file, "--now", NOW)
    assert ran.status == 0
    assert ran.out.count("  schedule  ") == 200
    assert "… and 10 more" in ran.out
    assert "210 scheduled" in ran.out


def test_warnings_are_not_told_by_every_batch_job(run, telnyx, calendar, event, folder):
    """Warnings of texts are shown by plan and import, and not by each resync."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("Hi {{", "Hi ☺ {{"))
    file = calendar(event("A-1"))
    assert "not in the GSM alphabet" in run("plan", file, "--now", NOW).err
    assert "not in the GSM alphabet" in run("import", file, "--now", NOW).err
    assert run("resync", "--now", NOW).err == ""


def test_only_the_plan_that_was_reviewed_is_carried_out(run, telnyx, calendar, event):
    """An import with `--expect-digest` of another plan is refused with status 3."""
    file = calendar(event("A-1"))
    digest = run("plan", file, "--now", NOW).out.split()[-1]
    calendar(event("A-1", 13))
    refused = run("import", file, "--now", NOW, "--expect-digest", digest)
    assert refused.status == 3
    assert "not the plan that was reviewed" in refused.err
    assert telnyx.request_count == 0
    calendar(event("A-1"))
    assert run("import", file, "--now", NOW, "--expect-digest", digest).status == 0
    assert len(telnyx.parked()) == 1


def test_a_plan_ends_with_a_forecast_of_parts_and_money(run, telnyx, folder, calendar, event):
    """A plan's forecast prices parts by the `[cost]` table, in words and in JSON."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text() + '\n[cost]\npart = 0.004\ncurrency = "USD"\n')
    file = calendar(event("A-1"), event("A-2", 13), event("A-3", 25))
    assert "Forecast: 2 SMS in 2 parts, 0.01 USD, 1 held not counted" in run("plan", file, "--now", NOW).out
    forecast = run("import", file, "--dry-run", "--now", NOW, "--json").json["forecast"]
    assert (forecast["parts"], forecast["held"], forecast["price"], forecast["currency"]) == (2, 1, 0.008, "USD")
    assert [item["rule"] for item in forecast["rules"]] == ["day-before"]


def test_an_edited_rule_is_shown_before_it_replaces_anything(run, telnyx, folder, calendar, event):
    """B11: the preview of the batch job says what an edit of the rules would do; nothing is done yet."""
    assert run("import", calendar(event("A-1")), "--now", NOW).status == 0
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("Hi {{ recipient.name }}", "Dear {{ recipient.name }}"))
    shown = run("resync", "--dry-run", "--now", NOW)
    assert shown.status == 0
    assert "replace" in shown.out
    assert "“Dear Ada, Check-up tomorrow at 10:00 AM.”" in shown.out
    assert [item.text for item in telnyx.parked()] == ["Hi Ada, Check-up tomorrow at 10:00 AM."]
    assert run("resync", "--dry-run", "--now", NOW, "--json").json["summary"]["replace"] == 1
    assert run("resync", "--now", NOW).status == 0
    assert [item.text for item in telnyx.parked()] == ["Dear Ada, Check-up tomorrow at 10:00 AM."]


@pytest.mark.parametrize("broken", [None, "<html>log in</html>"], ids=["missing", "a web page"])
def test_a_source_out_of_reach_hinders_nothing_else(run, telnyx, calendar, event, folder, broken):
    """Law 6: what is held is parked, and the other sources are read; the status says that something is amiss."""
    run("import", calendar(event("A-1", 17), name="held.ics"), "--now", NOW)
    calendar(event("B-1", 13, phone="+12025550177"), name="there.ics")
    if broken:
        (folder / "gone.ics").write_text(broken)
    config = (folder / "reminders.toml").read_text()
    (folder / "reminders.toml").write_text(f'{config}\n[calendar]\nsources = ["gone.ics", "there.ics"]\n')
    assert parked(telnyx) == []
    telnyx.clock.set("2026-02-11T15:30:00Z")
    for arguments in (["--dry-run"], []):
        ran = run("resync", "--now", "2026-02-11T15:30:00Z", *arguments)
        assert ran.status == 1
        assert "gone.ics" in ran.err
    assert sorted(to for to, _, _ in parked(telnyx)) == ["+12025550123", "+12025550177"]


def test_what_stands_is_counted_and_listed_on_request(run, telnyx, calendar, event):
    """`resync --json` lists what it looked at; with `--all` every reminder, as it was decided."""
    run("import", calendar(event("A-1"), event("A-2", 20, name="Bob", phone="+12025550177")), "--now", NOW)
    short, whole = run("resync", "--json", "--now", NOW), run("resync", "--json", "--all", "--now", NOW)
    assert (short.json["changes"], short.json["summary"]["keep"], short.json["summary"]["hold"]) == ([], 1, 1)
    assert short.json["summary"] == whole.json["summary"]
    listed = {(line["appointment"], line["change"], line["reason"]) for line in whole.json["changes"]}
    assert listed == {("A-1", "keep", "unchanged"), ("A-2", "hold", "beyond_window")}


@pytest.mark.parametrize("others", [(), ("--json", "--dry-run")])
def test_a_list_of_all_is_json_of_a_run(run, telnyx, others):
    """`--all` without `--json`, or of a run that is none, is refused with the remedy."""
    ran = run("resync", "--all", *others)
    assert ran.status == 2
    assert "give --json as well, and no --dry-run" in ran.err


def test_appointments_without_a_number_are_counted_by_every_run(run, telnyx, calendar, event):
    """Also by a run that passes them over."""
    run("import", calendar(event("A-1", phone="")), "--now", NOW)
    assert "1 appointment has no phone number: nobody is reminded of it" in run("resync", "--now", NOW).err


def test_a_quiet_run_that_changes_nothing_says_nothing(run, telnyx, calendar, event):
    """What was done is told as ever; where nothing was, neither stdout nor stderr has a word, JSON or not."""
    file = calendar(event("A-1"), event("A-2", phone=""))
    first = run("import", file, "--quiet", "--now", NOW)
    assert "1 scheduled" in first.out
    for command in (("import", file), ("import", file, "--json"), ("resync",), ("plan", file)):
        ran = run(*command, "--quiet", "--now", NOW)
        assert (ran.status, ran.out, ran.err) == (0, "", ""), command


def test_a_quiet_run_still_tells_what_is_wrong(run, telnyx, calendar, event):
    """An event that can't be read is told each time, and the status is that of a run that is not quiet."""
    broken = event("A-2").replace("DTSTART;TZID=America/New_York:20260212T100000", "DTSTART:soon")
    file = calendar(event("A-1"), broken)
    run("import", file, "--now", NOW)
    loud, quiet = run("import", file, "--now", NOW), run("import", file, "--quiet", "--now", NOW)
    assert quiet.status == loud.status != 0
    assert "A-2" in quiet.err
    assert quiet.out == ""


def test_only_changes_are_listed_where_that_is_wished(run, telnyx, calendar, event):
    """What is kept, held or skipped is in the sums, and not in the list."""
    run("import", calendar(event("A-1")), "--now", NOW)
    file = calendar(event("A-1"), event("A-2", 13), event("A-3", 28))
    ran = run("plan", file, "--changes-only", "--now", NOW)
    assert "A-2" in ran.out
    assert "A-1" not in ran.out
    assert "A-3" not in ran.out
    assert "3 appointments: 1 to schedule, 1 held, 1 kept." in ran.out


def test_a_plan_as_json_has_all_that_a_person_sees(run, telnyx, calendar, event):
    """Digest, source, what could not be read, and names: what is carried out by `--expect-digest` can be reviewed."""
    broken = event("A-2").replace("DTSTART;TZID=America/New_York:20260212T100000", "DTSTART:soon")
    shown = run("plan", calendar(event("A-1"), broken), "--json", "--now", NOW).json
    assert (shown["source"], len(shown["digest"])) == ("clinic", 32)
    (problem,) = shown["problems"]
    assert (problem["severity"], problem["uid"]) == ("error", "A-2")
    assert (shown["changes"][0]["title"], shown["changes"][0]["name"]) == ("Check-up", "Ada")
    assert shown["forecast"]


def test_events_without_a_number_are_one_line_of_a_plan_too(run, telnyx, calendar, event, monkeypatch):
    """With their number and the first of them; its title is for a terminal, since anything else may be a log."""
    file = calendar(*[event(f"A-{number}", 12, phone="") for number in range(5)])
    said = "5 appointments have no phone number: nobody is reminded of them; first: A-0"
    assert run("plan", file, "--now", NOW).err == f"{said}\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert f"{said}, Check-up\n" in run("plan", file, "--now", NOW).err


def test_a_batch_job_repeats_nothing_of_a_broken_event(run, telnyx, folder, calendar, event, caplog):
    """Neither on stderr nor in the log: line, UID and what is wrong are enough."""
    config = folder / "reminders.toml"
    config.write_text(f'{config.read_text()}\n[calendar]\nsources = ["clinic.ics"]\n')
    start = "DTSTART:call +12025550123 Ada Secret"
    calendar(event("A-1").replace("DTSTART;TZID=America/New_York:20260212T100000", start))
    ran = run("resync", "--quiet", "--now", NOW)
    assert ran.status == 4
    assert "DTSTART (28 characters) is no date or time" in ran.err
    for told in (ran.out, ran.err, caplog.text):
        assert "Secret" not in told
        assert "2025550123" not in told


def test_warnings_of_one_kind_are_one_line(capsys):
    """With their number and the first; errors are told one by one, and are all that is told where that is wished."""
    from reminder_kit.calendars.occurrences import Problem
    from reminder_kit.cli.output import tell_problems

    nobody = "has no phone number and is not reminded"
    quiet = [Problem(f"Cy {n} {nobody}", f"U-{n}", n, "warning") for n in range(3)]
    zone = Problem("unknown time zone 'X': read in UTC", None, 7, "warning")
    broken = [Problem("DTSTART is missing", "B-1", 9), Problem("DTSTART is missing", "B-2", 12)]
    assert tell_problems([*quiet, zone, *broken], "c.ics")
    assert capsys.readouterr().err.splitlines() == [
        "warning: not read: c.ics: line 9, UID B-1: DTSTART is missing",
        "warning: not read: c.ics: line 12, UID B-2: DTSTART is missing",
        f"warning: c.ics: 3 times: … {nobody}; first: line 0, UID U-0: Cy 0 {nobody}",
        "warning: c.ics: line 7: unknown time zone 'X': read in UTC",
    ]
    assert not tell_problems([*quiet, zone], "c.ics", only_errors=True)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_what_was_done(folder, telnyx, calendar, event, heard_interrupts, number, status):
    """What was parked by then, and that the next resync finishes the rest; which it does."""
    calendar(*[event(f"A-{place}", 12 + place % 3, phone=f"+120255501{place:02}") for place in range(40)])
    telnyx.fault("slow", None, delay=0.3, method="POST")
    job = subprocess.Popen(
        [sys.executable, "-m", "reminder_kit", "import", "clinic.ics", "--now", NOW],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while telnyx.write_count < 5:
        assert job.poll() is None
    job.send_signal(number)
    _, err = job.communicate(timeout=60)
    assert job.returncode == status
    assert "interrupted after " in err
    assert "the next `reminder-kit resync` finishes it" in err
    assert "Traceback" not in err
    assert 5 <= len(telnyx.parked()) < 40
