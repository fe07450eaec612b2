"""A local Telnyx: the documented contract, a clock of its own, and faults on demand.

Never reaches any machine but this one: webhooks go to loopback addresses, or are kept.

In process, with the kit's own requests:

    sandbox = Sandbox(clock="2026-02-10T09:00:00Z")
    io = BlockingIO(provider, transport=SandboxTransport(sandbox))
    sandbox.clock.advance(hours=24)
    sandbox.inbox("+12025550123")

Over HTTP: `with serve(sandbox) as server: Telnyx(base_url=server.base_url, …)`, or the
command `reminder-kit sandbox`; what a test asks of it is under `/_sandbox/`.
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
