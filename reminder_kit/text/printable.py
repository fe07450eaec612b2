"""What any screen, log, table or phone can show: control characters are shown as escapes, or are left out.

Pure: no clock, no I/O. Never touches what belongs to a script or a picture: joiners (Persian, emoji), accents, tags.

Meant are the controls C0 and C1 with DEL (ESC begins the sequences that move a terminal's cursor, colour it or write
its title), Unicode's line and paragraph separators, the controls that turn the direction of what follows
(UAX #9: marks, embeddings, overrides, isolates), and halves of characters, which can't be encoded. For phones the
codes that are no characters, and never will be, are left out too.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

__all__ = ["for_phones", "is_blank", "json_text", "printable"]

_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
"""Unicode's noncharacters (The Unicode Standard, 23.7): 66 codes, for ever."""
_CONTROLS = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but the line feed, DEL, C1
    "\u2028\u2029"  # separators of lines and paragraphs
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions
    "\ud800-\udfff"  # halves of characters
)
_IN_LINES = re.compile(f"[{_CONTROLS}]")
_IN_ONE_LINE = re.compile(f"[\n{_CONTROLS}]")
_NOT_FOR_PHONES = re.compile(f"[{_CONTROLS}{_NO_CHARACTERS}]")
_SHOWING_NOTHING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(value: object, *, lines: bool = False) -> str:
    r"""Return a value as one line of text in which each control character is an escape, such as `\x1b` or `\u202e`.

    With `lines`, line feeds stay: where several lines are expected. What is printable already stays as it is, so that
    twice is the same as once.
    """
    text = value if type(value) is str else str(value)
    if text.isprintable():
        return text
    return (_IN_LINES if lines else _IN_ONE_LINE).sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def json_text(document: str) -> str:
    r"""Return a JSON document in which every control character is JSON's own escape: the same values, safe to show.

    `document` is what `json.dumps` makes: there the only line feeds are those of its layout, and all else of the kind
    can only stand within a string, where `\u` and four digits mean the same character.
    """
    return _IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
    f"\u2800\ufffd{_NO_CHARACTERS}]"
)
"""Letters, signs, marks and codes that say nothing, though their category does not tell: what Unicode has as
Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 14.0: joiners, fillers, selectors of a variant), the Braille
pattern without dots, what stands for a character that was none, and what is none."""


def is_blank(text: str) -> bool:
    """Say whether a text says nothing: it is empty, or has only blanks, controls and what has no width."""
    if text.isascii() and text.isprintable():  # as nearly all are
        return not text.strip()
    return all(unicodedata.category(character) in _SHOWING_NOTHING or _BLANKS.match(character) for character in text)


def for_phones(value: Any) -> Any:
    """Return what a host gave as a text to a phone may hold it, however deep it lies in lists and dicts.

    In its texts line breaks and tabs become one space, and all other control characters, and what is no character, are
    left out; what is no text stays as it is.
    """
    if isinstance(value, str):
        return value if value.isprintable() else _NOT_FOR_PHONES.sub("", _BREAKS.sub(" ", value))
    if isinstance(value, dict):
        return {for_phones(key): for_phones(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_phones(item) for item in value]
    return value
