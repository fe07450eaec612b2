"""The XML of WebDAV: multi-status answers (RFC 4918, 14.16) as values, read piece by piece.

Never expands an entity and never follows a reference: a document type, of which no server's answer has any use, ends
the reading, and so do depth and length beyond all sense. It stands on expat itself, for what keeps `ElementTree` safe
(defusedxml) has had no release for years, and lxml would be a compiled library for one small grammar.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.parsers import expat

from attrs import define, field, frozen

__all__ = ["MultiStatus", "Resource", "UnreadableXmlError", "multi_status"]

_PIECE = 64 * 1024
_DEPTH = 64
"""Elements within each other: an answer has eight."""
_ELEMENTS = 2_000_000
_DAV, _CALDAV, _CTAG = "DAV:", "urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/"

_RESPONSE, _PROPSTAT, _PROP = f"{_DAV} response", f"{_DAV} propstat", f"{_DAV} prop"
_TEXTS = {
    f"{_DAV} href": "href",
    f"{_DAV} status": "status",
    f"{_DAV} getetag": "etag",
    f"{_DAV} sync-token": "token",
    f"{_CTAG} getctag": "ctag",
    f"{_CALDAV} calendar-data": "data",
}
"""The elements whose text is read, and what it is."""

_KINDS = {f"{_CALDAV} calendar": "calendar", f"{_DAV} collection": "collection"}
_STATUS = re.compile(r"HTTP/\S+\s+(\d{3})")


class UnreadableXmlError(Exception):
    """An answer that is no multi-status, or more of one than is read; the text ends a sentence about it."""


@frozen
class Resource:
    """What an answer says of one resource: only what it says with status 200."""

    #: Its address, as the server writes it.
    href: str
    #: The status of the resource as a whole; 200 where it has none of its own.
    status: int = 200
    #: The name of its present state; "": none is told.
    etag: str = ""
    #: Its iCalendar text; None: it is not told.
    data: str | None = field(default=None, repr=False)
    #: The token of its present state, and an older name of the same; "": neither is told.
    token: str = ""
    ctag: str = ""
    #: Whether it is a calendar, and whether it is a collection at all.
    is_calendar: bool = False
    is_collection: bool = False


@frozen
class MultiStatus:
    """A whole answer."""

    resources: tuple[Resource, ...]
    #: By which the next question is asked (RFC 6578, 6.2); "": none is told.
    token: str


def multi_status(stream: BinaryIO, longest: int) -> MultiStatus:
    """Read an answer; `longest` is how many characters one text may have. Raises `UnreadableXmlError`."""
    reader = _Reader(longest)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = reader.refuse
    try:
        while piece := stream.read(_PIECE):
            parser.Parse(piece, False)  # noqa: FBT003 - expat's own
        parser.Parse(b"", True)  # noqa: FBT003 - likewise
    except expat.ExpatError as error:
        raise UnreadableXmlError(f"is no XML (line {error.lineno})") from None
    if not reader.is_multi_status:
        raise UnreadableXmlError("is XML of another kind")
    return MultiStatus(tuple(reader.resources), reader.token)


@define
class _Reader:
    """What is read so far: the way to the present element, and what it told."""

    longest: int
    is_multi_status: bool = False
    token: str = ""
    resources: list[Resource] = field(factory=list)
    _way: list[str] = field(factory=list)
    _count: int = 0
    #: What a response says of the whole, and the text that is being read.
    _own: dict[str, str] = field(factory=dict)
    _text: list[str] = field(factory=list, repr=False)
    _length: int = 0
    #: What the present propstat says, its status, and what those before said with status 200.
    _props: dict[str, str] = field(factory=dict)
    _status: str = ""
    _told: dict[str, str] = field(factory=dict)

    def refuse(self, *_declared: object) -> None:
        """Refuse a document type, with all that it may declare."""
        raise UnreadableXmlError("declares a document type, which no calendar server's answer does: refused")

    def begin(self, name: str, _attributes: object) -> None:
        """Begin an element."""
        self._count += 1
        if len(self._way) >= _DEPTH or self._count > _ELEMENTS:
            raise UnreadableXmlError("has more elements than any calendar server's answer: refused")
        if not self._way:
            self.is_multi_status = name == f"{_DAV} multistatus"
        self._way.append(name)
        self._text, self._length = [], 0
        if name == _RESPONSE:
            self._own, self._told = {}, {}
        elif name == _PROPSTAT:
            self._props, self._status = {}, ""
        elif name in _KINDS and _PROP in self._way:
            self._props[_KINDS[name]] = "yes"

    def text(self, piece: str) -> None:
        """Add to the text of the present element, where that is one that is read."""
        if self._way[-1] not in _TEXTS:
            return
        self._length += len(piece)
        if self._length > self.longest:
            raise UnreadableXmlError(f"holds a text of more than {self.longest} characters: refused")
        self._text.append(piece)

    def end(self, name: str) -> None:
        """End an element."""
        self._way.pop()
        key, text = _TEXTS.get(name, ""), "".join(self._text)
        self._text, self._length = [], 0
        if key:
            self._note(key, text)
        elif name == _PROPSTAT:
            if _code(self._status) in (0, 200):
                self._told |= self._props
            self._props = {}
        elif name == _RESPONSE:
            self.resources.append(_resource(self._own, self._told))

    def _note(self, key: str, text: str) -> None:
        above = self._way[-1] if self._way else ""
        if above == _PROP:
            self._props[key] = text
        elif above == _PROPSTAT and key == "status":
            self._status = text
        elif above == _RESPONSE and key in ("href", "status"):
            self._own.setdefault(key, text)
        elif len(self._way) == 1 and key == "token":
            self.token = text.strip()


def _code(status: str) -> int:
    match = _STATUS.match(status.strip())
    return int(match[1]) if match else 0


def _resource(own: dict[str, str], told: dict[str, str]) -> Resource:
    return Resource(
        href=own.get("href", "").strip(),
        status=_code(own.get("status", "")) or 200,
        etag=told.get("etag", "").strip(),
        data=told.get("data"),
        token=told.get("token", "").strip(),
        ctag=told.get("ctag", "").strip(),
        is_calendar="calendar" in told,
        is_collection="collection" in told,
    )
