"""`webhook serve`: an endpoint for the provider's webhooks, for those without a web host.

Never speaks TLS (put it behind a proxy that does), and never decides what a webhook is answered with: `webhook_app`
does.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import click

from reminder_kit.cli.called import called_in
from reminder_kit.cli.options import chosen, common
from reminder_kit.cli.output import ours_alone, say, write_json, write_text
from reminder_kit.cli.own_kit import face_of
from reminder_kit.cli.rendering import shortened
from reminder_kit.cli.session import all_tenants, is_loopback, opened
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.instants import from_iso
from reminder_kit.model.names import NOBODY
from reminder_kit.model.records import Identity

if TYPE_CHECKING:
    import uvicorn

    from reminder_kit.kit.faces import ReminderKit
    from reminder_kit.model.messages import DeliveryEvent

__all__ = ["listening", "serve_app", "webhook"]

_LAST_ANSWERS = 10
"""Seconds that requests under way get once the server is asked to stop."""


@click.group()
@common
def webhook() -> None:
    """Take in the provider's webhooks."""


@webhook.command()
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--path", default="/", show_default=True, help="The only path taken.")
@click.option("--sandbox-clock", metavar="URL", help="Take the time from the sandbox at this address: to rehearse.")
@click.option(
    "--names/--no-names", default=None, help="Show titles and names beside ids (default: on a terminal, not in a log)."
)
@common
def serve(port: int, host: str, path: str, sandbox_clock: str | None, *, names: bool | None) -> int:
    """Take in signed webhooks until interrupted: reports on messages, and replies.

    Each is verified, stored and answered at once; what follows from it (withdrawing after
    a STOP) is done right afterwards. Put it behind a proxy that speaks TLS, and name
    the public address as [provider] webhook_url. Of several tenants it takes in the webhooks of all, each at this
    address or, a level below, at the tenant's own (/NAME); --tenant serves one.
    """
    from reminder_kit.webhook_app import WebhookApp

    tenants = all_tenants() if chosen().tenant is None else None
    if tenants is not None:
        if sandbox_clock is not None:
            raise click.UsageError("--sandbox-clock is for one tenant: name it with --tenant")
        with ours_alone():
            _serve(WebhookApp(tenants, path=path, tell=_log_line, closes=True), host, port, path)
        return 0
    with opened(writing=True) as kit, _clock_of(kit, sandbox_clock):
        face = face_of(kit)
        shows_names = sys.stderr.isatty() if names is None else names
        described = partial(_described, kit) if shows_names else None
        # in the loop that it was used in
        app = WebhookApp(face, path=path, tell=_log_line, described=described, closes=face is not kit)
        _serve(app, host, port, path)
    return 0


def _serve(app: Any, host: str, port: int, path: str) -> None:
    with listening(host, port) as door:
        shown = f"[{host}]" if ":" in host else host
        serve_app(app, door, f"http://{shown}:{door.getsockname()[1]}/{path.lstrip('/')}")


def _clock_of(kit: ReminderKit, sandbox: str | None) -> AbstractContextManager[None]:
    """Have a kit go by the clock of a sandbox meanwhile; None: by its own.

    Raises `ConfigurationError` where the sandbox, or the kit's provider, is not on this machine, or no clock answers.
    """
    if sandbox is None:
        return nullcontext()
    for address in (sandbox, kit.provider.base_url):
        if not is_loopback(address):
            raise ConfigurationError(f"--sandbox-clock is for a sandbox on this machine, and {address} is not")
    root = "/".join(sandbox.split("/")[:3])

    def read() -> datetime:
        try:
            with urlopen(f"{root}/_sandbox/clock", timeout=5) as answer:  # noqa: S310 - http, and on this machine
                return from_iso(json.load(answer)["now"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"no sandbox tells the time at {root}: {error}") from None

    read()
    return kit.by_clock(read)


def _described(kit: ReminderKit, event: DeliveryEvent) -> str:
    """Return the title of the appointment that an event is about, and the name of its person, as far as recorded."""
    if event.appointment is None:
        return ""
    identity = Identity(*event.appointment)
    label = called_in(kit, [identity]).get(identity, NOBODY).label(number=event.number)
    return f"({shortened(label)})" if label else ""


def _log_line(level: int, text: str) -> None:
    """Write a line about a webhook to stderr, with its level from a warning on."""
    say(text if level < logging.WARNING else f"{logging.getLevelName(level).lower()}: {text}")


def _server(app: Any, ready: Callable[[], None]) -> uvicorn.Server:
    """Return the server that runs the application and calls `ready` once it listens.

    Raises `ConfigurationError` where uvicorn is not installed.
    """
    try:
        import uvicorn

        from reminder_kit.cli.webhook_protocol import Impatient
    except ImportError:
        raise ConfigurationError(
            "to serve needs the package uvicorn: pip install 'reminder-kit[webhooks]' (the page: 'reminder-kit[page]')"
        ) from None

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
        http=Impatient,
        loop="asyncio",
        lifespan="on",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        headers=[("server", "reminder-kit")],
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    return Server(config)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises `ConfigurationError` where the address is taken or not ours."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port} ({error.strerror}): choose another --port (0 takes a free one)"
        ) from None


def serve_app(app: Any, door: socket.socket, address: str) -> None:
    """Serve until SIGTERM or SIGINT; after a SIGTERM the process ends in order, which the server alone would not.

    Raises `ConfigurationError` where the server did not start.
    """

    def ready() -> None:
        if said_as_json:
            write_json({"address": address}, one_line=True)
        else:
            write_text(f"listening on {address}")

    def stop(*_signal: object) -> None:
        server.should_exit = True
        asked.append(True)

    asked: list[bool] = []
    said_as_json = chosen().json
    server = _server(app, ready)
    before = signal.signal(signal.SIGTERM, stop)
    try:
        server.run([door])
    except SystemExit:
        server.started = False
    finally:
        signal.signal(signal.SIGTERM, before)
    if not server.started and not asked:
        raise ConfigurationError("the endpoint could not be started: the lines above say why")
