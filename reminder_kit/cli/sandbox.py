"""`sandbox`: a local Telnyx, which does what Telnyx' documents say.

Never sends anything to a phone.
"""

from __future__ import annotations

from datetime import datetime

import click

from reminder_kit.cli.options import chosen, common, now_option
from reminder_kit.cli.output import write_json
from reminder_kit.errors import ConfigurationError

__all__ = ["sandbox"]

_ANY_KEY = "KEY_SANDBOX"


@click.command()
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--key", metavar="KEY", help="The only API key taken (default: any).")
@now_option
@common
def sandbox(port: int, host: str, key: str | None, now: datetime | None) -> int:
    """Run a local Telnyx until interrupted, and print what to point TELNYX_BASE_URL at.

    With --now its clock stands still there, until it is moved (POST /_sandbox/clock
    {"advance": 3600}). GET /_sandbox/messages lists what it holds.
    """
    from reminder_kit.sandbox import Sandbox, Server, run

    def ready(server: Server) -> None:
        shown = {"base_url": server.base_url, "api_key": key or _ANY_KEY}
        if chosen().json:
            write_json(shown, one_line=True)
            return
        click.echo(f"base_url: {server.base_url}")
        click.echo(f"export TELNYX_BASE_URL={server.base_url}")
        click.echo(f"export TELNYX_API_KEY={shown['api_key']}")

    try:
        run(host, port, sandbox=Sandbox(clock=now, key=key), ready=ready)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host} port {port} ({error.strerror}): choose another --port (0 takes a free one)"
        ) from None
    return 0
