"""Numbers in texts: which of the numbers that people write into titles and notes may be somebody's to remind.

Never takes the number of a machine or a desk for a person's: one to dial in by, a fax's, one that is said to be
somebody else's (`text_labels`), and one that stands in the notes of many people's appointments. Never searches more
than its share.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from attrs import define, field

from reminder_kit.calendars.text_labels import likelihood
from reminder_kit.calendars.text_masks import without_addresses, without_dates
from reminder_kit.errors import CalendarError
from reminder_kit.model.phones import is_possible

__all__ = ["Desks", "Found", "TextSearch"]

Found = tuple[str, str]
"""A number as E.164, and what stands before it, up to the number before that."""

_Searched = tuple[tuple[Found, ...], bool, frozenset[str]]
"""What is in a text: numbers, whether a machine's is passed over, and the numbers of others."""

_Match = tuple[str, int, int]
"""A number as E.164, and where it begins and ends."""

_LONGEST_NAME = 200
"""Characters before a number that its owner's name is looked for in."""
_MOST = 12
"""Numbers of one text that are looked at: a list to dial in by, and one more."""
_LONGEST_TEXT = 4000
"""Characters of a text that are searched for numbers."""


@define(eq=False)
class TextSearch:
    """The search for numbers in the texts of one source: each is searched once, and paid for."""

    #: The country of numbers without a country code; None: only numbers with one are found.
    region: str | None = None
    #: What the search may still cost, in microseconds or so.
    left: int = 5_000_000
    #: Numbers that are people's, whatever is said beside them.
    allowed: Collection[str] = field(default=(), repr=False)
    _known: dict[tuple[str, bool], _Searched] = field(factory=dict, repr=False)

    def numbers_in(self, texts: Iterable[str]) -> tuple[list[Found], bool, bool]:
        """Return the first two numbers in some texts (more say no more than that they are several), no machine's.

        Of one text those count that are said to be whom to remind's, where any are, a mobile phone's first. With them
        comes whether a machine's was passed over, and whether one that is said to be somebody else's was. Raises
        `CalendarError` where the share is used up.
        """
        found: dict[str, str] = {}
        passed_over, others = False, frozenset[str]()
        for text in texts:
            numbers, machines, theirs = self._searched(text[:_LONGEST_TEXT])
            passed_over, others = passed_over or machines, others | theirs
            for number, before in numbers:
                found.setdefault(number, before)
            if len(found) > 1:
                break
        return [one for one in found.items() if one[0] not in others][:2], passed_over, bool(others)

    def contacts_in(self, text: str) -> tuple[list[Found], bool, bool]:
        """Return the numbers in a text that names people, a dozen at most.

        With them comes whether a machine's was passed over, which is one that is said to be dialled into, and whether
        there is more in the text. Raises `CalendarError` where the share is used up.
        """
        found, passed_over, _ = self._searched(text[:_LONGEST_TEXT], names_people=True)
        return list(found[:_MOST]), passed_over, len(found) > _MOST or len(text) > _LONGEST_TEXT

    def _searched(self, text: str, *, names_people: bool = False) -> _Searched:
        """Return what is in a text; many events say the same, and most hold no digits that could be a number."""
        known = self._known.get((text, names_people))
        if known is None:
            plain = _plain(text)
            if (digits := sum(map(str.isdigit, plain))) == 0:
                return (), False, frozenset()
            self.pay(_EACH + _DIGIT * min(digits, _MOST_DIGITS))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            matches = _matches(plain, self.region, _MOST + names_people)
            self.left -= min(self.left, _MATCH * max(0, len(matches) - _FEW))
            found = _contacts(matches, text) if names_people else _likeliest(matches, text, self.allowed)
            known = self._known[text, names_people] = found
        return known

    def pay(self, cost: int) -> None:
        """Pay for looking at what may be a number; raises `CalendarError` where the share is used up."""
        if cost > self.left:
            raise CalendarError(
                "the calendar holds too much that may be a number to look at all of it; give attendees their numbers, "
                "or raise its limit `numbers`, which is used up"
            )
        self.left -= cost


_RUN = re.compile(r"\d(?:(?:[^\w\n]|[xXー]){0,4}\d)*")
"""Digits that belong together, as phonenumbers has it: with four characters of punctuation between them at most."""
_SHORTEST = 7
"""As few digits a number may have."""
_EACH, _DIGIT, _MOST_DIGITS = 30, 7, 700
"""What a search costs, and each digit; so many at the most, since phonenumbers gives up after a hundred tries."""
_MATCH, _FEW = 200, 2
"""What each number beyond a few costs besides."""
_REMEMBERED = 1000
"""Texts of which it is remembered what is in them."""


def _plain(text: str) -> str:
    """Return a text, as long as it was, with no other digits than those of what may be a number; "" for none."""
    if not any(map(_is_long, _RUN.finditer(text))):
        return ""
    return _RUN.sub(_plain_run, without_addresses(text))


def _plain_run(run: re.Match[str]) -> str:
    """Return digits that belong together as they are but for dates among them."""
    if not _is_long(run):
        return _hidden_where_short(run)
    return _RUN.sub(_hidden_where_short, without_dates(run.string, run.start(), run.end()))


def _is_long(run: re.Match[str]) -> bool:
    return sum(map(str.isdigit, run[0])) >= _SHORTEST


def _hidden_where_short(run: re.Match[str]) -> str:
    """Return digits as they are, and too few for a number as letters: phonenumbers would look at each of them."""
    return run[0] if _is_long(run) else "x" * len(run[0])


def _spoken(matches: Iterable[_Match], text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield each number that is no fax's, what stands before it, and where it begins and ends."""
    told_until = 0
    for number, start, end in matches:
        before, told_until = text[max(told_until, start - _LONGEST_NAME) : start], end
        if (fax := _FAX.search(before)) is None or fax["phone"]:
            yield number, before, start, end


def _likeliest(matches: Iterable[_Match], text: str, allowed: Collection[str]) -> _Searched:
    """Return the first two of a text's likeliest numbers, whether a machine's is there, and those of others."""
    found: dict[str, tuple[int, str]] = {}
    machine_until, likely = -1, 0
    for number, before, start, end in _spoken(matches, text):
        between = text[machine_until:start] if machine_until >= 0 else ""
        listed = 0 < len(between) <= _LISTED and _ENDS_LIST.search(between) is None
        if listed or _is_machines(text, start, end):
            machine_until = end
            continue
        likely = likelihood(before, text, end) or (likely if _ALSO.fullmatch(before) else 0)
        likely = max(likely, 0) if number in allowed else likely
        if number not in found or abs(likely) > abs(found[number][0]):
            found[number] = likely, before
    most = max((likely for likely, _ in found.values()), default=0)
    theirs = [one for one in found.items() if one[1][0] // 2 == most // 2 >= 0]
    likeliest = [(number, before) for number, (_, before) in sorted(theirs, key=lambda one: -one[1][0])]
    others = frozenset(number for number, (likely, _) in found.items() if likely < 0)
    return tuple(likeliest[:2]), machine_until >= 0, others


def _contacts(matches: Iterable[_Match], text: str) -> _Searched:
    """Return the numbers of a text that names people, and whether a machine's is among them, and is passed over.

    A word such as "Zoom" may belong to a person's firm there: a number is a machine's where it is said to be dialled
    into, or where a code follows it, and so are those behind it that bear no name.
    """
    found: list[Found] = []
    machine_until = -1
    for number, before, start, end in _spoken(matches, text):
        listed = machine_until >= 0 and not any(map(str.isalpha, text[machine_until:start]))
        if listed or _AFTER.match(text, end) or _DIALLED.search(before):
            machine_until = end
        else:
            found.append((number, before))
    return tuple(found), machine_until >= 0, frozenset()


_ALSO = re.compile(
    r"[^\w\n]{0,4}(?:(?:or|and|oder|und|ou|et|o|y|e)\b[^\w\n]{1,4})?(?:(?:call|text|sms|whatsapp)\b[^\w\n]{1,4})?",
    re.IGNORECASE,
)
"""What stands between two numbers of which the same is said."""
_LISTED = 80
"""Characters between the numbers of one list: where one is to dial in by, so is the next."""
_ENDS_LIST = re.compile(r"\n[ \t]*\r?\n")
"""What ends such a list: an empty line."""
_AFTER = re.compile(
    r"[ \t]*(?:,+[ \t]*[\d*#,]+#"
    r"|[^\n\d+]{0,30}\b(?:pin|pass ?code|access code|conference id|meeting id|participant code)\b)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:dial(?:[ -]?in)?|or dial|one[ -]tap|join by phone|by phone|einwahl|call[ -]in|conference|webinar|"
    r"meeting(?!\s+(?:with|mit)\b)|zoom|teams|meet\.google|google meet)\b[^\n+]{0,60}$",
    re.IGNORECASE,
)
"""What stands near a number to dial in by."""
_DIALLED = re.compile(r"\b(?:dial[ -]?in|one[ -]tap|join by phone|einwahl|call-in)\b[^\n+]{0,60}$", re.IGNORECASE)
"""What stands before one for sure."""
_FAX = re.compile(
    r"(?:\b(?P<phone>tel\w*|phone)\W{0,3}(?:(?:and|und|et|y|e)\W)?\W?)?(?<!\w)(?:tele)?fax(?:nummer)?\b"
    r"[ \t.:(-]{0,4}(?:n[ro]\b[ \t.:(-]{0,3})?$",
    re.IGNORECASE,
)
"""What stands before the number of a fax, and maybe of a phone, too ("Tel/Fax:")."""


def _is_machines(text: str, start: int, end: int) -> bool:
    """Say whether a number is one to dial in by, by what stands before it in its line and the one above, and behind."""
    lines = text[max(0, start - 160) : start].rsplit("\n", 2)[-2:]
    return _AFTER.match(text, end) is not None or any(_BEFORE.search(line.rstrip(": \t")) for line in lines)


@define
class Desks:
    """The numbers of desks: those in the notes of several appointments of several people."""

    #: Numbers that are people's, however often they come.
    allowed: Collection[str] = ()
    #: By number, the appointments (UIDs) and the people (addresses or names) in whose text it stands.
    _seen: dict[str, tuple[set[str], set[str]]] = field(factory=dict)
    #: The same, by the titles of appointments that name nobody else.
    _titled: dict[str, tuple[set[str], set[str]]] = field(factory=dict)

    def note(self, numbers: Iterable[str], uid: str, people: Iterable[str], title: str = "") -> None:
        """Note in the text of which appointment, and for whom, numbers stand; "": its title is nobody's name."""
        for number in numbers:
            _add(self._seen, number, uid, people)
            if title:
                _add(self._titled, number, uid, [title.casefold()])

    def has(self, number: str) -> bool:
        """Say whether a number is a desk's."""
        return number not in self.allowed and _are_several(self._seen, number)

    def may_have(self, number: str) -> bool:
        """Say whether a number may be a desk's: it stands under several titles, which may be people's names."""
        return number not in self.allowed and _are_several(self._titled, number)


def _add(seen: dict[str, tuple[set[str], set[str]]], number: str, uid: str, names: Iterable[str]) -> None:
    uids, known = seen.setdefault(number, (set(), set()))
    if len(known) < _SEVERAL or len(uids) < _SEVERAL:
        uids.add(uid)
        known.update(names)


def _are_several(seen: dict[str, tuple[set[str], set[str]]], number: str) -> bool:
    return all(len(kind) >= _SEVERAL for kind in seen.get(number, ((), ())))


_SEVERAL = 3
"""Appointments, and people, that one number may be for before it is nobody's own."""


def _matches(text: str, region: str | None, most: int = _MOST) -> list[_Match]:
    """Return the phone numbers in a text as E.164, each with where it begins and ends; in the order of the text.

    `most` are looked at of those with a country code, and as many of others.

    A number with a country code must be possible; one without must be in use in the region, and grouped as numbers are
    there, since a text also holds dates, prices and invoices. `region` None: only numbers with a country code are
    found.
    """
    import phonenumbers

    leniency = phonenumbers.Leniency
    found: list[_Match] = []
    for strictness in (leniency.POSSIBLE, leniency.STRICT_GROUPING):
        if strictness == leniency.POSSIBLE and "+" not in text:
            continue
        matcher = phonenumbers.PhoneNumberMatcher(text, region, leniency=strictness, max_tries=100)
        of_this_kind = 0
        for match in matcher:
            if of_this_kind == most:
                break
            if match.raw_string.lstrip("(").startswith("+") == (strictness == leniency.POSSIBLE):
                number = str(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164))
                if is_possible(number):  # for phonenumbers one that is only dialled locally is
                    found.append((number, match.start, match.end))
                    of_this_kind += 1
    return sorted(found, key=lambda item: item[1])
