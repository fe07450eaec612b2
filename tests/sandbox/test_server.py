"""Facts about the sandbox as a server: HTTP as clients speak it, its own doors, webhooks over HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from reminder_kit.sandbox import Sandbox, serve
from tests.factories import NUMBER

START = "2026-02-10T09:00:00Z"
FIELDS = {"from": "+12025550100", "to": NUMBER, "text": "Hi", "send_at": "2026-02-11T09:00:00Z"}
AUTH = {"authorization": "Bearer KEY"}


@pytest.fixture
def server():
    with serve(Sandbox(clock=START)) as running:
        yield running


def talk(server, data):
    """Send raw bytes; return everything that comes back until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        sock.sendall(data)
        sock.settimeout(0.3)
        got = b""
        try:
            while chunk := sock.recv(65536):
                got += chunk
        except TimeoutError:
            pass
        return got


def raw(body=b"", method="POST", target="/v2/messages", extra=b""):
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + extra + b"\r\n" + body


def test_the_address_is_what_telnyx_base_url_takes(server):
    """`base_url` ends in `/v2`, as the real one does, and dates are those of the sandbox's clock."""
    assert server.base_url == f"http://127.0.0.1:{server.port}/v2"
    found = httpx.post(f"{server.base_url}/messages", json=FIELDS, headers=AUTH)
    assert found.json()["data"]["to"][0]["status"] == "scheduled"
    assert found.headers["date"] == "Tue, 10 Feb 2026 09:00:00 GMT"


def test_one_connection_carries_many_requests(server):
    """The server keeps a connection open, as clients with a pool expect."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for _ in range(3):
        connection.request("GET", "/_sandbox/")
        assert json.loads(connection.getresponse().read())["messages"] == 0
    connection.close()


def test_requests_that_come_together_are_answered_in_order(server):
    """Pipelined requests get one answer each, also where the last one is wrong."""
    body = json.dumps(FIELDS).encode()
    got = talk(
        server, raw(body) + raw(method="GET", target="/_sandbox/messages") + raw(b"{", extra=b"Connection: close\r\n")
    )
    assert [part[:3] for part in got.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]


def test_a_request_in_pieces_is_put_together(server):
    """Head and body may arrive in any number of packets."""
    body = json.dumps(FIELDS).encode()
    data = raw(body, extra=b"Connection: close\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        for start in range(0, len(data), 40):
            sock.sendall(data[start : start + 40])
            time.sleep(0.001)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/2\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (b"GET /" + b"a" * 70_000, b"431"),
    ],
    ids=["no HTTP", "HTTP/2", "chunked", "negative", "too long", "too many digits", "endless head"],
)
def test_what_cannot_be_read_is_refused_and_the_server_goes_on(server, data, status):
    """Broken or endless requests get a 4xx status, and the next client is served."""
    assert talk(server, data).split(b" ")[1] == status
    assert httpx.get(f"{server.url}/_sandbox/").status_code == 200


def test_a_client_that_asks_first_is_told_to_continue(server):
    """`Expect: 100-continue` is answered before the body is awaited."""
    got = talk(server, raw(json.dumps(FIELDS).encode(), extra=b"Expect: 100-continue\r\n"))
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_a_dropped_answer_is_a_closed_socket(server):
    """With `drop_after` the message is made and the client hears nothing."""
    server.sandbox.fault("drop_after")
    assert talk(server, raw(json.dumps(FIELDS).encode())) == b""
    assert len(server.sandbox.messages()) == 1


def test_a_cut_answer_ends_in_the_middle(server):
    """With `cut` the body is shorter than its content length says."""
    server.sandbox.fault("cut")
    got = talk(server, raw(json.dumps(FIELDS).encode()))
    length = int(got.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(got.partition(b"\r\n\r\n")[2]) < length


def test_a_slow_answer_holds_up_nobody_else():
    """While one client waits for a slow answer others are served, and stopping the server ends the wait."""
    sandbox = Sandbox(clock=START)
    sandbox.fault("slow", delay=60)
    with serve(sandbox) as server:

        def ask_slowly():
            with suppress(httpx.HTTPError):
                httpx.post(f"{server.base_url}/messages", json=FIELDS, headers=AUTH, timeout=30)

        slow = threading.Thread(target=ask_slowly)
        slow.start()
        while not sandbox.requests:
            time.sleep(0.001)
        assert httpx.post(f"{server.base_url}/messages", json=FIELDS, headers=AUTH).status_code == 200
        assert slow.is_alive()
    slow.join(10)
    assert not slow.is_alive()
    assert len(sandbox.messages()) == 2


# The doors of its own


@pytest.fixture
def admin(server):
    with httpx.Client(base_url=f"{server.url}/_sandbox", headers=AUTH) as client:
        yield client


def park(server, **changes):
    found = httpx.post(f"{server.base_url}/messages", json={**FIELDS, **changes}, headers=AUTH)
    return found.json()["data"]["id"]


def test_the_clock_is_moved_over_http(server, admin):
    """POST to `clock` advances or sets the time, and what is due then goes out."""
    park(server)
    assert admin.get("clock").json() == {"now": START, "running": False}
    assert admin.post("clock", json={"advance": 3600}).json()["now"] == "2026-02-10T10:00:00Z"
    assert admin.post("clock", json={"now": "2026-02-12T00:00:00Z"}).json()["now"] == "2026-02-12T00:00:00Z"
    assert [item["status"] for item in admin.get("messages").json()["messages"]] == ["delivered"]


def test_messages_are_listed_by_status_and_number(server, admin):
    """`messages` shows what is parked or sent, filtered by the query."""
    park(server)
    park(server, to="+12025550124")
    assert admin.get("messages").json()["count"] == 2
    (message,) = admin.get("messages", params={"status": "scheduled", "to": NUMBER}).json()["messages"]
    assert (message["to"], message["text"], message["send_at"]) == (NUMBER, "Hi", "2026-02-11T09:00:00Z")
    assert admin.get("messages", params={"status": "sent"}).json()["count"] == 0


def test_faults_are_asked_for_over_http(server, admin):
    """POST to `faults` adds a fault, and DELETE takes all of them back."""
    added = admin.post("faults", json={"kind": "429", "times": 2, "method": "POST", "retry_after": 1}).json()
    assert added["faults"][0]["kind"] == "429"
    assert httpx.post(f"{server.base_url}/messages", json=FIELDS, headers=AUTH).status_code == 429
    assert admin.delete("faults").json() == {"faults": []}
    assert httpx.post(f"{server.base_url}/messages", json=FIELDS, headers=AUTH).status_code == 200


def test_requests_are_counted_without_the_doors_themselves(server, admin):
    """What a test asks at `/_sandbox` does not count: only the provider's own requests do."""
    park(server)
    shown = admin.get("requests").json()
    assert (shown["count"], shown["writes"]) == (1, 1)
    assert json.loads(shown["requests"][0]["body"]) == FIELDS
    assert admin.delete("requests").json() == {"count": 0, "writes": 0}
    assert admin.get("").json()["requests"] == 0


def test_replies_outcomes_and_reset_work_over_http(server, admin):
    """A host in another language can drive replies, outcomes and webhooks, and start afresh."""
    admin.post("outcomes", json={"to": NUMBER, "status": "delivery_failed", "code": "40008"})
    park(server)
    event = admin.post("inbound", json={"from": "+12025550124", "text": "STOP"}).json()
    assert (event["type"], event["payload"]["autoresponse_type"]) == ("message.received", "STOP")
    admin.post("clock", json={"advance": 200_000})
    assert admin.get("messages").json()["messages"][0]["status"] == "delivery_failed"
    types = [item["type"] for item in admin.get("webhooks").json()["webhooks"]]
    assert types == ["message.received", "message.sent", "message.finalized"]
    assert admin.post("reset").json()["messages"] == 0


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "messages", {}, 404),
        ("POST", "clock", {"now": "later"}, 400),
        ("POST", "faults", {"kind": "earthquake"}, 400),
        ("POST", "faults", {"kind": "500", "colour": "red"}, 400),
        ("POST", "inbound", {}, 400),
    ],
)
def test_what_cannot_be_done_is_said(admin, method, name, body, status):
    """A wrong door is a 404 and a wrong body a 400, each with an error in words."""
    found = admin.request(method, name, json=body)
    assert (found.status_code, bool(found.json()["error"])) == (status, True)


# Webhooks over HTTP


@contextmanager
def listening(answers):
    """A host that takes webhooks; yields their paths and bodies, and its address."""
    seen = []
    left = list(answers)

    class Host(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()

        def log_message(self, *_args):
            pass

    host = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=host.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen, f"http://127.0.0.1:{host.server_port}"
    finally:
        host.shutdown()
        thread.join()
        host.server_close()


@pytest.mark.parametrize(
    ("answers", "paths"),
    [
        ([200], ["/a"]),
        ([500, 302, 200], ["/a"] * 3),
        ([500] * 6, ["/a"] * 3 + ["/b"] * 3),
        ([500, 500, 500, 204], ["/a"] * 3 + ["/b"]),
    ],
    ids=["taken", "third time", "never", "elsewhere"],
)
def test_a_webhook_is_tried_three_times_at_each_of_two_addresses(server, answers, paths):
    """Anything but a 2xx is tried anew, up to three times, then at the failover address."""
    server.sandbox.hooks.retry_wait = 0.001
    server.sandbox.outcome(NUMBER, "sent")
    with listening(answers) as (seen, url):
        park(server, webhook_url=f"{url}/a", webhook_failover_url=f"{url}/b")
        server.sandbox.clock.set("2026-02-12T09:00:00Z")
        assert server.sandbox.hooks.wait()
    assert [path for path, _ in seen] == paths
    assert [json.loads(body)["meta"]["attempt"] for _, body in seen] == list(range(1, len(paths) + 1))
    assert server.sandbox.hooks.sent[0].answers == answers


def test_a_webhook_for_another_machine_is_kept_and_not_sent(server):
    """The sandbox never posts to the outside: only to addresses of this machine."""
    park(server, webhook_url="https://example.com/hook")
    server.sandbox.clock.set("2026-02-12T09:00:00Z")
    assert server.sandbox.hooks.wait()
    assert [item.answers for item in server.sandbox.hooks.sent] == [[], []]


def test_a_server_runs_until_it_is_told_to_stop():
    """`run` says when it is ready, on a running clock, and a terminated server ends with status 0."""
    code = "from reminder_kit.sandbox import run; run(ready=lambda server: print(server.base_url, flush=True))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert httpx.get(url.removesuffix("/v2") + "/_sandbox/").json()["running"] is True
        process.terminate()
        assert process.wait(10) == 0


def test_a_taken_port_is_an_error(server):
    """A port in use is an error, not another port."""
    with pytest.raises(OSError, match="in use"), serve(Sandbox(), server.port):
        pass
