"""Which listed message is the one that a lost ledger may have made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminder_kit.delivery.gaps import _is_it
from reminder_kit.ports import Listed
from tests.factories import DAY, START, message_of, settings_of, visit

TIMES = (START,)


@pytest.mark.parametrize(
    ("listed", "is_it"),
    [
        pytest.param({"token": "m1"}, True, id="our token"),
        pytest.param({"token": "another"}, False, id="another's token"),
        pytest.param({"token": "another", "text": " See you "}, True, id="another's token, the same words"),
        pytest.param({"text": " See you "}, True, id="the same words"),
        pytest.param({"text": "See them", "sent_at": START}, False, id="other words, at the same time"),
        pytest.param({"sent_at": START + timedelta(minutes=2)}, True, id="no words, the same minutes"),
        pytest.param({"sent_at": START + timedelta(hours=2)}, False, id="no words, another hour"),
        pytest.param({}, False, id="nothing is told of it"),
    ],
)
def test_it_is_known_by_its_token_its_words_or_else_by_its_time(listed, is_it):
    """In this order: a list that tells the words needs no time, and a token says all."""
    message = message_of(visit("A-1"), settings_of(DAY), id="m1")
    assert _is_it(Listed("P-1", "scheduled", **listed), message, {"See you"}, TIMES) is is_it
