"""A strict Telnyx on loopback, written from the provider's pages alone.

It shares no line with the product: what it refuses, Telnyx refuses; what it notes in `violations`, nobody should send.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIELDS = {
    "to": str,
    "from": str,
    "messaging_profile_id": str,
    "text": str,
    "subject": str,
    "media_urls": list,
    "type": str,
    "auto_detect": bool,
    "encoding": str,
    "webhook_url": str,
    "webhook_failover_url": str,
    "use_profile_webhooks": bool,
    "send_at": str,
}
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
KEY = re.compile(r"[A-Za-z0-9_-]{1,255}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MARGIN = timedelta(seconds=30)


def instant(text):
    """Return the instant that `text`, an ISO time with Z, names."""
    return datetime.fromisoformat(text)


def error(code, title, detail=""):
    """Return one error object as the provider writes it."""
    return {"code": code, "title": title, "detail": detail, "meta": {"url": f"https://developers.telnyx.com/{code}"}}


def bad(detail, code="10015"):
    """Return the provider's refusal of a request."""
    return 400, {"errors": [error(code, "Bad Request", detail)]}


class Strict:
    """What the provider holds: messages, keys, a clock that only the test moves, and the faults it was told."""

    def __init__(self, now, key):
        self.clock = instant(now)
        self.key = key
        self.lock = threading.RLock()
        self.messages = {}
        self.requests = []
        self.violations = []
        self.replays = {}
        self.faults = []
        self.on_request = None
        self.url = ""

    # -- what tests ask -------------------------------------------------------------------------------------------
    def at(self, now):
        """Let the clock stand at `now`; what is due by then has gone out."""
        with self.lock:
            self.clock = instant(now)
            for message in self.messages.values():
                if message["status"] == "scheduled" and instant(message["send_at"]) <= self.clock:
                    message["status"] = "delivered"

    def fail(self, method, kind, times=1, after=0):
        """Answer the requests of `method` wrongly: drop_before, drop_after, 500, 503, 429; `after` good ones first."""
        self.faults += [[method, "ok"]] * after + [[method, kind]] * times

    def parked(self):
        """Return who will receive what and when, in order."""
        return sorted((m["to"], m["send_at"], m["text"]) for m in self.messages.values() if m["status"] == "scheduled")

    def with_status(self, *statuses):
        """Return (to, send_at, text) of the messages in these statuses, in order."""
        return sorted((m["to"], m["send_at"], m["text"]) for m in self.messages.values() if m["status"] in statuses)

    def count(self, method):
        """Return how many requests of `method` came."""
        return sum(request["method"] == method for request in self.requests)

    # -- what the wire asks ---------------------------------------------------------------------------------------
    def note(self, request, what):
        self.violations.append(f"{request['method']} {request['path']}: {what} {request['body']!r}")

    def answer(self, request):
        """Return (status, document, headers), or None to hang up."""
        with self.lock:
            self.requests.append(request)
            kind = self.fault(request["method"])
            if kind == "drop_before":
                return None
            if kind in {"500", "503"}:
                return int(kind), {"errors": [error("10007", "Unexpected error")]}, {}
            if kind == "429":
                reset = {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
                return 429, {"errors": [error("10011", "Too many requests")]}, reset
            answer = self.act(request)
            return None if kind == "drop_after" else (*answer, {})[:3]

    def fault(self, method):
        for item in self.faults:
            if item[0] in {method, "*"}:
                self.faults.remove(item)
                return item[1]
        return "ok"

    def act(self, request):
        authorization = request["headers"].get("authorization")
        if authorization is None:
            self.note(request, "no Authorization")
            return 404, {"errors": [error("10005", "Resource not found")]}
        if authorization != f"Bearer {self.key}":
            return 401, {"errors": [error("10009", "Authentication failed", "The API key is not valid.")]}
        method, path = request["method"], request["path"]
        if method == "POST" and path in {"/v2/messages", "/v2/messages/schedule"}:
            return self.post(request)
        named = re.fullmatch(r"/v2/messages/([^/?]+)", path)
        if named and method in {"GET", "DELETE"} and UUID.fullmatch(named[1]):
            if request["body"]:
                self.note(request, "a body where none belongs")
            return (self.get if method == "GET" else self.delete)(request, named[1])
        if not (method == "GET" and path.split("?")[0] in {"/v2/balance", "/v2/messaging_profiles", "/v2/whoami"}):
            self.note(request, "no such route")
        return 404, {"errors": [error("10005", "Resource not found")]}

    def post(self, request):
        key = request["headers"].get("idempotency-key")
        if key is None or not KEY.fullmatch(key):
            self.note(request, f"Idempotency-Key {key!r}")
            return bad("Idempotency-Key")
        known = self.replays.get((key, request["path"]))
        if known and known[0] != request["body"]:
            self.note(request, "another body under the same key")
            return 422, {"errors": [error("10027", "Idempotency key reused")]}
        if known:
            return 200, known[1], {"Idempotent-Replayed": "true"}
        wrong = self.refusal(request)
        if wrong:
            self.note(request, wrong[1]["errors"][0]["detail"])
            return wrong
        body = json.loads(request["body"])
        identity = str(uuid.uuid4())
        self.messages[identity] = {**body, "status": "scheduled", "created": self.clock, "key": key, "id": identity}
        document = {"data": self.document(identity)}
        self.replays[key, request["path"]] = (request["body"], document)
        return 200, document

    def refusal(self, request):
        if request["headers"].get("content-type", "").split(";")[0] != "application/json":
            return bad("Content-Type")
        try:
            pairs = json.loads(request["body"].decode("utf-8"), object_pairs_hook=list)
            body = dict(pairs)
        except (ValueError, TypeError):
            return bad("not a JSON object")
        if len(body) != len(pairs):
            return bad("a key twice")
        for name, value in body.items():
            if name not in FIELDS or type(value) is not FIELDS[name]:
                return bad(f"field {name}={value!r}")
        if request["path"].endswith("/schedule") and "encoding" in body:
            return bad("encoding is no field here")
        return self.refused_content(body) or self.refused_time(body.get("send_at"))

    @staticmethod
    def refused_content(body):
        if not E164.fullmatch(body.get("to", "")):
            return bad(f"to {body.get('to')!r}", "10016")
        if not (E164.fullmatch(body.get("from", "")) or "messaging_profile_id" in body):
            return bad("from")
        kind = body.get("type", "SMS")
        if kind not in {"SMS", "MMS"} or body.get("encoding", "auto") not in {"auto", "gsm7", "ucs2"}:
            return bad("type or encoding")
        if kind == "SMS" and not body.get("text"):
            return bad("text is empty")
        if kind == "SMS" and ("media_urls" in body or "subject" in body):
            return bad("MMS fields in an SMS")
        if "{{ when" in body.get("text", ""):
            return bad("a text that was not rendered")
        return None

    def refused_time(self, send_at):
        if send_at is None or not INSTANT.fullmatch(send_at):
            return bad(f"send_at {send_at!r}")
        ahead = instant(send_at) - self.clock
        if not timedelta(minutes=5) + MARGIN <= ahead <= timedelta(days=5) - MARGIN:
            return bad(f"send_at {send_at} is {ahead} ahead", "10033")
        return None

    def get(self, request, identity):
        message = self.messages.get(identity)
        if message is None or self.clock - message["created"] > timedelta(days=10):
            return 404, {"errors": [error("40303", "Message not found")]}
        return 200, {"data": self.document(identity)}

    def delete(self, request, identity):
        message = self.messages.get(identity)
        if message is None:
            return 404, error("40303", "Not found")
        ahead = instant(message["send_at"]) - self.clock
        if message["status"] == "scheduled" and ahead <= timedelta(minutes=1) + MARGIN:
            self.note(request, f"DELETE {ahead} before the message goes out")
        if message["status"] != "scheduled" or ahead <= timedelta(minutes=1):
            return 403, error("10010", "Forbidden", "The message cannot be cancelled.")
        message["status"] = "cancelled"
        return 200, self.document(identity)

    def document(self, identity):
        message = self.messages[identity]
        return {
            "record_type": "message",
            "direction": "outbound",
            "id": identity,
            "type": message.get("type", "SMS"),
            "messaging_profile_id": "16fd2706-8baf-433b-82eb-8c7fada847da",
            "from": {"phone_number": message.get("from"), "carrier": "", "line_type": ""},
            "to": [{"phone_number": message["to"], "status": message["status"], "carrier": "", "line_type": ""}],
            "cc": [],
            "text": message.get("text"),
            "subject": message.get("subject"),
            "media": [],
            "parts": 1,
            "tags": [],
            "cost": None,
            "errors": [],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Say nothing."""

    def _answer(self):
        strict = self.server.strict
        length = int(self.headers.get("content-length") or 0)
        request = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.rfile.read(length),
        }
        if strict.on_request:
            strict.on_request(request)
        whole = len(request["body"]) == length  # whoever dies halfway has asked for nothing
        answer = strict.answer(request) if whole else None
        if answer is None:
            self.close_connection = True
            return
        status, document, headers = answer
        body = json.dumps(document).encode()
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(body)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # whoever asked is dead

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _answer  # noqa: N815 - the names http.server looks for


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Let a client die without a word on stderr."""


@contextmanager
def serving(now="2026-02-10T14:00:00Z", key="KEY-outside"):
    """Serve a strict Telnyx whose clock stands at `now`; yield it, with its address in `url`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.strict = Strict(now, key)
    server.strict.url = f"http://127.0.0.1:{server.server_address[1]}/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.strict
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def utc(moment):
    """Return `moment` as the provider writes instants."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
