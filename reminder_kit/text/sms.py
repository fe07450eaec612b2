"""SMS: how a text is encoded, how many parts it takes, and what makes it dearer.

Pure: no clock, no I/O. Never changes a text, but for `transliterated`.

GSM-7 and its extension table: 3GPP TS 23.038 §6.2.1; concatenation: TS 23.040 §9.2.3.24.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

__all__ = ["Cost", "Parts", "costly_characters", "forecast", "sms_parts", "transliterated"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM7 = _BASIC | _EXTENDED
_LIMITS = {"gsm7": (160, 153), "ucs2": (70, 67)}

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("`\u00b4\u2018\u2019\u201a\u201b\u2032\u2035", "'"),
        **dict.fromkeys("\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036", '"'),
        **dict.fromkeys("\u00b7\u2010\u2011\u2012\u2013\u2014\u2015\u2022\u2043\u2212", "-"),
        **dict.fromkeys("\t\u00a0\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
        **dict.fromkeys("\u2028\u2029", "\n"),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", None),
        "\u2026": "...",
    }
)
"""The plain form of quotes, bullets and dashes, spaces, line ends, invisible characters, and the ellipsis."""


class Parts(NamedTuple):
    """What a text takes to be sent."""

    #: "gsm7" or "ucs2".
    encoding: str
    #: How much it fills: septets of GSM-7 (two for characters of the extension table), or UTF-16 code units.
    units: int
    #: How many parts it is sent in; each is paid for.
    parts: int


class Cost(NamedTuple):
    """What the messages of one rule, or of a run, come to."""

    #: How many messages, SMS and MMS, and letters of a channel, which cost nothing here.
    messages: int
    #: How many parts all SMS have.
    parts: int
    #: How many SMS are encoded in UCS-2.
    ucs2: int
    #: How many MMS.
    mms: int
    #: How many letters.
    letters: int = 0

    def price(self, part: Decimal, mms: Decimal = Decimal(0)) -> Decimal:
        """Return the price of all messages, where a part of an SMS costs `part` and an MMS `mms`, of one currency."""
        return self.parts * part + self.mms * mms


def forecast(messages: Iterable[tuple[str, str, str]]) -> dict[str, Cost]:
    """Return what messages come to, by the id of their rule. Each is (rule, channel, text)."""
    costs: dict[str, Cost] = {}
    for rule, channel, text in messages:
        so_far = costs.get(rule, Cost(0, 0, 0, 0))
        if channel not in ("sms", "mms"):
            costs[rule] = so_far._replace(messages=so_far.messages + 1, letters=so_far.letters + 1)
            continue
        if channel == "mms":
            costs[rule] = so_far._replace(messages=so_far.messages + 1, mms=so_far.mms + 1)
            continue
        encoding, _, parts = sms_parts(text)
        ucs2 = so_far.ucs2 + (encoding == "ucs2")
        costs[rule] = so_far._replace(messages=so_far.messages + 1, parts=so_far.parts + parts, ucs2=ucs2)
    return costs


def sms_parts(text: str) -> Parts:
    """Return what a text takes to be sent. No character is split over two parts, so that a part may not be full."""
    if _GSM7.issuperset(text):
        doubled = not _EXTENDED.isdisjoint(text)
        sizes: Iterable[int] | None = (2 if character in _EXTENDED else 1 for character in text) if doubled else None
        units = len(text) + (sum(character in _EXTENDED for character in text) if doubled else 0)
        return Parts("gsm7", units, _part_count(sizes, units, *_LIMITS["gsm7"]))
    units = sum(2 if ord(character) > 0xFFFF else 1 for character in text)
    sizes = (2 if ord(character) > 0xFFFF else 1 for character in text) if units > len(text) else None
    return Parts("ucs2", units, _part_count(sizes, units, *_LIMITS["ucs2"]))


def _part_count(sizes: Iterable[int] | None, units: int, single: int, each_part: int) -> int:
    """Return the number of parts; `sizes` are the units of each character, None: each is one.

    `single` is what a text of one part holds, `each_part` what each of several holds.
    """
    if units <= single:
        return 1
    if sizes is None:
        return -(-units // each_part)
    parts, filled = 1, 0
    for size in sizes:
        if filled + size > each_part:
            parts, filled = parts + 1, 0
        filled += size
    return parts


def costly_characters(text: str) -> str:
    """Return the characters of a text that are not in GSM-7, once each and in order: any one makes the text UCS-2."""
    return "".join(dict.fromkeys(character for character in text if character not in _GSM7))


def transliterated(text: str) -> str:
    """Return a text with plain quotes, dashes and spaces in place of typographic ones; letters stay as they are."""
    return text.translate(_PLAIN)
