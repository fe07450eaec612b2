"""Where the reading of replies begins and ends: how long, how many words, which lines, which first word."""

from __future__ import annotations

import pytest

from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.addresses import http_address
from reminder_kit.providers.replies import Replies, is_unclear, reply_type
from reminder_kit.providers.reply_grammar import Meaning, begins_with, reading_of, words_of
from reminder_kit.providers.senders import barred_countries, is_name

STOP, UNCLEAR, NOTHING = Meaning.STOP, Meaning.UNCLEAR, Meaning.NOTHING


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t STOP", ["dont", "stop"]),
        ("it's a 2nd_try", ["its", "a", "2nd_try"]),
        ("a.b,c;d:e!f?g\nh…i", list("abcdefghi")),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("WYSYŁAĆ wysyłać", ["wysylac", "wysylac"]),
        ("Ａrrêt\u200b!", ["arret"]),
        ("-- () @", []),
        ("x" * 2001, ["x" * 2000]),
        (" ".join("a" * 1500), ["a"] * 1000),
    ],
)
def test_words_are_plain(text, words):
    """Without case, accents, apostrophes and what nobody sees; of two thousand characters."""
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("stop " * 40, STOP),
        ("stop " * 41, UNCLEAR),
        ("stop\n> what you wrote\n>> about 12 things", STOP),
        ("  > quoted alone", NOTHING),
        ("stop\nSent from my phone", STOP),
        ("Sent from my phone\nstop", UNCLEAR),
        ("stop\n--\nDr Ada Novak", STOP),
        ("stop\n- - -\nDr Ada Novak", STOP),
        ("stop\n__\nDr Ada Novak", STOP),
        ("stop\n-\nDr Ada Novak", UNCLEAR),
        ("--\nstop", STOP),
        ("\n--\nstop", STOP),
        ("?\nSent from my phone\nstop", UNCLEAR),
        ("🛑", UNCLEAR),
        ("✋", UNCLEAR),
        ("🚫", UNCLEAR),
        ("⛔", UNCLEAR),
        ("🖐", UNCLEAR),
        ("🤚", UNCLEAR),
        ("👍", NOTHING),
        ("", NOTHING),
        ("?!", NOTHING),
        ("🛑 see you", NOTHING),
        ("s t o p", STOP),
        ("s, t, o, p", STOP),
        ("s t o", NOTHING),
        ("u n s u b s c r i b e", STOP),
        ("unsusbcribe", UNCLEAR),
        ("unscribe me", UNCLEAR),
        ("remove", UNCLEAR),
        ("remove it", NOTHING),
        ("remove item 5", UNCLEAR),
        ("please remove", UNCLEAR),
        ("enough", UNCLEAR),
        ("enough, thanks", UNCLEAR),
        ("enough time", NOTHING),
        ("alto, no", UNCLEAR),
        ("stop 12345", UNCLEAR),
        ("ok stop 12345", UNCLEAR),
        ("thank you and stop 12345", UNCLEAR),
        ("I can stop by at 3", NOTHING),
        ("should I stop eating before it", NOTHING),
        ("should I stop texting him", UNCLEAR),
        ("cancel", STOP),
        ("cancel please", UNCLEAR),
        ("cancel it please", NOTHING),
        ("no, cancel", NOTHING),
        ("end", STOP),
        ("end please", UNCLEAR),
        ("enough " + "thanks " * 39, UNCLEAR),
        ("cancel " + "thanks " * 39, UNCLEAR),
        ("cancel " + "thanks " * 40, NOTHING),
        ("quit, thanks", STOP),
        ("quit, who is it", UNCLEAR),
        ("quit who is it", NOTHING),
        ("do not please text me", STOP),
        ("the end", NOTHING),
    ],
)
def test_a_reply_is_read_to_its_borders(text, meaning):
    """Forty words, own lines, pictures alone, letters one by one, first words."""
    assert reading_of(text) is meaning
    assert is_unclear(text) is (meaning is UNCLEAR)
    assert (reply_type(text) == "opted_out") is (meaning is STOP)


@pytest.mark.parametrize(
    ("row", "begins"),
    [
        (["stop"], True),
        (["stop", "x"], True),
        (["please", "ok", "stop", "x"], True),
        (["thank", "you", "very", "much", "stop"], True),
        (["x", "stop"], False),
        (["stopped"], False),
        (["please"], False),
        ([], False),
    ],
)
def test_a_first_word_is_the_first_after_courtesy(row, begins):
    """Whole, and where there is one."""
    assert begins_with(row, ["stop"]) is begins


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("start", "opted_in"),
        ("Start, please!", "opted_in"),
        ("unstop", "opted_in"),
        ("subscribe", "opted_in"),
        ("OptIn", "opted_in"),
        ("start start", "received"),
        ("start now or never", "received"),
        ("please", "received"),
        ("", "received"),
    ],
)
def test_an_opt_in_is_one_word(text, kind):
    """Beside fillers alone."""
    assert reply_type(text) == kind


# Keywords of the host's own


def test_keywords_are_found_without_courtesy_and_case():
    """One word or several, one name or several; what is only courtesy is compared as it is."""
    found = Replies.of({"confirm": ["C", "Yes, please", "see you"], "decline": "No", "thanks": ("Thank you!",)})
    assert dict(found.names) == {
        ("c",): "confirm",
        ("yes",): "confirm",
        ("see",): "confirm",
        ("no",): "decline",
        ("thank", "you"): "thanks",
    }
    told = ["c", "please c", "YES!", "no", "thank you", "yes no", "", "x"]
    assert [found.name_of(text) for text in told] == [*["confirm"] * 3, "decline", "thanks", None, None, None]
    assert Replies.of(None) == Replies.of({}) == Replies()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *[
            ({name: ["C"]}, f"replies: {name!r} can't be the name of a reply: use another, such as confirm")
            for name in (
                *("anomaly", "cancelled", "change", "delivered", "opted_in", "opted_out", "received", "run"),
                *(
                    "scheduled",
                    "sent",
                    "unclear_reply",
                    "undelivered",
                    "unknown",
                    "",
                    "Confirm",
                    "1st",
                    "a b",
                    "a" * 41,
                ),
                5,
            )
        ],
        ({"a": []}, 'replies.a must name one or more words, not []: write ["C", "YES"]'),
        ({"a": {"C": 1}}, 'replies.a must name one or more words, not {\'C\': 1}: write ["C", "YES"]'),
        ({"a": ["C", 5]}, 'replies.a must name one or more words, not [\'C\', 5]: write ["C", "YES"]'),
        ({"a": None}, 'replies.a must name one or more words, not None: write ["C", "YES"]'),
        ({"a": "👍"}, "replies.a: '👍' has no letters or digits: use a word people can type"),
        ({"a": ["C", "STOP"]}, "replies.a: 'STOP' opts the person out or in at the provider: use another word"),
        ({"a": "start"}, "replies.a: 'start' opts the person out or in at the provider: use another word"),
        ({"a": ["C"], "b": ["c!"]}, "replies.b: 'c!' means a already: drop one of them"),
    ],
)
def test_a_keyword_that_cannot_be_one_is_told(value, words):
    """The table, the name and the word."""
    with pytest.raises(ConfigurationError) as caught:
        Replies.of(value)
    assert str(caught.value) == words


def test_a_table_of_keywords_may_be_named():
    """As the file has it; a word twice under one name, and a name of forty characters, are none's fault."""
    with pytest.raises(ConfigurationError, match=r"^here\.a: 'STOP'"):
        Replies.of({"a": "STOP"}, "here")
    with pytest.raises(ConfigurationError, match=r"^here: 'run'"):
        Replies.of({"run": "C"}, "here")
    assert Replies.of({"a" * 40: ["C", "c"], "b-2_x": "D"}).name_of("c") == "a" * 40


# Senders and addresses


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("+12025550100", False),
        ("12345", False),
        ("+1 (202) 555-01.00", False),
        ("Clinic", True),
        ("1800CLINIC", True),
        ("++1", True),
        ("", False),
        (None, False),
    ],
)
def test_a_name_is_no_number(sender, name):
    """A name writes to no country whose carriers carry none."""
    assert is_name(sender) is name
    assert list(barred_countries(sender)) == (["US", "CA", "PR"] if name else [])


@pytest.mark.parametrize(
    "address", ["http://a", "https://a.example:1/x?y", "https://u:p@a.example", "http://[::1]:8080"]
)
def test_an_address_stays_as_it_is(address):
    """With whatever stands in it."""
    assert http_address(address, "Pigeon", "base_url") == address


@pytest.mark.parametrize(
    "address",
    ["", "a.example", "ftp://a.example", "https://", "http://a:0", "http://a:x", "http://[::1", 5],
)
def test_what_is_no_address_is_told(address):
    """Whose it is, what it is for, and what it says."""
    with pytest.raises(ConfigurationError) as caught:
        http_address(address, "Pigeon", "base_url")
    assert str(caught.value) == f"Pigeon: base_url {str(address)!r} is no http(s) address"
