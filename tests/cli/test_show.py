"""`appointments`, `explain`, `status`, `rules check`: what they tell, and that they only look."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from tests.factories import NOW

FEBRUARY = ("--from", "2026-02-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z")


def lines(ran):
    return [json.loads(line) for line in ran.out.splitlines()]


def test_appointments_as_json_follow_the_contract(run, calendar, event):
    """An appointment is one JSON object a line with exactly the documented keys."""
    ran = run("appointments", calendar(event("A-1", 12, "SEQUENCE:3", "LOCATION:Room 2")), *FEBRUARY, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert lines(ran) == [
        {
            "id": "A-1",
            "recurrence_id": None,
            "start_at": "2026-02-12T15:00:00Z",
            "end_at": "2026-02-12T15:30:00Z",
            "all_day": False,
            "timezone": "America/New_York",
            "status": "confirmed",
            "title": "Check-up",
            "location": "Room 2",
            "recipients": [{"phone": "+12025550123", "name": "Ada"}],
            "alarms": [],
            "sequence": 3,
        }
    ]


def test_appointments_are_listed_by_start_phone_or_not(run, calendar, event):
    """Starts from `--from` to before `--to` are listed, also without a phone."""
    alone = event("A-2", 13).replace("ATTENDEE;CN=Ada:tel:+12025550123\r\n", "")
    file = calendar(event("A-1", 12), alone, event("A-3", 14))
    ran = run("appointments", file, "--from", "2026-02-12T15:00:00Z", "--to", "2026-02-14T15:00:00Z", "--json")
    assert [(line["id"], len(line["recipients"])) for line in lines(ran)] == [("A-1", 1), ("A-2", 0)]


@pytest.mark.parametrize("start", ["20260213T013000Z", "2026-02-13T03:30:00+02:00"], ids=["UTC", "an offset"])
def test_times_that_name_no_zone_are_shown_by_the_clinics_clock(run, folder, calendar, start):
    """UTC and offsets are no named zones: the default zone rules, on which evening it is; JSON has the instant."""
    file = calendar(f"BEGIN:VEVENT\r\nUID:U\r\nDTSTAMP:20260201T000000Z\r\nDTSTART:{start}\r\nEND:VEVENT")
    assert run("appointments", file, *FEBRUARY).out.startswith("2026-02-12 20:30  America/New_York  ")
    (found,) = lines(run("appointments", file, *FEBRUARY, "--json"))
    assert (found["start_at"], found["timezone"]) == ("2026-02-13T01:30:00Z", None)
    (folder / "reminders.toml").unlink()
    assert run("appointments", file, *FEBRUARY).out.startswith("2026-02-13 01:30  UTC  ")
    file.write_bytes(file.read_bytes().replace(b"VERSION", b"X-WR-TIMEZONE:Asia/Tokyo\r\nVERSION"))
    assert run("appointments", file, *FEBRUARY).out.startswith("2026-02-13 10:30  Asia/Tokyo  ")


def test_all_day_appointments_have_dates(run, calendar):
    """An all-day appointment has dates for its times, and the day after it as its end."""
    day = "BEGIN:VEVENT\r\nUID:D\r\nDTSTAMP:20260201T000000Z\r\nDTSTART;VALUE=DATE:20260212\r\nEND:VEVENT"
    (found,) = lines(run("appointments", calendar(day), *FEBRUARY, "--json"))
    assert (found["start_at"], found["end_at"], found["all_day"]) == ("2026-02-12", "2026-02-13", True)


def test_appointments_need_no_configuration(run, folder, calendar):
    """Floating times are in `--default-timezone`, before the configured zone, or without any file."""
    floating = "BEGIN:VEVENT\r\nUID:F\r\nDTSTAMP:20260201T000000Z\r\nDTSTART:20260212T100000\r\nEND:VEVENT"
    file = calendar(floating)
    (by_config,) = lines(run("appointments", file, *FEBRUARY, "--json"))
    (by_option,) = lines(run("appointments", file, *FEBRUARY, "--json", "--default-timezone", "Europe/Berlin"))
    (folder / "reminders.toml").unlink()
    (by_none,) = lines(run("appointments", file, *FEBRUARY, "--json", "--default-timezone", "Europe/Berlin"))
    assert by_config["start_at"] == "2026-02-12T15:00:00Z"
    assert by_option["start_at"] == by_none["start_at"] == "2026-02-12T09:00:00Z"


def test_a_broken_event_is_a_warning_and_status_1(run, calendar, event):
    """A broken event is a warning with line and UID; the others are listed, with status 1."""
    broken = event("A-2").replace("DTSTART;TZID=America/New_York:20260212T100000", "DTSTART:soon")
    ran = run("appointments", calendar(event("A-1"), broken), *FEBRUARY, "--json")
    assert ran.status == 1
    assert [line["id"] for line in lines(ran)] == ["A-1"]
    assert "warning" in ran.err
    assert "line " in ran.err
    assert "A-2" in ran.err


def test_an_unusable_file_gives_no_line_and_status_2(run, folder):
    """A file that is no calendar prints nothing on stdout and ends with status 2."""
    (folder / "clinic.ics").write_text("<html>")
    ran = run("appointments", "clinic.ics", *FEBRUARY, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")


def test_people_get_a_table_by_start_with_masked_numbers(run, calendar, event):
    """Without `--json` appointments are a table ordered by start, and numbers are masked."""
    ran = run("appointments", calendar(event("A-2", 13, name="Bob"), event("A-1", 12)), *FEBRUARY)
    first, second = ran.out.splitlines()
    assert first.startswith("2026-02-12 10:00  America/New_York  confirmed  Check-up  Ada +12…23")
    assert "Bob" in second


@pytest.mark.parametrize(
    ("start", "listed"), [("2026-02-12", 1), ("2026-02-13", 0), ("2025-12-14T15:00:00Z", 0), ("9999-12-20", 0)]
)
def test_without_an_end_it_lists_as_far_as_an_import_reads(run, calendar, event, start, listed):
    """Sixty days from a day or instant on, or to the end of time."""
    ran = run("appointments", calendar(event("A-1", 12)), "--from", start)
    assert (ran.status, ran.out.count("Ada")) == (0, listed)


def test_from_is_needed_and_before_to(run, calendar, event):
    """`appointments` without a beginning, or with the end first, is wrong usage."""
    file = calendar(event("A-1"))
    assert run("appointments", file).status == 2
    assert run("appointments", file, "--from", "2026-02-12T00:00:00Z", "--to", "2026-02-11T00:00:00Z").status == 2


def test_explain_shows_the_arithmetic_and_the_history(run, telnyx, calendar, event):
    """`explain` prints rule, due time and message states, with the number masked."""
    run("import", calendar(event("A-1")), "--now", NOW)
    ran = run("explain", "A-1", "--now", NOW)
    assert ran.status == 0
    for part in ("rule day-before", "2026-02-12T15:00:00Z", "24 hours", "due 2026-02-11T15:00:00Z", "scheduled"):
        assert part in ran.out
    assert "+12025550123" not in ran.out
    (reminder,) = run("explain", "A-1", "--now", NOW, "--json").json["reminders"]
    assert reminder["rule"] == "day-before"
    assert reminder["messages"][0]["state"] == "scheduled"


def test_explain_of_nothing_is_status_1(run, telnyx, calendar, event):
    """`explain` of an id that isn't recorded says so on stderr and ends with status 1."""
    ran = run("explain", "A-1")
    assert (ran.status, ran.out) == (1, "")
    assert "nothing is recorded for appointment 'A-1'" in ran.err


def test_status_counts_before_and_after(run, telnyx, calendar, event, folder):
    """`status` creates no ledger, and later counts messages, held reminders and the last resync."""
    before = run("status")
    assert before.status == 0
    assert "there is no ledger yet" in before.err
    assert not (folder / "reminders.db").exists()
    run("import", calendar(event("A-1"), event("A-2", 20)), "--now", NOW)
    run("resync", "--now", NOW)
    shown = run("status", "--json").json
    assert (shown["appointments"], shown["messages"]) == (2, {"scheduled": 1})
    assert shown["reminders"]["held"] == {"beyond_window": 1}
    assert shown["runs"]["resync"]["at"] == NOW
    ran = run("status")
    assert "last resync: Tue 10 Feb 2026 09:00 (America/New_York)" in ran.out
    assert ran.err == ""


@pytest.fixture
def two_rules(folder):
    path = folder / "reminders.toml"
    path.write_text(
        path.read_text() + '\n[[rules]]\nid = "hour"\nbefore = "1 hour"\ntext = "Reply CANCEL ’til {{ when }}."\n'
    )


def test_rules_check_prints_texts_with_cost_and_warnings(run, two_rules):
    """`rules check` prints texts as received with their cost and warnings."""
    ran = run("rules", "check", "--now", NOW)
    assert ran.status == 0
    assert "day-before" in ran.out
    assert "“Hi Alexandra Winter, Dental check-up tomorrow at 2:30 PM.”" in ran.out
    assert "1 part" in ran.out
    assert "2 rules checked." in ran.out
    assert 'asks for the reply "CANCEL"' in ran.err
    assert "not in the GSM alphabet" in ran.err


def test_rules_check_takes_a_calendar_as_sample(run, two_rules, calendar, event):
    """`rules check --sample` writes each rule's texts for the calendar's appointments, up to `--limit`."""
    file = calendar(event("A-1"), event("A-2", 13, title="Cleaning"))
    shown = run("rules", "check", "--sample", file, "--now", NOW, "--limit", "3", "--json").json
    assert [(item["appointment"], item["rule"], item["parts"]) for item in shown["texts"]] == [
        ("A-1", "day-before", 1),
        ("A-1", "hour", 1),
        ("A-2", "day-before", 1),
    ]
    assert len(shown["warnings"]) == 2


@pytest.fixture
def joint_rule(folder):
    path = folder / "reminders.toml"
    several = "{% for visit in appointments %}{{ visit.starts_at | time }} {{ visit.recipient.name }} {% endfor %}"
    path.write_text(f"{path.read_text()}together = '{{{{ day }}}}: {several}'\n")


def test_rules_check_shows_what_is_told_together(run, joint_rule, calendar, event):
    """The text for several of a day is shown for a made-up day and for the sample's own."""
    made_up = run("rules", "check", "--now", NOW)
    assert "“tomorrow: 2:30 PM Alexandra Winter 3:30 PM Alexandra Winter”" in made_up.out
    assert "several on one day" in made_up.out
    file = calendar(event("A-1"), event("A-2", name="Ben", hour=12), event("A-3", 13))
    ran = run("rules", "check", "--sample", file, "--now", NOW)
    assert "“tomorrow: 10:00 AM Ada 12:00 PM Ben”" in ran.out
    assert "day-before: 2 texts in 2 parts, 1 not sent (superseded: told together with another of that day)" in ran.out


def test_rules_check_tells_a_text_that_cannot_be_written(run, folder, calendar, event):
    """A text whose variable the sample doesn't have is an error and status 1."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text() + '\n[[rules]]\nid = "d"\nbefore = "1 hour"\ntext = "With {{ data.doctor }}"\n')
    ran = run("rules", "check", "--sample", calendar(event("A-1")), "--now", NOW)
    assert ran.status == 1
    assert "error: " in ran.out
    assert "doctor" in ran.out


FOUR_RULES = """
[[rules]]
id = "by-locale"
before = "1 day"
only = {tags = ["dental"], status = "confirmed"}
late_text = {en = "Soon: {{ when }}", es = "Pronto: {{ when }}"}
text = {en = "With {{ data.doctor.name }} {{ when }}", es = "Con {{ data.doctor['name'] }} {{ when }}"}

[[rules]]
id = "picture"
before = "2 hours"
channel = "mms"
subject = "Your visit"
media_urls = ["https://example.com/{{ appointment.id }}.png"]
text = "Look"

[[rules]]
id = "late-bookers"
before = "1 hour"
max_booking_lead = "2 days"
text = "Glad you could make it."
"""


@pytest.fixture
def four_rules(folder):
    path = folder / "reminders.toml"
    path.write_text(path.read_text() + FOUR_RULES)


def test_rules_check_shows_every_rule_in_every_locale(run, four_rules):
    """`rules check` shows every rule in every locale on time and late whatever its conditions."""
    ran = run("rules", "check", "--now", NOW)
    assert ran.status == 0
    assert ran.err.count("in es, words such as dates bring 'á'") == ran.err.count("\n") == 2
    shown = run("rules", "check", "--now", NOW, "--json").json
    assert [
        (item["rule"], item["locale"], item["late"], item["condition"], item["text"]) for item in shown["texts"]
    ] == [
        ("day-before", "en", False, None, "Hi Alexandra Winter, Dental check-up tomorrow at 2:30 PM."),
        ("by-locale", "en", False, "only.tags", "With Dr Winter tomorrow at 2:30 PM"),
        ("by-locale", "en", True, "only.tags", "Soon: tomorrow at 2:30 PM"),
        ("by-locale", "es", False, "only.tags", "Con Dr Winter mañana a las 14:30"),
        ("by-locale", "es", True, "only.tags", "Pronto: mañana a las 14:30"),
        ("picture", "en", False, None, "Look"),
        (
            "late-bookers",
            "en",
            False,
            "max_booking_lead is 2 days: booked 20 days ahead",
            "Glad you could make it.",
        ),
    ]
    assert (
        "by-locale (es)  Wed 18 Feb 2026 15:30  to +12…23  (1 part, 26 units of gsm7, if it meets only.tags, late)"
        in (ran.out)
    )
    assert "(1 part, 23 units of gsm7, if it meets max_booking_lead is 2 days)" in ran.out
    picture = "(MMS)\n  subject “Your visit”\n  “Look”\n  with https://example.com/A-10042.png\n"
    assert picture in ran.out


def test_rules_check_of_a_sample_says_what_is_not_sent(run, four_rules, folder, calendar, event):
    """`rules check` says of a sample what is not sent and what comes out empty."""
    path = folder / "reminders.toml"
    path.write_text(
        path.read_text()
        .replace("Glad you could make it.", "At {{ appointment.location }}, {{ when }}.")
        .replace('id = "late-bookers"', 'id = "late-bookers"\nempty = "blank"')
    )
    file = calendar(event("A-1"), event("A-2", 13), "BEGIN:VEVENT", "UID:A-3", "DTSTART:20260214T150000Z",
        "DTSTAMP:20260101T000000Z", "CREATED:20260213T120000Z", "ATTENDEE;CN=Ann:tel:+12025550145", "SUMMARY:Cleaning",
        "END:VEVENT")  # fmt: skip
    ran = run("rules", "check", "--sample", file, "--now", NOW, "--limit", "2")
    assert ran.status == 0
    assert "… and 5 more (--limit 7 shows all)" in ran.out
    assert "day-before: 3 texts in 3 parts" in ran.out
    assert "by-locale: 0 texts, 3 not sent (condition: only.tags)" in ran.out
    assert "picture: 3 texts, 3 MMS" in ran.out
    assert (
        "late-bookers: 1 text in 1 part, 2 not sent (condition: max_booking_lead), appointment.location is empty in 1"
        in ran.out
    )


def test_rules_check_shows_what_follows_a_change_too(run, folder):
    """Corrections and cancellations are texts that people receive."""
    path = folder / "reminders.toml"
    path.write_text(f'correction = "Now {{{{ when }}}}."\ncancellation = {{ text = "Off." }}\n{path.read_text()}')
    ran = run("rules", "check", "--now", NOW)
    assert (ran.status, ran.out.count("“")) == (0, 3)
    assert "“Now tomorrow at 2:30 PM.”" in ran.out
    assert "“Off.”" in ran.out
    assert [text["rule"] for text in run("rules", "check", "--now", NOW, "--json").json["texts"]] == [
        "day-before",
        "correction",
        "cancellation",
    ]


def test_rules_check_says_where_nothing_can_be_sent(run, folder):
    """`rules check` says that nothing can be sent in a week of quiet hours."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text() + '\n[quiet_hours]\nstart = "00:00"\nend = "24:00"\n')
    ran = run("rules", "check", "--now", NOW)
    assert ran.out == "day-before: 0 texts, 1 not sent (quiet_hours)\n1 rule checked.\n"
    assert "[quiet_hours] cover the whole week: nothing would ever be sent" in ran.err


def test_rules_check_of_a_wrong_rule_is_status_2(run, folder):
    """A rule with an unknown variable can't be loaded, and the variable is named."""
    path = folder / "reminders.toml"
    path.write_text(path.read_text().replace("{{ when }}", "{{ wen }}"))
    ran = run("rules", "check")
    assert (ran.status, ran.out) == (2, "")
    assert "unknown variable 'wen'" in ran.err


@pytest.fixture
def coming(run, telnyx, machine_now, calendar):
    """Two appointments ahead of the machine's clock: one parked, one held."""
    telnyx.clock.set(machine_now)
    events = []
    for uid, days, title in (("A-2", 20, "=Crown"), ("A-1", 3, "Check-up")):
        start = f"DTSTART:{machine_now + timedelta(days=days):%Y%m%dT%H%M%SZ}"
        lines = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", start, f"SUMMARY:{title}"]
        events += [*lines, "ATTENDEE;CN=Ada:tel:+12025550123", "END:VEVENT"]
    assert run("import", calendar(*events)).status == 0


def test_what_will_be_sent_is_exported_as_csv(run, coming):
    """What will be sent is exported as CSV with masked numbers and no formulas."""
    ran = run("export", "--format", "csv")
    assert ran.status == 0
    first, parked, held = ran.out.splitlines()
    assert first == "send_at,appointment,recurrence_id,title,rule,to,text,name,state"
    assert parked.partition(",")[2].startswith('A-1,,Check-up,day-before,+12…23,"Hi Ada, Check-up tomorrow at')
    assert parked.endswith(",Ada,parked")
    assert re.fullmatch(
        r"A-2,,'=Crown,day-before,\+12…23,\"?Hi Ada, =Crown tomorrow.*,Ada,held", held.partition(",")[2]
    )
    assert "+12025550123" in run("export", "--format", "csv", "--numbers").out


def test_what_will_be_sent_is_exported_as_a_calendar(run, coming, folder):
    """An export has one event a coming reminder, for nobody but its owner; of what is held, too, the text is told."""
    assert run("export", "--output", "sent.ics").status == 0
    assert (folder / "sent.ics").read_bytes().count(b"BEGIN:VEVENT") == 2
    assert (folder / "sent.ics").stat().st_mode & 0o777 == 0o600
    rows = run("export", "--json").json
    assert [(row["appointment"], bool(row["text"])) for row in rows] == [("A-1", True), ("A-2", True)]


def test_rules_schema_is_printed_for_editors(run):
    """`rules schema` prints the JSON schema of the rules."""
    ran = run("rules", "schema")
    assert ran.status == 0
    assert "before" in json.dumps(ran.json)


def test_rules_check_reads_texts_at_the_time_they_go_out(run, folder, calendar, event):
    """What is due at night goes out the evening before and says tomorrow; what is too late is not shown."""
    path = folder / "reminders.toml"
    path.write_text(
        path.read_text()
        + '\n[[rules]]\nid = "night"\ndays_before = 0\nat = "05:00"\ntext = "See you {{ when }}."\n'
        + '\n[[rules]]\nid = "week"\nbefore = "1 week"\nif_late = "skip"\ntext = "Late"\n'
        + '\n[[rules]]\nid = "fortnight"\nbefore = "2 weeks"\nif_late = "next rule"\ntext = "Late as well"\n'
        + '\n[quiet_hours]\nstart = "21:00"\nend = "08:00"\n'
    )
    shown = run("rules", "check", "--sample", calendar(event("A-1")), "--now", NOW, "--json").json["texts"]
    assert [(item["rule"], item["send_at"], item["text"]) for item in shown] == [
        ("day-before", "2026-02-11T15:00:00Z", "Hi Ada, Check-up tomorrow at 10:00 AM."),
        ("night", "2026-02-12T01:59:00Z", "See you tomorrow at 10:00 AM."),
    ]


def test_from_and_to_may_be_days(run, calendar, event):
    """A day begins at midnight of the default zone; what is no day and no instant is refused with both spellings."""
    file = calendar(event("A-1", 12), event("A-2", 13, hour=23), event("A-3", 14))
    ran = run("appointments", file, "--from", "2026-02-13", "--to", "2026-02-14", "--json")
    assert [line["id"] for line in lines(ran)] == ["A-2"]
    berlin = ("--default-timezone", "Europe/Berlin")
    assert run("appointments", file, "--from", "2026-02-13", "--to", "2026-02-14", *berlin, "--json").out == ""
    for wrong in ("soon", "2026-02-30", "2026-02-13T10:00:00"):
        ran = run("appointments", file, "--from", wrong, "--to", "2026-02-14")
        assert (ran.status, "write 2026-03-02 or 2026-02-15T14:30:00Z" in ran.err) == (2, True)
    assert run("appointments", file, "--from", "2026-02-14", "--to", "2026-02-14").status == 2


def test_explain_shows_the_text_and_the_names(run, telnyx, calendar, event):
    """What would be parked, then what is; title and name stand beside id and number."""
    run("import", calendar(event("A-1")), "--now", NOW)
    ran = run("explain", "A-1", "--now", NOW)
    assert "A-1 [clinic] · Check-up · rule day-before" in ran.out
    assert "to Ada +12…23" in ran.out
    assert "    “Hi Ada, Check-up tomorrow at 10:00 AM.”" in ran.out
    (reminder,) = run("explain", "A-1", "--now", NOW, "--json").json["reminders"]
    assert (reminder["title"], reminder["name"]) == ("Check-up", "Ada")
    assert reminder["messages"][0]["text"] == "Hi Ada, Check-up tomorrow at 10:00 AM."
