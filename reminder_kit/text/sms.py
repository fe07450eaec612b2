"""SMS: how a text is encoded, how many parts it takes, and what makes it dearer.

Pure: no I/O. Never changes a text unless `plain` is asked to.

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
"""Quotes, bullets and dashes, spaces, line ends, what is not seen, and the ellipsis."""


class Parts(NamedTuple):
    """What a text costs: its encoding ("gsm7" or "ucs2"), the units it fills, the parts it is sent in.

    A unit is a septet of GSM-7 (characters of the extension table take two) or a UTF-16
    code unit.
    """

    encoding: str
    units: int
    parts: int


class Cost(NamedTuple):
    """What the messages of one rule, or of a run, come to: `mms` counts messages, `parts` the parts of all SMS."""

    messages: int
    parts: int
    ucs2: int
    mms: int

    def price(self, part: Decimal, mms: Decimal = Decimal(0)) -> Decimal:
        """Return the price at so much for each SMS part and MMS, in whatever currency."""
        return self.parts * part + self.mms * mms


def forecast(messages: Iterable[tuple[str, str, str]]) -> dict[str, Cost]:
    """Return what messages, given as (rule, channel, text), cost by rule; `ucs2` counts the dearly encoded ones."""
    costs: dict[str, Cost] = {}
    for rule, channel, text in messages:
        so_far = costs.get(rule, Cost(0, 0, 0, 0))
        if channel == "mms":
            costs[rule] = so_far._replace(messages=so_far.messages + 1, mms=so_far.mms + 1)
            continue
        encoding, _, parts = sms_parts(text)
        ucs2 = so_far.ucs2 + (encoding == "ucs2")
        costs[rule] = so_far._replace(messages=so_far.messages + 1, parts=so_far.parts + parts, ucs2=ucs2)
    return costs


def sms_parts(text: str) -> Parts:
    """Return what a text costs. No character is split over two parts, so parts may be left unfilled."""
    if _GSM7.issuperset(text):
        doubled = not _EXTENDED.isdisjoint(text)
        sizes: Iterable[int] | None = (2 if character in _EXTENDED else 1 for character in text) if doubled else None
        units = len(text) + (sum(character in _EXTENDED for character in text) if doubled else 0)
        return Parts("gsm7", units, _packed(sizes, units, *_LIMITS["gsm7"]))
    units = sum(2 if ord(character) > 0xFFFF else 1 for character in text)
    sizes = (2 if ord(character) > 0xFFFF else 1 for character in text) if units > len(text) else None
    return Parts("ucs2", units, _packed(sizes, units, *_LIMITS["ucs2"]))


def _packed(sizes: Iterable[int] | None, units: int, single: int, each_part: int) -> int:
    """Return the number of parts; `sizes` None: every character is one unit."""
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
    """Return, once each and in order, the characters that are not in GSM-7: any one of them makes a text UCS-2."""
    return "".join(dict.fromkeys(character for character in text if character not in _GSM7))


def transliterated(text: str) -> str:
    """Return the text with typographic quotes, dashes and spaces as the plain ones; letters stay as they are."""
    return text.translate(_PLAIN)
