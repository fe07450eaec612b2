"""Content lines: one component's bytes as properties with parameters (RFC 5545, 3.1 and 3.2, RFC 6868).

Never interprets a value. Bytes are unfolded before they are decoded, since a fold may split a character. Properties
that nothing here reads are passed over. Ordinary lines are taken apart here, at a tenth of the cost of a general
parser; icalendar's parser reads the parameters of lines with quotes or carets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import NamedTuple

from attrs import define, field

from reminder_kit.errors import CalendarError

__all__ = ["Component", "Property", "decoded", "parse", "unescaped"]

_READ = frozenset(
    b"BEGIN END UID DTSTART DTEND DURATION RRULE RDATE EXDATE EXRULE RECURRENCE-ID SEQUENCE DTSTAMP LAST-MODIFIED "
    b"CREATED STATUS SUMMARY LOCATION DESCRIPTION URL CATEGORIES ORGANIZER ATTENDEE CONTACT TRIGGER REPEAT ACTION "
    b"ACKNOWLEDGED RELATED-TO RESOURCES TZID TZOFFSETFROM TZOFFSETTO".split()
)
"""The properties that are read, besides those that begin with X-."""
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
    #: What could not be read, or not whole, with its line.
    odd: list[tuple[str, int]] = field(factory=list)

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


def decoded(raw: bytes) -> tuple[str, bool]:
    """Return bytes as text, and whether they were UTF-8; other bytes are read as Windows-1252."""
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").replace("\ufffd", "?"), False


def _unfolded(data: bytes, line: int, limit: int) -> Iterator[tuple[bytes, int]]:
    """Yield (logical line, its number) of the properties that are read (RFC 5545, 3.1: a fold is one octet of space).

    A line is cut a little after `limit` bytes.
    """
    pending = bytearray()
    first = line
    for number, body in enumerate(BytesIO(data), line):
        raw = body.rstrip(b"\r\n")
        if raw[:1] in (b" ", b"\t"):
            if pending and len(pending) <= limit:
                pending += raw[1:]
            continue
        if pending:
            yield bytes(pending[: limit + 1]), first
        pending, first = bytearray(raw) if _is_read(raw) else bytearray(), number
    if pending:
        yield bytes(pending[: limit + 1]), first


def _is_read(raw: bytes) -> bool:
    """Say whether the property of a line is one that is read."""
    end = raw.find(b":")
    semicolon = raw.find(b";", 0, end if end >= 0 else len(raw))
    name = raw[: semicolon if semicolon >= 0 else end].strip().upper() if max(end, semicolon) >= 0 else raw.upper()
    return name in _READ or name.startswith(b"X-")


def parse(data: bytes, line: int, limit: int) -> Component:
    """Return the component that these bytes hold; `line` is where they begin in the file.

    What cannot be read as a content line is listed in `odd` with its line. Texts are cut at `limit` bytes. Raises
    `CalendarError` where a property that must be whole (a date, a rule) is longer.
    """
    top = Component("", line)
    stack = [top]
    for raw, number in _unfolded(data, line, limit):
        if len(raw) > limit:
            _check_cut(raw, number, limit, top)
        text, is_utf8 = decoded(raw)
        if not is_utf8:
            top.odd.append(("is not UTF-8 and was read as Windows-1252", number))
        read = _property(text, number)
        if read is None:
            top.odd.append((f"has no colon: {text[:40]!r}", number))
        elif read.name == "BEGIN":
            child = Component(read.value.strip().upper(), number)
            stack[-1].children.append(child)
            stack.append(child)
        elif read.name == "END":
            _close(stack, read.value.strip().upper())
        else:
            stack[-1].properties.setdefault(read.name, []).append(read)
    found = top.children[0] if top.children else top
    found.odd = top.odd
    return found


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


def _property(text: str, line: int) -> Property | None:
    head, colon, value = text.partition(":")
    if not colon:
        return None
    if '"' in head or "^" in head:
        return _quoted(text, line)
    name, semicolon, rest = head.partition(";")
    if not semicolon:
        return Property(name.strip().upper(), value, _NO_PARAMETERS, line)
    parameters: dict[str, str] = {}
    for word in rest.split(";"):
        key, _, setting = word.partition("=")
        parameters.setdefault(key.strip().upper(), setting.strip())
    return Property(name.strip().upper(), value, parameters, line)


def _quoted(text: str, line: int) -> Property | None:
    """Read a line whose parameters hold quotes or carets: its value begins after the first colon outside quotes."""
    from icalendar.parser import Parameters

    head, rest, inside = "", text, False
    for position, character in enumerate(text):
        if character == '"':
            inside = not inside
        elif character == ":" and not inside:
            head, rest = text[:position], text[position + 1 :]
            break
    else:
        head, _, rest = text.partition(":")
    name, _, settings = head.partition(";")
    try:
        found = dict(Parameters.from_ical(settings, strict=False)) if settings else {}  # type: ignore[no-untyped-call]
    except ValueError:
        found = {key: text.strip('"') for key, _, text in (part.partition("=") for part in settings.split(";"))}
    parameters = {
        str(key).upper(): occurrence if isinstance(occurrence, str) else ",".join(occurrence)
        for key, occurrence in found.items()
    }
    return Property(name.strip().upper(), rest, parameters, line)
