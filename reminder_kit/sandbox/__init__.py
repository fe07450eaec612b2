"""The sandbox: a local Telnyx (and Twilio, and Vonage) with a clock of its own, and faults on demand.

Never reaches any machine but this one: webhooks go to loopback addresses, or are only kept. May import `model` and
`errors`, and nothing of the adapters that it tests. In process, with the kit's own requests:

    sandbox = Sandbox(clock="2026-02-10T09:00:00Z")
    io = BlockingIO(provider, transport=SandboxTransport(sandbox))
    sandbox.clock.advance(hours=24)
    sandbox.inbox("+12025550123")

Over HTTP: `with serve(sandbox) as server: Telnyx(base_url=server.base_url, …)`, or the command `reminder-kit sandbox`.

In reading order: `messages`, `http_messages`, `clock` (values); `state` (what it holds, and what time does to that);
`telnyx`, `twilio`, `vonage` (the endpoints), `telnyx_lists`, `twilio_lists` (what they show); `telnyx_webhooks`,
`signer`, `webhooks` (what it sends); `problems`, `telnyx_refusals` (errors as each provider writes them); `faults`,
`rate_limit` (what goes wrong); `core` (the door for every request); `admin` (what a test asks under `/_sandbox/`);
`inbox` (the page at `/`);
`server`, `transport` (over HTTP, and without a socket).

To know: it does what the providers' documents say, and where these are silent a switch decides (`repeat_cancel`,
`idempotency`, `past_send_at`, `strict`). Time passes only where its clock is moved, unless that shows the real time.
Statuses are Telnyx' words inside, whichever provider is spoken to.
"""

from __future__ import annotations

from reminder_kit.sandbox.clock import Clock
from reminder_kit.sandbox.core import Sandbox
from reminder_kit.sandbox.faults import Fault, Faults
from reminder_kit.sandbox.http_messages import Answer, Call, answer
from reminder_kit.sandbox.messages import Parked
from reminder_kit.sandbox.rate_limit import Limit
from reminder_kit.sandbox.server import Server, run, serve
from reminder_kit.sandbox.transport import SandboxTransport
from reminder_kit.sandbox.webhooks import Hook

__all__ = [
    "Answer",
    "Call",
    "Clock",
    "Fault",
    "Faults",
    "Hook",
    "Limit",
    "Parked",
    "Sandbox",
    "SandboxTransport",
    "Server",
    "answer",
    "run",
    "serve",
]
