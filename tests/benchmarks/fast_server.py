"""A server that answers any POST as Telnyx does for a scheduled message, and as fast as Python can.

`python tests/benchmarks/fast_server.py` prints its address. It checks nothing: the sandbox does that, and would be what
is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import os

BODY = (
    '{"data":{"record_type":"message","direction":"outbound","id":"%032x","type":"SMS",'
    '"messaging_profile_id":"83d2343b-553f-4c5f-b8c8-fd27004f94bf","from":{"phone_number":"+12025550100",'
    '"carrier":"Carrier","line_type":"VoIP"},"to":[{"phone_number":"+12025550123","status":"scheduled",'
    '"carrier":"Carrier","line_type":"Wireless"}],"text":"Hi Ada, Check-up tomorrow at 9:00 AM.","media":[],'
    '"webhook_url":"","encoding":"GSM-7","parts":1,"tags":[],"cost":null,'
    '"received_at":"2026-02-10T14:00:00.000+00:00","sent_at":null,"completed_at":null,'
    '"send_at":"2026-02-12T14:00:00.000+00:00","errors":[]}}'
)
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY % 0)}\r\n\r\n"
numbers = itertools.count(int.from_bytes(os.urandom(8), "big") << 32)


class Answering(asyncio.Protocol):
    """One connection: an answer for each whole request."""

    def __init__(self):
        self.seen = b""

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
            self.seen = self.seen[end + 4 + length :]
            self.transport.write((HEAD + BODY % next(numbers)).encode())


async def main():
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
