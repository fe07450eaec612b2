"""E-mail addresses: what is one, and how it is compared."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.appointments import Recipient, normalise
from reminder_kit.model.emails import email_address
from reminder_kit.model.phones import masked
from reminder_kit.model.snapshots import decode, encode


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@mail.example", "ada@mail.example"),
        ("  mailto:Ada.L+x@Mail.EXAMPLE ", "Ada.L+x@mail.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER。example", "ada@xn--bcher-kva.example"),
        ("jürgen@mail.example", "jürgen@mail.example"),
        ("o'brien@mail.example", "o'brien@mail.example"),
    ],
)
def test_an_address_is_compared_by_its_domain_and_its_own_letters(text, address):
    """Domains know no case, and have one spelling in DNS; what stands before the @ is its server's."""
    assert email_address(text) == address
    assert email_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@mail.example", "ada@", "ada@mail", "ada@@mail.example", "a@b@mail.example", "a da@mail.example",
        "ada@mail.example\r\nBcc: e@evil.example", '"a b"@mail.example', "ada@mail\n.example",
        "ada@mail..example", ".ada@mail.example", "ada.@mail.example", "a..b@mail.example", "ada@-mail.example",
        "ada@[127.0.0.1]", "ada@127.0.0.1", "<ada@mail.example>", "ada@mail.example,e@evil.example", "a\0@mail.example",
        "a" * 65 + "@mail.example", "ada@" + "a" * 64 + ".example", "ada@" + "a." * 130 + "example", "ada@xn--.example",
        "ada@mail.example>", "ada@\u202email.example", "ada@mail\u2028.example",
    ],
)  # fmt: skip
def test_what_can_not_be_written_to_is_none(text):
    """No header, list, quote, literal or half address is taken for an address."""
    assert email_address(text) is None


@given(st.text(max_size=60))
def test_whatever_is_taken_for_an_address_has_no_blank_and_no_line_end(text):
    """Whatever comes in, an address is one word with one @ in it, and is its own normal form."""
    found = email_address(text + "@mail.example")
    assert found is None or (found.split() == [found] and found.count("@") == 1 and email_address(found) == found)


def test_a_host_name_without_end_takes_no_time():
    """A domain of a hundred thousand letters is refused at once."""
    begun = time.process_time()
    assert email_address("ada@" + "ü" * 100_000 + ".example") is None
    assert time.process_time() - begun < 1


def test_an_address_is_masked_as_numbers_are():
    """Logs and reprs show neither who it is nor where."""
    assert masked("ada.lovelace@mail.example") == "a…@…le"
    assert "lovelace" not in repr(Recipient("+12025550123", email="ada.lovelace@mail.example"))


def test_a_recipient_keeps_what_was_given_until_the_kit_takes_it_in(appointment):
    """The kit compares the address in its normal form; one that is none stays as it was given."""
    people = [Recipient("+12025550123", email=" Ada@MAIL.example"), Recipient("+12025550124", email="at home")]
    known = normalise(appointment(recipients=people), None).recipients
    assert [one.email for one in known] == ["Ada@mail.example", "at home"]
    assert [one.email for one in decode(encode(appointment(recipients=known))).recipients] == [
        one.email for one in known
    ]


def test_who_has_neither_id_nor_number_is_known_by_the_address():
    """So that the same person is the same next time."""
    assert Recipient(email="ada@mail.example").key == "ada@mail.example"
    assert Recipient("+12025550123", email="ada@mail.example").key == "+12025550123"
    assert Recipient("+12025550123", email="ada@mail.example").addresses == ("+12025550123", "ada@mail.example")


@pytest.mark.parametrize(("local", "domain"), [(64, 189), (1, 252)])
def test_the_longest_address_there_is(local, domain):
    """64 octets before the @, 63 of a label, 254 in all (RFC 5321, 4.5.3.1): letters that take two count twice."""
    labels = ".".join(["b" * 63] * (domain // 64) + ["b" * (domain % 64 or 63)])[:domain]
    assert len(f"{'a' * local}@{labels}") == local + 1 + domain
    assert email_address(f"{'a' * local}@{labels}") == f"{'a' * local}@{labels}"
    assert email_address(f"{'a' * local}@b{labels}") is None
    assert email_address(f"{'ü' * 32}@mail.example") is not None
    assert email_address(f"{'ü' * 32}a@mail.example") is None
    assert email_address(f"ada@{'b' * 63}.example") is not None
