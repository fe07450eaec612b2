"""Suggestions: what somebody may have meant who wrote a word that is not known.

Pure: words in, words out. Never takes the suggestion for what was meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["suggestion"]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of an error about an unknown word: the known word that is near to it, else all known ones."""
    by_letters = {name.casefold(): str(name) for name in known}
    near = get_close_matches(word.casefold(), by_letters, n=1)
    return f"did you mean '{by_letters[near[0]]}'?" if near else f"known are {', '.join(sorted(by_letters.values()))}"
