"""Phone numbers as people write them: read as the one number they mean, or as none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.model.phones import is_given_out, is_possible, phone_number


@pytest.mark.parametrize(
    ("written", "region", "meant"),
    [
        ("49 151 23456789", "DE", "+4915123456789"),
        ("4915123456789", "DE", "+4915123456789"),
        ("91 98765 43210", "IN", "+919876543210"),
        ("33 6 12 34 56 78", "FR", "+33612345678"),
        ("393 1234567", "IT", "+393931234567"),  # an Italian mobile number of its own
        ("030 49 12 34 56", "DE", "+493049123456"),
        ("030 123456", "DE", "+4930123456"),
    ],
)
def test_a_countrys_own_code_may_lack_its_plus(written, region, meant):
    """Where the rest is a mobile number: nobody texts the fixed line that the digits would be otherwise."""
    assert phone_number(written, region) == meant


@pytest.mark.parametrize("written", ["555-0123", "5550123", "123 4567", "+1 555 0123"])
def test_a_number_that_is_only_dialled_locally_is_none(written):
    assert phone_number(written, "US") is None


@pytest.mark.parametrize(
    "written",
    [
        "+1 202 555 0123 (mum)", "202-555-0123 mum", "202 555 0123 - Mother", "(202) 555-0123 home",
        "202 555 0123 (room 12)", "202.555.0123, ask for Ada", "202-555-0123 x5", "+1 202 555 0123 ext. 17",
        "tel:+1-202-555-0123;ext=5",
    ],
)  # fmt: skip
def test_a_remark_behind_a_number_is_dropped(written):
    assert phone_number(written, "US") == "+12025550123"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1-800-FLOWERS", "+18003569377"),
        ("+12025550123 / +12025550177", None),
        ("+12025550123 or +12025550177", None),
        ("202 555 0123 home 202 555 0177 work", None),
    ],
)
def test_letters_that_are_digits_and_a_second_number_are_no_remark(written, meant):
    """Which of two numbers is meant nobody knows."""
    assert phone_number(written, "US") == meant


@given(st.text(st.sampled_from("0123456789+()-. /xabcéß"), max_size=40), st.sampled_from(["US", "DE", "IT", None]))
def test_what_is_read_once_is_read_the_same_again(written, region):
    """A number in its E.164 form is possible, and stays itself in every country."""
    found = phone_number(written, region)
    if found is not None:
        assert is_possible(found)
        assert phone_number(found, "DE") == found


@pytest.mark.parametrize(
    ("number", "found"),
    [("+4915123456789", True), ("+447700900123", False), ("+15551234567", False), ("+49", False)],
    ids=["given out", "for fiction", "no area", "no number"],
)
def test_what_no_country_gives_out_is_known(number, found):
    """As far as the metadata goes: a number that is possible is written to all the same."""
    assert is_given_out(number) is found
