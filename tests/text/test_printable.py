"""Control characters: shown as escapes on screens and in tables, left out for phones, and unchanged data in JSON."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder_kit.text.printable import for_phones, json_text, printable
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
GOOD = "Ann O'Neil, 张伟, می\u200cخواهم, שָׁלוֹם, 👩\u200d👩\u200d👧, 🏴\U000e0067\U000e007f, naïve\u00a0\u00ad\u200b"


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
