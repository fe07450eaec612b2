"""How a reply is read: whether all of it asks for no more messages, something in it may, or nothing does.

Pure: words in, a meaning out. Never decides on a part of a reply: a STOP is one only where the whole reply is made of
phrases that ask for it, with reasons and courtesy beside them; else a person looks at what comes near one.

1. A phone's own signature, quoted lines and reactions (`reactions`) are left out. What is left becomes words without
   case, accents and apostrophes, and breaks where punctuation or a new line stands.
2. From the left, the longest phrase of any language that fits is taken off, again and again. If nothing is left over
   and a STOP was among what was taken, the reply is one; it is unclear if only courtesy was beside a doubt.
3. Else the harmless spans are left out ("don't stop", "stop by at 3", "the bus stop"), and whatever then holds a hint,
   or begins with a word that means a STOP, is unclear.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache

from reminder_kit.providers.reactions import without_reaction
from reminder_kit.providers.stop_phrases import LANGUAGES
from reminder_kit.providers.stop_words import ALONE, CLASSES, COURTESY, POLITE, SIGNATURES

__all__ = ["Meaning", "begins_with", "own_lines", "reading_of", "unquoted", "words_of"]

_LONGEST = 2000
"""Characters of a reply that are read: an SMS of ten parts has fewer."""
_MOST_WORDS = 40
"""Of a longer reply, a person says whether all of it asks for no more messages."""
_BREAK = ","
_ALONE = [[word] for word in ALONE]
_SIGNS = frozenset("🛑✋🚫⛔🖐🤚")
"""Pictures that may mean a STOP where nothing else is written."""
_UNDECOMPOSED = str.maketrans("ł", "l")
"""What Unicode takes for a letter of its own, and people write without its stroke."""


class Meaning(StrEnum):
    """What a reply asks for, as far as messages go."""

    #: No more of them.
    STOP = "stop"
    #: A person must say.
    UNCLEAR = "unclear"
    #: Nothing.
    NOTHING = "not"


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents, apostrophes and punctuation."""
    return [token for token in _tokens(text) if token != _BREAK]


def _tokens(text: str) -> list[str]:
    """Return the words of a text, with a break where anything but blanks stands between two of them."""
    plain = _plain(text[:_LONGEST].casefold()).replace("'", "").replace("’", "")
    return [_BREAK if _is_break(token) else token for token in re.findall(r"\w+|[.,;:!?\n…]+", plain)]


def _is_break(token: str) -> bool:
    return not (token[0].isalnum() or token[0] == "_")


def unquoted(text: str) -> str:
    """Return a reply without the lines and the reaction that quote what was written to the person."""
    lines = without_reaction(text[:_LONGEST]).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(">"))


def own_lines(text: str) -> str:
    """Return a reply without what was quoted, and without the signature that a phone or a mail program adds."""
    kept: list[str] = []
    for line in unquoted(text).splitlines():
        words = words_of(line)
        if kept and " ".join(words).startswith(SIGNATURES):
            continue
        if kept and re.fullmatch(r"\s*(?:[-–—_]\s*){2,}", line):
            break
        kept += [line] if words or any(sign in line for sign in _SIGNS) else []
    return "\n".join(kept)


# Phrases as patterns. A row of tokens is matched as text in which each token has a blank before it.


def _pattern(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a phrase."""
    parts = re.findall(r"[\[\]]|\([^()]*\)|[^\s\[\]()]+", phrase)
    made = "".join(_part(part) for part in parts)
    return re.compile(f"{made}(?![^ ])")


def _part(part: str) -> str:
    """Return the pattern of one part of a phrase: a bracket, or words of which one stands there."""
    if part in "[]":
        return "(?:" if part == "[" else ")?"
    words = part.strip("()!*").split("|")
    found = "|".join(option for word in words for option in _options(word))
    if part.startswith("!"):
        return f"(?! (?:{found})(?![^ ]))"
    return f"(?: (?:{found})(?![^ ])){'*' if part.endswith('*') else ''}"


def _options(word: str) -> Sequence[str]:
    """Return what a word of a phrase stands for, as replies are read: those of its class, or itself."""
    return [_plain(option) for option in (CLASSES[word[1:-1]] if word.startswith("<") else (word,))]


def _plain(words: str) -> str:
    """Return words without accents, and without what nobody sees."""
    letters = unicodedata.normalize("NFKD", words).translate(_UNDECOMPOSED)
    return "".join(
        letter for letter in letters if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )


@cache
def _grammar() -> dict[str, tuple[re.Pattern[str], ...]]:
    """Return the patterns of all languages, by what they are for; made when the first reply is read."""
    kinds = ("stops", "leads", "reasons", "doubts", "hints", "harmless")
    found = {kind: tuple(phrase for language in LANGUAGES for phrase in getattr(language, kind)) for kind in kinds}
    found |= {"courtesy": COURTESY, "polite": POLITE}
    return {kind: tuple(map(_pattern, phrases)) for kind, phrases in found.items()}


def _longest(kind: str, row: str, at: int) -> int:
    """Return where the longest phrase of a kind ends that begins at a place; the place itself: none does."""
    ends = [found.end() for pattern in _grammar()[kind] if (found := pattern.match(row, at))]
    return max(ends, default=at)


def _is_made_of(kind: str, beside: Sequence[str], row: str) -> bool:
    """Say whether all of a row is phrases of a kind, and of those that may stand beside it."""
    at, is_found = 0, False
    while at < len(row):
        if row.startswith(f" {_BREAK}", at):
            at += 2
            continue
        end = _longest(kind, row, at)
        other = max(_longest(name, row, at) for name in beside)
        if max(end, other) == at:
            return False
        is_found = is_found or end >= other
        at = max(end, other)
    return is_found


def _is_stop(row: str) -> bool:
    """Say whether all of a row asks for no more messages, also with words of asking within its phrases."""
    beside = ("leads", "reasons", "courtesy")
    return any(_is_made_of("stops", beside, text) for text in (row, _without("polite", "", row)))


def _is_doubtful(row: str) -> bool:
    return _is_made_of("doubts", ("courtesy",), row)


def _without(kind: str, put: str, row: str) -> str:
    for pattern in _grammar()[kind]:
        row = pattern.sub(put, row)
    return row


_ABOUT_MESSAGES = (
    "texting|txting|messaging|sending|contacting|spamming|bothering|bugging|harassing|pestering|writing|reminding|"
    "notifying|calling|ringing|phoning|emailing|reaching|trying|asking|doing|being|getting|receiving|using|charging"
)
_OTHER_DOING = re.compile(rf" stop (?!(?:{_ABOUT_MESSAGES})(?![^ ]))[^ ,]{{2,}}ing(?![^ ])")
"""To stop doing something that is no message: "should I stop eating before the test?"."""


def begins_with(row: Sequence[str], words: Iterable[str]) -> bool:
    """Say whether the first word of a reply, courtesy apart, is one of these."""
    text = "".join(f" {word}" for word in row)
    at = 0
    while (end := _longest("courtesy", text, at)) > at:
        at = end
    return text[at:].split(" ", 2)[1:2] != [] and text[at:].split(" ", 2)[1] in set(words)


def reading_of(text: str) -> Meaning:
    """Return what a reply asks for."""
    own = own_lines(text)
    tokens = _tokens(own)
    words = [token for token in tokens if token != _BREAK]
    if not words:
        return Meaning.UNCLEAR if any(sign in own for sign in _SIGNS) else Meaning.NOTHING
    row = _SPELLED.sub(_in_one, "".join(f" {token}" for token in tokens))
    if words in _ALONE or (len(words) <= _MOST_WORDS and _is_stop(row)):
        return Meaning.STOP
    if len(words) <= _MOST_WORDS and _is_doubtful(row):
        return Meaning.UNCLEAR
    row = _OTHER_DOING.sub(" ,", _without("harmless", " ,", row))
    hinted = any(pattern.search(row) for pattern in _grammar()["hints"]) or _MISSPELT.search(row)
    first = begins_with([token for token in row.split() if token != _BREAK], CLASSES["stop"])
    return Meaning.UNCLEAR if hinted or first or _FIRST.match(row) else Meaning.NOTHING


_SPELLED = re.compile(r" \w(?: (?:, )?\w(?![^ ])){3,}")
"""What is written letter by letter: S T O P."""


def _in_one(spelled: re.Match[str]) -> str:
    return " " + re.sub("[ ,]", "", spelled[0])


_MISSPELT = re.compile(r" (?:unsu[bs]\w*|unsc?ri\w*)")
"""What may have been meant for "unsubscribe"."""
_FIRST = re.compile(
    r"(?: please| pls)? (?:remove(?! it(?![^ ]))|enough(?: ,|$)|(?:alto|basta|pare|paren|parem|quit|sluta) ,)"
)
"""What lets a person look at a reply that begins with it."""
