"""What a person's reply asks for: no more messages, messages again, one of the host's own keywords, or nothing known.

Pure: words in, a word out. Never decides on a part of a reply: the whole of it counts. How an opt-out is told from what
only looks like one is in `reply_grammar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from reminder_kit.errors import ConfigurationError
from reminder_kit.providers.reply_grammar import Meaning, own_lines, reading_of, unquoted, words_of

__all__ = ["Replies", "is_unclear", "reply_type"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_START = _set("start unstop subscribe optin")
"""Words that lift an opt-out, where they are the whole reply but for fillers."""

_FILLERS = _set(
    "all please pls now it this thanks thank you ty texting messaging sending sms text texts msg msgs message messages "
    "reminder reminders me us to from these the your bitte danke merci gracias por favor grazie obrigado "
    "obrigada tout tous todo todos alle alles svp"
)
"""Words of courtesy and filling that change nothing beside a keyword: "Yes, please!"."""


def reply_type(text: str) -> str:
    """Return `opted_out`, `opted_in` or `received` for the text of a reply.

    An opt-out is what asks for no more messages with all of its words, however it is put ("Stop. Thank you", "no more
    texts", "wrong number stop", "Arrêt SVP"). A sentence that merely holds such a word ("I can stop by at 3") is an
    ordinary reply, `received`: an opt-out taken wrongly would silence the reminders of somebody who wants them. So is
    one of which that can't be said (`is_unclear`).
    """
    if reading_of(text) is Meaning.STOP:
        return "opted_out"
    core = _core(own_lines(text))
    return "opted_in" if len(core) == 1 and core[0] in _START else "received"


def is_unclear(text: str) -> bool:
    """Say whether a reply may ask for no more messages, so that a person must look at it: "STOP 12345"."""
    return reading_of(text) is Meaning.UNCLEAR


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TAKEN = _set(
    "anomaly cancelled change delivered opted_in opted_out received run scheduled sent unclear_reply undelivered "
    "unknown"
)
"""Types of delivery events that mean something already, so that no keyword may be called so."""


def _core(text: str) -> tuple[str, ...]:
    """Return the words of a text without fillers; with them where there is nothing else."""
    words = words_of(text)
    return tuple(word for word in words if word not in _FILLERS) or tuple(words)


@frozen
class Replies:
    """The host's own keywords, such as C for `confirm`: a reply that is one becomes an event of that type as well."""

    #: The keyword's name by the words of a reply, without fillers: `("c",)` → "confirm".
    names: Mapping[tuple[str, ...], str] = {}

    @classmethod
    def of(cls, value: Mapping[str, Any] | None, where: str = "replies") -> Replies:
        """Return the keywords of a table such as `{"confirm": ["C", "YES"]}`; None means none, `where` names the table.

        Raises `ConfigurationError` for a name that is taken, and for a word that opts a person out or in: the
        provider acts on such a word, so that the host must not take it for anything else.
        """
        names: dict[tuple[str, ...], str] = {}
        for name, words in (value or {}).items():
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
                raise ConfigurationError(
                    f"{where}: {name!r} can't be the name of a reply: use another, such as confirm"
                )
            for word in _keywords(words, f"{where}.{name}"):
                core = _keyword(word, f"{where}.{name}")
                if names.setdefault(core, name) != name:
                    raise ConfigurationError(f"{where}.{name}: {word!r} means {names[core]} already: drop one of them")
        return cls(names)

    def name_of(self, text: str) -> str | None:
        """Return the name of the keyword that a whole reply is, case and courtesy apart; None means none of them.

        A signature and what was quoted are no part of it; a keyword that looks like a signature is one all the same.
        """
        return self.names.get(_core(unquoted(text))) or self.names.get(_core(own_lines(text)))


def _keywords(words: Any, where: str) -> Iterable[str]:
    """Return the words of one name, of which a single one needs no list; raises `ConfigurationError`."""
    listed = [words] if isinstance(words, str) else words
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(entry, str) for entry in listed):
        raise ConfigurationError(f'{where} must name one or more words, not {words!r}: write ["C", "YES"]')
    return listed


def _keyword(word: str, where: str) -> tuple[str, ...]:
    """Return a keyword's words; raises `ConfigurationError` where nobody can type it or the provider acts on it."""
    core = _core(word)
    if not core:
        raise ConfigurationError(f"{where}: {word!r} has no letters or digits: use a word people can type")
    if reply_type(word) != "received":
        raise ConfigurationError(f"{where}: {word!r} opts the person out or in at the provider: use another word")
    return core
