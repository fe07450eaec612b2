"""Text labels: what the words beside a number in a text say of whose it is ("Cell:", "Patient: Jane", "Call us at").

Pure. Never looks at a number itself. Never takes a name for a label, which begins a piece of a line, or has a colon;
where the words are not plain they say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from reminder_kit.calendars.contact_names import CALLED, KINDS, MOBILES

__all__ = ["is_of_who_comes", "likelihood"]

_RELATED = "emergency contact|emergency contact name|in case of emergency|next of kin|notfallkontakt"
"""What people write before the name, or number, of somebody else than whom to remind, and above all that is theirs."""
_OTHERS = (
    "provider|doctor|physician|therapist|practitioner|dentist|stylist|instructor|clinic|hospital|"
    "arzt|ärztin|hausarzt|praxis|klinik|médico|clínica|médecin|clinique|medico|clinica|huisarts|praktijk|kliniek|läkare"
)
"""What people write before the name, or number, of those whom one visits."""
_NOBODYS = (
    "old|former|previous|wrong|alte|ehemalige|antiguo|anterior|ancien|vecchio|oude?|"
    "doctor['’]s office|front desk|front office|receptionist|customer service|helpline|hotline|kundendienst"
)
"""What people write right before the number of a desk, or one that nobody has any more."""
_PLACES = (
    "emergency|notfall|emergencias?|urgences?|emergenza|noodgeval|practice|office|desk|reception|salon|studio|support|"
    "anmeldung|empfang|consultorio|recepción|cabinet|accueil|ambulatorio|klinikk"
)
"""What says whose a number is only where it is a label: else it may say what for, or where a person's number rings."""
_THEIRS = f"{CALLED}|your|ihre?|deine?|votre|uw|jouw"
_WHAT = rf"(?:[ -]*(?:{KINDS}|contact|kontakt|contacto|number|nummer|name|no|nr)\b\.?){{0,2}}"
"""What may follow such a word: the kind of number."""
_WORD = (
    rf"(?:(?P<related>{_RELATED})|(?P<others>{_OTHERS})|(?P<nobodys>{_NOBODYS})|(?P<places>{_PLACES})|"
    rf"(?P<theirs>{_THEIRS}))(?:['’]s)?{_WHAT}\s*"
)
_WHOSE = re.compile(
    r"(?P<begins>(?:^|[,;:(|/.•*])\s{0,3}(?P<ours>(?:our|my|the|unsere?)\s+)?)?(?<![\w'’-])(?=[^\W\d_])"
    rf"{_WORD}(?:(?P<colon>[:=][\s(]*$)|(?P<bare>[\s.(–-]*$)|[:=])",
    re.IGNORECASE,
)
_HEADING = re.compile(rf"\s*[*•#]*{_WORD}(?P<colon>:)?\s*", re.IGNORECASE)
"""A line that says no more than whose the lines below it are, or what they are for."""
_MOBILE = re.compile(
    rf"(?<![\w'’-])(?:{MOBILES})(?:[ -]*(?:telefon|phone|number|nummer|no|nr)\b\.?){{0,2}}[\s.:=(#–-]*$", re.IGNORECASE
)
_ANOTHER = re.compile(
    rf"\b(?:{_RELATED}|{_OTHERS}|{_NOBODYS}|{_PLACES}|dr|husband|wife|spouse|partner|mother|father|mum|mom|dad|parent|"
    r"guardian|daughter|son|sister|brother|friend|carer|caregiver|driver|mutter|vater|ehemann|ehefrau|tochter|sohn)\b",
    re.IGNORECASE,
)
"""Who may be named above a number, which is maybe theirs then."""
_SAID = r"(?:[^\n.!?;:]|(?<=\btel)\.|(?<=\bno)\.){0,40}"
"""What may follow in the same sentence."""
_TO_CALL = re.compile(
    r"(?<!not )(?<!n['’]t )(?<!never )\b(?:(?:call|phone|ring|text|contact|reach) "
    rf"(?:us|(?:our|the) (?:{_OTHERS}|{_NOBODYS}|{_PLACES}))|"
    r"rufen sie uns|erreichen (?:sie )?uns|ll[aá]menos|appelez[ -]nous|chiamateci|bel ons)\b"
    rf"(?:{_SAID}(?::[ \t]*(?:{KINDS})\b\.?)?[ \t:(]*|(?:{_SAID}:|(?: at| on)?)[ \t\r]*\n)(?<!\bfrom)(?<!\bfrom )\Z|"
    r"(?:(?:(?:^|[.!?;•*–-])\W{0,3}|\b(?:any|for|with|have) )questions\b(?!\s*:)|"
    r"(?:(?:^|[.!?;•*])\W{0,3}|\byou (?:need|want|wish|have|would like) )to (?:change|cancel|reschedule|rebook|move)\b|"
    r"\b(?:bei|für) (?:fragen|rückfragen|absagen)\b|(?:^|[.!?;•*])\W{0,3}(?:para (?:cancelar|cambiar)|"
    r"pour (?:annuler|modifier|déplacer)|per (?:annullare|spostare))\b)[^\n]{0,60}"
    r"\b(?:call|phone|ring|text|dial|contact|unter|telefon|llame|llamar|appelez|appeler|chiamare)"
    r"(?: at| on| al?| le| il)?[\s.:(]*$",
    re.IGNORECASE,
)
"""What is said before a number to whoever reads the text, who may call it."""
_NOT_USED = re.compile(
    r"[ \t]*(?:[(\[–-][ \t]*)?(?:(?:do not|don['’]t|never) (?:use|call|text)(?=[ \t]*(?:this\b|it\b|[)\].,;!]|\r?$))|"
    r"no longer (?:in use|used|valid|works?|working|active)\b|disconnected\b|out of service\b|"
    r"nicht mehr (?:gültig|aktiv|verwenden|benutzen|erreichbar)\b)"
    r"|[ \t]*[(\[–-][ \t]*(?:old|wrong|alt|falsch|ungültig)\b[ \t]*(?:[)\]]|number\b|nummer\b|\r?$)",
    re.IGNORECASE | re.MULTILINE,
)
"""What stands behind a number that nobody has any more."""
_NAMED = re.compile(r"[^\W\d_]{2,}")
"""A part of a name."""
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")


def likelihood(before: str, text: str, end: int) -> int:
    """Return how likely a number is that of whom to remind, by what stands before it, and behind it at `end` of a text.

    -1: it is somebody else's, or nobody's any more; 0: nothing is said; 1: it takes texts; 2: it is theirs; 3: both.
    """
    *above, line = _EMPTY_LINE.split(before)[-1].rstrip(" \t\r").split("\n")
    said = line if _has_letters(line) or not above else f"{above[-1]}\n"
    label, call = _label(line), _TO_CALL.search(said)
    is_named = label is not None and label["theirs"] and (call is None or label.start() > call.start())
    if _NOT_USED.match(text, end) or (call is not None and not is_named):
        return -1
    whose = label or _heading(above, line)
    if whose is not None and not whose["theirs"]:
        return -1
    return 2 * (whose is not None) + _is_their_mobile(before, said, label)


def _is_their_mobile(before: str, line: str, whose: re.Match[str] | None) -> bool:
    """Say whether a number is called a mobile phone's, and the lines above it, up to who is to come, name nobody else.

    The word for it begins the line, or follows a label of theirs, `whose`: "Husband cell:" is another's.
    """
    word = _MOBILE.search(line)
    follows = whose is not None and (whose["colon"] is not None or whose["bare"] is not None)
    if word is None or (_has_letters(line[: word.start()]) and not follows):
        return False
    for one in reversed(before.split("\n")[:-1]):
        if _ANOTHER.search(one):
            return False
        if any(said["theirs"] for said in _WHOSE.finditer(one)):
            break
    return True


def is_of_who_comes(before: str, coming: Collection[str], away: Collection[str]) -> bool:
    """Say whether a number is that of one who comes, by what stands before it: a label, or one of the names `coming`.

    It isn't where a part of one of the names `away` stands there, too, which nobody who comes has.
    """
    words = set(_NAMED.findall(before.casefold()))
    if words & (_parts(away) - _parts(coming)):
        return False
    *above, line = _EMPTY_LINE.split(before)[-1].rstrip(" \t\r").split("\n")
    whose = _label(line) or _heading(above, line)
    if whose is not None:
        return whose["theirs"] is not None
    return any(name and set(_NAMED.findall(name.casefold())) <= words for name in coming)


def _parts(names: Collection[str]) -> set[str]:
    return {part for name in names for part in _NAMED.findall(name.casefold())}


def _label(line: str) -> re.Match[str] | None:
    """Return what says in the line of a number whose it is: the label that stands nearest."""
    return next(filter(_is_label, reversed(list(_WHOSE.finditer(line)))), None)


def _is_label(word: re.Match[str]) -> bool:
    """Say whether a word tells whose a number is: before a colon, or where it begins what is said of the number."""
    if word["places"]:
        return word["ours"] is not None or (word["colon"] is not None and not _has_letters(word.string[: word.start()]))
    if word["bare"] is None:
        return word["colon"] is not None or not word["nobodys"]
    return word["begins"] is not None and (not word["others"] or word["ours"] is not None)


def _heading(above: list[str], line: str) -> re.Match[str] | None:
    """Return the line above a number that says whose it is.

    A place's or a doctor's says that of no more than the number right below, which has neither a name nor a label.
    """
    for place, one in enumerate(reversed(above)):
        is_next = place == 0 and not _has_letters(line)
        if (word := _HEADING.fullmatch(one)) and (
            word["theirs"] or word["related"] or (is_next and (word["colon"] or word["nobodys"]))
        ):
            return word
        if is_next and (word := _label(one)) and word["theirs"]:
            return word
    return None


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))
