"""Language tags: which of several texts is in a reader's language and script, however both are spelled.

Pure: no clock, no I/O. Never asks CLDR, whose versions know different old names: the same text is chosen with any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["best_fitting", "language_and_script"]

_PAIRS = """
iw he  in id  ji yi  jw jv  mo ro  tl fil  no nb  sh sr  cmn zh

afr af  alb sq  amh am  ara ar  arm hy  aze az  baq eu  bel be  ben bn  bos bs  bul bg  bur my  cat ca  ces cs  chi zh
cym cy  cze cs  dan da  deu de  dut nl  ell el  eng en  est et  eus eu  fas fa  fin fi  fra fr  fre fr  geo ka  ger de
gle ga  glg gl  gre el  guj gu  hat ht  hau ha  heb he  hin hi  hrv hr  hun hu  hye hy  ibo ig  ice is  ind id  isl is
ita it  jav jv  jpn ja  kan kn  kat ka  kaz kk  khm km  kor ko  kur ku  lao lo  lav lv  lit lt  ltz lb  mac mk  mal ml
mar mr  may ms  mkd mk  mlt mt  mon mn  msa ms  mya my  nep ne  nld nl  nno nn  nob nb  nor nb  pan pa  per fa  pol pl
por pt  pus ps  ron ro  rum ro  rus ru  sin si  slk sk  slo sk  slv sl  som so  spa es  sqi sq  srp sr  swa sw  swe sv
tam ta  tel te  tgl fil tha th  tur tr  ukr uk  urd ur  uzb uz  vie vi  wel cy  xho xh  yid yi  yor yo  zho zh  zul zu
"""
_NAMES = dict(zip(_PAIRS.split()[::2], _PAIRS.split()[1::2], strict=True))
"""The names that languages had, or have with three letters (ISO 639-2), each with its usual one. Norwegian without
more is taken for Bokmål."""

_SCRIPTS = {
    "zh": {"": "hans", "tw": "hant", "hk": "hant", "mo": "hant"},
    "sr": {"": "cyrl", "me": "latn"},
    "sh": {"": "latn"},
    "az": {"": "latn", "ir": "arab"},
    "pa": {"": "guru", "pk": "arab"},
    "uz": {"": "latn", "af": "arab"},
}
"""The scripts of languages that are written in several, by country, where a tag names none; "": in all others."""


def language_and_script(tag: str) -> tuple[str, str]:
    """Return the language of a tag ("zh-TW", "no", "spa"), by its usual name, and its script; "": its only one."""
    first, *more = re.split("[-_]", tag.casefold())
    language = _NAMES.get(first, first)
    script = next((part for part in more if len(part) == 4 and part.isalpha()), "")
    country = next((part for part in more if len(part) == 2), "")
    usual = _SCRIPTS.get(first) or _SCRIPTS.get(language, {})
    return language, script or usual.get(country, usual.get("", ""))


def best_fitting(names: Iterable[str], tag: str) -> str | None:
    """Return the name that fits a language tag best; None: none of the names is of its language.

    That is the same tag, else one of the language and script, the language alone before those of countries, else one
    of the language alone.
    """
    several = tuple(names)
    if tag in several:
        return tag
    spelled = {name.replace("-", "_").casefold(): name for name in several}
    wanted = tag.replace("-", "_").casefold()
    if wanted in spelled:
        return spelled[wanted]
    (language, script), own = language_and_script(tag), wanted.partition("_")[0]

    def rank(name: str) -> tuple[bool, bool, bool, bool, str]:
        other_script = language_and_script(name)[1] != script
        return other_script, name != own, name.partition("_")[0] != own, name != language, name

    alike = [name for name in spelled if language_and_script(name)[0] == language]
    return spelled[min(alike, key=rank)] if alike else None
