"""A PostgreSQL server that can be stopped in the middle of things and started again, for tests of what follows.

It ends with the process that made it, killed or not: Linux stops it then.
"""

from __future__ import annotations

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

from tests import postgres_server
from tests.postgres import binaries

__all__ = ["Server"]


class Server:
    """A server that can be stopped and started again on the same files and port; `runs` ends it."""

    def __init__(self):
        self.identity = postgres_server.ordinary_user()
        self.home = Path(mkdtemp(prefix="rk-stops-"))
        self.binaries = postgres_server.placed(self.home, binaries(), self.identity)
        self.data = postgres_server.prepare(self.home, self.binaries, self.identity)
        self.port, self.runs, self.process = postgres_server.free_port(), ExitStack(), None
        self.runs.callback(shutil.rmtree, self.home, ignore_errors=True)
        self.url = postgres_server.url_at(self.port)
        self.starter = self.runs.enter_context(ThreadPoolExecutor(1))

    def start(self):
        """Start it from a thread of its own: a server ends with the thread that started it, as with its process."""
        running = postgres_server.running(self.home, self.data, self.port, self.binaries, self.identity)
        self.process = self.starter.submit(self.runs.enter_context, running).result()

    def stop(self, how=signal.SIGINT):
        """Stop it; SIGINT sends its clients away, SIGQUIT ends it as a crash does."""
        self.process.send_signal(how)
        self.process.wait(60)
