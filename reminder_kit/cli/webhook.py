"""`webhook serve`: an endpoint for the provider's webhooks, for those without a web host.

Never speaks TLS (put it behind a proxy that does), never calls the provider while one is being answered.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import click

from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import say, write_json
from reminder_kit.cli.session import opened
from reminder_kit.errors import ConfigurationError, LedgerError, ReminderKitError, SignatureError, WebhookError
from reminder_kit.instants import iso

if TYPE_CHECKING:
    from reminder_kit.kit import ReminderKit

__all__ = ["webhook"]

_LARGEST = 1024 * 1024


@click.group()
@common
def webhook() -> None:
    """Take in the provider's webhooks."""


@webhook.command()
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--path", default="/", show_default=True, help="The only path taken.")
@common
def serve(port: int, host: str, path: str) -> int:
    """Take in signed webhooks until interrupted: reports on messages, and replies.

    Each is verified, stored and answered at once; what follows from it (withdrawing after
    a STOP) is done right afterwards. Put it behind a proxy that speaks TLS, and name
    the public address as [provider] webhook_url.
    """
    with opened(writing=True) as kit:
        _refuse_unverifiable(kit)
        follower = _Follower(kit)
        try:
            server = ThreadingHTTPServer((host, port), _endpoint(kit, path, follower.wake))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host} port {port} ({error.strerror}): choose another --port (0 takes a free one)"
            ) from None
        with server:
            _serve(server, follower, f"http://{host}:{server.server_port}{path}")
    return 0


def _refuse_unverifiable(kit: ReminderKit) -> None:
    """Raise `ConfigurationError` where there is no key to verify webhooks with."""
    with suppress(WebhookError):
        kit.provider.events({}, b"", kit.now())


def _serve(server: ThreadingHTTPServer, follower: _Follower, address: str) -> None:
    def stop(*_signal: object) -> None:
        threading.Thread(target=server.shutdown).start()

    before = signal.signal(signal.SIGTERM, stop)
    follower.start()
    if chosen().json:
        write_json({"address": address}, one_line=True)
    else:
        click.echo(f"listening on {address}")
    try:
        server.serve_forever()
    finally:
        follower.stop()
        signal.signal(signal.SIGTERM, before)


class _Follower:
    """A thread that does what follows from webhooks, off the requests; several at once are one run."""

    def __init__(self, kit: ReminderKit) -> None:
        self._kit = kit
        self._wanted = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="webhook-follower")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Have a run done soon."""
        self._wanted.set()

    def stop(self) -> None:
        """Finish what was woken for, and end."""
        self._ended = True
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._kit.resync(only_dirty=True)
            except ReminderKitError as error:
                say(f"error: {error} (the next resync does it)")


def _endpoint(kit: ReminderKit, path: str, wake: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Endpoint(BaseHTTPRequestHandler):
        timeout = 10
        protocol_version = "HTTP/1.1"
        server_version = "reminder-kit"
        sys_version = ""

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if self.path.partition("?")[0] != path:
                self._answer(404)
            elif not length.isdecimal() or int(length) > _LARGEST:
                self._answer(413 if length.isdecimal() else 411)
            else:
                self._answer(_taken(kit, dict(self.headers.items()), self.rfile.read(int(length)), wake))

        def do_GET(self) -> None:
            self._answer(405 if self.path.partition("?")[0] == path else 404)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            if status != 200:
                self.send_header("connection", "close")
                self.close_connection = True
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing of single requests."""

    return Endpoint


def _taken(kit: ReminderKit, headers: dict[str, str], body: bytes, wake: Callable[[], None]) -> int:
    """Take a webhook in and return the status it is answered with; 5xx makes the provider try again."""
    try:
        events = kit.receive(headers, body)
    except SignatureError as error:
        say(f"warning: refused a webhook: {error}")
        return 401
    except WebhookError as error:
        say(f"warning: refused a webhook: {error}")
        return 400
    except LedgerError as error:
        say(f"error: {error} (the provider is asked to try again)")
        return 503
    for event in events:
        say(f"{iso(event.occurred_at)} {event.type}")
    wake()
    return 200
