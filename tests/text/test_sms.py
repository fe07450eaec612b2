"""The count of SMS parts against a second one, which really encodes, splits and reads back what it split."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from reminder_kit.text.sms import Parts, sms_parts, transliterated

# 3GPP TS 23.038 §6.2.1 and §6.2.1.1, in the order of the codes; 0x1B is the escape to the second table.
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
ESCAPED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPE = 0x1B

OCTETS = 140
HEADER = 6  # TS 23.040 §9.2.3.24.1: a user data header for concatenation, with its length
SEPTETS = (OCTETS * 8 // 7, (OCTETS - HEADER) * 8 // 7)
CODE_UNITS = (OCTETS // 2, (OCTETS - HEADER) // 2)

CODES = {item: [code] for code, item in enumerate(TABLE) if code != ESCAPE} | {
    value: [ESCAPE, code] for code, value in ESCAPED.items()
}


def as_units(text):
    """Return each character as the units it is sent in, and the encoding: septets if all of them can be."""
    if all(item in CODES for item in text):
        return "gsm7", [CODES[item] for item in text]
    pairs = [item.encode("utf-16-be") for item in text]
    return "ucs2", [[int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)] for raw in pairs]


def split(units, limits):
    """Return the units of each part: all in one, or as many whole characters as fit beside the header."""
    if sum(map(len, units)) <= limits[0]:
        return [[code for unit in units for code in unit]]
    parts = [[]]
    for unit in units:
        if len(parts[-1]) + len(unit) > limits[1]:
            parts.append([])
        parts[-1] += unit
    return parts


def read(encoding, part):
    """Return what a phone shows for one part, by itself."""
    if encoding == "ucs2":
        return b"".join(code.to_bytes(2) for code in part).decode("utf-16-be")
    shown, codes = "", iter(part)
    for code in codes:
        shown += ESCAPED[next(codes)] if code == ESCAPE else TABLE[code]
    return shown


ALPHABETS = st.sampled_from(["aB1 é@", "a€[]|", "a€\f^", "aç’", "a😀", "ΔΩΞ_", "ñÑ¿¡", "\n\r ", "a€😀ç{"])
TEXTS = st.one_of(
    ALPHABETS.flatmap(lambda letters: st.text(letters, max_size=700)),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.builds(
        lambda head, count, tail: head + "a" * count + tail,
        st.text("a€😀ç", max_size=4),
        st.sampled_from(
            [66, 67, 68, 69, 70, 132, 133, 134, 135, 152, 153, 154, 158, 159, 160, 305, 306, 307, 459, 460]
        ),
        st.text("a€😀ç", max_size=4),
    ),
)


@given(TEXTS)
@example("a" * 152 + "€")
@example("a" * 152 + "€" + "a" * 151)
@example("ç" + "a" * 65 + "😀" + "a" * 66)
@example("")
def test_both_counts_agree_and_every_part_reads_by_itself(text):
    """A second count that really encodes and splits agrees, and no character is cut between two parts."""
    encoding, units = as_units(text)
    parts = split(units, SEPTETS if encoding == "gsm7" else CODE_UNITS)
    assert sms_parts(text) == Parts(encoding, sum(map(len, units)), len(parts))
    assert "".join(read(encoding, part) for part in parts) == text


@given(TEXTS)
def test_plain_characters_are_understood_by_every_phone(text):
    """Written plainly, a text never needs the dearer alphabet where it did not before."""
    before, after = as_units(text)[0], as_units(transliterated(text))[0]
    assert (before, after) != ("gsm7", "ucs2")
    assert len(transliterated(text)) <= len(text) + 2 * text.count("…")


def test_the_limits_are_those_of_140_octets():
    """160/153 septets and 70/67 code units follow from 140 octets and a header of six."""
    assert (SEPTETS, CODE_UNITS) == ((160, 153), (70, 67))
    assert len(TABLE) == 128
    assert len(CODES) == 127 + 10
