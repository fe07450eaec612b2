"""What looks like a number in a text and is none: dates, hours, and the digits of addresses."""

from __future__ import annotations

from time import perf_counter

import pytest

from reminder_kit.calendars.text_masks import without_addresses, without_dates
from reminder_kit.calendars.text_numbers import TextSearch

MOBILE = "+4520123456"


def numbers(text, region="DK"):
    return [number for number, _ in TextSearch(region).numbers_in([text])[0]]


@pytest.mark.parametrize(
    "text",
    [
        "Kontrol (sidst set 2026-01-12)", "2026-07-10", "2026.07.10 14:00", "2026 07 10", "2026/7/10", "Dato 20260710",
        "20260710T200000", "2026–07–10", "2026\u00a007\u00a010", "22.10.2026", "22/10/2026", "22-10-2026", "22 10 2026",
        "28/10 2026", "28. 10. 2026", "10/28/2026", "31.12.2026 08:00-09:00", "31.12.2026 20.00 - 21.00",
        "kl. 20.00-21.30", "kl. 20.00 – 21.30", "22.01.26 14:00", "22.01.26, 14.30", "26-01-22 14:00", "22.10 14.30",
        "22/10 14.30-15.30", "2026-07-10/2026-07-12", "fra 20.10.2026 til 22.10.2026", "2026-07-10 20.15.30",
        "+ 2026-07-10", "kl 14.00-15.00 20260710", "2026-07-10 2026-07-11 2026-07-12", "Mobil 22.10.2026",
    ],
)  # fmt: skip
@pytest.mark.parametrize("region", ["DK", "NO"])
def test_a_date_is_nobodys_number(text, region):
    """However it is written, with a time behind it or not; and a number behind it is found."""
    assert numbers(text, region) == []
    assert numbers(f"{text}, mobil +45 20 12 34 56", region) == [MOBILE]


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("FR", "RDV 06.12.10.20.24 14:30", "+33612102024"),
        ("FR", "04-76-12-10-24 14:30", "+33476121024"),
        ("FR", "06.12.10.12.24 10:30-11:00", "+33612101224"),
        ("RU", "+7 912 345-10-12, 10:30", "+79123451012"),
        ("ES", "612.10.20.24 10:30", "+34612102024"),
        ("BE", "0470/12.10.20 14:30", "+32470121020"),
        ("DK", "31.12.10.24 10:30", "+4531121024"),
        ("LU", "26-12-10-24 10:30", "+35226121024"),
        ("DE", "am 12.10.2025 030-752026 10:30", "+4930752026"),
        ("SE", "08-172025 10:30", "+468172025"),
        ("US", "Jane (202) 555-0123, 9:30", "+12025550123"),
    ],
)
def test_an_hour_behind_a_number_takes_nothing_of_it_and_adds_nothing(region, text, number):
    """Its last pairs are no date, and the hour is no digits of it."""
    assert numbers(text, region) == [number]


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("US", "Jane 2025550123|jane@mail.example", "+12025550123"),
        ("US", "Phone:+12025550123|jane@mail.example", "+12025550123"),
        ("US", "phone=2025550123&email=jane@mail.example", "+12025550123"),
        ("US", "+12025550123&jane@mail.example", "+12025550123"),
        ("US", "Website https://desk.example/a,+12025550123", "+12025550123"),
        ("US", "https://desk.example/b;tel=+12025550123", "+12025550123"),
        ("US", "Book: https://desk.example/b?phone=+12025550123&n=Jane", "+12025550123"),
        ("DE", "Tel.mobil/0171 1234567", "+491711234567"),
        ("DE", "priv.tel/0171-1234567", "+491711234567"),
    ],
)
def test_a_number_beside_an_address_is_none_of_it(region, text, number):
    """In a field before it, or given to a link whole; an abbreviation is no host."""
    assert numbers(text, region) == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20 26 07 10", "+4520260710"),
        ("20.26.07.10", "+4520260710"),
        ("22.10.20.26", "+4522102026"),
        ("+4520260710", "+4520260710"),
        ("+45 2026 07 10", "+4520260710"),
        ("(+45) 20260710", "+4520260710"),
        ("0045 20260710", "+4520260710"),
        ("Mobil: 20 26 07 10", "+4520260710"),
        ("Mobil: 20260710", "+4520260710"),
        ("Tlf. 2026 07 10", "+4520260710"),
        ("20261310", "+4520261310"),
        ("20260732", "+4520260732"),
        ("20260010", "+4520260010"),
        ("22401010", "+4522401010"),
        ("22 40 2010", "+4522402010"),
        ("set 2026-01-12 20 12 34 56", MOBILE),
        ("+49 30 20260712", "+493020260712"),
        ("+49 30 2026 07 12", "+493020260712"),
    ],
)
def test_a_number_that_looks_like_a_date_is_found(text, number):
    """In groups of two, with a country code or a word for its kind before it, or of no day of any year."""
    assert numbers(text) == [number]


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("DE", "030 20260712", "+493020260712"),
        ("DE", "030/20260712", "+493020260712"),
        ("FR", "06.12.20.15.30", "+33612201530"),
        ("FR", "01 12 20 26 07", "+33112202607"),
        ("US", "202-607-1012", "+12026071012"),
        ("US", "202.607.1012 on 7/10/2026 2:30", "+12026071012"),
    ],
)
def test_numbers_of_other_countries_stay(region, text, number):
    """Though a part of them could be a day."""
    assert numbers(text, region) == [number]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://booking.example/r/2125550188", []),
        ("https://app.example/schedule.php?owner=2125550188&action=appt", []),
        ("www.booking.example/2125550188", []),
        ("WWW.booking.example/2125550188", []),
        ("zoom.us/j/2125550188", []),
        ("https://meet.jit.si/2125550188", []),
        ("https://whereby.example/+12125550188", []),
        ("2125550188@x.example", []),
        ("jane+2125550188@x.example", []),
        ("<2125550188@mail.x.example>", []),
        ("sip:2125550188@voip.example", []),
        ("https://booking.example/r/2125550188 Jane 202-555-0147", ["+12025550147"]),
        ("Jane,+12025550147,2125550188@x.example", ["+12025550147"]),
        ('<a href="https://x.example/2125550188">202-555-0147</a>', ["+12025550147"]),
        ("2025550147@home", ["+12025550147"]),
        ("202-555-0147@14.30", ["+12025550147"]),
        ("Mr. Lee/202-555-0147", ["+12025550147"]),
        ("tel:+12025550147", ["+12025550147"]),
        ("tel://+12025550147", ["+12025550147"]),
        ("SMS://+12025550147?body=2125550188", ["+12025550147"]),
        ("sms:+12025550147", ["+12025550147"]),
        ("https://wa.me/12025550147?text=2125550188", ["+12025550147"]),
        ("wa.me/12025550147", ["+12025550147"]),
        ("https://t.me/+12025550147", ["+12025550147"]),
        ("https://api.whatsapp.com/send?text=2125550188&phone=+12025550147", ["+12025550147"]),
        ("whatsapp://send?phone=+12025550147", ["+12025550147"]),
        ("https://tel.example/2125550188", []),
    ],
)
def test_digits_of_an_address_are_nobodys_number(text, found):
    """Of the web or of mail; a link that calls or writes to a person holds the person's number."""
    assert numbers(text, "US") == found


def test_the_number_in_the_notes_is_reminded_where_the_title_has_a_date(read_events, event):
    """Not the stranger whose number the date would be."""
    lines = ("SUMMARY:Kontrol (sidst set 2026-01-12)", "DESCRIPTION:Mobil 20 12 34 56")
    found = read_events(event(*lines, phone=None), region="DK")
    assert (found.phones, found.warnings) == ([MOBILE], [])
    found = read_events(event("LOCATION:https://meet.jit.si/2125550188", phone=None))
    assert (found.phones, found.warnings) == ([], [])


def test_a_contact_by_an_address_alone_is_nobody(read_events, event):
    """Its digits are no number, and what begins it is no name."""
    assert read_events(event("CONTACT:Jane Doe https://x.example/2125550188", phone=None)).phones == []
    found = read_events(event("CONTACT:Jane Doe <2125550188@x.example> 202-555-0147", phone=None))
    assert [(one.phone, one.name) for one in found.only.appointment.recipients] == [("+12025550147", "Jane Doe")]


@pytest.mark.parametrize(
    "piece",
    [
        "a", "1", "a.", "1.", "12-", "2026-", "2026-07", "://", "@", "a@", "a@b.", "www.", "w", "+1 ", "00 ", "1/1 ",
        "tel 2026 07 10 ", "a.bb/", "://wa.me/ ", "://api.whatsapp.com/send?", "14:00-", "whatsapp://", "mobil tel ",
    ],
)  # fmt: skip
def test_whatever_a_text_holds_hiding_costs_by_its_length(piece):
    """Ten times the text is about ten times the time, and it stays as long as it was."""

    def spent(length):
        text = (piece * length)[:length]
        best = 1.0
        for _ in range(3):
            began = perf_counter()
            assert len(without_dates(without_addresses(text + "/@"), 0, length)) == length
            best = min(best, perf_counter() - began)
        return best

    assert spent(40_000) < 60 * spent(4_000) + 0.01


def test_what_ends_a_number_is_no_date_however_widely_it_is_written():
    """The longest country code with an area's and more behind it, each figure two blanks from the next."""
    written = f"+({'  '.join('123456789012345')}   22.10.2026"
    assert without_dates(written, 0, len(written)) == written
    assert without_dates("22.10.2026", 0, 10) != "22.10.2026"
