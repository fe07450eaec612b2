"""Facts about reactions: what a phone writes for its owner is no reply, and whatever the person wrote besides is."""

from __future__ import annotations

import unicodedata

import pytest

from reminder_kit.providers.reactions import without_reaction
from reminder_kit.providers.replies import Replies, reply_type
from reminder_kit.providers.reply_grammar import Meaning, reading_of

OURS = "See you tomorrow at 3:00 PM. Reply C to confirm, STOP to opt out."
KEYWORDS = Replies.of({"confirm": ["C", "liked c"]})

BEGINNINGS = """
Liked
Loved
Disliked
Laughed at
Emphasized
Emphasised
Questioned
Removed a like from
Removed a heart from
Removed a dislike from
Removed a laugh from
Removed an exclamation from
Removed a question mark from
Removed a reaction from
Removed a sticker from
Removed 👍 from
Reacted 👍 to
Reacted with ❤️ to
Reacted with a sticker to
👍 to
❤️ to
👍🏽 to
😂 zu
👍 à
👍 a
Gefällt
Gefällt mir
A aimé
A adoré
N’a pas aimé
N'a pas aimé
J’aime
Le gustó
Le encantó
No le gustó
Le dio risa
Exclamó por
Dudó sobre
Reaccionó con 👍 a
A réagi avec 👍 à
Понравилось
"""


@pytest.mark.few(120)
@pytest.mark.parametrize("quoted", ["“{}”", '"{}"', "„{}“", "«{}»", "« {} »", "“{}…”", "“{}...", "“{}…", '"{}…'])
@pytest.mark.parametrize("beginning", BEGINNINGS.strip().split("\n"))
def test_a_reaction_asks_for_nothing(beginning, quoted):
    """In each language, whatever the marks, and where the text was cut."""
    text = f"{beginning} {quoted.format(OURS)}"
    assert reading_of(text) is Meaning.NOTHING
    assert reply_type(text) == "received"


@pytest.mark.parametrize(
    "text",
    [
        "Liked “C”",
        "Liked “Reply “C” to confirm, “STOP” to opt out”",
        'Loved "Reply "C" to confirm, "STOP" to opt out"',
        "Liked “Reply “STOP…”",
        "Liked “Dear Ada,\nReply STOP\nto opt out”",
        "\u200a\u200b👍\u200b to “\u200aReply STOP\u200a”\u200a",
        "  Loved  “STOP”  ",
        "Liked “STOP”\nSent from my iPhone",
        "Liked “START”",
        unicodedata.normalize("NFD", "Le gustó “Responda STOP”"),
        "N\u2019a pas aimé «\u00a0Répondez STOP\u00a0»",
    ],
)
def test_the_words_of_the_quotation_are_ours(text):
    """Neither a STOP, nor a START, nor a keyword, also with marks inside, on several lines, between invisible signs."""
    assert reading_of(text) is Meaning.NOTHING
    assert reply_type(text) == "received"
    assert KEYWORDS.name_of(text) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("STOP “See you tomorrow. Reply C”", Meaning.UNCLEAR),
        ("STOP “STOP”", Meaning.STOP),
        ("“STOP”", Meaning.STOP),
        ("Liked “See you tomorrow” stop", Meaning.STOP),
        ('Loved "See you tomorrow" please stop texting me', Meaning.STOP),
        ("👍 to “See you tomorrow”\nno more texts", Meaning.STOP),
        ("Disliked “Reply STOP” stop the morning ones only", Meaning.UNCLEAR),
        ("Liked “Reply STOP” see you", Meaning.NOTHING),
        ("🛑 to “See you tomorrow”", Meaning.UNCLEAR),
        ("Reacted 🛑 to “See you tomorrow”", Meaning.UNCLEAR),
        ("Removed 🛑 from “See you tomorrow”", Meaning.NOTHING),
        ("I liked “See you tomorrow. Reply STOP”", Meaning.UNCLEAR),
        ("Liked it, now stop texting me", Meaning.UNCLEAR),
        ("Liked “the visit, now stop", Meaning.UNCLEAR),
        ('Loved "the visit, now stop', Meaning.UNCLEAR),
        ("Liked", Meaning.NOTHING),
        ("Liked “", Meaning.NOTHING),
        ("… to “STOP”", Meaning.UNCLEAR),
        ("send 👍 to “STOP”", Meaning.UNCLEAR),
    ],
)
def test_a_persons_own_words_are_read(text, meaning):
    """Before a quotation and behind one; what merely holds a quotation, or never ends it, is read as a whole."""
    assert reading_of(text) is meaning


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Liked “a” b", "\n b"),
        ("Liked “a “b” c” d", "\n d"),
        ('Liked "a "b" c" d', "\n d"),
        ("👍 to “a” b", "👍\n b"),
        ("Reacted ❤ to “a”", "❤\n"),
        ("Removed ❤ from “a”", "\n"),
        ("Liked “a", "Liked “a"),
        ("Liked “a…", "\n"),
        ("liked “a”", "liked “a”"),
        ("say “a”", "say “a”"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_reply(text, left):
    """The picture of a reaction, and what stands behind the quotation; of any other reply all of it."""
    assert without_reaction(text) == left


def test_own_words_behind_a_quotation_may_be_a_keyword_or_a_start():
    """As they may be anywhere else."""
    assert KEYWORDS.name_of("Liked “Reply C to confirm”\nC") == "confirm"
    assert reply_type("Liked “Reply START”\nSTART") == "opted_in"
