"""Contact names: whose number it is, by what stands before it; labels such as "Mobile:" and "Patient:" are no names.

Pure. Never looks at a number itself.
"""

from __future__ import annotations

import re

from reminder_kit.calendars.content_lines import unquoted

__all__ = ["CALLED", "KINDS", "MOBILES", "ends_with_label", "name_before"]

MOBILES = (
    "mobile|mob|mobil|mobiel|mobiltelefon|móvil|movil|telemóvel|cell|cellphone|celular|cellulare|handy|natel|gsm|"
    "portable|sms|whatsapp"
)
"""What people write before a number that takes texts."""
KINDS = (
    "tel|tele|telephone|telefon|telefono|teléfono|telefone|telefoon|téléphone|tél|tlf|tfno|phone|ph|fon|landline|"
    f"festnetz|fax|telefax|{MOBILES}"
)
"""What people write before a number for what kind it is, which is nobody's name."""
CALLED = (
    "patient|patientin|patiente|paciente|paziente|pasient|potilas|client|cliente|customer|kunde|kundin|klient|klientin|"
    "klant|kund|asiakas"
)
"""What people write before a name for who it is."""
_WORDS = re.compile(
    r"(?:home|work|office|private|privat|direct|main|contact|kontakt|call|text|number|nummer|(?:e-?)?mail|mailto|web|url|"
    r"https?|name|nombre|nom|nome|naam|navn|namn|nimi|(?:full|first|last|sur|vor|nach|family)[ -]?name|prénom|apellido|"
    rf"contact (?:name|person)|guest|gast|gæst|gäst|invité|invitado|ospite|attendee|(?:{CALLED}))"
    r"(?:['’]?s)?(?:[ -]*(?:name|nummer|number))?[ .]*",
    re.IGNORECASE,
)
"""Either, where it stands alone: "Smith's office" is a name."""
_PART = re.compile(r"([^,;:()\n<>|\[\]]*)([,;:()\n<>|\[\]]|$)")
_NAME = re.compile(r"[^\W\d_](?:[\w .'’-]{0,58}[\w.])")
_LABEL = rf"(?:{KINDS})\b(?:[\s.]*(?:number|nummer|no|nr)\b\.?)?(?:\s*\d)?"
_LABEL_AT_THE_END = re.compile(
    rf"(?<![\w'’]){_LABEL}(?:[\s./&+]+(?:(?:and|und|et|y|e)\s+)?{_LABEL})*[\s.–-]*$", re.IGNORECASE
)
_LABEL_AT_THE_BEGINNING = re.compile(rf"(?:{KINDS}|{CALLED})\.?\s+(?:[–-]\s+)?(?=\S)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:mailto:)?[\w.+-]*(?:://|@)[^\s,;<>]*", re.IGNORECASE)


def ends_with_label(text: str) -> bool:
    """Say whether a short text ends with what says of a number what kind it is."""
    return _LABEL_AT_THE_END.search(text) is not None


def name_before(text: str) -> str:
    """Return the name that stands before a number, at the beginning of a text of some hundred characters; "" for none.

    "Jane Doe, Tel: +1 …" and "Patient: Jane Doe, +1 …" are Jane Doe's: a word with a colon is a label where a name
    follows it.
    """
    found = ""
    for part in _PART.finditer(_ADDRESS.sub(",", text)):
        name = _without_labels(part[1])
        if not name:
            continue
        fitting = name if _NAME.fullmatch(name) else ""
        if found and (not fitting or fitting[0].islower()):
            return found
        found = fitting
        if part[2] != ":":
            return found
    return found


def _without_labels(part: str) -> str:
    """Return a part of a text without the labels at its ends; "" where it is no more than that."""
    label = _LABEL_AT_THE_END.search(part)
    name = unquoted(part[: label.start()] if label else part).strip(" \t\r–-/")
    if label is None and (first := _LABEL_AT_THE_BEGINNING.match(name)):
        name = name[first.end() :]
    return "" if _WORDS.fullmatch(name) else unquoted(name)
