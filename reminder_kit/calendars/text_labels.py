"""Text labels: what the words beside a number in a text say of whose it is ("Cell:", "Patient: Jane", "Call us at").

Pure. Never looks at a number itself. Never takes a name for a label, which begins a piece of a line, or has a colon.
"""

from __future__ import annotations

import re

from reminder_kit.calendars.contact_names import CALLED, KINDS, MOBILES

__all__ = ["likelihood"]

_OTHERS = (
    "emergency contact|emergency contact name|in case of emergency|next of kin|notfallkontakt|"
    "provider|doctor|physician|therapist|practitioner|dentist|stylist|instructor|clinic|hospital|"
    "arzt|ärztin|hausarzt|praxis|klinik|médico|clínica|médecin|clinique|medico|clinica|huisarts|praktijk|kliniek|läkare"
)
"""What people write before the name, or number, of somebody else than whom to remind."""
_NOBODYS = (
    "emergency|notfall|emergencias?|urgences?|emergenza|noodgeval|"
    "old|former|previous|wrong|alte|ehemalige|antiguo|anterior|ancien|vecchio|oude?|"
    "doctor['’]s office|practice|office|desk|front desk|reception|receptionist|salon|studio|support|customer service|"
    "helpline|hotline|kundendienst|anmeldung|empfang|consultorio|recepción|cabinet|accueil|ambulatorio|klinikk"
)
"""What people write right before such a number, or one that nobody has any more."""
_THEIRS = f"{CALLED}|your|ihre?|deine?|votre|uw|jouw"
_WHAT = rf"(?:[ -]*(?:{KINDS}|contact|kontakt|contacto|number|nummer|name|no|nr)\b\.?){{0,2}}"
"""What may follow such a word: the kind of number."""
_WHOSE = re.compile(
    rf"(?P<begins>(?:^|[,;:(|/.•*])\s{{0,3}}(?:(?:our|my|the|unsere?)\s+)?)?(?<![\w'’-])(?=[^\W\d_])"
    rf"(?:(?P<others>{_OTHERS})|(?P<nobodys>{_NOBODYS})|{_THEIRS})(?:['’]s)?{_WHAT}\s*"
    r"(?:[:=][\s(]*$|(?(begins)[\s.(–-]*$|(?!))|(?(nobodys)(?!)|[:=]))",
    re.IGNORECASE,
)
_HEADING = re.compile(
    rf"[*•#]*(?:(?P<others>{_OTHERS})|(?P<nobodys>{_NOBODYS})|{_THEIRS})(?:['’]s)?{_WHAT}\s*:?\s*", re.IGNORECASE
)
"""A line that says no more than whose the lines below it are."""
_MOBILE = re.compile(
    rf"(?<![\w'’-])(?:{MOBILES})(?:[ -]*(?:telefon|phone|number|nummer|no|nr)\b\.?){{0,2}}[\s.:=(#–-]*$", re.IGNORECASE
)
_TO_CALL = re.compile(
    rf"\b(?:call|phone|ring|text|contact|reach) (?:us|(?:our|the) (?:{_OTHERS}|{_NOBODYS}))\b[^\n]{{0,40}}$|"
    r"\b(?:questions|to (?:change|cancel|reschedule|rebook|move)|(?:bei|für) (?:fragen|rückfragen|absagen)|"
    r"para (?:cancelar|cambiar)|pour (?:annuler|modifier|déplacer)|per (?:annullare|spostare))\b[^\n]{0,60}"
    r"\b(?:call|phone|ring|text|dial|contact|unter|telefon|llame|llamar|appelez|appeler|chiamare)"
    r"(?: at| on| al?| le| il)?[\s.:(]*$|"
    r"\b(?:rufen sie uns|erreichen (?:sie )?uns|ll[aá]menos|appelez[ -]nous|chiamateci|bel ons)\b[^\n]{0,40}$",
    re.IGNORECASE,
)
"""What is said before a number to whoever reads the text, who may call it."""
_NOT_USED = re.compile(
    r"[ \t]*[(\[–-]?[ \t]*(?:(?:do not|don['’]t|never) (?:use|call|text)(?=[ \t]*(?:this\b|it\b|[)\].,;!]|\r?$))|"
    r"no longer (?:in use|used|valid|works?|working|active)\b|disconnected\b|out of service\b|"
    r"nicht mehr (?:gültig|aktiv|verwenden|benutzen|erreichbar)\b)"
    r"|[ \t]*[(\[–-][ \t]*(?:old|wrong|alt|falsch|ungültig)\b[ \t]*(?:[)\]]|number\b|nummer\b|\r?$)",
    re.IGNORECASE | re.MULTILINE,
)
"""What stands behind a number that nobody has any more."""
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")


def likelihood(before: str, text: str, end: int) -> int:
    """Return how likely a number is that of whom to remind, by what stands before it, and behind it at `end` of a text.

    -1: it is somebody else's, or nobody's any more; 0: nothing is said; 1 and more: that it is theirs, or takes texts.
    """
    lines = _EMPTY_LINE.split(before)[-1].rstrip(" \t\r").removesuffix("\n").split("\n")
    line = lines.pop()
    if _NOT_USED.match(text, end) or _TO_CALL.search(line):
        return -1
    found = list(_WHOSE.finditer(line))[-1:] or filter(None, map(_HEADING.fullmatch, reversed(lines)))
    whose = next(iter(found), None)
    if whose is not None and (whose["others"] or whose["nobodys"]):
        return -1
    return (whose is not None) + (_MOBILE.search(line) is not None)
