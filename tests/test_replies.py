"""Facts about replies: what asks for no more messages, and what only looks like it."""

from __future__ import annotations

import pytest

from reminder_kit.providers.replies import reply_type


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "Stop!!!",
        "Stop. Thank you",
        "STOP ALL",
        "stopall",
        "please stop",
        "Stop texting me please",
        "Unsubscribe me",
        "CANCEL",
        "End",
        "quit",
        "opt out",
        "Opt-out",
        "Do not text me",
        "Don't text this number",
        "Arrêt",
        "ARRÊT SVP",
        "Stopp bitte",
        "Baja",
        "remove me",
        "ＳＴＯＰ",
    ],
)
def test_b57_an_opt_out_is_understood_however_it_is_put(text):
    assert reply_type(text) == "opted_out"


@pytest.mark.parametrize("text", ["START", "Unstop", "start please"])
def test_an_opt_in_is_understood(text):
    assert reply_type(text) == "opted_in"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "yes",
        "C",
        "thank you",
        "I can stop by at 3",
        "STOP 12345",
        "Can I cancel my appointment?",
        "please cancel it",
        "What time does it end",
        "When do we start?",
        "the bus stop is closed",
    ],
)
def test_an_ordinary_reply_stays_one(text):
    assert reply_type(text) == "received"
