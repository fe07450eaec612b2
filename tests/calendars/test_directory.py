"""Who is meant by a name in the directory, and that of several people of a name none is taken for the one."""

from __future__ import annotations

import pytest

ANN, BO, CY = "+12025550101", "+12025550102", "+12025550103"
OTHER = (
    "the directory knows Ann Lee by another e-mail address than the calendar: nobody is reminded by that line; give "
    "both the same address, or leave it out in the directory"
)
SEVERAL = (
    "the directory has several people of the name Ann Lee: none of them is reminded; give the attendee the e-mail "
    "address of the one who is meant, or the line the UID of the appointment"
)


@pytest.fixture
def told_by(read_events, event, tmp_path):
    """Return who is reminded, by a directory of name, email, uid and phone, and what is said."""

    def told_by(rows, *lines, **changes):
        path = tmp_path / "people.csv"
        path.write_text("\n".join(["name,email,uid,phone", *rows]) + "\n", encoding="utf-8")
        found = read_events(event(*lines, phone=None, **changes), directory=path)
        return [(one.phone, one.name, one.id) for one in found.only.appointment.recipients], found.warnings

    return told_by


INVITED = "ATTENDEE;CN=Ann Lee:mailto:Ann@X.example"
KNOWN = "ann@x.example"


@pytest.mark.parametrize(
    ("rows", "people", "warnings"),
    [
        ([f"Ann Lee,other@x.example,,{ANN}"], [], [OTHER]),
        ([f"Ann Lee,other@x.example,,{ANN}", f"Ann Lee,,,{BO}"], [(BO, "Ann Lee", KNOWN)], []),
        ([f"Ann Lee,other@x.example,,{ANN}", f"Ann Lee,more@x.example,,{BO}"], [], [OTHER]),
        ([f"Ann Lee,other@x.example,,{ANN}", f"Ann Lee,ANN@x.example,,{BO}"], [(BO, "Ann Lee", KNOWN)], []),
        ([f"Ann Lee,,,{ANN}", f"Ann Lee,,,{BO}"], [(ANN, "Ann Lee", KNOWN), (BO, "Ann Lee", None)], []),
        ([f"Ann Lee,,,{ANN}"], [(ANN, "Ann Lee", KNOWN)], []),
        ([f"Ann Lee,,v-8,{ANN}", f"Ann Lee,,v-9,{BO}"], [], [SEVERAL]),
        ([f"Ann Lee,,v-8,{ANN}", f"Ann Lee,,visit-1,{BO}"], [(BO, "Ann Lee", KNOWN)], []),
        ([f"Ann Lee,,v-8,{ANN}"], [(ANN, "Ann Lee", KNOWN)], []),
    ],
    ids=["another", "one of two", "two others", "by address", "two rows", "one row", "two visits", "this", "one visit"],
)
def test_an_address_says_which_of_a_name_is_meant(told_by, rows, people, warnings):
    """A line with another address is somebody else's, whatever the name; so are lines of several visits."""
    assert told_by(rows, INVITED) == (people, warnings)
    assert told_by(rows, "SUMMARY:Ann Lee", INVITED) == (people, warnings)


@pytest.mark.parametrize("line", ["ATTENDEE;CN=Ann Lee:urn:x", "SUMMARY:Ann Lee"])
def test_of_two_people_of_a_name_neither_is_taken_on_a_guess(told_by, line):
    """A warning says what to do; two rows with one address, or one with and one without, are one person's."""
    two = [f"Ann Lee,a@x.example,,{ANN}", f"Ann Lee,b@x.example,,{BO}"]
    assert told_by(two, line) == ([], [SEVERAL])
    for address in ("A@x.example", ""):
        found, warnings = told_by([two[0], f"Ann Lee,{address},,{BO}"], line)
        assert ([one[0] for one in found], warnings) == ([ANN, BO], [])


def test_who_has_a_number_is_not_looked_up(told_by):
    """So nothing is said of a directory that knows several of the name."""
    rows = [f"Ann Lee,a@x.example,,{ANN}", f"Ann Lee,b@x.example,,{BO}"]
    assert told_by(rows, f"ATTENDEE;CN=Ann Lee:tel:{CY}") == ([(CY, "Ann Lee", None)], [])


def test_who_declined_is_not_reminded_by_the_title(told_by):
    """Whoever is invited is known by the invitation."""
    lines = ("ATTENDEE;CN=Ann Lee;PARTSTAT=DECLINED:urn:x", "ATTENDEE;CN=Bo:urn:y", "SUMMARY:Ann Lee")
    assert told_by([f"Ann Lee,,,{ANN}"], *lines) == ([], [])


def test_the_person_in_the_title_is_not_the_one_invited(told_by):
    """Where their addresses differ: the number keeps its owner's name, and who has none is named."""
    found = told_by([f"Ann Lee,a@x.example,,{ANN}"], "ATTENDEE;CN=Dr. Roe:mailto:roe@x.example", "SUMMARY:Ann Lee")
    assert found == ([(ANN, "Ann Lee", None)], ["Dr. Roe has no phone number and is not reminded"])
