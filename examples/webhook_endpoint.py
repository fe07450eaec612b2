"""A webhook endpoint on the standard library: signed reports and replies come in, STOP is obeyed at once.

Run it: `python examples/webhook_endpoint.py` (needs `reminder-kit[webhooks]`). A local
Telnyx signs and delivers the webhooks; a person answers STOP, and nothing is left parked for her.
"""

from __future__ import annotations

import tempfile
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reminder_kit import Appointment, Recipient, ReminderKit, Rule
from reminder_kit.errors import WebhookError
from reminder_kit.providers.telnyx import Telnyx
from reminder_kit.sandbox import Sandbox, serve


def endpoint(kit: ReminderKit) -> type[BaseHTTPRequestHandler]:
    """Return a handler that hands the raw bytes to the kit: the signature is over these."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            try:
                kit.receive(dict(self.headers.items()), body)
                self.send_response(200)
            except WebhookError:
                self.send_response(400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    return Endpoint


def main() -> tuple[list[str], int]:
    """Return the events that came in, and how many messages are parked in the end."""
    seen: list[str] = []
    sandbox = Sandbox(clock="2026-03-02T13:00:00Z")
    with tempfile.TemporaryDirectory() as folder, serve(sandbox) as server:
        web = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        url = f"http://127.0.0.1:{web.server_port}/hooks/telnyx"
        kit = ReminderKit(
            Telnyx(
                api_key="KEY",
                from_="+12025550100",
                base_url=server.base_url,
                webhook_url=url,
                public_key=sandbox.public_key,
            ),
            [Rule("day-before", before="1 day", text="See you {{ when }}.")],
            f"sqlite:///{Path(folder) / 'reminders.db'}",
            timezone="America/New_York",
            clock=sandbox.clock,
        )
        sandbox.webhook_url = url
        web.RequestHandlerClass = endpoint(kit)
        kit.on("*", lambda event: seen.append(event.type))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        with kit:
            person = Recipient("+12025550101", name="Ada")
            kit.sync(Appointment(f"A-{day}", kit.now() + timedelta(days=day), recipients=[person]) for day in (2, 3))
            sandbox.clock.advance(days=1, minutes=1)  # the first one is sent and delivered
            sandbox.inbound("+12025550101", "STOP")
            _wait_for(seen, "delivered", "opted_out")
            kit.resync(only_dirty=True)  # off the request: a queue, a thread, the next cron run
        web.shutdown()
        web.server_close()
        print(f"{', '.join(seen)}; {len(sandbox.parked())} parked")
        return seen, len(sandbox.parked())


def _wait_for(seen: list[str], *types: str) -> None:
    for _ in range(100):
        if set(types) <= set(seen):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
