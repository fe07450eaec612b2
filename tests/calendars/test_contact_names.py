"""Whose a number is, by what stands before it, and how many people a CONTACT may name."""

from __future__ import annotations

import pytest

from reminder_kit.calendars import Limits
from reminder_kit.calendars.contact_names import ends_with_label, name_before
from reminder_kit.calendars.text_numbers import TextSearch

ANN, BO, CY, DI = "+12025550101", "+12025550102", "+12025550103", "+12025550104"


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("Name: Jane Doe\nPhone: ", "Jane Doe"),
        ("Patient: Jane Doe, ", "Jane Doe"),
        ("Client: Jane Doe - ", "Jane Doe"),
        ("Patient Jane Doe ", "Jane Doe"),
        ("Kunde: Ida Holm, tlf. ", "Ida Holm"),
        ("Klient : Ida Holm ", "Ida Holm"),
        ("Nom : Léa Roy\nTél : ", "Léa Roy"),
        ("Nombre: Ana Gil, móvil: ", "Ana Gil"),
        ("Cliente - Ana Gil: ", "Ana Gil"),
        ("Patient's name: Jane Doe: ", "Jane Doe"),
        ("First name: Jane, ", "Jane"),
        ("Guest: Jane, ", "Jane"),
        ("Contact person: Jane Doe, ", "Jane Doe"),
        ("Mobile Jane ", "Jane"),
        ("Mobile Jane Doe: ", "Jane Doe"),
        ("Tel. Jane ", "Jane"),
        ("Room 4: Jane Doe, ", "Jane Doe"),
        ("4 Lee: Jane Doe, ", "Jane Doe"),
        ("Mum: Jane Doe: ", "Jane Doe"),
        ("Note: for: Jane Doe: ", "Note"),
        ("Jane Doe: at home ", "Jane Doe"),
        ("Jane Doe: mobile: ", "Jane Doe"),
        ("Jane Doe: 14 b ", "Jane Doe"),
        ("Jane Doe, at: work ", "Jane Doe"),
        ("Patient: ", ""),
        ("Customer ", ""),
        ("Name, ", ""),
        ("E-mail: jane@x.example, Jane Doe ", "Jane Doe"),
        ("Jane Doe <jane@x.example> ", "Jane Doe"),
        ("Jane Doe https://x.example ", "Jane Doe"),
        ("mailto:jane@x.example ", ""),
        ("Jane Doe | M ", "Jane Doe"),
        ("Jane Doe [", "Jane Doe"),
        ("Bob <tel:", "Bob"),
        ("Dr. Smith - ", "Dr. Smith"),
        ("Jane Doe / ", "Jane Doe"),
        ("'Jane Doe' ", "Jane Doe"),
        ("“Jane Doe”: ", "Jane Doe"),
        ("Doe, Jane ", "Doe"),
        ("Cellini Paolo ", "Cellini Paolo"),
        ("Smith's office ", "Smith's office"),
        ("王小明: ", "王小明"),
    ],
)
def test_a_label_is_no_name(before, name):
    """A word with a colon is one where a name follows it, and so is what says who is named, or how to call."""
    assert name_before(before) == name


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("Jane, mobil", True), ("Tlf.", True), ("Tel. no.", True), ("Dato", False), ("Hotel", False), ("", False)],
)
def test_a_label_is_known_at_the_end(text, is_one):
    """As a word of its own."""
    assert ends_with_label(text) is is_one


def contacts(*lines):
    return [f"CONTACT:{line}" for line in lines]


@pytest.mark.parametrize(
    ("lines", "people"),
    [
        ([f"Ann\\, {ANN}", f"Bo\\, {BO}", f"Cy\\, {CY}"], [(ANN, "Ann"), (BO, "Bo"), (CY, "Cy")]),
        ([f"Ann\\, {ANN}\\, Bo\\, {BO}\\, Cy\\, {CY}"], [(ANN, "Ann"), (BO, "Bo"), (CY, "Cy")]),
        ([f"Ann {ANN}\\nBo {BO}", f"Cy {CY} Di {DI}"], [(ANN, "Ann"), (BO, "Bo"), (CY, "Cy"), (DI, "Di")]),
        ([f"Zoom Lens Inc {ANN}"], [(ANN, "Zoom Lens Inc")]),
        ([f"Teams & Co: {ANN}"], [(ANN, "")]),
        ([f"Conference desk {ANN}\\, Bo {BO}"], [(ANN, "Conference desk"), (BO, "Bo")]),
        ([f"Meeting room: {ANN}"], [(ANN, "Meeting room")]),
        ([f"Call in an emergency: Ann Lee {ANN}"], [(ANN, "Ann Lee")]),
        ([f"Ann {ANN}", f"Ann {ANN}"], [(ANN, "Ann")]),
        ([f"Ann {ANN}", f"{ANN}"], [(ANN, "Ann")]),
        ([f"{ANN}", f"Ann {ANN}"], [(ANN, "Ann")]),
        ([f"Ann {ANN}", f"Bo {ANN}"], [(ANN, "Ann"), (ANN, "Bo")]),
    ],
)
def test_everybody_in_every_contact_is_reminded(read_events, event, lines, people):
    """Also beside words that stand near a machine's number elsewhere; nobody twice."""
    found = read_events(event(*contacts(*lines), phone=None))
    assert [(one.phone, one.name) for one in found.only.appointment.recipients] == people
    assert found.warnings == []


@pytest.mark.parametrize(
    ("line", "phones"),
    [
        (f"Ann {ANN}\\, dial-in: {BO}", [ANN]),
        (f"Dial-in: {BO}\\, {CY}\\, Ann: {ANN}", [ANN]),
        (f"Zoom {BO}\\,\\,123456#", []),
        (f"Conference {BO} PIN 4711\\, Ann {ANN}", [ANN]),
        (f"One tap mobile {BO}", []),
    ],
)
def test_a_number_to_dial_in_by_is_no_contact(read_events, event, line, phones):
    """Where it is said to be one, or a code follows it; and that is a warning with its line."""
    found = read_events(event(f"CONTACT:{line}", phone=None))
    assert found.phones == phones
    told = [(problem.message, problem.line) for problem in found.reading.problems]
    assert told == [("holds a number to dial in by in CONTACT: it is passed over", 8)]


def test_of_one_contact_a_dozen_numbers_are_looked_at(read_events, event):
    """And of more it is said that they were not."""
    names = [f"N{'abcdefghijklm'[at]}: +1202555{100 + at:04}" for at in range(13)]
    most, more = (read_events(event(f"CONTACT:{'; '.join(names[:count])}", phone=None)) for count in (12, 13))
    assert (len(most.phones), most.warnings) == (12, [])
    assert more.phones == most.phones
    assert more.warnings == ["holds too much in one CONTACT: only the first dozen numbers in it are looked at"]
    long = read_events(event(f"CONTACT:Ann {ANN}{' x' * 2000}", phone=None))
    assert (long.phones, long.warnings) == ([ANN], more.warnings)


def test_very_many_contacts_use_their_share_up(read_events, event):
    """The event is refused then, and the others are read."""
    lines = contacts(*(f"Ann +1202555{number:04}" for number in range(2000)))
    found = read_events(event(*lines, phone=None), event(uid="b"), limits=Limits(numbers=50_000))
    assert [item.appointment.id for item in found.found] == ["b"]
    assert "its limit `numbers`, which is used up" in found.errors[0].message


def test_a_contact_and_a_text_of_the_same_words_are_read_as_what_they_are():
    """Both are remembered."""
    search, text = TextSearch("US"), f"Zoom: {ANN}, {BO}"
    for _ in range(2):
        assert search.numbers_in([text]) == ([], True, False)
        assert search.contacts_in(text) == ([(ANN, "Zoom: "), (BO, ", ")], False, False)
