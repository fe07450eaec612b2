"""What a person's reply asks for: no more messages, messages again, or nothing we know.

Pure: words in, a word out. Never decides on anything but the whole reply.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["reply_type"]


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
