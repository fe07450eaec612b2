"""Either face of the transport, asked alike: one request after the other, at an address."""

from __future__ import annotations

import asyncio

from reminder_kit.ports import Request
from reminder_kit.providers.telnyx.provider import Telnyx
from reminder_kit.transport.asynchronous import AsyncIO
from reminder_kit.transport.blocking import BlockingIO, run_blocking

POST = Request("POST", "/messages", b'{"text":"x"}', {"content-type": "application/json"})


def telnyx(base_url):
    """An adapter at an address, which need not be one: what another adapter is given, nobody has looked at."""
    provider = Telnyx(api_key="KEY", from_="+12025550100")
    provider.base_url = base_url
    return provider


class Blocking:
    """Requests by the blocking face."""

    def __init__(self, base_url, **options):
        self.io = BlockingIO(telnyx(base_url), 2, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.io.close()

    def send(self, request=POST):
        return run_blocking(self.io.send(request))


class Async:
    """Requests by the async face, in a loop of its own."""

    def __init__(self, base_url, **options):
        self.io = AsyncIO(telnyx(base_url), 2, **options)

    def __enter__(self):
        self.runner = asyncio.Runner()
        self.runner.__enter__()
        return self

    def __exit__(self, *error):
        self.runner.run(self.io.aclose())
        self.runner.__exit__(*error)

    def send(self, request=POST):
        return self.runner.run(self.io.send(request))

    def rest(self):
        """Let the loop notice what came meanwhile."""
        self.runner.run(asyncio.sleep(0.05))
