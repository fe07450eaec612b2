"""What a person's reply asks for: no more messages, messages again, one of the host's own words, or nothing we know.

Pure: words in, a word out. Never decides on anything but the whole reply.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from reminder_kit.errors import ConfigurationError

__all__ = ["Replies", "reply_type"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _set(
    "stop stopall unsubscribe cancel end quit revoke optout stopp abmelden arret arreter desabonner baja alto parar "
    "pare sair basta stoppen afmelden avsluta стоп"
)
"""Words that carriers and providers take as an opt-out, and their like in other languages."""

_START = _set("start unstop subscribe optin")

_FILLERS = _set(
    "all please pls now it this thanks thank you ty texting messaging sending sms text texts msg msgs message messages "
    "reminder reminders me us to from these the your bitte danke merci gracias por favor grazie obrigado "
    "obrigada tout tous todo todos alle alles"
)
"""Words that change nothing: "Stop. Thank you" is a stop, "stop by at noon" is not."""

_STRONG = _STOP - {"cancel", "end", "quit", "alto", "basta", "pare"}
"""Words that mean an opt-out in company too; the others only alone ("cancel please" may mean the appointment)."""

_PHRASES = (
    ("opt", "out"),
    ("do", "not", "text"),
    ("dont", "text"),
    ("do", "not", "message"),
    ("dont", "message"),
    ("remove", "me"),
)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("'", "").replace("’", "")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"\w+", plain)


def reply_type(text: str) -> str:
    """Return `opted_out`, `opted_in` or `received` for the text of a reply.

    Tolerant of case, accents, punctuation and courtesy ("Stop. Thank you", "STOP ALL",
    "Arrêt SVP"), but a sentence that merely holds such a word ("I can stop by at 3",
    "STOP 12345") is an ordinary reply.
    """
    words = _words(text)
    if any(tuple(words[: len(phrase)]) == phrase for phrase in _PHRASES):
        return "opted_out"
    core = [word for word in words if word not in _FILLERS and word != "svp"]
    if len(core) != 1:
        return "opted_out" if core and set(core) <= _STRONG else "received"
    if core[0] in _START:
        return "opted_in"
    alone = len(words) == 1
    return "opted_out" if core[0] in _STRONG or (alone and core[0] in _STOP) else "received"


_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_TAKEN = _set("anomaly cancelled change delivered opted_in opted_out received run scheduled sent undelivered unknown")
"""Types of events that mean something already."""


def _core(text: str) -> tuple[str, ...]:
    words = _words(text)
    return tuple(word for word in words if word not in _FILLERS and word != "svp") or tuple(words)


@frozen
class Replies:
    """The host's own keywords: what each name's replies look like, by their words."""

    names: Mapping[tuple[str, ...], str] = {}

    @classmethod
    def of(cls, value: Mapping[str, Any] | None, where: str = "replies") -> Replies:
        """Return the keywords of a table such as `{"confirm": ["C", "YES"]}`.

        Raises `ConfigurationError` for a name or word that can't be one: words that opt a
        person out at the provider never reach the host as anything else.
        """
        names: dict[tuple[str, ...], str] = {}
        for name, words in (value or {}).items():
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
                raise ConfigurationError(
                    f"{where}: {name!r} can't be the name of a reply: use another, such as confirm"
                )
            for word in _listed(words, f"{where}.{name}"):
                core = _keyword(word, f"{where}.{name}")
                if names.setdefault(core, name) != name:
                    raise ConfigurationError(f"{where}.{name}: {word!r} means {names[core]} already: drop one of them")
        return cls(names)

    def name_of(self, text: str) -> str | None:
        """Return what a reply means: the whole of it, apart from case, punctuation and courtesy."""
        return self.names.get(_core(text))


def _listed(words: Any, where: str) -> Iterable[str]:
    listed = [words] if isinstance(words, str) else words
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(entry, str) for entry in listed):
        raise ConfigurationError(f'{where} must name one or more words, not {words!r}: write ["C", "YES"]')
    return listed


def _keyword(word: str, where: str) -> tuple[str, ...]:
    core = _core(word)
    if not core:
        raise ConfigurationError(f"{where}: {word!r} has no letters or digits: use a word people can type")
    if reply_type(word) != "received":
        raise ConfigurationError(f"{where}: {word!r} opts the person out or in at the provider: use another word")
    return core
