"""What the messages of a plan come to, by rule and in all: each number, each price and each word of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from reminder_kit.errors import ConfigurationError
from reminder_kit.model.records import Identity
from reminder_kit.planning.changes import Change, ChangeKind
from reminder_kit.planning.forecast import Forecast, Prices, forecast_of
from reminder_kit.rules.rule import Rule
from tests.factories import NUMBER, START

SMS = Rule("sms", before="24 hours", text="x")
MMS = Rule("mms", before="24 hours", text="x", channel="mms")
PRICES = Prices(part="0.004", mms=0.02, currency="USD")


def line(rule, text="x", kind=ChangeKind.SCHEDULE):
    return Change(kind, Identity("s", "A"), "k", rule, NUMBER, NUMBER, START, START, "on_time", text)


LETTERS = "by the fallback, without a price"
PARKED = [
    line("sms", "x" * 161),
    line("sms", "Grüße aus München – bis morgen", ChangeKind.REPLACE),
    line("mms"),
    line("sms-fallback"),
    line("mms-fallback"),
    line("gone"),
    line("sms", None, ChangeKind.HOLD),
    line("sms", None, ChangeKind.HOLD),
    line("never", None, ChangeKind.HOLD),
]
REST = [line("sms", "x", kind) for kind in (ChangeKind.KEEP, ChangeKind.CANCEL, ChangeKind.SKIP)]


def test_programs_get_messages_parts_and_money_by_rule_and_in_all():
    """What is parked is counted, what is held only by number; what stays, goes or is skipped costs nothing."""
    found = forecast_of([*PARKED, *REST, line("sms", None)], [SMS, MMS], PRICES, "email").as_json()

    def row(messages=0, parts=0, ucs2=0, mms=0, held=0, price=0.0, **more):
        return {"messages": messages, "parts": parts, "ucs2": ucs2, "mms": mms, **more, "held": held, "price": price}

    assert found == {
        **row(6, 4, 1, 1, 3, 0.036, letters=2),
        "currency": "USD",
        "rules": [
            {"rule": "gone", **row(1, 1, price=0.004)},
            {"rule": "mms", **row(1, mms=1, price=0.02)},
            {"rule": "mms-fallback", **row(1, letters=1)},
            {"rule": "never", **row(held=1)},
            {"rule": "sms", **row(2, 3, 1, held=2, price=0.012)},
            {"rule": "sms-fallback", **row(1, letters=1)},
        ],
    }


def test_people_get_the_same_in_words():
    """One line in all and one for each rule, by their names; nothing is said of what there is none of."""
    assert forecast_of(PARKED, [SMS, MMS], PRICES, "email").lines == [
        f"Forecast: 3 SMS in 4 parts, 1 of them UCS-2, 1 MMS, 2 {LETTERS}, 0.04 USD, 3 held not counted",
        "  gone: 1 SMS in 1 part, 0.00 USD",
        "  mms: 1 MMS, 0.02 USD",
        f"  mms-fallback: 1 {LETTERS}, 0.00 USD",
        "  never: 1 held not counted",
        "  sms: 2 SMS in 3 parts, 1 of them UCS-2, 0.01 USD, 2 held not counted",
        f"  sms-fallback: 1 {LETTERS}, 0.00 USD",
    ]


def test_without_a_channel_a_fallback_is_a_text_like_its_rules():
    """A picture's fallback is a picture message, too."""
    found = forecast_of([line("sms-fallback"), line("mms-fallback")], [SMS, MMS])
    assert found.lines == [
        "Forecast: 1 SMS in 1 part, 1 MMS",
        "  mms-fallback: 1 MMS",
        "  sms-fallback: 1 SMS in 1 part",
    ]


def test_without_prices_nothing_is_said_of_money():
    """Null for programs; a price of nothing is one, and without a currency none is shown."""
    found = forecast_of([line("sms")], [SMS])
    assert found.lines == ["Forecast: 1 SMS in 1 part"]
    assert (found.as_json()["price"], found.as_json()["currency"]) == (None, None)
    free = evolve(found, prices=Prices())
    assert free.lines == ["Forecast: 1 SMS in 1 part, 0.00"]
    assert (free.as_json()["price"], free.as_json()["currency"]) == (0.0, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], []),
        (REST, []),
        ([line("sms", None, ChangeKind.HOLD)], ["Forecast: 1 held not counted"]),
        ([line("mms")], ["Forecast: 1 MMS, 0.02 USD"]),
    ],
    ids=["nothing", "nothing new", "only held", "one"],
)
def test_of_one_rule_there_is_one_line_and_of_nothing_none(changes, words):
    """What is only held costs nothing yet, and has no price."""
    assert forecast_of(changes, [SMS, MMS], PRICES).lines == words


def test_nothing_comes_to_nothing():
    """Without a message and without prices."""
    assert Forecast({}, {}).as_json() == {
        **dict.fromkeys(("messages", "parts", "ucs2", "mms", "held"), 0),
        "price": None,
        "currency": None,
        "rules": [],
    }


@pytest.mark.parametrize("value", [True, False, -1, "-0.01", "nan", "inf", "-inf", "four", None, [], "1,5"], ids=repr)
@pytest.mark.parametrize("key", ["part", "mms"])
def test_what_is_no_amount_is_no_price(key, value):
    """The error names the key, and shows what was written."""
    with pytest.raises(ConfigurationError) as caught:
        Prices.from_mapping({key: value})
    assert str(caught.value) == f"[cost] {key} must be an amount of money, not {value!r}: write 0.004"


@pytest.mark.parametrize(("value", "amount"), [(0, "0"), (0.004, "0.004"), ("0.10", "0.10"), (Decimal("2.5"), "2.5")])
def test_a_price_is_kept_as_it_was_written(value, amount):
    """To the last digit, and not as a binary neighbour of it; zero is a price."""
    assert Prices.from_mapping({"part": value, "mms": value, "currency": "EUR"}) == Prices(amount, amount, "EUR")
    assert (str(Prices(part=value).part), str(Prices(mms=value).mms)) == (amount, amount)


def test_other_keys_and_currencies_are_refused():
    """A misspelt key is shown with what it may have meant."""
    with pytest.raises(ConfigurationError, match=r"\[cost\] unknown key 'currencie': .*currency"):
        Prices.from_mapping({"part": 1, "currencie": "USD"})
    with pytest.raises(ConfigurationError, match=r'\[cost\] currency must be text in quotes, not 7: write "USD"'):
        Prices(currency=7)
