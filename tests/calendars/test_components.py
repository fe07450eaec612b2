"""Components: which lines of an event's bytes are kept, under which names, and what is said of the others."""

from __future__ import annotations

import pytest

from reminder_kit.calendars.content_lines import Component, Property, content_line, decoded, parse, unescaped
from reminder_kit.calendars.settings import Limits
from reminder_kit.errors import CalendarError

LIMITS = Limits(line_bytes=60, same=5)


def parsed(*lines, line=1, limits=LIMITS, end="\r\n", outer="VEVENT"):
    """Return the component of these lines, in a BEGIN and an END, which begins at a line of the file."""
    return parse(end.join([f"BEGIN:{outer}", *lines, f"END:{outer}", ""]).encode(), line, limits)


def told(component):
    """Return a component as nested lists: its name and line, each property, each component within it."""
    listed = [(one.name, one.value, one.line) for several in component.properties.values() for one in several]
    return [(component.name, component.line), *listed, *(told(child) for child in component.children)]


READ = [
    *("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "SEQUENCE"),
    *("DTSTAMP", "LAST-MODIFIED", "CREATED", "STATUS", "SUMMARY", "LOCATION", "DESCRIPTION", "URL", "CATEGORIES"),
    *("ORGANIZER", "ATTENDEE", "CONTACT", "TRIGGER", "REPEAT", "ACTION", "ACKNOWLEDGED", "RELATED-TO", "RESOURCES"),
    *("TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION", "X-MOZ-LASTACK", "X-APPLE-DEFAULT-ALARM"),
    *("X-APPLE-LOCAL-DEFAULT-ALARM", "X-PHONE", "X-TEL", "X-TELEPHONE", "X-MOBILE", "X-CELL", "X-SMS"),
    *("X-CLINIC-PHONE", "X-A-B-SMS", "X-PHONE-NUMBER", "X-PHONENUMBER", "X-CLINIC-TELNUMBER"),
]
PASSED_OVER = [
    *("CLASS", "TRANSP", "PRIORITY", "COMMENT", "GEO", "ATTACH", "PHONE", "TEL", "X-PHONES", "X-2-PHONE"),
    *("X-COLOUR", "XPHONE", "X-", "X-A-NUMBER", "METHOD", "VERSION", "Y-PHONE", "X_PHONE"),
]


@pytest.mark.parametrize("name", READ)
def test_what_is_read_is_kept_by_its_name(name):
    """In upper case, however it is written."""
    for written in (name, name.lower()):
        assert told(parsed(f"{written}:one")) == [("VEVENT", 1), (name, "one", 2)]


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_nobody_reads_is_passed_over(name):
    """Without a word."""
    found = parsed(f"{name}:one")
    assert (told(found), found.odd) == ([("VEVENT", 1)], [])


def test_lines_are_numbered_as_in_the_file():
    """From where the bytes begin; a fold and a blank line count, and the number is that of a property's first line."""
    found = parsed("SUMMARY:a", " b", "\tc", "", "CLASS:x", "UID:1", line=40)
    assert told(found) == [("VEVENT", 40), ("SUMMARY", "abc", 41), ("UID", "1", 46)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r\n"])
def test_a_fold_takes_one_octet_of_space_and_the_line_s_end(end):
    """What follows it, and what stood before it, keeps its own blanks."""
    assert parsed("SUMMARY:a ", "  b", " ", "\t c", end=end).value("SUMMARY") == "a  b c"


def test_a_fold_of_what_nobody_reads_is_no_more_of_what_came_before():
    """It belongs to the line that is passed over; nor is a fold that follows nothing a part of anything."""
    assert told(parsed("SUMMARY:a", "CLASS:x", " b", "UID:1", " 2")) == [
        ("VEVENT", 1), ("SUMMARY", "a", 2), ("UID", "12", 5),
    ]  # fmt: skip
    assert told(parse(b" UID:0\nUID:1\n", 1, LIMITS)) == [("", 1), ("UID", "1", 2)]
    assert told(parsed("SUMMARY:a", "", " b")) == [("VEVENT", 1), ("SUMMARY", "a", 2)]


def test_properties_of_one_name_are_listed_in_their_order():
    """The first of them is the one that counts where one is asked for; of what is not there, there is none."""
    found = parsed("ATTENDEE:tel:1", "SUMMARY:s", "ATTENDEE:tel:2")
    assert [one.value for one in found.all("ATTENDEE")] == ["tel:1", "tel:2"]
    assert found.first("ATTENDEE") == Property("ATTENDEE", "tel:1", {}, 2)
    assert (found.value("ATTENDEE"), found.text("ATTENDEE"), found.text("SUMMARY")) == ("tel:1", "tel:1", "s")
    assert (found.all("UID"), found.first("UID"), found.value("UID"), found.text("UID")) == ([], None, "", "")
    assert parsed("SUMMARY:a\\, b").value("SUMMARY") == "a\\, b"
    assert parsed("SUMMARY:a\\, b").text("SUMMARY") == "a, b"


def test_components_within_others_are_kept_where_they_are_read():
    """Alarms and the parts of a zone; what is in another one is passed over, whatever it is called."""
    lines = [
        *("SUMMARY:event", "BEGIN:VALARM", "TRIGGER:one", "END:VALARM"),
        *("BEGIN:X-BOX", "SUMMARY:box", "BEGIN:VALARM", "TRIGGER:no", "END:VALARM", "SUMMARY:still", "END:X-BOX"),
        *("BEGIN:valarm", "TRIGGER:two", "END:Valarm", "LOCATION:here"),
    ]
    assert told(parsed(*lines)) == [
        ("VEVENT", 1), ("SUMMARY", "event", 2), ("LOCATION", "here", 16),
        [("VALARM", 3), ("TRIGGER", "one", 4)],
        [("VALARM", 13), ("TRIGGER", "two", 14)],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["VALARM", "STANDARD", "DAYLIGHT", "VEVENT", "VTIMEZONE"])
def test_each_component_that_is_read_may_stand_in_another(name):
    """With its own properties."""
    assert told(parsed(f"BEGIN:{name}", "UID:1", f"END:{name}", "UID:2")) == [
        ("VEVENT", 1), ("UID", "2", 5), [(name, 2), ("UID", "1", 3)],
    ]  # fmt: skip


def test_the_outermost_component_may_have_any_name():
    """What stands around nothing is read."""
    assert told(parsed("UID:1", outer="X-BOX")) == [("X-BOX", 1), ("UID", "1", 2)]
    assert told(parse(b"UID:1\r\n", 9, LIMITS)) == [("", 9), ("UID", "1", 9)]


def test_of_very_many_components_within_another_a_thousand_are_kept():
    """And the properties that follow them."""
    found = parsed(*["BEGIN:VALARM", "END:VALARM"] * 1001, "UID:1")
    assert len(found.children) == 1000
    assert told(found)[:2] == [("VEVENT", 1), ("UID", "1", 2004)]
    assert len(parsed(*["BEGIN:VALARM", "END:VALARM"] * 1000).children) == 1000


def test_a_stray_end_closes_nothing():
    """And the end of an outer component closes those within it."""
    assert told(parsed("END:VALARM", "UID:1")) == [("VEVENT", 1), ("UID", "1", 3)]
    found = parse(b"BEGIN:VEVENT\nBEGIN:VALARM\nTRIGGER:x\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\n", 1, LIMITS)
    assert told(found) == [("VEVENT", 1), [("VALARM", 2), ("TRIGGER", "x", 3)]]


def test_an_end_within_what_nobody_reads_closes_that_only():
    """A component of the same name around it stays open; so does one whose own end comes too early."""
    assert told(parsed("BEGIN:X-A", "BEGIN:X-A", "END:X-A", "UID:no", "END:X-A", "UID:1")) == [
        ("VEVENT", 1), ("UID", "1", 7),
    ]  # fmt: skip
    assert told(parsed("BEGIN:X-A", "BEGIN:X-B", "UID:no", "END:X-A", "UID:1")) == [("VEVENT", 1), ("UID", "1", 6)]


@pytest.mark.parametrize(
    ("lines", "odd"),
    [
        (["SUMMARY"], [("has no colon (7 characters)", 2)]),
        (["UID:1", "SUMMARY;" + "x" * 45], [("has no colon (53 characters)", 3)]),
        (["SUMMARY:" + "x" * 52], []),
        (["SUMMARY:" + "x" * 53], [("is longer than 60 bytes and was cut", 2)]),
        (["UID:1", "SUMMARY:" + "x" * 40, " " + "x" * 13], [("is longer than 60 bytes and was cut", 3)]),
    ],
    ids=["no colon", "a long one without", "as long as may be", "one byte longer", "longer with its fold"],
)
def test_what_cannot_be_read_whole_is_said_with_its_line(lines, odd):
    """And the rest is read."""
    assert parsed(*lines).odd == odd


@pytest.mark.parametrize(
    "name",
    ["DESCRIPTION", "SUMMARY", "LOCATION", "CONTACT", "CATEGORIES", "RESOURCES", "URL", "X-PHONE", "description",
     "SUMMARY;LANGUAGE=en", "SUMMARY ;X=1"],
)  # fmt: skip
def test_a_text_that_is_too_long_is_cut(name):
    """A byte beyond what may be, as long as one that is just too long."""
    for length in (61, 62, 200):
        found = parsed(f"{name}:{'x' * (length - len(name) - 1)}")
        assert len(next(iter(found.properties.values()))[0].value) == 60 - len(name)
        assert found.odd == [("is longer than 60 bytes and was cut", 2)]


@pytest.mark.parametrize(
    "name", ["DTSTART", "RRULE", "UID", "ATTENDEE", "EXDATE", "STATUS", "DTSTART;TZID=DESCRIPTION"]
)
def test_a_line_that_must_be_whole_is_refused_where_it_is_too_long(name):
    """Cut, it would mean something else."""
    assert parsed(f"{name}:{'1' * (59 - len(name))}").odd == []
    with pytest.raises(CalendarError) as caught:
        parsed("SUMMARY:a", f"{name}:{'1' * (60 - len(name))}", line=10)
    assert (str(caught.value), caught.value.line) == ("has a line longer than 60 bytes at line 12", 12)


def test_folds_beyond_the_limit_are_passed_over():
    """A line is gathered until it is too long, and no further."""
    found = parsed("SUMMARY:" + "x" * 50, *[" " + "y" * 3] * 20)
    assert found.value("SUMMARY") == "x" * 50 + "yyy"
    just = parsed("SUMMARY:" + "x" * 52, " y", " y")
    assert (just.value("SUMMARY"), just.odd) == ("x" * 52 + "y", [("is longer than 60 bytes and was cut", 2)])


def test_as_many_properties_as_allowed_are_kept():
    """Five of one name and fifty in all; one more is refused by name and line."""
    assert len(parsed(*["CATEGORIES:a"] * 5).all("CATEGORIES")) == 5
    with pytest.raises(CalendarError) as caught:
        parsed(*["CATEGORIES:a"] * 6)
    assert (str(caught.value), caught.value.line) == ("has more than 5 CATEGORIES; raise the limit `same`", 7)
    names = [f"{name}:a" for name in READ[:10]]
    assert sum(map(len, parsed(*names * 5).properties.values())) == 50
    with pytest.raises(CalendarError) as caught:
        parsed(*names * 5, "X-PHONE:1")
    assert str(caught.value) == "has more than ten times `same` properties; raise the limit `same`"
    assert caught.value.line == 52


def test_what_follows_broken_text_is_counted_as_well():
    """Of one name, behind a text that was never folded."""
    with pytest.raises(CalendarError, match="has more than 5 CATEGORIES"):
        parsed("never folded", *["CATEGORIES:a"] * 6)


@pytest.mark.parametrize(
    "name",
    ["DTEND", "DURATION", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "CREATED", "STATUS", "SUMMARY", "LOCATION",
     "DESCRIPTION", "URL", "ORGANIZER", "CONTACT", "RRULE", "UID", "DTSTART", "RECURRENCE-ID"],
)  # fmt: skip
def test_what_comes_once_is_not_taken_from_behind_broken_text(name):
    """Where it stands in a sound place too, that one counts; another one is said, the same one is not."""
    found = parsed(f"{name}:sound", "a text that nobody folded", f"{name}:torn", f"{name}: sound ")
    assert told(found) == [("VEVENT", 1), (name, "sound", 2)]
    assert found.odd == [(f"looks like {name}, follows broken text and differs from line 2: not obeyed", 4)]
    assert found.torn == {}


@pytest.mark.parametrize("name", ["DTSTART", "STATUS", "SUMMARY"])
def test_what_comes_once_and_stands_behind_broken_text_only_is_the_last_of_it(name):
    """But where it decides which event it is and when, all of it is kept: nobody knows which is meant."""
    found = parsed("a text that nobody folded", f"{name}:one", f"{name}:two")
    kept = [(name, "one", 3), (name, "two", 4)]
    assert told(found) == [("VEVENT", 1), *(kept if name == "DTSTART" else kept[1:])]
    assert found.odd == []
    assert told(parsed("a text that nobody folded", f"{name}:one")) == [("VEVENT", 1), (name, "one", 3)]
    three = parsed("a text that nobody folded", *[f"{name}:{text}" for text in ("one", "two", "three")])
    assert [one.value for one in three.all(name)][-1] == "three"
    assert len(three.all(name)) == (3 if name == "DTSTART" else 1)


@pytest.mark.parametrize("name", ["ATTENDEE", "EXDATE", "RDATE", "CATEGORIES", "X-PHONE"])
def test_what_comes_often_is_kept_from_behind_broken_text(name):
    """Beside what stands in sound places."""
    assert told(parsed(f"{name}:one", "a text that nobody folded", f"{name}:two")) == [
        ("VEVENT", 1), (name, "one", 2), (name, "two", 4),
    ]  # fmt: skip
    assert told(parsed("a text that nobody folded", f"{name}:two")) == [("VEVENT", 1), (name, "two", 3)]


def test_broken_text_ends_with_its_component():
    """What an alarm's text broke is sound again behind the alarm, and within the next one."""
    alarm = ["BEGIN:VALARM", "a text that nobody folded", "TRIGGER:one", "TRIGGER:two", "END:VALARM"]
    found = parsed("STATUS:a", "BEGIN:VALARM", "broken text", "END:VALARM", "STATUS:b")
    assert [one.value for one in found.all("STATUS")] == ["a", "b"]
    found = parsed("broken text", "BEGIN:VALARM", "SUMMARY:a", "SUMMARY:b", "END:VALARM")
    assert [one.value for one in found.children[0].all("SUMMARY")] == ["a", "b"]
    assert [one.value for one in parsed(*alarm).children[0].all("TRIGGER")] == ["one", "two"]


def test_what_is_odd_within_an_alarm_is_said_of_its_event():
    """After what is odd in the event itself."""
    found = parsed("BEGIN:VALARM", "SUMMARY:a", "broken text", "SUMMARY:b", "END:VALARM", "LOCATION")
    assert found.odd == [
        ("has no colon (8 characters)", 7),
        ("looks like SUMMARY, follows broken text and differs from line 3: not obeyed", 5),
    ]


def test_other_bytes_than_utf_8_are_read_as_windows_has_them():
    """With the line; what Windows has no character for is a question mark."""
    data = b"BEGIN:VEVENT\nUID:1\nSUMMARY:\x80 Zo\xeb \x81\nEND:VEVENT\n"
    found = parse(data, 1, LIMITS)
    assert found.value("SUMMARY") == "€ Zoë ?"
    assert found.odd == [("is not UTF-8 and was read as Windows-1252", 3)]
    assert decoded("€".encode()) == ("€", True)
    assert decoded(b"\x80\x81") == ("€?", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (r"a\nb\Nc", "a\nb\nc"),
        (r"a\,b\;c", "a,b;c"),
        (r"a\\nb", r"a\nb"),
        (r"a\\\nb", "a\\\nb"),
        (r"a\\\\b", r"a\\b"),
        (r"a\xb", r"a\xb"),
        ("a\x00b\x1f\x7fc", "abc"),
        ("a\tb\nc", "a\tb\nc"),
        (" a\x07 ", "a"),
        (" a ", " a "),
        ("a\x80\xa0b", "a\x80\xa0b"),
    ],
)
def test_a_text_is_unescaped_and_freed_of_controls(value, text):
    """Backslashes are resolved once, from the front; tabs and line feeds stay."""
    assert unescaped(value) == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("NAME:", ("NAME", "", {})),
        (":value", ("", "value", {})),
        (" name ;a=1:v", ("NAME", "v", {"A": "1"})),
        ("A;B:v", ("A", "v", {"B": ""})),
        ("A;B=1;b=2;C=3:v", ("A", "v", {"B": "1", "C": "3"})),
        ("A;B= 1 ;C=x=y:v", ("A", "v", {"B": "1", "C": "x=y"})),
        ('A;B="1;2";C="3:4":v', ("A", "v", {"B": "1;2", "C": "3:4"})),
        ('A;B="1;2:v', ("A", "v", {"B": "1", "2": ""})),
        ("A;B=^n^'^^^x:v", ("A", "v", {"B": '\n"^^x'})),
        ("A;B=x^^n:v", ("A", "v", {"B": "x^n"})),
        ("A;B=http://x.example:v", ("A", "v", {"B": "http://x.example"})),
        ("A;B=http://x.example", ("A", "//x.example", {"B": "http"})),
        ("A;B=1://x:y", ("A", "y", {"B": "1://x"})),
        ("DTSTART;TZID=a:b:20260302", ("DTSTART", "20260302", {"TZID": "a:b"})),
        ("DTEND;TZID=a:b: 2026-03-02", ("DTEND", " 2026-03-02", {"TZID": "a:b"})),
        ("RECURRENCE-ID;TZID=a:b:20260302", ("RECURRENCE-ID", "20260302", {"TZID": "a:b"})),
        ("EXDATE;TZID=a:b:20260302", ("EXDATE", "20260302", {"TZID": "a:b"})),
        ("RDATE;TZID=a:b:20260302", ("RDATE", "20260302", {"TZID": "a:b"})),
        ("RRULE;X=a:b:20260302", ("RRULE", "b:20260302", {"X": "a"})),
        ("DTSTART;TZID=a:b:c", ("DTSTART", "b:c", {"TZID": "a"})),
        ("DTSTART;TZID=a:20260302:20260303", ("DTSTART", "20260302:20260303", {"TZID": "a"})),
        ("ATTENDEE;CN=a: b:MAILTO:a@b.example", ("ATTENDEE", "MAILTO:a@b.example", {"CN": "a: b"})),
        ("ORGANIZER;CN=a: b:tel:+12025550101", ("ORGANIZER", "tel:+12025550101", {"CN": "a: b"})),
        ("ATTENDEE;CN=a: b:+1 (202) 555-0101", ("ATTENDEE", "+1 (202) 555-0101", {"CN": "a: b"})),
        ("ATTENDEE;CN=a: b:c@d.example ", ("ATTENDEE", "c@d.example ", {"CN": "a: b"})),
        ("ATTENDEE;CN=a: b:nobody", ("ATTENDEE", " b:nobody", {"CN": "a"})),
        ('ATTENDEE;CN="a":mailto:x@y.example', ("ATTENDEE", "mailto:x@y.example", {"CN": "a"})),
        ('DTSTART;TZID="a:b":c:20260302', ("DTSTART", "20260302", {"TZID": "a:b:c"})),
        ("A;B=//x:v", ("A", "v", {"B": "//x"})),
        ('A;B="a:b', ("A", "b", {"B": "a"})),
    ],
)  # fmt: skip
def test_a_line_is_taken_apart_at_the_colon_its_writer_meant(line, expected):
    """Name, value and parameters of each form that is seen."""
    found = content_line(line, 3)
    assert (found.name, found.value, dict(found.parameters), found.line) == (*expected, 3)


@pytest.mark.parametrize(
    "scheme", ["mailto", "tel", "sms", "smsto", "sip", "urn", "http", "https", "ldap", "cid", "invalid", "acap"]
)
def test_each_kind_of_address_ends_the_parameters_of_a_person(scheme):
    """In either case of its letters, behind blanks too."""
    for written in (scheme, scheme.upper(), f" {scheme}"):
        found = content_line(f"ATTENDEE;CN=Dr. X: Cardiology:{written}:a", 3)
        assert (found.value, found.parameters["CN"]) == (f"{written}:a", "Dr. X: Cardiology")
    assert content_line("ATTENDEE;CN=Dr. X: Cardiology:fax:a", 3).value == " Cardiology:fax:a"


@pytest.mark.parametrize(("colons", "is_found"), [(19, True), (20, True), (21, False)])
def test_of_the_colons_of_one_line_twenty_are_tried(colons, is_found):
    """A date behind more of them is not looked for."""
    found = content_line(f"DTSTART;X={'a:' * colons}20260302", 3)
    assert found.value == ("20260302" if is_found else "a:" * (colons - 1) + "20260302")


def test_a_component_begins_with_nothing():
    """No properties, no components, nothing odd."""
    assert Component("VEVENT", 1) == Component("VEVENT", 1, {}, [], {}, [])


@pytest.mark.parametrize("end", ["", "\r\n"], ids=["at the very end", "before an end of line"])
def test_a_last_line_without_an_end_is_measured_as_any_other(end):
    """A file that broke off: what must be whole is refused, what may be cut is."""
    head = "BEGIN:VEVENT\r\n"
    assert parse(f"{head}DTSTART:{'1' * 52}{end}".encode(), 1, LIMITS).value("DTSTART") == "1" * 52
    with pytest.raises(CalendarError, match="longer than 60 bytes at line 2"):
        parse(f"{head}DTSTART:{'1' * 53}{end}".encode(), 1, LIMITS)
    assert parse(f"{head}SUMMARY:{'1' * 53}{end}".encode(), 1, LIMITS).odd == [
        ("is longer than 60 bytes and was cut", 2)
    ]


@pytest.mark.parametrize(
    "torn",
    [
        ["DTSTART:20200101T100000Z"],
        ["DTSTART:20290101T100000Z"],
        ["DTSTART;VALUE=DATE:20200101", "DTEND:20200101T110000Z"],
        ["RRULE:FREQ=DAILY;UNTIL=20200105"],
    ],
    ids=["a start", "a later start", "a start and an end", "a rule"],
)
def test_an_event_is_not_lost_for_a_date_in_a_text_that_was_never_folded(read_events, event, torn):
    """It is read, at its own time, though a piece of its description looks like another one."""
    found = read_events(event("DESCRIPTION:Imported from", "an old tool", *torn))
    assert found.starts[0] == "2026-03-02T14:00:00Z"
    (other,) = [line for line in found.warnings if "follows broken text" in line] or [""]
    assert ("DTSTART" in other) == torn[0].startswith("DTSTART")


def test_of_two_starts_in_sound_places_neither_is_obeyed_and_that_is_said(read_events, event):
    """Though one of them lies long ago."""
    found = read_events(event("DESCRIPTION:Imported", "DTSTART:20200101T100000Z"))
    assert (found.found, [problem.message for problem in found.errors]) == ([], ["has several DTSTART"])
