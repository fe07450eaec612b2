"""What a phone writes for its owner's reaction to a text of ours: "Liked “See you tomorrow. Reply STOP to opt out.”".

Pure: text in, text out. Never takes off a person's own words: what stands behind the quotation stays, and so does all
of a reply that merely holds a quotation. iPhones write a verb and the text in quotation marks, Google Messages writes a
picture, "to" and the text; a long text is cut, and ends with an ellipsis.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["without_reaction"]

_VERBS = (
    "Liked", "Loved", "Disliked", "Laughed at", "Emphasized", "Emphasised", "Questioned",
    "Gefällt", "Gefällt mir",
    "A aimé", "A adoré", "N['’]a pas aimé", "J['’]aime",
    "Le gustó", "Le encantó", "No le gustó", "Le dio risa", "Exclamó por", "Dudó sobre",
    "Понравилось",
)  # fmt: skip
"""What an iPhone writes before the quotation, in its owner's language."""

_PICTURE = r"(?:with )?(?P<{}>[^\w\s“”„«»\"]{{1,16}}|a sticker)"
_REACTION = re.compile(
    rf"\s*(?:{'|'.join(_VERBS)}"
    rf"|(?:Reacted|Reaccionó con|A réagi avec)\s+{_PICTURE.format('reacted')}\s+(?:to|a|à)"
    rf"|(?P<picture>[^\x00-\x7f\w\s“”„«»…–—¿¡]{{1,16}})\s+(?:to|zu|auf|a|à|para|su|op|til|на)"
    rf"|Removed\s+(?:an?\s+(?:like|heart|dislike|laugh|exclamation|question mark|reaction|sticker)"
    rf"|{_PICTURE.format('removed')})\s+from)\s*(?=[“„«\"])"
)
_CLOSING = {"“": "”", "„": "“”", "«": "»", '"': '"'}
"""By the mark that begins a quotation, those that end it."""
_CUT = ("…", "...", "”", "“", "»", '"')


def without_reaction(text: str) -> str:
    """Return a reply without the reaction that it begins with: its picture, if it has one, and what is written behind.

    A quotation that never ends, nor is cut, stays.
    """
    seen = "".join(letter for letter in unicodedata.normalize("NFC", text) if unicodedata.category(letter) != "Cf")
    found = _REACTION.match(seen)
    end = None if found is None else _end_of_quotation(seen, found.end())
    if found is None or end is None:
        return text
    picture = found["reacted"] or found["picture"] or ""
    return f"{picture}\n{seen[end:]}"


def _end_of_quotation(text: str, at: int) -> int | None:
    """Return where the quotation ends that begins at a place; None means that it doesn't."""
    opening, closing = text[at], _CLOSING[text[at]]
    if opening in closing:
        last = text.rfind(opening)
        return last + 1 if last > at else _cut(text)
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == opening) - (text[place] in closing)
        if depth == 0:
            return place + 1
    return _cut(text)


def _cut(text: str) -> int | None:
    """Return where a text ends that was cut; None means that it wasn't."""
    return len(text) if text.rstrip().endswith(_CUT) else None
