"""A server that answers as Telnyx does for a scheduled message, after a while, and so many times a second.

`python tests/benchmarks/limited_server.py DELAY [RATE]` prints its address. It answers after DELAY seconds; of a RATE,
whatever comes after as many requests in the second before is refused with 429. `GET /stats` tells when requests were
taken (seconds), and how many were refused; `DELETE /stats` forgets that.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fast_server import BODY, HEAD, numbers

REFUSAL = b'{"errors":[{"code":"10011","title":"Too many requests","detail":"Slow down."}]}'
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


class Server:
    """What was asked so far."""

    def __init__(self, delay, rate):
        self.delay, self.rate = delay, rate
        self.forget()

    def forget(self):
        self.taken, self.refused, self.latest = [], 0, deque()

    def answer(self):
        """Return the answer to one request."""
        now = time.monotonic()
        while self.latest and self.latest[0] <= now - 1:
            self.latest.popleft()
        if self.rate and len(self.latest) >= self.rate:
            self.refused += 1
            return REFUSED % (len(REFUSAL), REFUSAL)
        self.latest.append(now)
        self.taken.append(now)
        return (HEAD + BODY % next(numbers)).encode()

    def stats(self):
        return json.dumps({"taken": self.taken, "refused": self.refused}).encode()


class Answering(asyncio.Protocol):
    """One connection: an answer for each whole request, after a while."""

    def __init__(self, server):
        self.server, self.seen = server, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.seen += data
        while (end := self.seen.find(b"\r\n\r\n")) >= 0:
            head = self.seen[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.seen) < end + 4 + length:
                return
            verb, path = self.seen.split(b" ", 2)[:2]
            self.seen = self.seen[end + 4 + length :]
            if path == b"/stats":
                self.told(verb)
            else:
                asyncio.get_running_loop().call_later(self.server.delay, self.transport.write, self.server.answer())

    def told(self, verb):
        found = self.server.stats()
        if verb == b"DELETE":
            self.server.forget()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(found), found))


async def main(delay, rate):
    """Serve until terminated."""
    server = Server(delay, rate)
    listening = await asyncio.get_running_loop().create_server(lambda: Answering(server), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
