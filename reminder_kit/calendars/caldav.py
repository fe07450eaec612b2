"""CalDAV: a calendar collection on a server (RFC 4791), read only; what changed in it, and what is gone for certain.

Never writes, never reads a whole collection where its server says what changed since (RFC 6578, or by names of states),
and never takes for gone what its server did not name, or leave out of a whole list.

These are a few requests over the bounded way of all addresses (`http_source`), and not the library `caldav`: that one
opens connections of its own, follows their redirects, and has every answer in memory, as long as it may be, before
anybody can look at it.

What is remembered from one reading to the next (`Changes.memory`) is small: a token, the UIDs that names of resources
do not show, and, where the server knows no tokens, a digest for the state of each resource.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from attrs import field, frozen

from reminder_kit.calendars.content_lines import unescaped
from reminder_kit.calendars.dav_xml import MultiStatus, Resource, UnreadableXmlError, multi_status
from reminder_kit.calendars.http_source import Answer, Question, answered, shown
from reminder_kit.calendars.redirects import Addresses, addresses_of
from reminder_kit.calendars.settings import CalendarSource, Limits
from reminder_kit.calendars.sources import File
from reminder_kit.errors import CalendarError

__all__ = ["Changes", "Collection", "collection_of", "described"]

_BATCH = 100
"""Resources that are asked for at once."""
_NAMED = 5
"""Calendars that an error names."""
_GONE = (404, 410)
"""How a server says that a resource is not there."""

_ROUNDS = 1000
"""How often a list that comes in parts is asked for (RFC 6578, 3.6)."""
_DAV = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
_HEAD = b'<?xml version="1.0" encoding="utf-8"?>'
_UID = re.compile(rb"(?mi)^UID(?:;[^:\r\n]*)?:((?:[^\r\n]*)(?:\r?\n[ \t][^\r\n]*)*)")

_MULTI = 207
_NO_SUCH_REPORT = frozenset({400, 403, 404, 405, 409, 412, 415, 422, 501, 507})
"""Statuses of a server that does not take a question as it is put: for the kind of it, or for its token."""


@frozen
class Changes:
    """What a look at a collection shows."""

    #: The resources to be read.
    files: list[File]
    #: Whether these are all there are, so that what is not among them is gone.
    whole: bool
    #: The UIDs of what the server says is gone.
    gone: frozenset[str]
    #: What is to be remembered for the next look.
    memory: Mapping[str, Any]


@frozen
class Collection:
    """One calendar on a server. `transport` (one of httpx) and `addresses` are as in `http_source`."""

    address: str = field(repr=False)
    limits: Limits
    login: tuple[str, str] | None = field(default=None, repr=False)
    transport: Any = field(default=None, repr=False)
    addresses: Addresses = addresses_of

    @property
    def label(self) -> str:
        """How errors name it."""
        return shown(self.address)

    def changes(self, known: Mapping[str, Any]) -> Changes | None:
        """Return what has changed since a look that remembered `known` ({}: all there is); None: nothing.

        A token that the server does not know any more means all there is, too. Raises `CalendarError`.
        """
        if known.get("token") and (listed := self._synced(known["token"])) is not None:
            return self._since(listed, known)
        listed = self._synced("")
        if listed is None:
            return self._by_states(known)
        present = self._present(listed.resources)
        memory = {"token": listed.token} if listed.token else {}
        return self._whole(present, memory)

    # By tokens

    def _synced(self, token: str) -> MultiStatus | None:
        """Return what changed since a token ("": all there is), with the next one; None: the server does not say."""
        found: dict[str, Resource] = {}
        for _ in range(_ROUNDS):
            said = f"<D:sync-token>{escape(token)}</D:sync-token>" if token else "<D:sync-token/>"
            asked = f"{said}<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
            answer = self._asked("REPORT", "0", f"<D:sync-collection {_DAV}>{asked}</D:sync-collection>")
            if answer.status != _MULTI:
                return None
            part, before = self._read(answer), len(found)
            found |= {resource.href: resource for resource in part.resources}
            self._bound(len(found))
            if part.token and not any(self._is_unfinished(resource) for resource in part.resources):
                return MultiStatus(tuple(found.values()), part.token)
            if not part.token or part.token == token or len(found) == before:
                break
            token = part.token
        return None

    def _is_unfinished(self, resource: Resource) -> bool:
        """Say whether an answer is only a part: the collection itself is 507 in it (RFC 6578, 3.6)."""
        return resource.status == 507 and self._is_itself(resource.href)

    def _since(self, listed: MultiStatus, known: Mapping[str, Any]) -> Changes | None:
        uids: dict[str, str] = dict(known.get("uids", {}))
        gone = [_name(one.href) for one in listed.resources if one.status in _GONE and not self._is_itself(one.href)]
        changed = self._present(listed.resources)
        if not changed and not gone:
            return None
        read = self._read_all(list(changed))
        gone += [name for name, data in read.items() if data is None]
        lost = _lost(gone, read, uids)
        files, named = self._files(read)
        memory = {"token": listed.token, "uids": {**uids, **named}}
        return Changes(files, whole=False, gone=lost - self._uids(read), memory=memory)

    # By names of states

    def _by_states(self, known: Mapping[str, Any]) -> Changes | None:
        """Return what changed by the collection's ctag, and by the etag of each resource."""
        ctag = self._itself().ctag
        if ctag and ctag == known.get("ctag"):
            return None
        body = f"<D:propfind {_DAV}><D:prop><D:getetag/><D:resourcetype/></D:prop></D:propfind>"
        answer = self._asked("PROPFIND", "1", body)
        if answer.status != _MULTI:
            raise CalendarError(f"{self.label} answers {answer.status} to a list: check the address")
        present = self._present(self._read(answer).resources)
        states = {_name(href): _digest(resource.etag) for href, resource in present.items()}
        memory = {"ctag": ctag, "states": states}
        before: Mapping[str, str] = known.get("states", {})
        if not before:
            return self._whole(present, memory)
        changed = [href for href in present if _is_other(states[_name(href)], before.get(_name(href)))]
        uids: dict[str, str] = dict(known.get("uids", {}))
        left = [name for name in before if name not in states]
        if not changed and not left:
            return None
        read = self._read_all(changed)
        left += [name for name, data in read.items() if data is None and states.pop(name, None) is not None]
        lost = _lost(left, read, uids)
        files, named = self._files(read)
        return Changes(files, whole=False, gone=lost - self._uids(read), memory={**memory, "uids": {**uids, **named}})

    def _itself(self) -> Resource:
        """Return what the server says of the collection; raises `CalendarError` where it is no calendar."""
        asked = "<D:resourcetype/><D:sync-token/><S:getctag/>"
        answer = self._asked("PROPFIND", "0", f"<D:propfind {_DAV}><D:prop>{asked}</D:prop></D:propfind>")
        found = self._read(answer).resources if answer.status == _MULTI else ()
        if not found:
            raise CalendarError(f"{self.label} answers {answer.status}, and is no CalDAV server: check the address")
        if not found[0].is_calendar:
            raise CalendarError(f"{self.label} is no calendar: give the address of one{self._calendars_in()}")
        return found[0]

    def _calendars_in(self) -> str:
        """Return which calendars a collection holds, as the end of a sentence; "": none, or it is not told."""
        body = f"<D:propfind {_DAV}><D:prop><D:resourcetype/></D:prop></D:propfind>"
        answer = self._asked("PROPFIND", "1", body)
        there = self._read(answer).resources if answer.status == _MULTI else ()
        names = [unquote(_path(one.href).rstrip("/").rpartition("/")[2])[:40] for one in there if one.is_calendar]
        return f" ({', '.join(sorted(names)[:_NAMED])} in it)" if names else ", as its server shows it"

    # Both ways

    def _whole(self, present: Mapping[str, Resource], memory: Mapping[str, Any]) -> Changes:
        if not present:
            self._itself()  # an address that is no calendar has nothing in it either
        read = self._read_all(list(present))
        files, named = self._files(read)
        return Changes(files, whole=True, gone=frozenset(), memory={**memory, "uids": named})

    def _present(self, resources: Sequence[Resource]) -> dict[str, Resource]:
        """Return the resources that are there, by their address; collections are none.

        Raises `CalendarError` where the server can't say of one for now: it would be taken for gone, or be forgotten.
        """
        members = [resource for resource in resources if not self._is_itself(resource.href)]
        if (odd := next((one.status for one in members if one.status not in (200, *_GONE)), None)) is not None:
            raise CalendarError(f"{self.label} answers {odd} for one of its events: try again later")
        there = {
            resource.href: resource for resource in members if resource.status == 200 and not resource.is_collection
        }
        self._bound(len(there))
        return {href: resource for href, resource in there.items() if not href.endswith("/")}

    def _read_all(self, hrefs: Sequence[str]) -> dict[str, bytes | None]:
        """Return the bytes of resources, by their names; None: one is gone by now. Raises `CalendarError`."""
        read: dict[str, bytes | None] = {}
        total = 0
        for start in range(0, len(hrefs), _BATCH):
            for name, data in self._batch(hrefs[start : start + _BATCH]):
                total += len(data or b"")
                if total > self.limits.file_bytes:
                    raise CalendarError(f"{self.label} has more than {self.limits.file_bytes} bytes: raise file_bytes")
                read[name] = data
        if missing := len({_name(href) for href in hrefs} - read.keys()):
            raise CalendarError(f"{self.label} did not answer for {missing} of {len(hrefs)} events: try again later")
        return read

    def _batch(self, hrefs: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        named = "".join(f"<D:href>{escape(_path(href))}</D:href>" for href in hrefs)
        props = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
        body = f"<C:calendar-multiget {_DAV}>{props}{named}</C:calendar-multiget>"
        answer = self._asked("REPORT", "1", body)
        if answer.status != _MULTI:
            raise CalendarError(f"{self.label} answers {answer.status} to a request for events: try again later")
        wanted = {_name(href) for href in hrefs}
        for resource in self._read(answer).resources:
            if (name := _name(resource.href)) not in wanted:
                continue
            if resource.data is not None and resource.status == 200:
                yield name, resource.data.encode("utf-8", "replace")
            elif resource.status in _GONE:
                yield name, None

    def _files(self, read: Mapping[str, bytes | None]) -> tuple[list[File], dict[str, str]]:
        """Return the files of resources, and the UIDs that their names do not show."""
        there = {name: data for name, data in read.items() if data is not None}
        files = [File(f"{self.label.rstrip('/')}/{name[:60]}", BytesIO(data)) for name, data in there.items()]
        uids = {name: uid for name, data in there.items() if (uid := _uid_of(data)) and not _shows(name, uid)}
        return files, uids

    @staticmethod
    def _uids(read: Mapping[str, bytes | None]) -> frozenset[str]:
        return frozenset(_uid_of(data) for data in read.values() if data is not None)

    def _is_itself(self, href: str) -> bool:
        return unquote(_path(href)).rstrip("/") == unquoted(self.address).rstrip("/") or not _name(href)

    def _bound(self, count: int) -> None:
        if count > self.limits.files:
            raise CalendarError(f"{self.label} holds more than {self.limits.files} events: raise the limit `files`")

    def _asked(self, method: str, depth: str, body: str) -> Answer:
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": depth, "Accept": "application/xml"}
        taken = _NO_SUCH_REPORT | {_MULTI, 401}
        content = _HEAD + body.encode("utf-8", "replace")
        question = Question(method, self.address, content, headers, self.login, frozenset(taken))
        answer = answered(question, self.limits, self.transport, self.addresses)
        if answer.status == 401:
            raise CalendarError(f"{self.label} answers 401: check CALDAV_USERNAME and CALDAV_PASSWORD")
        return answer

    def _read(self, answer: Answer) -> MultiStatus:
        answer.body.seek(0)
        try:
            return multi_status(answer.body, self.limits.event_bytes)
        except UnreadableXmlError as error:
            raise CalendarError(f"{self.label}: its answer {error}") from None


def collection_of(source: CalendarSource, limits: Limits, environ: Mapping[str, str] = os.environ) -> Collection:
    """Return the collection of a source, with the login of its table and the environment.

    The user is the source's, else CALDAV_USERNAME; the password CALDAV_PASSWORD_<NAME>, by the source's name, else
    CALDAV_PASSWORD. Raises `CalendarError` for a user without a password.
    """
    user = source.username or environ.get("CALDAV_USERNAME")
    if not user:
        return Collection(source.path, limits)
    own = f"CALDAV_PASSWORD_{re.sub(r'[^A-Za-z0-9]+', '_', source.name or '').upper()}"
    password = environ.get(own) or environ.get("CALDAV_PASSWORD")
    if not password:
        names = f"CALDAV_PASSWORD, or {own}," if source.name else "CALDAV_PASSWORD"
        raise CalendarError(f"{shown(source.path)}: no password: set {names} in the environment")
    return Collection(source.path, limits, (user, password))


def described(collection: Collection) -> str:
    """Return in words how a server tells what changed; asks it once. Raises `CalendarError`."""
    itself = collection._itself()  # noqa: SLF001 - of this module
    if itself.token:
        return "its server says what changed since the last time, and what is gone (sync tokens)"
    return "its server knows no sync tokens: what changed is found by its names of states, which lists all of it"


def unquoted(address: str) -> str:
    """Return the path of an address as it is meant, whatever of it is written in percents."""
    return unquote(urlsplit(address).path)


def _path(href: str) -> str:
    """Return the path of an address that a server wrote; whichever host it names, it is this server's."""
    return urlsplit(href).path if "://" in href else href


def _name(href: str) -> str:
    """Return the name of a resource within its collection, as it is meant."""
    path = _path(href)
    return "" if path.endswith("/") else unquote(path.rpartition("/")[2])


def _uid_in(name: str) -> str:
    """Return the UID that a resource's name shows, as most programs name them."""
    return name.removesuffix(".ics")


def _shows(name: str, uid: str) -> bool:
    """Say whether a name alone tells a UID: of one without its ending another resource might tell the same."""
    return name == f"{uid}.ics"


def _lost(gone: Iterable[str], read: Iterable[str], uids: dict[str, str]) -> frozenset[str]:
    """Return, and take out, the UIDs of names that are gone, and what names that were read anew had before.

    Only UIDs that their names do not show are remembered; one that another resource holds is not lost.
    """
    before = {uids.pop(name, _uid_in(name)) for name in (*gone, *read)}
    return frozenset(before.difference(uids.values()))


def _uid_of(data: bytes) -> str:
    """Return the UID of a resource, which all components in it share (RFC 4791, 4.1); "": it has none."""
    match = _UID.search(data)
    if match is None:
        return ""
    return unescaped(re.sub(rb"\r?\n[ \t]", b"", match[1]).decode("utf-8", "replace")).strip()


def _is_other(state: str, before: str | None) -> bool:
    """Say whether a resource is in another state than before, or nobody can tell."""
    return not state or state != before


def _digest(etag: str) -> str:
    return blake2b(etag.encode("utf-8", "replace"), digest_size=6).hexdigest() if etag else ""
