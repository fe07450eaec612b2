"""Recipients: who is to be reminded of an event, and under which number.

Never names anyone who declined, the organiser, a room, or a number that the event does not give for this appointment;
an invited person without a number is listed in a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import unquote

from attrs import evolve, field, frozen

from reminder_kit.calendars.contact_names import name_before
from reminder_kit.calendars.content_lines import PHONE_NAME, Component, Property, unescaped, unquoted
from reminder_kit.calendars.directory import Directory, Entry, by_name
from reminder_kit.calendars.phone_names import is_clients, is_phone_name
from reminder_kit.calendars.settings import CalendarSettings
from reminder_kit.calendars.text_labels import is_of_who_comes
from reminder_kit.calendars.text_numbers import TextSearch
from reminder_kit.model.appointments import Recipient
from reminder_kit.model.phones import phone_number

__all__ = ["NOT_PEOPLE", "Person", "Reached", "people"]

_URI = re.compile(r"\s*(tel|sms|smsto|mailto):(.*)", re.IGNORECASE | re.DOTALL)
_CALLED = ("tel", "sms", "smsto")
"""The schemes of addresses that are numbers."""
_BARE = re.compile(r"[+(]?\d[\d\s()./-]{5,24}")
"""A number that a program writes for an address without any scheme."""
_AWAY = ("DECLINED", "DELEGATED")
"""What is replied (PARTSTAT) by who does not come."""
NOT_PEOPLE = ("ROOM", "RESOURCE")
"""Calendar user types (CUTYPE) that are no people, and are never reminded."""


@frozen
class Person:
    """Someone invited; what is not known is ""."""

    #: The calendar address, in lower case.
    address: str = field(repr=False)
    #: In lower case.
    email: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    #: The number that is the address (`tel:`), as it was written.
    phone: str = field(default="", repr=False)
    #: PARTSTAT, in upper case: the last reply's, else the event's.
    status: str = ""
    #: The number in a parameter of the address, as it was written.
    extra: str = field(default="", repr=False)

    @property
    def label(self) -> str:
        """How a warning names the person."""
        return self.name or self.email or "someone without a name"


@frozen
class Reached:
    """Who is reminded of an event, as far as the event itself says."""

    #: Who is, for sure.
    recipients: tuple[Recipient, ...] = ()
    #: All who are invited.
    invited: tuple[Person, ...] = ()
    #: Whose number was found in a text, the likeliest first: one of them is reminded, unless it is a desk's.
    guesses: tuple[Recipient, ...] = ()
    #: Who has no number, and gets that of the text; "": nobody in particular.
    borrower: str = ""


def people(
    event: Component,
    uid: str,
    settings: CalendarSettings,
    directory: Directory,
    replies: Mapping[str, str],
    warn: Callable[[str, int], None],
    search: TextSearch,
) -> Reached:
    """Return who is reminded, and all who are invited; `replies` are their answers (PARTSTAT) by address.

    Sources of numbers are looked into in the configured order. The first that gives an invited person a number decides
    for that person. A number that belongs to the event as a whole (`x-phone`, `contact`, `text`, the directory by UID)
    is used only while nobody has one, and is taken for the invited person's where exactly one is invited. Our own
    numbers are nobody's, and one from a text is a guess: whoever reads all of the source knows the numbers of desks.
    Raises `CalendarError` where no more may be looked at.
    """
    invited = tuple(_invited(event, replies, settings.region))
    wanted = tuple(person for person in invited if person.status not in _AWAY)
    away = tuple(person for person in invited if person.status in _AWAY)
    if invited and not wanted:
        return Reached(invited=invited)
    found: dict[str, tuple[Recipient, ...]] = {}
    for source in settings.phones if "directory" in settings.phones else _with_directory(settings.phones):
        for person in [one for one in wanted if one.address not in found]:
            told = _of_person(source, person, directory, uid, event.line, warn)
            if recipients := _final(told, settings, search):
                found[person.address] = recipients
        if source == "text":
            if not found and (guesses := _guessed(event, wanted, away, settings, warn, search)):
                return Reached((), invited, guesses, wanted[0].label if len(wanted) == 1 else "")
            continue
        if found:
            continue
        told = _of_event(source, event, search, warn) or _of_visit(source, event, uid, directory, invited, warn)
        sure = _of_clients(event, settings.region) if source == "x-phone" and away else ()
        if general := _without(away, _final(told, settings, search), sure, settings.region, event.line, warn):
            _list_missing(wanted if len(wanted) > 1 or _are_anothers(general, wanted) else (), {}, warn, event.line)
            return Reached(_owned(general, wanted), invited)
    if found:  # an event without any number is counted by whoever reads it
        _list_missing(wanted, found, warn, event.line)
    reached = [one for person in wanted for one in found.get(person.address, ())]
    return Reached(_each_once(reached), invited)


def _guessed(
    event: Component,
    wanted: tuple[Person, ...],
    away: tuple[Person, ...],
    settings: CalendarSettings,
    warn: Callable[[str, int], None],
    search: TextSearch,
) -> tuple[Recipient, ...]:
    """Return who may be reminded by a number in the event's texts, the likeliest first."""
    numbers, has_machines, has_others = search.numbers_in(event.text(name) for name in _TEXTS)
    if has_machines:
        warn("holds a number to dial in by in its text: it is passed over", event.line)
    if has_others and not numbers:
        warn(
            "the number in its text is said to be somebody else's or to call (by the words beside it): it is passed "
            "over; name it in [calendar] allow if it is a person's to remind",
            event.line,
        )
    guesses = _final([Recipient(number) for number, _ in numbers], settings, search)
    coming, gone = [[person.name for person in group] for group in (wanted, away)]
    sure = [number for number, before in numbers if is_of_who_comes(before, coming, gone)]
    guesses = _without(away, guesses, sure, settings.region, event.line, warn)
    if len(guesses) > 1:
        warn("holds several phone numbers in its text: the first is used, a mobile phone's before others", event.line)
    if guesses and len(wanted) > 1:
        _list_missing(wanted, {}, warn, event.line)
    return tuple(_owned((guess,), wanted)[0] for guess in guesses)


_TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION")
"""The texts in which numbers are looked for: a title names the person, notes name anybody."""


def _list_missing(
    wanted: tuple[Person, ...], found: Mapping[str, object], warn: Callable[[str, int], None], line: int
) -> None:
    for person in wanted:
        if person.address not in found:
            warn(f"{person.label} has no phone number and is not reminded", line)


def _with_directory(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Return the order of sources with the directory in it: before the guesses from text, where it is not placed."""
    place = phones.index("text") if "text" in phones else len(phones)
    return (*phones[:place], "directory", *phones[place:])


def _final(recipients: Collection[Recipient], settings: CalendarSettings, search: TextSearch) -> tuple[Recipient, ...]:
    """Return the number of each as E.164 where it can be, each person once, and none whose number is one of ours."""
    region = settings.region
    search.pay(_READ * max(0, len(recipients) - _FREE))
    numbered = [evolve(one, phone=phone_number(one.phone, region) or one.phone) for one in recipients]
    own = {phone_number(number, region) for number in settings.own_numbers} if numbered else set()
    return _each_once([one for one in numbered if one.phone not in own])


def _each_once(people: Collection[Recipient]) -> tuple[Recipient, ...]:
    """Return each person once: two of different names may share a number, who is called nothing is one of them."""
    named = {(one.id, one.phone) for one in people if one.name}
    found: dict[tuple[str | None, str, str], Recipient] = {}
    for one in people:
        if one.name or (one.id, one.phone) not in named:
            found.setdefault((one.id, one.phone, one.name.casefold()), one)
    return tuple(found.values())


_READ, _FREE = 30, 3
"""What reading a number costs (`TextSearch.pay`), and how many cost nothing: an ordinary event is always read."""


def _owned(general: tuple[Recipient, ...], wanted: tuple[Person, ...]) -> tuple[Recipient, ...]:
    """Return the event's only number as that of the only person invited."""
    if len(wanted) != 1 or len(general) != 1 or _are_anothers(general, wanted):
        return general
    person, only = wanted[0], general[0]
    id_, name, email = only.id or person.email or None, only.name or person.name, only.email or person.email
    return (evolve(only, id=id_, name=name, email=email),)


def _without(
    away: tuple[Person, ...],
    general: tuple[Recipient, ...],
    sure: Collection[str],
    region: str | None,
    line: int,
    warn: Callable[[str, int], None],
) -> tuple[Recipient, ...]:
    """Return an event's numbers without those of people who declined, and without those that may be theirs.

    `sure` are those that are said to be of who comes.
    """
    if not away or not general:
        return general
    numbers = {phone_number(number, region) for person in away for number in (person.phone, person.extra) if number}
    names = {name for person in away for name in (person.name.casefold(), person.email) if name}
    others = [one for one in general if one.phone not in numbers and names.isdisjoint(_names_of(one))]
    known = all(person.phone or person.extra for person in away)
    left = [one for one in others if known or _names_of(one) or one.phone in sure]
    if len(left) < len(others):
        warn("the number may be that of someone who declined: it is not used; give attendees their own numbers", line)
    return tuple(left)


def _names_of(one: Recipient) -> set[str]:
    return {one.name.casefold(), one.email.casefold()} - {""}


def _are_anothers(general: tuple[Recipient, ...], wanted: tuple[Person, ...]) -> bool:
    """Say whether numbers come with the e-mail addresses of others than those invited, who have some."""
    known = {person.email for person in wanted} | {""}
    return len(known) > 1 and all(one.email.casefold() not in known for one in general)


_NOBODYS = ("", "mailto:")
"""Addresses that programs write where they leave one out."""


def _invited(event: Component, replies: Mapping[str, str], region: str | None) -> Iterator[Person]:
    organizer = event.first("ORGANIZER")
    owner = _address(organizer.value, region) if organizer is not None else ""
    answered = {_address(address, region): status for address, status in replies.items()}
    seen: dict[str, set[str]] = {}
    for property_ in event.all("ATTENDEE"):
        person = _person(property_, answered, region)
        kind = property_.parameters.get("CUTYPE", "").upper()
        is_owner = owner not in _NOBODYS and owner in (person.address, f"mailto:{person.email}")
        if person.address in _NOBODYS:
            person = evolve(person, address=f"line {property_.line}")
        names = seen.get(person.address)
        shares = names is not None and person.phone != "" and person.name.casefold() not in names | {""}
        if is_owner or (names is not None and not shares) or kind in NOT_PEOPLE:
            continue
        if property_.parameters.get("ROLE", "").upper() == "NON-PARTICIPANT":
            continue
        seen.setdefault(person.address, set()).add(person.name.casefold())
        yield evolve(person, address=f"line {property_.line}") if shares else person


def _parts(value: str, region: str | None) -> tuple[str, str]:
    """Return the scheme of a calendar address, in lower case, and what follows it; a bare number is one to call."""
    match = _URI.match(value)
    if match is None:
        rest = value.strip()
        return ("tel" if _BARE.fullmatch(rest) and phone_number(rest, region) else ""), rest
    return match[1].lower(), unquote(match[2]).strip().partition("?")[0]


def _address(value: str, region: str | None) -> str:
    """Return a calendar address as it is compared: a number is the same however it is written (RFC 3966, 4)."""
    scheme, rest = _parts(value, region)
    number = phone_number(_uri_number(rest), region) if scheme in _CALLED else None
    return re.sub(r"\s+", "", value).casefold() if number is None else f"tel:{number}"


def _person(property_: Property, answered: Mapping[str, str], region: str | None) -> Person:
    scheme, rest = _parts(property_.value, region)
    address = _address(property_.value, region)
    parameters = property_.parameters
    email = rest if scheme == "mailto" else parameters.get("EMAIL", "").strip()
    extra = next((value for name, value in parameters.items() if is_phone_name(name)), "")
    return Person(
        address=address,
        email=email.removeprefix("mailto:").casefold() if "@" in email else "",
        name=_name(parameters.get("CN", ""), email),
        phone=_uri_number(rest) if scheme in _CALLED else "",
        status=(answered.get(address) or parameters.get("PARTSTAT", "")).upper(),
        extra=_without_scheme(extra),
    )


def _uri_number(rest: str) -> str:
    """Return the number of a `tel:` URI; a local one follows its `phone-context` (RFC 3966, 5.1.4)."""
    number, _, parameters = rest.partition(";")
    context = re.search(r"phone-context=(\+[\d.()-]+)", parameters, re.IGNORECASE)
    return number if number.startswith("+") or context is None else context[1] + number


def _name(text: str, email: str) -> str:
    name = unquoted(unescaped(text))
    return "" if name.casefold() == email.casefold() or "@" in name else name


def _of_person(
    source: str, person: Person, directory: Directory, uid: str, line: int, warn: Callable[[str, int], None]
) -> list[Recipient]:
    key = person.email or None
    if source == "attendee" and person.phone:
        return [Recipient(person.phone, id=key, name=person.name, email=person.email)]
    if source == "x-phone" and person.extra:
        return [Recipient(person.extra, id=key, name=person.name, email=person.email)]
    if source == "email" and person.email:
        return [Recipient(id=key, name=person.name, email=person.email)]
    if source == "directory":
        entries = directory.get(f"email:{person.email}", ()) if person.email else ()
        if not entries:
            entries, why = by_name(directory, person.name, person.email, uid)
            _say(why, warn, line)
        return _recipients(entries, key, person.name)
    return []


def _recipients(entries: tuple[Entry, ...], key: str | None, name: str) -> list[Recipient]:
    """Return the people of one or more rows; of several the first is known by the person's address, each by its name.

    `key` and `name` are the invited person's; None and "": not known.
    """
    alone = len(entries) == 1
    return [
        Recipient(
            entry.phone,
            id=None if place else key,
            name=(name or entry.name) if alone else (entry.name or name),
            timezone=entry.timezone,
            locale=entry.locale,
            email=entry.email or ("" if place else key or ""),
        )
        for place, entry in enumerate(entries)
    ]


def _of_event(source: str, event: Component, search: TextSearch, warn: Callable[[str, int], None]) -> list[Recipient]:
    """Return the people whose numbers belong to the event as a whole."""
    if source == "x-phone":
        given = [one for name, same in event.properties.items() if PHONE_NAME.fullmatch(name) for one in same]
        found = [property_ for property_ in given if _without_scheme(property_.value)]
        for other in [property_ for property_ in found if not is_phone_name(property_.name)]:
            warn(f"{other.name[:40]} is somebody else's number by its name: it is passed over", other.line)
        return [Recipient(_without_scheme(one.value)) for one in found if is_phone_name(one.name)]
    return _contacts(event, search, warn) if source == "contact" else []


def _of_clients(event: Component, region: str | None) -> list[str]:
    """Return the numbers of properties that are named after whom to remind."""
    values = [_without_scheme(one.value) for name, same in event.properties.items() if is_clients(name) for one in same]
    return [phone_number(value, region) or value for value in values]


def _contacts(event: Component, search: TextSearch, warn: Callable[[str, int], None]) -> list[Recipient]:
    """Return all who are named in CONTACT, each by the name that stands before the number."""
    found: list[Recipient] = []
    for property_ in event.all("CONTACT"):
        numbers, has_machines, has_more = search.contacts_in(unescaped(property_.value))
        if has_machines:
            warn("holds a number to dial in by in CONTACT: it is passed over", property_.line)
        if has_more:
            warn("holds too much in one CONTACT: only the first dozen numbers in it are looked at", property_.line)
        found += [Recipient(number, name=name_before(before)) for number, before in numbers]
    return found


def _of_visit(
    source: str,
    event: Component,
    uid: str,
    directory: Directory,
    invited: tuple[Person, ...],
    warn: Callable[[str, int], None],
) -> list[Recipient]:
    """Return whom the directory knows by the UID of the event, else by its title; the invited are known otherwise."""
    if source != "directory":
        return []
    entries = directory.get(f"uid:{uid.casefold()}", ())
    title = event.text("SUMMARY")
    if not entries and title.casefold() not in {person.name.casefold() for person in invited}:
        entries, why = by_name(directory, title, "", uid)
        _say(why, warn, event.line)
    return _recipients(entries, None, "")


def _say(why: str, warn: Callable[[str, int], None], line: int) -> None:
    if why:
        warn(why, line)


def _without_scheme(value: str) -> str:
    return re.sub(r"^(?:tel|sms):", "", value.strip(), flags=re.IGNORECASE).strip()
