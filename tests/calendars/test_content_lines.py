"""Content lines: the one tokenizer, on what RFC 5545 allows and on what programs write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar.parser import Contentline, Parameters

from reminder_kit.calendars.content_lines import content_line, parse
from reminder_kit.calendars.settings import Limits
from reminder_kit.errors import CalendarError


@pytest.mark.parametrize(
    ("line", "value", "parameters"),
    [
        ("SUMMARY:Visit: at ten", "Visit: at ten", {}),
        ("SUMMARY;LANGUAGE=en:Visit: at ten", "Visit: at ten", {"LANGUAGE": "en"}),
        ('ATTENDEE;CN="Byron, Dr.; A: B":tel:+1', "tel:+1", {"CN": "Byron, Dr.; A: B"}),
        (
            "ATTENDEE;CN=Dr. Byron: Cardiology;PARTSTAT=ACCEPTED:tel:+12025550101",
            "tel:+12025550101",
            {"CN": "Dr. Byron: Cardiology", "PARTSTAT": "ACCEPTED"},
        ),
        ("ATTENDEE;SENT-BY=mailto:x@y.example;CN=Z:mailto:a@b.example", "mailto:a@b.example", {"CN": "Z"}),
        ("ATTENDEE;CN=A: B:ann@clinic.example", "ann@clinic.example", {"CN": "A: B"}),
        ("DTSTART;TZID=tzone://Microsoft/Custom:20260722T120000", "20260722T120000", {"TZID": "tzone://Microsoft/Custom"}),
        ("DTSTART;TZID=(UTC+01:00) Amsterdam:20260722T120000", "20260722T120000", {"TZID": "(UTC+01:00) Amsterdam"}),
        ("DTSTART;VALUE=DATE-TIME:2026-07-22T12:00:00Z", "2026-07-22T12:00:00Z", {"VALUE": "DATE-TIME"}),
        ("SUMMARY;ALTREP=http://x.example/a:Visit", "Visit", {"ALTREP": "http://x.example/a"}),
        ("ATTENDEE;CN=\"O^'Hara^n^^\":tel:+1", "tel:+1", {"CN": 'O"Hara\n^'}),
        ('ATTENDEE;MEMBER="mailto:a@b","mailto:c@d":mailto:e@f', "mailto:e@f", {"MEMBER": "mailto:a@b,mailto:c@d"}),
        ('ATTENDEE;CN=5" pipe:mailto:a@b.example', "mailto:a@b.example", {"CN": "5 pipe"}),
        ("dtstart ; tzid = Europe/Berlin :20260302T090000", "20260302T090000", {"TZID": "Europe/Berlin"}),
        ("DTSTART;TZID=Nowhere:tomorrow: at ten", "tomorrow: at ten", {"TZID": "Nowhere"}),
        ("DESCRIPTION;LANGUAGE=en://bring your card", "//bring your card", {"LANGUAGE": "en"}),
    ],
)  # fmt: skip
def test_the_value_begins_where_its_writer_meant_it_to(line, value, parameters):
    """Colons in parameters need no quotes where a date or an address tells the value from them."""
    read = content_line(line, 7)
    assert read.value == value
    assert {key: read.parameters[key] for key in parameters} == parameters
    assert read.line == 7


def test_a_line_without_a_colon_is_none():
    """What has no colon is no property."""
    assert content_line("and bring your card", 1) is None


_TOKENS = st.text("abcXYZ019 -+/._äß", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(
    st.sampled_from(["SUMMARY", "ATTENDEE", "DTSTART", "X-PHONE"]),
    st.dictionaries(st.sampled_from(["CN", "TZID", "ROLE", "X-A"]), _TOKENS | st.just("a: b; c, d"), max_size=3),
    _TOKENS,
)
def test_what_icalendar_writes_is_read_as_it_reads_it(name, parameters, value):
    """On well-formed lines there is no difference to icalendar's parser."""
    line = Contentline.from_parts(name, Parameters(parameters), value)
    theirs = Contentline(line).parts()
    ours = content_line(str(line), 1)
    assert (ours.name, dict(ours.parameters), ours.value) == (
        theirs[0],
        {key: text.replace('"', "") for key, text in theirs[1].items()},
        theirs[2],
    )


def test_torn_text_changes_nothing_that_stands_before_it(read_events, event):
    """A second, differing property behind a text that was never folded is reported, and not obeyed."""
    text = ("DESCRIPTION:Please note", "that nobody folded this", "STATUS:CANCELLED", "CONTACT:Desk, +1 202 555 0199")
    found = read_events(event("STATUS:CONFIRMED", "CONTACT:Ann, +1 202 555 0101", *text, phone=None))
    assert (found.statuses, found.phones) == (["confirmed"], ["+12025550101"])
    assert [warning for warning in found.warnings if "not obeyed" in warning] == [
        "a line looks like STATUS, follows broken text and differs from line 8: not obeyed",
        "a line looks like CONTACT, follows broken text and differs from line 9: not obeyed",
    ]


def test_the_same_again_behind_torn_text_is_nothing_to_report(read_events, event):
    """A repetition that says the same changes nothing."""
    found = read_events(event("STATUS:CONFIRMED", "DESCRIPTION:Please", "note this", "STATUS:CONFIRMED"))
    assert (found.statuses, found.warnings) == (["confirmed"], [])


def test_what_stands_behind_torn_text_only_is_read_and_the_last_counts(read_events, event):
    """A description in the first place of an event must not cost its start."""
    text = ("DESCRIPTION:Please note", "that nobody folded this", "STATUS: shipped")
    found = read_events(event(*text, "DTSTART:20260302T090000Z", "STATUS:TENTATIVE", "SUMMARY:Visit", start=None))
    assert (found.starts, found.statuses, found.titles) == (["2026-03-02T09:00:00Z"], ["tentative"], ["Visit"])


def test_torn_text_between_the_lines_of_an_alarm_concerns_the_alarm_only(read_events, event, alarm):
    """An alarm's own text is not the event's."""
    found = read_events(event(alarm("DESCRIPTION:Go", "there now", "TRIGGER:-PT15M"), "STATUS:TENTATIVE"))
    assert (found.statuses, len(found.alarms), found.warnings) == (["tentative"], 1, [])


LINES = Limits(same=20)


@pytest.mark.parametrize("name", ["ATTENDEE:mailto:a@b", "EXDATE:20260302", "X-PHONE:1", "CATEGORIES:a"])
def test_more_properties_of_one_name_than_allowed_are_refused(name):
    """An event of thousands of attendees is refused, and names the limit."""
    data = "\r\n".join(["BEGIN:VEVENT", *[name] * 21, "END:VEVENT"]).encode()
    with pytest.raises(CalendarError, match="raise the limit `same`"):
        parse(data, 1, LINES)


def test_what_there_is_too_much_of_is_named():
    """A property that is repeated too often stands in the error, with how often it may be."""
    data = "\r\n".join(["BEGIN:VEVENT", *["CATEGORIES:1"] * 21, "END:VEVENT"]).encode()
    with pytest.raises(CalendarError, match="has more than 20 CATEGORIES"):
        parse(data, 1, LINES)


def test_properties_that_nobody_reads_cost_nothing():
    """X- properties are kept only where they may hold a number, and components only where they are read."""
    lines = ["X-A:1", "X-BREAKFAST:2", "COLOR:red", "X-MOBILE-PHONE:+1", "BEGIN:X-BOX", "SUMMARY:no", "END:X-BOX"] * 15
    found = parse("\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"]).encode(), 1, LINES)
    assert set(found.properties) == {"X-MOBILE-PHONE"}
    assert found.children == []
