"""Content lines: one component's bytes as properties with parameters (RFC 5545, 3.1 and 3.2, RFC 6868).

Never interprets a value. Bytes are unfolded before they are decoded, since a fold may split a character. Properties
that nothing here reads are passed over.

This is the one place where a content line is taken apart: the pass that splits a file asks it too. It is our own, since
`icalendar.parser.Contentline.parts` takes 319 µs an event, refuses what is plain (an unquoted colon in a parameter) and
says nothing of lines; ours takes a tenth of that. What icalendar does for us is said in `reader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import NamedTuple

from attrs import define, field

from reminder_kit.calendars.settings import Limits
from reminder_kit.errors import CalendarError

__all__ = ["KEPT", "PHONE_NAME", "Component", "Property", "content_line", "decoded", "parse", "unescaped", "unquoted"]

_READ = frozenset(
    b"BEGIN END UID DTSTART DTEND DURATION RRULE RDATE EXDATE EXRULE RECURRENCE-ID SEQUENCE DTSTAMP LAST-MODIFIED "
    b"CREATED STATUS SUMMARY LOCATION DESCRIPTION URL CATEGORIES ORGANIZER ATTENDEE CONTACT TRIGGER REPEAT ACTION "
    b"ACKNOWLEDGED RELATED-TO RESOURCES TZID TZOFFSETFROM TZOFFSETTO X-LIC-LOCATION X-MOZ-LASTACK "
    b"X-APPLE-DEFAULT-ALARM X-APPLE-LOCAL-DEFAULT-ALARM".split()
)
"""The properties that are read, besides those that hold a phone number."""
PHONE_NAME = re.compile(r"X-(?:[A-Z]+-)*(?:PHONE|TEL|TELEPHONE|MOBILE|CELL|SMS)(?:-?NUMBER)?", re.IGNORECASE)
"""Names of properties and parameters that hold a phone number."""
_TEXTS = frozenset({b"DESCRIPTION", b"SUMMARY", b"LOCATION", b"CONTACT", b"CATEGORIES", b"RESOURCES", b"URL"})
"""Properties that may be cut where they are too long; a date or rule that is cut would mean something else."""
_NO_PARAMETERS: Mapping[str, str] = {}


class Property(NamedTuple):
    """One content line."""

    #: In upper case.
    name: str
    #: As it stands in the file, unfolded.
    value: str
    #: By names in upper case.
    parameters: Mapping[str, str]
    #: Its line in the file, from 1.
    line: int


@define
class Component:
    """A component, such as a VEVENT, with its properties and the components directly within it."""

    #: In upper case.
    name: str
    #: The line of its BEGIN, from 1.
    line: int
    #: By names in upper case, each in the order of the file.
    properties: dict[str, list[Property]] = field(factory=dict)
    children: list[Component] = field(factory=list)
    #: Properties behind a piece of text that was never folded, while it is not decided whether they are some.
    torn: dict[str, list[Property]] = field(factory=dict)
    #: What could not be read, or not whole, with its line.
    odd: list[tuple[str, int]] = field(factory=list)
    #: The file that it is in, as problems name it; None: the source consists of one only.
    file: str | None = None

    def all(self, name: str) -> list[Property]:
        """Return every property of that name, in the order of the file."""
        return self.properties.get(name, [])

    def first(self, name: str) -> Property | None:
        """Return the first property of that name; None means that there is none."""
        found = self.properties.get(name)
        return found[0] if found else None

    def value(self, name: str) -> str:
        """Return the first property's value as it stands; "" where there is none."""
        found = self.properties.get(name)
        return found[0].value if found else ""

    def text(self, name: str) -> str:
        """Return the first property's value as text, unescaped and without control characters; "" for none."""
        found = self.properties.get(name)
        return unescaped(found[0].value) if found else ""


_CONTROLS = {code: None for code in (*range(32), 127) if code not in (9, 10)}


def unescaped(value: str) -> str:
    r"""Return a TEXT value as it is meant (RFC 5545, 3.3.11): `\n`, `\,`, `\;` and `\\` resolved, controls dropped."""
    if "\\" in value:
        parts = value.split("\\\\")
        value = "\\".join(
            part.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";") for part in parts
        )
    return value if value.isprintable() else value.translate(_CONTROLS).strip()


_QUOTES = {"'": "'", '"': '"', "‘": "’", "’": "’", "“": "”", "”": "”", "„": "“", "«": "»"}


def unquoted(text: str) -> str:
    """Return a name without blanks and the pair of quotes around it, which some programs write ("'Jane Doe'")."""
    name = text.strip()
    if len(name) > 2 and _QUOTES.get(name[0]) == name[-1]:
        return name[1:-1].strip()
    return name


def decoded(raw: bytes) -> tuple[str, bool]:
    """Return bytes as text, and whether they were UTF-8; other bytes are read as Windows-1252."""
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").replace("\ufffd", "?"), False


def _unfolded(data: bytes, line: int, limit: int) -> Iterator[tuple[bytes, int]]:
    """Yield (logical line, its number) of the properties that are read (RFC 5545, 3.1: a fold is one octet of space).

    A line is cut a little after `limit` bytes. For a line that is no content line, a piece of a text that was never
    folded, b"" is yielded.
    """
    pending = bytearray()
    first = line
    for number, body in enumerate(BytesIO(data), line):
        if body[:1] in (b" ", b"\t"):
            if pending and len(pending) <= limit:
                pending += body[1:].rstrip(b"\r\n")
            continue
        if pending:
            yield bytes(pending[: limit + 1]), first
            pending = bytearray()
        raw = body.rstrip(b"\r\n")
        if not raw:
            continue
        named = _NAME.match(raw)
        if named is None:
            yield b"", number
        elif _is_read(named[1].upper()):
            pending, first = bytearray(raw), number
    if pending:
        yield bytes(pending[: limit + 1]), first


_NAME = re.compile(rb"[ \t\x00]*([A-Za-z0-9-]+)[ \t]*(?:[:;]|$)")
"""The name a content line begins with; one that is all there is may have lost its value."""


def _is_read(name: bytes) -> bool:
    """Say whether a property, by its name in upper case, is one that is read."""
    return name in _READ or (name[:2] == b"X-" and PHONE_NAME.fullmatch(name.decode("ascii")) is not None)


def parse(data: bytes, line: int, limits: Limits) -> Component:
    """Return the component that these bytes hold; `line` is where they begin in the file.

    What cannot be read as a content line is listed in `odd` with its line. Texts are cut at the limit `line_bytes`.
    Raises `CalendarError` where a property that must be whole (a date, a rule) is longer, and where there are more
    properties of one name than the limit `same` allows, or ten times as many in all.
    """
    parser = _Parser(Component("", line), limits)
    for raw, number in _unfolded(data, line, limits.line_bytes):
        parser.add(raw, number)
    top = parser.stack[0]
    found = top.children[0] if top.children else top
    found.odd = top.odd
    _settle(found)
    return found


class _Parser:
    """The state of one pass over a component's lines."""

    def __init__(self, top: Component, limits: Limits) -> None:
        self.top = top
        self.limits = limits
        #: The open components, the outermost first.
        self.stack = [top]
        #: How many components are open around one that nobody reads; 0: all are read.
        self.read_depth = 0
        #: Whether a piece of a text that was never folded came before, within the innermost component.
        self.torn = False
        self.count = 0

    def add(self, raw: bytes, number: int) -> None:
        """Take one logical line in; b"" is a piece of a text."""
        if not raw:
            self.torn = True
            return
        if len(raw) > self.limits.line_bytes:
            _check_cut(raw, number, self.limits.line_bytes, self.top)
        text, is_utf8 = decoded(raw)
        if not is_utf8:
            self.top.odd.append(("is not UTF-8 and was read as Windows-1252", number))
        read = content_line(text, number)
        if read is None:
            self.top.odd.append((f"has no colon ({len(text)} characters)", number))
        elif read.name == "BEGIN":
            self.begin(read.value.strip().upper(), number)
        elif read.name == "END":
            self.torn = False
            _close(self.stack, read.value.strip().upper())
            self.read_depth = self.read_depth if len(self.stack) > self.read_depth else 0
        elif not self.read_depth:
            self.property(read)

    def begin(self, name: str, number: int) -> None:
        """Open a component; what nobody reads is not kept, nor is one of more than anybody reads."""
        self.torn = False
        parent, child = self.stack[-1], Component(name, number)
        if not self.read_depth:
            if len(parent.children) < KEPT and (parent is self.top or name in _COMPONENTS):
                parent.children.append(child)
            else:
                self.read_depth = len(self.stack)
        self.stack.append(child)

    def property(self, read: Property) -> None:
        """Keep a property of the innermost component."""
        component = self.stack[-1]
        same = (component.torn if self.torn else component.properties).setdefault(read.name, [])
        same.append(read)
        self.count += 1
        if len(same) > self.limits.same or self.count > 10 * self.limits.same:
            what = f"{self.limits.same} {read.name}" if len(same) > self.limits.same else "ten times `same` properties"
            raise CalendarError(f"has more than {what}; raise the limit `same`", line=read.line)


KEPT = 1000
"""Components within another one that are kept: alarms, or changes of the clock, beyond which nothing is read."""


_COMPONENTS = frozenset({"VALARM", "STANDARD", "DAYLIGHT", "VEVENT", "VTIMEZONE"})
"""The components that are read."""


def _settle(component: Component) -> None:
    """Decide of what stands behind torn text, which may be more of that text, what is a property.

    Where the same property stands in a sound place, that one counts, and one that differs is reported. Where it stands
    behind torn text only, the last one counts: the text comes before what follows it.
    """
    for name, found in component.torn.items():
        sound = component.properties.get(name)
        if name not in _ONCE:
            component.properties.setdefault(name, []).extend(found)
        elif sound is None:
            component.properties[name] = found if name in _DECISIVE else found[-1:]
        else:
            component.odd.extend(
                (f"looks like {name}, follows broken text and differs from line {sound[0].line}: not obeyed", read.line)
                for read in found
                if read.value.strip() != sound[0].value.strip()
            )
    component.torn = {}
    for child in component.children:
        _settle(child)
        component.odd.extend(child.odd)


_DECISIVE = frozenset({"UID", "DTSTART", "RECURRENCE-ID"})
"""What says which event it is, and when: where several differ, nobody knows which is meant."""
_ONCE = _DECISIVE | {
    "DTEND", "DURATION", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "CREATED", "STATUS", "SUMMARY", "LOCATION",
    "DESCRIPTION", "URL", "ORGANIZER", "CONTACT", "RRULE",
}  # fmt: skip
"""Properties that come once (RFC 5545, 3.6.1), and CONTACT: a second one behind torn text is a part of that text."""


def _check_cut(raw: bytes, line: int, limit: int, top: Component) -> None:
    name = raw[:40].partition(b":")[0].partition(b";")[0].strip().upper()
    if name not in _TEXTS and not name.startswith(b"X-"):
        raise CalendarError(f"has a line longer than {limit} bytes at line {line}", line=line)
    top.odd.append((f"is longer than {limit} bytes and was cut", line))


def _close(stack: list[Component], name: str) -> None:
    for depth in range(len(stack) - 1, 0, -1):
        if stack[depth].name == name:
            del stack[depth:]
            return


def content_line(text: str, line: int) -> Property | None:
    """Return one unfolded line as a property; None: it has no colon.

    The value begins after the first colon outside quotes. Many programs leave out the quotes (`TZID=tzone://…`,
    `CN=Dr. X: …`): for a date or an address it is the first colon that one of those follows.
    """
    head, colon, value = text.partition(":")
    if not colon:
        return None
    name, semicolon, rest = head.partition(";")
    name = name.strip().upper()
    if not semicolon:
        return Property(name, value, _NO_PARAMETERS, line)
    form = _FORMS.get(name)
    if '"' in head or value.startswith("//") or (form is not None and form.match(value) is None):
        begins = _value_begins(text, form)
        rest, value = text[text.index(";") + 1 : begins], text[begins + 1 :]
    return Property(name, value, _parameters(rest), line)


_DATE = re.compile(r"\s*\d{4}-?\d\d-?\d\d")
_ADDRESS = re.compile(
    r"\s*(?:(?:mailto|tel|sms|smsto|sip|urn|https?|ldap|cid|invalid|acap):|[^\s:;,@]+@[^\s:;,@]+\s*$|\+?\d[\d\s().-]{5,20}$)",
    re.IGNORECASE,
)
_FORMS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"), _DATE),
    **dict.fromkeys(("ATTENDEE", "ORGANIZER"), _ADDRESS),
}
"""What the value of a property begins with, where that tells it from a parameter."""
_COLONS = re.compile(r'"[^"]*"|:')
_TRIED = 20
"""Colons of one line that are tried."""


def _value_begins(text: str, form: re.Pattern[str] | None) -> int:
    """Return the place of the colon before the value; one before "//" is a part of an address."""
    found = (match.start() for match in _COLONS.finditer(text) if match[0] == ":")
    colons = list(islice(found, _TRIED)) or [text.index(":")]
    plain = [at for at in colons if not text.startswith("//", at + 1)] or colons
    fitting = (at for at in plain if form is not None and form.match(text, at + 1))
    return next(fitting, plain[0])


_WORDS = re.compile(r'(?:"[^"]*"|[^";])+')


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters of a line by name, unquoted; the first of a name counts."""
    words = _WORDS.findall(text) if '"' in text and text.count('"') % 2 == 0 else text.split(";")
    found: dict[str, str] = {}
    for word in words:
        key, _, setting = word.partition("=")
        setting = setting.strip().replace('"', "")
        if "^" in setting:
            setting = _CARET.sub(lambda match: _CARETS[match[1]], setting)
        found.setdefault(key.strip().upper(), setting)
    return found


_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}
"""What stands for a line break, a quote and a caret in parameters (RFC 6868)."""
