"""A CalDAV server in a few lines, as a handler of httpx: a collection that knows tokens, or only names of states."""

from __future__ import annotations

import re
from html import unescape
from xml.sax.saxutils import escape

import httpx

ADDRESS = "https://dav.example/desk/room%20one/"
PATH = "/desk/room%20one/"
OPEN = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/">'


def event(uid, start, *, phone="+12025550123", lines=()):
    """Return a resource: one event of half an hour, by New York's clock."""
    head = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART;TZID=America/New_York:{start}", "DURATION:PT30M"]
    body = ["BEGIN:VEVENT", *head, "SUMMARY:Physio", f"ATTENDEE;CN=Ada:tel:{phone}", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *body, "END:VCALENDAR", ""])


class DavServer:
    """A collection. `tokens` says whether it knows sync tokens, `part` how many changes it tells at once."""

    def __init__(self, *, tokens=True, part=None):
        self.tokens, self.part = tokens, part
        self.resources, self.log, self.asked = {}, [], []
        self.oldest = 0
        #: What answers a request in place of the server, by method; None: the server does.
        self.instead = {}

    def put(self, name, text):
        self.resources[name] = (f'"{len(self.log)}"', text)
        self.log.append(name)

    def delete(self, name):
        del self.resources[name]
        self.log.append(name)

    def forget(self):
        """Let every token given so far be none any more."""
        self.oldest = len(self.log) + 1
        self.log.append("-")

    def read(self):
        """Return the names of the resources that were read so far, and forget that."""
        names = [name for kind, names in self.asked if kind == "calendar-multiget" for name in names]
        self.asked = []
        return names

    def __call__(self, request):
        body = request.content.decode()
        kind = re.search(r"<[A-Z]:([\w-]+)", body)[1]
        self.asked.append((kind, re.findall(r"<D:href>[^<]*/([^/<]*)</D:href>", body)))
        if (other := self.instead.get(kind)) is not None:
            return other(request) if callable(other) else other
        if kind == "sync-collection":
            return self._synced(
                unescape(re.search(r"<D:sync-token>([^<]*)", body)[1]) if "<D:sync-token>" in body else ""
            )
        if kind == "calendar-multiget":
            return _multi(self._row(name, data=True) for name in self.asked[-1][1])
        if request.headers["depth"] == "0":
            token = f"<D:sync-token>{self._token()}</D:sync-token>" if self.tokens else ""
            kinds = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
            return _multi([_row(PATH, f"{kinds}{token}<S:getctag>{len(self.log)}</S:getctag>")])
        kinds = _row(PATH, "<D:resourcetype><D:collection/></D:resourcetype>")
        return _multi([kinds, *(self._row(name) for name in self.resources)])

    def _token(self, at=None):
        return f"https://dav.example/sync?{len(self.log) if at is None else at}"

    def _synced(self, token):
        if not self.tokens:
            return httpx.Response(403, text='<error xmlns="DAV:"><supported-report/></error>')
        since = int(token.rpartition("?")[2]) if token else 0
        if token and since < self.oldest:
            return httpx.Response(403, text='<error xmlns="DAV:"><valid-sync-token/></error>')
        named = list(dict.fromkeys(self.log[since:])) if token else list(self.resources)
        if token and self.part is not None and len(self.log) - since > self.part:
            named, until = list(dict.fromkeys(self.log[since : since + self.part])), since + self.part
            full = f"<D:response><D:href>{PATH}</D:href><D:status>HTTP/1.1 507 Full</D:status></D:response>"
            return _multi([*(self._row(name) for name in named), full], self._token(until))
        return _multi([self._row(name) for name in named if name != "-"], self._token())

    def _row(self, name, *, data=False):
        if name not in self.resources:
            return f"<D:response><D:href>{PATH}{name}</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
        etag, text = self.resources[name]
        shown = f"<C:calendar-data>{escape(text)}</C:calendar-data>" if data else ""
        return _row(PATH + name, f"<D:getetag>{escape(etag)}</D:getetag>{shown}")


def _row(href, props):
    told = f"<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    lacks = "<D:propstat><D:prop><D:quota/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{told}{lacks}</D:response>"


def _multi(rows, token=""):
    said = f"<D:sync-token>{token}</D:sync-token>" if token else ""
    return httpx.Response(207, text=f"{OPEN}{''.join(rows)}{said}</D:multistatus>")
