"""Control characters: shown as escapes on screens and in tables, left out for phones, and unchanged data in JSON."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.text.printable import for_phones, is_blank, json_text, printable
from tests.sampling import examples

EVIL = {
    "ESC": ("\x1b", "\\x1b"),
    "BEL": ("\x07", "\\x07"),
    "backspace": ("\b", "\\x08"),
    "line feed": ("\n", "\\n"),
    "return": ("\r", "\\r"),
    "NUL": ("\0", "\\x00"),
    "DEL": ("\x7f", "\\x7f"),
    "CSI": ("\x9b", "\\x9b"),
    "next line": ("\x85", "\\x85"),
    "line separator": ("\u2028", "\\u2028"),
    "override": ("\u202e", "\\u202e"),
    "isolate": ("\u2066", "\\u2066"),
    "mark": ("\u200f", "\\u200f"),
    "Arabic mark": ("\u061c", "\\u061c"),
    "half": ("\ud83d", "\\ud83d"),
}
GOOD = (
    "Ann O'Neil, 张伟, می\u200cخواهم, שָׁלוֹם, 👩\u200d👩\u200d👧, 🏴\U000e0067\U000e007f, naïve\u00a0\u00ad\u200b ☎\ufe0f"
)


@pytest.mark.parametrize(("character", "escape"), EVIL.values(), ids=list(EVIL))
def test_a_control_character_is_shown_as_its_escape(character, escape):
    """What a terminal would obey is written out, in one line."""
    assert printable(f"a{character}b") == f"a{escape}b"


@pytest.mark.parametrize("character", [pair[0] for pair in EVIL.values()], ids=list(EVIL))
def test_a_control_character_reaches_no_phone(character):
    """It is left out, but for a line break, which parts words; in every depth of the data, keys too."""
    instead = " " if character in "\n\r\x85\u2028" else ""
    assert for_phones({f"k{character}": [f"a{character}b", ("c", 1, None)]}) == {
        f"k{instead}": [f"a{instead}b", ["c", 1, None]]
    }


def test_words_of_every_script_stay_as_they_are():
    """Joiners, accents, soft hyphens and the parts of emoji are no controls."""
    assert printable(GOOD) == for_phones(GOOD) == json_text(GOOD) == GOOD
    assert printable("a\nb\r\n", lines=True) == "a\nb\\r\n"


def test_what_is_no_character_reaches_no_phone():
    """All 66 codes of which Unicode never makes characters, and none beside them; screens and data keep them."""
    codes = [
        *range(0xFDD0, 0xFDF0),
        *(plane + end for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF)),
    ]
    none = "".join(map(chr, codes))
    assert (len(none), for_phones({f"k{none}": [f"A{none}nn"]})) == (66, {"k": ["Ann"]})
    assert printable(none) == json_text(none) == none
    beside = "".join(map(chr, (0xFDCF, 0xFDF0, 0xFFFD, 0x10000, 0x1FFFD, 0x10FFFD)))
    assert for_phones(beside) == beside


IGNORED = [
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010)),
    *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0),
    *(*range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
]
"""Default_Ignorable_Code_Point, of Unicode 14.0."""


def test_what_no_screen_shows_says_nothing():
    """Whatever Unicode has programs ignore where they can't show it, blanks, and what is no character."""
    nothing = ["", " ", "\u2800", "\ufffd", "\ufffe", "\ufdef", "\U0010ffff", *map(chr, IGNORED)]
    assert [text for text in nothing if not is_blank(text)] == []
    assert is_blank("".join(nothing))


@pytest.mark.parametrize("text", ["A", ".", "\u0301", "\u17b6", "\u180a", "\ufe20", "☎\ufe0f", "\ue000", "\U000e1000"])
def test_what_may_be_shown_says_something(text):
    """Marks and signs that stand beside those, and codes of which a later Unicode may make characters."""
    assert not is_blank(text)


@examples(60)
@given(st.text(st.characters()))
def test_whatever_the_text_it_is_printable_and_stays_so(text):
    """No character of category Cc, no separator of lines and no half is left; twice is the same as once."""
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(shown) == shown
    phone = for_phones(text)
    assert not {unicodedata.category(character) for character in phone} & {"Cc", "Cs", "Zl", "Zp"}
    assert {unicodedata.bidirectional(character) for character in shown + phone}.isdisjoint(
        {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    )


def nested(inner):
    return st.lists(inner) | st.dictionaries(st.text(), inner)


@examples(30)
@given(st.recursive(st.text(st.characters()) | st.integers() | st.none(), nested))
def test_json_keeps_the_data(value):
    """A document is valid JSON of the same values, and holds no control character but its own line feeds."""
    document = json_text(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(document) == value
    assert printable(document, lines=True) == document
