from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reminder_kit.calendars.text_numbers import TextSearch
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.phones import is_possible

ANN = "ATTENDEE;CN=Ann:tel:+12025550101"


def people(found):
    return [(recipient.phone, recipient.name, recipient.id) for recipient in found.only.appointment.recipients]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ATTENDEE;CN=Ann:tel:+1-202-555-0101", ("+12025550101", "Ann", None)),
        ("ATTENDEE;CN=Ann:sms:+12025550101?body=hi", ("+12025550101", "Ann", None)),
        ("ATTENDEE;CN=Ann:TEL:(202) 555-0101", ("+12025550101", "Ann", None)),
        ("ATTENDEE;CN=Ann:tel:5550101;phone-context=+1202", ("+12025550101", "Ann", None)),
        (
            'ATTENDEE;CN="Ann Lee";EMAIL=Ann@example.com:tel:+12025550101',
            ("+12025550101", "Ann Lee", "ann@example.com"),
        ),
        ("ATTENDEE;CN=Ann;X-PHONE=202-555-0101:mailto:ann@example.com", ("+12025550101", "Ann", "ann@example.com")),
        (
            "ATTENDEE;CN=ann@example.com;X-TEL=+12025550101:mailto:ann@example.com",
            ("+12025550101", "", "ann@example.com"),
        ),
        ("ATTENDEE;CN=Ann:+12025550101", ("+12025550101", "Ann", None)),
        ("ATTENDEE;CN=Ann:(202) 555-0101", ("+12025550101", "Ann", None)),
        ("X-PHONE:+1 202 555 0101", ("+12025550101", "", None)),
        ("X-PATIENT-PHONE:tel:+12025550101", ("+12025550101", "", None)),
        ("X-CLINIC-CLIENT-PHONE:+12025550101", ("+12025550101", "", None)),
        ("X-MOBILE-NUMBER:2025550101", ("+12025550101", "", None)),
        ("CONTACT:Ann Lee\\, +1-202-555-0101", ("+12025550101", "Ann Lee", None)),
        ("DESCRIPTION:Call her at (202) 555-0101 please", ("+12025550101", "", None)),
        ("LOCATION:at home\\, +44 7700 900123", ("+447700900123", "", None)),
        ("SUMMARY:Ann +12025550101", ("+12025550101", "", None)),
    ],
)
def test_phones_are_found_where_desks_write_them(read_events, event, line, expected):
    """Numbers are read from attendees, X- properties, contacts and texts, with the name beside them."""
    assert people(read_events(event(line, phone=None))) == [expected]


def test_the_configured_order_decides(read_events, event):
    """Of several places with a number the first in `phones` counts, and places not listed are not read."""
    both = event("X-PHONE:+12025550102", "DESCRIPTION:+12025550103")
    assert read_events(both).phones == ["+12025550101"]
    assert read_events(both, phones=("text", "attendee")).phones == ["+12025550103"]
    assert read_events(both, phones=("x-phone",)).phones == ["+12025550102"]


def test_the_events_own_number_is_that_of_the_only_attendee(read_events, event):
    """A number of the event gets the name and address of its only attendee."""
    found = read_events(event("X-PHONE:+12025550102", phone="ATTENDEE;CN=Ann:mailto:ann@example.com"))
    assert people(found) == [("+12025550102", "Ann", "ann@example.com")]


def test_each_attendee_with_a_phone_is_a_recipient(read_events, event):
    """Each attendee with a number is a recipient, and who has none is named in a warning."""
    found = read_events(
        event("ATTENDEE;CN=Bo:tel:+12025550102", "ATTENDEE;CN=Cy:mailto:cy@example.com", "X-PHONE:+12025550109")
    )
    assert found.phones == ["+12025550101", "+12025550102"]
    assert found.warnings == ["Cy has no phone number and is not reminded"]


def test_the_events_number_hides_no_people_without_one(read_events, event):
    """A number of the event doesn't hide that several people have none."""
    found = read_events(
        event("ATTENDEE;CN=Bo:mailto:b@x.example", "X-PHONE:+12025550109", phone="ATTENDEE;CN=Al:mailto:a@x")
    )
    assert found.phones == ["+12025550109"]
    assert [warning.split()[0] for warning in found.warnings] == ["Al", "Bo"]


def test_an_event_without_any_phone_is_yielded_and_listed(read_events, event):
    """An event without any number is yielded without recipients; a run counts them, so that no warning is needed."""
    found = read_events(event(phone=None))
    assert (found.phones, found.warnings) == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        "ATTENDEE;CN=Bo;PARTSTAT=DECLINED:tel:+12025550102",
        "ATTENDEE;CN=Bo;PARTSTAT=DELEGATED:tel:+12025550102",
        "ATTENDEE;CN=Room;CUTYPE=ROOM:tel:+12025550102",
        "ATTENDEE;CN=Projector;CUTYPE=RESOURCE:tel:+12025550102",
        "ATTENDEE;CN=Copy;ROLE=NON-PARTICIPANT:tel:+12025550102",
        "ATTENDEE;CN=Desk:TEL:+12025550100",
        "ATTENDEE;CN=Desk;EMAIL=desk@example.com:tel:+12025550100",
        "ATTENDEE;ROLE=CHAIR:tel:+1-202-555-0100",
        "ATTENDEE;CN=Desk:sms:(202) 555.0100",
        "ATTENDEE;CN=Desk:+1 202 555 0100",
        "ATTENDEE;CN=Ann:tel:+12025550101",
        "ATTENDEE;CN=Ann:tel:+1-202-555-0101",
    ],
    ids=[
        "declined",
        "delegated",
        "room",
        "resource",
        "copy only",
        "organiser",
        "organiser by address",
        "organiser written otherwise",
        "organiser by sms",
        "organiser by a bare number",
        "twice",
        "twice, written otherwise",
    ],
)
def test_who_does_not_come_is_not_reminded(read_events, event, line):
    """Who declined or delegated, rooms, copies, the organiser and doubles are no recipients."""
    owner = "mailto:desk@example.com" if "EMAIL" in line else "tel:+12025550100"
    assert read_events(event(f"ORGANIZER:{owner}", line)).phones == ["+12025550101"]


@pytest.mark.parametrize("status", ["", ";PARTSTAT=NEEDS-ACTION"], ids=["no status", "not asked yet"])
def test_who_declined_is_not_reminded_by_another_spelling_of_the_number(read, calendar, event, status):
    """Visual separators tell no numbers apart (RFC 3966, 4), in the event and in what people answer to it."""
    declined = "ATTENDEE;CN=Jo;PARTSTAT=DECLINED:tel:+12025550102"
    again = f"ATTENDEE;CN=Jo{status}:tel:+1-202-555-0102"
    assert read(calendar(event(again, phone=declined))).phones == []
    assert read(calendar(event(phone=again)) + calendar("METHOD:REPLY", event(phone=declined))).phones == []


def test_the_events_number_is_not_used_for_who_declined(read_events, event):
    """The event's own number is its only attendee's: nobody is reminded where that one declined."""
    found = read_events(event("X-PHONE:+12025550102", phone="ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.com"))
    assert found.phones == []


@pytest.mark.parametrize(
    "name",
    [
        "X-CLINIC-PHONE",
        "X-OFFICE-TEL",
        "x-acme-provider-phone-number",
        "X-EMERGENCY-CONTACT-PHONE",
        "X-ORGANIZER-MOBILE",
        "X-PATIENT-EMERGENCY-PHONE",
        "X-CLIENT-OLD-MOBILE",
        "X-CUSTOMER-SUPPORT-PHONE",
    ],
)
def test_a_property_that_is_named_after_somebody_else_gives_nobodys_number(read_events, event, name):
    """It goes before no number of the client's; an attendee's parameter is named likewise."""
    told = [f"{name.upper()} is somebody else's number by its name: it is passed over"]
    found = read_events(event(f"{name}:+12025550102", "X-CLIENT-PHONE:+12025550101", phone=None))
    assert (found.phones, found.warnings) == (["+12025550101"], told)
    found = read_events(event(f"{name}:+12025550102", "CONTACT:Ann\\, +12025550101", phone=None))
    assert (found.phones, found.warnings) == (["+12025550101"], told)
    line = f"ATTENDEE;CN=Ann;{name}=+12025550102;X-PHONE=+12025550101:mailto:a@x.example"
    assert read_events(event(phone=line)).phones == ["+12025550101"]


@pytest.mark.parametrize(
    "name",
    [
        "X-PET-OWNER-PHONE",
        "X-OWNER-PHONE",
        "X-CLIENT-OFFICE-PHONE",
        "x-customer-business-phone",
        "X-GUEST-HOST-MOBILE",
        "X-HOST-PHONE",
        "X-COMPANY-PHONE",
    ],
)
def test_a_property_that_is_named_after_the_client_gives_the_clients_number(read_events, event, name):
    """Whatever else its name says; an owner is a pet's, too."""
    found = read_events(event(f"{name}:+12025550101", phone=None))
    assert (found.phones, found.warnings) == (["+12025550101"], [])
    line = f"ATTENDEE;CN=Ann;{name}=+12025550101:mailto:a@x.example"
    assert read_events(event(phone=line)).phones == ["+12025550101"]


DECLINED = "ATTENDEE;CN=Jo;PARTSTAT=DECLINED"
RAY = "ATTENDEE;CN=Dr Ray;PARTSTAT=ACCEPTED:mailto:ray@x.example"
MAY_BE_THEIRS = "the number may be that of someone who declined: it is not used; give attendees their own numbers"


@pytest.mark.parametrize(
    ("declined", "line", "expected", "warnings"),
    [
        (f"{DECLINED}:mailto:jo@x.example", "X-PHONE:+12025550102", [], [MAY_BE_THEIRS]),
        (f"{DECLINED}:mailto:jo@x.example", "DESCRIPTION:Phone (202) 555-0102", [], [MAY_BE_THEIRS]),
        (f"{DECLINED}:mailto:jo@x.example", "CONTACT:+12025550102", [], [MAY_BE_THEIRS]),
        (f"{DECLINED}:mailto:jo@x.example", "CONTACT:Jo\\, +12025550102", [], []),
        (f"{DECLINED}:mailto:jo@x.example", "CONTACT:Mum\\, +12025550102", [("+12025550102", "Mum")], []),
        (f"{DECLINED}:tel:+1-202-555-0102", "X-PHONE:+12025550102", [], []),
        (f"{DECLINED}:tel:+1-202-555-0103", "X-PHONE:+12025550102", [("+12025550102", "Dr Ray")], []),
        (f"{DECLINED.replace('DECLINED', 'DELEGATED')}:urn:1", "X-PHONE:+12025550102", [], [MAY_BE_THEIRS]),
    ],
    ids=["X-PHONE", "a text", "CONTACT", "by name", "another's name", "by number", "has another", "delegated"],
)
def test_the_events_number_may_be_that_of_who_declined(read_events, event, declined, line, expected, warnings):
    """It isn't a colleague's for being the event's only one: two were invited, and one of them doesn't come."""
    found = read_events(event(RAY, line, phone=declined))
    assert [(one.phone, one.name) for one in found.only.appointment.recipients] == expected
    assert [warning for warning in found.warnings if "declined" in warning] == warnings


BOB = "ATTENDEE;CN=Dr Bob;PARTSTAT=DECLINED:mailto:bob@x.example"
JANE = "ATTENDEE;CN=Jane Doe;PARTSTAT=ACCEPTED:mailto:jane@x.example"


@pytest.mark.parametrize(
    ("line", "is_hers"),
    [
        ("X-PATIENT-PHONE:+12025550102", True),
        ("X-CLIENT-MOBILE:tel:+12025550102", True),
        ("X-PHONE:+12025550102", False),
        ("DESCRIPTION:Patient: Jane\\, 202-555-0102", True),
        ("DESCRIPTION:Client phone: 202-555-0102", True),
        ("DESCRIPTION:Patient:\\nPhone: 202-555-0102", True),
        ("SUMMARY:Jane Doe 202-555-0102", True),
        ("SUMMARY:Jane 202-555-0102", False),
        ("DESCRIPTION:Jane Doe\\, Bob 202-555-0102", False),
        ("DESCRIPTION:Patient: Bob\\, 202-555-0102", False),
        ("DESCRIPTION:Phone: 202-555-0102", False),
    ],
)
def test_a_number_that_is_said_to_be_that_of_who_comes_is_kept(read_events, event, line, is_hers):
    """A colleague who declined takes it from nobody, by a label, a name, or the name of the property."""
    found = read_events(event(JANE, line, phone=BOB))
    told = [(one.phone, one.name) for one in found.only.appointment.recipients]
    assert told == [("+12025550102", "Jane Doe")] * is_hers
    assert [warning for warning in found.warnings if "declined" in warning] == [MAY_BE_THEIRS] * (not is_hers)


def test_of_several_numbers_in_a_text_the_first_is_used(read_events, event):
    """The first of several numbers in a text is the recipient, and a warning says so."""
    found = read_events(event("DESCRIPTION:+12025550102 or +12025550103", phone=None))
    assert found.phones == ["+12025550102"]
    assert (
        "holds several phone numbers in its text: the first is used, a mobile phone's before others" in found.warnings
    )


def test_ids_and_prices_in_a_text_are_no_phones(read_events, event):
    """Digits of invoices and prices in a description are not taken for a number."""
    assert read_events(event("DESCRIPTION:Invoice 2026-000123\\, 1.200\\,00", phone=None)).phones == []


def test_an_impossible_number_is_kept_as_it_was_given(read_events, event):
    """An attendee's number that can't be one is kept, so that its skip can show it."""
    assert read_events(event(phone="ATTENDEE:tel:12")).phones == ["12"]


@pytest.mark.parametrize("value", ["12345", "+1 2", "A-2025550101", "2025550101/2025550102"], ids=str)
def test_an_address_that_can_be_no_number_is_none(read_events, event, value):
    """Without `tel:` only what can be a number is one: other programs write keys of their own there."""
    assert read_events(event(phone=f"ATTENDEE;CN=Ann:{value}")).phones == []


def test_numbers_do_not_show_in_problems(read_events, event):
    """Warnings and errors of a calendar hold no phone number."""
    found = read_events(event("ATTENDEE:tel:", "DESCRIPTION:+12025550102 +12025550103"), event(phone=None, uid="b"))
    assert not any("5550" in str(problem) for problem in found.reading.problems)


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "Email;Name;UID;Phone;Timezone;Locale\n"
        "ann@example.com;Ann Lee;;+12025550101;Europe/Berlin;de\n"
        ";Bo Ray;;+12025550102;;\n"
        ";;visit-7;+12025550107;;\n"
        "cy@example.com;;;;;\n",
        encoding="utf-8-sig",
    )
    return path


def test_a_directory_knows_people_by_address_name_and_uid(read_events, event, directory):
    """A directory finds a number by email, by name or by UID, and none for strangers."""

    def found(*lines, **changes):
        return people(read_events(event(*lines, phone=None, **changes), directory=directory))

    assert found("ATTENDEE:mailto:Ann@Example.com") == [("+12025550101", "Ann Lee", "ann@example.com")]
    assert found("ATTENDEE;CN=bo ray:mailto:bo@example.com") == [("+12025550102", "bo ray", "bo@example.com")]
    assert found("SUMMARY:Bo Ray") == [("+12025550102", "Bo Ray", None)]
    assert found(uid="visit-7") == [("+12025550107", "", None)]
    assert found("ATTENDEE:mailto:cy@example.com") == []


def test_a_directory_gives_zone_and_locale(read_events, event, directory):
    """A recipient found in the directory has its time zone and locale."""
    found = read_events(event(phone="ATTENDEE:mailto:ann@example.com"), directory=directory)
    (ann,) = found.only.appointment.recipients
    assert (ann.timezone, ann.locale) == ("Europe/Berlin", "de")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nAnn\n", "needs a header with phone"),
        ("phone\n+12025550101\n", "email, name or uid"),
        ("phone,name,timezone\n+12025550101,Ann,Mars\n", "line 2: unknown time zone"),
    ],
)
def test_a_directory_that_cannot_be_used_is_named(read_events, event, tmp_path, text, words):
    """A missing file, missing columns and wrong values are errors with the file's name."""
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_events(event(), directory=path)
    assert "people.csv" in str(caught.value)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_events(event(), directory=tmp_path / "missing.csv")


@example("0+820000")
@given(st.text(st.sampled_from("0123456789+-() x.,ab"), max_size=60))
def test_whatever_a_text_holds_its_numbers_are_possible_ones(text):
    """Whatever is found in a text is a number that could be dialled."""
    assert all(is_possible(number) for number, _ in TextSearch("US").numbers_in([text])[0])


def test_whom_a_cancelled_event_cannot_reach_does_not_matter(read_events, event):
    """A cancelled event without a number is no warning, since nobody is to be reminded."""
    assert read_events(event("STATUS:CANCELLED", phone=None)).warnings == []


@pytest.mark.parametrize(
    "text",
    [
        "Join with Google Meet: https://meet.example.com/abc\\nOr dial: (US) +1 252-555-0177 PIN: 123456789#",
        "One tap mobile\\n+12525550177\\,\\,81234567890#\\,\\,\\,\\,*123456# US\\n+13015550178\\,\\,81234567890# US",
        "Dial by your location\\n +1 252 555 0177 US (New York)\\n +1 301 555 0178 US\\n +1 312 555 0179 US",
        "Microsoft Teams meeting\\nOr call in (audio only)\\n+1 252-555-0177\\,\\,123456# United States",
        "Einwahl: +1 252 555 0177",
        "Phone conference 1-252-555-0177\\, access code 4711",
        "Zoom meeting: +1 252 555 0177",
    ],
    ids=["Meet", "one tap", "a list", "Teams", "German", "conference", "Zoom"],
)
def test_a_number_to_dial_in_by_is_nobodys(read_events, event, text):
    """The numbers of meetings are machines'; what else is in a text may be a person's."""
    only_machines = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert only_machines.phones == []
    assert "holds a number to dial in by in its text: it is passed over" in only_machines.warnings
    named = read_events(event("SUMMARY:Ada +1 202 555 0123", f"DESCRIPTION:{text}", phone=None))
    assert named.phones == ["+12025550123"]


@pytest.mark.parametrize("text", ["Meeting with Ada\\, +1 202 555 0123", "Call Ada at +1 202 555 0123\\, room 4"])
def test_a_number_of_somebody_whom_one_meets_is_theirs(read_events, event, text):
    """That one meets or calls a person makes no machine of the number."""
    assert read_events(event(f"DESCRIPTION:{text}", phone=None)).phones == ["+12025550123"]


def test_a_title_names_the_person_before_the_notes_do(read_events, event):
    """Of numbers in several texts that of the title is used."""
    lines = ("DESCRIPTION:Ask +1 202 555 0199", "SUMMARY:Bo +1 202 555 0123")
    assert read_events(event(*lines, phone=None)).phones[0] == "+12025550123"


def noted(event, count, *, people=None, text="DESCRIPTION:Ask at (202) 555-0100."):
    """Return events with the same note, each for another person unless told otherwise."""
    return [
        event(
            text,
            uid=f"v-{n}",
            phone=f"ATTENDEE;CN=Client {n % (people or count)}:mailto:c{n % (people or count)}@x.example",
        )
        for n in range(count)
    ]


def test_a_number_in_the_notes_of_several_people_is_a_desks(read_events, event):
    """What stands in three people's appointments is nobody's own: it is listed, and nobody is reminded by it."""
    found = read_events(*noted(event, 3))
    assert [item.appointment.recipients for item in found.found] == [(), (), ()]
    assert (
        sum("it is a desk's and not reminded; name it in [calendar] own_numbers" in one for one in found.warnings) == 3
    )
    assert not any("5550100" in str(problem) for problem in found.reading.problems)


def test_a_number_that_one_person_has_in_many_appointments_is_that_persons(read_events, event):
    """Six visits of two people are no desk's, nor are three events without anybody invited, whatever their titles."""
    found = read_events(*noted(event, 6, people=2))
    assert {one.phone for item in found.found for one in item.appointment.recipients} == {"+12025550100"}
    titled = [event(f"SUMMARY:Visit {n} (202) 555-0100", uid=f"v-{n}", phone=None) for n in range(4)]
    assert {one.phone for item in read_events(*titled).found for one in item.appointment.recipients} == {"+12025550100"}


def test_the_host_decides_whose_number_it_is(read_events, event):
    """`allow` says that a number is a person's, `own_numbers` that it is nobody's, wherever it stands."""
    allowed = read_events(*noted(event, 3), allow=["202-555-0100"])
    assert {one.phone for item in allowed.found for one in item.appointment.recipients} == {"+12025550100"}
    for phone in ("ATTENDEE;CN=Desk:tel:+12025550100", "X-PHONE:+12025550100", "DESCRIPTION:+12025550100"):
        assert read_events(event(phone=phone), own_numbers=["+1 202 555 0100"]).phones == []


def test_behind_a_desks_number_a_persons_may_stand(read_events, event):
    """Where the first number of a text is a desk's, the second one is used."""
    last = event("DESCRIPTION:Call (202) 555-0100. Ada: (202) 555-0123", uid="last", phone=None)
    found = read_events(*noted(event, 3), last)
    assert [one.phone for one in found.found[-1].appointment.recipients] == ["+12025550123"]


def test_that_somebody_gets_a_number_from_a_text_is_said(read_events, event):
    """A guess for an invited person is a warning."""
    found = read_events(event("DESCRIPTION:Ada\\, +1 202 555 0123", phone="ATTENDEE;CN=Ada:mailto:ada@x.example"))
    assert people(found) == [("+12025550123", "Ada", "ada@x.example")]
    assert found.warnings == ["Ada has no number of its own: the one in the text is used"]


def test_two_rows_for_one_person_are_two_recipients(read_events, event, tmp_path):
    """Both guardians of a child are reminded, each by name; the same row twice is one."""
    path = tmp_path / "people.csv"
    rows = ["email,name,phone", "kid@x.example,Ada,+12025550101", "kid@x.example,Bo,+12025550102"]
    path.write_text("\n".join([*rows, rows[1]]) + "\n")
    found = read_events(event(phone="ATTENDEE;CN=Kid:mailto:kid@x.example"), directory=path)
    assert people(found) == [("+12025550101", "Ada", "kid@x.example"), ("+12025550102", "Bo", None)]


@pytest.mark.parametrize(
    ("line", "email"),
    [
        ("ATTENDEE;CN=Ann;X-PHONE=202-555-0101:mailto:Ann@example.com", "ann@example.com"),
        ("ATTENDEE;CN=Ann;EMAIL=ann@example.com:tel:+12025550101", "ann@example.com"),
        ("ATTENDEE;CN=Ann:tel:+12025550101", ""),
        ("ATTENDEE;CN=Ann:mailto:ann@example.com\nX-PHONE:+12025550101", "ann@example.com"),
    ],
)
def test_the_address_of_who_has_a_number_comes_along(read_events, event, line, email):
    """For a last resort by e-mail: the address of an attendee, also where the event's only number is hers."""
    recipients = read_events(event(*line.split("\n"), phone=None)).only.appointment.recipients
    assert [one.email for one in recipients] == [email]


def test_who_is_known_by_an_address_alone_is_reminded_only_where_that_is_asked_for(read_events, event):
    """Those invited are colleagues, too: only `phones` with "email" in it makes recipients of them."""
    lines = ("ATTENDEE;CN=Ann:mailto:ann@example.com", "ATTENDEE;CN=Bo:tel:+12025550102")
    assert people(read_events(event(*lines, phone=None))) == [("+12025550102", "Bo", None)]
    found = read_events(event(*lines, phone=None), phones=["attendee", "email"])
    assert people(found) == [("", "Ann", "ann@example.com"), ("+12025550102", "Bo", None)]
    assert [one.email for one in found.only.appointment.recipients] == ["ann@example.com", ""]


def test_an_empty_line_ends_a_list_of_numbers_to_dial_in_by(read_events, event):
    """The patient's number below the meeting's is the patient's."""
    dial = "Join by phone\\n+1 312 626 6799 US (Chicago)\\n+1 646 558 8656"
    found = read_events(event(f"DESCRIPTION:{dial}\\n\\nPatient: (202) 555-0101", phone=None))
    assert found.phones == ["+12025550101"]
    assert read_events(event(f"DESCRIPTION:{dial}\\n(202) 555-0101", phone=None)).phones == []


def test_who_is_told_by_no_number_of_the_text_is_not_said_to_be(read_events, event):
    """That somebody gets the number of the text is said only where it is used, not where it is a desk's."""
    people = [(f"u{n}", f"ATTENDEE;CN=P{n}:mailto:p{n}@clinic.example") for n in range(3)]
    found = read_events(*(event("DESCRIPTION:Desk (202) 555-0199", phone=who, uid=uid) for uid, who in people))
    assert not any("has no number of its own" in warning for warning in found.warnings)
