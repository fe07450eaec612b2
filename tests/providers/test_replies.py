"""Facts about replies: what asks for no more messages, and what only looks like it."""

from __future__ import annotations

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.replies import Replies, reply_type


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
    """B57: case, punctuation, courtesies, further words and other languages make an opt-out no less one."""
    assert reply_type(text) == "opted_out"


@pytest.mark.parametrize("text", ["START", "Unstop", "start please"])
def test_an_opt_in_is_understood(text):
    """`START` and its like, alone or with a courtesy, lift an opt-out."""
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
    """A keyword inside a sentence opts nobody out: the whole reply has to mean it."""
    assert reply_type(text) == "received"


KEYWORDS = {"confirm": ["C", "YES", "ok"], "late": ["running late", "L"], "cancel-visit": "can't come"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C", "confirm"),
        ("c.", "confirm"),
        ("Yes, please!", "confirm"),
        ("OK thank you", "confirm"),
        ("Running late", "late"),
        ("I am running late", None),
        ("yes but not at 3", None),
        ("Can't come.", "cancel-visit"),
        ("cant come", "cancel-visit"),
        ("STOP", None),
        ("👍", None),
        ("", None),
    ],
)
def test_the_hosts_own_words_are_the_whole_reply(text, name):
    """A keyword of the host's counts when it is all the person wrote, but for case and courtesies."""
    assert Replies.of(KEYWORDS).name_of(text) == name


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"confirm": ["Stop"]}, "opts the person out"),
        ({"confirm": ["CANCEL"]}, "opts the person out"),
        ({"again": ["START"]}, "opts the person out or in"),
        ({"delivered": ["C"]}, "can't be the name"),
        ({"Confirm it": ["C"]}, "can't be the name"),
        ({"confirm": []}, "one or more words"),
        ({"confirm": [3]}, "one or more words"),
        ({"confirm": 3}, "one or more words"),
        ({"confirm": ["!"]}, "no letters"),
        ({"confirm": ["C"], "late": ["c"]}, "means confirm already"),
    ],
)
def test_words_that_cannot_be_keywords_are_refused_by_name(value, says):
    """Opt-out words, reserved names, empty lists and words that mean something already can't be keywords."""
    with pytest.raises(ConfigurationError, match=says):
        Replies.of(value)
