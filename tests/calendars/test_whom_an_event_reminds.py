"""Whom an event reminds, told whole: number, key, name, address, zone and language, from each place that gives them."""

from __future__ import annotations

import pytest

from reminder_kit import ReminderKit, Rule
from reminder_kit.calendars import Limits
from reminder_kit.calendars.directory import Entry
from reminder_kit.calendars.recipients import Person
from reminder_kit.calendars.text_numbers import Desks, TextSearch
from reminder_kit.errors import CalendarError, ConfigurationError
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, SandboxTransport

ANN, BO, CY = "+12025550101", "+12025550102", "+12025550103"


def told(found):
    """Return number, key, name and address of each who is reminded."""
    return [(one.phone, one.id, one.name, one.email) for one in found.only.appointment.recipients]


@pytest.fixture
def told_of(read_events, event):
    """Return who is reminded of one event without a number of its own."""

    def told_of(*lines, uid="visit-1", **settings):
        return told(read_events(event(*lines, phone=None, uid=uid), **settings))

    return told_of


@pytest.fixture
def people_file(tmp_path):
    """Write a directory of people."""

    def people_file(*rows):
        path = tmp_path / "people.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path

    return people_file


@pytest.mark.parametrize(
    ("person", "label"),
    [
        (Person("a", email="ann@x.example", name="Ann"), "Ann"),
        (Person("a", email="ann@x.example"), "ann@x.example"),
        (Person("tel:1"), "someone without a name"),
    ],
)
def test_a_person_is_called_by_name_else_by_address(person, label):
    """And by neither where nothing but a number is known."""
    assert person.label == label


@pytest.mark.parametrize("attribute", ["phone", "extra"])
def test_a_persons_number_is_in_no_representation(attribute):
    """What is printed of a person, or of a line of a directory, is no number."""
    assert "5550101" not in repr(Person("a", **{attribute: ANN}))
    assert "5550101" not in repr(Entry(ANN, "Ann"))


@pytest.mark.parametrize(
    ("line", "person"),
    [
        ("ATTENDEE;CN=Ann:smsto:+12025550101", (ANN, None, "Ann", "")),
        ("ATTENDEE;CN=Ann: tel:+1%20202-555-0101", (ANN, None, "Ann", "")),
        ("ATTENDEE;CN=Ann;TEL=202-555-0101:mailto:Ann@X.example", (ANN, "ann@x.example", "Ann", "ann@x.example")),
        ("ATTENDEE;CN=Ann;PHONE=202-555-0101:mailto:ann@x.example", (ANN, "ann@x.example", "Ann", "ann@x.example")),
        ("ATTENDEE;X-TEL=sms:202-555-0101:mailto:ann@x.example?cc=b", (ANN, "ann@x.example", "", "ann@x.example")),
        ('ATTENDEE;CN=A;EMAIL="mailto:Ann@x.example":tel:202-555-0101', (ANN, "ann@x.example", "A", "ann@x.example")),
        ("ATTENDEE;CN=Ann;EMAIL= ann@x.example :tel:+12025550101", (ANN, "ann@x.example", "Ann", "ann@x.example")),
        ("ATTENDEE;CN=Ann;EMAIL=nobody:tel:+12025550101", (ANN, None, "Ann", "")),
        ("ATTENDEE;CN=ANN@x.example;EMAIL=ann@x.example:tel:+12025550101", (ANN, "ann@x.example", "", "ann@x.example")),
        ("ATTENDEE;CN=bo@y.example;EMAIL=ann@x.example:tel:+12025550101", (ANN, "ann@x.example", "", "ann@x.example")),
        ("ATTENDEE;CN=Ann;EMAIL=Ann:tel:+12025550101", (ANN, None, "", "")),
        ("ATTENDEE;CN=Ann:tel:+12025550101;phone-context=+44", (ANN, None, "Ann", "")),
        ("ATTENDEE;CN=Ann:tel:2025550101;phone-context=desk.example", (ANN, None, "Ann", "")),
        ("ATTENDEE;CN=Ann:tel:555-0101;ext=1;PHONE-CONTEXT=+1-(202)", (ANN, None, "Ann", "")),
        ("X-PATIENT-TEL: TEL: 202-555-0101", (ANN, None, "", "")),
        ("X-SMS:sms:+12025550101", (ANN, None, "", "")),
        ("CONTACT:Jane O'Lee-Doe (at home): 202-555-0101", (ANN, None, "Jane O'Lee-Doe", "")),
        ("CONTACT:Jane Doe 202-555-0101", (ANN, None, "Jane Doe", "")),
        ("CONTACT:J: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:4 Lee: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT: J. R.; 202-555-0101", (ANN, None, "J. R.", "")),
        (f"CONTACT:{'n' * 60}: 202-555-0101", (ANN, None, "n" * 60, "")),
        (f"CONTACT:{'n' * 61}: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Bo\\, 202-555-0101", (ANN, None, "Bo", "")),
        ("CONTACT:Tel: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Mobile phone (private): 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Phone no. 2: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Tel. and fax: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Office: 202-555-0101", (ANN, None, "", "")),
        ("CONTACT:Jane Doe - mobile: 202-555-0101", (ANN, None, "Jane Doe", "")),
        ("CONTACT:Jane Doe tel. 202-555-0101", (ANN, None, "Jane Doe", "")),
        ("CONTACT:Handy: Jane Doe 202-555-0101", (ANN, None, "Jane Doe", "")),
        ("CONTACT:Smith's office 202-555-0101", (ANN, None, "Smith's office", "")),
        ("CONTACT:Portia Cellar\\, 202-555-0101", (ANN, None, "Portia Cellar", "")),
    ],
)  # fmt: skip
def test_a_person_is_known_by_what_one_line_says(told_of, line, person):
    """Number, key, name and address, whatever spelling a desk's program has for them."""
    assert told_of(line) == [person]


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        (["X-PHONE:", "X-PHONE:tel:", f"X-MOBILE:{BO}"], [(BO, None, "", "")]),
        ([f"X-PHONE:{ANN}", f"X-PHONE:{BO}", f"X-MOBILE:{ANN}"], [(ANN, None, "", ""), (BO, None, "", "")]),
        (
            [f"X-PHONE:{ANN}", f"X-PHONE:{BO}", "ATTENDEE;CN=Cy:mailto:cy@x.example"],
            [(ANN, None, "", ""), (BO, None, "", "")],
        ),
        (
            [f"X-PHONE:{ANN}", "ATTENDEE;CN=Cy:mailto:cy@x.example"],
            [(ANN, "cy@x.example", "Cy", "cy@x.example")],
        ),
        (
            [f"CONTACT:Ann\\, {ANN}", "ATTENDEE;CN=Cy:mailto:cy@x.example"],
            [(ANN, "cy@x.example", "Ann", "cy@x.example")],
        ),
        ([f"CONTACT:Ann\\, {ANN}\\, Bob: {BO}"], [(ANN, None, "Ann", ""), (BO, None, "Bob", "")]),
        ([f"CONTACT:{ANN}; Bob: {BO}"], [(ANN, None, "", ""), (BO, None, "Bob", "")]),
        ([f"CONTACT:Ann\\, {ANN}\\, {BO}"], [(ANN, None, "Ann", ""), (BO, None, "", "")]),
        ([f"CONTACT:Ann\\, tel: {ANN}\\, fax: {BO}"], [(ANN, None, "Ann", "")]),
        ([f"CONTACT:Ann\\, {ANN}", f"CONTACT:Bob\\, {BO}"], [(ANN, None, "Ann", ""), (BO, None, "Bob", "")]),
        (
            [f"ATTENDEE;CN=Bo:tel:{BO}", f"ATTENDEE;CN=Ann;X-TEL={ANN}:mailto:a@x.example"],
            [(BO, None, "Bo", ""), (ANN, "a@x.example", "Ann", "a@x.example")],
        ),
        (
            [f"ATTENDEE;CN=Ann;X-TEL={ANN}:mailto:a@x.example", f"ATTENDEE;CN=Bo:tel:{BO}"],
            [(ANN, "a@x.example", "Ann", "a@x.example"), (BO, None, "Bo", "")],
        ),
        (
            [f"ATTENDEE;CN=Ann;EMAIL=a@x.example:tel:{ANN}", f"ATTENDEE;CN=Bo;EMAIL=b@x.example:sms:{ANN}"],
            [(ANN, "a@x.example", "Ann", "a@x.example"), (ANN, "b@x.example", "Bo", "b@x.example")],
        ),
        ([f"ATTENDEE;CN=Ann;X-TEL={BO}:tel:{ANN}"], [(ANN, None, "Ann", "")]),
    ],
    ids=[
        "empty ones",
        "several, each once",
        "several of one invited",
        "that of the one invited",
        "a contact of the one invited",
        "two in one contact",
        "the second named",
        "the first named",
        "a phone and a fax",
        "two contacts",
        "two sources",
        "in the order of the invitation",
        "two with one number and a key each",
        "the first source of a person",
    ],
)  # fmt: skip
def test_several_lines_remind_each_person_once(told_of, lines, people):
    """In the order in which they are invited, by the first source that has a number of theirs."""
    assert told_of(*lines) == people


@pytest.mark.parametrize(
    ("source", "person"),
    [
        ("attendee", ("+12025550101", "a@x.example", "Ann", "a@x.example")),
        ("x-phone", ("+12025550102", "a@x.example", "Ann", "a@x.example")),
        ("contact", ("+12025550103", "a@x.example", "Con", "a@x.example")),
        ("text", ("+12025550104", "a@x.example", "Ann", "a@x.example")),
        ("email", ("", "a@x.example", "Ann", "a@x.example")),
        ("directory", ("+12025550105", "a@x.example", "Ann", "a@x.example")),
    ],
)
def test_of_all_places_with_a_number_the_one_that_is_asked_for_is_read(told_of, people_file, source, person):
    """And none of the others, whatever stands there; a directory that is not placed comes last."""
    lines = (
        "ATTENDEE;CN=Ann;EMAIL=a@x.example;X-TEL=+12025550102:tel:+12025550101",
        "CONTACT:Con\\, +12025550103",
        "SUMMARY:+12025550104",
    )
    path = people_file("email,phone", "a@x.example,+12025550105")
    assert told_of(*lines, phones=(source,), directory=path if source == "directory" else None) == [person]
    own = ("X-PHONE:+12025550106", lines[0].replace("X-TEL", "X-OTHER"), *lines[1:])
    if source == "x-phone":
        assert [one[0] for one in told_of(*own, phones=(source,))] == ["+12025550106"]
    elif source != "directory":
        assert told_of(*own, phones=(source,)) == [person]


def test_the_number_of_an_event_is_that_of_who_has_no_address(told_of):
    """By name, and without a key."""
    assert told_of("ATTENDEE;CN=Cy:urn:x", f"X-PHONE:{ANN}") == [(ANN, None, "Cy", "")]


@pytest.mark.parametrize(
    "line",
    [
        f"ATTENDEE;CUTYPE=room:tel:{BO}",
        f"ATTENDEE;CUTYPE=Resource:tel:{BO}",
        f"ATTENDEE;ROLE=non-participant:tel:{BO}",
        f"ATTENDEE;PARTSTAT=declined:tel:{BO}",
        "ATTENDEE:tel:+1 202 555 0101",
        "ATTENDEE;CN=Desk: TEL:+1 202 555 0109",
        "ATTENDEE;CN=Desk;EMAIL=:tel:+12025550109",
    ],
)  # fmt: skip
def test_whoever_is_none_to_remind_is_so_in_any_case_of_letters(told_of, line):
    """Rooms, copies, the organiser, doubles, and who declined."""
    assert told_of("ORGANIZER:tel:+12025550109", f"ATTENDEE;CN=Ann:tel:{ANN}", line) == [(ANN, None, "Ann", "")]


def test_an_organiser_that_is_named_nowhere_else_takes_nobodys_place(told_of):
    """Groups, persons of other kinds and who has not answered are reminded."""
    lines = [
        "ORGANIZER:mailto:desk@x.example",
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION:tel:{ANN}",
        f"ATTENDEE;CUTYPE=GROUP;ROLE=CHAIR;PARTSTAT=TENTATIVE;EMAIL=b@x.example:tel:{BO}",
    ]
    assert [one[0] for one in told_of(*lines)] == [ANN, BO]


@pytest.mark.parametrize(
    ("lines", "warnings"),
    [
        (["ATTENDEE;CN=Bo:mailto:b@x.example", f"ATTENDEE:tel:{ANN}"], ["Bo"]),
        (["ATTENDEE:mailto:b@x.example", f"ATTENDEE:tel:{ANN}"], ["b@x.example"]),
        (["ATTENDEE:urn:x", f"ATTENDEE:tel:{ANN}"], ["someone without a name"]),
        (["ATTENDEE;CN=Bo:mailto:b@x.example", "ATTENDEE;CN=Cy:mailto:c@x.example", f"X-PHONE:{ANN}"], ["Bo", "Cy"]),
        (["ATTENDEE;CN=Bo:mailto:b@x.example", "ATTENDEE;CN=Cy:mailto:c@x.example", f"SUMMARY:{ANN}"], ["Bo", "Cy"]),
        (["ATTENDEE;CN=Bo:mailto:b@x.example", f"X-PHONE:{ANN}"], []),
        (["ATTENDEE;CN=Bo;PARTSTAT=DECLINED:mailto:b@x.example", f"ATTENDEE:tel:{ANN}"], []),
        (["ATTENDEE;CN=Bo:mailto:b@x.example", "ATTENDEE;CN=Cy:mailto:c@x.example"], []),
    ],
    ids=["by name", "by address", "by neither", "an own number", "of a text", "the only one's", "declined", "nobody"],
)  # fmt: skip
def test_each_person_without_a_number_is_named(read_events, event, lines, warnings):
    """With the line of the event; not where the event's number is theirs, nor where nobody at all has one."""
    found = read_events(event(*lines, phone=None))
    assert found.warnings == [f"{name} has no phone number and is not reminded" for name in warnings]
    assert {problem.line for problem in found.reading.problems} <= {4}


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        (f"Ask {ANN}", []),
        (
            f"Ask {ANN} or {BO}",
            ["holds several phone numbers in its text: the first is used, a mobile phone's before others"],
        ),
        (
            f"Ask {ANN}. Dial-in: {BO}",
            ["holds a number to dial in by in its text: it is passed over"],
        ),
    ],
)
def test_what_is_passed_over_in_a_text_is_said(read_events, event, text, warnings):
    """With the line of the event; one number alone is worth no word."""
    found = read_events(event(f"DESCRIPTION:{text}", phone=None))
    assert (found.phones, found.warnings) == ([ANN], warnings)
    assert {problem.line for problem in found.reading.problems} <= {4}


DIRECTORY = (
    "Email,Name,UID,Phone,Timezone,Locale",
    f"Ann@X.example,Ann Lee,,{ANN},Europe/Berlin,de",
    f",Bo Ray,,{BO},,",
    f",,Visit-7,{CY},,",
    "kid@x.example,Ma,,+12025550104,,",
    "kid@x.example,Pa,,+12025550105,,",
    "kid@x.example,Again,,+12025550105,,",
    "aunt@x.example,,,+12025550106,,",
    "uncle@x.example,,,+12025550107,,",
    "uncle@x.example,,,+12025550108,,",
    "none@x.example,None,,,,",
)  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        (["ATTENDEE:mailto:ANN@x.example"], [(ANN, "ann@x.example", "Ann Lee", "Ann@X.example")]),
        (["ATTENDEE;CN=Annie:mailto:ann@x.example"], [(ANN, "ann@x.example", "Annie", "Ann@X.example")]),
        (["ATTENDEE;CN=BO RAY:mailto:new@x.example"], [(BO, "new@x.example", "BO RAY", "new@x.example")]),
        (["ATTENDEE;CN=Bo Ray:urn:x"], [(BO, None, "Bo Ray", "")]),
        (["ATTENDEE;CN=Bo Ray:mailto:ann@x.example"], [(ANN, "ann@x.example", "Bo Ray", "Ann@X.example")]),
        (["SUMMARY:ann lee"], [(ANN, None, "Ann Lee", "Ann@X.example")]),
        (["SUMMARY:Nobody"], []),
        (
            ["ATTENDEE;CN=Kid:mailto:kid@x.example"],
            [("+12025550104", "kid@x.example", "Ma", "kid@x.example"), ("+12025550105", None, "Pa", "kid@x.example")],
        ),
        (["ATTENDEE:mailto:aunt@x.example"], [("+12025550106", "aunt@x.example", "", "aunt@x.example")]),
        (
            ["ATTENDEE;CN=Unc:mailto:uncle@x.example"],
            [
                ("+12025550107", "uncle@x.example", "Unc", "uncle@x.example"),
                ("+12025550108", None, "Unc", "uncle@x.example"),
            ],
        ),
        (["ATTENDEE:mailto:none@x.example"], []),
        (["ATTENDEE:urn:x"], []),
    ],
    ids=[
        "by address", "the event's name counts", "by name", "by name alone", "the address first", "by the title",
        "a stranger", "guardians", "no name", "guardians without names", "without a number", "nobody in particular",
    ],
)  # fmt: skip
def test_a_directory_says_all_it_knows_of_who_is_meant(told_of, people_file, lines, people):
    """By address, then by name; for an event without people by its UID, then by its title."""
    path = people_file(*DIRECTORY)
    assert told_of(*lines, directory=path) == people
    assert told_of(*lines, directory=path, phones=["directory", "attendee"]) == people


def test_a_directory_knows_visits_by_their_uid_before_their_title(told_of, people_file):
    """In whatever case it is written."""
    path = people_file(*DIRECTORY)
    assert told_of("SUMMARY:Bo Ray", uid="VISIT-7", directory=path) == [(CY, None, "", "")]


def test_a_directory_is_asked_before_texts_are_guessed_from(told_of, people_file):
    """But after what the event itself says, unless its place is written."""
    path, ann = people_file(*DIRECTORY), "ATTENDEE;CN=Ann:mailto:ann@x.example"
    entry = [(ANN, "ann@x.example", "Ann", "Ann@X.example")]
    assert told_of(ann, f"DESCRIPTION:{BO}", directory=path) == entry
    assert [one[0] for one in told_of(ann, f"X-PHONE:{CY}", directory=path)] == [CY]
    assert told_of(ann, f"X-PHONE:{CY}", directory=path, phones=("directory", "x-phone")) == entry
    assert told_of(ann, f"DESCRIPTION:{BO}", directory=path, phones=("text", "directory"))[0][0] == BO
    assert [one[0] for one in told_of(ann, f"X-PHONE:{CY}", directory=path, phones=("x-phone",))] == [CY]


@pytest.mark.parametrize("column", ["timezone", "Zone", " TIMEZONE "])
def test_a_directory_has_zones_in_either_column(read_events, event, people_file, column):
    """And languages; what is empty is not known."""
    path = people_file(f"phone;email;{column};locale", f"{ANN};a@x.example;Europe/Berlin;de", f"{BO};b@x.example;;")
    lines = ("ATTENDEE:mailto:a@x.example", "ATTENDEE:mailto:b@x.example")
    found = read_events(event(*lines, phone=None), directory=path).only.appointment.recipients
    assert [(one.phone, one.timezone, one.locale) for one in found] == [(ANN, "Europe/Berlin", "de"), (BO, None, None)]


KEY = "[calendar] directory: "
"""What says where the file is named: it is no folder."""


@pytest.mark.parametrize(
    "rows",
    [
        ["phone,name;b", f"{ANN},Ann"],
        ["phone,email,a;b;c", f"{ANN},ann@x.example,"],
        ["phone;name,x;y;z", f"{ANN};;;"],
        ["phone,name,", f"{ANN},Ann,,more"],
        [f"{ANN}"],
        ["phone"],
        [""],
    ],
)
def test_a_directory_is_parted_by_what_its_header_has_more_of(read_events, event, people_file, rows):
    """Commas where there are as many; what lacks a column is refused by name of the file and of the columns."""
    path = people_file(*rows)
    header = rows[0]
    parts = {part.strip() for part in header.split(";" if header.count(";") > header.count(",") else ",")}
    if "phone" in parts and parts & {"email", "name", "uid"}:
        assert read_events(event(), directory=path).phones == [ANN]
    else:
        with pytest.raises(ConfigurationError) as caught:
            read_events(event(), directory=path)
        assert str(caught.value) == f"{KEY}{path} needs a header with phone, and with email, name or uid"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"phone,name\n1,\xff\n", "'utf-8' codec can't decode byte 0xff"),
        (b"phone,name\n1," + b"x" * 200_000 + b"\n", "field larger than field limit"),
        (None, "No such file or directory"),
    ],
    ids=["not UTF-8", "a field without end", "missing"],
)
def test_a_directory_that_is_no_csv_in_utf_8_is_told_so(read_events, event, tmp_path, data, said):
    """With its path, what is wrong, and what is wanted."""
    path = tmp_path / "people.csv"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        read_events(event(), directory=path)
    assert str(caught.value).startswith(f"{KEY}{path} cannot be read: ")
    assert said in str(caught.value)
    assert str(caught.value).endswith("; give a CSV file in UTF-8")


def test_the_line_of_an_unknown_zone_is_told(read_events, event, people_file):
    """Counted in the file, and not in people."""
    path = people_file("phone,name,zone", f"{ANN},Ann,UTC", "", f"{BO},Bo,Mars")
    with pytest.raises(ConfigurationError, match=r"people\.csv, line 4: "):
        read_events(event(), directory=path)


def test_three_numbers_of_one_event_cost_nothing_and_a_fourth_does(read_events, event):
    """Thirty each, of what looking for numbers may cost a source."""

    def phones(count, left):
        lines = [f"X-PHONE:+1202555010{number}" for number in range(count)]
        return read_events(event(*lines, phone=None), limits=Limits(numbers=left))

    for count, left in ((3, 0), (4, 30), (5, 60)):
        assert len(phones(count, left).phones) == count
    for count, left in ((4, 29), (5, 59)):
        (error,) = phones(count, left).errors
        assert "its limit `numbers`, which is used up" in error.message


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("no digits", 0),
        ("4711 and 12-34", 0),
        ("123456", 0),
        ("call 1234567 now", 30 + 7 * 7),
        (ANN, 30 + 7 * 11),
        (f"{ANN} 4711", 30 + 7 * 15),
        (f"{ANN} or 4711", 30 + 7 * 11),
        (f"{ANN} or {BO}", 30 + 7 * 22),
        (f"{ANN} or {BO} or {CY}", 30 + 7 * 33 + 200),
        ("1" * 699, 30 + 7 * 699),
        ("1" * 700, 30 + 7 * 700),
        ("1" * 900, 30 + 7 * 700),
    ],
)
def test_a_text_costs_by_the_digits_in_it(text, cost):
    """Thirty for each text with a number in it, seven for each digit, and two hundred for each number beyond two."""
    search = TextSearch("US", 10_000)
    search.numbers_in([text])
    assert search.left == 10_000 - cost
    search.numbers_in([text])  # once more costs nothing
    assert search.left == 10_000 - cost
    assert search.numbers_in([]) == ([], False, False)


def test_a_text_is_paid_for_to_the_last_digit():
    """Where exactly its price is left it is read, and where less is left no more is."""
    assert TextSearch("US", 107).numbers_in([ANN])[0] == [(ANN, "")]
    with pytest.raises(CalendarError, match="give attendees their numbers, or raise its limit `numbers`"):
        TextSearch("US", 106).numbers_in([ANN])
    poor = TextSearch("US", 300)
    assert len(poor.numbers_in([f"{ANN} or {BO} or {CY}"])[0]) == 2
    assert poor.left == 0


def test_a_text_is_forgotten_after_a_thousand_others():
    """And paid for again; until then it is known."""
    search = TextSearch("US", 10_000_000)
    texts = [f"{ANN} {'x' * number}" for number in range(1001)]
    for text in texts[:1000]:
        search.numbers_in([text])
    left = search.left
    search.numbers_in(texts[:1])
    assert search.left == left
    search.numbers_in(texts[1000:])
    search.numbers_in(texts[:1])
    assert search.left == left - 2 * 107


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([f"Ann {ANN}, Bo {BO}, Cy {CY}"], [(ANN, "Ann "), (BO, ", Bo ")]),
        ([f"Ann {ANN}", f"Bo {BO}", f"Cy {CY}"], [(ANN, "Ann "), (BO, "Bo ")]),
        ([f"Ann {ANN}", f"again {ANN}", f"Cy {CY}"], [(ANN, "Ann "), (CY, "Cy ")]),
        ([f"Ann {ANN}", f"Bo {BO}, Cy {CY}"], [(ANN, "Ann "), (BO, "Bo ")]),
        (["x" * 3988 + ANN + " or so"], [(ANN, "x" * 200)]),
        (["-" * 3989 + ANN], []),
        (["no number", ""], []),
    ],
    ids=["in one", "in several", "the same again", "one and two", "up to the end", "beyond the end", "none"],
)  # fmt: skip
def test_the_first_two_numbers_of_texts_are_found_with_what_stands_before(texts, found):
    """Two hundred characters before each, and in four thousand of each text."""
    assert TextSearch("US").numbers_in(texts) == (found, False, False)


def test_only_a_dozen_numbers_of_a_text_are_looked_at():
    """A person's after twelve of machines is found no more; after eleven it is."""
    dial = "\n".join(f"Dial-in: +1202555{number:04}" for number in range(100, 112))
    assert TextSearch("US").numbers_in([f"{dial}\n\nAnn: +12025550199"]) == ([], True, False)
    fewer = dial.rpartition("\n")[0]
    assert [number for number, _ in TextSearch("US").numbers_in([f"{fewer}\n\nAnn: +12025550199"])[0]] == [
        "+12025550199"
    ]


@pytest.mark.parametrize(
    ("between", "is_machines"),
    [(" or ", True), ("x" * 80, True), ("x" * 81, False), ("\n\n", False), ("\n \t\r\n", False), ("\n", True)],
    ids=["near", "as far as may be", "too far", "after a line", "after a blank line", "in the next line"],
)
def test_what_follows_a_machines_number_in_its_list_is_a_machines(between, is_machines):
    """Within eighty characters, and until an empty line."""
    found, passed_over, _ = TextSearch("US").numbers_in([f"Einwahl: {ANN}{between}{BO}"])
    assert ([number for number, _ in found], passed_over) == ([] if is_machines else [BO], True)


@pytest.mark.parametrize(
    ("text", "is_machines"),
    [
        (f"Call {ANN},,123456#", True),
        (f"Call {ANN} , 99#", True),
        (f"Call {ANN}, 99", False),
        (f"Call {ANN} PIN: 1", True),
        (f"Call {ANN} passcode", True),
        (f"Call {ANN} ({'x' * 28} access code", True),
        (f"Call {ANN} ({'x' * 29} access code", False),
        (f"Call {ANN}\nPIN", False),
        (f"Call {ANN} pinned", False),
        (f"by phone: {ANN}", True),
        (f"join by phone:\n{ANN}", True),
        (f"join by phone:\n\n{ANN}", False),
        (f"webinar{' ' + 'x' * 59}\n{'y' * 91} {ANN}", True),
        (f"webinar{' ' + 'x' * 59}\n{'y' * 92} {ANN}", False),
        (f"webinar {'x' * 59} {ANN}", True),
        (f"webinar {'x' * 60} {ANN}", False),
        (f"meeting with {ANN}", False),
        (f"Meeting mit {ANN}", False),
        (f"meeting {ANN}", True),
        (f"redial {ANN}", False),
    ],
)
def test_what_stands_near_a_number_tells_a_machines(text, is_machines):
    """In its line, in the one above, and behind it."""
    found, passed_over, _ = TextSearch("US").numbers_in([text])
    assert ([number for number, _ in found], passed_over) == (([], True) if is_machines else ([ANN], False))


@pytest.mark.parametrize(("visits", "people"), [(2, 2), (2, 3), (3, 2), (3, 3), (4, 4)])
def test_a_desk_is_told_by_three_appointments_of_three_people(visits, people):
    """By fewer of either it is not."""
    desks = Desks()
    for number in range(max(visits, people)):
        desks.note([ANN], f"u{number % visits}", [f"p{number % people}"])
    assert desks.has(ANN) is (visits >= 3 and people >= 3)
    assert not desks.has(BO)


def test_a_desk_is_told_however_many_of_one_kind_came_first():
    """Three people in one appointment, and then two more appointments; and the other way round."""
    for first in ([("a", ["x", "y", "z", "v"]), ("b", ["x"]), ("c", ["x"])], [(uid, ["x"]) for uid in "abcd"]):
        desks = Desks()
        for uid, people in first:
            desks.note([ANN], uid, people)
        desks.note([ANN], "d", ["y", "z"])
        assert desks.has(ANN)
    assert not Desks([ANN], {ANN: ({"a", "b", "c"}, {"x", "y", "z"})}).has(ANN)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (f"Fax: {ANN}", []),
        (f"fax ({ANN})", []),
        (f"Telefax Nr. {ANN}", []),
        (f"FAX no: {ANN} or {BO}", [BO]),
        (f"Tel {ANN}, Fax {BO}", [ANN]),
        (f"Tel./Fax: {ANN}", [ANN]),
        (f"Phone and fax: {ANN}", [ANN]),
        (f"Tel + Fax: {ANN}", [ANN]),
        (f"Ida Fax, {ANN}", [ANN]),
        (f"Carfax: {ANN}", [ANN]),
        (f"Faxon: {ANN}", [ANN]),
    ],
)
def test_a_fax_is_nobody(text, numbers):
    """What stands right before a number says so; one that is a phone's too is somebody's."""
    found, has_machines, _ = TextSearch("US").numbers_in([text])
    assert [number for number, _ in found] == numbers
    assert not has_machines


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        ([f"CN=Ann:tel:{ANN}", f"CN=Bo:sms:{ANN}"], [(ANN, "Ann"), (ANN, "Bo")]),
        ([f"CN=Ann:tel:{ANN}", f"CN=Bo:tel:{ANN}"], [(ANN, "Ann"), (ANN, "Bo")]),
        ([f"CN=Ann:tel:{ANN}", f"CN=Bo:tel:{ANN}", f"CN=ann:tel:{ANN}"], [(ANN, "Ann"), (ANN, "Bo")]),
        ([f"CN=Ann:tel:{ANN}", "CN=Bo:tel:(202) 555-0101", f"CN=Cy:tel:{CY}"], [(ANN, "Ann"), (ANN, "Bo"), (CY, "Cy")]),
        ([f"CN=Ann:tel:{ANN}", f"X=1:sms:{ANN}"], [(ANN, "Ann")]),
        ([f"X=1:sms:{ANN}", f"CN=Ann:tel:{ANN}"], [(ANN, "Ann")]),
        ([f"CN=Ann:tel:{ANN}", f"CN=ANN:sms:{ANN}"], [(ANN, "Ann")]),
        ([f"CN=Ann;X-TEL={ANN}:mailto:a@x.example", f"CN=Bo;X-TEL={BO}:mailto:a@x.example"], [(ANN, "Ann")]),
    ],
)
def test_two_people_may_share_a_number(told_of, lines, people):
    """The first comes first, and the other one is there to be accounted for; nobody is there twice."""
    assert [(one[0], one[2]) for one in told_of(*(f"ATTENDEE;{line}" for line in lines))] == people


def test_of_two_people_with_one_number_the_first_is_written_to(calendar, event):
    """And of the other it is recorded why nothing is."""
    lines = [f"ATTENDEE;CN=Ann:tel:{ANN}", f"ATTENDEE;CN=Bo:sms:{ANN}"]
    sandbox = Sandbox(clock="2026-03-01T08:00:00Z")
    kit = ReminderKit(
        Telnyx(api_key="KEY", from_="+12025550100"),
        [Rule("soon", before="2 hours", text="{{ recipient.name }}!")],
        "sqlite://",
        timezone="America/New_York",
        transport=SandboxTransport(sandbox),
        clock=sandbox.clock,
    )
    with kit:
        report = kit.import_calendar(calendar(event(*lines, phone=None)), source="clinic")
    assert [message.text for message in sandbox.parked()] == ["Ann!"]
    assert [str(change.reason) for change in report.changes if change.kind == "skip"] == ["duplicate_number"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("'Ann Lee'", "Ann Lee"),
        ("\"'Lee, Ann'\"", "Lee, Ann"),
        ("‘Ann Lee’", "Ann Lee"),
        ("^'Ann Lee^'", "Ann Lee"),
        ("“Ann Lee”", "Ann Lee"),
        ("„Ann Lee“", "Ann Lee"),
        ("’Ann Lee’", "Ann Lee"),
        ("”Ann Lee”", "Ann Lee"),
        ("«Ann Lee»", "Ann Lee"),
        ("«Ann Lee“", "«Ann Lee“"),
        ("'a@x.example'", ""),
        ("'Ann O'Lee'", "Ann O'Lee"),
        ("O'Lee", "O'Lee"),
        ("'t Hooft", "'t Hooft"),
        ("Ann 'the cat'", "Ann 'the cat'"),
        ("''", "''"),
    ],
)
def test_quotes_around_a_name_are_no_part_of_it(read_events, event, written, name):
    """Programs write them where they take a name from an address; the organiser's and a room's are read so, too."""
    lines = (f"ATTENDEE;CN={written};CUTYPE=ROOM:mailto:room@x.example", f"ORGANIZER;CN={written}:mailto:o@x.example")
    found = read_events(event(*lines, phone=f"ATTENDEE;CN={written}:tel:{ANN}")).only.appointment
    assert found.recipients[0].name == name
    if name:
        assert (found.data["resources"], found.data["organizer_name"]) == ([name], name)
